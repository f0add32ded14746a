"""Renders templates: one Jinja environment per language, so that macros speak the reader's language untold.

In templates: `{{ _("…") }}`, `{% trans %}`; `icon("truck")`, `asset("components.js")`, `sparkline(values)`; filters:

| filter | takes | gives |
|---|---|---|
| `money` | anything with `.amount` (minor units) and `.currency` | ¥1,280.00 |
| `number` | int, float, Decimal | 12,800 |
| `compact` | the same | 1.3万 / 13K |
| `percent` | a ratio; `digits` after the point | 12.5% |
| `date`, `datetime`, `time` | aware datetime (or date); `format` short, medium, long | 2026年9月1日 |
| `ago` | aware datetime | 3小时前 / 3 hours ago |
| `minor` | an amount in minor units; `currency` | ¥1,280.00 |
| `asked` | an address; questions to add, change or (empty) leave out | `/orders?state=paid` |
| `questions` | an address | its (name, value) pairs |
| `text` | a mapping of locale to string, or a string | the reader's language, or the nearest |

Layouts expect one variable, `page`: see `page.Page`. An undefined variable is an error; an absent attribute
or key (`product.was`) is false when asked for and an error when printed.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache, partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Literal, Protocol, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.utils import missing
from markupsafe import Markup

from steelyard.kernel import i18n
from steelyard.kernel.text import Text
from steelyard.surfaces.components.assets import NODE_MODULES, Assets
from steelyard.surfaces.components.folding import FoldingEnvironment
from steelyard.surfaces.components.glossary import TERMS
from steelyard.surfaces.components.icons import lucide, sparkline
from steelyard.surfaces.components.page import LANGUAGES, TIMEZONE, Page
from steelyard.surfaces.components.prose import prose
from steelyard.surfaces.components.remembering import Remembered

TEMPLATES = Path(__file__).parent / "templates"
FALLBACK = "en"
MESSAGES_KEPT = 4_096
AMOUNTS_KEPT = 4_096

Number = int | float | Decimal
Length = Literal["full", "long", "medium", "short"]


class MoneyLike(Protocol):
    """An amount in minor units of an ISO 4217 currency."""

    @property
    def amount(self) -> int: ...
    @property
    def currency(self) -> str: ...


class Absent(StrictUndefined):
    """An undefined variable is an error; an absent attribute is false, so that macros take what there is."""

    def __bool__(self) -> bool:
        if self._undefined_obj is missing:
            self._fail_with_undefined_error()
        return False

    def __eq__(self, other: object) -> bool:
        return bool(self) or isinstance(other, Absent)

    __hash__ = None  # pyright: ignore[reportAssignmentType]  as StrictUndefined has it


class Templates:
    """The templates of the components and of the surfaces that use it.

    `folders` maps a surface's name to its template folder: with `Templates(assets, {"storefront": path})` its
    page is `storefront/home.html`, and it extends `layouts/storefront.html` of the components.
    """

    def __init__(
        self,
        assets: Assets,
        folders: Mapping[str, Path] | None = None,
        node_modules: Path = NODE_MODULES,
    ) -> None:
        loader = ChoiceLoader(
            [
                FileSystemLoader(TEMPLATES),
                PrefixLoader({name: FileSystemLoader(folder) for name, folder in (folders or {}).items()}),
            ]
        )
        self._environments = {language: _environment(language, loader, assets, node_modules) for language in LANGUAGES}

    def render(self, name: str, page: Page, /, **values: object) -> str:
        """The page as text, in `page.locale`; an unknown locale gets English."""
        return self.environment(page.locale).get_template(name).render(page=page, **values)

    def environment(self, language: str) -> Environment:
        """The Jinja environment of a language: for a surface's own filters and globals, and for tests."""
        return self._environments.get(language, self._environments[FALLBACK])


def _environment(language: str, loader: ChoiceLoader, assets: Assets, node_modules: Path) -> Environment:
    environment = FoldingEnvironment(
        loader=loader,
        autoescape=True,
        undefined=Absent,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        cache_size=-1,  # all of them: there are more than the 400 that Jinja keeps, and one costs 30 ms to compile
    )
    environment.policies["ext.i18n.trimmed"] = True
    words = i18n.translations(language)
    install = cast(Callable[..., None], vars(environment)["install_gettext_callables"])
    install(words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext, npgettext=words.npgettext)
    given = cast(dict[str, object], environment.globals)
    gettext = _gettext(words.gettext)
    given |= {
        "_": gettext,
        "gettext": gettext,
        "remembered": Remembered(),
        "asset": assets.url,
        "icon": lucide(node_modules),
        "sparkline": sparkline,
        "language": language,
        "terms": TERMS,
    }
    environment.filters.update(_filters(language), prose=partial(_described, language))
    return environment


