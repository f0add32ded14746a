"""What the world tells us: payment channels, carriers, the bank. Each message is verified before anything is believed.

An answer of 200 is a thank-you; 401 says that the message is not from whom it says; anything else asks for another try.
"""

import asyncio
import time
from collections.abc import Awaitable

import structlog
from litestar import Response, post

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.money.payments import BadWebhook
from steelyard.surfaces.api.ucp.envelope import ApiRequest
from steelyard.trade import checkout, settlement

BODY_BYTES_MAX = 64 * 1024
APPLY_SECONDS_MAX = 10.0

log = structlog.get_logger()


class TooSlow(Refusal):
    """A message is applied in a moment, or it is sent again."""

    code = "try_again"
    status = 503
    title = N_("The message could not be applied in time")
    detail = N_("Please send it again.")


@post("/webhooks/simpay", status_code=200, request_max_body_size=BODY_BYTES_MAX)
async def simpay(request: ApiRequest) -> Response[None]:
    """A payment or a refund of the channel simpay moved."""
    body = await request.body()
    return await _taken(
        checkout.receive_webhook(
            request.app.state.db, request.app.state.settings, "simpay", _headers(request), body, time.time()
        )
    )


@post("/webhooks/carriers", status_code=200, request_max_body_size=BODY_BYTES_MAX)
async def carriers(request: ApiRequest) -> Response[None]:
    """A parcel moved."""
    body = await request.body()
    return await _taken(
        parcels.receive_webhook(request.app.state.db, request.app.state.settings, _headers(request), body, time.time())
    )


@post("/webhooks/simbank", status_code=200, request_max_body_size=BODY_BYTES_MAX)
async def simbank(request: ApiRequest) -> Response[None]:
    """A payout was paid or rejected."""
    body = await request.body()
    return await _taken(
        settlement.receive_webhook(
            request.app.state.db, request.app.state.settings, _headers(request), body, time.time()
        )
    )


def _headers(request: ApiRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


async def _taken(work: Awaitable[None]) -> Response[None]:
    try:
        async with asyncio.timeout(APPLY_SECONDS_MAX):
            await work
    except TimeoutError as error:
        raise TooSlow() from error
    except BadWebhook as error:
        log.warning("webhook.refused", why=error.facts.get("why"))
        raise
    return Response(None, status_code=200)


handlers = [simpay, carriers, simbank]
