"""Who brings a friend is rewarded when the friend's first order can go back no more, unless something speaks against it; the
example of docs/algorithms/invitations.md."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, Offer, PromotionId, Step
from steelyard.kernel import days, events, ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.money import wallets
from steelyard.money.wallets import Purse
from steelyard.operations import growth
from steelyard.operations.growth import (
    Against,
    ChangedMeanwhile,
    Invitation,
    InviteProgramme,
    InviteState,
    NotNew,
    OwnInvitation,
    Reward,
)
from steelyard.operations.growth.invite_model import InviteFacts, against
from steelyard.operations.growth.subscribers import SUBSCRIBER
from steelyard.parties import customers
from steelyard.parties.customers.model import Address, AddressId, Buyer, BuyerId, Contact
from steelyard.trade import checkout
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.purses import filled
from tests.support.world import HOME, World

ELSEWHERE = msgspec.structs.replace(HOME, name="Mia", phone="13911112222", street="北京东路 9 号")
MIA = Contact(name="Mia", email="mia@example.com", phone="13911112222")
LATER = timedelta(days=8)


def promised(merchant_id: UUID, **more: Any) -> InviteProgramme:
    facts: dict[str, Any] = {
        "merchant_id": merchant_id, "name": text("老带新", "Bring a friend"), "currency": "CNY", "inviter": Reward(points=300),
        "friend": Reward(points=100), "least": 3_000, "wait_days": 7, "per_month": 2, "friends": 100,
    }  # fmt: skip
    return InviteProgramme(**{**facts, **more})


async def somebody(db: Database, name: str) -> BuyerId:
    buyer = Buyer(buyer_id=BuyerId(ids.mint()), email=f"{name}@example.com", name=name, locale="en", guest=False)
    await db.transact(customers.register, buyer)
    return buyer.buyer_id


async def bought(
    db: Database,
    world: World,
    buyer_id: BuyerId,
    contact: Contact = MIA,
    address: Address = ELSEWHERE,
    purses: Sequence[Purse] = (),
) -> Order:
    """A first order of 47.90 that has arrived."""
    checkout_id = CheckoutId(ids.mint())
    wanted = deal.draft([(world.items["nuts"].sku_id, 1)], address=address, contact=contact)
    wanted = msgspec.structs.replace(wanted, purses=list(purses))
    await db.transact(checkout.open_checkout, checkout_id, buyer_id, wanted, client=SHOP)
    await db.transact(checkout.change, checkout_id, wanted)
    purchase_id = await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.captured(db, await deal.instructed(db, purchase_id))
    [order] = await deal.orders_of(db, purchase_id)
    await deal.shipped(db, order)
    await deal.received(db, order)
    await events.drain(db, [SUBSCRIBER])
    return await deal.again(db, order)


async def taken_as_a_visitor(db: Database, code: str, friend: BuyerId) -> None:
    visitor = BuyerId(ids.mint())
    await db.transact(growth.accept_invitation, code, visitor)
    await db.transact(customers.merge_visitor, visitor, friend)


async def state_of(db: Database, whose: UUID, inviter: BuyerId) -> tuple[InviteState, list[Against]]:
    [found] = await db.ask(growth.invitations_of, whose, inviter)
    return found.state, found.against


async def points(db: Database, buyer_id: BuyerId) -> int:
    return sum(each.amount for each in await db.ask(wallets.amounts, buyer_id) if each.purse is Purse.POINTS)


async def test_both_are_rewarded_when_the_order_can_go_back_no_more_and_lose_it_with_the_money(
    db: Database, world: World
) -> None:
    inviter, now = world.buyer.buyer_id, datetime.now(UTC)
    assert inviter is not None
    await db.transact(growth.set_invite_programme, promised(PLATFORM))
    code = await db.transact(growth.invite_code, PLATFORM, inviter)
    assert code == await db.transact(growth.invite_code, PLATFORM, inviter)
    visitor = BuyerId(ids.mint())
    for _ in range(2):
        await db.transact(growth.accept_invitation, code, visitor)
    with pytest.raises(OwnInvitation):
        await db.transact(growth.accept_invitation, code, inviter)
    friend = await somebody(db, "mia")
    await db.transact(customers.merge_visitor, visitor, friend)

    order = await bought(db, world, friend)
    assert await state_of(db, PLATFORM, inviter) == (InviteState.ORDERED, [])
    assert await db.transact(growth.reward_due, now + timedelta(days=6)) == 0
    assert await db.transact(growth.reward_due, now + LATER) == 1
    assert await db.transact(growth.reward_due, now + LATER) == 0
    assert await state_of(db, PLATFORM, inviter) == (InviteState.REWARDED, [])
    assert (await points(db, inviter), await points(db, friend)) == (300, 100)

    await deal.refunded(db, order, Returned(1, 1))
    await events.drain(db, [SUBSCRIBER])
    assert await state_of(db, PLATFORM, inviter) == (InviteState.UNDONE, [])
    assert (await points(db, inviter), await points(db, friend)) == (0, 0)


async def test_what_was_promised_when_it_was_taken_is_kept_whatever_is_promised_later(
    db: Database, world: World
) -> None:
    inviter, now = world.buyer.buyer_id, datetime.now(UTC)
    assert inviter is not None
    await db.transact(growth.set_invite_programme, promised(PLATFORM))
    code, friend = await db.transact(growth.invite_code, PLATFORM, inviter), await somebody(db, "mia")
    await taken_as_a_visitor(db, code, friend)
    dearer = promised(PLATFORM, least=100_000, wait_days=30, version=1)
    await db.transact(growth.set_invite_programme, dearer)

    order = await bought(db, world, friend)
    assert await db.transact(growth.reward_due, now + LATER) == 1
    assert await state_of(db, PLATFORM, inviter) == (InviteState.REWARDED, [])

    await deal.refunded(db, order, freight=1)
    await events.drain(db, [SUBSCRIBER])
    assert await state_of(db, PLATFORM, inviter) == (InviteState.REWARDED, [])


async def test_a_shop_rewards_with_coupons_and_doubtful_ones_wait_for_a_person(db: Database, world: World) -> None:
    shop, inviter, now = world.tea.merchant_id, world.buyer.buyer_id, datetime.now(UTC)
    assert inviter is not None
    coupon = Offer(
        merchant_id=shop, promotion_id=PromotionId(ids.mint()), name=text("谢礼", "Thanks"),
        rule=AmountOff(steps=(Step(1_000, 500),)), currency="CNY", coupon=True, given=True, per_buyer=1,
        starts_at=days.begins(days.today()), ends_at=now + timedelta(days=60),
    )  # fmt: skip
    await db.transact(promotions.save, coupon)
    wanted = promised(shop, inviter=Reward(coupon=coupon.promotion_id), friend=Reward(coupon=coupon.promotion_id))
    for _ in range(2):
        await db.transact(growth.set_invite_programme, wanted)
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"inviter": Reward(points=5)}, "inviter_points"),
        ({"inviter": Reward(coupon=uuid4())}, "inviter_coupon"),
        ({"per_month": 0}, "per_month"),
        ({"inviter": Reward(), "friend": Reward()}, "inviter_coupon"),
    ]
    for wrong, field in wrongs:
        with pytest.raises(Invalid) as refused:
            await db.transact(growth.set_invite_programme, msgspec.structs.replace(wanted, **wrong))
        assert field in refused.value.fields
    with pytest.raises(ChangedMeanwhile):
        await db.transact(growth.set_invite_programme, msgspec.structs.replace(wanted, least=1))
    code = await db.transact(growth.invite_code, shop, inviter)

    friend = await somebody(db, "mia")
    await db.transact(growth.accept_invitation, code, friend)
    await db.transact(customers.save_address, inviter, AddressId(ids.mint()), ELSEWHERE)
    order = await bought(db, world, friend)
    await db.transact(growth.reward_due, now + LATER)
    assert await state_of(db, shop, inviter) == (InviteState.REVIEW, [Against.SAME_ADDRESS])
    [waiting] = (await db.ask(growth.invitations, shop, InviteState.REVIEW)).items
    for grant in (True, False):
        await db.transact(growth.decide_invitation, shop, waiting.invitation_id, "staff", "A family", grant=grant)
    assert await state_of(db, shop, inviter) == (InviteState.REWARDED, [Against.SAME_ADDRESS])
    assert sorted(await db.ask(promotions.holders, coupon.promotion_id, None, 10)) == sorted([inviter, friend])
    with pytest.raises(NotFound):
        await db.transact(growth.decide_invitation, shop, uuid4(), "staff", "", grant=True)
    await deal.refunded(db, order, Returned(1, 1))
    await events.drain(db, [SUBSCRIBER])
    assert await db.ask(promotions.holders, coupon.promotion_id, None, 10) == []

    await db.transact(growth.close_invite_programme, shop)
    with pytest.raises(NotFound):
        await db.transact(growth.accept_invitation, code, await somebody(db, "late"))
    await db.transact(growth.forget, [inviter])


async def test_the_same_telephone_is_refused_nothing_bought_lapses_and_old_customers_are_not_new(
    db: Database, world: World
) -> None:
    inviter, now = await somebody(db, "ann"), datetime.now(UTC)
    await db.transact(growth.set_invite_programme, promised(PLATFORM))
    code = await db.transact(growth.invite_code, PLATFORM, inviter)
    friend = await somebody(db, "ann2")
    await db.transact(growth.accept_invitation, code, friend)
    await bought(db, world, friend, msgspec.structs.replace(MIA, email="ANN+2@example.com"))
    await db.transact(growth.reward_due, now + LATER)
    assert await state_of(db, PLATFORM, inviter) == (InviteState.REFUSED, [Against.SAME_CONTACT])
    assert await points(db, inviter) == 0
    stranger = await somebody(db, "eve")
    await bought(db, world, stranger)
    with pytest.raises(NotNew):
        await db.transact(growth.accept_invitation, code, stranger)

    await db.transact(growth.accept_invitation, code, await somebody(db, "lazy"))
    assert await db.transact(growth.lapse_due, now + timedelta(days=31)) == 1
    thrifty = await filled(db, 2_000, Purse.POINTS, await somebody(db, "thrifty"))
    await db.transact(growth.accept_invitation, code, thrifty)
    await bought(db, world, thrifty, purses=(Purse.POINTS,))
    await db.transact(growth.reward_due, now + LATER)
    counts = {InviteState.REFUSED: 1, InviteState.LAPSED: 2}
    assert (await db.ask(growth.invite_counts, PLATFORM)) == counts, "points are no money: 27.90 are less than 30.00"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, []),
        ({"new": False}, [Against.NOT_NEW]),
        ({"friend_id": UUID(int=1)}, [Against.SAME_PERSON]),
        ({"friend_people": frozenset({"a"})}, [Against.SAME_CONTACT]),
        ({"friend_devices": frozenset({UUID(int=7)})}, [Against.SAME_DEVICE]),
        ({"friend_addresses": frozenset({"x"}), "ring": True}, [Against.SAME_ADDRESS, Against.RING]),
        ({"accepted_that_day": 6}, [Against.FAST]),
        ({"accepted_that_day": 5, "month": 1, "rewarded": 99}, []),
        ({"month": 2, "rewarded": 100}, [Against.MONTH_FULL, Against.ALL_GIVEN]),
    ],
)
def test_each_rule_says_what_speaks_against_a_reward(more: dict[str, Any], found: list[Against]) -> None:
    facts: dict[str, Any] = {
        "inviter_id": UUID(int=1), "friend_id": UUID(int=2), "inviter_people": frozenset({"a"}),
        "friend_people": frozenset({"b"}), "inviter_devices": frozenset({UUID(int=7)}), "friend_devices": frozenset(),
        "inviter_addresses": frozenset({"x"}), "friend_addresses": frozenset({"y"}), "ring": False, "accepted_that_day": 1,
        "month": 0, "new": True,
    }  # fmt: skip
    programme = promised(PLATFORM, rewarded=more.pop("rewarded", 0))
    assert against(InviteFacts(**{**facts, **more}), programme) == found


async def test_who_was_invited_by_the_friend_is_in_a_ring(db: Database, world: World) -> None:
    """Each had taken the invitation before they signed in."""
    first, second, third = [await somebody(db, name) for name in ("one", "two", "three")]
    await db.transact(growth.set_invite_programme, promised(PLATFORM))
    for inviter, friend in ((first, second), (second, third), (third, first)):
        code = await db.transact(growth.invite_code, PLATFORM, inviter)
        await taken_as_a_visitor(db, code, friend)
    await bought(db, world, first)
    await db.transact(growth.reward_due, datetime.now(UTC) + LATER)
    assert await state_of(db, PLATFORM, third) == (InviteState.REVIEW, [Against.RING])


async def test_signing_out_makes_nobody_new_and_nobody_is_brought_twice(db: Database, world: World) -> None:
    inviter, old, twice = [await somebody(db, name) for name in ("ann", "old", "twice")]
    await db.transact(growth.set_invite_programme, promised(PLATFORM, per_month=9))
    code = await db.transact(growth.invite_code, PLATFORM, inviter)
    await bought(db, world, old)
    for friend in (old, twice, twice):
        await taken_as_a_visitor(db, code, friend)
    for friend in (old, twice):
        await bought(db, world, friend)

    assert await db.transact(growth.reward_due, datetime.now(UTC) + LATER) == 3
    found = await db.ask(growth.invitations_of, PLATFORM, inviter)
    assert [(each.state, each.against) for each in reversed(found)] == [
        (InviteState.REFUSED, [Against.NOT_NEW]),
        (InviteState.REWARDED, []),
        (InviteState.REFUSED, [Against.NOT_NEW]),
    ]
    assert (await points(db, inviter), await points(db, twice), await points(db, old)) == (300, 100, 0)
    assert await db.ask(growth.invite_points, PLATFORM) == 400


async def test_nobody_decides_beyond_the_budget_and_of_who_is_forgotten_nothing_is_rewarded(
    db: Database, world: World
) -> None:
    inviter, now = await somebody(db, "ann"), datetime.now(UTC)
    await db.transact(growth.set_invite_programme, promised(PLATFORM, friends=1))
    code = await db.transact(growth.invite_code, PLATFORM, inviter)
    await db.transact(customers.save_address, inviter, AddressId(ids.mint()), ELSEWHERE)
    friends = [await somebody(db, name) for name in ("one", "two", "three")]
    for friend in friends:
        await db.transact(growth.accept_invitation, code, friend)
        await bought(db, world, friend)
    await db.transact(growth.reward_due, now + LATER)
    waiting = await db.ask(growth.invitations, PLATFORM, InviteState.REVIEW, None, 2)
    rest = await db.ask(growth.invitations, PLATFORM, InviteState.REVIEW, waiting.next, 2)
    assert (len(waiting.items), len(rest.items), rest.next) == (2, 1, None)

    async def granted(each: Invitation) -> InviteState:
        return await db.transact(
            growth.decide_invitation, PLATFORM, each.invitation_id, "staff", "A family", grant=True
        )

    both = await asyncio.gather(*(granted(each) for each in waiting.items), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["AllGiven", "InviteState"]
    assert await points(db, inviter) == 300

    await db.transact(growth.forget, [inviter])
    assert await db.ask(growth.invite_counts, PLATFORM) == {InviteState.REWARDED: 1, InviteState.LAPSED: 2}
    assert {each.note for each in await db.ask(growth.invitations_of, PLATFORM, inviter)} == {""}
