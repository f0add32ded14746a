"""Collecting a purchase's money: write the intent, call the channel with no transaction open, apply what it answered.

Whatever a channel says, now, late, twice or by webhook, comes through `apply_payment`: it is there that a captured payment
makes a purchase paid, in one transaction, or is given back because nobody waits for it any more.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
import structlog

from steelyard.kernel import ids
from steelyard.kernel.batching import join
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.settings import Settings
from steelyard.money import gifts, payments
from steelyard.money.payments import Channel, Device, Terms
from steelyard.money.payments.model import (
    ChannelAnswer,
    DisputeNews,
    Instruction,
    News,
    OtherNews,
    Outcome,
    Payment,
    PaymentId,
    PaymentNews,
    PaymentState,
    Recording,
    RefundNews,
    Sought,
    Split,
    Unknown,
)
from steelyard.trade import groups, orders
from steelyard.trade.checkout import authorising, presales, ways
from steelyard.trade.checkout.retendering import give_back_purses, pays_what_is_due
from steelyard.trade.checkout.service import complete, lock_of_purchases
from steelyard.trade.orders.model import Booking, NotPayable, Purchase, PurchaseId, PurchaseState

log = structlog.get_logger()

# What makes a purchase paid: its money has come, or is kept back for it.
PAYS = ("captured", "authorised")


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """How far a try to pay has come; `captured` where its money has come or is kept back for us. `continue_url` is where the
    payer can go on (cashier, 3-D step).

    `action_url` is there when the channel waits for the payer (3-D step), and not for anything of its own.
    """

    state: Literal["captured", "pending", "declined", "unknown", "nothing_to_pay"]
    payment_id: PaymentId | None = None
    continue_url: str | None = None
    action_url: str | None = None
    failure: str | None = None


class Payer(msgspec.Struct, frozen=True, kw_only=True):
    """Where the buyer's page is shown, the network address that it is asked for from, and who the buyer is to the app that
    shows it, if it has told us. `months`: in how many they pay it to the channel, 0 for at once."""

    device: Device = Device.DESK
    address: str = ""
    name: str = ""
    months: int = 0


HERE = Payer()


async def collect(
    db: Database,
    settings: Settings,
    purchase_id: PurchaseId,
    *,
    channel: str,
    return_url: str,
    token: str | None = None,
    payment_id: PaymentId | None = None,
    payer: Payer = HERE,
    anew: bool = False,
) -> Collection:
    """Pay a purchase through a channel: at its cashier, on our own page, or at once with a token the buyer has given.

    A second click goes on with the payment of the first, unless it is to be begun `anew`. Raises `NotFound`, `NotPayable`,
    `UnknownChannel`. An outcome that stays unknown is asked for by a sweep until it is known.
    """
    gateway = payments.channel(settings, channel)
    begun = await db.transact(
        begin,
        purchase_id,
        channel=channel,
        return_url=return_url,
        token=token,
        payment_id=payment_id,
        payer=payer,
        wait=timedelta(hours=gateway.terms.wait_hours),
        anew=anew,
        channels=payments.channels(settings),
    )
    if isinstance(begun, Collection):
        return begun
    answer = await gateway.collect(begun, payments.webhook_url(settings, channel))
    await payments.note(db, channel, answer)
    if isinstance(answer, Unknown):
        log.warning("payment.unknown", payment_id=str(begun.payment_id), why=answer.why)
        return Collection(state="unknown", payment_id=begun.payment_id)
    recording = Recording(payment_id=begun.payment_id, answer=answer, by="channel")
    outcome = await join(db, apply_payments, recording, lambda recording: recording.payment_id)
    return _state_of(outcome.payment, answer.action_url)


async def begin(
    tx: Tx,
    purchase_id: PurchaseId,
    *,
    channel: str,
    return_url: str,
    token: str | None,
    payment_id: PaymentId | None,
    payer: Payer = HERE,
    wait: timedelta = timedelta(),
    anew: bool = False,
    channels: Mapping[str, Channel] | None = None,
) -> Instruction | Collection:
    """The intent to pay, written down; or how far an earlier try has come, when this is its second click.

    A purchase waits at least `wait` from when it was placed, however often it is tried anew. A try that the channel has not
    answered yet is asked for once more under its own id, which collects it once: while it may still be captured, no second
    one is begun beside it. Of these `channels` only one that is offered for it is begun with, whoever asks: raises
    `UnknownChannel`.
    """
    purchase = await orders.lock_purchase(tx, purchase_id)
    tries = [each for each in await payments.of_purchase(tx, purchase_id) if not payments.is_purse(each.channel)]
    if payment_id is not None:
        same = next((earlier for earlier in tries if earlier.payment_id == payment_id), None)
        if same is not None and same.state is not PaymentState.INSTRUCTED:
            return _state_of(same)
        if same is None and await payments.get(tx, payment_id) is not None:
            raise NotFound()  # the id is another purchase's
    if purchase.state is PurchaseState.PAID:
        return Collection(state="nothing_to_pay")
    if purchase.state is not PurchaseState.PLACED or purchase.pay_by <= datetime.now(UTC):
        raise NotPayable(state=str(PurchaseState.CANCELLED))
    booking = await presales.part_due(tx, purchase) if purchase.deposit else None
    for earlier in tries if booking is None else booking.of_this_part(tries):
        if earlier.channel != channel:
            continue
        if earlier.state is PaymentState.INSTRUCTED:
            again = await _instruction(tx, purchase, booking, channel, return_url, token, earlier.payment_id, payer)
            return msgspec.structs.replace(again, later=earlier.later, instalments=earlier.instalments)
        waits = earlier.state is PaymentState.PENDING and token is None and not anew
        if waits and earlier.instalments == payer.months and ways.goes_on(earlier, payer.device):
            return _state_of(earlier)
    if wait and booking is None and purchase.team_id is None:
        purchase = await orders.wait_for_payment(tx, purchase, purchase.placed_at + wait)
    terms = channels[channel].terms if channels else None
    instruction = await _instruction(tx, purchase, booking, channel, return_url, token, payment_id, payer, terms)
    if channels is not None:
        shops = [split.merchant_id for split in instruction.splits]
        paid = await ways.of_purchase(tx, purchase, booking, shops, instruction.amount)
        wanted = msgspec.structs.replace(paid, device=payer.device)
        ways.require_offered(channels, await payments.standing(tx), channel, wanted, payer.months)
    await payments.instruct(tx, instruction)
    return instruction


async def _instruction(
    tx: Tx,
    purchase: Purchase,
    booking: Booking | None,
    channel: str,
    return_url: str,
    token: str | None,
    payment_id: PaymentId | None,
    payer: Payer,
    terms: Terms | None = None,
) -> Instruction:
    parts = await orders.orders_of_purchase(tx, purchase.purchase_id)
    kept = await payments.kept_of(tx, purchase.purchase_id) if purchase.tendered else {}
    due = purchase.total - purchase.tendered
    if booking is not None:  # one order, of which what is not due now counts as kept
        due = booking.due(datetime.now(UTC)) or due
        kept = {part.order_id: part.total - due for part in parts}
    return Instruction(
        payment_id=payment_id or PaymentId(ids.mint()),
        purchase_id=purchase.purchase_id,
        buyer_id=purchase.buyer_id,
        channel=channel,
        amount=due,
        currency=purchase.currency,
        splits=[
            Split(merchant_id=part.merchant_id, order_id=part.order_id, amount=part.total - kept.get(part.order_id, 0))
            for part in parts
        ],
        expires_at=purchase.pay_by,
        return_url=return_url,
        token=token,
        description=purchase.code,
        device=payer.device,
        payer_address=payer.address,
        payer=payer.name,
        instalments=payer.months,
        seller_millionths=0 if terms is None else terms.seller_millionths(payer.months),
        later=terms is not None and await authorising.later(tx, purchase, booking, parts, terms, payer.months),
    )


def _state_of(payment: Payment, action_url: str | None = None) -> Collection:
    match payment.state:
        case PaymentState.CAPTURED | PaymentState.AUTHORISED:
            return Collection(state="captured", payment_id=payment.payment_id)
        case PaymentState.DECLINED | PaymentState.CANCELLED:
            return Collection(state="declined", payment_id=payment.payment_id, failure=payment.failure)
        case PaymentState.PENDING:
            continue_url = action_url or payment.cashier_url
            return Collection(
                state="pending", payment_id=payment.payment_id, continue_url=continue_url, action_url=action_url
            )
        case PaymentState.INSTRUCTED:
            return Collection(state="unknown", payment_id=payment.payment_id)


async def apply_payment(tx: Tx, payment_id: UUID, answer: ChannelAnswer, by: str) -> Outcome:
    """Write down what a channel says of a payment, and what follows from it for the purchase. Raises `NotFound`.

    Captured, or authorised: the purchase is paid and its orders go to the warehouses, or wait for their team. Captured when the
    purchase is cancelled or paid already: the money is on its way back (f7). Everything else waits for the buyer's next try or
    the sweep.
    """
    (outcome,) = await apply_payments(tx, [Recording(payment_id=payment_id, answer=answer, by=by)])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def apply_payments(tx: Tx, recordings: Sequence[Recording]) -> list[Outcome | Refusal]:
    """`apply_payment` for many at once, each payment named once; those that are not there have `NotFound` for an answer.

    Of two payments that are captured for the same purchase, the first pays it and the second is given back.
    """
    known = await payments.get_all(tx, [recording.payment_id for recording in recordings])
    purchase_ids = sorted({PurchaseId(payment.purchase_id) for payment in known.values()})
    # The checkouts and the purchases first, as everybody locks them: paying, changing and cancelling wait for each other
    # here, before any money is touched.
    await lock_of_purchases(tx, purchase_ids)
    purchases = {purchase.purchase_id: purchase for purchase in await orders.lock_purchases(tx, purchase_ids)}
    there = [recording for recording in recordings if recording.payment_id in known]
    ours = [each for each in there if known[PaymentId(each.payment_id)].purchase_id in purchases]
    outcomes: dict[UUID, Outcome] = {}
    if len(ours) < len(there):  # what pays for no purchase pays for a gift card
        others = [each for each in there if known[PaymentId(each.payment_id)].purchase_id not in purchases]
        outcomes |= _by_payment(others, await gifts.apply(tx, others, known))
    if ours:
        outcomes |= _by_payment(ours, await payments.record_all(tx, ours))
    captured = [recording for recording in ours if outcomes[recording.payment_id].became in PAYS]
    await _settle(tx, captured, known, purchases)
    failed = {
        known[PaymentId(each.payment_id)].purchase_id for each in ours if outcomes[each.payment_id].became == "declined"
    }
    for purchase_id in sorted(each for each in failed if purchases[PurchaseId(each)].tendered):
        await give_back_purses(tx, PurchaseId(purchase_id))
    return [outcomes.get(recording.payment_id, NotFound()) for recording in recordings]


def _by_payment(recordings: Sequence[Recording], outcomes: Sequence[Outcome]) -> dict[UUID, Outcome]:
    return dict(zip((recording.payment_id for recording in recordings), outcomes, strict=True))


async def _settle(
    tx: Tx,
    captured: Sequence[Recording],
    known: Mapping[PaymentId, Payment],
    purchases: Mapping[PurchaseId, Purchase],
) -> None:
    """What follows from money that has come, for locked purchases."""
    paid: dict[PurchaseId, str] = {}
    parts = await _parts(tx, [known[PaymentId(recording.payment_id)] for recording in captured], purchases)
    for recording in captured:
        payment = known[PaymentId(recording.payment_id)]
        purchase = purchases[PurchaseId(payment.purchase_id)]
        booking = parts.get(purchase.purchase_id)
        if booking is not None and booking.waits_for_deposit and purchase.state is PurchaseState.PLACED:
            parts[purchase.purchase_id] = await orders.keep_deposit(tx, purchase, booking, payment.payment_id)
        elif await _pays(tx, purchase, booking, payment) and purchase.purchase_id not in paid:
            paid[purchase.purchase_id] = recording.by
        else:  # rare: nobody pays late or twice in crowds
            reason = "paid_late" if purchase.state is PurchaseState.CANCELLED else "paid_twice"
            await payments.refund_surplus(tx, recording.payment_id, reason)
    for by in sorted(set(paid.values())):
        mine = [purchase_id for purchase_id in sorted(paid) if paid[purchase_id] == by]
        await orders.mark_paid(tx, [purchases[purchase_id] for purchase_id in mine], by)
        if joined := [purchase_id for purchase_id in mine if purchases[purchase_id].team_id is not None]:
            await groups.pay(tx, joined)
        if kept := [purchase_id for purchase_id in mine if purchases[purchase_id].tendered]:
            await payments.take(tx, kept)
        if whole := [parts[purchase_id] for purchase_id in mine if purchase_id in parts]:
            await orders.use_deposits(tx, whole)
        await complete(tx, mine)


async def _parts(
    tx: Tx, captured: Sequence[Payment], purchases: Mapping[PurchaseId, Purchase]
) -> dict[PurchaseId, Booking]:
    """What these payments' purchases are of presales, where they are paid in two parts; nothing is asked for any other."""
    ids_of = {PurchaseId(payment.purchase_id) for payment in captured}
    wanted = sorted(purchase_id for purchase_id in ids_of if purchases[purchase_id].deposit)
    return await orders.lock_bookings(tx, wanted) if wanted else {}


