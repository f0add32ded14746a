"""The demo's last two years: orders that were bought, received and settled, written by the bulk paths that imports use."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa

from steelyard.demo import evening, habits
from steelyard.demo.catalogue import Maker, makers
from steelyard.demo.deals import Deal, House, Ware, deal
from steelyard.demo.habits import Good, Person, Product, Shelf, Year
from steelyard.demo.people import CURRENCY, HOME, SEVENTH, warehouse_id
from steelyard.demo.products import made
from steelyard.goods import inventory, search
from steelyard.goods.inventory import PastMove
from steelyard.goods.inventory.model import Reason
from steelyard.kernel import bulk, money
from steelyard.kernel.db import Database, Read, Row, Tx
from steelyard.kernel.text import text
from steelyard.logistics import fulfilment
from steelyard.money import payments
from steelyard.parties import customers
from steelyard.parties.customers.model import AddressId, Buyer, BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import aftersales, commission, orders, settlement
from steelyard.trade.commission.model import Channel, Rule, Sale
from steelyard.trade.orders import DRESSED_LINE_COLUMNS
from steelyard.trade.orders.model import Delivery
from steelyard.trade.settlement import NewEntry

# A transaction of so many takes about a second.
DEALS_AT_ONCE = 1_000
BUYERS_AT_ONCE = 5_000
PRODUCTS_AT_ONCE = 2_000
# What two years of sales fill.
FILLED = (
    "buyers",
    "fulfilment_lines",
    "ledger_accounts",
    "ledger_transfers",
    "order_lines",
    "order_refunds",
    "orders",
    "parcel_lines",
    "parcels",
    "payment_splits",
    "payments",
    "purchases",
    "refunds",
    "settlement_entries",
    "stock_movements",
)
# What was earned in the last days is not paid out yet: the nightly run does it.
UNSETTLED_DAYS = 3
_LOGIN = "buyer@steelyard.test"

Step = Callable[[str, int, int], None]


async def remember(db: Database, *, seed: int, scale: float, step: Step) -> None:
    """Write two years of sales. Broken off and said again, it goes on where it was."""
    now = await db.ask(_since)
    wares, shelves = await db.ask(_wares)
    number = round(habits.BUYERS * scale)
    world = _World(shelves, wares, Year(now.date()), _houses(), now, seed, number)
    sold: Counter[tuple[MerchantId, UUID]] = Counter()
    done = 0
    # While one crowd's orders are written, the next crowd makes up its mind.
    following = asyncio.create_task(asyncio.to_thread(_bought, crowds := _crowds(now, seed, number), world))
    while (bought := await following) is not None:
        following = asyncio.create_task(asyncio.to_thread(_bought, crowds, world))
        crowd, deals = bought
        await _register(db, crowd)
        for start in range(0, len(deals), DEALS_AT_ONCE):
            some = deals[start : start + DEALS_AT_ONCE]
            step("Buyers and two years of their orders", done + len(crowd) * start // len(deals), number + 1)
            if await db.ask(orders.order, some[0].order.merchant_id, some[0].order.order_id) is None:
                await db.transact(_write, some, now)
            sold.update(_sold(some))
        done += len(crowd)
        step("Buyers and two years of their orders", done, number + 1)
    await db.transact(_rank, sold)


async def settle(db: Database) -> None:
    """Put what was earned on statements that are paid."""
    for maker in makers():
        while await db.transact(settlement.bulk_settled, made("merchant", maker.slug)):
            pass


async def _since(read: Read) -> datetime:
    """When this marketplace was begun: its past ends there, also when its making was broken off and goes on later."""
    return await read.value("SELECT date_trunc('hour', min(created_at)) FROM accounts")


def _regular(now: datetime) -> Person:
    """The demo's buyer login, who has been here for long and comes back often."""
    return Person(
        buyer_id=BuyerId(made("buyer")),
        email=_LOGIN,
        name=HOME.name,
        address=HOME,
        locale="zh-Hans",
        joined=now - timedelta(days=600),
        favourites=["sneakers", "tableware", "stationery"],
        thrift=0.4,
        loyalty=1.6,
        regular=24,
        size=0.6,
        late=0,
    )


