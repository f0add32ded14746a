"""Following: who looks around at a shop is a visitor of it, who keeps something in mind or puts it into the cart a lead, from
what people do (`operations/behaviour`). What was paid comes from the orders themselves."""

from datetime import datetime, timedelta

from steelyard.kernel.db import Tx
from steelyard.operations import behaviour
from steelyard.operations.behaviour import Cursor, Kind
from steelyard.operations.lifecycle.counting import announce, seen
from steelyard.operations.lifecycle.model import MOVES_PER_SWEEP, Sight

EVENTS_PER_SWEEP = 2_000
VISITORS_KEPT_DAYS = 60
WANTS = frozenset({Kind.FAVOURITE, Kind.CART, Kind.CHECKOUT, Kind.SHARE, Kind.INVITE, Kind.MESSAGE_CLICK})
# Paying is known from the orders; a mail that is opened, or a variant that is shown, is no visit.
NO_VISIT = frozenset({Kind.PAY, Kind.REFUND, Kind.MESSAGE_OPEN, Kind.EXPOSURE})


async def follow(tx: Tx, now: datetime) -> int:
    """Read on in what people did, each event once; robots are left out. Returns how many events it read."""
    await tx.execute(
        "INSERT INTO followed_behaviour (reader, xid, position) VALUES ('seen', 0, 0) ON CONFLICT DO NOTHING"
    )
    row = await tx.row("SELECT xid, position FROM followed_behaviour WHERE reader = 'seen' FOR UPDATE")
    assert row is not None
    found = await behaviour.since(tx, Cursor(row["xid"], row["position"]), EVENTS_PER_SWEEP)
    if not found:
        return 0
    robots = await behaviour.robots(tx, {each.visitor_id for each in found})
    await seen(
        tx,
        [
            Sight(merchant_id=each.merchant_id, buyer_id=each.person, at=each.at, wants=each.kind in WANTS)
            for each in found
            if each.kind not in NO_VISIT and each.visitor_id not in robots
        ],
        now,
    )
    await tx.execute(
        "UPDATE followed_behaviour SET xid = $1, position = $2 WHERE reader = 'seen'",
        found[-1].cursor.xid,
        found[-1].cursor.position,
    )
    return len(found)


async def forget_visitors(tx: Tx, now: datetime) -> int:
    """Who only looked around, and long ago, is nobody's customer: nothing is kept of them. Returns how many it forgot."""
    gone = await tx.fetch(
        """
        DELETE FROM customer_facts f USING (
            SELECT merchant_id, buyer_id FROM customer_facts WHERE stage = 'visitor' AND last_seen_at < $1
            ORDER BY last_seen_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS old
        WHERE (f.merchant_id, f.buyer_id) = (old.merchant_id, old.buyer_id)
        RETURNING f.merchant_id, f.buyer_id
        """,
        now - timedelta(days=VISITORS_KEPT_DAYS),
        MOVES_PER_SWEEP,
    )
    pairs = [(row["merchant_id"], row["buyer_id"]) for row in gone]
    await tx.execute(
        """
        DELETE FROM stage_moves m USING unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, buyer_id)
        WHERE (m.merchant_id, m.buyer_id) = (w.merchant_id, w.buyer_id)
        """,
        [merchant_id for merchant_id, _ in pairs],
        [buyer_id for _, buyer_id in pairs],
    )
    await announce(tx, pairs)
    return len(pairs)
