"""Rate limits that hold across processes."""

import asyncio

import pytest

from steelyard.kernel import limits
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import TooMany
from steelyard.kernel.limits import Limit, take
from steelyard.kernel.sweeps import sweep_once

LOGIN = Limit("login", burst=5, per_seconds=60)


async def pass_by(tx: Tx, seconds: float) -> None:
    await tx.execute(
        """
        UPDATE rate_limits SET at = at - $1::float8 * interval '1 second'
                             , full_at = full_at - $1 * interval '1 second'
        """,
        seconds,
    )


async def test_after_the_burst_one_waits(db: Database) -> None:
    for _ in range(5):
        await take(db, LOGIN, "ann")
    with pytest.raises(TooMany) as refused:
        await take(db, LOGIN, "ann")
    assert 1 <= refused.value.retry_after <= 12

    await take(db, LOGIN, "bob")
    await take(db, Limit("refund", burst=1, per_seconds=1), "ann")


async def test_tokens_come_back_with_time_and_never_more_than_the_burst(db: Database) -> None:
    for _ in range(5):
        await take(db, LOGIN, "ann")
    await db.transact(pass_by, 12.5)
    await take(db, LOGIN, "ann")
    with pytest.raises(TooMany):
        await take(db, LOGIN, "ann")

    await db.transact(pass_by, 100_000)
    for _ in range(5):
        await take(db, LOGIN, "ann")
    with pytest.raises(TooMany):
        await take(db, LOGIN, "ann")


async def test_of_fifty_at_once_five_pass(db: Database) -> None:
    outcomes = await asyncio.gather(*(take(db, LOGIN, "ann") for _ in range(50)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 5


async def test_what_is_refused_uses_nothing_up(db: Database) -> None:
    for _ in range(20):
        try:
            await take(db, LOGIN, "ann")
        except TooMany as refused:
            assert refused.retry_after <= 12


async def test_who_succeeds_is_forgiven(db: Database) -> None:
    for _ in range(5):
        await take(db, LOGIN, "ann")
    await db.transact(limits.forgive, LOGIN, "ann")
    await take(db, LOGIN, "ann")


async def test_full_buckets_are_forgotten_and_others_are_not(db: Database) -> None:
    await take(db, LOGIN, "ann")
    await db.transact(pass_by, 13)
    await take(db, LOGIN, "bob")

    async def keys(read: Read) -> list[str]:
        return [row["key"] for row in await read.fetch("SELECT key FROM rate_limits")]

    assert await sweep_once(db, [limits.SWEEP]) == 1
    assert await db.ask(keys) == ["login:bob"]
