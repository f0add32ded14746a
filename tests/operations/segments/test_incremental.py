"""Memberships that are kept bit by bit are those that a full count finds, and those that the definitions say."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import text
from steelyard.operations import behaviour, segments
from steelyard.operations.behaviour import Behaviour
from steelyard.operations.behaviour import Kind as Deed
from steelyard.operations.segments import counting, tree
from steelyard.operations.segments.model import (
    All,
    AnyOf,
    Did,
    Foretold,
    Inside,
    Joined,
    Kind,
    Measure,
    Moment,
    Node,
    Not,
    Number,
    Predicted,
    Rfm,
    Segment,
    SegmentId,
    Stage,
    When,
)
from steelyard.operations.segments.tree import MOST

SHOP = UUID("7e577e57-0000-4000-8000-0000000000aa")
PEOPLE = [UUID(int=1000 + n) for n in range(4)]
FIRST, SECOND = SegmentId(UUID(int=1)), SegmentId(UUID(int=2))
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = st.integers(1, 6)


class Customer(msgspec.Struct):
    """What the test itself knows of somebody."""

    joined: datetime
    paid: list[datetime] = []
    spent: int = 0
    stage: str = "visitor"
    did: list[tuple[str, datetime]] = []


LEAVES = st.one_of(
    st.builds(
        Number,
        measure=st.sampled_from([Measure.ORDERS, Measure.SPENT, Measure.AVERAGE]),
        at_least=st.integers(0, 4),
        at_most=st.none() | st.integers(4, 9),
    ),
    st.builds(When, moment=st.sampled_from([Moment.LAST_PAID, Moment.FIRST_PAID]), within=st.booleans(), days=DAYS),
    st.builds(Joined, within=st.booleans(), days=DAYS),
    st.builds(Stage, stages=st.sampled_from([("new",), ("active", "loyal")])),
    st.builds(Did, event=st.sampled_from(["view", "cart"]), at_least=st.booleans(), times=st.integers(1, 3), days=DAYS),
)


def trees(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(All, of=st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(AnyOf, of=st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(Not, of=inner),
        ),
        max_leaves=4,
    )


WHO = st.integers(0, len(PEOPLE) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), WHO, st.integers(1, 4)),
        st.tuples(st.sampled_from(["view", "cart"]), WHO, st.just(0)),
        st.tuples(st.sampled_from(["new", "active"]), WHO, st.just(0)),
        st.tuples(st.just("days"), st.just(0), st.integers(1, 4)),
    ),
    min_size=1,
    max_size=10,
)


def holds(node: Node, who: Customer, now: datetime) -> bool:
    """What the definition says, told in another way than the house does it."""
    match node:
        case All():
            return all(holds(each, who, now) for each in node.of)
        case AnyOf():
            return any(holds(each, who, now) for each in node.of)
        case Not():
            return not holds(node.of, who, now)
        case Number():
            orders, most = len(who.paid), MOST if node.at_most is None else node.at_most
            if node.measure is Measure.AVERAGE:
                return orders > 0 and (node.at_least or 0) * orders <= who.spent <= most * orders
            return (node.at_least or 0) <= (orders if node.measure is Measure.ORDERS else who.spent) <= most
        case When():
            if not who.paid:
                return False
            at = who.paid[-1] if node.moment is Moment.LAST_PAID else who.paid[0]
            return (now - at < timedelta(days=node.days)) is node.within
        case Joined():
            return (now - who.joined < timedelta(days=node.days)) is node.within
        case Stage():
            return who.stage in node.stages
        case Did():
            times = sum(1 for kind, at in who.did if kind == node.event and now - at < timedelta(days=node.days))
            return times >= node.times if node.at_least else times <= node.times
        case _:
            raise AssertionError(node)


class Shop:
    """Does what the steps say, as the house would, and keeps its own books of it."""

    def __init__(self, tx: Tx) -> None:
        self.tx, self.now = tx, BEGAN
        self.people = {who: Customer(joined=BEGAN) for who in PEOPLE}

    async def open(self) -> None:
        for who in PEOPLE:
            await self.tx.execute(
                "INSERT INTO buyers (buyer_id, locale, guest, created_at) VALUES ($1, 'en', false, $2)", who, self.now
            )
            await self.write(who)

    async def write(self, who: UUID) -> None:
        known = self.people[who]
        paid = known.paid
        await self.tx.execute(
            """
            INSERT INTO customer_facts (merchant_id, buyer_id, first_seen_at, last_seen_at, first_paid_at, previous_paid_at
                                      , last_paid_at, orders, currency, spent, stage, stage_since)
            VALUES ($1, $2, $3, $3, $4, $5, $6, $7, 'CNY', $8, $9, $3)
            ON CONFLICT (merchant_id, buyer_id) DO UPDATE
            SET first_paid_at = excluded.first_paid_at, previous_paid_at = excluded.previous_paid_at
              , last_paid_at = excluded.last_paid_at, orders = excluded.orders, spent = excluded.spent, stage = excluded.stage
            """,
            SHOP,
            who,
            BEGAN,
            paid[0] if paid else None,
            paid[-2] if len(paid) > 1 else None,
            paid[-1] if paid else None,
            len(paid),
            known.spent,
            known.stage,
        )

    async def do(self, what: str, person: int, how: int) -> None:
        who = PEOPLE[person]
        known = self.people[who]
        if what == "days":
            self.now += timedelta(days=how, hours=3)
            while await segments.time_passes(self.tx, self.now):
                pass
            return
        self.now += timedelta(minutes=1)
        if what in ("view", "cart"):
            known.did = [*known.did, (what, self.now)]
            deed = Behaviour(kind=Deed(what), visitor_id=ids.mint(), buyer_id=who, merchant_id=SHOP, at=self.now)
            await behaviour.record(self.tx, [deed])
            changed = [tree.did(what)]
        else:
            if what == "pay":
                known.paid, known.spent = [*known.paid, self.now], known.spent + how
            else:
                known.stage = what
            await self.write(who)
            changed = [tree.FACTS]
        await segments.settle(self.tx, [(SHOP, who)], changed, at=self.now)

    async def counted(self) -> None:
        while await segments.count_on(self.tx, self.now):
            pass

    async def inside(self, segment_id: UUID) -> set[UUID]:
        return set(await segments.members(self.tx, SHOP, segment_id))

    def expected(self, node: Node) -> set[UUID]:
        return {who for who, known in self.people.items() if holds(node, known, self.now)}


class Undone(Exception):
    """The example is over; nothing of it stays."""


async def in_vain(url: str, work: Callable[[Tx], Awaitable[None]]) -> None:
    async def undone(tx: Tx) -> None:
        await work(tx)
        raise Undone

    db = await Database.connect(url, size=1)
    try:
        with pytest.raises(Undone):
            await db.transact(undone)
    finally:
        await db.close()


def said(segment_id: SegmentId, node: Node) -> Segment:
    return Segment(
        merchant_id=SHOP, segment_id=segment_id, kind=Kind.RULES, name=text("人群", "People"), owner="test", tree=node
    )


@settings(max_examples=40)
@given(first=trees(LEAVES), other=trees(LEAVES), steps=STEPS, later=trees(LEAVES))
def test_what_is_kept_bit_by_bit_is_what_a_full_count_finds(
    worker_database_url: str, first: Node, other: Node, steps: list[Any], later: Node
) -> None:
    """One segment of its own, and one that asks for it; in the end the first says something else."""

    async def lived(tx: Tx) -> None:
        shop = Shop(tx)
        await shop.open()
        await segments.define(tx, said(FIRST, first), "test")
        asking = AnyOf(of=(Not(of=Inside(segment_id=FIRST)), other))
        await segments.define(tx, said(SECOND, asking), "test")
        await shop.counted()
        for what, person, how in steps:
            await shop.do(what, person, how)
            inside = shop.expected(first)
            assert await shop.inside(FIRST) == inside
            assert await shop.inside(SECOND) == (set(PEOPLE) - inside) | shop.expected(other)
        await segments.define(tx, said(FIRST, later), "test")
        await shop.counted()
        assert await shop.inside(FIRST) == shop.expected(later)
        assert await shop.inside(SECOND) == (set(PEOPLE) - shop.expected(later)) | shop.expected(other)
        await segments.begin_night(tx, shop.now)
        await shop.counted()
        assert [(each.people, each.entered, each.went) for each in await segments.counts(tx, SHOP)] == [(4, 0, 0)]

    asyncio.run(in_vain(worker_database_url, lived))


def test_a_full_count_mends_what_somebody_has_spoilt_and_says_so(worker_database_url: str) -> None:
    async def lived(tx: Tx) -> None:
        shop = Shop(tx)
        await shop.open()
        await segments.define(tx, said(FIRST, Number(measure=Measure.ORDERS, at_least=1)), "test")
        await shop.counted()
        await shop.do("pay", 0, 3)
        await shop.do("pay", 1, 3)
        await tx.execute("DELETE FROM segment_members WHERE buyer_id = $1", PEOPLE[0])
        await tx.execute(
            "INSERT INTO segment_members (merchant_id, segment_id, buyer_id, since) VALUES ($1, $2, $3, $4)",
            SHOP, FIRST, PEOPLE[3], shop.now,
        )  # fmt: skip

        await segments.begin_night(tx, shop.now)
        await segments.begin_night(tx, shop.now + timedelta(hours=1))
        await shop.counted()

        assert await shop.inside(FIRST) == {PEOPLE[0], PEOPLE[1]}
        assert [(each.entered, each.went) for each in await segments.counts(tx, SHOP)] == [(1, 1)]

    asyncio.run(in_vain(worker_database_url, lived))


@pytest.mark.parametrize(("at_least", "times", "before"), [(True, 2, True), (False, 1, False)])
def test_the_example_of_the_page_about_time(worker_database_url: str, at_least: bool, times: int, before: bool) -> None:
    """docs/algorithms/segments.md: the cart on 1, 3 and 6 March at noon, and 10 March at noon."""

    async def lived(tx: Tx) -> None:
        shop = Shop(tx)
        await shop.open()
        await segments.define(tx, said(FIRST, Did(event="cart", at_least=at_least, times=times, days=7)), "test")
        await shop.counted()
        for day in (1, 3, 6):
            shop.now = datetime(2026, 3, day, 11, 59, tzinfo=UTC)
            await shop.do("cart", 0, 0)
        noon = datetime(2026, 3, 10, 12, tzinfo=UTC)

        assert await segments.time_passes(tx, noon - timedelta(seconds=1)) == 0
        assert (PEOPLE[0] in await shop.inside(FIRST)) is before
        assert await segments.time_passes(tx, noon) == 1
        assert (PEOPLE[0] in await shop.inside(FIRST)) is not before

    asyncio.run(in_vain(worker_database_url, lived))


def test_values_that_were_counted_and_a_count_by_sample(
    worker_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lived(tx: Tx) -> None:
        shop = Shop(tx)
        await shop.open()
        await tx.execute(
            """
            INSERT INTO customer_values (merchant_id, buyer_id, counted_at, recency_days, frequency, monetary, r, f, m, segment
                                       , tier, model, alive, expected_spent)
            VALUES ($1, $2, now(), 1, 2, 300, 5, 5, 5, 'champions', 1, 'bg_nbd', 0.8, 500)
            """,
            SHOP, PEOPLE[0],
        )  # fmt: skip
        worth = All(
            of=(
                Rfm(classes=("champions",)),
                Foretold(measure=Predicted.VALUE, at_least=500),
                Foretold(measure=Predicted.ALIVE, at_least=80, at_most=90),
            )
        )
        await segments.define(tx, said(FIRST, worth), "test")
        await shop.counted()

        assert await shop.inside(FIRST) == {PEOPLE[0]}
        exact = await segments.estimate(tx, SHOP, worth)
        assert (exact.members, exact.customers, exact.exact, exact.sample) == (1, 4, True, (PEOPLE[0],))
        monkeypatch.setattr(counting, "COUNTED_EXACTLY_MAX", 3)
        about = await segments.estimate(tx, SHOP, worth)
        assert (about.customers, about.exact) == (4, False)
        assert about.members in (1, 2, 4)

    asyncio.run(in_vain(worker_database_url, lived))
