"""One customer, in both consoles: what they are to the shop, and all that happened with them there, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from litestar import Response

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.operations import journeys, lifecycle, outreach
from steelyard.operations.journeys.model import Passage, Stand
from steelyard.operations.lifecycle import Facts, Happening, Move, Spend, Value, ValueRun
from steelyard.operations.outreach.model import Channel, State
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.surfaces.web.console import ROWS_PER_PAGE, address
from steelyard.surfaces.web.lifecycle_pages import Place, way
from steelyard.surfaces.web.lifecycle_words import MODELS, SEGMENTS, STAGES, TIERS, sentence
from steelyard.surfaces.web.masking import masked, masked_email, masked_phone
from steelyard.surfaces.web.visit import Visit


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of one customer."""

    name: str
    email: str
    phone: str
    agreed: bool
    facts: Facts | None
    spend: Sequence[Spend]
    moves: Sequence[Move]
    value: Value | None
    run: ValueRun | None
    happened: Sequence[Happening]
    passages: Sequence[Passage]
    messages: Sequence[outreach.Told]
    span: tuple[datetime | None, datetime | None]
    next: str | None


class Told(NamedTuple):
    """A line of the timeline, with the order, the journey or the message that it leads to."""

    at: datetime
    words: str
    code: str = ""
    journey: str = ""
    message: str = ""


# How somebody came out of a journey.
_OUT = {
    Stand.FINISHED: N_("Went through the journey “{name}” to its end"),
    Stand.REACHED: N_("Reached the goal of the journey “{name}”"),
    Stand.EXITED: N_("Was led out of the journey “{name}”"),
    Stand.FAILED: N_("Got stuck in the journey “{name}”"),
}


# What a shop wanted to say to somebody: by which way, and whether it came out of the house.
_MESSAGES = {
    Channel.EMAIL: N_("Was sent a message by mail: {name}"),
    Channel.INBOX: N_("Was sent a message in the account: {name}"),
    Channel.SMS: N_("Was sent a text message: {name}"),
    Channel.WECHAT: N_("Was sent a message by WeChat: {name}"),
}
_NOT_SAID = {
    State.QUEUED: N_("A message is waiting to be sent: {name}"),
    State.DROPPED: N_("A message was kept back: {name}"),
    State.FAILED: N_("A message could not be sent: {name}"),
    State.BOUNCED: N_("A message came back: {name}"),
}


async def person(read: Read, merchant_id: UUID, buyer_id: BuyerId, contact: Any, cursor: str | None) -> Person:
    """Raises `NotFound` of whom nothing is known at this shop."""
    facts = (await lifecycle.facts_of(read, merchant_id, [buyer_id])).get(buyer_id)
    if facts is None:
        raise NotFound()
    page = await lifecycle.timeline(read, merchant_id, buyer_id, cursor, ROWS_PER_PAGE)
    span = _span(page, cursor)
    people = [buyer_id, *await customers.visitors_of(read, buyer_id)]
    return Person(
        name=masked(contact.name) if contact else "",
        email=masked_email(contact.email) if contact else "",
        phone=masked_phone(contact.phone) if contact else "",
        agreed=await customers.wants_mails(read, buyer_id),
        facts=facts,
        spend=await lifecycle.spend_of(read, merchant_id, buyer_id),
        moves=await lifecycle.moves_of(read, merchant_id, buyer_id),
        value=await lifecycle.value_of(read, merchant_id, buyer_id),
        run=await lifecycle.value_run(read, merchant_id),
        happened=page.items,
        passages=await journeys.of_buyer(read, merchant_id, buyer_id),
        messages=await outreach.told(read, merchant_id, people, *span),
        span=span,
        next=page.next,
    )


def _span(page: Page[Happening], cursor: str | None) -> tuple[datetime | None, datetime | None]:
    """From when on, and before when, what else happened stands on this page."""
    before = paging.read_cursor(cursor, datetime, str, UUID)
    return page.items[-1].at if page.next else None, before[0] if before else None


def timeline(visit: Visit, found: Person) -> list[Told]:
    """What happened, the messages, and the journeys that fall into the time of this page, the newest first."""
    told = [Told(each.at, sentence(visit, each), str(each.facts.get("code") or "")) for each in found.happened]
    told += [
        Told(
            each.created_at,
            visit.say(_NOT_SAID.get(each.state, _MESSAGES[each.channel]), name=each.name),
            message=str(each.message_id),
        )
        for each in found.messages
    ]
    since, before = found.span
    for each in found.passages:
        name, journey = each.name.in_language(visit.locale), str(each.journey_id)
        ways = [(each.entered_at, N_("Came into the journey “{name}”")), (each.ended_at, _OUT.get(each.stand, ""))]
        told += [
            Told(at, visit.say(words, name=name), journey=journey)
            for at, words in ways
            if at and words and (before is None or at < before) and (since is None or at >= since)
        ]
    return sorted(told, key=lambda each: each.at, reverse=True)


async def person_page(
    visit: Visit, place: Place, buyer_id: UUID, contact: Any, cursor: str | None, order_href: str
) -> Response[Any]:
    """One customer: what they are to the shop, and all that happened with them there, the newest first."""
    found = await visit.db.ask(person, place.merchant_id, BuyerId(buyer_id), contact, cursor)
    here = f"{place.person}/{buyer_id}"
    return await place.show(
        visit,
        "web/customer.html",
        place.home,
        crumbs=way(visit, place, (found.name or str(buyer_id)[:8], None)),
        found=found,
        buyer_id=buyer_id,
        said=timeline(visit, found),
        journeys_href=place.journeys,
        messages_href=place.messages,
        elsewhere=f"{place.elsewhere}/{buyer_id}" if place.elsewhere and contact else "",
        stages=STAGES,
        segments=SEGMENTS,
        models=MODELS,
        tiers=TIERS,
        order_href=order_href,
        next_href=address(here, cursor=found.next) if found.next else "",
        start_href=here if cursor else "",
    )
