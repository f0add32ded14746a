"""Collecting the money for gift cards: write the intent, call the channel with no transaction open, apply what it answered."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.money import payments, wallets
from steelyard.money.gifts.model import Sale, SaleOver
from steelyard.money.gifts.service import lock_batches
from steelyard.money.payments import Device
from steelyard.money.payments.model import (
    Instruction,
    Outcome,
    Payment,
    PaymentId,
    PaymentState,
    Recording,
    Split,
    Unknown,
)
from steelyard.parties import policies
from steelyard.parties.policies.model import GIFTS_REFUND_DAYS

# What the payer reads at the channel.
DESCRIPTION = "礼品卡 Gift card"

log = structlog.get_logger()


async def collect(
    db: Database,
    settings: Settings,
    sale_id: UUID,
    *,
    channel: str,
    return_url: str,
    device: Device = Device.DESK,
    payer: str = "",
    payer_address: str = "",
) -> str | None:
    """Pay a card through a channel; returns where the payer goes on, or none when there is nothing to go on with.

    `payer` is who the buyer is to the app that shows the page (openid), where it has told. A second click goes on with the
    payment of the first. Raises `NotFound`, `SaleOver`, `UnknownChannel`.
    """
    gateway = payments.channel(settings, channel)
    begun = await db.transact(begin, sale_id, channel, return_url, device)
    if not isinstance(begun, Instruction):
        return begun
    begun = msgspec.structs.replace(begun, payer=payer, payer_address=payer_address)
    answer = await gateway.collect(begun, payments.webhook_url(settings, channel))
    await payments.note(db, channel, answer)
    if isinstance(answer, Unknown):
        log.warning("payment.unknown", payment_id=str(begun.payment_id), why=answer.why)
        return None
    outcome = await db.transact(apply_answer, Recording(payment_id=begun.payment_id, answer=answer, by="channel"))
    return outcome.payment.cashier_url if outcome.payment.state is PaymentState.PENDING else None


async def begin(
    tx: Tx, sale_id: UUID, channel: str, return_url: str, device: Device = Device.DESK
) -> Instruction | str | None:
    """The intent to pay, written down; or where an earlier try goes on; or none when it is paid. Raises `NotFound`,
    `SaleOver`."""
    batch_id = await tx.value("SELECT batch_id FROM gift_sales WHERE sale_id = $1", sale_id)
    cards = (await lock_batches(tx, [batch_id])).get(batch_id)
    if not cards:
        raise NotFound()
    if all(card.paid_at is not None for card in cards):
        return None
    if any(card.lapsed_at is not None or card.pay_by <= datetime.now(UTC) for card in cards):
        raise SaleOver()
    for earlier in await payments.of_purchase(tx, batch_id):
        if earlier.channel != channel:
            continue
        if earlier.state is PaymentState.INSTRUCTED:
            return _instruction(cards, channel, return_url, earlier.payment_id, device)
        if earlier.state is PaymentState.PENDING and earlier.handed is not None and earlier.handed.device is device:
            return None  # what it is paid by stands on the card's own page
        if earlier.state is PaymentState.PENDING and earlier.cashier_url is not None:
            return earlier.cashier_url
    instruction = _instruction(cards, channel, return_url, PaymentId(ids.mint()), device)
    await payments.instruct(tx, instruction)
    return instruction


def _instruction(
    cards: Sequence[Sale], channel: str, return_url: str, payment_id: PaymentId, device: Device
) -> Instruction:
    """No merchant sells them: each card itself stands where the merchant and the order of a part of a payment do."""
    first = cards[0]
    assert first.batch_id is not None
    return Instruction(
        payment_id=payment_id,
        purchase_id=first.batch_id,
        buyer_id=first.buyer_id,
        channel=channel,
        amount=sum(card.amount for card in cards),
        currency=first.currency,
        splits=[Split(merchant_id=card.sale_id, order_id=card.sale_id, amount=card.amount) for card in cards],
        expires_at=first.pay_by,
        return_url=return_url,
        description=DESCRIPTION,
        device=device,
    )


async def apply_answer(tx: Tx, recording: Recording) -> Outcome:
    """Write down what a channel says of one payment of a card. Raises `NotFound`."""
    known = await payments.get_all(tx, [recording.payment_id])
    return (await apply(tx, [recording], known))[0]


async def apply(tx: Tx, recordings: Sequence[Recording], known: Mapping[PaymentId, Payment]) -> list[Outcome]:
    """Write down what channels say of these payments for cards, and what follows. Raises `NotFound`.

    Captured: the card is there, and owed. Captured when it is paid already, or too late: the money is on its way back.
    """
    batches = await lock_batches(tx, sorted({known[PaymentId(each.payment_id)].purchase_id for each in recordings}))
    outcomes = await payments.record_all(tx, recordings)
    paid: dict[UUID, tuple[Sequence[Sale], PaymentId]] = {}
    for outcome in outcomes:
        if outcome.became != "captured":
            continue
        batch_id = outcome.payment.purchase_id
        cards = batches.get(batch_id)
        if cards is None:
            raise NotFound(payment_id=outcome.payment.payment_id)
        late = any(card.lapsed_at is not None for card in cards)
        if not late and batch_id not in paid and all(card.paid_at is None for card in cards):
            paid[batch_id] = (cards, outcome.payment.payment_id)
        else:
            await payments.refund_surplus(tx, outcome.payment.payment_id, "paid_late" if late else "paid_twice")
    await _paid(tx, [(card, payment_id) for cards, payment_id in paid.values() for card in cards])
    return outcomes


async def _paid(tx: Tx, paid: Sequence[tuple[Sale, PaymentId]]) -> None:
    if not paid:
        return
    await tx.execute(
        """
        UPDATE gift_sales s SET paid_at = now(), payment_id = p.payment_id, refund_by = now() + $3
        FROM unnest($1::uuid[], $2::uuid[]) AS p (sale_id, payment_id)
        WHERE s.sale_id = p.sale_id
        """,
        [sale.sale_id for sale, _ in paid],
        [payment_id for _, payment_id in paid],
        timedelta(days=await policies.number(tx, GIFTS_REFUND_DAYS)),
    )
    await wallets.mint_sold(tx, [(sale.sale_id, sale.amount, sale.currency) for sale, _ in paid])
