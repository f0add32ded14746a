"""Our words in the reader's language."""

import os
from pathlib import Path

import pytest

from steelyard.kernel import i18n

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Cart"
msgstr "{word}"

msgid "one piece"
msgid_plural "%(num)s pieces"
msgstr[0] "%(num)s 件"
"""


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "zh-Hans"),
        ("", "zh-Hans"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.5, zh-Hant-TW;q=0.9", "zh-Hans"),
        ("de-DE,de;q=0.9", "en"),
        ("de, zh;q=0.1", "zh-Hans"),
        ("zh;q=0, en", "en"),
        ("*", "zh-Hans"),
        ("en;q=nonsense, zh;q=0.2", "zh-Hans"),
        (";;;,,,q=,en", "en"),
    ],
)
def test_the_language_suits_the_readers_wishes(header: str | None, locale: str) -> None:
    assert i18n.negotiate(header) == locale


def write(folder: Path, word: str) -> Path:
    po = folder / "zh_Hans" / "LC_MESSAGES" / "steelyard.po"
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_text(PO.replace("{word}", word), "utf-8")
    return po


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    return tmp_path


def test_a_catalogue_is_compiled_when_it_is_first_needed_and_again_when_it_changed(folder: Path) -> None:
    po = write(folder, "购物车")
    assert i18n.translations("zh-Hans").gettext("Cart") == "购物车"
    assert i18n.translations("zh-Hans").ngettext("one piece", "%(num)s pieces", 3) == "%(num)s 件"
    assert po.with_suffix(".mo").exists()

    write(folder, "购物篮")
    later = po.with_suffix(".mo").stat().st_mtime + 10
    os.utime(po, (later, later))
    i18n._load.cache_clear()  # pyright: ignore[reportPrivateUsage]

    assert i18n.translations("zh-Hans").gettext("Cart") == "购物篮"


def test_a_compiled_catalogue_is_read_as_it_is(folder: Path) -> None:
    po = write(folder, "购物车")
    i18n.translations("zh-Hans")
    compiled = po.with_suffix(".mo").stat().st_mtime_ns
    i18n._load.cache_clear()  # pyright: ignore[reportPrivateUsage]

    assert i18n.translations("zh-Hans").gettext("Cart") == "购物车"
    assert po.with_suffix(".mo").stat().st_mtime_ns == compiled


def test_english_is_what_stands_in_the_source(folder: Path) -> None:
    assert i18n.translations("en").gettext("Cart") == "Cart"


def test_a_language_that_we_do_not_speak_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError):
        i18n.translations("fr")


def test_babel_knows_our_locales() -> None:
    assert [str(i18n.babel_locale(locale)) for locale in i18n.LOCALES] == ["zh_Hans", "en"]
