"""Gift cards that buyers bought in the shop: how each stands, what they come to, and a file of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import gifts, ledger
from steelyard.money.gifts import Sale, SaleState, Sold, Terms
from steelyard.money.gifts.model import LATELY_DAYS
from steelyard.money.ledger.model import AccountKind, TrialLine
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports, giving
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.gift_words import STATES
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.refusals import fields_of
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales
from steelyard.trade.aftersales import Giver

SOLD = f"{frame.WALLETS}/sold"
NEEDS = {"permission": "wallets.manage"}


class SoldPage(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Sale]
    lately: Sequence[Sold]
    owed: Sequence[TrialLine]
    terms: Terms


async def sold_page(read: Read, state: SaleState | None, cursor: str | None) -> SoldPage:
    return SoldPage(
        page=await gifts.page(read, state, cursor, ROWS_PER_PAGE),
        lately=await gifts.lately(read),
        owed=[
            line for line in (await ledger.summed(read)).lines if line.kind is AccountKind.GIFT_CARDS and line.balance
        ],
        terms=await gifts.terms(read),
    )


async def every(read: Read, state: SaleState | None) -> list[Sale]:
    return await exports.everything(lambda cursor: gifts.page(read, state, cursor, ITEMS_PER_PAGE_MAX))


@get("/wallets/sold", opt=NEEDS)
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
        N_("Ordered at"), N_("State"), N_("Currency"), N_("Amount"), N_("Paid at"), N_("Sent"), N_("Redeemed"), N_("Given back"),
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


class CardPage(msgspec.Struct, frozen=True, kw_only=True):
    """A card with those that were bought with it."""

    sale: Sale
    batch: Sequence[Sale]


async def card_page(read: Read, sale_id: UUID) -> CardPage:
    """Raises `NotFound`."""
    batch = await gifts.paid_with(read, sale_id)
    sale = next((each for each in batch if each.sale_id == sale_id), None)
    if sale is None:
        raise NotFound()
    return CardPage(sale=sale, batch=batch)


@get("/wallets/sold/{sale_id:uuid}", opt=NEEDS)
async def card(visit: NamedDependency[Visit], sale_id: FromPath[UUID]) -> Response[Any]:
    """One card that was bought, and its money given back."""
    return await _card(visit, sale_id)


async def _card(visit: Visit, sale_id: UUID, refusal: Refusal | None = None, typed: str = "") -> Response[Any]:
    found = await visit.db.ask(card_page, sale_id)
    errors = fields_of(refusal, visit.locale) if refusal else {}
    return await frame.show(
        visit,
        "gift_sale.html",
        frame.WALLETS,
        status=refusal.status if refusal else 200,
        crumbs=[
            (visit.say(N_("Wallets")), frame.WALLETS),
            (visit.say(N_("Sold in the shop")), SOLD),
            (found.sale.recipient or "–", None),
        ],
        found=found,
        sale=found.sale,
        states=STATES,
        own=f"{SOLD}/{sale_id}",
        sold=SOLD,
        typed=typed,
        errors=errors,
        refusal=visit.refused(refusal) if refusal and not errors else "",
    )


async def give_back(tx: Tx, actor: Actor, giver: Giver, sale_id: UUID, reason: str) -> None:
    """Raises `BeyondLimit`, too: a card is given back whole, by somebody who may give back so much alone."""
    before = await gifts.refund_by_staff(tx, sale_id, reason, actor.by)
    if before.refunded_at is None:
        await aftersales.check_alone(tx, giver, before.amount, before.currency)
        facts = {"amount": Money(before.amount, before.currency).decimal(), "reason": reason}
        await access.audit(tx, actor, "gift_cards.refund", str(sale_id), facts)


@post("/wallets/sold/{sale_id:uuid}/refund", opt=NEEDS)
async def refunded(
    visit: NamedDependency[Visit], request: WebRequest, sale_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Give a card's money back, whenever it was bought; said twice, once."""
    reason = (await entries_of(request)).text("reason")
    try:
        who = await giving.giver_for(visit.db, visit.actor, (NEEDS["permission"],))
        await visit.db.transact(give_back, visit.actor, who, sale_id, reason)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _card(visit, sale_id, refusal, reason)
    return redirect(visit, f"{SOLD}/{sale_id}", (visit.say(N_("The money is on its way back.")), "good"))


HANDLERS = [card, refunded, sold]
