"""The record: whatever is altered, taken out or put in behind the application's back is seen, and where it is first."""

from datetime import UTC, datetime

import pytest

from steelyard.channels import live
from steelyard.channels.live import jobs
from steelyard.channels.live.streaming import recorded_segment
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx, administer
from steelyard.kernel.sweeps import sweep_once
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId
from tests.support import deal
from tests.support.live import OnAir
from tests.support.world import World

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def sealed(db: Database) -> None:
    await sweep_once(db, [sweep for sweep in jobs.SWEEPS if sweep.name == "live.seal"])


async def filled(db: Database, world: World, session: OnAir) -> None:
    """Three seals: of messages and a pin, of a piece of video and an order, of messages again."""
    await db.transact(live.pin, *session.key, session.products["nuts"])
    await db.transact(live.say, [session.say(ids.mint(), f"message {n}") for n in range(3)])
    await sealed(db)
    await db.transact(_streamed, session)
    segment = live.Segment(number=7, started_at=AT, seconds=2.0, size=400_000, file="7.m4s", sha256="ab" * 32)
    for _ in range(2):
        await db.transact(recorded_segment, session.session_id.hex, segment)
    checkout_id = CheckoutId(ids.mint())
    await db.transact(
        checkout.open_checkout, checkout_id, BuyerId(ids.mint()), deal.draft([(world.items["nuts"].sku_id, 1)]),
        client=f"live:{session.session_id}:400",
    )  # fmt: skip
    await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
    await deal.at_rest(db)
    await sealed(db)
    await db.transact(live.say, [session.say(ids.mint(), "the last")])
    await sealed(db)


async def _streamed(tx: Tx, session: OnAir) -> None:
    await tx.execute(
        "INSERT INTO live_streams (stream, merchant_id, session_id) VALUES ($1, $2, $3)",
        session.session_id.hex,
        *session.key,
    )


async def test_the_chain_covers_beats_video_and_trades_and_comes_out(
    shop: Database, world: World, session: OnAir
) -> None:
    await filled(shop, world, session)
    before = await shop.ask(live.verify, *session.key)
    await sealed(shop)

    assert before == await shop.ask(live.verify, *session.key)
    assert before.whole
    assert (before.seals, before.beats, before.segments, before.orders, before.unsealed) == (3, 5, 1, 1, 0)
    (looked,) = await shop.ask(live.verify_room, session.slug) or []
    assert (looked.verdict, before.digest in looked.told) == (before, True)
    assert await shop.ask(live.verify_room, "nowhere") is None
    await shop.transact(live.say, [session.say(ids.mint(), "after it")])
    assert (await shop.ask(live.verify, *session.key)).unsealed == 1


@pytest.mark.parametrize(
    ("altered", "where"),
    [
        ('UPDATE live_beats SET body = body || \'{"text": "other"}\' WHERE seq = 3', (1, "beat", "3")),
        ("UPDATE live_beats SET at = at - interval '1 second' WHERE seq = 5", (3, "beat", "5")),
        ("DELETE FROM live_chats; DELETE FROM live_beats WHERE seq = 2", (1, "beat", "3")),
        ("UPDATE live_segments SET sha256 = repeat('0', 64)", (2, "segment", "7")),
        ("UPDATE orders SET placed_at = placed_at - interval '1 second'", (2, "order", None)),
        ("UPDATE live_seals SET digest = repeat('0', 64) WHERE number = 2", (2, "seal", "2")),
        ("DELETE FROM live_seals WHERE number = 1", (1, "seal", "1")),
        ("DELETE FROM live_chats; DELETE FROM live_beats WHERE seq = 5", (3, "missing", "1")),
    ],
)
async def test_the_first_place_that_was_altered_is_named(
    shop: Database, shop_url: str, world: World, session: OnAir, altered: str, where: tuple[int, str, str | None]
) -> None:
    await filled(shop, world, session)
    async with administer(shop_url) as owner, owner.transaction():
        await owner.execute("SET LOCAL session_replication_role = replica")  # behind the application's back
        await owner.execute(altered)

    verdict = await shop.ask(live.verify, *session.key)

    assert verdict.altered is not None
    assert (verdict.altered.seal, verdict.altered.what) == where[:2]
    assert where[2] in (None, verdict.altered.which)
    assert verdict.seals == where[0] - 1
