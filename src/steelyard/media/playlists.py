"""What players read: playlists of HTTP Live Streaming with low latency (RFC 8216bis)."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

TARGET_SECONDS = 2
PART_SLACK = 1.1
"""Parts are a little shorter than the target that is told: pictures do not come by the clock."""

HOLD_BACK_PARTS = 3.5
"""How far behind the end players stay, in parts: three at least (4.4.3.8), and a little for the network."""

SEGMENTS_WITH_PARTS = 3


class PartLine(msgspec.Struct, frozen=True):
    number: int
    duration_ms: int
    independent: bool


class SegmentLine(msgspec.Struct, frozen=True):
    """`initialisation` is the number of its init file; `at` is the time of its first picture, in seconds since 1970."""

    seq_no: int
    duration_ms: int
    at: float
    initialisation: int
    discontinuity: bool
    whole: bool
    parts: Sequence[PartLine] = ()


def media(segments: Sequence[SegmentLine], *, part_ms: float, discontinuities: int, next_part: int, ended: bool) -> str:
    """The playlist of the live window. `discontinuities` have left it; `next_part` is the number of the part that comes."""
    target = part_ms * PART_SLACK / 1000
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={target * HOLD_BACK_PARTS:.3f}",
        f"#EXT-X-PART-INF:PART-TARGET={target:.3f}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].seq_no if segments else 0}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}",
    ]
    for place, segment in enumerate(segments):
        lines += _head(segment, first=place == 0)
        if place >= len(segments) - SEGMENTS_WITH_PARTS:
            lines += [_part(part) for part in segment.parts]
        if segment.whole:
            lines += [f"#EXTINF:{segment.duration_ms / 1000:.3f},", f"{segment.seq_no}.m4s"]
    if ended:
        lines.append("#EXT-X-ENDLIST")
    else:
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-{next_part}.m4s"')
    return "\n".join(lines) + "\n"


def recording(segments: Sequence[SegmentLine], *, whole: bool) -> str:
    """The playlist of everything that was kept, from its start; `whole` when nothing more comes."""
    longest = max((math.floor(segment.duration_ms / 1000 + 0.5) for segment in segments), default=0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(longest, TARGET_SECONDS)}",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if whole else 'EVENT'}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].seq_no if segments else 0}",
    ]
    for place, segment in enumerate(segments):
        lines += _head(segment, first=place == 0)
        lines += [f"#EXTINF:{segment.duration_ms / 1000:.3f},", f"{segment.seq_no}.m4s"]
    if whole:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def multivariant(*, codecs: str, width: int, height: int, frame_rate: float, bits_per_second: int) -> str:
    """The playlist that players are given: one variant, described."""
    facts = [f"BANDWIDTH={bits_per_second}", f'CODECS="{codecs}"', f"RESOLUTION={width}x{height}"]
    if frame_rate:
        facts.append(f"FRAME-RATE={frame_rate:.3f}")
    return f"#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-STREAM-INF:{','.join(facts)}\nmedia.m3u8\n"


def _head(segment: SegmentLine, *, first: bool) -> list[str]:
    lines = ["#EXT-X-DISCONTINUITY"] if segment.discontinuity and not first else []
    if first or segment.discontinuity:
        lines.append(f'#EXT-X-MAP:URI="init-{segment.initialisation}.mp4"')
    moment = datetime.fromtimestamp(segment.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [*lines, f"#EXT-X-PROGRAM-DATE-TIME:{moment}"]


def _part(part: PartLine) -> str:
    independent = ",INDEPENDENT=YES" if part.independent else ""
    return f'#EXT-X-PART:DURATION={part.duration_ms / 1000:.3f},URI="part-{part.number}.m4s"{independent}'
