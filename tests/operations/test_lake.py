"""The lake: each event in it once whatever is killed, trade as the orders say, people who leave it gone from its files."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyarrow.parquet as pq
import pytest

from steelyard.kernel import events
from steelyard.kernel.db import Database, Read, Tx
from steelyard.operations import behaviour, lake
from steelyard.operations.behaviour import Behaviour, Channel, Kind
from steelyard.operations.behaviour.subscribers import SUBSCRIBER as BEHAVIOUR
from steelyard.operations.lake import jobs, keeping, manifest, writing
from steelyard.operations.lake.subscribers import SUBSCRIBER
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.settlement import settlement_day
from tests.support import deal
from tests.support.world import World, seeded

SHOP = UUID(int=7)
TOMORROW = settlement_day(datetime.now(UTC)) + timedelta(days=1)


def seen(visitor_id: UUID, count: int = 1, **more: Any) -> list[Behaviour]:
    return [Behaviour(kind=Kind.VIEW, visitor_id=visitor_id, merchant_id=SHOP, **more) for _ in range(count)]


async def everything(db: Database, home: Path) -> list[dict[str, Any]]:
    """What a reader sees at this moment."""
    return [row for file in await db.ask(lake.files, home) for row in pq.read_table(file).to_pylist()]


async def copied(db: Database, home: Path) -> int:
    async def held_back(read: Read) -> bool:  # by a transaction of another database of the cluster
        return await read.value(
            "SELECT EXISTS (SELECT FROM behaviour_events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"
        )

    while await db.ask(held_back):
        await asyncio.sleep(0.01)
    return await writing.copy_behaviour(db, home)


async def traded(db: Database, home: Path) -> None:
    await events.drain(db, [SUBSCRIBER])
    while await writing.copy_trade(db, home):
        pass


async def lake_is_told_of(read: Read) -> behaviour.Cursor:
    """Up to where behaviour believes the lake to have copied."""
    row = await read.row("SELECT xid, position FROM behaviour_archive WHERE archive = 'lake'")
    assert row is not None
    return behaviour.Cursor(row["xid"], row["position"])


async def test_what_people_did_is_copied_once_and_goes_on_from_there(db: Database, tmp_path: Path) -> None:
    visitor = uuid4()
    await db.transact(behaviour.record, seen(visitor, 3, channel="ad", device="phone"))
    assert await copied(db, tmp_path) == 3
    assert await copied(db, tmp_path) == 0
    await db.transact(behaviour.record, seen(visitor, 2))
    assert await copied(db, tmp_path) == 2

    rows = await everything(db, tmp_path)

    assert len(rows) == 5
    assert await db.ask(lake_is_told_of) == await db.ask(writing.cursor), "so that old strangers can be deleted"
    assert {(row["user"], row["kind"], row["merchant"]) for row in rows} == {(str(visitor), "view", str(SHOP))}
    assert sorted(row["channel"] for row in rows) == ["ad", "ad", "ad", "direct", "direct"]


async def test_a_kill_between_the_file_and_its_record_doubles_nothing(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.transact(behaviour.record, seen(uuid4(), 3))

    async def killed(tx: Tx, *_: object) -> None:
        await tx.execute("SELECT 1")
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(writing, "_move_on", killed)
        await copied(db, tmp_path)
    assert len(list(manifest.folder(tmp_path).iterdir())) == 1
    assert await everything(db, tmp_path) == []
    await db.transact(behaviour.record, seen(uuid4()))

    assert await copied(db, tmp_path) == 4

    assert len(await everything(db, tmp_path)) == 4
    # What was left behind is deleted when it is old.
    monkeypatch.setattr(keeping, "ORPHANS_KEPT_SECONDS", -1)
    await keeping.delete_gone(db, tmp_path)
    assert len(list(manifest.folder(tmp_path).iterdir())) == 1
    assert len(await everything(db, tmp_path)) == 4


async def test_two_workers_at_once_copy_once(db: Database, tmp_path: Path) -> None:
    await db.transact(behaviour.record, seen(uuid4(), 5))
    await copied(db, tmp_path / "elsewhere")  # waits until all can be read
    await db.transact(_forget_cursor)

    await asyncio.gather(*(writing.copy_behaviour(db, tmp_path) for _ in range(3)))

    assert len(await everything(db, tmp_path)) == 5


async def _forget_cursor(tx: Tx) -> None:
    await tx.execute("DELETE FROM lake_files")
    await tx.execute("DELETE FROM lake_cursors")


async def test_hours_are_joined_when_their_day_is_over_and_readers_see_the_same(db: Database, tmp_path: Path) -> None:
    for _ in range(3):
        await db.transact(behaviour.record, seen(uuid4(), 2))
        await copied(db, tmp_path)
    before, files = await everything(db, tmp_path), await db.ask(lake.files, tmp_path)

    assert await keeping.compact(db, tmp_path) == 0  # today is not over
    assert await keeping.compact(db, tmp_path, TOMORROW) == 3

    after = await everything(db, tmp_path)
    key: Callable[[dict[str, Any]], Any] = lambda row: (row["user"], row["at"])  # noqa: E731
    assert sorted(after, key=key) == sorted(before, key=key)
    assert len(await db.ask(lake.files, tmp_path)) == 1
    assert all(file.exists() for file in files)  # somebody may still be reading them
    assert await keeping.delete_gone(db, tmp_path) == 0
    assert await keeping.delete_gone(db, tmp_path, readers_seconds=-1) == 3
    assert not any(file.exists() for file in files)
    assert len(await everything(db, tmp_path)) == 6


async def test_a_days_trade_comes_to_what_the_orders_say(db: Database, tmp_path: Path) -> None:
    world = await seeded(db)
    green, hammer = world.items["green"].sku_id, world.items["hammer"].sku_id
    [order] = await deal.paid(db, [(green, 2)], world.buyer.buyer_id)
    await deal.paid(db, [(green, 1), (hammer, 1)], world.buyer.buyer_id)
    await deal.placed(db, [(hammer, 1)])
    await traded(db, tmp_path)
    before = await everything(db, tmp_path)
    await deal.refunded(db, order, Returned(1, 1))
    await traded(db, tmp_path)

    rows = await everything(db, tmp_path)

    async def totals(read: Read) -> tuple[int, int, int]:
        row = await read.row(
            """
            SELECT sum(total)::bigint, sum(total) FILTER (WHERE paid_at IS NOT NULL)::bigint
                 , (SELECT sum(goods + freight)::bigint FROM order_refunds) FROM orders
            """
        )
        assert row is not None
        return row[0], row[1], row[2]

    def amount(of: list[dict[str, Any]], kind: str) -> int:
        return sum(row["amount"] for row in of if row["kind"] == kind)

    assert (amount(rows, "order"), amount(rows, "pay"), amount(rows, "refund")) == await db.ask(totals)
    assert amount(before, "refund") == 0
    assert len({row["order_id"] for row in rows if row["kind"] == "pay"}) == 3
    assert all(row["category"] for row in rows if row["item"])
    assert {row["user"] for row in rows if row["kind"] == "pay"} == {str(world.buyer.buyer_id)}


@pytest.mark.parametrize("late", [False, True], ids=["in time", "after the day was written"])
async def test_what_was_bought_tells_by_what_and_on_what_as_the_looking_does(
    db: Database, tmp_path: Path, late: bool
) -> None:
    """Else a funnel of phones, or of advertisements, would end before the payment. Who wants nothing analysed tells nothing."""
    world = await seeded(db)
    buyer, shop = _buyer(world), world.tea.merchant_id
    now = datetime.now(UTC)
    came = Behaviour(
        kind=Kind.ARRIVE, visitor_id=buyer, buyer_id=buyer, merchant_id=shop, at=now - timedelta(days=2),
        channel=Channel.AD, source="baidu", medium="cpc", campaign="spring", device="desk",
    )  # fmt: skip
    looked = Behaviour(
        kind=Kind.VIEW,
        visitor_id=buyer,
        buyer_id=buyer,
        merchant_id=shop,
        at=now - timedelta(minutes=5),
        device="phone",
    )
    await db.transact(behaviour.record, [came, looked])
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)], buyer)
    await deal.refunded(db, order, Returned(1, 1))
    await deal.paid(db, [(world.items["hammer"].sku_id, 1)], world.other_buyer.buyer_id)
    if late:
        await traded(db, tmp_path)
    await events.drain(db, [BEHAVIOUR])
    if late:
        await copied(db, tmp_path)
    await traded(db, tmp_path)

    rows = [row for row in await everything(db, tmp_path) if row["kind"] in ("order", "pay", "refund")]
    ways = {(row["kind"], row["channel"], row["source"], row["medium"], row["campaign"], row["device"])
            for row in rows if row["user"] == str(buyer)}  # fmt: skip
    assert ways == {(kind, "ad", "baidu", "cpc", "spring", "phone") for kind in ("order", "pay", "refund")}
    assert {(row["channel"], row["device"]) for row in rows if row["user"] != str(buyer)} == {("direct", "")}


async def test_orders_that_were_there_before_the_lake_are_in_it(db: Database, tmp_path: Path) -> None:
    world = await seeded(db)
    await deal.paid(db, [(world.items["green"].sku_id, 1)], world.buyer.buyer_id)

    assert await db.transact(jobs.begin) == 1
    assert await db.transact(jobs.begin) == 0
    while await writing.copy_trade(db, tmp_path):
        pass

    assert {row["kind"] for row in await everything(db, tmp_path)} == {"order", "pay"}


async def test_what_a_visitor_did_is_the_buyers_after_signing_in(db: Database, tmp_path: Path) -> None:
    world, visitor, other = await seeded(db), BuyerId(uuid4()), uuid4()
    await db.transact(behaviour.record, [*seen(visitor, 2), *seen(other)])
    await copied(db, tmp_path)

    await db.transact(customers.merge_visitor, visitor, _buyer(world))
    await events.drain(db, [SUBSCRIBER])
    assert await keeping.rename(db, tmp_path) == 1
    assert await keeping.rename(db, tmp_path) == 0

    users = sorted(row["user"] for row in await everything(db, tmp_path))
    assert users == sorted([str(_buyer(world))] * 2 + [str(other)])


async def test_who_is_forgotten_is_in_no_file_any_more_and_what_they_bought_is_nobodys(
    db: Database, tmp_path: Path
) -> None:
    world, visitor, other = await seeded(db), BuyerId(uuid4()), uuid4()
    buyer = _buyer(world)
    orders = await deal.paid(db, [(world.items["green"].sku_id, 1)], buyer)
    await db.transact(behaviour.record, [*seen(visitor), *seen(visitor, buyer_id=buyer), *seen(other)])
    await copied(db, tmp_path)
    await traded(db, tmp_path)
    paid = sum(row["amount"] for row in await everything(db, tmp_path) if row["kind"] == "pay")

    await db.transact(behaviour.forget, [buyer, visitor])
    await traded(db, tmp_path)
    await keeping.rename(db, tmp_path)
    await keeping.delete_gone(db, tmp_path, readers_seconds=-1)

    rows = await everything(db, tmp_path)
    assert {row["user"] for row in rows} == {str(other), *(str(order.order_id) for order in orders)}
    assert sum(row["amount"] for row in rows if row["kind"] == "pay") == paid
    lying = b"".join(path.read_bytes() for path in manifest.folder(tmp_path).iterdir() if path.is_file())
    assert str(visitor).encode() not in lying
    assert str(buyer).encode() not in lying


async def test_who_is_forgotten_while_their_file_is_written_is_taken_out_afterwards(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = BuyerId(uuid4())
    await db.transact(behaviour.record, seen(visitor, 2))
    whole = writing._rows_of

    async def late(read: Read, found: Any) -> list[dict[str, Any]]:
        rows = await whole(read, found)
        await db.transact(behaviour.forget, [visitor])
        await events.drain(db, [SUBSCRIBER])
        await keeping.rename(db, tmp_path)
        return rows

    monkeypatch.setattr(writing, "_rows_of", late)
    await copied(db, tmp_path)

    await keeping.rename(db, tmp_path)

    assert await everything(db, tmp_path) == []


def _buyer(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return BuyerId(world.buyer.buyer_id)
