"""What a platform may ask of Connect: accounts, links, transfers, reversals, balances."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.simulators.stripe import balance, purses
from steelyard.simulators.stripe.answers import AnyRequest, answered, done
from steelyard.simulators.stripe.book import StripeBook
from steelyard.simulators.stripe.connect import Connect
from steelyard.simulators.stripe.words import form
from steelyard.simulators.web import Foundation


@post("/v1/accounts", status_code=200)
async def open_account(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, Connect(book).open)


@get("/v1/accounts/{name:str}")
async def show_account(request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook]) -> Response[bytes]:
    return answered(book.get("account", name), 200, request)


@get("/v1/accounts")
async def list_accounts(request: AnyRequest, book: NamedDependency[StripeBook]) -> Response[bytes]:
    return answered(book.listed("account", form(request.url.query)), 200, request)


@post("/v1/account_links", status_code=200)
async def make_link(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    url, now = ground.settings.stripe_url, ground.clock.now()
    return await done(request, ground, lambda tx, given: Connect(book).link(tx, given, url, now))


@post("/v1/transfers", status_code=200)
async def make_transfer(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, lambda tx, given: Connect(book).transfer(tx, given, ground.clock.now()))


@get("/v1/transfers/{name:str}")
async def show_transfer(request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook]) -> Response[bytes]:
    return answered(book.get("transfer", name), 200, request)


@get("/v1/transfers")
async def list_transfers(request: AnyRequest, book: NamedDependency[StripeBook]) -> Response[bytes]:
    given = form(request.url.query)
    return answered(book.listed("transfer", given, parent=given.get("transfer_group")), 200, request)


@post("/v1/transfers/{name:str}/reversals", status_code=200)
async def make_reversal(
    request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, lambda tx, given: Connect(book).reverse(tx, name, given, ground.clock.now()))


@get("/v1/transfers/{name:str}/reversals")
async def list_reversals(
    request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook]
) -> Response[bytes]:
    return answered(book.listed("transfer_reversal", form(request.url.query), parent=name), 200, request)


@get("/v1/balance")
async def show_balance(request: AnyRequest, ground: NamedDependency[Foundation]) -> Response[bytes]:
    """Of the platform, or of the account that `Stripe-Account` names."""
    account = request.headers.get("stripe-account")
    funds = purses.available(ground.store, account) if account else balance.available(ground.store)
    return answered(purses.shown(funds), 200, request)


@post("/v1/topups", status_code=200)
async def top_up(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, lambda tx, given: Connect(book).top_up(tx, given, ground.clock.now()))


@post("/v1/payouts", status_code=200)
async def pay_out(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    account = request.headers.get("stripe-account", "")
    return await done(request, ground, lambda tx, given: Connect(book).pay_out(tx, account, given))


CONNECT_API = [
    open_account, show_account, list_accounts, make_link, make_transfer, show_transfer, list_transfers, make_reversal,
    list_reversals, show_balance, top_up, pay_out,
]  # fmt: skip
