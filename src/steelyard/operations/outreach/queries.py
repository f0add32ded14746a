"""Questions about templates and messages."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.operations.outreach.model import Channel, Message, State, Step, Template, Words

TEMPLATES_SHOWN_MAX = 500
STEPS_SHOWN_MAX = 200
TOLD_SHOWN_MAX = 200


async def templates(
    read: Read, merchant_id: UUID, channel: Channel | None = None, *, archived: bool = False
) -> list[Template]:
    """A shop's templates in use (or put away), the newest first."""
    return await read.all(
        Template,
        """
        SELECT t.merchant_id, t.template_id, t.channel, t.name, t.playbook, t.version, v.subject, v.body, v.button, v.link
             , v.code, t.created_at, t.changed_at, t.archived_at
        FROM message_templates t JOIN message_template_versions v USING (merchant_id, template_id, version)
        WHERE t.merchant_id = $1 AND ($2::text IS NULL OR t.channel = $2) AND (t.archived_at IS NOT NULL) = $3
        ORDER BY t.created_at DESC, t.template_id DESC LIMIT $4
        """,
        merchant_id,
        channel,
        archived,
        TEMPLATES_SHOWN_MAX,
    )


async def template(read: Read, merchant_id: UUID, template_id: UUID) -> Template:
    """One template of a shop. Raises `NotFound`: another shop's is not there."""
    found = await read.one(
        Template,
        """
        SELECT t.merchant_id, t.template_id, t.channel, t.name, t.playbook, t.version, v.subject, v.body, v.button, v.link
             , v.code, t.created_at, t.changed_at, t.archived_at
        FROM message_templates t JOIN message_template_versions v USING (merchant_id, template_id, version)
        WHERE t.merchant_id = $1 AND t.template_id = $2
        """,
        merchant_id,
        template_id,
    )
    if found is None:
        raise NotFound()
    return found


async def names(read: Read, merchant_id: UUID, template_ids: Collection[UUID]) -> dict[UUID, str]:
    """What these templates are called, those put away, too."""
    rows = await read.fetch(
        "SELECT template_id, name FROM message_templates WHERE merchant_id = $1 AND template_id = ANY($2)",
        merchant_id,
        list(template_ids),
    )
    return {row["template_id"]: row["name"] for row in rows}


async def words_of(read: Read, merchant_id: UUID, template_id: UUID, version: int) -> Words:
    """What a template said in one of its versions. Raises `NotFound`."""
    found = await read.one(
        Words,
        """
        SELECT subject, body, button, link, code FROM message_template_versions
        WHERE merchant_id = $1 AND template_id = $2 AND version = $3
        """,
        merchant_id,
        template_id,
        version,
    )
    if found is None:
        raise NotFound()
    return found


_COLUMNS = """
SELECT merchant_id, message_id, buyer_id, channel, template_id, version, variables, marketing, origin, locale, address, state
     , why, tries, bounces, due_at, not_before, quiet_from, quiet_to, created_at, handed_at, delivered_at, opened_at
     , clicked_at, complained_at
"""


