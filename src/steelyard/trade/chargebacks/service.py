"""Commands: a chargeback is opened, moved on, shared out, ended.

Locks: orders, the chargeback, its parts, the payment's splits, ledger accounts.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import codes, events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import DisputeStanding, PaymentSplit
from steelyard.money.payments.model import Payment, PaymentId, PaymentState, cash_of
from steelyard.trade import orders, risk
from steelyard.trade.chargebacks import states
from steelyard.trade.chargebacks.booking import charged_back, fee_charged, returned
from steelyard.trade.chargebacks.ending import lose, recover
from steelyard.trade.chargebacks.events import ChargebackEnded, ChargebackOpened
from steelyard.trade.chargebacks.holding import call_off_lost, release, withhold
from steelyard.trade.chargebacks.model import (
    CODE_PREFIX,
    GONE,
    MACHINE,
    TAKEN,
    Chargeback,
    ChargebackId,
    ChargebackState,
    News,
    NotOfThisPayment,
    NotOpen,
    Part,
    SharesDoNotFit,
    shop_due,
    total,
)
from steelyard.trade.chargebacks.queries import parts_of
from steelyard.trade.chargebacks.sharing import (
    WITH_MONEY,
    drop_parts,
    freeze,
    frozen_event,
    proposal,
    thaw,
    write_parts,
)
from steelyard.trade.orders.model import Order, OrderState, PurchaseId


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A locked chargeback with its locked orders and parts."""

    chargeback: Chargeback
    parts: Sequence[Part]
    orders: Mapping[UUID, Order]


async def record(tx: Tx, news: News, by: str, now: datetime | None = None) -> ChargebackId:
    """Write down what a channel or a bank says of a chargeback; the first word of it opens it. Twice, late and out of order are
    fine: what is over stays over, but that what was lost may come back.

    Raises `NotFound` where there is no such payment, `NotOfThisPayment`.
    """
    now = now or datetime.now(UTC)
    payment = await payments.get(tx, PaymentId(news.payment_id))
    if payment is None:
        raise NotFound(payment_id=news.payment_id)
    _check(news, payment)
    of = await _lock_orders(tx, payment)
    chargeback_id = ChargebackId(payments.chargeback_document(payment.payment_id, news.channel, news.reference))
    if await _claim(tx, chargeback_id, payment, news, by, now):
        await payments.name_dispute(tx, news.channel, news.reference, chargeback_id)
        await _begin(tx, chargeback_id, of, news, by)
    held = await _hold(tx, chargeback_id, of)
    held = await _note(tx, held, news, now)
    await _follow(tx, held, news, by, now)
    return chargeback_id


def _check(news: News, payment: Payment) -> None:
    # What came by bank transfer, at the door or out of a purse, no channel has to take back.
    ours = payment.channel == payments.AT_THE_DOOR or cash_of(payment.channel) is not AccountKind.CHANNEL_CASH
    fits = payment.state is PaymentState.CAPTURED and not ours
    if not fits or news.currency != payment.currency or not 0 < news.amount <= payment.amount:
        raise NotOfThisPayment(amount=payment.amount, currency=payment.currency)


async def _lock_orders(tx: Tx, payment: Payment) -> dict[UUID, Order]:
    found = sorted(
        await orders.orders_of_purchase(tx, PurchaseId(payment.purchase_id)), key=lambda o: (o.merchant_id, o.order_id)
    )
    if not found:  # a gift card's: there is no order to take it back from
        raise NotOfThisPayment(amount=payment.amount, currency=payment.currency)
    return {each.order_id: await orders.lock_order(tx, each.merchant_id, each.order_id) for each in found}


async def _claim(tx: Tx, chargeback_id: ChargebackId, payment: Payment, news: News, by: str, now: datetime) -> bool:
    asked = news.standing in (DisputeStanding.INQUIRY, DisputeStanding.CLOSED)
    return bool(
        await tx.execute(
            """
            INSERT INTO chargebacks (buyer_id, chargeback_id, code, payment_id, purchase_id, channel, reference, amount, currency
              , reason, state, opened_by, note, due_at, shop_due_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (buyer_id, chargeback_id) DO NOTHING
            """,
            payment.buyer_id,
            chargeback_id,
            codes.mint(CODE_PREFIX),
            payment.payment_id,
            payment.purchase_id,
            news.channel,
            news.reference,
            news.amount,
            news.currency,
            news.reason,
            ChargebackState.INQUIRY if asked else ChargebackState.EVIDENCE_DUE,
            by,
            news.note,
            news.due_at,
            shop_due(news.due_at, now),
        )
    )


async def _begin(tx: Tx, chargeback_id: ChargebackId, of: Mapping[UUID, Order], news: News, by: str) -> None:
    chargeback = await states.lock(tx, chargeback_id)
    await states.write_step(tx, chargeback, "nowhere", chargeback.state, by)
    splits = await payments.lock_captured(tx, chargeback.payment_id)
    shares = proposal(chargeback.amount, splits, of)
    await write_parts(tx, chargeback, shares, of)
    if chargeback.state in TAKEN:
        await _take(tx, chargeback, splits, shares, of, by)
    await risk.note_chargeback(tx, [*shares])
    await _tell_opened(tx, chargeback, shares, of)


