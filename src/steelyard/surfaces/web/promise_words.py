"""Promises in words: why something was paid, why it was not, and where it went; and what was paid as a file."""

from collections.abc import Mapping, Sequence

from litestar import Response

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.money.wallets import Purse
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.promises import Cause, Excuse, Paid, PaidKind

CAUSES: dict[Cause, str] = {
    Cause.LATE: N_("Sent later than promised"),
    Cause.COUNTERFEIT: N_("Not genuine"),
    Cause.RETURN_FREIGHT: N_("Return freight"),
}
EXCUSES: dict[Excuse, str] = {
    Excuse.READDRESSED: N_("The buyer had it sent elsewhere after paying"),
    Excuse.ASKED: N_("The buyer had asked to cancel it, or for money back"),
    Excuse.SPLIT: N_("A part of it had left in time"),
    Excuse.NO_RULE: N_("No rule was in force when it was ordered"),
    Excuse.NOTHING_LEFT: N_("Its money had gone back already"),
}
PURSES: dict[Purse, str] = {Purse.BALANCE: N_("to the buyer’s balance"), Purse.POINTS: N_("as points of the buyer")}
OWN_PURSES: dict[Purse, str] = {Purse.BALANCE: N_("paid into your balance"), Purse.POINTS: N_("paid to you as points")}
PAID: dict[PaidKind, str] = {
    **{PaidKind(cause): words for cause, words in CAUSES.items()},
    PaidKind.PRICE_PROTECTION: N_("Price protection"),
}


def paid_file(visit: Visit, rows: Sequence[Paid], shops: Mapping[MerchantId, str]) -> Response[bytes]:
    """What was paid, a line of an order each; with the shops where there are several."""
    columns = (
        *((N_("Shop"),) if shops else ()), N_("Order"), N_("Line"), N_("Product"), N_("Why"), N_("Rule"), N_("Buyer"),
        N_("Compensated at"), N_("Currency"), N_("Amount"), N_("Out of the deposit"), N_("Paid into"), N_("Document"),
    )  # fmt: skip
    lines = [
        (
            *((shops.get(each.merchant_id, ""),) if shops else ()),
            each.code,
            each.line,
            each.title,
            visit.say(PAID[each.kind]),
            each.rule,
            each.buyer,
            each.at,
            each.currency,
            Money(each.amount, each.currency),
            Money(each.from_deposit, each.currency),
            visit.say(PURSES[each.purse] if each.purse else N_("as the order was paid")),
            str(each.document),
        )
        for each in rows
    ]
    return exports.sheet(visit, N_("Compensations"), columns, lines)
