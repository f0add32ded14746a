"""Merchants and their shops, seen by everybody and by their own."""

import asyncio

import asyncpg
import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import Merchant, MerchantId, MerchantState, Payout, Shop, ShopNameTaken


async def opened(db: Database, slug: str) -> MerchantId:
    merchant_id = MerchantId(ids.mint())
    merchant = Merchant(
        merchant_id=merchant_id,
        code=f"M-{slug}",
        legal_name=f"{slug} Ltd",
        country="CN",
        currency="CNY",
        receipt_days=10,
    )
    await db.transact(
        merchants.open_merchant, merchant, Shop(merchant_id=merchant_id, slug=slug, name=text("茶铺", "Tea shop"))
    )
    return merchant_id


async def announced(read: Read) -> int:
    return await read.value("SELECT count(*) FROM events WHERE kind = 'merchants.shop_changed'")


async def test_a_merchant_comes_with_a_shop(db: Database) -> None:
    merchant_id = await opened(db, "tea")
    merchant = await db.ask(merchants.get, merchant_id)
    assert merchant is not None
    card = await db.ask(merchants.by_slug, "tea")
    assert card is not None

    await db.transact(merchants.open_merchant, merchant, Shop(merchant_id=merchant_id, slug="other", name=text("", "")))

    assert (merchant.receipt_days, merchant.state, merchant.payout) == (10, MerchantState.OPEN, Payout())
    assert (card.name.in_language("en"), card.currency, card.self_operated) == ("Tea shop", "CNY", False)
    assert await db.ask(merchants.cards, [merchant_id, MerchantId(ids.mint())]) == {merchant_id: card}
    assert await db.ask(announced) == 1, "said twice, opened once"
    assert await db.ask(merchants.get, MerchantId(ids.mint())) is None


async def test_a_shops_address_is_its_own(db: Database) -> None:
    await opened(db, "tea")
    with pytest.raises(ShopNameTaken):
        await opened(db, "tea")

    answers = await asyncio.gather(*(opened(db, "silk") for _ in range(4)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["ShopNameTaken"] * 3 + ["UUID"]
    assert len((await db.ask(merchants.listed)).items) == 2


async def test_shops_are_listed_page_by_page(db: Database) -> None:
    shops = [await opened(db, f"shop-{n}") for n in range(5)]

    first = await db.ask(merchants.listed, None, 2)
    second = await db.ask(merchants.listed, first.next, 2)
    third = await db.ask(merchants.listed, second.next, 2)

    assert [card.merchant_id for page in (first, second, third) for card in page.items] == shops
    assert third.next is None


async def test_a_suspended_shop_says_so(db: Database) -> None:
    merchant_id = await opened(db, "tea")

    await db.transact(merchants.set_state, merchant_id, MerchantState.SUSPENDED)

    card = await db.ask(merchants.by_slug, "tea")
    assert card is not None
    assert card.state is MerchantState.SUSPENDED
    assert await db.ask(announced) == 2
    with pytest.raises(NotFound):
        await db.transact(merchants.set_state, MerchantId(ids.mint()), MerchantState.OPEN)


async def test_a_merchant_changes_its_own_shop_and_no_other(db: Database) -> None:
    mine, theirs = await opened(db, "tea"), await opened(db, "silk")
    view = db.as_merchant(mine)
    account = Payout(name="Tea Ltd", bank="Bank of Tea", account="622200000001")

    await view.transact(merchants.change_shop, Shop(merchant_id=mine, slug="tea", name=text("新茶铺", "New tea shop")))
    await view.transact(merchants.set_payout, mine, account)

    card = await view.ask(merchants.cards, [mine, theirs])
    assert card[mine].name["en"] == "New tea shop"
    assert list(card) == [mine], "the others are not there"
    merchant = await view.ask(merchants.get, mine)
    assert merchant is not None
    assert merchant.payout == account
    assert await view.ask(merchants.get, theirs) is None
    for command, change in (
        (merchants.change_shop, (Shop(merchant_id=theirs, slug="silk", name=text("x", "x")),)),
        (merchants.set_payout, (theirs, account)),
        (merchants.set_state, (theirs, MerchantState.CLOSED)),
    ):
        with pytest.raises(NotFound):
            await view.transact(command, *change)
    stranger = msgspec.structs.replace(merchant, merchant_id=MerchantId(ids.mint()))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await view.transact(
            merchants.open_merchant, stranger, Shop(merchant_id=stranger.merchant_id, slug="new", name=text("x", "x"))
        )
