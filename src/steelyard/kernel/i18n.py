"""Our own words in the reader's language: gettext catalogues in `steelyard/locale`, compiled when they are first
needed.

English msgids stand in the source. `locale/zh_Hans/LC_MESSAGES/steelyard.po` holds the Chinese; `locale/en/…` may hold
English plural forms and corrections. (Merchants' words are `Text` values, not msgids.)
"""

import gettext
import io
import os
import tempfile
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("zh-Hans", "en")
DEFAULT_LOCALE = "zh-Hans"
DOMAIN = "steelyard"
FOLDER = Path(__file__).parent.parent / "locale"
ACCEPTED_LANGUAGES_MAX = 20
# Headers whose language is remembered: browsers send few different ones.
NEGOTIATED_MAX = 500


def N_(message: str) -> str:  # noqa: N802  # gettext's own name, which extraction tools look for
    """Mark a constant as a msgid: it is translated where it is shown, not where it is declared."""
    return message


@lru_cache(NEGOTIATED_MAX)
def negotiate(accept_language: str | None) -> str:
    """Which of our languages suits a reader with this `Accept-Language` header (RFC 9110, 12.5.4).

    Any Chinese is served by zh-Hans, any English by en; who asks for other languages only gets English, and who asks
    for nothing gets the default.
    """
    wishes: list[tuple[float, str]] = []
    for part in (accept_language or "").split(",")[:ACCEPTED_LANGUAGES_MAX]:
        tag, _, parameters = part.partition(";")
        weight = _weight(parameters)
        if tag.strip() and weight > 0:
            wishes.append((weight, tag.strip().lower()))
    for _, tag in sorted(wishes, key=lambda wish: -wish[0]):
        language = tag.partition("-")[0]
        if language == "*":
            return DEFAULT_LOCALE
        for locale in LOCALES:
            if locale.partition("-")[0] == language:
                return locale
    return "en" if wishes else DEFAULT_LOCALE


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def babel_locale(locale: str) -> Locale:
    """For Babel's numbers, dates and names."""
    return Locale.parse(locale, sep="-")


def translations(locale: str) -> gettext.NullTranslations:
    """The catalogue of `locale` (one of `LOCALES`): `.gettext(msgid)`, `.ngettext(one, many, count)`."""
    assert locale in LOCALES, f"we speak {LOCALES}, not {locale!r}"
    return _load(FOLDER, locale)


@cache
def _load(folder: Path, locale: str) -> gettext.NullTranslations:
    po = folder / locale.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not po.exists():
        return gettext.NullTranslations()
    mo = po.with_suffix(".mo")
    if not mo.exists() or mo.stat().st_mtime_ns < po.stat().st_mtime_ns:
        compiled = _compile(po, locale)
        _keep(mo, compiled)
        return gettext.GNUTranslations(io.BytesIO(compiled))
    with mo.open("rb") as file:
        return gettext.GNUTranslations(file)


def _compile(po: Path, locale: str) -> bytes:
    with po.open("rb") as file:
        catalogue = read_po(file, locale=locale.replace("-", "_"), domain=DOMAIN, abort_invalid=True)
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def _keep(mo: Path, compiled: bytes) -> None:
    """Beside the source, for the next start; an installation that is read-only compiles at every start."""
    try:
        with tempfile.NamedTemporaryFile(dir=mo.parent, suffix=".new", delete=False) as file:
            file.write(compiled)
        Path(file.name).chmod(0o644)
        os.replace(file.name, mo)  # noqa: PTH105  # at once: another process may be reading
    except OSError:
        return