async def _take(
    tx: Tx,
    chargeback: Chargeback,
    splits: Sequence[PaymentSplit],
    shares: Mapping[UUID, int],
    of: Mapping[UUID, Order],
    by: str,
) -> None:
    """The channel has taken the money: what is left of the orders is not refunded meanwhile, what of it the shops are owed
    already is not paid out, and what is not sent yet is held."""
    await withhold(tx, [*shares], by)
    await payments.set_disputed(tx, splits, shares)
    await tx.execute(
        "UPDATE chargebacks SET excess = $3 WHERE buyer_id = $1 AND chargeback_id = $2",
        chargeback.buyer_id,
        chargeback.chargeback_id,
        chargeback.amount - sum(shares.values()),
    )
    await ledger.post(tx, [charged_back(chargeback)])
    released = [order_id for order_id in shares if of[order_id].state is OrderState.COMPLETED]
    for part in await freeze(tx, released, chargeback.chargeback_id):
        await events.publish(tx, frozen_event(part))


async def _tell_opened(tx: Tx, chargeback: Chargeback, shares: Mapping[UUID, int], of: Mapping[UUID, Order]) -> None:
    await events.publish(
        tx,
        *(
            ChargebackOpened(
                merchant_id=of[order_id].merchant_id,
                chargeback_id=chargeback.chargeback_id,
                order_id=order_id,
                buyer_id=chargeback.buyer_id,
                amount=amount,
                currency=chargeback.currency,
                inquiry=chargeback.state is ChargebackState.INQUIRY,
                shop_due_at=chargeback.shop_due_at,
            )
            for order_id, amount in shares.items()
        ),
    )


async def hold(tx: Tx, chargeback_id: ChargebackId) -> Held:
    """A chargeback with its orders, held until the transaction ends. Raises `NotFound`."""
    payment_id = await tx.value("SELECT payment_id FROM chargebacks WHERE chargeback_id = $1", chargeback_id)
    payment = None if payment_id is None else await payments.get(tx, PaymentId(payment_id))
    if payment is None:
        raise NotFound()
    return await _hold(tx, chargeback_id, await _lock_orders(tx, payment))


async def _hold(tx: Tx, chargeback_id: ChargebackId, of: Mapping[UUID, Order]) -> Held:
    chargeback = await states.lock(tx, chargeback_id)
    return Held(chargeback=chargeback, parts=await parts_of(tx, [chargeback_id]), orders=of)


async def _note(tx: Tx, held: Held, news: News, now: datetime) -> Held:
    """The day until which, and the fee, as they are told now. A fee is booked once it is known, and comes back when it does."""
    known = held.chargeback
    fee = news.fee if known.open or news.standing is DisputeStanding.WON else known.fee
    transfer = await fee_charged(tx, known, fee)
    if transfer is not None:
        await ledger.post(tx, [transfer])
    due = news.due_at if known.open and news.due_at else known.due_at
    until = known.shop_due_at if due == known.due_at else shop_due(due, now)
    await tx.execute(
        """
        UPDATE chargebacks SET fee = $3, due_at = $4, shop_due_at = $5 WHERE buyer_id = $1 AND chargeback_id = $2
        """,
        known.buyer_id,
        known.chargeback_id,
        fee,
        due,
        until,
    )
    await tx.execute(
        "UPDATE chargeback_parts SET shop_due_at = $2 WHERE chargeback_id = $1 AND shop_due_at IS DISTINCT FROM $2",
        known.chargeback_id,
        until,
    )
    noted = msgspec.structs.replace(known, fee=fee, due_at=due, shop_due_at=until)
    return msgspec.structs.replace(held, chargeback=noted)


async def _follow(tx: Tx, held: Held, news: News, by: str, now: datetime) -> None:
    """Go where the channel says that it is, as far as that follows from where we are."""
    wanted = news.standing
    if held.chargeback.state is ChargebackState.INQUIRY and wanted not in (
        DisputeStanding.INQUIRY,
        DisputeStanding.CLOSED,
    ):
        held = await _escalate(tx, held, by)
    state = held.chargeback.state
    if wanted is DisputeStanding.CLOSED and state is ChargebackState.INQUIRY:
        await end(tx, held, ChargebackState.CLOSED, by)
    elif wanted is DisputeStanding.ANSWERED and MACHINE.allows(state, ChargebackState.SUBMITTED):
        await states.move(tx, held.chargeback, ChargebackState.SUBMITTED, by)
    elif wanted is DisputeStanding.WON and state in GONE:
        await end(tx, held, ChargebackState.RECOVERED, by)
    elif wanted is DisputeStanding.WON and MACHINE.allows(state, ChargebackState.WON):
        await end(tx, held, ChargebackState.WON, by)
    elif wanted is DisputeStanding.LOST and MACHINE.allows(state, ChargebackState.LOST):
        await end(tx, held, ChargebackState.LOST, by)


