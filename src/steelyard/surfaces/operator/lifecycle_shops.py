"""The customers of one shop, as that shop sees them; the operator looks at them, and its rules stay its own."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.money.exchange import HOUSE_CURRENCY
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.lifecycle import READS, marketplace
from steelyard.surfaces.web import customer_pages, lifecycle_pages, value_pages
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.lifecycle_pages import Names, Place
from steelyard.surfaces.web.masking import masked, masked_email
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders

SHOPS = f"{frame.LIFECYCLE}/shops"


class Looked(NamedTuple):
    """A shop that is looked at, and the currency it is counted in."""

    place: Place
    currency: str


async def _show(visit: Visit, template: str, _here: str, /, **values: Any) -> Response[str]:
    return await frame.show(visit, template, frame.LIFECYCLE, **values)


async def _looked(visit: Visit, slug: str) -> Looked:
    """Raises `NotFound` where there is no such shop."""

    async def found(read: Read) -> tuple[str, Merchant]:
        card = await merchants.by_slug(read, slug)
        merchant = await merchants.get(read, card.merchant_id) if card else None
        if card is None or merchant is None:
            raise NotFound()
        return card.name.in_language(visit.locale), merchant

    name, merchant = await visit.db.ask(found)

    async def names(read: Read, buyers: Sequence[UUID]) -> Names:
        contacts = await orders.contacts_of(read, merchant.merchant_id, buyers)
        return {buyer: masked(each.name) or masked_email(each.email) for buyer, each in contacts.items()}

    home = f"{SHOPS}/{slug}"
    place = Place(
        visit.db,
        merchant.merchant_id,
        home,
        f"{home}/customers",
        _show,
        names,
        elsewhere=frame.BUYERS,
        shop=name,
        choose=frame.LIFECYCLE,
    )
    return Looked(place, merchant.currency)


@get("/lifecycle/shops", opt=READS)
async def choose(visit: NamedDependency[Visit], shop: FromQuery[str] = "") -> Response[Any] | Redirect:
    """A shop by its address; none: the marketplace."""
    slug = shop.strip()
    if not slug:
        return redirect(visit, frame.LIFECYCLE)
    card = await visit.db.ask(merchants.by_slug, slug)
    if card is not None:
        return redirect(visit, f"{SHOPS}/{card.slug}")
    wrong = {"shop": visit.say(N_("There is no shop with this address"))}
    typed = Entries({"shop": [slug]}, {})
    return await lifecycle_pages.stages_page(visit, marketplace(visit), HOUSE_CURRENCY, typed, wrong)


@get("/lifecycle/shops/{slug:str}", opt=READS)
async def stages(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[Any]:
    """In which stages its customers are, and who moved where; as a file with `?format=csv`."""
    found = await _looked(visit, slug)
    return await lifecycle_pages.stages_page(visit, found.place, found.currency, Entries({"shop": [slug]}, {}))


@get("/lifecycle/shops/{slug:str}/stages/{stage:str}", opt=READS)
async def stage(
    visit: NamedDependency[Visit], slug: FromPath[str], stage: FromPath[str], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Its customers in one stage."""
    return await lifecycle_pages.stage_page(visit, (await _looked(visit, slug)).place, stage, cursor)


@get("/lifecycle/shops/{slug:str}/values", opt=READS)
async def values(visit: NamedDependency[Visit], slug: FromPath[str]) -> Response[Any]:
    """What its customers are worth to it."""
    found = await _looked(visit, slug)
    return await value_pages.values_page(visit, found.place, found.currency)


@get("/lifecycle/shops/{slug:str}/values/{segment:str}", opt=READS)
async def segment(
    visit: NamedDependency[Visit], slug: FromPath[str], segment: FromPath[str], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """Its customers of one RFM segment."""
    found = await _looked(visit, slug)
    return await lifecycle_pages.segment_page(visit, found.place, segment, found.currency, cursor)


@get("/lifecycle/shops/{slug:str}/customers/{buyer_id:uuid}", opt=READS)
async def customer(
    visit: NamedDependency[Visit], slug: FromPath[str], buyer_id: FromPath[UUID], cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """All that happened with one of them at this shop, and at no other."""
    place = (await _looked(visit, slug)).place
    contacts = await visit.db.ask(orders.contacts_of, MerchantId(place.merchant_id), [buyer_id])
    found = contacts.get(buyer_id)
    return await customer_pages.person_page(visit, place, buyer_id, found, cursor, f"{frame.ORDERS}?q=")


HANDLERS = [choose, stages, stage, values, segment, customer]
