"""Terms that have changed: who is asked, where, and what goes on without an answer."""

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from litestar import Litestar

from steelyard.goods import catalog
from steelyard.goods.catalog.model import CategoryId, NewProduct, NewSku, ProductId, ProductState, SkuId
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import Text, text
from steelyard.operations import privacy
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies import Document, Version
from steelyard.parties.policies.model import RULES_GRACE
from steelyard.trade.settlement import settlement_day
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World
from tests.surfaces.storefront.buying import SHIP_TO, open_checkout, put

__all__ = ["app", "chief", "database_url", "owner", "world"]

TODAY = settlement_day(datetime.now(UTC))
NEWS = "Returns take thirty days."
ASKED = "Our terms have changed"


async def publish(db: Database, *documents: Document) -> None:
    for document in documents:
        version = Version(
            document=document, from_day=TODAY, summary=Text({"en": NEWS, "zh-Hans": "退货期改为三十天。"})
        )
        await db.transact(policies.publish, version, TODAY)


async def test_a_buyer_is_asked_on_every_page_agrees_once_and_goes_on_where_they_were(
    app: Litestar, db: Database, world: World
) -> None:
    buyer = await signed_in(app, world.buyer)
    assert ASKED not in words(await buyer.get("/orders"))
    await publish(db, Document.TERMS, Document.PRIVACY)

    page = await buyer.get("/orders?state=done")
    assert ASKED in words(page) and words(page).count(NEWS) == 2
    agreed = {"agreed": hidden(page, "agreed"), "return_to": "/orders?state=done"}
    back = await buyer.post("/account/agree", agreed)

    assert back.headers["location"].endswith("/orders?state=done")
    assert ASKED not in words(await buyer.follow(back))
    assert world.buyer.buyer_id is not None
    kept = await db.ask(privacy.consents_of, BuyerId(world.buyer.buyer_id))
    assert [(each.subject, each.version, each.how) for each in kept] == [
        ("privacy", TODAY.isoformat(), "renewing"),
        ("terms", TODAY.isoformat(), "renewing"),
    ]
    assert "when they had changed" in words(await buyer.get("/account/privacy"))
    await buyer.close()


async def test_with_scripts_only_the_notice_goes(app: Litestar, db: Database, world: World) -> None:
    await publish(db, Document.TERMS)
    buyer = await signed_in(app, world.buyer)
    agreed = {"agreed": hidden(await buyer.get("/account/profile"), "agreed")}
    buyer.http.headers["hx-request"] = "true"

    answer = await buyer.post("/account/agree", agreed)

    assert answer.status_code in (200, 201) and "<html" not in answer.text
    assert "It is written down which version" in words(answer) and 'id="asking"' in answer.text
    await buyer.close()


async def test_what_was_agreed_to_is_what_was_shown(app: Litestar, db: Database, world: World) -> None:
    await publish(db, Document.TERMS)
    buyer = await signed_in(app, world.buyer)

    await buyer.post("/account/agree", {"agreed": "terms:2026-01-01,privacy:2026-09"})

    assert ASKED in words(await buyer.get("/orders"))
    await buyer.close()


async def test_who_has_not_agreed_looks_around_and_cannot_order(app: Litestar, db: Database, world: World) -> None:
    await publish(db, Document.TERMS)
    buyer = await signed_in(app, world.buyer)
    await put(buyer, world.items["nuts"])
    assert (await buyer.get("/cart")).status_code == 200
    till = await open_checkout(buyer)
    await buyer.post(till, SHIP_TO)
    page = await buyer.get(till)
    assert words(page).count(ASKED) == 1, "the page asks where it counts, and not above it as well"
    form = {**SHIP_TO, "expected_total": hidden(page, "expected_total"), "channel": "simpay", "then": "place"}

    refused = await buyer.post(till, form)

    assert refused.status_code == 422 and "Please read what has changed, and agree to it." in words(refused)
    assert "/orders" in (await buyer.get("/orders")).text and "P-" not in words(await buyer.get("/orders"))
    await buyer.close()


async def test_visitors_and_staff_are_not_asked(app: Litestar, db: Database, world: World) -> None:
    await publish(db, Document.TERMS, Document.PRIVACY)
    staff = await signed_in(app, world.tea.owner)

    async with browsing(app) as guest:
        assert ASKED not in words(await guest.get("/"))
        assert (await guest.post("/account/agree", {"agreed": "terms:2026-09"})).status_code == 401
    assert ASKED not in words(await staff.get("/")) + words(await staff.get("/merchant"))
    await staff.close()


async def test_whoever_leads_a_shop_agrees_to_its_rules(
    owner: Browser, chief: Browser, db: Database, world: World
) -> None:
    await publish(db, Document.RULES)
    page = await owner.get("/merchant/orders")
    assert ASKED in words(page) and NEWS in words(page)

    for _ in range(2):
        await owner.post("/merchant/agree", {"agreed": hidden(page, "agreed"), "return_to": "/merchant/orders"})

    assert ASKED not in words(await owner.get("/merchant"))
    assert words(await owner.get("/merchant/audit")).count("Agreed to the rules for merchants") == 2, (
        "once, and as a filter"
    )
    papers = words(await chief.get(f"/operator/merchants/{world.tea.merchant_id}/papers"))
    assert f"Version {TODAY.isoformat()}" in papers
    assert "1 of 2 shops have agreed" in words(await chief.get("/operator/documents"))


