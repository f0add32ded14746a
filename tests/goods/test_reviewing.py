"""Products that the operator looks at before buyers see them, versions, schedules, and the category tree's branches."""

from datetime import UTC, datetime, timedelta

import pytest

from steelyard.goods import catalog
from steelyard.goods.catalog import CategoryChange, Policy, Reason
from steelyard.goods.catalog.jobs import SWEEPS
from steelyard.goods.catalog.model import Category, CategoryId, Picture, ProductChange, ProductId, ProductState
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import text
from steelyard.parties.merchants.model import MerchantId
from tests.goods.conftest import Market, new_product

ONE, OTHER = "a" * 64 + ".webp", "b" * 64 + ".webp"
BAD_TITLE = Reason(field="title", reason="misleading", words="两个品牌")


async def everybody(db: Database, *, changes: bool = True) -> None:
    await db.transact(catalog.set_policy, Policy(of_whom="everybody", products=3, changes=changes))


async def a_draft(db: Database, market: Market) -> tuple[MerchantId, ProductId]:
    merchant_id = await market.merchant()
    new = new_product(await market.category(), state=ProductState.DRAFT)
    await db.transact(catalog.create_product, merchant_id, new, "test")
    return merchant_id, new.product_id


async def state_of(db: Database, product_id: ProductId) -> ProductState:
    found = await db.ask(catalog.product, product_id)
    assert found is not None
    return found.state


async def test_a_new_merchants_first_products_are_reviewed_and_later_ones_are_not(db: Database, market: Market) -> None:
    await db.transact(catalog.set_policy, Policy(of_whom="new_merchants", products=1, changes=False))
    merchant_id, first = await a_draft(db, market)
    second = new_product(await market.category(), state=ProductState.DRAFT)
    await db.transact(catalog.create_product, merchant_id, second, "test")

    asked = await db.transact(catalog.publish, merchant_id, [first], "staff")
    assert asked.in_review == [first]
    assert await db.transact(catalog.publish, merchant_id, [first], "staff") == catalog.Published(
        on_shelf=[], in_review=[]
    )
    (waiting,) = (await db.ask(catalog.waiting)).items
    await db.transact(catalog.approve, merchant_id, waiting.review_id, "operator")

    assert await state_of(db, first) is ProductState.ON_SHELF
    at_once = await db.transact(catalog.publish, merchant_id, [second.product_id], "staff")
    assert at_once.on_shelf == [second.product_id]


async def test_what_is_sent_back_says_why_and_may_be_asked_for_again(db: Database, market: Market) -> None:
    await everybody(db)
    merchant_id, product_id = await a_draft(db, market)
    await db.transact(catalog.publish, merchant_id, [product_id], "staff")
    (waiting,) = (await db.ask(catalog.waiting)).items

    with pytest.raises(Invalid):
        await db.transact(catalog.send_back, merchant_id, waiting.review_id, [], "operator")
    await db.transact(catalog.send_back, merchant_id, waiting.review_id, [BAD_TITLE], "operator")
    await db.transact(catalog.approve, merchant_id, waiting.review_id, "another")

    assert await state_of(db, product_id) is ProductState.SENT_BACK
    (told,) = await db.ask(catalog.reviews_of, merchant_id, product_id)
    assert told.reasons == [BAD_TITLE]
    assert (await db.ask(catalog.decided)).items[0].state == "sent_back"
    assert (await db.transact(catalog.publish, merchant_id, [product_id], "staff")).in_review == [product_id]


async def test_what_was_not_looked_at_is_not_approved(db: Database, market: Market) -> None:
    await everybody(db)
    merchant_id, product_id = await a_draft(db, market)
    await db.transact(catalog.publish, merchant_id, [product_id], "staff")
    (waiting,) = (await db.ask(catalog.waiting)).items
    seen = await db.ask(catalog.product, product_id)
    assert seen is not None

    await db.transact(catalog.edit, merchant_id, product_id, ProductChange(title=text("假货", "Fake")), "staff")

    with pytest.raises(catalog.ChangedSince):
        await db.transact(catalog.approve, merchant_id, waiting.review_id, "operator", seen=seen.changed_at)


