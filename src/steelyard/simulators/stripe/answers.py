"""How answers are written: JSON with the headers of the real one, and a POST's once for each of its keys."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State

from steelyard.simulators.requests import request_id
from steelyard.simulators.stripe.keys import Keys
from steelyard.simulators.stripe.words import form
from steelyard.simulators.web import Foundation

AnyRequest = Request[object, object, State]


def answered(body: object, status: int, request: AnyRequest) -> Response[bytes]:
    headers = {"request-id": "req_" + request_id(request.scope)[:14], "stripe-version": "2025-09-30.clover"}
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json", headers=headers)


async def done(request: AnyRequest, ground: Foundation, work: Callable[[Any, dict[str, Any]], Any]) -> Response[bytes]:
    """Do what a POST asks for, once for each of its keys."""
    given = form((await request.body()).decode())
    key = request.headers.get("idempotency-key")
    status, body, again = Keys(ground.store).once(key, request.url.path, given, work)
    ground.pump.wake()
    answer = answered(body, status, request)
    if again:
        answer.headers["idempotent-replayed"] = "true"
    if key:
        answer.headers["idempotency-key"] = key
    return answer
