"""Whatever happens to payments, refunds, releases, statements and payouts, and in whatever order."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from steelyard.kernel.db import Database
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import PaymentState
from steelyard.trade import settlement
from steelyard.trade.settlement import BankAnswer, StatementState
from tests.money.deals import Deal, balance, make_due
from tests.money.sequences import STEPS, World, deal, explore, order
from tests.trade.merchants import complete, open_shop, refund_after_release

BANK = [BankAnswer(state=state, failure="closed" if state == "rejected" else None)
        for state in ("accepted", "paid", "rejected")]  # fmt: skip

SETTLING = st.one_of(
    STEPS,
    st.tuples(st.just("return_goods"), deal, order, st.integers(1, 4_000)),
    st.tuples(st.just("run"), st.integers(0, 5)),
    st.tuples(st.just("pay")),
    st.tuples(st.just("bank"), st.integers(0, 3), st.integers(1, 2), st.sampled_from(BANK)),
    st.tuples(st.just("bank"), st.integers(0, 1), st.just(1), st.just(BANK[-1])),
    st.tuples(st.just("pay_again"), st.integers(0, 1)),
)


class Settling(World):
    """The same purchases, and settlement running beside them."""

    async def begin(self) -> None:
        shops = [await open_shop(self.db) for _ in range(2)]
        first = Deal(amounts=(5_000, 2_500), merchants=list(shops))
        self.deals = [first, first.again(), Deal(amounts=(800, 9_000), merchants=list(shops))]
        self.shops = shops
        self.statements: list[settlement.Statement] = []
        await super().begin()
        for number in (0, 2):
            await self.answer(number, PaymentState.CAPTURED)
            await self.release(number, 0)

    async def hand_over(self, number: int, order: int) -> None:
        await complete(self.db, self.deals[number], order, commission=1, released=datetime.now(UTC))

    async def refund(self, number: int, order: int, amount: int) -> None:
        if (number, order) not in self.released:
            await super().refund(number, order, amount)

    async def return_goods(self, number: int, order: int, amount: int) -> None:
        if (number, order) in self.released:
            await refund_after_release(self.db, self.deals[number], amount, order)

    async def run(self, days: int) -> None:
        day = settlement.settlement_day(datetime.now(UTC)) + timedelta(days=days)
        self.statements += await self.db.transact(settlement.run, day)

    async def pay(self) -> None:
        await make_due(self.db)
        await self.db.transact(settlement.to_pay, 10)

    async def bank(self, number: int, attempt: int, answer: BankAnswer) -> None:
        if number < len(self.statements):
            statement_id = self.statements[number].statement_id
            await self.db.transact(settlement.record_payout, statement_id, attempt, answer, "bank")

    async def pay_again(self, number: int) -> None:
        if number < len(self.statements):
            statement = self.statements[number]
            await self.db.transact(settlement.pay_again, statement.merchant_id, statement.statement_id, "staff:1")


async def test_whatever_happens_what_is_payable_is_what_waits(db: Database, database_url: str) -> None:
    worlds = await explore(db, database_url, Settling, SETTLING)

    states: set[StatementState] = set()
    for world in worlds:
        assert isinstance(world, Settling)
        for shop in world.shops:
            waiting = await db.ask(settlement.waiting, shop)
            assert sum(w.amount for w in waiting) == await balance(db, shop, AccountKind.PAYABLE)
            states |= {s.state for s in (await db.ask(settlement.statements_page, merchant_id=shop)).items}
    assert states == set(StatementState)
