"""What the documentation names exists: links, doors, commands, settings, modules, files."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from steelyard import cli
from steelyard.kernel import modules
from steelyard.kernel.settings import Settings
from tests.rules.reading import PACKAGE, ROOT, nothing_wrong, write

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```[^\n]*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"(?:^|&& |=\S+ )make ([a-z]+)", re.MULTILINE)
COMMAND = re.compile(r"(?:^|[/\s])steelyard ([a-z][^\n#;&]*)", re.MULTILINE)
FILE = re.compile(r"(?:[\w.-]+/)+[\w-]+\.(?:py|sql|md|css|po|toml|yaml|json)")
# What the environment calls otherwise than STEELYARD_<NAME>.
VARIABLES = {"database_url": "DATABASE_URL", "port": "PORT"}
# It speaks of what is to come.
PLAN = Path("docs") / "plan.md"
# A clone is fetched over all sorts of lines.
PICTURE_BYTES_MAX = 250_000


def pages(root: Path) -> list[Path]:
    """Every page of the documentation."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


def code(page: Path) -> Iterator[str]:
    """What a page quotes: its blocks and its words in backticks."""
    for block, words in CODE.findall(page.read_text("utf-8")):
        yield block or words


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links call them."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(root: Path) -> list[str]:
    """Relative links that lead nowhere, heading included."""
    found: list[str] = []
    for page in pages(root):
        for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = page.parent / path if path else page
            if not there.exists():
                found.append(f"{page.relative_to(root)}: the link to {target} leads nowhere")
            elif anchor and anchor not in anchors(there):
                found.append(f"{page.relative_to(root)}: {path or 'the page'} has no heading #{anchor}")
    return found


def unknown_doors(root: Path) -> list[str]:
    """`make` targets that the Makefile does not have."""
    known = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    return [
        f"{page.relative_to(root)}: there is no `make {target}`"
        for page in pages(root)
        for quoted in code(page)
        for target in MAKE.findall(quoted)
        if target not in known and page.relative_to(root) != PLAN
    ]


def unknown_commands(root: Path) -> list[str]:
    """`steelyard` commands and options that the command line does not have."""
    return [
        f"{page.relative_to(root)}: {trouble}"
        for page in pages(root)
        for quoted in code(page)
        for said in COMMAND.findall(quoted)
        for trouble in trouble_with(said.split())
    ]


def trouble_with(words: list[str]) -> Iterator[str]:
    """What of a quoted command line there is not."""
    here: click.Command = cli.steelyard
    called = "steelyard"
    for word in (word.strip("[]…") for word in words):
        if word.startswith("--"):
            if word not in {"--help", *(name for option in here.params for name in option.opts)}:
                yield f"`{called}` has no option {word}"
        elif isinstance(here, click.Group) and word.islower():
            if word not in here.commands:
                yield f"there is no `{called} {word}`"
                return
            here, called = here.commands[word], f"{called} {word}"


def missing_files(root: Path) -> list[str]:
    """Files in backticks that are neither in the checkout nor in the package."""
    return [
        f"{page.relative_to(root)}: there is no file {name}"
        for page in pages(root)
        for words in re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text("utf-8")))
        for name in [words]
        if FILE.fullmatch(name) and not any((place / name).exists() for place in places(root, page))
    ]


def places(root: Path, page: Path) -> list[Path]:
    """From where a page may name a file: the checkout, the package, a layer of it, the page's own folder."""
    return [root, root / PACKAGE, *(root / PACKAGE / layer for layer in modules.LAYERS), page.parent]


def unlisted_pages(root: Path, contents: str) -> list[str]:
    """Pages under a table of contents that it does not lead to; a folder with a table of its own looks after itself."""
    table = root / contents
    led_to = {(table.parent / target.partition("#")[0]).resolve() for target in LINK.findall(table.read_text("utf-8"))}
    return [
        f"{contents} does not lead to {page.relative_to(root)}"
        for page in pages(root)
        if table_over(page) == table and page.resolve() not in led_to
    ]


def table_over(page: Path) -> Path | None:
    """The README.md nearest above a page."""
    folders = page.parents[1:] if page.name == "README.md" else page.parents
    return next((folder / "README.md" for folder in folders if (folder / "README.md").exists()), None)


