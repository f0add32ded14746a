"""Having goods fetched: one carrier is asked once, and the case moves on by itself when it has them."""

from typing import Any

import pytest

from steelyard.kernel import codes
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import Invalid, NotFound, TransitionRefused
from steelyard.kernel.text import text
from steelyard.logistics import parcels
from steelyard.logistics.parcels import waybills
from steelyard.logistics.parcels.model import NewWaybill, Scan
from steelyard.trade import aftersales, orders, promises
from steelyard.trade.aftersales import Case, Inspected
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.aftersales.pickups import follow_pickups
from steelyard.trade.rights.queries import RULES_KEPT
from tests.support.world import World
from tests.trade.test_cases import BUYER, SECOND, SHOP, agreed, asked, now, sent

NUMBER = "SX0000000000001"


async def to_fetch(db: Database, world: World, reason: str = "quality") -> Case:
    order = await sent(db, world)
    case = await asked(db, order, 2, reason=reason)
    await agreed(db, case)
    return await now(db, case.case_id)


async def wanted(db: Database, case: Case, carrier: str = "simex") -> NewWaybill | None:
    return await db.transact(aftersales.want_pickup, case.merchant_id, case.case_id, carrier)


async def answered(db: Database, case: Case, number: str = NUMBER) -> None:
    """The carrier gives a number, as the gateway writes it down."""
    new = await wanted(db, case)
    assert new is not None

    async def answer(tx: Tx) -> None:
        [waybill] = await waybills.ask_for(tx, [new])
        await waybills.answered(tx, waybill, number)

    await db.transact(answer)


async def booked(db: Database, case: Case) -> None:
    await answered(db, case)
    for _ in range(2):
        await db.transact(aftersales.pickup_booked, case.merchant_id, case.case_id, "simex", NUMBER, BUYER)


async def scanned(db: Database, code: str) -> None:
    scan = Scan(at=(await _clock(db)), code=code, place="Wenzhou", words=text("", ""))
    await db.transact(parcels.record_scans, carrier="simex", number=NUMBER, scans=[scan])


async def _clock(db: Database) -> Any:
    async def ask(tx: Tx) -> Any:
        return await tx.value("SELECT now()")

    return await db.transact(ask)


async def test_a_carrier_is_asked_with_both_addresses_the_weight_and_who_pays(shop: Database, world: World):
    case = await to_fetch(shop, world)
    new = await wanted(shop, case)
    again = await wanted(shop, case)
    assert new is not None and again == new
    assert (new.order_id, new.carrier, new.collect) == (case.case_id, "simex", True)
    assert case.return_to is not None and new.recipient["street"] == case.return_to.street
    order = await shop.ask(orders.order, case.merchant_id, case.order_id)
    assert order is not None and new.sender["street"] == order.address.street and new.weight_grams > 1
    mind = await to_fetch(shop, world, "changed_mind")
    other = await wanted(shop, mind)
    assert other is not None and not other.collect, "who changed their mind pays the courier"


async def test_free_returns_are_paid_by_the_shop(shop: Database, world: World):
    nuts = world.items["nuts"]
    await shop.transact(promises.promise, nuts.merchant_id, nuts.product_id, None, {}, 0, free_returns=True)
    case = await to_fetch(shop, world, "changed_mind")
    new = await wanted(shop, case)
    assert new is not None and new.collect


async def test_what_was_promised_by_a_rule_that_has_ended_is_not_paid_by_the_shop(shop: Database, world: World):
    nuts = world.items["nuts"]
    await shop.transact(promises.promise, nuts.merchant_id, nuts.product_id, None, {}, 0, free_returns=True)

    async def ended(tx: Tx) -> None:
        await tx.execute("UPDATE rights_rules SET until = '2020-12-31' WHERE code = 'free_returns'")

    await shop.transact(ended)
    shop.kept.pop(RULES_KEPT, None)
    case = await to_fetch(shop, world, "changed_mind")

    new = await wanted(shop, case)

    assert new is not None and not new.collect
    with pytest.raises(Invalid) as refused:

        async def claim(tx: Tx) -> None:
            await aftersales.send_back(
                tx, case.merchant_id, case.case_id, "simpost", "SP1", BUYER, return_freight=900, receipts=["a.jpg"]
            )

        await shop.transact(claim)
    assert set(refused.value.fields) == {"return_freight"}


