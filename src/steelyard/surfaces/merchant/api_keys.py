"""Keys for the shop's own programs. A key is shown once, on the page that answers its making."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import AccountKind, ApiKeyId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import done, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "api_keys.manage"}
NAME_CHARACTERS_MAX = 100


async def page(
    visit: Visit, *, made: str = "", typed: Entries | None = None, errors: dict[str, str] | None = None
) -> Response[Any]:
    keys = await visit.db.ask(access.api_keys_of_merchant, visit.merchant_id)
    permissions = await visit.db.ask(access.permissions, AccountKind.MERCHANT)
    return await frame.show(
        visit,
        "api_keys.html",
        frame.API_KEYS,
        status=422 if errors else 200,
        keys=keys,
        permissions=[each for each in permissions if visit.actor.may(each.permission)],
        made=made,
        typed=typed,
        errors=errors or {},
    )


@get("/api-keys", opt=NEEDS)
async def key_list(visit: NamedDependency[Visit]) -> Response[Any]:
    return await page(visit)


@post("/api-keys", opt=NEEDS)
async def make_key(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any]:
    """Make a key and show it, once. (No redirect: it would have to carry the key.)"""
    form = await entries_of(request)
    name, scopes = form.text("name", required=True, most=NAME_CHARACTERS_MAX), form.all("scopes")
    try:
        form.check()
        _, key = await visit.db.transact(access.create_api_key, visit.actor, name=name, scopes=scopes)
    except Invalid as refusal:
        return await page(visit, typed=form, errors=errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await page(visit, typed=form, errors={"name": told(visit, refusal)})
    return await page(visit, made=key)


@post("/api-keys/{api_key_id:uuid}/revoke", opt=NEEDS)
async def revoke_key(visit: NamedDependency[Visit], api_key_id: FromPath[UUID]) -> Redirect:
    return await done(
        visit,
        frame.API_KEYS,
        N_("The key opens nothing any more."),
        lambda: visit.db.transact(access.revoke_api_key, visit.actor, ApiKeyId(api_key_id)),
    )


HANDLERS = [key_list, make_key, revoke_key]
