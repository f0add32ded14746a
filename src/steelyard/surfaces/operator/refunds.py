"""Refunds: found and drawn over time; what failed, with its ways out. What waits for a second person is in `approving`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.money import payments, wallets
from steelyard.money.payments import BANK_NUMBER_CHARACTERS_MAX, PARTY_CHARACTERS_MAX, ByHand, HandMade
from steelyard.money.payments.model import BY_TRANSFER, Message, Refund, RefundRoute, RefundState, Step, is_purse
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import giving, refund_pages
from steelyard.surfaces.web.console import ROWS_PER_PAGE, SAVED, InState, address, done, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.refund_pages import Asked, Shown
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders

HERE = frame.REFUNDS
NEEDS = {"permission": "payments.read"}
WRITES = {"permission": "orders.manage"}
SHOPS_MAX = 50
# History that came from elsewhere.
ARCHIVE = "archive"


async def _shops(read: Read, found: Asked) -> Sequence[UUID] | None:
    """The shops that are asked for; none: all of them."""
    words = found.typed.get("shop", "")
    if not words:
        return None
    return [card.merchant_id for card in await merchants.sought(read, words, limit=SHOPS_MAX)]


async def _told_of(read: Read, page: Page[Refund]) -> Shown:
    return Shown(
        page=page,
        days=[],
        codes=await orders.codes_of_all(read, [each.order_id for each in page.items]),
        shops=await merchants.cards(read, {each.merchant_id for each in page.items}),
    )


async def listed(read: Read, found: Asked, cursor: str | None) -> Shown:
    of = await _shops(read, found)
    page = await payments.refunds_sought(read, refund_pages.sought(found, of), cursor=cursor, limit=ROWS_PER_PAGE)
    one = of[0] if of is not None and len(of) == 1 else None
    days = await payments.refunds_by_day(read, found.chart_since, found.chart_until, one)
    return msgspec.structs.replace(await _told_of(read, page), days=days)


async def everything(read: Read, found: Asked) -> Shown:
    rows = await refund_pages.every(read, refund_pages.sought(found, await _shops(read, found)))
    return await _told_of(read, Page(rows, None))


@get("/refunds", opt=NEEDS)
async def refund_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Refunds, the newest first, with a picture of them over time; as a file with `?format=csv`."""
    found = refund_pages.asked(visit, wanted)
    if refund_pages.exports.wanted(visit):
        shown = await visit.db.ask(everything, found)
        names = {key: card.name for key, card in shown.shops.items()}
        return refund_pages.as_file(visit, shown.page.items, shown.codes, names)
    shown = await visit.db.ask(listed, found, cursor)
    here = {**found.typed, "state": found.tab}
    return await frame.show(
        visit,
        "refunds.html",
        HERE,
        asked=found,
        found=shown,
        words=refund_pages,
        charts=refund_pages.charts(visit, shown.days, found),
        tabs=refund_pages.tabs_of(visit, HERE, found, address),
        channels=[*payments.channels(visit.settings), ARCHIVE, "balance", "points"],
        clear_href=address(HERE, state=found.tab),
        next_href=address(HERE, **here, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(HERE, **here) if cursor else "",
        here=HERE,
    )


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    refund: Refund
    steps: Sequence[Step]
    by_hand: Sequence[HandMade]
    told: Sequence[Message]
    code: str
    shop: ShopCard | None
    balance: bool

    @property
    def failed(self) -> bool:
        return self.refund.state is RefundState.FAILED

    @property
    def came_back(self) -> bool:
        """Whether it had arrived before it failed."""
        return self.failed and any(step.from_state == RefundState.SUCCEEDED for step in self.steps)

    @property
    def can_come_back(self) -> bool:
        """What staff transferred: nobody but they can say that it came back."""
        refund = self.refund
        by_transfer = refund.channel == BY_TRANSFER and refund.route is RefundRoute.ORIGIN
        return (by_transfer or refund.route is RefundRoute.BY_HAND) and refund.state is RefundState.SUCCEEDED


async def whole(read: Read, merchant_id: UUID, refund_id: UUID) -> Whole:
    """Raises `NotFound`."""
    refund = await payments.refund_of(read, refund_id)
    if refund is None or refund.merchant_id != merchant_id:
        raise NotFound()
    return Whole(
        refund=refund,
        steps=await payments.steps_of(read, merchant_id, refund_id),
        by_hand=await payments.transfers_of(read, refund_id),
        told=await payments.messages_about(read, [refund_id]),
        code=(await orders.codes_of_all(read, [refund.order_id])).get(refund.order_id, ""),
        shop=(await merchants.cards(read, {refund.merchant_id})).get(refund.merchant_id),
        balance=not is_purse(refund.channel) and await giving.balance_open(read, refund.buyer_id),
    )


@get("/refunds/{merchant_id:uuid}/{refund_id:uuid}", opt=NEEDS)
async def refund_page(
    visit: NamedDependency[Visit], merchant_id: FromPath[UUID], refund_id: FromPath[UUID]
) -> Response[Any]:
    """A refund with its history, and what can be done when it failed."""
    return await _page(visit, merchant_id, refund_id, Entries({}, {}))


async def _page(
    visit: Visit, merchant_id: UUID, refund_id: UUID, form: Entries, errors: Mapping[str, str] | None = None
) -> Response[Any]:
    found = await visit.db.ask(whole, merchant_id, refund_id)
    return await frame.show(
        visit,
        "refund.html",
        HERE,
        crumbs=[(visit.say(N_("Refunds")), HERE), (found.code or "–", None)],
        status=422 if errors else 200,
        found=found,
        refund=found.refund,
        words=refund_pages,
        typed={name: form.text(name) for name in ("bank_number", "party", "on_day", "why")},
        errors=errors or {},
        today=refund_pages.today(),
        here=f"{HERE}/{merchant_id}/{refund_id}",
    )


async def retry(tx: Tx, actor: Actor, merchant_id: UUID, refund_id: UUID, route: RefundRoute) -> None:
    if route is RefundRoute.BALANCE:
        refund = await payments.refund_of(tx, refund_id)
        if refund is None or not await giving.balance_open(tx, refund.buyer_id):
            raise wallets.SwitchedOff()
    await payments.send_again(tx, merchant_id, refund_id, actor.by, route)
    action = "refunds.to_balance" if route is RefundRoute.BALANCE else "refunds.retry"
    await access.audit(tx, actor, action, str(refund_id), merchant_id=merchant_id)


@post("/refunds/{merchant_id:uuid}/{refund_id:uuid}/retry", opt=WRITES)
async def retry_refund(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], refund_id: FromPath[UUID]
) -> Redirect:
    """Send a failed refund once more, under a new key at the channel."""
    back = local_path((await entries_of(request)).text("back"), HERE)
    return await done(
        visit,
        back,
        N_("The refund is sent once more."),
        lambda: visit.db.transact(retry, visit.actor, merchant_id, refund_id, RefundRoute.ORIGIN),
    )


