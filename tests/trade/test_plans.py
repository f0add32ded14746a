"""The questions behind the pages that everybody looks at: in tables of thousands of rows each goes by an index."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from steelyard.goods import inventory
from steelyard.goods.inventory.model import MovementsWanted
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.logistics import fulfilment, parcels
from steelyard.logistics.fulfilment.model import Dispatch
from steelyard.logistics.parcels.model import ParcelId, Scan
from steelyard.money import payments
from steelyard.money.payments.model import PaymentState, RefundId, RefundState
from steelyard.operations import analytics
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, cart, checkout, invoices, orders, settlement
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.checkout import collection
from steelyard.trade.checkout.jobs import forget_old
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.invoices.model import InvoiceId, InvoiceState, Title
from steelyard.trade.orders import Behind, Happening, finding
from steelyard.trade.orders.model import Order, OrderState, PurchaseId, Wanted
from tests.support import deal
from tests.support.plans import Listening, NeverMind, copying, scans
from tests.support.seeded import SeededServer
from tests.support.world import World

ROWS = 12_000
BUYER = BuyerId(ids.mint())

# Each table with its ids (which are copied consistently) and its texts that must differ.
COPIED: dict[str, tuple[list[str], list[str]]] = {
    "products": (["product_id"], ["slug"]),
    "skus": (["sku_id", "product_id"], ["code"]),
    "prices": (["sku_id"], []),
    "stock": (["sku_id"], []),
    "cart_lines": (["buyer_id", "sku_id"], []),
    "checkouts": (["checkout_id", "buyer_id", "purchase_id"], []),
    "purchases": (["purchase_id", "buyer_id"], ["code"]),
    "purchase_history": (["purchase_id", "buyer_id"], []),
    "orders": (["order_id", "purchase_id", "buyer_id"], ["code"]),
    "order_history": (["order_id"], []),
    "order_lines": (["order_id", "product_id", "sku_id"], []),
    "order_codes": (["order_id", "purchase_id", "buyer_id"], ["code"]),
    "fulfilment_lines": (["order_id", "sku_id"], []),
    "parcels": (["parcel_id", "order_id"], ["number"]),
    "parcel_history": (["parcel_id"], []),
    "parcel_scans": (["parcel_id"], []),
    "parcel_lines": (["parcel_id", "order_id"], []),
    "payments": (["payment_id", "purchase_id", "buyer_id"], []),
    "payment_history": (["payment_id", "buyer_id"], []),
    "payment_splits": (["payment_id", "order_id", "buyer_id"], []),
    "refunds": (["refund_id", "order_id", "payment_id", "buyer_id"], []),
    "refund_history": (["refund_id"], []),
    "order_refunds": (["refund_id", "order_id"], []),
    "order_refund_lines": (["refund_id", "order_id"], []),
    "reservations": (["order_id", "sku_id"], []),
    "invoices": (["invoice_id", "order_id", "buyer_id"], []),
}


async def one_life(db: Database, world: World) -> None:
    """One of everything: what is copied afterwards."""
    wanted = [(world.items["nuts"].sku_id, 2), (world.items["hammer"].sku_id, 2)]
    for sku_id, quantity in wanted:
        await db.transact(cart.put, BUYER, sku_id, quantity)
    parts = await deal.paid(db, wanted)
    for part in parts:
        parcel_id = await deal.shipped(db, part)
        await deal.refunded(db, part, Returned(1, 1))

        async def tell(tx: Tx, number: str = f"SX{parcel_id.hex[-12:]}", part: Order = part) -> None:
            await parcels.record_scans(tx, carrier="simex", number=number, scans=[Scan(at=part.placed_at, code="x")])

        await db.transact(tell)
    part, title = parts[0], Title(company=False, name="Li", tax_number="")
    # Most invoices are done with: those that a shop has still to write are few.
    invoice_id = InvoiceId(ids.mint())
    await db.transact(invoices.request, part.merchant_id, part.order_id, invoice_id, title, "buyer")
    await db.transact(invoices.withdraw, part.merchant_id, invoice_id, "buyer")
    await deal.placed(db, wanted)


async def crowd(url: str, world: World) -> None:
    db = await Database.connect(url, size=2)
    await one_life(db, world)
    await db.close()
    async with administer(url) as connection:
        await connection.execute("SET session_replication_role = 'replica'")
        for table, (own, texts) in COPIED.items():
            moved = "placed_at" if table in ("orders", "purchases") else ""
            await connection.execute(copying(table, own, texts, ROWS, moved=moved))
        await connection.execute("ANALYZE")


@pytest.fixture(scope="module")
def crowded(seeded_server: SeededServer) -> Iterator[str]:
    with seeded_server.database() as url:
        asyncio.run(crowd(url, seeded_server.world))
        yield url


@pytest.fixture
async def db(crowded: str):
    database = await Database.connect(crowded, size=2)
    yield database
    await database.close()


async def an_order(db: Database, state: OrderState) -> Order:
    return (await db.ask(orders.all_orders, states=[state])).items[0]


async def test_hot_pages_go_by_an_index(db: Database, world: World):
    part = await an_order(db, OrderState.SHIPPED)
    purchase_id, order_id, merchant_id = part.purchase_id, part.order_id, part.merchant_id
    page = await db.ask(orders.orders_of_merchant, merchant_id, states=[OrderState.SHIPPED])
    wanted = [(world.items["nuts"].sku_id, 1), (world.items["black"].sku_id, 1), (world.items["ruler"].sku_id, 1)]
    to_ship = [OrderState.PAID, OrderState.PARTLY_SHIPPED]
    mine = orders.orders_of_merchant
    questions: dict[str, Callable[..., Awaitable[Any]]] = {
        "cart": partial(cart.view, buyer_id=BUYER),
        "cart count": partial(cart.count, buyer_id=BUYER),
        "quote": partial(checkout.quote, draft=deal.draft(wanted), currency="CNY"),
        "currency": partial(checkout.currency_of, draft=deal.draft(wanted)),
        "purchases": partial(orders.purchases_of_buyer, buyer_ids=[part.buyer_id, BUYER]),
        "purchases by state": partial(orders.purchases_of_buyer, buyer_ids=[BUYER], states=to_ship),
        "purchase": partial(orders.purchase, purchase_id=purchase_id),
        "by code": partial(orders.by_code, code=part.code),
        "orders of purchase": partial(orders.orders_of_purchase, purchase_id=purchase_id),
        "orders of purchases": partial(orders.orders_of_purchases, purchase_ids=[purchase_id]),
        "lines": partial(orders.lines_of, order_ids=[one.order_id for one in page.items]),
        "parcels": partial(parcels.of_orders, order_ids=[order_id]),
        "sent": partial(fulfilment.status, order_ids=[order_id]),
        "contents": partial(fulfilment.contents, order_id=order_id),
        "refunds": partial(aftersales.of_orders, order_ids=[order_id]),
        "money back": partial(payments.refunds_of_order, merchant_id=merchant_id, order_ids=order_id),
        "payments": partial(payments.of_purchase, purchase_id=purchase_id),
        "merchant's orders": partial(mine, merchant_id=merchant_id),
        "merchant's next page": partial(mine, merchant_id=merchant_id, cursor=page.next, states=[OrderState.SHIPPED]),
        "to ship": partial(mine, merchant_id=merchant_id, states=to_ship),
        "all orders": orders.all_orders,
        "lost parcels": orders.with_lost_parcels,
        "order": partial(orders.order, merchant_id=merchant_id, order_id=order_id),
        "order by code": partial(orders.order_by_code, merchant_id=merchant_id, code=part.code),
        "sought by code": partial(orders.sought, words=f"{part.code}77", limit=6),
        "sought by telephone": partial(orders.sought, words="0001", limit=6),
        "sought by parcel": partial(parcels.sought, words="SXZZ", limit=6),
        "history": partial(orders.history, merchant_id=merchant_id, order_id=order_id),
        "codes": partial(orders.codes_of, merchant_id=merchant_id, order_ids=[order_id]),
    }

    found = {name: await scans(db, ask) for name, ask in questions.items()}
    # Under row-level security only comparisons that give nothing away go by an index.
    confined = db.as_merchant(merchant_id)
    found |= {f"confined, {name}": await scans(confined, questions[name]) for name in questions if "sought" in name}

    assert not {name: heard for name, heard in found.items() if heard}


async def test_the_operators_lists_go_by_an_index_whatever_they_are_narrowed_by(db: Database):
    part = await an_order(db, OrderState.SHIPPED)
    since, until = part.placed_at - timedelta(days=1), part.placed_at + timedelta(days=1)
    page = await db.ask(orders.all_orders)
    product_id = (await db.ask(orders.lines_of, [part.order_id]))[part.order_id][0].product_id
    of_product = {"merchant_id": part.merchant_id, "product_id": product_id}
    category_id = await db.ask(_top_category, product_id)
    narrowed: dict[str, dict[str, Any]] = {
        "channel": {"channel": "shop"},
        "merchant": {"merchant_id": part.merchant_id, "currency": "CNY"},
        "category": {"category_id": category_id},
        "product": of_product,
    }
    questions: dict[str, Callable[..., Awaitable[Any]]] = {
        "next page": partial(orders.all_orders, cursor=page.next),
        "by state": partial(orders.all_orders, states=[OrderState.SHIPPED]),
        "of shops": partial(orders.all_orders, merchant_ids=[part.merchant_id]),
        "of days": partial(orders.all_orders, since=since, until=until),
        "of an amount": partial(orders.all_orders, least=part.total, most_money=part.total),
        "codes": partial(orders.codes_of_all, order_ids=[part.order_id]),
        "payments": payments.page,
        "payments by state": partial(payments.page, state=PaymentState.CAPTURED),
        "payments of a channel": partial(payments.page, channel="simpay"),
        "payments of days": partial(payments.page, since=since, until=until),
        "refunds": payments.refunds_page,
        "failed refunds": partial(payments.refunds_page, state=RefundState.FAILED),
    }
    questions |= {
        f"{happening} behind a figure of a {name}": partial(
            orders.behind, which=Behind(happening=happening, since=since, until=until, **which)
        )
        for happening in Happening
        for name, which in narrowed.items()
    }

    found = {name: await scans(db, ask) for name, ask in questions.items()}

    assert not {name: heard for name, heard in found.items() if heard}


async def _top_category(read: Read, product_id: UUID) -> UUID:
    return await read.value(
        "SELECT path[1] FROM categories JOIN products USING (category_id) WHERE product_id = $1", product_id
    )


async def test_a_merchants_search_goes_by_an_index_whatever_it_looks_for(db: Database):
    part = await an_order(db, OrderState.SHIPPED)
    (lines,) = (await db.ask(orders.lines_of, [part.order_id])).values()
    ways = {
        "nothing": Wanted(),
        "oldest": Wanted(oldest_first=True),
        "code": Wanted(text=part.code),
        "phone": Wanted(text=part.address.phone, oldest_first=True),
        "article": Wanted(text=lines[0].sku_code),
        "dates": Wanted(since=part.placed_at, until=part.placed_at),
        "product": Wanted(product_id=lines[0].product_id),
        "carrier": Wanted(carrier="simex"),
        "region": Wanted(region="上海"),
        "amount": Wanted(least=1, most=100_000),
        "messages": Wanted(with_buyers_note=True, with_notes=True),
        "named": Wanted(named=part.buyer_id),
        **{trouble: Wanted(trouble=trouble) for trouble in ("late", "stuck", "lost", "reminded")},
    }

    found = {
        name: await scans(db, partial(orders.find, merchant_id=part.merchant_id, wanted=wanted))
        for name, wanted in ways.items()
    }
    # Under row-level security only comparisons that give nothing away go by an index.
    confined = db.as_merchant(part.merchant_id)
    for name in ("code", "phone", "article", "lost", "stuck", "messages"):
        ask = partial(orders.find, merchant_id=part.merchant_id, wanted=ways[name])
        found[f"confined, {name}"] = await scans(confined, ask)
    found["to do"] = await scans(db, partial(orders.to_do, merchant_id=part.merchant_id, account_id=None))
    found["notes"] = await scans(db, partial(orders.notes_of, merchant_id=part.merchant_id, order_ids=[part.order_id]))

    assert not {name: heard for name, heard in found.items() if heard}


async def test_a_word_is_looked_up_under_row_level_security_too(db: Database):
    """Comparisons that might give rows away are made after the policy's own, and then read all orders of the merchant."""
    part = await an_order(db, OrderState.SHIPPED)

    async def plan(read: Read) -> str:
        rows = await read.fetch("EXPLAIN " + finding.WORDED, part.merchant_id, part.code, "13800138000", 500)
        return "\n".join(row[0] for row in rows)

    told = await db.as_merchant(part.merchant_id).ask(plan)

    for column in ("code", "number", "sku_code", "phone_backward", "contact_phone", "buyer_name", "contact_email"):
        assert re.search(rf"Index Cond: .*\b{column}\b", told), f"{column}\n{told}"


