"""The list of orders: tabs with their counts, filters, the selection, and the same list as a file."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.paging import Page
from steelyard.logistics import freight, parcels
from steelyard.logistics.parcels.model import Carrier, Parcel
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.console import ROWS_PER_PAGE, InState, address
from steelyard.surfaces.web.entries import Entries, as_uuid
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, orders, settlement
from steelyard.trade.orders.model import (
    Order,
    OrderId,
    OrderLine,
    OrderNote,
    OrderState,
    ToDo,
    Wanted,
)
from steelyard.trade.settlement import OrderPayout

# What a tab shows; the first is shown when nothing is asked for.
TABS: dict[str, tuple[str, tuple[OrderState, ...]]] = {
    "to_ship": (N_("To ship"), (OrderState.PAID, OrderState.PARTLY_SHIPPED)),
    "placed": (N_("To pay"), (OrderState.PLACED,)),
    "held": (N_("On hold"), (OrderState.HELD,)),
    "shipped": (N_("On its way"), (OrderState.SHIPPED,)),
    "completed": (N_("Completed"), (OrderState.COMPLETED,)),
    "cancelled": (N_("Cancelled"), (OrderState.CANCELLED,)),
    "all": (N_("All"), ()),
}
COUNTED = ("to_ship", "placed", "held", "shipped")
TROUBLES = {
    "late": N_("Not sent in time"),
    "stuck": N_("Parcel stuck on the way"),
    "lost": N_("Parcel lost"),
    "reminded": N_("The buyer asked to hurry"),
    "cancellation": N_("The buyer asks to cancel"),
}
# The filters of the address, beside `state` and `cursor`.
FILTERS = (
    "q",
    "from",
    "to",
    "carrier",
    "region",
    "least",
    "most",
    "product",
    "note",
    "notes",
    "named",
    "trouble",
    "sort",
)
EXPORTED_MAX = orders.ORDERS_FOUND_MAX
REQUESTS_MAX = 100


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Order]
    lines: dict[OrderId, list[OrderLine]]
    parcels: dict[UUID, list[Parcel]]
    notes: dict[UUID, list[OrderNote]]
    counts: dict[OrderState, int]
    to_do: ToDo
    cancellations: int
    carriers: list[Carrier]
    payouts: dict[UUID, OrderPayout]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for: a tab, filters as they were typed, and what they mean."""

    tab: str
    typed: dict[str, str]
    wanted: Wanted
    errors: dict[str, str]

    @property
    def narrowed(self) -> int:
        """How many filters are in force."""
        return sum(1 for name in self.typed if name not in ("q", "sort"))


def asked(visit: Visit, tab: str | None, currency: str) -> Asked:
    """Read the filters politely: what cannot be read narrows nothing down and is told beside its field."""
    query = visit.connection.query_params
    typed = {name: value.strip() for name in FILTERS if (value := query.get(name) or "").strip()}
    said = Entries({name: [value] for name, value in typed.items()}, {})
    since, until = _day(typed.get("from", ""), said, "from"), _day(typed.get("to", ""), said, "to")
    chosen = tab if tab in TABS else "all" if typed else "to_ship"
    wanted = Wanted(
        states=TABS[chosen][1],
        text=typed.get("q", ""),
        since=_begins(since),
        until=_begins(until + timedelta(days=1)) if until else None,
        product_id=as_uuid(typed.get("product", "")),
        carrier=typed.get("carrier", ""),
        region=typed.get("region", ""),
        least=said.money("least", currency, required=False),
        most=said.money("most", currency, required=False),
        with_buyers_note="note" in typed,
        with_notes="notes" in typed,
        named=visit.account.account_id if visit.account and "named" in typed else None,
        trouble=typed.get("trouble", ""),
        oldest_first=typed.get("sort") == "oldest",
    )
    return Asked(tab=chosen, typed=typed, wanted=wanted, errors={name: str(what) for name, what in said.errors.items()})


def _day(written: str, said: Entries, name: str) -> date | None:
    if not written:
        return None
    day = day_of(written)
    if day is None:
        said.refuse(name, N_("Please enter a day such as 2026-03-01"))
    return day


def _begins(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), exports.ZONE).astimezone(UTC)


