"""Answers made small on their way out: gzip, for texts that are sent in one piece.

A compressed page tells by its length whether what somebody put into the address also stands elsewhere in it (BREACH,
CVE-2013-3587); decision 0026 says why that is no way to our tokens: cookies are SameSite=Lax, so that nobody else's page
can ask in a visitor's name again and again unseen, and each compressed answer carries a random number of bytes that mean
nothing (Heal the Breach; Paracha et al., 2022), as Django does it. What is streamed or compressed already is passed on.
"""

import secrets
import struct
import zlib

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

BYTES_MIN = 1_024
LEVEL = 6
PADDING_BYTES_MAX = 100
TEXTS = ("text/", "application/json", "application/problem+json", "application/xml", "application/ld+json")
_HEADER = struct.pack("<BBBBIBB", 0x1F, 0x8B, 8, 0x08, 0, 0, 255)  # RFC 1952; flag 0x08: a file name follows


def squeeze(body: bytes) -> bytes:
    """A body as gzip."""
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(body) + deflate.flush()
    return gzip_head() + packed + gzip_tail(zlib.crc32(body), len(body))


def gzip_head() -> bytes:
    """What stands before what is compressed, with a file name of random length that readers skip."""
    name = secrets.token_hex(PADDING_BYTES_MAX)[: secrets.randbelow(PADDING_BYTES_MAX) + 1].encode("ascii")
    return _HEADER + name + b"\x00"


def gzip_tail(crc: int, length: int) -> bytes:
    """What stands behind it: the check sum and the length of the body."""
    return struct.pack("<II", crc, length & 0xFFFFFFFF)


class Compressed:
    """The middleware: what the browser takes compressed, and what becomes smaller by it, is compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not takes_gzip(scope):
            await self._app(scope, receive, send)
            return
        held: HTTPResponseStartEvent | None = None

        async def squeezed(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                if _is_text(message):
                    held = message
                    return
            elif message["type"] == "http.response.body" and held is not None:
                start, held = held, None
                body = message["body"]
                headers = MutableScopeHeaders.from_message(start)
                headers["vary"] = ", ".join(filter(None, (headers.get("vary", ""), "Accept-Encoding")))
                if not message["more_body"] and len(body) >= BYTES_MIN:
                    message["body"] = squeeze(body)
                    headers["content-encoding"] = "gzip"
                    headers["content-length"] = str(len(message["body"]))
                await send(start)
            await send(message)

        await self._app(scope, receive, squeezed)


def takes_gzip(scope: Scope) -> bool:
    """Whether who asks takes an answer as gzip."""
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


def _is_text(start: HTTPResponseStartEvent) -> bool:
    headers = MutableScopeHeaders.from_message(start)
    kind = headers.get("content-type", "")
    return "content-encoding" not in headers and kind.startswith(TEXTS) and not kind.startswith("text/event-stream")
