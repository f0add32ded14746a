"""The HTTP side: playlists, parts and segments for players, and the API for the house."""

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

import msgspec

from steelyard.media import playlists
from steelyard.media.recording import Recording
from steelyard.media.streams import NAME, Origin, Stream
from steelyard.media.window import Ahead

if TYPE_CHECKING:
    from steelyard.media.whip import Caller

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BLOCK_SECONDS_MAX = 4.0
"""Twice the target duration; then the playlist is given as it is: the publisher has gone for a while."""

BODY_BYTES_MAX = 64 * 1024
BODY_SECONDS_MAX = 5.0
NO_STREAM = 2048
"""SRS's code of a stream that is not there."""

_PLAYLIST = "application/vnd.apple.mpegurl"
_MEDIA = "video/mp4"
_LIVE = re.compile(r"/live/([A-Za-z0-9_-]{1,64})/([a-z0-9.-]{1,40})")
_WHIP = re.compile(r"/whip/([A-Za-z0-9_-]{1,64})(?:/(c-[0-9a-f]{16}))?")
_FILE = re.compile(r"(part-|init-|)(\d{1,12})\.(m4s|mp4)")
_CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS, POST, DELETE"),
    (b"access-control-allow-headers", b"range, authorization, content-type"),
    (b"access-control-expose-headers", b"location"),
    (b"access-control-max-age", b"86400"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]


