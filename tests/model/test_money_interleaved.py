"""Paying, at once or when goods leave, late and twice, taking in parts and letting go, giving back by pieces and by freight,
charging back, settling, paying out, clawing back, fees that change, and a process that dies in the middle of any of them, in any
order: after each step the money adds up, without asking the ledger and in it, for each currency and each purchase."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from steelyard.kernel import ids, money
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Refusal
from steelyard.money import ledger, payments
from steelyard.money.payments import CaptureAnswer, CaptureState, DisputeReason, DisputeStanding
from steelyard.money.payments.gateways.simpay import Simpay
from steelyard.money.payments.model import ChannelAnswer, Instruction, PaymentState, RefundAnswer, RefundId, RefundState
from steelyard.parties import merchants
from steelyard.parties.merchants import Captures
from steelyard.trade import aftersales, chargebacks, checkout, commission, orders, settlement
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.chargebacks import Answer, Bearer, News
from steelyard.trade.checkout import collection
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.commission.model import RuleId
from steelyard.trade.orders.model import Order, OrderState
from steelyard.trade.settlement.model import BankAnswer
from tests.model.house import WARES, House, settlement_day
from tests.support import deal
from tests.support.cluster import TestServer
from tests.support.seeded import SeededServer

EXAMPLES, EXAMPLES_LONG = 8, 500
STEPS = 45
BY = "test"
CHANNELS = {"simpay": Simpay("http://simpay.test", "", "")}  # it authorises, and captures in parts
# Told more often than others: that money is taken, and that it is lost.
STANDINGS = (
    DisputeStanding.INQUIRY, DisputeStanding.NEEDS_ANSWER, DisputeStanding.NEEDS_ANSWER, DisputeStanding.ANSWERED,
    DisputeStanding.WON, DisputeStanding.LOST, DisputeStanding.LOST, DisputeStanding.CLOSED,
)  # fmt: skip
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

# What was captured is with somebody, and what the platform made good came out of its own: each of the parts is counted from its
# own module's tables, none from the ledger. What is authorised only is nobody's yet.
WITH_SOMEBODY = """
SELECT coalesce((SELECT sum(captured) FROM payment_splits WHERE currency = $1), 0)::bigint AS captured
     , coalesce((SELECT sum(made_good) FROM chargeback_parts WHERE currency = $1), 0)::bigint AS made_good
     , coalesce((SELECT sum(amount) FROM refunds WHERE state = 'succeeded' AND currency = $1), 0)::bigint AS refunded
     , coalesce((SELECT sum(amount) FROM refunds WHERE state <> 'succeeded' AND currency = $1), 0)::bigint AS refund_due
     , coalesce((SELECT sum(o.total - o.refunded - s.open) FROM orders o
                 CROSS JOIN LATERAL (SELECT coalesce(sum(authorised - captured - released), 0) AS open FROM payment_splits p
                                     WHERE (p.merchant_id, p.order_id) = (o.merchant_id, o.order_id)) AS s
                 WHERE o.state IN ('held', 'paid', 'shipped') AND o.currency = $1), 0)::bigint AS held
     , coalesce((SELECT sum(amount) FROM settlement_entries WHERE statement_id IS NULL AND currency = $1), 0)::bigint
       AS waiting
     , coalesce((SELECT sum(amount) FROM chargeback_parts WHERE frozen AND currency = $1), 0)::bigint AS frozen
     , coalesce((SELECT sum(fee) FROM chargeback_parts WHERE currency = $1), 0)::bigint AS fees_passed_on
     , coalesce((SELECT sum(payout) FROM statements WHERE state <> 'paid' AND currency = $1), 0)::bigint AS on_its_way
     , coalesce((SELECT sum(payout) FROM statements WHERE state = 'paid' AND currency = $1), 0)::bigint AS paid_out
     , coalesce((SELECT sum(commission - commission_returned) FROM orders
                 WHERE completed_at IS NOT NULL AND currency = $1), 0)::bigint AS commission
