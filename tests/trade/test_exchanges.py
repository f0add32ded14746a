"""Exchanges: what goes out instead is kept from the shop's yes on, nothing is collected, and silence never costs the buyer."""

from datetime import timedelta
from typing import Any

import pytest

from steelyard.goods import inventory, pricing
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.logistics import parcels
from steelyard.trade import aftersales, orders
from steelyard.trade.aftersales import Case, CaseId, Exchange, Inspected, Kind, NewCase, Verdict
from steelyard.trade.aftersales.case_model import DearerVariant, NoneLeft, NotSentYet, OwnParcel
from steelyard.trade.aftersales.model import CaseState, Returned
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.world import Item, World
from tests.trade.test_cases import BUYER, PLATFORM, SHOP, agreed, now, refused, sent_back


def variants(world: World) -> Item:
    return world.items["hammer"]


async def sent(db: Database, world: World, pieces: int = 2) -> Order:
    """Of two colours that cost the same."""
    await priced(db, world, 1, variants(world).amounts[0])
    [order] = await deal.paid(db, [(variants(world).sku_ids[0], pieces)])
    await deal.shipped(db, order)
    return await deal.again(db, order)


def wanted(order: Order, world: World, pieces: int = 1, kind: Kind = Kind.EXCHANGE, **more: Any) -> NewCase:
    said: dict[str, Any] = {"reason": "quality", "sku_id": variants(world).sku_ids[1]}
    return NewCase(
        case_id=CaseId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, kind=kind,
        lines=[Returned(1, pieces)], **said | more,
    )  # fmt: skip


async def asked(db: Database, new: NewCase) -> Case:
    await db.transact(aftersales.ask, new, BUYER)
    return await now(db, new.case_id)


async def exchange(db: Database, case: Case) -> Exchange:
    found = await db.ask(aftersales.exchange_of, case.case_id)
    assert found is not None
    return found


async def priced(db: Database, world: World, place: int, amount: int) -> None:
    item = variants(world)
    await db.transact(
        pricing.set_prices,
        world.tools.merchant_id,
        [NewPrice(sku_id=item.sku_ids[place], currency="CNY", amount=amount)],
    )


async def free(db: Database, world: World, place: int = 1) -> int:
    sku_id = variants(world).sku_ids[place]
    return (await db.ask(inventory.available, [sku_id])).get(sku_id, 0)


async def looked_at(db: Database, case: Case, accepted: int = 1, restocked: int = 0) -> None:
    found = [Inspected(line=1, accepted=accepted, restocked=restocked)]
    await db.transact(aftersales.receive, case.merchant_id, case.case_id, found, "So", SHOP)


async def sent_again(db: Database, case: Case) -> None:
    number = f"N{case.case_id.hex[-12:]}"
    await db.transact(aftersales.send_again, case.merchant_id, case.case_id, "simex", number, SHOP)


async def accepted(db: Database, case: Case) -> None:
    await sent_back(db, case)
    await looked_at(db, case)


async def resent(db: Database, case: Case) -> None:
    await accepted(db, case)
    await sent_again(db, case)


