"""Many orders sent at once: a row for each, filled in by hand, from a spreadsheet or with the carrier's own numbers, seen
before anything happens; then all of them leave, or none."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import anyio.to_thread
import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.logistics.fulfilment.model import NotSent
from steelyard.logistics.parcels.model import OTHER, NewParcel
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame, order_list
from steelyard.surfaces.merchant.papers import chosen_ids
from steelyard.surfaces.merchant.sheets import read_pasted, read_sheet
from steelyard.surfaces.merchant.ship_rows import ROWS_MAX, Row, Rows, checked, place, rows_of, waybills_for
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import InState, address, told
from steelyard.surfaces.web.entries import MISSING, Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders
from steelyard.trade.orders.model import OrderId, Wanted

NEEDS = {"permission": "orders.ship"}
HERE = f"{frame.ORDERS}/ship"
SHEET_BYTES_MAX = 2_000_000
# Numbers travel back in an address when there are not too many.
PRINTED_MAX = 100


async def _matching(read: Read, merchant_id: MerchantId, wanted: Wanted) -> list[UUID]:
    return [order.order_id for order in (await order_list.find(read, merchant_id, wanted, limit=ROWS_MAX)).items]


async def _asked_for(visit: Visit, tab: str | None) -> list[UUID]:
    """The orders named in the address, or all that its filters let through."""
    named = chosen_ids(visit)
    if named or visit.connection.query_params.get("all") is None:
        return named
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    return await visit.merchant_db.ask(_matching, visit.merchant_id, order_list.asked(visit, tab, currency).wanted)


@get("/orders/ship", opt=NEEDS)
async def bulk_page(visit: NamedDependency[Visit], wanted: InState = None) -> Response[Any]:
    """A row for each chosen order that is to be sent."""
    found = await visit.merchant_db.ask(rows_of, visit.merchant_id, await _asked_for(visit, wanted))
    if exports.wanted(visit):
        return _sheet(visit, found)
    booked = await visit.merchant_db.ask(
        parcels.waybills_of, visit.merchant_id, [order.order_id for order in found.orders]
    )
    typed: dict[UUID, Row] = {}
    for order in found.orders:
        waybill = booked.get(order.order_id)
        typed[order.order_id] = (
            Row(parcel_id=waybill.waybill_id, carrier=waybill.carrier, number=waybill.number or "")
            if waybill
            else Row(parcel_id=ids.mint(), carrier=found.carriers.best_for(order.delivery.template_id))
        )
    return await show(visit, found, typed)


async def show(
    visit: Visit,
    found: Rows,
    typed: dict[UUID, Row],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    said: str = "",
) -> Response[Any]:
    return await frame.show(
        visit,
        "ship_many.html",
        frame.ORDERS,
        status=status,
        crumbs=[(visit.say(N_("Orders")), frame.ORDERS), (visit.say(N_("Ship many")), None)],
        found=found,
        typed=typed,
        errors=errors or {},
        said=said,
        troubles=sum(1 for row in typed.values() if row.error),
        filled=sum(1 for row in typed.values() if row.number),
        pause=found.pause,
        csv_href=address(HERE, format="csv") + "".join(f"&order={order.order_id}" for order in found.orders),
    )


def _sheet(visit: Visit, found: Rows) -> Response[bytes]:
    """The rows as a file to fill in and send back."""
    columns = [
        visit.say(word)
        for word in (
            N_("Order"),
            N_("Recipient"),
            N_("Phone"),
            N_("Address"),
            N_("Goods"),
            N_("Carrier"),
            N_("Tracking number"),
        )
    ]
    rows = [
        [
            order.code,
            order.address.name or order.contact.name,
            order.address.phone or order.contact.phone,
            " ".join(
                part
                for part in (order.address.region, order.address.city, order.address.district, order.address.street)
                if part
            ),
            "; ".join(
                f"{line.title.in_language(visit.locale)} × {line.quantity}" for line in found.lines[order.order_id]
            ),
            found.carriers.best_for(order.delivery.template_id),
            "",
        ]
        for order in found.orders
    ]
    return exports.csv_answer(visit, visit.say(N_("To ship")), columns, rows)


@post("/orders/ship", opt=NEEDS)
async def bulk_ship(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """`then` says what to do with the rows: fill them in from a sheet, get numbers from the carrier, or send them."""
    form = await entries_of(request)
    then = form.text("then")
    found = await visit.merchant_db.ask(rows_of, visit.merchant_id, form.uuids("order")[:ROWS_MAX])
    gone = [order_id for order_id in form.uuids("order") if order_id not in {order.order_id for order in found.orders}]
    typed: dict[UUID, Row] = {order.order_id: _typed(form, order.order_id) for order in found.orders}
    if then == "fill":
        return await _fill(visit, form, found, typed)
    if then == "waybills":
        return await _get_numbers(visit, found, typed)
    if gone and not found.orders:
        # The same form once more: they have all left already.
        return _sent(visit, [as_uuid(each) for each in form.all("order")], len(gone))
    return await _send(visit, found, typed)


def _typed(form: Entries, order_id: UUID) -> Row:
    return Row(
        parcel_id=form.uuid(f"parcel_{order_id}"),
        carrier=form.text(f"carrier_{order_id}", most=40),
        number=form.text(f"number_{order_id}", most=100),
    )


async def _send(visit: Visit, found: Rows, typed: dict[UUID, Row]) -> Response[Any] | Redirect:
    """Rows without a number stay; what has one is checked, and leaves when nothing is wrong."""
    going, looked_at = checked(visit, typed, {carrier.carrier for carrier in found.carriers.carriers})
    if not going and not any(row.error for row in looked_at.values()):
        return await show(
            visit,
            found,
            looked_at,
            status=422,
            errors={"rows": visit.say(N_("Please enter at least one tracking number."))},
        )
    if any(row.error for row in looked_at.values()):
        return await show(visit, found, looked_at, status=422)
    try:
        await visit.merchant_db.transact(ship, visit.actor, visit.merchant_id, going, visit.by)
    except NotSent as refusal:
        wrong = {
            order_id: msgspec.structs.replace(looked_at[order_id], error=told(visit, trouble))
            for order_id, trouble in refusal.troubles.items()
        }
        return await show(visit, found, {**looked_at, **wrong}, status=422)
    return _sent(visit, [parcel.order_id for parcel in going], len(going))


def _sent(visit: Visit, order_ids: Sequence[UUID | None], count: int) -> Redirect:
    named = "&".join(f"order={order_id}" for order_id in order_ids[:PRINTED_MAX] if order_id)
    return redirect(
        visit,
        f"{HERE}/done?{named}",
        (visit.say(N_("{count} parcels are on their way, and the buyers are told."), count=count), "good"),
    )


async def ship(tx: Tx, actor: Actor, merchant_id: MerchantId, going: Sequence[NewParcel], by: str) -> None:
    sent = await orders.ship_all(tx, merchant_id, going, by)
    code_of = {order.order_id: order.code for order in sent}
    facts = {code_of[OrderId(parcel.order_id)]: f"{parcel.carrier} {parcel.number}" for parcel in going}
    await access.audit(tx, actor, "orders.ship_many", f"{len(going)}", facts)


async def _get_numbers(visit: Visit, found: Rows, typed: dict[UUID, Row]) -> Response[Any] | Redirect:
    """Ask the carriers for numbers of the rows that have none: intent, call, result."""
    known = {carrier.carrier for carrier in found.carriers.carriers}
    wanted = [
        (order, typed[order.order_id])
        for order in found.orders
        if not typed[order.order_id].number and typed[order.order_id].carrier in known - {OTHER}
    ]
    unknown = N_("Please choose a carrier")
    typed = {
        order_id: row if row.carrier in known else msgspec.structs.replace(row, error=visit.say(unknown))
        for order_id, row in typed.items()
    }
    if not wanted and any(row.error for row in typed.values()):
        return await show(visit, found, typed, status=422)
    if not wanted:
        return await show(visit, found, typed, said=visit.say(N_("Every row has a number already.")))
    asked_for = await visit.merchant_db.ask(waybills_for, visit.merchant_id, found, wanted)
    if asked_for is None:
        errors = {
            "rows": visit.say(
                N_("Carriers want to know where you send from. Please enter your warehouse’s address first.")
            )
        }
        return await show(visit, found, typed, status=422, errors=errors)
    booked = await parcels.book_now(visit.merchant_db, visit.settings, asked_for)
    answered: dict[UUID, Row] = dict(typed)
    for order, row in wanted:
        waybill = booked.get(order.order_id)
        if waybill is None or waybill.number is None:
            why = (
                waybill.failure
                if waybill and waybill.failure
                else N_("The carrier did not answer. Please try again in a minute.")
            )
            answered[order.order_id] = msgspec.structs.replace(row, error=visit.say(why))
        else:
            answered[order.order_id] = msgspec.structs.replace(
                row, parcel_id=waybill.waybill_id, number=waybill.number, changed=True
            )
    return await show(visit, found, answered)


async def _fill(visit: Visit, form: Entries, found: Rows, typed: dict[UUID, Row]) -> Response[Any]:
    """What a spreadsheet says, written into the rows; nothing is sent."""
    try:
        told_rows = await _told(form)
    except Invalid as refusal:
        errors = {name: visit.say(str(what)) for name, what in refusal.fields.items()}
        return await show(visit, found, typed, status=422, errors=errors)
    filled, unknown = place(told_rows, found, typed)
    wrong = checked(visit, filled, {carrier.carrier for carrier in found.carriers.carriers})[1]
    changed = sum(1 for row in filled.values() if row.changed)
    said = visit.say(N_("{changed} rows are filled in. Please look them through, then ship."), changed=changed)
    errors = (
        {
            "sheet": visit.say(
                N_("These rows of the sheet belong to no order here: {rows}"), rows=", ".join(unknown[:10])
            )
        }
        if unknown
        else {}
    )
    return await show(visit, found, wrong, errors=errors, said=said)


async def _told(form: Entries) -> list[list[str]]:
    """The cells of the uploaded file, or of what was pasted. Raises `Invalid`."""
    for file in form.files("sheet"):
        body = await file.read(SHEET_BYTES_MAX + 1)
        if len(body) > SHEET_BYTES_MAX:
            raise Invalid({"sheet": N_("The file is larger than 2 MB.")})
        rows = await anyio.to_thread.run_sync(read_sheet, body)
        break
    else:
        rows = read_pasted(form.text("pasted", most=200_000))
    if not rows:
        raise Invalid({"pasted": MISSING})
    return rows


@get("/orders/ship/done", opt=NEEDS)
async def bulk_done(visit: NamedDependency[Visit]) -> Response[Any]:
    """What has just been sent, and what can be printed for it."""
    named = chosen_ids(visit)
    found = await visit.merchant_db.ask(orders.of_merchant, visit.merchant_id, named)
    to_do = await visit.merchant_db.ask(orders.to_do, visit.merchant_id, None)
    return await frame.show(
        visit,
        "ship_done.html",
        frame.ORDERS,
        crumbs=[
            (visit.say(N_("Orders")), frame.ORDERS),
            (visit.say(N_("Ship many")), HERE),
            (visit.say(N_("Orders sent")), None),
        ],
        orders=found,
        sent=await visit.merchant_db.ask(parcels.of_orders, [order.order_id for order in found]),
        waiting=to_do.to_send,
        papers_href=f"{frame.ORDERS}/papers.pdf?" + "&".join(f"order={order.order_id}" for order in found),
    )


HANDLERS = [bulk_page, bulk_ship, bulk_done]
