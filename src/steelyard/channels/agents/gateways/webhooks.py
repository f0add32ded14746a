"""Calling a platform's webhook."""

from collections.abc import Mapping

import httpx
import msgspec

from steelyard.channels.agents.gateways.addresses import allowed_address
from steelyard.channels.agents.gateways.connection import client, pinned


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: a status, or why there is none."""

    status: int | None
    error: str | None = None


async def post(url: str, base_url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send one signed message. Any answer of 200 to 299 is a thank-you; its body is not read."""
    address = await allowed_address(url, base_url)
    if address is None:
        return Answer(status=None, error="the address may not be called")
    try:
        async with client() as opened:
            request = pinned(opened, "POST", url, address, headers=dict(headers), content=body)
            answer = await opened.send(request, stream=True)
            await answer.aclose()
    except httpx.HTTPError as error:
        return Answer(status=None, error=type(error).__name__)
    if answer.is_success:
        return Answer(status=answer.status_code)
    return Answer(status=answer.status_code, error=f"answered {answer.status_code}")
