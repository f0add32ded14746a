"""Pages of the simulators: one frame, two languages, no JavaScript needed."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

from babel.numbers import format_currency, get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.datastructures import State
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig

from steelyard.simulators import words
from steelyard.simulators.requests import Language, language

HERE = Path(__file__).parent
STATIC = HERE / "static"


def templates() -> TemplateConfig[JinjaTemplateEngine]:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["at"] = moment
    return TemplateConfig(instance=JinjaTemplateEngine(engine_instance=environment))


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def money(amount: int, currency: str, lang: Language) -> str:
    """Minor units as people write them: 1234 CNY is ¥12.34."""
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(value, currency, locale="zh_Hans_CN" if lang == "zh" else "en_GB")


def page(
    request: Request[object, object, State], template: str, *, status_code: int = 200, **facts: object
) -> Template:
    """Render `template` in the reader's language. `t(key)` says our words, `price(amount, currency)` money."""
    lang = language(request)

    def t(key: str, **values: object) -> str:
        return words.say(lang, key, **values)

    def price(amount: int, currency: str) -> str:
        return money(amount, currency, lang)

    query = {**dict(request.query_params.items()), "lang": "en" if lang == "zh" else "zh"}
    return Template(
        template_name=template,
        status_code=status_code,
        media_type="text/html",
        context={
            "t": t,
            "price": price,
            "lang": lang,
            "html_lang": "zh-Hans" if lang == "zh" else "en",
            "other_lang_url": f"?{urlencode(query)}",
            "program": str(request.app.state.program),
            **facts,
        },
    )