async def test_the_case_moves_on_by_itself_when_the_carrier_has_the_parcel(shop: Database, world: World):
    case = await to_fetch(shop, world)
    await booked(shop, case)
    await shop.transact(follow_pickups)
    assert (await now(shop, case.case_id)).state is CaseState.AGREED
    assert await wanted(shop, case) is None, "it is coming already"
    with pytest.raises(Invalid):
        await wanted(shop, case, "simpost")

    await scanned(shop, "picked_up")
    for _ in range(2):
        await shop.transact(follow_pickups)
    there = await now(shop, case.case_id)
    assert (there.state, there.carrier, there.number) == (CaseState.SENT_BACK, "simex", NUMBER)
    [parcel] = (await shop.ask(parcels.of_orders, [case.case_id]))[case.case_id]
    assert parcel.number == NUMBER
    found = [Inspected(line=1, accepted=2, restocked=2)]
    await shop.transact(aftersales.receive, case.merchant_id, case.case_id, found, "", SHOP)
    assert (await now(shop, case.case_id)).state is CaseState.REFUNDED


async def test_the_buyer_may_say_so_first_and_claims_no_freight_for_it(shop: Database, world: World):
    case = await to_fetch(shop, world)
    await booked(shop, case)
    send = (aftersales.send_back, case.merchant_id, case.case_id, "simex", NUMBER, BUYER)
    with pytest.raises(Invalid) as refused:

        async def claim(tx: Tx) -> None:
            await aftersales.send_back(
                tx, case.merchant_id, case.case_id, "simex", NUMBER, BUYER, return_freight=900, receipts=["a.jpg"]
            )

        await shop.transact(claim)
    assert set(refused.value.fields) == {"return_freight"}
    for _ in range(2):
        await shop.transact(*send)
    assert (await now(shop, case.case_id)).state is CaseState.SENT_BACK


async def test_a_number_that_came_late_is_taken_in(shop: Database, world: World):
    case = await to_fetch(shop, world)
    await answered(shop, case)
    assert await shop.ask(aftersales.fetching, case.case_id) is None
    await shop.transact(follow_pickups)
    coming = await shop.ask(aftersales.fetching, case.case_id)
    assert coming is not None and coming.number == NUMBER


async def test_a_carrier_that_refused_is_waited_for_no_more_and_may_be_asked_again(shop: Database, world: World):
    case = await to_fetch(shop, world)
    new = await wanted(shop, case)
    assert new is not None

    async def refuse(tx: Tx) -> None:
        [waybill] = await waybills.ask_for(tx, [new])
        await waybills.answered(tx, waybill, None)

    await shop.transact(refuse)
    await shop.transact(follow_pickups)
    after = await now(shop, case.case_id)
    assert (after.pickup_at, after.pickup_carrier) == (None, None)

    await answered(shop, case)
    await shop.transact(follow_pickups)
    coming = await shop.ask(aftersales.fetching, case.case_id)
    assert coming is not None and coming.number == NUMBER


async def test_who_sends_it_another_way_may(shop: Database, world: World):
    case = await to_fetch(shop, world)
    await booked(shop, case)
    await shop.transact(aftersales.send_back, case.merchant_id, case.case_id, "simpost", "SP1", BUYER)
    await scanned(shop, "picked_up")
    await shop.transact(follow_pickups)
    assert (await now(shop, case.case_id)).number == "SP1"


async def test_nothing_is_fetched_that_is_not_to_go_back_and_by_no_carrier_that_does_not_fetch(
    shop: Database, world: World
):
    case = await asked(shop, await sent(shop, world))
    with pytest.raises(TransitionRefused):
        await wanted(shop, case)
    await agreed(shop, case)
    for carrier in ("other", "nobody"):
        with pytest.raises(Invalid) as refused:
            await wanted(shop, case, carrier)
        assert set(refused.value.fields) == {"pickup"}
    with pytest.raises(NotFound):
        await shop.transact(aftersales.want_pickup, world.tools.merchant_id, case.case_id, "simex")


async def test_a_silent_buyer_whose_parcel_is_under_way_has_not_given_up(shop: Database, world: World):
    case = await to_fetch(shop, world)
    await booked(shop, case)
    await scanned(shop, "picked_up")
    due = (await now(shop, case.case_id)).due_at
    assert due is not None
    await shop.transact(aftersales.act_on_silence, due + SECOND)
    assert (await now(shop, case.case_id)).state is CaseState.SENT_BACK


async def test_a_shop_finds_the_case_by_what_stands_on_the_parcel(shop: Database, world: World):
    case = await asked(shop, await sent(shop, world))
    assert case.code == codes.of("R", case.case_id) and case.code.startswith("R-")
    typed = case.code.lower().replace("-", " ")
    assert await shop.ask(aftersales.case_of_code, case.merchant_id, typed) == case.case_id
    assert await shop.ask(aftersales.case_of_code, world.tools.merchant_id, case.code) is None
    assert await shop.ask(aftersales.case_of_code, case.merchant_id, "R-00000-00000") is None