async def test_a_product_is_taken_back_from_the_queue(db: Database, market: Market) -> None:
    await everybody(db)
    merchant_id, product_id = await a_draft(db, market)
    await db.transact(catalog.publish, merchant_id, [product_id], "staff")

    assert await db.transact(catalog.withdraw, merchant_id, [product_id], "staff") == [product_id]

    assert await state_of(db, product_id) is ProductState.DRAFT
    assert (await db.ask(catalog.waiting)).items == []


async def test_what_buyers_rely_on_stays_as_approved_until_the_change_is(db: Database, market: Market) -> None:
    merchant_id, category_id = await market.merchant(), await market.category()
    new = new_product(category_id, title=text("围巾", "Scarf"))
    await db.transact(catalog.create_product, merchant_id, new, "test")
    await db.transact(catalog.set_pictures, merchant_id, new.product_id, [Picture(file=ONE)])
    await everybody(db)

    change = ProductChange(title=text("羊绒围巾", "Cashmere scarf"), tax_class="reduced")
    pictures = [Picture(file=OTHER), Picture(file=ONE)]
    assert await db.transact(catalog.edit, merchant_id, new.product_id, change, "staff", pictures=pictures)

    seen = await db.ask(catalog.product, new.product_id)
    assert seen is not None
    assert (seen.title, seen.tax_class, seen.pictures) == (text("围巾", "Scarf"), "reduced", [Picture(file=ONE)])
    (waiting,) = (await db.ask(catalog.waiting)).items
    await db.transact(catalog.approve, merchant_id, waiting.review_id, "operator")
    seen = await db.ask(catalog.product, new.product_id)
    assert seen is not None
    assert (seen.title, seen.pictures) == (change.title, pictures)
    assert seen.state is ProductState.ON_SHELF


async def test_a_change_that_is_taken_back_waits_no_more(db: Database, market: Market) -> None:
    merchant_id = await market.merchant()
    new = new_product(await market.category(), title=text("围巾", "Scarf"))
    await db.transact(catalog.create_product, merchant_id, new, "test")
    await everybody(db)
    await db.transact(catalog.edit, merchant_id, new.product_id, ProductChange(title=text("帽", "Hat")), "staff")

    waits = await db.transact(catalog.edit, merchant_id, new.product_id, ProductChange(title=new.title), "staff")

    assert not waits
    assert (await db.ask(catalog.waiting)).items == []


async def test_changes_pass_where_the_policy_lets_them(db: Database, market: Market) -> None:
    merchant_id = await market.merchant()
    new = new_product(await market.category())
    await db.transact(catalog.create_product, merchant_id, new, "test")
    await everybody(db, changes=False)

    assert not await db.transact(
        catalog.edit, merchant_id, new.product_id, ProductChange(title=text("帽", "Hat")), "staff"
    )

    seen = await db.ask(catalog.product, new.product_id)
    assert seen is not None
    assert seen.title == text("帽", "Hat")


async def test_each_change_is_a_version_with_what_was_before(db: Database, market: Market) -> None:
    merchant_id = await market.merchant()
    new = new_product(await market.category(), title=text("围巾", "Scarf"))
    await db.transact(catalog.create_product, merchant_id, new, "test")

    await db.transact(catalog.edit, merchant_id, new.product_id, ProductChange(title=text("帽", "Hat")), "staff:1")
    await db.transact(catalog.edit, merchant_id, new.product_id, ProductChange(title=text("帽", "Hat")), "staff:1")

    newest, oldest = await db.ask(catalog.versions, merchant_id, new.product_id)
    (difference,) = catalog.differences(oldest.what, newest.what)
    assert (difference.field, difference.before, difference.after) == (
        "title",
        text("围巾", "Scarf"),
        text("帽", "Hat"),
    )
    assert newest.by == "staff:1"
    assert await db.as_merchant(await market.merchant()).ask(catalog.versions, merchant_id, new.product_id) == []


