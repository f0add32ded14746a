"""Point reads are coalesced: one question for all who ask at the same moment, and no answer older than its asking."""

import asyncio
from collections.abc import Sequence

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.kernel.lookups import look_up


@pytest.fixture
async def shelf(db: Database, database_url: str) -> Database:
    """A table with the numbers 1 to 9 and their squares."""
    async with administer(database_url) as owner:
        await owner.execute("CREATE TABLE squares AS SELECT n, n * n AS square FROM generate_series(1, 9) n")
        await owner.execute("GRANT SELECT, UPDATE ON squares TO steelyard_app, steelyard_merchant")
    return db


class Asked:
    """A set-based query that remembers what it was asked."""

    def __init__(self) -> None:
        self.__qualname__ = "squares"
        self.questions: list[list[int]] = []

    async def __call__(self, read: Read, numbers: Sequence[int]) -> dict[int, int]:
        self.questions.append(list(numbers))
        rows = await read.fetch("SELECT n, square FROM squares WHERE n = ANY($1)", list(numbers))
        return {row["n"]: row["square"] for row in rows}


async def test_who_asks_at_the_same_moment_shares_a_question(shelf: Database) -> None:
    squares = Asked()

    found = await asyncio.gather(*(look_up(shelf, squares, number) for number in (3, 5, 3, 77, 9)))

    assert found == [9, 25, 9, None, 81]
    assert squares.questions == [[3, 5, 77, 9]]


async def test_an_answer_is_never_older_than_its_asking(shelf: Database) -> None:
    squares = Asked()

    async def change(tx: Tx, square: int) -> None:
        await tx.execute("UPDATE squares SET square = $1 WHERE n = 3", square)

    async def change_and_look(square: int) -> int | None:
        await shelf.transact(change, square)
        return await look_up(shelf, squares, 3)

    seen = [await asyncio.gather(change_and_look(square), look_up(shelf, squares, 3)) for square in (10, 11, 12)]

    assert [after for after, _ in seen] == [10, 11, 12]


async def test_one_who_cannot_be_answered_fails_alone(shelf: Database) -> None:
    async def strict(read: Read, numbers: Sequence[int]) -> dict[int, int]:
        rows = await read.fetch("SELECT n, 10 / n AS part FROM unnest($1::integer[]) AS w (n)", list(numbers))
        return {row["n"]: row["part"] for row in rows}

    found = await asyncio.gather(*(look_up(shelf, strict, number) for number in (2, 0, 5)), return_exceptions=True)

    assert (found[0], found[2]) == (5, 2)
    assert "division by zero" in str(found[1])


async def test_merchants_do_not_share_their_questions(shelf: Database) -> None:
    squares = Asked()
    one, other = shelf.as_merchant(ids.mint()), shelf.as_merchant(ids.mint())

    await asyncio.gather(look_up(one, squares, 1), look_up(other, squares, 2), look_up(shelf, squares, 3))

    assert sorted(squares.questions) == [[1], [2], [3]]