async def _register(db: Database, crowd: Sequence[Person]) -> None:
    """All but the demo's login, who is known already."""
    new = [one for one in crowd if one.email != _LOGIN]
    if new and await db.ask(customers.get, new[0].buyer_id) is None:
        await db.transact(_buyers, new)


async def _buyers(tx: Tx, crowd: Sequence[Person]) -> None:
    await customers.bulk_register(
        tx,
        [
            Buyer(
                buyer_id=one.buyer_id,
                email=one.email,
                name=one.name,
                phone=one.address.phone,
                locale=one.locale,
                country=one.address.country,
                created_at=one.joined,
            )
            for one in crowd
        ],
    )
    await customers.bulk_save_addresses(
        tx, [(one.buyer_id, AddressId(made("address", str(one.buyer_id))), one.address) for one in crowd]
    )


async def _wares(read: Read) -> tuple[list[Ware], Mapping[str, Sequence[Shelf]]]:
    """All SKUs on the shelf in their order, and how they stand there: by category, then shop."""
    wares: list[Ware] = []
    choices: list[Sequence[int]] = []
    for maker in makers():
        merchant_id = MerchantId(made("merchant", maker.slug))
        goods = {row["product_id"]: row for row in await read.fetch(_PRODUCTS, merchant_id)}
        found = await commission.rules_for(read, [_sale(maker, merchant_id, row) for row in goods.values()])
        rules = dict(zip(goods, found, strict=True))
        warehouse = warehouse_id(maker)
        for row in await read.fetch(_SKUS, merchant_id, maker.currency):
            product = goods.get(row["product_id"])
            if product is not None:
                wares.append(_ware(merchant_id, warehouse, product, row, rules[row["product_id"]]))
                choices.append(row["choice"])
    return wares, _shelves(wares, choices)


_PRODUCTS = """
SELECT p.product_id, p.title, p.options, c.slug AS category, c.path
FROM products p JOIN categories c USING (category_id)
WHERE p.merchant_id = $1 AND p.state = 'on_shelf' ORDER BY p.product_id
"""
_SKUS = """
SELECT s.product_id, s.sku_id, s.code, s.choice, s.picture, s.weight_grams, x.amount
FROM skus s JOIN prices x USING (merchant_id, sku_id)
WHERE s.merchant_id = $1 AND x.currency = $2 ORDER BY s.product_id, s.place
"""


def _sale(maker: Maker, merchant_id: MerchantId, product: Row) -> Sale:
    return Sale(
        merchant_id=merchant_id,
        path=product["path"],
        product_id=product["product_id"],
        channel=Channel.SHOP,
        currency=maker.currency,
    )


def _ware(merchant_id: MerchantId, warehouse: UUID, product: Row, sku: Row, rules: Sequence[Rule]) -> Ware:
    return Ware(
        merchant_id=merchant_id,
        warehouse_id=warehouse,
        product_id=sku["product_id"],
        sku_id=sku["sku_id"],
        code=sku["code"],
        title=product["title"],
        options=[
            (option["name"], option["values"][chosen])
            for option, chosen in zip(product["options"], sku["choice"], strict=True)
        ],
        picture=sku["picture"],
        amount=sku["amount"],
        grams=sku["weight_grams"],
        category=product["category"],
        rules=rules,
    )