async def test_a_shops_own_lists_go_by_an_index(db: Database, world: World):
    part = await an_order(db, OrderState.SHIPPED)
    merchant_id, sku_id = part.merchant_id, world.items["nuts"].sku_id
    questions: dict[str, Callable[..., Awaitable[Any]]] = {
        "expected payouts": partial(settlement.expected, merchant_id=merchant_id),
        "awaited orders": partial(settlement.awaited, merchant_id=merchant_id),
        "held": partial(settlement.held, merchant_id=merchant_id),
        "freight used": partial(orders.freight_used, merchant_id=merchant_id, days=30),
        "movements": partial(inventory.find_movements, merchant_id=merchant_id, wanted=MovementsWanted()),
        "movements of an article": partial(
            inventory.find_movements, merchant_id=merchant_id, wanted=MovementsWanted(sku_id=sku_id)
        ),
        "a document": partial(
            inventory.find_movements, merchant_id=merchant_id, wanted=MovementsWanted(document=part.order_id)
        ),
        "articles": partial(inventory.stocked, merchant_id=merchant_id, beginning="N"),
        "running low": partial(inventory.running_low, merchant_id=merchant_id),
        "how many run low": partial(inventory.count_low, merchant_id=merchant_id, most=100),
        "invoices": partial(invoices.invoices_of_merchant, merchant_id=merchant_id, state=InvoiceState.REQUESTED),
        "invoices of a buyer": partial(invoices.invoices_of_buyer, buyer_ids=[part.buyer_id]),
        "invoices of an order": partial(invoices.invoices_of_orders, refs=[(merchant_id, part.order_id)]),
        "invoices to write": partial(invoices.count_requested, merchant_id=merchant_id),
        "statements to check": partial(settlement.unchecked, merchant_id=merchant_id, most=100),
        "levels": partial(inventory.levels_of, merchant_id=merchant_id, sku_ids=[sku_id]),
        "scanned": partial(inventory.scanned, merchant_id=merchant_id, words=["NUTS-0", "690000000001"]),
        "to pick": partial(inventory.kept_where, merchant_id=merchant_id, order_ids=[part.order_id]),
        "numbers given": partial(parcels.waybills_of, merchant_id=merchant_id, order_ids=[part.order_id]),
        "numbers taken": partial(parcels.taken, merchant_id=merchant_id, numbers=[("simex", "SX1")]),
    }

    found = {name: await scans(db, ask) for name, ask in questions.items()}

    assert not {name: heard for name, heard in found.items() if heard}