"""
# Where channels have taken money back: what they argue about, what they took twice less what came back after all, their fees.
TAKEN_BACK = """
SELECT coalesce(sum(amount) FILTER (WHERE state IN ('evidence_due', 'answering', 'submitted')), 0)::bigint AS argued
     , coalesce(sum(excess - covered) FILTER (WHERE state IN ('lost', 'accepted', 'expired', 'recovered')), 0)::bigint
     - coalesce(sum(amount) FILTER (WHERE state = 'recovered'), 0)::bigint AS lost
     , coalesce(sum(fee), 0)::bigint AS fees
FROM chargebacks WHERE currency = $1
"""
# Nothing of a purchase is given back twice or out of another's money, and no more than was captured.
PER_PURCHASE = """
SELECT p.purchase_id, p.state, c.captured, r.refunded, r.due, o.left_over
FROM purchases p
CROSS JOIN LATERAL (SELECT coalesce(sum(s.captured), 0) AS captured
                         , coalesce(sum(s.authorised - s.captured - s.released), 0) AS open
                    FROM payments y JOIN payment_splits s USING (payment_id) WHERE y.purchase_id = p.purchase_id) AS c
CROSS JOIN LATERAL (SELECT coalesce(sum(f.amount) FILTER (WHERE f.state = 'succeeded'), 0) AS refunded
                         , coalesce(sum(f.amount) FILTER (WHERE f.state <> 'succeeded'), 0) AS due
                    FROM refunds f JOIN payments y USING (payment_id) WHERE y.purchase_id = p.purchase_id) AS r
CROSS JOIN LATERAL (SELECT coalesce(sum(o.total - o.refunded), 0) AS left_over FROM orders o
                    WHERE o.purchase_id = p.purchase_id AND o.paid_at IS NOT NULL) AS o
