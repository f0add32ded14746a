"""The worked example of docs/algorithms/groups.md."""

from datetime import UTC, datetime

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.money import payments
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, groups
from steelyard.trade.checkout.model import CheckoutId, Quote
from steelyard.trade.groups.model import Membership, NewOffer
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal
from tests.support.groups import group, offered, opened, order_of, over, pay, team_of
from tests.support.world import World
from tests.trade.examples import Numbers, minor, numbers

PAGE = numbers("groups.md")


class Told:
    """The example's people, and what they have placed."""

    def __init__(self, db: Database, offer: NewOffer) -> None:
        self.db, self.offer = db, offer
        self.buyers: dict[str, BuyerId] = {}
        self.bought: dict[str, PurchaseId] = {}

    async def team(self) -> Membership:
        return await team_of(self.db, await order_of(self.db, self.bought["ann"]))

    async def do(self, step: Numbers) -> str:
        """The code of the refusal, if it is refused."""
        who = step["who"]
        buyer_id = self.buyers.setdefault(who, BuyerId(ids.mint()))
        team_id = (await self.team()).team_id if self.bought else None
        checkout_id = await opened(self.db, self.offer, team_id, buyer_id, int(step["pieces"]))
        problems = (await self.db.ask(quote_of, checkout_id)).blocking
        if problems:
            return str(problems[0].code)
        self.bought[who] = await self.db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
        if step["does"] != "places":
            assert (await pay(self.db, self.bought[who])).total == minor(step["pays"])
        return ""


async def quote_of(read: Read, checkout_id: CheckoutId) -> Quote:
    view = await checkout.view(read, checkout_id)
    assert view is not None
    return view.quote


async def test_the_team_of_the_page_fails_and_gives_back_what_it_says(shop: Database, world: World) -> None:
    given = PAGE["offer"]
    nuts = world.items["nuts"]
    offer = await offered(
        shop,
        group(
            world, prices={nuts.sku_id: minor(given["price"])}, size=int(given["size"]), pieces=int(given["pieces"]),
            per_buyer=int(given["per_buyer"]),
        ),
    )  # fmt: skip
    told = Told(shop, offer)
    for step in PAGE["steps"]:
        if step["who"] == "time":
            await over(shop)
        else:
            assert await told.do(step) == step.get("refused", ""), step
        team, now = await told.team(), datetime.now(UTC)
        known = await shop.ask(groups.offer, offer.merchant_id, offer.offer_id)
        assert known is not None
        assert (str(team.state(now)), team.members, known.left) == (
            step["team"], int(step["members"]), int(step["left"]),
        ), step  # fmt: skip

    await deal.channel_refunds(shop)
    for who, amount in PAGE["back"].items():
        order = await order_of(shop, told.bought[who])
        refunds = await shop.ask(payments.refunds_of_order, order.merchant_id, order.order_id)
        assert sum(each.amount for each in refunds) == minor(amount), who
        assert (str(order.state), order.cancel_reason is not None) == ("cancelled", True)
