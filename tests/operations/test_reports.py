"""Analyses of events that are written by hand, so that everybody can count them."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from steelyard.cli import steelyard
from steelyard.operations import lake, reports
from steelyard.operations.reports.model import (
    LEFT,
    OTHER,
    Answer,
    Attribution,
    Cell,
    Distribution,
    Funnel,
    Intervals,
    Lifetime,
    Mode,
    Paths,
    Question,
    QuestionUnclear,
    ReportTooLarge,
    ReportTooSlow,
    Retention,
    Scope,
    Sessions,
    Trend,
)
from tests.support.event_frames import BEGIN, in_a_row, made_up, written

MARCH = Scope(since=date(2026, 3, 1), until=date(2026, 3, 31), offset_minutes=0)


def ask(
    folder: Path, events: Iterable[Mapping[str, Any]], asked: Question, scope: Scope = MARCH, **more: Any
) -> Answer:
    engine = reports.DuckDb([written(folder, events)])
    try:
        return reports.answer(engine, scope, asked, **more)
    finally:
        engine.close()


def who(folder: Path, events: Iterable[Mapping[str, Any]], asked: Question, cell: Cell) -> list[str]:
    engine = reports.DuckDb([written(folder, events)])
    try:
        return list(reports.people(engine, MARCH, asked, cell).users)
    finally:
        engine.close()


def level(folder: Path, way: str, steps: str, mode: Mode, minutes: int = 1, window: int = 3_600) -> int:
    """How far one person comes who does what the letters say."""
    answer = ask(
        folder, in_a_row("ann", way, minutes=minutes), Funnel(steps=tuple(steps), mode=mode, window_seconds=window)
    )
    return sum(row["users"] == 1 for row in answer.rows)


@pytest.mark.parametrize(
    ("way", "mode", "furthest"),
    [
        ("ABCD", "default", 4),
        ("AXBYCZD", "default", 4),
        ("ABCBD", "default", 4),
        ("ABCBD", "strict", 3),
        ("ABDC", "default", 3),
        ("ABDC", "strict_order", 2),
        ("AXBCD", "strict_order", 1),
        ("XYABCD", "strict_order", 4),
        ("ABCBD", "strict_order", 4),
        ("BCDA", "default", 1),
        ("BCD", "default", 0),
        ("AABCD", "strict", 4),
    ],
)
def test_how_far_a_sequence_comes(tmp_path: Path, way: str, mode: Mode, furthest: int) -> None:
    assert level(tmp_path, way, "ABCD", mode) == furthest


@pytest.mark.parametrize(("minutes", "furthest"), [(20, 4), (21, 3), (31, 2), (61, 1)])
def test_all_steps_are_taken_within_the_window_of_the_first(tmp_path: Path, minutes: int, furthest: int) -> None:
    assert level(tmp_path, "ABCD", "ABCD", "default", minutes, window=3_600) == furthest


def test_a_later_beginning_counts_where_the_first_came_too_late(tmp_path: Path) -> None:
    assert level(tmp_path, "AXXAB", "AB", "default", minutes=30, window=3_000) == 2


def test_one_event_is_one_step(tmp_path: Path) -> None:
    assert level(tmp_path, "A", "AA", "default") == 1
    assert level(tmp_path, "AA", "AA", "default") == 2


def test_the_lines_of_an_order_are_one_step_of_a_funnel(tmp_path: Path) -> None:
    """Who bought two things at once has not come back for the second, and has not done the same twice."""
    line = {"user": "ann", "kind": "pay", "order_id": "1", "at": BEGIN + timedelta(hours=1)}
    events = [
        {"user": "ann", "kind": "view"}, {**line, "item": "tea"}, {**line, "item": "cup"},
        {"user": "ann", "kind": "share", "at": BEGIN + timedelta(hours=2)},
    ]  # fmt: skip
    back = [*events, {**line, "order_id": "2", "at": BEGIN + timedelta(days=1)}]

    def users(events: list[dict[str, Any]], *steps: str, mode: Mode = "default") -> list[object]:
        return [row["users"] for row in ask(tmp_path, events, Funnel(steps=steps, mode=mode)).rows]

    assert users(events, "pay", "pay") == [1, 0]
    assert users(back, "pay", "pay") == [1, 1]
    assert users(events, "pay:item=tea", "pay:item=cup") == [1, 0]
    assert users(events, "view", "pay", "share", mode="strict") == [1, 1, 1]
    assert users(events, "view", "pay", "share", mode="strict_order") == [1, 1, 1]


def test_a_funnel_counts_people_and_says_who_they_are(tmp_path: Path) -> None:
    events = [
        *in_a_row("ann", ["view", "cart", "pay"], channel="ad"),
        *in_a_row("bob", ["view", "cart"], channel="ad"),
        *in_a_row("eve", ["view"], channel="search"),
        *in_a_row("joe", ["cart", "pay"], channel="search"),
    ]
    asked = Funnel(steps=("view", "cart", "pay"))

    answer = ask(tmp_path, events, asked)
    broken_down = ask(tmp_path, events, Funnel(steps=asked.steps, by="channel"))

    assert [row["users"] for row in answer.rows] == [3, 2, 1]
    assert [(row["group"], row["step"], row["users"]) for row in broken_down.rows] == [
        ("ad", 1, 2), ("ad", 2, 2), ("ad", 3, 1), ("search", 1, 1), ("search", 2, 0), ("search", 3, 0),
    ]  # fmt: skip
    assert who(tmp_path, events, asked, Cell(step=2)) == ["ann", "bob"]
    assert who(tmp_path, events, asked, Cell(step=2, dropped=True)) == ["bob"]


def test_a_step_may_say_more_than_its_kind(tmp_path: Path) -> None:
    events = [*in_a_row("ann", ["view", "pay"], item="tea"), *in_a_row("bob", ["view", "pay"], item="cup")]

    answer = ask(tmp_path, events, Funnel(steps=("view:item=tea", "pay")))

    assert [row["users"] for row in answer.rows] == [1, 1]


@pytest.mark.parametrize(
    "asked",
    [
        Funnel(steps=()), Funnel(steps=("view:colour=red",)), Trend(kinds=("view:at=now",)), Funnel(steps=("a",) * 11),
        Distribution(kind="pay:colour=red"), Attribution(touch="arrive:colour=red"), Intervals(then="pay:at=now"),
        Retention(periods=0), Retention(periods=61), Lifetime(periods=61), Paths(top=0), Paths(top=101), Paths(steps=11),
        Paths(gap_seconds=59), Sessions(gap_seconds=86_401), Attribution(window_days=0), Attribution(window_days=366),
        Funnel(steps=("view",), window_seconds=0), Funnel(steps=("view",), window_seconds=366 * 86_400),
    ],
)  # fmt: skip
def test_what_nobody_understands_is_not_worked_out(tmp_path: Path, asked: Question) -> None:
    with pytest.raises(QuestionUnclear):
        ask(tmp_path, [], asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("retention --periods 100000000", "there are 1 to 60 periods"), ("ltv --periods -1", "there are 1 to 60 periods"),
        ("paths --top 5000000000", "of each step there are 1 to 100 transitions"),
        ("paths --gap-minutes 0", "the pause that ends a session is 1 minute to 24 hours"),
        ("funnel view --window-hours inf", "the window is at most 365 days"),
        ("attribution --window-days 99999999", "the window is 1 to 365 days"),
    ],
)  # fmt: skip
def test_numbers_beyond_all_sense_are_told_in_a_sentence(tmp_path: Path, asked: str, said: str) -> None:
    file = tmp_path / "past.csv"
    file.write_text("user,time,type\nann,2024-03-01,view\n")
    lake.import_events(tmp_path / "home", [file], name="past")
    environment = {"STEELYARD_HOME": str(tmp_path / "home"), "LANG": "en_US.UTF-8"}

    told = CliRunner().invoke(steelyard, ["report", *asked.split(), "--dataset", "past"], env=environment)

    assert told.exit_code == 1
    assert said in told.output and len(told.output.strip().splitlines()) == 1


def test_a_trend_counts_by_the_days_of_its_clock_and_compares(tmp_path: Path) -> None:
    events = [
        {
            "user": "ann",
            "kind": "pay",
            "at": BEGIN + timedelta(hours=hours),
            "amount": 100,
            "currency": "CNY",
            "order_id": "o",
        }
        for hours in (-10, 10, 15, 17)  # 17:00 UTC is the next day in Shanghai
    ]
    scope = Scope(since=date(2026, 3, 2), until=date(2026, 3, 3))

    answer = ask(tmp_path, events, Trend(measures=("events", "users", "orders", "amount")), scope, compare=True)

    assert answer.rows == [
        {"period": date(2026, 3, 2), "events": 2, "users": 1, "orders": 1, "amount": 200},
        {"period": date(2026, 3, 3), "events": 1, "users": 1, "orders": 1, "amount": 100},
    ]
    assert answer.before == [{"period": date(2026, 3, 1), "events": 1, "users": 1, "orders": 1, "amount": 100}]
    assert answer.scope.currency == "CNY"


def test_a_breakdown_keeps_ten_values_and_what_is_left(tmp_path: Path) -> None:
    events = [{"user": "ann", "kind": "view", "item": f"{n:02}"} for n in range(12) for _ in range(20 - n)]

    answer = ask(tmp_path, events, Trend(by="item", measures=("events",)))

    counted = {row["group"]: row["events"] for row in answer.rows}
    assert len(counted) == 11
    assert counted["00"] == 20
    assert counted[OTHER] == 10 + 9


def test_filters_leave_out_other_shops_channels_and_people(tmp_path: Path) -> None:
    events = [
        {"user": user, "kind": "view", "merchant": merchant, "channel": channel}
        for user in ("ann", "bob") for merchant in ("m1", "m2") for channel in ("ad", "search")
    ]  # fmt: skip

    def counted(**of: Any) -> int:
        scope = Scope(since=MARCH.since, until=MARCH.until, **of)
        rows = ask(tmp_path, events, Trend(measures=("events",)), scope).rows
        return sum(int(str(row["events"])) for row in rows)

    assert counted() == 8
    assert counted(merchant="m1") == 4
    assert counted(channels=("ad",)) == 4
    assert counted(users=("ann",)) == 4
    assert counted(users=()) == 0
    assert counted(merchant="m1", channels=("ad",), users=("ann",)) == 1


def test_retention_counts_who_comes_back_and_the_first_time_is_the_first_ever(tmp_path: Path) -> None:
    weeks = {"ann": (0, 1, 3), "bob": (0, 2), "eve": (1,), "joe": (-8, 1)}  # joe is no newcomer
    events = [
        {"user": user, "kind": "pay", "at": BEGIN + timedelta(weeks=week)} for user, of in weeks.items() for week in of
    ]
    asked = Retention(every="week")

    answer = ask(tmp_path, events, asked)

    assert [(row["cohort"], row["size"], row["index"], row["users"]) for row in answer.rows] == [
        (date(2026, 3, 2), 2, 0, 2), (date(2026, 3, 2), 2, 1, 1), (date(2026, 3, 2), 2, 2, 1),
        (date(2026, 3, 2), 2, 3, 1), (date(2026, 3, 9), 1, 0, 1),
    ]  # fmt: skip
    assert who(tmp_path, events, asked, Cell(cohort=date(2026, 3, 2), index=2)) == ["bob"]


def test_paths_are_what_follows_what_within_a_session(tmp_path: Path) -> None:
    events = [
        *in_a_row("ann", ["arrive", "view", "view", "cart"]),
        *in_a_row("bob", ["arrive", "view"]),
        *in_a_row("eve", ["arrive", "cart"], minutes=31),  # two sessions
    ]

    answer = ask(tmp_path, events, Paths())

    assert {(row["step"], row["source"], row["target"]): row["times"] for row in answer.rows} == {
        (1, "arrive", "view"): 2, (1, "arrive", LEFT): 1, (1, "cart", LEFT): 1,
        (2, "view", "cart"): 1, (2, "view", LEFT): 1, (3, "cart", LEFT): 1,
    }  # fmt: skip


def test_intervals_are_from_the_last_first_to_the_next_then(tmp_path: Path) -> None:
    events = in_a_row("ann", ["view", "view", "pay", "pay", "view", "cart", "pay"], minutes=10)

    answer = ask(tmp_path, events, Intervals())

    assert answer.rows == [
        {"times": 2, "users": 1, "mean": 900.0, "least": 600, "p25": 750.0, "p50": 900.0, "p75": 1050.0, "p90": 1140.0,
         "p95": 1170.0, "most": 1200}
    ]  # fmt: skip


def test_the_lines_of_one_order_are_one_purchase(tmp_path: Path) -> None:
    line = {"user": "ann", "kind": "pay"}
    events = [
        {**line, "order_id": "1", "item": "tea"},
        {**line, "order_id": "1", "item": "cup"},
        {**line, "order_id": "2", "at": BEGIN + timedelta(days=2)},
        {"user": "bob", "kind": "pay", "order_id": "3"},
    ]

    between = ask(tmp_path, events, Intervals(first="pay", then="pay"))
    orders = ask(tmp_path, events, Distribution())
    lines = ask(tmp_path, events, Distribution(of="events"))

    assert [(row["times"], row["p50"]) for row in between.rows] == [(1, 172_800.0)]
    assert [(row["least"], row["users"], row["times"]) for row in orders.rows] == [(1, 1, 1), (2, 1, 2)]
    assert [(row["least"], row["users"], row["times"]) for row in lines.rows] == [(1, 1, 1), (3, 1, 3)]
    assert who(tmp_path, events, Distribution(), Cell(least=2)) == ["ann"]


def test_a_session_ends_with_a_pause_of_more_than_half_an_hour(tmp_path: Path) -> None:
    events = [
        *in_a_row("ann", ["arrive", "view"], minutes=30, device="phone"),
        *in_a_row("bob", ["arrive", "view"], minutes=31, device="desk"),
    ]

    answer = ask(tmp_path, events, Sessions())
    by_device = ask(tmp_path, events, Sessions(by="device"))

    assert answer.rows == [
        {"period": date(2026, 3, 2), "sessions": 3, "users": 2, "events": 4, "bounced": 2, "seconds": 1_800}
    ]
    assert [(row["group"], row["sessions"]) for row in by_device.rows] == [("desk", 2), ("phone", 1)]


def test_the_credit_of_an_order_goes_to_the_first_the_last_or_all_touches(tmp_path: Path) -> None:
    def touch(user: str, channel: str, day: int) -> dict[str, Any]:
        return {"user": user, "kind": "arrive", "channel": channel, "at": BEGIN + timedelta(days=day)}

    def order(user: str, day: int, amount: int) -> dict[str, Any]:
        moment = BEGIN + timedelta(days=day)
        return {
            "user": user,
            "kind": "pay",
            "at": moment,
            "amount": amount,
            "currency": "CNY",
            "order_id": f"{user}{day}",
        }

    events = [
        touch("ann", "ad", 0), touch("ann", "search", 1), touch("ann", "mail", 9), order("ann", 2, 1_000),
        order("bob", 2, 300), touch("eve", "ad", -40), order("eve", 3, 70),
    ]  # fmt: skip

    def credit(**of: Any) -> dict[str, tuple[float, float]]:
        rows = ask(tmp_path, events, Attribution(**of)).rows
        return {str(row["channel"]): (float(str(row["orders"])), float(str(row["amount"]))) for row in rows}

    assert credit(model="first") == {"ad": (1, 1_000), "": (2, 370), "mail": (0, 0), "search": (0, 0)}
    assert credit(model="last") == {"search": (1, 1_000), "": (2, 370), "mail": (0, 0), "ad": (0, 0)}
    assert credit(model="linear") == {"ad": (0.5, 500), "search": (0.5, 500), "": (2, 370), "mail": (0, 0)}
    costs = ask(tmp_path, events, Attribution(model="first", costs={"ad": 400})).rows
    assert [(row["cost"], row["roi"]) for row in costs if row["channel"] == "ad"] == [(400, 1.5)]


def test_what_a_cohort_is_worth_is_what_it_paid_less_refunds(tmp_path: Path) -> None:
    def money(user: str, kind: str, day: int, amount: int) -> dict[str, Any]:
        moment = BEGIN + timedelta(days=day)
        return {
            "user": user,
            "kind": kind,
            "at": moment,
            "amount": amount,
            "currency": "CNY",
            "order_id": f"{user}{day}",
        }

    events = [
        money("ann", "pay", 0, 500), money("bob", "pay", 1, 100), money("ann", "refund", 2, 200), money("ann", "pay", 8, 50),
    ]  # fmt: skip

    answer = ask(tmp_path, events, Lifetime(every="week"))

    assert answer.rows == [
        {"cohort": date(2026, 3, 2), "size": 2, "index": 0, "amount": 400, "total": 400},
        {"cohort": date(2026, 3, 2), "size": 2, "index": 1, "amount": 50, "total": 450},
    ]


BROKEN_DOWN: list[tuple[Question, Cell, list[str]]] = [
    (Trend(kinds=("view",), by="device"), Cell(period=date(2026, 3, 2), group="phone"), ["ann", "joe"]),
    (Trend(kinds=("view",)), Cell(period=date(2026, 3, 3)), []),
    (Funnel(steps=("view", "pay"), by="device"), Cell(step=2, group="phone"), ["ann"]),
    (
        Retention(first="view", again="pay", every="day", by="device"),
        Cell(cohort=date(2026, 3, 2), index=1, group="phone"), ["ann"],
    ),
    (Intervals(by="device"), Cell(seconds=90_000.0, group="desk"), ["bob"]),
    (Distribution(by="device"), Cell(least=1, group="desk"), ["bob"]),
    (Sessions(by="device"), Cell(period=date(2026, 3, 2), group="phone"), ["ann", "joe"]),
    (Paths(), Cell(step=1, source="pay", target=LEFT), ["ann", "bob"]),
    (Attribution(touch="view"), Cell(group="ad"), ["ann"]),
    (Lifetime(every="day", by="device"), Cell(cohort=date(2026, 3, 3), index=0, group="phone"), ["ann"]),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "cell", "inside"), BROKEN_DOWN, ids=lambda each: getattr(type(each), "__name__", ""))
def test_whoever_a_cell_counts_is_named(tmp_path: Path, asked: Question, cell: Cell, inside: list[str]) -> None:
    tomorrow = BEGIN + timedelta(days=1)
    events = [
        {"user": user, "kind": kind, "at": at, "device": device, "channel": channel, "order_id": order, "amount": amount,
         "currency": "CNY" if amount else ""}
        for user, kind, at, device, channel, order, amount in (
            ("ann", "view", BEGIN, "phone", "ad", "", None), ("ann", "pay", tomorrow, "phone", "direct", "1", 500),
            ("bob", "view", BEGIN, "desk", "search", "", None), ("bob", "pay", tomorrow, "desk", "direct", "2", 300),
            ("joe", "view", BEGIN, "phone", "search", "", None),
        )
    ]  # fmt: skip

    answer = ask(tmp_path, events, asked)

    assert who(tmp_path, events, asked, cell) == inside
    if cell.group is not None and not isinstance(asked, Attribution):
        groups: list[str] = [str(row["group"]) for row in answer.rows]
        assert set(groups) == {"phone", "desk"}


def test_whole_months_are_compared_with_whole_months_and_days_with_as_many_days() -> None:
    def before(since: date, until: date) -> tuple[date, date]:
        scope = Scope(since=since, until=until).before
        return scope.since, scope.until

    assert before(date(2026, 3, 1), date(2026, 3, 31)) == (date(2026, 2, 1), date(2026, 2, 28))
    assert before(date(2026, 1, 1), date(2026, 2, 28)) == (date(2025, 11, 1), date(2025, 12, 31))
    assert before(date(2026, 7, 1), date(2026, 12, 1)) == (date(2026, 1, 1), date(2026, 6, 1))
    assert before(date(2026, 1, 1), date(2026, 3, 30)) == (date(2025, 10, 1), date(2025, 12, 30))
    assert before(date(2026, 3, 1), date(2026, 3, 10)) == (date(2026, 2, 19), date(2026, 2, 28))


def test_an_answer_stands_beside_that_of_the_period_before(tmp_path: Path) -> None:
    """A day by its place from the first; what there was only then is told, too."""
    events = [
        {"user": "ann", "kind": "view", "item": item, "at": BEGIN + timedelta(days=day)}
        for day, item in ((0, "tea"), (2, "tea"), (-5, "cup"), (-2, "tea"), (-2, "tea"))
    ]
    scope = Scope(since=date(2026, 3, 2), until=date(2026, 3, 6), offset_minutes=0)
    trend = Trend(measures=("events",))

    columns, rows = reports.beside(ask(tmp_path, events, trend, scope, compare=True))
    _, bought = reports.beside(ask(tmp_path, events, Distribution(kind="view", of="events"), scope, compare=True))
    alone = ask(tmp_path, events, trend, scope)

    assert columns == ["period", "events", "events_before"]
    assert [tuple(row.values()) for row in rows] == [
        (date(2026, 3, 2), 1, 1), (date(2026, 3, 4), 1, 0), (date(2026, 3, 5), 0, 2),
    ]  # fmt: skip
    assert [(row["least"], row["users"], row["users_before"]) for row in bought] == [(2, 1, 0), (3, 0, 1)]
    assert reports.beside(alone) == (alone.columns, alone.rows)


def test_a_cohort_of_whom_nobody_came_back_is_as_large_as_it_is_and_of_weeks_to_come_nothing_is_said(
    tmp_path: Path,
) -> None:
    events = [
        {"user": user, "kind": "pay", "order_id": f"{user} {day}", "amount": 100, "at": BEGIN + timedelta(days=day)}
        for user, day in (("ann", 1), ("bob", -29), ("bob", -27), ("bob", 0))
    ]
    scope = Scope(since=date(2026, 3, 3), until=date(2026, 4, 1), offset_minutes=0)

    _, rows = reports.beside(ask(tmp_path, events, Retention(every="week"), scope, compare=True), "week")
    _, paid = reports.beside(ask(tmp_path, events, Lifetime(every="week"), scope, compare=True), "week")

    of = [(row["index"], row["size"], row["users"], row["users_before"]) for row in rows]
    assert of == [(0, 1, 1, 1), (1, 1, 0, 1), (5, 1, None, 1)]
    worth = [(row["index"], row["size"], row["total"], row["total_before"]) for row in paid]
    assert worth == [(0, 1, 100, 100), (1, 1, 100, 200), (5, 1, None, 300)]


def test_where_nothing_happened_every_analysis_has_an_answer() -> None:
    engine = reports.DuckDb([])
    for name, kind in reports.QUESTIONS.items():
        asked = kind(steps=("view", "pay")) if kind is Funnel else kind()
        answer = reports.answer(engine, MARCH, asked, compare=True)
        assert answer.name == name
        assert all(not row.get("users") for row in answer.rows), answer.rows
    engine.close()


def test_a_report_ends_when_its_time_is_over(tmp_path: Path) -> None:
    file = written(tmp_path, made_up(20_000))
    engine = reports.DuckDb([file] * 50, seconds_max=0.01)

    with pytest.raises(ReportTooSlow):
        reports.answer(engine, MARCH, Funnel(steps=("view", "cart", "pay"), mode="strict"))
    engine.close()


def test_a_report_ends_when_it_needs_more_memory_than_there_is(tmp_path: Path) -> None:
    engine = reports.DuckDb([written(tmp_path, made_up(50_000))] * 8, memory_limit="8MB")

    with pytest.raises(ReportTooLarge):
        reports.answer(engine, MARCH, Funnel(steps=("view", "cart", "pay"), mode="strict"))
    engine.close()
