"""Exchange: money of one currency for money of another, its gains, and the reference rates that it is held against.

An exchange is a document of two legs, each in its own currency, that meet in the exchange clearing of either. What clearing
leaves open in a currency is a position; what closes a part of it realises a gain or a loss in the house's currency, by the
rule of docs/algorithms/exchange.md. What is open is worth something else every day: that is shown and not booked.

    await exchange.propose(tx, id, day, gone, come, words, by)      another person agrees: `exchange.agree(tx, id, by)`
"""

from steelyard.money.exchange.model import (
    CASH,
    HOUSE_CURRENCY,
    Exchange,
    ExchangeId,
    ExchangeState,
    Leg,
    NoRate,
    Position,
    converted,
    moved,
)
from steelyard.money.exchange.queries import OpenPosition, exchange, exchanges, positions
from steelyard.money.exchange.rates import BYTES_MAX, Rate, last_rates, rates_of, read_rates, take_rates
from steelyard.money.exchange.service import agree, decline, propose

__all__ = [
    "BYTES_MAX",
    "CASH",
    "HOUSE_CURRENCY",
    "Exchange",
    "ExchangeId",
    "ExchangeState",
    "Leg",
    "NoRate",
    "OpenPosition",
    "Position",
    "Rate",
    "agree",
    "converted",
    "decline",
    "exchange",
    "exchanges",
    "last_rates",
    "moved",
    "positions",
    "propose",
    "rates_of",
    "read_rates",
    "take_rates",
]
