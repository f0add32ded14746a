"""Buyers who want to be told when a session begins: where they are signed in, and by mail to those who ticked that."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from steelyard.channels.live.model import OPEN, Session, SessionNotWritable
from steelyard.channels.live.queries import session
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import Text
from steelyard.parties import customers, notifications
from steelyard.parties.notifications.model import CouponFacts, LiveNews, MailId, NewNotice, NoticeKind, Template

REMIND_BEFORE = timedelta(minutes=10)
SESSIONS_PER_SWEEP = 20
REMINDED_AT_ONCE = 1_000


class Reminded(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asked; `email` is none where no mail is wanted or nothing is known."""

    buyer_id: UUID
    name: str
    locale: str
    email: str | None


async def remind(tx: Tx, merchant_id: UUID, session_id: UUID, buyer_id: UUID, *, by_mail: bool) -> None:
    """A buyer wants to be told; said again, by mail or not is changed. Raises `NotFound`, `SessionNotWritable` for what has
    begun."""
    found = await session(tx, merchant_id, session_id)
    if found is None:
        raise NotFound()
    if found.state not in OPEN:
        raise SessionNotWritable(state=found.state)
    await tx.execute(
        """
        INSERT INTO live_reminders (merchant_id, session_id, buyer_id, by_mail) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id, session_id, buyer_id) DO UPDATE SET by_mail = excluded.by_mail
        """,
        merchant_id,
        session_id,
        buyer_id,
        by_mail,
    )


async def remind_not(tx: Tx, merchant_id: UUID, session_id: UUID, buyer_id: UUID) -> None:
    """A buyer does not want to be told any more. Said twice, nothing changes."""
    await tx.execute(
        "DELETE FROM live_reminders WHERE merchant_id = $1 AND session_id = $2 AND buyer_id = $3",
        merchant_id,
        session_id,
        buyer_id,
    )


async def reminded(read: Read, buyer_id: UUID, session_ids: Sequence[UUID]) -> set[UUID]:
    """Of which of these sessions a buyer wants to be told."""
    rows = await read.fetch(
        "SELECT session_id FROM live_reminders WHERE buyer_id = $1 AND session_id = ANY($2)",
        buyer_id,
        list(session_ids),
    )
    return {row["session_id"] for row in rows}


async def reminders_of(read: Read, merchant_id: UUID, session_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many want to be told of each of these sessions."""
    rows = await read.fetch(
        """
        SELECT session_id, count(*)::integer AS buyers FROM live_reminders
        WHERE merchant_id = $1 AND session_id = ANY($2) GROUP BY session_id
        """,
        merchant_id,
        list(session_ids),
    )
    return {row["session_id"]: row["buyers"] for row in rows}


async def forget_reminders(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Erase what buyers who leave asked for."""
    await tx.execute("DELETE FROM live_reminders WHERE buyer_id = ANY($1)", list(buyer_ids))


async def tell_soon(tx: Tx) -> int:
    """Sessions that begin within `REMIND_BEFORE` are told of, each once; put off, once more."""
    rows = await tx.fetch(
        """
        UPDATE live_sessions SET reminded_at = now()
        WHERE (merchant_id, session_id) IN (
            SELECT merchant_id, session_id FROM live_sessions
            WHERE state IN ('planned', 'ready') AND reminded_at IS NULL AND starts_at <= now() + $1::interval
              AND starts_at > now()
            ORDER BY starts_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING merchant_id, session_id
        """,
        REMIND_BEFORE,
        SESSIONS_PER_SWEEP,
    )
    for row in rows:
        await _tell(tx, row["merchant_id"], row["session_id"], NoticeKind.LIVE_SOON)
    return len(rows)


async def tell_begun(tx: Tx) -> int:
    """Sessions that have gone on air are told of, each once."""
    rows = await tx.fetch(
        """
        UPDATE live_sessions SET begun_told_at = now()
        WHERE (merchant_id, session_id) IN (
            SELECT merchant_id, session_id FROM live_sessions WHERE state = 'on_air' AND begun_told_at IS NULL
            ORDER BY started_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING merchant_id, session_id
        """,
        SESSIONS_PER_SWEEP,
    )
    for row in rows:
        await _tell(tx, row["merchant_id"], row["session_id"], NoticeKind.LIVE_BEGUN)
    return len(rows)


async def _tell(tx: Tx, merchant_id: UUID, session_id: UUID, kind: NoticeKind) -> None:
    """A notice for each with an account, a mail for each who wants one; told of the same beginning twice, nothing more."""
    found = await session(tx, merchant_id, session_id)
    assert found is not None
    room = await tx.row(
        "SELECT slug, name FROM rooms WHERE merchant_id = $1 AND room_id = $2", merchant_id, found.room_id
    )
    assert room is not None
    link, name = f"/live/{room['slug']}", Text(room["name"])
    last: UUID | None = None
    while True:
        some = await _asked(tx, merchant_id, session_id, last)
        await _send(tx, found, kind, some, name, link)
        if len(some) < REMINDED_AT_ONCE:
            return
        last = some[-1].buyer_id


async def _asked(read: Read, merchant_id: UUID, session_id: UUID, last: UUID | None) -> list[Reminded]:
    return await read.all(
        Reminded,
        """
        SELECT r.buyer_id, b.name, b.locale, CASE WHEN r.by_mail THEN b.email END AS email
        FROM live_reminders r JOIN buyers b USING (buyer_id)
        WHERE r.merchant_id = $1 AND r.session_id = $2 AND NOT b.guest AND ($3::uuid IS NULL OR r.buyer_id > $3)
        ORDER BY r.buyer_id LIMIT $4
        """,
        merchant_id,
        session_id,
        last,
        REMINDED_AT_ONCE,
    )


async def _send(tx: Tx, found: Session, kind: NoticeKind, some: Sequence[Reminded], room: Text, link: str) -> None:
    about = ids.derived(found.session_id, kind, found.starts_at.isoformat())
    facts = CouponFacts(name=found.title, shop=room, until=found.starts_at)
    readers = set(await customers.with_accounts(tx, [each.buyer_id for each in some]))
    await notifications.tell(
        tx,
        [
            NewNotice(
                buyer_id=each.buyer_id,
                notice_id=ids.derived(about, str(each.buyer_id)),
                kind=kind,
                facts=facts,
                link=link,
            )
            for each in some
            if each.buyer_id in readers
        ],
    )
    for person in some:
        if person.email:
            what = "soon" if kind is NoticeKind.LIVE_SOON else "begun"
            await notifications.send(
                tx,
                recipient=person.email,
                template=Template.LIVE_NEWS,
                locale=person.locale,
                facts=LiveNews(
                    name=person.name, what=what, title=found.title, room=room, at=found.starts_at, link=link
                ),
                mail_id=MailId(ids.derived(about, Template.LIVE_NEWS, str(person.buyer_id))),
            )
