"""Refunds of many orders in one transaction: each with its answer, to the cent what one by one would give."""

from collections.abc import Sequence
from typing import Any

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments.model import RefundId
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Wanted
from steelyard.trade.aftersales.model import Less, NotThatMany, RefundRequest, Returned
from steelyard.trade.orders.model import Order, OrderId, UseCancel
from tests.support import deal
from tests.support.world import World

STAFF = "staff:1"


def wanted(part: Order, *lines: Returned, **more: Any) -> Wanted:
    request = RefundRequest(
        refund_id=RefundId(ids.mint()), merchant_id=part.merchant_id, order_id=part.order_id, lines=lines, **more
    )
    return Wanted(request, STAFF)


async def sold(shop: Database, world: World, stage: str) -> Order:
    """Two bags of nuts: `paid`, `shipped`, or `received`."""
    (part,) = await deal.paid(shop, [(world.items["nuts"].sku_id, 2)])
    if stage != "paid":
        await deal.shipped(shop, part)
    if stage == "received":
        await deal.received(shop, part)
    return part


async def moved(shop: Database, parts: Sequence[Order]) -> list[tuple[int, int]]:
    now = [await deal.again(shop, part) for part in parts]
    return [(each.refunded, each.commission_returned) for each in now]


async def test_many_together_come_to_what_they_come_to_one_by_one(shop: Database, world: World) -> None:
    stages = ("paid", "shipped", "received", "received")
    one_by_one, together = [[await sold(shop, world, stage) for stage in stages] for _ in range(2)]

    def asked(parts: Sequence[Order]) -> list[Wanted]:
        return [
            wanted(parts[0], Returned(1, 1), restock=True),
            wanted(parts[1], Returned(1, 1), less=(Less(1, 7),)),
            wanted(parts[2], Returned(1, 1)),
            wanted(parts[3], less=(Less(1, 333),), freight=parts[3].freight),
            wanted(parts[2], Returned(1, 1)),
        ]

    for each in asked(one_by_one):
        await shop.transact(aftersales.refund, each.request, STAFF)
    before = await shop.ask(ledger.balances, together[0].merchant_id)
    refusals = await shop.transact(aftersales.refund_each, asked(together))

    assert refusals == [None] * 5
    assert await moved(shop, together) == await moved(shop, one_by_one)
    due = {each.kind: each.balance for each in await shop.ask(ledger.balances, together[0].merchant_id)}
    assert due[AccountKind.REFUND_DUE] == 2 * next(each.balance for each in before if each.kind == "refund_due")
    assert await deal.channel_refunds(shop) == 10


async def test_each_has_its_own_answer_and_what_is_refused_leaves_nothing_behind(shop: Database, world: World) -> None:
    parts = [await sold(shop, world, stage) for stage in ("received", "shipped", "paid")]
    stranger = RefundRequest(
        refund_id=RefundId(ids.mint()), merchant_id=world.tools.merchant_id, order_id=parts[0].order_id, freight=1
    )
    fine = wanted(parts[0], Returned(1, 1))

    answers = await shop.transact(
        aftersales.refund_each,
        [
            fine,
            wanted(parts[1], Returned(1, 3)),
            wanted(parts[2], Returned(1, 2)),
            Wanted(stranger, STAFF),
            wanted(parts[0], Returned(1, 2)),
            fine,
        ],
    )

    assert [type(answer) for answer in answers] == [
        type(None), NotThatMany, UseCancel, NotFound, NotThatMany, type(None)
    ]  # fmt: skip
    assert [refunded for refunded, _ in await moved(shop, parts)] == [3_990, 0, 0]
    assert await shop.transact(aftersales.refund_each, [fine]) == [None]
    assert (await moved(shop, parts))[0][0] == 3_990, "said again, it is given once"


async def test_killed_before_the_end_nothing_is_given_and_said_again_all_is(shop: Database, world: World) -> None:
    parts = [await sold(shop, world, "received") for _ in range(3)]
    asked = [wanted(part, Returned(1, 1)) for part in parts]

    async def dies(tx: Tx) -> None:
        await aftersales.refund_each(tx, asked)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await shop.transact(dies)
    assert [refunded for refunded, _ in await moved(shop, parts)] == [0] * 3

    for _ in range(2):
        await shop.transact(aftersales.refund_each, asked)

    assert [refunded for refunded, _ in await moved(shop, parts)] == [3_990] * 3
    assert await deal.channel_refunds(shop) == 3


async def test_eight_take_as_many_statements_as_one(
    shop: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [await sold(shop, world, "received") for _ in range(9)]
    said: list[str] = []

    def count(cls: type, name: str) -> None:
        plain = getattr(cls, name)

        async def counting(self: Any, sql: str, *args: Any) -> Any:
            said.append(sql)
            return await plain(self, sql, *args)

        monkeypatch.setattr(cls, name, counting)

    count(Read, "fetch")
    count(Read, "row")
    count(Tx, "execute")
    await shop.transact(aftersales.refund_each, [wanted(parts[0], Returned(1, 1))])
    for_one = len(said)
    said.clear()
    await shop.transact(aftersales.refund_each, [wanted(part, Returned(1, 1)) for part in parts[1:]])

    assert len(said) == for_one <= 17


async def test_orders_of_others_are_not_even_seen(shop: Database, world: World) -> None:
    part = await sold(shop, world, "received")

    async def held(tx: Tx) -> set[OrderId]:
        return set(await orders.lock_orders(tx, [(part.merchant_id, part.order_id), (ids.mint(), part.order_id)]))

    assert await shop.transact(held) == {part.order_id}
