"""Who calls: a program with an API key, its permissions, how often it may ask, and idempotency of what it changes."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from steelyard.kernel import idempotency, ids, limits
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Forbidden, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.idempotency import Reply
from steelyard.kernel.limits import Limit
from steelyard.parties import access
from steelyard.parties.access.model import Account, AccountKind, Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web.guards import PERMISSION
from steelyard.surfaces.web.visit import Connection

REQUESTS = Limit("api.v1", burst=120, per_seconds=60.0)
SCHEME = "bearer"
ACTOR = "api_actor"
JSON = "application/json"

Shape = TypeVar("Shape", bound=msgspec.Struct)
ApiRequest = Request[Any, Any, State]


class KeyNeeded(Refusal):
    """Programs show their API key with every request."""

    code = "api_key_required"
    status = 401
    title = N_("An API key is needed")
    detail = N_("Send it as: Authorization: Bearer sy_…")


class Caller:
    """The account behind the key. `db` is what it may see: a merchant's own rows, or everything for the operator."""

    def __init__(self, request: ApiRequest) -> None:
        actor: Actor = request.scope["state"][ACTOR]
        assert actor.account is not None, "the guard lets nobody through without an account"
        self.actor = actor
        self.account: Account = actor.account
        self.request = request
        self.house: Database = request.app.state.db

    @property
    def merchant_id(self) -> MerchantId:
        assert self.account.merchant_id is not None, "behind the merchants' guard"
        return MerchantId(self.account.merchant_id)

    @property
    def db(self) -> Database:
        return self.house.as_merchant(self.merchant_id) if self.account.merchant_id is not None else self.house

    @property
    def by(self) -> str:
        return self.actor.by


async def provide_caller(request: ApiRequest) -> Caller:
    """The dependency `caller`."""
    return Caller(request)


def keyed(kind: AccountKind) -> Callable[[Connection, BaseRouteHandler], Awaitable[None]]:
    """The guard: a key of an account of this kind, with the permission that the handler names, not too often."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != SCHEME or not key:
            raise KeyNeeded()
        db: Database = connection.app.state.db
        actor = await db.ask(access.api_key, key.strip())
        if actor is None or actor.account is None:
            raise KeyNeeded()
        await limits.take(db, REQUESTS, str(actor.account.account_id))
        if actor.seen_long_ago:
            await db.transact(access.touch, key.strip())
        permission = handler.opt.get(PERMISSION)
        if actor.account.kind is not kind or permission is None:
            raise Forbidden()
        actor.require(permission)
        connection.scope["state"][ACTOR] = actor

    return guard


async def once(
    caller: Caller, shape: type[Shape], work: Callable[[UUID], Awaitable[Shape]], status: int
) -> Response[Shape]:
    """Answer a request that changes something. With an `Idempotency-Key` the same request is done once and answered
    alike; the id that `work` is given stays with the key, so that commands which claim it have their effect once."""
    key = caller.request.headers.get("idempotency-key")
    if key is None:
        return Response(await work(ids.mint()), status_code=status)

    async def answer(operation_id: UUID) -> Reply:
        return Reply(status, {}, msgspec.json.encode(await work(operation_id)))

    fingerprint = idempotency.fingerprint(
        caller.request.method, str(caller.request.url.path), await caller.request.body()
    )
    reply = await idempotency.once(caller.house, f"key:{caller.account.account_id}", key, fingerprint, answer)
    # It is `shape` already, as the bytes that went over the wire the first time.
    return cast(Response[Shape], Response(reply.body, status_code=reply.status, media_type=JSON))
