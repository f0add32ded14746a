"""What buyers and shops write to each other is held against the dictionary, and nobody is kept from claiming a right."""

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.money.payments.model import RefundId
from steelyard.parties import screening
from steelyard.parties.access.model import Actor
from steelyard.parties.screening.model import Action, Area, Word, WordId
from steelyard.trade import aftersales, checkout, orders
from steelyard.trade.aftersales import CaseId, Kind, NewCase
from steelyard.trade.aftersales.model import Returned
from tests.support import deal
from tests.support.world import World

LEADS_AWAY = "请加 微信，給你退錢"


async def masked(db: Database, word: str) -> None:
    new = Word(word_id=WordId(ids.mint()), word=word, action=Action.MASK, areas=[Area.MESSAGE])
    await db.transact(screening.save_word, Actor(), new)


async def asked(db: Database, world: World, note: str) -> NewCase:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, 3)])
    await deal.shipped(db, order)
    new = NewCase(
        case_id=CaseId(ids.mint()), merchant_id=order.merchant_id, order_id=order.order_id, kind=Kind.REFUND_ONLY,
        reason="quality", lines=[Returned(1, 1)], note=note,
    )  # fmt: skip
    await db.transact(aftersales.ask, new, "buyer")
    return new


async def test_a_claim_is_heard_whatever_words_it_quotes(shop: Database, world: World) -> None:
    await masked(shop, "笨蛋")
    new = await asked(shop, world, "你们这些笨蛋，叫我加微信")

    case = await shop.ask(aftersales.case, new.case_id)
    assert case is not None
    assert case.note == "你们这些**，叫我加微信"
    steps = await shop.ask(aftersales.case_history, case.merchant_id, case.case_id)
    assert steps[0].words == case.note


async def test_a_shop_answers_without_leading_the_buyer_away(shop: Database, world: World) -> None:
    new = await asked(shop, world, "坏的")

    with pytest.raises(Invalid) as refused:
        await shop.transact(aftersales.refuse, new.merchant_id, new.case_id, LEADS_AWAY, "staff:shop")
    assert set(refused.value.fields) == {"answer"}
    await shop.transact(aftersales.refuse, new.merchant_id, new.case_id, "没有问题", "staff:shop")
    await shop.transact(aftersales.ask_platform, new.merchant_id, new.case_id, "店家叫我加微信", "buyer")
    case = await shop.ask(aftersales.case, new.case_id)
    assert case is not None
    assert case.complaint == "店家叫我加微信"


async def test_no_purchase_is_lost_for_a_word_in_a_note(shop: Database, world: World) -> None:
    checkout_id = await deal.opened(shop, [(world.items["nuts"].sku_id, 1)])
    merchant = str(world.items["nuts"].merchant_id)
    draft = msgspec.structs.replace(deal.draft([(world.items["nuts"].sku_id, 1)]), notes={merchant: "加微信，谢谢"})

    await shop.transact(checkout.change, checkout_id, draft)

    found = await shop.ask(checkout.get, checkout_id)
    assert found is not None
    assert found.notes == {merchant: "***，谢谢"}


async def test_a_refusal_to_cancel_is_held_against_the_dictionary(shop: Database, world: World) -> None:
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)])
    await shop.transact(orders.begin_packing, order.merchant_id, order.order_id, "staff:shop")
    asking = (order.merchant_id, order.order_id, RefundId(ids.mint()), "changed_mind", "客服叫我加微信", "buyer")
    await shop.transact(aftersales.ask_to_cancel, *asking)

    with pytest.raises(Invalid) as refused:
        await shop.transact(aftersales.refuse_cancellation, order.merchant_id, order.order_id, LEADS_AWAY, "staff:shop")
    assert set(refused.value.fields) == {"answer"}
