"""WHIP (RFC 9725): a browser publishes by WebRTC. H.264 goes through as it came, Opus stays Opus; nothing is decoded.

Imported when somebody first asks for it: aiortc brings FFmpeg into memory, though what would decode is never fed.
"""

import asyncio
import queue
import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError

from steelyard.media import annexb
from steelyard.media.amf import Malformed
from steelyard.media.codecs import VideoConfig, opus
from steelyard.media.streams import Origin, Reason, Stream

OFFER_BYTES_MAX = 32 * 1024
VIDEO_RATE, AUDIO_RATE = 90_000, 48_000
KEYFRAME_SECONDS = 2.0
"""How often a key frame is asked for: browsers send none by themselves."""

SILENT_SECONDS_MAX = 10

log = structlog.get_logger()


class BadOffer(Exception):
    """This description of a session is none that can be answered; the message says why, for the publisher."""


class _Tap(queue.Queue[Any]):
    """Stands where a receiver would hand encoded frames to its decoder: they are taken here, and only the end is passed on."""

    def __init__(self, taken: Callable[[bytes, int], None]) -> None:
        super().__init__()
        self._taken = taken

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if item is None:
            super().put(None, block, timeout)
        else:
            self._taken(item[1].data, item[1].timestamp)


class Caller:
    """One browser that publishes."""

    def __init__(self, origin: Origin, ip: str, key: str) -> None:
        self.key = key
        self.client_id = "c-" + secrets.token_hex(8)
        self.ip = ip
        self.heard_at = time.monotonic()
        self._origin = origin
        self._stream: Stream | None = None
        self._peer: RTCPeerConnection | None = None
        self._watch: asyncio.Task[None] | None = None
        self._video: VideoConfig | None = None
        self._sounds = False
        self._begun = time.monotonic()
        self._zeros: dict[str, tuple[int, int]] = {}
        self._closing: asyncio.Task[None] | None = None

    async def publish(self, stream: Stream, offer: str) -> str:
        """The answer to an offer, once the stream is admitted. Raises BadOffer; the stream is then left again."""
        self._stream = stream
        try:
            return await self._answered(offer)
        except (ValueError, IndexError, KeyError, OperationError, InvalidStateError, InvalidAccessError) as error:
            self.cut_off("dropped")
            raise BadOffer("This description of a session cannot be answered.") from error

    def cut_off(self, reason: Reason) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            self._origin.gone(self, stream, reason)
        if self._watch is not None:
            self._watch.cancel()
        if self._peer is not None and self._closing is None:
            self._closing = asyncio.create_task(self._peer.close())

    @property
    def left(self) -> bool:
        """Whether it publishes no more."""
        return self._stream is None and (self._closing is None or self._closing.done())

    async def closed(self) -> None:
        """Everything of it has ended."""
        if self._closing is not None:
            await asyncio.gather(self._closing, return_exceptions=True)

    async def _answered(self, offer: str) -> str:
        peer = self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        video = peer.addTransceiver("video", direction="recvonly")
        capabilities = RTCRtpReceiver.getCapabilities("video")
        assert capabilities is not None
        video.setCodecPreferences([codec for codec in capabilities.codecs if codec.mimeType == "video/H264"])
        _tap(video.receiver, self._picture)
        if "m=audio" in offer:
            self._sounds = True
            _tap(peer.addTransceiver("audio", direction="recvonly").receiver, self._sound)
        await peer.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        peer.on("connectionstatechange", self._changed)
        self._watch = asyncio.create_task(self._look(video.receiver))
        return peer.localDescription.sdp

    def _changed(self) -> None:
        if self._peer is not None and self._peer.connectionState in ("failed", "closed"):
            self.cut_off("dropped")

    async def _look(self, receiver: Any) -> None:
        """Asks for key frames, and lets go of who is silent."""
        while time.monotonic() - self.heard_at < SILENT_SECONDS_MAX:
            await asyncio.sleep(KEYFRAME_SECONDS)
            for source in receiver.getSynchronizationSources():
                await receiver._send_rtcp_pli(source.source)  # there is no other way to ask
        self._watch = None
        self.cut_off("dropped")

    def _picture(self, data: bytes, timestamp: int) -> None:
        """An access unit: units behind start codes, parameter sets before each key frame."""
        stream = self._came(data)
        if stream is None:
            return
        try:
            unit = annexb.read(data)
            if unit.video is not None and unit.video != self._video:
                self._video = unit.video
                stream.describe(unit.video, opus(2) if self._sounds else None)
        except Malformed as error:
            log.info("media.whip_malformed", client=self.client_id, why=str(error))
            self.cut_off("dropped")
            return
        if unit.data and self._video is not None:
            if stream.packager is None:
                stream.describe(self._video, opus(2) if self._sounds else None)
            stream.picture(self._placed("video", timestamp, VIDEO_RATE), 0, unit.key, unit.data)

    def _sound(self, data: bytes, timestamp: int) -> None:
        stream = self._came(data)
        if stream is not None:
            stream.sound(self._placed("audio", timestamp, AUDIO_RATE), data)

    def _came(self, data: bytes) -> Stream | None:
        self.heard_at = time.monotonic()
        if self._stream is not None and not self._stream.received(len(data)):
            self.cut_off("dropped")
        return self._stream

    def _placed(self, kind: str, timestamp: int, rate: int) -> int:
        """Milliseconds since the beginning: each kind begins when its first frame came, and goes by its own clock."""
        zero, began = self._zeros.setdefault(kind, (timestamp, round((self.heard_at - self._begun) * 1000)))
        return began + (timestamp - zero) * 1000 // rate


def checked(offer: bytes) -> str:
    """An offer that can be answered as far as one can see. Raises BadOffer."""
    if len(offer) > OFFER_BYTES_MAX:
        raise BadOffer("This description of a session is too long.")
    try:
        words = offer.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadOffer("This description of a session is not text.") from error
    if not words.startswith("v=0") or "m=video" not in words:
        raise BadOffer("A description of a session with a picture is needed.")
    if "H264/90000" not in words:
        raise BadOffer("This browser sends no H.264: publish with another browser, or by RTMP.")
    return words


def _tap(receiver: Any, taken: Callable[[bytes, int], None]) -> None:
    receiver._RTCRtpReceiver__decoder_queue = _Tap(taken)  # aiortc hands out decoded frames only