def _gettext(translated: Callable[[str], str]) -> Callable[..., Markup]:
    """Jinja's own, for pages that escape always: a message with its variables, escaped, put in. What has no place for any in
    English has none in another language: there a percent sign is one."""

    @lru_cache(maxsize=MESSAGES_KEPT)
    def message(text: str) -> tuple[Markup, Markup | None]:
        words = Markup(translated(text))  # noqa: S704  our own words
        return words, None if "%" in text else words

    def gettext(text: str, /, **variables: object) -> Markup:
        words, plain = message(text)
        return words % variables if plain is None else plain

    return gettext


def _described(language: str, value: Mapping[str, str] | str | None) -> str:
    """A description in the reader's language, or one that is in a language already."""
    return prose(Text(value).in_language(language) if isinstance(value, Mapping) else value or "")


def _filters(language: str) -> dict[str, Callable[..., object]]:
    locale = i18n.babel_locale(language)

    minor = lru_cache(maxsize=AMOUNTS_KEPT)(partial(_amount, locale))

    def money(value: MoneyLike) -> str:
        return minor(value.amount, value.currency)

    def number(value: Number) -> str:
        return numbers.format_decimal(value, locale=locale)

    def compact(value: Number) -> str:
        return numbers.format_compact_decimal(value, locale=locale, fraction_digits=1)

    def percent(value: Number, digits: int = 1) -> str:
        pattern = "#,##0." + "#" * digits + "%" if digits else "#,##0%"
        return numbers.format_percent(value, pattern, locale=locale)

    def text(value: Mapping[str, str] | str | None) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        return (value if isinstance(value, Text) else Text(value)).in_language(language)

    @pass_context
    def day(context: Context, value: date, format: Length = "medium") -> str:
        local = value.astimezone(_zone(context)) if isinstance(value, datetime) else value
        return dates.format_date(local, format, locale=locale)

    @pass_context
    def moment(context: Context, value: datetime, format: Length = "medium") -> str:
        return dates.format_datetime(value, format, tzinfo=_zone(context), locale=locale)

    @pass_context
    def hour(context: Context, value: datetime | time, format: Length = "short") -> str:
        return dates.format_time(value, format, tzinfo=_zone(context), locale=locale)

    def country(code: str) -> str:
        return locale.territories.get(code, code)

    def ago(value: datetime) -> str:
        return dates.format_timedelta(value - datetime.now(UTC), add_direction=True, locale=locale)

    return {
        "money": money,
        "minor": minor,
        "asked": asked,
        "questions": questions,
        "number": number,
        "compact": compact,
        "percent": percent,
        "text": text,
        "date": day,
        "datetime": moment,
        "time": hour,
        "country": country,
        "ago": ago,
        "groupby_kept": grouped,
    }


def _amount(locale: Locale, amount: int, currency: str) -> str:
    digits = numbers.get_currency_precision(currency)
    return numbers.format_currency(Decimal(amount).scaleb(-digits), currency, locale=locale)


def asked(path: str, **questions: object) -> str:
    """The address with these questions: changed where it asks them already, left out where the value is empty."""
    parts = urlsplit(path)
    query = {**dict(parse_qsl(parts.query)), **{name: str(value or "") for name, value in questions.items()}}
    told = urlencode({name: value for name, value in query.items() if value})
    return urlunsplit(parts._replace(query=told))


def questions(path: str) -> list[tuple[str, str]]:
    """What an address asks, as (name, value): for the hidden fields of a form that keeps them."""
    return parse_qsl(urlsplit(path).query)


def grouped(items: Iterable[object], attribute: str) -> list[tuple[object, list[object]]]:
    """Runs of items with the same attribute, in the order they came (Jinja's own `groupby` sorts)."""
    return [(key, list(run)) for key, run in groupby(items, key=attrgetter(attribute))]


def _zone(context: Context) -> ZoneInfo:
    page = context.resolve("page")
    return ZoneInfo(page.timezone if isinstance(page, Page) else TIMEZONE)
