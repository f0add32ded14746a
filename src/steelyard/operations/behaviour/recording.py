"""Writing down what people do, a batch at a time."""

from collections.abc import Collection, Sequence
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.operations.behaviour.events import BehaviourForgotten
from steelyard.operations.behaviour.model import BEHAVIOURS_PER_BATCH_MAX, Behaviour, Cursor
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId

# Who writes holds it shared, who chooses not to be analysed holds it alone: so nothing that was seen before the choice is
# written after it.
_CHOOSING = 0x6265686176
COLUMNS = (
    "merchant_id", "event_id", "at", "kind", "visitor_id", "buyer_id", "product_id", "order_id", "session_id", "surface",
    "channel", "source", "medium", "campaign", "device", "properties",
)  # fmt: skip


async def quiet(read: Read, who: Collection[UUID]) -> frozenset[UUID]:
    """Those of these buyers and visitors who want nothing of theirs analysed."""
    rows = await read.fetch(
        """
        SELECT w.id FROM unnest($1::uuid[]) AS w (id) LEFT JOIN visitor_merges m ON m.visitor_id = w.id
        JOIN behaviour_choices c ON c.buyer_id = coalesce(m.buyer_id, w.id) AND NOT c.analysed
        """,
        list(set(who)),
    )
    return frozenset(row["id"] for row in rows)


async def record(tx: Tx, happened: Sequence[Behaviour]) -> int:
    """Write down what people did, at most `BEHAVIOURS_PER_BATCH_MAX` at once; returns how many rows are new. What was
    written before (the same id) is not written again, and nothing is of those who do not want it."""
    assert len(happened) <= BEHAVIOURS_PER_BATCH_MAX
    if not happened:
        return 0
    await tx.execute("SELECT pg_advisory_xact_lock_shared($1)", _CHOOSING)
    silent = await quiet(tx, {each.who for each in happened} | {each.visitor_id for each in happened})
    kept = [each for each in happened if each.who not in silent and each.visitor_id not in silent]
    return await tx.execute(
        """
        INSERT INTO behaviour_events (merchant_id, event_id, at, kind, visitor_id, buyer_id, product_id, order_id, session_id
                                    , surface, channel, source, medium, campaign, device, properties)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[]
                           , $8::uuid[], $9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[]
                           , $15::text[], $16::jsonb[])
        ON CONFLICT (merchant_id, event_id) DO NOTHING
        """,
        [each.merchant_id for each in kept],
        [each.event_id for each in kept],
        [each.at for each in kept],
        [str(each.kind) for each in kept],
        [each.visitor_id for each in kept],
        [each.buyer_id for each in kept],
        [each.product_id for each in kept],
        [each.order_id for each in kept],
        [each.session_id for each in kept],
        [str(each.surface) for each in kept],
        [str(each.channel) for each in kept],
        [each.source for each in kept],
        [each.medium for each in kept],
        [each.campaign for each in kept],
        [each.device for each in kept],
        [each.properties for each in kept],
    )


async def bulk_record(tx: Tx, past: Sequence[Behaviour]) -> None:
    """Take over what people did elsewhere or before, by COPY; ids that are there already are an error. Nobody's choice is
    asked: who imports has asked."""
    await tx.copy(
        "behaviour_events",
        COLUMNS,
        [
            (
                each.merchant_id, each.event_id, each.at, str(each.kind), each.visitor_id, each.buyer_id, each.product_id,
                each.order_id, each.session_id, str(each.surface), str(each.channel), each.source, each.medium,
                each.campaign, each.device, each.properties,
            )
            for each in past
        ],
    )  # fmt: skip


async def choose(tx: Tx, buyer_id: BuyerId, *, analysed: bool) -> list[BuyerId]:
    """A buyer says whether what they do may be analysed. Who says no is not written down any more from this moment, on no
    device on which they have signed in, and what was written down is deleted. Returns whom the buyer was as far as it was
    written down. Said twice, nothing changes."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _CHOOSING)
    changed = await tx.execute(
        """
        INSERT INTO behaviour_choices AS c (buyer_id, analysed) VALUES ($1, $2)
        ON CONFLICT (buyer_id) DO UPDATE SET analysed = excluded.analysed, at = now()
        WHERE c.analysed <> excluded.analysed
        """,
        buyer_id,
        analysed,
    )
    if changed and not analysed:
        return await _delete(tx, [buyer_id, *await customers.visitors_of(tx, buyer_id)])
    return []


async def forget(tx: Tx, people: Sequence[BuyerId]) -> list[BuyerId]:
    """Delete what is known of what these buyers and visitors did, when an account is erased; and write nothing down of them
    from now on, though a browser still knows the visitor. Returns whom they were as far as it was written down. Figures that
    were counted from it stay: they name nobody."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _CHOOSING)
    await tx.execute(
        """
        INSERT INTO behaviour_choices (buyer_id, analysed) SELECT p, false FROM unnest($1::uuid[]) AS p ORDER BY p
        ON CONFLICT (buyer_id) DO UPDATE SET analysed = false, at = now()
        """,
        list(people),
    )
    return await _delete(tx, people)


async def _delete(tx: Tx, people: Sequence[UUID]) -> list[BuyerId]:
    """Who is signed in is known to a browser as another visitor than before: those are found where it was written down."""
    rows = await tx.fetch(
        """
        DELETE FROM behaviour_events
        WHERE (visitor_id = ANY($1) OR buyer_id = ANY($1)) AND coalesce(buyer_id, visitor_id) = ANY($1)
        RETURNING visitor_id
        """,
        list(people),
    )
    everybody = sorted({*people, *(row["visitor_id"] for row in rows)})
    await tx.execute("DELETE FROM behaviour_robots WHERE visitor_id = ANY($1)", everybody)
    await events.publish(tx, BehaviourForgotten(people=everybody))
    return [BuyerId(each) for each in everybody]


async def archived(tx: Tx, archive: str, cursor: Cursor) -> None:
    """An archive (the lake) tells up to where it has copied: what strangers did long ago is deleted once all archives have
    it. It is told in the transaction in which the archive moves on; an older cursor changes nothing."""
    await tx.execute(
        """
        INSERT INTO behaviour_archive AS a (archive, xid, position) VALUES ($1, $2, $3)
        ON CONFLICT (archive) DO UPDATE SET xid = excluded.xid, position = excluded.position, at = now()
        WHERE (a.xid, a.position) < (excluded.xid, excluded.position)
        """,
        archive,
        cursor.xid,
        cursor.position,
    )
