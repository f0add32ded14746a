"""Promises: what shops promise with a sale by dated rules of the operator, and what is paid by itself where it was not kept.

`offering` is what a shop promises with its goods; hours and times are frozen on the order's line. `late` finds what has not
left by its promised second, `guarantee` what the platform found to be counterfeit, `returning` is what sending back cost where
the shop is to blame or promised to bear it; `paying` pays for all of these, once, out of the shop's money into the buyer's
purse, and `making_good` pays a shop back what an appeal finds that it did not owe. `protection` gives back what has become
cheaper, by a refund like others. `paid` lists all of it. The rules are those of `trade.rights`; `trials` says what another rule
would have cost. With a worked example: docs/algorithms/promises.md.
"""

from steelyard.trade.promises.events import Compensated
from steelyard.trade.promises.guarantee import pay_for_counterfeit
from steelyard.trade.promises.late import note_late
from steelyard.trade.promises.making_good import make_good
from steelyard.trade.promises.model import (
    Cause,
    Compensation,
    Drop,
    Excuse,
    Listed,
    NothingFell,
    Protected,
    compensation,
)
from steelyard.trade.promises.offering import Limits, limits, promise
from steelyard.trade.promises.paid import Kind as PaidKind
from steelyard.trade.promises.paid import Paid, PaidSum, PaidWanted, paid, paid_sums
from steelyard.trade.promises.protection import claim, drops
from steelyard.trade.promises.queries import compensations_of, compensations_of_case, listed, protected_of
from steelyard.trade.promises.returning import freight_rule, pay_return_freight
from steelyard.trade.promises.trials import PromiseTrial, trial

__all__ = [
    "Cause",
    "Compensated",
    "Compensation",
    "Drop",
    "Excuse",
    "Limits",
    "Listed",
    "NothingFell",
    "Paid",
    "PaidKind",
    "PaidSum",
    "PaidWanted",
    "PromiseTrial",
    "Protected",
    "claim",
    "compensation",
    "compensations_of",
    "compensations_of_case",
    "drops",
    "freight_rule",
    "limits",
    "listed",
    "make_good",
    "note_late",
    "paid",
    "paid_sums",
    "pay_for_counterfeit",
    "pay_return_freight",
    "promise",
    "protected_of",
    "trial",
]
