"""Making the debrief of a session: its facts are gathered once, when somebody asks for it first, and kept as they stood then."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.channels import rooms
from steelyard.channels.live import acting, beats, crowd, moments, prices, queries, showing
from steelyard.channels.live.debrief_model import (
    Brief,
    Debrief,
    Facts,
    MinuteReview,
    NotOverYet,
    ProductReview,
    RoleReview,
    Stretch,
)
from steelyard.channels.live.debrief_sums import briefs, happened, orders_by_minute, refunded, trade_by_product
from steelyard.channels.live.model import Entry, Session, SessionState
from steelyard.channels.live.stage_model import Explained, GoodFigures, Minute
from steelyard.channels.rooms.model import PERMISSION_OF, Role
from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductId
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId

MINUTES_MAX = 24 * 60
COMPARED_WITH = 5
# Whose work an act is, where whoever did it has no role in the room.
ACT_OF = {
    Role.DESK: frozenset({"pin", "unpin", "shelf", "move", "note", "price", "end_price", "coupon", "draw"}),
    Role.SERVICE: frozenset({"slow", "mute_all", "mute", "remove", "question", "answered", "say"}),
    Role.HOST: frozenset({"end"}),
}


async def make_debrief(tx: Tx, merchant_id: UUID, session_id: UUID, by: str) -> None:
    """Write the review of a session that has ended. It is made once: said again, nothing changes.

    Raises `NotFound`, `NotOverYet`.
    """
    await beats.lock(tx, [(merchant_id, session_id)])
    session = await queries.session(tx, merchant_id, session_id)
    if session is None:
        raise NotFound()
    if session.state is not SessionState.ENDED or session.started_at is None:
        raise NotOverYet()
    known = await tx.value(
        "SELECT true FROM live_debriefs WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
    )
    if known:
        return
    await tx.execute(
        """
        INSERT INTO live_debriefs (merchant_id, session_id, by, facts) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, session_id) DO NOTHING
        """,
        merchant_id,
        session_id,
        by,
        msgspec.to_builtins(await facts_of(tx, session), str_keys=True),
    )


async def debrief(read: Read, merchant_id: UUID, session_id: UUID) -> Debrief | None:
    """The review of a session as it was made; none: nobody has made it."""
    return await read.one(
        Debrief,
        "SELECT made_at, by, facts FROM live_debriefs WHERE merchant_id = $1 AND session_id = $2",
        merchant_id,
        session_id,
    )


async def facts_of(read: Read, session: Session) -> Facts:
    """Everything that a review says of a session that has ended, as it stands now."""
    assert session.started_at is not None and session.ended_at is not None, "what has ended has begun"
    key = session.merchant_id, session.session_id
    seconds = max(0, int((session.ended_at - session.started_at).total_seconds()))
    stage, counted = await showing.stage(read, *key), await crowd.minutes(read, *key)
    stretches = _stretches(session, await showing.explained(read, *key))
    plan = await queries.rundown(read, *key)
    whole, back = await orders_by_minute(read, *key, _last(seconds)), await refunded(read, *key)
    minutes = _minutes(_last(seconds), counted, whole, stretches)
    at = [moments.At(each.viewers, each.peak, each.orders) for each in minutes]
    host = await rooms.host(read, session.merchant_id, session.host_id) if session.host_id else None
    merchant_id = MerchantId(session.merchant_id)
    shop = (await merchants.cards(read, [merchant_id]))[merchant_id]
    return Facts(
        title=session.title,
        host=host.name if host else "",
        started_at=session.started_at,
        planned_seconds=int((session.ends_at - session.starts_at).total_seconds()),
        seconds=seconds,
        currency=shop.currency,
        peak=stage.peak,
        entered=stage.entered,
        likes=stage.likes,
        chats=sum(each.chats for each in counted),
        writers=await _writers(read, *key),
        orders=sum(each.orders for each in minutes),
        paid=sum(each.paid for each in minutes),
        gmv=sum(each.gmv for each in minutes),
        refunded=sum(back.values()),
        products=await _products(read, session, plan, counted, stretches, back),
        minutes=minutes,
        stretches=stretches,
        happened=await happened(read, session),
        roles=await _roles(read, session, plan, {each.product_id for each in stretches}),
        sold=moments.sold(at),
        lost=moments.lost(at),
        before=await briefs_before(read, session),
    )


def _last(seconds: int) -> int:
    """The number of the last minute of a session."""
    return min(MINUTES_MAX, max(1, -(-seconds // 60))) - 1


async def briefs_before(read: Read, session: Session) -> list[Brief]:
    """The shop's sessions that ended before this one, the last first."""
    return await briefs(read, session, COMPARED_WITH)


def _stretches(session: Session, explained: Sequence[Explained]) -> list[Stretch]:
    assert session.started_at is not None and session.ended_at is not None
    found: list[Stretch] = []
    for each in explained:
        begin = max(0, int((each.from_at - session.started_at).total_seconds()))
        end = int(((each.to_at or session.ended_at) - session.started_at).total_seconds())
        if end > begin:
            found.append(Stretch(product_id=each.product_id, from_second=begin, to_second=end))
    return found


