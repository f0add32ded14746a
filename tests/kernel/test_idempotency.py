"""The same request under the same key is done once and answered alike."""

import asyncio
from uuid import UUID

import pytest

from steelyard.kernel import idempotency, ids
from steelyard.kernel.db import ConnectionLost, Database, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.idempotency import Claim, Kept, KeyUsedOtherwise, Reply, StillRunning, fingerprint, once
from steelyard.kernel.sweeps import sweep_once

BUY = fingerprint("post", "/checkout", b'{"sku": 1}')


class Shop:
    def __init__(self, status: int = 201) -> None:
        self.asked: list[UUID] = []
        self.status = status
        self.hold = asyncio.Event()
        self.hold.set()

    async def answer(self, operation_id: UUID) -> Reply:
        self.asked.append(operation_id)
        await self.hold.wait()
        return Reply(self.status, {"content-type": "application/json"}, b"\x00\xff%d" % len(self.asked))


async def test_the_second_time_is_answered_like_the_first_and_done_not_at_all(db: Database) -> None:
    shop = Shop()
    first = await once(db, "agent", "k1", BUY, shop.answer)
    assert await once(db, "agent", "k1", BUY, shop.answer) == first
    assert len(shop.asked) == 1


async def test_a_refusal_is_kept_as_well(db: Database) -> None:
    shop = Shop(status=409)
    first = await once(db, "agent", "k1", BUY, shop.answer)
    assert await once(db, "agent", "k1", BUY, shop.answer) == first
    assert first.status == 409


async def test_another_body_under_the_same_key_is_refused(db: Database) -> None:
    shop = Shop()
    await once(db, "agent", "k1", BUY, shop.answer)
    for other in (
        fingerprint("POST", "/checkout", b'{"sku": 2}'),
        fingerprint("POST", "/other", b'{"sku": 1}'),
        fingerprint("PUT", "/checkout", b'{"sku": 1}'),
    ):
        with pytest.raises(KeyUsedOtherwise):
            await once(db, "agent", "k1", other, shop.answer)
    assert fingerprint("POST", "/checkout", b'{"sku": 1}') == BUY


async def test_a_key_belongs_to_its_caller(db: Database) -> None:
    shop = Shop()
    await once(db, "one", "k1", BUY, shop.answer)
    await once(db, "two", "k1", BUY, shop.answer)
    assert len(set(shop.asked)) == 2


async def test_while_the_first_runs_the_second_is_told_to_come_back(db: Database) -> None:
    shop = Shop()
    shop.hold.clear()
    running = asyncio.create_task(once(db, "agent", "k1", BUY, shop.answer))
    while not shop.asked:
        await asyncio.sleep(0.01)

    with pytest.raises(StillRunning) as refused:
        await once(db, "agent", "k1", BUY, shop.answer)
    shop.hold.set()

    assert refused.value.retry_after >= 1
    assert await once_done(running) == await once(db, "agent", "k1", BUY, shop.answer)


async def once_done(running: "asyncio.Task[Reply]") -> Reply:
    return await running


async def test_of_twenty_at_once_one_is_done(db: Database) -> None:
    shop = Shop()
    outcomes = await asyncio.gather(
        *(once(db, "agent", "k1", BUY, shop.answer) for _ in range(20)), return_exceptions=True
    )
    assert len(shop.asked) == 1
    assert {type(outcome) for outcome in outcomes} <= {Reply, StillRunning}


@pytest.mark.parametrize("status", [500, 503])
async def test_our_own_failure_is_not_kept_and_the_next_works_under_the_same_id(db: Database, status: int) -> None:
    shop = Shop(status=status)
    await once(db, "agent", "k1", BUY, shop.answer)
    shop.status = 201
    assert (await once(db, "agent", "k1", BUY, shop.answer)).status == 201
    assert len(shop.asked) == 2
    assert len(set(shop.asked)) == 1


async def test_an_exception_lets_the_key_go(db: Database) -> None:
    async def fail(_operation_id: UUID) -> Reply:
        raise LookupError

    with pytest.raises(LookupError):
        await once(db, "agent", "k1", BUY, fail)
    assert (await once(db, "agent", "k1", BUY, Shop().answer)).status == 201