def heavy_pictures(root: Path) -> list[str]:
    """Pictures of the documentation that should be compressed."""
    return [
        f"{picture.relative_to(root)} is heavier than {PICTURE_BYTES_MAX:,} bytes: compress it"
        for picture in sorted((root / "docs").rglob("*.png"))
        if picture.stat().st_size > PICTURE_BYTES_MAX
    ]


def settings_told(page: Path) -> dict[str, str]:
    """The table of settings: variable → default."""
    return dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", page.read_text("utf-8"), re.MULTILINE))


def settings_there() -> dict[str, str]:
    """The same, from the code."""
    told: dict[str, str] = {}
    for field in msgspec.structs.fields(Settings):
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        words = "none" if field.default is None else "empty" if field.default == "" else f"`{default}`"
        told[VARIABLES.get(field.name, f"STEELYARD_{field.name.upper()}")] = words
    return told


def modules_told(page: Path) -> list[str]:
    """The modules in the picture of the house, from the ground up."""
    rows = re.findall(r"^(\w+)/ +(\S+(?: · \S+)*)(?: {2,}|$)", page.read_text("utf-8"), re.MULTILINE)
    return [
        f"{layer}.{module}" for layer, row in reversed(rows) if layer != modules.KERNEL for module in row.split(" · ")
    ]


def test_every_link_leads_somewhere() -> None:
    nothing_wrong(broken_links(ROOT))


def test_every_door_and_command_exists() -> None:
    nothing_wrong(unknown_doors(ROOT) + unknown_commands(ROOT))


def test_every_named_file_is_there() -> None:
    nothing_wrong(missing_files(ROOT))


@pytest.mark.parametrize("contents", ["docs/README.md", "docs/decisions/README.md"])
def test_every_page_is_led_to(contents: str) -> None:
    nothing_wrong(unlisted_pages(ROOT, contents))


def test_both_readmes_lead_to_the_same_places() -> None:
    english, chinese = (
        {
            re.sub(r"-zh(?=\.png$)|\.zh(?=\.md$)", "", target)
            for target in LINK.findall((ROOT / name).read_text("utf-8"))
        }
        for name in ("README.md", "README.zh.md")
    )

    assert english - {"README.md"} == chinese - {"README.md"}


def test_pictures_are_light() -> None:
    nothing_wrong(heavy_pictures(ROOT))


def test_the_settings_are_told_as_they_are() -> None:
    assert settings_told(ROOT / "docs" / "guide" / "running.md") == settings_there()


def test_the_picture_shows_the_modules_that_exist() -> None:
    built = [module for module in modules.built() if module != modules.KERNEL]

    assert modules_told(ROOT / "docs" / "architecture.md") == built


def test_what_does_not_exist_is_seen(tmp_path: Path) -> None:
    write(tmp_path, "Makefile", "demo: ## run\n")
    write(tmp_path, "docs/there.md", "# A heading, with `code`\n")
    write(
        tmp_path,
        "docs/page.md",
        "[fine](there.md#a-heading-with-code) [out](https://steelyard.test) [gone](gone.md) [no](there.md#other)\n"
        "Run `make demo` or `PORT=1 make lunch`, `steelyard check --json`, `steelyard fly`, `steelyard check --fast`.\n"
        "See `kernel/nowhere.py`.\n"
        "```\nmake dinner\n.venv/bin/steelyard sing\n```\n",
    )
    write(tmp_path, "docs/README.md", "[there](there.md)\n")
    write(tmp_path, "docs/images/heavy.png", "x" * (PICTURE_BYTES_MAX + 1))

    assert [said.partition(": ")[2] for said in broken_links(tmp_path)] == [
        "the link to gone.md leads nowhere",
        "there.md has no heading #other",
    ]
    assert [said.split("`")[1] for said in unknown_doors(tmp_path)] == ["make lunch", "make dinner"]
    assert [said.partition(": ")[2] for said in unknown_commands(tmp_path)] == [
        "there is no `steelyard fly`",
        "`steelyard check` has no option --fast",
        "there is no `steelyard sing`",
    ]
    assert missing_files(tmp_path) == ["docs/page.md: there is no file kernel/nowhere.py"]
    assert unlisted_pages(tmp_path, "docs/README.md") == ["docs/README.md does not lead to docs/page.md"]
    assert heavy_pictures(tmp_path) == ["docs/images/heavy.png is heavier than 250,000 bytes: compress it"]
