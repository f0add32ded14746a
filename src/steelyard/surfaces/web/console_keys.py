"""The page of both consoles about keys for programs. A key is shown once, on the page that answers its making."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import ApiKeyId
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import done, errors_of, told
from steelyard.surfaces.web.console_staff import Show
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest

NAME_CHARACTERS_MAX = 100


def key_pages(show: Show, here: str, permission: str) -> list[HTTPRouteHandler]:
    """List and make, revoke; `permission` is whose staff may do so, and `here` the page in that console."""
    needs = {"permission": permission}

    @get("/api-keys", opt=needs)
    async def key_list(visit: NamedDependency[Visit]) -> Response[Any]:
        if exports.wanted(visit):
            return await _as_file(visit)
        return await _page(show, here, visit)

    @post("/api-keys", opt=needs)
    async def make_key(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any]:
        """Make a key and show it, once. (No redirect: it would have to carry the key.)"""
        form = await entries_of(request)
        name, scopes = form.text("name", required=True, most=NAME_CHARACTERS_MAX), form.all("scopes")
        try:
            form.check()
            _, key = await visit.db.transact(access.create_api_key, visit.actor, name=name, scopes=scopes)
        except Invalid as refusal:
            return await _page(show, here, visit, typed=form, errors=errors_of(visit, refusal.fields))
        except Refusal as refusal:
            return await _page(show, here, visit, typed=form, errors={"name": told(visit, refusal)})
        return await _page(show, here, visit, made=key)

    @post("/api-keys/{api_key_id:uuid}/revoke", opt=needs)
    async def revoke_key(visit: NamedDependency[Visit], api_key_id: FromPath[UUID]) -> Redirect:
        return await done(
            visit,
            here,
            N_("The key opens nothing any more."),
            lambda: visit.db.transact(access.revoke_api_key, visit.actor, ApiKeyId(api_key_id)),
        )

    return [key_list, make_key, revoke_key]


async def _as_file(visit: Visit) -> Response[bytes]:
    """The keys as the list shows them: never a key itself, which nobody keeps."""
    assert visit.account is not None
    words = (N_("Program"), N_("Begins with"), N_("Made by"), N_("May"), N_("Made"), N_("Last used"), N_("Ends"))
    rows = [
        (
            key.name,
            key.prefix,
            key.account_name,
            ", ".join(key.scopes),
            key.created_at,
            key.last_used_at,
            key.expires_at,
        )
        for key in await visit.db.ask(access.api_keys_of_staff, visit.account.merchant_id)
    ]
    return exports.sheet(visit, N_("API keys"), words, rows)


async def _page(
    show: Show,
    here: str,
    visit: Visit,
    *,
    made: str = "",
    typed: Entries | None = None,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    assert visit.account is not None  # the guard saw to it that somebody of the staff is signed in
    keys = await visit.db.ask(access.api_keys_of_staff, visit.account.merchant_id)
    permissions = await visit.db.ask(access.permissions, visit.account.kind)
    return await show(
        visit,
        "web/api_keys.html",
        here,
        status=422 if errors else 200,
        keys=keys,
        base=here,
        permissions=[each for each in permissions if visit.actor.may(each.permission)],
        made=made,
        typed=typed,
        errors=errors or {},
    )
