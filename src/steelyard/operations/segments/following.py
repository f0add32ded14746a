"""News that can change segments: facts and stages, values, profiles, what people do, and the clock."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.operations import behaviour
from steelyard.operations.behaviour import MARKETPLACE, Cursor
from steelyard.operations.lifecycle import CustomerMoved, FactsChanged, ValuesCounted
from steelyard.operations.segments import tree
from steelyard.operations.segments.answers import forget_answers
from steelyard.operations.segments.leaves import Person
from steelyard.operations.segments.settling import PEOPLE_PER_LOOK_MAX, put, settle

BEHAVIOURS = "behaviour"


async def look(tx: Tx, people: Iterable[Person], changed: Collection[str] | None) -> None:
    """Look at these people anew, in the order of their keys; for all segments where nothing says for which."""
    ordered = sorted(set(people))
    for n in range(0, len(ordered), PEOPLE_PER_LOOK_MAX):
        await settle(tx, ordered[n : n + PEOPLE_PER_LOOK_MAX], changed)


async def on_facts(tx: Tx, news: Sequence[FactsChanged]) -> None:
    """Who is no customer any more is in no segment any more: that is the same look."""
    people = {(each.merchant_id, buyer_id) for each in news for buyer_id in each.buyer_ids}
    await _hand_on(tx, people)
    await look(tx, people, [tree.FACTS])


async def _hand_on(tx: Tx, people: Collection[Person]) -> None:
    """Visitors who have become buyers are no customers any more: the lists that they are on have the buyers from now on. That is
    seen here, not when they sign in, since only now the buyers are customers of the same shops."""
    rows = await tx.fetch(
        """
        SELECT m.merchant_id, m.segment_id, array_agg(v.buyer_id) AS buyers
        FROM unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id)
        JOIN visitor_merges v ON v.visitor_id = p.buyer_id
        JOIN segment_members m ON m.buyer_id = v.visitor_id AND m.merchant_id = p.merchant_id
        JOIN segments s ON s.merchant_id = m.merchant_id AND s.segment_id = m.segment_id AND s.kind = 'list'
        GROUP BY m.merchant_id, m.segment_id ORDER BY m.merchant_id, m.segment_id
        """,
        [merchant_id for merchant_id, _ in people],
        [buyer_id for _, buyer_id in people],
    )
    for row in rows:
        await put(tx, row["merchant_id"], row["segment_id"], row["buyers"])
        await look(tx, ((row["merchant_id"], each) for each in row["buyers"]), [tree.inside(row["segment_id"])])


async def on_merged(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    """What visitors did and said is what the buyers did and said whom they have become, at each shop."""
    await look(tx, await _anywhere(tx, buyer_ids), None)


async def on_moved(tx: Tx, news: Sequence[CustomerMoved]) -> None:
    await look(tx, ((each.merchant_id, each.buyer_id) for each in news), [tree.FACTS])


async def on_values(tx: Tx, news: Sequence[ValuesCounted]) -> None:
    """Everybody's values were counted: whoever's segments ask for values is counted, too, a thousand at a time."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, segment_id FROM segments
        WHERE merchant_id = ANY($1) AND archived_at IS NULL AND depends @> ARRAY[$2::text] ORDER BY merchant_id, segment_id
        """,
        sorted({each.merchant_id for each in news}),
        tree.VALUES,
    )
    await tx.execute(
        """
        INSERT INTO segment_counts (merchant_id, count_id, segment_id)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS c (merchant_id, count_id, segment_id)
        """,
        [row["merchant_id"] for row in rows],
        [ids.mint() for _ in rows],
        [row["segment_id"] for row in rows],
    )


async def on_profiles(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    """What buyers say of themselves counts wherever they are customers."""
    await look(tx, await _anywhere(tx, buyer_ids), [tree.PROFILE])


async def _anywhere(tx: Tx, buyer_ids: Collection[UUID]) -> list[Person]:
    """These buyers wherever they are customers."""
    rows = await tx.fetch(
        "SELECT merchant_id, buyer_id FROM customer_facts WHERE buyer_id = ANY($1)", sorted(set(buyer_ids))
    )
    return [(row["merchant_id"], row["buyer_id"]) for row in rows]


async def follow(tx: Tx) -> int:
    """Read what people did since the last time, and look at those who did it; returns how much was read. The cursor moves in
    the transaction of the effects, so that nothing is passed over."""
    cursor = await tx.row(
        "SELECT xid, position FROM segment_news WHERE follows = $1 FOR UPDATE SKIP LOCKED", BEHAVIOURS
    )
    if cursor is None:
        await _begin(tx)
        return 0
    done = await behaviour.since(tx, Cursor(cursor["xid"], cursor["position"]), PEOPLE_PER_LOOK_MAX)
    if not done:
        return 0
    people = {(shop, each.person) for each in done for shop in (each.merchant_id, MARKETPLACE)}
    await look(tx, await _customers(tx, people), {tree.did(each.kind) for each in done})
    await tx.execute(
        "UPDATE segment_news SET xid = $2, position = $3 WHERE follows = $1",
        BEHAVIOURS,
        done[-1].cursor.xid,
        done[-1].cursor.position,
    )
    return len(done)


async def _customers(tx: Tx, people: Collection[Person]) -> list[Person]:
    """Those of them who are customers there: of the others there will be news when they are."""
    rows = await tx.fetch(
        """
        SELECT f.merchant_id, f.buyer_id FROM unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id)
        JOIN customer_facts f USING (merchant_id, buyer_id)
        """,
        [merchant_id for merchant_id, _ in people],
        [buyer_id for _, buyer_id in people],
    )
    return [(row["merchant_id"], row["buyer_id"]) for row in rows]


async def _begin(tx: Tx) -> None:
    """From now on: who was there before is counted when a segment is made."""
    if await tx.value("SELECT true FROM segment_news WHERE follows = $1", BEHAVIOURS) is None:
        await tx.execute(
            """
            INSERT INTO segment_news (follows, xid, position) VALUES ($1, pg_snapshot_xmin(pg_current_snapshot()), 0)
            ON CONFLICT (follows) DO NOTHING
            """,
            BEHAVIOURS,
        )


async def time_passes(tx: Tx, now: datetime) -> int:
    """Look at those whose segments time alone can have changed by now; returns how many."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, buyer_id FROM segment_people WHERE due_at <= $1 ORDER BY due_at LIMIT $2
        FOR NO KEY UPDATE SKIP LOCKED
        """,
        now,
        PEOPLE_PER_LOOK_MAX,
    )
    people = [(row["merchant_id"], row["buyer_id"]) for row in rows]
    await settle(tx, people, [tree.TIME], at=now)
    await _stop_waiting(tx, people, now)
    return len(rows)


async def _stop_waiting(tx: Tx, people: Sequence[Person], now: datetime) -> None:
    """Of shops that have no segments any more nobody waits for the clock."""
    await tx.execute(
        """
        UPDATE segment_people s SET due_at = NULL
        FROM unnest($1::uuid[], $2::uuid[]) AS p (merchant_id, buyer_id)
        WHERE s.merchant_id = p.merchant_id AND s.buyer_id = p.buyer_id AND s.due_at <= $3
        """,
        [merchant_id for merchant_id, _ in people],
        [buyer_id for _, buyer_id in people],
        now,
    )


async def forget(tx: Tx, buyer_ids: Collection[UUID]) -> None:
    """Buyers who leave the house are in no segment and on no list any more, wherever; nothing of them is kept here."""
    await tx.execute("DELETE FROM segment_people WHERE buyer_id = ANY($1)", sorted(set(buyer_ids)))
    await forget_answers(tx, buyer_ids)
    rows = await tx.fetch(
        """
        DELETE FROM segment_members WHERE buyer_id = ANY($1) RETURNING merchant_id, segment_id, buyer_id
        """,
        sorted(set(buyer_ids)),
    )
    gone: dict[tuple[UUID, UUID], int] = {}
    for row in rows:
        key = (row["merchant_id"], row["segment_id"])
        gone[key] = gone.get(key, 0) + 1
    await tx.execute(
        """
        UPDATE segments s SET members = s.members - m.went
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS m (merchant_id, segment_id, went)
        WHERE s.merchant_id = m.merchant_id AND s.segment_id = m.segment_id
        """,
        [key[0] for key in gone],
        [key[1] for key in gone],
        list(gone.values()),
    )
