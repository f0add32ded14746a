"""Sending goods back with paper or without: a carrier that fetches them, a label to print, a code to show."""

from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import anyio.to_thread
import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import NewWaybill, Parcel
from steelyard.surfaces.components.page import Tone
from steelyard.surfaces.storefront.after_sales import shown_case
from steelyard.surfaces.storefront.owning import own_case
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.case_words import CaseView, bearing, case_view
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.paper import ReturnLabel, return_label
from steelyard.surfaces.web.postal import address_lines
from steelyard.surfaces.web.scanning import qr_svg
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import aftersales
from steelyard.trade.aftersales import Case
from steelyard.trade.aftersales.model import CaseState

PDF = "application/pdf"
TITLE = N_("Return")


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What the label of a return says: `coming` is the parcel that a carrier was asked to fetch."""

    view: CaseView
    coming: Parcel | None
    shop_pays: bool


async def paper(read: Read, found: Case) -> Paper:
    """Raises `NotFound` where nothing is to be sent back."""
    if found.return_to is None or found.state not in (CaseState.AGREED, CaseState.SENT_BACK):
        raise NotFound()
    view = await case_view(read, found)
    return Paper(
        view=view,
        coming=await aftersales.fetching(read, found.case_id),
        shop_pays=found.shops_fault or await bearing(read, view) is not None,
    )


@post("/after-sales/{case_id:uuid}/pickup")
async def fetched(
    visit: NamedDependency[Visit], request: WebRequest, case_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """A carrier is asked to fetch the goods; what it answers is waited for."""
    found, form = await own_case(visit, case_id), await entries_of(request)
    carrier = form.text("pickup")
    try:
        wanted = await visit.db.transact(aftersales.want_pickup, found.merchant_id, found.case_id, carrier)
        done = await _book(visit, found, carrier, wanted)
    except NotFound:
        raise
    except Refusal as refusal:
        return await shown_case(visit, await own_case(visit, case_id), form, refusal)
    return redirect(visit, f"/after-sales/{case_id}", done)


async def _book(visit: Visit, found: Case, carrier: str, wanted: NewWaybill | None) -> tuple[str, Tone]:
    """What is said of it. Raises `Invalid` with the reason of a carrier that does not come."""
    good = (visit.say(N_("The carrier comes to fetch it. Print the label, or show the code.")), "good")
    if wanted is None:
        return good
    booked = (await parcels.book_now(visit.db, visit.settings, [wanted])).get(found.case_id)
    if booked is not None and booked.failure:
        raise Invalid({"pickup": booked.failure})
    if booked is None or booked.number is None:
        return visit.say(N_("The carrier has not answered yet. Please look again in a minute.")), "warn"
    await visit.db.transact(
        aftersales.pickup_booked, found.merchant_id, found.case_id, carrier, booked.number, visit.by
    )
    return good


@get("/after-sales/{case_id:uuid}/label.pdf")
async def label(visit: NamedDependency[Visit], case_id: FromPath[UUID]) -> Response[bytes]:
    """The label to print and stick on the parcel."""
    known = await visit.db.ask(paper, await own_case(visit, case_id))
    drawn = _drawn(visit, known)
    title = visit.say(TITLE)
    # Drawing keeps the processor busy for a while: other requests go on meanwhile.
    body = await anyio.to_thread.run_sync(return_label, drawn, visit.say, title)
    name = quote(f"{title}-{drawn.code}.pdf", safe="")
    return Response(
        body,
        media_type=PDF,
        headers={
            "content-disposition": f"inline; filename=\"{drawn.code}.pdf\"; filename*=UTF-8''{name}",
            "cache-control": "no-store",
        },
    )


def _drawn(visit: Visit, known: Paper) -> ReturnLabel:
    view, coming = known.view, known.coming
    to, sender = view.case.return_to, view.order.address
    assert to is not None, "what may come back may come somewhere"
    lines = [view.lines[each.line] for each in view.wanted]
    pieces = {each.line: each.quantity for each in view.wanted}
    return ReturnLabel(
        carrier=coming.carrier_name.in_language(visit.locale) if coming else "",
        number=coming.number if coming else "",
        code=view.case.code,
        order=view.order.code,
        pays=visit.say(N_("Freight collect: the recipient pays") if known.shop_pays else N_("Paid by the sender")),
        name=to.name or view.shop.name.in_language(visit.locale),
        phone=to.phone,
        lines=address_lines(to),
        sender_name=sender.name or view.order.contact.name,
        sender_phone=sender.phone or view.order.contact.phone,
        sender_lines=address_lines(sender),
        contents=[(line.title.in_language(visit.locale), pieces[line.line]) for line in lines],
        printed=f"{datetime.now(UTC).astimezone(exports.ZONE):%Y-%m-%d %H:%M}",
    )


@get("/after-sales/{case_id:uuid}/code.svg")
async def code(visit: NamedDependency[Visit], case_id: FromPath[UUID]) -> Response[bytes]:
    """What the courier or the shop scans, to show on a telephone."""
    known = await visit.db.ask(paper, await own_case(visit, case_id))
    drawing = qr_svg(known.coming.number if known.coming else known.view.case.code)
    return Response(drawing.encode(), media_type="image/svg+xml", headers={"cache-control": "no-store"})


HANDLERS = [fetched, label, code]
