"""What a program may ask of Stripe: /v1, form-encoded, with its error bodies and its idempotency."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from steelyard.simulators.problems import Refused
from steelyard.simulators.stripe import balance
from steelyard.simulators.stripe.answers import AnyRequest, answered, done
from steelyard.simulators.stripe.book import ROWS_MAX, StripeBook
from steelyard.simulators.stripe.disputes import Disputes
from steelyard.simulators.stripe.words import StripeRefused, form
from steelyard.simulators.web import Foundation


def on_error(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A refusal as Stripe writes it."""
    status, body = 400, {"type": "invalid_request_error", "message": str(error)}
    if isinstance(error, StripeRefused):
        status, body = error.status, error.error
    elif isinstance(error, Refused):  # the fault that is on
        status, body = error.status, {"type": "api_error", "message": error.detail}
    elif isinstance(error, HTTPException):
        status, body = error.status_code, {"type": "invalid_request_error", "message": error.detail}
    return answered({"error": body}, status, request)


@post("/v1/checkout/sessions", status_code=200)
async def open_session(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, book.open_session)


@get("/v1/checkout/sessions/{name:str}")
async def show_session(request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook]) -> Response[bytes]:
    expand = form(request.url.query).get("expand") or []
    return answered(book.session(name, whole="payment_intent" in expand), 200, request)


@post("/v1/checkout/sessions/{name:str}/expire", status_code=200)
async def expire_session(
    request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, lambda tx, _: book.expire(tx, name))


@post("/v1/payment_intents", status_code=200)
async def make_intent(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, book.make_intent)


@get("/v1/payment_intents/{name:str}")
async def show_intent(request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook]) -> Response[bytes]:
    return answered(book.get("payment_intent", name), 200, request)


@post("/v1/payment_intents/{name:str}/{what:str}", status_code=200)
async def move_intent(
    request: AnyRequest,
    name: FromPath[str],
    what: FromPath[str],
    book: NamedDependency[StripeBook],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    if what not in ("capture", "cancel"):
        raise StripeRefused(f"Unrecognized request URL (POST: {request.url.path}).", status=404)
    return await done(
        request,
        ground,
        lambda tx, given: book.capture(tx, name, given) if what == "capture" else book.cancel(tx, name),
    )


@post("/v1/refunds", status_code=200)
async def refund(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, book.refund)


@get("/v1/refunds/{name:str}")
async def show_refund(request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook]) -> Response[bytes]:
    return answered(book.get("refund", name), 200, request)


@get("/v1/refunds")
async def list_refunds(request: AnyRequest, book: NamedDependency[StripeBook]) -> Response[bytes]:
    given = form(request.url.query)
    return answered(book.listed("refund", given, parent=given.get("payment_intent")), 200, request)


@get("/v1/checkout/sessions")
async def list_sessions(request: AnyRequest, book: NamedDependency[StripeBook]) -> Response[bytes]:
    return answered(book.listed("checkout.session", form(request.url.query)), 200, request)


@get("/v1/payment_intents")
async def list_intents(request: AnyRequest, book: NamedDependency[StripeBook]) -> Response[bytes]:
    return answered(book.listed("payment_intent", form(request.url.query)), 200, request)


@get("/v1/disputes/{name:str}")
async def show_dispute(request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook]) -> Response[bytes]:
    expand = form(request.url.query).get("expand") or []
    return answered(Disputes(book).whole(name, expand="payment_intent" in expand), 200, request)


@get("/v1/disputes")
async def list_disputes(request: AnyRequest, book: NamedDependency[StripeBook]) -> Response[bytes]:
    given = form(request.url.query)
    return answered(book.listed("dispute", given, parent=given.get("payment_intent")), 200, request)


@post("/v1/disputes/{name:str}", status_code=200)
async def answer_dispute(
    request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(
        request, ground, lambda tx, given: _expanded(tx, book, Disputes(book).update(tx, name, given), given)
    )


@post("/v1/disputes/{name:str}/close", status_code=200)
async def close_dispute(
    request: AnyRequest, name: FromPath[str], book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return await done(request, ground, lambda tx, given: _expanded(tx, book, Disputes(book).accept(tx, name), given))


@get("/v1/balance_transactions")
async def list_movements(
    request: AnyRequest, book: NamedDependency[StripeBook], ground: NamedDependency[Foundation]
) -> Response[bytes]:
    return answered(balance.page(ground.store, book.get, form(request.url.query), ROWS_MAX), 200, request)


def _expanded(tx: Any, book: StripeBook, dispute: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    if "payment_intent" not in (given.get("expand") or []):
        return dispute
    return {**dispute, "payment_intent": book.get("payment_intent", dispute["payment_intent"], tx)}


API = [
    show_dispute,
    list_disputes,
    answer_dispute,
    close_dispute,
    open_session,
    show_session,
    expire_session,
    make_intent,
    show_intent,
    move_intent,
    refund,
    show_refund,
    list_refunds,
    list_sessions,
    list_intents,
    list_movements,
]
