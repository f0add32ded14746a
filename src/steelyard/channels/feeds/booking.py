"""From a feed's chunk to what the modules write: orders that were paid and completed, refunds that arrived, and the
documents that are no orders. `prepare` runs in a thread while the chunk before is being written."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa

from steelyard.channels.feeds.columnar import Array, DataType, compute
from steelyard.channels.feeds.model import PRICE_DECIMALS, OrderChunk, Role
from steelyard.channels.feeds.shelving import SkuIndex
from steelyard.channels.feeds.shops import NAMESPACE, Stall, source
from steelyard.kernel import bulk, ids
from steelyard.kernel.money import minor_digits
from steelyard.money.payments import PaymentId, RecordedPayment, Split
from steelyard.parties.customers.model import Address, Buyer, BuyerId
from steelyard.trade import orders
from steelyard.trade.orders import PastOrder
from steelyard.trade.orders.model import OrderId, PurchaseId

DOCUMENT_COLUMNS = (
    "merchant_id",
    "document_id",
    "run_id",
    "role",
    "number",
    "buyer_id",
    "country",
    "currency",
    "amount",
    "placed_at",
)
DOCUMENT_LINE_COLUMNS = (
    "merchant_id",
    "document_id",
    "line",
    "product_id",
    "sku_id",
    "kind",
    "title",
    "quantity",
    "unit_price_micros",
    "amount",
    "source_line",
    "credited_quantity",
    "credited",
    "credited_because",
)


class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a return line and the sale line that it takes back, as the feed matched them."""

    merchant_id: UUID
    document: str
    order_source: str
    order_line: str
    quantity: int
    amount: int
    currency: str
    at: datetime


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction's worth, ready to be written."""

    number: int
    lines_read: int
    guests: Sequence[Buyer]
    orders: Sequence[PastOrder]
    lines: bulk.Batch
    documents: Sequence[tuple[Any, ...]]
    document_lines: bulk.Batch
    refunds: Sequence[Refunded]


class Shared(msgspec.Struct, frozen=True):
    """What the chunks of one import have in common."""

    run_id: UUID
    stalls: dict[str, Stall]
    skus: SkuIndex
    language: str


def buyer_of(merchant: str, customer: str) -> BuyerId:
    """A customer that a merchant knows by this id is always the same buyer here."""
    return BuyerId(ids.derived(NAMESPACE, "customer", merchant, customer))


def channel_of(merchant: str) -> str:
    """The payment channel of what was paid elsewhere: a name only."""
    return f"import:{merchant}"


def payment_of(order: PastOrder, merchant: str) -> RecordedPayment | None:
    """How an imported order was paid; one that costs nothing needed no payment."""
    if not order.goods:
        return None
    return RecordedPayment(
        payment_id=PaymentId(ids.mint()),
        purchase_id=order.purchase_id,
        buyer_id=order.buyer_id,
        channel=channel_of(merchant),
        amount=order.goods,
        currency=order.currency,
        splits=[Split(merchant_id=order.merchant_id, order_id=order.order_id, amount=order.goods)],
        at=order.at,
    )


def prepare(chunk: OrderChunk, shared: Shared) -> Prepared:
    """Everything about a chunk that needs no database."""
    documents = chunk.documents.to_pylist()
    document_ids = [ids.mint() for _ in documents]
    guests: list[Buyer] = []
    sold: list[PastOrder] = []
    others: list[tuple[Any, ...]] = []
    for document, document_id in zip(documents, document_ids, strict=True):
        stall = shared.stalls[document["merchant"]]
        buyer_id = buyer_of(stall.key, document["customer_id"]) if document["customer_id"] else None
        if document["role"] == Role.SALE:
            if buyer_id is None:
                guests.append(_guest(document, shared.language))
            sold.append(_order(document, document_id, stall, buyer_id or guests[-1].buyer_id, shared))
        else:
            others.append(_other(document, document_id, stall, buyer_id, shared.run_id))
    of_sales, of_others = _lines(chunk, documents, document_ids, shared)
    return Prepared(
        number=chunk.number,
        lines_read=chunk.lines.num_rows,
        guests=guests,
        orders=sold,
        lines=of_sales,
        documents=others,
        document_lines=of_others,
        refunds=_refunds(chunk, documents, shared),
    )


def _guest(document: dict[str, Any], language: str) -> Buyer:
    """Nobody knows who bought this: a guest of its own, so that no two unknown customers are taken for one, and one who is
    nobody, so that none is taken for a person who bought once."""
    return Buyer(
        buyer_id=BuyerId(ids.mint()),
        email=None,
        locale=language,
        country=document["country"],
        guest=True,
        nobody=True,
        created_at=document["placed_at"],
    )


