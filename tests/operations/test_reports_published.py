"""Published figures of Online Retail, by the commands that a person would say."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from steelyard.cli import steelyard
from steelyard.operations import lake, reports
from steelyard.operations.reports.model import Cell, Scope, Trend
from tests.rules.reading import ROOT

pytestmark = pytest.mark.data

MONTHS = [324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = Path(os.environ.get("STEELYARD_DATA", ROOT.parent / "shared" / "data"))
    file = data / "online_retail" / "online_retail_2010_2011.parquet"
    if not file.exists():
        pytest.skip(f"{file} is not there; set STEELYARD_DATA to where the data are")
    folder = tmp_path_factory.mktemp("home")
    told = lake.import_events(folder, [file], mapping="uci-online-retail-events", name="retail")
    assert (told.read, told.rejected) == (541_909, 0)
    return folder


def said(home: Path, *words: str) -> Any:
    told = CliRunner().invoke(
        steelyard, ["report", *words, "--dataset", "retail", "--json"], env={"STEELYARD_HOME": str(home)}
    )
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def test_what_is_left_after_cleaning(home: Path) -> None:
    facts, file = lake.dataset(home, "retail")
    engine = reports.DuckDb([file])
    scope = Scope(since=facts.since, until=facts.until, offset_minutes=facts.utc_offset_minutes)
    asked = Trend(kinds=("pay",), every="month", measures=("events", "orders", "amount"))

    rows: list[Any] = list(reports.answer(engine, scope, asked).rows)
    people = reports.people(engine, scope, asked, Cell()).users
    engine.close()

    assert sum(row["events"] for row in rows) == 397_884
    assert sum(row["orders"] for row in rows) == 18_532
    assert sum(row["amount"] for row in rows) == 8_911_407_904  # thousandths: prices have three decimals
    assert len(people) == 4_338


def test_the_cohort_of_december_2010(home: Path) -> None:
    told = said(home, "retention")

    cohort = [row for row in told["rows"] if row["cohort"] == "2010-12-01"]
    assert [row["index"] for row in cohort] == list(range(13))
    assert [row["users"] for row in cohort] == [885, *MONTHS]
    assert {row["size"] for row in cohort} == {885}
    assert said(home, "retention", "--from", "2011-01-01")["rows"][0]["cohort"] == "2011-01-01"


def test_what_cohorts_are_worth_adds_up_to_what_was_paid_and_given_back(home: Path) -> None:
    told = said(home, "ltv", "--periods", "60")
    facts, file = lake.dataset(home, "retail")
    engine = reports.DuckDb([file])
    scope = Scope(since=facts.since, until=facts.until, offset_minutes=0)
    money: list[Any] = list(reports.answer(engine, scope, Trend(by="kind", measures=("amount",))).rows)
    engine.close()

    net = sum(row["amount"] * (-1 if row["group"] == "refund" else 1) for row in money)
    # Refunds of people who bought nothing in these months belong to no cohort.
    assert sum(row["amount"] for row in told["rows"]) - net == sum(row["amount"] for row in _refunds_of_nobody(file))
    assert date.fromisoformat(told["rows"][0]["cohort"]) == date(2010, 12, 1)


def _refunds_of_nobody(file: Path) -> list[Any]:
    engine = reports.DuckDb([file])
    events = engine.events
    paid = events.filter(events.kind == "pay").group_by("user").aggregate(first=events.at.min())
    refunds = events.filter(events.kind == "refund").left_join(paid, "user")
    # Also those of a month before somebody's first order.
    early = refunds.filter(refunds.first.isnull() | (refunds.at.truncate("M") < refunds.first.truncate("M")))
    rows = engine.rows(early.select("amount"))
    engine.close()
    return rows


def test_the_terminal_tells_the_same_to_people(home: Path) -> None:
    told = CliRunner().invoke(
        steelyard, ["report", "ltv", "--dataset", "retail", "--to", "2010-12-31"], env={"STEELYARD_HOME": str(home)}
    )

    assert told.exit_code == 0, told.output
    assert "GBP" in told.output
    assert "885" in told.output
