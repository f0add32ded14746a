"""Questions about invoices."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.invoices.model import (
    COUNTED_MAX,
    INVOICES_PER_ORDER_MAX,
    TITLES_PER_BUYER_MAX,
    Document,
    Invoice,
    InvoiceId,
    InvoiceState,
    SavedTitle,
    Terms,
)
from steelyard.trade.orders.model import OrderId

_INVOICE: LiteralString = """
SELECT i.merchant_id, i.invoice_id, i.order_id, o.code AS order_code, i.buyer_id, i.state, i.company, i.name, i.tax_number
     , i.amount, i.currency, i.number, i.issued_on, i.reason, i.requested_at, i.answered_at, i.special, i.address, i.phone
     , i.bank, i.account, i.reverses, i.reversed, i.due_by, b.number AS original
     , EXISTS (SELECT FROM invoice_documents d WHERE d.merchant_id = i.merchant_id AND d.invoice_id = i.invoice_id) AS filed
FROM invoices i JOIN orders o USING (merchant_id, order_id)
LEFT JOIN invoices b ON b.merchant_id = i.merchant_id AND b.invoice_id = i.reverses
"""
_LAST = UUID(int=2**128 - 1)


async def titles(read: Read, buyer_id: BuyerId) -> list[SavedTitle]:
    """To whom a buyer's invoices are written, the default first."""
    return await read.all(
        SavedTitle,
        """
        SELECT title_id, company, name, tax_number, is_default, special, address, phone, bank, account
        FROM invoice_titles WHERE buyer_id = $1
        ORDER BY is_default DESC, created_at DESC LIMIT $2
        """,
        buyer_id,
        TITLES_PER_BUYER_MAX,
    )


async def get(read: Read, merchant_id: MerchantId, invoice_id: InvoiceId) -> Invoice | None:
    return await read.one(Invoice, _INVOICE + "WHERE i.merchant_id = $1 AND i.invoice_id = $2", merchant_id, invoice_id)


async def invoices_of_orders(read: Read, refs: Sequence[tuple[MerchantId, OrderId]]) -> dict[OrderId, list[Invoice]]:
    """The invoices of these orders, the newest first."""
    found: dict[OrderId, list[Invoice]] = {order_id: [] for _, order_id in refs}
    for invoice in await read.all(
        Invoice,
        _INVOICE  # noqa: S608  # two literals of ours
        + """
        WHERE (i.merchant_id, i.order_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        ORDER BY i.requested_at DESC, i.invoice_id DESC LIMIT $3
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
        INVOICES_PER_ORDER_MAX * max(1, len(refs)),
    ):
        found[invoice.order_id].append(invoice)
    return found


async def invoices_of_buyer(
    read: Read, buyer_ids: Sequence[BuyerId], cursor: str | None = None, limit: int | None = None
) -> Page[Invoice]:
    """What a buyer asked for, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Invoice,
        _INVOICE
        + """
        WHERE i.buyer_id = ANY($1)
          AND (i.requested_at, i.invoice_id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $5))
        ORDER BY i.requested_at DESC, i.invoice_id DESC LIMIT $4
        """,
        list(buyer_ids),
        *key,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda last: (last.requested_at, last.invoice_id))


async def invoices_of_merchant(
    read: Read,
    merchant_id: MerchantId,
    state: InvoiceState,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Invoice]:
    """A shop's invoices in a state, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        Invoice,
        _INVOICE
        + """
        WHERE i.merchant_id = $1 AND i.state = $2
          AND (i.requested_at, i.invoice_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, $6))
        ORDER BY i.requested_at DESC, i.invoice_id DESC LIMIT $5
        """,
        merchant_id,
        state,
        *key,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda last: (last.requested_at, last.invoice_id))


async def count_requested(read: Read, merchant_id: MerchantId, most: int = COUNTED_MAX) -> int:
    """How many invoices a shop has still to write, counted up to `most`: for its to-dos."""
    return await read.value(
        """
        SELECT count(*)::integer FROM (
            SELECT FROM invoices WHERE merchant_id = $1 AND state = 'requested' LIMIT $2) AS requested
        """,
        merchant_id,
        most,
    )


async def document(read: Read, merchant_id: MerchantId, invoice_id: InvoiceId) -> Document | None:
    """The file of an issued invoice."""
    return await read.one(
        Document,
        "SELECT content_type, content FROM invoice_documents WHERE merchant_id = $1 AND invoice_id = $2",
        merchant_id,
        invoice_id,
    )


async def terms(read: Read, merchant_id: MerchantId) -> Terms:
    """What stands in every line that goes into a shop's tax software."""
    found = await read.one(
        Terms, "SELECT goods_code, freight_code FROM invoice_terms WHERE merchant_id = $1", merchant_id
    )
    return found or Terms()


async def numbered(read: Read, merchant_id: MerchantId, numbers: Sequence[str]) -> dict[str, InvoiceId]:
    """The invoices of a shop with these numbers that have no file yet."""
    rows = await read.fetch(
        """
        SELECT i.number, i.invoice_id FROM invoices i
        WHERE i.merchant_id = $1 AND i.number = ANY($2)
          AND NOT EXISTS (SELECT FROM invoice_documents d WHERE d.merchant_id = i.merchant_id AND d.invoice_id = i.invoice_id)
        """,
        merchant_id,
        list(numbers),
    )
    return {row["number"]: InvoiceId(row["invoice_id"]) for row in rows}
