"""Privacy: everything of a buyer to take along, and nothing of them left but the records that law wants kept."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from steelyard.goods import promotions, search
from steelyard.goods.promotions.model import PLATFORM, AmountOff, Offer, PromotionId, Step
from steelyard.kernel import days, events, ids, jobs
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import text
from steelyard.money.payments.model import RefundId
from steelyard.operations import behaviour, growth, privacy
from steelyard.operations.behaviour.subscribers import SUBSCRIBER as NOTES_PAYMENTS
from steelyard.operations.privacy.model import (
    DOCUMENTS,
    ErasureId,
    ExportedLately,
    ExportId,
    OpenBusiness,
)
from steelyard.parties import access, customers
from steelyard.parties.access.model import AccountId, EmailTaken, LinkExpired
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import aftersales, cart, favourites, invoices, orders
from steelyard.trade.invoices.model import InvoiceId, Title, TitleId
from steelyard.trade.orders.model import OrderState
from tests.operations.growth.conftest import wanted as membership
from tests.operations.growth.test_invitations import promised
from tests.support import deal
from tests.support.seeded import seeded_server, shop, shop_url, world
from tests.support.world import HOME, World

__all__ = ["seeded_server", "shop", "shop_url", "world"]

NAME, EMAIL, PHONE = "Li Na", "lina@example.com", "13800000000"
STREET = HOME.street
# What docs/decisions/0035 says is kept: records of transactions and the paper that goes with them.
KEPT = {"purchases", "orders", "order_acts", "invoices", "invoice_documents", "waybills"}
BY = "buyer"


def buyer_of(world: World) -> BuyerId:
    assert world.buyer.buyer_id is not None
    return world.buyer.buyer_id


async def lived(db: Database, world: World) -> None:
    """A buyer with something in every corner of the house; all of it has come to an end."""
    buyer = buyer_of(world)
    nuts = world.items["nuts"]
    [order] = await deal.paid(db, [(nuts.sku_id, 1)], buyer)
    await deal.shipped(db, order)
    await deal.received(db, order)
    await db.transact(invoices.request, order.merchant_id, order.order_id, InvoiceId(ids.mint()), Title(name=NAME), BY)
    [called_off] = await deal.paid(db, [(nuts.sku_id, 1)], buyer)
    await db.transact(
        aftersales.cancel_for_buyer, called_off.merchant_id, called_off.order_id, RefundId(ids.mint()), BY
    )
    await deal.channel_refunds(db)
    await db.transact(invoices.save_title, buyer, TitleId(ids.mint()), Title(name=NAME))
    await db.transact(cart.put, buyer, nuts.sku_id, 2)
    await db.transact(favourites.keep_product, buyer, nuts.product_id)
    coupon = a_coupon(world)
    await db.transact(promotions.save, coupon)
    await db.transact(promotions.claim, buyer, coupon.merchant_id, coupon.promotion_id)
    await db.transact(search.record_search, buyer, "hickory", 3)
    looked = behaviour.Behaviour(kind=behaviour.Kind.VIEW, visitor_id=buyer, product_id=nuts.product_id)
    await db.transact(behaviour.record, [looked])
    await events.drain(db, [NOTES_PAYMENTS])
    await db.transact(privacy.record_consents, buyer, "registering")
    await db.transact(access.begin_session, AccountId(world.buyer.account_id), "a browser", "192.0.2.1")
    await db.transact(growth.set_up, membership(world.tea.merchant_id), "the shop", days.today())
    await db.transact(growth.check_in, world.tea.merchant_id, buyer, days.today())
    await db.transact(growth.set_invite_programme, promised(PLATFORM))
    other = world.other_buyer.buyer_id
    assert other is not None
    code = await db.transact(growth.invite_code, PLATFORM, other)
    await db.transact(_taken, other, buyer, code)
    await deal.at_rest(db)


async def _taken(tx: Tx, inviter: BuyerId, friend: BuyerId, code: str) -> None:
    """An invitation from before the first order."""
    await tx.execute(
        """
        WITH made AS (INSERT INTO invitations (merchant_id, invitation_id, inviter_id, friend_id, state, least, wait_days)
                      SELECT merchant_id, $1, $2, $3, 'accepted', 0, 7 FROM invite_codes WHERE code = $4 RETURNING merchant_id)
        INSERT INTO invitation_history (merchant_id, invitation_id, step, from_state, to_state, by)
        SELECT merchant_id, $1, 1, 'nowhere', 'accepted', 'buyer' FROM made
        """,
        ids.mint(),
        inviter,
        friend,
        code,
    )


def a_coupon(world: World) -> Offer:
    now = datetime.now(UTC)
    return Offer(
        merchant_id=world.tea.merchant_id,
        promotion_id=PromotionId(ids.mint()),
        name=text("春茶", "Spring tea"),
        rule=AmountOff(steps=(Step(10_000_000, 1_000),)),
        currency="CNY",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=1),
        coupon=True,
        per_buyer=1,
    )


async def planned(db: Database, world: World) -> ErasureId:
    erasure_id = ErasureId(ids.mint())
    await db.transact(privacy.plan_erasure, buyer_of(world), AccountId(world.buyer.account_id), erasure_id, BY)
    return erasure_id


async def its_day_comes(tx: Tx) -> None:
    await tx.execute("UPDATE erasures SET due_at = now() - interval '1 second'")


async def mentions(read: Read, *words: str) -> set[str]:
    """The tables in which any of these words stands, in whatever column."""
    tables = await read.fetch(
        """
        SELECT c.relname AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        """
    )
    found: set[str] = set()
    for table in tables:
        name = table["name"]
        assert name.replace("_", "").isalnum()
        rows = await read.fetch(f"SELECT t::text AS row FROM {name} t")  # names out of the catalogue
        if any(word in row["row"] for row in rows for word in words):
            found.add(name)
    return found


async def test_a_buyer_takes_everything_along(shop: Database, shop_url: str, world: World):
    await lived(shop, world)
    buyer, export_id = buyer_of(world), ExportId(ids.mint())

    for _ in range(2):
        await shop.transact(privacy.ask_for_export, buyer, export_id, "https://shop.test/account/privacy")
    with pytest.raises(ExportedLately):
        await shop.transact(privacy.ask_for_export, buyer, ExportId(ids.mint()), "https://shop.test/")
    await jobs.work_off(shop, shop_url)

    [export] = await shop.ask(privacy.exports_of, buyer)
    assert export.ready
    content = await shop.ask(privacy.export_of, buyer, export_id)
    assert content is not None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        told = {name: archive.read(name).decode() for name in archive.namelist()}
    assert json.loads(told["profile.json"])[0]["email"] == EMAIL
    assert STREET in told["addresses.json"] and STREET in told["index.html"]
    assert {order["state"] for order in json.loads(told["orders.json"])} == {"completed", "cancelled"}
    assert "hickory" in told["searches.json"]
    assert [each["name"]["en"] for each in json.loads(told["coupons.json"])] == ["Spring tea"]
    assert "Spring tea" in told["index.html"]
    assert len(json.loads(told["consents.json"])) == len(DOCUMENTS)
    assert ("check_in", 3) in {(each["cause"], each["amount"]) for each in json.loads(told["memberships.json"])}
    assert str(world.other_buyer.buyer_id) not in told["invitations.json"]
    assert [(each["side"], each["state"]) for each in json.loads(told["invitations.json"])] == [
        ("was invited", "accepted")
    ]
    assert json.loads(told["payments.json"]) and json.loads(told["refunds.json"]) and json.loads(told["invoices.json"])
    assert {each["kind"] for each in json.loads(told["behaviour.json"])} >= {"view", "pay", "refund"}
    assert world.other_buyer.email not in "".join(told.values())
    assert world.other_buyer.buyer_id is not None
    assert await shop.ask(privacy.export_of, world.other_buyer.buyer_id, export_id) is None


async def test_an_export_expires(shop: Database, shop_url: str, world: World):
    buyer, export_id = buyer_of(world), ExportId(ids.mint())
    await shop.transact(privacy.ask_for_export, buyer, export_id, "https://shop.test/")
    await jobs.work_off(shop, shop_url)

    async def a_week_later(tx: Tx) -> None:
        await tx.execute("UPDATE data_exports SET expires_at = now() - interval '1 minute'")

    await shop.transact(a_week_later)
    assert await shop.ask(privacy.export_of, buyer, export_id) is None
    assert await shop.transact(privacy.forget_exports) == 1
    assert await shop.transact(privacy.forget_exports) == 0


async def test_who_has_open_orders_stays(shop: Database, world: World):
    [order] = await deal.paid(shop, [(world.items["nuts"].sku_id, 1)], buyer_of(world))
    with pytest.raises(OpenBusiness):
        await planned(shop, world)

    await deal.shipped(shop, order)
    with pytest.raises(OpenBusiness):
        await planned(shop, world)
    await deal.received(shop, order)
    await planned(shop, world)


async def test_an_order_placed_in_the_days_of_grace_puts_the_erasure_off(shop: Database, world: World):
    await planned(shop, world)
    await deal.placed(shop, [(world.items["nuts"].sku_id, 1)], buyer_of(world))
    await shop.transact(its_day_comes)

    assert await shop.transact(privacy.erase_due) == 1

    assert await shop.ask(privacy.planned_erasure, buyer_of(world)) is not None
    assert await shop.transact(privacy.erase_due) == 0, "it waits a day"


async def test_who_changes_their_mind_stays(shop: Database, world: World):
    await planned(shop, world)
    await planned(shop, world)
    for _ in range(2):
        await shop.transact(privacy.withdraw_erasure, buyer_of(world), BY)
    await shop.transact(its_day_comes)
    assert await shop.transact(privacy.erase_due) == 0
    await planned(shop, world)


async def test_after_an_erasure_nothing_says_who_it_was_but_the_records_that_are_kept(shop: Database, world: World):
    await lived(shop, world)
    before = await shop.ask(mentions, NAME, EMAIL, PHONE, STREET, "192.0.2.1")
    assert {"buyers", "addresses", "accounts", "logins", "sessions", "mails", "checkouts"} <= before
    # Others live in the same street and share the telephone: the shops' warehouses and the other buyer of this world.
    await shop.transact(nobody_else_is_like_them, world)

    await planned(shop, world)
    await shop.transact(its_day_comes)
    assert await shop.transact(privacy.erase_due) == 1
    await deal.at_rest(shop)

    left = await shop.ask(mentions, NAME, EMAIL, PHONE, STREET, "192.0.2.1")
    assert left <= KEPT, left - KEPT
    assert await shop.ask(cart.count, buyer_of(world)) == 0
    assert await shop.ask(search.history, [buyer_of(world)]) == []
    account = await shop.ask(access.account, AccountId(world.buyer.account_id))
    assert account is not None and account.email.endswith("@erased.invalid")
    listed = await shop.ask(orders.orders_of_buyer, [buyer_of(world)])
    assert {order.state for order in listed.items} == {OrderState.COMPLETED, OrderState.CANCELLED}


async def test_what_is_kept_fades_after_three_years(shop: Database, world: World):
    await lived(shop, world)
    await shop.transact(nobody_else_is_like_them, world)
    await planned(shop, world)
    await shop.transact(its_day_comes)
    await shop.transact(privacy.erase_due)
    assert await shop.transact(privacy.fade_records) == 1
    assert await shop.ask(mentions, EMAIL), "three years have not passed"

    async def years_later(tx: Tx) -> None:
        await tx.execute(
            "UPDATE orders SET completed_at = completed_at - interval '4 years'"
            ", cancelled_at = cancelled_at - interval '4 years'"
        )
        await tx.execute("UPDATE invoices SET requested_at = requested_at - interval '4 years'")
        await tx.execute("UPDATE erasures SET faded_at = NULL")

    await shop.transact(years_later)
    assert await shop.transact(privacy.fade_records) == 1

    assert await shop.ask(mentions, NAME, EMAIL, PHONE, STREET) == set()


async def nobody_else_is_like_them(tx: Tx, world: World) -> None:
    await tx.execute("UPDATE warehouses SET address = '{}'")
    await tx.execute("DELETE FROM addresses WHERE buyer_id = $1", world.other_buyer.buyer_id)
    await tx.execute("UPDATE buyers SET phone = '' WHERE buyer_id = $1", world.other_buyer.buyer_id)


async def test_an_email_address_changes_when_its_link_is_opened(shop: Database, world: World):
    account = await shop.ask(access.account, AccountId(world.buyer.account_id))
    assert account is not None
    with pytest.raises(EmailTaken):
        await shop.transact(access.ask_to_change_email, account, world.other_buyer.email, "/account/email/")
    await shop.transact(access.ask_to_change_email, account, "new@example.com", "/account/email/")
    issued = await shop.transact(access.issue_email_link, account.account_id)
    assert issued is not None
    email, token = issued
    assert email == "new@example.com"

    changed = await shop.transact(access.change_email, token)

    assert changed.email == "new@example.com"
    with pytest.raises(LinkExpired):
        await shop.transact(access.change_email, token)
    assert (await shop.ask(customers.get, buyer_of(world))) is not None
