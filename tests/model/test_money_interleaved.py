"""Paying, late and twice, giving back by pieces and by freight, settling, paying out, clawing back, fees that change, and a
process that dies in the middle of any of them, in any order: after each step the money adds up, without asking the ledger
and in it, for each currency and each purchase."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids, money
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger, payments
from steelyard.money.payments.model import ChannelAnswer, Instruction, PaymentState, RefundAnswer, RefundId, RefundState
from steelyard.trade import aftersales, checkout, commission, orders, settlement
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.commission.model import RuleId
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.settlement.model import BankAnswer
from tests.model.house import WARES, House, settlement_day
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.seeded import SeededServer

EXAMPLES = 10
EXAMPLES_LONG = 500
STEPS = 45
BY = "test"
RATES = (0, 1, 33_333, 50_000, 150_000, 999_999)

BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.generate],
)
LONG = settings(BOUNDED, max_examples=EXAMPLES_LONG, derandomize=False, phases=[Phase.generate, Phase.shrink])

# What buyers have paid is with somebody: each of the parts is counted from its own module's tables, none from the ledger.
WITH_SOMEBODY = """
SELECT coalesce((SELECT sum(amount) FROM payments WHERE state = 'captured' AND currency = $1), 0)::bigint AS captured
     , coalesce((SELECT sum(amount) FROM refunds WHERE state = 'succeeded' AND currency = $1), 0)::bigint AS refunded
     , coalesce((SELECT sum(amount) FROM refunds WHERE state <> 'succeeded' AND currency = $1), 0)::bigint AS refund_due
     , coalesce((SELECT sum(total - refunded) FROM orders WHERE state IN ('paid', 'shipped') AND currency = $1), 0)::bigint
       AS held
     , coalesce((SELECT sum(amount) FROM settlement_entries WHERE statement_id IS NULL AND currency = $1), 0)::bigint
       AS waiting
     , coalesce((SELECT sum(payout) FROM statements WHERE state <> 'paid' AND currency = $1), 0)::bigint AS on_its_way
     , coalesce((SELECT sum(payout) FROM statements WHERE state = 'paid' AND currency = $1), 0)::bigint AS paid_out
     , coalesce((SELECT sum(commission - commission_returned) FROM orders
                 WHERE completed_at IS NOT NULL AND currency = $1), 0)::bigint AS commission
"""
# Nothing of a purchase is given back twice or out of another's money.
PER_PURCHASE = """
SELECT p.purchase_id, p.state, c.captured, r.refunded, r.due, o.left_over
FROM purchases p
CROSS JOIN LATERAL (SELECT coalesce(sum(y.amount), 0) AS captured FROM payments y
                    WHERE y.purchase_id = p.purchase_id AND y.state = 'captured') AS c
CROSS JOIN LATERAL (SELECT coalesce(sum(f.amount) FILTER (WHERE f.state = 'succeeded'), 0) AS refunded
                         , coalesce(sum(f.amount) FILTER (WHERE f.state <> 'succeeded'), 0) AS due
                    FROM refunds f JOIN payments y USING (payment_id) WHERE y.purchase_id = p.purchase_id) AS r
CROSS JOIN LATERAL (SELECT coalesce(sum(o.total - o.refunded), 0) AS left_over FROM orders o
                    WHERE o.purchase_id = p.purchase_id AND o.paid_at IS NOT NULL) AS o
