"""What keeps a session from being ready, and what should be looked at before: each finding stands beside its field."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from steelyard.channels import rooms
from steelyard.channels.live import queries
from steelyard.channels.live.lowest import Known, lowest_of
from steelyard.channels.live.model import Entry, Good, Session
from steelyard.channels.live.price_claims import ClaimKind, claims
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import merchants, screening
from steelyard.parties.merchants.model import MerchantId
from steelyard.parties.screening.model import Action, Area


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`field` is where it stands (`host_id`, `goods`, `good:<product_id>`, `script`, `title`, `trailer`, `entry:<entry_id>`),
    `what` an English msgid, formatted with `facts`; `forbids`: the session is not ready with it."""

    field: str
    what: str
    forbids: bool = True
    facts: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A text that is looked at: where it stands, how strictly, and of which product it speaks."""

    field: str
    text: str
    language: str = ""
    title: bool = False
    product_id: UUID | None = None


async def look(read: Read, session: Session) -> list[Finding]:
    """All findings, those that forbid it first."""
    goods = await queries.goods(read, session.merchant_id, session.session_id)
    entries = await queries.rundown(read, session.merchant_id, session.session_id)
    found = [
        *await _missing(read, session, goods),
        *await _goods(read, session, goods),
        *await _words(read, session, _said(session, goods, entries)),
    ]
    return sorted(found, key=lambda each: not each.forbids)


async def _missing(read: Read, session: Session, goods: Sequence[Good]) -> list[Finding]:
    found: list[Finding] = []
    if session.cover is None:
        found.append(Finding(field="cover", what=N_("A session needs a cover.")))
    host = await rooms.host(read, session.merchant_id, session.host_id) if session.host_id else None
    if host is None:
        found.append(Finding(field="host_id", what=N_("A session needs a host.")))
    elif not host.speaks(await _day(read, session)):
        found.append(
            Finding(field="host_id", what=N_("The host is not verified, or has no training that counts on that day."))
        )
    if not any(good.shown for good in goods):
        found.append(Finding(field="goods", what=N_("Nothing in the goods bag is shown.")))
    if session.ends_at <= datetime.now(UTC):
        found.append(Finding(field="ends_at", what=N_("Its time is over.")))
    return found


async def _goods(read: Read, session: Session, goods: Sequence[Good]) -> list[Finding]:
    """What is shown can be bought, is sold in this room, and may be sold live."""
    shown = [good.product_id for good in goods if good.shown]
    if not shown:
        return []
    known: Mapping[UUID, ProductView] = {**await catalog.products(read, shown)}
    room = await rooms.room(read, session.merchant_id, session.room_id)
    assert room is not None
    closed = {each.category_id: each for each in await rooms.closed_categories(read)}
    found: list[Finding] = []
    for product_id in shown:
        product, field = known.get(product_id), f"good:{product_id}"
        if product is None or not product.on_sale:
            found.append(Finding(field=field, what=N_("It is shown, and is not on sale.")))
            continue
        way = set(product.category_path)
        shut = next((closed[each] for each in way if each in closed), None)
        if shut is not None:
            found.append(Finding(field=field, what=N_("Goods of this category are not sold live.")))
        elif not way.intersection(room.category_ids):
            found.append(Finding(field=field, what=N_("The room was not opened for this category.")))
    return found


def _said(session: Session, goods: Sequence[Good], entries: Sequence[Entry]) -> Iterator[Words]:
    for language, text in session.title.items():
        yield Words(field="title", text=text, language=language, title=True)
    for language, text in session.trailer.items():
        yield Words(field="trailer", text=text, language=language)
    yield Words(field="script", text=session.script)
    for good in goods:
        yield Words(field=f"good:{good.product_id}", text=good.points, product_id=good.product_id)
    for entry in entries:
        text = "\n".join([entry.what, *entry.points, entry.offer])
        yield Words(field=f"entry:{entry.entry_id}", text=text, product_id=entry.product_id)


async def _words(read: Read, session: Session, said: Iterator[Words]) -> list[Finding]:
    """Words of the dictionary: what it refuses forbids; what it holds forbids in a title, since nobody looks at that before
    buyers do. And claims about prices that the shop's own prices do not bear out."""
    texts = [each for each in said if each.text.strip()]
    dictionary = await screening.dictionary(read)
    products = {each.product_id for each in texts if each.product_id is not None}
    known = await lowest_of(read, session.merchant_id, products, session.starts_at)
    found: list[Finding] = []
    for each in texts:
        area = Area.TITLE if each.title else Area.DESCRIPTION
        for met in screening.look(dictionary, area, each.text, each.language):
            if met.word.action not in (Action.REFUSE, Action.HOLD):
                continue
            refused = met.word.action is Action.REFUSE
            what = N_("“{said}” may not be said here.") if refused else N_("“{said}” needs proof.")
            found.append(Finding(field=each.field, what=what, forbids=refused or each.title, facts={"said": met.said}))
        found += _claims(each, known.get(each.product_id) if each.product_id else None)
    return list({(each.field, each.what, *each.facts.values()): each for each in found}.values())


def _claims(words: Words, known: Known | None) -> Iterator[Finding]:
    for claim in claims(words.text):
        facts = {"said": claim.said}
        if claim.kind is ClaimKind.ANYWHERE:
            yield Finding(field=words.field, what=N_("“{said}” can be proven by nobody."), facts=facts)
        elif known is None or claim.amount is None:
            what = N_("“{said}”: say it beside a product and with its price, so that it can be checked.")
            yield Finding(field=words.field, what=what, forbids=False, facts=facts)
        elif Money.of(claim.amount, known.currency).amount > known.lowest:
            lowest = Money(known.lowest, known.currency)
            what = N_("“{said}”: the lowest of the 30 days before is {lowest}.")
            yield Finding(field=words.field, what=what, facts={**facts, "lowest": str(lowest)})


async def _day(read: Read, session: Session) -> date:
    """The day of the shop on which it begins."""
    merchant = await merchants.get(read, MerchantId(session.merchant_id))
    assert merchant is not None
    return session.starts_at.astimezone(ZoneInfo(merchant.time_zone)).date()
