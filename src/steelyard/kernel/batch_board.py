"""What batchers have done, for people to see: how many came, how large batches grew, how long people waited.

Every process adds what each of its batchers has done to the minute in which it tells of it. One row a minute and batcher,
however many processes there are, and none while nobody comes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.sweeps import Sweep

KEPT = timedelta(days=7)
FORGET_EVERY_SECONDS = 3_600.0
FORGOTTEN_PER_ROUND_MAX = 5_000


class Figures(msgspec.Struct, kw_only=True):
    """What a batcher has done. `merged` asked for what another one was waiting for already, `split` batches had to be said
    one by one, `failed` requests had an error for an answer, `refused` a refusal, `turned_away` found the queue full."""

    batches: int = 0
    requests: int = 0
    merged: int = 0
    largest: int = 0
    split: int = 0
    refused: int = 0
    failed: int = 0
    turned_away: int = 0
    waited_seconds: float = 0.0
    worked_seconds: float = 0.0

    @property
    def average(self) -> float:
        """How many were done together."""
        return self.requests / self.batches if self.batches else 0.0

    @property
    def wait_ms(self) -> float:
        """How long a request waited for its batch to begin."""
        return 1_000 * self.waited_seconds / self.requests if self.requests else 0.0

    @property
    def work_ms(self) -> float:
        """How long a batch took."""
        return 1_000 * self.worked_seconds / self.batches if self.batches else 0.0


class Batched(Figures, kw_only=True):
    """The figures of one batcher over some time."""

    batcher: str


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """What one batcher was asked for in the hour that begins at `at`."""

    at: datetime
    batcher: str
    requests: int


async def tell(tx: Tx, batcher: str, figures: Figures) -> None:
    """Add to what has been told of this minute, by this process or another."""
    await tx.execute(
        """
        INSERT INTO batch_minutes AS m (minute, batcher, batches, requests, merged, largest, split, refused, failed
            , turned_away, waited_seconds, worked_seconds)
        VALUES (date_trunc('minute', now()), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (minute, batcher) DO UPDATE SET
            batches = m.batches + excluded.batches
          , requests = m.requests + excluded.requests
          , merged = m.merged + excluded.merged
          , largest = greatest(m.largest, excluded.largest)
          , split = m.split + excluded.split
          , refused = m.refused + excluded.refused
          , failed = m.failed + excluded.failed
          , turned_away = m.turned_away + excluded.turned_away
          , waited_seconds = m.waited_seconds + excluded.waited_seconds
          , worked_seconds = m.worked_seconds + excluded.worked_seconds
        """,
        batcher,
        *(getattr(figures, field) for field in Figures.__struct_fields__),
    )


async def listed(read: Read, since: datetime) -> list[Batched]:
    """Each batcher since then, whoever was asked for most first."""
    return await read.all(
        Batched,
        """
        SELECT batcher, sum(batches)::bigint AS batches, sum(requests)::bigint AS requests, sum(merged)::bigint AS merged
             , max(largest) AS largest, sum(split)::bigint AS split, sum(refused)::bigint AS refused
             , sum(failed)::bigint AS failed, sum(turned_away)::bigint AS turned_away
             , sum(waited_seconds) AS waited_seconds, sum(worked_seconds) AS worked_seconds
        FROM batch_minutes WHERE minute >= $1
        GROUP BY batcher ORDER BY sum(requests) DESC, batcher
        """,
        since,
    )


async def hours(read: Read, since: datetime, batchers: Sequence[str]) -> list[Hour]:
    """What these were asked for in each hour since then; hours in which nobody came are missing."""
    return await read.all(
        Hour,
        """
        SELECT date_trunc('hour', minute) AS at, batcher, sum(requests)::bigint AS requests
        FROM batch_minutes WHERE minute >= $1 AND batcher = ANY ($2::text[])
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        since,
        list(batchers),
    )


async def forget(tx: Tx) -> int:
    """Delete what is older than `KEPT`, a batch at a time; returns how many rows went."""
    return await tx.execute(
        """
        DELETE FROM batch_minutes WHERE (minute, batcher) IN (
            SELECT minute, batcher FROM batch_minutes WHERE minute < now() - $1::interval
            ORDER BY minute LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        KEPT,
        FORGOTTEN_PER_ROUND_MAX,
    )


SWEEP = Sweep("batching.forget", FORGET_EVERY_SECONDS, lambda db: db.transact(forget))