WHERE c.captured <> r.refunded + r.due + o.left_over
"""


class Died(Exception):
    """The process is gone before it has committed."""


class Traders:
    """Who says the commands, and what they know: only what there is, by number."""

    def __init__(self, house: House) -> None:
        self.house, self.db = house, house.db
        self.purchases: list[Any] = []
        self.payments: list[Any] = []
        self.happened: dict[str, int] = {}

    def do(self, step: tuple[str, int, int, bool]) -> None:
        name, one, other, dies = step
        getattr(self, name)(one, other, dies)

    def say(self, dies: bool, command: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """A command; when its process `dies` at the end of it, somebody else says it anew. Refusals are answers."""

        async def killed(tx: Tx) -> None:
            await command(tx, *args, **kwargs)
            raise Died

        answer: Any = None
        for run in ([killed] if dies else []) + [None]:
            try:
                if run is not None:
                    self.house.do(self.db.transact(run))
                else:
                    answer = self.house.do(self.db.transact(command, *args, **kwargs))
                    self.happened[command.__name__] = self.happened.get(command.__name__, 0) + 1
            except Died:
                pass
            except Refusal as refusal:
                answer = refusal
        return answer

    def look(self, question: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return self.house.do(self.db.ask(question, *args))

    def buy(self, one: int, other: int, dies: bool) -> None:
        """Two shops' goods in one purchase, or one shop's."""
        wares = list(WARES)
        wanted = {wares[one % len(wares)]: 1 + other % 3, wares[other % len(wares)]: 1}
        lines = [(self.house.skus[ware], pieces) for ware, pieces in wanted.items()]
        checkout_id = CheckoutId(ids.mint())
        buyer_id = self.house.buyers["lina"]
        self.say(False, checkout.open_checkout, checkout_id, buyer_id, deal.draft(lines), client=SHOP)
        placed = self.say(dies, checkout.place, checkout_id, expected_total=None, by=BY)
        if not isinstance(placed, Refusal):
            self.purchases.append(placed)
            self.begin(len(self.purchases) - 1, 0, dies)
            self.channel_says(len(self.payments) - 1, other, dies)

    def begin(self, one: int, _: int, dies: bool) -> None:
        if not self.purchases:
            return
        purchase_id = self.purchases[one % len(self.purchases)]

        async def begun() -> Any:
            try:
                return await deal.begun(self.db, purchase_id)
            except Refusal as refusal:
                return refusal

        answer = self.house.do(begun())
        if isinstance(answer, Instruction) and answer.payment_id not in self.payments:
            self.payments.append(answer.payment_id)

    def channel_says(self, one: int, other: int, dies: bool) -> None:
        """Captured most often; once in a while declined, or captured after all, or told again."""
        if not self.payments:
            return
        payment_id = self.payments[one % len(self.payments)]
        state = PaymentState.DECLINED if other % 7 == 6 else PaymentState.CAPTURED
        answer = ChannelAnswer(reference=f"ch_{payment_id}", state=state)
        self.say(dies, checkout.apply_payment, payment_id, answer, "channel")

    def drop(self, one: int, _: int, dies: bool) -> None:
        if self.purchases:
            purchase_id = self.purchases[one % len(self.purchases)]
            self.say(dies, orders.cancel_purchase, purchase_id, "buyer", BY)

    def ship_and_receive(self, one: int, other: int, dies: bool) -> None:
        found = self._order(one, (OrderState.PAID, OrderState.SHIPPED))
        if found is None:
            return
        if found.state is OrderState.PAID:
            self.house.do(deal.shipped(self.db, found))
        if other % 3:
            self.say(dies, orders.confirm_receipt, found.merchant_id, found.order_id, BY)

    def give_back(self, one: int, other: int, dies: bool) -> None:
        """Some pieces, some freight, both, or all that is left."""
        found = self._order(one, (OrderState.PAID, OrderState.SHIPPED, OrderState.COMPLETED))
        if found is None:
            return
        lines = self.look(orders.lines_of, [found.order_id])[found.order_id]
        line = lines[other % len(lines)]
        pieces = min(1 + other % 2, line.quantity - line.refunded_quantity) if other % 5 else 0
        freight = (0, 0, 1, 250, 800)[other % 5]
        request = RefundRequest(
            refund_id=RefundId(ids.mint()), merchant_id=found.merchant_id, order_id=found.order_id,
            lines=[Returned(line.line, pieces)] if pieces > 0 else [], freight=freight,
        )  # fmt: skip
        self.say(dies, aftersales.refund, request, BY)

    def cancel(self, one: int, _: int, dies: bool) -> None:
        found = self._order(one, (OrderState.PAID,))
        if found is not None:
            self.say(dies, aftersales.cancel, found.merchant_id, found.order_id, RefundId(ids.mint()), "no", BY)

    def channel_gives_back(self, one: int, other: int, dies: bool) -> None:
        """It has arrived, or has failed and is instructed again."""
        rows = self.look(_refunds)
        if not rows:
            return
        row = rows[one % len(rows)]
        if row["state"] == "failed":
            self.say(dies, payments.send_again, row["merchant_id"], row["refund_id"], BY)
            return
        self.say(False, payments.to_refund, 50)
        state = RefundState.FAILED if other % 3 == 2 else RefundState.SUCCEEDED
        answer = RefundAnswer(reference="re", state=state)
        self.say(dies, payments.record_refund, row["refund_id"], 1, answer, "channel")

    def settle(self, one: int, _: int, dies: bool) -> None:
        self.house.do(deal.at_rest(self.db))
        self.say(dies, settlement.run, settlement_day(self.house, 2 + one % 3))

    def pay_out(self, one: int, other: int, dies: bool) -> None:
        self.say(dies, settlement.to_pay, 10)
        rows = self.look(_statements)
        if not rows:
            return
        row = rows[one % len(rows)]
        if row["state"] == "failed":
            self.say(dies, settlement.pay_again, row["merchant_id"], row["statement_id"], BY)
            return
        state = "rejected" if other % 4 == 3 else "paid"
        answer = BankAnswer(state=state, failure="closed" if state == "rejected" else None)
        self.say(dies, settlement.record_payout, row["statement_id"], 1 + other % 2, answer, "bank")

    def change_fee(self, one: int, other: int, dies: bool) -> None:
        """From now on the platform takes another part; of what is sold already it takes what it took."""
        merchant_id = self.house.world.merchants[one % 2].merchant_id
        self.say(dies, commission.set_rate, RuleId(ids.mint()), RATES[other % len(RATES)], merchant_id=merchant_id)

    def _order(self, one: int, states: tuple[OrderState, ...]) -> Order | None:
        found: list[Order] = []
        for purchase_id in self.purchases:
            found += self.look(orders.orders_of_purchase, purchase_id)
        fitting = [order for order in found if order.state in states]
        return fitting[one % len(fitting)] if fitting else None

    def must_add_up(self) -> None:
        """The money of every currency is with somebody, and that of every purchase; the ledger says the same."""
        self.house.do(deal.at_rest(self.db))
        for currency in ("CNY",):
            there = self.look(_with_somebody, currency)
            captured = there.pop("captured")
            assert captured == sum(there.values()), (captured, there)
            books = {line.kind: line.balance for line in self.look(ledger.trial_balance) if line.currency == currency}
            assert books.get("channel_cash", 0) == captured - there["refunded"]
            assert books.get("held", 0) == there["held"]
            assert books.get("payable", 0) == there["waiting"]
            assert books.get("refund_due", 0) == there["refund_due"]
            assert books.get("commission", 0) == there["commission"]
            assert -books.get("bank_cash", 0) == there["paid_out"]
        wrong = self.look(_per_purchase)
        assert not wrong, wrong


async def _with_somebody(read: Read, currency: str) -> dict[str, int]:
    row = await read.row(WITH_SOMEBODY, currency)
    assert row is not None
    return dict(row)


async def _per_purchase(read: Read) -> list[dict[str, Any]]:
    return [dict(row) for row in await read.fetch(PER_PURCHASE)]


async def _refunds(read: Read) -> list[Any]:
    return await read.fetch(
        "SELECT merchant_id, refund_id, state FROM refunds WHERE state <> 'succeeded' ORDER BY refund_id"
    )


async def _statements(read: Read) -> list[Any]:
    return await read.fetch(
        "SELECT merchant_id, statement_id, state FROM statements WHERE state <> 'paid' ORDER BY statement_id"
    )


STEPS_OF = (
    "buy", "buy", "buy", "begin", "channel_says", "channel_says", "drop", "ship_and_receive", "ship_and_receive",
    "ship_and_receive", "give_back", "give_back", "give_back", "cancel", "channel_gives_back", "channel_gives_back", "settle",
    "settle", "pay_out", "pay_out", "pay_out", "change_fee",
)  # fmt: skip
NUMBERS = st.integers(0, 1_000)
# Each history begins in the middle of things: one shop is about to be paid, another is not.
BEGUN = (
    ("buy", 0, 1, False), ("buy", 0, 2, False), ("ship_and_receive", 0, 1, False), ("settle", 0, 0, False),
    ("pay_out", 0, 0, False), ("give_back", 1, 1, False), ("channel_gives_back", 0, 2, False), ("channel_gives_back", 0, 0, True),
)  # fmt: skip
HISTORIES = st.lists(
    st.tuples(st.sampled_from(STEPS_OF), NUMBERS, NUMBERS, st.booleans()), min_size=STEPS // 2, max_size=STEPS
)
HAPPENS = (
    "apply_payment", "refund", "cancel", "record_refund", "run", "to_pay", "record_payout", "set_rate",
    "confirm_receipt",
)  # fmt: skip


@pytest.fixture(scope="module")
def house(database_server: TestServer) -> Iterator[House]:
    seeded = SeededServer(database_server)
    with seeded.database() as url:
        house = House(url, seeded.world)
        yield house
        house.close()


def chosen() -> settings:
    return LONG if settings.get_current_profile_name() == "long" else BOUNDED


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_money_adds_up_after_every_step(house: House) -> None:
    happened: dict[str, int] = {}

    @chosen()
    @given(HISTORIES)
    def adds_up(history: list[tuple[str, int, int, bool]]) -> None:
        house.begin()
        traders = Traders(house)
        for step in history:
            traders.do(step)
            traders.must_add_up()
        house.check()
        for name, times in traders.happened.items():
            happened[name] = happened.get(name, 0) + times

    adds_up()

    assert happened.keys() >= set(HAPPENS), happened


@pytest.mark.slow
def test_control_a_cent_that_goes_astray_is_found(house: House) -> None:
    house.begin()
    traders = Traders(house)
    traders.buy(0, 1, False)
    traders.must_add_up()

    house.do(house.db.transact(_lost_cent))

    with pytest.raises(AssertionError):
        traders.must_add_up()


async def _lost_cent(tx: Tx) -> None:
    await tx.execute("UPDATE orders SET refunded = refunded + 1 WHERE state = 'paid'")


def test_599_cents_at_85_to_15() -> None:
    """The published split: to the last cent, and the larger part first."""
    assert money.split(599, [85, 15]) == [509, 90]
