"""Buyers are told of their purchases by mail, in their language, once."""

from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Row
from steelyard.money.payments.model import RefundId
from steelyard.parties.notifications.model import Template
from steelyard.parties.notifications.rendering import render
from steelyard.trade import aftersales
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order
from tests.support import deal
from tests.support.world import CONTACT, seeded


async def mails(read: Read) -> list[Row]:
    return await read.fetch("SELECT recipient, template, locale, facts FROM mails ORDER BY created_at, mail_id")


async def told(db: Database) -> list[str]:
    """The templates of all mails so far by name, all of which can be put into words."""
    await deal.at_rest(db)
    found = await db.ask(mails)
    for mail in found:
        assert mail["recipient"] == CONTACT.email
        rendered = render(Template(mail["template"]), mail["locale"], mail["facts"], "http://shop.test", "Steelyard")
        assert rendered.subject
    return sorted(mail["template"] for mail in found)


async def test_a_paid_purchase_is_confirmed_once_for_all_its_shops(db: Database) -> None:
    world = await seeded(db)
    await deal.paid(db, [(world.items["green"].sku_id, 2), (world.items["hammer"].sku_id, 1)])

    assert await told(db) == ["order_confirmed"]
    assert await told(db) == ["order_confirmed"], "read again, nothing more is said"
    [mail] = await db.ask(mails)
    assert len(mail["facts"]["orders"]) == 2
    assert mail["facts"]["link"].startswith("/purchases/P-")


async def test_each_parcel_is_told(db: Database) -> None:
    world = await seeded(db)
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)

    assert await told(db) == ["order_confirmed", "order_shipped"]


async def test_a_cancelled_order_is_one_mail_with_its_refund_in_it(db: Database) -> None:
    world = await seeded(db)
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await cancelled(db, order)

    assert await told(db) == ["order_cancelled", "order_confirmed"]
    mail = next(each for each in await db.ask(mails) if each["template"] == "order_cancelled")
    assert mail["facts"]["refund"]["amount"] == order.total


async def cancelled(db: Database, order: Order) -> None:
    refund_id = RefundId(ids.mint())
    await db.transact(aftersales.cancel, order.merchant_id, order.order_id, refund_id, "Sold out", "staff:test")


async def test_a_refund_is_told(db: Database) -> None:
    world = await seeded(db)
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    refund_id = await deal.refunded(db, order, Returned(1, 1))

    assert isinstance(refund_id, UUID)
    assert await told(db) == ["order_confirmed", "refund_sent"]


async def test_an_unpaid_purchase_says_nothing(db: Database) -> None:
    world = await seeded(db)
    await deal.placed(db, [(world.items["green"].sku_id, 2)])

    assert await told(db) == []