async def _escalate(tx: Tx, held: Held, by: str) -> Held:
    """What was asked about is taken now: shared out anew, over what is left by now."""
    chargeback = await states.move(tx, held.chargeback, ChargebackState.EVIDENCE_DUE, by)
    splits = await payments.lock_captured(tx, chargeback.payment_id)
    shares = proposal(chargeback.amount, splits, held.orders)
    await drop_parts(tx, held.chargeback, held.parts, shares)
    await write_parts(tx, chargeback, shares, held.orders, next_round(held.parts))
    await _take(tx, chargeback, splits, shares, held.orders, by)
    await _tell_opened(tx, chargeback, shares, held.orders)
    chargeback = await states.lock(tx, chargeback.chargeback_id)  # with its excess
    return msgspec.structs.replace(held, chargeback=chargeback, parts=await parts_of(tx, [chargeback.chargeback_id]))


def next_round(parts: Sequence[Part]) -> int:
    return max((part.round for part in parts), default=0) + 1


async def share_out(tx: Tx, chargeback_id: ChargebackId, shares: Mapping[UUID, int], by: str) -> None:
    """Say which orders a chargeback of several is of: amounts by order, which together are what it is of now. Staff know from the
    bank's letter what the programme cannot.

    Raises `NotFound`, `NotOpen`, `SharesDoNotFit`.
    """
    held = await hold(tx, chargeback_id)
    known = held.chargeback
    if known.state not in (ChargebackState.INQUIRY, ChargebackState.EVIDENCE_DUE):
        raise NotOpen()
    wanted = {order_id: amount for order_id, amount in shares.items() if amount}
    if wanted == {part.order_id: part.amount for part in held.parts}:
        return
    taken = known.state in TAKEN
    if taken:
        await thaw(tx, known, held.parts)
    splits = await payments.lock_captured(tx, known.payment_id)
    most = {split.order_id: split.refundable for split in splits}
    fits = all(
        0 < amount <= most.get(order_id, 0) and held.orders[order_id].state in WITH_MONEY
        for order_id, amount in wanted.items()
        if order_id in held.orders
    )
    if not fits or not wanted.keys() <= held.orders.keys() or sum(wanted.values()) != total(held.parts):
        raise SharesDoNotFit(amount=total(held.parts), currency=known.currency)
    await release(tx, chargeback_id, [part.order_id for part in held.parts if part.order_id not in wanted], by)
    await drop_parts(tx, held.chargeback, held.parts, wanted)
    await write_parts(tx, known, wanted, held.orders, next_round(held.parts))
    if taken:
        await withhold(tx, [*wanted], by)
        await payments.set_disputed(tx, splits, wanted)
        completed = [each for each in wanted if held.orders[each].state is OrderState.COMPLETED]
        for part in await freeze(tx, completed, chargeback_id):
            await events.publish(tx, frozen_event(part))
    fresh = {
        order_id: amount for order_id, amount in wanted.items() if order_id not in {p.order_id for p in held.parts}
    }
    await _tell_opened(tx, known, fresh, held.orders)


async def end(tx: Tx, held: Held, state: ChargebackState, by: str) -> None:
    """A held chargeback is decided: its money comes back, or is lost and somebody bears it. Raises `TransitionRefused`."""
    known = held.chargeback
    MACHINE.check(known.state, state)
    if state in GONE:  # goods before money, as everybody locks
        await call_off_lost(tx, held.parts, by)
    else:
        await release(tx, known.chargeback_id, [part.order_id for part in held.parts], by)
    if known.state in TAKEN:
        await thaw(tx, known, held.parts)
        covered = await _conclude(tx, known) if state in GONE and known.excess else 0
        await ledger.post(tx, returned(known, lost=state in GONE, covered=covered))
    if state in GONE:
        await lose(tx, known, held.parts, held.orders)
    elif state is ChargebackState.RECOVERED:
        await recover(tx, known, held.parts)
    await states.move(tx, known, state, by)
    parts = await parts_of(tx, [known.chargeback_id])
    await events.publish(
        tx,
        *(
            ChargebackEnded(
                merchant_id=part.merchant_id,
                chargeback_id=part.chargeback_id,
                order_id=part.order_id,
                buyer_id=known.buyer_id,
                amount=part.amount,
                currency=part.currency,
                state=state,
                bearer=part.bearer,
            )
            for part in parts
        ),
    )


async def _conclude(tx: Tx, known: Chargeback) -> int:
    """What we had promised to give back, and the channel refused to while it was argued about, it has given back now."""
    covered = await payments.conclude_refused(tx, known.payment_id, known.excess, known.reference)
    await tx.execute(
        "UPDATE chargebacks SET covered = $3 WHERE buyer_id = $1 AND chargeback_id = $2",
        known.buyer_id,
        known.chargeback_id,
        covered,
    )
    return covered
