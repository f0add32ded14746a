"""What a checkout costs, and what stands in its way."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest

from steelyard.goods import catalog, pricing, taxes
from steelyard.goods.pricing.model import NewPrice
from steelyard.goods.taxes.model import DatedRate
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Template, TemplateId, Zone
from steelyard.parties import merchants
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantState, Pause
from steelyard.trade import checkout
from steelyard.trade.checkout import Completeness
from steelyard.trade.checkout.model import (
    SHOP,
    CheckoutId,
    CheckoutNotReady,
    Draft,
    Line,
    ProblemCode,
    Quote,
    SoldOut,
)
from tests.support import deal
from tests.support.world import CURRENCY, HOME, STOCK, TOO_FAR, World

LONDON = Address(name="Ann", country="GB", city="London", street="1 High Street", postal_code="N1")
CALIFORNIA = Address(name="Bob", country="us", region="ca", city="Fresno", street="1 Main Street", postal_code="93650")
# The day where the seller is, which may be tomorrow by UTC.
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


async def quoted(db: Database, draft: Draft, completeness: Completeness = checkout.STRICT) -> Quote:
    return await db.ask(checkout.quote, draft, CURRENCY, completeness)


async def sent_to(db: Database, world: World, *wanted: tuple[str, int], address: Address = HOME) -> Quote:
    return await quoted(db, deal.draft([(world.items[slug].sku_id, n) for slug, n in wanted], address=address))


def codes(quote: Quote) -> list[str]:
    return [problem.code for problem in quote.problems]


async def deliver_everywhere(db: Database, world: World) -> TemplateId:
    template = Template(
        merchant_id=world.tea.merchant_id, template_id=TemplateId(ids.mint()), name=text("环球", "World"),
        method=Method.PIECE, currency=CURRENCY, days_from=9, days_to=20, place=2,
        zones=[Zone(countries=["*"], first_fee=10_000, next_fee=0)],
    )  # fmt: skip
    await db.transact(freight.save_template, template)
    return template.template_id


async def taxed(db: Database, slug: str, world: World, tax_class: str) -> None:
    async def change(tx: Tx) -> None:
        await tx.execute(
            "UPDATE products SET tax_class = $2 WHERE product_id = $1", world.items[slug].product_id, tax_class
        )

    await db.transact(change)


async def test_a_tax_inside_the_price_is_named_and_not_added(shop: Database, world: World):
    quote = await sent_to(shop, world, ("nuts", 1))

    (group,) = quote.groups
    assert (quote.goods, quote.freight, quote.tax_added) == (3_990, 800, 0)
    assert group.lines[0].tax == 459  # 3990 × 0.13 ÷ 1.13 = 459.03
    assert group.freight_tax == 92
    assert (quote.tax_included, quote.total) == (551, 4_790)


async def test_a_tax_on_top_is_added_by_region(shop: Database, world: World):
    await deliver_everywhere(shop, world)

    quote = await sent_to(shop, world, ("nuts", 1), address=CALIFORNIA)

    (group,) = quote.groups
    assert group.lines[0].tax == 289  # 3990 × 7.25 % = 289.275
    assert group.freight_tax == 725
    assert (quote.tax_added, quote.tax_included, quote.total) == (1_014, 0, 3_990 + 10_000 + 1_014)
    elsewhere = await sent_to(shop, world, ("nuts", 1), address=msgspec.structs.replace(CALIFORNIA, region="OR"))
    assert (elsewhere.tax_added, elsewhere.tax_included) == (0, 0), "a place that we have no rate for bears none"


async def test_a_class_without_a_rate_of_its_own_bears_the_standard_rate(shop: Database, world: World):
    await taxed(shop, "nuts", world, "reduced")

    home, abroad = await sent_to(shop, world, ("nuts", 1)), await sent_to(shop, world, ("nuts", 1), address=LONDON)

    assert home.groups[0].lines[0].tax_millionths == 90_000
    assert abroad.groups[0].lines[0].tax_millionths == 200_000


@pytest.mark.parametrize(("days", "expected"), [(0, 60_000), (1, 130_000), (-400, 60_000)])
async def test_a_rate_counts_from_its_first_day(shop: Database, world: World, days: int, expected: int):
    begins: date = TODAY + timedelta(days=days)
    rate = DatedRate(
        country="CN", tax_class="standard", valid_from=begins, millionths=60_000, inclusive=True, name=text("税", "Tax")
    )
    await shop.transact(taxes.set_rate, rate)

    quote = await sent_to(shop, world, ("nuts", 1))

    assert quote.groups[0].lines[0].tax_millionths == expected


@pytest.mark.parametrize(
    ("slug", "quantity", "fee"),
    [
        ("nuts", 1, 800),
        ("nuts", 3, 1_200),
        ("nuts", 4, 1_400),
        ("nuts", 5, 0),  # 199.50 yuan: free from 199 on
        ("hammer", 1, 800),  # 700 g
        ("hammer", 2, 1_000),  # 1400 g: the second kilogram is begun
        ("hammer", 4, 1_200),
    ],
)
async def test_freight_goes_by_piece_or_weight_and_is_free_from_a_sum_on(
    shop: Database, world: World, slug: str, quantity: int, fee: int
):
    assert (await sent_to(shop, world, (slug, quantity))).freight == fee


async def test_each_merchant_sends_its_own_part(shop: Database, world: World):
    quote = await sent_to(shop, world, ("nuts", 1), ("hammer", 1), ("black", 1))

    assert {group.shop.slug: (group.goods, group.freight) for group in quote.groups} == {
        "tea": (9_190, 1_000), "tools": (4_500, 800),
    }  # fmt: skip


async def test_the_cheapest_way_is_taken_unless_another_is_chosen(shop: Database, world: World):
    draft = deal.draft([(world.items["nuts"].sku_id, 1)])

    def choosing(template_id: UUID) -> Draft:
        return msgspec.structs.replace(draft, deliveries={str(world.tea.merchant_id): template_id})

    (group,) = (await quoted(shop, draft)).groups
    assert [option.template_id for option in group.options] == [world.tea.standard, world.tea.express]
    assert group.chosen == group.options[0]
    assert (await quoted(shop, choosing(world.tea.express))).freight == 1_800
    for not_offered in (world.tools.express, ids.mint()):
        assert (await quoted(shop, choosing(not_offered))).freight == 800


async def test_where_nobody_delivers_is_named_for_each_merchant(shop: Database, world: World):
    quote = await sent_to(shop, world, ("nuts", 1), ("hammer", 1), address=TOO_FAR)

    assert {(problem.code, problem.merchant_id) for problem in quote.problems} == {
        (ProblemCode.UNDELIVERABLE, trader.merchant_id) for trader in world.merchants
    }
    assert quote.freight == 0


async def test_a_shop_that_is_away_sells_nothing_or_sends_it_later(shop: Database, world: World):
    now = datetime.now(UTC)
    pause = Pause(begins_at=now - timedelta(hours=1), ends_at=now + timedelta(days=3))
    usual = await sent_to(shop, world, ("green", 1))
    await shop.transact(merchants.pause, world.tea.merchant_id, pause)

    quote = await sent_to(shop, world, ("green", 1), ("hammer", 1))

    assert [(problem.code, problem.merchant_id) for problem in quote.problems] == [
        (ProblemCode.SHOP_AWAY, world.tea.merchant_id)
    ]
    assert quote.blocking
    await shop.transact(merchants.pause, world.tea.merchant_id, msgspec.structs.replace(pause, sells=True))
    later = await sent_to(shop, world, ("green", 1))
    assert not later.problems
    [before], [after] = usual.groups, later.groups
    assert [option.days_to + 3 for option in before.options] == [option.days_to for option in after.options]


async def test_several_lines_of_one_sku_share_its_stock(shop: Database, world: World):
    sku_id = world.items["nuts"].sku_id

    quote = await quoted(shop, deal.draft([(sku_id, STOCK - 5), (sku_id, 6), (sku_id, 5), (sku_id, 1)]))

    assert [(problem.code, problem.line_id, problem.facts) for problem in quote.problems] == [
        (ProblemCode.NOT_ENOUGH, "l2", {"free": 5}),
        (ProblemCode.OUT_OF_STOCK, "l3", {"free": 0}),
        (ProblemCode.OUT_OF_STOCK, "l4", {"free": 0}),
    ]
    fitting = deal.draft([(sku_id, STOCK - 5), (sku_id, 5)])
    assert not (await quoted(shop, fitting)).problems
    with pytest.raises(SoldOut) as refused:
        await deal.placed(shop, [(sku_id, STOCK), (sku_id, 1)])
    assert refused.value.shortages == [{"line_id": "l2", "free": 0}]


async def test_a_moved_price_is_news_and_no_hindrance(shop: Database, world: World):
    nuts = world.items["nuts"]
    draft = deal.draft([(nuts.sku_id, 1)])
    seen = msgspec.structs.replace(
        draft, lines=[msgspec.structs.replace(line, seen_price=nuts.amount) for line in draft.lines]
    )
    assert not codes(await quoted(shop, seen))
    price = NewPrice(sku_id=nuts.sku_id, currency=CURRENCY, amount=4_000)
    await shop.transact(pricing.set_prices, nuts.merchant_id, [price])

    quote = await quoted(shop, seen)

    assert [(problem.code, problem.facts) for problem in quote.problems] == [
        (ProblemCode.PRICE_MOVED, {"seen": 3_990, "price": 4_000})
    ]
    assert not quote.blocking
    assert quote.goods == 4_000


@pytest.mark.parametrize(
    ("contact", "address", "strict", "lenient"),
    [
        (Contact(), HOME, ["contact_missing"], []),
        (Contact(email="nowhere"), HOME, ["contact_missing"], []),
        (Contact(email="a@b.c"), Address(), ["address_missing"], ["address_missing"]),
        (Contact(email="a@b.c"), Address(country="CN"), ["address_incomplete"], []),
        (Contact(email="a@b.c"), msgspec.structs.replace(HOME, street=""), ["address_incomplete"], []),
        (Contact(email="a@b.c"), msgspec.structs.replace(HOME, city=""), [], []),
    ],
)
async def test_what_must_be_known_of_the_buyer(
    shop: Database, world: World, contact: Contact, address: Address, strict: list[str], lenient: list[str]
):
    draft = deal.draft([(world.items["nuts"].sku_id, 1)], contact=contact, address=address)

    assert codes(await quoted(shop, draft)) == strict
    assert codes(await quoted(shop, draft, Completeness(email=False, whole_address=False))) == lenient


async def test_missing_parts_of_an_address_are_named(shop: Database, world: World):
    quote = await sent_to(shop, world, ("nuts", 1), address=Address(country="CN", name="Li Na"))

    assert quote.problems[0].facts == {"missing": "street, city"}


async def test_an_empty_checkout_is_not_placed(shop: Database, world: World):
    assert codes(await quoted(shop, deal.draft([]))) == ["empty"]

    checkout_id = await deal.opened(shop, [])
    with pytest.raises(CheckoutNotReady):
        await shop.transact(checkout.place, checkout_id, expected_total=0, by="buyer")


async def test_what_is_not_for_sale_is_named_and_not_charged(shop: Database, world: World):
    nuts = world.items["nuts"]
    draft = deal.draft([(world.items[slug].sku_id, 1) for slug in ("nuts", "black", "ruler")] + [(ids.mint(), 1)])
    await shop.transact(catalog.take_off_shelf, nuts.merchant_id, [nuts.product_id], "staff:1")
    await shop.transact(merchants.set_state, world.tools.merchant_id, MerchantState.SUSPENDED)

    quote = await quoted(shop, draft)

    assert [(problem.code, problem.line_id) for problem in quote.problems] == [
        (ProblemCode.ITEM_UNAVAILABLE, line_id) for line_id in ("l1", "l3", "l4")
    ]
    assert quote.goods == world.items["black"].amount


async def test_what_has_no_price_in_the_merchants_currency_is_not_for_sale(shop: Database, world: World):
    quote = await shop.ask(checkout.quote, deal.draft([(world.items["nuts"].sku_id, 1)]), "USD")

    assert codes(quote) == ["item_unavailable"]


def line(number: int, quantity: int = 1, line_id: str | None = None) -> Line:
    return Line(line_id=line_id or f"l{number}", sku_id=ids.mint(), quantity=quantity)


@pytest.mark.parametrize(
    "lines",
    [
        [line(1, 0)],
        [line(1, -1)],
        [line(1, 10_000)],
        [line(1), line(1)],
        [line(1, line_id="x" * 201)],
        [line(number) for number in range(201)],
    ],
)
async def test_a_draft_keeps_to_the_limits(shop: Database, world: World, lines: list[Line]):
    with pytest.raises(Invalid):
        await shop.transact(
            checkout.open_checkout, CheckoutId(ids.mint()), BuyerId(ids.mint()), Draft(lines=lines), client=SHOP
        )


async def test_nobody_needs_a_novel_for_an_address(shop: Database, world: World):
    draft = deal.draft([], address=msgspec.structs.replace(HOME, street="x" * 201))

    with pytest.raises(Invalid):
        await shop.transact(checkout.open_checkout, CheckoutId(ids.mint()), BuyerId(ids.mint()), draft, client=SHOP)
