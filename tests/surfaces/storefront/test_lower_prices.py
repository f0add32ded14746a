"""A lower price on a buyer's way: on the card, in the order of a list, on the page, in the cart, at the till; and for members."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from litestar import Litestar

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Group, GroupId, Joining, MemberSource, Offer, Scope, SpecialPrice
from steelyard.kernel import answers, ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from steelyard.surfaces.storefront import strangers
from tests.support.browser import Browser, words
from tests.support.lower import lowered, sale
from tests.support.world import World
from tests.surfaces.storefront.buying import open_checkout, put


async def test_it_stands_on_cards_and_lists_sort_and_narrow_by_it(db: Database, world: World, guest: Browser) -> None:
    """The dearest of all becomes the cheapest."""
    rare = world.items["rare"]
    before = await guest.get("/c/food", sort="price_up")
    await lowered(db, world, sale(world, SpecialPrice(price=90), scope=Scope(products=frozenset([rare.product_id]))))

    after = await guest.get("/c/food", sort="price_up")

    others = [world.items[name].product_id for name in ("green", "black", "nuts")]
    for page, first in ((before, False), (after, True)):
        card = page.text.index(f"/products/{rare.product_id}")
        assert [card < page.text.index(f"/products/{other}") for other in others] == [first] * 3
    assert "CN¥0.90 before" in words(after)
    asked = {(0, 1): True, (100, 100_000): False}
    for (least, most), there in asked.items():
        page = await guest.get("/c/food", price_from=str(least), price_to=str(most))
        assert (f"/products/{rare.product_id}" in page.text) == there


async def test_it_is_what_the_page_the_cart_and_the_till_say(db: Database, world: World, guest: Browser) -> None:
    offer, nuts = await lowered(db, world, sale(world)), world.items["nuts"]
    page = await guest.get(f"/products/{nuts.product_id}")
    assert "CN¥29.90 before CN¥39.90" in words(page) and "Winter sale" in words(page)
    assert '"price":"29.90"' in page.text.replace(" ", "")

    await put(guest, nuts, 2)
    cart = words(await guest.get("/cart"))
    assert "CN¥29.90 before CN¥39.90 Winter sale" in cart
    assert "Each for CN¥29.90" in cart and "CN¥59.80" in cart
    till = words(await guest.get(await open_checkout(guest)))
    assert "−CN¥20.00" in till and "Winter sale" in till

    await db.transact(promotions.stop, offer.merchant_id, offer.promotion_id)
    assert "29.90" not in words(await guest.get(f"/products/{nuts.product_id}"))
    assert "29.90" not in words(await guest.get("/cart"))


async def test_what_is_not_chosen_in_the_cart_is_shown_lowered_and_not_counted(
    db: Database, world: World, guest: Browser
) -> None:
    await lowered(db, world, sale(world))
    await put(guest, world.items["nuts"], 1)
    await put(guest, world.items["hammer"], 1)
    await guest.post("/cart/select", {"sku_id": str(world.items["nuts"].sku_id), "selected": "0"})

    cart = words(await guest.get("/cart"))

    assert "CN¥29.90 before CN¥39.90" in cart
    assert "Discount" not in cart


async def test_a_price_that_was_no_higher_before_is_not_struck_out(db: Database, world: World, guest: Browser) -> None:
    now = datetime.now(UTC)
    first = sale(world, starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=5))
    await db.transact(keep, first)
    await lowered(db, world, sale(world))

    for path in (f"/products/{world.items['nuts'].product_id}", "/c/snacks"):
        page = words(await guest.get(path))
        assert "CN¥29.90" in page and "before CN¥39.90" not in page, path


async def keep(tx: object, offer: Offer) -> None:
    """A sale that is over cannot be made any more; it is as if it had been."""
    future = msgspec.structs.replace(offer, ends_at=datetime.now(UTC) + timedelta(days=1))
    await promotions.save(tx, future)  # pyright: ignore[reportArgumentType]
    await tx.execute(  # pyright: ignore
        "UPDATE promotions SET ends_at = $2, created_at = $3 WHERE promotion_id = $1",
        offer.promotion_id,
        offer.ends_at,
        offer.starts_at,
    )


async def test_a_page_that_is_kept_for_strangers_is_let_go_when_it_begins_and_ends(
    app: Litestar, db: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.state.settings = msgspec.structs.replace(app.state.settings, kept_page_seconds=3_600)
    monkeypatch.setattr(answers, "LOOK_SECONDS", 3_600)
    monkeypatch.setattr(strangers, "LIST_SECONDS", 3_600)
    path = f"/products/{world.items['nuts'].product_id}"

    async def seen() -> bool:
        browser = Browser(app)
        page = words(await browser.get(path))
        await browser.close()
        return "29.90" in page

    async def seen_anew() -> bool:
        with monkeypatch.context() as now:
            now.setattr(answers, "LOOK_SECONDS", -1.0)
            return await seen()

    assert not await seen()
    offer = await lowered(db, world, sale(world))
    assert not await seen(), "nobody has looked for news"
    assert await seen_anew()
    await db.transact(promotions.stop, offer.merchant_id, offer.promotion_id)
    assert await seen()
    assert not await seen_anew()


async def test_members_see_their_price_on_cards_and_nobody_else_does(
    db: Database, world: World, buyer: Browser, guest: Browser
) -> None:
    group = GroupId(ids.mint())
    mine = sale(world, SpecialPrice(millionths=100_000), shelf=False, group_id=group, name=text("会员价", "Members"))
    await db.transact(
        promotions.set_group, Group(merchant_id=mine.merchant_id, group_id=group, name=text("茶友", "Friends"))
    )
    await lowered(db, world, mine)
    assert "35.91" not in words(await buyer.get("/c/snacks"))
    buyer_id = world.buyer.buyer_id
    assert buyer_id is not None
    await db.transact(promotions.join, [Joining(mine.merchant_id, group, buyer_id)], MemberSource.HAND)

    assert "CN¥35.91 your price" in words(await buyer.get("/c/snacks"))
    assert "CN¥35.91 your price" in words(await buyer.get("/search", q="nuts"))
    for path in ("/c/snacks", "/search?q=nuts"):
        assert "35.91" not in words(await guest.get(path))

    await lowered(db, world, sale(world))
    card = words(await buyer.get("/c/snacks"))
    assert "CN¥29.90" in card and "your price" not in card, "everybody's is lower than the members'"
