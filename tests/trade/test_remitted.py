"""A carrier's file of what it pays on, laid beside the books: the worked example of docs/algorithms/cash-on-delivery.md,
and what is refused."""

import msgspec
import pytest

from steelyard.kernel.db import Database
from steelyard.kernel.errors import Invalid
from steelyard.money import ledger, payments, reconciliation
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import DoorState, RemittanceKnown
from steelyard.money.reconciliation.model import FileKnown, Kind
from steelyard.trade import orders
from steelyard.trade.orders import Remitted
from steelyard.trade.orders.model import Order
from tests.money.test_door_example import numbers
from tests.support.world import World
from tests.trade.test_at_the_door import DAY, at, bought, sent, told

ADA, BEN = "staff:ada", "staff:ben"
SOURCE = "carrier:simex"
HEADER = "time,number,order,amount,currency,fee\n"


async def collected(db: Database, world: World) -> list[tuple[Order, str]]:
    """Two orders that the carrier has collected for, each with its parcel's number."""
    found = []
    for order in await bought(db, world):
        number = await sent(db, order)
        await told(db, number, "delivered")
        found.append((order, number))
    return found


def file_of(text: str, **changes: object) -> Remitted:
    sent_file = Remitted(
        carrier="simex", currency="CNY", name="simex.csv", content=(HEADER + text).encode(), bank_number="B-7", on_day=DAY
    )  # fmt: skip
    return msgspec.structs.replace(sent_file, **changes)


def line(number: str, amount: int, fee: str = "0.00", code: str = "") -> str:
    return f"2026-03-05 10:00:00,{number},{code},{amount // 100}.{amount % 100:02},CNY,{fee}\n"


async def bank_cash(db: Database) -> int:
    return sum(each.balance for each in await db.ask(ledger.trial_balance) if each.kind == AccountKind.BANK_CASH)


async def test_what_a_carrier_says_otherwise_is_listed_and_explained(shop: Database, world: World) -> None:
    """As on the page, at its own amounts: 10.00 less for the first, 25.00 for a parcel that nobody knows of."""
    page = numbers()
    (first, number), (second, _) = await collected(shop, world)
    less, stranger, fees = page["differ_first"], page["file_stranger"], page["file_fees"]
    text = (
        line(number, first.total + less, "1.40") + line("other", second.total, "0.80", second.code)
        + line("SX-STRANGER", stranger, "0.25")
    )  # fmt: skip

    file = await shop.transact(orders.lay_remittance_beside, file_of(text), ADA)
    with pytest.raises(FileKnown):
        await shop.transact(orders.lay_remittance_beside, file_of(text), ADA)

    assert (file.source, file.lines) == (SOURCE, 3)
    assert [(await at(shop, order)).state for order in (first, second)] == [DoorState.REMITTED] * 2
    assert await bank_cash(shop) == first.total + second.total - fees
    found = (await shop.ask(reconciliation.differences, source=SOURCE, limit=9)).items
    assert {each.kind: each.difference for each in found} == {Kind.AMOUNT: less, Kind.MISSING_HERE: stranger}
    amount = next(each for each in found if each.kind is Kind.AMOUNT)
    await shop.transact(reconciliation.settle, SOURCE, amount.item_id, AccountKind.SUSPENSE, "Asked the carrier", ADA)
    await reconciliation.run(shop, SOURCE, DAY)  # again: nothing twice
    assert await bank_cash(shop) == first.total + second.total - fees + less
    (remittance,) = await shop.ask(payments.remittances)
    assert (remittance.orders, remittance.fee) == (2, fees)


def test_the_page_adds_up() -> None:
    page = numbers()
    first, second = page["file_first"] - page["differ_first"], page["file_second"]
    assert page["file_fees"] == (page["file_first"] + second + page["file_stranger"]) // 100
    assert first + second - page["file_fees"] == page["books_before"]
    assert page["books_before"] + page["differ_first"] + page["differ_stranger"] == page["came"]


async def test_a_file_that_is_not_this_carriers_or_cannot_be_read_pays_nothing_on(shop: Database, world: World) -> None:
    (first, number), (second, other) = await collected(shop, world)
    with pytest.raises(Invalid):
        await shop.transact(orders.lay_remittance_beside, file_of(line(number, first.total), carrier="simpost"), ADA)
    for bad in ("x,y\n", line(number, first.total).replace("CNY", "EUR"), line(number, first.total, "-1.00")):
        kept = await shop.transact(orders.lay_remittance_beside, file_of(bad), ADA)
        assert (kept.state, kept.problems) == ("refused", 1)
    assert (await at(shop, first)).state is DoorState.COLLECTED

    await shop.transact(orders.lay_remittance_beside, file_of(line(number, first.total)), ADA)
    tomorrow = DAY.replace(day=6)
    with pytest.raises(RemittanceKnown):  # the same transfer does not pay for others, too
        await shop.transact(orders.lay_remittance_beside, file_of(line(other, second.total), on_day=tomorrow), ADA)
    twice = line(other, second.total) + line(number, first.total)
    await shop.transact(orders.lay_remittance_beside, file_of(twice, on_day=tomorrow, bank_number="B-8"), BEN)
    found = (await shop.ask(reconciliation.differences, source=SOURCE, day=tomorrow, limit=9)).items
    assert [(each.kind, each.theirs) for each in found] == [(Kind.DUPLICATE, first.total)]
