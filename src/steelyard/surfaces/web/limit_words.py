"""Limits that shops set, in words: as a rule beside the goods, and as what is wrong with a line."""

from collections.abc import Iterable

from steelyard.goods.catalog.model import Limits, Period
from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.checkout.model import Problem, ProblemCode

PERIODS: dict[Period, str] = {
    Period.DAY: N_("within a day"),
    Period.WEEK: N_("within 7 days"),
    Period.MONTH: N_("within 30 days"),
    Period.EVER: N_("ever"),
}
_PER_BUYER: dict[Period, str] = {
    Period.DAY: N_("At most {most} for each buyer within a day"),
    Period.WEEK: N_("At most {most} for each buyer within 7 days"),
    Period.MONTH: N_("At most {most} for each buyer within 30 days"),
    Period.EVER: N_("At most {most} for each buyer"),
}
_REACHED: dict[Period, str] = {
    Period.DAY: N_("At most {most} for each buyer within a day: {free} more can be bought now"),
    Period.WEEK: N_("At most {most} for each buyer within 7 days: {free} more can be bought now"),
    Period.MONTH: N_("At most {most} for each buyer within 30 days: {free} more can be bought now"),
    Period.EVER: N_("At most {most} for each buyer: {free} more can be bought"),
}
TOO_MANY = N_("At most {most} in one order")
TOO_FEW = N_("At least {least} in one order")


def wrong(problem: Problem) -> str | None:
    """The message id of what is wrong with a line because of a limit of the shop; none for any other trouble."""
    match problem.code:
        case ProblemCode.BUYERS_LIMIT:
            return _REACHED[Period(problem.facts["period"])]
        case ProblemCode.TOO_MANY:
            return TOO_MANY
        case ProblemCode.TOO_FEW:
            return TOO_FEW
        case _:
            return None


def rules(visit: Visit, limits: Iterable[Limits | None]) -> list[str]:
    """What is limited, each once: “At most 2 for each buyer within 7 days”."""
    said: list[str] = []
    for each in limits:
        if each is None:
            continue
        if each.per_buyer is not None:
            said.append(visit.say(_PER_BUYER[each.period], most=each.per_buyer))
        if each.per_order is not None:
            said.append(visit.say(TOO_MANY, most=each.per_order))
        if each.least is not None:
            said.append(visit.say(TOO_FEW, least=each.least))
    return list(dict.fromkeys(said))
