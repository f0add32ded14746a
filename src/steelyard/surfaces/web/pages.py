"""Rendering: a template, the visitor, and what every page's layout wants to know."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import kept_of
from steelyard.parties import operator
from steelyard.parties.operator.model import Profile
from steelyard.surfaces.components.environment import Templates
from steelyard.surfaces.components.page import (
    Asking,
    Crumb,
    Flash,
    Link,
    NavItem,
    Operator,
    Page,
    Surface,
    Tone,
    View,
    Viewer,
)
from steelyard.surfaces.web import content_policy
from steelyard.surfaces.web.visit import FLASH_COOKIE, Visit, cookie, flash_cookie, flashes_of

HTML = "text/html"  # the framework says the character set

LEGAL_PAGES = (
    (N_("Terms of service"), "/legal/terms"),
    (N_("Privacy"), "/legal/privacy"),
    (N_("Returns and refunds"), "/legal/returns"),
    (N_("Business licence"), "/legal/licence"),
    (N_("Sell here"), "/sell"),
)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What a surface tells its layout beside the page's own values; see `components.page.Page` for the meaning of each."""

    surface: Surface = "storefront"
    nav: Sequence[NavItem] = ()
    cart_count: int = 0
    breadcrumb: Sequence[Crumb] = ()
    search: str = ""
    search_action: str = "/search"
    home_href: str = "/"
    viewer_links: Sequence[Link] = ()
    viewer_detail: str = ""
    flashes: Sequence[Flash] = ()
    asking: Asking | None = None
    views: Sequence[View] = ()
    views_action: str = ""
    views_query: str = ""
    sheet: bool = False
    survey_href: str = ""


async def render(
    visit: Visit, template: str, frame: Frame, /, *, status: int = 200, cookies: Sequence[Cookie] = (), **values: Any
) -> Response[str]:
    """A whole page. Messages that the last answer left are shown on it, once."""
    left = flashes_of(visit.connection)
    page = await page_of(visit, frame, left)
    templates: Templates = visit.connection.app.state.templates
    spent = [cookie(visit.settings, FLASH_COOKIE, "", 0)] if left else []
    return Response(
        templates.render(template, page, visit=visit, **values),
        status_code=status,
        media_type=HTML,
        cookies=[*cookies, *spent],
        headers={
            "cache-control": "no-store" if visit.account else "no-cache",
            **({content_policy.HEADER: content_policy.framed(visit.settings)} if visit.in_sheet else {}),
        },
    )


async def page_of(visit: Visit, frame: Frame, left: Sequence[Flash] = ()) -> Page:
    """The layout's context for this visitor."""
    url = visit.connection.url
    account = visit.account
    return Page(
        locale=visit.locale,
        path=url.path + (f"?{url.query}" if url.query else ""),
        operator=_operator(visit, await kept_of(visit.db, operator.PROFILE_KEPT, operator.profile)),
        surface=frame.surface,
        viewer=Viewer(account.name or account.email, frame.viewer_detail or account.email, frame.viewer_links)
        if account
        else None,
        csrf_token=visit.csrf_token,
        nav=frame.nav,
        cart_count=frame.cart_count,
        flashes=[*left, *frame.flashes],
        breadcrumb=frame.breadcrumb,
        environment=visit.say(N_("Demo")) if visit.settings.development else "",
        search=frame.search,
        search_action=frame.search_action,
        home_href=frame.home_href,
        theme=visit.theme,
        asking=frame.asking,
        views=frame.views,
        views_action=frame.views_action,
        views_query=frame.views_query,
        sheet=frame.sheet,
        survey_href=frame.survey_href,
    )


def _operator(visit: Visit, profile: Profile | None) -> Operator:
    if profile is None:
        return Operator(registered_name="Steelyard")
    return Operator(
        registered_name=profile.legal_name,
        licence_number=profile.credit_code,
        licence_href="/legal/licence",
        icp_number=profile.icp_number,
        links=[Link(visit.say(label), href) for label, href in LEGAL_PAGES],
        support=profile.email,
    )


def redirect(visit: Visit, path: str, *flashes: tuple[str, Tone] | Flash, cookies: Sequence[Cookie] = ()) -> Redirect:
    """Go on to a page of ours (303), with messages to be shown there; a `Flash` may carry its undo."""
    assert path.startswith(("/", "http")), "a path of ours, or a channel's cashier"
    said = [flash if isinstance(flash, Flash) else Flash(*flash) for flash in flashes]
    return Redirect(path, status_code=303, cookies=[*cookies, *([flash_cookie(visit.settings, said)] if said else [])])


def local_path(wanted: str | None, otherwise: str) -> str:
    """A path to go back to that somebody else wrote: only ever one of this site."""
    odd = any(character <= " " or character in "\\\x7f" for character in wanted or "")
    # Browsers read a backslash as a slash and leave tabs and line ends out.
    return wanted if wanted and wanted.startswith("/") and not wanted.startswith("//") and not odd else otherwise
