"""Freight: what it costs to send it there, and whether it can be sent at all."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import text
from steelyard.logistics import freight
from steelyard.logistics.freight.model import Method, Shipment, Template, TemplateId, Zone
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId

HANGZHOU = Address(country="CN", region="Zhejiang")
LHASA = Address(country="CN", region="Tibet")
LONDON = Address(country="GB", region="")


def shipment(
    merchant_id: UUID | None = None, pieces: int = 1, grams: int = 500, goods: int = 1_000, currency: str = "CNY"
) -> Shipment:
    return Shipment(
        merchant_id=MerchantId(merchant_id or ids.mint()),
        pieces=pieces,
        weight_grams=grams,
        goods_amount=goods,
        currency=currency,
    )


def template(merchant_id: MerchantId, *zones: Zone, name: str = "Standard", **facts: object) -> Template:
    given = {"method": Method.PIECE, "currency": "CNY", "days_from": 2, "days_to": 4} | facts
    return Template(
        merchant_id=merchant_id,
        template_id=TemplateId(ids.mint()),
        name=text("快递", name),
        zones=list(zones),
        **given,  # pyright: ignore[reportArgumentType]
    )


@pytest.mark.parametrize(("grams", "fee"), [(0, 1_200), (1_000, 1_200), (1_001, 1_500), (1_500, 1_500), (1_501, 1_800)])
def test_each_step_that_is_begun_counts(grams: int, fee: int) -> None:
    zone = Zone(countries=["CN"], first_units=1_000, first_fee=1_200, next_units=500, next_fee=300)

    assert freight.fee_of(zone, Method.WEIGHT, shipment(grams=grams)) == fee


zones = st.builds(
    Zone,
    countries=st.just(["*"]),
    first_units=st.integers(1, 300),
    first_fee=st.integers(0, 10_000),
    next_units=st.integers(1, 300),
    next_fee=st.integers(0, 10_000),
    free_over=st.none() | st.integers(0, 5_000),
)


@given(zones, st.sampled_from(Method), st.integers(0, 500), st.integers(0, 500), st.integers(0, 9_000))
def test_a_fee_is_the_sum_of_its_steps(zone: Zone, method: Method, units: int, more: int, goods: int) -> None:
    def fee(units: int) -> int:
        return freight.fee_of(zone, method, shipment(pieces=units, grams=units, goods=goods))

    steps = len(range(zone.first_units, units, zone.next_units))
    free = zone.free_over is not None and goods >= zone.free_over
    assert fee(units) == (0 if free else zone.first_fee + steps * zone.next_fee)
    assert fee(units) <= fee(units + more)


async def test_the_first_zone_that_matches_counts(db: Database) -> None:
    merchant_id = MerchantId(ids.mint())
    await db.transact(
        freight.save_template,
        template(
            merchant_id,
            Zone(countries=["CN"], regions=["Tibet", "Xinjiang"], first_fee=2_500),
            Zone(countries=["CN"], first_fee=800, next_fee=100, free_over=9_900),
            Zone(countries=["US"], deliverable=False),
            Zone(countries=["*"], first_fee=20_000),
        ),
    )

    async def fee(address: Address, goods: int = 1_000) -> list[int]:
        found = await db.ask(freight.options, [shipment(merchant_id, pieces=3, goods=goods)], address)
        return [option.fee for option in found[merchant_id]]

    assert await fee(LHASA) == [2_500]
    assert await fee(Address(country="cn", region="TIBET")) == [2_500]
    assert await fee(HANGZHOU) == [1_000]
    assert await fee(HANGZHOU, goods=9_900) == [0]
    assert await fee(Address(country="US", region="CA")) == []
    assert await fee(LONDON) == [20_000]


@pytest.mark.parametrize(
    ("zone", "address"),
    [
        ("广东", "广东省"),
        ("广东省", "广东"),
        ("新疆", "新疆维吾尔自治区"),
        ("广西壮族自治区", " 广西"),
        ("北京市", "北京"),
        ("Tibet", "Tibet Autonomous Region"),
        ("Guangdong Province", "guangdong"),
    ],
)
async def test_a_region_is_the_same_with_and_without_what_it_is(db: Database, zone: str, address: str) -> None:
    merchant_id = MerchantId(ids.mint())
    far = Zone(countries=["CN"], regions=[zone], first_fee=2_500)
    await db.transact(freight.save_template, template(merchant_id, far, Zone(countries=["CN"], first_fee=800)))

    async def fee(region: str) -> int:
        found = await db.ask(freight.options, [shipment(merchant_id)], Address(country="CN", region=region))
        return found[merchant_id][0].fee

    assert await fee(address) == 2_500
    assert await fee("浙江省") == 800
    assert await fee("") == 800


async def test_all_merchants_are_asked_at_once_and_the_cheapest_way_comes_first(db: Database) -> None:
    one, other, third = (MerchantId(ids.mint()) for _ in range(3))
    everywhere = ["*"]
    for each in (
        template(one, Zone(countries=everywhere, first_fee=2_000), name="Express", days_to=3),
        template(one, Zone(countries=everywhere, first_fee=600)),
        template(one, Zone(countries=everywhere), name="Gone", active=False),
        template(other, Zone(countries=["GB"], first_fee=400)),
        template(third, Zone(countries=everywhere, first_fee=5), currency="EUR"),
    ):
        await db.transact(freight.save_template, each)

    found = await db.ask(freight.options, [shipment(one), shipment(other), shipment(third)], HANGZHOU)

    assert [(option.name["en"], option.fee) for option in found[one]] == [("Standard", 600), ("Express", 2_000)]
    assert (found[other], found[third]) == ([], [])
    assert await db.ask(freight.options, [], HANGZHOU) == {}


async def test_search_is_told_from_which_amount_a_shop_sends_free_of_charge(db: Database) -> None:
    merchant_id = MerchantId(ids.mint())

    async def told(*templates: Template) -> dict[str, int]:
        for each in templates:
            await db.transact(freight.save_template, each)
        rows = await db.ask(
            lambda read: read.fetch(
                "SELECT currency, free_from FROM search_free_delivery WHERE merchant_id = $1", merchant_id
            )
        )
        return {row["currency"]: row["free_from"] for row in rows}

    far = Zone(countries=["CN"], regions=["Tibet"], first_fee=2_500)
    standard = template(merchant_id, far, Zone(countries=["CN"], first_fee=800, free_over=9_900))
    dear = template(merchant_id, Zone(countries=["CN"], first_fee=1_800), Zone(countries=["*"]))
    euros = template(merchant_id, Zone(countries=["*"]), currency="EUR")

    assert await told(standard) == {"CNY": 9_900}
    assert await told(dear, euros) == {"CNY": 9_900, "EUR": 0}
    assert await told(msgspec.structs.replace(standard, active=False)) == {"EUR": 0}
    assert await told(msgspec.structs.replace(euros, zones=[Zone(countries=["CN"], deliverable=False)])) == {}


async def test_saving_a_template_again_changes_it(db: Database) -> None:
    merchant_id = MerchantId(ids.mint())
    first = template(merchant_id, Zone(countries=["CN"], regions=["Zhejiang"], free_over=5), Zone(countries=["*"]))
    second = Template(
        merchant_id=merchant_id,
        template_id=first.template_id,
        name=text("慢递", "Slow"),
        method=Method.WEIGHT,
        currency="CNY",
        days_from=5,
        days_to=9,
        zones=[Zone(countries=["GB", "DE"], first_units=100)],
    )

    await db.transact(freight.save_template, first)
    assert await db.ask(freight.templates, merchant_id) == [first]
    for _ in range(2):
        await db.transact(freight.save_template, second)
    assert await db.ask(freight.templates, merchant_id) == [second]


@pytest.mark.parametrize(
    "wrong",
    [
        {"zones": []},
        {"zones": [Zone(countries=[])]},
        {"zones": [Zone(countries=["China"])]},
        {"zones": [Zone(countries=["CN"], first_fee=-1)]},
        {"zones": [Zone(countries=["CN"], next_units=0)]},
        {"days_from": 5, "days_to": 2},
    ],
)
async def test_a_template_that_makes_no_sense_is_refused(db: Database, wrong: dict[str, object]) -> None:
    sound = template(MerchantId(ids.mint()), Zone(countries=["CN"]))
    facts = {name: getattr(sound, name) for name in Template.__struct_fields__} | wrong

    with pytest.raises(Invalid):
        await db.transact(freight.save_template, Template(**facts))  # pyright: ignore[reportArgumentType]
