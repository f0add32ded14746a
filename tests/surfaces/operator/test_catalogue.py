"""The operator's staff keep the category tree and attributes, and look at products before buyers see them."""

from steelyard.goods import catalog
from steelyard.goods.catalog import Policy
from steelyard.goods.catalog.model import Picture, ProductChange, ProductState
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.parties import access
from tests.support.browser import Browser, words
from tests.support.world import World

FILE = "c" * 64 + ".webp"


async def a_waiting_change(db: Database, world: World) -> str:
    """The green tea is to be called otherwise; returns the id of the review."""
    green = world.items["green"]
    await db.transact(catalog.set_policy, Policy(of_whom="everybody", products=3, changes=True))
    await db.transact(
        catalog.edit, green.merchant_id, green.product_id, ProductChange(title=text("龙井", "Longjing")), "staff"
    )
    (waiting,) = (await db.ask(catalog.waiting)).items
    return str(waiting.review_id)


async def test_a_change_is_seen_beside_what_was_and_approved(db: Database, world: World, chief: Browser) -> None:
    review_id = await a_waiting_change(db, world)

    assert world.items["green"].title["en"] in words(await chief.get("/operator/product-reviews"))
    page = await chief.get(f"/operator/product-reviews/{review_id}")
    assert "<ins>Longjing / 龙井</ins>" in page.text
    for _ in range(2):  # a second click is harmless
        await chief.follow(await chief.post(f"/operator/product-reviews/{review_id}", {"decision": "approve"}))

    product = await db.ask(catalog.product, world.items["green"].product_id)
    assert product is not None
    assert product.title == text("龙井", "Longjing")
    logged = [entry.action for entry in (await db.ask(access.audit_log)).items]
    assert logged.count("product_reviews.approve") == 1


async def test_nothing_is_sent_back_without_a_reason(db: Database, world: World, chief: Browser) -> None:
    review_id = await a_waiting_change(db, world)
    here = f"/operator/product-reviews/{review_id}"

    page = await chief.post(here, {"decision": "send_back"})
    assert page.status_code == 422
    assert "Please say why" in words(page)
    fields = {"decision": "send_back", "reason:title": "misleading", "words:title": "It is no Longjing"}
    await chief.follow(await chief.post(here, fields))

    (told,) = await db.ask(catalog.reviews_of, world.tea.merchant_id, world.items["green"].product_id)
    assert told.state == "sent_back"
    assert told.reasons[0].words == "It is no Longjing"


async def test_several_are_approved_at_once(db: Database, world: World, chief: Browser) -> None:
    review_id = await a_waiting_change(db, world)

    page = await chief.follow(await chief.post("/operator/product-reviews/bulk", {"review": review_id}))

    assert "1 approved" in words(page)
    assert (await db.ask(catalog.waiting)).items == []


async def test_whose_products_are_reviewed_is_decided_here(db: Database, world: World, chief: Browser) -> None:
    await chief.follow(
        await chief.post(
            "/operator/product-reviews/policy", {"of_whom": "everybody", "products": "9", "changes": "yes"}
        )
    )

    assert await db.ask(catalog.policy) == Policy(of_whom="everybody", products=9, changes=True)
    entry = (await db.ask(access.audit_log)).items[0]
    assert entry.facts["before"]["of_whom"] == "new_merchants"


async def test_a_category_is_renamed_moved_and_merged(db: Database, world: World, chief: Browser) -> None:
    tea = world.categories["tea"]
    other = next(category_id for slug, category_id in world.categories.items() if slug != "tea")
    here = f"/operator/categories/{tea}"

    page = await chief.get(here)
    assert "products here" in words(page)
    await chief.follow(
        await chief.post(here, {"name_zh": "茗茶", "name_en": "Fine tea", "slug": "fine-tea", "icon": "leaf"})
    )
    found = await db.ask(catalog.category, "fine-tea")
    assert found is not None
    assert (await chief.get("/c/tea")).headers["location"] == "/c/fine-tea"
    await chief.follow(await chief.post(f"{here}/move", {"parent": "", "step": "up"}))
    await chief.follow(await chief.post(f"{here}/merge", {"into": str(other)}))

    assert await db.ask(catalog.category, "fine-tea") is None
    product = await db.ask(catalog.product, world.items["green"].product_id)
    assert product is not None
    assert product.category_id == other


async def test_an_attribute_is_made_bound_and_asked_for(
    db: Database, world: World, chief: Browser, owner: Browser
) -> None:
    fields = {
        "code": "season", "kind": "choice", "name_zh": "采摘季", "name_en": "Picked in", "filterable": "yes",
        "value_zh": "春", "value_en": "Spring", "value_code": "",
    }  # fmt: skip
    await chief.follow(await chief.post("/operator/attributes/new", fields))
    again = await chief.post("/operator/attributes/new", fields)
    assert again.status_code == 422
    tea = world.categories["tea"]
    bound = {"bound:season": "yes", "required:season": "yes", "place:season": "1"}
    await chief.follow(await chief.post(f"/operator/categories/{tea}/attributes", bound))

    product = await db.ask(catalog.product, world.items["green"].product_id)
    assert product is not None
    assert "facts" in product.gaps
    page = await owner.get(f"/merchant/products/{product.product_id}")
    assert "Picked in" in words(page)
    change = ProductChange(facts={"season": ["spring"]})
    await db.transact(catalog.change_product, product.merchant_id, product.product_id, change)
    gone = {**fields, "value_zh": "秋", "value_en": "Autumn", "value_code": "autumn"}
    refused = await chief.post("/operator/attributes/season", gone)
    assert "cannot be taken away" in words(refused)


async def test_a_new_main_picture_waits_and_is_shown_for_review(db: Database, world: World, chief: Browser) -> None:
    green = world.items["green"]
    await db.transact(catalog.set_policy, Policy(of_whom="everybody", products=3, changes=True))
    waits = await db.transact(
        catalog.edit, green.merchant_id, green.product_id, ProductChange(), "staff", pictures=[Picture(file=FILE)]
    )
    assert waits
    (waiting,) = (await db.ask(catalog.waiting)).items

    assert FILE in (await chief.get(f"/operator/product-reviews/{waiting.review_id}")).text
    product = await db.ask(catalog.product, green.product_id)
    assert product is not None
    assert product.state is ProductState.ON_SHELF
