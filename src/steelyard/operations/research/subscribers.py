"""After what happened to an order, a return or in a live session, or because somebody is in a segment now, people are asked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.channels import live
from steelyard.channels.live.model import SessionState
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.operations.research.inviting import Happened, invite
from steelyard.operations.research.model import Trigger
from steelyard.operations.segments import SegmentEntered
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales.model import CaseState

# After these nothing more is to be done for the buyer.
_SERVED = frozenset({CaseState.REFUNDED, CaseState.EXCHANGED, CaseState.REJECTED})
# Who came in was there when it began, or later.
SESSION_HOURS_MAX = 24
WATCHERS_MAX = 10_000


async def on_received(tx: Tx, news: Sequence[orders.OrderCompleted]) -> None:
    rows = await tx.fetch(
        """
        SELECT o.merchant_id, o.buyer_id, e.at FROM orders o
        JOIN unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS e (merchant_id, order_id, at) USING (merchant_id, order_id)
        """,
        [each.merchant_id for each in news],
        [each.order_id for each in news],
        [each.at for each in news],
    )
    await invite(
        tx,
        [
            Happened(trigger=Trigger.RECEIVED, merchant_id=row["merchant_id"], buyer_id=row["buyer_id"], at=row["at"])
            for row in rows
        ],
    )


async def on_case(tx: Tx, news: Sequence[aftersales.AfterSalesMoved]) -> None:
    now = datetime.now(UTC)
    await invite(
        tx,
        [
            Happened(trigger=Trigger.RETURNED, merchant_id=each.merchant_id, buyer_id=each.buyer_id, at=now)
            for each in news
            if each.to_state in _SERVED
        ],
    )


async def on_session(tx: Tx, news: Sequence[live.SessionChanged]) -> None:
    """Those who watched and are known by name."""
    now = datetime.now(UTC)
    ended = {each.session_id: each.merchant_id for each in news if each.to_state == SessionState.ENDED}
    for session_id, merchant_id in ended.items():
        rows = await tx.fetch(
            """
            SELECT DISTINCT coalesce(e.buyer_id, m.buyer_id) AS buyer_id
            FROM behaviour_events e LEFT JOIN visitor_merges m ON m.visitor_id = e.visitor_id AND e.buyer_id IS NULL
            WHERE e.merchant_id = $1 AND e.kind = 'live_enter' AND e.at > $3 AND e.session_id = $2
              AND coalesce(e.buyer_id, m.buyer_id) IS NOT NULL
            LIMIT $4
            """,
            merchant_id,
            session_id,
            now - timedelta(hours=SESSION_HOURS_MAX),
            WATCHERS_MAX,
        )
        await invite(
            tx,
            [
                Happened(trigger=Trigger.WATCHED, merchant_id=merchant_id, buyer_id=row["buyer_id"], at=now)
                for row in rows
            ],
        )


async def on_entered(tx: Tx, news: Sequence[SegmentEntered]) -> None:
    """Who is in it because somebody said it anew is not asked; who came into it is."""
    now = datetime.now(UTC)
    happened: list[Happened] = []
    for each in news:
        if not each.counted:
            happened += [_entered(each.merchant_id, each.segment_id, buyer_id, now) for buyer_id in each.buyer_ids]
    await invite(tx, happened)


def _entered(merchant_id: UUID, segment_id: UUID, buyer_id: UUID, at: datetime) -> Happened:
    return Happened(trigger=Trigger.ENTERED, merchant_id=merchant_id, buyer_id=buyer_id, at=at, segment_id=segment_id)


SUBSCRIBER = Subscriber(
    "research",
    {
        orders.OrderCompleted: on_received,
        aftersales.AfterSalesMoved: on_case,
        live.SessionChanged: on_session,
        SegmentEntered: on_entered,
    },
)
