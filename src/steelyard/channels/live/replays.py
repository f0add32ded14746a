"""The replay of a session that has ended: whether it is shown, its chapters, and the chat of the time.

A recording has a clock of its own: where the stream broke off, the recording goes on without a gap. `Timeline` leads from a
moment to the second of the recording and back.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.channels.live import beats, explanations, showing
from steelyard.channels.live.model import Session
from steelyard.kernel import paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound

CHAPTERS_MAX = 500
RUNS_MAX = 500
CHAT_SECONDS_MAX = 120
CHAT_LINES_MAX = 400
# So many beats are looked through for the messages of a stretch of time, however much else happened in it.
BEATS_READ_MAX = 4_000


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch that was recorded without a gap: from which moment, and at which second of the recording it begins."""

    at: datetime
    begins: float


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The moments of a recording, by its runs in their order; there is one at least. `length`: how long it is, in seconds."""

    runs: Sequence[Run]
    length: float

    def second_of(self, at: datetime) -> float:
        """At which second of the recording something of this moment is; what happened in a gap is where it goes on."""
        place = bisect_right([run.at for run in self.runs], at) - 1
        if place < 0:
            return 0.0
        run = self.runs[place]
        ends = self.runs[place + 1].begins if place + 1 < len(self.runs) else self.length
        return min(run.begins + (at - run.at).total_seconds(), max(ends, run.begins))

    def moment_of(self, second: float) -> datetime:
        """Of which moment this second of the recording is."""
        place = max(0, bisect_right([run.begins for run in self.runs], second) - 1)
        run = self.runs[place]
        return run.at + timedelta(seconds=second - run.begins)


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A product that was explained: from which second of the recording, how long. `number` is the beat's that pinned it."""

    number: int
    product_id: UUID
    second: int
    seconds: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the chat: at which second of the recording. `name` is masked; `shop`: one of its own people."""

    seq: int
    second: float
    name: str
    text: str
    shop: bool = False


async def replay(read: Read, merchant_id: UUID, session_id: UUID) -> Session | None:
    """A session that has ended and whose replay is shown; none where it has not, was taken down, or the shop hides it."""
    return await read.one(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions WHERE merchant_id = $1 AND session_id = $2 AND state = 'ended' AND replay_shown
        """,
        merchant_id,
        session_id,
    )


async def replays(read: Read, merchant_id: UUID, room_id: UUID, limit: int = 24) -> list[Session]:
    """The replays of a room that are shown, the latest first."""
    return await read.all(
        Session,
        """
        SELECT merchant_id, session_id, room_id, host_id, title, cover, starts_at, ends_at, portrait, trailer, trailer_file
             , trailer_video, script, state, started_at, ended_at, last_seq, key_made_at, playback, media, published_at
             , unpublished_at
        FROM live_sessions WHERE merchant_id = $1 AND room_id = $2 AND state = 'ended' AND replay_shown
        ORDER BY starts_at DESC, session_id DESC LIMIT $3
        """,
        merchant_id,
        room_id,
        paging.limit(limit),
    )


async def replay_is_shown(read: Read, merchant_id: UUID, session_id: UUID) -> bool:
    """Whether the shop shows the replay of this session, once it has ended. Raises `NotFound`."""
    shown = await read.value(
        "SELECT replay_shown FROM live_sessions WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
    )
    if shown is None:
        raise NotFound()
    return bool(shown)


async def show_replay(tx: Tx, merchant_id: UUID, session_id: UUID, *, shown: bool) -> None:
    """Show the replay of a session to buyers, or hide it. Said twice, nothing changes. Raises `NotFound`."""
    if not await tx.execute(
        "UPDATE live_sessions SET replay_shown = $3 WHERE merchant_id = $1 AND session_id = $2",
        merchant_id,
        session_id,
        shown,
    ):
        raise NotFound()
    await explanations.tell(tx, merchant_id, session_id)


