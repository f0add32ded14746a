"""Rules of fees in words: of which sales each is, and who and what stands behind the ids in it."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods import catalog
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web.category_names import names_of
from steelyard.trade import commission
from steelyard.trade.aftersales.model import OrderRefund
from steelyard.trade.commission.model import Channel, RuleState, Scope, Taxes
from steelyard.trade.orders.model import Order, OrderLine

CHANNELS: Mapping[str, str] = {
    Channel.SHOP: N_("The shop’s own pages"),
    Channel.LIVE: N_("Live room"),
    Channel.AMAZON: N_("Amazon"),
    Channel.AGENT: N_("Shopping agents"),
}
TAXES: Mapping[str, str] = {
    Taxes.SHOWN: N_("prices as shown"),
    Taxes.WITHOUT: N_("prices without tax"),
    Taxes.WITH: N_("prices with all taxes"),
}
STATES: Mapping[str, str] = {
    RuleState.COUNTS: N_("Counts now"),
    RuleState.PLANNED: N_("Planned"),
    RuleState.ENDED: N_("Ended"),
    RuleState.WITHDRAWN: N_("Withdrawn"),
}


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The names behind the ids in rules."""

    categories: Mapping[UUID, Text]
    products: Mapping[UUID, Text]
    shops: Mapping[UUID, Text]


async def named(read: Read, rules: Iterable[Scope]) -> Named:
    found = list(rules)
    shops = await merchants.cards(read, {MerchantId(rule.merchant_id) for rule in found if rule.merchant_id})
    return Named(
        categories=names_of(await catalog.categories(read)),
        products=await commission.product_titles(read, [rule.product_id for rule in found if rule.product_id]),
        shops={merchant_id: card.name for merchant_id, card in shops.items()},
    )


class Charged(msgspec.Struct, frozen=True, kw_only=True):
    """What an order is charged by one fee after refunds, and the tax on that, in minor units."""

    name: Text
    amount: int
    tax: int
    kept: bool


def charged(order: Order, lines: Sequence[OrderLine], refunds: Sequence[OrderRefund]) -> list[Charged]:
    """Fee by fee, what was frozen at sale less what refunds gave back: together what the order's commission has come to."""
    fees = [*(fee for line in lines for fee in line.fees), *order.freight_fees]
    sums = {part.fee_id: [0, 0] for part in fees}
    for fee in fees:
        sums[fee.fee_id][0] += fee.amount
        sums[fee.fee_id][1] += fee.tax
    for part in (part for refund in refunds for part in refund.fees):
        sums[part.fee_id][0] -= part.amount
        sums[part.fee_id][1] -= part.tax
    known = {fee.fee_id: fee for fee in reversed(fees)}
    return [
        Charged(name=known[fee_id].name, amount=amount, tax=tax, kept=known[fee_id].kept)
        for fee_id, (amount, tax) in sums.items()
    ]
