"""The channel's own desk for the demo user: all payments, what became of them, and the levers."""

from typing import Literal, get_args

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from steelyard.simulators.faults import AnswerMode, FaultsChange, RefundMode, Seconds, Share, WebhookMode, modes
from steelyard.simulators.pages import page
from steelyard.simulators.payments.book import PaymentBook
from steelyard.simulators.payments.disputes import OPEN, DisputeBook, Reason
from steelyard.simulators.payments.model import PAGE_ROWS, PaymentStatus
from steelyard.simulators.payments.refunds import RefundBook
from steelyard.simulators.requests import language
from steelyard.simulators.web import Foundation
from steelyard.simulators.webhooks import attempts_of, delivery_log

AnyRequest = Request[object, object, State]
SEE_OTHER = 303


class Resolution(msgspec.Struct, frozen=True):
    status: Literal["captured", "declined"]


class FaultForm(msgspec.Struct, frozen=True):
    webhooks: WebhookMode
    answers: AnswerMode
    refunds: RefundMode
    delay_seconds: Seconds
    rate: Share


@get("/")
async def index(
    request: AnyRequest,
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
    before: FromQuery[str | None] = None,
) -> Template:
    rows = payments.latest(before)
    return page(
        request,
        "payments.html",
        payments=rows,
        older=rows[-1].id if len(rows) == PAGE_ROWS else None,
        faults=ground.faults.now,
        modes=modes(),
        on=ground.faults.on,
    )


@get("/payments/{payment:str}")
async def one(
    request: AnyRequest,
    payment: FromPath[str],
    payments: NamedDependency[PaymentBook],
    refunds: NamedDependency[RefundBook],
    disputes: NamedDependency[DisputeBook],
    ground: NamedDependency[Foundation],
) -> Template:
    row = payments.row(payment)
    given_back, taken_back = refunds.of(payment), disputes.of(payment)
    deliveries = [
        delivery
        for subject in (payment, *(each.id for each in (*given_back, *taken_back)))
        for delivery in delivery_log(ground.store, subject)
    ]
    deliveries.sort(key=lambda delivery: delivery.id)
    return page(
        request,
        "payment.html",
        payment=row,
        history=payments.history(payment),
        refunds=given_back,
        disputes=taken_back,
        open_disputes=[each.id for each in taken_back if each.status in OPEN],
        reasons=get_args(Reason),
        deliveries=[(delivery, attempts_of(ground.store, delivery.id)) for delivery in deliveries],
    )


@post("/payments/{payment:str}/resolve")
async def resolve(
    request: AnyRequest,
    payment: FromPath[str],
    data: URLEncodedBody[Resolution],
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    to = PaymentStatus(data.status)
    payments.move(payment, to, "desk", "card_declined" if to is PaymentStatus.DECLINED else None)
    ground.pump.wake()
    return _back(request, payment)


@post("/payments/{payment:str}/replay/{subject:str}")
async def replay(
    request: AnyRequest, payment: FromPath[str], subject: FromPath[str], ground: NamedDependency[Foundation]
) -> Redirect:
    """Send the last event of the payment, or of one of its refunds, once more."""
    ground.outbox.replay(subject)
    ground.pump.wake()
    return _back(request, payment)


@post("/faults")
async def change_faults(
    request: AnyRequest, data: URLEncodedBody[FaultForm], ground: NamedDependency[Foundation]
) -> Redirect:
    ground.faults.change(
        FaultsChange(
            webhooks=data.webhooks,
            answers=data.answers,
            refunds=data.refunds,
            delay_seconds=data.delay_seconds,
            rate=data.rate,
        )
    )
    return Redirect(f"/?lang={language(request)}", status_code=SEE_OTHER)


def _back(request: AnyRequest, payment: str) -> Redirect:
    return Redirect(f"/payments/{payment}?lang={language(request)}", status_code=SEE_OTHER)


DESK = [index, one, resolve, replay, change_faults]
