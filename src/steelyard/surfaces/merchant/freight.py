"""Freight templates: how the shop sends, where to, and for how much."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.logistics import freight, parcels
from steelyard.logistics.freight.model import (
    TEMPLATES_PER_MERCHANT_MAX,
    ZONES_PER_TEMPLATE_MAX,
    DeliveryOption,
    Method,
    Shipment,
    Template,
    TemplateId,
    Zone,
)
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.customers.model import Address
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.merchant.product_forms import major
from steelyard.surfaces.web import exports, seen
from steelyard.surfaces.web.console import SAVED, errors_of
from steelyard.surfaces.web.entries import Entries, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import orders

NEEDS = {"permission": "freight.edit"}
# Rows for new zones below those that are there.
EMPTY_ZONES = 2
DAYS_MAX = 365
USED_DAYS = 30
PIECES_MAX, GRAMS_MAX = 10_000, 10_000_000


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody would send somewhere, and how it can go."""

    typed: dict[str, str]
    options: list[DeliveryOption] | None
    errors: dict[str, str]


async def used(read: Read, merchant_id: MerchantId) -> dict[UUID, int]:
    return await orders.freight_used(read, merchant_id, USED_DAYS)


@get("/freight", opt=NEEDS)
async def template_list(visit: NamedDependency[Visit]) -> Response[Any]:
    """The delivery options, and what sending something somewhere would cost."""
    found = await visit.merchant_db.ask(freight.templates, visit.merchant_id)
    if exports.wanted(visit):
        return _file(visit, found)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    return await frame.show(
        visit,
        "freight.html",
        frame.FREIGHT,
        templates=found,
        currency=currency,
        used=await visit.merchant_db.ask(used, visit.merchant_id),
        used_days=USED_DAYS,
        tried=await _try(visit, currency),
        provinces=freight.PROVINCES,
        named={each.name: each.words for each in freight.PROVINCES},
        carriers=await visit.merchant_db.ask(parcels.carriers_of, visit.merchant_id),
    )


def _file(visit: Visit, found: Sequence[Template]) -> Response[Any]:
    """A row for each zone of each delivery option, in the order in which they count."""
    columns = (
        N_("Delivery option"), N_("Offered"), N_("Charged by"), N_("Days from"), N_("Days to"), N_("Countries"),
        N_("Regions"), N_("Delivered to"), N_("First units"), N_("First fee"), N_("Next units"), N_("Next fee"),
        N_("Free over"), N_("Currency"),
    )  # fmt: skip
    ways = {Method.WEIGHT: visit.say(N_("by weight")), Method.PIECE: visit.say(N_("by the piece"))}
    rows = (
        (
            each.name, each.active, ways[each.method], each.days_from, each.days_to, ", ".join(zone.countries),
            ", ".join(zone.regions), zone.deliverable, zone.first_units, Money(zone.first_fee, each.currency),
            zone.next_units, Money(zone.next_fee, each.currency),
            None if zone.free_over is None else Money(zone.free_over, each.currency), each.currency,
        )
        for each in found
        for zone in each.zones
    )  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("Freight")), [visit.say(column) for column in columns], rows)


async def _try(visit: Visit, currency: str) -> Tried:
    """The calculator: asked for by the address, so that an answer can be shown to a colleague."""
    query = visit.connection.query_params
    typed = {name: value for name in ("country", "region", "pieces", "weight", "goods") if (value := query.get(name))}
    if "pieces" not in typed:
        return Tried(typed=typed, options=None, errors={})
    said = Entries({name: [value] for name, value in typed.items()}, {})
    shipment = Shipment(
        merchant_id=visit.merchant_id,
        pieces=said.number("pieces", least=1, most=PIECES_MAX),
        weight_grams=said.number("weight", otherwise=0, most=GRAMS_MAX),
        goods_amount=said.money("goods", currency, required=False) or 0,
        currency=currency,
    )
    if said.errors:
        return Tried(typed=typed, options=None, errors=errors_of(visit, said.errors))
    place = Address(country=(typed.get("country") or "CN").upper()[:2], region=typed.get("region", ""))
    found = await visit.merchant_db.ask(freight.options, [shipment], place)
    return Tried(typed=typed, options=found[visit.merchant_id], errors={})


