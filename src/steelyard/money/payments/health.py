"""Whether a channel answers: one that mostly does not is rested, offered again after a while, and rested longer if it
still does not. What all processes have seen is counted in the database; see docs/decisions/0120.

A process gathers its answered calls and writes them down every few seconds, a call without an answer at once: what goes
well costs a payment nothing.
"""

import time
from datetime import datetime, timedelta

import msgspec
import structlog

from steelyard.kernel.db import Database, Read, Tx
from steelyard.money.payments.model import REST_MACHINE, RestState, Unknown

# Within so long …
WINDOW_SECONDS = 60
# … so many calls without an answer, and at least this share of all, in millionths, mean that it is rested …
UNANSWERED_MIN = 5
UNANSWERED_MILLIONTHS = 500_000
# … for so long, twice as long each time that it does not answer when it is tried again.
REST_SECONDS = 30
REST_SECONDS_MAX = 600
TICK_SECONDS = 10
TELL_EVERY_SECONDS = 10.0
CALLS_KEPT_HOURS = 48
CHANGES_SHOWN_MAX = 50
WHY_CHARACTERS_MAX = 200
KEPT = "money.payments.health"

log = structlog.get_logger()


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that was rested at some time. `times`: how often in a row. `now`: the database's clock."""

    channel: str
    state: RestState
    since: datetime
    rested_until: datetime
    times: int
    why: str
    now: datetime

    @property
    def rests(self) -> bool:
        return self.state is RestState.RESTING and self.now < self.rested_until

    @property
    def is_tried(self) -> bool:
        """Whether its rest is over, and the next call decides."""
        return self.state is RestState.RESTING and self.now >= self.rested_until


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls of a channel were answered, and how many were not, in some time."""

    channel: str
    answered: int
    unanswered: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A channel was rested, or works again."""

    channel: str
    to_state: RestState
    at: datetime
    why: str
    by: str


class _Tally:
    """What this process has seen of a channel and not written down yet."""

    def __init__(self) -> None:
        self.answered = 0
        self.told = time.monotonic()


def rest_seconds(times: int) -> int:
    """How long the rest is that follows this many in a row: 30, 60, 120, 240, 480, then 600 seconds."""
    return min(REST_SECONDS * 2 ** min(times - 1, 10), REST_SECONDS_MAX)


def is_bad(answered: int, unanswered: int) -> bool:
    """Whether so many calls of a minute speak for a rest."""
    return unanswered >= UNANSWERED_MIN and unanswered * 1_000_000 >= (answered + unanswered) * UNANSWERED_MILLIONTHS


async def note(db: Database, channel: str, answer: object) -> None:
    """A call of the channel came to this. Called with no transaction open. It never raises: a payment does not depend on it."""
    tallies: dict[str, _Tally] = db.kept.setdefault(KEPT, {})  # pyright: ignore[reportAssignmentType]  # ours alone
    tally = tallies.setdefault(channel, _Tally())
    unknown = answer if isinstance(answer, Unknown) and not answer.refused else None
    if unknown is None:
        tally.answered += 1
        if time.monotonic() - tally.told < TELL_EVERY_SECONDS:
            return
    answered, tally.answered, tally.told = tally.answered, 0, time.monotonic()
    try:
        await db.transact(tell, channel, answered, 1 if unknown else 0, unknown.why if unknown else "")
    except Exception:  # the payment itself has had its outcome, or is asked for
        log.exception("channel.health_not_told", channel=channel)


async def tell(tx: Tx, channel: str, answered: int, unanswered: int, why: str) -> RestState:
    """Count these calls, and rest the channel or let it work again if they say so; returns its state."""
    await tx.execute(
        """
        INSERT INTO channel_calls (channel, tick, answered, unanswered)
        VALUES ($1, date_bin($4 * interval '1 second', clock_timestamp(), 'epoch'), $2, $3)
        ON CONFLICT (channel, tick) DO UPDATE
        SET answered = channel_calls.answered + excluded.answered, unanswered = channel_calls.unanswered + excluded.unanswered
        """,
        channel,
        answered,
        unanswered,
        TICK_SECONDS,
    )
    rest = await _lock(tx, channel)
    if rest is not None and rest.rests:
        return RestState.RESTING  # what was under way when it began
    if rest is not None and rest.is_tried:
        if unanswered:
            await _rest(tx, channel, rest.times + 1, why)
            return RestState.RESTING
        await _move(tx, channel, RestState.RESTING, RestState.WORKING, why="", by="system", times=0, seconds=0)
        return RestState.WORKING
    if unanswered and is_bad(*await _lately(tx, channel)):
        await _rest(tx, channel, 1, why)
        return RestState.RESTING
    return RestState.WORKING


