"""What is paid to buyers because a promise was not kept, and what goes back of a price that has fallen since."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel import ids, money
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.money.payments.model import RefundId
from steelyard.money.wallets import Purse
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import OrderId
from steelyard.trade.rights.model import Rule, RuleId

_PERCENT_IN_MILLIONTHS = 10_000


class Cause(StrEnum):
    """`late`: not sent by the promised time. `counterfeit`: the platform found that the goods are not genuine. `return_freight`:
    what sending back cost, where the shop is to blame."""

    LATE = "late"
    COUNTERFEIT = "counterfeit"
    RETURN_FREIGHT = "return_freight"


class Excuse(StrEnum):
    """Why nothing is paid for a line that was late. `readdressed`: the buyer sent it elsewhere after paying; `asked`: a
    request to cancel or an after-sales case was open at that time; `split`: a part of it had left in time; `no_rule`: no rule
    was in force when it was ordered; `nothing_left`: its money had gone back."""

    READDRESSED = "readdressed"
    ASKED = "asked"
    SPLIT = "split"
    NO_RULE = "no_rule"
    NOTHING_LEFT = "nothing_left"


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop owes a buyer for a line: `amount` by the rule, of what the buyer paid for it (`basis`); or an excuse."""

    merchant_id: MerchantId
    order_id: OrderId
    line: int
    cause: Cause
    buyer_id: BuyerId
    rule_id: RuleId | None
    basis: int
    amount: int
    currency: str
    due_at: datetime
    excuse: Excuse | None = None
    case_id: UUID | None = None

    @property
    def document(self) -> UUID:
        """What the books name as the cause, the same however often it is said: of a line, or of a line in a case."""
        return ids.derived(self.case_id or self.order_id, self.cause, str(self.line))


class Compensation(msgspec.Struct, frozen=True, kw_only=True):
    """As it was decided, with the rule that made it. `purse`: where the buyer has it; `from_deposit` is the part that the
    shop's deposit paid; `made_good_at`: when the platform paid it back to a shop that an appeal found in the right."""

    merchant_id: MerchantId
    order_id: OrderId
    line: int
    cause: Cause
    buyer_id: BuyerId
    rule_id: RuleId | None
    rule: Text | None
    basis: int
    amount: int
    currency: str
    due_at: datetime
    excuse: Excuse | None
    case_id: UUID | None
    purse: Purse | None
    from_deposit: int
    document: UUID
    at: datetime
    made_good_at: datetime | None = None


class Listed(Compensation, frozen=True, kw_only=True):
    """A compensation in a list, with its order's number and what the line is."""

    code: str
    title: Text


class Protected(msgspec.Struct, frozen=True, kw_only=True):
    """What went back since the price had fallen: `unit_price` then, `price` on the day of the claim, for so many `pieces`."""

    merchant_id: MerchantId
    order_id: OrderId
    line: int
    refund_id: RefundId
    rule_id: RuleId
    rule: Text
    unit_price: int
    price: int
    pieces: int
    amount: int
    currency: str
    at: datetime


class Drop(msgspec.Struct, frozen=True, kw_only=True):
    """What would go back of a line now."""

    line: int
    rule: Rule
    until: datetime | None
    price: int
    pieces: int
    amount: int


def compensation(rule: Rule, basis: int) -> int:
    """A share of what was paid, within the rule's least and most, and never more than what was paid."""
    part = max(money.share(basis, rule.percent * _PERCENT_IN_MILLIONTHS), rule.amount_least)
    return min(part, basis, part if rule.amount_most is None else rule.amount_most)


def protection_id(order_id: UUID, line: int, price: int) -> RefundId:
    """One refund for each fall to a price: claiming it twice is claiming it once."""
    return RefundId(ids.derived(order_id, "price", str(line), str(price)))


class NothingFell(Refusal):
    """Price protection gives back what has become cheaper, in its time, once for each fall."""

    code = "nothing_fell"
    status = 409
    title = N_("Nothing has become cheaper")
    detail = N_("The price has not fallen below what you paid, it was given back already, or the time for it is over.")
