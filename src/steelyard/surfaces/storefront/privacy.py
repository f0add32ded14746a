"""Privacy: what was agreed to, taking one's data along, and erasing the account."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.operations import behaviour, privacy
from steelyard.operations.privacy.model import (
    EXPORT_DAYS,
    GRACE_DAYS,
    RECORD_YEARS,
    Consent,
    Erasure,
    ErasureId,
    Export,
    ExportId,
    Hindrances,
)
from steelyard.parties import access
from steelyard.parties.access.model import WrongLogin
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.me import ACCOUNT, buyer_of
from steelyard.surfaces.storefront.shell import AGREE, Shell, shell, show
from steelyard.surfaces.storefront.typed import said, uuid_of
from steelyard.surfaces.web import asking
from steelyard.surfaces.web.callers import address_of
from steelyard.surfaces.web.documents import file_answer
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit

PRIVACY = "/account/privacy"
SUBJECTS = {"terms": N_("Terms of service"), "privacy": N_("Privacy")}
HOW = {
    "registering": N_("on registering"),
    "ordering": N_("on ordering"),
    "renewing": N_("when they had changed"),
}


class PrivacyPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    consents: Sequence[Consent]
    exports: Sequence[Export]
    planned: Erasure | None
    open: Hindrances
    analysed: bool


async def privacy_page(read: Read, buyer_id: BuyerId, owners: Sequence[BuyerId]) -> PrivacyPage:
    return PrivacyPage(
        shell=await shell(read, buyer_id),
        consents=await privacy.consents_of(read, buyer_id),
        exports=await privacy.exports_of(read, buyer_id),
        planned=await privacy.planned_erasure(read, buyer_id),
        open=await privacy.hindrances(read, owners),
        analysed=await behaviour.analysed(read, buyer_id),
    )


@get(PRIVACY)
async def shown(visit: NamedDependency[Visit]) -> Response[str]:
    """What was agreed to, exports, and erasing the account."""
    return await _page(visit, {})


@post(PRIVACY + "/export")
async def export(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Have one's data put together."""
    _, buyer_id = buyer_of(visit)
    export_id = ExportId(uuid_of(data.get("export_id")) or ids.mint())
    page = f"{visit.settings.base_url.rstrip('/')}{PRIVACY}"
    try:
        await visit.db.transact(privacy.ask_for_export, buyer_id, export_id, page)
    except Refusal as refusal:
        return redirect(visit, PRIVACY, (visit.refused(refusal), "bad"))
    told = visit.say(N_("Your data is being put together. You get a mail when it is ready."))
    return redirect(visit, PRIVACY, (told, "good"))


@get(PRIVACY + "/exports/{export_id:uuid}")
async def download(visit: NamedDependency[Visit], export_id: FromPath[UUID]) -> Response[bytes]:
    """The file, for its buyer alone and for some days."""
    _, buyer_id = buyer_of(visit)
    content = await visit.db.ask(privacy.export_of, buyer_id, ExportId(export_id))
    if content is None:
        raise NotFound()
    return file_answer(content, "application/zip", "my-data.zip")


@post(PRIVACY + "/analysing")
async def choose(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Whether what one does may be analysed. Said twice, nothing changes."""
    _, buyer_id = buyer_of(visit)
    analysed = said(data, "analysed") == "1"
    await visit.db.transact(privacy.choose_analysing, buyer_id, analysed=analysed)
    yes = N_("What you do here helps us and the shops to get better. Thank you.")
    no = N_("What you do here is not analysed any more, and what was known of it is deleted.")
    return redirect(visit, PRIVACY, (visit.say(yes if analysed else no), "good"))


@post(PRIVACY + "/erase")
async def erase(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Response[str] | Redirect:
    """Plan the erasure of the account, by knowing its password."""
    account, buyer_id = buyer_of(visit)
    erasure_id = ErasureId(uuid_of(data.get("erasure_id")) or ids.mint())
    password = data.get("password", "")
    try:
        await access.prove(visit.db, account, password if isinstance(password, str) else "", address_of(visit))
        await visit.db.transact(privacy.plan_erasure, buyer_id, account.account_id, erasure_id, visit.by)
    except WrongLogin:
        return await _page(visit, {"password": visit.say(N_("This is not your password."))}, 422)
    except Refusal as refusal:
        return await _page(visit, {"password": visit.refused(refusal)}, refusal.status)
    told = visit.say(N_("Your account will be erased. Until then you can change your mind here."))
    return redirect(visit, PRIVACY, (told, "warn"))


@post(PRIVACY + "/stay")
async def stay(visit: NamedDependency[Visit]) -> Redirect:
    """Change one's mind."""
    _, buyer_id = buyer_of(visit)
    await visit.db.transact(privacy.withdraw_erasure, buyer_id, visit.by)
    return redirect(visit, PRIVACY, (visit.say(N_("Your account stays as it is.")), "good"))


@post(AGREE)
async def agree(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Response[str] | Redirect:
    """Agree to terms that have changed, and go on where one was. Said twice, the first time counts."""
    _, buyer_id = buyer_of(visit)
    subjects = asking.agreed(await asking.of_buyer(visit), said(data, "agreed"))
    if subjects:
        await visit.db.transact(privacy.record_consents, buyer_id, "renewing", subjects)
    return await asking.thanks(visit, said(data, "return_to"))


async def _page(visit: Visit, errors: dict[str, str], status: int = 200) -> Response[str]:
    _, buyer_id = buyer_of(visit)
    page = await visit.db.ask(privacy_page, buyer_id, visit.buyer_ids)
    return await show(
        visit,
        "privacy.html",
        page.shell,
        crumbs=[Crumb(visit.say(N_("My account")), ACCOUNT), Crumb(visit.say(N_("Privacy and my data")))],
        status=status,
        view=page,
        errors=errors,
        subjects=SUBJECTS,
        how=HOW,
        export_id=ids.mint(),
        erasure_id=ids.mint(),
        grace_days=GRACE_DAYS,
        export_days=EXPORT_DAYS,
        record_years=RECORD_YEARS,
    )
