"""Which channels a purchase is offered: by what they take, what the operator decided, and whether they answer."""

from datetime import UTC, datetime, timedelta

import pytest

from steelyard.kernel.db import Database, Tx
from steelyard.money import payments
from steelyard.money.payments import Device, Limit, Rest, Rule, RuleHasBegun, Standing, Terms, Wanted
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.money.payments.health import RestState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = Standing(rules={}, rests={})


def channel(name: str, **terms: object) -> Simpay:
    made = Simpay("", "", "")
    made.name, made.terms = name, Terms(name=name, **terms)  # pyright: ignore[reportArgumentType]
    return made


def resting(name: str, seconds: int) -> Rest:
    until = NOW + timedelta(seconds=seconds)
    return Rest(channel=name, state=RestState.RESTING, since=NOW, rested_until=until, times=1, why="", now=NOW)


def ruled(name: str, **said: object) -> Rule:
    given = {"offered": True, "place": 50, "countries": [], "note": "", **said}
    return Rule(channel=name, valid_from=NOW, set_by=None, set_at=NOW, **given)  # pyright: ignore[reportArgumentType]


def names(wanted: Wanted, now: Standing, *channels: Simpay) -> list[str]:
    return [each.name for each in payments.offered({each.name: each for each in channels}, now, wanted)]


@pytest.mark.parametrize(
    ("terms", "wanted", "why"),
    [
        ({"currencies": frozenset({"USD"})}, {}, "currency"),
        ({"smallest": {"CNY": 101}}, {}, "amount"),
        ({"largest": {"CNY": 99}}, {}, "amount"),
        ({"smallest": {"JPY": 101}}, {}, None),
        ({"countries": frozenset({"JP"})}, {"country": "CN"}, "country"),
        ({"countries": frozenset({"JP"})}, {}, None),
        ({"devices": frozenset({Device.WECHAT})}, {"device": Device.DESK}, "device"),
        ({}, {}, None),
    ],
)
def test_a_channel_is_left_out_for_a_reason(terms: dict, wanted: dict, why: str | None) -> None:
    one = channel("one", **terms)
    sale = Wanted(**{"amount": 100, "currency": "CNY", **wanted})

    assert payments.why_not(one, NOTHING, sale) == why
    assert names(sale, NOTHING, one) == ([] if why else ["one"])


def test_the_operator_orders_switches_off_and_limits() -> None:
    sale = Wanted(amount=100, currency="CNY", country="CN")
    rules = {
        "last": ruled("last", place=90),
        "first": ruled("first", place=1),
        "off": ruled("off", offered=False),
        "abroad": ruled("abroad", countries=["JP"]),
        "large": ruled("large", limits=[Limit(currency="CNY", smallest=101)]),
        "other": ruled("other", place=60, limits=[Limit(currency="USD", smallest=101)]),
    }

    found = names(sale, Standing(rules=rules, rests={}), *(channel(name) for name in [*rules, "plain"]))

    assert found == ["first", "plain", "other", "last"]


def test_one_that_rests_is_left_out_unless_nothing_else_is_left() -> None:
    sale = Wanted(amount=100, currency="CNY")
    a, b = channel("a"), channel("b")

    one_rests = Standing(rules={}, rests={"a": resting("a", 30)})
    both_rest = Standing(rules={}, rests={"a": resting("a", 30), "b": resting("b", 10)})

    assert names(sale, one_rests, a, b) == ["b"]
    assert names(sale, both_rest, a, b) == ["b"]
    assert names(sale, Standing(rules={}, rests={"a": resting("a", 0)}), a, b) == ["a", "b"]


async def test_a_rule_counts_from_its_moment_on_and_is_withdrawn_before(db: Database) -> None:
    async def decide(tx: Tx, *, place: int, days: int | None) -> datetime | None:
        moment = None if days is None else datetime.now(UTC) + timedelta(days=days)
        await payments.rule(
            tx, "one", valid_from=moment, offered=True, place=place, countries=["CN"], note="Said",
            limits=[Limit(currency="CNY", smallest=100), Limit(currency="JPY", largest=5)], set_by=None,
        )  # fmt: skip
        return moment

    await db.transact(decide, place=3, days=None)
    later = await db.transact(decide, place=4, days=2)
    with pytest.raises(RuleHasBegun):
        await db.transact(decide, place=5, days=-1)

    found = (await db.ask(payments.standing)).rules["one"]
    assert found == (await db.ask(payments.rules_in_force))["one"]
    assert (found.place, found.countries, found.note, len(found.limits)) == (3, ["CN"], "Said", 2)
    assert [each.place for each in await db.ask(payments.rules_of, "one")] == [4, 3]
    assert later is not None
    assert await db.transact(payments.withdraw_rule, "one", later)
    assert not await db.transact(payments.withdraw_rule, "one", later)
    assert not await db.transact(payments.withdraw_rule, "one", found.valid_from)
    assert [each.place for each in await db.ask(payments.rules_of, "one")] == [3]