async def try_now(tx: Tx, channel: str) -> bool:
    """End a channel's rest: it is offered again, and its next call decides. False when it does not rest."""
    ended = await tx.execute(
        "UPDATE channel_rests SET rested_until = now() WHERE channel = $1 AND state = 'resting' AND rested_until > now()",
        channel,
    )
    return bool(ended)


async def rests(read: Read) -> dict[str, Rest]:
    """Every channel that was ever rested."""
    found = await read.all(
        Rest, "SELECT channel, state, since, rested_until, times, why, now() AS now FROM channel_rests"
    )
    return {rest.channel: rest for rest in found}


async def calls_since(read: Read, since: timedelta) -> dict[str, Calls]:
    """How each channel's calls went in the last so long."""
    found = await read.all(
        Calls,
        """
        SELECT channel, sum(answered)::bigint AS answered, sum(unanswered)::bigint AS unanswered
        FROM channel_calls WHERE tick > now() - $1::interval GROUP BY channel
        """,
        since,
    )
    return {calls.channel: calls for calls in found}


async def changes(read: Read) -> list[Change]:
    """When channels were rested and worked again, the latest first."""
    return await read.all(
        Change,
        """
        SELECT channel, to_state, at, why, by FROM channel_rest_history
        ORDER BY at DESC, channel, step DESC LIMIT $1
        """,
        CHANGES_SHOWN_MAX,
    )


async def forget_calls(tx: Tx) -> int:
    """Counts of calls older than two days tell nobody anything."""
    return await tx.execute("DELETE FROM channel_calls WHERE tick < now() - $1 * interval '1 hour'", CALLS_KEPT_HOURS)


async def _lock(tx: Tx, channel: str) -> Rest | None:
    return await tx.one(
        Rest,
        """
        SELECT channel, state, since, rested_until, times, why, now() AS now
        FROM channel_rests WHERE channel = $1 FOR UPDATE
        """,
        channel,
    )


async def _lately(tx: Tx, channel: str) -> tuple[int, int]:
    """The calls of the last minute, none from before it worked again."""
    row = await tx.row(
        """
        SELECT coalesce(sum(answered), 0)::bigint AS answered, coalesce(sum(unanswered), 0)::bigint AS unanswered
        FROM channel_calls
        WHERE channel = $1 AND tick > now() - $2 * interval '1 second'
          AND tick >= coalesce((SELECT since FROM channel_rests WHERE channel = $1), '-infinity')
        """,
        channel,
        WINDOW_SECONDS,
    )
    assert row is not None
    return row["answered"], row["unanswered"]


async def _rest(tx: Tx, channel: str, times: int, why: str) -> None:
    fresh = await tx.execute(
        """
        INSERT INTO channel_rests (channel, state, since, rested_until, times, why)
        VALUES ($1, 'resting', now(), now() + $2 * interval '1 second', $3, $4)
        ON CONFLICT (channel) DO NOTHING
        """,
        channel,
        rest_seconds(times),
        times,
        why[:WHY_CHARACTERS_MAX],
    )
    if fresh:
        await _write_step(tx, channel, "nowhere", RestState.RESTING, why, "system")
        return
    rest = await _lock(tx, channel)
    assert rest is not None
    if not rest.rests:  # another process was quicker otherwise
        await _move(
            tx, channel, rest.state, RestState.RESTING, why=why, by="system", times=times, seconds=rest_seconds(times)
        )


async def _move(
    tx: Tx, channel: str, before: RestState, to: RestState, *, why: str, by: str, times: int, seconds: int
) -> None:
    REST_MACHINE.check(before, to)
    await tx.execute(
        """
        UPDATE channel_rests
        SET state = $2, since = now(), rested_until = now() + $3 * interval '1 second', times = $4, why = $5
        WHERE channel = $1
        """,
        channel,
        str(to),
        seconds,
        times,
        why[:WHY_CHARACTERS_MAX],
    )
    await _write_step(tx, channel, before, to, why, by)


async def _write_step(tx: Tx, channel: str, before: str, to: RestState, why: str, by: str) -> None:
    await tx.execute(
        """
        INSERT INTO channel_rest_history (channel, step, from_state, to_state, why, by)
        SELECT $1, coalesce(max(step), 0) + 1, $2, $3, $4, $5 FROM channel_rest_history WHERE channel = $1
        """,
        channel,
        str(before),
        str(to),
        why[:WHY_CHARACTERS_MAX],
        by,
    )
