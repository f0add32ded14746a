"""Promises in words: why something was paid, why it was not, and where it went."""

from steelyard.kernel.i18n import N_
from steelyard.money.wallets import Purse
from steelyard.trade.promises import Cause, Excuse

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
