"""What a merchant's program may ask of the channel: /v1."""

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody

from steelyard.simulators.payments.book import PaymentBook
from steelyard.simulators.payments.model import (
    CancelRequest,
    CaptureRequest,
    ChargeRequest,
    Payment,
    Payments,
    PaymentStatus,
    Refund,
    RefundRequest,
    Refunds,
    ResolveRequest,
)
from steelyard.simulators.payments.refunds import RefundBook
from steelyard.simulators.payments.statement import statement
from steelyard.simulators.statement_days import statement_day
from steelyard.simulators.web import Foundation

IdempotencyKey = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=255)]


@post("/v1/payments")
async def charge(
    data: JSONBody[ChargeRequest],
    key: IdempotencyKey,
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    answer = payments.charge(data, key)
    ground.pump.wake()
    if data.token == "tok_timeout" and answer.fresh:  # noqa: S105 - a magic token, not a secret
        await ground.clock.sleep(ground.settings.timeout_seconds, ground.closing)
    return answer.response()


@get("/v1/payments/{payment:str}")
async def show_payment(payment: FromPath[str], payments: NamedDependency[PaymentBook]) -> Payment:
    return payments.shown(payments.row(payment))


@get("/v1/payments")
async def find_payments(reference: FromQuery[str], payments: NamedDependency[PaymentBook]) -> Payments:
    return Payments(payments.by_reference(reference))


@post("/v1/payments/{payment:str}/cancel", status_code=200)
async def cancel(
    payment: FromPath[str], payments: NamedDependency[PaymentBook], ground: NamedDependency[Foundation]
) -> Payment:
    row = payments.cancel(payment)
    ground.pump.wake()
    return payments.shown(row)


@post("/v1/payments/cancel", status_code=200)
async def cancel_reference(
    data: JSONBody[CancelRequest], payments: NamedDependency[PaymentBook], ground: NamedDependency[Foundation]
) -> Payments:
    """See to it that nothing is captured under a reference, also when nothing has arrived yet under it."""
    found = payments.cancel_reference(data.reference)
    ground.pump.wake()
    return Payments(found)


@post("/v1/payments/{payment:str}/resolve", status_code=200)
async def resolve(
    payment: FromPath[str],
    data: JSONBody[ResolveRequest],
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
) -> Payment:
    row = payments.resolve(payment, PaymentStatus(data.status), "api")
    ground.pump.wake()
    return payments.shown(row)


@post("/v1/captures")
async def capture(
    data: JSONBody[CaptureRequest],
    key: IdempotencyKey,
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    answer = payments.capture(data, key)
    ground.pump.wake()
    return answer.response()


@post("/v1/refunds")
async def refund(
    data: JSONBody[RefundRequest],
    key: IdempotencyKey,
    refunds: NamedDependency[RefundBook],
    ground: NamedDependency[Foundation],
) -> Response[bytes]:
    answer = refunds.ask(data, key)
    ground.pump.wake()
    return answer.response()


@get("/v1/refunds/{refund_id:str}")
async def show_refund(refund_id: FromPath[str], refunds: NamedDependency[RefundBook]) -> Refund:
    return refunds.one(refund_id)


@get("/v1/refunds")
async def find_refunds(reference: FromQuery[str], refunds: NamedDependency[RefundBook]) -> Refunds:
    return Refunds(refunds.by_reference(reference))


@get("/v1/statements/{file:str}", media_type="text/csv")
async def show_statement(file: FromPath[str], ground: NamedDependency[Foundation]) -> Response[str]:
    """The statement of a day that has begun; today's is not whole yet."""
    day = statement_day(file, ground.clock.now())
    return Response(
        statement(ground.store, day),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="simpay-{day}.csv"'},
    )


API = [
    charge,
    show_payment,
    find_payments,
    cancel,
    cancel_reference,
    resolve,
    capture,
    refund,
    show_refund,
    find_refunds,
    show_statement,
]
