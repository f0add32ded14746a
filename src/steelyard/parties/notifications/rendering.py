"""From facts to words: one file per mail and language in `templates/`, with the blocks `subject`, `text` and `html`.

Each block is rendered by a layout of its own, and only the HTML is escaped. Babel writes amounts, numbers and dates.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import cast
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import msgspec
from babel import dates, numbers
from jinja2 import Environment, PackageLoader, StrictUndefined

from steelyard.kernel.i18n import DEFAULT_LOCALE, LOCALES, babel_locale
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.parties.notifications.marking import from_message
from steelyard.parties.notifications.model import Rendered, Template, read_facts

TIMEZONE = ZoneInfo("Asia/Shanghai")
SUBJECT_CHARACTERS_MAX = 200
# Mails that want to bring somebody back: whether they did is known by their link.
_MARKED = frozenset({Template.COUPON_NEWS, Template.LIVE_NEWS})


def render(template: Template, locale: str, facts: Mapping[str, object], base_url: str, house: str) -> Rendered:
    """A mail in the language of `locale` (one that we do not speak gets the default). `facts` as they are kept; `house`
    is what we call ourselves."""
    language = locale if locale in LOCALES else DEFAULT_LOCALE
    told = read_facts(template, facts)
    values = {field.name: getattr(told, field.name) for field in msgspec.structs.fields(told)}
    if template in _MARKED:
        values["link"] = from_message(values["link"], "mail", f"{template}_{values['what']}")
    name = f"{language}/{template}.html"

    def part(kind: str) -> str:
        environment = _environment(language, kind == "html")
        page = environment.get_template(name)
        return page.render(values, layout=f"layouts/{kind}.html", language=language, base_url=base_url, house=house)

    subject = " ".join(part("subject").split())[:SUBJECT_CHARACTERS_MAX]
    return Rendered(subject=subject, text=part("text").strip() + "\n", html=part("html"))


@cache
def _environment(language: str, escaped: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("steelyard.parties.notifications"),
        autoescape=escaped,  # noqa: S701  # subject and text are not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = cast(dict[str, Callable[..., str]], environment.filters)
    filters.update(_filters(language))
    return environment


def _filters(language: str) -> dict[str, Callable[..., str]]:
    locale = babel_locale(language)

    def money(value: Money) -> str:
        return numbers.format_currency(value.decimal(), value.currency, locale=locale)

    def number(value: int) -> str:
        return numbers.format_decimal(value, locale=locale)

    def words(value: Text) -> str:
        return value.in_language(language)

    def moment(value: datetime) -> str:
        return dates.format_datetime(value, "medium", tzinfo=TIMEZONE, locale=locale)

    def absolute(link: str, base_url: str) -> str:
        return urljoin(base_url, link)

    return {"money": money, "number": number, "words": words, "moment": moment, "absolute": absolute}