async def _pays(read: Read, purchase: Purchase, booking: Booking | None, payment: Payment) -> bool:
    """Whether this payment is what a purchase waits for."""
    if purchase.state is not PurchaseState.PLACED:
        return False
    if booking is None:
        return await pays_what_is_due(read, purchase, payment)
    return booking.called_off_at is None and booking.is_balance(payment)


async def apply_news(tx: Tx, channel: str, news: News) -> None:
    """Apply a verified webhook and note that it was, in the same transaction. The second copy changes nothing.

    A channel's signature speaks for what was asked of that channel, and for nothing else: of another's payment or refund
    it has nothing to tell. Raises `NotFound`.
    """
    match news:
        case PaymentNews():
            payment = await payments.get(tx, news.payment_id)
            if payment is None or payment.channel != channel:
                raise NotFound(payment_id=news.payment_id)
            await apply_payment(tx, news.payment_id, news.answer, "channel")
        case RefundNews():
            refund = await payments.refund_of(tx, news.refund_id)
            if refund is None or refund.channel != channel:
                raise NotFound(refund_id=news.refund_id)
            await payments.record_refund(tx, news.refund_id, news.attempt, news.answer, "channel")
        case DisputeNews():
            await payments.tell_of_dispute(tx, channel, news.reference)
        case OtherNews():
            pass
    await payments.applied(tx, channel, news.event_id)


