"""How the rules find the SQL of a checkout: each literal that is handed to a `Tx` or a `Read`, and each checks.sql."""

import ast
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import NamedTuple, get_type_hints

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from steelyard.kernel.checks import parse
from tests.rules.reading import PACKAGE, python_of_the_house

ASKING = {"fetch": 0, "row": 0, "value": 0, "execute": 0, "stream": 0, "all": 1, "one": 1}
HANDLES = ("Tx", "Read")
# The kernel's own plumbing, which is handed SQL and hands it on.
PLUMBING = (Path("kernel/db.py"), Path("kernel/checks.py"))


class Statement(NamedTuple):
    """One piece of SQL: where it stands, the function it is in, and its text, or None when it is no literal."""

    module: str
    place: str
    function: str
    sql: str | None


class Touched(NamedTuple):
    """The tables that a statement reads and writes, without those it makes itself."""

    reads: set[str]
    writes: set[str]
    makes: set[str]


def module_of(path: Path) -> str:
    """`goods.catalog`, `kernel`, or the file's own name for what stands above the modules."""
    if path.parts[0] == "kernel":
        return "kernel"
    return ".".join(path.parts[:2]) if len(path.parts) > 2 else path.parts[0].removesuffix(".py")


@cache
def statements(root: Path) -> list[Statement]:
    """All SQL of the package, function by function in the order of its lines; read once, however many rules ask."""
    return list(_statements(root))


def _statements(root: Path) -> Iterator[Statement]:
    trees = dict(python_of_the_house(root))
    constants = {path: _constants(tree) for path, tree in trees.items()}
    for path, tree in trees.items():
        if path in PLUMBING or path.parts[0] == "simulators":
            continue
        known, composers = {**_imported(tree, constants), **constants[path]}, _composers(path, tree)
        for function in _functions(tree):
            yield from _of_function(path, function, known, composers)
    for file in sorted((root / PACKAGE).rglob("checks.sql")):
        path = file.relative_to(root / PACKAGE)
        for check in parse(module_of(path), file.read_text("utf-8")):
            yield Statement(module_of(path), f"{path}: {check.name}", check.name, check.sql)


def _of_function(
    path: Path,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    known: dict[str, list[str]],
    composers: dict[str, str],
) -> Iterator[Statement]:
    handles = {
        argument.arg
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        if argument.annotation is not None and ast.unparse(argument.annotation).strip("'\"") in HANDLES
    } or {"tx", "read"}
    local = {**known, **_constants(function)}
    calls = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in handles
    ]
    for call in sorted(calls, key=lambda call: call.lineno):
        assert isinstance(call.func, ast.Attribute)
        place = f"{path}:{call.lineno}"
        if call.func.attr == "copy" and call.args and isinstance(call.args[0], ast.Constant):
            yield Statement(module_of(path), place, function.name, f"DELETE FROM {call.args[0].value}")
        position = ASKING.get(call.func.attr)
        if position is None or len(call.args) <= position:
            continue
        argument = call.args[position]
        texts = _composed(argument, composers) if isinstance(argument, ast.Call) else _texts(argument, local)
        for text in texts or [None]:
            yield Statement(module_of(path), place, function.name, text)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods; those inside functions are read with the function around them."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef | ast.If | ast.Try):
            waiting += ast.iter_child_nodes(node)


def _constants(scope: ast.AST) -> dict[str, list[str]]:
    """Names that are bound to literals in here, with all texts they may stand for."""
    found: dict[str, list[str]] = {}
    inside = scope.body if isinstance(scope, ast.Module) else list(ast.walk(scope))
    for node in inside:
        target: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            texts = _texts(node.value, found)
            if texts:
                found[target.id] = [*found.get(target.id, []), *texts] if scope is not node else texts
    return found


