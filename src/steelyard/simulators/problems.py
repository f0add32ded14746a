"""How a simulator says no: problem details after RFC 9457, with a `code` that a program can read."""

import logging

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Template

from steelyard.simulators.pages import page
from steelyard.simulators.requests import request_id

log = logging.getLogger(__name__)
PROBLEM_MEDIA_TYPE = "application/problem+json"
AnyRequest = Request[object, object, State]


class Refused(Exception):
    """The simulator understood and will not. `facts` go into the answer as members of their own."""

    def __init__(self, status: int, code: str, detail: str, **facts: str | int) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.facts = facts

    def body(self) -> dict[str, object]:
        return {
            "type": "about:blank",
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.facts,
        }


def not_found(what: str) -> Refused:
    return Refused(404, f"{what}_not_found", f"No {what} has this id.")


def _wants_page(request: AnyRequest) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(("/v1/", "/v3/"))


def _answer(
    request: AnyRequest, body: dict[str, object], status: int, headers: dict[str, str] | None = None
) -> Response[bytes] | Template:
    if _wants_page(request):
        return page(request, "error.html", status=status, code=body.get("code", ""), status_code=status)
    body["request_id"] = request_id(request.scope)
    return Response(msgspec.json.encode(body), status_code=status, media_type=PROBLEM_MEDIA_TYPE, headers=headers)


def on_refused(request: AnyRequest, refused: Refused) -> Response[bytes] | Template:
    return _answer(request, refused.body(), refused.status)


def on_http_exception(request: AnyRequest, error: HTTPException) -> Response[bytes] | Template:
    """Whatever the framework itself refuses: unknown paths, malformed JSON, bodies that are too long."""
    codes = {
        401: "unauthorized",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        413: "body_too_large",
    }
    body: dict[str, object] = {
        "type": "about:blank",
        "status": error.status_code,
        "code": codes.get(error.status_code, "invalid_request"),
        "detail": error.detail,
    }
    if isinstance(error, ValidationException) and error.extra:
        body["errors"] = error.extra
    return _answer(request, body, error.status_code, error.headers)


def on_bug(request: AnyRequest, error: Exception) -> Response[bytes] | Template:
    log.exception("a request failed", exc_info=error, extra={"request_id": request_id(request.scope)})
    body: dict[str, object] = {
        "type": "about:blank",
        "status": 500,
        "code": "internal_error",
        "detail": "Something broke in the simulator.",
    }
    return _answer(request, body, 500)