async def copy(tx: Tx, actor: Actor, template: Template, template_id: TemplateId) -> None:
    name = Text({language: f"{words} (2)" for language, words in template.name.items()})
    await freight.save_template(
        tx,
        msgspec.structs.replace(template, template_id=template_id, name=name, active=False, place=template.place + 1),
    )
    await access.audit(tx, actor, "freight.copy", str(template_id), {"of": str(template.template_id)})


@post("/freight/{template_id:uuid}/copy", opt=NEEDS)
async def copy_template(visit: NamedDependency[Visit], request: WebRequest, template_id: FromPath[UUID]) -> Redirect:
    """The same once more, not offered yet, to be changed."""
    form = await entries_of(request)
    known = await visit.merchant_db.ask(freight.templates, visit.merchant_id)
    template = next((each for each in known if each.template_id == template_id), None)
    if template is None:
        raise NotFound()
    copied = TemplateId(form.uuid("copied_id"))
    if len(known) >= TEMPLATES_PER_MERCHANT_MAX and copied not in {each.template_id for each in known}:
        return redirect(visit, frame.FREIGHT, (visit.say(N_("There can be 20 delivery options at most.")), "bad"))
    await visit.merchant_db.transact(copy, visit.actor, template, copied)
    message = visit.say(N_("This is the copy. It is not offered to buyers yet."))
    return redirect(visit, f"{frame.FREIGHT}/{copied}", (message, "good"))


async def _template(read: Read, merchant_id: MerchantId, template_id: UUID) -> Template:
    """Raises `NotFound`: another merchant's template is not there."""
    for template in await freight.templates(read, merchant_id):
        if template.template_id == template_id:
            return template
    raise NotFound()


async def page(
    visit: Visit,
    template: Template,
    here: str,
    *,
    new: bool,
    errors: dict[str, str] | None = None,
    typed: Entries | None = None,
) -> Response[Any]:
    carriers = await visit.merchant_db.ask(parcels.carriers_of, visit.merchant_id)
    title = visit.say(N_("New delivery option")) if new else template.name.in_language(visit.locale)
    stored = None if new else await visit.merchant_db.ask(_template, visit.merchant_id, template.template_id)
    zones: list[Zone | None] = [*template.zones, *([None] * EMPTY_ZONES)]
    return await frame.show(
        visit,
        "freight_form.html",
        frame.FREIGHT,
        status=422 if errors else 200,
        crumbs=[(visit.say(N_("Freight")), frame.FREIGHT), (title, None)],
        title=title,
        template=template,
        seen=_mark(stored, carriers.by_option.get(stored.template_id)) if stored else "",
        zones=zones,
        here=here,
        copied_id=ids.mint(),
        areas=[
            (name.in_language(visit.locale), [each for each in freight.PROVINCES if each.area == area])
            for area, name in freight.AREAS.items()
        ],
        carriers=carriers.carriers,
        carrier=typed.text("carrier") if typed else carriers.by_option.get(template.template_id, ""),
        named={province.name for province in freight.PROVINCES},
        errors=errors or {},
        amount=lambda minor: "" if minor is None else str(major(minor, template.currency)),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    )


def _blank(visit: Visit, currency: str) -> Template:
    return Template(
        merchant_id=visit.merchant_id,
        template_id=TemplateId(ids.mint()),
        name=Text(),
        method=Method.PIECE,
        currency=currency,
        days_from=2,
        days_to=5,
        zones=[],
    )


@get("/freight/new", opt=NEEDS)
async def new_template(visit: NamedDependency[Visit]) -> Response[Any]:
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    return await page(visit, _blank(visit, currency), f"{frame.FREIGHT}/new", new=True)


@get("/freight/{template_id:uuid}", opt=NEEDS)
async def template_page(visit: NamedDependency[Visit], template_id: FromPath[UUID]) -> Response[Any]:
    template = await visit.merchant_db.ask(_template, visit.merchant_id, template_id)
    return await page(visit, template, f"{frame.FREIGHT}/{template_id}", new=False)


def _mark(template: Template, carrier: str | None) -> str:
    return seen.mark(template, carrier or "")


async def _compared(tx: Tx, form: Entries, wanted: Template, carrier: str) -> None:
    """Raises `Invalid` when another has saved it meanwhile."""
    await seen.hold(tx, f"freight {wanted.template_id}")
    templates = await freight.templates(tx, wanted.merchant_id)
    now = next((each for each in templates if each.template_id == wanted.template_id), None)
    if now is not None:
        sent_with = (await parcels.carriers_of(tx, wanted.merchant_id)).by_option.get(wanted.template_id)
        seen.compare(form, _mark(now, sent_with), _mark(wanted, carrier))


