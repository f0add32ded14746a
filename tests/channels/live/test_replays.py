"""The replay of a session: a recording with a clock of its own, chapters by what was explained, and the chat as it was."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.channels import live
from steelyard.channels.live import Timeline
from steelyard.channels.live.model import Session
from steelyard.channels.live.replays import Run
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from tests.support.live import OnAir
from tests.support.world import World

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


# Ten seconds, five that are missing, and twenty more.
GAPPED = Timeline(runs=[Run(at=BEGAN, begins=0.0), Run(at=after(15), begins=10.0)], length=30.0)


def test_what_happened_while_the_picture_was_away_is_where_it_goes_on() -> None:
    assert [GAPPED.second_of(after(second)) for second in (-3, 4, 10, 12, 15, 20, 999)] == [0, 4, 10, 10, 10, 15, 30]
    assert [GAPPED.moment_of(second) for second in (4, 10, 15)] == [after(4), after(15), after(20)]


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=8), st.integers(0, 3_000))
def test_seconds_lead_to_moments_and_back(stretches: list[tuple[int, int]], second: int) -> None:
    runs: list[Run] = []
    at, begins = 0, 0
    for recorded, missing in stretches:
        runs.append(Run(at=after(at), begins=float(begins)))
        at, begins = at + recorded + missing, begins + recorded
    timeline = Timeline(runs=runs, length=float(begins))
    second = min(second, begins)

    assert timeline.second_of(timeline.moment_of(second)) == second


async def _over(tx: Tx, session: OnAir, recorded: bool) -> None:
    """Tea was explained from the 60th second on, nuts from the 150th; the picture was away from the 100th to the 130th; it ended
    with the 200th."""
    merchant_id, session_id = session.key
    await tx.execute(
        "UPDATE live_sessions SET state = 'ended', started_at = $2, ended_at = $3 WHERE session_id = $1",
        session_id,
        BEGAN,
        after(200),
    )
    await tx.execute(
        """
        INSERT INTO live_session_history (merchant_id, session_id, step, from_state, to_state, by)
        VALUES ($1, $2, 4, 'on_air', 'ended', 'test')
        """,
        merchant_id,
        session_id,
    )
    await tx.execute(
        """
        INSERT INTO live_segments (merchant_id, session_id, number, at, seconds, bytes, file, sha256)
        SELECT $1, $2, n, $3::timestamptz + (n * 10 + CASE WHEN n >= 10 THEN 30 ELSE 0 END) * interval '1 second', 10, 1, '', ''
        FROM generate_series(0, 16) AS n WHERE $4
        """,
        merchant_id,
        session_id,
        BEGAN,
        recorded,
    )
    said = [(20, "Good evening"), (70, "How is it brewed?"), (80, "Buy mine instead"), (155, "Are they salted?")]
    await tx.execute(
        """
        INSERT INTO live_beats (merchant_id, session_id, seq, at, kind, body)
        SELECT $1::uuid, $2::uuid, place, at, 'chat', jsonb_build_object('name', 'l***', 'text', words)
        FROM unnest($3::timestamptz[], $4::text[]) WITH ORDINALITY AS s (at, words, place)
        UNION ALL SELECT $1::uuid, $2::uuid, 5, $5::timestamptz, 'removed', '{"seq": 3, "by": "staff"}'::jsonb
        """,
        merchant_id,
        session_id,
        [after(second) for second, _ in said],
        [words for _, words in said],
        after(160),
    )
    await tx.execute("UPDATE live_sessions SET last_seq = 5 WHERE session_id = $1", session_id)
    await tx.execute(
        """
        INSERT INTO live_explained (merchant_id, session_id, from_seq, product_id, from_at, to_at)
        VALUES ($1, $2, 101, $3, $5::timestamptz, $6::timestamptz), ($1, $2, 102, $4, $6, NULL)
        """,
        merchant_id,
        session_id,
        session.products["green"],
        session.products["nuts"],
        after(60),
        after(150),
    )


async def ended(db: Database, session: OnAir, *, recorded: bool = True) -> Session:
    await db.transact(_over, session, recorded)
    found = await db.ask(live.replay, *session.key)
    assert found is not None
    return found


async def test_chapters_are_what_was_explained_on_the_clock_of_the_recording(shop: Database, session: OnAir) -> None:
    over = await ended(shop, session)

    timeline = await shop.ask(live.timeline, over)
    chapters = await shop.ask(live.chapters, over, timeline)

    assert timeline.length == 170 and [run.begins for run in timeline.runs] == [0, 100]
    told = [(each.number, each.product_id, each.second, each.seconds) for each in chapters]
    assert told == [(101, session.products["green"], 60, 60), (102, session.products["nuts"], 120, 50)]


async def test_the_chat_is_that_of_the_time_without_what_was_taken_off(shop: Database, session: OnAir) -> None:
    over = await ended(shop, session)
    timeline = await shop.ask(live.timeline, over)

    async def said(second: int, seconds: int) -> list[tuple[float, str]]:
        found = await shop.ask(live.chat_between, over, timeline, second, seconds)
        return [(each.second, each.text) for each in found]

    assert await said(0, 60) == [(20, "Good evening")]
    assert await said(60, 60) == [(70, "How is it brewed?")]
    assert await said(120, 60) == [(125, "Are they salted?")]
    assert await said(21, 40) == []


async def test_a_session_that_nobody_recorded_has_chapters_all_the_same(shop: Database, session: OnAir) -> None:
    over = await ended(shop, session, recorded=False)

    timeline = await shop.ask(live.timeline, over)

    assert timeline.length == 200
    assert [each.second for each in await shop.ask(live.chapters, over, timeline)] == [60, 150]


async def test_a_replay_is_seen_while_the_shop_shows_it_and_nobody_took_it_down(
    shop: Database, session: OnAir, world: World
) -> None:
    room = session.merchant_id, session.room_id
    assert await shop.ask(live.replay, *session.key) is None, "it is on air"
    await ended(shop, session)
    assert [each.session_id for each in await shop.ask(live.replays, *room)] == [session.session_id]

    await shop.transact(live.show_replay, *session.key, shown=False)
    await shop.transact(live.show_replay, *session.key, shown=False)
    assert await shop.ask(live.replay, *session.key) is None
    assert await shop.ask(live.replays, *room) == [] == await shop.ask(live.ended_lately)
    assert not await shop.ask(live.replay_is_shown, *session.key)

    await shop.transact(live.show_replay, *session.key, shown=True)
    assert await shop.ask(live.replay, *session.key) is not None
    with pytest.raises(NotFound):
        await shop.transact(live.show_replay, world.tools.merchant_id, session.session_id, shown=True)
