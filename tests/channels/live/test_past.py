"""A session that was held elsewhere is written down whole: its replay, its record, its figures and its orders."""

from datetime import UTC, datetime, timedelta

from steelyard.channels import live
from steelyard.channels.live import BeatKind, Minute, PastBeat, PastSession, Segment
from steelyard.channels.live.model import Entry, EntryId, NewSession, SessionId
from steelyard.channels.rooms.model import RoomId
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.text import text
from tests.support import deal
from tests.support.live import OnAir
from tests.support.world import World

BY = "staff:01890000-0000-7000-8000-000000000001"


async def held(db: Database, world: World, session: OnAir) -> PastSession:
    """Nuts were explained in the first minute of two; an order of that minute is in the house already."""
    nuts, begun = session.products["nuts"], datetime.now(UTC) - timedelta(seconds=30)
    (order,) = await deal.paid(db, [(world.items["nuts"].sku_id, 1)])
    return PastSession(
        session=NewSession(
            merchant_id=session.merchant_id, session_id=SessionId(ids.mint()), room_id=RoomId(session.room_id),
            title=text("昨晚", "Last night"), starts_at=begun, ends_at=begun + timedelta(minutes=2),
        ),
        started_at=begun,
        ended_at=begun + timedelta(minutes=2),
        goods=[nuts],
        rundown=[Entry(entry_id=EntryId(ids.mint()), minute=0, minutes=2, product_id=nuts, pieces=3)],
        beats=[
            PastBeat(second=60, kind=BeatKind.UNPIN, body={}, by=BY, act="unpin"),
            PastBeat(second=5, kind=BeatKind.PIN, body={"product_id": nuts}, by=BY, act="pin", until=60),
            PastBeat(second=9, kind=BeatKind.CHAT, body={"name": "l***", "text": "Salted?"}, buyer_id=ids.mint()),
        ],
        minutes=[Minute(minute=0, viewers=9, peak=10, entries={"list": 10}, chats=1)],
        segments=[Segment(number=0, started_at=begun, seconds=2.0, size=9, file="0.m4s", sha256="ab" * 32)],
        order_ids=[order.order_id],
        peak=10,
        likes=3,
    )  # fmt: skip


async def test_a_session_of_the_past_is_as_if_it_had_been_held_here(
    shop: Database, world: World, session: OnAir
) -> None:
    past = await held(shop, world, session)
    key = session.merchant_id, past.session.session_id

    assert await shop.transact(live.remember, past)
    assert not await shop.transact(live.remember, past)
    await shop.transact(live.make_debrief, *key, BY)

    over = await shop.ask(live.replay, *key)
    assert over is not None
    timeline = await shop.ask(live.timeline, over)
    (chapter,) = await shop.ask(live.chapters, over, timeline)
    (said,) = await shop.ask(live.chat_between, over, timeline, 0, 60)
    verdict = await shop.ask(live.verify, *key)
    review = await shop.ask(live.debrief, *key)
    watched = await shop.ask(live.explanation, session.merchant_id, session.products["nuts"])
    assert (chapter.product_id, said.text) == (session.products["nuts"], "Salted?")
    assert verdict.whole and (verdict.beats, verdict.segments, verdict.orders, verdict.unsealed) == (3, 1, 1, 0)
    assert review is not None and (review.facts.paid, review.facts.writers, review.facts.entered) == (1, 1, 10)
    assert {each.role: each.acts for each in review.facts.roles}["desk"] == {"pin": 1, "unpin": 1}
    assert watched is not None and watched.session_id == past.session.session_id