async def find(
    read: Read, merchant_id: MerchantId, wanted: Wanted, *, cursor: str | None = None, limit: int
) -> Page[Order]:
    """`orders.find`; which buyers ask to cancel is known above it."""
    if wanted.trouble == "cancellation":
        asking = await aftersales.open_requests_of_merchant(read, merchant_id, limit=REQUESTS_MAX)
        wanted = msgspec.structs.replace(wanted, among=[request.order_id for request in asking.items], trouble="")
    return await orders.find(read, merchant_id, wanted, cursor=cursor, limit=limit)


async def listed(
    read: Read, merchant_id: MerchantId, wanted: Wanted, account_id: UUID | None, cursor: str | None
) -> Listed:
    page = await find(read, merchant_id, wanted, cursor=cursor, limit=ROWS_PER_PAGE)
    found = [order.order_id for order in page.items]
    return Listed(
        page=page,
        lines=await orders.lines_of(read, found),
        parcels=await parcels.of_orders(read, found),
        notes=await orders.notes_of(read, merchant_id, found),
        counts=await orders.counts_of_merchant(read, merchant_id),
        to_do=await orders.to_do(read, merchant_id, account_id),
        cancellations=await aftersales.count_open_requests(read, merchant_id),
        carriers=await parcels.carriers(read),
        payouts=await settlement.payouts_of(read, merchant_id, found),
    )


