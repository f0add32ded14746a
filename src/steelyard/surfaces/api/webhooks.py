"""Messages in: from the payment channel, the carriers and the bank.

The module whose change a message asks for verifies its signature, stores it and applies it; here it is only received,
within bounds. 204 says that it has been taken in and need not come again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from litestar import Response, Router, post
from litestar.params import FromPath

from steelyard.kernel.db import Database
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.settings import Settings
from steelyard.logistics import parcels
from steelyard.money import payments
from steelyard.operations import outreach
from steelyard.surfaces.web.visit import WebRequest
from steelyard.trade import checkout, settlement

BODY_BYTES_MAX = 256 * 1024
BODY_SECONDS_MAX = 10.0

Receive = Callable[[Database, Settings, Mapping[str, str], bytes, float], Awaitable[None]]


class TooSlow(Refusal):
    """A message comes at once, not byte by byte."""

    code = "request_timeout"
    status = 408
    title = N_("The request took too long to arrive")


@post("/webhooks/{channel:str}")
async def payment_channel(request: WebRequest, channel: FromPath[str]) -> Response[bytes]:
    """From a payment channel: a payment or a refund has come further. It hears the thanks that it wants to hear."""
    gateway = payments.channels(request.app.state.settings).get(channel)
    if gateway is None:
        raise NotFound()

    async def receive(db: Database, settings: Settings, headers: Mapping[str, str], body: bytes, now: float) -> None:
        await checkout.receive_webhook(db, settings, channel, headers, body, now)

    await _take(request, receive)
    thanks = gateway.terms.thanks
    return Response(thanks.body, status_code=thanks.status, media_type=thanks.media_type)


@post("/webhooks/carriers", status_code=204)
async def carriers(request: WebRequest) -> None:
    """From the carriers: a parcel has moved."""
    await _take(request, parcels.receive_webhook)


@post("/webhooks/messages", status_code=204)
async def messages(request: WebRequest) -> None:
    """From the message service: a message arrived, came back, or is not wanted any more."""
    await _take(request, outreach.receive_webhook)


@post("/webhooks/stripe-connect", status_code=204)
async def connected_accounts(request: WebRequest) -> None:
    """From Stripe: a shop's account there has changed."""
    await _take(request, settlement.receive_account_webhook)


@post("/webhooks/simbank", status_code=204)
async def simbank(request: WebRequest) -> None:
    """From the bank: a payout was paid or rejected."""
    await _take(request, settlement.receive_webhook)


async def _take(request: WebRequest, receive: Receive) -> None:
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            body = await request.body()
    except TimeoutError:
        raise TooSlow() from None
    headers = {name.lower(): value for name, value in request.headers.items()}
    await receive(request.app.state.db, request.app.state.settings, headers, body, time.time())


routers = [
    Router(
        "/",
        route_handlers=[payment_channel, carriers, messages, connected_accounts, simbank],
        request_max_body_size=BODY_BYTES_MAX,
        include_in_schema=False,
    )
]
