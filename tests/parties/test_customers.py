"""Buyers: guests, people with a login, and the visitors they were."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.parties import access, customers
from steelyard.parties.access.model import AccountId, EmailTaken
from steelyard.parties.customers.model import ADDRESSES_PER_BUYER_MAX, Address, AddressId, Buyer, BuyerId
from tests.parties.people import PASSWORD

HOME = Address(
    name="林燕",
    phone="13800000000",
    country="CN",
    region="浙江省",
    city="杭州市",
    district="西湖区",
    street="文三路 1 号",
)


async def new_guest(db: Database) -> BuyerId:
    buyer_id = BuyerId(ids.mint())
    await db.transact(customers.guest, buyer_id, "zh-Hans")
    return buyer_id


async def test_a_guest_who_signs_up_keeps_the_id_and_can_come_back(db: Database) -> None:
    visitor = await new_guest(db)
    await db.transact(customers.guest, visitor, "en")
    guest = await db.ask(customers.get, visitor)
    assert guest is not None
    assert (guest.guest, guest.locale) == (True, "zh-Hans")
    buyer = Buyer(buyer_id=visitor, email="Lin@people.test", name="林燕")
    account_id = AccountId(ids.mint())

    for _ in range(2):
        await db.transact(customers.sign_up, buyer, account_id, await access.hash_password(PASSWORD))

    known = await db.ask(customers.get, visitor)
    assert known is not None
    assert not known.guest
    signed_in = await access.sign_in(db, email="lin@people.test", password=PASSWORD)
    assert signed_in.account.buyer_id == visitor
    with pytest.raises(EmailTaken):
        other = msgspec.structs.replace(buyer, buyer_id=BuyerId(ids.mint()))
        await db.transact(customers.sign_up, other, AccountId(ids.mint()), "hash")
    assert await db.ask(customers.get, other.buyer_id) is None, "a refused sign-up leaves nobody behind"


async def test_what_is_said_of_a_buyer_later_adds_to_what_is_known(db: Database) -> None:
    buyer_id = BuyerId(ids.mint())
    await db.transact(customers.register, Buyer(buyer_id=buyer_id, email="l@people.test", name="Lin", country="CN"))
    await db.transact(customers.register, Buyer(buyer_id=buyer_id, email=None, phone="138", locale="en", guest=True))

    known = await db.ask(customers.get, buyer_id)
    assert known is not None
    assert (known.email, known.name, known.phone, known.country) == ("l@people.test", "Lin", "138", "CN")
    assert (known.locale, known.guest) == ("en", False)


async def test_many_buyers_are_written_at_once(db: Database) -> None:
    at = datetime(2010, 12, 1, tzinfo=UTC)
    crowd = [Buyer(buyer_id=BuyerId(ids.mint()), email=None, source=f"import:x:{n}", created_at=at) for n in range(500)]

    await db.transact(customers.bulk_register, crowd)

    assert await db.ask(customers.get, crowd[7].buyer_id) == crowd[7]


async def test_the_address_book_has_one_default(db: Database) -> None:
    buyer = await new_guest(db)
    first, second, third = (AddressId(ids.mint()) for _ in range(3))

    await db.transact(customers.save_address, buyer, first, HOME)
    await db.transact(customers.save_address, buyer, second, HOME)
    await db.transact(customers.save_address, buyer, third, HOME, is_default=True)
    await db.transact(customers.save_address, buyer, third, msgspec.structs.replace(HOME, street="文三路 2 号"))

    book = await db.ask(customers.addresses, buyer)
    assert [(each.address_id, each.is_default) for each in book] == [(third, True), (second, False), (first, False)]
    assert book[0].address.street == "文三路 2 号"
    assert book[0].address.complete
    await db.transact(customers.remove_address, buyer, third)
    assert [each.is_default for each in await db.ask(customers.addresses, buyer)] == [True, False]
    with pytest.raises(NotFound):
        await db.transact(customers.remove_address, buyer, third)


async def test_first_addresses_saved_at_once_get_along(db: Database) -> None:
    buyer = await new_guest(db)

    await asyncio.gather(*(db.transact(customers.save_address, buyer, AddressId(ids.mint()), HOME) for _ in range(4)))

    assert sorted(each.is_default for each in await db.ask(customers.addresses, buyer)) == [False, False, False, True]


async def test_the_book_of_one_is_closed_to_others_and_has_an_end(db: Database) -> None:
    mine, theirs = await new_guest(db), await new_guest(db)
    address = AddressId(ids.mint())
    await db.transact(customers.save_address, mine, address, HOME)

    with pytest.raises(NotFound):
        await db.transact(customers.remove_address, theirs, address)
    await db.transact(customers.save_address, theirs, address, msgspec.structs.replace(HOME, name="x"))
    assert (await db.ask(customers.addresses, mine))[0].address == HOME
    with pytest.raises(NotFound):
        await db.transact(customers.save_address, BuyerId(ids.mint()), address, HOME)
    for _ in range(ADDRESSES_PER_BUYER_MAX - 1):
        await db.transact(customers.save_address, mine, AddressId(ids.mint()), HOME)
    with pytest.raises(Invalid):
        await db.transact(customers.save_address, mine, AddressId(ids.mint()), HOME)
    await db.transact(customers.save_address, mine, address, HOME)


async def test_a_visitor_is_the_first_who_signs_in(db: Database) -> None:
    visitor, first, second = await new_guest(db), BuyerId(ids.mint()), BuyerId(ids.mint())
    assert await db.ask(customers.resolve, visitor) == visitor

    assert await db.transact(customers.merge_visitor, visitor, first) == first
    assert await db.transact(customers.merge_visitor, visitor, first) == first
    assert await db.transact(customers.merge_visitor, visitor, second) == first
    assert await db.ask(customers.resolve, visitor) == first


async def test_somebody_with_a_login_never_becomes_another(db: Database) -> None:
    """Who signed up as a visitor kept the visitor's id; the cookie of a shared device may still hold it."""
    visitor, other = await new_guest(db), BuyerId(ids.mint())
    await db.transact(
        customers.sign_up, Buyer(buyer_id=visitor, email="l@people.test", name="Lin"), AccountId(ids.mint()), "hash"
    )

    assert await db.transact(customers.merge_visitor, visitor, other) == visitor
    assert await db.transact(customers.merge_visitor, visitor, visitor) == visitor
