"""What a SKU costs."""

import msgspec

from steelyard.goods.catalog.model import SkuId
from steelyard.parties.merchants.model import MerchantId

PRICES_PER_COMMAND_MAX = 10_000
AMOUNT_MAX = 10**15
# Beside a reduced price stands the lowest of so many days before it.
LOWEST_OF_DAYS = 30


class NewPrice(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` and `compare_at` (the market price, shown struck out) in minor units of `currency`."""

    sku_id: SkuId
    currency: str
    amount: int
    compare_at: int | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """`lowest_before`: the lowest that it cost in the `LOWEST_OF_DAYS` days before this amount; none where it never cost
    anything else."""

    amount: int
    compare_at: int | None
    currency: str
    lowest_before: int | None = None


class MerchantPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price with whose it is, for the bulk path."""

    merchant_id: MerchantId
    price: NewPrice
