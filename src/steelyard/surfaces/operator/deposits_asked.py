"""What a category asks for as a deposit, for the form on its page: a field for each currency of the house."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.money import currencies
from steelyard.money.currencies import Currency
from steelyard.parties import policies
from steelyard.parties.policies.model import DEPOSIT_DAYS
from steelyard.trade import discipline

FIELD = "deposit_"
# Most shops have it; the others are folded away.
FIRST = "CNY"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`amounts` by currency; what is missing is due in so many `days`."""

    amounts: dict[str, int]
    currencies: Sequence[Currency]
    days: int


async def asked_of(read: Read, category_id: UUID) -> Asked:
    return Asked(
        amounts=await discipline.category_deposits(read, category_id),
        currencies=sorted(await currencies.all(read), key=lambda each: each.currency != FIRST),
        days=await policies.number(read, DEPOSIT_DAYS),
    )
