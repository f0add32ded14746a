"""Every word the program says can be read in Chinese too. English is the source text itself."""

import ast
import re
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

from tests.rules.reading import ROOT, nothing_wrong, python_of_the_house, write
from tools.translations import DOMAIN, KEYWORDS, LOCALES

PLACEHOLDER = re.compile(r"%\(\w+\)|\{\w*\}")
MAPPING = "[python: src/steelyard/**.py]\n[jinja2: src/steelyard/**/templates/**.html]\n"


def words_without_translation(root: Path) -> list[str]:
    """Words of the source that a catalog lacks, or has empty, fuzzy, or with other placeholders."""
    mapping = root / "babel.cfg"
    if not mapping.exists():
        pages = [*(root / "src").rglob("*.html")]
        return [f"babel.cfg is missing, and there are {len(pages)} pages to translate"] if pages else []
    with mapping.open() as lines:
        methods, options = parse_mapping_cfg(lines)
    keywords = {**DEFAULT_KEYWORDS, **parse_keywords(KEYWORDS)}
    said = {
        (message_id, context): f"{path}:{line}"
        for path, line, message_id, _, context in extract_from_dir(root, methods, options, keywords)
    }
    found: list[str] = []
    for locale in LOCALES:
        file = root / "src" / "steelyard" / "locale" / locale / "LC_MESSAGES" / f"{DOMAIN}.po"
        catalog = Catalog(locale=locale)
        if file.exists():
            with file.open("rb") as lines:
                catalog = read_po(lines, locale=locale, abort_invalid=True)
        for (message_id, context), place in said.items():
            trouble = trouble_with(catalog.get(message_id, context))
            if trouble:
                found.append(f"{place} {message_id!r} {trouble} in {locale}: run `make translations`, then translate")
    return found


def trouble_with(message: Message | None) -> str | None:
    """What keeps a translation from being shown, or None."""
    if message is None:
        return "is missing"
    if message.fuzzy:
        return "is marked fuzzy"
    sources = [message.id] if isinstance(message.id, str) else [*message.id]
    targets = [message.string] if isinstance(message.string, str) else [*(message.string or ())]
    if not targets or not all(targets):
        return "is not translated"
    # A language without plural forms has one sentence for all numbers: it takes after the source's plural.
    wanted = {*PLACEHOLDER.findall(sources[-1])}
    if any({*PLACEHOLDER.findall(target)} != wanted for target in targets):
        return f"has other placeholders than {sorted(wanted)}"
    return None


def words_that_are_not_found(root: Path) -> list[str]:
    """Words that are marked inside an f-string, where they are not looked for."""
    found: list[str] = []
    for path, tree in python_of_the_house(root):
        for text in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
            for call in (node for node in ast.walk(text) if isinstance(node, ast.Call) and _marks(node)):
                found.append(
                    f"{path}:{call.lineno} marks {ast.unparse(call)} inside an f-string: say it before, or add it to it"
                )
    return list(dict.fromkeys(found))


def _marks(call: ast.Call) -> bool:
    """A literal handed to one of the names by which words are found."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            said = call.args[0] if call.args else None
            return (
                name in {*DEFAULT_KEYWORDS, *KEYWORDS}
                and isinstance(said, ast.Constant)
                and isinstance(said.value, str)
            )
        case _:
            return False


def test_every_word_is_where_it_is_found() -> None:
    nothing_wrong(words_that_are_not_found(ROOT))


def test_a_word_inside_an_f_string_is_seen(tmp_path: Path) -> None:
    source = (
        "a = f\"{say(N_('Total'))} {sum}\"\n"
        "b = f\"{sum:{_('wide')}}\"\n"
        "c = f\"{words.ngettext('a piece', 'pieces', many)}\"\n"
        "fine = say(N_('Total')) + f' {sum} {words.gettext(HEADINGS[key])}'\n"
    )
    write(tmp_path, "src/steelyard/surfaces/paper.py", source)

    assert [line.split(" ")[0][-1] for line in words_that_are_not_found(tmp_path)] == ["1", "2", "3"]


def test_every_word_is_translated() -> None:
    nothing_wrong(words_without_translation(ROOT))


def test_a_word_without_translation_is_seen(tmp_path: Path) -> None:
    source = "_('Cart'); _('Pay'); _('Ship'); _('Hello, %(name)s'); _('Receive')\n"
    write(tmp_path, "src/steelyard/surfaces/pages.py", source)
    write(tmp_path, "src/steelyard/surfaces/templates/cart.html", "<h1>{% trans %}Settle{% endtrans %}</h1>\n")
    write(tmp_path, "babel.cfg", MAPPING)
    catalog = (
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Cart"\nmsgstr "购物车"\n\n'
        'msgid "Pay"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "Ship"\nmsgstr "发货"\n\n'
        '#, python-format\nmsgid "Hello, %(name)s"\nmsgstr "您好，%(nmae)s"\n'
    )
    write(tmp_path, "src/steelyard/locale/zh_Hans/LC_MESSAGES/steelyard.po", catalog)

    violations = words_without_translation(tmp_path)

    assert sorted(re.findall(r"'(\w+).*?' (\w+ \w+)", "\n".join(violations))) == [
        ("Hello", "has other"),
        ("Pay", "is not"),
        ("Receive", "is missing"),
        ("Settle", "is missing"),
        ("Ship", "is marked"),
    ]


def test_pages_without_extraction_are_seen(tmp_path: Path) -> None:
    write(tmp_path, "src/steelyard/surfaces/templates/cart.html", "")

    assert len(words_without_translation(tmp_path)) == 1
