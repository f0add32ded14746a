"""What no file may say: which machine wrote it, and where its packages came from."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.reading import ROOT, nothing_wrong, write

NOT_OURS = {
    ".git",
    ".venv",
    "node_modules",
    "build",
    "dist",
    "var",
    "__pycache__",
    ".ruff_cache",
    ".hypothesis",
}
TEXT = {
    ".py", ".sql", ".html", ".css", ".js", ".json", ".toml", ".txt", ".in", ".md", ".cfg", ".yaml", ".yml",
    ".sh", ".po", ".svg", "",
}  # fmt: skip
# Written apart, so that this file does not say them either.
REGISTRIES = re.compile(
    "|".join((r"\bpypi\." + "org", "pythonhosted\\." + "org", r"registry\." + r"(npmjs|yarnpkg|npmmirror)"))
)
MACHINES = re.compile(r"(?<![\w.}$-])/" + r"(?:root|home/\w+|Users/\w+|work/(?:main|wt|shared))" + r"/\w")


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Every text file that is ours."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - NOT_OURS)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in TEXT and not path.is_symlink():
                yield path.relative_to(root), path.read_text(errors="replace")


def words_out_of_place(root: Path) -> list[str]:
    """Hosts of package registries (a mirror must do as well) and folders of somebody's machine."""
    found: list[str] = []
    for path, text in texts(root):
        for number, line in enumerate(text.splitlines(), 1):
            for rule, why in (
                (REGISTRIES, "names a registry's host"),
                (MACHINES, "names a folder of one machine"),
            ):
                said = rule.search(line)
                if said:
                    found.append(f"{path}:{number} {why}: {said[0]}")
    return found


def foreign_locks(root: Path) -> list[str]:
    """Lock files that name the index they were made with; ours do not."""
    return [
        f"{name}: lock with `make lock` instead"
        for name in ("uv.lock", "poetry.lock", "Pipfile.lock", "yarn.lock", "pnpm-lock.yaml")
        if (root / name).exists()
    ]


def test_no_file_names_a_registry_or_a_machine() -> None:
    nothing_wrong(words_out_of_place(ROOT))


@pytest.mark.parametrize(
    "line",
    [
        '"resolved": "https://registry.' + 'npmjs.org/htmx"',
        "--index-url https://" + "pypi." + "org/simple",
        "see /" + "home/jo/notes",
        "PATH=/" + "root/bin",
    ],
)
def test_a_word_out_of_place_is_seen(tmp_path: Path, line: str) -> None:
    write(tmp_path, "docs/page.md", f"fine: https://steelyard.test/home/page\n{line}\n")
    write(tmp_path, "node_modules/other/page.md", line)

    (violation,) = words_out_of_place(tmp_path)
    assert violation.startswith("docs/page.md:2 ")


def test_there_is_one_kind_of_lock() -> None:
    nothing_wrong(foreign_locks(ROOT))


def test_a_foreign_lock_is_seen(tmp_path: Path) -> None:
    assert foreign_locks(write(tmp_path, "uv.lock", "")) == ["uv.lock: lock with `make lock` instead"]
