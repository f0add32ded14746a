"""Merchants and their shops, seen by everybody and by their own."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.text import text
from steelyard.parties import access, merchants
from steelyard.parties.access.model import AccountKind
from steelyard.parties.merchants.jobs import welcome_back
from steelyard.parties.merchants.model import (
    PAUSE_DAYS_MAX,
    Merchant,
    MerchantId,
    MerchantState,
    Pause,
    Payout,
    Shop,
    ShopNameTaken,
)
from tests.parties.people import open_account


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


NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def away(since: timedelta, until: timedelta, *, sells: bool = False) -> Pause:
    return Pause(
        begins_at=NOW + since, ends_at=NOW + until, notice=text("回家过年", "Home for the holidays"), sells=sells
    )


async def test_a_shop_goes_away_and_comes_back_by_itself(db: Database) -> None:
    mine, theirs = await opened(db, "tea"), await opened(db, "silk")
    view = db.as_merchant(mine)

    await view.transact(merchants.pause, mine, away(-HOUR, HOUR))
    card = (await db.ask(merchants.cards, [mine]))[mine]
    assert card.away is not None
    assert card.resting
    assert card.away.notice["en"] == "Home for the holidays"
    await view.transact(merchants.pause, mine, away(-HOUR, HOUR, sells=True))
    assert not (await db.ask(merchants.cards, [mine]))[mine].resting
    await view.transact(merchants.pause, mine, away(HOUR, 2 * HOUR))
    assert (await db.ask(merchants.cards, [mine]))[mine].away is None, "not yet"

    await view.transact(merchants.pause, mine, None)
    assert await db.ask(merchants.pause_of, mine) is None, "it did not go at all"
    await view.transact(merchants.pause, mine, away(-HOUR, HOUR))
    await view.transact(merchants.pause, mine, None)
    over = await db.ask(merchants.pause_of, mine)
    assert over is not None
    assert over.ends_at < NOW + HOUR, "what was ordered meanwhile keeps its deadline"
    with pytest.raises(NotFound):
        await view.transact(merchants.pause, theirs, away(-HOUR, HOUR))


@pytest.mark.parametrize(
    ("since", "until"), [(HOUR, HOUR), (2 * HOUR, HOUR), (-2 * HOUR, -HOUR), (HOUR, timedelta(days=PAUSE_DAYS_MAX + 1))]
)
async def test_a_pause_that_cannot_be_is_refused(db: Database, since: timedelta, until: timedelta) -> None:
    mine = await opened(db, "tea")

    with pytest.raises(Invalid) as refused:
        await db.transact(merchants.pause, mine, away(since, until))

    assert list(refused.value.fields) == ["ends_at"]


async def test_owners_are_told_once_that_the_pause_is_over(db: Database) -> None:
    mine = await opened(db, "tea")
    await open_account(db, AccountKind.MERCHANT, merchant_id=mine, roles=("merchant_owner",))
    await db.transact(merchants.pause, mine, away(-2 * HOUR, HOUR))
    assert await db.transact(welcome_back) == 0
    await db.transact(lambda tx: tx.execute("UPDATE shops SET away_until = now() - interval '1 minute'"))

    assert await db.transact(welcome_back) == 1
    assert await db.transact(welcome_back) == 0

    mails = await db.ask(lambda read: read.fetch("SELECT template, facts ->> 'what' AS what FROM mails"))
    assert [(row["template"], row["what"]) for row in mails] == [("shop_news", "back")]
    assert len(await db.ask(access.owners_of, [mine])) == 1


@given(
    paid=st.integers(-200, 200), now=st.integers(-200, 400), since=st.integers(-100, 100), lasts=st.integers(1, 100),
    sells=st.booleans(),
)  # fmt: skip
def test_what_is_late_and_when_it_is_due_say_the_same(paid: int, now: int, since: int, lasts: int, sells: bool) -> None:
    within = timedelta(hours=48)
    pause = away(since * HOUR, (since + lasts) * HOUR, sells=sells)
    paid_at, at = NOW + paid * HOUR, NOW + now * HOUR

    late = paid_at <= pause.paid_before(at, within)

    assert late == (pause.due(paid_at, within) <= at)