def _shelves(wares: Sequence[Ware], choices: Sequence[Sequence[int]]) -> dict[str, list[Shelf]]:
    products: dict[UUID, list[Good]] = defaultdict(list)
    largest: dict[UUID, int] = defaultdict(int)
    for ware, choice in zip(wares, choices, strict=True):
        largest[ware.product_id] = max(largest[ware.product_id], choice[-1])
    where: dict[tuple[str, UUID], list[UUID]] = defaultdict(list)
    for place, (ware, choice) in enumerate(zip(wares, choices, strict=True)):
        if ware.product_id not in products:
            where[ware.category, ware.merchant_id].append(ware.product_id)
        size = choice[-1] / max(1, largest[ware.product_id])
        products[ware.product_id].append(Good(place, ware.amount, size))
    shelves: dict[str, list[Shelf]] = defaultdict(list)
    for (category, merchant_id), product_ids in sorted(where.items(), key=lambda item: (item[0][0], item[0][1])):
        # Ids are as good as dice: in their order the products of a shop are known better or worse.
        known = [
            Product(products[product_id], min(good.amount for good in products[product_id]))
            for product_id in product_ids
        ]
        shelves[category].append(
            Shelf(
                merchant=str(merchant_id),
                category=category,
                known=known,
                cheap=sorted(known, key=lambda product: product.price),
            )
        )
    return dict(shelves)


def _houses() -> dict[UUID, House]:
    found: dict[UUID, House] = {}
    for maker in makers():
        part = 1_000_000 if maker.currency == CURRENCY else SEVENTH
        found[made("merchant", maker.slug)] = House(
            currency=maker.currency,
            abroad=maker.abroad,
            by_weight=maker.by_weight,
            delivery=_delivery(maker),
            first_fee=money.share(9_800 if maker.abroad else 800, part),
            next_fee=money.share(200, part),
            free_over=money.share(69_900 if maker.abroad else 19_900, part),
        )
    return found


def _delivery(maker: Maker) -> Delivery:
    slow = 8 if maker.abroad else 0
    return Delivery(
        template_id=made("freight", maker.slug, "0"),
        name=text("标准快递", "Standard"),
        days_from=2 + slow,
        days_to=5 + slow,
    )


class _World(msgspec.Struct, frozen=True):
    """What all buyers have before them."""

    shelves: Mapping[str, Sequence[Shelf]]
    wares: Sequence[Ware]
    year: Year
    houses: Mapping[UUID, House]
    now: datetime
    seed: int
    buyers: int


def _crowds(now: datetime, seed: int, number: int) -> Iterator[tuple[int, list[Person]]]:
    """So many buyers at a time, with the number of the first of them."""
    everybody = chain([_regular(now)], habits.people(seed, number, now.date()))
    for first in range(0, number + 1, BUYERS_AT_ONCE):
        yield first, list(islice(everybody, BUYERS_AT_ONCE))


def _bought(crowds: Iterator[tuple[int, list[Person]]], world: _World) -> tuple[list[Person], list[Deal]] | None:
    """The next crowd and what they have bought, in the order of time; None after the last."""
    first, crowd = next(crowds, (0, []))
    if not crowd:
        return None
    found: list[Deal] = []
    for number, person in enumerate(crowd, start=first):
        chance = Random(f"{world.seed}/baskets/{number}")  # noqa: S311  # habits, no secrets
        for time, planned in enumerate(habits.baskets(person, world.shelves, world.year, chance)):
            ware = world.wares[planned.lines[0][0]]
            house = world.houses[ware.merchant_id]
            own = f"{world.seed}/evening/{number}/{time}"
            basket = evening.moved(planned, ware.merchant_id, ware.product_id, world.now, world.buyers, own)
            became = (
                deal(f"{number}/{time}", basket, world.wares, house, world.now, chance)
                if basket.at < world.now
                else None
            )
            if became is not None:
                found.append(became)
    found.sort(key=lambda one: (one.at, one.order.order_id))
    return crowd, found


