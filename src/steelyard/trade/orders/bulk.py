"""History taken over: orders that were placed, paid, delivered and completed elsewhere, thousands a call."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import bulk, codes
from steelyard.kernel.db import Tx
from steelyard.kernel.states import NOWHERE
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.commission.model import FeePart, LineFee
from steelyard.trade.orders.model import Delivery, OrderId, OrderState, PurchaseId, PurchaseState

PURCHASE_PREFIX, ORDER_PREFIX = "P", "S"

# What a batch of lines has, in this order; the other columns of `order_lines` have their defaults.
LINE_COLUMNS = (
    "merchant_id",
    "order_id",
    "line",
    "product_id",
    "sku_id",
    "kind",
    "title",
    "sku_code",
    "quantity",
    "unit_price",
    "unit_price_micros",
    "amount",
    "commission",
    "fees",
    "source_line",
)
# The same with what a page shows of a line besides.
DRESSED_LINE_COLUMNS = (*LINE_COLUMNS, "options", "picture")
_PURCHASE_COLUMNS = (
    "buyer_id",
    "purchase_id",
    "code",
    "state",
    "currency",
    "total",
    "contact",
    "address",
    "locale",
    "source",
    "placed_at",
    "pay_by",
)
_ORDER_COLUMNS = (
    "merchant_id",
    "order_id",
    "purchase_id",
    "buyer_id",
    "code",
    "state",
    "currency",
    "goods",
    "freight",
    "tax_added",
    "tax_included",
    "total",
    "commission",
    "fee_tax",
    "freight_fees",
    "delivery",
    "contact",
    "address",
    "note",
    "source",
    "import_run",
    "placed_at",
    "paid_at",
    "shipped_at",
    "delivered_at",
    "receive_by",
    "completed_at",
    "cancelled_at",
    "cancel_reason",
)


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """When an order was paid, sent, delivered and received, or called off; what has no time has not happened. It is
    never in the middle of being paid or packed: that is the real commands' business."""

    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    receive_by: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None

    def steps(self, placed_at: datetime) -> list[tuple[OrderState, datetime]]:
        """Each state that it has been in, and since when."""
        known = (
            (OrderState.PLACED, placed_at),
            (OrderState.PAID, self.paid_at),
            (OrderState.SHIPPED, self.shipped_at),
            (OrderState.COMPLETED, self.completed_at),
            (OrderState.CANCELLED, self.cancelled_at),
        )
        return [(state, at) for state, at in known if at is not None]


class PastOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase of one order. `goods` is the sum of its lines. Without a `life` it was completed the moment that it was
    placed: elsewhere, by a system that kept no more of it."""

    merchant_id: MerchantId
    order_id: OrderId
    purchase_id: PurchaseId
    buyer_id: BuyerId
    currency: str
    goods: int
    at: datetime
    source: str
    freight: int = 0
    delivery: Delivery = Delivery()
    note: str = ""
    life: Life | None = None
    commission: int = 0
    fee_tax: int = 0
    freight_fees: Sequence[LineFee] = ()
    import_run: UUID | None = None
    contact: Contact = Contact()
    address: Address = Address()
    locale: str = "en"
    purchase_code: str = msgspec.field(default_factory=lambda: codes.mint(PURCHASE_PREFIX))
    order_code: str = msgspec.field(default_factory=lambda: codes.mint(ORDER_PREFIX))

    @property
    def total(self) -> int:
        return self.goods + self.freight

    @property
    def steps(self) -> list[tuple[OrderState, datetime]]:
        """Each state that it has been in, and since when."""
        return [(OrderState.COMPLETED, self.at)] if self.life is None else self.life.steps(self.at)

    @property
    def state(self) -> OrderState:
        return self.steps[-1][0]

    @property
    def lived(self) -> Life:
        return self.life or Life(paid_at=self.at, completed_at=self.at)

    @property
    def purchase_steps(self) -> list[tuple[PurchaseState, datetime]]:
        """Those of the purchase: it is placed, and then paid or dropped."""
        if self.life is None:
            return [(PurchaseState.PAID, self.at)]
        following = (PurchaseState.PAID, self.life.paid_at), (PurchaseState.CANCELLED, self.life.cancelled_at)
        ends = next(((state, at) for state, at in following if at is not None), None)
        return [(PurchaseState.PLACED, self.at), *([ends] if ends else [])]


class PastRefund(msgspec.Struct, frozen=True, kw_only=True):
    """What was given back of an order: `lines` are (line, quantity, amount), `freight` what was given back of that."""

    merchant_id: MerchantId
    order_id: OrderId
    lines: Sequence[tuple[int, int, int]]
    freight: int = 0
    fees: Sequence[FeePart] = ()

    @property
    def commission(self) -> int:
        """Of all fees and the tax on them, what went back to the merchant with it."""
        return sum(part.amount + part.tax for part in self.fees)

    @property
    def fee_tax(self) -> int:
        return sum(part.tax for part in self.fees)

    @property
    def whole(self) -> int:
        """Goods and freight."""
        return self.amount + self.freight

    @property
    def amount(self) -> int:
        return sum(amount for _, _, amount in self.lines)


async def bulk_write(
    tx: Tx,
    orders: Sequence[PastOrder],
    lines: bulk.Batch,
    by: str = "import",
    columns: Sequence[str] = LINE_COLUMNS,
) -> None:
    """What placing, paying, sending and completing or calling off leave behind, by COPY and without events; `lines` has
    `columns`.

    The money was recorded before (`payments.bulk_record`); here it is released to the merchants. For orders that are
    known to be new: a source that was imported already raises `UniqueViolation`.
    """
    await tx.copy(
        "purchases",
        _PURCHASE_COLUMNS,
        [
            (o.buyer_id, o.purchase_id, o.purchase_code, o.purchase_steps[-1][0], o.currency, o.total, o.contact,
             o.address, o.locale, o.source, o.at, o.at)
            for o in orders
        ],
    )  # fmt: skip
    await tx.copy(
        "orders",
        _ORDER_COLUMNS,
        [
            (o.merchant_id, o.order_id, o.purchase_id, o.buyer_id, o.order_code, o.state, o.currency, o.goods, o.freight,
             0, 0, o.total, o.commission, o.fee_tax, o.freight_fees, o.delivery, o.contact, o.address, o.note, o.source,
             o.import_run, o.at, life.paid_at, life.shipped_at, life.delivered_at, life.receive_by, life.completed_at,
             life.cancelled_at, life.cancel_reason)
            for o in orders
            for life in (o.lived,)
        ],
    )  # fmt: skip
    await _write_histories(tx, orders, by)
    await _write_codes(tx, orders)
    await bulk.copy_batch(tx, "order_lines", columns, lines)
    await ledger.bulk_post(tx, list(_released(orders)))


async def _write_histories(tx: Tx, orders: Sequence[PastOrder], by: str) -> None:
    await tx.copy(
        "purchase_history",
        ("buyer_id", "purchase_id", "step", "from_state", "to_state", "at", "by"),
        [(o.buyer_id, o.purchase_id, *step, by) for o in orders for step in _numbered(o.purchase_steps)],
    )
    await tx.copy(
        "order_history",
        ("merchant_id", "order_id", "step", "from_state", "to_state", "at", "by"),
        [(o.merchant_id, o.order_id, *step, by) for o in orders for step in _numbered(o.steps)],
    )


def _numbered(steps: Sequence[tuple[str, datetime]]) -> Iterable[tuple[int, str, str, datetime]]:
    """(step, from, to, when) of each."""
    before = NOWHERE
    for number, (state, at) in enumerate(steps, start=1):
        yield number, before, state, at
        before = state


async def _write_codes(tx: Tx, orders: Sequence[PastOrder]) -> None:
    await tx.copy(
        "order_codes",
        ("code", "purchase_id", "buyer_id", "merchant_id", "order_id"),
        [
            row
            for o in orders
            for row in (
                (o.purchase_code, o.purchase_id, o.buyer_id, None, None),
                (o.order_code, o.purchase_id, o.buyer_id, o.merchant_id, o.order_id),
            )
        ],
    )


def _released(orders: Iterable[PastOrder]) -> Iterable[DatedTransfer]:
    for order in orders:
        completed_at = order.lived.completed_at
        if completed_at is None:
            continue
        moves = (
            (AccountKind.HELD, AccountKind.PAYABLE, order.total, "released"),
            (AccountKind.PAYABLE, AccountKind.COMMISSION, order.commission, "commission"),
            (AccountKind.COMMISSION, AccountKind.FEE_TAX, order.fee_tax, "fee_tax"),
        )
        for debit, credit, amount, reason in moves:
            if amount:
                transfer = Transfer(
                    owner_id=order.merchant_id,
                    debit=debit,
                    credit=credit,
                    amount=amount,
                    currency=order.currency,
                    reason=reason,
                    document=order.order_id,
                )
                yield DatedTransfer.of(transfer, completed_at)


async def bulk_refunded(tx: Tx, refunds: Sequence[PastRefund]) -> None:
    """Note on many orders what was given back, as `record_refund` does on one. The constraints hold the limits."""
    back: dict[tuple[UUID, UUID], list[int]] = {}
    pieces: dict[tuple[UUID, UUID, int], list[int]] = {}
    for refund in refunds:
        money = back.setdefault((refund.merchant_id, refund.order_id), [0, 0, 0])
        money[0] += refund.whole
        money[1] += refund.commission
        money[2] += refund.fee_tax
        for line, quantity, amount in refund.lines:
            of_line = pieces.setdefault((refund.merchant_id, refund.order_id, line), [0, 0])
            of_line[0] += quantity
            of_line[1] += amount
    orders, lines = sorted(back), sorted(pieces)
    known = await tx.execute(
        """
        UPDATE orders o SET refunded = o.refunded + b.amount, commission_returned = o.commission_returned + b.commission
                          , fee_tax_returned = o.fee_tax_returned + b.fee_tax
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[])
                 AS b (merchant_id, order_id, amount, commission, fee_tax)
        WHERE o.merchant_id = b.merchant_id AND o.order_id = b.order_id
        """,
        [key[0] for key in orders],
        [key[1] for key in orders],
        [back[key][0] for key in orders],
        [back[key][1] for key in orders],
        [back[key][2] for key in orders],
    )
    assert known == len(orders), "what is given back is of an order"
    await tx.execute(
        """
        UPDATE order_lines l SET refunded_quantity = l.refunded_quantity + b.quantity, refunded = l.refunded + b.amount
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::bigint[])
                 AS b (merchant_id, order_id, line, quantity, amount)
        WHERE l.merchant_id = b.merchant_id AND l.order_id = b.order_id AND l.line = b.line
        """,
        [key[0] for key in lines],
        [key[1] for key in lines],
        [key[2] for key in lines],
        [pieces[key][0] for key in lines],
        [pieces[key][1] for key in lines],
    )
