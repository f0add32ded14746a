"""H.264 as WebRTC brings it: units behind start codes (ITU-T H.264, annex B), made into those of MP4."""

import re
import struct
from typing import NamedTuple

from steelyard.media.codecs import VideoConfig, read_video

_START = re.compile(rb"\x00\x00\x00?\x01")
_IDR, _SPS, _PPS, _DELIMITER = 5, 7, 8, 9


class AccessUnit(NamedTuple):
    """One picture, its units behind their lengths; `video` describes it when it brought its parameter sets."""

    data: bytes
    key: bool
    video: VideoConfig | None


def read(data: bytes) -> AccessUnit:
    """Raises Malformed."""
    units = [unit for unit in _START.split(data) if unit]
    kinds = [unit[0] & 31 for unit in units]
    sets = {kind: unit for kind, unit in zip(kinds, units, strict=True) if kind in (_SPS, _PPS)}
    video = read_video(_record(sets[_SPS], sets[_PPS])) if len(sets) == 2 else None
    pictures = [unit for kind, unit in zip(kinds, units, strict=True) if kind not in (_SPS, _PPS, _DELIMITER)]
    joined = b"".join(struct.pack(">I", len(unit)) + unit for unit in pictures)
    return AccessUnit(joined, _IDR in kinds, video)


def _record(sps: bytes, pps: bytes) -> bytes:
    """An AVCDecoderConfigurationRecord of one set each."""
    lengths = b"\xff\xe1" + struct.pack(">H", len(sps)) + sps + b"\x01" + struct.pack(">H", len(pps)) + pps
    return b"\x01" + sps[1:4] + lengths