async def messages(
    read: Read,
    merchant_id: UUID,
    *,
    state: State | None = None,
    template_id: UUID | None = None,
    buyer_id: UUID | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Page[Message]:
    """A shop's messages, the newest first: all, those in a state, of a template, or to a customer (one of these)."""
    before = paging.read_cursor(cursor, datetime, UUID) or (None, None)
    most = paging.limit(limit)
    if buyer_id is not None:
        found = await _to(read, merchant_id, buyer_id, before, most + 1)
    elif template_id is not None:
        found = await _in_words_of(read, merchant_id, template_id, before, most + 1)
    else:
        found = await _listed(read, merchant_id, state, before, most + 1)
    return paging.cut(found, most, lambda last: (last.created_at, last.message_id))


Before = tuple[datetime | None, UUID | None]


async def _to(read: Read, merchant_id: UUID, buyer_id: UUID, before: Before, most: int) -> list[Message]:
    return await read.all(
        Message,
        _COLUMNS
        + """
        FROM messages WHERE merchant_id = $1 AND buyer_id = $5
          AND ($2::timestamptz IS NULL OR (created_at, message_id) < ($2, $3::uuid))
        ORDER BY created_at DESC, message_id DESC LIMIT $4
        """,
        merchant_id,
        *before,
        most,
        buyer_id,
    )


async def _in_words_of(read: Read, merchant_id: UUID, template_id: UUID, before: Before, most: int) -> list[Message]:
    return await read.all(
        Message,
        _COLUMNS
        + """
        FROM messages WHERE merchant_id = $1 AND template_id = $5
          AND ($2::timestamptz IS NULL OR (created_at, message_id) < ($2, $3::uuid))
        ORDER BY created_at DESC, message_id DESC LIMIT $4
        """,
        merchant_id,
        *before,
        most,
        template_id,
    )


async def _listed(read: Read, merchant_id: UUID, state: State | None, before: Before, most: int) -> list[Message]:
    if state is None:
        return await read.all(
            Message,
            _COLUMNS
            + """
            FROM messages WHERE merchant_id = $1
              AND ($2::timestamptz IS NULL OR (created_at, message_id) < ($2, $3::uuid))
            ORDER BY created_at DESC, message_id DESC LIMIT $4
            """,
            merchant_id,
            *before,
            most,
        )
    return await read.all(
        Message,
        _COLUMNS
        + """
        FROM messages WHERE merchant_id = $1 AND state = $5
          AND ($2::timestamptz IS NULL OR (created_at, message_id) < ($2, $3::uuid))
        ORDER BY created_at DESC, message_id DESC LIMIT $4
        """,
        merchant_id,
        *before,
        most,
        str(state),
    )


async def message(read: Read, merchant_id: UUID, message_id: UUID) -> Message:
    """One message of a shop. Raises `NotFound`: another shop's is not there."""
    found = await read.one(
        Message, _COLUMNS + "FROM messages WHERE merchant_id = $1 AND message_id = $2", merchant_id, message_id
    )
    if found is None:
        raise NotFound()
    return found


async def steps(read: Read, merchant_id: UUID, message_id: UUID) -> list[Step]:
    """How a message went from state to state."""
    return await read.all(
        Step,
        """
        SELECT from_state, to_state, why, at FROM message_steps WHERE merchant_id = $1 AND message_id = $2 ORDER BY step_id
        LIMIT $3
        """,
        merchant_id,
        message_id,
        STEPS_SHOWN_MAX,
    )


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Of a template: how many messages of the last days were handed over, and opened, and whose links were followed."""

    template_id: UUID
    handed: int
    opened: int
    clicked: int


async def tallies(read: Read, merchant_id: UUID, template_ids: Sequence[UUID], days: int = 30) -> dict[UUID, Tally]:
    found = await read.all(
        Tally,
        """
        SELECT template_id, count(handed_at)::integer AS handed, count(opened_at)::integer AS opened
             , count(clicked_at)::integer AS clicked
        FROM messages
        WHERE merchant_id = $1 AND template_id = ANY($2) AND created_at > now() - $3 * interval '1 day'
        GROUP BY template_id
        """,
        merchant_id,
        list(template_ids),
        days,
    )
    return {each.template_id: each for each in found}


async def stops(read: Read, buyer_id: UUID) -> list[tuple[UUID, Channel]]:
    """From which shops a buyer wants no more messages, by which channel."""
    rows = await read.fetch(
        "SELECT merchant_id, channel FROM message_stops WHERE buyer_id = $1 AND stopped ORDER BY merchant_id, channel",
        buyer_id,
    )
    return [(row["merchant_id"], Channel(row["channel"])) for row in rows]


async def shops_that_wrote(read: Read, buyer_id: UUID, most: int = 50) -> list[UUID]:
    """The shops of whom a buyer was sent something lately."""
    rows = await read.fetch(
        """
        SELECT DISTINCT merchant_id FROM (SELECT merchant_id FROM messages WHERE buyer_id = $1
                                          ORDER BY created_at DESC, message_id DESC LIMIT 500) AS m
        ORDER BY merchant_id LIMIT $2
        """,
        buyer_id,
        most,
    )
    return [row["merchant_id"] for row in rows]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a customer, by the name of its template."""

    merchant_id: UUID
    message_id: UUID
    channel: Channel
    name: str
    state: State
    created_at: datetime


async def told(  # whom, by whom, and between which moments
    read: Read,
    merchant_id: UUID,
    buyer_ids: Collection[UUID],
    since: datetime | None = None,
    before: datetime | None = None,
) -> list[Told]:
    """What a shop (of the marketplace, every shop) wanted to tell these people, from a moment until another, the last first."""
    return await read.all(
        Told,
        """
        SELECT m.merchant_id, m.message_id, m.channel, t.name, m.state, m.created_at
        FROM messages m JOIN message_templates t USING (merchant_id, template_id)
        WHERE m.buyer_id = ANY($1) AND ($2 = '00000000-0000-0000-0000-000000000000'::uuid OR m.merchant_id = $2)
          AND ($3::timestamptz IS NULL OR m.created_at >= $3) AND ($4::timestamptz IS NULL OR m.created_at < $4)
        ORDER BY m.created_at DESC, m.message_id DESC LIMIT $5
        """,
        list(buyer_ids),
        merchant_id,
        since,
        before,
        TOLD_SHOWN_MAX,
    )
