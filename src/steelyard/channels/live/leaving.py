"""What follows when a session goes on air or leaves it: everybody who watches is told, and what counted for the session ends."""

from uuid import UUID

from steelyard.channels.live import beats, prices
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.model import Session, SessionState
from steelyard.kernel.db import Read, Tx

CUT_OFF_PER_SWEEP = 20
BY_MEDIA = "media"


async def moved(tx: Tx, session: Session, to: SessionState, by: str, reason: str) -> None:
    """A session that is held goes from its state to another. Off the air its prices end, nothing is explained any more, and who
    grabs or buys is told that it is over; a takedown says so, with the reason, before anything else happens. What somebody
    ended for a reason, or took down, the media origin is told to cut off."""
    merchant_id, session_id = session.merchant_id, session.session_id
    if SessionState.ON_AIR not in (session.state, to):
        if to is SessionState.TAKEN_DOWN and session.started_at is not None:
            await _close(tx, merchant_id, session_id, cut_off=True)
        return
    body: dict[str, object] = {"state": to}
    if to is SessionState.TAKEN_DOWN:
        body["reason"] = reason
    await beats.append(tx, NewBeat(merchant_id=merchant_id, session_id=session_id, kind=BeatKind.STATE, body=body))
    if to is SessionState.ON_AIR:
        return
    await prices.end_all(tx, merchant_id, session_id, by)
    await _close(
        tx, merchant_id, session_id, cut_off=to is SessionState.TAKEN_DOWN or (by != BY_MEDIA and reason != "")
    )


async def _close(tx: Tx, merchant_id: UUID, session_id: UUID, *, cut_off: bool) -> None:
    await tx.execute(
        """
        WITH pins AS (
            UPDATE live_explained SET to_at = greatest(from_at, now())
            WHERE merchant_id = $1 AND session_id = $2 AND to_at IS NULL
        ), drops AS (
            UPDATE live_drops SET until = now() WHERE merchant_id = $1 AND session_id = $2 AND until > now()
        ), draws AS (
            UPDATE live_draws SET closes_at = now()
            WHERE merchant_id = $1 AND session_id = $2 AND to_seq IS NULL AND closes_at > now()
        )
        INSERT INTO live_stages AS g (merchant_id, session_id, cut_off) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id, session_id) DO UPDATE
        SET viewers = 0, grace_until = NULL, media_client = '', cut_off = excluded.cut_off
        """,
        merchant_id,
        session_id,
        cut_off,
    )


async def to_cut_off(read: Read) -> list[tuple[UUID, UUID]]:
    """The sessions that were taken down and of which the media origin is still to be told."""
    rows = await read.fetch(
        "SELECT merchant_id, session_id FROM live_stages WHERE cut_off ORDER BY session_id LIMIT $1", CUT_OFF_PER_SWEEP
    )
    return [(row["merchant_id"], row["session_id"]) for row in rows]


async def was_cut_off(tx: Tx, merchant_id: UUID, session_id: UUID) -> None:
    """The origin has heard of it."""
    await tx.execute(
        "UPDATE live_stages SET cut_off = false WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
    )
