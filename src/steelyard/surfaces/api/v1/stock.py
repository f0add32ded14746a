"""A merchant's stock: levels, movements, what is received and counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from steelyard.goods import catalog, inventory, warehouses
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.inventory.model import LINES_PER_COMMAND_MAX, Entry, Level, Movement, Reason
from steelyard.kernel import logs
from steelyard.kernel.batching import REQUESTS_PER_BATCH_MAX, join
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.paging import Page
from steelyard.parties import access
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.api.v1.calls import Call, Once
from steelyard.surfaces.api.v1.words import QUANTITY_MAX, Cursor, Limit, shown

TAGS = ["Stock"]
READ = {"permission": "stock.read"}
EDIT = {"permission": "stock.edit"}
LINES_PER_CALL_MAX = 500
NOTE_CHARACTERS_MAX = 200
# What is longer is booked by itself, so that no batch takes more lines than one command may.
LINES_TOGETHER_MAX = LINES_PER_COMMAND_MAX // REQUESTS_PER_BATCH_MAX

Note = Annotated[str, Meta(max_length=NOTE_CHARACTERS_MAX)]


class StockWarehouse(msgspec.Struct, frozen=True, kw_only=True):
    """Where goods lie. Orders are served from the open one with the lowest `place` that has enough."""

    warehouse_id: UUID
    name: str
    address: Address
    place: int
    open: bool


class WarehouseList(msgspec.Struct, frozen=True, kw_only=True):
    """Your warehouses in the order in which they serve."""

    items: list[StockWarehouse]


class StockLevel(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a variant are in a warehouse: `reserved` of them are kept for orders, `free` can be sold."""

    sku_id: UUID
    warehouse_id: UUID
    on_hand: int
    reserved: int
    free: int
    warn_below: int


class StockLevels(msgspec.Struct, frozen=True, kw_only=True):
    """Levels by variant and warehouse. `next` is the `cursor` of the following page; null on the last."""

    items: list[StockLevel]
    next: str | None


class StockMovement(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is on hand; `document` is what caused it."""

    movement_id: UUID
    warehouse_id: UUID
    quantity: int
    reason: Reason
    document: UUID
    note: str
    by: str
    at: datetime


class StockMovements(msgspec.Struct, frozen=True, kw_only=True):
    """Movements, the latest first. `next` is the `cursor` of the following page; null on the last."""

    items: list[StockMovement]
    next: str | None


class ReceivedLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many pieces that came in."""

    sku_id: UUID
    warehouse_id: UUID
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]


class StockReceipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods that came in."""

    lines: Annotated[list[ReceivedLine], Meta(min_length=1, max_length=LINES_PER_CALL_MAX)]
    note: Note = ""


class CountedLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many pieces that are there."""

    sku_id: UUID
    warehouse_id: UUID
    on_hand: Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]


class StockCount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was counted."""

    lines: Annotated[list[CountedLine], Meta(min_length=1, max_length=LINES_PER_CALL_MAX)]
    note: Note = ""


class StockBooked(msgspec.Struct, frozen=True, kw_only=True):
    """The levels of the variants concerned as they are now, in all warehouses; `document` is on the movements."""

    document: UUID
    levels: list[StockLevel]


@get("/warehouses", opt=READ, tags=TAGS, summary="List your warehouses")
async def list_warehouses(call: NamedDependency[Call]) -> WarehouseList:
    """Your warehouses, closed ones too."""
    found = await call.db.ask(warehouses.of_merchant, call.merchant_id)
    return WarehouseList(items=[shown(StockWarehouse, each, "") for each in found])


@get("/stock", opt=READ, tags=TAGS, summary="List stock levels")
async def list_stock(
    call: NamedDependency[Call],
    sku_id: FromQuery[UUID | None] = None,
    low: FromQuery[bool] = False,
    cursor: Cursor = None,
    limit: Limit = None,
) -> StockLevels:
    """How many of each variant are where: of one variant, or with `low` only where fewer are free than you want to be
    warned of."""
    sku_ids = None if sku_id is None else [sku_id]
    page = await call.db.ask(inventory.levels, call.merchant_id, cursor, limit, sku_ids=sku_ids, low=low)
    return StockLevels(items=[shown(StockLevel, each, "") for each in page.items], next=page.next)


@get("/stock/{sku_id:uuid}/movements", opt=READ, tags=TAGS, summary="List the movements of a variant")
async def list_movements(
    call: NamedDependency[Call], sku_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = None
) -> StockMovements:
    """Why a variant's stock changed, the latest first."""
    page = await call.db.ask(_movements, call.merchant_id, sku_id, cursor, limit)
    return StockMovements(items=[shown(StockMovement, each, "") for each in page.items], next=page.next)


async def _movements(
    read: Read, merchant_id: MerchantId, sku_id: UUID, cursor: str | None, limit: int | None
) -> Page[Movement]:
    await _only_mine(read, merchant_id, {sku_id})
    return await inventory.movements(read, merchant_id, sku_id, cursor, limit)


