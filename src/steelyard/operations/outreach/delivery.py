"""Out of the house: messages whose time has come, looked at once more, put into words, and handed over.

What is about to be handed over is written down first, whether it may go, and at this hour, is asked in that same transaction, and
what came of it is written down after. Of a message that was killed between the two, the other side is asked; where it cannot be
asked, a message of the shop's own accord is not said twice: it is *unsure*.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import structlog

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.i18n import LOCALES
from steelyard.kernel.settings import Settings
from steelyard.kernel.text import Text
from steelyard.operations.outreach.composing import Ready, letter, person_of_trial, say
from steelyard.operations.outreach.gateways.interface import Carrier, Letter, NotThere, Outcome, Refused, Taken, Unsure
from steelyard.operations.outreach.model import Channel, Message, State, Why
from steelyard.operations.outreach.queries import template, words_of
from steelyard.operations.outreach.reaching import Reach, reach
from steelyard.operations.outreach.rendering import Missing
from steelyard.operations.outreach.service import Moved, move, suppress
from steelyard.parties import customers, merchants, notifications
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.parties.notifications.model import CouponFacts, NewNotice, NoticeKind

MESSAGES_PER_SWEEP = 100
AT_ONCE_MAX = 10
# So long a worker has for what it took; then another one looks at it.
LEASE = timedelta(seconds=120)
FIRST_PAUSE = timedelta(seconds=15)
PAUSE_MAX = timedelta(hours=1)
PATIENCE = timedelta(days=3)
# What is asked about and stays unknown for so long is given up as unsure.
ASKED_FOR = timedelta(days=1)
# So often what belongs to an order is said again when nobody knows whether it was taken.
SAID_AGAIN_MAX = 3
# What was done at a shop in this moment may not be counted yet.
STRANGE_FOR = timedelta(minutes=1)
STRANGE_PAUSE = timedelta(seconds=5)

log = structlog.get_logger()


async def hand_over(db: Database, by: Mapping[Channel, Carrier], here: Settings) -> int:
    """Hand over what is due; returns how many were looked at. Safe in any number of workers, and to be killed anywhere."""
    due = await db.transact(take)
    lanes = asyncio.Semaphore(AT_ONCE_MAX)

    async def go(on: Callable[[], Awaitable[None]], message: Message) -> None:
        try:
            async with lanes:
                await on()
        except Exception:  # what is odd about one message must not hold up the others
            log.exception("message.failed", message_id=str(message.message_id))

    async with asyncio.TaskGroup() as handing:
        for some in _of_the_inbox(due):
            handing.create_task(go(partial(_put_in, db, here, some), some[0]))
        for message in due:
            if message.channel is not Channel.INBOX:
                handing.create_task(go(partial(_go_on, db, by.get(message.channel), here, message), message))
    return len(due)


def _of_the_inbox(due: Sequence[Message]) -> list[list[Message]]:
    """Those that stay in the house, by the shop and by whether they advertise."""
    found: dict[tuple[UUID, bool], list[Message]] = {}
    for each in due:
        if each.channel is Channel.INBOX:
            found.setdefault((each.merchant_id, each.marketing), []).append(each)
    return list(found.values())


async def take(tx: Tx) -> list[Message]:
    """What is due, for this worker to look at: nobody else does before `LEASE` is over."""
    return await tx.all(
        Message,
        """
        WITH due AS MATERIALIZED (
            SELECT merchant_id, message_id FROM messages WHERE due_at <= now() ORDER BY due_at LIMIT $1
            FOR UPDATE SKIP LOCKED)
        UPDATE messages m SET due_at = now() + $2::interval, tries = m.tries + 1
        FROM due d WHERE (m.merchant_id, m.message_id) = (d.merchant_id, d.message_id)
        RETURNING m.merchant_id, m.message_id, m.buyer_id, m.channel, m.template_id, m.version, m.variables, m.marketing
                , m.origin, m.locale, m.address, m.state, m.why, m.tries, m.bounces, m.due_at, m.not_before, m.quiet_from
                , m.quiet_to, m.created_at, m.handed_at, m.delivered_at, m.opened_at, m.clicked_at, m.complained_at
        """,
        MESSAGES_PER_SWEEP,
        LEASE,
    )


async def _go_on(db: Database, carrier: Carrier | None, here: Settings, message: Message) -> None:
    if message.state is State.SENDING:
        # Somebody was at it and did not come to an end.
        outcome = Unsure(why="no gateway") if carrier is None else await carrier.ask(_bare(message))
        await db.transact(note, message, outcome)
        return
    if carrier is None:
        await db.transact(_end, message, State.FAILED, Why.NO_GATEWAY)
        return
    ready = await db.transact(claim, message, here)
    if ready is not None:
        await db.transact(note, message, await carrier.hand_over(ready))


def _bare(message: Message) -> Letter:
    """As much of it as is needed to ask about it."""
    return Letter(
        message_id=message.message_id,
        channel=message.channel,
        address=message.address,
        locale=message.locale,
        shop="",
        created_at=message.created_at,
    )


async def claim(tx: Tx, message: Message, here: Settings) -> Letter | None:
    """Write down that this message is being handed over, if it still may be; none where it may not, and that is written down.
    Who opts out before this transaction gets nothing."""
    if message.buyer_id is not None:
        await _hold(tx, [message.buyer_id])
    held = await tx.value(
        "SELECT state FROM messages WHERE merchant_id = $1 AND message_id = $2 FOR UPDATE",
        message.merchant_id,
        message.message_id,
    )
    if held != State.QUEUED or await rest(tx, [message]):
        return None
    person = await _person(tx, message)
    if person.why is not None:
        await _hinder(tx, message, person.why)
        return None
    card = (await merchants.cards(tx, [MerchantId(message.merchant_id)]))[MerchantId(message.merchant_id)]
    ready = await _ready(tx, message, person, card)
    codes: dict[str, str] = {}
    try:
        said = say(ready, here, codes)
    except Missing as missing:
        await _end(tx, message, State.FAILED, f"{Why.MISSING}: {missing.args[0]}")
        return None
    for code, path in codes.items():
        await tx.execute(
            "INSERT INTO message_codes (code, merchant_id, message_id, path) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            code,
            message.merchant_id,
            message.message_id,
            path,
        )
    leaving = letter(ready, here, said)
    await tx.execute(
        "UPDATE messages SET address = $3, locale = $4 WHERE merchant_id = $1 AND message_id = $2",
        message.merchant_id,
        message.message_id,
        leaving.address,
        leaving.locale,
    )
    await move(tx, [_moved(message, State.SENDING, again_at=datetime.now(UTC) + LEASE)])
    return leaving


async def _hold(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Consents and stops are written under a lock of the buyer: none changes until we are done."""
    await tx.execute("SELECT FROM buyers WHERE buyer_id = ANY($1) ORDER BY buyer_id FOR SHARE", sorted(set(buyer_ids)))