async def test_the_sweep_puts_onto_the_shelf_and_off_it_what_is_due(db: Database, market: Market) -> None:
    await db.transact(catalog.set_policy, Policy(of_whom="nobody", products=3, changes=False))
    merchant_id, product_id = await a_draft(db, market)
    now = datetime.now(UTC)

    await db.transact(catalog.schedule, merchant_id, product_id, now - timedelta(hours=1), now + timedelta(hours=1))
    assert await sweep_once(db, SWEEPS) == 1
    assert await state_of(db, product_id) is ProductState.ON_SHELF

    await db.transact(catalog.schedule, merchant_id, product_id, None, now - timedelta(seconds=1))
    assert await sweep_once(db, SWEEPS) == 1
    assert await state_of(db, product_id) is ProductState.OFF_SHELF
    with pytest.raises(Invalid):
        await db.transact(catalog.schedule, merchant_id, product_id, now, now)


async def test_what_a_product_lacks_is_known(db: Database, market: Market) -> None:
    merchant_id = await market.merchant()
    new = new_product(await market.category(), title=text("围巾", ""))
    await db.transact(catalog.create_product, merchant_id, new, "test")

    found = await db.ask(catalog.product, new.product_id)
    assert found is not None
    assert {"title_en", "picture"} <= set(found.gaps)

    pictures = [Picture(file=ONE, alt=new.title)] * 3
    await db.transact(catalog.set_pictures, merchant_id, new.product_id, pictures)

    after = await db.ask(catalog.product, new.product_id)
    assert after is not None
    assert set(after.gaps) == set(found.gaps) - {"picture"}
    assert catalog.score(after.gaps) == catalog.score(found.gaps) + catalog.GAPS["picture"]


async def test_a_moved_branch_takes_all_below_it_along(db: Database, market: Market) -> None:
    top, other = await market.category(), await market.category()
    middle = await market.category(parent_id=top)
    leaf = await market.category(parent_id=middle)

    await db.transact(catalog.move_category, middle, other)

    paths = {each.category_id: each.path for each in flat(await db.ask(catalog.categories))}
    assert paths[leaf] == [other, middle, leaf]
    with pytest.raises(Invalid):
        await db.transact(catalog.move_category, other, leaf)
    await db.transact(catalog.move_category, middle, None, top)
    assert [each.category_id for each in await db.ask(catalog.categories)][:2] == [middle, top]


def flat(tree: list[Category]) -> list[Category]:
    return [each for root in tree for each in (root, *flat(root.children))]


async def test_a_merged_category_gives_away_its_products_and_its_address(db: Database, market: Market) -> None:
    merchant_id, one = await market.merchant(), await market.category("boots")
    into = await market.category("shoes")
    below = await market.category("rain-boots", parent_id=one)
    new = new_product(one)
    await db.transact(catalog.create_product, merchant_id, new, "test")
    await db.transact(catalog.change_category, one, CategoryChange(slug="all-boots"))
    assert await db.ask(catalog.category_now, "boots") == "all-boots"

    assert await db.transact(catalog.merge_category, one, into) == 1

    seen = await db.ask(catalog.product, new.product_id)
    assert seen is not None
    assert seen.category_id == into
    assert await db.ask(catalog.category, "all-boots") is None
    assert await db.ask(catalog.category_now, "boots") == "shoes"
    assert await db.ask(catalog.category_now, "all-boots") == "shoes"
    assert await db.ask(catalog.category_now, "never") is None
    (kept,) = (await db.ask(catalog.categories))[0].children
    assert kept.category_id == below
    use = await db.ask(catalog.category_use)
    assert (use[into].own, use[into].whole) == (1, 1)
    with pytest.raises(NotFound):
        await db.transact(catalog.merge_category, one, into)
    with pytest.raises(Invalid):
        await db.transact(catalog.merge_category, into, CategoryId(below))
