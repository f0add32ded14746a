"""The matrix of options: changed as a whole, and no variant that was sold is lost or mistaken for another."""

from itertools import product as every_choice

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.goods import catalog
from steelyard.goods.catalog import MatrixOption, MatrixOutdated, MatrixValue
from steelyard.goods.catalog.model import NewProduct, NewSku, Option, ProductId, ProductState, Sku, SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import Text, text
from steelyard.parties.merchants.model import MerchantId
from tests.goods.conftest import Market

COLOUR, SIZE = text("颜色", "Colour"), text("尺码", "Size")
RED, BLUE, GREEN = text("红", "Red"), text("蓝", "Blue"), text("绿", "Green")
S, M, L = text("小", "S"), text("中", "M"), text("大", "L")


class Shirt(msgspec.Struct, frozen=True):
    merchant_id: MerchantId
    product: NewProduct

    @property
    def product_id(self) -> ProductId:
        return self.product.product_id

    def sku(self, *choice: int) -> SkuId:
        return next(sku.sku_id for sku in self.product.skus if sku.choice == list(choice))


async def a_shirt(db: Database, market: Market) -> Shirt:
    """Red and blue, in S and M."""
    merchant_id = await market.merchant()
    new = NewProduct(
        product_id=ProductId(ids.mint()),
        category_id=await market.category(),
        slug="shirt",
        title=text("衬衫", "Shirt"),
        options=[Option(name=COLOUR, values=[RED, BLUE]), Option(name=SIZE, values=[S, M])],
        skus=[new_sku(c, s) for c in range(2) for s in range(2)],
        state=ProductState.ON_SHELF,
    )
    await db.transact(catalog.create_product, merchant_id, new, "test")
    return Shirt(merchant_id, new)


def new_sku(*choice: int, code: str = "") -> NewSku:
    return NewSku(sku_id=SkuId(ids.mint()), code=code or f"C{ids.mint().hex}", choice=list(choice))


def option(name: Text, was: int | None, *values: tuple[Text, int | None]) -> MatrixOption:
    return MatrixOption(name=name, was=was, values=[MatrixValue(name=words, was=place) for words, place in values])


SIZES = option(SIZE, 1, (S, 0), (M, 1))


async def test_a_value_more_makes_variants_more_and_leaves_the_others_as_they_are(db: Database, market: Market) -> None:
    shirt = await a_shirt(db, market)
    colours = option(COLOUR, 0, (GREEN, None), (BLUE, 1), (RED, 0))

    fresh = await db.transact(
        catalog.set_matrix,
        shirt.merchant_id,
        shirt.product_id,
        [colours, SIZES],
        [new_sku(0, 0), new_sku(0, 1)],
        "test",
        seen=shirt.product.options,
    )

    seen = await db.ask(catalog.product, shirt.product_id)
    assert seen is not None
    assert len(fresh) == 2
    assert {tuple(sku.choice): sku.sku_id for sku in seen.skus if sku.sku_id not in fresh} == {
        (1, 0): shirt.sku(1, 0),
        (1, 1): shirt.sku(1, 1),
        (2, 0): shirt.sku(0, 0),
        (2, 1): shirt.sku(0, 1),
    }


async def test_a_value_that_goes_takes_its_variants_off_and_comes_back_with_them(db: Database, market: Market) -> None:
    shirt = await a_shirt(db, market)
    only_red = [option(COLOUR, 0, (RED, 0)), SIZES]

    await db.transact(
        catalog.set_matrix, shirt.merchant_id, shirt.product_id, only_red, [], "test", seen=shirt.product.options
    )

    seen = await db.ask(catalog.product, shirt.product_id)
    assert seen is not None
    assert [sku.sku_id for sku in seen.skus] == [shirt.sku(0, 0), shirt.sku(0, 1)]
    card = (await db.ask(catalog.cards, [shirt.sku(1, 0)]))[shirt.sku(1, 0)]
    assert not card.on_sale
    assert card.options == [(COLOUR, BLUE), (SIZE, S)]

    again = [option(COLOUR, 0, (RED, 0), (BLUE, None)), SIZES]
    fresh = await db.transact(
        catalog.set_matrix,
        shirt.merchant_id,
        shirt.product_id,
        again,
        [new_sku(1, 0), new_sku(1, 1)],
        "test",
        seen=seen.options,
    )

    assert fresh == []
    seen = await db.ask(catalog.product, shirt.product_id)
    assert seen is not None
    assert {sku.sku_id for sku in seen.skus if sku.active} == {sku.sku_id for sku in shirt.product.skus}


