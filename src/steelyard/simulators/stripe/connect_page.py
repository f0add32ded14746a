"""The page where a shop gives Stripe what it asks for, and the desk where Stripe decides."""

from typing import Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from steelyard.simulators.pages import page
from steelyard.simulators.requests import language
from steelyard.simulators.stripe.answers import AnyRequest
from steelyard.simulators.stripe.book import StripeBook
from steelyard.simulators.stripe.connect import Connect
from steelyard.simulators.web import Foundation

SEE_OTHER = 303


class Filled(msgspec.Struct, frozen=True):
    do: Literal["finish", "partly", "review", "leave"]


class Decided(msgspec.Struct, frozen=True):
    do: Literal["enable", "restrict", "review", "reject"]


@get("/setup/e/{account:str}/{token:str}")
async def onboarding(
    request: AnyRequest,
    account: FromPath[str],
    token: FromPath[str],
    book: NamedDependency[StripeBook],
    ground: NamedDependency[Foundation],
) -> Template | Redirect:
    """The form, once; a link that was used or is too old leads back for another."""
    with ground.store.write() as tx:
        found, link, good = Connect(book).visit(tx, account, token, ground.clock.now())
    if not good:
        return Redirect(link["refresh_url"], status_code=SEE_OTHER)
    return page(request, "stripe_setup.html", account=found, token=token)


@post("/setup/e/{account:str}/{token:str}")
async def fill_in(
    account: FromPath[str],
    token: FromPath[str],
    data: URLEncodedBody[Filled],
    book: NamedDependency[StripeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    with ground.store.write() as tx:
        onward = Connect(book).fill_in(tx, account, token, data.do, ground.clock.now())
    ground.pump.wake()
    return Redirect(onward, status_code=SEE_OTHER)


@post("/accounts/{account:str}")
async def decide(
    request: AnyRequest,
    account: FromPath[str],
    data: URLEncodedBody[Decided],
    book: NamedDependency[StripeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    """What Stripe decides about an account."""
    with ground.store.write() as tx:
        Connect(book).decide(tx, account, data.do)
    ground.pump.wake()
    return Redirect(f"/?lang={language(request)}", status_code=SEE_OTHER)


CONNECT_PAGES = [onboarding, fill_in, decide]
