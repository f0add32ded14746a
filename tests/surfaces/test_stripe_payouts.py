"""Being paid through Stripe, as a shop does it on its pages and staff see it on theirs."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.trade import settlement
from steelyard.trade.settlement import Statement, StatementState, Way
from tests.support import deal
from tests.support.browser import Browser, words
from tests.support.consoles import app, chief, database_url, owner, signed_in, world
from tests.support.world import PASSWORD, World
from tests.surfaces.merchant.test_money import mails_to
from tests.trade.connecting import Played, played, sweep

__all__ = ["app", "chief", "database_url", "owner", "world"]
HERE = "/merchant/money/stripe"


@pytest.fixture
async def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Played]:
    """Stripe is there, for the pages, too."""
    async with played(tmp_path / "stripe") as found:
        monkeypatch.setattr(settlement, "stripe_connect", lambda _: found.stripe)
        yield found


async def at_stripe(play: Played, owner: Browser, do: str) -> str:
    """From our page to Stripe's, and what is said when the owner is back."""
    answer = await owner.post(HERE, {"country": "DE"})
    assert answer.status_code == 303, words(answer)
    page = await play.desk.post(httpx.URL(answer.headers["location"]).path, data={"do": do})
    back = httpx.URL(page.headers["location"])
    return words(await owner.follow(await owner.get(f"{back.path}?{back.query.decode()}")))


async def issued(db: Database, world: World) -> Statement:
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)])
    await deal.shipped(db, order)
    await deal.received(db, order)
    await deal.at_rest(db)
    [statement] = await db.transact(settlement.run, settlement.settlement_day(datetime.now(UTC) + timedelta(days=2)))
    return statement


async def test_a_shop_opens_its_account_gives_what_is_missing_and_chooses_stripe(
    db: Database, world: World, owner: Browser, play: Played
) -> None:
    assert (await owner.post(HERE, {"country": "XX"})).status_code == 422
    assert "passport" in await at_stripe(play, owner, "partly")
    assert "Stripe pays you" in await at_stripe(play, owner, "finish")

    wrong = await owner.post(f"{HERE}/choose", {"way": "stripe", "password": "not this one"})
    assert (wrong.status_code, "not your password" in words(wrong)) == (422, True)
    await owner.post(f"{HERE}/choose", {"way": "stripe", "password": PASSWORD})
    await deal.at_rest(db)

    today = settlement.settlement_day(datetime.now(UTC))
    shop = world.tea.merchant_id
    assert (await db.ask(settlement.agreed, [shop])).on(shop, today).way is Way.STRIPE
    # The first is of the passport that was missing, which had stopped payouts.
    assert await db.ask(mails_to, world.tea.owner.email) == ["shop_news", "payout_account_changed"]


async def test_stripe_that_does_not_answer_opens_nothing_twice(owner: Browser, play: Played) -> None:
    play.road.state = "lost"
    said = words(await owner.follow(await owner.post(HERE, {"country": "DE"})))
    assert "nothing is opened twice" in said
    play.road.state = "prompt"

    await at_stripe(play, owner, "finish")

    assert len((await play.desk.get("/v1/accounts")).json()["data"]) == 1


async def test_without_connect_there_is_no_such_page(owner: Browser) -> None:
    assert (await owner.get(HERE)).status_code == 404
    assert HERE not in (await owner.get("/merchant/money")).text


async def test_staff_see_the_transfer_and_take_it_back_once(
    app: Litestar, db: Database, world: World, owner: Browser, chief: Browser, play: Played
) -> None:
    await at_stripe(play, owner, "finish")
    await owner.post(f"{HERE}/choose", {"way": "stripe", "password": PASSWORD})
    statement = await issued(db, world)
    here = f"/operator/settlement/{statement.merchant_id}/{statement.statement_id}"
    assert (await sweep(db, play, statement)).state is StatementState.HELD
    assert "balance at Stripe is too low" in words(await chief.get(here))
    assert "balance at Stripe is too low" in words(await owner.get(f"/merchant/statements/{statement.statement_id}"))
    await play.top_up(1_000_000)
    paid = await sweep(db, play, statement)
    assert str(paid.bank_reference) in words(await chief.get(here))

    form = {"reversal_id": "0198f2b4-0000-7000-8000-000000000001", "reason": "Wrong shop"}
    for _ in range(2):
        await chief.post(f"{here}/take-back", form)
    stranger = await signed_in(app, world.tea.owner)
    assert (await stranger.post(f"{here}/take-back", form)).status_code in (403, 404)
    await stranger.close()
    failed = await sweep(db, play, statement)

    assert (failed.state, len(await play.moved("transfer_refund"))) == (StatementState.FAILED, 1)
    page = words(await chief.get(here))
    assert "Wrong shop" in page
    assert "There is nothing to take back" in words(
        await chief.follow(await chief.post(f"{here}/take-owed", {"currency": "CNY"}))
    )