async def rest(tx: Tx, some: Sequence[Message]) -> frozenset[UUID]:
    """Those of these that keep quiet hours, and for whose readers it is quiet now, wait until it is not; returns which. That is
    no try. Asked whenever one would leave: it may have come back, not been taken before, or a worker may be late with it."""
    keeping = [each for each in some if each.quiet_from is not None]
    zones = await customers.zones_of(tx, [each.buyer_id for each in keeping if each.buyer_id]) if keeping else {}
    now = datetime.now(UTC)
    waiting = [(each, until) for each in keeping if (until := _quiet_until(each, zones, now)) is not None]
    if waiting:
        await tx.execute(
            """
            WITH held AS MATERIALIZED (
                SELECT m.merchant_id, m.message_id, w.until
                FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS w (merchant_id, message_id, until)
                JOIN messages m USING (merchant_id, message_id)
                WHERE m.state = 'queued' ORDER BY m.merchant_id, m.message_id FOR UPDATE OF m)
            UPDATE messages m SET due_at = h.until, tries = m.tries - 1
            FROM held h WHERE (m.merchant_id, m.message_id) = (h.merchant_id, h.message_id)
            """,
            [each.merchant_id for each, _ in waiting],
            [each.message_id for each, _ in waiting],
            [until for _, until in waiting],
        )
    return frozenset(each.message_id for each, _ in waiting)


