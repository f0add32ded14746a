"""Who bears what was lost, and what becomes of it when it comes back after all."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from steelyard.kernel import events, money
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.payments.model import PaymentId, RefundId
from steelyard.parties import policies
from steelyard.parties.policies.model import CHARGEBACK_FEES
from steelyard.trade import aftersales, risk
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.chargebacks.booking import fee_passed_on, made_good, recovered
from steelyard.trade.chargebacks.events import ChargebackSettled
from steelyard.trade.chargebacks.model import Bearer, Chargeback, Part, ours_to_bear
from steelyard.trade.orders.model import Order, OrderId


async def lose(tx: Tx, known: Chargeback, parts: Sequence[Part], of: Mapping[UUID, Order]) -> None:
    """The channel keeps it: of each order it is a refund that the channel has made. The shop bears it, with the fee where that is
    passed on; or the platform, which makes it good."""
    released = await risk.released_by_staff(tx, [part.order_id for part in parts])
    passed_on = bool(await policies.number(tx, CHARGEBACK_FEES))
    fees = money.split(known.fee if passed_on else 0, [part.amount for part in parts]) if parts else []
    for part, fee in zip(parts, fees, strict=True):
        let_go = part.order_id in released and part.sent_anyway_at is None
        rule = Bearer.PLATFORM if ours_to_bear(known.reason, let_go) else Bearer.MERCHANT
        bearer = part.bearer or rule
        refund = await aftersales.charge_back(
            tx,
            of[part.order_id],
            RefundId(part.end_document),
            part.amount,
            PaymentId(known.payment_id),
            known.reference,
        )
        good = max(taken_by(refund), 0) if bearer is Bearer.PLATFORM else 0
        await _settle(tx, part, bearer, good, fee if bearer is Bearer.MERCHANT else 0, refunded=True)


def taken_by(refund: OrderRefund) -> int:
    """What a refund takes from a shop: goods and freight, and the platform's part of promotions, less the commission that comes
    back. The same as in an appeal that is won (decision 0078)."""
    return refund.goods + refund.freight - refund.commission + refund.subsidy


async def recover(tx: Tx, known: Chargeback, parts: Sequence[Part]) -> None:
    """It came back after it was lost: the buyer keeps the refund in the books, and the shop that bore it is made good."""
    await ledger.post(tx, [recovered(known)])
    for part in parts:
        if part.bearer is not Bearer.MERCHANT or part.refund_id is None:
            continue
        order_id = OrderId(part.order_id)
        refunds = (await aftersales.of_orders(tx, [order_id]))[order_id]
        refund = next(each for each in refunds if each.refund_id == part.refund_id)
        await _settle(tx, part, Bearer.MERCHANT, max(taken_by(refund), 0), 0, refunded=False)


async def _settle(tx: Tx, part: Part, bearer: Bearer, good: int, fee: int, *, refunded: bool) -> None:
    await tx.execute(
        """
        UPDATE chargeback_parts
        SET bearer = $4, refund_id = coalesce(refund_id, $5), made_good = made_good + $6, fee = fee + $7
        WHERE merchant_id = $1 AND chargeback_id = $2 AND order_id = $3
        """,
        part.merchant_id,
        part.chargeback_id,
        part.order_id,
        bearer,
        part.end_document if refunded else None,
        good,
        fee,
    )
    moves = [*([made_good(part, good)] if good else []), *([fee_passed_on(part, fee)] if fee else [])]
    await ledger.post(tx, moves)
    if moves:
        await events.publish(
            tx,
            ChargebackSettled(
                merchant_id=part.merchant_id,
                order_id=part.order_id,
                document=part.end_document,
                made_good=good,
                fee=fee,
                currency=part.currency,
            ),
        )
