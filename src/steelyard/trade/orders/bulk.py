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
    "commission_millionths",
    "commission",
    "source_line",
)
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
    "delivery",
    "contact",
    "address",
    "source",
    "import_run",
    "placed_at",
    "paid_at",
    "completed_at",
)


class PastOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase of one order: everything of it happened `at`. `goods` is the sum of its lines, and its total."""

    merchant_id: MerchantId
    order_id: OrderId
    purchase_id: PurchaseId
    buyer_id: BuyerId
    currency: str
    goods: int
    at: datetime
    source: str
    commission: int = 0
    import_run: UUID | None = None
    contact: Contact = Contact()
    address: Address = Address()
    locale: str = "en"
    purchase_code: str = msgspec.field(default_factory=lambda: codes.mint(PURCHASE_PREFIX))
    order_code: str = msgspec.field(default_factory=lambda: codes.mint(ORDER_PREFIX))


class PastRefund(msgspec.Struct, frozen=True, kw_only=True):
    """What was given back of an order: `lines` are (line, quantity, amount)."""

    merchant_id: MerchantId
    order_id: OrderId
    lines: Sequence[tuple[int, int, int]]
    commission: int = 0

    @property
    def amount(self) -> int:
        return sum(amount for _, _, amount in self.lines)


async def bulk_write(tx: Tx, orders: Sequence[PastOrder], lines: bulk.Batch, by: str = "import") -> None:
    """What placing, paying and completing leave behind, by COPY and without events; `lines` has `LINE_COLUMNS`.

    The money was recorded before (`payments.bulk_record`); here it is released to the merchants. For orders that are
    known to be new: a source that was imported already raises `UniqueViolation`.
    """
    await tx.copy(
        "purchases",
        _PURCHASE_COLUMNS,
        [
            (o.buyer_id, o.purchase_id, o.purchase_code, PurchaseState.PAID, o.currency, o.goods, o.contact, o.address,
             o.locale, o.source, o.at, o.at)
            for o in orders
        ],
    )  # fmt: skip
    delivery = Delivery()
    await tx.copy(
        "orders",
        _ORDER_COLUMNS,
        [
            (o.merchant_id, o.order_id, o.purchase_id, o.buyer_id, o.order_code, OrderState.COMPLETED, o.currency,
             o.goods, 0, 0, 0, o.goods, o.commission, delivery, o.contact, o.address, o.source, o.import_run,
             o.at, o.at, o.at)
            for o in orders
        ],
    )  # fmt: skip
    await _write_histories(tx, orders, by)
    await _write_codes(tx, orders)
    await bulk.copy_batch(tx, "order_lines", LINE_COLUMNS, lines)
    await ledger.bulk_post(tx, list(_released(orders)))


async def _write_histories(tx: Tx, orders: Sequence[PastOrder], by: str) -> None:
    await tx.copy(
        "purchase_history",
        ("buyer_id", "purchase_id", "step", "from_state", "to_state", "at", "by"),
        [(o.buyer_id, o.purchase_id, 1, NOWHERE, PurchaseState.PAID, o.at, by) for o in orders],
    )
    await tx.copy(
        "order_history",
        ("merchant_id", "order_id", "step", "from_state", "to_state", "at", "by"),
        [(o.merchant_id, o.order_id, 1, NOWHERE, OrderState.COMPLETED, o.at, by) for o in orders],
    )


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
        moves = (
            (AccountKind.HELD, AccountKind.PAYABLE, order.goods, "released"),
            (AccountKind.PAYABLE, AccountKind.COMMISSION, order.commission, "commission"),
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
                yield DatedTransfer.of(transfer, order.at)


async def bulk_refunded(tx: Tx, refunds: Sequence[PastRefund]) -> None:
    """Note on many orders what was given back, as `record_refund` does on one. The constraints hold the limits."""
    back: dict[tuple[UUID, UUID], list[int]] = {}
    pieces: dict[tuple[UUID, UUID, int], list[int]] = {}
    for refund in refunds:
        money = back.setdefault((refund.merchant_id, refund.order_id), [0, 0])
        money[0] += refund.amount
        money[1] += refund.commission
        for line, quantity, amount in refund.lines:
            of_line = pieces.setdefault((refund.merchant_id, refund.order_id, line), [0, 0])
            of_line[0] += quantity
            of_line[1] += amount
    orders, lines = sorted(back), sorted(pieces)
    known = await tx.execute(
        """
        UPDATE orders o SET refunded = o.refunded + b.amount, commission_returned = o.commission_returned + b.commission
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS b (merchant_id, order_id, amount, commission)
        WHERE o.merchant_id = b.merchant_id AND o.order_id = b.order_id
        """,
        [key[0] for key in orders],
        [key[1] for key in orders],
        [back[key][0] for key in orders],
        [back[key][1] for key in orders],
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
