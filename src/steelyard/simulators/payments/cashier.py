"""The page where the payer pays. What it says to the shop on the way back is the payment's id, and nothing to trust."""

from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from steelyard.simulators.pages import page
from steelyard.simulators.payments.book import PaymentBook, PaymentRow
from steelyard.simulators.payments.model import THREE_D_TRIES_MAX, PaymentStatus
from steelyard.simulators.requests import language
from steelyard.simulators.web import Foundation

AnyRequest = Request[object, object, State]
SEE_OTHER = 303


class Choice(msgspec.Struct, frozen=True):
    """The button that was pressed."""

    do: Literal["approve", "decline", "three_d", "hang"]


class ThreeDCode(msgspec.Struct, frozen=True):
    code: str = ""


def back_to_shop(row: PaymentRow) -> str | None:
    """The return_url with ?payment=<id> among its own parameters."""
    if row.return_url is None:
        return None
    parts = urlsplit(row.return_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "payment"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("payment", row.id)])))


def _here(request: AnyRequest, row: PaymentRow, step: str = "") -> str:
    return f"/cashier/{row.id}{step}?lang={language(request)}"


def _after(request: AnyRequest, row: PaymentRow) -> Redirect:
    """Where the payer goes once a button was pressed: to the shop when it is decided, otherwise to the page."""
    decided = row.status in (PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED, PaymentStatus.DECLINED)
    back = back_to_shop(row) if decided else None
    return Redirect(back or _here(request, row), status_code=SEE_OTHER)


def _shown(request: AnyRequest, ground: Foundation, row: PaymentRow, template: str, *, wrong: bool = False) -> Template:
    left = row.expires_at - datetime.fromtimestamp(ground.clock.now(), UTC)
    return page(
        request,
        template,
        payment=row,
        back=back_to_shop(row),
        seconds_left=max(0, int(left.total_seconds())),
        tries_left=THREE_D_TRIES_MAX - row.three_d_tries,
        wrong=wrong,
    )


@get("/cashier/{payment:str}")
async def cashier(
    request: AnyRequest,
    payment: FromPath[str],
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
) -> Template | Redirect:
    await payments.expire_due()
    ground.pump.wake()
    row = payments.row(payment)
    if row.three_d and row.is_open:
        return Redirect(_here(request, row, "/3d"), status_code=SEE_OTHER)
    return _shown(request, ground, row, "cashier.html" if row.is_open else "cashier_ended.html")


@post("/cashier/{payment:str}")
async def choose(
    request: AnyRequest,
    payment: FromPath[str],
    data: URLEncodedBody[Choice],
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
) -> Redirect | Template:
    """Do what the button says, once; a payment that has ended stays as it is."""
    match data.do:
        case "three_d":
            return Redirect(_here(request, payments.row(payment), "/3d"), status_code=SEE_OTHER)
        case "approve":
            row, _ = payments.move(payment, PaymentStatus.CAPTURED, "cashier")
        case "decline":
            row, _ = payments.move(payment, PaymentStatus.DECLINED, "cashier", "card_declined")
        case "hang":
            row, _ = payments.move(payment, PaymentStatus.PROCESSING, "cashier")
    ground.pump.wake()
    return _after(request, row)


@get("/cashier/{payment:str}/3d")
async def three_d(
    request: AnyRequest,
    payment: FromPath[str],
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
    wrong: FromQuery[bool] = False,
) -> Template | Redirect:
    await payments.expire_due()
    ground.pump.wake()
    row = payments.row(payment)
    if not row.is_open:
        return Redirect(_here(request, row), status_code=SEE_OTHER)
    return _shown(request, ground, row, "cashier_3d.html", wrong=wrong)


@post("/cashier/{payment:str}/3d")
async def pass_three_d(
    request: AnyRequest,
    payment: FromPath[str],
    data: URLEncodedBody[ThreeDCode],
    payments: NamedDependency[PaymentBook],
    ground: NamedDependency[Foundation],
) -> Redirect:
    row = payments.pass_three_d(payment, data.code)
    ground.pump.wake()
    if row.is_open:
        return Redirect(_here(request, row, "/3d") + "&wrong=1", status_code=SEE_OTHER)
    return _after(request, row)


CASHIER = [cashier, choose, three_d, pass_three_d]
