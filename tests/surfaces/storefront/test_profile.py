"""What buyers say of themselves on their page."""

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import World

__all__ = ["app", "chief", "database_url", "owner", "world"]


async def test_a_buyer_says_the_birthday_without_the_year(app: Litestar, db: Database, world: World) -> None:
    """A day that there is not is told beside its field; a form that does not ask leaves it; it can be taken back."""
    assert world.buyer.buyer_id is not None
    buyer_id, browser = BuyerId(world.buyer.buyer_id), await signed_in(app, world.buyer)
    form = {"name": "Li Na", "phone": "13800000000", "locale": "en"}

    wrong = await browser.post("/account/profile", {**form, "birth_month": "02", "birth_day": "30"})
    assert wrong.status_code == 422 and "There is no such day" in wrong.text
    for said, kept in (
        ({"birth_month": "02", "birth_day": "29"}, "02-29"),
        ({}, "02-29"),
        ({"birth_month": "", "birth_day": ""}, None),
    ):
        assert (await browser.post("/account/profile", {**form, **said})).status_code == 303
        found = await db.ask(customers.get, buyer_id)
        assert found is not None and found.birthday == kept