async def timeline(read: Read, session: Session) -> Timeline:
    """The moments of a session's recording. Where the origin told no pieces of it, it goes from the beginning to the end."""
    assert session.started_at is not None, "what was never on air was not recorded"
    rows = await read.fetch(
        """
        WITH pieces AS (
            SELECT number, at, sum(seconds) OVER told - seconds AS begins, sum(seconds) OVER () AS length
                 , lag(at + seconds * interval '1 second') OVER told AS before
            FROM live_segments WHERE merchant_id = $1 AND session_id = $2 WINDOW told AS (ORDER BY number)
        )
        SELECT at, begins, length FROM pieces WHERE before IS NULL OR at > before + interval '1 second'
        ORDER BY number LIMIT $3
        """,
        session.merchant_id,
        session.session_id,
        RUNS_MAX,
    )
    if rows:
        return Timeline(
            runs=[Run(at=row["at"], begins=max(0.0, row["begins"])) for row in rows], length=rows[0]["length"]
        )
    ended = session.ended_at or session.started_at
    length = max(0.0, (ended - session.started_at).total_seconds())
    return Timeline(runs=[Run(at=session.started_at, begins=0.0)], length=length)


async def chapters(read: Read, session: Session, timeline: Timeline) -> list[Chapter]:
    """What was explained when, in the order of time. What was explained twice has two chapters."""
    told = (await showing.explained(read, session.merchant_id, session.session_id))[:CHAPTERS_MAX]
    found: list[Chapter] = []
    for each in told:
        begins, ends = (
            timeline.second_of(each.from_at),
            timeline.second_of(each.to_at or session.ended_at or each.from_at),
        )
        found.append(
            Chapter(
                number=each.from_seq, product_id=each.product_id, second=int(begins), seconds=max(0, int(ends - begins))
            )
        )
    return found


async def chat_between(read: Read, session: Session, timeline: Timeline, second: float, seconds: float) -> list[Said]:
    """The messages from this second of the recording on, for so many seconds (at most `CHAT_SECONDS_MAX`): as they were written,
    without those that were taken off. At most `CHAT_LINES_MAX`."""
    since = timeline.moment_of(max(0.0, second))
    until = timeline.moment_of(max(0.0, second) + min(seconds, CHAT_SECONDS_MAX))
    first = await _last_before(read, session, since)
    found = await read.all(
        beats.Beat,
        """
        SELECT b.seq, b.at, b.kind, b.body FROM live_beats b
        WHERE b.merchant_id = $1 AND b.session_id = $2 AND b.seq > $3 AND b.seq <= $3 + $6 AND b.at < $4 AND b.kind = 'chat'
          AND NOT EXISTS (
            SELECT FROM live_beats r WHERE r.merchant_id = $1 AND r.session_id = $2 AND r.kind = 'removed'
              AND (r.body ->> 'seq')::bigint = b.seq)
        ORDER BY b.seq LIMIT $5
        """,
        session.merchant_id,
        session.session_id,
        first,
        until,
        CHAT_LINES_MAX,
        BEATS_READ_MAX,
    )
    return [
        Said(
            seq=beat.seq,
            second=round(timeline.second_of(beat.at), 1),
            name=str(beat.body.get("name", "")),
            text=str(beat.body.get("text", "")),
            shop=bool(beat.body.get("shop")),
        )
        for beat in found
    ]


async def _last_before(read: Read, session: Session, at: datetime) -> int:
    """The number of the last beat before this moment; 0: none. The log has no gaps and its times rise, so it is looked for by
    halving, along the key."""
    found = await read.value(
        """
        WITH RECURSIVE halves (low, high) AS (
            SELECT 0::bigint, $3::bigint
            UNION ALL
            SELECT CASE WHEN b.at < $4 THEN b.seq ELSE h.low END, CASE WHEN b.at < $4 THEN h.high ELSE b.seq - 1 END
            FROM halves h JOIN live_beats b
              ON b.merchant_id = $1 AND b.session_id = $2 AND b.seq = h.low + (h.high - h.low + 1) / 2
            WHERE h.low < h.high
        )
        SELECT low FROM halves WHERE low = high
        """,
        session.merchant_id,
        session.session_id,
        session.last_seq,
        at,
    )
    return int(found or 0)
