"""Footfall: what visitors look at and do, left with a batcher that writes it down about once a second, off the way of the page.

One `note` feeds both the daily count (`operations/analytics`) and what people do (`operations/behaviour`). What is lost when a
process is killed is what it gathered: about a second, at most `WAITING_VIEWS_MAX` notes. Those that find the queue full are let
go and counted as such (`turned_away`), and so are those that could not be written (`failed`): both are with the figures of all
batches. Programs that say what they are (search engines, monitors) are not counted, and nobody is who asks not to be (Global
Privacy Control, Do Not Track, or a buyer's own choice).
"""

import re
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
import structlog

from steelyard.kernel import batch_board, ids
from steelyard.kernel.batching import Batcher
from steelyard.kernel.db import Database, Tx
from steelyard.operations import analytics, behaviour, experiments
from steelyard.operations.analytics import VIEWS_PER_BATCH_MAX, Step, View
from steelyard.operations.behaviour import (
    BEHAVIOURS_PER_BATCH_MAX,
    MARKETPLACE,
    Behaviour,
    Channel,
    Kind,
    LinkClick,
    Property,
    Surface,
)
from steelyard.operations.experiments import EXPOSURES_PER_BATCH_MAX, Exposure
from steelyard.parties.access.model import AccountKind
from steelyard.parties.notifications import MESSAGE_SOURCE
from steelyard.surfaces.web.arriving import Arrival, arrival, channel_of, word
from steelyard.surfaces.web.visit import Visit

GATHER_SECONDS = 1.0
# Each batch is a moment in which the process does nothing else: many small moments disturb a page less than a long one.
NOTES_PER_BATCH_MAX = 200
WAITING_VIEWS_MAX = 20_000
# Within so long after the last page of a visit, coming in by the bookmark is still the same visit.
VISIT_SECONDS = 1_800.0
VISITS_REMEMBERED_MAX = 50_000
# Requests that a browser makes on its own account, for pages that nobody may ever look at.
AHEAD_OF_TIME = ("prefetch", "prerender")

_PROGRAMS = re.compile(r"bot|spider|crawl|slurp|monitor|preview|^curl|^python|^httpx|^wget", re.IGNORECASE)
_PHONES = re.compile(r"Mobi|Android|iPhone|MicroMessenger", re.IGNORECASE)
# By the first part of an address: pages of no merchant that analyses tell apart. What is somebody's own (orders, account) is
# none of them.
_PAGES = {
    "": "home",
    "c": "category",
    "categories": "category",
    "topics": "topic",
    "flash": "flash",
    "coupons": "coupons",
    "presales": "presales",
    "group": "groups",
    "cart": "cart",
    "live": "live",
}
# Pages that tell of themselves, since they know whose they are.
_OWN_WORDS = ("/products/", "/shops/", "/live/", "/search")

_STEPS: dict[Step, tuple[Kind, dict[str, Property]]] = {
    Step.PRODUCT: (Kind.VIEW, {"page": "product"}),
    Step.CART: (Kind.CART, {"action": "add"}),
    Step.CHECKOUT: (Kind.CHECKOUT, {"step": "open"}),
}
_NAME_CHARACTERS_MAX = 80
_ARRIVED = "arrived"

T = TypeVar("T")

log = structlog.get_logger()


