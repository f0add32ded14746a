"""The worked examples of docs/algorithms/cash-on-delivery.md, run."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from steelyard.kernel.db import Database
from steelyard.kernel.money import Money
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import AT_THE_DOOR, ArrivedAtTheDoor
from tests.money.deals import Deal, balance, paid, refund, release

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "cash-on-delivery.md"


def numbers() -> dict[str, int]:
    found: dict[str, Any] = {}
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        found |= yaml.load(block, Loader=yaml.BaseLoader)
    return {name: Money.of(Decimal(said), "CNY").amount for name, said in found.items()}


class DoorDeal(Deal):
    def instruction(self, **changes: object) -> payments.Instruction:
        return super().instruction(channel=AT_THE_DOOR, **changes)


async def test_what_is_refunded_before_it_leaves_is_not_collected(db: Database) -> None:
    said = numbers()
    deal = await paid(db, DoorDeal((said["promised"],)))
    merchant_id, order_id = deal.merchants[0], deal.orders[0]
    await refund(db, deal, said["refunded_before"])

    told = await db.transact(payments.tell_at_the_door, merchant_id, [order_id], "staff:test")
    await db.transact(
        payments.collect_at_the_door, [ArrivedAtTheDoor(merchant_id=merchant_id, order_id=order_id, carrier="simex")], "carrier"
    )  # fmt: skip
    await db.transact(
        payments.remit, "simex", bank_number="B1", amount=said["came_to_the_bank"], fee=said["carrier_fee"], currency="CNY",
        on_day=date(2026, 3, 5), orders=[(merchant_id, order_id)], by="staff:test",
    )  # fmt: skip

    assert told[order_id].left == said["told"]
    assert await balance(db, merchant_id, AccountKind.BANK_CASH) == said["told"]
    assert await balance(db, ledger.counterparty_id("carrier:simex"), AccountKind.CHANNEL_FEES) == said["carrier_fee"]


async def test_a_shop_that_keeps_the_cash_owes_the_commission(db: Database) -> None:
    said = numbers()
    deal = await paid(db, DoorDeal((said["kept"],)))
    merchant_id, order_id = deal.merchants[0], deal.orders[0]
    await db.transact(payments.tell_at_the_door, merchant_id, [order_id], "staff:test")

    await db.transact(payments.keep_at_the_door, merchant_id, order_id, "staff:test")
    await release(db, deal, commission=said["commission"])

    assert await balance(db, merchant_id, AccountKind.PAYABLE) == -said["shop_owes"]
