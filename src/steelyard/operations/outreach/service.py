"""Commands on messages: have them sent, count what became of them, stop them."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.operations.outreach.model import (
    MACHINE,
    MESSAGES_PER_CALL_MAX,
    TRIALS_PER_HOUR_MAX,
    VARIABLES_PER_MESSAGE_MAX,
    Channel,
    MessageId,
    Outgoing,
    State,
    TooManyTrials,
    UnknownTemplate,
    Why,
)
from steelyard.operations.outreach.queries import template
from steelyard.operations.outreach.variables import CATALOGUE

TRIAL = "trial"
WHY_CHARACTERS_MAX = 300
# Mail servers and services repeat the address in their refusals.
ADDRESS = re.compile(r"[^\s<>]*@[^\s<>]*|\+?\d[\d ()-]{6,}\d")


async def send(tx: Tx, message: Outgoing) -> bool:
    """Have one message sent; see `send_many`. Returns whether it is new."""
    return bool(await send_many(tx, [message]))


async def send_many(tx: Tx, messages: Sequence[Outgoing]) -> list[MessageId]:
    """Have these sent once this transaction has committed, each in the version that its template has now; returns those that are
    new. Said twice with the same ids, each goes out once. Whether somebody may be reached is asked when a message is handed over,
    so that who opts out before gets nothing. Raises `UnknownTemplate`: a template of another shop is none."""
    assert len(messages) <= MESSAGES_PER_CALL_MAX
    assert all(len(each.variables) <= VARIABLES_PER_MESSAGE_MAX for each in messages)
    if not messages:
        return []
    versions = await _versions(tx, messages)
    now = datetime.now(UTC)
    rows = await tx.fetch(
        """
        INSERT INTO messages (merchant_id, message_id, buyer_id, channel, template_id, version, variables, marketing, origin
                            , state, due_at, not_before, quiet_from, quiet_to)
        SELECT n.merchant_id, n.message_id, n.buyer_id, n.channel, n.template_id, n.version, n.variables, n.marketing, n.origin
             , 'queued', n.not_before, n.not_before, n.quiet_from, n.quiet_to
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::integer[], $7::jsonb[], $8::boolean[]
                  , $9::text[], $10::timestamptz[], $11::time[], $12::time[])
             AS n (merchant_id, message_id, buyer_id, channel, template_id, version, variables, marketing, origin, not_before
                 , quiet_from, quiet_to)
        ORDER BY n.merchant_id, n.message_id
        ON CONFLICT (merchant_id, message_id) DO NOTHING
        RETURNING merchant_id, message_id
        """,
        [each.merchant_id for each in messages],
        [each.message_id for each in messages],
        [each.buyer_id for each in messages],
        [str(each.channel) for each in messages],
        [each.template_id for each in messages],
        [versions[each.merchant_id, each.template_id] for each in messages],
        [{name: value for name, value in each.variables.items() if name in CATALOGUE} for each in messages],
        [each.marketing for each in messages],
        [each.origin for each in messages],
        [max(each.not_before or now, now) for each in messages],
        [each.quiet_from for each in messages],
        [each.quiet_to for each in messages],
    )
    new = [(row["merchant_id"], row["message_id"]) for row in rows]
    await note_steps(tx, [(*each, "nowhere", State.QUEUED, "") for each in new])
    return [MessageId(message_id) for _, message_id in new]


async def _versions(tx: Tx, messages: Sequence[Outgoing]) -> dict[tuple[UUID, UUID], int]:
    wanted = sorted({(each.merchant_id, each.template_id, str(each.channel)) for each in messages})
    rows = await tx.fetch(
        """
        SELECT t.merchant_id, t.template_id, t.version
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS w (merchant_id, template_id, channel)
        JOIN message_templates t USING (merchant_id, template_id, channel) WHERE t.archived_at IS NULL
        """,
        *([each[at] for each in wanted] for at in range(3)),
    )
    found = {(row["merchant_id"], row["template_id"]): row["version"] for row in rows}
    if len(found) < len(wanted):
        raise UnknownTemplate()
    return found


async def try_out(tx: Tx, merchant_id: UUID, template_id: UUID, message_id: UUID, address: str, locale: str) -> None:
    """Send a template with sample values to the address of who is at work on it. Said twice with the same id, once. Raises
    `UnknownTemplate`, `TooManyTrials`."""
    assert address, "who is signed in has an address"
    found = await template(tx, merchant_id, template_id)
    if found.channel is not Channel.EMAIL:
        raise UnknownTemplate()
    lately = await tx.value(
        """
        SELECT count(*) FROM messages WHERE merchant_id = $1 AND buyer_id IS NULL AND created_at > now() - interval '1 hour'
        """,
        merchant_id,
    )
    if lately >= TRIALS_PER_HOUR_MAX:
        raise TooManyTrials(most=TRIALS_PER_HOUR_MAX)
    samples = {
        name: each.sample for name, each in CATALOGUE.items() if not (each.own and name.startswith(("shop", "unsub")))
    }
    if await tx.execute(
        """
        INSERT INTO messages (merchant_id, message_id, channel, template_id, version, variables, marketing, origin, locale
                            , address, state, due_at, not_before)
        VALUES ($1, $2, 'email', $3, $4, $5, true, $6, $7, $8, 'queued', now(), now()) ON CONFLICT DO NOTHING
        """,
        merchant_id,
        message_id,
        template_id,
        found.version,
        samples,
        TRIAL,
        locale,
        address,
    ):
        await note_steps(tx, [(merchant_id, message_id, "nowhere", State.QUEUED, "")])


async def note_steps(tx: Tx, steps: Sequence[tuple[UUID, UUID, str, State, str]]) -> None:
    """Write down how messages went on: (merchant, message, from, to, why)."""
    await tx.execute(
        """
        INSERT INTO message_steps (merchant_id, message_id, step_id, from_state, to_state, why, at)
        SELECT s.*, clock_timestamp()
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[])
             AS s (merchant_id, message_id, step_id, from_state, to_state, why)
        """,
        [each[0] for each in steps],
        [each[1] for each in steps],
        [ids.mint() for _ in steps],
        [each[2] for each in steps],
        [str(each[3]) for each in steps],
        [each[4] for each in steps],
    )


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a message goes to; `again_at`: when it is looked at again, where it is not at an end."""

    merchant_id: UUID
    message_id: UUID
    to: State
    why: str = ""
    again_at: datetime | None = None
    came_back: bool = False


