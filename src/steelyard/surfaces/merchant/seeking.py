"""The shop's global search: its orders, parcels, goods, statements and people, and the pages of the console."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.goods import catalog
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.parties import access
from steelyard.parties.access.model import StaffMember
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import searching
from steelyard.surfaces.web.console_views import view_pages
from steelyard.surfaces.web.guards import ANY_STAFF
from steelyard.surfaces.web.searching import HITS_PER_GROUP, Group, Hit, Source
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, orders, settlement

# What is done rather than looked at: (address, words, icon, permission).
ACTIONS = ((f"{frame.PRODUCTS}/new", N_("New product"), "plus", "products.edit", ""),)


@get("/find", opt={"permission": ANY_STAFF})
async def find(visit: NamedDependency[Visit]) -> Response[Any]:
    """Everything of the shop that the person may see, found by one field."""
    words = searching.words_of(visit)
    places = searching.pages(visit, (*frame.PLACES, *ACTIONS), words)
    found = await searching.gathered(visit, words, _sources(visit))
    groups = [*([Group(label=visit.say(N_("Pages")), hits=places)] if places else []), *found]
    return await searching.answer(visit, frame.show, "", words, groups)


def _sources(visit: Visit) -> list[Source]:
    async def sought_orders(words: str) -> Sequence[Hit]:
        return [
            searching.order_hit(order, f"{frame.ORDERS}/{order.order_id}")
            for order in await visit.merchant_db.ask(orders.sought, words, limit=HITS_PER_GROUP)
        ]

    async def sought_parcels(words: str) -> Sequence[Hit]:
        found = await visit.merchant_db.ask(parcels.sought, words, limit=HITS_PER_GROUP)
        cases = await visit.merchant_db.ask(aftersales.known_cases, [parcel.order_id for parcel in found])
        return [
            searching.parcel_hit(
                visit, parcel, f"{frame.AFTER_SALES if parcel.order_id in cases else frame.ORDERS}/{parcel.order_id}"
            )
            for parcel in found
        ]

    async def sought_goods(words: str) -> Sequence[Hit]:
        page = await visit.merchant_db.ask(catalog.products_page, visit.merchant_id, text=words, limit=HITS_PER_GROUP)
        return [
            Hit(title=row.title.in_language(visit.locale), href=f"{frame.PRODUCTS}/{row.product_id}", icon="shirt")
            for row in page.items
        ]

    async def sought_statements(words: str) -> Sequence[Hit]:
        return [
            searching.statement_hit(statement, f"{frame.STATEMENTS}/{statement.statement_id}")
            for statement in await visit.merchant_db.ask(settlement.sought, words, limit=HITS_PER_GROUP)
        ]

    async def sought_people(words: str) -> Sequence[Hit]:
        return [
            Hit(title=member.name, href=frame.STAFF, detail=member.email, icon="users")
            for member in await visit.db.ask(_colleagues, visit, words)
        ]

    return [
        Source(label=N_("Orders"), permission="orders.read", find=sought_orders),
        Source(label=N_("Parcels"), permission="orders.read", find=sought_parcels),
        Source(label=N_("Products"), permission="products.read", find=sought_goods),
        Source(label=N_("Statements"), permission="statements.read", find=sought_statements),
        Source(label=N_("Staff"), permission="staff.manage", find=sought_people),
    ]


async def _colleagues(read: Read, visit: Visit, words: str) -> list[StaffMember]:
    """A shop has few people: they are looked at one by one."""
    wanted = words.lower()
    found = await access.staff(read, visit.merchant_id)
    return [each for each in found if wanted in each.name.lower() or wanted in each.email.lower()][:HITS_PER_GROUP]


HANDLERS = [find, *view_pages(frame.HOME)]
