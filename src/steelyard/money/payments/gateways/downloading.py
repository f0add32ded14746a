"""Fetching a file that a channel has given an address for: whole, not larger and not longer than said, or not at all."""

import asyncio
import zlib
from collections.abc import Mapping

import httpx

from steelyard.money.payments.bill_model import BILL_BYTES_MAX, BILL_UNPACKED_BYTES_MAX, DOWNLOAD_SECONDS_MAX
from steelyard.money.payments.model import Unknown

_GZIP = 16 + zlib.MAX_WBITS


async def downloaded(client: httpx.AsyncClient, url: str, headers: Mapping[str, str] | None = None) -> bytes | Unknown:
    """The bytes behind an address as they are, whatever the answer calls them."""
    try:
        async with asyncio.timeout(DOWNLOAD_SECONDS_MAX), client.stream("GET", url, headers=headers) as answer:
            if answer.status_code != 200:
                return Unknown(why=f"download {answer.status_code}")
            found = bytearray()
            async for piece in answer.aiter_raw():
                found += piece
                if len(found) > BILL_BYTES_MAX:
                    return Unknown(why="download too large")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return Unknown(why=f"download {type(error).__name__}")
    told = answer.headers.get("content-length", "")
    if told.isdigit() and int(told) != len(found):
        return Unknown(why="download cut off")
    return bytes(found)


def unpacked(content: bytes) -> bytes | Unknown:
    """What a gzip (RFC 1952) holds."""
    opened = zlib.decompressobj(_GZIP)
    try:
        found = opened.decompress(content, BILL_UNPACKED_BYTES_MAX)
    except zlib.error:
        return Unknown(why="damaged gzip")
    if opened.unconsumed_tail:
        return Unknown(why="unpacked too large")
    return found if opened.eof else Unknown(why="damaged gzip")