def _imported(tree: ast.Module, constants: dict[Path, dict[str, list[str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("steelyard."):
            file = Path(*node.module.split(".")[1:]).with_suffix(".py")
            for alias in node.names:
                if alias.name in constants.get(file, {}):
                    found[alias.asname or alias.name] = constants[file][alias.name]
    return found


def _texts(node: ast.expr, known: dict[str, list[str]]) -> list[str]:
    """Every text that an expression of literals may have; [] when it is not made of literals alone."""
    match node:
        case ast.Constant(value=str() | int() as value):
            return [str(value)]
        case ast.Name(id=name):
            return known.get(name, [])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [a + b for a in _texts(left, known) for b in _texts(right, known)]
        case ast.IfExp(body=body, orelse=orelse):
            both = _texts(body, known), _texts(orelse, known)
            return [*both[0], *both[1]] if all(both) else []
        case ast.JoinedStr(values=values):
            texts = [""]
            for value in values:
                inner = value.value if isinstance(value, ast.FormattedValue) else value
                texts = [text + more for text in texts for more in _texts(inner, known)]
            return texts
        case _:
            return []


def _composers(path: Path, tree: ast.Module) -> dict[str, str]:
    """Functions of the house that may be called in here, by the name they have here: `module:function`."""
    own = ".".join(("steelyard", *path.with_suffix("").parts))
    found = {node.name: f"{own}:{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("steelyard."):
            found |= {alias.asname or alias.name: f"{node.module}:{alias.name}" for alias in node.names}
    return found


def _composed(call: ast.Call, composers: dict[str, str]) -> list[str]:
    """All texts of a function that puts a statement together from literals: its parameters are switches (`bool`)
    and choices (`Enum`), so that every statement it can make is made here."""
    if not isinstance(call.func, ast.Name) or call.func.id not in composers:
        return []
    module, _, name = composers[call.func.id].partition(":")
    function = getattr(import_module(module), name)
    hints = {key: hint for key, hint in get_type_hints(function).items() if key != "return"}
    values: list[list[object]] = []
    for hint in hints.values():
        if hint is bool:
            values.append([False, True])
        elif isinstance(hint, type) and issubclass(hint, Enum):
            values.append(list(hint))
        else:
            return []
    return list(dict.fromkeys(function(**dict(zip(hints, chosen, strict=True))) for chosen in product(*values)))


def touched(sql: str) -> Touched:
    """Which tables a statement (or several) reads, writes and makes."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, dialect="postgres") if tree is not None]
    except SqlglotError:
        return _touched_by_words(sql)
    if any(isinstance(tree, exp.Command) for tree in trees):
        return _touched_by_words(sql)
    reads: set[str] = set()
    writes: set[str] = set()
    makes: set[str] = set()
    for tree in trees:
        own = {cte.alias for cte in tree.find_all(exp.CTE)}
        targets = _targets(tree)
        for table in tree.find_all(exp.Table):
            if not isinstance(table.this, exp.Identifier) or table.name in own or table.db in _CATALOGS:
                continue
            if table.find_ancestor(exp.Lock):  # FOR UPDATE OF alias
                continue
            if isinstance(table.find_ancestor(exp.Create, exp.Insert, exp.Select), exp.Create):
                makes.add(table.name)
            elif id(table) in targets:
                writes.add(table.name)
            elif not table.name.startswith("pg_"):
                reads.add(table.name)
    return Touched(reads - makes, writes - makes, makes)


_CATALOGS = ("pg_catalog", "information_schema")


def _targets(tree: exp.Expr) -> set[int]:
    found: set[int] = set()
    for node in tree.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge):
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        found.add(id(target))
    return found


def _touched_by_words(sql: str) -> Touched:
    """For what the parser does not know: the words after FROM, JOIN, INTO, UPDATE."""
    plain = re.sub(r"--[^\n]*|'[^']*'", " ", sql)
    own = set(re.findall(r"(?:WITH|,)\s+(?:RECURSIVE\s+)?(\w+)\s+AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\(", plain))
    makes = set(re.findall(r"CREATE\s+TEMP(?:ORARY)?\s+TABLE\s+(\w+)", plain, re.IGNORECASE))
    writes = set(re.findall(r"(?:INSERT\s+INTO|DELETE\s+FROM)\s+(\w+)", plain, re.IGNORECASE))
    writes |= set(re.findall(r"(?<!FOR\s)(?<!DO\s)UPDATE\s+(?!SET|OF|SKIP|NOWAIT)(\w+)", plain, re.IGNORECASE))
    reads = set(re.findall(r"(?:FROM|JOIN)\s+(\w+)\b(?!\s*\()", plain, re.IGNORECASE)) - {"unnest", "LATERAL"}
    reads = {name for name in reads if not name.startswith("pg_")}
    return Touched(reads - own - makes - writes, writes - own - makes, makes)
