"""Prices that a shop has lowered for everybody: the card says so while it is so."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import pricing, promotions, search
from steelyard.goods.catalog.model import CategoryId, ProductId, SkuId
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.promotions.jobs import SWEEPS
from steelyard.goods.promotions.model import (
    FlashItem,
    Group,
    GroupId,
    NewFlash,
    Offer,
    RateOff,
    Scope,
    SessionId,
    SpecialPrice,
    Step,
)
from steelyard.goods.search.jobs import STALE_ENTRIES
from steelyard.goods.search.model import Hit, Query, Sort
from steelyard.goods.search.subscribers import SUBSCRIBER
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.kernel.errors import Invalid
from steelyard.kernel.events import drain
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId
from tests.goods.conftest import Market
from tests.goods.test_lowered_prices import ARTICLE, MERCHANT, offer
from tests.support.plans import Listening


class Shelf:
    """Three cups of a shop, at 10, 20 and 30; and what a search finds of them."""

    def __init__(self, db: Database, market: Market) -> None:
        self.db, self.market = db, market
        self.merchant_id = MERCHANT
        self.category_id = CategoryId(MERCHANT)
        self.cups: list[tuple[ProductId, SkuId]] = []

    async def fill(self) -> None:
        self.merchant_id, self.category_id = await self.market.merchant(), await self.market.category()
        warehouse_id = await self.market.warehouse(self.merchant_id)
        self.cups = [
            await self.market.product(self.merchant_id, self.category_id, price=price, stock={warehouse_id: 5})
            for price in (1_000, 2_000, 3_000)
        ]

    async def told(self) -> None:
        """What the clock and the events bring about has come about."""
        await sweep_once(self.db, SWEEPS)
        await drain(self.db, [SUBSCRIBER])
        await sweep_once(self.db, [STALE_ENTRIES])

    async def cards(self, **query: object) -> list[Hit]:
        await self.told()
        found = await self.db.ask(search.find, Query(**{"sort": Sort.PRICE_UP, **query}))  # pyright: ignore[reportArgumentType]
        return found.hits

    async def prices(self, **query: object) -> list[int]:
        return [hit.price for hit in await self.cards(**query)]

    async def put(self, offered: Offer) -> Offer:
        mine = msgspec.structs.replace(offered, merchant_id=self.merchant_id)
        await self.db.transact(promotions.save, mine)
        return mine


@pytest.fixture
async def shelf(db: Database, market: Market) -> Shelf:
    found = Shelf(db, market)
    await found.fill()
    return found


async def test_lists_sort_and_filter_by_the_price_that_stands_on_the_card(db: Database, shelf: Shelf) -> None:
    assert await shelf.prices() == [1_000, 2_000, 3_000]
    dearest = frozenset([UUID(str(shelf.cups[2][0]))])
    await shelf.put(offer(SpecialPrice(price=900), Scope(products=dearest)))

    first, *_ = await shelf.cards()

    assert (first.product_id, first.price, first.price_to, first.compare_at, first.usual) == (
        shelf.cups[2][0], 900, 900, 3_000, 3_000
    )  # fmt: skip
    assert await shelf.prices() == [900, 1_000, 2_000]
    assert await shelf.prices(price_to=950) == [900]
    assert await shelf.prices(price_from=2_500) == []
    found = await db.ask(search.find, Query(price_from=800, price_to=950))
    assert next((band.price_from, band.count) for band in found.facets.prices) == (500, 1)


async def test_it_goes_up_and_comes_down_by_the_clock(db: Database, shelf: Shelf) -> None:
    sale = await shelf.put(
        offer(starts=datetime.now(UTC) + timedelta(hours=1), ends=datetime.now(UTC) + timedelta(hours=2))
    )
    assert await shelf.prices() == [1_000, 2_000, 3_000]

    await db.transact(moved, sale, timedelta(hours=-1, minutes=-1))
    assert await shelf.prices() == [900, 1_800, 2_700]
    assert await sweep_once(db, SWEEPS) == 0, "its beginning is told once"
    await db.transact(moved, sale, timedelta(hours=-1))
    assert await shelf.prices() == [1_000, 2_000, 3_000]
    assert [hit.compare_at for hit in await shelf.cards()] == [None] * 3
    assert await sweep_once(db, SWEEPS) == 0, "and its end, too"


async def moved(tx: Tx, sale: Offer, by: timedelta) -> None:
    """The clock has moved, seen from the sale."""
    await tx.execute(
        "UPDATE promotions SET starts_at = starts_at + $2, ends_at = ends_at + $2 WHERE promotion_id = $1",
        sale.promotion_id,
        by,
    )


async def test_stopped_it_comes_down_at_once_and_another_price_below_it_stays(db: Database, shelf: Shelf) -> None:
    small = await shelf.put(offer())
    large = await shelf.put(offer(SpecialPrice(millionths=500_000), Scope(categories=frozenset([shelf.category_id]))))
    assert await shelf.prices() == [500, 1_000, 1_500]

    for _ in range(2):
        await db.transact(promotions.stop, shelf.merchant_id, large.promotion_id)
    assert await shelf.prices() == [900, 1_800, 2_700]
    await db.transact(promotions.stop, shelf.merchant_id, small.promotion_id)
    assert await shelf.prices() == [1_000, 2_000, 3_000]


async def test_a_changed_price_is_lowered_as_well_and_what_was_before_is_known(db: Database, shelf: Shelf) -> None:
    (_, sku_id), *_ = shelf.cups
    await shelf.put(offer(starts=datetime.now(UTC) - timedelta(days=1)))
    await db.transact(pricing.set_prices, shelf.merchant_id, [NewPrice(sku_id=sku_id, currency="CNY", amount=800)])

    first, *_ = await shelf.cards()

    assert (first.price, first.compare_at) == (720, 1_000)


async def test_after_a_sale_the_next_one_strikes_out_what_it_cost_in_the_first(db: Database, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    await db.transact(stood_before, await shelf.put(offer(SpecialPrice(millionths=300_000))), now - timedelta(days=9))
    await shelf.put(offer(starts=now - timedelta(minutes=5)))
    assert [(hit.price, hit.compare_at) for hit in await shelf.cards()] == [(900, None), (1_800, None), (2_700, None)]

    await shelf.put(offer(SpecialPrice(millionths=400_000), starts=now - timedelta(minutes=4)))

    assert [(hit.price, hit.compare_at) for hit in await shelf.cards()] == [(600, 700), (1_200, 1_400), (1_800, 2_100)]


async def stood_before(tx: Tx, sale: Offer, until: datetime) -> None:
    await tx.execute(
        """
        UPDATE promotions SET starts_at = $2::timestamptz - interval '5 days', ends_at = $2
             , created_at = $2::timestamptz - interval '5 days'
        WHERE promotion_id = $1
        """,
        sale.promotion_id,
        until,
    )


async def cost_before(tx: Tx, merchant_id: MerchantId, sku_id: SkuId, until: datetime, amount: int) -> None:
    await tx.execute(
        "INSERT INTO price_history (merchant_id, sku_id, currency, until, amount) VALUES ($1, $2, 'CNY', $3, $4)",
        merchant_id,
        sku_id,
        until,
        amount,
    )


@pytest.mark.parametrize("changed", [False, True])
async def test_a_beginning_that_is_written_down_too_early_hides_no_lower_price(
    db: Database, shelf: Shelf, changed: bool
) -> None:
    """It cost 8.00 until yesterday; sixty days ago, when the sale is said to have begun, it did not."""
    (_, sku_id), *_ = shelf.cups
    now = datetime.now(UTC)
    await db.transact(cost_before, shelf.merchant_id, sku_id, now - timedelta(days=50), 1_000)
    await db.transact(cost_before, shelf.merchant_id, sku_id, now - timedelta(days=1), 800)
    sale = offer(SpecialPrice(price=700), starts=now + timedelta(days=1))
    if changed:  # planned long ago for a day to come, and before that for one long gone
        planned = await shelf.put(sale)
        await db.transact(planned_long_ago, planned)

    await shelf.put(msgspec.structs.replace(sale, starts_at=now - timedelta(days=60)))

    first, *_ = await shelf.cards()
    assert (first.price, first.compare_at) == (700, 800)


async def planned_long_ago(tx: Tx, sale: Offer) -> None:
    await tx.execute(
        "UPDATE promotions SET created_at = now() - interval '90 days' WHERE promotion_id = $1", sale.promotion_id
    )


async def test_what_was_stopped_before_it_began_never_stood(db: Database, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    never = await shelf.put(offer(SpecialPrice(millionths=500_000), starts=now + timedelta(hours=1)))
    await db.transact(promotions.stop, shelf.merchant_id, never.promotion_id)
    await db.transact(long_gone, never)
    await shelf.put(offer())

    assert [(hit.price, hit.compare_at) for hit in await shelf.cards()] == [
        (900, 1_000),
        (1_800, 2_000),
        (2_700, 3_000),
    ]


async def long_gone(tx: Tx, sale: Offer) -> None:
    """It was planned a week ago for five days ago, stopped six days ago."""
    await tx.execute(
        """
        UPDATE promotions SET created_at = now() - interval '7 days', stopped_at = now() - interval '6 days'
             , starts_at = now() - interval '5 days', ends_at = now() - interval '3 days'
        WHERE promotion_id = $1
        """,
        sale.promotion_id,
    )


async def test_a_flash_price_stands_on_the_card_while_pieces_are_left(db: Database, shelf: Shelf) -> None:
    _, sku_id = shelf.cups[1]
    now = datetime.now(UTC)
    session_id = SessionId(ids.mint())
    wanted = NewFlash(
        merchant_id=shelf.merchant_id,
        session_id=session_id,
        name=text("秒杀", "Rush"),
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(hours=2),
        items=[FlashItem(sku_id=sku_id, price=700, pieces=5)],
    )
    await db.transact(promotions.plan, wanted)

    first, *rest = await shelf.cards()
    assert (first.price, first.compare_at, first.in_stock) == (700, 2_000, True), "all that is left is kept for it"
    assert [hit.price for hit in rest] == [1_000, 3_000]

    await db.transact(promotions.cancel, shelf.merchant_id, session_id, by="staff")
    assert await shelf.prices() == [1_000, 2_000, 3_000]


async def test_it_is_of_one_shop_and_of_its_category_there(db: Database, market: Market, shelf: Shelf) -> None:
    other = await market.merchant()
    warehouse_id = await market.warehouse(other)
    await market.product(other, shelf.category_id, price=4_000, stock={warehouse_id: 1})
    await shelf.put(offer(scope=Scope(categories=frozenset([shelf.category_id]))))

    assert await shelf.prices() == [900, 1_800, 2_700, 4_000]
    assert await db.as_merchant(other).ask(promotions.on_shelf, [shelf.merchant_id]) == []


async def test_a_member_price_is_on_no_card(db: Database, shelf: Shelf) -> None:
    group_id = GroupId(ids.mint())
    await db.transact(
        promotions.set_group, Group(merchant_id=shelf.merchant_id, group_id=group_id, name=text("会员", "Members"))
    )
    await shelf.put(msgspec.structs.replace(offer(), shelf=False, group_id=group_id))

    assert await shelf.prices() == [1_000, 2_000, 3_000]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rule": RateOff(steps=(Step(1, 100_000),))}, "rule"),
        ({"coupon": True, "per_buyer": 1}, "rule"),
        ({"budget": 10_000}, "budget"),
        ({"rule": SpecialPrice()}, "rule"),
        ({"rule": SpecialPrice(off=100, millionths=100_000)}, "rule"),
        ({"rule": SpecialPrice(price=0)}, "rule"),
        ({"rule": SpecialPrice(off=-5)}, "rule"),
        ({"shelf": False}, "group"),
    ],
)
async def test_what_cannot_stand_on_a_shelf_is_refused(
    db: Database, shelf: Shelf, changes: dict[str, object], field: str
) -> None:
    wrong = msgspec.structs.replace(offer(), merchant_id=shelf.merchant_id, **changes)

    with pytest.raises(Invalid) as refused:
        await db.transact(promotions.save, wrong)

    assert list(refused.value.fields) == [field]


async def test_at_many_promotions_each_question_goes_by_an_index(db: Database, shelf: Shelf, database_url: str) -> None:
    """Ten thousand offers of as many shops, of which a few stand on a shelf; and twenty thousand prices of before."""
    await shelf.put(offer())
    async with administer(database_url) as owner:
        await owner.execute(
            """
            INSERT INTO promotions (merchant_id, promotion_id, name, rule, scope, currency, starts_at, ends_at, coupon, shelf)
            SELECT gen_random_uuid(), gen_random_uuid(), '{}', '{"type": "special_price", "millionths": 1}', '{}', 'CNY'
                 , now() - n * interval '1 hour', now() + n * interval '1 hour', false, n % 20 = 0
            FROM generate_series(1, 10000) AS n
            """
        )
        await owner.execute(
            """
            INSERT INTO price_history (merchant_id, sku_id, currency, until, amount)
            SELECT gen_random_uuid(), gen_random_uuid(), 'CNY', now(), 1 FROM generate_series(1, 20000)
            """
        )
        await owner.execute(
            """
            WITH made AS (
                INSERT INTO customer_groups (merchant_id, group_id, name)
                SELECT merchant_id, promotion_id, '{}' FROM promotions WHERE NOT shelf LIMIT 5000
                RETURNING merchant_id, group_id)
            INSERT INTO customer_group_members (merchant_id, group_id, buyer_id, source)
            SELECT merchant_id, group_id, gen_random_uuid(), 'hand' FROM made
            """
        )
        await owner.execute(
            "UPDATE promotions p SET group_id = g.group_id FROM customer_groups g WHERE p.promotion_id = g.group_id"
        )
        await owner.execute(
            "UPDATE promotions SET shown_at = now() WHERE shelf AND merchant_id <> $1", shelf.merchant_id
        )
        await owner.execute("ANALYZE")
    product_id, sku_id = shelf.cups[0]
    article = msgspec.structs.replace(
        ARTICLE, merchant_id=shelf.merchant_id, sku_id=sku_id, product_id=product_id, usual=1_000
    )
    scans: list[str] = []

    async def listen(tx: Tx) -> None:
        heard = Listening(tx, {"promotions", "price_history", "customer_group_members", "customer_groups"})
        assert (await promotions.lowered_now(heard, [article]))[sku_id].price == 900
        assert await promotions.show_due(heard) == 1
        assert await promotions.hide_due(heard) == 0
        await promotions.own_offers(heard, ids.mint())
        scans.extend(heard.scans)

    await db.transact(listen)

    # Who offers anything at all is asked once in two seconds, of all that runs.
    assert [each for each in scans if "bool_or" not in each] == []
