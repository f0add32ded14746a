"""Warehouses: where goods lie, in which order they serve, from where parcels leave and whither goods come back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.goods import warehouses
from steelyard.goods.warehouses.model import Warehouse, WarehouseId
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.logistics import freight
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.console import SAVED, errors_of, told
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest

HERE = f"{frame.STOCK}/warehouses"
PLACE_MAX = 1_000


@get("/stock/warehouses", opt={"permission": "stock.read"})
async def warehouse_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """The warehouses, or the file of them."""
    found = await visit.merchant_db.ask(warehouses.of_merchant, visit.merchant_id)
    if exports.wanted(visit):
        return _file(visit, found)
    return await frame.show(
        visit,
        "warehouses.html",
        frame.STOCK,
        crumbs=[(visit.say(N_("Stock")), frame.STOCK), (visit.say(N_("Warehouses")), None)],
        warehouses=found,
    )


def _file(visit: Visit, found: Sequence[Warehouse]) -> Response[Any]:
    columns = (
        N_("Warehouse"), N_("Turn"), N_("In use"), N_("Takes returns"), N_("Name"), N_("Telephone"), N_("Country"),
        N_("Region"), N_("City"), N_("District"), N_("Street"), N_("Postal code"),
    )  # fmt: skip
    rows = (
        (
            each.name, each.place, each.open, each.takes_returns, each.address.name, each.address.phone,
            each.address.country, each.address.region, each.address.city, each.address.district, each.address.street,
            each.address.postal_code,
        )
        for each in found
    )  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("Warehouses")), [visit.say(column) for column in columns], rows)


async def _known(read: Read, merchant_id: MerchantId, warehouse_id: UUID) -> Warehouse:
    """Raises `NotFound`: another merchant's warehouse is not there."""
    for each in await warehouses.of_merchant(read, merchant_id):
        if each.warehouse_id == warehouse_id:
            return each
    raise NotFound()


async def page(
    visit: Visit, warehouse: Warehouse, here: str, *, new: bool, errors: dict[str, str] | None = None
) -> Response[Any]:
    title = visit.say(N_("New warehouse")) if new else warehouse.name
    stored = None if new else await visit.merchant_db.ask(_known, visit.merchant_id, warehouse.warehouse_id)
    return await frame.show(
        visit,
        "warehouse_form.html",
        frame.STOCK,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Stock")), frame.STOCK), (visit.say(N_("Warehouses")), HERE), (title, None)],
        title=title,
        warehouse=warehouse,
        address=warehouse.address,
        seen=seen.mark(stored) if stored else "",
        here=here,
        errors=errors or {},
        provinces=[province.name for province in freight.PROVINCES],
    )


@get("/stock/warehouses/new", opt={"permission": "stock.edit"})
async def new_warehouse(visit: NamedDependency[Visit]) -> Response[Any]:
    blank = Warehouse(
        merchant_id=visit.merchant_id, warehouse_id=WarehouseId(ids.mint()), name="", address=Address(country="CN")
    )
    return await page(visit, blank, f"{HERE}/new", new=True)


@get("/stock/warehouses/{warehouse_id:uuid}", opt={"permission": "stock.edit"})
async def warehouse_page(visit: NamedDependency[Visit], warehouse_id: FromPath[UUID]) -> Response[Any]:
    known = await visit.merchant_db.ask(_known, visit.merchant_id, warehouse_id)
    return await page(visit, known, f"{HERE}/{warehouse_id}", new=False)


async def save(tx: Tx, actor: Actor, form: Entries, known: Warehouse | None, after: Warehouse) -> None:
    before = known
    if known is not None:
        await seen.hold(tx, f"warehouse {after.warehouse_id}")
        before = await _known(tx, after.merchant_id, after.warehouse_id)
        seen.compare(form, seen.mark(before), seen.mark(after))
    await warehouses.save_warehouse(tx, after)
    facts = {"before": _told(before), "after": _told(after)}
    await access.audit(tx, actor, "warehouses.save", str(after.warehouse_id), facts)


def _told(warehouse: Warehouse | None) -> dict[str, object] | None:
    if warehouse is None:
        return None
    return {
        "name": warehouse.name,
        "open": warehouse.open,
        "place": warehouse.place,
        "takes_returns": warehouse.takes_returns,
        "street": warehouse.address.street,
    }


@post("/stock/warehouses/new", opt={"permission": "stock.edit"})
async def make_warehouse(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    return await _save(visit, form, None, WarehouseId(form.uuid("warehouse_id")), f"{HERE}/new")


@post("/stock/warehouses/{warehouse_id:uuid}", opt={"permission": "stock.edit"})
async def change_warehouse(
    visit: NamedDependency[Visit], request: WebRequest, warehouse_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    known = await visit.merchant_db.ask(_known, visit.merchant_id, warehouse_id)
    return await _save(visit, await entries_of(request), known, known.warehouse_id, f"{HERE}/{warehouse_id}")


async def _save(
    visit: Visit, form: Entries, before: Warehouse | None, warehouse_id: WarehouseId, here: str
) -> Response[Any] | Redirect:
    wanted = warehouse_of(form, visit.merchant_id, warehouse_id)
    try:
        form.check()
        await visit.merchant_db.transact(save, visit.actor, form, before, wanted)
    except Invalid as refusal:
        return await page(visit, wanted, here, new=before is None, errors=errors_of(visit, refusal.fields))
    except Refusal as refusal:
        return await page(visit, wanted, here, new=before is None, errors={"open": told(visit, refusal)})
    return redirect(visit, HERE, (visit.say(SAVED), "good"))


def warehouse_of(form: Entries, merchant_id: MerchantId, warehouse_id: WarehouseId) -> Warehouse:
    return Warehouse(
        merchant_id=merchant_id,
        warehouse_id=warehouse_id,
        name=form.text("name", required=True, most=60),
        address=Address(
            name=form.text("contact", required=True, most=60),
            phone=form.text("phone", required=True, most=40),
            country=(form.text("country", most=2) or "CN").upper(),
            region=form.text("region", required=True, most=60),
            city=form.text("city", required=True, most=60),
            district=form.text("district", most=60),
            street=form.text("street", required=True, most=200),
            postal_code=form.text("postal_code", most=20),
        ),
        place=form.number("place", otherwise=0, most=PLACE_MAX),
        open=form.flag("open"),
        takes_returns=form.flag("takes_returns"),
    )


HANDLERS = [warehouse_list, new_warehouse, make_warehouse, warehouse_page, change_warehouse]
