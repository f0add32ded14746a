"""/styleguide, in a demo only: every component in its states and what an author writes for it; tokens, icons, glossary.

An example is a small template in `templates/styleguide/examples/<section>/`; its first line is its title in both languages.
"""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup

from steelyard.kernel import days
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text, text
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.components.environment import Templates
from steelyard.surfaces.components.glossary import GROUPS
from steelyard.surfaces.components.page import NavItem
from steelyard.surfaces.components.tokens import colours
from steelyard.surfaces.web import periods
from steelyard.surfaces.web.pages import Frame, page_of, render
from steelyard.surfaces.web.visit import Visit

HOME = "/styleguide"
EXAMPLES = Path(__file__).parent / "templates" / "styleguide" / "examples"
SECTIONS: dict[str, tuple[str, str]] = {
    "tokens": (N_("Colours, type, space"), "palette"),
    "buttons": (N_("Buttons"), "square-mouse-pointer"),
    "forms": (N_("Forms"), "text-cursor-input"),
    "feedback": (N_("Messages and states"), "message-square"),
    "navigation": (N_("Ways"), "compass"),
    "data": (N_("Tables and facts"), "table-2"),
    "charts": (N_("Charts"), "chart-line"),
    "commerce": (N_("Goods and orders"), "shopping-bag"),
    "icons": (N_("Icons"), "shapes"),
    "glossary": (N_("Terms of the trade"), "book-open"),
}
_FIRST_LINE = re.compile(r"\{# (?P<zh>.+?) \| (?P<en>.+?) #\}\n")
_ICON = re.compile(r"""icon\(['"]([a-z0-9-]+)['"]""")


class Example(msgspec.Struct, frozen=True):
    name: str
    title: Text
    source: str
    shown: Markup


@get([HOME, f"{HOME}/{{section:str}}"])
async def styleguide(visit: NamedDependency[Visit], section: FromPath[str] = "tokens") -> Response[Any]:
    """One section; the first is the tokens."""
    if not visit.settings.development or section not in SECTIONS:
        raise NotFound()
    frame = Frame(
        surface="operator",
        nav=[
            NavItem(visit.say(word), HOME if name == "tokens" else f"{HOME}/{name}", icon, name == section)
            for name, (word, icon) in SECTIONS.items()
        ],
        search_action="",
        home_href="/",
    )
    return await render(
        visit,
        "web/styleguide/section.html",
        frame,
        title=visit.say(SECTIONS[section][0]),
        examples=await examples(visit, section, frame),
        colours=colours() if section == "tokens" else [],
        icons=icons() if section == "icons" else [],
        glossary=GROUPS if section == "glossary" else [],
        swatch=swatch,
    )


async def examples(visit: Visit, section: str, frame: Frame) -> list[Example]:
    """The examples of a section, each rendered as a page would."""
    templates: Templates = visit.connection.app.state.templates
    page, found = await page_of(visit, frame), sample(visit.locale)
    shown: list[Example] = []
    for path in sorted((EXAMPLES / section).glob("*.html")):
        source = path.read_text(encoding="utf-8")
        title = _FIRST_LINE.match(source)
        assert title is not None, f"{path}: its first line is its title in both languages"
        name = f"web/styleguide/examples/{section}/{path.name}"
        # Our own templates, which escape what they are given.
        markup = Markup(templates.render(name, page, sample=found))  # noqa: S704
        shown.append(
            Example(f"{section}-{path.stem}", text(title["zh"], title["en"]), source[title.end() :].strip(), markup)
        )
    return shown


def swatch(colour: str) -> Markup:
    """A small field of a colour; drawn, since the policy of pages allows no styles in markup."""
    return Markup(
        '<svg class="swatch" viewBox="0 0 2 1" aria-hidden="true"><rect width="2" height="1" fill="{}"/></svg>'
    ).format(colour)