async def test_commands_go_by_an_index(db: Database, world: World):
    shipped, placed = await an_order(db, OrderState.SHIPPED), await an_order(db, OrderState.PLACED)
    wanted = [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 1)]
    sku_id = wanted[0][0]

    async def buy_and_pay(tx: Tx) -> None:
        checkout_id, buyer = CheckoutId(ids.mint()), BuyerId(ids.mint())
        draft = deal.draft(wanted)
        await checkout.open_checkout(tx, checkout_id, buyer, draft, client=SHOP, from_cart=True)
        await checkout.change(tx, checkout_id, draft)
        purchase_id = await checkout.place(tx, checkout_id, expected_total=None, by="buyer")
        begun = await collection.begin(
            tx, purchase_id, channel="simpay", return_url="", token=None, payment_id=None
        )  # fmt: skip
        assert not isinstance(begun, checkout.Collection)
        await checkout.apply_payment(tx, begun.payment_id, deal.capture(begun.payment_id), "channel")
        for part in await orders.orders_of_purchase(tx, purchase_id):
            await send_and_refund(tx, part)

    async def send_and_refund(tx: Tx, part: Order) -> None:
        dispatch = Dispatch(
            merchant_id=part.merchant_id, order_id=part.order_id, parcel_id=ParcelId(ids.mint()), carrier="simex",
            number=f"N{ids.mint().hex}",
        )  # fmt: skip
        await orders.ship(tx, dispatch, "staff:1")
        await parcels.record_scans(
            tx, carrier="simex", number=dispatch.number, scans=[Scan(at=part.placed_at, code="delivered")]
        )
        await orders.record_delivery(tx, [(part.merchant_id, part.order_id)])
        await orders.confirm_receipt(tx, part.merchant_id, part.order_id, "buyer")
        request = RefundRequest(
            refund_id=RefundId(ids.mint()), merchant_id=part.merchant_id, order_id=part.order_id,
            lines=[Returned(1, 1)], restock=True,
        )  # fmt: skip
        await aftersales.refund(tx, request, "staff:1")

    async def fill_a_cart(tx: Tx) -> None:
        visitor = BuyerId(ids.mint())
        await cart.put(tx, visitor, sku_id, 1)
        await cart.set_quantity(tx, visitor, sku_id, 2)
        await cart.select(tx, visitor, [sku_id], True)
        await cart.accept_prices(tx, visitor)
        await cart.merge(tx, visitor, BUYER)
        await cart.remove(tx, BUYER, [sku_id])

    async def drop(tx: Tx) -> None:
        await orders.cancel_purchase(tx, PurchaseId(placed.purchase_id), "buyer", "buyer")

    commands: dict[str, Callable[[Tx], Awaitable[Any]]] = {
        "cart": fill_a_cart,
        "the whole deal": buy_and_pay,
        "confirm": partial(
            orders.confirm_receipt, merchant_id=shipped.merchant_id, order_id=shipped.order_id, by="buyer"
        ),
        "drop": drop,
        "cancel unpaid": orders.cancel_unpaid,
        "complete received": orders.complete_received,
        "forget": forget_old,
    }

    found = {name: await scans(db, command) for name, command in commands.items()}

    assert not {name: heard for name, heard in found.items() if heard}


