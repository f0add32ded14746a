"""The same few file names in every module, and no name that says nothing."""

import ast
import re
from pathlib import Path

from tests.rules.reading import BUSINESS_LAYERS, PACKAGE, ROOT, files, nothing_wrong, python_of_the_house, write

# The table of docs/architecture.md, "Inside a module".
FILES_OF_A_MODULE = {
    "__init__.py", "schema.sql", "model.py", "service.py", "queries.py", "events.py",
    "subscribers.py", "jobs.py", "checks.sql",
}  # fmt: skip
FOLDERS_OF_A_MODULE = {"gateways"}
SAY_NOTHING = re.compile(r"(^|_)(utils?|helpers?|managers?|bases?|commons?|misc|stuff)(_|$)")


def files_out_of_place(root: Path) -> list[str]:
    """Files that a module has beyond the table, unless its `__init__.py` names the ability they hold."""
    found: list[str] = []
    for layer in BUSINESS_LAYERS:
        for path in files(root, str(PACKAGE / layer), suffixes=(".py", ".sql")):
            module, *folders_and_name = path.relative_to(root / PACKAGE / layer).parts
            if not folders_and_name:
                if module != "__init__.py":
                    found.append(f"{path.relative_to(root)} stands beside the modules of its layer, not in one")
                continue
            face = root / PACKAGE / layer / module / "__init__.py"
            found += out_of_place(path.relative_to(root), folders_and_name, face.read_text() if face.exists() else "")
    return found


def out_of_place(path: Path, folders_and_name: list[str], face: str) -> list[str]:
    first, name = folders_and_name[0], folders_and_name[-1]
    if len(folders_and_name) > 1:
        known = first in FOLDERS_OF_A_MODULE or re.search(rf"\b{first}\b", face)
        return [] if known and path.suffix == ".py" else [f"{path}: a module has no folder {first!r}; see the table"]
    if name in FILES_OF_A_MODULE:
        return []
    if path.suffix == ".sql" and not (name.startswith("schema_") and re.search(rf"\b{path.stem}\b", face)):
        return [
            f"{path}: a module's SQL files are schema.sql and checks.sql, and schema_….sql that its __init__.py names"
        ]
    if re.search(rf"\b{path.stem}\b", face):
        return []
    return [f"{path}: not in the table of files; if it is an ability, the module's __init__.py says what it holds"]


def names_that_say_nothing(root: Path) -> list[str]:
    """Files, classes and functions called utils, helper, manager, base, common."""
    found: list[str] = []
    for path, tree in python_of_the_house(root):
        if SAY_NOTHING.search(path.stem):
            found.append(f"{path}: name it by what it holds")
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", node.name).lower()
            if SAY_NOTHING.search(words):
                found.append(f"{path}:{node.lineno} {node.name}: name it by what it does")
    return found


def test_every_module_is_laid_out_alike() -> None:
    nothing_wrong(files_out_of_place(ROOT))


def test_a_file_beyond_the_table_is_seen(tmp_path: Path) -> None:
    write(tmp_path, "src/steelyard/trade/checkout/__init__.py", '"""Placing: see `placement`."""\n')
    write(tmp_path, "src/steelyard/trade/checkout/placement.py", "")
    write(tmp_path, "src/steelyard/trade/checkout/gateways/bank.py", "")
    write(tmp_path, "src/steelyard/trade/checkout/odds.py", "")
    write(tmp_path, "src/steelyard/trade/checkout/more.sql", "")
    write(tmp_path, "src/steelyard/trade/checkout/things/one.py", "")
    write(tmp_path, "src/steelyard/trade/stray.py", "")

    violations = files_out_of_place(tmp_path)

    seen = {violation.split(":")[0].split(" ")[0].removeprefix("src/steelyard/trade/") for violation in violations}
    assert seen == {"checkout/odds.py", "checkout/more.sql", "checkout/things/one.py", "stray.py"}


def test_every_name_says_something() -> None:
    nothing_wrong(names_that_say_nothing(ROOT))


def test_a_name_that_says_nothing_is_seen(tmp_path: Path) -> None:
    source = "class OrderManager: ...\ndef price_helper(): ...\ndef based_on(): ...\ndef database(): ...\n"
    write(tmp_path, "src/steelyard/goods/pricing/utils.py", source)

    assert len(names_that_say_nothing(tmp_path)) == 3
