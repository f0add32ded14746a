"""What is in a stream: H.264's and AAC's own descriptions, read as far as players must be told of them."""

from typing import NamedTuple

from steelyard.media.amf import Malformed

AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
AAC_FRAME_SAMPLES = 1024
OPUS_FRAME_SAMPLES = 960
"""At 48 kHz: browsers send 20 milliseconds at once (RFC 7587)."""

PROFILES = {66: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10", 122: "High 4:2:2"}
# Profiles whose parameter set says its chroma format (ITU-T H.264, 7.3.2.1.1).
_WITH_CHROMA = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
PICTURE_SIDE_MAX = 4096


class VideoConfig(NamedTuple):
    """`record` is the AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) as the publisher sent it."""

    record: bytes
    width: int
    height: int

    @property
    def codec(self) -> str:
        """As RFC 6381 writes it: avc1.64001f."""
        return f"avc1.{self.record[1:4].hex()}"

    @property
    def profile(self) -> str:
        return PROFILES.get(self.record[1], str(self.record[1]))

    @property
    def level(self) -> float:
        return self.record[3] / 10


class AudioConfig(NamedTuple):
    """`record` is the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), or empty for Opus, whose `object_type` is 0."""

    record: bytes
    object_type: int
    sample_rate: int
    channels: int

    @property
    def codec(self) -> str:
        return f"mp4a.40.{self.object_type}" if self.object_type else "opus"

    @property
    def frame_samples(self) -> int:
        """How long a frame is."""
        return AAC_FRAME_SAMPLES if self.object_type else OPUS_FRAME_SAMPLES


def read_video(record: bytes) -> VideoConfig:
    """Raises Malformed."""
    if len(record) < 8 or record[0] != 1 or record[4] & 3 != 3 or record[5] & 31 < 1:
        raise Malformed("an H.264 description with lengths of four bytes and a sequence parameter set is needed")
    length = int.from_bytes(record[6:8])
    try:
        width, height = _size(record[8 : 8 + length])
    except IndexError as error:
        raise Malformed("the sequence parameter set is cut off") from error
    if not (16 <= width <= PICTURE_SIDE_MAX and 16 <= height <= PICTURE_SIDE_MAX):
        raise Malformed(f"a picture of {width} by {height}")
    return VideoConfig(record, width, height)


def read_audio(record: bytes) -> AudioConfig:
    """Raises Malformed."""
    if len(record) < 2:
        raise Malformed("the audio's description is cut off")
    bits = int.from_bytes(record[:2])
    object_type, rate, channels = bits >> 11, bits >> 7 & 15, bits >> 3 & 15
    if not 1 <= object_type <= 4 or rate >= len(AAC_RATES) or not 1 <= channels <= 7:
        raise Malformed("AAC with one of its usual rates and up to eight channels is needed")
    return AudioConfig(record, object_type, AAC_RATES[rate], 8 if channels == 7 else channels)


def opus(channels: int) -> AudioConfig:
    """Opus, as browsers send it: 48 kHz."""
    return AudioConfig(b"", 0, 48_000, channels)


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1
            self._at += 1
        return value

    def unsigned(self) -> int:
        """ue(v), Exp-Golomb."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise Malformed("no Exp-Golomb number")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        number = self.unsigned()
        return (number + 1) // 2 if number & 1 else -(number // 2)


def _size(unit: bytes) -> tuple[int, int]:
    """Width and height of a sequence parameter set (ITU-T H.264, 7.3.2.1.1), cropped as it says."""
    bits = _Bits(unit[1:].replace(b"\0\0\3", b"\0\0"))
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    chroma = 1
    if profile in _WITH_CHROMA:
        chroma = _chroma(bits)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    bits.unsigned()
    bits.take(1)
    across, down = bits.unsigned() + 1, bits.unsigned() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    left, right, top, bottom = (bits.unsigned() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    step_x = 2 if chroma in (1, 2) else 1
    step_y = (2 if chroma == 1 else 1) * (2 - frames_only)
    return across * 16 - (left + right) * step_x, down * 16 * (2 - frames_only) - (top + bottom) * step_y


def _chroma(bits: _Bits) -> int:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)
    bits.unsigned()
    bits.unsigned()
    bits.take(1)
    if bits.take(1):
        for which in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling(bits, 16 if which < 6 else 64)
    return chroma


def _skip_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) & 255
        last = following or last
