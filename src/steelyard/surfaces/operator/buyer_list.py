"""Buyers as the operator's staff sees them: their data masked until somebody reveals it, which is written down."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.money import wallets
from steelyard.money.wallets import PurseAmount
from steelyard.operations import lifecycle
from steelyard.operations.lifecycle import MARKETPLACE
from steelyard.parties import access, customers, policies
from steelyard.parties.access.model import Actor, BuyersLogin
from steelyard.parties.customers.model import Buyer, BuyerId, SavedAddress
from steelyard.parties.policies.model import WALLETS
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address, done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.masking import masked, masked_email, masked_phone
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders
from steelyard.trade.orders.model import Purchase

READS = {"permission": "buyers.read"}
MANAGES = {"permission": "buyers.manage"}
REVEALS = {"permission": "buyers.reveal"}
RECENT = 20


@get("/buyers", opt=READS)
async def buyer_list(
    visit: NamedDependency[Visit], q: FromQuery[str] = "", cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """The newest first; `?q=` finds by whole e-mail address, telephone number or name."""
    asked = q.strip()
    if exports.wanted(visit):
        return _as_file(visit, await visit.db.ask(_every, asked))
    found: Page[Buyer] = await visit.db.ask(customers.sought, asked, cursor, ROWS_PER_PAGE)
    return await frame.show(
        visit,
        "buyers.html",
        frame.BUYERS,
        found=found,
        q=asked,
        base=frame.BUYERS,
        masked=masked,
        masked_email=masked_email,
        masked_phone=masked_phone,
        next_href=address(frame.BUYERS, q=asked, cursor=found.next) if found.next else "",
        start_href=address(frame.BUYERS, q=asked) if cursor else "",
    )


async def _every(read: Read, asked: str) -> Sequence[Buyer]:
    return await exports.everything(lambda cursor: customers.sought(read, asked, cursor, ITEMS_PER_PAGE_MAX))


def _as_file(visit: Visit, found: Sequence[Buyer]) -> Response[bytes]:
    """Masked as on the page: a file goes further than a page does."""
    words = (N_("Number"), N_("Name"), N_("E-mail address"), N_("Telephone"), N_("Guest"), N_("Since"))
    rows = [
        (
            str(buyer.buyer_id),
            masked(buyer.name),
            masked_email(buyer.email),
            masked_phone(buyer.phone),
            buyer.guest,
            buyer.created_at,
        )
        for buyer in found
    ]
    return exports.csv_answer(visit, visit.say(N_("Buyers")), [visit.say(word) for word in words], rows)


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """`known`: as a customer they have done something, so that there is a page of it."""

    buyer: Buyer
    addresses: Sequence[SavedAddress]
    login: BuyersLogin | None
    purchases: list[Purchase]
    purses: list[PurseAmount]
    credit: bool
    known: bool


async def whole(read: Read, buyer_id: BuyerId) -> Whole:
    """Raises `NotFound`."""
    buyer = await customers.get(read, buyer_id)
    if buyer is None:
        raise NotFound()
    owners = [buyer_id, *await customers.visitors_of(read, buyer_id)]
    return Whole(
        buyer=buyer,
        addresses=await customers.addresses(read, buyer_id),
        login=await access.login_of_buyer(read, buyer_id),
        purchases=(await orders.purchases_of_buyer(read, owners, limit=RECENT)).items,
        purses=await wallets.amounts(read, buyer_id),
        credit=bool(await policies.number(read, WALLETS)),
        known=bool(await lifecycle.facts_of(read, MARKETPLACE, [buyer_id])),
    )


async def _page(visit: Visit, buyer_id: UUID, *, revealed: bool) -> Response[Any]:
    found = await visit.db.ask(whole, BuyerId(buyer_id))
    name = found.buyer.name if revealed else masked(found.buyer.name)
    return await frame.show(
        visit,
        "buyer.html",
        frame.BUYERS,
        crumbs=[(visit.say(N_("Buyers")), frame.BUYERS), (name or str(buyer_id)[:8], None)],
        found=found,
        revealed=revealed,
        name=name,
        masked=masked,
        masked_email=masked_email,
        masked_phone=masked_phone,
        own=f"{frame.BUYERS}/{buyer_id}",
        credit_id=ids.mint(),
    )


@get("/buyers/{buyer_id:uuid}", opt=READS)
async def buyer_page(visit: NamedDependency[Visit], buyer_id: FromPath[UUID]) -> Response[Any]:
    return await _page(visit, buyer_id, revealed=False)


async def note_reveal(tx: Tx, actor: Actor, buyer_id: BuyerId) -> None:
    if await customers.get(tx, buyer_id) is None:
        raise NotFound()
    await access.audit(tx, actor, "buyers.reveal", str(buyer_id))


@post("/buyers/{buyer_id:uuid}/reveal", opt=REVEALS)
async def reveal(visit: NamedDependency[Visit], buyer_id: FromPath[UUID]) -> Response[Any]:
    """The same page with the data in full, once; who looked is in the audit log."""
    await visit.db.transact(note_reveal, visit.actor, BuyerId(buyer_id))
    return await _page(visit, buyer_id, revealed=True)


@post("/buyers/{buyer_id:uuid}/block", opt=MANAGES)
async def block(visit: NamedDependency[Visit], request: WebRequest, buyer_id: FromPath[UUID]) -> Redirect:
    form = await entries_of(request)
    reason = form.text("reason", required=True, most=200)

    async def command() -> None:
        form.check()
        await visit.db.transact(access.block_buyer, visit.actor, buyer_id, reason)

    message = N_("The buyer is signed out everywhere and cannot sign in any more.")
    return await done(visit, f"{frame.BUYERS}/{buyer_id}", message, command)


@post("/buyers/{buyer_id:uuid}/unblock", opt=MANAGES)
async def unblock(visit: NamedDependency[Visit], buyer_id: FromPath[UUID]) -> Redirect:
    message = N_("The buyer may sign in again.")
    return await done(
        visit,
        f"{frame.BUYERS}/{buyer_id}",
        message,
        lambda: visit.db.transact(access.unblock_buyer, visit.actor, buyer_id),
    )


@post("/buyers/{buyer_id:uuid}/end-sessions", opt=MANAGES)
async def end_sessions(visit: NamedDependency[Visit], buyer_id: FromPath[UUID]) -> Redirect:
    message = N_("The account is signed out everywhere.")
    return await done(
        visit,
        f"{frame.BUYERS}/{buyer_id}",
        message,
        lambda: visit.db.transact(access.end_sessions_of_buyer, visit.actor, buyer_id),
    )


HANDLERS = [buyer_list, buyer_page, reveal, block, unblock, end_sessions]
