"""The worked example of docs/algorithms/exchange.md, run: every number in the page is true."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.money import Money
from steelyard.money import exchange, ledger
from steelyard.money.exchange import ExchangeId, Leg
from steelyard.money.ledger.model import AccountKind

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "exchange.md"


def numbers() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        found |= yaml.load(block, Loader=yaml.BaseLoader)
    return found


def minor(amount: str, currency: str = "CNY") -> int:
    return Money.of(Decimal(amount), currency).amount


async def test_the_example_of_the_page(db: Database) -> None:
    told = numbers()
    lines = [f"{day},{rates['CNY']}" for day, rates in told["rates"].items()]
    await db.transact(exchange.take_rates, "\n".join(["Date,CNY", *lines]).encode())
    owners = {
        "channel_cash": await db.transact(ledger.counterparty, "stripe"),
        "bank_cash": await db.transact(ledger.counterparty, "bank"),
    }

    def leg(words: str) -> Leg:
        kind, amount, currency = words.split()
        owner = owners.get(kind, owners["bank_cash"])
        return Leg(owner_id=owner, kind=AccountKind(kind), currency=currency, amount=minor(amount, currency))

    for each in told["exchanges"]:
        day, exchange_id = date.fromisoformat(each["day"]), ExchangeId(ids.mint())
        await db.transact(exchange.propose, exchange_id, day, leg(each["from"]), leg(each["to"]), "a paper", "staff:a")
        done = await db.transact(exchange.agree, exchange_id, "staff:b")
        assert done.realised == minor(each["realised"])
        found = await db.ask(exchange.positions, day)
        stands = [(each.quantity, each.cost, each.unrealised) for each in found] or [(0, 0, 0)]
        assert stands == [(minor(each["open"], "EUR"), minor(each["cost"]), minor(each["unrealised"]))]

    balances = {(line.currency, line.kind): line.balance for line in await db.ask(ledger.trial_balance)}
    assert balances == {
        (currency, AccountKind(kind)): minor(amount, currency)
        for currency, kinds in told["balances"].items()
        for kind, amount in kinds.items()
    }
