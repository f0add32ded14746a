"""Fragments of MP4 (ISO/IEC 14496-12): an initialisation segment, and moof with mdat for each part."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from steelyard.media.codecs import AudioConfig, VideoConfig

VIDEO_TIMESCALE = 90_000
VIDEO_TRACK, AUDIO_TRACK = 1, 2
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_KEY, _NOT_KEY = 0x02000000, 0x01010000
"""sample_flags (8.8.3.1): depends on no other; depends on others and is no sync sample."""


class Frame(NamedTuple):
    """A picture: `duration` and `shift` (shown so much after it is decoded) in units of VIDEO_TIMESCALE."""

    duration: int
    shift: int
    key: bool
    data: bytes


class Sound(NamedTuple):
    """Frames of `samples` each, the first at `start` in samples."""

    start: int
    samples: int
    frames: Sequence[bytes]


def initialisation(video: VideoConfig, audio: AudioConfig | None) -> bytes:
    """ftyp and moov."""
    tracks = _video_track(video)
    extends = _extends(VIDEO_TRACK)
    if audio is not None:
        tracks += _audio_track(audio)
        extends += _extends(AUDIO_TRACK)
    header = _full(
        b"mvhd",
        0,
        0,
        struct.pack(">4IIH10x", 0, 0, 1000, 0, 0x10000, 0x100) + _MATRIX + bytes(24) + struct.pack(">I", 3),
    )
    return _box(b"ftyp", b"iso6" + bytes(4) + b"iso6cmfcmp41") + _box(b"moov", header + tracks + _box(b"mvex", extends))


def fragment(number: int, decoded_at: int, frames: Sequence[Frame], sound: Sound | None) -> bytes:
    """moof and mdat: pictures from `decoded_at` on (VIDEO_TIMESCALE), and the sound beside them."""
    trafs = [_video_traf(decoded_at, frames)] if frames else []
    if sound is not None and sound.frames:
        trafs.append(_audio_traf(sound))
    header = _full(b"mfhd", 0, 0, struct.pack(">I", number))
    moof_bytes = 8 + len(header) + sum(map(len, trafs))
    pictures = sum(len(frame.data) for frame in frames)
    at = moof_bytes + 8
    for traf, own in zip(trafs, (pictures, 0), strict=False):
        struct.pack_into(">I", traf, _offset_place(traf), at)
        at += own
    data = [frame.data for frame in frames] + (list(sound.frames) if sound is not None else [])
    size = 8 + sum(map(len, data))
    return b"".join(
        [struct.pack(">I4s", moof_bytes, b"moof"), header, *trafs, struct.pack(">I4s", size, b"mdat"), *data]
    )


def _offset_place(traf: bytes | bytearray) -> int:
    """Where a traf of ours leaves its data's offset open: behind tfhd, tfdt (20 bytes), trun's head, flags and count."""
    return 8 + int.from_bytes(traf[8:12]) + 20 + 16


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _full(kind: bytes, version: int, flags: int, content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + content)


def _video_traf(decoded_at: int, frames: Sequence[Frame]) -> bytearray:
    samples = b"".join(
        struct.pack(">IIIi", frame.duration, len(frame.data), _KEY if frame.key else _NOT_KEY, frame.shift)
        for frame in frames
    )
    head = _full(b"tfhd", 0, 0x020000, struct.pack(">I", VIDEO_TRACK))
    run = _full(b"trun", 1, 0x000F01, struct.pack(">II", len(frames), 0) + samples)
    return bytearray(_box(b"traf", head + _full(b"tfdt", 1, 0, struct.pack(">Q", decoded_at)) + run))


def _audio_traf(sound: Sound) -> bytearray:
    sizes = struct.pack(f">{len(sound.frames)}I", *map(len, sound.frames))
    head = _full(b"tfhd", 0, 0x020028, struct.pack(">III", AUDIO_TRACK, sound.samples, _KEY))
    run = _full(b"trun", 0, 0x000201, struct.pack(">II", len(sound.frames), 0) + sizes)
    return bytearray(_box(b"traf", head + _full(b"tfdt", 1, 0, struct.pack(">Q", sound.start)) + run))


def _extends(track: int) -> bytes:
    return _full(b"trex", 0, 0, struct.pack(">5I", track, 1, 0, 0, 0))


def _video_track(video: VideoConfig) -> bytes:
    entry = _box(
        b"avc1",
        struct.pack(">6xH16xHHIII", 1, video.width, video.height, 0x480000, 0x480000, 0)
        + struct.pack(">H32xHh", 1, 24, -1)
        + _box(b"avcC", video.record),
    )
    return _track(
        VIDEO_TRACK, VIDEO_TIMESCALE, b"vide", _full(b"vmhd", 0, 1, bytes(8)), entry, size=(video.width, video.height)
    )


def _audio_track(audio: AudioConfig) -> bytes:
    kind, described = (b"mp4a", _aac(audio)) if audio.object_type else (b"Opus", _opus(audio))
    # A rate that does not fit into 16 bits is told by the description alone.
    sample_rate = audio.sample_rate << 16 & 0xFFFFFFFF
    entry = _box(kind, struct.pack(">6xH8xHH4xI", 1, audio.channels, 16, sample_rate) + described)
    return _track(AUDIO_TRACK, audio.sample_rate, b"soun", _full(b"smhd", 0, 0, bytes(4)), entry)


def _aac(audio: AudioConfig) -> bytes:
    """ISO/IEC 14496-14, 5.6."""
    description = bytes((0x05, len(audio.record))) + audio.record
    decoder = struct.pack(">BB3xII", 0x40, 0x15, 0, 0) + description
    stream = struct.pack(">HB", AUDIO_TRACK, 0) + bytes((0x04, len(decoder))) + decoder + bytes((0x06, 1, 2))
    return _full(b"esds", 0, 0, bytes((0x03, len(stream))) + stream)


def _opus(audio: AudioConfig) -> bytes:
    """Encapsulation of Opus in ISO Base Media File Format, 4.3.2."""
    return _box(b"dOps", struct.pack(">BBHIhB", 0, audio.channels, 0, audio.sample_rate, 0, 0))


def _track(
    number: int, timescale: int, handler: bytes, media_header: bytes, entry: bytes, size: tuple[int, int] = (0, 0)
) -> bytes:
    width, height = size
    sounds = handler == b"soun"
    header = _full(
        b"tkhd",
        0,
        7,
        struct.pack(">5I8xHHHH", 0, 0, number, 0, 0, 0, 0, 0x100 if sounds else 0, 0)
        + _MATRIX
        + struct.pack(">II", width << 16, height << 16),
    )
    empty = b"".join(
        _full(kind, 0, 0, bytes(8 if kind == b"stsz" else 4)) for kind in (b"stts", b"stsc", b"stsz", b"stco")
    )
    described = _full(b"stsd", 0, 0, struct.pack(">I", 1) + entry)
    here = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1) + _full(b"url ", 0, 1, b"")))
    information = _box(b"minf", media_header + here + _box(b"stbl", described + empty))
    times = _full(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, timescale, 0, 0x55C4, 0))
    handled = _full(b"hdlr", 0, 0, bytes(4) + handler + bytes(12) + b"\0")
    return _box(b"trak", header + _box(b"mdia", times + handled + information))
