"""What a buyer can have instead of what goes back, and the word that it is there."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods.catalog.model import SkuId
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.surfaces.storefront.owning import own_case
from steelyard.surfaces.web.entries import Entries, as_uuid
from steelyard.surfaces.web.offers import money
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales
from steelyard.trade.aftersales import SWAPS, Choice, Kind
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import OrderLine

WANT = "want-"


def offered(
    visit: Visit, kind: Kind | None, choices: Mapping[int, Sequence[Choice]], currency: str
) -> dict[int, list[tuple[str, str]]]:
    """By line, what it can be exchanged for, in words: another variant, with what goes back of it."""
    if kind is not Kind.EXCHANGE:
        return {}
    return {
        line: [(str(each.sku_id), _words(visit, each, currency)) for each in found if not each.same]
        for line, found in choices.items()
    }


def _words(visit: Visit, choice: Choice, currency: str) -> str:
    words = " · ".join(value.in_language(visit.locale) for _, value in choice.options) or choice.code
    if not choice.difference:
        return words
    return f"{words} · " + visit.say(N_("{amount} back for each"), amount=money(visit, choice.difference, currency))


def lines_for(
    kind: Kind | None, lines: Sequence[OrderLine], choices: Mapping[int, Sequence[Choice]]
) -> list[OrderLine]:
    """The lines that this can be asked for: of an exchange those of which there is another variant, or the same once more."""
    if kind not in SWAPS:
        return list(lines)
    same = kind is Kind.REPLACEMENT
    return [line for line in lines if any(each.same is same for each in choices.get(line.line, ()))]


def chosen(form: Entries, lines: Sequence[Returned]) -> SkuId | None:
    """The variant that was chosen for the line that is asked about."""
    found = as_uuid(form.text(f"{WANT}{lines[0].line}")) if lines else None
    return SkuId(found) if found else None


@post("/after-sales/{case_id:uuid}/received")
async def received(visit: NamedDependency[Visit], case_id: FromPath[UUID]) -> Redirect:
    """What was sent instead is there."""
    found = await own_case(visit, case_id)
    try:
        await visit.db.transact(aftersales.confirm, found.merchant_id, found.case_id, visit.by)
    except NotFound:
        raise
    except Refusal as refusal:
        return redirect(visit, f"/after-sales/{case_id}", (visit.refused(refusal), "bad"))
    return redirect(visit, f"/after-sales/{case_id}", (visit.say(N_("Thank you. The exchange is done.")), "good"))


HANDLERS = [received]
