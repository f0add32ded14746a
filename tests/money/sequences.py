"""Random sequences of everything that may happen to money; `explore` runs them and looks at the books after each."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import date

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger, payments
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import ByHand, PaymentState, Refund, RefundRoute, RefundState
from tests.money.deals import FAILED, SENT, SUCCEEDED, Deal, record, refund, release, said
from tests.support.database import assert_checks

ANSWERS = [PaymentState.PENDING, PaymentState.CAPTURED, PaymentState.DECLINED, PaymentState.CANCELLED]
REFUND_ANSWERS = [SENT, SUCCEEDED, FAILED]
DEALS = 3
ORDERS = 2
EXAMPLES = 55
DAY = date(2026, 11, 3)

deal = st.integers(0, DEALS - 1)
order = st.integers(0, ORDERS - 1)
STEPS = st.one_of(
    st.tuples(st.just("answer"), deal, st.sampled_from(ANSWERS)),
    st.tuples(st.just("answer"), deal, st.just(PaymentState.CAPTURED)),
    st.tuples(st.just("refund"), deal, order, st.integers(1, 4_000)),
    st.tuples(st.just("refund"), deal, order, st.integers(1, 4_000)),
    st.tuples(st.just("refund_answer"), st.integers(0, 5), st.integers(1, 2), st.sampled_from(REFUND_ANSWERS)),
    st.tuples(st.just("retry"), st.integers(0, 5), st.sampled_from([RefundRoute.ORIGIN, RefundRoute.BALANCE])),
    st.tuples(st.just("by_hand"), st.integers(0, 5), st.integers(1, 3)),
    st.tuples(st.just("came_back"), st.integers(0, 5)),
    st.tuples(st.just("release"), deal, order),
    st.tuples(st.just("surplus"), deal),
    st.tuples(st.just("sweep")),
)


class World:
    """A few purchases, and what has been done to them. The first two payments are for the same purchase."""

    def __init__(self, db: Database) -> None:
        self.db = db
        first = Deal(amounts=(5_000, 2_500))
        self.deals = [first, first.again(), Deal(amounts=(800, 9_000), currency="JPY")]
        self.refunds: list[Refund] = []
        self.released: set[tuple[int, int]] = set()
        self.done: Counter[str] = Counter()

    async def begin(self) -> None:
        await self.db.transact(payments.instruct_all, [deal.instruction() for deal in self.deals])

    async def do(self, what: str, *facts) -> None:
        try:
            await getattr(self, what)(*facts)
            self.done[what] += 1
        except Refusal:
            return  # no is an answer, and leaves nothing behind

    async def answer(self, number: int, state: PaymentState) -> None:
        await record(self.db, self.deals[number], said(state))

    async def refund(self, number: int, order: int, amount: int) -> None:
        out_of = AccountKind.PAYABLE if (number, order) in self.released else AccountKind.HELD
        deal = self.deals[number]
        self.refunds.append(
            await refund(self.db, deal, amount, order, out_of=out_of, payment_id=deal.payment_id, refund_id=ids.mint())
        )

    async def refund_answer(self, number: int, attempt: int, answer: payments.RefundAnswer) -> None:
        if number < len(self.refunds):
            made = self.refunds[number]
            await self.db.transact(payments.record_refund, made.refund_id, attempt, answer, "channel")

    async def retry(self, number: int, route: RefundRoute) -> None:
        if number < len(self.refunds):
            made = self.refunds[number]
            await self.db.transact(payments.send_again, made.merchant_id, made.refund_id, "staff:1", route)

    async def by_hand(self, number: int, bank_number: int) -> None:
        if number < len(self.refunds):
            made = self.refunds[number]
            line = ByHand(bank_number=f"{self.deals[0].payment_id}-{bank_number}", party="A buyer", on_day=DAY)
            await self.db.transact(payments.made_by_hand, made.merchant_id, made.refund_id, line, "staff:1")

    async def came_back(self, number: int) -> None:
        if number < len(self.refunds):
            known = await self.db.ask(payments.refund_of, self.refunds[number].refund_id)
            if known is not None and known.route is RefundRoute.BY_HAND and known.state is RefundState.SUCCEEDED:
                await self.db.transact(payments.came_back, known.merchant_id, known.refund_id, "closed", "staff:1")

    async def release(self, number: int, order: int) -> None:
        known = await self.db.ask(payments.get, self.deals[number].payment_id)
        assert known is not None
        # The order of a purchase is released once, from the payment that paid it.
        if number == 1 or known.state is not PaymentState.CAPTURED or known.surplus or (number, order) in self.released:
            return
        await self.hand_over(number, order)
        self.released.add((number, order))

    async def hand_over(self, number: int, order: int) -> None:
        await release(self.db, self.deals[number], order, commission=1)

    async def surplus(self, number: int) -> None:
        known = await self.db.ask(payments.get, self.deals[number].payment_id)
        assert known is not None
        if known.state is PaymentState.CAPTURED and not any(released[0] == number for released in self.released):
            self.refunds += await self.db.transact(payments.refund_surplus, self.deals[number].payment_id, "paid_twice")

    async def sweep(self) -> None:
        await self.db.transact(payments.to_query, 10)
        for due in await self.db.transact(payments.to_refund, 10):
            said = SUCCEEDED if due.route is RefundRoute.BALANCE else SENT
            state = await self.db.transact(payments.record_refund, due.refund_id, due.attempt, said, "channel")
            assert state in (RefundState.SENT, RefundState.SUCCEEDED)


async def explore(db: Database, url: str, world: Callable[[Database], World], steps: st.SearchStrategy) -> list[World]:
    """Live through many sequences of `steps`; after each, the books balance and every check is true."""
    loop = asyncio.get_running_loop()
    worlds: list[World] = []

    async def live(sequence: list[tuple]) -> None:
        worlds.append(world(db))
        await worlds[-1].begin()
        for what, *facts in sequence:
            await worlds[-1].do(what, *facts)
        lines = await db.ask(ledger.trial_balance)
        for currency in {line.currency for line in lines}:
            assert sum(line.debits - line.credits for line in lines if line.currency == currency) == 0
        await assert_checks(url)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(steps, min_size=15, max_size=40))
    def run(sequence: list[tuple]) -> None:
        asyncio.run_coroutine_threadsafe(live(sequence), loop).result()

    await asyncio.to_thread(run)
    return worlds
