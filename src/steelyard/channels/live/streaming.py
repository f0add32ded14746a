"""What the media origin asks and tells: who may publish, that a stream has come, broken off, come back, and what was recorded.

A stream is the public name of a session's video, its id in hex; the key is what makes a publisher the shop's. See
docs/decisions/0160.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from steelyard.channels import rooms
from steelyard.channels.live import beats, queries, states
from steelyard.channels.live.beats import BeatKind, NewBeat
from steelyard.channels.live.leaving import BY_MEDIA
from steelyard.channels.live.model import Session, SessionState, digest_of
from steelyard.channels.rooms.model import RoomState
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_

GRACE_SECONDS = 60
GRACE_SECONDS_MAX = 600
# The origin tells when its own time is up; we wait a little longer, so that both agree.
GRACE_MORE_SECONDS = 5
SESSIONS_PER_SWEEP = 20
HOSTED_MAX = 8
MEASURED_EVERY = 5


class PublishRefused(Refusal):
    """Who publishes has the key of a session that is ready, in a room that is open."""

    code = "live_publish_refused"
    status = 403
    title = N_("This stream is not admitted")


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of recorded video as the origin tells it."""

    number: int
    started_at: datetime
    seconds: float
    size: int
    file: str
    sha256: str


def stream_of(session_id: UUID) -> str:
    """The public name of a session's video."""
    return session_id.hex


def host_key(secret: str, stream: str) -> str:
    """With what the built-in host of a house in development publishes."""
    return hmac.new(secret.encode(), f"host:{stream}".encode(), hashlib.sha256).hexdigest()


async def admit(
    tx: Tx, stream: str, key: str, client_id: str, playback: str, *, secret: str = "", development: bool = False
) -> Session:
    """Who publishes with this key may: a session that is ready goes on air, one that broke off is on again. The newest
    connection counts. Said twice, nothing changes. Raises `PublishRefused`."""
    session = await _session_of(tx, stream, key, secret if development else "")
    if session is None:
        raise PublishRefused()
    session = await states.lock(tx, session.merchant_id, session.session_id)
    room = await rooms.room(tx, session.merchant_id, session.room_id)
    if room is None or room.state is not RoomState.OPEN:
        raise PublishRefused()
    if session.state not in (SessionState.READY, SessionState.ON_AIR):
        raise PublishRefused()
    await tx.execute(
        """
        WITH streams AS (
            INSERT INTO live_streams (stream, merchant_id, session_id) VALUES ($3, $1, $2) ON CONFLICT (stream) DO NOTHING
        ), published AS (
            UPDATE live_sessions SET published_at = now(), playback = playback || $5
            WHERE merchant_id = $1 AND session_id = $2
        )
        INSERT INTO live_stages (merchant_id, session_id, media_client) VALUES ($1, $2, $4)
        ON CONFLICT (merchant_id, session_id) DO UPDATE SET media_client = excluded.media_client, grace_until = NULL
        """,
        session.merchant_id,
        session.session_id,
        stream,
        client_id,
        {"hls": playback},
    )
    if session.state is SessionState.READY:
        await states.move(tx, session, SessionState.ON_AIR, BY_MEDIA)
    else:
        await _tell(tx, session, streaming=True)
    return session


async def _session_of(read: Read, stream: str, key: str, secret: str) -> Session | None:
    """Whose stream it is, if the key is right: compared as digests, in a time that says nothing."""
    session = await queries.by_key(read, key)
    if session is not None and hmac.compare_digest(stream_of(session.session_id), stream):
        return session
    if secret and hmac.compare_digest(digest_of(host_key(secret, stream)), digest_of(key)):
        return await _open_session(read, stream)
    return None


async def _open_session(read: Read, stream: str) -> Session | None:
    try:
        session_id = UUID(hex=stream)
    except ValueError:
        return None
    row = await read.row(
        """
        SELECT merchant_id FROM live_sessions WHERE state IN ('planned', 'ready') AND session_id = $1
        UNION ALL
        SELECT merchant_id FROM live_sessions WHERE state = 'on_air' AND session_id = $1
        """,
        session_id,
    )
    return None if row is None else await queries.session(read, row["merchant_id"], session_id)


async def _tell(tx: Tx, session: Session, *, streaming: bool) -> None:
    body = {"state": session.state, "streaming": streaming}
    beat = NewBeat(merchant_id=session.merchant_id, session_id=session.session_id, kind=BeatKind.STATE, body=body)
    await beats.append(tx, beat)


async def streamed(tx: Tx, stream: str) -> Session:
    """The session of a stream that was admitted once, held. Raises `NotFound`."""
    row = await tx.row("SELECT merchant_id, session_id FROM live_streams WHERE stream = $1", stream)
    if row is None:
        raise NotFound()
    return await states.lock(tx, row["merchant_id"], row["session_id"])


async def unpublished(tx: Tx, stream: str, client_id: str, grace_seconds: int | None) -> None:
    """A publishing connection has ended: it is waited for, and then the session is over. What an older connection says counts
    no more. Raises `NotFound`."""
    session = await streamed(tx, stream)
    grace = min(max(0, GRACE_SECONDS if grace_seconds is None else grace_seconds), GRACE_SECONDS_MAX)
    dropped = await tx.execute(
        """
        UPDATE live_stages SET media_client = '', grace_until = $4
        WHERE merchant_id = $1 AND session_id = $2 AND media_client = $3
        """,
        session.merchant_id,
        session.session_id,
        client_id,
        datetime.now(UTC) + timedelta(seconds=grace + GRACE_MORE_SECONDS),
    )
    if not dropped:
        return
    await tx.execute(
        "UPDATE live_sessions SET unpublished_at = greatest(now(), published_at) WHERE merchant_id = $1 AND session_id = $2",
        session.merchant_id,
        session.session_id,
    )
    if session.state is SessionState.ON_AIR:
        await _tell(tx, session, streaming=False)


