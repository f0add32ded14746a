"""The real house beside the model: the same commands, said to PostgreSQL, and what came of them in the model's words."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from steelyard.goods import inventory, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import checks, ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Refusal
from steelyard.trade.orders.model import PurchaseId, order_id_of
from tests.model.trade import Line, Order, Purchase, Trade, Ware
from tests.support import deal
from tests.support.world import CURRENCY, World, made

T = TypeVar("T")

STOCK = 12
WARES = {
    "green": Ware("tea", 120),
    "black": Ware("tea", 150),
    "hammer": Ware("tools", 700),
    "ruler": Ware("tools", 90),
}
PRICES = {"green": 6_800, "black": 5_200, "hammer": 4_500, "ruler": 990}
BUYERS = ("lina", "wang")

BACK_TO_THE_BEGINNING = """
DO $$
DECLARE t record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR t IN SELECT c.relname AS name, EXISTS (SELECT FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace
                                               WHERE n.nspname = 'beginning' AND k.relname = c.relname) AS kept
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'event_cursors' LOOP
        EXECUTE format('DELETE FROM public.%I', t.name);
        IF t.kept THEN
            EXECUTE format('INSERT INTO public.%1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM beginning.%1$I'
                , t.name, (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                           WHERE attrelid = format('public.%I', t.name)::regclass AND attnum > 0
                             AND NOT attisdropped AND attgenerated = ''));
        END IF;
    END LOOP;
END $$
"""
REMEMBER_THE_BEGINNING = """
DO $$
DECLARE t record; something boolean;
BEGIN
    CREATE SCHEMA beginning;
    FOR t IN SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'event_cursors' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', t.name) INTO something;
        IF something THEN
            EXECUTE format('CREATE TABLE beginning.%1$I AS TABLE public.%1$I', t.name);
        END IF;
    END LOOP;
