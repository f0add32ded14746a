"""Stock, what is kept for orders, and the movements that explain it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import SkuId
from steelyard.goods.warehouses.model import WarehouseId
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId

LINES_PER_COMMAND_MAX = 10_000
QUANTITY_MAX = 1_000_000
COUNT_LINES_MAX = 500

CountId = NewType("CountId", UUID)

SkuKey = tuple[UUID, UUID]
"""(merchant_id, sku_id)"""

StockKey = tuple[UUID, UUID, UUID]
"""(merchant_id, sku_id, warehouse_id)"""


class Reason(StrEnum):
    """Why what is on hand changed. `shipped`, `scrapped` and `sampled` take away, `counted` goes either way, `transferred` both
    ways in one document, the others add. `sampled`: to somebody who tries it; `sample_returned`: it is back."""

    RECEIVED = "received"
    SHIPPED = "shipped"
    RETURNED = "returned"
    COUNTED = "counted"
    SCRAPPED = "scrapped"
    IMPORTED = "imported"
    TRANSFERRED = "transferred"
    SAMPLED = "sampled"
    SAMPLE_RETURNED = "sample_returned"


class Entry(msgspec.Struct, frozen=True):
    """What is written beside each movement of one command."""

    reason: Reason
    document: UUID
    by: str
    note: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces that an order asks for. `request` is what is served together or not at all, such as the purchase that the
    orders of several merchants belong to; when it is missing, the order alone."""

    merchant_id: UUID
    order_id: UUID
    sku_id: UUID
    quantity: int
    request: UUID | None = None

    @property
    def together(self) -> UUID:
        return self.request or self.order_id


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces that were kept for one order, and are kept for another."""

    merchant_id: UUID
    from_id: UUID
    to_id: UUID
    sku_id: UUID
    quantity: int


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """A request was not served, since of this SKU it wanted more than was free for it."""

    request: UUID
    merchant_id: MerchantId
    order_id: UUID
    sku_id: SkuId
    wanted: int
    free: int


class Shelf(msgspec.Struct, frozen=True):
    """The stock row of a SKU in a warehouse, as it was when it was locked."""

    merchant_id: MerchantId
    sku_id: SkuId
    warehouse_id: WarehouseId
    on_hand: int
    reserved: int
    place: int
    open: bool

    @property
    def key(self) -> StockKey:
        return (self.merchant_id, self.sku_id, self.warehouse_id)

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved if self.open else 0


class Kept(msgspec.Struct, frozen=True):
    """Pieces taken from one warehouse for one order."""

    merchant_id: UUID
    order_id: UUID
    sku_id: UUID
    warehouse_id: UUID
    quantity: int


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a SKU are in a warehouse."""

    sku_id: SkuId
    warehouse_id: WarehouseId
    on_hand: int
    reserved: int
    warn_below: int

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved

    @property
    def low(self) -> bool:
        return self.free < self.warn_below