async def _write(tx: Tx, deals: Sequence[Deal], now: datetime) -> None:
    await inventory.bulk_move(tx, list(_delivered(deals)), "system")
    # A refund is of a payment that is there, and an order of one that is there: each after the other.
    await payments.bulk_record(tx, [one.payment for one in deals if one.payment is not None])
    await orders.bulk_write(tx, [one.order for one in deals], _lines(deals), "system", DRESSED_LINE_COLUMNS)
    await fulfilment.bulk_fulfil(tx, [one.instruction for one in deals if one.instruction is not None], "system")
    await aftersales.bulk_refund(tx, [one.back for one in deals if one.back is not None], "system")
    await inventory.bulk_move(tx, [move for one in deals for move in one.restocked], "system")
    await _settle(tx, [entry for one in deals for entry in one.entries()], now)


def _sold(deals: Sequence[Deal]) -> Mapping[tuple[MerchantId, UUID], int]:
    """How many pieces of each product: at the end they are its rank."""
    pieces_of: Counter[tuple[MerchantId, UUID]] = Counter()
    for one in deals:
        if one.payment is not None and (one.back is None or one.back.released):
            for ware, pieces in one.lines:
                pieces_of[ware.merchant_id, ware.product_id] += pieces
    return pieces_of


async def _rank(tx: Tx, sold: Mapping[tuple[MerchantId, UUID], int]) -> None:
    """Once: what was sold later is counted by others."""
    if await tx.value("SELECT EXISTS (SELECT FROM search_figures WHERE sold > 0)"):
        return
    sales = [(merchant_id, product_id, pieces) for (merchant_id, product_id), pieces in sold.items()]
    for first in range(0, len(sales), PRODUCTS_AT_ONCE):
        await search.record_sales(tx, sales[first : first + PRODUCTS_AT_ONCE])


async def _settle(tx: Tx, entries: Sequence[NewEntry], now: datetime) -> None:
    """What was earned lately waits for its statement; the rest was paid out month by month."""
    since = now - timedelta(days=UNSETTLED_DAYS)
    await settlement.bulk_enter(tx, [entry for entry in entries if entry.earned_at < since])
    await settlement.enter(tx, [entry for entry in entries if entry.earned_at >= since])


def _delivered(deals: Sequence[Deal]) -> Iterator[PastMove]:
    """The makers' deliveries that these deals were served from: just what left, a week before the first of them."""
    leaving: dict[tuple[MerchantId, UUID, UUID], int] = defaultdict(int)
    for one in deals:
        if one.instruction is not None and one.instruction.parcel is not None:
            for ware, pieces in one.lines:
                leaving[ware.merchant_id, ware.sku_id, ware.warehouse_id] += pieces
    document = made("delivery", str(deals[0].order.order_id))
    for (merchant_id, sku_id, warehouse), pieces in leaving.items():
        yield PastMove(
            merchant_id=merchant_id,
            sku_id=sku_id,
            warehouse_id=warehouse,
            quantity=pieces,
            reason=Reason.RECEIVED,
            document=document,
            at=deals[0].at - timedelta(days=7),
        )


def _lines(deals: Sequence[Deal]) -> bulk.Batch:
    rows: list[dict[str, Any]] = [
        {
            "merchant_id": str(ware.merchant_id),
            "order_id": str(one.order.order_id),
            "line": place,
            "product_id": str(ware.product_id),
            "sku_id": str(ware.sku_id),
            "kind": "goods",
            "title": msgspec.json.encode(ware.title).decode(),
            "sku_code": ware.code,
            "quantity": pieces,
            "unit_price": ware.amount,
            "unit_price_micros": None,
            "amount": ware.amount * pieces,
            "commission": sum(fee.whole for fee in fees),
            "fees": msgspec.json.encode(fees).decode(),
            "source_line": None,
            "options": msgspec.json.encode(ware.options).decode(),
            "picture": ware.picture,
        }
        for one in deals
        for place, ((ware, pieces), fees) in enumerate(zip(one.lines, one.fees, strict=True), start=1)
    ]
    return pa.RecordBatch.from_pylist([{name: row[name] for name in DRESSED_LINE_COLUMNS} for row in rows])
