"""Every word the program says can be read in Chinese too. English is the source text itself."""

import re
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

from tests.rules.reading import ROOT, nothing_wrong, write
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
    targets = [message.string] if isinstance(message.string, str) else [*message.string]
    if not all(targets):
        return "is not translated"
    # A language without plural forms has one sentence for all numbers: it takes after the source's plural.
    wanted = {*PLACEHOLDER.findall(sources[-1])}
    if any({*PLACEHOLDER.findall(target)} != wanted for target in targets):
        return f"has other placeholders than {sorted(wanted)}"
    return None


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
