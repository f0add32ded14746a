"""The selection pool: offers, samples and their ways, and what sessions take of it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from steelyard.channels import host_commission, live, selection
from steelyard.channels.host_commission.model import AgreementId
from steelyard.channels.selection.model import (
    SAMPLE_MACHINE,
    AlreadyOffered,
    NoSamplesLeft,
    OfferClosed,
    OfferState,
    SampleState,
)
from steelyard.goods import inventory
from steelyard.goods.inventory.model import MovementsWanted, Reason
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound, Refusal, TransitionRefused
from tests.channels.pooling import BY, RECEIVER, TWENTY, Stage, asked_for, offered_in_pool, staged
from tests.support.seeded import seeded_server, shop, shop_url, world
from tests.support.world import World

__all__ = ["seeded_server", "shop", "shop_url", "world"]


@pytest.fixture
async def stage(shop: Database, world: World) -> Stage:
    return await staged(shop, world)


async def test_a_product_stands_in_the_pool_once_and_other_terms_are_another_offer(stage: Stage) -> None:
    merchant_id = stage.session.merchant_id
    first = await offered_in_pool(stage)
    await stage.db.transact(selection.offer, first, BY)

    with pytest.raises(AlreadyOffered):
        await offered_in_pool(stage, millionths=1)
    await stage.db.transact(selection.close_offer, merchant_id, first.offer_id, BY)
    await stage.db.transact(selection.close_offer, merchant_id, first.offer_id, BY)
    second = await offered_in_pool(stage, millionths=1)

    opened = (await stage.db.ask(selection.offers, merchant_id, OfferState.OPEN)).items
    closed = (await stage.db.ask(selection.offers, merchant_id, OfferState.CLOSED)).items
    assert [each.offer_id for each in opened] == [second.offer_id]
    assert [each.offer_id for each in closed] == [first.offer_id]
    with pytest.raises(OfferClosed):
        await asked_for(stage, first)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"millionths": 1_000_001}, "rate"),
        ({"slot_fee": -1, "currency": "CNY"}, "slot_fee"),
        ({"samples": -1}, "samples"),
        ({"terms": "x" * 1_001}, "terms"),
        ({"product_id": ids.mint()}, "product_id"),
    ],
)
async def test_what_cannot_be_offered_says_what_is_wrong(stage: Stage, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await offered_in_pool(stage, **changes)
    assert list(refusal.value.fields) == [field]


async def test_a_sample_goes_out_and_comes_back(stage: Stage) -> None:
    merchant_id, offer = stage.session.merchant_id, await offered_in_pool(stage)
    wanted = await asked_for(stage, offer, quantity=2)
    key = merchant_id, wanted.sample_id

    with pytest.raises(TransitionRefused):
        await stage.db.transact(selection.send, *key, "simex", "SX1", BY)
    await stage.db.transact(selection.approve, *key, BY)
    await stage.db.transact(selection.approve, *key, BY)
    with pytest.raises(Invalid):
        await stage.db.transact(selection.send, *key, "simex", " ", BY)
    await stage.db.transact(selection.send, *key, "simex", "SX1", BY)
    await stage.db.transact(selection.note_received, *key, BY)
    found = await stage.db.ask(selection.sample, *key)
    assert found is not None
    assert (found.state, found.tracking, found.back, found.receiver) == (SampleState.RECEIVED, "SX1", True, RECEIVER)
    await stage.db.transact(selection.note_returned, *key, BY)

    found = await stage.db.ask(selection.sample, *key)
    assert found is not None
    assert (found.state, found.receiver) == (SampleState.RETURNED, {})
    steps = await stage.db.ask(selection.history_of_sample, *key)
    assert [each.to_state for each in steps] == ["asked", "approved", "sent", "received", "returned"]


async def test_a_sample_leaves_a_shelf_once_and_lies_there_again_if_it_is_fit(stage: Stage) -> None:
    merchant_id, offer = stage.session.merchant_id, await offered_in_pool(stage)
    nuts, warehouse_id = stage.world.items["nuts"].sku_id, stage.world.tea.warehouse_id
    whole = (await stage.db.ask(inventory.available, [nuts]))[nuts]

    async def free() -> int:
        return (await stage.db.ask(inventory.available, [nuts]))[nuts] - whole

    async def sent(shelf: tuple[UUID, UUID] | None) -> UUID:
        wanted = await asked_for(stage, offer)
        await stage.db.transact(selection.approve, merchant_id, wanted.sample_id, BY)
        await stage.db.transact(selection.send, merchant_id, wanted.sample_id, "simex", "SX1", BY, shelf)
        return wanted.sample_id

    with pytest.raises(Invalid):  # of another product
        await sent((stage.world.items["green"].sku_id, warehouse_id))
    fit, spoilt, foreign = await sent((nuts, warehouse_id)), await sent((nuts, warehouse_id)), None
    await stage.db.transact(selection.send, merchant_id, fit, "simex", "SX1", BY, (nuts, warehouse_id))
    assert await free() == -2
    await stage.db.transact(selection.close_offer, merchant_id, offer.offer_id, BY)
    offer = await offered_in_pool(stage, millionths=1)
    foreign = await sent(None)  # it was not in stock
    for sample_id, said in ((fit, {}), (spoilt, {"fit": False}), (foreign, {}), (fit, {})):
        await stage.db.transact(selection.note_returned, merchant_id, sample_id, BY, **said)

    assert await free() == -1
    moves = (await stage.db.ask(inventory.find_movements, merchant_id, MovementsWanted(sku_id=nuts))).items
    ours = [(each.reason, each.quantity, each.document) for each in moves if each.document in (fit, spoilt, foreign)]
    assert sorted(ours, key=str) == sorted(
        [(Reason.SAMPLED, -1, fit), (Reason.SAMPLED, -1, spoilt), (Reason.SAMPLE_RETURNED, 1, fit)], key=str
    )


async def test_a_refused_sample_says_why_and_one_that_is_not_wanted_is_free_again(stage: Stage) -> None:
    merchant_id, offer = stage.session.merchant_id, await offered_in_pool(stage, samples=1)
    refused, withdrawn = await asked_for(stage, offer), await asked_for(stage, offer)

    with pytest.raises(Invalid):
        await stage.db.transact(selection.refuse, merchant_id, refused.sample_id, "", BY)
    await stage.db.transact(selection.refuse, merchant_id, refused.sample_id, "Not this week", BY)
    with pytest.raises(TransitionRefused):
        await stage.db.transact(selection.approve, merchant_id, refused.sample_id, BY)
    await stage.db.transact(selection.approve, merchant_id, withdrawn.sample_id, BY)
    await stage.db.transact(selection.withdraw, merchant_id, withdrawn.sample_id, BY)

    found = await stage.db.ask(selection.offer_of, merchant_id, offer.offer_id)
    assert found is not None
    assert found.samples_left == 1
    with pytest.raises(Invalid) as refusal:
        await asked_for(stage, offer, receiver={}, host_id=ids.mint())
    assert set(refusal.value.fields) == {"host_id", "name", "phone", "address"}


async def test_of_many_at_once_as_many_get_a_sample_as_there_are_pieces(stage: Stage) -> None:
    offer = await offered_in_pool(stage, samples=3)
    wanted = [await asked_for(stage, offer) for _ in range(6)]

    async def approve(sample_id: Any) -> bool:
        try:
            await stage.db.transact(selection.approve, stage.session.merchant_id, sample_id, BY)
        except NoSamplesLeft:
            return False
        return True

    given = await asyncio.gather(*(approve(each.sample_id) for each in wanted))

    assert sum(given) == 3
    with pytest.raises(NoSamplesLeft):
        await asked_for(stage, offer)


async def test_what_a_session_takes_lies_in_its_bag_and_brings_what_was_offered(stage: Stage) -> None:
    merchant_id, session_id = stage.session.key
    await stage.agree(millionths=1)
    offer = await offered_in_pool(stage, "black", slot_fee=8_800, currency="CNY")
    agreement_id = AgreementId(ids.mint())

    for _ in range(2):
        await stage.db.as_merchant(merchant_id).transact(
            selection.take, merchant_id, offer.offer_id, session_id, stage.payee_id, agreement_id, BY
        )

    bag = [each.product_id for each in await stage.db.ask(live.goods, merchant_id, session_id)]
    assert offer.product_id in bag
    counting = await stage.db.ask(host_commission.counting, merchant_id, session_id)
    assert [(each.millionths, each.slot_fee) for each in counting] == [(TWENTY, 8_800), (1, None)]
    (pick,) = await stage.db.ask(selection.picks_of, merchant_id, offer.offer_id)
    assert pick.session_id == session_id
    (line,) = await stage.amounts(await stage.bought(("black", 1)))
    found = await stage.db.ask(host_commission.lines, merchant_id, session_id=session_id)
    assert line[0] == found.items[0].paid // 5
    with pytest.raises(NotFound):
        await stage.db.transact(
            selection.take, merchant_id, offer.offer_id, ids.mint(), stage.payee_id, AgreementId(ids.mint()), BY
        )


async def test_a_closed_offer_is_not_taken_and_another_shops_is_not_there(stage: Stage) -> None:
    merchant_id, session_id = stage.session.key
    offer = await offered_in_pool(stage)
    sample = await asked_for(stage, offer)
    elsewhere = stage.world.tools.merchant_id
    outside = stage.db.as_merchant(elsewhere)

    assert (await outside.ask(selection.offers, merchant_id, OfferState.OPEN)).items == []
    assert (await outside.ask(selection.samples, merchant_id)).items == []
    for command in (selection.close_offer, selection.approve, selection.note_received):
        for whose in (merchant_id, elsewhere):
            with pytest.raises(NotFound):
                thing = offer.offer_id if command is selection.close_offer else sample.sample_id
                await outside.transact(command, whose, thing, BY)
    await stage.db.transact(selection.close_offer, merchant_id, offer.offer_id, BY)
    with pytest.raises(OfferClosed):
        await stage.db.transact(
            selection.take, merchant_id, offer.offer_id, session_id, stage.payee_id, AgreementId(ids.mint()), BY
        )


async def test_every_way_of_a_sample_is_one_of_the_table(stage: Stage) -> None:
    """Whatever is said in whatever order, a sample is where the machine lets it be."""
    merchant_id, offer = stage.session.merchant_id, await offered_in_pool(stage, samples=100)
    acts = {
        SampleState.APPROVED: lambda key: (selection.approve, *key),
        SampleState.REFUSED: lambda key: (selection.refuse, *key, "No"),
        SampleState.WITHDRAWN: lambda key: (selection.withdraw, *key),
        SampleState.SENT: lambda key: (selection.send, *key, "simex", "SX1"),
        SampleState.RECEIVED: lambda key: (selection.note_received, *key),
        SampleState.RETURNED: lambda key: (selection.note_returned, *key),
    }
    for first in acts:
        for second in acts:
            wanted = await asked_for(stage, offer)
            state = SampleState.ASKED
            for to in (first, second):
                command, *facts = acts[to]((merchant_id, wanted.sample_id))
                try:
                    await stage.db.transact(command, *facts, BY)
                except Refusal:
                    assert not SAMPLE_MACHINE.allows(state, to)
                else:
                    assert to is state or SAMPLE_MACHINE.allows(state, to)
                    state = to
