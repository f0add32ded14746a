"""What settlement does when an order's money becomes the merchant's, or goes back to the buyer after it had."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.money.payments import CashKept
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import chargebacks
from steelyard.trade.aftersales import AppealEnded, OrderRefunded
from steelyard.trade.chargebacks import ChargebackFrozen, ChargebackSettled, ChargebackThawed
from steelyard.trade.orders import DepositForfeited, OrderCompleted
from steelyard.trade.settlement.earnings import enter
from steelyard.trade.settlement.model import EntryKind, NewEntry


async def on_completed(tx: Tx, completed: Sequence[OrderCompleted]) -> None:
    """The released total is the merchant's, with what the platform bears of promotions, less the commission."""
    await enter(
        tx,
        [
            NewEntry(
                merchant_id=MerchantId(order.merchant_id),
                order_id=order.order_id,
                document=order.order_id,
                kind=kind,
                amount=amount,
                currency=order.currency,
                earned_at=order.at,
            )
            for order in completed
            for kind, amount in (
                (EntryKind.SALE, order.total),
                (EntryKind.SUBSIDY, order.subsidy),
                (EntryKind.COMMISSION, -order.commission),
            )
        ],
    )
    # What is charged back of them is set aside in the same breath, so that no statement comes between.
    frozen = await chargebacks.freeze(tx, [order.order_id for order in completed])
    await _enter_disputed(tx, EntryKind.DISPUTED, frozen, -1)


async def _enter_disputed(
    tx: Tx, kind: EntryKind, disputed: Sequence[chargebacks.Part | ChargebackFrozen | ChargebackThawed], sign: int
) -> None:
    if not disputed:
        return
    now = cast(datetime, await tx.value("SELECT now()")).astimezone(UTC)
    await enter(
        tx,
        [
            NewEntry(
                merchant_id=MerchantId(each.merchant_id),
                order_id=each.order_id,
                document=each.document,
                kind=kind,
                amount=sign * each.amount,
                currency=each.currency,
                earned_at=now,
            )
            for each in disputed
        ],
        waits=False,
    )


async def on_frozen(tx: Tx, frozen: Sequence[ChargebackFrozen]) -> None:
    """What is charged back of received orders is not paid out until it is decided."""
    await _enter_disputed(tx, EntryKind.DISPUTED, frozen, -1)


async def on_thawed(tx: Tx, thawed: Sequence[ChargebackThawed]) -> None:
    """It is decided: what was set aside is the shop's again; what was lost of it is a refund."""
    await _enter_disputed(tx, EntryKind.DISPUTE_RETURNED, thawed, 1)


async def on_chargeback_settled(tx: Tx, settled: Sequence[ChargebackSettled]) -> None:
    """What the platform makes good of a lost chargeback, or the fee that the shop bears."""
    now = cast(datetime, await tx.value("SELECT now()")).astimezone(UTC)
    await enter(
        tx,
        [
            NewEntry(
                merchant_id=MerchantId(each.merchant_id),
                order_id=each.order_id,
                document=each.document,
                kind=kind,
                amount=amount,
                currency=each.currency,
                earned_at=now,
            )
            for each in settled
            for kind, amount in ((EntryKind.CHARGEBACK_BORNE, each.made_good), (EntryKind.CHARGEBACK_FEE, -each.fee))
        ],
        waits=False,
    )


async def on_refunded(tx: Tx, refunded: Sequence[OrderRefunded]) -> None:
    """What was refunded after the release comes off the merchant's next statement, with its share of the platform's subsidy,
    less its share of the commission.

    What was still held has never been the merchant's: nothing is entered for it.
    """
    now = cast(datetime, await tx.value("SELECT now()")).astimezone(UTC)
    await enter(
        tx,
        [
            NewEntry(
                merchant_id=MerchantId(refund.merchant_id),
                order_id=refund.order_id,
                document=refund.refund_id,
                kind=kind,
                amount=amount,
                currency=refund.currency,
                earned_at=now,
            )
            for refund in refunded
            if refund.released
            for kind, amount in (
                (EntryKind.REFUND, -(refund.goods + refund.freight)),
                (EntryKind.COMMISSION_RETURNED, refund.commission),
                (EntryKind.SUBSIDY_RETURNED, -refund.subsidy),
            )
        ],
        waits=False,
    )


async def on_appeal_ended(tx: Tx, ended: Sequence[AppealEnded]) -> None:
    """What the platform made good to a shop is on its next statement."""
    now = cast(datetime, await tx.value("SELECT now()")).astimezone(UTC)
    await enter(
        tx,
        [
            NewEntry(
                merchant_id=MerchantId(each.merchant_id),
                order_id=each.order_id,
                document=each.document,
                kind=EntryKind.GOODWILL,
                amount=each.compensation,
                currency=each.currency,
                earned_at=now,
            )
            for each in ended
        ],
        waits=False,
    )


async def on_forfeited(tx: Tx, forfeited: Sequence[DepositForfeited]) -> None:
    """A deposit that was given up is on the shop's statement; nothing was sold, so there is no commission."""
    await enter(
        tx,
        [
            NewEntry(
                merchant_id=MerchantId(each.merchant_id),
                order_id=each.order_id,
                document=each.order_id,
                kind=EntryKind.DEPOSIT_FORFEITED,
                amount=each.amount,
                currency=each.currency,
                earned_at=each.at,
            )
            for each in forfeited
        ],
    )


async def on_cash_kept(tx: Tx, kept: Sequence[CashKept]) -> None:
    """A shop that brought the parcel itself has the buyer's cash: so much less it is paid. Its commission, which comes with the
    receipt, is then what it owes."""
    now = cast(datetime, await tx.value("SELECT now()")).astimezone(UTC)
    await enter(
        tx,
        [
            NewEntry(
                merchant_id=MerchantId(each.merchant_id),
                order_id=each.order_id,
                document=each.document,
                kind=EntryKind.CASH_KEPT,
                amount=-each.amount,
                currency=each.currency,
                earned_at=now,
            )
            for each in kept
        ],
        waits=False,
    )


SUBSCRIBER = Subscriber(
    "settlement",
    {
        OrderCompleted: on_completed,
        OrderRefunded: on_refunded,
        AppealEnded: on_appeal_ended,
        ChargebackFrozen: on_frozen,
        ChargebackThawed: on_thawed,
        ChargebackSettled: on_chargeback_settled,
        DepositForfeited: on_forfeited,
        CashKept: on_cash_kept,
    },
)
