"""The page where a buyer pays, and what Stripe's Dashboard would show."""

from typing import Literal

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from steelyard.simulators.pages import page
from steelyard.simulators.requests import language
from steelyard.simulators.stripe.book import StripeBook
from steelyard.simulators.stripe.disputes import REASONS, Disputes
from steelyard.simulators.web import Foundation

AnyRequest = Request[object, object, State]
SEE_OTHER = 303


class Choice(msgspec.Struct, frozen=True):
    do: Literal["pay", "decline", "slow", "settle", "fail"]


class Claim(msgspec.Struct, frozen=True):
    intent: str
    kind: Literal["inquiry", "chargeback"]
    reason: Literal[
        "fraudulent", "product_not_received", "product_unacceptable", "duplicate", "credit_not_processed", "general"
    ]


class Ruling(msgspec.Struct, frozen=True):
    do: Literal["escalate", "close", "win", "lose"]


@get("/")
async def index(request: AnyRequest, book: NamedDependency[StripeBook]) -> Template:
    return page(
        request,
        "stripe.html",
        sessions=book.latest("checkout.session"),
        intents=book.latest("payment_intent"),
        disputes=book.latest("dispute"),
        reasons=REASONS,
        accounts=book.latest("account"),
        transfers=book.latest("transfer"),
    )


@post("/disputes")
async def dispute(
    request: AnyRequest,
    data: URLEncodedBody[Claim],
    book: NamedDependency[StripeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    """The payer's bank takes a payment back, or asks about it."""
    with ground.store.write() as tx:
        amount = book.get("payment_intent", data.intent, tx)["amount_received"]
        Disputes(book).open(tx, data.intent, amount, data.reason, ground.clock.now(), inquiry=data.kind == "inquiry")
    ground.pump.wake()
    return Redirect(f"/?lang={language(request)}", status_code=SEE_OTHER)


@post("/disputes/{name:str}")
async def decide_dispute(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[Ruling],
    book: NamedDependency[StripeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    """What the bank decides."""
    with ground.store.write() as tx:
        Disputes(book).decide(tx, name, data.do)
    ground.pump.wake()
    return Redirect(f"/?lang={language(request)}", status_code=SEE_OTHER)


@get("/c/pay/{name:str}")
async def cashier(
    request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Template:
    await book.expire_due()
    ground.pump.wake()
    return page(request, "stripe_pay.html", session=book.session(name, whole=True))


@post("/c/pay/{name:str}")
async def choose(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[Choice],
    book: NamedDependency[StripeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    """Do what the button says, once; a page that has ended stays as it is."""
    session = book.decide(name, data.do)
    ground.pump.wake()
    if session["status"] == "complete" and data.do in ("pay", "slow"):
        return Redirect(session["success_url"], status_code=SEE_OTHER)
    return Redirect(f"/c/pay/{name}?lang={language(request)}", status_code=SEE_OTHER)


@get("/3ds/{name:str}")
async def three_d(request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook]) -> Template:
    return page(request, "stripe_3ds.html", intent=book.get("payment_intent", name))


@post("/3ds/{name:str}")
async def pass_three_d(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[Choice],
    book: NamedDependency[StripeBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    intent = book.authenticate(name, data.do == "pay")
    ground.pump.wake()
    back = intent["metadata"].get("return_url") or intent.get("return_url")
    return Redirect(back or f"/3ds/{name}?lang={language(request)}", status_code=SEE_OTHER)


PAGES = [index, dispute, decide_dispute, cashier, choose, three_d, pass_three_d]
