"""Videos that people upload: what is kept plays, and tells nothing but what is seen."""

import io
import struct
from pathlib import Path

import av
import pytest

from steelyard.kernel.files import VIDEO_BYTES_MAX, Videos
from steelyard.surfaces.web import videos
from steelyard.surfaces.web.videos import VideoOfAnotherLength, VideoRefused
from tests.support.videos import clip

TKHD_TO_MATRIX = 44
ON_ITS_SIDE = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 320 << 16, 0, 0x40000000)


def test_what_is_kept_is_the_picture_and_its_sound_alone_and_plays_while_it_loads() -> None:
    taken = clip(place="30.1N 120.2E")
    assert b"120.2E" in taken

    kept = videos.plain(taken)

    assert b"120.2E" not in kept
    assert kept.index(b"moov") < kept.index(b"mdat")
    with av.open(io.BytesIO(kept), "r") as made:
        assert [each.codec_context.name for each in made.streams] == ["h264", "aac"]
        assert sum(1 for _ in made.decode(video=0)) == 15


def test_sound_that_nobody_knows_yet_is_left_out() -> None:
    # Newer telephones write spatial sound beside the usual, or alone.
    taken = clip()
    at = taken.index(b"mp4a")
    unheard_of = taken[:at] + b"apac" + taken[at + 4 :].replace(b"esds", b"zzzz", 1)
    with av.open(io.BytesIO(unheard_of), "r", format="mov") as told:
        assert told.streams.audio[0].codec_context is None

    with av.open(io.BytesIO(videos.plain(unheard_of)), "r") as made:
        assert [each.codec_context.name for each in made.streams] == ["h264"]


def test_nothing_but_key_frames_is_not_looked_at_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    fits = videos._fits  # pyright: ignore[reportPrivateUsage]  # counts the frames that are decoded
    monkeypatch.setattr(videos, "_fits", lambda picture: looked.append(1) or fits(picture))
    monkeypatch.setattr(videos, "KEY_FRAMES_MAX", 4)

    assert videos.plain(clip(4, key_frames=True))

    assert len(looked) <= 1 + 4


def test_who_held_the_telephone_upright_is_seen_upright() -> None:
    taken = bytearray(clip())
    at = taken.index(b"tkhd") + TKHD_TO_MATRIX
    taken[at : at + len(ON_ITS_SIDE)] = ON_ITS_SIDE

    with av.open(io.BytesIO(videos.plain(bytes(taken))), "r") as made:
        assert next(made.decode(video=0)).rotation == -90


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        (clip(1), VideoOfAnotherLength),
        (clip(62, size=(160, 160)), VideoOfAnotherLength),
        (clip(pixels="yuv444p"), VideoRefused),
        (clip(size=(96, 320)), VideoRefused),
        (clip()[:20_000], VideoRefused),
        (clip().replace(b"avc1", b"zzzz"), VideoRefused),
        (b"\0\0\0\x18ftypmp42" + b"x" * 500, VideoRefused),
        (b"#EXTM3U\nfile:///etc/passwd", VideoRefused),
        (b"", VideoRefused),
        (b"\0\0\0\x18ftyp" + bytes(VIDEO_BYTES_MAX), VideoRefused),
    ],
    ids=[
        "too short",
        "too long",
        "colours",
        "too small",
        "cut off",
        "unheard of",
        "no video",
        "a playlist",
        "nothing",
        "too large",
    ],
)
async def test_what_browsers_do_not_play_is_refused_whatever_it_says_it_is(
    what: bytes, wrong: type[VideoRefused], tmp_path: Path
) -> None:
    store = Videos(tmp_path)
    with pytest.raises(VideoRefused) as refused:
        await videos.keep_video(store, what)
    assert type(refused.value) is wrong
    assert store.older_than(-60) == []
