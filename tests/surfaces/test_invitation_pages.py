"""The platform promises something for a friend; a buyer sends the link on, a friend takes it, staff look at what is doubtful."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.goods.promotions.model import PLATFORM
from steelyard.kernel.db import Database, Tx
from steelyard.operations import growth
from steelyard.operations.growth import InviteState
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from tests.operations.growth.test_invitations import bought
from tests.support.browser import Browser, hidden, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World
from tests.surfaces.storefront.test_posters import LETTERS, code_on

__all__ = ["app", "chief", "database_url", "owner", "world"]

HERE = "/operator/invitations"
TYPED = {
    "name_zh": "邀请有礼", "name_en": "Bring a friend", "inviter_points": "300", "friend_points": "100", "least": "20",
    "wait_days": "0", "per_month": "5", "friends": "50",
}  # fmt: skip


async def test_a_friend_takes_an_invitation_and_a_doubtful_one_is_decided_by_a_person(
    app: Litestar, db: Database, world: World, chief: Browser
) -> None:
    inviter, friend = await signed_in(app, world.buyer), await signed_in(app, world.buyer)
    await friend.post("/sign-out")  # who comes after on this browser has another visitor's id
    assert (await inviter.get("/account/invitations")).status_code == 404
    wrong = await chief.post(HERE, {**TYPED, "seen": "0", "per_month": "0", "least": "x"})
    assert wrong.status_code == 422 and 'id="least-error"' in wrong.text
    wrong = await chief.post(HERE, {**TYPED, "seen": "0", "per_month": "0"})
    assert wrong.status_code == 422 and 'id="per_month-error"' in wrong.text
    for _ in range(2):
        assert (await chief.post(HERE, {**TYPED, "seen": "0"})).status_code == 303
    mine = await inviter.get("/account/invitations")
    assert "300 points" in words(mine) and "Nobody yet" in words(mine)
    buyer_id, other_id = world.buyer.buyer_id, world.other_buyer.buyer_id
    assert buyer_id is not None and other_id is not None
    code = await db.transact(growth.invite_code, PLATFORM, buyer_id)
    assert f"/i/{code}?invite={code}" in mine.text
    poster = await inviter.get("/account/invitations/poster.png")
    assert poster.status_code == (200 if LETTERS else 404)
    assert not LETTERS or code_on(poster.content, f"http://shop.test/i/{code}?invite={code}")
    assert (await inviter.post(f"/i/{code}")).status_code == 409
    assert (await friend.get("/i/nobodys")).status_code == 404

    await friend.get(f"/i/{code}?invite={code}")
    assert "The invitation is yours" in words(await friend.follow(await friend.post(f"/i/{code}")))
    await friend.sign_in(world.other_buyer)
    await db.transact(_moved, other_id)
    await bought(db, world, other_id)
    assert "Has bought" in words(await inviter.get("/account/invitations"))
    await db.transact(growth.reward_due, datetime.now(UTC) + timedelta(hours=1))
    page = await chief.get(HERE)
    assert "same device" in words(page)
    [waiting] = (await db.ask(growth.invitations, PLATFORM, InviteState.REVIEW)).items
    decide = f"{HERE}/{waiting.invitation_id}"
    assert (await chief.post(decide, {"note": "Enter was pressed"})).status_code == 404
    for decision in ("refuse", "grant"):
        decided = await chief.post(decide, {"decision": decision, "note": "One tablet, two names"})
        assert "It is not rewarded." in words(await chief.follow(decided)), "the first counts"
    assert "No reward for this one" in words(await inviter.get("/account/invitations"))
    assert "One tablet" in words(await chief.get(f"{HERE}?only=refused"))
    assert "One tablet" in (await chief.get(f"{HERE}?only=refused&format=csv")).text

    await chief.post(f"{HERE}/close")
    assert (await friend.get(f"/i/{code}")).status_code == 404
    assert (await chief.post(HERE, {**TYPED, "seen": hidden(await chief.get(HERE), "seen")})).status_code == 303
    assert (await friend.get(f"/i/{code}")).status_code == 200
    for browser in (inviter, friend):
        await browser.close()


async def _moved(tx: Tx, buyer_id: BuyerId) -> None:
    """Another number than everybody's in the small world."""
    phone, email = "13911112222", "wang@example.com"
    await customers.change_profile(tx, buyer_id, name="Wang Wei", phone=phone, locale="en", email=email)


async def test_a_shop_promises_coupons_only(owner: Browser) -> None:
    assert "No coupon" not in words(await owner.get("/merchant/invitations"))
    refused = await owner.post("/merchant/invitations", {**TYPED, "seen": "0"})
    assert refused.status_code == 422
