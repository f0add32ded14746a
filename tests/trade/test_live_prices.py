"""Prices that are only for orders of one live session: exact, limited, and nobody else's."""

import asyncio
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import NewFlash
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.flash import PRICE, flash, item
from tests.support.world import STOCK, World

USUAL = 3_990


def live(world: World, session: UUID, pieces: int = 5, per_buyer: int = 1) -> NewFlash:
    only = item(world, pieces=pieces, per_buyer=per_buyer)
    return msgspec.structs.replace(flash(world, only), only_source=f"live:{session}")


async def opened(db: Database, world: World, client: str, buyer_id: BuyerId | None = None) -> CheckoutId:
    checkout_id, draft = CheckoutId(ids.mint()), deal.draft([(world.items["nuts"].sku_id, 1)])
    await db.transact(checkout.open_checkout, checkout_id, buyer_id or BuyerId(ids.mint()), draft, client=client)
    return checkout_id


async def unit_of(db: Database, checkout_id: CheckoutId) -> int:
    view = await db.ask(checkout.view, checkout_id)
    assert view is not None
    return view.quote.goods


async def left_of(db: Database, wanted: NewFlash) -> int:
    (sold,) = await db.ask(promotions.planned, [(wanted.merchant_id, wanted.session_id)])
    return sold.left


@pytest.mark.parametrize(
    ("client", "source"),
    [("live:s1:12", "live:s1"), ("live:s1", "live:s1"), ("live:", None), ("shop", None), ("ucp:live:s1", None)],
)
def test_of_a_source_the_session_counts_not_the_second(client: str, source: str | None) -> None:
    assert promotions.of_source(client) == source


async def test_who_buys_in_the_session_pays_its_price_and_nobody_else(shop: Database, world: World) -> None:
    session, other = ids.mint(), ids.mint()
    wanted = live(world, session)
    await shop.transact(promotions.plan, wanted)

    prices = [
        await unit_of(shop, await opened(shop, world, client))
        for client in (f"live:{session}:12", f"live:{session}:900", f"live:{other}:12", SHOP)
    ]

    assert prices == [PRICE, PRICE, USUAL, USUAL]
    sku_id = world.items["nuts"].sku_id
    assert await shop.ask(promotions.flash_left, [wanted.merchant_id], [sku_id]) == {}
    assert await shop.ask(promotions.sessions, wanted.merchant_id, None, 10) == []
    assert await shop.ask(promotions.on_shelf, [wanted.merchant_id]) == []
    assert (await shop.ask(inventory.available, [sku_id]))[sku_id] == STOCK - 5


async def test_an_order_of_the_session_names_it_and_takes_a_piece_that_comes_back_once(
    shop: Database, world: World
) -> None:
    session = ids.mint()
    wanted = live(world, session, pieces=1)
    await shop.transact(promotions.plan, wanted)
    first = await opened(shop, world, f"live:{session}:31")
    purchase_id = await shop.transact(checkout.place, first, expected_total=None, by="buyer")
    (order,) = await deal.orders_of(shop, purchase_id)
    late = await opened(shop, world, f"live:{session}:32")

    assert order.source == f"live:{session}:31"
    assert (await left_of(shop, wanted), await unit_of(shop, late)) == (0, USUAL)

    for _ in range(2):
        await shop.transact(orders.cancel_purchase, purchase_id, reason="unpaid", by="clock")
    assert (await left_of(shop, wanted), await unit_of(shop, late)) == (1, PRICE)


async def test_explaining_an_order_of_the_shop_says_nothing_of_the_session(shop: Database, world: World) -> None:
    await shop.transact(promotions.plan, live(world, ids.mint()))
    purchase_id = await deal.placed(shop, [(world.items["nuts"].sku_id, 1)])
    (order,) = await deal.orders_of(shop, purchase_id)

    why = await shop.ask(checkout.explained, order.merchant_id, order.order_id)

    assert why is not None
    assert (list(why.missed), list(why.unclear)) == ([], [])


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from(["live", "shop", "drop"]), st.integers(0, 3)), min_size=1, max_size=12))
async def test_never_more_pieces_than_there_are_whatever_happens(
    settled: object, shop: Database, world: World, moves: list[tuple[str, int]]
) -> None:
    """Buyers of the session and of the shop place and drop in any order: taken is what stands in orders of the session."""
    session = ids.mint()
    wanted = live(world, session, pieces=2, per_buyer=1)
    await shop.transact(promotions.plan, wanted)
    buyers = [BuyerId(ids.mint()) for _ in range(4)]
    held: dict[BuyerId, list[PurchaseId]] = {each: [] for each in buyers}
    at_price: dict[BuyerId, set[PurchaseId]] = {each: set() for each in buyers}
    placed: list[PurchaseId] = []
    for what, who in moves:
        buyer = buyers[who]
        if what == "drop":
            for purchase_id in held[buyer]:
                await shop.transact(orders.cancel_purchase, purchase_id, reason="unpaid", by="clock")
            held[buyer], at_price[buyer] = [], set()
            continue
        checkout_id = await opened(shop, world, f"live:{session}:5" if what == "live" else SHOP, buyer)
        costs = await unit_of(shop, checkout_id)
        try:
            purchase_id = await shop.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
        except Refusal:
            continue
        placed.append(purchase_id)
        held[buyer].append(purchase_id)
        if costs == PRICE:
            at_price[buyer].add(purchase_id)
    taken = sum(len(each) for each in at_price.values())
    assert taken <= 2
    assert all(len(each) <= 1 for each in at_price.values())
    assert await left_of(shop, wanted) == 2 - taken
    for purchases in held.values():
        for purchase_id in purchases:
            await shop.transact(orders.cancel_purchase, purchase_id, reason="unpaid", by="clock")
    assert await left_of(shop, wanted) == 2
    await shop.transact(promotions.cancel, wanted.merchant_id, wanted.session_id, by="staff", reason="")


async def test_of_many_at_once_as_many_buy_as_there_are_pieces(shop: Database, world: World) -> None:
    session, pieces = ids.mint(), 3
    wanted = live(world, session, pieces=pieces)
    await shop.transact(promotions.plan, wanted)
    clicks = [await opened(shop, world, f"live:{session}:7") for _ in range(8)]
    view = await shop.ask(checkout.view, clicks[0])
    assert view is not None

    async def buy(checkout_id: CheckoutId) -> bool:
        try:
            await shop.transact(checkout.place, checkout_id, expected_total=view.quote.total, by="buyer")
        except Refusal:
            return False
        return True

    bought = await asyncio.gather(*map(buy, clicks))

    assert sum(bought) == pieces
    assert await left_of(shop, wanted) == 0
    assert await shop.ask(_sources, wanted.merchant_id) == [f"live:{session}:7"] * pieces


async def _sources(read: Read, merchant_id: UUID) -> list[str]:
    rows = await read.fetch("SELECT source FROM orders WHERE merchant_id = $1", merchant_id)
    return [row["source"] for row in rows]
