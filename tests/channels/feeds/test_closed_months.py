"""Orders of months that are closed in the books are refused before the files are read as a whole, and nothing is written."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from steelyard.channels import feeds
from steelyard.channels.feeds import closed
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import ledger
from steelyard.money.ledger import DatedTransfer
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.parties import merchants
from steelyard.terminal import _words_of  # pyright: ignore[reportPrivateUsage]  # what a terminal says of a refusal
from tests.channels.feeds.conftest import WriteCsv
from tests.channels.feeds.importing import COLUMNS, brought, left_behind

FIRST = ("garn", "O1", "2024-01-05", "k1", "A1", "Article", 1, "5", "GBP", "GB")
SECOND = ("garn", "O2", "2024-02-05", "k1", "A1", "Article", 2, "5", "GBP", "GB")
THIRD = ("garn", "O3", "2024-05-05", "k2", "A1", "Article", 3, "5", "GBP", "GB")


async def closed_up_to(db: Database, month: date) -> None:
    """Somebody posted in January 2024, and two people have closed the books from there to this month."""
    transfer = Transfer(
        owner_id=ids.mint(), debit=AccountKind.BANK_CASH, credit=AccountKind.PAYABLE, amount=1, currency="GBP",
        reason="test", document=ids.mint(),
    )  # fmt: skip
    await db.transact(ledger.bulk_post, [DatedTransfer.of(transfer, datetime(2024, 1, 2, tzinfo=UTC))])
    await db.transact(ledger.propose_closing, month, "staff:ann")
    await db.transact(ledger.confirm_closing, month, "staff:ben")


async def test_it_is_said_by_the_first_rows_which_months_are_in_the_way(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv, monkeypatch: pytest.MonkeyPatch
):
    await closed_up_to(db, date(2024, 3, 1))
    file = write_csv("past.csv", COLUMNS, [FIRST, SECOND, THIRD])
    before = await left_behind(database_url)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the files were read as a whole")

    monkeypatch.setattr("steelyard.channels.feeds.importing_orders.open_orders", never)
    with pytest.raises(feeds.MonthsClosed) as refused:
        await brought(database_url, tmp_path, "orders", [file])

    assert refused.value.facts == {"first": "2024-01-05", "until": "2024-04-01", "months": "2024-01 – 2024-03"}
    assert await left_behind(database_url) == before
    assert await db.ask(merchants.by_slug, "garn") is None


async def test_an_import_goes_on_after_the_months_are_open_again(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    await closed_up_to(db, date(2024, 1, 1))
    file = write_csv("past.csv", COLUMNS, [FIRST, SECOND])
    with pytest.raises(feeds.MonthsClosed):
        await brought(database_url, tmp_path, "orders", [file])

    await db.transact(ledger.ask_to_reopen, date(2024, 1, 1), "history comes in", "staff:ann")
    await db.transact(ledger.reopen, date(2024, 1, 1), "staff:ben")
    result = await brought(database_url, tmp_path, "orders", [file])

    assert result.orders == 2


async def test_what_came_in_before_its_months_were_closed_is_in_nobodys_way(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    await brought(database_url, tmp_path, "orders", [write_csv("one.csv", COLUMNS, [FIRST])])
    await closed_up_to(db, date(2024, 3, 1))

    known = await brought(database_url, tmp_path, "orders", [write_csv("two.csv", COLUMNS, [FIRST, THIRD])])
    before = await left_behind(database_url)
    with pytest.raises(feeds.MonthsClosed) as refused:
        await brought(database_url, tmp_path, "orders", [write_csv("three.csv", COLUMNS, [FIRST, SECOND])])

    assert (known.already_imported, known.orders) == (1, 1), "only what is new has to be posted"
    assert refused.value.facts["first"] == "2024-02-05"
    assert await left_behind(database_url) == before


async def test_rows_that_cost_nothing_or_are_rejected_close_nothing_out(
    db: Database, database_url: str, tmp_path: Path, write_csv: WriteCsv
):
    await closed_up_to(db, date(2024, 3, 1))
    free = ("garn", "O4", "2024-01-07", "k1", "A1", "Article", 1, "0", "GBP", "GB")
    wrong = ("garn", "O5", "2024-01-07", "k1", "A1", "Article", 1, "five", "GBP", "GB")
    file = write_csv("mixed.csv", COLUMNS, [free, wrong, THIRD])

    result = await brought(database_url, tmp_path, "orders", [file])

    assert (result.orders, result.rejected) == (2, 1)


def test_a_terminal_says_it_in_the_language_of_its_reader(monkeypatch: pytest.MonkeyPatch):
    refusal = closed.MonthsClosed(first="2010-12-01", until="2026-11-01", months="2026-01 – 2026-10")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)

    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    english = _words_of(refusal)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    chinese = _words_of(refusal)

    assert english.startswith(
        "The books of these orders’ months are closed: The first of these orders is of 2010-12-01"
    )
    assert "STEELYARD_HOME" in english and "STEELYARD_HOME" in chinese
    assert "已结账" in chinese and "2026-01 – 2026-10" in chinese
