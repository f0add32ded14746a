"""The demo's shop that is paid through Stripe Connect, against the simulated Stripe."""

from pathlib import Path

from steelyard.demo import connected
from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.trade import settlement
from steelyard.trade.settlement import Terms, Way
from tests.trade.connecting import PAGE, played
from tests.trade.settling import agreed_shop, today


async def test_a_shop_is_connected_as_it_would_do_it_and_paid_so_from_today(db: Database, tmp_path: Path) -> None:
    shop = await agreed_shop(db, Terms(way=Way.DIRECT, check_days=3))
    async with played(tmp_path) as play:
        await connected.connect(db, play.stripe, play.desk, shop, 50_000, PAGE)

        known = await db.ask(settlement.account_of, shop)
        assert known is not None and known.ready and known.account_id is not None
        assert await play.available() == 50_000
    terms = (await db.ask(settlement.agreed, [shop])).on(shop, today())
    assert (terms.way, terms.check_days) == (Way.STRIPE, 3)


async def test_where_stripe_is_not_played_nothing_happens(db: Database) -> None:
    await connected.pay_through_stripe(db, Settings(), [])
