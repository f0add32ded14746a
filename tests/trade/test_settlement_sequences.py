"""Whatever happens to payments, refunds, releases, statements and payouts, and in whatever order."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import PaymentState
from steelyard.trade import settlement
from steelyard.trade.settlement import BankAnswer, StatementState, Terms, Way
from tests.money.deals import Deal, balance, make_due
from tests.money.sequences import STEPS, World, deal, explore, order
from tests.trade.merchants import complete, open_shop, refund_after_release
from tests.trade.settling import APPROVER, MAKER, PAYER, agree, sold, today

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
    st.tuples(st.just("sell"), st.integers(0, 1), st.integers(100, 3_000)),
    st.tuples(st.just("payday"), st.booleans()),
    st.tuples(st.just("check"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("silence")),
    st.tuples(st.just("make_batch"), st.integers(0, 3)),
    st.tuples(st.just("carry"), st.integers(0, 2), st.sampled_from(["approve", "drop", "fetch", "sent"])),
    st.tuples(st.just("carry"), st.integers(0, 1), st.just("fetch")),
    st.tuples(st.just("answer_file"), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("come_back"), st.integers(0, 2)),
    st.tuples(st.just("release_reserve"), st.integers(0, 400)),
    st.tuples(st.just("dispute"), st.integers(0, 2), st.integers(0, 4)),
    st.tuples(st.just("correct"), st.integers(0, 2), st.integers(-50, 50)),
)


# The second shop is paid by file, after it has checked, and something is kept back.
OTHERWISE = Terms(days=0, way=Way.FILE, check_days=2, reserve_rate=100_000, reserve_days=30)


class Settling(World):
    """The same purchases, and settlement running beside them."""

    async def begin(self) -> None:
        shops = [await open_shop(self.db) for _ in range(2)]
        first = Deal(amounts=(5_000, 2_500), merchants=list(shops))
        self.deals = [first, first.again(), Deal(amounts=(800, 9_000), merchants=list(shops))]
        self.shops = shops
        self.statements: list[settlement.Statement] = []
        self.batches: list[settlement.Batch] = []
        self.disputes: list[settlement.Dispute] = []
        await agree(self.db, shops[1], OTHERWISE, today())
        await self.db.transact(settlement.set_payer, "CNY", PAYER)
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

    async def sell(self, number: int, amount: int) -> None:
        await sold(self.db, self.shops[number], amount, commission=amount % 100, released=datetime.now(UTC))

    async def payday(self, paid: bool) -> None:
        """A day on which all goes its way up to the bank's answer."""
        await self.run(len(self.statements))
        await self.silence()
        await make_due(self.db)
        said = BANK[1] if paid else BANK[2]
        for due in await self.db.transact(settlement.to_pay, 10):
            await self.db.transact(settlement.record_payout, due.statement_id, due.attempt, said, "bank")
        await self.make_batch(0)
        await self.answer_file(len(self.batches) - 1, paid)

    async def check(self, number: int, agreed: bool) -> None:
        if number < len(self.statements):
            of = self.statements[number]
            await self.db.transact(
                lambda tx: settlement.check_statement(
                    tx, of.merchant_id, of.statement_id, agreed=agreed, words="" if agreed else "?", by="staff:9"
                )
            )

    async def silence(self) -> None:
        await self.db.transact(settlement.silently_checked, datetime.now(UTC) + timedelta(days=3))

    async def make_batch(self, first: int) -> None:
        chosen = [s.statement_id for s in self.statements[first:]]
        self.batches.append(await self.db.transact(settlement.make_batch, ids.mint(), "CNY", today(), chosen, MAKER))
        if first % 2 == 0:  # so that files get as far as the bank within a sequence
            await self.db.transact(settlement.approve_batch, self.batches[-1].batch_id, APPROVER)
            await self.carry(len(self.batches) - 1, "fetch")

    async def carry(self, number: int, how: str) -> None:
        command = {
            "approve": settlement.approve_batch,
            "drop": settlement.drop_batch,
            "fetch": settlement.fetch_batch,
            "sent": settlement.mark_sent,
        }[how]
        if number < len(self.batches):
            await self.db.transact(command, self.batches[number].batch_id, APPROVER)

    async def answer_file(self, number: int, paid: bool) -> None:
        if number >= len(self.batches):
            return
        batch_id = self.batches[number].batch_id
        for ordered in await self.db.ask(settlement.orders_of_batch, batch_id):
            key = ordered.merchant_id, ordered.statement_id
            await self.db.transact(
                lambda tx, key=key: settlement.answer_by_hand(tx, batch_id, *key, paid=paid, failure="closed", by=MAKER)
            )

    async def come_back(self, number: int) -> None:
        if number < len(self.statements):
            of = self.statements[number]
            await self.db.transact(settlement.take_back, of.merchant_id, of.statement_id, ids.mint(), "name", MAKER)

    async def release_reserve(self, days: int) -> None:
        await self.db.transact(settlement.release_reserves, today() + timedelta(days=days))

    async def dispute(self, number: int, line: int) -> None:
        if number < len(self.statements):
            of = self.statements[number]
            lines = (await self.db.ask(settlement.entries, of.merchant_id, of.statement_id)).items
            entry = lines[line % len(lines)]
            dispute_id = ids.mint()
            await self.db.transact(settlement.dispute, of.merchant_id, dispute_id, entry.entry_id, "?", "staff:9")
            self.disputes += [
                each
                for each in await self.db.ask(settlement.disputes_of, of.merchant_id, of.statement_id)
                if each.dispute_id == dispute_id
            ]

    async def correct(self, number: int, correction: int) -> None:
        if number < len(self.disputes):
            of = self.disputes[number]
            await self.db.transact(settlement.answer_dispute, of.merchant_id, of.dispute_id, correction, "So", MAKER)


async def test_whatever_happens_what_is_payable_is_what_waits(db: Database, database_url: str) -> None:
    worlds = await explore(db, database_url, Settling, SETTLING)

    states: set[StatementState] = set()
    for world in worlds:
        assert isinstance(world, Settling)
        for shop in world.shops:
            waiting = await db.ask(settlement.waiting, shop)
            assert sum(w.amount for w in waiting) == await balance(db, shop, AccountKind.PAYABLE)
            for each in (await db.ask(settlement.statements_page, merchant_id=shop)).items:
                steps = await db.ask(settlement.timeline, shop, each.statement_id)
                states |= {StatementState(step.to_state) for step in steps}
    # (Only what goes through Stripe is held: tests/trade/test_stripe_payouts.py)
    assert states == set(StatementState) - {StatementState.HELD}
    done = sum((world.done for world in worlds), Counter())
    for what in ("come_back", "release_reserve", "dispute", "correct", "answer_file", "carry", "silence"):
        assert done[what] > 3, f"{what} was hardly ever done"
