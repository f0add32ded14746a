"""Every command of the trade in any order, said to the model and to the house: the same answer, and the same state after."""

from collections import Counter
from collections.abc import Callable, Container
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from steelyard.goods import inventory
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.logistics.fulfilment.model import Dispatch, Packed
from steelyard.money import payments
from steelyard.money.payments.model import ChannelAnswer, Instruction, PaymentState, RefundAnswer, RefundId, RefundState
from steelyard.trade import aftersales, cart, checkout, orders, settlement
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.checkout.model import SHOP, CheckoutId
from steelyard.trade.orders import jobs as orders_jobs
from steelyard.trade.orders.model import NotPayable
from steelyard.trade.settlement.model import BankAnswer
from tests.model.house import BUYERS, PRICES, STOCK, WARES, House, orders_of, settlement_day
from tests.model.trade import SENDABLE, TO_SEND, Checkout, Order, Payment, Refused, Statement, Trade
from tests.support import deal

BY = "test"

buyers = st.sampled_from(BUYERS)
wares = st.sampled_from(list(WARES))
baskets = st.dictionaries(wares, st.integers(1, 4), min_size=1, max_size=3)
stages = st.sampled_from(["placed", "paid", "shipped", "completed"])
pieces = st.integers(1, 4)
which = st.integers(0, 30)
twice = st.booleans()


Step = tuple[str, dict[str, Any]]
STEPS: list[st.SearchStrategy[Step]] = []


NEEDS: dict[str, str] = {}


