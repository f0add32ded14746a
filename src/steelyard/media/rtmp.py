"""RTMP as a publisher speaks it: handshake, connect, createStream, publish, H.264 and AAC (Adobe, "RTMP 1.0", 2012).

No media is looked at before the house has said yes: until then nothing more is read from the line.
"""

import asyncio
import secrets
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

import structlog

from steelyard.media import amf, chunks
from steelyard.media.amf import Malformed, Value
from steelyard.media.chunks import ChunkReader, Message, written
from steelyard.media.codecs import AudioConfig, VideoConfig, read_audio, read_video
from steelyard.media.streams import Origin, Reason, Stream

VERSION = 3
HANDSHAKE_BYTES = 1536
WINDOW_BYTES = 2_500_000
PUBLISH_SECONDS_MAX = 10
"""From the line's beginning until something is published."""

SILENT_SECONDS_MAX = 10
COMMAND_BYTES_MAX = 16 * 1024
"""Of one message before anything is published."""

HELD_MAX = 512
"""Messages that came together with the wish to publish, while the house is asked."""

_STREAM = 1
_H264, _AAC = 7, 10

log = structlog.get_logger()


class Connection(asyncio.Protocol):
    """One publisher's line."""

    def __init__(self, origin: Origin, connections: "set[Connection]") -> None:
        self.client_id = "c-" + secrets.token_hex(8)
        self.ip = ""
        self.heard_at = time.monotonic()
        self._origin = origin
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._greeting: bytearray | None = bytearray()
        self._reader = ChunkReader(COMMAND_BYTES_MAX)
        self._began = self.heard_at
        self._taken = 0
        self._acknowledged = 0
        self._held: list[Message] | None = None
        self._stream: Stream | None = None
        self._asking: asyncio.Task[None] | None = None
        self._reason: Reason = "dropped"
        self._video: VideoConfig | None = None
        self._audio: AudioConfig | None = None
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.ip = str(peer[0]) if peer else ""
        if len(self._connections) >= self._origin.settings.connections_max:
            self._transport.abort()
            return
        self._connections.add(self)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._watch is not None:
            self._watch.cancel()
        if self._asking is not None:
            self._asking.cancel()
        if self._stream is not None:
            self._origin.gone(self, self._stream, self._reason)
            self._stream = None

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        self._taken += len(data)
        try:
            if self._stream is not None and not self._stream.received(len(data)):
                raise Malformed("more bits a second than are allowed")
            if self._greeting is not None:
                data = self._greet(self._greeting, data)
            if self._greeting is None and data:
                for message in self._reader.feed(data):
                    self._message(message)
        except Malformed as error:
            log.info("media.rtmp_malformed", client=self.client_id, why=str(error))
            self._close()
            return
        if self._taken - self._acknowledged >= WINDOW_BYTES // 2 and self._greeting is None:
            self._acknowledged = self._taken
            self._say(chunks.ACKNOWLEDGEMENT, struct.pack(">I", self._taken & 0xFFFFFFFF), channel=2)

    def cut_off(self, reason: Reason) -> None:
        """End it: the house wants it to, or another has come in its place."""
        self._reason = reason
        stream, self._stream = self._stream, None
        if stream is not None:
            self._origin.gone(self, stream, reason)
        self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _look(self) -> None:
        """Whoever says nothing, or never publishes, goes."""
        now = time.monotonic()
        waited = self._stream is None and self._asking is None and now - self._began > PUBLISH_SECONDS_MAX
        if waited or now - self.heard_at > SILENT_SECONDS_MAX:
            if self._transport is not None:
                self._transport.abort()
            return
        self._watch = asyncio.get_running_loop().call_later(2, self._look)

    def _greet(self, greeting: bytearray, data: bytes) -> bytes:
        """The handshake (section 5.2); what came behind it."""
        before = len(greeting)
        greeting += data
        if greeting and greeting[0] != VERSION:
            raise Malformed(f"version {greeting[0]}")
        hello, whole = 1 + HANDSHAKE_BYTES, 1 + 2 * HANDSHAKE_BYTES
        if before < hello <= len(greeting):
            ours = bytes(8) + secrets.token_bytes(HANDSHAKE_BYTES - 8)
            self._write(bytes((VERSION,)) + ours + bytes(greeting[1:hello]))
        if len(greeting) < whole:
            return b""
        rest = bytes(greeting[whole:])
        self._greeting = None
        return rest

    def _message(self, message: Message) -> None:
        if self._held is not None:
            if len(self._held) >= HELD_MAX:
                raise Malformed("too much at once")
            self._held.append(message)
            return
        match message.kind:
            case chunks.VIDEO if self._stream is not None:
                self._picture(self._stream, message)
            case chunks.AUDIO if self._stream is not None:
                self._sound(self._stream, message)
            case chunks.COMMAND:
                self._command(amf.decode(message.payload))
            case chunks.COMMAND_AMF3:
                self._command(amf.decode(message.payload[1:]))
            case _:
                pass  # acknowledgements, windows, metadata: nothing of them is needed

    def _command(self, values: list[Value]) -> None:
        match values:
            case ["connect", float() as number, {"app": str() as app}, *_]:
                self._connect(number, app)
            case ["createStream", float() as number, *_]:
                self._answer("_result", number, None, float(_STREAM))
            case ["publish", float(), _, str() as name, *_]:
                self._publish(name)
            case ["FCUnpublish" | "deleteStream" | "closeStream", *_]:
                if self._stream is not None:
                    self.cut_off("finished")
            case ["play" | "play2", *_]:
                raise Malformed("this server takes video and gives none by RTMP")
            case [str(), float() as number, *_] if number:
                self._answer("_result", number, None, None)
            case _:
                pass

    def _connect(self, number: float, app: str) -> None:
        self._say(chunks.WINDOW_SIZE, struct.pack(">I", WINDOW_BYTES), channel=2)
        self._say(chunks.PEER_BANDWIDTH, struct.pack(">IB", WINDOW_BYTES, 2), channel=2)
        self._say(chunks.SET_CHUNK_SIZE, struct.pack(">I", chunks.CHUNK_BYTES_OURS), channel=2)
        if app.partition("?")[0].strip("/") != "live":
            self._answer("_error", number, None, _status("error", "NetConnection.Connect.Rejected", "The app is live."))
            self._close()
            return
        properties = {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0}
        status = _status("status", "NetConnection.Connect.Success", "Connection succeeded.")
        self._answer("_result", number, properties, {**status, "objectEncoding": 0.0})

    def _publish(self, said: str) -> None:
        if self._stream is not None or self._asking is not None:
            raise Malformed("one line publishes one stream")
        name, mark, param = said.partition("?")
        assert self._transport is not None
        self._transport.pause_reading()
        self._held = []
        self._asking = asyncio.create_task(self._ask(name, mark + param))

    async def _ask(self, name: str, param: str) -> None:
        stream = await self._origin.admitted(self, name, param, "rtmp")
        self._asking = None
        assert self._transport is not None
        if stream is None:
            self._status("error", "NetStream.Publish.BadName", "This stream may not be published.")
            self._close()
            return
        self._stream = stream
        self._reader.message_bytes_max = chunks.MESSAGE_BYTES_MAX
        self._status("status", "NetStream.Publish.Start", "Publishing.")
        held, self._held = self._held or [], None
        try:
            for message in held:
                self._message(message)
        except Malformed as error:
            log.info("media.rtmp_malformed", client=self.client_id, why=str(error))
            self._close()
            return
        with suppress(RuntimeError):  # the line may be closing
            self._transport.resume_reading()

    def _picture(self, stream: Stream, message: Message) -> None:
        """A tag of FLV (Adobe, "Video File Format 10.1", E.4.3): an H.264 description, or a picture."""
        tag = message.payload
        if len(tag) < 5:
            return
        if tag[0] & 15 != _H264 or tag[0] & 0x80:
            raise Malformed("only H.264 is taken")
        if tag[1] == 0:
            self._video = read_video(tag[5:])
            if stream.packager is not None:
                stream.describe(self._video, self._audio)
        elif tag[1] == 1 and tag[0] >> 4 in (1, 2, 3) and self._video is not None:
            key = tag[0] >> 4 == 1
            if key and stream.packager is None:
                stream.describe(self._video, self._audio)
            shift = (int.from_bytes(tag[2:5]) ^ 0x800000) - 0x800000
            stream.picture(message.timestamp, shift, key, tag[5:])

    def _sound(self, stream: Stream, message: Message) -> None:
        """A tag of FLV (E.4.2): an AAC description, or a frame. Other sound than AAC is not taken; the picture is."""
        tag = message.payload
        if len(tag) < 2 or tag[0] >> 4 != _AAC:
            return
        if tag[1] == 0:
            self._audio = read_audio(tag[2:])
            if stream.packager is not None and self._video is not None:
                stream.describe(self._video, self._audio)
        else:
            stream.sound(message.timestamp, tag[2:])

    def _status(self, level: str, code: str, words: str) -> None:
        payload = amf.encode("onStatus", 0.0, None, _status(level, code, words))
        self._say(chunks.COMMAND, payload, stream=_STREAM, channel=5)

    def _answer(self, name: str, number: float, *values: Value) -> None:
        self._say(chunks.COMMAND, amf.encode(name, number, *values))

    def _say(self, kind: int, payload: bytes, *, stream: int = 0, channel: int = 3) -> None:
        self._write(written(kind, payload, stream=stream, channel=channel))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def _status(level: str, code: str, words: str) -> Mapping[str, Value]:
    return {"level": level, "code": code, "description": words}
