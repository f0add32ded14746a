"""Live prices, coupons that are thrown in, and draws: exactly as many as there are, and checked by whoever has the log."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.channels import live
from steelyard.channels.live import BeatKind, LivePrice, NewDraw, commitment_of, drawn, jobs, states
from steelyard.channels.live.model import SessionState
from steelyard.goods import inventory, promotions
from steelyard.goods.promotions.model import AmountOff, CouponClaimed, CouponGone, Offer, PromotionId, Step
from steelyard.kernel import batching, ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.sweeps import sweep_once
from steelyard.kernel.text import text
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, orders
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.live import OnAir, heard
from tests.support.world import STOCK, World

PRICE = 1_990


def priced(world: World, session: OnAir, offer_id: UUID | None = None, **more: int) -> LivePrice:
    return LivePrice(
        merchant_id=session.merchant_id, session_id=session.session_id, offer_id=offer_id or ids.mint(),
        sku_id=world.items["nuts"].sku_id, **({"price": PRICE, "pieces": 3} | more),
    )  # fmt: skip


async def free(db: Database, world: World) -> int:
    sku_id = world.items["nuts"].sku_id
    return (await db.ask(inventory.available, [sku_id]))[sku_id]


async def bought(db: Database, world: World, session: OnAir, second: int = 31) -> UUID:
    checkout_id = CheckoutId(ids.mint())
    draft = deal.draft([(world.items["nuts"].sku_id, 1)])
    client = f"{live.source_of(session.session_id)}:{second}"
    await db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), draft, client=client)
    return await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")


async def test_a_live_price_takes_its_pieces_from_the_pool_and_gives_back_what_is_left(
    shop: Database, world: World, session: OnAir
) -> None:
    wanted = priced(world, session)
    for _ in range(2):
        await shop.transact(live.set_price, wanted, "staff:1")
    assert await free(shop, world) == STOCK - 3
    purchase_id = await bought(shop, world, session)
    (order,) = await deal.orders_of(shop, PurchaseId(purchase_id))
    assert order.goods == PRICE
    await shop.transact(live.set_price, dearer := priced(world, session, price=2_490, pieces=2), "staff:1")

    told = await heard(shop, session, BeatKind.PRICE)

    assert [(beat.body["price"], beat.body["left"], beat.body["ended"]) for beat in told[:1]] == [(PRICE, 3, False)]
    assert {(beat.body["price"], beat.body["left"], beat.body["ended"]) for beat in told[1:]} == {
        (PRICE, 0, True),
        (2_490, 2, False),
    }
    # One was sold, two are kept for the new price.
    assert await free(shop, world) == STOCK - 3
    for _ in range(2):
        await shop.transact(live.end_price, *session.key, dearer.offer_id, "staff:1")
    assert await free(shop, world) == STOCK - 1


async def test_when_the_session_ends_its_prices_end_with_it(shop: Database, world: World, session: OnAir) -> None:
    await shop.transact(live.set_price, priced(world, session), "staff:1")

    async def end(tx: Tx) -> None:
        await states.move(tx, await states.lock(tx, *session.key), SessionState.ENDED, "staff:1")

    await shop.transact(end)

    assert await free(shop, world) == STOCK
    assert [each.ended for each in await shop.ask(live.offers, *session.key)] == [True]
    with pytest.raises(live.NotOnAir):
        await shop.transact(live.set_price, priced(world, session), "staff:1")


async def test_a_price_that_cannot_be_is_refused_beside_its_field(shop: Database, world: World, session: OnAir) -> None:
    for wrong in (priced(world, session, price=9_999_999), priced(world, session, pieces=STOCK + 1)):
        with pytest.raises(Invalid):
            await shop.transact(live.set_price, wrong, "staff:1")
    elsewhere = live.LivePrice(
        merchant_id=session.merchant_id, session_id=session.session_id, offer_id=ids.mint(),
        sku_id=world.items["black"].sku_id, price=1, pieces=1,
    )  # fmt: skip
    with pytest.raises(live.NotInBag):
        await shop.transact(live.set_price, elsewhere, "staff:1")
    assert await heard(shop, session) == []


async def test_what_is_sold_is_told_without_names_and_counted_by_minute(
    shop: Database, world: World, session: OnAir
) -> None:
    nuts = session.products["nuts"]
    await shop.transact(live.set_price, priced(world, session), "staff:1")
    await shop.transact(live.pin, *session.key, nuts)
    first = await bought(shop, world, session, second=9_000)
    second = await bought(shop, world, session, second=9_001)
    await deal.at_rest(shop)
    await deal.captured(shop, await deal.instructed(shop, PurchaseId(first)))
    await deal.at_rest(shop)
    await shop.transact(orders.cancel_purchase, PurchaseId(second), reason="unpaid", by="clock")
    await deal.at_rest(shop)

    assert [beat.body for beat in await heard(shop, session, BeatKind.SOLD)] == [
        {"goods": [{"product_id": str(nuts), "pieces": 1}]}
    ]
    assert [beat.body["left"] for beat in await heard(shop, session, BeatKind.STOCK)][-2:] == [1, 2]
    figures = [each.goods[nuts] for each in await shop.ask(live.minutes, *session.key) if nuts in each.goods]
    assert sum(each.orders for each in figures) == 2
    assert [(each.paid, each.gmv) for each in figures if each.paid] == [(1, PRICE)]
    assert await shop.ask(_on_screen, session) == {9_000: nuts, 9_001: nuts}


async def _on_screen(read: Read, session: OnAir) -> dict[int, UUID]:
    rows = await read.fetch("SELECT second, product_id FROM live_orders WHERE session_id = $1", session.session_id)
    return {row["second"]: row["product_id"] for row in rows}


async def coupon(db: Database, session: OnAir, copies: int) -> PromotionId:
    now = datetime.now(UTC)
    offer = Offer(
        merchant_id=MerchantId(session.merchant_id), promotion_id=PromotionId(ids.mint()), name=text("直播间券", "Live coupon"),
        rule=AmountOff(steps=(Step(1_000, 100),)), currency="CNY", starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        coupon=True, copies=copies, per_buyer=1,
    )  # fmt: skip
    await db.transact(promotions.save, offer)
    return offer.promotion_id


async def test_of_many_who_grab_as_many_have_one_as_there_are(shop: Database, session: OnAir) -> None:
    copies, drop_id = 7, ids.mint()
    promotion_id = await coupon(shop, session, copies)
    for _ in range(2):
        await shop.transact(live.throw, *session.key, drop_id, promotion_id, "staff:1", red_packet=True)
    buyers = [ids.mint() for _ in range(15)]

    async def grab(buyer_id: UUID) -> bool | Refusal:
        wanted = live.Grab(
            merchant_id=session.merchant_id, session_id=session.session_id, drop_id=drop_id, buyer_id=buyer_id
        )
        try:
            return await batching.join(shop, live.grab, wanted, lambda grab: (grab.drop_id, grab.buyer_id))
        except Refusal as refusal:
            return refusal

    answers = await asyncio.gather(*map(grab, buyers))

    winners = [buyer for buyer, answer in zip(buyers, answers, strict=True) if answer is True]
    assert len(winners) == copies
    assert all(isinstance(answer, CouponGone) for answer in answers if answer is not True)
    assert isinstance(await grab(winners[0]), CouponClaimed)
    assert [beat.body["kind"] for beat in await heard(shop, session, BeatKind.COUPON)] == ["red_packet"]
    assert [each.drop_id for each in await shop.ask(live.drops, *session.key)] == [drop_id]


async def test_a_draw_can_be_done_again_by_whoever_has_the_log(shop: Database, session: OnAir) -> None:
    secret, draw_id = "5a" * 32, ids.mint()
    early = session.say(ids.mint(), "抽我 too early")
    await shop.transact(live.say, [early])
    wanted = NewDraw(
        merchant_id=session.merchant_id, session_id=session.session_id, draw_id=draw_id, secret=secret,
        prize=text("茶具一套", "A tea set"), winners=2, seconds=600, word="抽我",
    )  # fmt: skip
    for _ in range(2):
        await shop.transact(live.begin_draw, wanted, "staff:1")
    said = [session.say(ids.mint(), "抽我!") for _ in range(6)]
    numbers = await shop.transact(live.say, [*said, session.say(ids.mint(), "just watching")])

    async def due(tx: Tx) -> None:
        await tx.execute("UPDATE live_draws SET closes_at = now()")

    await shop.transact(due)
    for _ in range(2):
        await sweep_once(shop, [sweep for sweep in jobs.SWEEPS if sweep.name == "live.draw"])

    (began,) = await heard(shop, session, BeatKind.DRAW)
    (ended,) = await heard(shop, session, BeatKind.DRAWN)
    tickets = [number for number in numbers[:6] if isinstance(number, int)]
    assert began.body["commitment"] == commitment_of(ended.body["secret"])
    assert "secret" not in began.body
    assert ended.body["entrants"] == 6
    assert [each["seq"] for each in ended.body["winners"]] == drawn(ended.body["secret"], tickets, 2)
    winners = await shop.ask(live.winners, *session.key, draw_id)
    assert {each.buyer_id for each in winners} < {each.buyer_id for each in said}


@given(
    tickets=st.sets(st.integers(1, 10_000), max_size=60),
    winners=st.integers(1, 10),
    secret=st.binary(min_size=32, max_size=32),
)
def test_who_wins_follows_from_secret_and_tickets_alone(tickets: set[int], winners: int, secret: bytes) -> None:
    first = drawn(secret.hex(), sorted(tickets), winners)
    assert first == drawn(secret.hex(), sorted(tickets, reverse=True), winners)
    assert len(set(first)) == len(first) == min(winners, len(tickets))
    assert set(first) <= tickets
