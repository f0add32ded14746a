"""What merchants write of their goods, held against the dictionary."""

import msgspec
import pytest

from steelyard.goods import catalog
from steelyard.goods.catalog import Policy
from steelyard.goods.catalog.model import ProductChange, ProductState
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import Text, text
from steelyard.parties import screening
from steelyard.parties.access.model import Actor
from steelyard.parties.screening.model import Action, Area, Word, WordId
from tests.goods.conftest import Market, new_product

BEST = text("全国最好的围巾", "Scarf")


async def add(db: Database, what: str, action: Action) -> None:
    new = Word(word_id=WordId(ids.mint()), word=what, action=action, areas=[Area.TITLE, Area.DESCRIPTION])
    await db.transact(screening.save_word, Actor(), new)


async def test_a_title_with_a_word_to_look_at_is_reviewed_whoever_writes_it(db: Database, market: Market) -> None:
    await db.transact(catalog.set_policy, Policy(of_whom="nobody", products=1, changes=False))
    merchant_id, category_id = await market.merchant(), await market.category()
    plain = new_product(category_id, state=ProductState.DRAFT)
    best = new_product(category_id, state=ProductState.DRAFT, title=BEST)
    for new in (plain, best):
        await db.transact(catalog.create_product, merchant_id, new, "test")

    came = await db.transact(catalog.publish, merchant_id, [plain.product_id, best.product_id], "staff")

    assert (came.on_shelf, came.in_review) == ([plain.product_id], [best.product_id])
    ((said, reason, source),) = await db.ask(catalog.words_of, BEST, Text())
    assert (said, source[:6]) == ("最", "广告法第九条")
    assert reason["zh-Hans"]
    (waiting,) = (await db.ask(catalog.waiting)).items
    await db.transact(catalog.approve, merchant_id, waiting.review_id, "operator")
    await db.transact(catalog.take_off_shelf, merchant_id, [best.product_id], "staff")
    again = await db.transact(catalog.publish, merchant_id, [best.product_id], "staff")
    assert again.on_shelf == [best.product_id], "what was approved as it is goes at once"


async def test_a_changed_title_waits_and_the_shelf_stays_as_it_was(db: Database, market: Market) -> None:
    await db.transact(catalog.set_policy, Policy(of_whom="nobody", products=1, changes=False))
    merchant_id = await market.merchant()
    new = new_product(await market.category(), title=text("围巾", "Scarf"))
    await db.transact(catalog.create_product, merchant_id, new, "test")

    assert not await db.transact(
        catalog.edit, merchant_id, new.product_id, ProductChange(title=text("羊毛围巾", "Scarf")), "staff"
    )
    assert await db.transact(catalog.edit, merchant_id, new.product_id, ProductChange(title=BEST), "staff")

    product = await db.ask(catalog.product, new.product_id)
    assert product is not None
    assert product.title["zh-Hans"] == "羊毛围巾"
    assert [row.kind for row in (await db.ask(catalog.waiting)).items] == ["change"]


async def test_off_the_shelf_it_is_no_longer_approved(db: Database, market: Market) -> None:
    await db.transact(catalog.set_policy, Policy(of_whom="nobody", products=1, changes=False))
    merchant_id = await market.merchant()
    new = new_product(await market.category())
    await db.transact(catalog.create_product, merchant_id, new, "test")
    await db.transact(catalog.take_off_shelf, merchant_id, [new.product_id], "staff")
    await db.transact(catalog.edit, merchant_id, new.product_id, ProductChange(title=BEST), "staff")

    came = await db.transact(catalog.publish, merchant_id, [new.product_id], "staff")
    assert came.in_review == [new.product_id]


async def test_refused_words_are_told_beside_the_language_they_are_in(db: Database, market: Market) -> None:
    await add(db, "假药", Action.REFUSE)
    await add(db, "哇塞", Action.MASK)
    merchant_id, category_id = await market.merchant(), await market.category()
    new = new_product(category_id, state=ProductState.DRAFT, title=text("假药", "Scarf"))
    new = msgspec.structs.replace(new, description=text("", "假 药"))
    with pytest.raises(Invalid) as refused:
        await db.transact(catalog.create_product, merchant_id, new, "test")
    assert set(refused.value.fields) == {"title_zh", "description_en"}

    starred = msgspec.structs.replace(new, title=text("哇！塞围巾", "Scarf"), description=Text())
    await db.transact(catalog.create_product, merchant_id, starred, "test")
    product = await db.ask(catalog.product, new.product_id)
    assert product is not None
    assert product.title["zh-Hans"] == "***围巾"
    with pytest.raises(Invalid):
        await db.transact(
            catalog.edit, merchant_id, new.product_id, ProductChange(description=text("假药", "")), "staff"
        )


async def test_what_begins_on_the_shelf_has_nobody_who_looks(db: Database, market: Market) -> None:
    new = new_product(await market.category(), state=ProductState.ON_SHELF, title=BEST)
    with pytest.raises(Invalid) as refused:
        await db.transact(catalog.create_product, await market.merchant(), new, "test")
    assert set(refused.value.fields) == {"title_zh"}