async def wait_again(tx: Tx, merchant_id: UUID, session_id: UUID) -> None:
    """The house itself was away: whoever published to a session that is on air is waited for from now on."""
    await tx.execute(
        """
        UPDATE live_stages SET grace_until = greatest(grace_until, $3)
        WHERE merchant_id = $1 AND session_id = $2 AND grace_until IS NOT NULL
        """,
        merchant_id,
        session_id,
        datetime.now(UTC) + timedelta(seconds=GRACE_SECONDS + GRACE_MORE_SECONDS),
    )


async def end_silent(tx: Tx) -> int:
    """The sessions whose stream did not come back in time are over; returns how many."""
    rows = await tx.fetch(
        """
        SELECT merchant_id, session_id FROM live_stages WHERE grace_until <= now() ORDER BY grace_until LIMIT $1
        """,
        SESSIONS_PER_SWEEP,
    )
    for row in sorted(rows, key=lambda row: (row["merchant_id"], row["session_id"])):
        session = await states.lock(tx, row["merchant_id"], row["session_id"])
        late = await tx.execute(
            """
            UPDATE live_stages SET grace_until = NULL
            WHERE merchant_id = $1 AND session_id = $2 AND grace_until <= now()
            """,
            session.merchant_id,
            session.session_id,
        )
        if late and session.state is SessionState.ON_AIR:
            await states.move(tx, session, SessionState.ENDED, BY_MEDIA)
    return len(rows)


async def recorded_segment(tx: Tx, stream: str, segment: Segment) -> None:
    """Keep what the origin says of a piece of video, and now and then how much comes in. Said twice, it stands once.
    Raises `NotFound`."""
    row = await tx.row("SELECT merchant_id, session_id FROM live_streams WHERE stream = $1", stream)
    if row is None:
        raise NotFound()
    # So that a seal that is being made has it, or finds that there is more.
    await beats.lock(tx, [(row["merchant_id"], row["session_id"])])
    fresh = await tx.execute(
        """
        INSERT INTO live_segments (merchant_id, session_id, number, at, seconds, bytes, file, sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (merchant_id, session_id, number) DO NOTHING
        """,
        row["merchant_id"],
        row["session_id"],
        segment.number,
        segment.started_at,
        segment.seconds,
        segment.size,
        segment.file,
        segment.sha256,
    )
    if fresh:
        await tx.execute(
            """
            INSERT INTO live_unsealed (merchant_id, session_id) VALUES ($1, $2)
            ON CONFLICT (merchant_id, session_id) DO NOTHING
            """,
            row["merchant_id"],
            row["session_id"],
        )
    if fresh and segment.number % MEASURED_EVERY == 0 and segment.seconds > 0:
        await measured(
            tx, row["merchant_id"], row["session_id"], {"kbps": round(segment.size * 8 / segment.seconds / 1_000)}
        )


async def measured(tx: Tx, merchant_id: UUID, session_id: UUID, media: Mapping[str, Any]) -> None:
    """What the origin has measured of what comes in, added to what is known."""
    await tx.execute(
        "UPDATE live_sessions SET media = media || $3 WHERE merchant_id = $1 AND session_id = $2",
        merchant_id,
        session_id,
        dict(media),
    )


async def recorded(tx: Tx, stream: str, recording: Mapping[str, Any]) -> None:
    """The recording is closed; where it is played, how long it is, and the digest of its list are kept. Nobody publishes any
    more: a session that is still on air is over. Said twice, nothing changes. Raises `NotFound`."""
    session = await streamed(tx, stream)
    await tx.execute(
        "UPDATE live_sessions SET playback = playback || $3 WHERE merchant_id = $1 AND session_id = $2",
        session.merchant_id,
        session.session_id,
        {"recording": dict(recording)},
    )
    silent = await tx.value(
        "SELECT media_client = '' FROM live_stages WHERE merchant_id = $1 AND session_id = $2",
        session.merchant_id,
        session.session_id,
    )
    if silent and session.state is SessionState.ON_AIR:
        await states.move(tx, session, SessionState.ENDED, BY_MEDIA)


async def may_be_played(read: Read, stream: str) -> bool:
    """Whether players may have this stream: it is on air, or it has ended and the shop shows its replay; in a room that is open.
    False for one that was never admitted."""
    return bool(
        await read.value(
            """
            SELECT r.state = 'open' AND (l.state = 'on_air' OR (l.state = 'ended' AND l.replay_shown))
            FROM live_streams s JOIN live_sessions l USING (merchant_id, session_id)
            JOIN rooms r ON r.merchant_id = l.merchant_id AND r.room_id = l.room_id
            WHERE s.stream = $1
            """,
            stream,
        )
    )


async def to_host(read: Read) -> list[Session]:
    """What the built-in host of a house in development plays: what is on air, or ready and due, until its time is over."""
    rows = await read.fetch(
        """
        SELECT merchant_id, session_id FROM (
            SELECT merchant_id, session_id, started_at AS at FROM live_sessions WHERE state = 'on_air' AND ends_at > now()
            UNION ALL
            SELECT merchant_id, session_id, starts_at FROM live_sessions
            WHERE state IN ('planned', 'ready') AND state = 'ready' AND starts_at <= now() AND ends_at > now()) AS due
        ORDER BY at, session_id LIMIT $1
        """,
        HOSTED_MAX,
    )
    found = [await queries.session(read, row["merchant_id"], row["session_id"]) for row in rows]
    return [each for each in found if each is not None]
