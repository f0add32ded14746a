"""Truths about the whole database."""

import pytest

from steelyard.kernel import checks
from steelyard.kernel.checks import Check, UnnamedCheck, parse
from steelyard.kernel.db import Database, administer

SOURCE = """
-- What must be true of scales.

-- name: no scale weighs less than nothing
-- (an empty scale weighs nothing)
SELECT id FROM scales WHERE grams < 0;

-- name: every scale has a name
SELECT id, ';' AS mark   -- a remark
FROM scales
WHERE name IS NULL;
"""


def test_each_statement_has_its_sentence() -> None:
    assert parse("goods", SOURCE) == [
        Check("goods", "no scale weighs less than nothing", "SELECT id FROM scales WHERE grams < 0"),
        Check(
            "goods",
            "every scale has a name",
            "SELECT id, ';' AS mark   -- a remark\nFROM scales\nWHERE name IS NULL",
        ),
    ]


@pytest.mark.parametrize(
    "source",
    ["SELECT 1;", "-- name: a\n-- name: b\nSELECT 1;", "-- name: a\n;", "-- name: a\nSELECT 1;\nSELECT 2;"],
)
def test_a_statement_without_a_sentence_is_not_taken(source: str) -> None:
    with pytest.raises(UnnamedCheck):
        parse("goods", source)


async def test_what_is_not_true_is_told_with_some_rows(
    db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = [
        Check("goods", "there are no numbers", "SELECT n FROM generate_series(1, 100) AS n"),
        Check("goods", "nothing is something", "SELECT 1 WHERE false -- at all"),
    ]
    monkeypatch.setattr(checks, "collect", lambda: wrong)

    async with administer(database_url) as connection:
        by_connection = await checks.run(connection)

    [violation] = await checks.run(database_url)
    assert violation.name == "goods: there are no numbers"
    assert violation.rows == [{"n": n} for n in range(1, 21)]
    assert by_connection == [violation]
    assert await db.ask(checks.run) == [violation]
    assert await checks.SWEEP.run(db) == 0, "it is logged, and the next round is ten minutes later"
    monkeypatch.setattr(checks, "collect", list[Check])


async def test_an_empty_house_is_true(database_url: str) -> None:
    assert await checks.run(database_url) == []
