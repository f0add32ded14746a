"""How the rules read a checkout. A rule is a function from a root folder to the list of its violations.

So each rule runs twice: on this checkout, where the list must be empty, and on a small folder with a
deliberate violation, where it must not be.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src") / "steelyard"
# The layers whose packages are modules in the sense of docs/architecture.md, "Inside a module".
BUSINESS_LAYERS = ("parties", "money", "goods", "logistics", "trade", "channels", "operations")


def files(root: Path, *folders: str, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """The files under some folders of the checkout, in a stable order."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path


def python_of_the_house(root: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file of the package, parsed; paths are relative to the package."""
    for path in files(root, str(PACKAGE), suffixes=(".py",)):
        yield path.relative_to(root / PACKAGE), ast.parse(path.read_text(), filename=str(path))


def nothing_wrong(violations: list[str]) -> None:
    """Show every violation, one a line, each of which says what to do."""
    assert not violations, "\n" + "\n".join(violations)


def write(root: Path, path: str, content: str) -> Path:
    """Put a deliberate violation into a small checkout."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return root