async def test_who_has_not_agreed_in_time_sells_on_and_puts_nothing_new_on_the_shelf(
    owner: Browser, chief: Browser, db: Database, world: World
) -> None:
    tea, old = world.tea.merchant_id, world.items["green"].product_id
    fresh = await drafted(db, world)
    await publish(db, Document.RULES)
    assert "new products need your agreement" in words(await owner.get("/merchant"))
    assert (await db.transact(catalog.publish, tea, [fresh], "test")).held == [], "there is time to read them"
    await db.transact(catalog.take_off_shelf, tea, [fresh, old], "test")
    another = await drafted(db, world)
    await db.transact(policies.settle, RULES_GRACE, 0, None)

    page = await owner.get("/merchant/products")
    shelf = {"product": [str(another), str(old)], "action": "on", "back": "/merchant/products"}
    moved = await owner.follow(await owner.post("/merchant/products/shelf", shelf))

    assert "what is on sale, orders and payouts go on" in words(page)
    assert "once whoever leads the shop has agreed" in words(moved)
    assert [await state_of(db, each) for each in (another, old)] == [ProductState.DRAFT, ProductState.ON_SHELF]
    listed = words(await chief.get("/operator/merchants?rules=outstanding"))
    assert listed.count("Rules not agreed to since") == 2
    assert "Not agreed to version" in words(await chief.get(f"/operator/merchants/{tea}/papers"))

    assert "Until then they stay drafts" in words(await brought(owner, "F-NEW-1"))

    await owner.post("/merchant/agree", {"agreed": hidden(page, "agreed"), "return_to": "/merchant"})
    await owner.post("/merchant/products/shelf", shelf)
    assert "Until then they stay drafts" not in words(await brought(owner, "F-NEW-2"))

    assert await state_of(db, another) is ProductState.ON_SHELF
    left = words(await chief.get("/operator/merchants?rules=outstanding"))
    assert left.count("Rules not agreed to since") == 1
    assert "Not agreed to version" not in words(await chief.get(f"/operator/merchants/{tea}/papers"))


async def brought(owner: Browser, code: str) -> httpx.Response:
    """A sheet with a new product, shown before it is applied."""
    whole = (await owner.http.get("/merchant/products/export")).content.decode("utf-8-sig")
    columns, first, *_ = csv.reader(whole.splitlines())
    new = {**dict(zip(columns, first, strict=True)), "product": code, "sku": code, "barcode": "", "shelf": "on"}
    sheet = io.StringIO()
    csv.writer(sheet).writerows([columns, [new[column] for column in columns]])
    token = {"_csrf_token": owner.http.cookies["steelyard_csrf"]}
    files = {"sheet": ("new.csv", sheet.getvalue().encode(), "text/csv")}
    return await owner.follow(await owner.http.post("/merchant/products/imports", data=token, files=files))


async def drafted(db: Database, world: World) -> ProductId:
    """A new product of the tea shop that was never on the shelf."""
    product_id, sku_id = ProductId(ids.mint()), SkuId(ids.mint())
    new = NewProduct(
        product_id=product_id,
        category_id=CategoryId(world.categories["tea"]),
        slug=f"fresh-{product_id.hex[-6:]}",
        title=text("新茶", "Fresh tea"),
        skus=[NewSku(sku_id=sku_id, code=f"F-{sku_id.hex[-6:]}")],
        state=ProductState.DRAFT,
    )
    await db.transact(catalog.create_product, world.tea.merchant_id, new, "test")
    return product_id


async def state_of(db: Database, product_id: ProductId) -> ProductState:
    found = await db.ask(catalog.product, product_id)
    assert found is not None
    return found.state


async def test_the_operator_publishes_plans_and_calls_off_a_version(chief: Browser, db: Database) -> None:
    later = (TODAY + timedelta(days=3)).isoformat()
    form = {
        "summary_en": NEWS,
        "summary_zh": "退货期改为三十天。",
        "body_en": "## Returns\n\nThirty **days**.",
        "body_zh": "",
    }
    wrong = await chief.post(
        "/operator/documents/terms", {"from_day": later, "summary_en": "", "body_en": "Kept words"}
    )
    assert wrong.status_code == 422 and "what is new: people read this" in words(wrong) and "Kept words" in wrong.text

    await chief.post("/operator/documents/terms", {"from_day": TODAY.isoformat(), **form})
    await chief.post("/operator/documents/terms", {"from_day": later, **form})
    legal = await chief.get("/legal/terms")
    assert "<strong>days</strong>" in legal.text and f"Version {TODAY.isoformat()}" in words(legal)
    assert words(legal).count(NEWS) == 2, "what counts, and what is to come"
    assert (await chief.get("/operator/documents?format=csv")).text.count(NEWS) == 2

    await chief.post("/operator/documents/terms/call-off", {"from_day": later})
    assert words(await chief.get("/legal/terms")).count(NEWS) == 1
    told = words(await chief.get("/operator/audit"))
    assert "Published a version of the terms" in told and "Called off a version of the terms" in told
    assert (await chief.post("/operator/documents/nothing", form)).status_code == 404


@pytest.mark.parametrize("name", ["terms", "privacy", "rules"])
async def test_the_pages_of_the_house_stand_without_a_version_of_the_operators(app: Litestar, name: str) -> None:
    async with browsing(app) as guest:
        page = await guest.get(f"/legal/{name}")
    assert page.status_code == 200 and ("<li>" in page.text or "<h2>" in page.text)