def _quiet_until(message: Message, zones: Mapping[UUID, ZoneInfo], now: datetime) -> datetime | None:
    """When the quiet hours end in which its reader is now; none: it is not quiet there, or nobody is."""
    zone = zones.get(message.buyer_id) if message.buyer_id is not None else None
    if zone is None or message.quiet_from is None or message.quiet_to is None:
        return None
    return customers.quiet_until(now, zone, message.quiet_from, message.quiet_to)


async def _person(tx: Tx, message: Message) -> Reach:
    if message.buyer_id is None:
        return person_of_trial(message)
    found = await reach(tx, message.merchant_id, [message.buyer_id], message.channel, marketing=message.marketing)
    nobody = Reach(buyer_id=message.buyer_id, address="", name="", locale="", analysed=False, why=Why.STRANGER)
    return found.get(message.buyer_id, nobody)


async def _hinder(tx: Tx, message: Message, why: Why) -> None:
    if why is Why.STRANGER and datetime.now(UTC) - message.created_at < STRANGE_FOR:
        await _later(tx, message, STRANGE_PAUSE)
    else:
        await _end(tx, message, State.DROPPED, why)


async def _ready(tx: Tx, message: Message, person: Reach, card: ShopCard) -> Ready:
    return Ready(
        message=message,
        words=await words_of(tx, message.merchant_id, message.template_id, message.version),
        reach=person,
        shop=card,
        template_name=(await template(tx, message.merchant_id, message.template_id)).name,
    )


async def note(tx: Tx, message: Message, outcome: Outcome) -> None:
    """Write down what came of it. What is known already (the gateway told by itself) stays."""
    now = datetime.now(UTC)
    match outcome:
        case Taken():
            await move(tx, [_moved(message, State.DELIVERED if outcome.delivered else State.SENT)])
        case NotThere():
            await move(tx, [_moved(message, State.QUEUED, again_at=now)])
        case Refused(hard=True):
            if await move(tx, [_moved(message, State.BOUNCED, f"{Why.REFUSED}: {outcome.why}")]):
                await suppress(tx, message.channel, [await _address(tx, message)], outcome.why)
        case Refused(again=True) if now - message.not_before < PATIENCE:
            pause = min(FIRST_PAUSE * 2 ** min(message.tries, 20), PAUSE_MAX)
            await move(tx, [_moved(message, State.QUEUED, f"{Why.REFUSED}: {outcome.why}", again_at=now + pause)])
        case Refused():
            why = Why.TOO_LATE if outcome.again else Why.REFUSED
            await move(tx, [_moved(message, State.FAILED, f"{why}: {outcome.why}")])
        case Unsure():
            await _unsure(tx, message, outcome, now)


async def _unsure(tx: Tx, message: Message, outcome: Unsure, now: datetime) -> None:
    if outcome.asks and now - message.not_before < ASKED_FOR:
        await _later(tx, message, min(FIRST_PAUSE * 2 ** min(message.tries, 20), PAUSE_MAX))
    elif outcome.asks or message.marketing:
        await move(tx, [_moved(message, State.UNSURE, f"{Why.NOT_ASKED}: {outcome.why}")])
    else:
        # What an order needs is said again, under the same Message-ID: rather twice than never, and not for ever.
        again = await _said_again(tx, message)
        to, at = (State.QUEUED, now + FIRST_PAUSE * 2**again) if again < SAID_AGAIN_MAX else (State.UNSURE, None)
        await move(tx, [_moved(message, to, f"{Why.NOT_ASKED}: {outcome.why}", again_at=at)])


