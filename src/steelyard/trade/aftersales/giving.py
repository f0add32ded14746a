"""Giving back what was decided, of one order or of many: written down, promised to the buyers, booked and told in the same few
statements."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.payments import Giving
from steelyard.money.payments.model import PaymentId
from steelyard.trade import orders
from steelyard.trade.aftersales.events import OrderRefunded
from steelyard.trade.aftersales.fees import Beside
from steelyard.trade.aftersales.model import LineShare, RefundRequest, freight_of, tax_of
from steelyard.trade.orders.model import Order, OrderLine, OrderState


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What is given back of a locked order, and by whom: `shares` of its lines and the request's freight. `left` is what was
    left of the freight before."""

    order: Order
    request: RefundRequest
    lines: Sequence[OrderLine]
    shares: Sequence[LineShare]
    by: str
    beside: Beside
    left: int
    payment_id: PaymentId | None = None

    @property
    def goods(self) -> int:
        return sum(share.amount for share in self.shares)

    @property
    def amount(self) -> int:
        return self.goods + self.request.freight

    @property
    def released(self) -> bool:
        return self.order.state is OrderState.COMPLETED

    @property
    def tax(self) -> int:
        before = freight_of(self.order, self.lines) - self.left
        return tax_of(self.order, self.lines, self.shares, self.request.freight, before)


async def give_back(tx: Tx, decided: Decided) -> None:
    """The buyer has their money back, the merchant its fees, the platform its part of what promotions took off."""
    [refusal] = await give_back_each(tx, [decided])
    if refusal is not None:
        raise refusal


async def give_back_each(tx: Tx, decided: Sequence[Decided]) -> list[Refusal | None]:
    """`give_back` for many orders at once, each of them once; of each, why it is refused. That leaves nothing behind."""
    refused: dict[UUID, Refusal] = {
        each.request.refund_id: Invalid({"lines": N_("These goods cost nothing: there is nothing to refund")})
        for each in decided
        if each.amount == 0
    }
    wanted = [each for each in decided if each.amount]
    answers = await payments.give_back_each(tx, [_giving(each) for each in wanted]) if wanted else []
    refused |= {each.request.refund_id: why for each, why in zip(wanted, answers, strict=True) if why is not None}
    given = [each for each in wanted if each.request.refund_id not in refused]
    if given:
        await _write(tx, given)
        await orders.record_refunds(tx, [_noted(each) for each in given])
        await ledger.post(tx, [transfer for each in given for transfer in _taken_back(each)])
        await events.publish(tx, *(_told(each) for each in given))
    return [refused.get(each.request.refund_id) for each in decided]


async def decided_before(read: Read, requests: Sequence[RefundRequest]) -> set[UUID]:
    """Which of these refunds are decided already."""
    rows = await read.fetch(
        """
        SELECT refund_id FROM order_refunds
        JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (merchant_id, refund_id, order_id)
            USING (merchant_id, refund_id, order_id)
        """,
        [request.merchant_id for request in requests],
        [request.refund_id for request in requests],
        [request.order_id for request in requests],
    )
    return {row["refund_id"] for row in rows}


async def freights_left(read: Read, given: Sequence[tuple[Order, Sequence[OrderLine]]]) -> list[int]:
    """Of what was paid for sending each of these locked orders, what has not been given back."""
    rows = await read.fetch(
        """
        SELECT r.order_id, sum(r.freight)::bigint AS freight
        FROM order_refunds r JOIN unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id) USING (merchant_id, order_id)
        GROUP BY r.order_id
        """,
        [order.merchant_id for order, _ in given],
        [order.order_id for order, _ in given],
    )
    back = {row["order_id"]: row["freight"] for row in rows}
    return [freight_of(order, lines) - back.get(order.order_id, 0) for order, lines in given]


def _giving(decided: Decided) -> Giving:
    order, request = decided.order, decided.request
    return Giving(
        refund_id=request.refund_id,
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        amount=decided.amount,
        reason=request.reason,
        out_of=AccountKind.PAYABLE if decided.released else AccountKind.HELD,
        by=decided.by,
        payment_id=decided.payment_id,
        route=request.route,
    )


def _noted(decided: Decided) -> orders.GivenBack:
    return orders.GivenBack(
        order=decided.order,
        amount=decided.amount,
        commission=decided.beside.commission,
        fee_tax=decided.beside.fee_tax,
        subsidy=decided.beside.subsidy,
        lines=[(share.line, share.quantity, share.amount) for share in decided.shares],
    )


def _told(decided: Decided) -> OrderRefunded:
    return OrderRefunded(
        refund_id=decided.request.refund_id,
        merchant_id=decided.order.merchant_id,
        order_id=decided.order.order_id,
        goods=decided.goods,
        freight=decided.request.freight,
        commission=decided.beside.commission,
        subsidy=decided.beside.subsidy,
        currency=decided.order.currency,
        released=decided.released,
    )


def _taken_back(decided: Decided) -> list[Transfer]:
    """Before release no fee was taken and no subsidy was paid; after it, the refund's part of each goes back."""
    if not decided.released:
        return []
    beside = decided.beside
    moves = [
        (AccountKind.FEE_TAX, AccountKind.COMMISSION, beside.fee_tax, "fee_tax_returned"),
        (AccountKind.COMMISSION, AccountKind.PAYABLE, beside.commission, "commission_returned"),
        (AccountKind.PAYABLE, AccountKind.SUBSIDY, beside.subsidy, "subsidy_returned"),
    ]
    return [
        Transfer(
            owner_id=decided.order.merchant_id,
            debit=debit,
            credit=credit,
            amount=amount,
            currency=decided.order.currency,
            reason=reason,
            document=decided.request.refund_id,
        )
        for debit, credit, amount, reason in moves
        if amount
    ]


async def _write(tx: Tx, given: Sequence[Decided]) -> None:
    await tx.execute(
        """
        INSERT INTO order_refunds (merchant_id, refund_id, order_id, goods, freight, commission, currency, reason, note, by
                                 , released, subsidy, tax, fees, fee_tax)
        SELECT merchant_id, refund_id, order_id, goods, freight, commission, currency, reason, note, by, released, subsidy
             , tax, fees::jsonb, fee_tax
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[]
                  , $9::text[], $10::text[], $11::boolean[], $12::bigint[], $13::bigint[], $14::text[], $15::bigint[])
            AS w (merchant_id, refund_id, order_id, goods, freight, commission, currency, reason, note, by, released, subsidy
                , tax, fees, fee_tax)
        """,
        [each.order.merchant_id for each in given],
        [each.request.refund_id for each in given],
        [each.order.order_id for each in given],
        [each.goods for each in given],
        [each.request.freight for each in given],
        [each.beside.commission for each in given],
        [each.order.currency for each in given],
        [each.request.reason for each in given],
        [each.request.note for each in given],
        [each.by for each in given],
        [each.released for each in given],
        [each.beside.subsidy for each in given],
        [each.tax for each in given],
        [msgspec.json.encode(each.beside.fees).decode() for each in given],
        [each.beside.fee_tax for each in given],
    )
    lines = [(each, share) for each in given for share in each.shares]
    await tx.execute(
        """
        INSERT INTO order_refund_lines (merchant_id, refund_id, order_id, line, quantity, amount)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::integer[], $6::bigint[])
        """,
        [each.order.merchant_id for each, _ in lines],
        [each.request.refund_id for each, _ in lines],
        [each.order.order_id for each, _ in lines],
        [share.line for _, share in lines],
        [share.quantity for _, share in lines],
        [share.amount for _, share in lines],
    )