WHERE c.captured <> r.refunded + r.due + o.left_over - c.open OR r.refunded + r.due > c.captured
"""


class Died(Exception):
    """The process is gone before it has committed."""


class Traders:
    """Who says the commands, and what they know: only what there is, by number."""

    def __init__(self, house: House) -> None:
        self.house, self.db = house, house.db
        self.purchases: list[Any] = []
        self.payments: list[Any] = []
        self.asked: dict[Any, Instruction] = {}
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
                return await self.db.transact(
                    collection.begin, purchase_id, channel="simpay", return_url="https://shop.test/", token=None, payment_id=None,
                    channels=CHANNELS,
                )  # fmt: skip
            except Refusal as refusal:
                return refusal

        answer = self.house.do(begun())
        if isinstance(answer, Instruction) and answer.payment_id not in self.payments:
            self.payments.append(answer.payment_id)
            self.asked[answer.payment_id] = answer

    def channel_says(self, one: int, other: int, dies: bool) -> None:
        """Captured most often; once in a while declined, or captured after all, or told again."""
        if not self.payments:
            return
        payment_id = self.payments[one % len(self.payments)]
        asked = self.asked[payment_id]
        state = PaymentState.AUTHORISED if asked.later else PaymentState.CAPTURED
        if other % 7 == 6:
            state = PaymentState.DECLINED
        answer = ChannelAnswer(
            reference=f"ch_{payment_id}",
            state=state,
            amount=asked.amount if asked.later else None,
            currency=asked.currency,
        )
        self.say(dies, checkout.apply_payment, payment_id, answer, "channel")

    def take_later(self, one: int, other: int, dies: bool) -> None:
        """A shop has its money taken at once from now on, or when goods are packed or leave."""
        merchant_id = self.house.world.merchants[one % 2].merchant_id
        self.say(dies, merchants.set_captures, merchant_id, list(Captures)[other % len(Captures)])
        self.db.kept.clear()

    def channel_takes(self, one: int, other: int, dies: bool) -> None:
        """What is wanted of what was authorised is taken, order by order or at once; told twice now and then."""
        self.house.do(self.db.transact(_hurry))
        for due in self.say(False, payments.to_capture, ["simpay"] if one % 5 == 4 else [], 10):
            for _ in range(1 + other % 2):
                answer = CaptureAnswer(state=CaptureState.SUCCEEDED)
                self.say(dies, payments.record_capture, due.capture_id, answer, "channel")

    def channel_lets_go(self, one: int, other: int, dies: bool) -> None:
        """The channel is told what is not wanted any more."""
        self.house.do(self.db.transact(_hurry))
        for due in self.say(False, payments.to_void, 10):
            taken = self.look(_captured, due.payment_id)
            state = PaymentState.CAPTURED if taken else PaymentState.CANCELLED
            answer = ChannelAnswer(reference=f"ch_{due.payment_id}", state=state, amount=taken or None)
            self.say(dies, payments.record_void, due.payment_id, answer, "channel")

    def charge_back(self, one: int, other: int, dies: bool) -> None:
        """A channel says how a chargeback stands: asked about, taken, decided; of all or a part, early, late and out of order."""
        captured = self.look(_charged)
        if not captured:
            return
        payment_id, amount = captured[one % len(captured)]
        standing = STANDINGS[other % len(STANDINGS)]
        news = News(
            payment_id=payment_id, channel="simpay", reference=f"du_{one % 2}", currency="CNY", fee=150, standing=standing,
            amount=max(1, amount * (100, 40)[one % 2] // 100), reason=list(DisputeReason)[other % len(DisputeReason)],
            due_at=datetime.now(UTC) + timedelta(days=9),
        )  # fmt: skip
        self.say(dies, chargebacks.record, news, "channel")

    def answer_chargeback(self, one: int, other: int, dies: bool) -> None:
        """Staff say who bears it, contest it or not, share it out, or send it anyway; or nobody answers in time."""
        found = self.look(_chargebacks)
        if not found:
            return
        row = found[one % len(found)]
        match other % 5:
            case 0:
                who = list(Bearer)[one % len(Bearer)]
                self.say(dies, chargebacks.set_bearer, row["chargeback_id"], row["order_id"], who, "So")
            case 1:
                shares = {row["order_id"]: row["whole"]}
                self.say(dies, chargebacks.share_out, row["chargeback_id"], shares, BY)
            case 2:
                self.say(dies, chargebacks.expire, datetime.now(UTC) + timedelta(days=30))
            case 4:
                self.say(dies, chargebacks.send_anyway, *[*row][:3], "So", BY)
            case _:
                what = list(Answer)[(one + other // 5) % len(Answer)]
                self.say(dies, chargebacks.answer, row["chargeback_id"], what, {}, "So", BY, by_channel=False)

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
            there = self.look(_row, WITH_SOMEBODY, currency)
            taken = self.look(_row, TAKEN_BACK, currency)
            captured, made_good = there.pop("captured"), there.pop("made_good")
            assert captured + made_good == sum(there.values()), (captured, made_good, there)
            books = {line.kind: line.balance for line in self.look(ledger.trial_balance) if line.currency == currency}
            cash = captured - there["refunded"] - taken["argued"] - taken["lost"] - taken["fees"]
            assert books.get("channel_cash", 0) == cash, (books, there, taken)
            assert books.get("chargebacks", 0) == taken["argued"]
            assert books.get("chargeback_losses", 0) == taken["lost"] + made_good
            assert books.get("channel_fees", 0) == taken["fees"] - there["fees_passed_on"]
            assert books.get("disputed", 0) == there["frozen"]
            assert books.get("held", 0) == there["held"]
            assert books.get("payable", 0) == there["waiting"]
            assert books.get("refund_due", 0) == there["refund_due"]
            assert books.get("commission", 0) == there["commission"]
            assert -books.get("bank_cash", 0) == there["paid_out"]
        wrong = self.look(_per_purchase)
        assert not wrong, wrong


async def _row(read: Read, sql: LiteralString, currency: str) -> dict[str, int]:
    row = await read.row(sql, currency)
    assert row is not None
    return dict(row)


async def _hurry(tx: Tx) -> None:
    """All that is asked for later is asked for now."""
    await tx.execute("UPDATE payment_captures SET attempt_at = now() WHERE attempt_at IS NOT NULL")
    await tx.execute("UPDATE payments SET void_at = NULL WHERE void_at IS NOT NULL")


async def _captured(read: Read, payment_id: UUID) -> int:
    return await read.value("SELECT sum(captured)::bigint FROM payment_splits WHERE payment_id = $1", payment_id)


async def _charged(read: Read) -> list[tuple[UUID, int]]:
    """Payments that were taken, with what they are of."""
    rows = await read.fetch(
        "SELECT payment_id, amount FROM payments WHERE state = 'captured' ORDER BY created_at, payment_id"
    )
    return [(row["payment_id"], row["amount"]) for row in rows]


async def _chargebacks(read: Read) -> list[Any]:
    return await read.fetch(
        """
        SELECT merchant_id, chargeback_id, order_id, sum(amount) OVER (PARTITION BY chargeback_id)::bigint AS whole
        FROM chargeback_parts ORDER BY opened_at, chargeback_id, order_id
        """
    )


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
    "buy", "buy", "begin", "channel_says", "channel_says", "drop", "take_later", "channel_takes", "channel_takes",
    "channel_lets_go", "ship_and_receive", "ship_and_receive", "ship_and_receive", "give_back", "give_back", "cancel",
    "channel_gives_back", "channel_gives_back", "charge_back", "charge_back", "charge_back", "answer_chargeback",
    "answer_chargeback", "settle", "settle", "pay_out", "pay_out", "change_fee",
)  # fmt: skip
NUMBERS = st.integers(0, 1_000)
# Each history begins in the middle of things: one shop is about to be paid, a payment is charged back, and of another that was
# authorised a part is taken.
BEGUN = (
    ("buy", 0, 2, False), ("buy", 0, 2, False), ("ship_and_receive", 0, 1, False), ("settle", 0, 0, False),
    ("pay_out", 0, 0, True), ("charge_back", 0, 1, True), ("answer_chargeback", 1, 0, False),
    ("answer_chargeback", 0, 3, True), ("give_back", 2, 1, False), ("channel_gives_back", 0, 2, False),
    ("channel_gives_back", 0, 0, False), ("channel_gives_back", 0, 0, True), ("cancel", 2, 0, True),
    ("take_later", 1, 2, False), ("buy", 0, 2, False), ("channel_takes", 0, 1, True), ("cancel", 3, 0, True),
    ("channel_lets_go", 0, 0, False), ("charge_back", 0, 5, True), ("buy", 0, 2, False),
    ("charge_back", -1, 2, False), ("answer_chargeback", -1, 4, True), ("change_fee", 0, 3, False),
)  # fmt: skip
HISTORIES = st.lists(
    st.tuples(st.sampled_from(STEPS_OF), NUMBERS, NUMBERS, st.booleans()), min_size=STEPS // 2, max_size=STEPS
)
HAPPENS = (
    "apply_payment", "refund", "cancel", "record_refund", "run", "to_pay", "record_payout", "set_rate", "confirm_receipt",
    "record_capture", "record_void", "record", "answer", "set_bearer",
)  # fmt: skip
# What has come about in some history: how chargebacks stood, what was frozen, and payments that were taken in part.
COMES_ABOUT = """
SELECT DISTINCT to_state FROM chargeback_history
UNION SELECT 'frozen' FROM ledger_transfers WHERE reason = 'disputed'
UNION SELECT 'made good' FROM chargeback_parts WHERE made_good > 0
UNION SELECT 'let go' FROM payment_releases
UNION SELECT 'sent anyway' FROM chargeback_parts WHERE sent_anyway_at IS NOT NULL
UNION SELECT 'taken in part' FROM payment_captures c JOIN payments p USING (buyer_id, payment_id)
WHERE c.state = 'succeeded' AND c.amount < p.amount
"""
SEEN = {"sent anyway", "evidence_due", "submitted", "lost", "frozen", "made good", "let go", "taken in part"}


async def _come_about(read: Read) -> set[str]:
    return {row[0] for row in await read.fetch(COMES_ABOUT)}


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
    seen: set[str] = set()

    @chosen()
    @given(HISTORIES)
    def adds_up(history: list[tuple[str, int, int, bool]]) -> None:
        house.begin()
        traders = Traders(house)
        for step in [*BEGUN, *history]:
            traders.do(step)
            traders.must_add_up()
        house.check()
        seen.update(traders.look(_come_about))
        for name, times in traders.happened.items():
            happened[name] = happened.get(name, 0) + times

    adds_up()

    assert happened.keys() >= set(HAPPENS), happened
    assert seen >= SEEN, SEEN - seen


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
