"""Gift cards that buyers bought in the shop: how each stands, what they come to, and a file of them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import gifts
from steelyard.money.gifts import Sale, SaleState, Sold, Terms
from steelyard.money.gifts.model import LATELY_DAYS
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address
from steelyard.surfaces.web.gift_words import STATES
from steelyard.surfaces.web.visit import Visit

SOLD = f"{frame.WALLETS}/sold"


class SoldPage(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Sale]
    lately: Sequence[Sold]
    terms: Terms


async def sold_page(read: Read, state: SaleState | None, cursor: str | None) -> SoldPage:
    return SoldPage(
        page=await gifts.page(read, state, cursor, ROWS_PER_PAGE),
        lately=await gifts.lately(read),
        terms=await gifts.terms(read),
    )


async def every(read: Read, state: SaleState | None) -> list[Sale]:
    return await exports.everything(lambda cursor: gifts.page(read, state, cursor, ITEMS_PER_PAGE_MAX))


@get("/wallets/sold", opt={"permission": "wallets.manage"})
async def sold(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Cards that were bought, the newest first; as a file with `?format=csv`."""
    state = SaleState(wanted) if wanted in set(SaleState) else None
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(every, state))
    found = await visit.db.ask(sold_page, state, cursor)
    here = state or "all"
    return await frame.show(
        visit,
        "gift_sales.html",
        frame.WALLETS,
        crumbs=[(visit.say(N_("Wallets")), frame.WALLETS), (visit.say(N_("Sold in the shop")), None)],
        found=found,
        states=STATES,
        days=LATELY_DAYS,
        tabs=[
            {"label": visit.say(word), "href": address(SOLD, state=key), "current": key == here}
            for key, word in (("all", N_("All")), *((each, word) for each, (word, _) in STATES.items()))
        ],
        next_href=address(SOLD, state=here, cursor=found.page.next) if found.page.next else "",
        start_href=address(SOLD, state=here) if cursor else "",
    )


def _as_file(visit: Visit, sales: Sequence[Sale]) -> Response[bytes]:
    words = (
        N_("Ordered at"), N_("State"), N_("Currency"), N_("Amount"), N_("Paid"), N_("Sent"), N_("Redeemed"), N_("Given back"),
        N_("Recipient"), N_("Buyer"), N_("Last four"), N_("Document"),
    )  # fmt: skip
    rows = [
        (
            sale.placed_at,
            visit.say(STATES[sale.state][0]),
            sale.currency,
            Money(sale.amount, sale.currency),
            sale.paid_at,
            sale.sent_at,
            sale.redeemed_at,
            sale.refunded_at,
            sale.recipient,
            str(sale.buyer_id),
            sale.last4 or "",
            str(sale.sale_id),
        )
        for sale in sales
    ]
    return exports.sheet(visit, N_("Gift cards sold"), words, rows)


HANDLERS = [sold]