END $$
"""


class House:
    """One database for all examples of a machine: each begins where the first began.

    What is written down by number in the model (the third checkout, the second payment) has its id here.
    """

    def __init__(self, url: str, world: World) -> None:
        self._runner = asyncio.Runner()
        self.url = url
        self.world = world
        self.skus = {ware: world.items[ware].sku_id for ware in WARES}
        self.shops = {trader.slug: trader for trader in world.merchants}
        self.buyers = {"lina": world.buyer.buyer_id, "wang": world.other_buyer.buyer_id}
        self._names = {value: name for name, value in (*self.skus.items(), *self.buyers.items())} | {
            trader.merchant_id: slug for slug, trader in self.shops.items()
        }
        self.db = self.do(Database.connect(url, size=3))
        self._owner: asyncpg.Connection = self.do(asyncpg.connect(url))
        self.do(self._open())

    async def _open(self) -> None:
        for trader in self.world.merchants:
            lines = [(item.sku_id, trader.warehouse_id, STOCK) for ware, item in self.world.items.items()
                     if ware in WARES and item.merchant_id == trader.merchant_id]  # fmt: skip
            document = made("counted", trader.slug)
            await self.db.transact(inventory.count, trader.merchant_id, lines, document=document, by="test")
        await deal.at_rest(self.db)
        await self._owner.execute(REMEMBER_THE_BEGINNING)

    def close(self) -> None:
        self.do(self.db.close())
        self.do(self._owner.close())
        self._runner.close()

    def begin(self) -> None:
        """Forget the last example."""
        self.do(self._owner.execute(BACK_TO_THE_BEGINNING))
        self.checkouts: list[UUID] = []
        self.purchases: list[PurchaseId] = []
        self.payments: list[UUID] = []
        self.refunds: list[UUID] = []
        self.statements: list[UUID] = []

    def do(self, work: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await work

        return self._runner.run(awaited())

    def say(self, command: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """What the command answers: its result, or the refusal's code."""
        try:
            return self.do(self.db.transact(command, *args, **kwargs))
        except Refusal as refusal:
            return refusal.code

    def hear_the_news(self) -> None:
        self.do(deal.at_rest(self.db))

    def put_clock_forward(self, table: str, column: str, key: str, value: UUID) -> None:
        """A deadline has passed."""
        self.do(self._owner.execute(f"UPDATE {table} SET {column} = now() - interval '1 s' WHERE {key} = $1", value))

    def set_price(self, ware: str, amount: int) -> None:
        price = NewPrice(sku_id=self.skus[ware], currency=CURRENCY, amount=amount)
        self.say(pricing.set_prices, self.shops[WARES[ware].shop].merchant_id, [price])

    def key_of(self, order: Order, trade: Trade) -> tuple[UUID, UUID]:
        """(merchant, order) of an order of the model."""
        return self._key(self.purchases[trade.purchases.index(order.purchase)], order.shop)

    def _key(self, purchase_id: PurchaseId, shop: str) -> tuple[UUID, UUID]:
        merchant_id = self.shops[shop].merchant_id
        return merchant_id, order_id_of(purchase_id, merchant_id)

    def surplus_of(self, payment_id: UUID, order: Order, trade: Trade) -> UUID:
        return ids.derived(payment_id, "surplus", str(self.key_of(order, trade)[1]))

    def compare(self, trade: Trade) -> None:
        """Everything the model knows is so in the database."""
        seen, expected = self.do(self.db.ask(self._look)), self._expected(trade)
        for what, fact in expected.items():
            assert seen[what] == fact, f"{what}: the house says {seen[what]}, the model {fact}"

    def check(self) -> None:
        found = self.do(checks.run(self._owner))
        assert not found, found

    async def _look(self, read: Read) -> dict[str, Any]:
        """The state of the house, in the words of `_expected`."""
        carts: dict[str, dict[str, int]] = {buyer: {} for buyer in BUYERS}
        for row in await read.fetch("SELECT buyer_id, sku_id, quantity FROM cart_lines"):
            carts[self._names[row[0]]][self._names[row[1]]] = row[2]
        rows = await read.fetch(
            "SELECT sku_id, on_hand, reserved FROM stock WHERE sku_id = ANY($1)", [*self.skus.values()]
        )
        kept = await read.fetch("SELECT sku_id, sum(quantity)::integer FROM reservations GROUP BY sku_id")
        books = await read.fetch("SELECT owner_id, kind, debits, credits FROM ledger_accounts")
        waiting = await read.fetch(
            "SELECT merchant_id, sum(amount)::bigint FROM settlement_entries WHERE statement_id IS NULL GROUP BY 1"
        )
        return {
            "stock": {self._names[row[0]]: (row[1], row[2]) for row in rows},
            "reservations": {self._names[row[0]]: row[1] for row in kept},
            "carts": carts,
            "checkouts": await _states(read, "SELECT checkout_id, state FROM checkouts", self.checkouts),
            "purchases": await _states(read, "SELECT purchase_id, state, total FROM purchases", self.purchases),
            "payments": await _states(read, "SELECT payment_id, state, amount FROM payments", self.payments),
            "refunds": await _states(read, "SELECT refund_id, state, amount FROM refunds", self.refunds),
            "statements": await _states(read, "SELECT statement_id, state, payout FROM statements", self.statements),
            "orders": await self._orders(read),
            "waiting": {self._names[row[0]]: row[1] for row in waiting if row[1]},
            "books": {
                (self._names[row["owner_id"]], row["kind"], side): row[side]
                for row in books
                for side in ("debits", "credits")
                if row[side]
            },
        }

    async def _orders(self, read: Read) -> dict[tuple[int, str], Any]:
        places = {self._key(purchase_id, shop): (n, shop) for n, purchase_id in enumerate(self.purchases)
                  for shop in self.shops}  # fmt: skip
        rows = await read.fetch(
            """
            SELECT o.merchant_id, o.order_id, o.state, o.total, o.refunded, o.commission, o.commission_returned
                 , array_agg((l.sku_id, l.quantity, coalesce(f.shipped, 0), coalesce(f.withdrawn, 0), l.refunded_quantity)
                             ORDER BY l.line) AS lines
            FROM orders o JOIN order_lines l USING (merchant_id, order_id)
            LEFT JOIN fulfilment_lines f USING (merchant_id, order_id, line)
            GROUP BY o.merchant_id, o.order_id
            """
        )
        return {
            places[row[0], row[1]]: (*row[2:7], [(self._names[line[0]], *line[1:]) for line in row["lines"]])
            for row in rows
        }

    def _expected(self, trade: Trade) -> dict[str, Any]:
        return {
            "stock": {ware: (trade.on_hand[ware], trade.kept[ware]) for ware in WARES},
            "reservations": {ware: pieces for ware, pieces in trade.kept.items() if pieces},
            "carts": {buyer: trade.carts[buyer] for buyer in BUYERS},
            "checkouts": [(each.state,) for each in trade.checkouts],
            "purchases": [(each.state, each.total) for each in trade.purchases],
            "payments": [(each.state, each.purchase.total) for each in trade.payments],
            "refunds": [(each.state, each.amount) for each in trade.refunds],
            "statements": [(each.state, each.payout) for each in trade.statements],
            "orders": {
                (number, order.shop): _order(order)
                for number, purchase in enumerate(trade.purchases)
                for order in purchase.orders
            },
            "waiting": {shop: sum(amounts) for shop, amounts in trade.waiting.items() if sum(amounts)},
            "books": {key: amount for key, amount in trade.books.items() if amount},
        }


async def _states(read: Read, sql: Any, known: Sequence[UUID]) -> list[tuple[Any, ...]]:
    """What stands of each id we know, in our order; a row that we do not know of is a fault."""
    rows = {row[0]: tuple(row)[1:] for row in await read.fetch(sql)}
    assert set(rows) == set(known), f"{sql}: {set(rows) ^ set(known)} is known to one side only"
    return [rows[key] for key in known]


def _order(order: Order) -> tuple[Any, ...]:
    def line(each: Line) -> tuple[Any, ...]:
        return (each.ware, each.quantity, each.sent, each.withdrawn, each.refunded)

    lines = [line(each) for each in order.lines]
    return (order.state, order.total, order.refunded, order.commission, order.commission_returned, lines)


def settlement_day(house: House, day: int) -> Any:
    """So many days from now, as the settlement calendar counts."""
    return house.do(house.db.ask(_today)) + timedelta(days=day)


async def _today(read: Read) -> Any:
    return await read.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")


def orders_of(purchases: Iterable[Purchase]) -> list[Order]:
    return [order for purchase in purchases for order in purchase.orders]
