"""The video that tells of a session before it begins: uploaded by the shop, seen by buyers, gone when it is to be gone."""

import os
import time
from datetime import timedelta
from pathlib import Path

from litestar import Litestar

from steelyard.channels import live, rooms
from steelyard.channels.live import trailers
from steelyard.channels.live.model import NewSession, Session
from steelyard.channels.rooms.model import Room
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.files import Videos
from steelyard.surfaces.live_room.trailers import part_of
from steelyard.surfaces.web.moments import local_time
from tests.support import live_plans
from tests.support.browser import Browser, browsing, hidden, words
from tests.support.live_plans import BY
from tests.support.videos import clip
from tests.support.world import World


def form_of(planned: NewSession) -> dict[str, str]:
    return {
        "room_id": str(planned.room_id), "host_id": str(planned.host_id), "title_en": "Spring teas",
        "starts_at": local_time(planned.starts_at), "ends_at": local_time(planned.ends_at), "portrait": "portrait",
    }  # fmt: skip


async def again(db: Database, planned: NewSession) -> Session:
    found = await db.ask(live.session, planned.merchant_id, planned.session_id)
    assert found is not None
    return found


async def test_a_trailer_is_uploaded_seen_before_the_session_and_taken_out(
    app: Litestar, owner: Browser, chief: Browser, db: Database, world: World
) -> None:
    planned = await live_plans.session(db, world)
    here, form = f"/merchant/live/{planned.session_id}", form_of(planned)

    # What is no video is refused beside its field, and what was typed is still there.
    wrong = await owner.upload(f"{here}/edit", form, {"video_file": ("t.mp4", b"no video")})
    assert (wrong.status_code, "Spring teas" in wrong.text) == (422, True)
    assert "Please upload an MP4 video" in words(wrong)

    # A video beside something that has to be mended is not asked for again.
    mend = await owner.upload(f"{here}/edit", {**form, "title_en": ""}, {"video_file": ("t.mp4", clip())})
    assert mend.status_code == 422 and "kept when you save" in words(mend)
    kept = hidden(mend, "video_kept")
    assert (await owner.post(f"{here}/edit", {**form, "video_kept": kept})).status_code == 303
    assert (await again(db, planned)).trailer_video == kept
    assert "<video" in (await owner.get(here)).text and "<video" in (await owner.get(f"{here}/edit")).text

    # Buyers see it in the room and on the card; a part of it is answered as a part.
    room = (await room_of(db, planned)).slug
    address = f"/live/{room}/trailer/{planned.session_id}"
    async with browsing(app) as guest:
        for page in (f"/live/{room}", "/live"):
            shown = (await guest.get(page)).text
            assert f'src="{address}?v={kept[:12]}"' in shown and "controls muted" in shown
        whole = await guest.get(address)
        assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
        part = await guest.http.get(address, headers={"range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
        behind = await guest.http.get(address, headers={"range": f"bytes={len(whole.content)}-"})
        assert behind.status_code == 416
        assert (await guest.get(f"/live/no-such-room/trailer/{planned.session_id}")).status_code == 404

        # The platform's staff can look at it, too; and saving once more keeps it.
        assert address in (await chief.get(f"/operator/live/rooms/{planned.merchant_id}/{planned.room_id}")).text
        await owner.post(f"{here}/edit", {**form, "title_en": "Green teas", "video_kept": kept})
        assert (await again(db, planned)).trailer_video == kept

        # Taken out, it is nowhere.
        await owner.post(f"{here}/edit", {**form, "video_kept": kept, "video_away": "yes"})
        assert (await again(db, planned)).trailer_video is None
        assert (await guest.get(address)).status_code == 404
        assert "<video src=" not in (await guest.get(f"/live/{room}")).text


async def test_what_is_called_off_is_not_played_and_what_nobody_refers_to_is_thrown_away(
    app: Litestar, db: Database, world: World, tmp_path: Path
) -> None:
    # Given a session with a trailer, and two uploads that nobody saved.
    store = Videos(tmp_path / "home")
    one, other, unsaved = (store.put(b"\0\0\0\x18ftyp" + bytes([n]) * 99, "video/mp4") for n in range(3))
    planned = await live_plans.session(db, world, trailer_video=one)
    room = (await room_of(db, planned)).slug
    address = f"/live/{room}/trailer/{planned.session_id}"

    # When the session is called off, its trailer is not played any more, but it is kept for a while.
    async with browsing(app) as guest:
        assert (await guest.get(address)).status_code == 200
        await db.transact(live.cancel, planned.merchant_id, planned.session_id, "rain", BY)
        assert (await guest.get(address)).status_code == 404
    assert await db.transact(trailers.forget) == 0

    # Then a day later what nobody saved goes, and a month later what was called off.
    assert await trailers.throw_away(db, store) == 0
    for name in (one, other, unsaved):
        os.utime(store.path(name), (0, time.time() - trailers.UNUSED_SECONDS - 60))
    assert store.put(b"\0\0\0\x18ftyp" + bytes([1]) * 99, "video/mp4") == other, "uploaded once more"
    assert await trailers.throw_away(db, store) == 1
    assert [store.path(name).exists() for name in (one, other, unsaved)] == [True, True, False]
    await db.transact(over_since, planned, trailers.KEPT)
    assert await trailers.throw_away(db, store) == 2
    assert [store.path(name).exists() for name in (one, other)] == [False, True]
    assert await trailers.throw_away(db, store) == 0


def test_parts_are_those_that_browsers_ask_for() -> None:
    asked = {
        "": None, "bytes=0-": (0, 99), "bytes=0-1": (0, 1), "bytes=90-500": (90, 99), "bytes=-10": (90, 99),
        "bytes=-500": (0, 99), "bytes=5-2": None, "bytes=0-1,5-6": None, "items=0-1": None,
    }  # fmt: skip
    assert {each: part_of(each, 100) for each in asked} == asked
    nothing = [part_of(each, 100) for each in ("bytes=100-", "bytes=-0")]
    assert all(part is not None and part[0] > part[1] for part in nothing)


async def room_of(db: Database, planned: NewSession) -> Room:
    found = await db.ask(rooms.room, planned.merchant_id, planned.room_id)
    assert found is not None
    return found


async def over_since(tx: Tx, planned: NewSession, ago: timedelta) -> None:
    await tx.execute(
        """
        UPDATE live_sessions
        SET starts_at = now() - $2::interval - interval '2 hours', ends_at = now() - $2::interval - interval '1 hour'
        WHERE session_id = $1
        """,
        planned.session_id,
        ago,
    )
