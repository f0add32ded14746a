"""Questions about e-invoices."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from steelyard.goods.taxes.model import EU
from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.paging import Page
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.einvoices.model import (
    MISSING_MAX,
    Document,
    EInvoice,
    EInvoiceId,
    Issuer,
    Missing,
    SellerTerms,
)
from steelyard.trade.orders.model import OrderId

_EINVOICE: LiteralString = """
SELECT e.merchant_id, e.einvoice_id, e.issuer, e.kind, e.number, e.issued_on, e.order_id, o.code AS order_code, e.month
     , e.currency, e.net, e.tax, e.issued_at
FROM einvoices e LEFT JOIN orders o ON o.merchant_id = e.merchant_id AND o.order_id = e.order_id
"""
_LAST = UUID(int=2**128 - 1)
MONTHS_CHARGES_MAX = 2_000


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    refund_id: UUID | None
    document: Document


async def seller(read: Read, merchant_id: MerchantId) -> SellerTerms | None:
    """As whom a merchant issues e-invoices; none when it never said."""
    return await read.one(
        SellerTerms,
        """
        SELECT legal_name, vat_number, street, city, postal_code, country, email, automatic
        FROM einvoice_sellers WHERE merchant_id = $1
        """,
        merchant_id,
    )


async def automatic(read: Read, refs: Sequence[tuple[MerchantId, OrderId]]) -> list[tuple[MerchantId, OrderId]]:
    """Of these orders those that go to the EU, from merchants that invoice by themselves, in the order of their keys."""
    rows = await read.fetch(
        """
        SELECT o.merchant_id, o.order_id
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id)
        JOIN einvoice_sellers s ON s.merchant_id = w.merchant_id AND s.automatic
        JOIN orders o ON o.merchant_id = w.merchant_id AND o.order_id = w.order_id
        WHERE o.tax_country = ANY($3) AND o.total > 0
        ORDER BY o.merchant_id, o.order_id
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
        sorted(EU),
    )
    return [(MerchantId(row["merchant_id"]), OrderId(row["order_id"])) for row in rows]


async def invoiced(read: Read, refs: Sequence[tuple[MerchantId, OrderId]]) -> set[tuple[MerchantId, OrderId]]:
    """Of these orders those that have an e-invoice."""
    rows = await read.fetch(
        """
        SELECT DISTINCT e.merchant_id, e.order_id
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, order_id)
        JOIN einvoices e ON e.merchant_id = w.merchant_id AND e.order_id = w.order_id
        """,
        [merchant_id for merchant_id, _ in refs],
        [order_id for _, order_id in refs],
    )
    return {(MerchantId(row["merchant_id"]), OrderId(row["order_id"])) for row in rows}


async def documents_of_order(read: Read, merchant_id: MerchantId, order_id: OrderId) -> list[Kept]:
    """The invoice of an order and its credit notes, the first first."""
    return await read.all(
        Kept,
        """
        SELECT refund_id, document FROM einvoices WHERE merchant_id = $1 AND order_id = $2 ORDER BY year, sequence
        """,
        merchant_id,
        order_id,
    )


async def get(read: Read, merchant_id: MerchantId, einvoice_id: EInvoiceId) -> EInvoice | None:
    return await read.one(
        EInvoice, _EINVOICE + "WHERE e.merchant_id = $1 AND e.einvoice_id = $2", merchant_id, einvoice_id
    )


async def by_id(read: Read, einvoice_id: EInvoiceId) -> EInvoice | None:
    """Whosever it is: for the operator."""
    return await read.one(EInvoice, _EINVOICE + "WHERE e.einvoice_id = $1", einvoice_id)


async def document_of(read: Read, merchant_id: MerchantId, einvoice_id: EInvoiceId) -> Document | None:
    """What it says."""
    found = await read.one(
        Kept,
        "SELECT refund_id, document FROM einvoices WHERE merchant_id = $1 AND einvoice_id = $2",
        merchant_id,
        einvoice_id,
    )
    return found.document if found else None


