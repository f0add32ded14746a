"""Stripe, as far as a marketplace speaks to it: its API, its page where a buyer pays, its signed messages.

stripe.app(settings)          the application
await stripe.serve(settings)  the program

The same paths, forms, objects, error bodies and idempotency as the real one (`api.py`, `book.py`); what moves on the account
is in `balance.py`, the page in `page.py`, accounts of others and transfers to them in `connect.py`. PaymentMethods that
need no page: `pm_card_visa` is charged, `pm_card_visa_chargeDeclined` declined, `pm_card_threeDSecure2Required` waits for
the 3-D step. Messages go to `settings.stripe_webhook_url`, those about connected accounts to `stripe_connect_webhook_url`,
signed as Stripe signs (`Stripe-Signature: t=…,v1=…`). Refunds are pending for a moment; under the fault `refunds=fail` those
fail whose amount ends in 13 minor units.
"""

import asyncio
from collections.abc import Callable

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException

from steelyard.simulators.clock import Clock
from steelyard.simulators.problems import Refused
from steelyard.simulators.serving import Listener, serve_apps
from steelyard.simulators.settings import Settings
from steelyard.simulators.stripe import balance, purses
from steelyard.simulators.stripe.api import API, on_error
from steelyard.simulators.stripe.book import SCHEMA, StripeBook
from steelyard.simulators.stripe.connect_api import CONNECT_API
from steelyard.simulators.stripe.connect_page import CONNECT_PAGES
from steelyard.simulators.stripe.messages import enveloped
from steelyard.simulators.stripe.page import PAGES
from steelyard.simulators.stripe.words import StripeRefused
from steelyard.simulators.web import ClientMaker, Foundation, assemble

__all__ = ["app", "listener", "serve"]


def app(settings: Settings, *, clock: Clock | None = None, client: ClientMaker | None = None) -> Litestar:
    """Stripe as an ASGI application; tests bring their own clock and the client that sends messages."""
    ground = Foundation(
        "stripe",
        settings,
        SCHEMA + balance.SCHEMA + purses.SCHEMA,
        clock=clock,
        client=client,
        envelope=enveloped(settings.stripe_webhook_secret, settings.stripe_connect_webhook_secret),
    )
    book = StripeBook(ground, settings)
    ground.works(book.expire_due, book.settle_due)

    def provide_book() -> StripeBook:
        return book

    api = Router(
        "/",
        route_handlers=[*API, *CONNECT_API],
        exception_handlers={StripeRefused: on_error, Refused: on_error, HTTPException: on_error},
    )
    return assemble(
        ground,
        api=[api],
        page_routes=[*PAGES, *CONNECT_PAGES],
        dependencies={"book": Provide(provide_book, sync_to_thread=False)},
    )


def listener(settings: Settings) -> Listener:
    return Listener(app(settings), settings.host, settings.stripe_port)


async def serve(
    settings: Settings, *, stop: asyncio.Event | None = None, ready: Callable[[], object] | None = None
) -> None:
    """Serve until `stop` is set, or until SIGINT or SIGTERM when none is given."""
    await serve_apps([listener(settings)], stop=stop, ready=ready)
