"""The worked example of docs/algorithms/settlement.md, run: every posting, statement and balance in the page is true."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from steelyard.kernel.db import Database
from steelyard.kernel.money import Money, share
from steelyard.money import ledger, payments
from steelyard.trade import settlement
from steelyard.trade.settlement import BankAnswer
from tests.money.deals import SUCCEEDED, Deal, paid, refund
from tests.trade.merchants import complete, open_shop, refund_after_release

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "settlement.md"
Row = dict[str, str]


def tables() -> dict[str, list[Row]]:
    """The page's tables by their first column's name."""
    found: dict[str, list[Row]] = {}
    lines = PAGE.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("|---"):
            names = cells(lines[number - 1])
            rows = found.setdefault(f"{names[0]}, {names[1]}", [])
            for row in lines[number + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append(dict(zip(names, cells(row), strict=True)))
    return found


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def minor(text: str) -> int:
    return Money.of(Decimal(text), "CNY").amount


class Example:
    """The purchase of the page, acted out."""

    def __init__(self, db: Database, rows: list[Row]) -> None:
        self.db = db
        self.orders = {row["order"]: row for row in rows}
        self.names: dict[UUID, str] = {}
        self.documents: dict[UUID, str] = {}
        self.moved_on: set[UUID] = set()

    async def capture(self) -> None:
        shops = [await open_shop(self.db) for _ in self.orders]
        self.deal = Deal(tuple(minor(row["total"]) for row in self.orders.values()), merchants=list(shops))
        self.names = dict(zip([self.deal.buyer_id, *shops], ["buyer", *self.orders], strict=True))
        self.documents = {self.deal.payment_id: "payment"}
        self.documents |= {order: f"order {name}" for order, name in zip(self.deal.orders, self.orders, strict=True)}
        await paid(self.db, self.deal)

    async def refund_before_release(self) -> None:
        made = await refund(self.db, self.deal, 2_000, order=1)
        self.documents[made.refund_id] = "refund of B"
        await self.db.transact(payments.record_refund, made.refund_id, 1, SUCCEEDED, "channel")

    async def release(self) -> None:
        self.day = settlement.settlement_day(datetime.now(UTC))
        kept = {"A": self.commission("A"), "B": self.commission("B") - self.commission("B", goods=2_000)}
        for place, name in enumerate(self.orders):
            await complete(self.db, self.deal, place, commission=kept[name], released=datetime.now(UTC))

    async def refund_after_release(self) -> None:
        returned = self.commission("A", goods=3_000)
        refund_id = await refund_after_release(self.db, self.deal, 3_000, commission=returned)
        self.documents[refund_id] = "refund of A"

    async def issue(self) -> None:
        assert await self.db.transact(settlement.run, self.day) == []
        self.statements = await self.db.transact(settlement.run, self.day + timedelta(days=1))
        self.documents |= {s.statement_id: f"statement of {self.names[s.merchant_id]}" for s in self.statements}

    async def pay_out(self) -> None:
        for due in await self.db.transact(settlement.to_pay, 10):
            paid_ = BankAnswer(state="paid")
            await self.db.transact(settlement.record_payout, due.statement_id, due.attempt, paid_, "bank")

    def commission(self, order: str, *, goods: int | None = None) -> int:
        row = self.orders[order]
        rate = int(row["commission rate"].removesuffix(" %")) * 10_000
        return share(minor(row["goods"]) if goods is None else goods, rate)

    async def new_postings(self) -> set[tuple[str, ...]]:
        transfers = await self.db.ask(ledger.transfers_of, list(self.documents))
        fresh = [t for t in transfers if t.transfer_id not in self.moved_on]
        self.moved_on |= {t.transfer_id for t in fresh}
        return {
            (self.names[t.owner_id], t.debit, t.credit, str(Money(t.amount, t.currency).decimal()), t.reason,
             self.documents[t.document])
            for t in fresh
        }  # fmt: skip


async def test_the_page_says_what_happens(db: Database) -> None:
    page = tables()
    example = Example(db, page["order, goods"])
    for name, row in example.orders.items():
        assert minor(row["goods"]) + minor(row["freight"]) == minor(row["total"])
        assert example.commission(name) == minor(row["commission"])

    steps = [
        example.capture,
        example.refund_before_release,
        example.release,
        example.refund_after_release,
        example.issue,
        example.pay_out,
    ]
    for number, act in enumerate(steps, start=1):
        await act()

        told = {
            (row["owner"], row["debit"], row["credit"], row["amount"], row["reason"], row["document"])
            for row in page["step, owner"]
            if row["step"] == str(number)
        }
        assert await example.new_postings() == told, f"step {number}"
        lines = await db.ask(ledger.trial_balance)
        assert sum(line.debits for line in lines) == sum(line.credits for line in lines)

    statements = {example.names[s.merchant_id]: s for s in example.statements}
    assert {row["merchant"]: tuple(minor(row[name]) for name in list(row)[1:]) for row in page["merchant, sales"]} == {
        name: (s.sales, s.commission, s.refunds, s.commission_returned, s.payout) for name, s in statements.items()
    }
    assert {row["account"]: minor(row["balance"]) for row in page["account, balance"]} == {
        str(line.kind): line.balance for line in await db.ask(ledger.trial_balance)
    }


def test_the_page_knows_every_account() -> None:
    kinds = [row["account"] for row in tables()["account, owner"]]

    assert sorted(kinds) == sorted(ledger.AccountKind)