async def xml_of(read: Read, merchant_id: MerchantId, einvoice_id: EInvoiceId) -> bytes | None:
    """The XML as it was issued."""
    found: str | None = await read.value(
        "SELECT xml FROM einvoices WHERE merchant_id = $1 AND einvoice_id = $2", merchant_id, einvoice_id
    )
    return found.encode() if found is not None else None


async def of_order(read: Read, merchant_id: MerchantId, order_id: OrderId) -> list[EInvoice]:
    """The invoice of an order and its credit notes, the newest first."""
    return await read.all(
        EInvoice,
        _EINVOICE + "WHERE e.merchant_id = $1 AND e.order_id = $2 ORDER BY e.year DESC, e.sequence DESC",
        merchant_id,
        order_id,
    )


async def of_buyer(read: Read, buyer_ids: Sequence[BuyerId], most: int) -> list[EInvoice]:
    """What shops issued to a buyer, the newest first."""
    return await read.all(
        EInvoice,
        _EINVOICE + "WHERE e.buyer_id = ANY($1) ORDER BY e.issued_at DESC, e.einvoice_id DESC LIMIT $2",
        list(buyer_ids),
        most,
    )


async def issued_page(
    read: Read, merchant_id: MerchantId, issuer: Issuer, cursor: str | None = None, limit: int | None = None
) -> Page[EInvoice]:
    """What a merchant issued, or was issued by the platform, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    found = await read.all(
        EInvoice,
        _EINVOICE
        + """
        WHERE e.merchant_id = $1 AND e.issuer = $2
          AND (e.issued_at, e.einvoice_id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, $6))
        ORDER BY e.issued_at DESC, e.einvoice_id DESC LIMIT $5
        """,
        merchant_id,
        issuer,
        *key,
        most + 1,
        _LAST,
    )
    return paging.cut(found, most, lambda last: (last.issued_at, last.einvoice_id))


async def charges_of_months(read: Read, first: date, last: date) -> list[EInvoice]:
    """What the platform issued for these months (first days), the newest month first: for the operator."""
    return await read.all(
        EInvoice,
        _EINVOICE
        + """
        WHERE e.issuer = 'platform' AND e.month BETWEEN $1 AND $2 ORDER BY e.month DESC, e.einvoice_id DESC LIMIT $3
        """,
        first,
        last,
        MONTHS_CHARGES_MAX,
    )


_MISSING: LiteralString = """
FROM orders o
WHERE o.merchant_id = $1 AND o.state IN ('shipped', 'completed') AND o.tax_country = ANY($2) AND o.total > 0
  AND o.import_run IS NULL
  AND o.shipped_at >= (SELECT s.since - interval '30 days' FROM einvoice_sellers s WHERE s.merchant_id = $1)
  AND NOT EXISTS (SELECT FROM einvoices e WHERE e.merchant_id = o.merchant_id AND e.order_id = o.order_id)
"""


async def missing(read: Read, merchant_id: MerchantId) -> list[Missing]:
    """Orders that went to the EU, since a month before the merchant said as whom it issues, and have no e-invoice."""
    return await read.all(
        Missing,
        "SELECT o.order_id, o.code, o.shipped_at, o.total, o.currency, o.tax_country AS country"
        + _MISSING
        + "ORDER BY o.shipped_at, o.order_id LIMIT $3",
        merchant_id,
        sorted(EU),
        MISSING_MAX,
    )


async def count_missing(read: Read, merchant_id: MerchantId) -> int:
    """How many that are, counted up to `MISSING_MAX`."""
    return await read.value(
        "SELECT count(*)::integer FROM (SELECT" + _MISSING + "LIMIT $3) AS found",  # noqa: S608  # ours
        merchant_id,
        sorted(EU),
        MISSING_MAX,
    )
