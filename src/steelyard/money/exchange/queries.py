"""Questions about exchanges and what they have left open."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel import paging
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.paging import Page
from steelyard.money.exchange.model import BASE, HOUSE_CURRENCY, Exchange, ExchangeId, Position, converted
from steelyard.money.exchange.rates import rates_of


class OpenPosition(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in a currency; `worth` by the reference rate of a day and `unrealised` are none where there is no rate. In
    minor units of the house's currency, but for the quantity."""

    currency: str
    quantity: int
    cost: int
    worth: int | None

    @property
    def unrealised(self) -> int | None:
        return None if self.worth is None else self.worth - self.cost


async def exchange(read: Read, exchange_id: ExchangeId) -> Exchange:
    """Raises `NotFound`."""
    found = await read.one(
        Exchange,
        """
        SELECT exchange_id, on_day, state, from_owner, from_kind, from_currency, sold, to_owner, to_kind, to_currency, bought
             , value, realised, words, proposed_by, proposed_at, decided_by, decided_at
        FROM exchanges WHERE exchange_id = $1
        """,
        exchange_id,
    )
    if found is None:
        raise NotFound(exchange_id=exchange_id)
    return found


async def exchanges(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[Exchange]:
    """The newest first."""
    size, after = paging.limit(limit), paging.read_cursor(cursor, datetime, UUID)
    found = await read.all(
        Exchange,
        """
        SELECT exchange_id, on_day, state, from_owner, from_kind, from_currency, sold, to_owner, to_kind, to_currency, bought
             , value, realised, words, proposed_by, proposed_at, decided_by, decided_at
        FROM exchanges WHERE $1::timestamptz IS NULL OR (proposed_at, exchange_id) < ($1, $2::uuid)
        ORDER BY proposed_at DESC, exchange_id DESC LIMIT $3
        """,
        after[0] if after else None,
        after[1] if after else None,
        size + 1,
    )
    return paging.cut(found, size, lambda last: (last.proposed_at, last.exchange_id))


async def positions(read: Read, day: date) -> list[OpenPosition]:
    """What is open, and what it would be worth on a day."""
    rates = await rates_of(read, day)
    found = await read.all(
        Position, "SELECT currency, quantity, cost FROM exchange_positions WHERE quantity <> 0 ORDER BY currency"
    )
    return [
        OpenPosition(
            currency=each.currency,
            quantity=each.quantity,
            cost=each.cost,
            worth=converted(each.quantity, each.currency, HOUSE_CURRENCY, rates)
            if HOUSE_CURRENCY in rates and each.currency in {*rates, BASE}
            else None,
        )
        for each in found
    ]
