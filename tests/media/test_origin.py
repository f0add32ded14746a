"""An origin as publishers, players and the house meet it: real RTMP, real HTTP, on this machine's loopback."""

import asyncio
import hashlib
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.media.conftest import Running, until
from tests.media.studio import FRAMES_A_SECOND, clip, decoded, publisher

SECONDS = 4


@pytest.fixture(scope="module")
def flv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clips") / "clip.flv"
    file.write_bytes(clip(SECONDS))
    return file


async def played(running: Running, stream: str, playlist: str = "media.m3u8") -> bytes:
    """All that a playlist tells, as one file."""
    text = (await running.get(f"/live/{stream}/{playlist}")).text
    names = re.findall(r"^#EXT-X-MAP:URI=\"(.+)\"$|^(\d+\.m4s)$", text, re.MULTILINE)
    return b"".join([(await running.get(f"/live/{stream}/{a or b}")).content for a, b in names])


async def sent(running: Running, stream: str, flv: Path, *, key: str = "right") -> int | None:
    return await (await publisher(running.push_address(stream, key), flv)).wait()


async def test_a_pushed_clip_is_played_whole(running: Running, flv: Path) -> None:
    assert await sent(running, "room", flv) == 0
    await until(lambda: running.house.said("on_dvr"))

    master = (await running.get("/live/room/index.m3u8")).text
    times, samples = decoded(await played(running, "room"))

    assert 'CODECS="avc1.' in master
    assert ',mp4a.40.2"' in master
    assert "RESOLUTION=64x64" in master
    assert len(times) == SECONDS * FRAMES_A_SECOND
    steps = [round((after - before) * 1000) for before, after in pairwise(times)]
    assert set(steps) == {1000 // FRAMES_A_SECOND}
    assert samples == pytest.approx(SECONDS * 44_100, abs=2048)


async def test_a_wrong_key_is_refused_before_any_media(running: Running, flv: Path) -> None:
    assert await sent(running, "room", flv, key="wrong") == 1

    assert [one["action"] for one in running.house.heard] == ["on_publish"]
    assert (await running.get("/live/room/media.m3u8")).status_code == 404
    assert not (running.settings.home / "room").exists()


async def test_a_house_that_does_not_answer_admits_nobody(running: Running, flv: Path) -> None:
    running.house.silent = True

    assert await sent(running, "room", flv) == 1


async def test_a_key_has_one_publisher(running: Running, flv: Path) -> None:
    first = await publisher(running.push_address("room"), flv, stays=True)
    await until(lambda: running.house.said("on_segment"))

    assert await sent(running, "room", flv) == 1

    assert first.returncode is None
    first.kill()
    await first.wait()


async def test_every_segment_is_told_with_its_digest(running: Running, flv: Path) -> None:
    await sent(running, "room", flv)
    await until(lambda: running.house.said("on_dvr"))

    told = running.house.said("on_segment")
    actions = [one["action"] for one in running.house.heard]
    (closed,) = running.house.said("on_dvr")
    kept = Path(closed["file"])

    assert actions == ["on_publish", *["on_segment"] * SECONDS, "on_unpublish", "on_dvr"]
    assert [one["seq_no"] for one in told] == list(range(SECONDS))
    for one in told:
        data = Path(one["file"]).read_bytes()
        assert (one["sha256"], one["size"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert closed["sha256"] == hashlib.sha256(kept.read_bytes()).hexdigest()
    assert (closed["duration"], closed["segments"]) == (SECONDS, SECONDS)
    assert len(set(running.house.ids)) == len(running.house.ids)


async def test_a_recording_is_played_from_its_start_with_any_player(running: Running, flv: Path) -> None:
    await sent(running, "room", flv)
    await until(lambda: running.house.said("on_dvr"))

    text = (await running.get("/live/room/recording.m3u8")).text
    on_disk = (running.settings.home / "room" / "recording.m3u8").read_text()
    times, _ = decoded(await played(running, "room", "recording.m3u8"))

    assert text == on_disk
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert len(times) == SECONDS * FRAMES_A_SECOND


async def test_a_publisher_that_drops_comes_back_and_players_go_on(running: Running, flv: Path) -> None:
    # given somebody who publishes, and is killed
    await running.again(grace_seconds=20)
    first = await publisher(running.push_address("room"), flv, stays=True)
    await until(lambda: len(running.house.said("on_segment")) == SECONDS - 1)
    first.kill()
    await first.wait()
    await until(lambda: running.house.said("on_unpublish"))
    before = (await running.get("/live/room/media.m3u8")).text

    # when they come back in time
    second = await publisher(running.push_address("room"), flv, stays=True)
    await until(lambda: len(running.house.said("on_segment")) == 2 * SECONDS - 1)
    after = (await running.get("/live/room/media.m3u8")).text

    # then nothing has ended, and what comes is said to be discontinuous, with numbers that go on
    assert running.house.said("on_unpublish")[0]["reason"] == "dropped"
    assert "#EXT-X-ENDLIST" not in before + after
    assert not running.house.said("on_dvr")
    assert [one["seq_no"] for one in running.house.said("on_segment")] == list(range(2 * SECONDS - 1))
    assert [one["discontinuity"] for one in running.house.said("on_segment")].count(True) == 1
    assert after.count("#EXT-X-DISCONTINUITY\n#EXT-X-MAP") == 1
    times, _ = decoded(await played(running, "room"))
    assert times == sorted(times)
    second.kill()
    await second.wait()


async def test_rooms_do_not_know_of_each_other(running: Running, flv: Path) -> None:
    assert await asyncio.gather(*(sent(running, name, flv) for name in ("one", "two"))) == [0, 0]
    await until(lambda: len(running.house.said("on_dvr")) == 2)

    for name in ("one", "two"):
        assert len(decoded(await played(running, name))[0]) == SECONDS * FRAMES_A_SECOND
        assert len(running.house.said("on_segment", name)) == SECONDS


async def test_news_wait_for_a_house_that_is_away_also_over_a_restart(running: Running, flv: Path) -> None:
    # given a house that goes away once it has said yes
    async def then_gone(_: object) -> None:
        running.house.silent = True

    running.house.before_answer = then_gone
    await sent(running, "room", flv)
    await until((running.settings.home / "room" / "recording.m3u8").exists)
    assert [one["action"] for one in running.house.heard] == ["on_publish"]

    # when the origin is started again, and the house is back
    await running.stop()
    running.house.before_answer = None
    running.house.silent = False
    await running.start()
    await until(lambda: running.house.said("on_dvr"))

    # then it hears everything, in its order
    actions = [one["action"] for one in running.house.heard[1:]]
    assert actions == [*["on_segment"] * SECONDS, "on_unpublish", "on_dvr"]


async def test_an_origin_that_is_started_again_goes_on_counting(running: Running, flv: Path) -> None:
    first = await publisher(running.push_address("room"), flv, stays=True)
    await until(lambda: len(running.house.said("on_segment")) == SECONDS - 1)
    await running.stop()
    first.kill()
    await first.wait()
    await running.start()
    await until(lambda: running.house.said("on_dvr"))

    await sent(running, "room", flv)
    await until(lambda: len(running.house.said("on_segment")) == 2 * SECONDS)

    numbers = [one["seq_no"] for one in running.house.said("on_segment")]
    assert numbers == list(range(2 * SECONDS))
    text = (await running.get("/live/room/recording.m3u8")).text
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1


async def test_the_house_cuts_off_and_takes_down(running: Running, flv: Path) -> None:
    bearer = {"authorization": f"Bearer {running.settings.secret}"}
    running.house.refuses = {"on_play"}
    program = await publisher(running.push_address("room"), flv, stays=True)
    await until(lambda: running.house.said("on_segment"))

    told = (await running.http.get("/api/v1/streams/room", headers=bearer)).json()["stream"]
    assert (await running.http.delete("/api/v1/streams/room")).status_code == 401
    assert (await running.http.delete("/api/v1/streams/room", headers=bearer)).json() == {"code": 0}
    await until(lambda: running.house.said("on_unpublish"))

    assert told["publish"]["active"]
    assert (told["video"]["width"], told["video"]["fps"], told["video"]["keyframe_seconds"]) == (64, 25.0, 1.0)
    assert running.house.said("on_unpublish")[0]["reason"] == "kicked"
    for file in ("media.m3u8", "index.m3u8", "recording.m3u8", "0.m4s"):
        assert (await running.get(f"/live/room/{file}")).status_code == 404
    assert (running.settings.home / "room" / "0.m4s").exists()
    program.kill()
    await program.wait()


async def test_a_recording_plays_while_the_house_says_so_and_on_while_it_is_silent(running: Running, flv: Path) -> None:
    await sent(running, "room", flv)
    await until(lambda: running.house.said("on_dvr"))

    async def plays() -> bool:
        return {(await running.get(f"/live/room/{file}")).status_code for file in ("recording.m3u8", "0.m4s")} == {200}

    async def becomes(played: bool) -> None:
        async with asyncio.timeout(10):
            while await plays() is not played:
                await asyncio.sleep(0.01)

    # shown, hidden, shown again
    assert await plays()
    running.house.refuses = {"on_play"}
    await becomes(False)
    running.house.refuses = set()
    await becomes(True)

    # taken down, which stays on disk, and lifted
    running.house.refuses = {"on_play"}
    bearer = {"authorization": f"Bearer {running.settings.secret}"}
    await running.http.delete("/api/v1/streams/room", headers=bearer)
    assert not await plays()
    running.house.refuses = set()
    await becomes(True)
    assert not (running.settings.home / "room" / "hidden").exists()

    # nobody answers: what was played plays on, and after a start nothing does that nobody has allowed
    running.house.silent = True
    await asyncio.sleep(running.settings.ask_again_seconds)
    assert await plays()
    await running.stop()
    await running.start()
    assert not await plays()


async def test_what_is_not_there_is_asked_of_nobody(running: Running) -> None:
    assert (await running.get("/live/nothing/recording.m3u8")).status_code == 404

    assert not running.house.heard


async def test_there_is_room_for_so_many_and_no_more(running: Running, flv: Path) -> None:
    await running.again(rooms_max=1)
    first = await publisher(running.push_address("one"), flv, stays=True)
    await until(lambda: running.house.said("on_publish", "one"))

    assert await sent(running, "two", flv) == 1

    assert not running.house.said("on_publish", "two")
    first.kill()
    await first.wait()


async def test_players_of_any_page_may_read_and_media_may_be_kept(running: Running, flv: Path) -> None:
    await sent(running, "room", flv)
    await until(lambda: running.house.said("on_dvr"))

    playlist, segment, nothing = [
        await running.get(f"/live/room/{name}") for name in ("recording.m3u8", "0.m4s", "99.m4s")
    ]

    assert {one.headers["access-control-allow-origin"] for one in (playlist, segment, nothing)} == {"*"}
    assert playlist.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert playlist.headers["cache-control"] == "no-cache"
    assert segment.headers["content-type"] == "video/mp4"
    assert segment.headers["cache-control"] == "public, max-age=3600, immutable"
    assert (nothing.status_code, nothing.headers["cache-control"]) == (404, "no-store")
    assert (await running.http.head("/live/room/0.m4s")).headers["content-length"] == str(len(segment.content))
    assert (await running.http.options("/live/room/0.m4s")).status_code == 204
    assert (await running.get("/live/../news.sqlite3")).status_code == 404
    assert (await running.get("/live/room/%2e%2e")).status_code == 404


async def test_what_the_house_refuses_does_not_stand_in_the_way(running: Running, flv: Path) -> None:
    running.house.refuses = {"on_unpublish"}

    await sent(running, "room", flv)
    await until(lambda: running.house.said("on_dvr"))

    told = [one["action"] for one in running.house.heard]
    assert told == ["on_publish", *["on_segment"] * SECONDS, *["on_unpublish"] * 5, "on_dvr"]