async def _only_mine(read: Read, merchant_id: MerchantId, sku_ids: set[UUID]) -> None:
    """Raises `NotFound` unless all of these variants are the merchant's."""
    cards = await catalog.cards(read, sku_ids)
    for sku_id in sku_ids:
        card = cards.get(SkuId(sku_id))
        if card is None or card.merchant_id != merchant_id:
            raise NotFound(sku_id=sku_id)


@post("/stock/receipts", opt=EDIT, tags=TAGS, summary="Receive goods")
async def receive_stock(
    call: NamedDependency[Call], once: NamedDependency[Once], data: JSONBody[StockReceipt]
) -> Response[StockBooked]:
    """Put pieces that came in on hand."""
    lines = [(line.sku_id, line.warehouse_id, line.quantity) for line in data.lines]
    facts = {"lines": len(lines), "pieces": sum(pieces for _, _, pieces in lines), "note": data.note}
    return await once(
        lambda document: _report(call, document, lines, Reason.RECEIVED, "stock.receive", data.note, facts), status=201
    )


@post("/stock/counts", opt=EDIT, tags=TAGS, summary="Count stock")
async def count_stock(
    call: NamedDependency[Call], once: NamedDependency[Once], data: JSONBody[StockCount]
) -> Response[StockBooked]:
    """Say how many pieces there are; what the books say differently is corrected. It cannot be fewer than are reserved
    for orders."""
    lines = [(line.sku_id, line.warehouse_id, line.on_hand) for line in data.lines]
    facts = {"lines": len(lines), "note": data.note}
    return await once(
        lambda document: _report(call, document, lines, Reason.COUNTED, "stock.count", data.note, facts), status=201
    )


class Report(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a shop's program says of its stock, and what is written of that into the audit log."""

    merchant_id: MerchantId
    booking: inventory.Booking
    act: access.Act


async def _report(
    call: Call,
    document: UUID,
    lines: Sequence[tuple[UUID, UUID, int]],
    reason: Reason,
    action: str,
    note: str,
    facts: Mapping[str, object],
) -> StockBooked:
    """Have it booked, together with what others report now; what is long, by itself."""
    report = Report(
        merchant_id=call.merchant_id,
        booking=inventory.Booking(
            merchant_id=call.merchant_id, lines=lines, entry=Entry(reason, document, call.by, note)
        ),
        act=access.Act(
            actor=call.actor, action=action, subject=str(document), facts=facts, request_id=logs.request_id()
        ),
    )
    if len(lines) <= LINES_TOGETHER_MAX:
        return await join(call.everybodys_db, book_all, report, lambda report: report.booking.entry.document)
    (answer,) = await call.db.transact(book_all, [report])
    if isinstance(answer, Refusal):
        raise answer
    return answer


async def book_all(tx: Tx, reports: Sequence[Report]) -> list[StockBooked | Refusal]:
    """Book what these programs report, each for its own shop, and tell each how many there are now. This may be a
    transaction that sees everybody's rows: no shop's program gets at another's goods, since each article is looked up
    with its merchant."""
    cards = await catalog.cards(tx, {sku_id for report in reports for sku_id, _, _ in report.booking.lines})
    foreign = [_not_mine(report, cards) for report in reports]
    mine = [report for report, refusal in zip(reports, foreign, strict=True) if refusal is None]
    outcomes = iter(await inventory.book_all(tx, [report.booking for report in mine]) if mine else [])
    refusals = [refusal if refusal is not None else next(outcomes) for refusal in foreign]
    booked = [report for report, refusal in zip(reports, refusals, strict=True) if refusal is None]
    levels: dict[tuple[UUID, UUID], list[Level]] = {}
    if booked:
        await access.audit_all(tx, [report.act for report in booked])
        levels = await inventory.levels_of_all(tx, {key for report in booked for key in _skus(report)})
    return [
        refusal if refusal is not None else _booked(report, levels)
        for report, refusal in zip(reports, refusals, strict=True)
    ]


def _not_mine(report: Report, cards: Mapping[SkuId, SkuCard]) -> NotFound | None:
    for sku_id, _, _ in report.booking.lines:
        card = cards.get(SkuId(sku_id))
        if card is None or card.merchant_id != report.merchant_id:
            return NotFound(sku_id=sku_id)
    return None


def _skus(report: Report) -> list[tuple[UUID, UUID]]:
    return sorted({(report.merchant_id, sku_id) for sku_id, _, _ in report.booking.lines})


def _booked(report: Report, levels: Mapping[tuple[UUID, UUID], Sequence[Level]]) -> StockBooked:
    return StockBooked(
        document=report.booking.entry.document,
        levels=[shown(StockLevel, level, "") for key in _skus(report) for level in levels[key]],
    )


HANDLERS = [list_warehouses, list_stock, list_movements, receive_stock, count_stock]
