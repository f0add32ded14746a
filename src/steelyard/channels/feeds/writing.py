"""A prepared chunk goes into the books: one transaction, which also moves the run on."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from steelyard.channels.feeds import runs
from steelyard.channels.feeds.booking import (
    DOCUMENT_COLUMNS,
    DOCUMENT_LINE_COLUMNS,
    Prepared,
    Refunded,
    payment_of,
)
from steelyard.channels.feeds.runs import Run
from steelyard.channels.feeds.shops import Stall
from steelyard.kernel import bulk, ids
from steelyard.kernel.db import Tx
from steelyard.money import payments
from steelyard.money.payments import PaymentId, RefundId
from steelyard.parties import customers
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, orders, settlement
from steelyard.trade.aftersales import RecordedReturn
from steelyard.trade.orders import PastOrder
from steelyard.trade.orders.model import OrderId
from steelyard.trade.settlement import EntryKind, NewEntry


class _Sold(msgspec.Struct, frozen=True, kw_only=True):
    """The order line that a refund takes back, and how it was paid."""

    place: int
    order_id: OrderId
    buyer_id: UUID
    line: int
    payment_id: PaymentId | None
    channel: str | None


async def write(tx: Tx, prepared: Prepared, run: Run, stalls: dict[str, Stall]) -> None:
    """Everything of a chunk, and that it is there. No events, no mails, no tasks. Raises `ImportedElsewhere`."""
    await hurry(tx)
    await runs.advance(tx, run, prepared.number)
    await customers.bulk_register(tx, prepared.guests)
    keys = {stall.merchant_id: stall.key for stall in stalls.values()}
    paid = [payment for o in prepared.orders if (payment := payment_of(o, keys[o.merchant_id])) is not None]
    await payments.bulk_record(tx, paid)
    await orders.bulk_write(tx, prepared.orders, prepared.lines)
    await settlement.bulk_enter(tx, [_sale(order) for order in prepared.orders])
    await tx.copy("import_documents", DOCUMENT_COLUMNS, prepared.documents)
    await bulk.copy_batch(tx, "import_lines", DOCUMENT_LINE_COLUMNS, prepared.document_lines)
    returned = await _returns(tx, prepared.refunds)
    await aftersales.bulk_refund(tx, returned)
    await settlement.bulk_enter(tx, [_refund(refund) for refund in returned])
    await runs.wrote(tx, run, orders=len(prepared.orders), documents=len(prepared.documents), refunds=len(returned))


# What chunks fill; statements that come next are planned by what is in these.
FILLED = (
    "buyers",
    "products",
    "skus",
    "purchases",
    "orders",
    "order_lines",
    "order_refunds",
    "order_refund_lines",
    "payments",
    "payment_splits",
    "refunds",
    "ledger_accounts",
    "ledger_transfers",
    "settlement_entries",
    "import_documents",
    "import_lines",
)


async def count_anew(tx: Tx, table: str) -> None:
    """Let the planner look at what was written into a table."""
    await tx.analyze([table])


async def hurry(tx: Tx) -> None:
    """A chunk that a power cut swallows is imported again: its commit need not wait for the disk."""
    await tx.value("SELECT set_config('synchronous_commit', 'off', true)")


def _sale(order: PastOrder) -> NewEntry:
    return NewEntry(
        merchant_id=order.merchant_id,
        order_id=order.order_id,
        document=order.order_id,
        kind=EntryKind.SALE,
        amount=order.goods,
        currency=order.currency,
        earned_at=order.at,
    )


def _refund(refund: RecordedReturn) -> NewEntry:
    return NewEntry(
        merchant_id=refund.merchant_id,
        order_id=refund.order_id,
        document=refund.refund_id,
        kind=EntryKind.REFUND,
        amount=-refund.amount,
        currency=refund.currency,
        earned_at=refund.at,
    )


async def _returns(tx: Tx, refunds: Sequence[Refunded]) -> list[RecordedReturn]:
    """One refund for each return document and order that it takes something back of. What comes to nothing (goods that
    cost nothing) gives nothing back: it is in the imported document alone."""
    if not refunds:
        return []
    sold = await tx.all(
        _Sold,
        """
        SELECT w.place - 1 AS place, o.order_id, o.buyer_id, l.line, s.payment_id, s.channel
        FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS w (merchant_id, source, source_line, place)
        JOIN orders o ON o.merchant_id = w.merchant_id AND o.source = w.source AND o.source LIKE 'import:%'
        JOIN order_lines l ON l.merchant_id = o.merchant_id AND l.order_id = o.order_id
                          AND l.source_line = w.source_line
        LEFT JOIN payment_splits s ON s.merchant_id = o.merchant_id AND s.order_id = o.order_id
        ORDER BY w.place
        """,
        [refund.merchant_id for refund in refunds],
        [refund.order_source for refund in refunds],
        [refund.order_line for refund in refunds],
    )
    assert [found.place for found in sold] == list(range(len(refunds))), "a refund's sale was written before it"
    groups: dict[tuple[UUID, str, UUID], list[tuple[Refunded, _Sold]]] = {}
    for refund, found in zip(refunds, sold, strict=True):
        groups.setdefault((refund.merchant_id, refund.document, found.order_id), []).append((refund, found))
    return [_return(group) for group in groups.values() if sum(refund.amount for refund, _ in group)]


def _return(group: Sequence[tuple[Refunded, _Sold]]) -> RecordedReturn:
    refund, found = group[0]
    assert found.payment_id is not None, "what gives money back was paid"
    assert found.channel is not None
    lines: dict[int, list[int]] = {}
    for part, of_line in group:
        sums = lines.setdefault(of_line.line, [0, 0])
        sums[0] += part.quantity
        sums[1] += part.amount
    return RecordedReturn(
        refund_id=RefundId(ids.mint()),
        merchant_id=MerchantId(refund.merchant_id),
        order_id=found.order_id,
        payment_id=found.payment_id,
        buyer_id=found.buyer_id,
        channel=found.channel,
        currency=refund.currency,
        note=refund.document,
        at=refund.at,
        lines=[(line, quantity, amount) for line, (quantity, amount) in sorted(lines.items())],
    )


async def known_buyers(tx: Tx, buyer_ids: Iterable[UUID]) -> set[UUID]:
    """Which of these are buyers already."""
    rows = await tx.fetch("SELECT buyer_id FROM buyers WHERE buyer_id = ANY($1)", list(buyer_ids))
    return {row["buyer_id"] for row in rows}