def icons() -> list[str]:
    """The icons that our pages use."""
    surfaces = Path(__file__).parents[1]
    found = {name for path in surfaces.rglob("*.html") for name in _ICON.findall(path.read_text(encoding="utf-8"))}
    return sorted(found)


def sample(locale: str) -> dict[str, Any]:
    """What the examples show."""

    def say(zh: str, en: str) -> str:
        return text(zh, en).in_language(locale)

    titles = [
        say("头层牛皮工装靴", "Full-grain work boot"),
        say("玳瑁圆框镜", "Round tortoiseshell frames"),
        say("黄铜防风打火机", "Brass windproof lighter"),
    ]
    return {
        "buyer": say("王小明", "Robin Wang"),
        "city": say("浙江省温州市鹿城区公园路 12 号", "12 Park Road, Wenzhou"),
        "shop": say("走方鞋坊", "Zoufang Shoemakers"),
        "carriers": [say("标准快递", "Standard"), say("次日达", "Next day")],
        "rows": [{"title": title, "price": f"{128 + 71 * place}.00"} for place, title in enumerate(titles)],
        "products": [
            {
                "href": "#",
                "title": title,
                "price": f"¥{128 + 71 * place}.00",
                "shop": say("走方鞋坊", "Zoufang"),
                "sold_out": place == 2,
            }
            for place, title in enumerate(titles)
        ],
        "period": periods.read("30d", "", "", "previous", today=days.today()),
        "periods": periods,
        "charts": charts(say, titles),
    }


def charts(say: Any, titles: list[str]) -> dict[str, Chart]:
    """One chart of each kind, of figures that stand for nothing."""
    days = [date(2026, 8, 1) + timedelta(days=day) for day in range(30)]
    rising = [120_000 + 9_000 * day + 40_000 * (day % 7 > 4) for day in range(30)]
    paid, before, refunds = say("支付金额", "Paid"), say("上一周期", "Before"), say("退款", "Refunds")
    steps = [say("浏览", "Looked"), say("加购", "In the cart"), say("下单", "Ordered"), say("付款", "Paid")]
    week = [say("周一", "Mon"), say("周二", "Tue"), say("周三", "Wed"), say("周四", "Thu"), say("周五", "Fri")]
    hours = [f"{hour}:00" for hour in range(0, 24, 2)]
    return {
        "sales": Chart(
            "area",
            paid,
            days,
            [Series(paid, rising), Series(before, [one - 30_000 for one in rising], compared=True)],
            unit="money",
            currency="CNY",
        ),
        "stacked": Chart("stacked", say("订单", "Orders"), days, [Series(paid, rising), Series(refunds, rising[::-1])]),
        "shares": Chart("pie", say("类目", "Categories"), titles, [Series(paid, [420, 300, 160])]),
        "funnel": Chart("funnel", say("转化漏斗", "Funnel"), steps, [Series(paid, [9_800, 4_100, 1_900, 1_450])]),
        "heat": Chart(
            "heat",
            say("下单时间", "When people order"),
            hours,
            [Series(day, [(n * n) % 17 for n in range(12)]) for day in week],
        ),
        "ranking": Chart(
            "bar",
            say("热销商品", "Bestsellers"),
            [*titles, f"{titles[0]} 2", f"{titles[1]} 2"],
            [Series(paid, [52, 40, 33, 20, 9])],
        ),
        "flow": _flow(say, paid),
        "nothing": Chart("line", refunds, days, [Series(refunds, [0] * 30)]),
    }


HANDLERS = [styleguide]


def _flow(say: Any, name: str) -> Chart:
    arrived, looked, cart, left = (
        say("到访", "Arrived"),
        say("浏览", "Looked"),
        say("加购", "In the cart"),
        say("离开", "Left"),
    )
    links = [(1, arrived, looked), (1, arrived, left), (2, looked, cart), (2, looked, left), (3, cart, left)]
    labels = [f"{step}. {source} → {target}" for step, source, target in links]
    return Chart("sankey", say("访问路径", "Paths"), labels, [Series(name, [70, 30, 25, 45, 20])], links=links)
