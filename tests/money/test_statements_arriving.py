"""Large statements come in parts: nothing of a file counts before all of it is here, whatever breaks off."""

import asyncio
import random
from datetime import date, timedelta
from typing import Any

import pytest

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.money import reconciliation
from steelyard.money.reconciliation import arriving
from steelyard.money.reconciliation.model import DayTaken, DifferenceState, File, FileKnown, GivenUp, NoStatement
from tests.money.statements import (
    Row,
    Sale,
    broken_after,
    broken_off,
    listed,
    noon,
    received,
    reconciled,
    sold,
    written,
)

DAY = date(2026, 3, 5)
NEXT = DAY + timedelta(days=1)


async def a_day(db: Database, many: int = 7) -> list[Row]:
    return await sold(db, [Sale(1_000 + n, noon(DAY)) for n in range(many)])


async def kept(db: Database) -> list[File]:
    return list((await db.ask(reconciliation.files)).items)


async def lines(db: Database, file: File) -> list[tuple[Any, ...]]:
    async def of(tx: Tx) -> list[tuple[Any, ...]]:
        rows = await tx.fetch(
            """
            SELECT line_no, at, kind, their_id, reference, document, their_document, currency, amount, fee
            FROM reconciliation_lines WHERE source = $1 AND file_id = $2 ORDER BY line_no
            """,
            file.source,
            file.file_id,
        )
        return [tuple(row) for row in rows]

    return await db.transact(of)


async def test_however_many_lines_come_at_once_the_same_are_here_and_match_the_same(db: Database) -> None:
    rows = await a_day(db, 23)
    spoilt = [row.but(amount=row.amount + 1) if n % 5 == 0 else row for n, row in enumerate(rows)]
    content = written([*spoilt, spoilt[3], spoilt[4].but(id="pay_x", payment="pay_x", reference="")])
    seen: list[object] = []
    for at_once in [1_000, 1, 24, 25, *random.Random(8).sample(range(2, 24), 3)]:
        file = await received(db, "simpay", DAY, content, at_once=at_once)
        assert (file.state, file.arrived, file.lines) == ("read", 25, 25)
        run = await reconciliation.run(db, "simpay", DAY)
        found = [
            (each.kind, each.state, each.line_no, each.theirs, each.ours)
            for each in await listed(db)
            if each.state is not DifferenceState.CLOSED
        ]
        told = (await lines(db, file), run.matched, run.found, sorted(found, key=str))
        seen.append((*told[:2], *told[3:]))
        assert await db.ask(reconciliation.content_of, "simpay", file.file_id) == content
        await db.transact(reconciliation.withdraw, "simpay", DAY, "staff:ada")
    assert all(each == seen[0] for each in seen)


