"""The one place where a live session goes from one state to another."""

from uuid import UUID

from steelyard.channels.live import explanations, leaving, queries
from steelyard.channels.live.events import SessionChanged
from steelyard.channels.live.model import MACHINE, REASON_CHARACTERS_MAX, Session, SessionState
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.states import NOWHERE

SYSTEM = "system"
MISSED = "missed"
SESSIONS_PER_SWEEP = 20


async def lock(tx: Tx, merchant_id: UUID, session_id: UUID) -> Session:
    """A session, held until commit. Raises `NotFound`."""
    held = await tx.value(
        "SELECT true FROM live_sessions WHERE merchant_id = $1 AND session_id = $2 FOR UPDATE", merchant_id, session_id
    )
    found = await queries.session(tx, merchant_id, session_id) if held else None
    if found is None:
        raise NotFound()
    return found


async def move(tx: Tx, session: Session, to: SessionState, by: str, reason: str = "") -> None:
    """A session that is held goes to another state: row, history, what follows on air, event. `started_at` is when it went on air
    first, `ended_at` when it ended or was taken down off the air. Raises `TransitionRefused`."""
    MACHINE.check(session.state, to)
    await tx.execute(
        """
        UPDATE live_sessions
        SET state = $3, changed_at = now()
          , started_at = CASE WHEN $3 = 'on_air' THEN coalesce(started_at, now()) ELSE started_at END
          , ended_at = CASE WHEN $3 = 'ended' OR ($3 = 'taken_down' AND started_at IS NOT NULL)
                            THEN coalesce(ended_at, now()) ELSE ended_at END
        WHERE merchant_id = $1 AND session_id = $2
        """,
        session.merchant_id,
        session.session_id,
        to,
    )
    await note(tx, session.merchant_id, session.session_id, session.state, to, by, reason)
    await leaving.moved(tx, session, to, by, reason)
    if session.started_at is not None:
        await explanations.tell(tx, session.merchant_id, session.session_id)
    await events.publish(
        tx,
        SessionChanged(
            merchant_id=session.merchant_id,
            session_id=session.session_id,
            room_id=session.room_id,
            from_state=session.state,
            to_state=to,
        ),
    )


async def note(
    tx: Tx, merchant_id: UUID, session_id: UUID, from_state: str, to: SessionState, by: str, reason: str = ""
) -> None:
    """One row of history."""
    assert from_state != NOWHERE or to in MACHINE.begins
    await tx.execute(
        """
        INSERT INTO live_session_history (merchant_id, session_id, step, from_state, to_state, by, reason)
        SELECT $1, $2, coalesce(max(step), 0) + 1, $3, $4, $5, $6 FROM live_session_history
        WHERE merchant_id = $1 AND session_id = $2
        """,
        merchant_id,
        session_id,
        from_state,
        to,
        by,
        reason.strip()[:REASON_CHARACTERS_MAX],
    )


async def go_on_air(tx: Tx, merchant_id: UUID, session_id: UUID, by: str) -> None:
    """A ready session begins. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    session = await lock(tx, merchant_id, session_id)
    if session.state is not SessionState.ON_AIR:
        await move(tx, session, SessionState.ON_AIR, by)


async def end(tx: Tx, merchant_id: UUID, session_id: UUID, by: str) -> None:
    """A session that is on air is over. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    session = await lock(tx, merchant_id, session_id)
    if session.state is not SessionState.ENDED:
        await move(tx, session, SessionState.ENDED, by)


async def call_off_missed(tx: Tx) -> int:
    """Sessions whose time is over and that never began are cancelled."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, session_id FROM live_sessions
        WHERE state IN ('planned', 'ready') AND starts_at < now() AND ends_at < now()
        ORDER BY starts_at LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        SESSIONS_PER_SWEEP,
    )
    for row in rows:
        missed = await queries.session(tx, row["merchant_id"], row["session_id"])
        assert missed is not None
        await move(tx, missed, SessionState.CANCELLED, SYSTEM, MISSED)
    return len(rows)
