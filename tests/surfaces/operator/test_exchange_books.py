"""Exchanges in the console: rates read in, an exchange typed, and the second person."""

from datetime import UTC, datetime, timedelta

from litestar import Litestar

from steelyard.kernel.db import Database
from steelyard.money import exchange, ledger
from tests.support.browser import Browser, words
from tests.support.consoles import signed_in
from tests.support.world import World, account


async def test_euros_become_yuan_and_the_open_position_is_shown(
    db: Database, app: Litestar, world: World, chief: Browser
) -> None:
    today = datetime.now(UTC).date()
    yesterday = (today - timedelta(days=1)).isoformat()
    bank = str(ledger.counterparty_id("bank"))
    files = {"file": ("eurofxref-hist.csv", f"Date,CNY\n{yesterday},7.9000\n".encode(), "text/csv")}
    token = {"_csrf_token": chief.http.cookies["csrftoken"]} if "csrftoken" in chief.http.cookies else {}
    await chief.get("/operator/books/exchanges")
    name = next(each for each in chief.http.cookies if "csrf" in each)
    token = {"_csrf_token": chief.http.cookies[name]}
    took = await chief.http.post("/operator/books/exchanges/rates", data=token, files=files)
    assert took.status_code == 303
    bad = {"file": ("x.csv", b"nothing", "text/csv")}
    refused = await chief.http.post("/operator/books/exchanges/rates", data=token, files=bad)
    assert refused.status_code == 422 and "cannot be read" in words(refused)

    typed = {
        "from_amount": "1000", "from_currency": "EUR", "from_kind": "channel_cash", "from_owner": bank,
        "to_amount": "7880", "to_currency": "CNY", "to_kind": "bank_cash", "to_owner": bank,
        "on_day": yesterday, "words": "advice of payment",
    }  # fmt: skip
    wrong = await chief.post("/operator/books/exchanges/new", {**typed, "to_currency": "EUR", "from_amount": "x"})
    assert wrong.status_code == 422 and "advice of payment" in wrong.text
    made = await chief.post("/operator/books/exchanges/new", typed)
    assert made.status_code == 303
    where = made.headers["location"]
    own = words(await chief.get(where))
    assert "another person agrees" in own and "20.00 less than the reference rate" in own.replace("¥", "").replace(
        "CN", ""
    )
    second = await db.transact(account, "operator", "second", "Second", roles=["operator_finance"])
    await (await signed_in(app, second)).post(f"{where}/agree")

    page = words(await chief.get("/operator/books/exchanges"))
    assert "Open positions" in page and "7,880.00" in page and "20.00" in page
    [position] = await db.ask(exchange.positions, today)
    assert position.unrealised == -2_000
    assert "7,880.00" in words(await chief.get(where))
