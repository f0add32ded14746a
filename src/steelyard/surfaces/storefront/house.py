"""What belongs to the house itself: legal pages, the language switch, pictures."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import get_args

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.kernel import files, i18n
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.files import Files
from steelyard.kernel.i18n import N_
from steelyard.parties import operator, policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.operator.model import Profile
from steelyard.parties.policies import Document, Version
from steelyard.parties.policies.model import PAYMENT_WINDOW, UNTRACKED_DELIVERY
from steelyard.surfaces.components.page import Crumb, Theme
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.storefront.typed import Typed
from steelyard.surfaces.web.pages import local_path, redirect
from steelyard.surfaces.web.pictures import Renditions
from steelyard.surfaces.web.visit import LOCALE_COOKIE, THEME_COOKIE, VISITOR_SECONDS, Visit, cookie

LEGAL = {
    "terms": N_("Terms of service"),
    "privacy": N_("Privacy"),
    "rules": N_("Rules for merchants"),
    "returns": N_("Returns and refunds"),
    "licence": N_("Business licence"),
}
# A picture's name is the hash of what is in it: it never changes.
FOR_EVER = "public, max-age=31536000, immutable"
# An SVG that is opened by itself is a page: it may do nothing at all there.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class LanguageForm(Typed, frozen=True, kw_only=True):
    locale: str = ""
    return_to: str = ""


class ThemeForm(Typed, frozen=True, kw_only=True):
    theme: str = ""
    return_to: str = ""


class LegalPage(msgspec.Struct, frozen=True, kw_only=True):
    shell: Shell
    profile: Profile | None
    minutes: int
    untracked_days: int
    versions: Mapping[Document, Version]
    published: Sequence[Version]


async def legal_page(read: Read, buyer_id: BuyerId) -> LegalPage:
    return LegalPage(
        shell=await shell(read, buyer_id),
        profile=await operator.profile(read),
        minutes=await policies.number(read, PAYMENT_WINDOW),
        untracked_days=await policies.number(read, UNTRACKED_DELIVERY),
        versions=await policies.in_force(read),
        published=await policies.versions(read),
    )


@get("/legal/{name:str}")
async def legal(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[str]:
    """Terms, privacy, rules for merchants, returns, and the operator's licence; which version it is, and what comes."""
    if name not in LEGAL:
        raise NotFound()
    page = await visit.db.ask(legal_page, visit.buyer_id)
    document = next((each for each in Document if each == name), None)
    version = page.versions[document] if document else None
    return await show(
        visit,
        f"legal_{name}.html",
        page.shell,
        crumbs=[Crumb(visit.say(LEGAL[name]))],
        profile=page.profile,
        title=visit.say(LEGAL[name]),
        minutes=page.minutes,
        untracked_days=page.untracked_days,
        version=version,
        coming=[each for each in page.published if each.document == document and version and _later(each, version)],
    )


def _later(planned: Version, counting: Version) -> bool:
    return planned.from_day is not None and (counting.from_day is None or planned.from_day > counting.from_day)


@post("/language")
async def language(visit: NamedDependency[Visit], data: URLEncodedBody[LanguageForm]) -> Redirect:
    """Speak another language from now on, and go back to the page."""
    back = local_path(data.return_to, "/")
    if data.locale not in i18n.LOCALES:
        return redirect(visit, back)
    return redirect(visit, back, cookies=[cookie(visit.settings, LOCALE_COOKIE, data.locale, VISITOR_SECONDS)])


@post("/theme")
async def theme(visit: NamedDependency[Visit], data: URLEncodedBody[ThemeForm]) -> Redirect:
    """Light, dark, or as the system says, from now on; and back to the page."""
    back = local_path(data.return_to, "/")
    if data.theme not in get_args(Theme):
        return redirect(visit, back)
    return redirect(visit, back, cookies=[cookie(visit.settings, THEME_COOKIE, data.theme, VISITOR_SECONDS)])


@get("/media/{name:str}")
async def picture(visit: NamedDependency[Visit], name: FromPath[str]) -> Response[bytes]:
    """A picture out of the file store."""
    try:
        path = Files(visit.settings.home).path(name)
        content = await asyncio.to_thread(path.read_bytes)
    except (Invalid, FileNotFoundError):
        raise NotFound() from None
    return Response(
        content,
        media_type=files.content_type(name),
        headers={"cache-control": FOR_EVER, "content-security-policy": PICTURE_POLICY},
    )


@get("/media/{width:int}/{name:str}")
async def rendition(visit: NamedDependency[Visit], width: FromPath[int], name: FromPath[str]) -> Response[bytes]:
    """A picture in one of the sizes that pages show it in."""
    try:
        content, kind = await Renditions(visit.settings.home).get(name, width)
    except (Invalid, OSError):
        raise NotFound() from None
    return Response(
        content, media_type=kind, headers={"cache-control": FOR_EVER, "content-security-policy": PICTURE_POLICY}
    )
