"""The registered entity behind the marketplace, as every storefront page shows it."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.text import Text
from steelyard.parties import access, operator
from steelyard.parties.access.model import Actor
from steelyard.parties.operator.model import Profile
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import seen
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

NEEDS = {"permission": "settings.manage"}
# Before the first profile is set.
EMPTY = Profile(
    name=Text(), legal_name="", credit_code="", icp_number="", address=Text(), phone="", email="", country="CN",
    currency="CNY",
)  # fmt: skip


async def page(visit: Visit, profile: Profile | None, errors: dict[str, str] | None = None) -> Response[Any]:
    stored = await visit.db.ask(operator.profile)
    return await frame.show(
        visit,
        "profile.html",
        frame.PROFILE,
        status=422 if errors else 200,
        profile=profile or EMPTY,
        seen=seen.mark(stored) if stored else "",
        errors=errors or {},
    )


@get("/profile", opt=NEEDS)
async def profile_page(visit: NamedDependency[Visit]) -> Response[Any]:
    return await page(visit, await visit.db.ask(operator.profile))


async def change(tx: Tx, actor: Actor, form: Entries, profile: Profile) -> None:
    await seen.hold(tx, "operator's profile")
    before = await operator.profile(tx)
    if before is not None:
        seen.compare(form, seen.mark(before), seen.mark(profile))
    await operator.set_profile(tx, profile)
    await access.audit(tx, actor, "operator.set_profile", profile.credit_code, before=before, after=profile)


@post("/profile", opt=NEEDS)
async def change_profile(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    profile = profile_of(form)
    try:
        form.check()
        await visit.db.transact(change, visit.actor, form, profile)
    except Invalid as refusal:
        return await page(visit, profile, errors_of(visit, refusal.fields))
    return redirect(visit, frame.PROFILE, (visit.say(SAVED), "good"))


def profile_of(form: Entries) -> Profile:
    return Profile(
        name=form.words("name", required=True, most=60),
        legal_name=form.text("legal_name", required=True, most=200),
        credit_code=form.text("credit_code", most=40),
        icp_number=form.text("icp_number", most=60),
        address=form.words("address", required=True, most=200),
        phone=form.text("phone", required=True, most=40),
        email=form.text("email", required=True, most=254),
        country=form.text("country", required=True, most=2).upper(),
        currency=form.text("currency", required=True, most=3).upper(),
        licence_url=form.text("licence_url", most=500) or None,
    )


HANDLERS = [profile_page, change_profile]
