"""The pages of analyses: what their address asks. What cannot be read is the default: an address is never an error, but for steps
and columns that there are not."""

import re
from collections.abc import Mapping
from typing import Any, cast, get_args

from steelyard.kernel.i18n import N_
from steelyard.operations.reports.model import (
    SECONDS_PER_DAY,
    STEPS_MAX,
    WINDOW_DAYS_MAX,
    Attribution,
    Column,
    Distribution,
    Every,
    Funnel,
    Intervals,
    Lifetime,
    Measure,
    Mode,
    Model,
    Paths,
    Question,
    Retention,
    Sessions,
    Trend,
)
from steelyard.surfaces.web.figures import CHANNELS as CHANNELS_OF_ORDERS
from steelyard.surfaces.web.figures import SOURCES

ANALYSES: Mapping[str, str] = {
    "trend": N_("Trends"),
    "funnel": N_("Funnels"),
    "retention": N_("Retention"),
    "paths": N_("Paths"),
    "intervals": N_("Intervals"),
    "distribution": N_("Distribution"),
    "sessions": N_("Visits"),
    "attribution": N_("Attribution"),
    "ltv": N_("Customer value"),
}
TEXTS: Mapping[str, str] = {
    "trend": N_("How often something happens, by day, week or month."),
    "funnel": N_("How far people come through steps in their order, within a window after the first."),
    "retention": N_("Of those whose first time was in a period: how many came back so many periods later."),
    "paths": N_("What people do after what, within a visit."),
    "intervals": N_("How long it takes from one thing to the next."),
    "distribution": N_("How many people did it how many times."),
    "sessions": N_("What people do in one go: a pause of more than half an hour ends a visit."),
    "attribution": N_("Which channel brought the orders."),
    "ltv": N_("What the customers of a period have paid in the end, less refunds."),
}
KINDS: Mapping[str, str] = {
    "arrive": N_("Arrived"),
    "view": N_("Looked at something"),
    "search": N_("Searched"),
    "favourite": N_("Made it a favourite"),
    "cart": N_("Put into the cart"),
    "checkout": N_("Went to the checkout"),
    "order": N_("Ordered"),
    "pay": N_("Paid"),
    "refund": N_("Got money back"),
    "live_enter": N_("Entered a live room"),
    "live_leave": N_("Left a live room"),
    "live_click": N_("Chose goods in a live room"),
    "share": N_("Shared"),
    "invite": N_("Invited somebody"),
    "message_open": N_("Opened a message"),
    "message_click": N_("Followed a link in a message"),
    "survey_answer": N_("Answered a survey"),
    "exposure": N_("Saw a variant of an experiment"),
}
EVERY: Mapping[str, str] = {"day": N_("By day"), "week": N_("By week"), "month": N_("By month")}
MEASURES: Mapping[str, str] = {
    "events": N_("Times"),
    "users": N_("People"),
    "orders": N_("Orders"),
    "amount": N_("Amount"),
}
COLUMNS: Mapping[str, str] = {
    "kind": N_("What was done"),
    "category": N_("Category"),
    "item": N_("Product"),
    "channel": N_("Channel"),
    "source": N_("Source"),
    "medium": N_("Medium"),
    "campaign": N_("Campaign"),
    "device": N_("Device"),
}
CREDITED: Mapping[str, str] = {name: COLUMNS[name] for name in ("channel", "source", "medium", "campaign")}
MODES: Mapping[str, str] = {
    "default": N_("Anything may happen in between"),
    "strict": N_("A repeated step ends it"),
    "strict_order": N_("Nothing else may happen in between"),
}
MODELS: Mapping[str, str] = {
    "last": N_("The last touch"),
    "first": N_("The first touch"),
    "linear": N_("All touches alike"),
}
COUNTED: Mapping[str, str] = {"orders": N_("Orders"), "events": N_("Times"), "days": N_("Days")}
# By what visits come, and the doors that orders have of their own.
CHANNELS: Mapping[str, str] = {**SOURCES, **{way: CHANNELS_OF_ORDERS[way] for way in ("ucp", "amazon", "import")}}
CHOICES: Mapping[str, Mapping[str, str]] = {
    "CHANNELS": CHANNELS,
    "EVERY": EVERY,
    "MEASURES": MEASURES,
    "COLUMNS": COLUMNS,
    "CREDITED": CREDITED,
    "MODES": MODES,
    "MODELS": MODELS,
    "COUNTED": COUNTED,
}
# Which fields each analysis has beside the filters that all have.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "trend": ("kinds", "measure", "every", "by"),
    "funnel": ("steps", "written", "days", "mode", "by"),
    "retention": ("first", "again", "every", "by"),
    "paths": ("by",),
    "intervals": ("first", "then", "by"),
    "distribution": ("kind", "of", "by"),
    "sessions": ("every", "by"),
    "attribution": ("model", "touch", "days", "by"),
    "ltv": ("every", "by"),
}
# Of these a month is a period, and one alone says nothing.
BY_MONTH = frozenset({"retention", "ltv"})
STEPS_CHOSEN = 6
_BETWEEN = re.compile(r"[\s,，、>→]+")


def question(what: str, query: Mapping[str, str]) -> Question:
    """The analysis that an address asks for."""

    def one(name: str, of: Any, otherwise: str) -> Any:
        said = query.get(name, "")
        return said if said in get_args(of) else otherwise

    def word(name: str, otherwise: str) -> str:
        return query.get(name, "").strip()[:100] or otherwise

    by = query.get("by") if query.get("by") in get_args(Column) else None
    column = cast("Column | None", by)
    credited: Any = by if by in CREDITED else "channel"
    every = one("every", Every, "month" if what in BY_MONTH else "day")
    # The last digits of a number that nobody counts to change nothing.
    said_days = query.get("days", "")[:9]
    days = min(int(said_days), WINDOW_DAYS_MAX) if said_days.isdecimal() else 0
    of: Any = query.get("of") if query.get("of") in COUNTED else "orders"
    first, last = word("first", "view" if what == "intervals" else "pay"), word("then", "pay")
    steps = words_of(query.get("written", "")) or words_of(query.get("steps", "")) or ("view", "cart", "pay")
    model, touch, mode = one("model", Model, "last"), word("touch", "arrive"), one("mode", Mode, "default")
    measure: Any = one("measure", Measure, "users")
    made: dict[str, Question] = {
        "trend": Trend(kinds=words_of(query.get("kinds", "")), measures=(measure,), every=every, by=column),
        "funnel": Funnel(steps=steps, window_seconds=(days or 7) * SECONDS_PER_DAY, mode=mode, by=column),
        "retention": Retention(first=first, again=word("again", "pay"), every=every, by=column),
        "paths": Paths(by=column or "kind"),
        "intervals": Intervals(first=first, then=last, by=column),
        "distribution": Distribution(kind=word("kind", "pay"), of=of, by=column),
        "sessions": Sessions(every=every, by=column),
        "attribution": Attribution(model=model, touch=touch, by=credited, window_days=days or 30),
        "ltv": Lifetime(every=every, by=column),
    }
    return made[what]


def words_of(said: str) -> tuple[str, ...]:
    """Steps or kinds, as people separate them."""
    return tuple(word[:100] for word in _BETWEEN.split(said.strip()) if word)[: STEPS_MAX + 1]