class Stocked(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU of the list of stock."""

    sku_id: SkuId
    code: str


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is on hand."""

    movement_id: UUID
    sku_id: SkuId
    warehouse_id: WarehouseId
    quantity: int
    reason: Reason
    document: UUID
    note: str
    by: str
    at: datetime


class MovementsWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which movements a merchant looks for; what is left empty narrows nothing down."""

    sku_id: UUID | None = None
    warehouse_id: UUID | None = None
    reason: str = ""
    document: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class CountSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet to count a warehouse on: how many lines it has, and on how many of them there is a number."""

    count_id: CountId
    warehouse_id: WarehouseId
    blind: bool
    note: str
    by: str
    made_at: datetime
    booked_at: datetime | None
    dropped_at: datetime | None
    closed_by: str | None
    lines: int
    counted: int

    @property
    def open(self) -> bool:
        return self.booked_at is None and self.dropped_at is None


class CountLine(msgspec.Struct, frozen=True, kw_only=True):
    """`expected` is what was on hand when the sheet was made, `on_hand` what is now; `moved` what booking changed."""

    sku_id: SkuId
    code: str
    barcode: str
    expected: int
    counted: int | None
    on_hand: int
    reserved: int
    moved: int | None

    @property
    def difference(self) -> int:
        return 0 if self.counted is None else self.counted - self.on_hand

    @property
    def stirred(self) -> bool:
        """Pieces came or went since the sheet was made: the number may be of before or after."""
        return self.on_hand != self.expected


class CountClosed(Refusal):
    """A sheet is booked or dropped once, and then stays as it is."""

    code = "count_closed"
    title = N_("This count is closed")
    detail = N_("It has been booked or dropped already. Please begin a new one.")


class SoldOut(Refusal):
    """Nobody is promised a piece that is not there: `sku_id`, how many were `wanted`, how many are `free`."""

    code = "sold_out"
    title = N_("There are not enough left")
    detail = N_("You asked for {wanted}, but only {free} are left.")


class NotKept(Refusal):
    """Only pieces that are kept for an order leave the house for it."""

    code = "not_reserved"
    title = N_("These pieces are not reserved for the order")
    detail = N_("{wanted} were to leave, but {kept} are reserved.")


class Promised(Refusal):
    """Stock is not counted or scrapped down below what is promised to orders: those are dealt with first."""

    code = "stock_is_promised"
    title = N_("Some of these pieces are reserved")
    detail = N_("{reserved} pieces are reserved for orders, so {wanted} cannot be all there are.")


class WarehouseUnknown(Refusal):
    """Goods lie in a warehouse of their merchant."""

    code = "warehouse_unknown"
    status = 422
    title = N_("There is no such warehouse")
    detail = N_("Please choose one of your warehouses.")


def allocate(shelves: Sequence[Shelf], wanted: Sequence[Wanted]) -> tuple[list[Kept], list[Shortage]]:
    """Serve requests one after the other, in the order in which they are given: each whole or not at all.

    A SKU of an order comes from the first open warehouse, by place, that has all of it; when none has, from several, by
    place. What a refused request would have taken is there for the next. Every SKU that a refused request is short
    of is named, with what was free for it.
    """
    free: dict[SkuKey, dict[UUID, int]] = defaultdict(dict)
    for shelf in sorted(shelves, key=lambda shelf: (shelf.place, shelf.warehouse_id)):
        if shelf.open:
            free[shelf.merchant_id, shelf.sku_id][shelf.warehouse_id] = shelf.on_hand - shelf.reserved
    requests: dict[UUID, dict[tuple[UUID, UUID, UUID], int]] = {}
    for want in wanted:
        assert want.quantity > 0, "nobody wants nothing"
        lines = requests.setdefault(want.together, {})
        line = (want.merchant_id, want.order_id, want.sku_id)
        lines[line] = lines.get(line, 0) + want.quantity
    kept: list[Kept] = []
    short: list[Shortage] = []
    for request, lines in requests.items():
        taken, missing = _serve(free, request, lines)
        short += missing
        if missing:
            _put_back(free, taken)
        else:
            kept += taken
    return kept, short


def _serve(
    free: Mapping[SkuKey, dict[UUID, int]], request: UUID, lines: Mapping[tuple[UUID, UUID, UUID], int]
) -> tuple[list[Kept], list[Shortage]]:
    taken: list[Kept] = []
    missing: list[Shortage] = []
    for (merchant_id, order_id, sku_id), quantity in lines.items():
        there = free.get((merchant_id, sku_id), {})
        if sum(there.values()) < quantity:
            missing.append(
                Shortage(
                    request=request,
                    merchant_id=MerchantId(merchant_id),
                    order_id=order_id,
                    sku_id=SkuId(sku_id),
                    wanted=quantity,
                    free=sum(there.values()),
                )
            )
            continue
        for warehouse_id, pieces in _sources(there, quantity):
            there[warehouse_id] -= pieces
            taken.append(Kept(merchant_id, order_id, sku_id, warehouse_id, pieces))
    return taken, missing


def _sources(there: Mapping[UUID, int], quantity: int) -> list[tuple[UUID, int]]:
    for warehouse_id, pieces in there.items():
        if pieces >= quantity:
            return [(warehouse_id, quantity)]
    sources: list[tuple[UUID, int]] = []
    for warehouse_id, pieces in there.items():
        taken = min(pieces, quantity)
        if taken:
            sources.append((warehouse_id, taken))
        quantity -= taken
    assert quantity == 0
    return sources


def taken_from(there: dict[UUID, int], quantity: int) -> list[tuple[UUID, int]]:
    """From which warehouses so many of the pieces that are `there` come; they are there no more."""
    sources = _sources(there, quantity)
    for warehouse_id, pieces in sources:
        there[warehouse_id] -= pieces
    return sources


def _put_back(free: Mapping[SkuKey, dict[UUID, int]], taken: Sequence[Kept]) -> None:
    for each in taken:
        free[each.merchant_id, each.sku_id][each.warehouse_id] += each.quantity


def crossed(shelves: Sequence[Shelf], changes: Mapping[StockKey, int]) -> dict[UUID, list[SkuId]]:
    """The SKUs, by merchant, of which there were free pieces before `changes` to the free count and are none
    after, or the other way round. `shelves` are all stock rows of these SKUs."""
    before: dict[SkuKey, int] = defaultdict(int)
    after: dict[SkuKey, int] = defaultdict(int)
    for shelf in shelves:
        key = (shelf.merchant_id, shelf.sku_id)
        before[key] += shelf.free
        after[key] += shelf.free + (changes.get(shelf.key, 0) if shelf.open else 0)
    found: dict[UUID, list[SkuId]] = defaultdict(list)
    for merchant_id, sku_id in sorted(before):
        if (before[merchant_id, sku_id] > 0) != (after[merchant_id, sku_id] > 0):
            found[merchant_id].append(SkuId(sku_id))
    return dict(found)
