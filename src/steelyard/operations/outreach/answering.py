"""What comes back: that a message arrived or did not, was opened, followed, complained of; and that somebody wants no more."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.operations import behaviour
from steelyard.operations.behaviour import Behaviour, Kind, Surface
from steelyard.operations.outreach import gateways
from steelyard.operations.outreach.gateways.interface import News
from steelyard.operations.outreach.linking import Whose
from steelyard.operations.outreach.model import Channel, State, Why
from steelyard.operations.outreach.service import Moved, move, stop, suppress
from steelyard.parties import customers

BOUNCE_PAUSE = timedelta(hours=4)
BOUNCES_MAX = 3


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Of a message, what a link in it needs to know."""

    merchant_id: UUID
    message_id: UUID
    buyer_id: UUID | None
    channel: Channel
    origin: str
    template: str


async def receive_webhook(
    db: Database, settings: Settings, headers: Mapping[str, str], body: bytes, now: float
) -> None:
    """Verify what the message service tells, store and apply it in one transaction; told twice, it has its effect once. Raises
    `BadWebhook`, and `NotFound` where no service is set up."""
    service = gateways.message_service(settings)
    if service is None:
        raise NotFound()
    await db.transact(_take_in, service.name, service.read_webhook(headers, body, now), msgspec.json.decode(body))


async def _take_in(tx: Tx, name: str, news: News, body: Mapping[str, object]) -> None:
    if not await payments.receive(tx, name, news.event_id, body):
        return
    await take_news(tx, news)
    await payments.applied(tx, name, news.event_id)


async def take_news(tx: Tx, news: News) -> None:
    """Apply what a gateway tells of a message. A hard bounce ends all mail to that address; a soft one is tried again, three
    times in all; who complains or answers that they want no more has withdrawn their consent. Of messages that are not ours,
    nothing."""
    row = await tx.row(
        "SELECT merchant_id, buyer_id, channel, address, bounces FROM messages WHERE message_id = $1", news.message_id
    )
    if row is None:
        return
    channel = Channel(row["channel"])
    moved = Moved(merchant_id=row["merchant_id"], message_id=news.message_id, to=State.DELIVERED)
    why = f"{Why.REFUSED}: {news.why}"
    if news.what == "delivered":
        await move(tx, [moved])
    elif news.what == "bounced" and news.hard:
        await move(tx, [msgspec.structs.replace(moved, to=State.BOUNCED, why=why)])
        await suppress(tx, channel, [row["address"]], news.why)
    elif news.what == "bounced" and row["bounces"] + 1 < BOUNCES_MAX:
        later = datetime.now(UTC) + BOUNCE_PAUSE
        await move(tx, [msgspec.structs.replace(moved, to=State.QUEUED, why=why, again_at=later, came_back=True)])
    elif news.what == "bounced":
        await move(tx, [msgspec.structs.replace(moved, to=State.FAILED, why=why)])
    else:
        await _no_more(tx, row["merchant_id"], news, row["buyer_id"], channel)


async def _no_more(tx: Tx, merchant_id: UUID, news: News, buyer_id: UUID | None, channel: Channel) -> None:
    if news.what == "complained":
        await tx.execute(
            """
            UPDATE messages SET complained_at = coalesce(complained_at, now()) WHERE merchant_id = $1 AND message_id = $2
            """,
            merchant_id,
            news.message_id,
        )
    if buyer_id is not None:
        how = "complaint" if news.what == "complained" else "answer"
        await customers.want(tx, buyer_id, customers.Channel(str(channel)), agreed=False, how=how)


async def found(read: Read, whose: Whose) -> Found | None:
    """The message that a signed link was in."""
    return await read.one(
        Found,
        """
        SELECT m.merchant_id, m.message_id, m.buyer_id, m.channel, m.origin, t.name AS template
        FROM messages m JOIN message_templates t USING (merchant_id, template_id)
        WHERE m.merchant_id = $1 AND m.message_id = $2
        """,
        whose.merchant_id,
        whose.message_id,
    )


async def short(read: Read, code: str) -> tuple[Whose, str] | None:
    """Where a short address of a text message leads."""
    row = await read.row("SELECT merchant_id, message_id, path FROM message_codes WHERE code = $1", code)
    return None if row is None else (Whose(row["merchant_id"], row["message_id"]), row["path"])


async def note_click(tx: Tx, whose: Whose) -> None:
    """Somebody followed a link of this message; whoever wants nothing analysed did not."""
    await _note_one(tx, whose, Kind.MESSAGE_CLICK)


async def note_open(tx: Tx, whose: Whose) -> None:
    """Somebody opened this message, as far as that can be told."""
    await _note_one(tx, whose, Kind.MESSAGE_OPEN)


async def note_read(tx: Tx, buyer_id: UUID, message_ids: Sequence[UUID]) -> None:
    """These messages stand on a page that their reader is looking at."""
    some = await tx.all(
        Found,
        """
        SELECT m.merchant_id, m.message_id, m.buyer_id, m.channel, m.origin, t.name AS template
        FROM messages m JOIN message_templates t USING (merchant_id, template_id)
        WHERE m.buyer_id = $1 AND m.message_id = ANY($2) AND m.opened_at IS NULL
        """,
        buyer_id,
        list(message_ids),
    )
    await _note(tx, some, Kind.MESSAGE_OPEN)


async def _note_one(tx: Tx, whose: Whose, kind: Kind) -> None:
    message = await found(tx, whose)
    if message is not None:
        await _note(tx, [message], kind)


async def _note(tx: Tx, messages: Sequence[Found], kind: Kind) -> None:
    silent = await behaviour.quiet(tx, [each.buyer_id for each in messages if each.buyer_id is not None])
    some = [(each, each.buyer_id) for each in messages if each.buyer_id is not None and each.buyer_id not in silent]
    await behaviour.record(tx, [_deed(message, buyer_id, kind) for message, buyer_id in some])
    await tx.execute(
        """
        UPDATE messages m
        SET clicked_at = CASE WHEN $3 THEN coalesce(m.clicked_at, now()) ELSE m.clicked_at END
          , opened_at = coalesce(m.opened_at, now())
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, message_id)
        WHERE (m.merchant_id, m.message_id) = (w.merchant_id, w.message_id)
          AND (m.opened_at IS NULL OR $3 AND m.clicked_at IS NULL)
        """,
        [each.merchant_id for each, _ in some],
        [each.message_id for each, _ in some],
        kind is Kind.MESSAGE_CLICK,
    )


def _deed(message: Found, buyer_id: UUID, kind: Kind) -> Behaviour:
    return Behaviour(
        kind=kind,
        event_id=ids.derived(message.message_id, kind),
        visitor_id=buyer_id,
        buyer_id=buyer_id,
        merchant_id=message.merchant_id,
        surface=Surface.MAIL,
        properties={
            "via": str(message.channel),
            "message": message.template,
            "id": str(message.message_id),
            **({"origin": message.origin} if message.origin else {}),
        },
    )


async def leave(tx: Tx, whose: Whose, how: str) -> None:
    """Whoever got this message wants no more of this shop's by this channel. Said twice, nothing changes. Raises `NotFound`."""
    message = await found(tx, whose)
    if message is None:
        raise NotFound()
    if message.buyer_id is not None:
        await stop(tx, message.buyer_id, message.merchant_id, message.channel, stopped=True, how=how)