async def move(tx: Tx, moves: Iterable[Moved]) -> list[MessageId]:
    """Bring messages on, each from a state out of which that leads; returns those that went. What has gone further by itself (the
    gateway's news overtook its answer) stays where it is."""
    wanted = sorted(moves, key=lambda each: (each.merchant_id, each.message_id))
    went: list[MessageId] = []
    steps: list[tuple[UUID, UUID, str, State, str]] = []
    for to in sorted({each.to for each in wanted}):
        some = [each for each in wanted if each.to == to]
        rows = await tx.fetch(
            """
            WITH old AS MATERIALIZED (
                SELECT m.merchant_id, m.message_id, m.state, w.why, w.again_at, w.came_back
                FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::boolean[])
                     AS w (merchant_id, message_id, why, again_at, came_back)
                JOIN messages m USING (merchant_id, message_id)
                WHERE m.state = ANY($7::text[]) ORDER BY m.merchant_id, m.message_id FOR UPDATE OF m)
            UPDATE messages m
            SET state = $6, why = o.why, due_at = o.again_at, bounces = m.bounces + o.came_back::integer
              , handed_at = CASE WHEN $6 IN ('sent', 'delivered') THEN coalesce(m.handed_at, clock_timestamp())
                                 ELSE m.handed_at END
              , delivered_at = CASE WHEN $6 = 'delivered' THEN clock_timestamp() ELSE m.delivered_at END
            FROM old o WHERE (m.merchant_id, m.message_id) = (o.merchant_id, o.message_id)
            RETURNING m.merchant_id, m.message_id, o.state AS from_state, o.why
            """,
            [each.merchant_id for each in some],
            [each.message_id for each in some],
            [_plain(each.why) for each in some],
            [each.again_at for each in some],
            [each.came_back for each in some],
            str(to),
            MACHINE.before(to),
        )
        went += [MessageId(row["message_id"]) for row in rows]
        steps += [(row["merchant_id"], row["message_id"], row["from_state"], to, row["why"]) for row in rows]
    await note_steps(tx, steps)
    return went


def _plain(why: str) -> str:
    """One line, without the address: shops read it, and it outlives who had it."""
    return " ".join(ADDRESS.sub("***", why.replace("\x00", "")).split())[:WHY_CHARACTERS_MAX]


def digest(address: str) -> str:
    """By what an address is known that nothing is sent to."""
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()


async def suppress(tx: Tx, channel: Channel, addresses: Iterable[str], why: str) -> None:
    """Nothing is sent to these any more: mail came back for good. Said twice, the first counts."""
    digests = sorted({digest(address) for address in addresses if address.strip()})
    await tx.execute(
        """
        INSERT INTO suppressed_addresses (channel, digest, why, at) SELECT $1, d, $3, now() FROM unnest($2::text[]) AS d
        ON CONFLICT DO NOTHING
        """,
        str(channel),
        digests,
        _plain(why),
    )


async def stop(tx: Tx, buyer_id: UUID, merchant_id: UUID, channel: Channel, *, stopped: bool, how: str) -> None:
    """A buyer wants no more of a shop's messages by a channel, or wants them again. Said twice, nothing changes.
    Who hands a message over holds the buyer, so that nothing leaves after this."""
    await tx.execute("SELECT FROM buyers WHERE buyer_id = $1 FOR NO KEY UPDATE", buyer_id)
    await tx.execute(
        """
        INSERT INTO message_stops AS s (buyer_id, merchant_id, channel, stopped, how, at) VALUES ($1, $2, $3, $4, $5, now())
        ON CONFLICT (buyer_id, merchant_id, channel) DO UPDATE SET stopped = excluded.stopped, how = excluded.how, at = now()
        WHERE s.stopped <> excluded.stopped
        """,
        buyer_id,
        merchant_id,
        str(channel),
        stopped,
        how,
    )


async def forget(tx: Tx, buyer_ids: Sequence[UUID]) -> None:
    """Erase what messages to buyers who leave told of them; what is not out goes out no more. That there was a message stays."""
    rows = await tx.fetch(
        "SELECT merchant_id, message_id FROM messages WHERE buyer_id = ANY($1) AND state = 'queued'", list(buyer_ids)
    )
    gone = [
        Moved(merchant_id=r["merchant_id"], message_id=r["message_id"], to=State.DROPPED, why=Why.STRANGER)
        for r in rows
    ]
    await move(tx, gone)
    await tx.execute("UPDATE messages SET address = '', variables = '{}' WHERE buyer_id = ANY($1)", list(buyer_ids))
    await tx.execute("DELETE FROM message_stops WHERE buyer_id = ANY($1)", list(buyer_ids))
