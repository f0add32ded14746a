"""What shops have paid to buyers because a promise was not kept or a price had fallen: who, by which rule, how much, when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import ITEMS_PER_PAGE_MAX, Page
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.days import midnight_after
from steelyard.surfaces.web import exports, promise_words
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.moments import day_of
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import promises
from steelyard.trade.promises import Paid, PaidKind, PaidSum, PaidWanted
from steelyard.trade.settlement.model import settlement_day

HERE = frame.COMPENSATIONS
FILTERS = ("shop", "from", "to")
SHOPS_MAX = 50
DAYS = 30


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for: the filters as they were typed, what of them cannot be read, and the days that count."""

    kind: PaidKind | None
    typed: dict[str, str]
    errors: dict[str, str]
    since: datetime
    until: datetime


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    page: Page[Paid]
    sums: Sequence[PaidSum]
    shops: dict[MerchantId, ShopCard]


def asked(visit: Visit, kind: str | None) -> Asked:
    """What cannot be read narrows nothing down and is told beside its field. Without days, the last thirty."""
    query = visit.connection.query_params
    typed = {name: value.strip() for name in FILTERS if (value := query.get(name) or "").strip()}
    days = {name: day_of(typed.get(name, "")) for name in ("from", "to")}
    today = settlement_day(datetime.now(UTC))
    last = days["to"] or today
    first = days["from"] or last - timedelta(days=DAYS)
    wrong = visit.say(N_("Please enter a day such as 2026-03-01"))
    return Asked(
        kind=PaidKind(kind) if kind in set(PaidKind) else None,
        typed=typed,
        errors={name: wrong for name, day in days.items() if name in typed and day is None},
        since=midnight_after(first - timedelta(days=1)),
        until=midnight_after(last),
    )


async def wanted_of(read: Read, found: Asked) -> PaidWanted:
    shop = found.typed.get("shop", "")
    of = [card.merchant_id for card in await merchants.sought(read, shop, limit=SHOPS_MAX)] if shop else None
    return PaidWanted(since=found.since, until=found.until, merchant_ids=of, kind=found.kind)


async def listed(read: Read, found: Asked, cursor: str | None) -> Listed:
    wanted = await wanted_of(read, found)
    page = await promises.paid(read, wanted, cursor, ROWS_PER_PAGE)
    return Listed(
        page=page,
        sums=await promises.paid_sums(read, wanted),
        shops=await merchants.cards(read, {each.merchant_id for each in page.items}),
    )


async def everything(read: Read, found: Asked) -> tuple[list[Paid], dict[MerchantId, ShopCard]]:
    wanted = await wanted_of(read, found)
    rows = await exports.everything(lambda cursor: promises.paid(read, wanted, cursor, ITEMS_PER_PAGE_MAX))
    return rows, await merchants.cards(read, {each.merchant_id for each in rows})


@get("/compensations", opt={"permission": "orders.read"})
async def compensation_list(
    visit: NamedDependency[Visit], kind: FromQuery[str | None] = None, cursor: FromQuery[str | None] = None
) -> Response[Any]:
    """What was paid, the newest first; as a file with `?format=csv`."""
    found = asked(visit, kind)
    if exports.wanted(visit):
        rows, shops = await visit.db.ask(everything, found)
        names = {key: card.name.in_language(visit.locale) for key, card in shops.items()}
        return promise_words.paid_file(visit, rows, names)
    shown = await visit.db.ask(listed, found, cursor)
    here = {**found.typed, **({"kind": found.kind} if found.kind else {})}
    return await frame.show(
        visit,
        "compensations.html",
        HERE,
        asked=found,
        found=shown,
        last_day=found.until - timedelta(seconds=1),
        words=promise_words,
        tabs=[
            {
                "label": visit.say(word),
                "href": address(HERE, **found.typed, kind=key),
                "current": (found.kind or "") == key,
            }
            for key, word in (("", N_("All")), *promise_words.PAID.items())
        ],
        clear_href=HERE,
        next_href=address(HERE, **here, cursor=shown.page.next) if shown.page.next else "",
        start_href=address(HERE, **here) if cursor else "",
    )


HANDLERS = [compensation_list]
