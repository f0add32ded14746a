"""The whole trade as a few dictionaries: what must be true of purchases, orders, stock and money after each command.

Written from the rules of docs/algorithms, not from the program: no SQL, no transactions, no sets at once, one thing after
the other. A command returns None when it is done and the refusal's code when it is not; a refused one changes nothing.
Amounts are fen.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

MOST_PER_CART_LINE = 999
COMMISSION = Fraction(5, 100)
TO_SEND = ("paid", "partly_shipped")
SENDABLE = ("paid", "partly_shipped", "shipped", "completed")

Refused = str | None


@dataclass(frozen=True)
class Ware:
    """Something for sale; tea goes by the piece, tools by weight."""

    shop: str
    grams: int


def half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))


@dataclass(eq=False)
class Line:
    ware: str
    quantity: int
    price: int
    sent: int = 0
    withdrawn: int = 0
    refunded: int = 0

    @property
    def to_send(self) -> int:
        return self.quantity - self.sent - self.withdrawn

    @property
    def commission(self) -> int:
        return half_up(self.price * self.quantity * COMMISSION)

    def share(self, whole: int, pieces: int) -> int:
        """Of `whole`, what `pieces` more given back come to: parts of any sizes add up to the whole."""
        before, after = self.refunded, self.refunded + pieces
        return half_up(Fraction(whole * after, self.quantity)) - half_up(Fraction(whole * before, self.quantity))


@dataclass(eq=False)
class Order:
    purchase: "Purchase"
    shop: str
    lines: list[Line]
    freight: int
    state: str = "placed"
    refunded: int = 0
    freight_refunded: int = 0
    commission_returned: int = 0

    @property
    def goods(self) -> int:
        return sum(line.price * line.quantity for line in self.lines)

    @property
    def total(self) -> int:
        return self.goods + self.freight

    @property
    def commission(self) -> int:
        return sum(line.commission for line in self.lines)


@dataclass(eq=False)
class Purchase:
    buyer: str
    orders: list[Order] = field(default_factory=list)
    state: str = "placed"

    @property
    def total(self) -> int:
        return sum(order.total for order in self.orders)


@dataclass(eq=False)
class Checkout:
    buyer: str
    lines: dict[str, int]
    from_cart: bool
    state: str = "open"
    purchase: Purchase | None = None


@dataclass(eq=False)
class Payment:
    purchase: Purchase
    state: str = "instructed"


@dataclass(eq=False)
class Refund:
    order: Order
    amount: int
    state: str = "instructed"
    attempt: int = 1
    returned: int = 0


@dataclass(eq=False)
class Statement:
    shop: str
    day: int
    payout: int
    state: str = "issued"
    attempt: int = 0


class Trade:
    """The shop, its buyers, their money."""

    def __init__(self, wares: Mapping[str, Ware], prices: Mapping[str, int], stock: Mapping[str, int]) -> None:
        self.wares = wares
        self.prices = dict(prices)
        self.on_hand = Counter(stock)
        self.kept: Counter[str] = Counter()
        self.carts: dict[str, dict[str, int]] = defaultdict(dict)
        self.checkouts: list[Checkout] = []
        self.purchases: list[Purchase] = []
        self.payments: list[Payment] = []
        self.refunds: list[Refund] = []
        self.statements: list[Statement] = []
        self.waiting: dict[str, list[int]] = defaultdict(list)
        self.books: Counter[tuple[str, str, str]] = Counter()
        self.news: list[tuple[str, object]] = []

    # What is sold

    def free(self, ware: str) -> int:
        return self.on_hand[ware] - self.kept[ware]

    def receive(self, ware: str, pieces: int) -> Refused:
        self.on_hand[ware] += pieces
        return None

    def count(self, ware: str, there: int) -> Refused:
        if there != self.on_hand[ware] and there < self.kept[ware]:
            return "stock_is_promised"
        self.on_hand[ware] = there
        return None

    def scrap(self, ware: str, pieces: int) -> Refused:
        if self.on_hand[ware] - pieces < self.kept[ware]:
            return "stock_is_promised"
        self.on_hand[ware] -= pieces
        return None

    # Buying

    def put(self, buyer: str, ware: str, pieces: int) -> Refused:
        cart = self.carts[buyer]
        cart[ware] = min(cart.get(ware, 0) + pieces, MOST_PER_CART_LINE)
        return None

    def set_quantity(self, buyer: str, ware: str, pieces: int) -> Refused:
        if pieces == 0:
            self.carts[buyer].pop(ware, None)
        elif ware in self.carts[buyer]:
            self.carts[buyer][ware] = pieces
        return None

    def open_checkout(self, buyer: str, lines: dict[str, int], *, from_cart: bool) -> Checkout:
        self.checkouts.append(Checkout(buyer, lines, from_cart))
        return self.checkouts[-1]

    def change(self, checkout: Checkout, lines: dict[str, int]) -> Refused:
        if checkout.state not in ("open", "placed"):
            return "checkout_closed"
        if checkout.state == "placed":
            self._drop(checkout.purchase)
        checkout.state, checkout.purchase, checkout.lines = "open", None, lines
        return None

    def give_up(self, checkout: Checkout) -> Refused:
        if checkout.state not in ("open", "placed"):
            return "checkout_closed"
        if checkout.state == "placed":
            self._drop(checkout.purchase)
        checkout.state = "cancelled"
        return None

    def quote(self, lines: Mapping[str, int]) -> list[Order]:
        """One order for each shop of which there are goods, at what they cost now."""
        orders = []
        for shop in dict.fromkeys(self.wares[ware].shop for ware in lines):
            of_shop = {ware: pieces for ware, pieces in lines.items() if self.wares[ware].shop == shop}
            goods = [Line(ware, pieces, self.prices[ware]) for ware, pieces in of_shop.items()]
            orders.append(Order(Purchase(""), shop, goods, self._freight(shop, goods)))
        return orders

    def _freight(self, shop: str, lines: list[Line]) -> int:
        if sum(line.price * line.quantity for line in lines) >= 19_900:
            return 0
        units = sum(line.quantity for line in lines)
        if shop == "tools":  # by the kilogram, a begun one counts
            units = -(-sum(line.quantity * self.wares[line.ware].grams for line in lines) // 1_000)
        return 800 + 200 * max(0, units - 1)

    def place(self, checkout: Checkout, seen: int | None) -> Refused:
        if checkout.state in ("placed", "completed"):
            return None
        if checkout.state == "cancelled":
            return "checkout_closed"
        if not checkout.lines:
            return "checkout_not_ready"
        if any(self.free(ware) < pieces for ware, pieces in checkout.lines.items()):
            return "out_of_stock"
        orders = self.quote(checkout.lines)
        if seen is not None and seen != sum(order.total for order in orders):
            return "total_moved"
        purchase = Purchase(checkout.buyer, orders)
        for order in orders:
            order.purchase = purchase
        self.kept.update(checkout.lines)
        self.purchases.append(purchase)
        checkout.state, checkout.purchase = "placed", purchase
        if checkout.from_cart:
            for ware in checkout.lines:
                self.carts[checkout.buyer].pop(ware, None)
        return None

    def drop(self, purchase: Purchase) -> Refused:
        return "not_cancellable" if purchase.state == "paid" else self._drop(purchase)

    def _drop(self, purchase: Purchase | None) -> Refused:
        if purchase is not None and purchase.state == "placed":
            purchase.state = "cancelled"
            for order in purchase.orders:
                order.state = "cancelled"
                self._let_go(order)
            self.news.append(("dropped", purchase))
        return None

    def _let_go(self, order: Order) -> None:
        for line in order.lines:
            self.kept[line.ware] -= line.to_send

    # Paying

    def begin_to_pay(self, purchase: Purchase) -> Payment | Refused:
        """The payment to go on with; None when nothing is to be paid any more."""
        if purchase.state == "paid":
            return None
        if purchase.state == "cancelled":
            return "not_payable"
        for payment in self.payments:
            if payment.purchase is purchase and payment.state == "instructed":
                return payment
        self.payments.append(Payment(purchase))
        return self.payments[-1]

    def channel_says(self, payment: Payment, state: str) -> Refused:
        """Twice, late and out of order: captured wins, an end wins over pending, the rest changes nothing."""
        order = ["instructed", "pending", "declined", "cancelled", "captured"]
        ended = payment.state in ("declined", "cancelled", "captured")
        if order.index(state) <= order.index(payment.state) or (ended and state != "captured"):
            return None
        payment.state = state
        if state == "captured":
            self._captured(payment.purchase)
        return None

    def _captured(self, purchase: Purchase) -> None:
        self._book(purchase.buyer, "channel_cash", "purchase_clearing", purchase.total)
        for order in purchase.orders:
            self._book(order.shop, "order_clearing", "held", order.total)
        if purchase.state == "placed":
            purchase.state = "paid"
            for order in purchase.orders:
                order.state = "paid"
            for checkout in self.checkouts:
                if checkout.purchase is purchase:
                    checkout.state = "completed"
            return
        for order in purchase.orders:  # nobody waits for it any more
            self._promise(order, order.total, "held")

    def _book(self, owner: str, debit: str, credit: str, amount: int) -> None:
        if amount:
            self.books[owner, debit, "debits"] += amount
            self.books[owner, credit, "credits"] += amount

    # Sending and receiving

    def ship(self, order: Order, packed: dict[int, int] | None) -> Refused:
        """`packed` maps the number of a line to pieces; None is all that is left."""
        if order.state not in SENDABLE:
            return "transition_refused"
        goods = packed if packed is not None else {n: line.to_send for n, line in enumerate(order.lines, 1)}
        goods = {number: pieces for number, pieces in goods.items() if pieces}
        if not goods:
            return "invalid"
        if any(
            number > len(order.lines) or pieces > order.lines[number - 1].to_send for number, pieces in goods.items()
        ):
            return "nothing_to_ship"
        for number, pieces in goods.items():
            line = order.lines[number - 1]
            line.sent += pieces
            self.kept[line.ware] -= pieces
            self.on_hand[line.ware] -= pieces
        order.state = "partly_shipped" if any(line.to_send for line in order.lines) else "shipped"
        return None

    def receive_order(self, order: Order) -> Refused:
        if order.state == "completed":
            return None
        if order.state != "shipped":
            return "transition_refused"
        order.state = "completed"
        kept, commission = order.total - order.refunded, order.commission - order.commission_returned
        self._book(order.shop, "held", "payable", kept)
        self._book(order.shop, "payable", "commission", commission)
        self.news.append(("earned", (order.shop, [kept, -commission])))
        return None

    # Giving back

    def cancel(self, order: Order) -> Refused:
        if order.state == "cancelled":
            return None
        if order.state != "paid":
            return "transition_refused"
        self._let_go(order)
        order.state = "cancelled"
        left = {number: line.quantity - line.refunded for number, line in enumerate(order.lines, 1)}
        for number, pieces in left.items():
            order.lines[number - 1].withdrawn += order.lines[number - 1].to_send
            left[number] = pieces
        self._give_back(order, left, order.freight - order.freight_refunded)
        return None

    def refund(self, order: Order, number: int, pieces: int, freight: int, *, restock: bool) -> Refused:
        if order.state not in SENDABLE:
            return "not_refundable"
        if not pieces and not freight:
            return "invalid"
        line = order.lines[number - 1] if number <= len(order.lines) else None
        if pieces and (line is None or pieces > line.quantity - line.refunded):
            return "not_that_many"
        if freight > order.freight - order.freight_refunded:
            return "freight_too_high"
        staying = 0
        if line is not None and pieces and order.state in TO_SEND:
            staying = min(pieces, line.to_send)
            rest = sum(each.to_send for each in order.lines) - staying
            if staying and not rest and not any(each.sent for each in order.lines):
                return "use_cancel"
            line.withdrawn += staying
            self.kept[line.ware] -= staying
            if staying and not rest:
                order.state = "shipped"
        if line is not None and restock:
            self.on_hand[line.ware] += pieces - staying
        self._give_back(order, {number: pieces} if pieces else {}, freight)
        return None

    def _give_back(self, order: Order, pieces: Mapping[int, int], freight: int) -> None:
        amount, commission = freight, 0
        for number, quantity in pieces.items():
            line = order.lines[number - 1]
            amount += line.share(line.price * line.quantity, quantity)
            commission += line.share(line.commission, quantity)
            line.refunded += quantity
        released = order.state == "completed"
        order.refunded += amount
        order.freight_refunded += freight
        order.commission_returned += commission
        self._promise(order, amount, "payable" if released else "held")
        if released:
            self._book(order.shop, "commission", "payable", commission)
            self.news.append(("earned", (order.shop, [-amount, commission])))

    def _promise(self, order: Order, amount: int, out_of: str) -> None:
        self._book(order.shop, out_of, "refund_due", amount)
        self.refunds.append(Refund(order, amount))

    def channel_says_of_refund(self, refund: Refund, attempt: int, state: str) -> Refused:
        """What comes late says nothing of the present attempt, but that it succeeded after all; of what came back, nothing."""
        if state == "succeeded":
            if refund.state == "succeeded" or attempt <= refund.returned:
                return None
            if refund.state == "failed":
                refund.attempt += 1
            self._book(refund.order.shop, "refund_due", "order_clearing", refund.amount)
            self._book(refund.order.purchase.buyer, "purchase_clearing", "channel_cash", refund.amount)
        elif (
            attempt != refund.attempt or refund.state == "failed" or (refund.state == "succeeded" and state != "failed")
        ):
            return None
        elif refund.state == "succeeded":
            refund.returned = attempt
            self._book(refund.order.shop, "order_clearing", "refund_due", refund.amount)
            self._book(refund.order.purchase.buyer, "channel_cash", "purchase_clearing", refund.amount)
        refund.state = state
        return None

    def retry(self, refund: Refund) -> Refused:
        if refund.state != "failed":
            return "transition_refused"
        refund.state = "instructed"
        refund.attempt += 1
        return None

    # Settling

    def hear_the_news(self) -> None:
        for kind, what in self.news:
            if kind == "earned":
                shop, amounts = what
                self.waiting[shop] += [amount for amount in amounts if amount]
            for checkout in self.checkouts:
                if kind == "dropped" and checkout.purchase is what and checkout.state == "placed":
                    checkout.state, checkout.purchase = "open", None
        self.news.clear()

    def settle(self, day: int) -> Refused:
        for shop, amounts in self.waiting.items():
            had = any(statement.shop == shop and statement.day == day for statement in self.statements)
            if sum(amounts) > 0 and not had:
                self.statements.append(Statement(shop, day, sum(amounts)))
                self._book(shop, "payable", "payout_in_transit", sum(amounts))
                self.waiting[shop] = []
        return None

    def instruct_bank(self) -> Refused:
        for statement in self.statements:
            if statement.state == "issued":
                statement.state, statement.attempt = "paying", 1
        return None

    def bank_says(self, statement: Statement, attempt: int, state: str) -> Refused:
        if state == "accepted" or statement.state == "paid":
            return None
        if state == "paid":
            statement.attempt += statement.state != "paying"
            statement.state = "paid"
            self._book(statement.shop, "payout_in_transit", "bank_cash", statement.payout)
        elif attempt == statement.attempt and statement.state == "paying":
            statement.state = "failed"
        return None

    def pay_again(self, statement: Statement) -> Refused:
        if statement.state != "failed":
            return "transition_refused"
        statement.state, statement.attempt = "paying", statement.attempt + 1
        return None