class Answer(msgspec.Struct, frozen=True):
    """`seconds` is how long it may be kept by whoever stands between; 0 not at all."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    seconds: int = 0
    location: str = ""


class Web:
    """The ASGI application."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self.callers: dict[str, Caller] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = await self._answer(scope, receive)
        if answer.kind == _MEDIA and answer.seconds:
            cache = f"public, max-age={answer.seconds}, immutable"
        else:
            cache = "no-cache" if answer.kind == _PLAYLIST else "no-store"
        headers = [
            (b"content-type", answer.kind.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            (b"cache-control", cache.encode()),
            *_CORS,
        ]
        if answer.location:
            headers.append((b"location", answer.location.encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def close(self) -> None:
        """Browsers that publish are let go."""
        for caller in self.callers.values():
            caller.cut_off("dropped")
        await asyncio.gather(*(caller.closed() for caller in self.callers.values()))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = str(scope["path"]), str(scope["method"])
        if method == "OPTIONS":
            return Answer(204)
        if path.startswith("/api/v1/"):
            return self._api(scope, method, path.removeprefix("/api/v1/").strip("/").split("/"))
        if whip := _WHIP.fullmatch(path):
            return await self._whip(scope, receive, whip[1], whip[2])
        if method not in ("GET", "HEAD"):
            return Answer(405)
        if path == "/health":
            return Answer(200, b'{"program":"media","status":"ok"}')
        live = _LIVE.fullmatch(path)
        return await self._live(scope, live[1], live[2]) if live else Answer(404)

    async def _live(self, scope: Scope, name: str, file: str) -> Answer:
        stream = self._origin.streams.get(name)
        recording = stream.recording if stream else Recording(self._origin.settings.home / name)
        if not await self._origin.may_be_played(name):
            return Answer(404)
        match file:
            case "recording.m3u8":
                text = await asyncio.to_thread(recording.playlist)
                return Answer(200, text.encode(), _PLAYLIST) if text else Answer(404)
            case "index.m3u8" if stream is not None and stream.window.there:
                return _multivariant(stream)
            case "media.m3u8" if stream is not None and stream.window.there:
                return await self._media(scope, stream)
            case _:
                found = _FILE.fullmatch(file)
                return await self._file(stream, recording, found) if found else Answer(404)

    async def _file(self, stream: Stream | None, recording: Recording, found: re.Match[str]) -> Answer:
        data = await self._bytes(stream, found[1], int(found[2]))
        if data is None and found[1] != "part-":
            data = await asyncio.to_thread(recording.read, found[0])
        return Answer(404) if data is None else Answer(200, data, _MEDIA, seconds=3600)

    async def _bytes(self, stream: Stream | None, kind: str, number: int) -> bytes | None:
        if stream is None:
            return None
        match kind:
            case "part-":
                return await stream.window.part_data(number, BLOCK_SECONDS_MAX)
            case "init-":
                return stream.window.initialisation_data(number)
            case _:
                return stream.window.segment_data(number)

    async def _media(self, scope: Scope, stream: Stream) -> Answer:
        client = scope.get("client") or ("", 0)
        stream.seen(f"{client[0]}:{client[1]}")
        asked = parse_qs(bytes(scope["query_string"]).decode("latin-1"))
        try:
            wanted = _number(asked, "_HLS_msn"), _number(asked, "_HLS_part")
        except ValueError:
            return Answer(400)
        seq_no, part = wanted
        if seq_no is None and part is not None:
            return Answer(400)
        if seq_no is not None:
            try:
                await stream.window.until(seq_no, part, BLOCK_SECONDS_MAX)
            except Ahead:
                return Answer(400)
        return Answer(200, stream.window.playlist().encode(), _PLAYLIST)

    async def _whip(self, scope: Scope, receive: Receive, name: str, client: str | None) -> Answer:
        """RFC 9725: POST an offer with the key as bearer, hear the answer; DELETE ends. There is no trickling: 405."""
        key = _bearer(scope)
        match str(scope["method"]):
            case "POST" if client is None:
                return await self._called(scope, name, key, await _body(receive))
            case "DELETE" if client is not None:
                caller = self.callers.get(client)
                if caller is None or not hmac.compare_digest(caller.key.encode(), key.encode()):
                    return Answer(404)
                caller.cut_off("finished")
                await caller.closed()
                return Answer(200)
            case _:
                return Answer(405)

    async def _called(self, scope: Scope, name: str, key: str, body: bytes | None) -> Answer:
        from steelyard.media import whip  # noqa: PLC0415  # brings FFmpeg into memory: only where somebody publishes so

        for gone in [one for one, caller in self.callers.items() if caller.left]:
            del self.callers[gone]
        if len(self.callers) >= self._origin.settings.rooms_max:
            return Answer(503)
        try:
            offer = whip.checked(body if body is not None else b"")
            caller = whip.Caller(self._origin, str((scope.get("client") or ("",))[0]), key)
            stream = await self._origin.admitted(caller, name, f"?key={quote(key, safe='')}", "whip")
            if stream is None:
                return Answer(403)
            self.callers[caller.client_id] = caller
            answer = await caller.publish(stream, offer)
        except whip.BadOffer as bad:
            return Answer(406, str(bad).encode(), "text/plain; charset=utf-8")
        return Answer(201, answer.encode(), "application/sdp", location=f"/whip/{name}/{caller.client_id}")

    def _api(self, scope: Scope, method: str, way: list[str]) -> Answer:
        secret = self._origin.settings.secret
        if not secret or not hmac.compare_digest(secret.encode(), _bearer(scope).encode()):
            return Answer(401)
        match method, way:
            case "GET", ["streams"]:
                streams = [facts(stream) for stream in self._origin.streams.values()]
                return _json({"code": 0, "streams": streams})
            case "GET", ["streams", name] if name in self._origin.streams:
                return _json({"code": 0, "stream": facts(self._origin.streams[name])})
            case "DELETE", ["clients", client] if self._origin.kick(client):
                return _json({"code": 0})
            case "DELETE", ["streams", name] if NAME.fullmatch(name) and self._origin.take_down(name):
                return _json({"code": 0})
            case _:
                return Answer(404, msgspec.json.encode({"code": NO_STREAM}))


def _bearer(scope: Scope) -> str:
    given = next((bytes(value) for name, value in scope["headers"] if bytes(name) == b"authorization"), b"")
    return given.decode("latin-1").removeprefix("Bearer ") if given.startswith(b"Bearer ") else ""


async def _body(receive: Receive) -> bytes | None:
    """What was sent; None when that is too much or too slow."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            while len(body) <= BODY_BYTES_MAX:
                message = await receive()
                body += message.get("body", b"")
                if not message.get("more_body"):
                    return body
    except TimeoutError:
        pass
    return None


def facts(stream: Stream) -> dict[str, object]:
    """A stream, as SRS's API tells one."""
    video, audio = stream.described or (None, None)
    frame_ms = stream.packager.frame_ms if stream.packager else 0
    segments = stream.window.segments
    return {
        "name": stream.name,
        "publish": {
            "active": stream.publisher is not None,
            "cid": stream.publisher.client_id if stream.publisher else "",
        },
        "video": video
        and {
            "codec": "H264",
            "profile": video.profile,
            "level": f"{video.level:g}",
            "width": video.width,
            "height": video.height,
            "fps": round(1000 / frame_ms, 2) if frame_ms else None,
            "keyframe_seconds": stream.keyframe_ms / 1000 if stream.keyframe_ms else None,
        },
        "audio": audio
        and {
            "codec": "AAC" if audio.object_type else "OPUS",
            "sample_rate": audio.sample_rate,
            "channel": audio.channels,
        },
        "kbps": {"recv_30s": stream.kbps},
        "live_ms": round(stream.began_at * 1000),
        "last_seq_no": segments[-1].seq_no if segments else None,
        "viewers": stream.viewers,
    }


def _multivariant(stream: Stream) -> Answer:
    if stream.described is None:
        return Answer(404)
    video, audio = stream.described
    frame_ms = stream.packager.frame_ms if stream.packager else 0
    text = playlists.multivariant(
        codecs=",".join([video.codec, *([audio.codec] if audio else [])]),
        width=video.width,
        height=video.height,
        frame_rate=1000 / frame_ms if frame_ms else 0,
        bits_per_second=stream.window.bits_per_second,
    )
    return Answer(200, text.encode(), _PLAYLIST)


def _number(asked: dict[str, list[str]], name: str) -> int | None:
    """Raises ValueError."""
    if name not in asked:
        return None
    number = int(asked[name][-1])
    if number < 0:
        raise ValueError(name)
    return number


def _json(value: object) -> Answer:
    return Answer(200, msgspec.json.encode(value))