async def test_a_file_that_is_broken_off_counts_for_nobody_and_goes_on_where_it_was(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = written(await a_day(db))

    part = await broken_off(db, content)

    assert (part.state, part.arrived, part.lines) == ("arriving", 4, 7)
    with pytest.raises(NoStatement):
        await reconciliation.run(db, "simpay", DAY)
    begun = broken_after(99, monkeypatch)
    whole = await received(db, "simpay", DAY, content, at_once=3)
    assert begun == [0, 3, 6]
    assert (whole.file_id, whole.state, whole.arrived) == (part.file_id, "read", 7)
    assert len(await lines(db, whole)) == 7
    assert (await reconciliation.run(db, "simpay", DAY)).matched == 7


async def test_what_is_arriving_makes_nothing_a_second_line_until_it_counts(db: Database) -> None:
    rows = await a_day(db)
    await broken_off(db, written(rows))

    run = await reconciled(db, NEXT, rows)
    assert run.matched == 7, "none of these has come before"

    await received(db, "simpay", DAY, written(rows[:-1]), at_once=2)
    run = await reconciliation.run(db, "simpay", DAY)
    assert (run.matched, run.found["duplicate"]) == (0, 6), "who counts later is the second"


async def test_two_who_send_the_same_file_at_once_have_it_once(db: Database) -> None:
    content = written(await a_day(db, 40))

    answers = await asyncio.gather(
        *(received(db, "simpay", DAY, content, at_once=size) for size in (3, 4)), return_exceptions=True
    )

    assert sum(isinstance(each, File) for each in answers) == 1
    assert [each for each in answers if not isinstance(each, File | FileKnown)] == []
    [file] = await kept(db)
    assert (file.state, len(await lines(db, file))) == ("read", 40)


async def test_when_another_statement_of_the_day_counts_meanwhile_the_one_that_arrives_is_withdrawn(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await a_day(db)
    whole = arriving._count  # pyright: ignore[reportPrivateUsage]

    async def and_another(tx: Tx, read: Any, *others: Any) -> File:
        monkeypatch.setattr(arriving, "_count", whole)
        await received(db, "simpay", DAY, written(rows[:2]))
        return await whole(tx, read, *others)

    monkeypatch.setattr(arriving, "_count", and_another)
    with pytest.raises(DayTaken):
        await received(db, "simpay", DAY, written(rows), at_once=2)

    assert sorted((each.state, each.lines) for each in await kept(db)) == [("read", 2), ("withdrawn", 7)]
    with pytest.raises(DayTaken):
        await received(db, "simpay", DAY, written(rows), at_once=2)
    assert len(await kept(db)) == 2, "and none begins to arrive any more"


async def test_one_that_is_withdrawn_while_it_arrives_stops_and_can_be_begun_anew(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = written(await a_day(db))
    part = await broken_off(db, content)
    given_up = await db.transact(reconciliation.give_up, "simpay", part.file_id)
    assert given_up.state == "withdrawn"
    with pytest.raises(NotFound):
        await db.ask(reconciliation.content_of, "simpay", (await begun_and_given_up(db, content, monkeypatch)).file_id)

    new = await received(db, "simpay", DAY, content, at_once=2)

    assert new.file_id != part.file_id
    assert (await reconciliation.run(db, "simpay", DAY)).matched == 7
    with pytest.raises(NotFound):
        await db.transact(reconciliation.give_up, "simpay", new.file_id)


async def begun_and_given_up(db: Database, content: bytes, monkeypatch: pytest.MonkeyPatch) -> File:
    """Withdrawn by another process before its first bytes are here."""
    part = arriving._part  # pyright: ignore[reportPrivateUsage]

    async def withdrawn_before(tx: Tx, source: str, file_id: Any, *others: Any) -> None:
        await db.transact(reconciliation.give_up, source, file_id)
        await part(tx, source, file_id, *others)

    with monkeypatch.context() as patch:
        patch.setattr(arriving, "_part", withdrawn_before)
        with pytest.raises(GivenUp):
            await received(db, "simpay", DAY, content, at_once=2)
    return (await kept(db))[0]


async def test_a_large_file_with_a_bad_line_is_refused_whole_and_no_line_of_it_is_kept(db: Database) -> None:
    content = written(await a_day(db)) + b"and,nothing,more\n"

    file = await received(db, "simpay", DAY, content, at_once=2)

    assert (file.state, file.problems, file.arrived) == ("refused", 1, 0)
    assert await lines(db, file) == []
    [problem] = await db.ask(reconciliation.problems, "simpay", file.file_id)
    assert (problem.number, problem.problem) == (9, "cells")
    assert await db.ask(reconciliation.content_of, "simpay", file.file_id) == content
    with pytest.raises(FileKnown):
        await received(db, "simpay", DAY, content, at_once=2)


async def test_what_is_done_with_a_file_is_done_in_the_moment_from_which_it_counts_or_not_at_all(db: Database) -> None:
    content = written(await a_day(db))
    source = await db.ask(reconciliation.source_called, "simpay")
    arrival = reconciliation.Arrival(source=source, day=DAY, name="s.csv", content=content)

    async def refuses(_tx: Tx, file: File) -> None:
        assert file.state == "read"
        raise NoStatement()

    with pytest.raises(Refusal):
        await reconciliation.receive(db, arrival, ["CNY"], "staff:ada", then=refuses, at_once=2)

    [file] = await kept(db)
    assert (file.state, file.arrived) == ("arriving", 7)