async def test_another_variant_comes_for_what_went_back(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    before, own = await free(shop, world), await free(shop, world, 0)
    new = wanted(order, world)
    for _ in range(2):
        case = await asked(shop, new)
    for _ in range(2):
        await agreed(shop, case)
    assert await free(shop, world) == before - 1, "kept from the shop's yes on"
    await sent_back(shop, case)
    for _ in range(2):
        await looked_at(shop, case, restocked=1)
    assert (await now(shop, case.case_id)).state is CaseState.ACCEPTED
    assert await free(shop, world, 0) == own + 1
    for _ in range(2):
        await sent_again(shop, case)
    for _ in range(2):
        await shop.transact(aftersales.confirm, case.merchant_id, case.case_id, BUYER)

    ended = await now(shop, case.case_id)
    assert (ended.state, ended.ended_at is not None) == (CaseState.EXCHANGED, True)
    assert await free(shop, world) == before - 1
    assert (await deal.again(shop, order)).refunded == 0, "as dear as what was bought"
    found = (await shop.ask(parcels.of_orders, [case.case_id]))[case.case_id]
    assert len(found) == 2, "what goes back and what comes are both followed"
    assert len((await shop.ask(parcels.of_orders, [order.order_id]))[order.order_id]) == 1
    await asked(shop, wanted(order, world, 2, Kind.RETURN_REFUND))


async def test_of_a_cheaper_one_the_difference_goes_back_with_its_commission(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    [line] = (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    await priced(shop, world, 1, line.unit_price // 2)
    case = await asked(shop, wanted(order, world, 2))
    await sent_back(shop, case)
    await looked_at(shop, case, 1)
    for _ in range(2):
        await sent_again(shop, case)

    half = line.unit_price // 2
    now_ = await deal.again(shop, order)
    assert now_.refunded == half and now_.commission_returned > 0
    await shop.transact(aftersales.confirm, case.merchant_id, case.case_id, BUYER)
    await deal.refunded(shop, order, Returned(1, 2))
    now_ = await deal.again(shop, order)
    assert (now_.refunded, now_.commission_returned) == (line.amount, now_.commission)


async def test_what_cannot_be_exchanged_is_refused_beforehand(shop: Database, world: World) -> None:
    [unsent] = await deal.paid(shop, [(variants(world).sku_ids[0], 2)])
    with pytest.raises(NotSentYet):
        await shop.transact(aftersales.ask, wanted(unsent, world), BUYER)
    order = await sent(shop, world)
    for sku_id in (None, variants(world).sku_ids[0], world.items["ruler"].sku_id, world.items["nuts"].sku_id):
        with pytest.raises(Invalid):
            await shop.transact(aftersales.ask, wanted(order, world, sku_id=sku_id), BUYER)
    with pytest.raises(Invalid):
        await shop.transact(aftersales.ask, wanted(order, world, reason="missing"), BUYER)
    await priced(shop, world, 1, 10**7)
    with pytest.raises(DearerVariant):
        await shop.transact(aftersales.ask, wanted(order, world), BUYER)
    await priced(shop, world, 1, 1)
    await taken(shop, world, await free(shop, world))
    with pytest.raises(NoneLeft):
        await shop.transact(aftersales.ask, wanted(order, world), BUYER)
    found = await shop.ask(
        aftersales.choices, order, (await shop.ask(orders.lines_of, [order.order_id]))[order.order_id]
    )
    assert [each.same for each in found[1]] == [True]


async def taken(db: Database, world: World, pieces: int, place: int = 1) -> None:
    """Somebody else buys them."""
    if pieces:
        await deal.paid(db, [(variants(world).sku_ids[place], pieces)])


async def test_where_none_is_left_at_the_shops_yes_the_money_goes_back(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    case = await asked(shop, wanted(order, world))
    await taken(shop, world, await free(shop, world))
    await agreed(shop, case)

    turned = await now(shop, case.case_id)
    assert (turned.kind, turned.state) == (Kind.RETURN_REFUND, CaseState.AGREED)
    assert (await exchange(shop, case)).turned
    await shop.transact(aftersales.send_back, case.merchant_id, case.case_id, "other", "T-1", BUYER)
    await looked_at(shop, case)
    assert (await now(shop, case.case_id)).state is CaseState.REFUNDED


async def test_the_same_comes_once_more(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    before = await free(shop, world, 0)
    case = await asked(shop, wanted(order, world, 2, Kind.REPLACEMENT, sku_id=None))
    await sent_back(shop, case)
    await looked_at(shop, case, 2)
    await sent_again(shop, case)
    assert await free(shop, world, 0) == before - 2


@pytest.mark.parametrize(
    "ending", ["withdrawn", "refused", "silent shop", "never sent", "silent buyer", "never sent back"]
)
async def test_however_it_ends_nothing_stays_kept(shop: Database, world: World, ending: str) -> None:
    order = await sent(shop, world)
    before = await free(shop, world)
    case = await asked(shop, wanted(order, world))
    await agreed(shop, case)
    if ending != "never sent back":
        await shop.transact(aftersales.send_back, case.merchant_id, case.case_id, "other", "E-1", BUYER)
    match ending:
        case "withdrawn":
            await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, BUYER)
        case "refused":
            await refused(shop, case)
        case "never sent" | "silent buyer":
            await looked_at(shop, case)
            with pytest.raises(TransitionRefused):
                await shop.transact(aftersales.withdraw, case.merchant_id, case.case_id, BUYER)
            if ending == "silent buyer":
                await sent_again(shop, case)
        case _:
            pass
    due = (await now(shop, case.case_id)).due_at
    if due is not None:
        assert await shop.transact(aftersales.act_on_silence, due - timedelta(seconds=1)) == 0
        await shop.transact(aftersales.act_on_silence, due)
    ended = await now(shop, case.case_id)
    gone = 1 if ending == "silent buyer" else 0
    assert await free(shop, world) == before - gone
    assert ended.state == {
        "withdrawn": "withdrawn", "refused": "closed", "silent shop": "refunded", "never sent": "refunded",
        "silent buyer": "exchanged", "never sent back": "closed",
    }[ending]  # fmt: skip


async def test_what_did_not_come_is_decided_by_the_platform(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    case = await asked(shop, wanted(order, world, 2))
    await sent_back(shop, case)
    await looked_at(shop, case, 1)
    await sent_again(shop, case)
    await shop.transact(aftersales.ask_platform, case.merchant_id, case.case_id, "It is not there", BUYER)
    with pytest.raises(Invalid):
        await shop.transact(aftersales.decide, case.merchant_id, case.case_id, Verdict.RETURN, "So", PLATFORM)
    await shop.transact(aftersales.decide, case.merchant_id, case.case_id, Verdict.REFUND, "Lost", PLATFORM)

    [line] = (await shop.ask(aftersales.case_lines, [case.case_id]))[case.case_id]
    assert ((await now(shop, case.case_id)).state, line.given) == (CaseState.REFUNDED, 1)


async def test_what_staff_gave_back_meanwhile_is_not_sent(shop: Database, world: World) -> None:
    order = await sent(shop, world)
    before = await free(shop, world)
    case = await asked(shop, wanted(order, world, 2))
    await sent_back(shop, case)
    await looked_at(shop, case, 2)
    await deal.refunded(shop, order, Returned(1, 1))
    await sent_again(shop, case)
    assert (await exchange(shop, case)).accepted == 1
    assert await free(shop, world) == before - 1


async def test_nobody_exchanges_anothers_goods_or_under_the_same_number(shop: Database, world: World) -> None:
    case = await asked(shop, wanted(await sent(shop, world), world))
    with pytest.raises(NotFound):
        await shop.transact(aftersales.send_again, world.tea.merchant_id, case.case_id, "simex", "X-1", SHOP)
    with pytest.raises(NotFound):
        await shop.transact(aftersales.confirm, world.tea.merchant_id, case.case_id, BUYER)
    await agreed(shop, case)
    await shop.transact(aftersales.send_back, case.merchant_id, case.case_id, "simex", "S-1", BUYER)
    other = await asked(shop, wanted(await sent(shop, world), world))
    await agreed(shop, other)
    with pytest.raises(OwnParcel):
        await shop.transact(aftersales.send_back, other.merchant_id, other.case_id, "simex", "S-1", BUYER)


async def test_the_last_piece_is_kept_for_one_of_two(shop: Database, world: World) -> None:
    first = await asked(shop, wanted(await sent(shop, world), world))
    second = await asked(shop, wanted(await sent(shop, world), world))
    await taken(shop, world, await free(shop, world) - 1)
    for case in (first, second):
        await agreed(shop, case)
    assert [(await exchange(shop, case)).turned for case in (first, second)] == [False, True]

    async def nothing(tx: Tx) -> int:
        return await tx.value("SELECT count(*)::integer FROM reservations WHERE order_id = $1", second.case_id)

    assert await shop.transact(nothing) == 0


async def test_nobody_has_a_right_to_something_else(shop: Database, world: World) -> None:
    case = await asked(shop, wanted(await sent(shop, world), world, reason="does_not_fit"))
    assert case.rule_id is not None
    await refused(shop, case)
    assert (await now(shop, case.case_id)).state is CaseState.REFUSED
