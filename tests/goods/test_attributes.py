"""Typed attributes: defined by the operator, inherited down the category tree, and kept by products as facts."""

import msgspec
import pytest

from steelyard.goods import catalog
from steelyard.goods.catalog import AttributeKind, AttributeValue, Binding, Definition
from steelyard.goods.catalog.model import CategoryId, CategoryUnknown, Facts, ProductChange
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import text
from tests.goods.conftest import Market, new_product

MATERIAL = Definition(
    code="material",
    name=text("材质", "Material"),
    kind=AttributeKind.CHOICES,
    values=[
        AttributeValue(code="leather", name=text("真皮", "Leather")),
        AttributeValue(code="wool", name=text("羊毛", "Wool")),
    ],
    filterable=True,
)
GENDER = Definition(
    code="gender",
    name=text("性别", "For"),
    kind=AttributeKind.CHOICE,
    values=[
        AttributeValue(code="men", name=text("男", "Men")),
        AttributeValue(code="women", name=text("女", "Women")),
    ],
    filterable=True,
)
HEEL = Definition(code="heel", name=text("跟高", "Heel"), kind=AttributeKind.NUMBER, unit="mm")
CARE = Definition(code="care", name=text("洗护", "Care"), kind=AttributeKind.TEXT)
LINED = Definition(code="lined", name=text("有内里", "Lined"), kind=AttributeKind.YES_NO, filterable=True)
EVERY = (MATERIAL, GENDER, HEEL, CARE, LINED)


async def a_category(db: Database, market: Market) -> CategoryId:
    """A category with all of the attributes above; the material is required."""
    category_id = await market.category()
    for definition in EVERY:
        await db.transact(catalog.define_attribute, definition)
    bindings = [Binding(code=each.code, required=each is MATERIAL, place=n) for n, each in enumerate(EVERY)]
    await db.transact(catalog.bind_attributes, category_id, bindings)
    return category_id


async def test_a_category_has_its_own_attributes_and_those_of_all_above_it(db: Database, market: Market) -> None:
    top = await a_category(db, market)
    below = await market.category(parent_id=top)
    await db.transact(catalog.bind_attributes, below, [Binding(code="heel", required=True)])

    bound = (await db.ask(catalog.attributes_of, [top, below]))[below]

    assert [each.definition.code for each in bound] == ["material", "gender", "care", "lined", "heel"]
    assert [each.required for each in bound] == [True, False, False, False, True]
    assert bound[-1].category_id == below
    assert bound[0].definition == msgspec.structs.replace(MATERIAL)


async def test_a_product_keeps_facts_that_its_category_knows(db: Database, market: Market) -> None:
    category_id, merchant_id = await a_category(db, market), await market.merchant()
    facts: Facts = {
        "material": ["leather", "wool"],
        "gender": ["men"],
        "heel": 30,
        "care": {"en": "Wipe it"},
        "lined": ["yes"],
    }
    new = msgspec.structs.replace(new_product(category_id), facts=facts)

    await db.transact(catalog.create_product, merchant_id, new, "test")

    seen = await db.ask(catalog.product, new.product_id)
    assert seen is not None
    assert seen.facts == facts
    known = await db.ask(catalog.definitions)
    assert catalog.facets(known, seen.facts) == ["gender:men", "lined:yes", "material:leather", "material:wool"]
    assert catalog.fact_words(known["material"], facts["material"]) == text("真皮、羊毛", "Leather, Wool")
    assert catalog.fact_words(known["heel"], facts["heel"])["en"] == "30 mm"


@pytest.mark.parametrize(
    "facts",
    [
        {"unheard-of": ["x"]},
        {"material": ["gold"]},
        {"material": []},
        {"material": ["wool", "wool"]},
        {"gender": ["men", "women"]},
        {"gender": 3},
        {"heel": ["men"]},
        {"lined": ["maybe"]},
        {"care": ["men"]},
        {"care": {"en": "x" * 501}},
    ],
)
async def test_what_its_category_does_not_know_is_refused(db: Database, market: Market, facts: Facts) -> None:
    category_id, merchant_id = await a_category(db, market), await market.merchant()
    new = new_product(category_id)
    await db.transact(catalog.create_product, merchant_id, new, "test")

    with pytest.raises(Invalid) as refused:
        await db.transact(catalog.change_product, merchant_id, new.product_id, ProductChange(facts=facts))

    assert list(refused.value.fields) == [f"fact:{next(iter(facts))}"]


async def test_a_required_attribute_is_missed(db: Database, market: Market) -> None:
    category_id = await a_category(db, market)

    bound = (await db.ask(catalog.attributes_of, [category_id]))[category_id]

    assert [each.code for each in catalog.missing_facts(bound, {"heel": 3})] == ["material"]
    assert catalog.missing_facts(bound, {"material": ["wool"]}) == []


async def test_the_kind_of_an_attribute_stays_and_its_words_change(db: Database, market: Market) -> None:
    await a_category(db, market)

    await db.transact(catalog.define_attribute, msgspec.structs.replace(HEEL, name=text("鞋跟高度", "Heel height")))
    with pytest.raises(Invalid):
        await db.transact(catalog.define_attribute, msgspec.structs.replace(HEEL, kind=AttributeKind.TEXT))

    assert (await db.ask(catalog.definitions))["heel"].name == text("鞋跟高度", "Heel height")


async def test_a_retired_attribute_is_asked_for_no_more_and_facts_stay(db: Database, market: Market) -> None:
    category_id, merchant_id = await a_category(db, market), await market.merchant()
    new = msgspec.structs.replace(new_product(category_id), facts={"heel": 30})
    await db.transact(catalog.create_product, merchant_id, new, "test")

    await db.transact(catalog.define_attribute, msgspec.structs.replace(HEEL, retired=True))

    bound = (await db.ask(catalog.attributes_of, [category_id]))[category_id]
    assert "heel" not in [each.definition.code for each in bound]
    seen = await db.ask(catalog.product, new.product_id)
    assert seen is not None
    assert seen.facts == {"heel": 30}


async def test_only_what_is_defined_is_bound_to_categories_that_exist(db: Database, market: Market) -> None:
    category_id = await market.category()

    with pytest.raises(Invalid):
        await db.transact(catalog.bind_attributes, category_id, [Binding(code="unheard-of")])
    with pytest.raises(CategoryUnknown):
        await db.transact(catalog.bind_attributes, CategoryId(ids.mint()), [])