def step(
    *, weight: int = 1, needs: str = "purchases", **given: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A method that may happen whenever there are `needs`, `weight` times as often as others."""

    def noted(method: Callable[..., None]) -> Callable[..., None]:
        NEEDS[method.__name__] = needs
        STEPS.extend([st.tuples(st.just(method.__name__), st.fixed_dictionaries(given))] * weight)
        return method

    return noted


class TradeMachine(RuleBasedStateMachine):
    """`which` picks among what there is; `twice` says a command again. `house` is given before the machine runs;
    `happened` counts how often each command was done and each refusal given, over all examples."""

    house: ClassVar[House]
    happened: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.house.begin()
        self.trade = Trade(WARES, PRICES, dict.fromkeys(WARES, STOCK))
        self.seen: dict[int, int] = {}

    def both(
        self, expected: Refused, command: Callable[..., Any], *args: Any, again: bool = False, **kwargs: Any
    ) -> Any:
        """The house answers as the model did, and once more the same when it is told twice."""
        answer = None
        for _ in range(2 if again else 1):
            answer = self.house.say(command, *args, **kwargs)
            refused = answer if isinstance(answer, str) else None
            assert refused == expected, f"the house says {answer}, the model {expected}"
        self.happened[f"{command.__name__}: {expected or 'done'}"] += 1
        return answer

    # One rule for all steps: hypothesis leaves out half of a machine's rules in each example, and a trade of which
    # half is left out comes to nothing.
    @rule(step=st.deferred(lambda: st.one_of(STEPS)))
    def happens(self, step: Step) -> None:
        name, given = step
        if getattr(self.trade, NEEDS[name]):
            getattr(self, name)(**given)

    @invariant()
    def the_house_is_as_the_model_says(self) -> None:
        self.house.compare(self.trade)

    def teardown(self) -> None:
        self.trade.hear_the_news()
        self.house.hear_the_news()
        self.house.compare(self.trade)
        self.house.check()

    @initialize(sold=st.lists(st.tuples(buyers, baskets, stages), min_size=2, max_size=3))
    def begin_with_trade(self, sold: list[tuple[str, dict[str, int], str]]) -> None:
        """Each example begins in the middle of things."""
        for buyer, lines, stage in sold:
            self.sell(buyer, lines, stage)

    @step(weight=2, buyer=buyers, lines=baskets, stage=stages)
    def sell(self, buyer: str, lines: dict[str, int], stage: str) -> None:
        """The way that most purchases go, up to a stage."""
        self._open(buyer, lines, from_cart=False, again=False)
        self._place(len(self.trade.checkouts) - 1, looked=True, again=False)
        purchase = self.trade.checkouts[-1].purchase
        if purchase is None or stage == "placed":
            return
        payment = self._begin_to_pay(len(self.trade.purchases) - 1, again=False)
        assert payment is not None
        self._channel_says(self.trade.payments.index(payment), "captured", again=False)
        for order in purchase.orders if stage != "paid" else ():
            self._ship(order, None, again=False)
            if stage == "completed":
                self._receive(order, again=False)

    # What is sold, and what is put into carts

    @step(what=st.sampled_from(["receive", "count", "scrap", "price", "put", "set_quantity"]), ware=wares, pieces=pieces,
          buyer=buyers, again=twice)  # fmt: skip
    def meanwhile(self, what: str, ware: str, pieces: int, buyer: str, again: bool) -> None:
        line = (self.house.buyers[buyer], self.house.skus[ware])
        match what:
            case "price":
                self.trade.prices[ware] = PRICES[ware] * pieces // 2
                self.house.set_price(ware, self.trade.prices[ware])
            case "put":
                self.both(self.trade.put(buyer, ware, pieces), cart.put, *line, pieces)
            case "set_quantity":
                expected = self.trade.set_quantity(buyer, ware, pieces - 1)
                self.both(expected, cart.set_quantity, *line, pieces - 1, again=again)
            case _:
                trader = self.house.shops[WARES[ware].shop]
                lines = [(self.house.skus[ware], trader.warehouse_id, pieces)]
                expected = getattr(self.trade, what)(ware, pieces)
                command = getattr(inventory, what)
                self.both(expected, command, trader.merchant_id, lines, document=ids.mint(), by=BY, again=again)

    # Buying

    @step(buyer=buyers, lines=baskets, from_cart=st.booleans(), again=twice)
    def open_checkout(self, buyer: str, lines: dict[str, int], from_cart: bool, again: bool) -> None:
        self._open(buyer, dict(self.trade.carts[buyer]) if from_cart else lines, from_cart=from_cart, again=again)

    def _open(self, buyer: str, lines: dict[str, int], *, from_cart: bool, again: bool) -> None:
        self._see(self.trade.open_checkout(buyer, lines, from_cart=from_cart))
        self.house.checkouts.append(CheckoutId(ids.mint()))
        self.both(None, checkout.open_checkout, self.house.checkouts[-1], self.house.buyers[buyer], self._draft(lines),
                  client=SHOP, from_cart=from_cart, again=again)  # fmt: skip

    def _draft(self, lines: dict[str, int]) -> Any:
        return deal.draft([(self.house.skus[ware], quantity) for ware, quantity in lines.items()])

    def _see(self, checkout: Checkout) -> None:
        self.seen[id(checkout)] = sum(order.total for order in self.trade.quote(checkout.lines))

    @step(needs="checkouts", which=which, lines=st.none() | baskets)
    def change_checkout(self, which: int, lines: dict[str, int] | None) -> None:
        """Other lines, or given up."""
        number = which % len(self.trade.checkouts)
        changed, checkout_id = self.trade.checkouts[number], self.house.checkouts[number]
        if lines is None:
            self.both(self.trade.give_up(changed), checkout.cancel, checkout_id, BY)
            return
        expected = self.trade.change(changed, lines)
        self.both(expected, checkout.change, checkout_id, self._draft(lines))
        if expected is None:
            self._see(changed)

    @step(needs="checkouts", which=which, again=twice, looked=st.booleans())
    def place(self, which: int, again: bool, looked: bool) -> None:
        self._place(which % len(self.trade.checkouts), looked=looked, again=again)

    def _place(self, number: int, *, looked: bool, again: bool) -> None:
        """`looked`: the buyer saw a total when the checkout was opened or changed, and wants no other."""
        placed = self.trade.checkouts[number]
        total = self.seen[id(placed)] if looked else None
        known = len(self.trade.purchases)
        expected = self.trade.place(placed, total)
        answer = self.both(
            expected, checkout.place, self.house.checkouts[number], expected_total=total, by=BY, again=again
        )
        if len(self.trade.purchases) > known:
            self.house.purchases.append(answer)
        elif expected is None:
            assert placed.purchase is not None
            assert answer == self.house.purchases[self.trade.purchases.index(placed.purchase)]

    @step(which=which, lapses=st.booleans(), again=twice)
    def drop_purchase(self, which: int, lapses: bool, again: bool) -> None:
        unpaid = [number for number, each in enumerate(self.trade.purchases) if each.state == "placed"]
        among = unpaid if unpaid and which % 4 else range(len(self.trade.purchases))
        number = among[which % len(among)]
        purchase, purchase_id = self.trade.purchases[number], self.house.purchases[number]
        expected = self.trade.drop(purchase)
        if lapses:
            self.house.put_clock_forward("purchases", "pay_by", "purchase_id", purchase_id)
            self.house.say(orders_jobs.cancel_unpaid)
        else:
            self.both(expected, orders.cancel_purchase, purchase_id, "buyer", BY, again=again)

    # Paying

    @step(which=which, again=twice)
    def begin_to_pay(self, which: int, again: bool) -> None:
        self._begin_to_pay(which % len(self.trade.purchases), again=again)

    def _begin_to_pay(self, number: int, *, again: bool) -> Payment | None:
        expected = self.trade.begin_to_pay(self.trade.purchases[number])
        for _ in range(2 if again else 1):
            answer = self._begin(number)
            if not isinstance(expected, Payment):
                assert answer == (expected or "nothing_to_pay")
            elif len(self.house.payments) < len(self.trade.payments):
                self.house.payments.append(answer)
            else:
                assert answer == self.house.payments[self.trade.payments.index(expected)]
        return expected if isinstance(expected, Payment) else None

    def _begin(self, number: int) -> Any:
        async def begun() -> Any:
            return await deal.begun(self.house.db, self.house.purchases[number])

        try:
            answer = self.house.do(begun())
        except NotPayable as refusal:
            return refusal.code
        return answer.payment_id if isinstance(answer, Instruction) else answer.state

    @step(needs="payments", which=which, again=twice,
          state=st.sampled_from(["captured", "captured", "pending", "declined", "cancelled"]))  # fmt: skip
    def channel_says(self, which: int, state: str, again: bool) -> None:
        self._channel_says(which % len(self.trade.payments), state, again=again)

    def _channel_says(self, number: int, state: str, *, again: bool) -> None:
        payment_id, known = self.house.payments[number], len(self.trade.refunds)
        expected = self.trade.channel_says(self.trade.payments[number], state)
        answer = ChannelAnswer(reference=f"ch_{payment_id}", state=PaymentState(state))
        self.both(expected, checkout.apply_payment, payment_id, answer, "channel", again=again)
        self.house.refunds += [
            self.house.surplus_of(payment_id, refund.order, self.trade) for refund in self.trade.refunds[known:]
        ]

    # Sending and receiving

    def _order(self, which: int, *, likely: Container[str]) -> Order:
        """Any order, most often one in a `likely` state."""
        found = orders_of(self.trade.purchases)
        if which % 4:
            found = [order for order in found if order.state in likely] or found
        return found[which % len(found)]

    @step(weight=2, which=which, again=twice,
          packed=st.none() | st.dictionaries(st.integers(1, 3), st.integers(0, 4), max_size=2))  # fmt: skip
    def ship(self, which: int, packed: dict[int, int] | None, again: bool) -> None:
        order = self._order(which, likely=TO_SEND)
        if packed and which % 3:  # most often what is there
            left = {number: line.to_send for number, line in enumerate(order.lines, 1)}
            packed = {number: min(pieces, left[number]) for number, pieces in packed.items() if number in left}
        self._ship(order, packed, again=again)

    def _ship(self, order: Order, packed: dict[int, int] | None, *, again: bool) -> None:
        expected = self.trade.ship(order, packed)
        merchant_id, order_id = self.house.key_of(order, self.trade)
        parcel_id = ids.mint()
        dispatch = Dispatch(
            merchant_id=merchant_id, order_id=order_id, parcel_id=parcel_id, carrier="simex",
            number=f"SX{parcel_id.hex[-12:]}",
            lines=None if packed is None else [Packed(line, pieces) for line, pieces in packed.items()],
        )  # fmt: skip
        self.both(expected, _shipped, dispatch, again=again)

    @step(which=which, lapses=st.booleans(), again=twice)
    def receive(self, which: int, lapses: bool, again: bool) -> None:
        """Confirmed by the buyer, or because the time for it has passed."""
        order = self._order(which, likely=("shipped",))
        if not lapses:
            self._receive(order, again=again)
            return
        if order.state == "shipped":
            self.trade.receive_order(order)
        self.house.put_clock_forward("orders", "receive_by", "order_id", self.house.key_of(order, self.trade)[1])
        self.house.say(orders_jobs.complete_received)

    def _receive(self, order: Order, *, again: bool) -> None:
        expected = self.trade.receive_order(order)
        self.both(expected, orders.confirm_receipt, *self.house.key_of(order, self.trade), BY, again=again)

    # Giving back

    @step(which=which, again=twice)
    def cancel(self, which: int, again: bool) -> None:
        order = self._order(which, likely=("paid",))
        refund_id, known = RefundId(ids.mint()), len(self.trade.refunds)
        expected = self.trade.cancel(order)
        key = self.house.key_of(order, self.trade)
        self.both(expected, aftersales.cancel, *key, refund_id, "no", BY, again=again)
        self.house.refunds += [refund_id] * (len(self.trade.refunds) - known)

    @step(weight=3, which=which, line=st.integers(1, 3), pieces=st.integers(0, 4), freight=st.sampled_from([0, 0, 100, 800, 900]),
          restock=st.booleans(), again=twice)  # fmt: skip
    def refund(self, which: int, line: int, pieces: int, freight: int, restock: bool, again: bool) -> None:
        order = self._order(which, likely=SENDABLE)
        if which % 3:  # most often what can be given back
            line = 1 + line % len(order.lines)
            pieces = min(pieces, order.lines[line - 1].quantity - order.lines[line - 1].refunded)
            freight = min(freight, order.freight - order.freight_refunded)
        refund_id = RefundId(ids.mint())
        expected = self.trade.refund(order, line, pieces, freight, restock=restock)
        merchant_id, order_id = self.house.key_of(order, self.trade)
        request = RefundRequest(
            refund_id=refund_id, merchant_id=merchant_id, order_id=order_id, freight=freight, restock=restock,
            lines=[Returned(line, pieces)] if pieces else [],
        )  # fmt: skip
        self.both(expected, aftersales.refund, request, BY, again=again)
        if expected is None:
            self.house.refunds.append(refund_id)

    @step(weight=2, needs="refunds", which=which, attempt=st.sampled_from([1, 1, 2]), again=twice,
          state=st.sampled_from(["sent", "succeeded", "failed", "failed", "retried"]))  # fmt: skip
    def channel_gives_back(self, which: int, attempt: int, state: str, again: bool) -> None:
        """The channel says how a refund went; staff have what failed tried again."""
        number = which % len(self.trade.refunds)
        refund, refund_id = self.trade.refunds[number], self.house.refunds[number]
        if refund.state == "failed" and which % 3:
            state = "retried"
        if state == "retried":
            merchant_id, _ = self.house.key_of(refund.order, self.trade)
            self.both(self.trade.retry(refund), payments.send_again, merchant_id, refund_id, BY)
            return
        self.trade.channel_says_of_refund(refund, attempt, state)
        answer = RefundAnswer(reference="re", state=RefundState(state))
        for _ in range(2 if again else 1):
            assert self.house.say(payments.record_refund, refund_id, attempt, answer, "channel") == refund.state
        self.happened[f"record_refund: {refund.state}"] += 1

    # Settling

    @step()
    def hear_the_news(self) -> None:
        self.trade.hear_the_news()
        self.house.hear_the_news()

    @step(weight=2, day=st.integers(2, 4), again=twice)
    def settle(self, day: int, again: bool) -> None:
        self.hear_the_news()
        known = len(self.trade.statements)
        self.trade.settle(day)
        fresh: list[Any] = []
        for _ in range(2 if again else 1):
            fresh += self.house.say(settlement.run, settlement_day(self.house, day))
        by_merchant = {statement.merchant_id: statement.statement_id for statement in fresh}
        assert len(by_merchant) == len(fresh)
        issued = [self.house.shops[statement.shop].merchant_id for statement in self.trade.statements[known:]]
        assert sorted(issued) == sorted(by_merchant)
        self.happened["settle: done"] += bool(issued)
        self.house.statements += [by_merchant[merchant_id] for merchant_id in issued]

    @step(weight=3, needs="statements", which=which, attempt=st.integers(1, 2), again=twice,
          what=st.sampled_from(["accepted", "paid", "rejected", "rejected", "instruct", "again"]))  # fmt: skip
    def pay_out(self, which: int, attempt: int, what: Any, again: bool) -> None:
        """What is issued is instructed; the bank says what became of it; what failed is instructed again."""
        number = which % len(self.trade.statements)
        statement, statement_id = self.trade.statements[number], self.house.statements[number]
        steps = [what]
        if which % 3 and statement.state in ("issued", "failed"):  # most often in this order
            steps = ["instruct" if statement.state == "issued" else "again", what]
        for each in steps:
            self._pay_out(statement, statement_id, attempt, each, again=again)

    def _pay_out(self, statement: Statement, statement_id: Any, attempt: int, what: Any, *, again: bool) -> None:
        if what == "instruct":
            self.trade.instruct_bank()
            self.house.say(settlement.to_pay, 10)
            return
        if what == "again":
            merchant_id = self.house.shops[statement.shop].merchant_id
            self.both(self.trade.pay_again(statement), settlement.pay_again, merchant_id, statement_id, BY)
            return
        self.trade.bank_says(statement, attempt, what)
        answer = BankAnswer(state=what, failure="closed" if what == "rejected" else None)
        for _ in range(2 if again else 1):
            became = self.house.say(settlement.record_payout, statement_id, attempt, answer, "bank")
            assert became == statement.state
        self.happened[f"record_payout: {statement.state}"] += 1


async def _shipped(tx: Tx, dispatch: Dispatch) -> None:
    await orders.ship(tx, dispatch, BY)
