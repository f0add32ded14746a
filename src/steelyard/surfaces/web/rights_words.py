"""Buyers' rights in words: kinds of rules, and why goods are not returned without a reason."""

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel.i18n import N_
from steelyard.trade.rights.model import CountedFrom, RuleKind

NO_RETURNS: dict[str, str] = {
    NoReturn.MADE_TO_ORDER: N_("made to the buyer’s order"),
    NoReturn.PERISHABLE: N_("fresh, or spoils quickly"),
    NoReturn.OPENED_DIGITAL: N_("recordings, software and other digital goods, once opened"),
    NoReturn.PERIODICAL: N_("newspapers and periodicals"),
    NoReturn.CONFIRMED: N_("not fit for return by what it is, as confirmed when buying"),
}
KINDS: dict[RuleKind, str] = {
    RuleKind.NO_REASON_RETURN: N_("Return without a reason"),
    RuleKind.WITHDRAWAL: N_("Withdrawal (EU)"),
    RuleKind.FAULT: N_("Faulty goods"),
    RuleKind.SHIP_PROMISE: N_("Sent by a promised time"),
    RuleKind.PRICE_PROTECTION: N_("Price protection"),
    RuleKind.AUTHENTICITY: N_("Guaranteed genuine"),
    RuleKind.RETURN_FREIGHT: N_("Return freight"),
    RuleKind.FREE_RETURNS: N_("Free returns"),
}
COUNTED: dict[CountedFrom, str] = {
    CountedFrom.RECEIVED: N_("from receipt"),
    CountedFrom.PLACED: N_("from the order"),
}
