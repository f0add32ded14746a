"""A file fits into a head, a function onto a screen."""

import ast
from pathlib import Path

from tests.rules.reading import ROOT, files, nothing_wrong, write

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
READ_BY_PEOPLE = (".py", ".sql", ".html", ".css", ".js")
# migrations/ is for running: each file says once what changed, however much that was.
NOT_FOR_READING = "migrations"


def files_too_long(root: Path) -> list[str]:
    """Files of the program that pass the limit."""
    found: list[str] = []
    for path in files(root, "src", "tools", suffixes=READ_BY_PEOPLE):
        lines = len(path.read_text().splitlines())
        if lines > FILE_LINES_MAX and not (path.suffix == ".sql" and NOT_FOR_READING in path.parts):
            found.append(f"{path.relative_to(root)} has {lines} lines: cut it by ability (at most {FILE_LINES_MAX})")
    return found


def functions_too_long(root: Path) -> list[str]:
    """Functions, docstring included, that pass the limit."""
    found: list[str] = []
    for path in files(root, "src", "tools", suffixes=(".py",)):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                place = f"{path.relative_to(root)}:{node.lineno}"
                found.append(f"{place} {node.name} has {lines} lines: name its parts (at most {FUNCTION_LINES_MAX})")
    return found


def test_every_file_can_be_read_in_one_sitting() -> None:
    nothing_wrong(files_too_long(ROOT))


def test_a_long_file_is_seen(tmp_path: Path) -> None:
    write(tmp_path, "src/steelyard/goods/catalog/schema.sql", "SELECT 1;\n" * 401)
    write(tmp_path, "src/steelyard/goods/catalog/model.py", "x = 1\n" * 400)
    write(tmp_path, "src/steelyard/kernel/migrations/0001.sql", "SELECT 1;\n" * 401)

    (violation,) = files_too_long(tmp_path)
    assert violation.startswith("src/steelyard/goods/catalog/schema.sql has 401 lines")


def test_every_function_fits_a_screen() -> None:
    nothing_wrong(functions_too_long(ROOT))


def test_a_long_function_is_seen(tmp_path: Path) -> None:
    body = "    x = 1\n"
    write(tmp_path, "src/steelyard/a.py", f"def fits():\n{body * 59}\nasync def sprawls():\n{body * 60}")

    (violation,) = functions_too_long(tmp_path)
    assert "sprawls has 61 lines" in violation
