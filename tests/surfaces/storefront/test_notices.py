"""Buyers are told of coupons they were given and of those that end soon: on their own page, and by mail if they asked for it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from litestar import Litestar

from steelyard.goods import promotions
from steelyard.goods.promotions.model import (
    PLATFORM,
    AmountOff,
    CouponGift,
    GiftAudience,
    Offer,
    PromotionId,
    Step,
)
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import text
from steelyard.parties import customers, notifications
from tests.support import deal
from tests.support.browser import Browser, browsing, words
from tests.support.consoles import signed_in
from tests.support.world import Person, World

MESSAGES = "/account/notices"


def coupon(world: World, **more: Any) -> Offer:
    now = datetime.now(UTC)
    told = Offer(
        merchant_id=world.tea.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("老客回馈", "Thank you"),
        rule=AmountOff(steps=(Step(1_000, 500),)),
        currency="CNY",
        starts_at=now - timedelta(days=9),
        ends_at=now + timedelta(days=9),
        coupon=True,
        per_buyer=1,
    )
    return msgspec.structs.replace(told, **more)


async def given(db: Database, world: World, *people: Person, **more: Any) -> Offer:
    """A coupon of the platform, given to these by their addresses; said twice."""
    offer = coupon(world, merchant_id=PLATFORM, given=True, **more)
    await db.transact(promotions.save, offer)
    wish = CouponGift(
        merchant_id=PLATFORM,
        gift_id=ids.mint(),
        promotion_id=offer.promotion_id,
        audience=GiftAudience.NAMED,
        emails=[person.email for person in people],
    )
    for _ in range(2):
        await db.transact(promotions.ask_gift, wish, "staff")
        await deal.at_rest(db)
    return offer


async def mails(read: Read) -> list[tuple[str, str, str]]:
    rows = await read.fetch(
        "SELECT recipient, facts->>'what' AS what, facts->>'stop_link' AS link FROM mails WHERE template = 'coupon_news' "
        "ORDER BY created_at, recipient"
    )
    return [(row["recipient"], row["what"], row["link"]) for row in rows]


async def test_who_is_given_a_coupon_reads_it_and_gets_no_mail_unasked(
    app: Litestar, db: Database, world: World
) -> None:
    buyer = await signed_in(app, world.buyer)
    assert "No messages yet" in words(await buyer.get(MESSAGES))
    await given(db, world, world.buyer)

    page = words(await buyer.get(MESSAGES))

    assert page.count("You were given a coupon: Thank you") == 1 and "The platform" in page and "Unread" in page
    assert re.search(r"Messages\s*1", words(await buyer.get("/account")))
    assert await db.ask(mails) == []
    for _ in range(2):
        await buyer.post(f"{MESSAGES}/read")
    assert "Mark all as read" not in words(await buyer.get(MESSAGES))
    other = await signed_in(app, world.other_buyer)
    assert "No messages yet" in words(await other.get(MESSAGES))


async def test_mails_are_asked_for_on_the_profile_and_ended_by_their_link(
    app: Litestar, db: Database, world: World
) -> None:
    buyer = await signed_in(app, world.buyer)
    assert 'name="agreed" value="1" checked' not in (await buyer.get("/account/profile")).text
    for _ in range(2):
        await buyer.post("/account/coupon-mails", {"agreed": "1"})
    assert await db.ask(said) == [True]
    await given(db, world, world.buyer, world.other_buyer)

    [(recipient, what, link)] = await db.ask(mails)
    assert (recipient, what) == (world.buyer.email, "given")
    async with browsing(app) as anybody:
        assert "No more of these mails" in words(await anybody.get(link))
        assert await db.ask(said) == [True]  # a programme that opens links changes nothing
        for _ in range(2):
            assert "You get no more mails" in words(await anybody.follow(await anybody.post(link)))
        stranger = link.replace(str(world.buyer.buyer_id), str(world.other_buyer.buyer_id))
        assert (await anybody.get(stranger)).status_code == 404
        assert (await anybody.post(f"{link}x")).status_code == 404
    assert await db.ask(said) == [True, False]
    await given(db, world, world.buyer)
    assert len(await db.ask(mails)) == 1


async def said(read: Read) -> list[bool]:
    rows = await read.fetch("SELECT agreed FROM marketing_consents ORDER BY at")
    return [row["agreed"] for row in rows]


async def test_what_ends_soon_is_told_once_to_those_who_hold_it_unused(
    app: Litestar, db: Database, world: World
) -> None:
    now = datetime.now(UTC)
    soon = coupon(world, ends_at=now + timedelta(days=2))
    late = coupon(world, name=text("晚", "Later"))
    brief = coupon(world, name=text("短", "Brief"), starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=2))
    for each in (soon, late, brief):
        await db.transact(promotions.save, each)
        await db.transact(promotions.claim, buyer_id(world), each.merchant_id, each.promotion_id)
    await db.transact(wants, world)
    assert [await db.transact(promotions.tell_of_ends) for _ in range(2)] == [1, 0]
    await deal.at_rest(db)
    buyer = await signed_in(app, world.buyer)

    page = words(await buyer.get(MESSAGES))
    assert page.count("Your coupon ends soon: Thank you") == 1 and "Later" not in page and "Brief" not in page
    assert [what for _, what, _ in await db.ask(mails)] == ["ends"]

    # Put off, it is told again before its new end, and not to whom has used it.
    await db.transact(put_off, soon)
    await deal.paid(db, [(world.items["nuts"].sku_id, 1)], buyer_id(world))
    assert await db.transact(promotions.tell_of_ends) == 1
    await deal.at_rest(db)
    assert words(await buyer.get(MESSAGES)).count("Your coupon ends soon") == 1


def buyer_id(world: World) -> Any:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def wants(tx: Tx, world: World) -> None:
    await customers.want_mails(tx, buyer_id(world), agreed=True)


async def put_off(tx: Tx, offer: Offer) -> None:
    await promotions.extend(
        tx, offer.merchant_id, offer.promotion_id, ends_at=offer.ends_at + timedelta(hours=1), budget=None,
        seen=promotions.version_of(offer),
    )  # fmt: skip


async def test_the_list_is_paged_and_whoever_leaves_is_told_nothing_more(
    app: Litestar, db: Database, world: World, monkeypatch: Any
) -> None:
    monkeypatch.setattr("steelyard.surfaces.storefront.notices.PER_PAGE", 2)
    for _ in range(3):
        await given(db, world, world.buyer)
    buyer: Browser = await signed_in(app, world.buyer)
    first = await buyer.get(MESSAGES)
    assert words(first).count("You were given a coupon") == 2
    older = re.search(rf'href="({MESSAGES}\?before=[^"]+)"', first.text)
    assert older and words(await buyer.get(older[1])).count("You were given a coupon") == 1

    await db.transact(notifications.forget_notices, [buyer_id(world)])

    assert await db.ask(notifications.unread, buyer_id(world)) == 0


async def test_of_an_end_that_is_none_any_more_nobody_is_told(app: Litestar, db: Database, world: World) -> None:
    """Stopped, or put off, after it was announced and before it was read."""
    now = datetime.now(UTC)
    stopped, longer = coupon(world, ends_at=now + timedelta(days=2)), coupon(world, ends_at=now + timedelta(days=2))
    for each in (stopped, longer):
        await db.transact(promotions.save, each)
        await db.transact(promotions.claim, buyer_id(world), each.merchant_id, each.promotion_id)
    assert await db.transact(promotions.tell_of_ends) == 2
    await db.transact(promotions.stop, stopped.merchant_id, stopped.promotion_id)
    await db.transact(lengthened, longer)

    await deal.at_rest(db)

    assert "No messages yet" in words(await (await signed_in(app, world.buyer)).get(MESSAGES))


async def lengthened(tx: Tx, offer: Offer) -> None:
    seen, until = promotions.version_of(offer), offer.ends_at + timedelta(days=90)
    await promotions.extend(tx, offer.merchant_id, offer.promotion_id, ends_at=until, budget=None, seen=seen)
