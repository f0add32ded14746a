"""Whether a merchant can be closed: what is still open between it, its buyers and the platform."""

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import OrderState

UNPAID = ("issued", "checked", "batched", "paying", "held", "failed")
STATEMENTS_LOOKED_AT = 100
_OPEN_ORDERS = (OrderState.PLACED, OrderState.HELD, OrderState.PAID, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED)
# What stands on these belongs to somebody else than the platform.
_OTHERS_MONEY = (
    AccountKind.HELD,
    AccountKind.REFUND_DUE,
    AccountKind.PAYABLE,
    AccountKind.RESERVE,
    AccountKind.PAYOUT_IN_TRANSIT,
)


class StillOpen(Refusal):
    """A merchant is closed when nothing is open any more."""

    code = "merchant_still_open"
    title = N_("The merchant cannot be closed yet")
    detail = N_("Orders under way: {orders}. Statements not paid out: {statements}. Money still held: {money}.")


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """`held` is what is still on accounts of others' money, by currency."""

    open_orders: int
    unpaid_statements: int
    held: list[tuple[AccountKind, int, str]]

    @property
    def possible(self) -> bool:
        return not (self.open_orders or self.unpaid_statements or self.held)

    def check(self) -> None:
        """Raises `StillOpen`."""
        if not self.possible:
            money = ", ".join(f"{Money(amount, currency).decimal()} {currency}" for _, amount, currency in self.held)
            raise StillOpen(orders=self.open_orders, statements=self.unpaid_statements, money=money or "0")


async def closing(read: Read, merchant_id: MerchantId) -> Closing:
    counts = await orders.counts_of_merchant(read, merchant_id)
    statements = await settlement.statements_page(read, merchant_id=merchant_id, limit=STATEMENTS_LOOKED_AT)
    balances = await ledger.balances(read, merchant_id)
    return Closing(
        open_orders=sum(counts.get(state, 0) for state in _OPEN_ORDERS),
        unpaid_statements=sum(1 for each in statements.items if each.state in UNPAID),
        held=[
            (balance.kind, balance.balance, balance.currency)
            for balance in balances
            if balance.kind in _OTHERS_MONEY and balance.balance
        ],
    )