async def test_a_key_that_cannot_be_let_go_while_the_database_is_away_is_let_go_when_it_is_back(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, away = idempotency._let_go, iter([True, True, False])  # pyright: ignore[reportPrivateUsage]

    async def only_when_back(tx: Tx, caller: str, key: str, token: UUID) -> None:
        if next(away):
            raise ConnectionLost
        await let_go(tx, caller, key, token)

    async def fail(_operation_id: UUID) -> Reply:
        raise LookupError

    monkeypatch.setattr(idempotency, "_let_go", only_when_back)
    monkeypatch.setattr(idempotency, "RETRY_AFTER_SECONDS", 0)

    with pytest.raises(LookupError):
        await once(db, "agent", "k1", BUY, fail)

    await asyncio.gather(*idempotency._letting_go)  # pyright: ignore[reportPrivateUsage]
    assert (await once(db, "agent", "k1", BUY, Shop().answer)).status == 201


async def test_an_answer_that_never_came_is_taken_over_and_comes_too_late(db: Database) -> None:
    first = Claim(caller="agent", key="k1", fingerprint=BUY, claim=ids.mint())

    async def die(tx: Tx) -> object:
        (claimed,) = await idempotency.claim_all(tx, [first])
        await tx.execute("UPDATE http_idempotency_keys SET claimed_at = now() - interval '2 minutes'")
        return claimed

    operation_id = await db.transact(die)
    shop = Shop()
    reply = await once(db, "agent", "k1", BUY, shop.answer)
    assert shop.asked == [operation_id]

    await db.transact(idempotency.keep_all, [Kept(held=first, reply=Reply(409, {}, b"late"))])

    assert await once(db, "agent", "k1", BUY, shop.answer) == reply


async def test_keys_that_are_claimed_together_have_each_their_own_answer(db: Database) -> None:
    """A batch holds what is new, answered, running, used otherwise and left behind, and each is told what it is."""
    shop = Shop()
    answered = await once(db, "agent", "answered", BUY, shop.answer)
    left: dict[str, object] = {}
    for key in ("running", "left"):
        (left[key],) = await db.transact(idempotency.claim_all, [wanted(key)])

    async def age(tx: Tx) -> None:
        await tx.execute(
            "UPDATE http_idempotency_keys SET claimed_at = now() - interval '2 minutes' WHERE key = 'left'"
        )

    await db.transact(age)
    batch = [
        *(wanted(key) for key in ("new", "left", "running", "answered", "another")),
        Claim(caller="agent", key="answered", fingerprint=fingerprint("GET", "/", b""), claim=ids.mint()),
    ]

    told = await db.transact(idempotency.claim_all, [each for each in batch if each is not batch[3]])
    same = await db.transact(idempotency.claim_all, [batch[3]])

    assert isinstance(told[2], StillRunning)
    assert isinstance(told[4], KeyUsedOtherwise)
    assert told[1] == left["left"]
    assert len({each for each in told if isinstance(each, UUID)}) == 3
    assert same == [answered]
    # Only who took a claim over may keep an answer now.
    await db.transact(
        idempotency.keep_all,
        [Kept(held=batch[0], reply=Reply(200, {"a": "b"}, b"0")), Kept(held=batch[1], reply=answered)],
    )
    assert await once(db, "agent", "new", BUY, shop.answer) == Reply(200, {"a": "b"}, b"0")
    assert await once(db, "agent", "left", BUY, shop.answer) == answered
    assert len(shop.asked) == 1


def wanted(key: str) -> Claim:
    return Claim(caller="agent", key=key, fingerprint=BUY, claim=ids.mint())


async def test_many_who_come_at_once_under_one_key_are_served_once(db: Database) -> None:
    shop = Shop()
    answers = await asyncio.gather(
        *(once(db, "agent", f"k{number % 3}", BUY, shop.answer) for number in range(30)), return_exceptions=True
    )

    assert len(shop.asked) == 3
    assert all(isinstance(answer, Reply | StillRunning) for answer in answers)
    assert len({answer.body for answer in answers if isinstance(answer, Reply)}) == 3


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
async def test_a_key_that_is_none_is_refused(db: Database, key: str) -> None:
    with pytest.raises(Invalid):
        await once(db, "agent", key, BUY, Shop().answer)


async def test_keys_are_forgotten_after_two_days_and_not_after_one(db: Database) -> None:
    shop = Shop()
    await once(db, "agent", "old", BUY, shop.answer)
    await once(db, "agent", "new", BUY, shop.answer)

    async def age(tx: Tx) -> None:
        await tx.execute(
            """
            UPDATE http_idempotency_keys
            SET claimed_at = claimed_at - CASE key WHEN 'old' THEN interval '49 hours' ELSE interval '24 hours' END
            """
        )

    await db.transact(age)
    assert await sweep_once(db, [idempotency.SWEEP]) == 1

    await once(db, "agent", "new", BUY, shop.answer)
    assert len(shop.asked) == 2
    assert ids.mint()  # nothing else went
