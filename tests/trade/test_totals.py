"""Whatever lies in a cart and wherever it goes: what was shown is what is placed, to the last cent."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.goods import inventory, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import SHOP, CheckoutId, Draft
from tests.support import deal
from tests.support.database import assert_checks
from tests.support.seeded import SeededServer
from tests.support.world import CURRENCY, HOME, World
from tests.trade.test_quote import CALIFORNIA, LONDON

PURCHASES = 60
PLENTY = 100_000

PLACES = st.sampled_from([HOME, LONDON, CALIFORNIA])
WANTED = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=8)
PRICES = st.lists(st.one_of(st.integers(0, 3), st.integers(1, 99_999)), min_size=6, max_size=6)


@pytest.fixture(scope="module")
def plenty(seeded_server: SeededServer) -> Iterator[str]:
    """A world with stock for everybody, whose goods go everywhere."""
    with seeded_server.database() as url:
        asyncio.run(stocked(url, seeded_server.world))
        yield url
        asyncio.run(assert_checks(url))


async def stocked(url: str, world: World) -> None:
    async def fill(tx: Tx) -> None:
        for trader in world.merchants:
            items = [item for item in world.items.values() if item.merchant_id == trader.merchant_id]
            lines = [(item.sku_id, trader.warehouse_id, PLENTY) for item in items]
            await inventory.receive(tx, trader.merchant_id, lines, document=ids.mint(), by="test")
            zone = Zone(countries=["*"], first_fee=4_321, next_fee=77)
            template = Template(
                merchant_id=trader.merchant_id, template_id=TemplateId(ids.mint()), name=text("环球", "World"),
                method=Method.PIECE, currency=CURRENCY, days_from=9, days_to=20, zones=[zone],
            )  # fmt: skip
            await freight.save_template(tx, template)

    db = await Database.connect(url, size=1)
    await db.transact(fill)
    await db.close()


@settings(max_examples=PURCHASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=WANTED, prices=PRICES, address=PLACES, express=st.booleans())
def test_the_quote_is_the_purchase_is_its_orders_is_their_lines(
    plenty: str, world: World, wanted: list[tuple[int, int]], prices: list[int], address: Any, express: bool
):
    chosen = {str(trader.merchant_id): trader.express for trader in world.merchants} if express else {}
    items = list(world.items.values())
    draft = deal.draft([(items[which].sku_id, quantity) for which, quantity in wanted], address=address)
    asyncio.run(compared(plenty, world, prices, msgspec.structs.replace(draft, deliveries=chosen)))


async def compared(url: str, world: World, prices: list[int], draft: Draft) -> None:
    db = await Database.connect(url, size=1)
    try:
        for item, amount in zip(world.items.values(), prices, strict=True):
            price = NewPrice(sku_id=item.sku_id, currency=CURRENCY, amount=amount)
            await db.transact(pricing.set_prices, item.merchant_id, [price])
        checkout_id = CheckoutId(ids.mint())
        await db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), draft, client=SHOP)
        view = await db.ask(checkout.view, checkout_id)
        assert view is not None
        quote = view.quote
        purchase_id = await db.transact(checkout.place, checkout_id, expected_total=quote.total, by="buyer")
        purchase = await db.ask(orders.purchase, purchase_id)
        parts = {part.merchant_id: part for part in await deal.orders_of(db, purchase_id)}
        lines = await db.ask(orders.lines_of, [part.order_id for part in parts.values()])
    finally:
        await db.close()
    assert purchase is not None
    assert purchase.total == quote.total == sum(part.total for part in parts.values())
    assert quote.total == quote.goods + quote.freight + quote.tax_added
    assert len(parts) == len(quote.groups)
    for group in quote.groups:
        part = parts[group.shop.merchant_id]
        assert (part.goods, part.freight, part.tax_added, part.tax_included, part.total) == (
            group.goods, group.freight, group.tax_added, group.tax_included, group.total,
        )  # fmt: skip
        sold = lines[part.order_id]
        assert [(line.sku_id, line.amount, line.tax) for line in sold] == [
            (line.card.sku_id, line.amount, line.tax) for line in group.lines
        ]
        assert part.goods == sum(line.unit_price * line.quantity for line in sold)
        assert part.commission == sum(line.commission for line in sold)
        assert part.total == part.goods + part.freight + part.tax_added
