"""What a category says about returns without a reason counts for all below it, until one of them says otherwise."""

from steelyard.goods import catalog
from steelyard.goods.catalog import CategoryChange
from steelyard.goods.catalog.model import Category, NewCategory
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from tests.goods.conftest import Market


async def said(db: Database, slug: str) -> str | None:
    found: Category | None = await db.ask(catalog.category, slug)
    assert found is not None
    return found.no_return


async def test_an_exception_is_inherited_until_one_below_says_otherwise(db: Database, market: Market) -> None:
    food = await market.category("food")
    fruit = await market.category("fruit", food)
    dried = await market.category("dried", fruit)
    away = await market.category("away")

    await db.transact(catalog.change_category, food, CategoryChange(no_return="perishable"))
    assert [await said(db, each) for each in ("food", "fruit", "dried", "away")] == ["perishable"] * 3 + [None]

    await db.transact(catalog.change_category, dried, CategoryChange(no_return="none"))
    assert [await said(db, each) for each in ("fruit", "dried")] == ["perishable", None]
    await db.transact(catalog.change_category, dried, CategoryChange(icon="cup-soda"))
    assert await said(db, "dried") is None, "what is not said stays"

    berries = NewCategory(
        category_id=catalog.model.CategoryId(ids.mint()), slug="berries", name=text("浆果", "Berries"), parent_id=fruit
    )
    await db.transact(catalog.create_category, berries)
    assert await said(db, "berries") == "perishable", "who comes later inherits, too"

    await db.transact(catalog.move_category, fruit, away)
    assert [await said(db, each) for each in ("fruit", "berries", "dried")] == [None, None, None]
    await db.transact(catalog.change_category, food, CategoryChange(no_return=""))
    assert await said(db, "food") is None