@post("/refunds/{merchant_id:uuid}/{refund_id:uuid}/to-balance", opt=WRITES)
async def to_balance(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], refund_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """Put a failed refund into the buyer's balance, who has agreed to that."""
    form = await entries_of(request)
    if not form.flag("agreed"):
        wrong = visit.say(N_("The buyer has a right to the way they paid: please ask first."))
        return await _page(visit, merchant_id, refund_id, form, {"agreed": wrong})
    return await done(
        visit,
        f"{HERE}/{merchant_id}/{refund_id}",
        N_("It is in the buyer’s balance within seconds."),
        lambda: visit.db.transact(retry, visit.actor, merchant_id, refund_id, RefundRoute.BALANCE),
    )


async def transferred(tx: Tx, actor: Actor, merchant_id: UUID, refund_id: UUID, line: ByHand) -> None:
    made = await payments.made_by_hand(tx, merchant_id, refund_id, line, actor.by)
    facts = {"bank_number": line.bank_number, "amount": made.amount, "currency": made.currency, "party": line.party}
    await access.audit(tx, actor, "refunds.by_hand", str(refund_id), facts, merchant_id=merchant_id)


@post("/refunds/{merchant_id:uuid}/{refund_id:uuid}/by-hand", opt=WRITES)
async def by_hand(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], refund_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """A failed refund was transferred from the bank account, under this number, which is used once."""
    form = await entries_of(request)
    try:
        number = form.text("bank_number", required=True, most=BANK_NUMBER_CHARACTERS_MAX)
        party = form.text("party", required=True, most=PARTY_CHARACTERS_MAX)
        form.check()
        line = ByHand(bank_number=number, party=party, on_day=refund_pages.chosen_day(form, "on_day"))
        await visit.db.transact(transferred, visit.actor, merchant_id, refund_id, line)
    except Invalid as refusal:
        return await _page(visit, merchant_id, refund_id, form, errors_of(visit, refusal.fields))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(visit, merchant_id, refund_id, form, {"bank_number": visit.refused(refusal)})
    return redirect(visit, f"{HERE}/{merchant_id}/{refund_id}", (visit.say(SAVED), "good"))


async def returned(tx: Tx, actor: Actor, merchant_id: UUID, refund_id: UUID, why: str) -> None:
    found = await whole(tx, merchant_id, refund_id)
    if not found.can_come_back:
        raise payments.NotByHand(state=found.refund.state)
    await payments.came_back(tx, merchant_id, refund_id, why, actor.by)
    await access.audit(tx, actor, "refunds.came_back", str(refund_id), {"why": why}, merchant_id=merchant_id)


@post("/refunds/{merchant_id:uuid}/{refund_id:uuid}/came-back", opt=WRITES)
async def came_back(
    visit: NamedDependency[Visit], request: WebRequest, merchant_id: FromPath[UUID], refund_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    """What staff transferred came back from the buyer's bank: it is owed again."""
    form = await entries_of(request)
    why = form.text("why", required=True, most=PARTY_CHARACTERS_MAX)
    if form.errors:
        return await _page(visit, merchant_id, refund_id, form, errors_of(visit, form.errors))
    return await done(
        visit,
        f"{HERE}/{merchant_id}/{refund_id}",
        N_("It is owed again, and stands among those that failed."),
        lambda: visit.db.transact(returned, visit.actor, merchant_id, refund_id, why),
    )


HANDLERS = [refund_list, refund_page, retry_refund, to_balance, by_hand, came_back]
