"""What a media origin asks and tells, as it comes over HTTP."""

import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from steelyard.channels import live
from steelyard.channels.live import beats, host_key
from steelyard.channels.rooms.model import StopId, StopKind
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.kernel.settings import Settings
from tests.support.live import OnAir, on_air
from tests.support.live_plans import chief
from tests.support.world import World
from tests.surfaces.api.served import Served

SECRET = "whsec_" + base64.b64encode(b"a media secret for these tests").decode()
PLAY = "http://media.test/live/{stream}/index.m3u8"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path, base_url="http://shop.test", media_webhook_secret=SECRET, media_play_url=PLAY,
        media_push_url="rtmp://media.test/live", development=True,
    )  # fmt: skip


@pytest.fixture
async def session(served: Served, world: World) -> OnAir:
    return await on_air(served.db, world)


async def said(served: Served, action: str, *, sign: bool = True, **body: str | float) -> httpx.Response:
    content = msgspec.json.encode(body)
    name, at = f"msg_{ids.mint()}", str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"{name}.{at}.".encode() + content, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    headers = {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": signature} if sign else {}
    return await served.http.post(f"/hooks/media/{action}", content=content, headers=headers)


async def test_a_publisher_is_admitted_streams_and_is_missed(served: Served, session: OnAir) -> None:
    stream = session.session_id.hex
    key = host_key(SECRET, stream)
    refused = await said(served, "on_publish", stream=stream, client_id="c-1", param="?key=wrong")
    admitted = await said(served, "on_publish", stream=stream, client_id="c-1", param=f"?key={key}")
    segment: dict[str, Any] = {
        "seq_no": 5,
        "duration": 2.0,
        "size": 500_000,
        "file": "5.m4s",
        "sha256": "ab" * 32,
    }
    started_at = "2026-03-01T12:00:00.123Z"
    _, told = [await said(served, "on_segment", stream=stream, started_at=started_at, **segment) for _ in range(2)]
    left = await said(served, "on_unpublish", stream=stream, client_id="c-1", reason="dropped", grace_seconds=30)
    stranger = await said(served, "on_unpublish", stream=ids.mint().hex, client_id="c-1")

    codes = [(each.status_code, each.json()["code"]) for each in (refused, admitted, told, left, stranger)]
    assert codes == [(403, 403), (200, 0), (200, 0), (200, 0), (410, 2048)]
    now = await served.db.ask(live.session, *session.key)
    assert now is not None
    assert (now.playback, now.media) == ({"hls": PLAY.replace("{stream}", stream)}, {"kbps": 2_000})
    assert not now.streaming


async def test_a_piece_that_must_wait_too_long_is_told_again_later(
    served: Served, session: OnAir, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = live.recorded_segment

    async def impatient(tx: Tx, stream: str, segment: live.Segment) -> None:
        await tx.execute("SET LOCAL lock_timeout = '20ms'")
        await recorded(tx, stream, segment)

    async def held(tx: Tx) -> httpx.Response:
        await beats.lock(tx, [session.key])
        return await said(served, "on_segment", **segment)

    monkeypatch.setattr(live, "recorded_segment", impatient)
    segment: dict[str, Any] = {
        "stream": session.session_id.hex, "started_at": "2026-03-01T12:00:00Z", "seq_no": 7, "duration": 2.0, "size": 1,
        "file": "7.m4s", "sha256": "ab" * 32,
    }  # fmt: skip
    await said(
        served,
        "on_publish",
        stream=session.session_id.hex,
        client_id="c-1",
        param=f"?key={host_key(SECRET, session.session_id.hex)}",
    )
    busy = await served.db.transact(held)
    told = await said(served, "on_segment", **segment)

    assert (busy.status_code, busy.json()["type"].rpartition(":")[2], told.status_code) == (503, "busy", 200)
    assert "Traceback" not in capsys.readouterr().out


async def test_who_does_not_sign_is_not_heard(served: Served, session: OnAir) -> None:
    stream = session.session_id.hex
    body = {"stream": stream, "client_id": "c-1"}
    unsigned = await said(served, "on_unpublish", sign=False, stream=stream)
    wrong = await served.http.post("/hooks/media/on_unpublish?secret=guessed", json=body)
    right = await served.http.post("/hooks/media/on_unpublish", params={"secret": SECRET}, json=body)

    assert (unsigned.status_code, wrong.status_code, right.status_code) == (401, 403, 410)
    assert (await said(served, "on_dance", stream=stream)).status_code == 410
    assert (await served.http.post("/hooks/media/on_dvr", params={"secret": SECRET}, content=b"[")).status_code == 400


async def test_the_built_in_host_is_told_what_to_play(served: Served, session: OnAir) -> None:
    await served.db.transact(live.pin, *session.key, session.products["nuts"])
    nobody = await served.http.get("/hooks/media/host")
    told = await served.http.get("/hooks/media/host", headers={"authorization": f"Bearer {SECRET}"})

    (one,) = told.json()["sessions"]
    assert nobody.status_code == 403
    assert one["push"].startswith(f"rtmp://media.test/live/{session.session_id.hex}?key=")
    assert (one["goods"][one["now"]]["name"]["en"], one["goods"][one["now"]]["price"]) == ("Hickory nuts", "¥39.90")


async def test_a_recording_is_played_while_it_is_shown_in_a_room_that_is_open(
    served: Served, session: OnAir, world: World
) -> None:
    stream = session.session_id.hex

    async def played() -> int:
        return (await said(served, "on_play", stream=stream, client_id="")).status_code

    seen = [await played()]
    await said(served, "on_publish", stream=stream, client_id="c-1", param=f"?key={host_key(SECRET, stream)}")
    seen.append(await played())
    await served.db.transact(live.end, *session.key, "test")
    seen.append(await played())
    await served.db.transact(live.show_replay, *session.key, shown=False)
    seen.append(await played())
    await served.db.transact(live.show_replay, *session.key, shown=True)
    seen.append(await played())
    stop_id = StopId(ids.mint())
    await served.db.transact(live.take_down, chief(world), *session.key, stop_id, "wrong words")
    seen.append(await played())
    await served.db.transact(live.lift, chief(world), session.merchant_id, stop_id, "they were right")
    seen.append(await played())
    await served.db.transact(
        live.stop_room, chief(world), session.merchant_id, session.room_id, StopId(ids.mint()), StopKind.TAKEDOWN, "why"
    )
    seen.append(await played())

    # unknown, on air, ended, hidden, shown, taken down, lifted, the room stopped
    assert seen == [410, 200, 200, 410, 200, 410, 200, 410]