async def _said_again(tx: Tx, message: Message) -> int:
    """How often it was queued anew since nobody knew."""
    return await tx.value(
        """
        SELECT count(*)::integer FROM message_steps
        WHERE merchant_id = $1 AND message_id = $2 AND to_state = 'queued' AND why LIKE 'not_asked:%'
        """,
        message.merchant_id,
        message.message_id,
    )


async def _address(tx: Tx, message: Message) -> str:
    return await tx.value(
        "SELECT address FROM messages WHERE merchant_id = $1 AND message_id = $2",
        message.merchant_id,
        message.message_id,
    )


async def _later(tx: Tx, message: Message, pause: timedelta) -> None:
    """It is looked at again after a while, as it is."""
    await tx.execute(
        """
        UPDATE messages SET due_at = now() + $3::interval
        WHERE merchant_id = $1 AND message_id = $2 AND state IN ('queued', 'sending')
        """,
        message.merchant_id,
        message.message_id,
        pause,
    )


async def _end(tx: Tx, message: Message, to: State, why: str) -> None:
    await move(tx, [_moved(message, to, why)])


def _moved(message: Message, to: State, why: str = "", again_at: datetime | None = None) -> Moved:
    return Moved(merchant_id=message.merchant_id, message_id=message.message_id, to=to, why=why, again_at=again_at)


async def _put_in(db: Database, here: Settings, some: Sequence[Message]) -> None:
    await db.transact(put_in, some, here)


async def put_in(tx: Tx, some: Sequence[Message], here: Settings) -> None:
    """Messages of one shop that are read where their readers are signed in: nothing leaves the house. All of them advertise, or
    none."""
    first = some[0]
    buyer_ids = [each.buyer_id for each in some if each.buyer_id is not None]
    await _hold(tx, buyer_ids)
    waiting = await rest(tx, some)
    people = await reach(tx, first.merchant_id, buyer_ids, Channel.INBOX, marketing=first.marketing)
    card = (await merchants.cards(tx, [MerchantId(first.merchant_id)]))[MerchantId(first.merchant_id)]
    moves: list[Moved] = []
    notices: list[NewNotice] = []
    words: dict[tuple[UUID, int], Ready] = {}
    for message in some:
        if message.message_id in waiting:
            continue
        person = people.get(message.buyer_id) if message.buyer_id else None
        if person is None or person.why is not None:
            await _hinder(tx, message, (person.why if person else None) or Why.STRANGER)
            continue
        key = (message.template_id, message.version)
        if key not in words:
            words[key] = await _ready(tx, message, person, card)
        try:
            notices.append(_notice(msgspec.structs.replace(words[key], message=message, reach=person), here))
        except Missing as missing:
            moves.append(_moved(message, State.FAILED, f"{Why.MISSING}: {missing.args[0]}"))
        else:
            moves.append(_moved(message, State.DELIVERED))
    went = set(await move(tx, moves))
    await notifications.tell(tx, [each for each in notices if each.notice_id in went])


def _notice(ready: Ready, here: Settings) -> NewNotice:
    """In both languages: which one is read is known when it is read."""
    subjects, bodies, link = {}, {}, ""
    for language in LOCALES:
        person = msgspec.structs.replace(ready.reach, locale=language)
        said = say(msgspec.structs.replace(ready, reach=person), here, {})
        subjects[language], bodies[language] = said.subject, said.text.strip()
        link = said.link.removeprefix(here.base_url)
    assert ready.message.buyer_id is not None
    return NewNotice(
        buyer_id=ready.message.buyer_id,
        notice_id=ready.message.message_id,
        kind=NoticeKind.SHOP_MESSAGE,
        facts=CouponFacts(name=Text(subjects), shop=ready.shop.name, words=Text(bodies)),
        link=link or f"/shops/{ready.shop.slug}",
    )
