"""Commands: remember platforms, what agents said and were shown, and what is to be told."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from steelyard.channels.agents.gateways.webhooks import Answer
from steelyard.channels.agents.model import CLIENT_PREFIX, DeliveryId, DueDelivery, Platform, Session, SessionId
from steelyard.kernel import ids
from steelyard.kernel.db import Tx

TRIES_MAX = 15
FIRST_PAUSE = timedelta(seconds=5)
PAUSE_MAX = timedelta(hours=6)
LEASE = timedelta(minutes=1)
DELIVERIES_PER_ROUND_MAX = 20
SESSIONS_KEPT_DAYS = 180
DELIVERIES_KEPT_DAYS = 90
FORGOTTEN_PER_ROUND_MAX = 500


async def remember_platform(tx: Tx, platform: Platform, seconds: int) -> None:
    """Keep what a profile said for `seconds`."""
    await tx.execute(
        """
        INSERT INTO agent_platforms AS p (profile_url, version, capabilities, keys, webhook_url, expires_at)
        VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 second')
        ON CONFLICT (profile_url) DO UPDATE
        SET version = excluded.version, capabilities = excluded.capabilities, keys = excluded.keys
          , webhook_url = excluded.webhook_url, fetched_at = now(), expires_at = excluded.expires_at
        """,
        platform.profile_url,
        platform.version,
        platform.capabilities or {},
        platform.keys,
        platform.webhook_url,
        seconds,
    )


async def open_sessions(tx: Tx, sessions: Sequence[Session]) -> None:
    """Keep what agents said as they opened carts and checkouts, and what they are shown. Said twice, the first counts."""
    by_id = sorted(sessions, key=lambda session: session.session_id)
    await tx.execute(
        """
        INSERT INTO agent_sessions (session_id, kind, client, said, shown)
        SELECT session_id, kind, client, said, shown
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[])
            WITH ORDINALITY AS s (session_id, kind, client, said, shown, place)
        ORDER BY place
        ON CONFLICT (session_id) DO NOTHING
        """,
        [session.session_id for session in by_id],
        [session.kind for session in by_id],
        [session.client for session in by_id],
        [session.said for session in by_id],
        [session.shown for session in by_id],
    )


async def change_session(tx: Tx, session_id: SessionId, said: Mapping[str, Any]) -> None:
    """What the agent says now replaces what it said; a payment that was waiting for its buyer is forgotten."""
    await tx.execute(
        "UPDATE agent_sessions SET said = $2, action_url = NULL, changed_at = now() WHERE session_id = $1",
        session_id,
        dict(said),
    )


async def change_sessions(tx: Tx, sessions: Sequence[Session]) -> None:
    """`change_session` for many, with what their agents are shown of it."""
    await tx.execute(
        """
        UPDATE agent_sessions a SET said = s.said, shown = s.shown, action_url = NULL, changed_at = now()
        FROM unnest($1::uuid[], $2::jsonb[], $3::jsonb[]) AS s (session_id, said, shown)
        WHERE a.session_id = s.session_id
        """,
        [session.session_id for session in sessions],
        [session.said for session in sessions],
        [session.shown for session in sessions],
    )


async def note_shown(tx: Tx, session_id: SessionId, shown: Mapping[str, Any]) -> None:
    """What the agent was shown: the total and the prices that it may now agree to."""
    await tx.execute(
        "UPDATE agent_sessions SET shown = $2, changed_at = now() WHERE session_id = $1 AND shown <> $2",
        session_id,
        dict(shown),
    )


async def note_action(tx: Tx, session_id: SessionId, action_url: str | None) -> None:
    """Where the buyer has to go on with the payment."""
    await tx.execute(
        "UPDATE agent_sessions SET action_url = $2, changed_at = now() WHERE session_id = $1", session_id, action_url
    )


async def tell(tx: Tx, purchase_ids: Sequence[UUID], news: str) -> int:
    """Have the platforms told that something happened to these purchases; those that did not come from an agent, or
    whose platform wants no news, are passed over. Returns how many messages that makes."""
    rows = await tx.fetch(
        """
        SELECT u.purchase_id, p.profile_url, p.webhook_url
        FROM unnest($1::uuid[]) WITH ORDINALITY AS n (purchase_id, place)
        JOIN purchases u USING (purchase_id)
        JOIN agent_platforms p ON u.source = $2 || p.profile_url
        WHERE p.webhook_url IS NOT NULL
        ORDER BY n.place
        """,
        list(purchase_ids),
        CLIENT_PREFIX,
    )
    await tx.execute(
        """
        INSERT INTO agent_deliveries (delivery_id, purchase_id, profile_url, webhook_url, news)
        SELECT d.delivery_id, d.purchase_id, d.profile_url, d.webhook_url, $5
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS d (delivery_id, purchase_id, profile_url, webhook_url)
        """,
        [ids.mint() for _ in rows],
        [row["purchase_id"] for row in rows],
        [row["profile_url"] for row in rows],
        [row["webhook_url"] for row in rows],
        news,
    )
    return len(rows)


async def tell_of_orders(tx: Tx, order_ids: Sequence[UUID], news: str) -> int:
    """As `tell`, of the purchases that these orders are parts of."""
    rows = await tx.fetch(
        "SELECT DISTINCT purchase_id FROM orders WHERE order_id = ANY($1) ORDER BY purchase_id", list(order_ids)
    )
    return await tell(tx, [row["purchase_id"] for row in rows], news)


async def to_deliver(tx: Tx) -> list[DueDelivery]:
    """Take messages that are due. Each is put off first, so that a process that dies only delays them; of one purchase
    the oldest goes first, and a later one waits for it."""
    return await tx.all(
        DueDelivery,
        """
        UPDATE agent_deliveries d SET attempt_at = now() + $1, attempts = d.attempts + 1
        FROM (SELECT a.delivery_id, p.version FROM agent_deliveries a JOIN agent_platforms p USING (profile_url)
              WHERE a.attempt_at <= now()
                AND NOT EXISTS (SELECT FROM agent_deliveries o
                                WHERE o.purchase_id = a.purchase_id AND o.state = 'waiting'
                                  AND (o.created_at, o.delivery_id) < (a.created_at, a.delivery_id))
              ORDER BY a.attempt_at LIMIT $2 FOR UPDATE OF a SKIP LOCKED) due
        WHERE d.delivery_id = due.delivery_id
        RETURNING d.delivery_id, d.purchase_id, d.profile_url, d.webhook_url, d.attempts, d.created_at, due.version
        """,
        LEASE,
        DELIVERIES_PER_ROUND_MAX,
    )


async def record_answer(tx: Tx, delivery_id: DeliveryId, attempts: int, answer: Answer) -> None:
    """What the platform answered: over, or tried again after 5 s, 10 s, 20 s … at most 6 hours, 15 times in all."""
    state = "delivered" if answer.error is None else "failed" if attempts >= TRIES_MAX else "waiting"
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), PAUSE_MAX)
    await tx.execute(
        """
        UPDATE agent_deliveries
        SET state = $2, status = $3, error = $4
          , attempt_at = CASE WHEN $2 = 'waiting' THEN now() + $5::interval END
          , delivered_at = CASE WHEN $2 = 'delivered' THEN now() END
        WHERE delivery_id = $1 AND state = 'waiting'
        """,
        delivery_id,
        state,
        answer.status,
        answer.error,
        pause,
    )


async def forget(tx: Tx) -> int:
    """Sessions that nobody came back to, and old lines of the delivery log, a batch at a time."""
    sessions = await tx.execute(
        """
        DELETE FROM agent_sessions WHERE session_id IN (
            SELECT session_id FROM agent_sessions WHERE changed_at < now() - $1 * interval '1 day'
            ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        SESSIONS_KEPT_DAYS,
        FORGOTTEN_PER_ROUND_MAX,
    )
    deliveries = await tx.execute(
        """
        DELETE FROM agent_deliveries WHERE delivery_id IN (
            SELECT delivery_id FROM agent_deliveries
            WHERE state <> 'waiting' AND created_at < now() - $1 * interval '1 day'
            ORDER BY delivery_id LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        DELIVERIES_KEPT_DAYS,
        FORGOTTEN_PER_ROUND_MAX,
    )
    return sessions + deliveries


async def forget_sessions(tx: Tx, session_ids: Sequence[UUID]) -> None:
    """Erase what agents said about people who leave: their sessions have the ids of the checkouts."""
    await tx.execute("DELETE FROM agent_sessions WHERE session_id = ANY($1)", list(session_ids))
