"""Exchanges, rates and positions, and the rule by which a gain is realised: docs/algorithms/exchange.md."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import minor_digits, scaled, split
from steelyard.kernel.states import Machine
from steelyard.money.ledger.model import AccountKind

ExchangeId = NewType("ExchangeId", UUID)

# In which gains are counted. (`checks.sql` says the same.)
HOUSE_CURRENCY = "CNY"
# Rates are for one of these.
BASE = "EUR"
MICROS = 1_000_000
# A weekend and holidays have the rate of the day before.
RATE_DAYS_MAX = 7
AMOUNT_MAX = 10**15
WORDS_MAX = 500
CASH = (AccountKind.CHANNEL_CASH, AccountKind.BANK_CASH)


class ExchangeState(StrEnum):
    """One person proposes, another agrees and it is posted, or it is declined. What was posted is undone by the opposite."""

    PROPOSED = "proposed"
    POSTED = "posted"
    DECLINED = "declined"


EXCHANGE_MACHINE = Machine(
    "exchange",
    {ExchangeState.PROPOSED},
    {
        ExchangeState.PROPOSED: {ExchangeState.POSTED, ExchangeState.DECLINED},
        ExchangeState.POSTED: set(),
        ExchangeState.DECLINED: set(),
    },
)
MACHINES = (EXCHANGE_MACHINE,)


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One side: `amount` minor units of `currency` on an account of a channel or bank."""

    owner_id: UUID
    kind: AccountKind
    currency: str
    amount: int


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """`sold` went, `bought` came, in minor units; `value` and `realised` in those of the house's currency."""

    exchange_id: ExchangeId
    on_day: date
    state: ExchangeState
    from_owner: UUID
    from_kind: AccountKind
    from_currency: str
    sold: int
    to_owner: UUID
    to_kind: AccountKind
    to_currency: str
    bought: int
    value: int | None
    realised: int | None
    words: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None

    @property
    def gone(self) -> Leg:
        return Leg(owner_id=self.from_owner, kind=self.from_kind, currency=self.from_currency, amount=self.sold)

    @property
    def come(self) -> Leg:
        return Leg(owner_id=self.to_owner, kind=self.to_kind, currency=self.to_currency, amount=self.bought)


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What exchanges have left open: `quantity` minor units got (below zero: given away), which cost `cost` minor units of
    the house's currency (below zero: brought)."""

    currency: str
    quantity: int = 0
    cost: int = 0


def moved(position: Position, quantity: int, value: int) -> tuple[Position, int]:
    """The position after `quantity` more (below zero: less) for `value` minor units of the house's currency, and what was
    gained by it: of the part that closes, the difference to its share of what the position cost.

    Shares are split by the largest remainder, so that a position that is closed in parts has given back all of its cost.
    """
    assert quantity and value >= 0
    if position.quantity * quantity >= 0:
        cost = position.cost + (value if quantity > 0 else -value)
        return Position(currency=position.currency, quantity=position.quantity + quantity, cost=cost), 0
    open_now, coming = abs(position.quantity), abs(quantity)
    closed = min(open_now, coming)
    of_value, value_left = split(value, [closed, coming - closed])
    of_cost, cost_left = split(abs(position.cost), [closed, open_now - closed])
    gained = of_value - of_cost if position.quantity > 0 else of_cost - of_value
    left = position.quantity + quantity
    weight = cost_left if left * position.quantity > 0 else value_left
    cost = 0 if not left else weight if left > 0 else -weight
    return Position(currency=position.currency, quantity=left, cost=cost), gained


def converted(amount: int, currency: str, into: str, rates: Mapping[str, int]) -> int:
    """Minor units of another currency by reference rates (millionths for one euro), half a unit rounded up. Raises
    `NoRate`."""
    if currency == into:
        return amount
    known = {**rates, BASE: MICROS}
    for each in (currency, into):
        if each not in known:
            raise NoRate(currency=each)
    numerator = known[into] * 10 ** minor_digits(into)
    denominator = known[currency] * 10 ** minor_digits(currency)
    return scaled(amount, numerator, denominator)


class NoRate(Refusal):
    """What is exchanged has a value by the reference rate of its day, or of one of the seven days before."""

    code = "no_rate"
    title = N_("There is no reference rate")
    detail = N_("For {currency} no rate of this day is known. Read the rates of the European Central Bank in first.")


class NotAtTheRate(Refusal):
    """The house's own funds change their currency at the reference rate: nobody pays another price for them."""

    code = "not_at_the_rate"
    title = N_("Own funds are exchanged at the reference rate")
    detail = N_("At the rate of this day it would be {amount}.")


class AnotherMustAgree(Refusal):
    """An exchange is decided by two people."""

    code = "another_must_agree"
    status = 403
    title = N_("Another person must agree")
    detail = N_("You proposed this exchange yourself.")


class RatesUnreadable(Refusal):
    """Rates are read as the European Central Bank gives them out, whole or not at all."""

    code = "rates_unreadable"
    status = 422
    title = N_("These rates cannot be read")
    detail = N_("Line {line}: {told}")


class RateDiffers(Refusal):
    """A rate that counts is never changed: what was booked stands on it."""

    code = "rate_differs"
    title = N_("Another rate of this day is known")
    detail = N_("{currency} on {day}: the file says something else than what was read before. Nothing was read.")
