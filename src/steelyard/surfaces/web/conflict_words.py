"""What speaks against an offer, in words, for both consoles; and what stops it."""

from collections.abc import Sequence

import msgspec

from steelyard.goods.promotions.model import Clash, Conflict, Level
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.offers import money
from steelyard.surfaces.web.visit import Visit

TOLD_MAX = 8
WORDS: dict[Clash, str] = {
    Clash.TWO_FLASH_SALES: N_("{article}: it is in another flash sale at the same time, “{other}”"),
    Clash.FOR_NOTHING: N_("{article}: together with all other offers it could be had for nothing"),
    Clash.SAME_KIND: N_("{article}: “{other}” is of the same kind at the same time, and of the two one counts"),
    Clash.OTHER_PRICE: N_("{article}: “{other}” sells it at another price at the same time"),
    Clash.BELOW_LOWEST: N_("{article}: {price} is below {compared}, the lowest of the last 30 days"),
    Clash.BELOW_COST: N_("{article}: with all offers it could cost {price}, which is below its cost of {compared}"),
    Clash.THIN_MARGIN: N_("{article}: with all offers it could cost {price}, hardly more than its cost of {compared}"),
    Clash.STACKED: N_("{article}: with all offers together it could cost {price} instead of {compared}"),
}
NOT_LIKE_THIS = N_("It cannot be offered like this: see what is listed below.")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks against an offer, worst first, and how much more; `refused`: it cannot be made at all."""

    lines: Sequence[str]
    more: int
    refused: bool


def told(visit: Visit, found: Sequence[Conflict], currency: str) -> Told | None:
    """None: nothing speaks against it."""
    if not found:
        return None
    ordered = sorted(found, key=lambda each: each.level is not Level.ERROR)
    lines = [
        visit.say(
            WORDS[each.clash],
            article=each.title.in_language(visit.locale),
            other=each.other.in_language(visit.locale) if each.other else "",
            price=money(visit, each.price, currency),
            compared=money(visit, each.compared, currency),
        )
        for each in ordered
    ]
    unique = list(dict.fromkeys(lines))
    return Told(
        lines=unique[:TOLD_MAX],
        more=max(0, len(unique) - TOLD_MAX),
        refused=any(each.level is Level.ERROR for each in found),
    )


def check(found: Sequence[Conflict], field: str) -> None:
    """Raises `Invalid` at this field for what cannot be offered."""
    if any(each.level is Level.ERROR for each in found):
        raise Invalid({field: NOT_LIKE_THIS})


def for_the_log(found: Sequence[Conflict]) -> dict[str, object]:
    """Which warnings were confirmed, for the audit log; nothing where there were none."""
    kinds = sorted({str(each.clash) for each in found})
    return {"anyway": kinds} if kinds else {}