async def test_a_rows_order_is_found_by_its_id_while_there_are_no_orders_yet(db: Database):
    async def asked(tx: Tx) -> str:
        await tx.execute("CREATE TEMP TABLE few (LIKE orders INCLUDING ALL) ON COMMIT DROP")
        rows = await tx.fetch(
            "EXPLAIN SELECT 1 FROM ONLY few x WHERE merchant_id = $1 AND order_id = $2 FOR KEY SHARE OF x",
            ids.mint(),
            ids.mint(),
        )
        return "\n".join(row[0] for row in rows)

    plan = await db.transact(asked)

    # As a foreign key asks, with a plan that is kept: any other index would go through all orders of the merchant.
    assert "few_order_id_idx" in plan or "few_pkey" in plan, plan


class Joining(Listening):
    """Hears which joins look at the time only after they have put all days beside all orders of a merchant."""

    def _whole(self, plan: dict[str, Any]) -> list[str]:
        sieve = str(plan.get("Join Filter", ""))
        own = [sieve] if "until" in sieve else []
        return own + [each for child in plan.get("Plans", []) for each in self._whole(child)]


async def test_a_days_trade_is_found_by_its_time(db: Database):
    counted: list[int] = []

    async def count(tx: Tx) -> None:
        await tx.execute(
            """
            INSERT INTO stale_days (merchant_id, day)
            SELECT merchant_id, current_date - n FROM (SELECT DISTINCT merchant_id FROM orders) m
            CROSS JOIN generate_series(0, 400) AS s (n)
            """
        )
        heard = Joining(tx, set())
        counted.append(await analytics.roll_up(heard, 500))
        assert heard.scans == []
        raise NeverMind

    with pytest.raises(NeverMind):
        await db.transact(count)
    assert counted == [500]


async def test_a_scan_from_end_to_end_would_be_seen(db: Database):
    async def everything(tx: Tx) -> None:
        await tx.fetch("SELECT count(*) FROM orders WHERE note = $1", "?")

    assert len(await scans(db, everything)) == 2
