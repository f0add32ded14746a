"""One call of the API: whose key it came with, what that key may do, and how a POST is done once."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import unquote_to_bytes
from uuid import UUID

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.params import HeaderParameter

from steelyard.kernel import idempotency, limits
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Forbidden, Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.idempotency import Reply
from steelyard.kernel.limits import Limit
from steelyard.kernel.lookups import look_up
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind, Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web import problems
from steelyard.surfaces.web.guards import PERMISSION
from steelyard.surfaces.web.visit import Connection, WebRequest, locale_of

T = TypeVar("T")

REQUESTS = Limit("api", burst=600, per_seconds=60.0)
BODY_BYTES_MAX = 1024 * 1024
JSON = "application/json"
_ACTOR = "api_actor"


class KeyNeeded(Refusal):
    """A call brings an API key that is in use: `Authorization: Bearer sy_…`."""

    code = "api_key_required"
    status = 401
    title = N_("An API key is needed")
    detail = N_("Send “Authorization: Bearer” with a key that has been neither revoked nor outlived.")


class Malformed(Invalid):
    """A request that does not have the shape which the API's description gives it."""

    code = "malformed"
    status = 400
    title = N_("The request cannot be read")
    detail = N_("Its shape is not the one described in /api/v1/openapi.json.")


class Call:
    """A request by a key that may make it. `db` shows a merchant its own rows alone, and the operator everybody's."""

    def __init__(self, request: WebRequest, actor: Actor) -> None:
        assert actor.account is not None
        self.request = request
        self.actor = actor
        self.account = actor.account
        db: Database = request.app.state.db
        # For what is done in one transaction for programs of many shops: a command that heeds whose each thing is.
        self.everybodys_db = db
        self.db = db if actor.account.merchant_id is None else db.as_merchant(actor.account.merchant_id)

    @property
    def merchant_id(self) -> MerchantId:
        """Whose key it is. Only behind `holders_of` a merchant's key."""
        assert self.account.merchant_id is not None
        return MerchantId(self.account.merchant_id)

    @property
    def by(self) -> str:
        return self.actor.by


class Once:
    """Does what a POST asks for once under its `Idempotency-Key`, and answers the same each time after."""

    def __init__(self, call: Call, key: str) -> None:
        self._call = call
        self._key = key

    async def __call__(self, work: Callable[[UUID], Awaitable[T]], *, status: int = 200) -> Response[T]:
        """`work` gets the id of what it makes; it stays the same when the request is sent again."""
        request = self._call.request
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")

        async def answer(operation_id: UUID) -> Reply:
            try:
                made = await work(operation_id)
            except Refusal as refusal:
                told = msgspec.json.encode(problems.problem(refusal, locale_of(request)), enc_hook=str)
                return Reply(refusal.status, {"content-type": problems.PROBLEM}, told)
            return Reply(status, {"content-type": JSON}, msgspec.json.encode(made))

        reply = await idempotency.once(
            request.app.state.db,
            f"api:{self._call.account.account_id}",
            self._key,
            idempotency.fingerprint(request.method, path, await request.body()),
            answer,
        )
        response = Response(reply.body, status_code=reply.status, media_type=reply.headers["content-type"])
        return cast("Response[T]", response)


def holders_of(kind: AccountKind) -> Callable[[Connection, BaseRouteHandler], Awaitable[None]]:
    """The guard of the API's routes: a key of this kind of account, with the permission that the handler names, that
    has not been used too often."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        db: Database = connection.app.state.db
        actor = await look_up(db, access.api_keys, key.strip()) if scheme.lower() == "bearer" else None
        if actor is None or actor.account is None:
            raise KeyNeeded()
        await limits.take(db, REQUESTS, hashlib.sha256(key.encode()).hexdigest())
        if actor.seen_long_ago:
            await db.transact(access.touch, key.strip())
        if actor.account.kind is not kind:
            raise Forbidden()
        actor.require(handler.opt[PERMISSION])
        connection.scope["state"][_ACTOR] = actor

    return guard


async def provide_call(request: WebRequest) -> Call:
    """The dependency `call` of every handler of the API."""
    return Call(request, request.scope["state"][_ACTOR])


IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=idempotency.KEY_LETTERS_MAX,
        description="A name of your own for this request. Sent again with the same key and body, the request is "
        "done once and answered alike, for 48 hours.",
    ),
]


async def provide_once(request: WebRequest, idempotency_key: IdempotencyKey) -> Once:
    """The dependency `once` of the handlers that answer a POST."""
    return Once(await provide_call(request), idempotency_key)


async def read_strictly(request: WebRequest) -> None:
    """Refuse a request whose shape is not the described one. The framework alone would take "1" for 1; and PostgreSQL
    keeps no NUL in text, so whoever sends one is told at the door."""
    body = await request.body()
    if b"\0" in unquote_to_bytes(request.url.query) or b"\\u0000" in body:
        raise Malformed({"": N_("No text holds the character U+0000")})
    shape = request.route_handler.parsed_data_field
    if shape is None:
        return
    try:
        msgspec.json.decode(body, type=shape.annotation)
    except (msgspec.DecodeError, RecursionError) as error:
        # Such as: Expected `int`, got `str` - at `$.lines[0].quantity`
        detail, _, place = str(error).partition(" - at ")
        raise Malformed({place.strip("`").removeprefix("$").removeprefix("."): detail}) from error


def on_key_needed(request: WebRequest, refusal: KeyNeeded) -> problems.Told:
    return problems.Told(request, refusal, {"www-authenticate": "Bearer"})


def on_malformed(request: WebRequest, error: ValidationException) -> problems.Told:
    """What the framework finds wrong with a request's shape, field by field where it says so."""
    found = cast("list[dict[str, Any]]", error.extra) if isinstance(error.extra, list) else []
    fields = {str(each.get("key", "")): str(each.get("message", "")) for each in found}
    return problems.Told(request, Malformed(fields or {"": error.detail}))


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    KeyNeeded: on_key_needed,
    ValidationException: on_malformed,
    HTTPException: problems.on_http_exception,
}