async def receive_webhook(
    db: Database, settings: Settings, channel: str, headers: Mapping[str, str], body: bytes, now: float
) -> None:
    """Verify a channel's message, store it, apply it. Raises `BadWebhook`, `UnknownChannel`.

    What cannot be applied is kept with the reason, and its outcome is found by asking: the channel gets its thanks.
    """
    gateway = payments.channel(settings, channel)
    news = gateway.read_webhook(headers, body, now)
    if not await db.transact(payments.receive, channel, news.event_id, gateway.unpack(body), news.document):
        return
    try:
        await db.transact(apply_news, channel, news)
    except NotFound:
        await db.transact(payments.not_applied, channel, news.event_id, "there is no such payment or refund here")


async def ask_about(
    db: Database, settings: Settings, sought: Sought, *, overdue: bool = False, lost: bool = False
) -> None:
    """Ask a channel how far a payment is and apply the answer; one that neither side knows is given up when it is `lost`
    or `overdue` (see `DueQuery`).

    Whoever was to ask for a lost one has died, or stands still and may go on at any moment. So the channel is told first
    not to take it any more: then the buyer can try again soon, and is never charged twice. It is told the same of one that
    still waits for its payer when its time is over.
    """
    offered = payments.channels(settings).get(sought.channel)
    if offered is None:
        log.warning("payment.channel_missing", payment_id=str(sought.payment_id), channel=sought.channel)
        return
    answer = await offered.query(sought)
    await payments.note(db, sought.channel, answer)
    unheard_of = answer is None
    if (unheard_of and lost) or (
        overdue and isinstance(answer, ChannelAnswer) and answer.state is PaymentState.PENDING
    ):
        answer = await offered.cancel(sought)
    if isinstance(answer, ChannelAnswer):
        await db.transact(apply_payment, sought.payment_id, answer, "channel")
    elif (answer is None and lost) or (unheard_of and overdue):
        await db.transact(payments.give_up, sought.payment_id, "system")
    elif isinstance(answer, Unknown):
        log.warning("payment.unknown", payment_id=str(sought.payment_id), why=answer.why)
