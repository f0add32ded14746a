"""The media origin asks who may publish, and tells what became of it; a session goes on air with its stream, and ends with it."""

from uuid import UUID

import httpx
import pytest

from steelyard.channels import live
from steelyard.channels.live import BeatKind, PublishRefused, jobs, states
from steelyard.channels.live.gateways import Origin
from steelyard.channels.live.model import Session, SessionState, digest_of
from steelyard.channels.live.streaming import end_silent, host_key
from steelyard.kernel.db import Database, Tx
from tests.support.live import OnAir, heard, on_air
from tests.support.world import World

KEY, SECRET = "a-key-that-nobody-guesses", "whsec_c2VjcmV0"
PLAY = "https://media.test/live/x/index.m3u8"


@pytest.fixture
async def ready(shop: Database, world: World) -> OnAir:
    session = await on_air(shop, world, state="ready")

    async def with_key(tx: Tx) -> None:
        await tx.execute("UPDATE live_sessions SET key_digest = $1, key_made_at = now()", digest_of(KEY))

    await shop.transact(with_key)
    return session


async def admitted(db: Database, session: OnAir, key: str = KEY, client: str = "c-1", **more: object) -> Session:
    return await db.transact(live.admit, session.session_id.hex, key, client, PLAY, **more)  # pyright: ignore[reportArgumentType]  # by name


async def now(db: Database, session: OnAir) -> Session:
    found = await db.ask(live.session, *session.key)
    assert found is not None
    return found


async def late(tx: Tx) -> None:
    await tx.execute("UPDATE live_stages SET grace_until = now() WHERE grace_until IS NOT NULL")


async def test_with_the_right_key_a_session_that_is_ready_goes_on_air(shop: Database, ready: OnAir) -> None:
    for wrong in ("", "another", KEY + "x", host_key(SECRET, ready.session_id.hex)):
        with pytest.raises(PublishRefused):
            await admitted(shop, ready, wrong)
    with pytest.raises(PublishRefused):
        await shop.transact(live.admit, UUID(int=7).hex, KEY, "c-1", PLAY)

    await admitted(shop, ready)

    session = await now(shop, ready)
    assert (session.state, session.streaming, session.playback) == (SessionState.ON_AIR, True, {"hls": PLAY})
    assert [beat.body["state"] for beat in await heard(shop, ready, BeatKind.STATE)] == ["on_air"]


async def test_the_built_in_host_is_admitted_in_development_alone(shop: Database, ready: OnAir) -> None:
    key = host_key(SECRET, ready.session_id.hex)
    with pytest.raises(PublishRefused):
        await admitted(shop, ready, key, secret=SECRET)
    await admitted(shop, ready, key, secret=SECRET, development=True)
    assert (await now(shop, ready)).state is SessionState.ON_AIR
    assert [each.session_id for each in await shop.ask(live.to_host)] == [ready.session_id]


async def test_a_stream_that_comes_back_in_time_goes_on(shop: Database, ready: OnAir) -> None:
    stream = ready.session_id.hex
    await admitted(shop, ready)
    await shop.transact(live.unpublished, stream, "c-1", 30)
    assert not (await now(shop, ready)).streaming
    await admitted(shop, ready, client="c-2")
    # What the first connection says late counts no more.
    await shop.transact(live.unpublished, stream, "c-1", 30)
    await shop.transact(late)
    await shop.transact(end_silent)

    session = await now(shop, ready)
    assert (session.state, session.streaming) == (SessionState.ON_AIR, True)
    told = [beat.body.get("streaming") for beat in await heard(shop, ready, BeatKind.STATE)]
    assert told == [None, False, True]


async def test_a_stream_that_does_not_come_back_ends_the_session(shop: Database, ready: OnAir) -> None:
    await admitted(shop, ready)
    await shop.transact(live.unpublished, ready.session_id.hex, "c-1", 30)
    assert await shop.transact(end_silent) == 0
    await shop.transact(late)
    assert await shop.transact(end_silent) == 1
    assert await shop.transact(end_silent) == 0
    await shop.transact(live.recorded, ready.session_id.hex, {"url": "https://media.test/r.m3u8", "duration": 12.5})

    session = await now(shop, ready)
    assert (session.state, session.playback["recording"]["duration"]) == (SessionState.ENDED, 12.5)
    assert [beat.body["state"] for beat in await heard(shop, ready, BeatKind.STATE)][-1] == "ended"
    with pytest.raises(PublishRefused):
        await admitted(shop, ready)


async def test_what_was_taken_down_is_cut_off_at_the_origin_until_it_has_heard(shop: Database, ready: OnAir) -> None:
    await admitted(shop, ready)

    async def take_down(tx: Tx) -> None:
        held = await states.lock(tx, *ready.key)
        await states.move(tx, held, SessionState.TAKEN_DOWN, "staff:operator", "Not allowed")

    await shop.transact(take_down)
    asked: list[str] = []
    answers = iter([503, 200])

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(next(answers))

    origin = Origin("", "", client=httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://media"))

    assert [await jobs.cut_off(shop, origin) for _ in range(3)] == [0, 1, 0]
    assert asked == [f"DELETE /api/v1/streams/{ready.session_id.hex}"] * 2
    with pytest.raises(PublishRefused):
        await admitted(shop, ready)
    await origin.close()
