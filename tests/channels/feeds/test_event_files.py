"""Files of events: what is taken, what is rejected and why, and how amounts are counted."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from steelyard.channels import feeds
from steelyard.operations import lake
from steelyard.operations.lake.model import DatasetNameInvalid, DatasetUnknown


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(words: str) -> Path:
        path = tmp_path / "Past Events.csv"
        path.write_text(words, "utf-8")
        return path

    return write


def test_events_are_taken_and_bad_rows_told_with_their_lines(tmp_path: Path, file: Callable[[str], Path]) -> None:
    source = file(
        "user,time,type,item,amount,currency\n"
        "ann,2026-03-02 10:00:00,view,tea,,\n"
        "ann,2026-03-02T10:05:00+08:00,pay,tea,12.345,CNY\n"
        ",2026-03-02 10:00:00,view,tea,,\n"
        "bob,yesterday,view,tea,,\n"
        "bob,2026-03-02 10:00:00,,tea,,\n"
        "bob,2026-03-02 10:00:00,pay,tea,5,\n"
        "bob,2026-03-02 10:00:00,pay,tea,5,XXQ\n"
    )

    told = lake.import_events(tmp_path, [source])

    facts, parquet = lake.dataset(tmp_path, "past-events")
    rows = pq.read_table(parquet).to_pylist()
    assert (told.read, told.rows, told.rejected, told.left_out, told.users) == (7, 2, 5, 0, 1)
    assert facts == told
    assert {each.name: each.type for each in pq.read_schema(parquet)} == {
        each.name: each.type for each in lake.EVENT_FRAME
    }
    assert [(row["kind"], row["at"].isoformat(), row["amount"], row["currency"]) for row in rows] == [
        ("pay", "2026-03-02T02:05:00", 1_235, "CNY"),
        ("view", "2026-03-02T10:00:00", None, ""),
    ]
    assert told.rejects is not None
    lines = [line.split(",")[1:4] for line in Path(told.rejects).read_text("utf-8-sig").splitlines()[1:]]
    assert lines == [
        ["4", "missing", "user_id"],
        ["5", "bad_time", "happened_at"],
        ["6", "missing", "event_type"],
        ["7", "missing", "currency"],
        ["8", "unknown_currency", "currency"],
    ]


def test_a_map_tells_kinds_by_their_sign_and_leaves_nobodys_rows_out(
    tmp_path: Path, file: Callable[[str], Path]
) -> None:
    rules = tmp_path / "shop.yaml"
    rules.write_text(
        "steelyard_map: 1\nof: events\nname: shop\n"
        "columns:\n  user_id: {from: who}\n  happened_at: {from: when, formats: ['%d.%m.%Y']}\n"
        "  quantity: {from: n}\n  unit_price: {from: each}\n  currency: {constant: EUR}\n"
        "events: {positive: pay, negative: refund, zero: gift, without_user: leave_out, digits: 3}\n"
    )
    source = file(
        "who,when,n,each\nann,02.03.2026,3,0.001\nann,03.03.2026,-1,2.5\nann,04.03.2026,2,0\n,04.03.2026,2,1\n"
    )

    told = lake.import_events(tmp_path, [source], mapping=str(rules), name="shop")

    rows = pq.read_table(lake.dataset(tmp_path, "shop")[1]).to_pylist()
    assert (told.rows, told.rejected, told.left_out, told.digits, told.currency) == (3, 0, 1, 3, "EUR")
    assert [(row["kind"], row["amount"]) for row in rows] == [("pay", 3), ("refund", 2_500), ("gift", 0)]


def test_importing_again_replaces_what_the_name_stood_for(tmp_path: Path, file: Callable[[str], Path]) -> None:
    one = "user,time,type\nann,2026-03-02,view\n"
    lake.import_events(tmp_path, [file(one)], name="past")

    lake.import_events(tmp_path, [file(one + "bob,2026-03-03,view\n")], name="past")

    assert [(each.name, each.rows) for each in lake.datasets(tmp_path)] == [("past", 2)]
    assert [path.name for path in (tmp_path / "lake/datasets").iterdir()] == ["past"]


def test_what_cannot_be_imported_leaves_nothing_behind(tmp_path: Path, file: Callable[[str], Path]) -> None:
    source = file("user,time,type\nann,never,view\n")

    with pytest.raises(feeds.FeedUnreadable):
        lake.import_events(tmp_path, [source])
    with pytest.raises(DatasetNameInvalid):
        lake.import_events(tmp_path, [source], name="../out")
    with pytest.raises(feeds.MapInvalid):
        lake.import_events(tmp_path, [source], mapping="uci-online-retail")
    with pytest.raises(DatasetUnknown):
        lake.dataset(tmp_path, "past-events")

    assert lake.datasets(tmp_path) == []
    assert list((tmp_path / "lake/datasets").iterdir()) == []