async def save(tx: Tx, actor: Actor, form: Entries, template: Template, carrier: str) -> None:
    await _compared(tx, form, template, carrier)
    await freight.save_template(tx, template)
    await parcels.send_with(tx, template.merchant_id, template.template_id, carrier or None)
    facts = {
        "name": str(template.name), "zones": len(template.zones), "active": template.active, "carrier": carrier,
    }  # fmt: skip
    await access.audit(tx, actor, "freight.save", str(template.template_id), facts)


@post("/freight/new", opt=NEEDS)
async def make_template(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    form = await entries_of(request)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    template_id = TemplateId(form.uuid("template_id"))
    return await _save(visit, form, template_id, currency, f"{frame.FREIGHT}/new", new=True)


@post("/freight/{template_id:uuid}", opt=NEEDS)
async def change_template(
    visit: NamedDependency[Visit], request: WebRequest, template_id: FromPath[UUID]
) -> Response[Any] | Redirect:
    form = await entries_of(request)
    known = await visit.merchant_db.ask(_template, visit.merchant_id, template_id)
    return await _save(visit, form, known.template_id, known.currency, f"{frame.FREIGHT}/{template_id}", new=False)


async def _save(
    visit: Visit, form: Entries, template_id: TemplateId, currency: str, here: str, *, new: bool
) -> Response[Any] | Redirect:
    wanted = template_of(form, visit.merchant_id, template_id, currency)
    try:
        form.check()
        await visit.merchant_db.transact(save, visit.actor, form, wanted, form.text("carrier", most=40))
    except Invalid as refusal:
        return await page(visit, wanted, here, new=new, errors=errors_of(visit, refusal.fields), typed=form)
    return redirect(visit, frame.FREIGHT, (visit.say(SAVED), "good"))


def template_of(form: Entries, merchant_id: MerchantId, template_id: TemplateId, currency: str) -> Template:
    """What the form asks for; what cannot be read is noted in it."""
    days_from = form.number("days_from", most=DAYS_MAX)
    days_to = form.number("days_to", most=DAYS_MAX)
    if days_to < days_from:
        form.refuse("days_to", N_("The slowest is not before the fastest"))
    method = Method.WEIGHT if form.text("method") == Method.WEIGHT else Method.PIECE
    zones = [zone for place in range(ZONES_PER_TEMPLATE_MAX) if (zone := _zone(form, place, currency)) is not None]
    if not zones:
        form.refuse("countries_0", N_("Please say where you send to: at least one zone"))
    return Template(
        merchant_id=merchant_id,
        template_id=template_id,
        name=form.words("name", required=True, most=100),
        method=method,
        currency=currency,
        days_from=days_from,
        days_to=days_to,
        zones=zones,
        place=form.number("place", otherwise=0, most=1_000),
        active=form.flag("active"),
    )


def _zone(form: Entries, place: int, currency: str) -> Zone | None:
    """Row `place` of the table of zones; a row without countries is none."""
    countries = [code.upper() for code in re.split(r"[\s,，、;；]+", form.text(f"countries_{place}")) if code]
    if not countries:
        return None
    if any(code != "*" and not re.fullmatch(r"[A-Z]{2}", code) for code in countries):
        form.refuse(f"countries_{place}", N_("Please enter two-letter country codes, such as CN, or * for everywhere"))
    return Zone(
        countries=countries,
        regions=[
            *form.all(f"provinces_{place}"),
            *(region for region in re.split(r"[,，、;；]+\s*", form.text(f"regions_{place}")) if region),
        ],
        deliverable=not form.flag(f"refused_{place}"),
        first_units=form.number(f"first_units_{place}", otherwise=1, least=1),
        first_fee=form.money(f"first_fee_{place}", currency, required=False) or 0,
        next_units=form.number(f"next_units_{place}", otherwise=1, least=1),
        next_fee=form.money(f"next_fee_{place}", currency, required=False) or 0,
        free_over=form.money(f"free_over_{place}", currency, required=False),
    )


HANDLERS = [template_list, new_template, make_template, template_page, change_template, copy_template]
