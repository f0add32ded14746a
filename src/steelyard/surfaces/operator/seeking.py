"""The operator's global search: orders, parcels, goods, merchants, payments, statements and people of the marketplace."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.goods import search as goods
from steelyard.goods.search.model import Query
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.logistics import parcels
from steelyard.money import payments
from steelyard.parties import access, merchants
from steelyard.parties.access.model import Account, AccountKind
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web import searching
from steelyard.surfaces.web.console_views import view_pages
from steelyard.surfaces.web.guards import ANY_STAFF
from steelyard.surfaces.web.searching import HITS_PER_GROUP, Group, Hit, Source
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, orders, settlement

KINDS = {AccountKind.OPERATOR: N_("Staff"), AccountKind.MERCHANT: N_("The merchant"), AccountKind.BUYER: N_("Buyer")}


@get("/find", opt={"permission": ANY_STAFF})
async def find(visit: NamedDependency[Visit]) -> Response[Any]:
    """Everything of the marketplace that the person may see, found by one field."""
    words = searching.words_of(visit)
    places = searching.pages(visit, frame.PLACES, words)
    found = await searching.gathered(visit, words, [*_trade(visit), *_money(visit), *_people(visit)])
    groups = [*([Group(label=visit.say(N_("Pages")), hits=places)] if places else []), *found]
    return await searching.answer(visit, frame.show, "", words, groups)


def _trade(visit: Visit) -> list[Source]:
    async def sought_orders(words: str) -> Sequence[Hit]:
        return [
            searching.order_hit(order, f"{frame.ORDERS}/{order.merchant_id}/{order.order_id}")
            for order in await visit.db.ask(orders.sought, words, limit=HITS_PER_GROUP)
        ]

    async def sought_parcels(words: str) -> Sequence[Hit]:
        found = await visit.db.ask(parcels.sought, words, limit=HITS_PER_GROUP)
        cases = await visit.db.ask(aftersales.known_cases, [parcel.order_id for parcel in found])
        return [
            searching.parcel_hit(
                visit,
                parcel,
                f"{frame.DISPUTES}/{parcel.order_id}"
                if parcel.order_id in cases
                else f"{frame.ORDERS}/{parcel.merchant_id}/{parcel.order_id}",
            )
            for parcel in found
        ]

    async def sought_goods(words: str) -> Sequence[Hit]:
        found = await visit.db.ask(goods.find, Query(text=words, limit=HITS_PER_GROUP, facets=False))
        return [
            Hit(title=hit.title.in_language(visit.locale), href=f"/products/{hit.product_id}", icon="shirt")
            for hit in found.hits
        ]

    return [
        Source(label=N_("Orders"), permission="orders.read", find=sought_orders),
        Source(label=N_("Parcels"), permission="orders.read", find=sought_parcels),
        Source(label=N_("Goods in the shop"), permission="dashboard.read", find=sought_goods),
    ]


def _money(visit: Visit) -> list[Source]:
    async def sought_payments(words: str) -> Sequence[Hit]:
        return [
            Hit(
                title=payment.channel_reference or str(payment.payment_id),
                href=f"{frame.PAYMENTS}/{payment.payment_id}",
                detail=str(Money(payment.amount, payment.currency)),
                icon="credit-card",
                code=True,
            )
            for payment in await visit.db.ask(payments.by_reference, words, limit=HITS_PER_GROUP)
        ]

    async def sought_statements(words: str) -> Sequence[Hit]:
        return [
            searching.statement_hit(statement, f"{frame.SETTLEMENT}/{statement.merchant_id}/{statement.statement_id}")
            for statement in await visit.db.ask(settlement.sought, words, limit=HITS_PER_GROUP)
        ]

    return [
        Source(label=N_("Payments"), permission="payments.read", find=sought_payments),
        Source(label=N_("Statements"), permission="settlement.run", find=sought_statements),
    ]


def _people(visit: Visit) -> list[Source]:
    async def sought_merchants(words: str) -> Sequence[Hit]:
        return [
            Hit(
                title=shop.name.in_language(visit.locale),
                href=f"{frame.MERCHANTS}/{shop.merchant_id}",
                detail=shop.slug,
                icon="store",
            )
            for shop in await visit.db.ask(merchants.sought, words, limit=HITS_PER_GROUP)
        ]

    async def sought_accounts(words: str) -> Sequence[Hit]:
        return [
            Hit(
                title=account.name or account.email,
                href=_whereabouts(account),
                detail=f"{account.email} · {visit.say(KINDS[account.kind])}",
                icon="users",
            )
            for account in await visit.db.ask(access.sought, words, limit=HITS_PER_GROUP)
        ]

    return [
        Source(label=N_("Merchants"), permission="merchants.read", find=sought_merchants),
        Source(label=N_("Staff"), permission="staff.manage", find=sought_accounts),
    ]


def _whereabouts(account: Account) -> str:
    """The page on which somebody is found."""
    if account.kind is AccountKind.MERCHANT:
        return f"{frame.MERCHANTS}/{account.merchant_id}"
    if account.kind is AccountKind.OPERATOR:
        return frame.STAFF
    return f"{frame.FIND}?q={account.name}" if account.name else frame.ORDERS


HANDLERS = [find, *view_pages(frame.HOME)]
