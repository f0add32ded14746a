"""The page of what customers are worth: RFM, tiers and what is expected, with what it was worked out of and as of when."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import format_currency
from litestar import Response

from steelyard.kernel.i18n import N_, babel_locale
from steelyard.kernel.money import Money, minor_digits
from steelyard.operations.lifecycle import MARKETPLACE
from steelyard.surfaces.components.charts import Chart, Series
from steelyard.surfaces.web import exports, value_figures
from steelyard.surfaces.web.console import told
from steelyard.surfaces.web.lifecycle_pages import Place, tabs, way
from steelyard.surfaces.web.lifecycle_words import MODELS, SEGMENTS, TIERS
from steelyard.surfaces.web.value_figures import ONE_DAY, Asked, Figures, Found
from steelyard.surfaces.web.visit import Visit

SPENDING = {"net": N_("What is left after refunds"), "gross": N_("What was paid, before refunds")}


def asked_of(visit: Visit) -> Asked:
    """What the address asks for; a day that cannot be read is said so, anything else is the default."""
    query = visit.connection.query_params
    written = query.get("on", "").strip()
    try:
        on = date.fromisoformat(written) if written else None
    except ValueError:
        on = None
    return Asked(
        dataset=query.get("dataset", ""),
        on=on,
        currency=query.get("currency", ""),
        gross=query.get("spending") == "gross",
        unread=bool(written) and on is None,
    )


async def values_page(visit: Visit, place: Place, currency: str) -> Response[Any]:
    """RFM segments, what is expected of the customers, and how well that was foretold."""
    asked = asked_of(visit)
    found = await value_figures.found(visit.db, visit.settings.home, place.merchant_id, asked, currency)
    figures = found.figures
    if figures is not None and exports.wanted(visit):
        return _as_file(visit, figures)
    word = visit.say(N_("Worth"))
    return await place.show(
        visit,
        "web/lifecycle_values.html",
        place.home,
        status=found.refused.status if found.refused else 200,
        crumbs=way(visit, place, (word, None)) if place.shop else (),
        shop=place.shop,
        found=found,
        told=figures,
        asked=asked,
        refused=told(visit, found.refused) if found.refused else "",
        tabs=tabs(visit, place, "values"),
        home=place.home,
        marketplace=place.merchant_id == MARKETPLACE,
        spending=[(value, visit.say(words)) for value, words in SPENDING.items()],
        datasets=[(each.name, f"{each.name} ({each.since} – {each.until})") for each in found.imported],
        currencies=[(each, each) for each in found.currencies],
        exact=_exact(visit, figures) if figures else "",
        moment=_moment(visit, figures.moment) if figures else "",
        command=_command(asked, found),
        segments=SEGMENTS,
        models=MODELS,
        tiers=TIERS,
        chart=_by_segment(visit, figures) if figures else None,
        grid=_grid(visit, figures) if figures and figures.grid else None,
    )


def _exact(visit: Visit, figures: Figures) -> str:
    """What was paid, with every digit that the prices have."""
    locale, currency = babel_locale(visit.locale), figures.currency
    short = figures.exact == figures.exact.quantize(Decimal(1).scaleb(-minor_digits(currency)))
    return format_currency(figures.exact, currency, locale=locale, decimal_quantization=short)


def _moment(visit: Visit, at: datetime) -> str:
    """Day and minute by the clock of whose orders they are; of the end of a day, the day."""
    locale = babel_locale(visit.locale)
    if at.time() == time():
        return format_date(at - ONE_DAY, "long", locale=locale)
    return f"{format_date(at, 'long', locale=locale)} {format_time(at, 'short', tzinfo=at.tzinfo, locale=locale)}"


def _command(asked: Asked, found: Found) -> str:
    """How a terminal says the same of an imported set."""
    if found.dataset is None or found.figures is None:
        return ""
    moment = found.figures.moment.astimezone(UTC)
    gross = " --gross" if asked.gross else ""
    return f"steelyard report rfm --dataset {found.dataset.name} --on {moment:%Y-%m-%dT%H:%M:%S}{gross}"


def _by_segment(visit: Visit, figures: Figures) -> Chart:
    there = [each for each in figures.segments if each.customers]
    spending = visit.say(N_("Spending") if figures.gross else N_("Net spending"))
    return Chart(
        kind="bar",
        title=visit.say(N_("Spending by segment")) if figures.gross else visit.say(N_("Net spending by segment")),
        labels=[visit.say(SEGMENTS[each.segment]) for each in there],
        series=[Series(spending, [each.net for each in there])],
        unit="money",
        currency=figures.currency,
    )


def _grid(visit: Visit, figures: Figures) -> Chart:
    """Customers by both scores: who was here last and most often stands at the top right."""
    scores: Sequence[int] = range(1, len(figures.grid) + 1)
    return Chart(
        kind="heat",
        title=visit.say(N_("Customers by recency and frequency")),
        note=visit.say(N_("R: how lately, F: how often they bought; 5 is the best fifth")),
        labels=[f"F {score}" for score in scores],
        series=[Series(f"R {score}", figures.grid[score - 1]) for score in reversed(scores)],
    )


def _as_file(visit: Visit, figures: Figures) -> Response[bytes]:
    columns = [
        N_("RFM segment"),
        N_("Customers"),
        N_("Currency"),
        N_("Spending") if figures.gross else N_("Net spending"),
        N_("Expected orders"),
        N_("Expected spending"),
    ]
    rows = [
        (
            visit.say(SEGMENTS[each.segment]),
            each.customers,
            figures.currency,
            Money(each.net, figures.currency),
            each.expected_orders,
            None if each.expected_spent is None else Money(each.expected_spent, figures.currency),
        )
        for each in figures.segments
    ]
    return exports.csv_answer(visit, visit.say(N_("RFM segments")), [visit.say(word) for word in columns], rows)
