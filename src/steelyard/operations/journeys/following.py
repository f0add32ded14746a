"""What people do at a shop, read in order: the cursor moves in the transaction of the effects, so that nothing is passed over and
nothing counts twice."""

from steelyard.kernel.db import Tx
from steelyard.operations import behaviour
from steelyard.operations.behaviour import MARKETPLACE, Cursor, Recorded
from steelyard.operations.journeys.catalogue import OF_BEHAVIOUR
from steelyard.operations.journeys.hearing import News, hear

BEHAVIOURS = "behaviour"
DEEDS_PER_ROUND_MAX = 1_000


async def follow(tx: Tx) -> int:
    """Read what people did since the last time; returns how much that was. The first time it begins with what comes."""
    cursor = await tx.row(
        "SELECT xid, position FROM journey_news WHERE follows = $1 FOR UPDATE SKIP LOCKED", BEHAVIOURS
    )
    if cursor is None:
        await _begin(tx)
        return 0
    done = await behaviour.since(tx, Cursor(cursor["xid"], cursor["position"]), DEEDS_PER_ROUND_MAX)
    if not done:
        return 0
    await hear(tx, [_news(each) for each in done if each.kind in OF_BEHAVIOUR and each.merchant_id != MARKETPLACE])
    await tx.execute(
        "UPDATE journey_news SET xid = $2, position = $3 WHERE follows = $1",
        BEHAVIOURS,
        done[-1].cursor.xid,
        done[-1].cursor.position,
    )
    return len(done)


def _news(deed: Recorded) -> News:
    """Whoever the visitor has become by now did it; who is nobody the house knows comes into no journey."""
    about = {
        name: str(each)
        for name, each in (
            ("product_id", deed.product_id),
            ("session_id", deed.session_id),
            ("order_id", deed.order_id),
        )
        if each is not None
    }
    return News(
        event=OF_BEHAVIOUR[deed.kind],
        merchant_id=deed.merchant_id,
        buyer_id=deed.person,
        at=deed.at,
        products=(deed.product_id,) if deed.product_id is not None else (),
        about=about,
    )


async def _begin(tx: Tx) -> None:
    if await tx.value("SELECT true FROM journey_news WHERE follows = $1", BEHAVIOURS) is None:
        await tx.execute(
            """
            INSERT INTO journey_news (follows, xid, position) VALUES ($1, pg_snapshot_xmin(pg_current_snapshot()), 0)
            ON CONFLICT (follows) DO NOTHING
            """,
            BEHAVIOURS,
        )