def _order(document: dict[str, Any], document_id: UUID, stall: Stall, buyer_id: BuyerId, shared: Shared) -> PastOrder:
    return PastOrder(
        merchant_id=stall.merchant_id,
        order_id=OrderId(document_id),
        purchase_id=PurchaseId(ids.mint()),
        buyer_id=buyer_id,
        currency=document["currency"],
        goods=document["amount_minor"],
        at=document["placed_at"],
        source=source(stall.key, document["order_id"]),
        import_run=shared.run_id,
        address=Address(country=document["country"] or ""),
        locale=shared.language,
    )


def _other(
    document: dict[str, Any], document_id: UUID, stall: Stall, buyer_id: BuyerId | None, run_id: UUID
) -> tuple[Any, ...]:
    return (
        stall.merchant_id,
        document_id,
        run_id,
        document["role"],
        document["order_id"],
        buyer_id,
        document["country"],
        document["currency"],
        document["amount_minor"],
        document["placed_at"],
    )


def _lines(
    chunk: OrderChunk, documents: Sequence[dict[str, Any]], document_ids: Sequence[UUID], shared: Shared
) -> tuple[bulk.Batch, bulk.Batch]:
    """The lines of orders, and those of other documents. Lines lie in the order of their documents."""
    lines = chunk.lines
    of_document = pa.array(
        [place for place, document in enumerate(documents) for _ in range(document["lines"])], pa.int32()
    )
    assert len(of_document) == lines.num_rows, "each line is of a document of its chunk"

    def spread(values: Sequence[Any], kind: DataType) -> Array:
        return pa.array(values, kind).take(of_document)

    sku_ids, product_ids = shared.skus.find(lines.column("merchant"), lines.column("sku"))
    prices, micros = _prices(lines.column("unit_price_micros"), spread(_minor_micros(documents), pa.int64()))
    table: dict[str, Any] = {
        "merchant_id": spread([str(shared.stalls[d["merchant"]].merchant_id) for d in documents], pa.string()),
        "order_id": spread([str(document_id) for document_id in document_ids], pa.string()),
        "line": lines.column("ordinal"),
        "product_id": product_ids,
        "sku_id": sku_ids,
        "kind": lines.column("kind"),
        "title": _titles(compute.coalesce(lines.column("title"), lines.column("sku")), shared.language),
        "sku_code": lines.column("sku"),
        "quantity": lines.column("quantity"),
        "unit_price": prices,
        "unit_price_micros": micros,
        "amount": lines.column("amount_minor"),
        "commission": pa.repeat(pa.scalar(0, pa.int64()), lines.num_rows),
        "fees": pa.repeat(pa.scalar("[]"), lines.num_rows),
        "source_line": lines.column("line_id"),
    }
    others = {
        **{name: table[name] for name in DOCUMENT_LINE_COLUMNS if name in table},
        "document_id": table["order_id"],
        "unit_price_micros": lines.column("unit_price_micros"),
        "credited_quantity": lines.column("credited_quantity"),
        "credited": lines.column("credited_minor"),
        "credited_because": lines.column("credited_because"),
    }
    sale = compute.equal(lines.column("role"), Role.SALE.value)
    return (
        pa.table({name: table[name] for name in orders.LINE_COLUMNS}).filter(sale),
        pa.table({name: others[name] for name in DOCUMENT_LINE_COLUMNS}).filter(compute.invert(sale)),
    )


def _minor_micros(documents: Sequence[dict[str, Any]]) -> list[int]:
    """How many micros one minor unit of each document's currency has."""
    units: dict[str, int] = {}
    for document in documents:
        currency = document["currency"]
        if currency not in units:
            units[currency] = 10 ** (PRICE_DECIMALS - minor_digits(currency))
    return [units[document["currency"]] for document in documents]


def _prices(micros: Any, minor_micros: Any) -> tuple[Array, Array]:
    """Prices in minor units, half a unit rounded away from zero, and the micros of those that minor units cannot say.
    Prices of sale lines are not negative; those of other lines are not used."""
    twice = compute.add(compute.multiply(compute.abs(micros), 2), minor_micros)
    rounded = compute.divide(twice, compute.multiply(minor_micros, 2))
    told = compute.equal(compute.multiply(rounded, minor_micros), micros)
    return rounded, compute.if_else(told, None, micros)


def _titles(titles: Any, language: str) -> Array:
    """Titles as JSON texts; each distinct one is written once."""
    encoded = titles.dictionary_encode()
    words = [msgspec.json.encode({language: title}).decode() for title in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)


def _refunds(chunk: OrderChunk, documents: Sequence[dict[str, Any]], shared: Shared) -> list[Refunded]:
    at = {(d["merchant"], d["order_id"]): d["placed_at"] for d in documents if d["role"] == Role.RETURN}
    return [
        Refunded(
            merchant_id=shared.stalls[row["merchant"]].merchant_id,
            document=row["return_id"],
            order_source=source(row["merchant"], row["order_id"]),
            order_line=row["order_line_id"],
            quantity=row["quantity"],
            amount=row["amount_minor"],
            currency=row["currency"],
            at=at[row["merchant"], row["return_id"]],
        )
        for row in chunk.refunds.to_pylist()
    ]