@get("/orders", opt={"permission": "orders.read"})
async def order_list(
    visit: NamedDependency[Visit], wanted: InState = None, cursor: FromQuery[str | None] = None
) -> Response[Any] | Redirect:
    """The orders of a tab that the filters let through; as a file, all of them. An order's code leads straight to it."""
    words = (visit.connection.query_params.get("q") or "").strip()
    one = await visit.merchant_db.ask(orders.order_by_code, visit.merchant_id, words) if words else None
    if one is not None:
        return Redirect(f"{frame.ORDERS}/{one.order_id}", status_code=303)
    currency = await visit.merchant_db.ask(frame.currency, visit.merchant_id)
    found = asked(visit, wanted, currency)
    if exports.wanted(visit):
        return await _as_file(visit, found)
    account_id = visit.account.account_id if visit.account else None
    shown = await visit.merchant_db.ask(listed, visit.merchant_id, found.wanted, account_id, cursor)
    here = {"state": found.tab, **found.typed}
    return await frame.show(
        visit,
        "orders.html",
        frame.ORDERS,
        search=found.typed.get("q", ""),
        asked=found,
        errors={name: visit.say(what) for name, what in found.errors.items()},
        tab=found.tab,
        tabs=_tabs(visit, found, shown.counts),
        chips=_chips(visit, found, shown),
        shown=shown,
        troubles={name: visit.say(what) for name, what in TROUBLES.items()},
        provinces=[province.name for province in freight.PROVINCES],
        pause=shown.to_do.pause,
        now=datetime.now(UTC),
        export_href=address(frame.ORDERS, **here, format="csv"),
        all_href=address(f"{frame.ORDERS}/ship", **here, all="yes"),
        clear_href=address(frame.ORDERS, state=found.tab),
        next_href=address(frame.ORDERS, **here, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(frame.ORDERS, **here) if cursor else "",
    )


def _tabs(visit: Visit, found: Asked, counts: dict[OrderState, int]) -> list[dict[str, object]]:
    """A tab keeps what was searched for, so that one looks for the same thing elsewhere."""
    kept = {name: value for name, value in found.typed.items() if name != "trouble"}
    return [
        {
            "label": visit.say(word),
            "href": address(frame.ORDERS, state=tab, **kept),
            "current": tab == found.tab,
            "count": sum(counts.get(state, 0) for state in states) if tab in COUNTED else 0,
        }
        for tab, (word, states) in TABS.items()
    ]


def _chips(visit: Visit, found: Asked, shown: Listed) -> list[dict[str, object]]:
    """What waits, as filters of one click."""
    waiting = shown.to_do
    known = [
        ("trouble", "cancellation", "to_ship", visit.say(N_("The buyer asks to cancel")), shown.cancellations),
        ("trouble", "late", "to_ship", visit.say(N_("Not sent in time")), waiting.late),
        ("trouble", "reminded", "to_ship", visit.say(N_("The buyer asked to hurry")), waiting.reminded),
        ("trouble", "stuck", "all", visit.say(N_("Parcel stuck on the way")), waiting.stuck),
        ("trouble", "lost", "all", visit.say(N_("Parcel lost")), waiting.lost),
        ("named", "yes", "all", visit.say(N_("Notes that name you")), waiting.named),
    ]
    offered: list[dict[str, object]] = []
    for name, value, tab, label, count in known:
        on = found.typed.get(name) == value
        if count or on:
            href = address(frame.ORDERS, state=tab) if on else address(frame.ORDERS, **{"state": tab, name: value})
            offered.append({"label": f"{label} · {count}", "href": href, "current": on, "remove": on})
    return offered


async def exported(
    read: Read, merchant_id: MerchantId, wanted: Wanted
) -> tuple[list[Order], dict[OrderId, list[OrderLine]], dict[UUID, list[Parcel]], dict[UUID, OrderPayout]]:
    found = (await find(read, merchant_id, wanted, limit=EXPORTED_MAX)).items
    order_ids = [order.order_id for order in found]
    payouts = await settlement.payouts_of(read, merchant_id, order_ids)
    return found, await orders.lines_of(read, order_ids), await parcels.of_orders(read, order_ids), payouts


async def _as_file(visit: Visit, found: Asked) -> Response[bytes]:
    """One row for each line of each order; what belongs to the order stands on its first line, so that sums are right."""
    shown, lines, sent, payouts = await visit.merchant_db.ask(exported, visit.merchant_id, found.wanted)
    pause = await visit.merchant_db.ask(merchants.pause_of, visit.merchant_id)
    columns = (
        N_("Order"), N_("State"), N_("Placed"), N_("Paid at"), N_("Ship by"), N_("Article"), N_("Options"),
        N_("Article number"), N_("Pieces"), N_("Price"), N_("Amount"), N_("Freight"), N_("Order total"),
        N_("Commission"), N_("Paid by the platform"), N_("Refunded"), N_("Currency"),
        N_("Recipient"), N_("Phone"), N_("Country"), N_("Region"),
        N_("City"), N_("District"), N_("Street"), N_("Postal code"), N_("The buyer writes"), N_("Carrier"),
        N_("Tracking number"), N_("You get"), N_("Paid out from"), N_("Paid out"), N_("Statement"),
    )  # fmt: skip
    rows: list[list[object]] = []
    for order in shown:
        parcels_of, payout = sent[order.order_id], payouts.get(order.order_id)
        for place, line in enumerate(lines[order.order_id]):
            first = place == 0
            rows.append([
                order.code, state_words(visit, order.state), order.placed_at, order.paid_at, order.due(pause), line.title,
                " · ".join(value.in_language(visit.locale) for _, value in line.options), line.sku_code, line.quantity,
                Money(line.unit_price, order.currency), Money(line.amount, order.currency),
                Money(order.freight, order.currency) if first else None,
                Money(order.total, order.currency) if first else None,
                Money(order.commission_kept, order.currency) if first else None,
                Money(order.subsidy_kept, order.currency) if first else None,
                Money(order.refunded, order.currency) if first else None,
                order.currency, order.address.name or order.contact.name, order.address.phone or order.contact.phone,
                order.address.country, order.address.region, order.address.city, order.address.district,
                order.address.street, order.address.postal_code, order.note,
                " ".join(parcel.carrier_name.in_language(visit.locale) for parcel in parcels_of),
                " ".join(parcel.number for parcel in parcels_of),
                Money(order.income, order.currency) if first and payout else None,
                payout.day if payout and payout.stands != "paid" else None,
                payout.day if payout and payout.stands == "paid" else None,
                payout.statement if payout else None,
            ])  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("Orders")), [visit.say(column) for column in columns], rows)


_STATE_WORDS = {
    OrderState.PLACED: N_("To pay"),
    OrderState.HELD: N_("On hold"),
    OrderState.PAID: N_("To ship"),
    OrderState.PARTLY_SHIPPED: N_("Partly shipped"),
    OrderState.SHIPPED: N_("On its way"),
    OrderState.COMPLETED: N_("Completed"),
    OrderState.CANCELLED: N_("Cancelled"),
}


def state_words(visit: Visit, state: OrderState) -> str:
    return visit.say(_STATE_WORDS[state])


HANDLERS = [order_list]
