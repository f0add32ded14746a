"""RTMP's chunk stream: messages cut into pieces that take turns (Adobe, "RTMP Chunk Stream", 2009, section 5)."""

import struct
from typing import NamedTuple

from steelyard.media.amf import Malformed

CHUNK_BYTES_FIRST = 128
CHUNK_BYTES_OURS = 4096
CHUNK_BYTES_MAX = 1 << 20
CHUNK_STREAMS_MAX = 16
MESSAGE_BYTES_MAX = 4 << 20
EXTENDED = 0xFFFFFF
"""A timestamp of 24 bits that says that the real one follows, in 32."""

SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, USER_CONTROL, WINDOW_SIZE, PEER_BANDWIDTH = 1, 2, 3, 4, 5, 6
AUDIO, VIDEO, DATA, COMMAND, COMMAND_AMF3 = 8, 9, 18, 20, 17

_HEADER_BYTES = (11, 7, 3, 0)


class Message(NamedTuple):
    """`timestamp` in milliseconds, of 32 bits, from where the publisher's clock begins."""

    kind: int
    stream: int
    timestamp: int
    payload: bytes


class _Channel:
    __slots__ = ("body", "delta", "extended", "kind", "length", "stream", "timestamp")

    def __init__(self) -> None:
        self.timestamp = 0
        self.delta = 0
        self.length = -1
        self.kind = 0
        self.stream = 0
        self.extended = False
        self.body = bytearray()


class ChunkReader:
    """Bytes in as they come, whole messages out."""

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self.message_bytes_max = message_bytes_max
        self._chunk_bytes = CHUNK_BYTES_FIRST
        self._buffer = bytearray()
        self._channels: dict[int, _Channel] = {}

    def feed(self, data: bytes) -> list[Message]:
        """What these bytes complete. Raises Malformed."""
        buffer = self._buffer
        buffer += data
        messages: list[Message] = []
        at = 0
        while True:
            then = self._chunk(buffer, at, messages)
            if then < 0:
                break
            at = then
        del buffer[:at]
        return messages

    def _chunk(self, buffer: bytearray, at: int, messages: list[Message]) -> int:
        """Reads the chunk at `at`; where the next begins, or -1 when it is not all there."""
        end = len(buffer)
        if at >= end:
            return -1
        form, number = buffer[at] >> 6, buffer[at] & 63
        at += 1
        if number < 2:
            wide = 1 + number
            if at + wide > end:
                return -1
            number = 64 + int.from_bytes(buffer[at : at + wide], "little")
            at += wide
        channel = self._channels.get(number) or self._new_channel(number, form)
        header = _HEADER_BYTES[form]
        if at + header > end:
            return -1
        field = int.from_bytes(buffer[at : at + 3]) if header else 0
        extended = field == EXTENDED if header else channel.extended
        length = int.from_bytes(buffer[at + 3 : at + 6]) if header >= 7 else channel.length
        if length > self.message_bytes_max or length < 0:
            raise Malformed(f"a message of {length} bytes")
        body_at = at + header + (4 if extended else 0)
        take = min(self._chunk_bytes, length - len(channel.body))
        if body_at + take > end:
            return -1
        if extended:
            field = int.from_bytes(buffer[at + header : body_at])
        if not channel.body:
            self._begin(channel, buffer, at, form, field)
        elif header >= 7 and length != channel.length:
            raise Malformed("a message changes its length in the middle")
        channel.extended = extended
        channel.body += memoryview(buffer)[body_at : body_at + take]
        if len(channel.body) >= channel.length:
            self._done(channel, messages)
        return body_at + take

    def _new_channel(self, number: int, form: int) -> _Channel:
        if len(self._channels) >= CHUNK_STREAMS_MAX or form > 1:
            raise Malformed("too many chunk streams, or one that begins in the middle")
        return self._channels.setdefault(number, _Channel())

    def _begin(self, channel: _Channel, buffer: bytearray, at: int, form: int, field: int) -> None:
        if form <= 1:
            channel.length = int.from_bytes(buffer[at + 3 : at + 6])
            channel.kind = buffer[at + 6]
        if form == 0:
            channel.stream = int.from_bytes(buffer[at + 7 : at + 11], "little")
            channel.timestamp = 0
        if form < 3:
            # Also after a whole header: what follows it without one moves on by as much (section 5.3.1.2.4).
            channel.delta = field
        channel.timestamp = (channel.timestamp + channel.delta) & 0xFFFFFFFF

    def _done(self, channel: _Channel, messages: list[Message]) -> None:
        payload = bytes(channel.body)
        channel.body = bytearray()
        if channel.kind == SET_CHUNK_SIZE and len(payload) == 4:
            size = int.from_bytes(payload) & 0x7FFFFFFF
            if size < 1:
                raise Malformed("chunks of no bytes")
            self._chunk_bytes = min(size, CHUNK_BYTES_MAX)
        elif channel.kind == ABORT and len(payload) == 4:
            aborted = self._channels.get(int.from_bytes(payload))
            if aborted is not None:
                aborted.body = bytearray()
        else:
            messages.append(Message(channel.kind, channel.stream, channel.timestamp, payload))


def written(kind: int, payload: bytes, *, stream: int = 0, channel: int = 3) -> bytes:
    """A message of ours, in chunks of CHUNK_BYTES_OURS, which the peer has been told of."""
    assert 2 <= channel < 64
    head = struct.pack(">BBHBHB", channel, 0, 0, len(payload) >> 16, len(payload) & 0xFFFF, kind)
    out = bytearray(head + stream.to_bytes(4, "little"))
    out += payload[:CHUNK_BYTES_OURS]
    for at in range(CHUNK_BYTES_OURS, len(payload), CHUNK_BYTES_OURS):
        out.append(0xC0 | channel)
        out += payload[at : at + CHUNK_BYTES_OURS]
    return bytes(out)