def _minutes(
    last: int, counted: Sequence[Minute], orders: Mapping[int, tuple[int, int, int]], stretches: Sequence[Stretch]
) -> list[MinuteReview]:
    """Every minute, those in which nothing was counted too. A crowd is counted anew every few seconds: where nobody counted,
    nobody was there."""
    known = {each.minute: each for each in counted}
    found: list[MinuteReview] = []
    for number in range(last + 1):
        one = known.get(number, Minute(minute=number))
        placed, paid, gmv = orders.get(number, (0, 0, 0))
        spoken: Counter[UUID] = Counter()
        for each in stretches:
            seconds = min(each.to_second, number * 60 + 60) - max(each.from_second, number * 60)
            if seconds > 0:
                spoken[each.product_id] += seconds
        found.append(
            MinuteReview(
                minute=number,
                viewers=one.viewers,
                peak=max(one.peak, one.viewers),
                entered=sum(one.entries.values()),
                chats=one.chats,
                orders=placed,
                paid=paid,
                gmv=gmv,
                product_id=spoken.most_common(1)[0][0] if spoken else None,
            )
        )
    return found


async def _products(
    read: Read,
    session: Session,
    plan: Sequence[Entry],
    counted: Sequence[Minute],
    stretches: Sequence[Stretch],
    back: Mapping[UUID | None, int],
) -> list[ProductReview]:
    """What lay in the bag, was planned, explained or sold, in the order of the bag."""
    key = session.merchant_id, session.session_id
    traded = await trade_by_product(read, *key)
    bag = [good.product_id for good in await queries.goods(read, *key)]
    entries = [each for each in plan if each.product_id is not None]
    wanted = dict.fromkeys([*bag, *(each.product_id for each in entries if each.product_id), *traded])
    titles = {
        each.product_id: each.title
        for each in (await catalog.products(read, [ProductId(each) for each in wanted])).values()
    }
    looked: dict[UUID, GoodFigures] = {}
    for minute in counted:
        for product_id, figures in minute.goods.items():
            looked[product_id] = looked.get(product_id, GoodFigures()).plus(figures)
    low: dict[UUID, int] = {}
    for offer in await prices.offers(read, *key):
        low[offer.product_id] = min(offer.price, low.get(offer.product_id, offer.price))
    found: list[ProductReview] = []
    for product_id in wanted:
        own = [each for each in entries if each.product_id == product_id]
        asked = [each.price for each in own if each.price is not None]
        pieces = [each.pieces for each in own if each.pieces is not None]
        trade, seen = traded.get(product_id), looked.get(product_id, GoodFigures())
        found.append(
            ProductReview(
                product_id=product_id,
                title=titles.get(ProductId(product_id), Text()),
                planned_minutes=sum(each.minutes for each in own),
                planned_price=min(asked, default=None),
                pieces_planned=sum(pieces) if pieces else None,
                explained_seconds=sum(
                    each.to_second - each.from_second for each in stretches if each.product_id == product_id
                ),
                live_price=low.get(product_id),
                clicks=seen.clicks,
                carts=seen.carts,
                orders=trade.orders if trade else 0,
                paid=trade.paid if trade else 0,
                pieces=trade.pieces if trade else 0,
                gmv=trade.gmv if trade else 0,
                refunded=back.get(product_id, 0),
            )
        )
    return found


async def _roles(read: Read, session: Session, plan: Sequence[Entry], explained: set[UUID]) -> list[RoleReview]:
    """What each role was to see to and what its people did. An act is of the role that its person has in the room and that may do
    it; else of their first role; else of the role whose work it is."""
    crew = await rooms.crew(read, session.merchant_id, session.room_id)
    did: dict[Role, Counter[str]] = {role: Counter() for role in Role}
    people: dict[Role, set[UUID]] = {role: set() for role in Role}
    for account_id, roles in crew.items():
        for role in roles:
            people[role].add(account_id)
    for each in await acting.acts(read, session.merchant_id, session.session_id):
        account_id = _account(each.by)
        role = _role_of(each.act, crew.get(account_id, set()) if account_id else set())
        did[role][each.act] += each.times
        if account_id is not None:
            people[role].add(account_id)
    return [
        RoleReview(
            role=str(role),
            rows=len(own),
            rows_done=sum(each.product_id in explained for each in own if each.product_id is not None),
            people=sorted(people[role]),
            acts=dict(did[role]),
        )
        for role in Role
        for own in [[each for each in plan if each.owner is role]]
        if own or people[role] or did[role]
    ]


def _account(by: str) -> UUID | None:
    kind, _, name = by.partition(":")
    try:
        return UUID(name) if kind == "staff" else None
    except ValueError:
        return None


def _role_of(act: str, roles: set[Role]) -> Role:
    work = next((role for role, own in ACT_OF.items() if act in own), Role.DESK)
    able = [role for role in Role if role in roles and PERMISSION_OF[role] == PERMISSION_OF[work]]
    return next(iter([*able, *(role for role in Role if role in roles), work]))


async def _writers(read: Read, merchant_id: UUID, session_id: UUID) -> int:
    return await read.value(
        "SELECT count(*)::integer FROM live_speakers WHERE merchant_id = $1 AND session_id = $2",
        merchant_id,
        session_id,
    )
