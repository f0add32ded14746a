"""What import-linter cannot say: which file of a module others see, and which layer may use which library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.rules.reading import BUSINESS_LAYERS, PACKAGE, ROOT, nothing_wrong, python_of_the_house, write

# They put the house together: routes, subscribers and jobs of every module.
PUTS_TOGETHER = {
    "app",
    "worker",
    "cli",
    "reconcile",
    "simulating",
    "verifying",
    "knowing",
    "reporting",
    "terminal",
    "demo",
    "diagnosis",
    "__main__",
}
SEEN_BY_OTHERS = {"model"}
# The web framework and the database driver can be replaced: this is where they are known.
LIBRARY_STAYS_IN = {
    "litestar": {"surfaces", "app", "simulators"},
    "granian": {"app", "cli", "demo", "media", "simulators"},
    "asyncpg": {"kernel"},
}


def imports(path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each imported dotted name, with its line; `from a import b` counts as a.b."""
    here = ["steelyard", *path.with_suffix("").parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = [*here[: len(here) - node.level], *filter(None, [node.module])] if node.level else [node.module]
            yield from ((node.lineno, ".".join([*map(str, source), alias.name])) for alias in node.names)


def part(path: Path) -> str:
    """The layer or the roof file that a path within the package belongs to."""
    return path.parts[0].removesuffix(".py")


def looks_into_other_modules(root: Path) -> list[str]:
    """Imports of another module's service, queries, events, … instead of its package and its model."""
    found: list[str] = []
    for path, tree in python_of_the_house(root):
        if part(path) in PUTS_TOGETHER:
            continue
        for line, name in imports(path, tree):
            match name.split("."):
                case ["steelyard", layer, module, inner, *_] if layer in BUSINESS_LAYERS:
                    package = root / PACKAGE / layer / module
                    is_file = (package / f"{inner}.py").exists() or (package / inner).is_dir()
                    if is_file and inner not in SEEN_BY_OTHERS and path.parts[:2] != (layer, module):
                        advice = f"from steelyard.{layer} import {module}"
                        found.append(f"{path}:{line} imports {name}: use the package ({advice}) or its model")
                case _:
                    pass
    return found


def libraries_out_of_place(root: Path) -> list[str]:
    """Imports of a library outside the layers that may know it."""
    found: list[str] = []
    for path, tree in python_of_the_house(root):
        for line, name in imports(path, tree):
            places = LIBRARY_STAYS_IN.get(name.partition(".")[0])
            if places is not None and part(path) not in places:
                found.append(f"{path}:{line} imports {name}: only {', '.join(sorted(places))} may")
    return found


def test_modules_meet_at_their_faces() -> None:
    nothing_wrong(looks_into_other_modules(ROOT))


def test_a_look_into_another_module_is_seen(tmp_path: Path) -> None:
    for name in ("__init__", "model", "service", "queries"):
        write(tmp_path, f"src/steelyard/goods/inventory/{name}.py", "")
    write(tmp_path, "src/steelyard/goods/inventory/gateways/__init__.py", "")
    write(tmp_path, "src/steelyard/goods/inventory/jobs.py", "from steelyard.goods.inventory import service\n")
    write(tmp_path, "src/steelyard/worker.py", "from steelyard.goods.inventory import service\n")
    allowed = "from steelyard.goods import inventory\nfrom steelyard.goods.inventory.model import Sku\n"
    write(
        tmp_path,
        "src/steelyard/trade/cart/service.py",
        f"{allowed}from steelyard.goods.inventory import reserve\n",
    )
    forbidden = (
        "from steelyard.goods.inventory import service\n"
        "import steelyard.goods.inventory.queries\n"
        "from ...goods.inventory.service import reserve\n"
        "def later():\n    from steelyard.goods.inventory.gateways import scanner\n"
    )
    write(tmp_path, "src/steelyard/surfaces/storefront/pages.py", forbidden)

    violations = looks_into_other_modules(tmp_path)

    assert [violation.split(" ")[0] for violation in violations] == [
        f"surfaces/storefront/pages.py:{line}" for line in (1, 2, 3, 5)
    ]


def test_libraries_stay_where_they_can_be_replaced() -> None:
    nothing_wrong(libraries_out_of_place(ROOT))


def test_a_library_out_of_place_is_seen(tmp_path: Path) -> None:
    write(tmp_path, "src/steelyard/surfaces/api/orders.py", "from litestar import get\n")
    write(tmp_path, "src/steelyard/kernel/db.py", "import asyncpg\n")
    write(
        tmp_path,
        "src/steelyard/trade/cart/service.py",
        "from litestar.exceptions import NotFound\nimport asyncpg\n",
    )

    assert len(libraries_out_of_place(tmp_path)) == 2


# Nothing of this is needed to show a page or to wait: it comes to some 100 MB in each process (kernel/late.py).
WEIGHS_MUCH = ("numpy", "scipy", "pyarrow", "duckdb", "ibis", "openpyxl", "reportlab", "av", "aiortc", "stripe")
LOADED = """
import sys
from steelyard import app, cli, worker
worker.subscribers(), worker.sweeps()
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_programs_at_rest_have_not_loaded_what_weighs_much() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOADED, *WEIGHS_MUCH], capture_output=True, text=True, check=True, timeout=120
    )
    assert told.stdout.split() == []
