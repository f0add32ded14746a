"""The trial balance by currency: as it was summed last, now, or at a moment; of everybody, or of one owner."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.money import ledger
from steelyard.money.ledger.model import TrialLine
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId, ShopCard


class Currency(msgspec.Struct, frozen=True, kw_only=True):
    """One currency's trial balance. `debits` and `credits` are the same, or the books are broken."""

    currency: str
    lines: list[TrialLine]
    debits: int
    credits: int

    @property
    def balanced(self) -> bool:
        return self.debits == self.credits


async def trial(read: Read, until: datetime | None, owner_id: UUID | None, *, exact: bool) -> ledger.Summed:
    """As it was when it was summed last, or now if it shall be `exact`, or as it was at a moment; of everybody, or of one
    owner."""
    if until is not None or owner_id is not None:
        moment = until or datetime.now(UTC) + timedelta(days=1)
        if owner_id is None:
            return ledger.Summed(lines=await ledger.trial_at(read, moment))
        return ledger.Summed(lines=await ledger.trial_balance_at(read, moment, owner_id))
    return ledger.Summed(lines=await ledger.trial_balance(read)) if exact else await ledger.summed(read)


def by_currency(lines: Sequence[TrialLine]) -> list[Currency]:
    found: list[Currency] = []
    for currency, group in groupby(lines, key=lambda line: line.currency):
        of_currency = list(group)
        debits, credits_ = sum(line.debits for line in of_currency), sum(line.credits for line in of_currency)
        found.append(Currency(currency=currency, lines=of_currency, debits=debits, credits=credits_))
    return found


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    currencies: list[Currency]
    owner: ShopCard | None
    at: datetime | None
    waited_for: bool


async def trial_of(read: Read, until: datetime | None, owner_id: UUID | None, exact: bool) -> Trial:
    card = (await merchants.cards(read, [MerchantId(owner_id)])).get(MerchantId(owner_id)) if owner_id else None
    summed = await trial(read, until, owner_id, exact=exact)
    return Trial(currencies=by_currency(summed.lines), owner=card, at=summed.at, waited_for=summed.waited_for)