class Noted(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a request leaves behind: for the count, for analyses, for the campaign link that was followed."""

    who: UUID
    views: Sequence[View] = ()
    behaviours: Sequence[Behaviour] = ()
    click: LinkClick | None = None
    exposures: Sequence[Exposure] = ()


class _About(NamedTuple):
    merchant_id: UUID = MARKETPLACE
    product_id: UUID | None = None
    session_id: UUID | None = None


class Footfall:
    """What waits to be written down; and who was here lately, so that a page loaded again is no new visit."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lately: OrderedDict[UUID, tuple[float, tuple[str, ...]]] = OrderedDict()
        self._batcher = Batcher[Noted, None](
            "footfall",
            self._record,
            lambda noted: noted,
            batch_most=NOTES_PER_BATCH_MAX,
            waiting_most=WAITING_VIEWS_MAX,
            gather_seconds=GATHER_SECONDS,
            tell=partial(db.transact, batch_board.tell),
        )

    def note(self, noted: Noted) -> None:
        """Have it written down soon; when far too much waits, it is let go."""
        self._batcher.leave(noted)

    def is_new_visit(self, visitor_id: UUID, came: Arrival | None) -> bool:
        """Whether a visit begins with this page. Within `VISIT_SECONDS` of another page, who comes without a link, or by the
        same one, goes on with theirs. Each process knows its own; what another one has seen begins once more here."""
        now = time.monotonic()
        at, said = self._lately.pop(visitor_id, (0.0, ()))
        within = bool(at) and now - at < VISIT_SECONDS
        begins = came is not None and not (within and (came.channel is Channel.DIRECT or came.said == said))
        self._lately[visitor_id] = (now, came.said if begins and came is not None else said)
        if len(self._lately) > VISITS_REMEMBERED_MAX:
            self._lately.popitem(last=False)
        return begins

    async def count(self) -> None:
        """Write down all that waits now."""
        await self._batcher.flush()

    async def stop(self) -> None:
        """Write down what waits, and end."""
        await self._batcher.drain()

    async def _record(self, noted: Sequence[Noted]) -> Sequence[Exception | None]:
        """Counting stands in nobody's way: what cannot be written is lost at once, not tried note by note."""
        try:
            await self._db.transact(write, noted)
        except Exception as error:  # whatever it is, what comes next goes on
            log.exception("footfall.not_counted", notes=len(noted))
            return [error] * len(noted)
        return [None] * len(noted)


async def write(tx: Tx, noted: Sequence[Noted]) -> None:
    """Count the views, write down what was done, count the clicks: all of it, or none. Who does not want it is in none."""
    silent = await behaviour.quiet(tx, {each.who for each in noted})
    heard = [each for each in noted if each.who not in silent]
    for part in _parts([view for each in heard for view in each.views], VIEWS_PER_BATCH_MAX):
        await analytics.record(tx, part)
    for part in _parts([one for each in heard for one in each.behaviours], BEHAVIOURS_PER_BATCH_MAX):
        await behaviour.capture(tx, part)
    if clicks := [each.click for each in heard if each.click is not None]:
        await behaviour.count_clicks(tx, clicks)
    for part in _parts([one for each in heard for one in each.exposures], EXPOSURES_PER_BATCH_MAX):
        await experiments.expose(tx, part)


def _parts(whole: Sequence[T], most: int) -> list[Sequence[T]]:
    return [whole[at : at + most] for at in range(0, len(whole), most)]


def note(
    visit: Visit,
    step: Step = Step.LOOKED,
    merchant_ids: Sequence[UUID] = (),
    product_id: UUID | None = None,
    session_id: UUID | None = None,
    **more: Property,
) -> None:
    """A visitor has seen a page of ours (no merchant), or come as far as this with these merchants' goods: counted for the day,
    and kept as what they did with what `more` tells of it. Who works here is no visitor."""
    footfall = _footfall_of(visit)
    if footfall is None:
        return
    now, channel, device = datetime.now(UTC), channel_of(visit.connection), device_of(visit)
    views = [
        View(
            visitor_id=visit.visitor_id,
            at=now,
            step=step,
            merchant_id=merchant_id,
            product_id=product_id,
            channel=channel,
            device=device,
        )
        for merchant_id in merchant_ids or (None,)
    ]
    told: list[Behaviour] = []
    if step is Step.LOOKED:
        told = _looked(visit, footfall, now)
    else:
        kind, own = _STEPS[step]
        for merchant_id in merchant_ids:
            about = _About(merchant_id, product_id, session_id)
            told += _told(visit, footfall, kind, now, about, {**own, **more})
    footfall.note(Noted(who=_who(visit), views=views, behaviours=told))


def tell(
    visit: Visit,
    kind: Kind,
    *,
    merchant_id: UUID = MARKETPLACE,
    product_id: UUID | None = None,
    session_id: UUID | None = None,
    once: UUID | None = None,
    **more: Property,
) -> None:
    """A visitor has done something that is no step of the day's count. A product's shop is found when it is written down, and
    so is what a `sku` is of: the page need not ask. `once`: of what happens once, such as opening this message."""
    footfall = _footfall_of(visit)
    if footfall is not None:
        about = _About(merchant_id, product_id, session_id)
        told = _told(visit, footfall, kind, datetime.now(UTC), about, more)
        if once is not None:
            told[-1] = msgspec.structs.replace(told[-1], event_id=ids.derived(once, kind))
        footfall.note(Noted(who=_who(visit), behaviours=told))


def follow(visit: Visit, click: LinkClick) -> None:
    """A campaign link was followed, by somebody who may be counted."""
    footfall = _footfall_of(visit)
    if footfall is not None:
        footfall.note(Noted(who=_who(visit), click=click))


def expose(visit: Visit, exposure: Exposure | None) -> None:
    """A variant of an experiment was seen, by somebody who may be counted; analyses know it, too."""
    footfall = _footfall_of(visit)
    if footfall is None or exposure is None:
        return
    seen: dict[str, Property] = {"experiment": str(exposure.experiment_id), "variant": exposure.variant}
    told = _done(visit, Kind.EXPOSURE, exposure.at, merchant_id=exposure.merchant_id, properties=seen)
    footfall.note(Noted(who=_who(visit), exposures=[exposure], behaviours=[told]))


def is_counted(visit: Visit) -> bool:
    """Whether what this visitor sees is counted: not staff, no program, nobody who asks not to be."""
    return _footfall_of(visit) is not None


def device_of(visit: Visit) -> str:
    """What the visitor holds in their hands or sits at: phone or desk."""
    return device_named(visit.connection.headers.get("user-agent", ""))


def device_named(browser: str) -> str:
    """The same by what a browser calls itself."""
    return "phone" if _PHONES.search(browser) else "desk"


def counts(headers: Mapping[str, str]) -> bool:
    """Whether who sends these headers is counted at all: a browser that somebody looks at, and that does not ask not to be."""
    browser = headers.get("user-agent", "")
    return (
        bool(browser)
        and not _PROGRAMS.search(browser)
        and headers.get("sec-gpc") != "1"
        and headers.get("dnt") != "1"
        and not headers.get("sec-purpose", "").startswith(AHEAD_OF_TIME)
    )


def _footfall_of(visit: Visit) -> Footfall | None:
    if visit.account is not None and visit.account.kind is not AccountKind.BUYER:
        return None
    footfall: Footfall | None = getattr(visit.connection.app.state, "footfall", None)
    return footfall if footfall is not None and counts(visit.connection.headers) else None


def _who(visit: Visit) -> UUID:
    account = visit.account
    return account.buyer_id if account is not None and account.buyer_id is not None else visit.visitor_id


def _looked(visit: Visit, footfall: Footfall, now: datetime) -> list[Behaviour]:
    """A page that knows no merchant: that it was seen, where analyses tell such pages apart; by what the visitor arrived; and
    whether a message of ours led here."""
    connection = visit.connection
    path = connection.url.path
    if "hx-request" in connection.headers:  # a part of a page
        return []
    told: list[Behaviour] = []
    if connection.query_params.get("utm_source") == MESSAGE_SOURCE:
        said = {name: word(connection.query_params.get(f"utm_{name}", "")) for name in ("medium", "campaign")}
        message: dict[str, Property] = {"via": said["medium"], "message": said["campaign"]}
        told.append(_done(visit, Kind.MESSAGE_CLICK, now, properties=message))
    if path.startswith(_OWN_WORDS):
        return told
    first, _, rest = path.strip("/").partition("/")
    page = _PAGES.get(first)
    if page is None or (rest and page in ("cart", "home")):
        return told + _arrived(visit, footfall, now, MARKETPLACE)
    named: dict[str, Property] = {page: rest[:_NAME_CHARACTERS_MAX]} if rest else {}
    return told + _told(visit, footfall, Kind.VIEW, now, _About(), {"page": page, **named})


def _told(
    visit: Visit, footfall: Footfall, kind: Kind, now: datetime, about: _About, properties: Mapping[str, Property]
) -> list[Behaviour]:
    """What was done, after how the visitor arrived, if they did with this page."""
    done = _done(
        visit,
        kind,
        now,
        merchant_id=about.merchant_id,
        product_id=about.product_id,
        session_id=about.session_id,
        properties=properties,
    )
    return [*_arrived(visit, footfall, now, about.merchant_id), done]


def _arrived(visit: Visit, footfall: Footfall, now: datetime, merchant_id: UUID) -> list[Behaviour]:
    connection = visit.connection
    if connection.scope.get("method") != "GET" or _ARRIVED in connection.scope["state"]:
        return []
    connection.scope["state"][_ARRIVED] = True
    came = arrival(connection)
    if not footfall.is_new_visit(visit.visitor_id, came) or came is None:
        return []
    return [
        _done(
            visit,
            Kind.ARRIVE,
            now,
            merchant_id=merchant_id,
            channel=came.channel,
            source=came.source,
            medium=came.medium,
            campaign=came.campaign,
            properties=came.properties,
        )
    ]


def _done(visit: Visit, kind: Kind, now: datetime, **more: Any) -> Behaviour:
    account = visit.account
    return Behaviour(
        kind=kind,
        at=now,
        visitor_id=visit.visitor_id,
        buyer_id=account.buyer_id if account is not None else None,
        surface=Surface.LIVE if visit.connection.url.path.startswith("/live/") else Surface.STOREFRONT,
        device=device_of(visit),
        **more,
    )