async def test_an_option_more_is_answered_with_its_first_value(db: Database, market: Market) -> None:
    shirt = await a_shirt(db, market)
    fit = option(text("版型", "Fit"), None, (text("修身", "Slim"), None), (text("宽松", "Loose"), None))

    await db.transact(
        catalog.set_matrix,
        shirt.merchant_id,
        shirt.product_id,
        [option(COLOUR, 0, (RED, 0), (BLUE, 1)), SIZES, fit],
        [],
        "test",
        seen=shirt.product.options,
    )

    skus = await db.ask(catalog.skus_of, shirt.product_id)
    assert {tuple(sku.choice): sku.sku_id for sku in skus} == {
        (c, s, 0): shirt.sku(c, s) for c in range(2) for s in range(2)
    }


async def test_when_an_option_goes_one_of_those_that_become_alike_stays(db: Database, market: Market) -> None:
    shirt = await a_shirt(db, market)

    await db.transact(
        catalog.set_matrix,
        shirt.merchant_id,
        shirt.product_id,
        [option(COLOUR, 0, (RED, 0), (BLUE, 1))],
        [],
        "test",
        seen=shirt.product.options,
    )

    skus = await db.ask(catalog.skus_of, shirt.product_id)
    assert {tuple(sku.choice): sku.sku_id for sku in skus} == {(0,): shirt.sku(0, 0), (1,): shirt.sku(1, 0)}


async def test_options_that_somebody_changed_meanwhile_are_not_overwritten(db: Database, market: Market) -> None:
    shirt = await a_shirt(db, market)
    seen = [Option(name=COLOUR, values=[RED])]

    with pytest.raises(MatrixOutdated):
        await db.transact(catalog.set_matrix, shirt.merchant_id, shirt.product_id, [SIZES], [], "test", seen=seen)


async def test_nobody_changes_the_options_of_another_merchant(db: Database, market: Market) -> None:
    shirt = await a_shirt(db, market)
    other = await market.merchant()

    with pytest.raises(NotFound):
        await db.as_merchant(other).transact(
            catalog.set_matrix, shirt.merchant_id, shirt.product_id, [SIZES], [], "test", seen=shirt.product.options
        )


@pytest.mark.parametrize(
    "options",
    [
        [option(COLOUR, 0)],
        [option(COLOUR, 0, (RED, 0), (RED, 1))],
        [option(Text(), 0, (RED, 0))],
        [option(COLOUR, 0, (Text(), 0))],
        [SIZES, SIZES],
        [option(text(str(n), str(n)), None, (RED, None)) for n in range(4)],
    ],
)
async def test_options_have_names_of_their_own(db: Database, market: Market, options: list[MatrixOption]) -> None:
    shirt = await a_shirt(db, market)

    with pytest.raises(Invalid):
        await db.transact(
            catalog.set_matrix, shirt.merchant_id, shirt.product_id, options, [], "test", seen=shirt.product.options
        )


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Sku], list[MatrixOption], int]:
    """Some variants of up to three options, and any change of these."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=0, max_size=3))
    choices = draw(st.lists(st.sampled_from(list(every_choice(*map(range, sizes)))), unique=True, max_size=12))
    skus = [
        Sku(
            sku_id=SkuId(ids.mint()), product_id=ProductId(ids.mint()), code="", barcode="", choice=list(choice),
            weight_grams=0, picture=None, active=draw(st.booleans()),
        )
        for choice in choices
    ]  # fmt: skip
    options: list[MatrixOption] = []
    for was in draw(st.lists(st.sampled_from([*range(len(sizes)), None]), max_size=3)):
        if was is not None and was in [each.was for each in options]:
            continue
        former = st.sampled_from([*range(sizes[was])]) if was is not None else st.nothing()
        kept = draw(st.lists(former, unique=True, max_size=4)) if was is not None else []
        values = [*kept, *[None] * draw(st.integers(0 if kept else 1, 2))]
        options.append(
            option(text(str(len(options)), ""), was, *((text(str(n), ""), each) for n, each in enumerate(values)))
        )
    return skus, options, len(sizes)


@given(changes())
def test_each_variant_stays_in_one_place_or_goes(change: tuple[list[Sku], list[MatrixOption], int]) -> None:
    skus, options, former = change

    plan = catalog.outline(skus, options, former)

    assert sorted([*plan.placed.values(), *plan.gone]) == sorted(sku.sku_id for sku in skus)
    known = {sku.sku_id: sku for sku in skus}
    for choice, sku_id in plan.placed.items():
        assert len(choice) == len(options)
        for chosen, each in zip(choice, options, strict=True):
            # It never answers to another value than the one it had.
            assert chosen == 0 if each.was is None else each.values[chosen].was == known[sku_id].choice[each.was]
    for sku_id in plan.gone:
        kept = [each for each in options if each.was is not None]
        there = all(
            known[sku_id].choice[each.was] in [v.was for v in each.values] for each in kept if each.was is not None
        )
        alike = [
            other
            for other in plan.placed.values()
            if all(
                known[other].choice[each.was] == known[sku_id].choice[each.was] for each in kept if each.was is not None
            )
        ]
        assert not there or alike, "it went although it could stay"
        assert not (there and known[sku_id].active) or any(known[other].active for other in alike)
