"""Who may pass: one guard per surface, and nothing behind it is open to others. Denied unless allowed."""

from collections.abc import Awaitable, Callable

from litestar.handlers import BaseRouteHandler

from steelyard.kernel.errors import Forbidden
from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.web.visit import Connection, actor_of

# A handler says `opt={"permission": "orders.ship"}`; a handler of a console that says nothing cannot be reached.
PERMISSION = "permission"
# For the few console pages that everybody on its staff may see: their own account, the front page.
ANY_STAFF = "any_staff"


class SignInFirst(Forbidden):
    """Nobody is signed in where somebody has to be."""

    code = "sign_in_required"
    status = 401


def staff_only(kind: AccountKind) -> Callable[[Connection, BaseRouteHandler], Awaitable[None]]:
    """The guard of a console: its own staff, each with the permission that the handler names."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        actor = await actor_of(connection)
        if actor.account is None:
            raise SignInFirst()
        if actor.account.kind is not kind:
            raise Forbidden()
        permission = handler.opt.get(PERMISSION)
        if permission is None or not (permission == ANY_STAFF or actor.may(permission)):
            raise Forbidden()

    return guard
