"""After-sales cases in words: kinds, states, steps, and what each side may expect next."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.logistics import parcels
from steelyard.logistics.parcels.model import Parcel
from steelyard.parties import merchants
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.components.page import Tone
from steelyard.trade import aftersales, orders, promises, rights
from steelyard.trade.aftersales import (
    APPEAL_WITHIN,
    REASONS,
    SWAPS,
    Appeal,
    Case,
    CaseLine,
    CaseStep,
    Exchange,
    Kind,
    Outcome,
    Side,
    Verdict,
)
from steelyard.trade.aftersales.model import CaseState, LineShare, OrderRefund, share_of
from steelyard.trade.orders.model import Order, OrderLine, OrderState
from steelyard.trade.rights import Rule

KINDS: dict[Kind, str] = {
    Kind.REFUND_ONLY: N_("Refund only"),
    Kind.RETURN_REFUND: N_("Return and refund"),
    Kind.EXCHANGE: N_("Exchange"),
    Kind.REPLACEMENT: N_("Replacement"),
}
KIND_HINTS: dict[Kind, str] = {
    Kind.REFUND_ONLY: N_("It has not arrived, something is missing, or you have agreed with the shop to keep it."),
    Kind.RETURN_REFUND: N_("You send it back; when the shop has it, your money goes back."),
    Kind.EXCHANGE: N_("You send it back and get another size, colour or kind of it, at the same price or less."),
    Kind.REPLACEMENT: N_("You send back what is wrong with it and get the same once more."),
}
STATES: dict[CaseState, tuple[str, Tone]] = {
    CaseState.ASKED: (N_("Waiting for the shop"), "warn"),
    CaseState.AGREED: (N_("To be sent back"), "warn"),
    CaseState.SENT_BACK: (N_("On its way back"), "info"),
    CaseState.REFUSED: (N_("Refused by the shop"), "bad"),
    CaseState.DISPUTED: (N_("The platform decides"), "warn"),
    CaseState.ACCEPTED: (N_("To be sent anew"), "warn"),
    CaseState.RESENT: (N_("Sent anew"), "info"),
    CaseState.EXCHANGED: (N_("Exchanged"), "good"),
    CaseState.REFUNDED: (N_("Refunded"), "good"),
    CaseState.REJECTED: (N_("Rejected by the platform"), "bad"),
    CaseState.WITHDRAWN: (N_("Withdrawn"), "quiet"),
    CaseState.CLOSED: (N_("Closed"), "quiet"),
}
STEPS: dict[CaseState, str] = {
    CaseState.ASKED: N_("The buyer asked"),
    CaseState.AGREED: N_("The return was agreed to"),
    CaseState.SENT_BACK: N_("The buyer sent it back"),
    CaseState.REFUSED: N_("The shop refused"),
    CaseState.DISPUTED: N_("The buyer asked the platform to decide"),
    CaseState.ACCEPTED: N_("The shop took it back and sends another"),
    CaseState.RESENT: N_("The shop sent another"),
    CaseState.EXCHANGED: N_("The exchange is done"),
    CaseState.REFUNDED: N_("Refunded"),
    CaseState.REJECTED: N_("The platform decided against a refund"),
    CaseState.WITHDRAWN: N_("The buyer withdrew"),
    CaseState.CLOSED: N_("Closed"),
}
VERDICT_WORDS: dict[Verdict, str] = {
    Verdict.REFUND: N_("Refund"),
    Verdict.RETURN: N_("Return first"),
    Verdict.REJECT: N_("No refund"),
}
SIDES: dict[Side, str] = {Side.BUYER: N_("The buyer appeals"), Side.SHOP: N_("The shop appeals")}
ANSWERS: dict[Side, str] = {Side.BUYER: N_("The shop answers"), Side.SHOP: N_("The buyer answers")}
OUTCOMES: dict[Outcome, tuple[str, Tone]] = {
    Outcome.UPHELD: (N_("The decision stands"), "quiet"),
    Outcome.CHANGED: (N_("The decision was changed"), "good"),
    Outcome.LAPSED: (N_("Ended with the case"), "quiet"),
}
# What is next, and what silence does, as the buyer and as the staff of either console read it.
FOR_BUYER: dict[CaseState, str] = {
    CaseState.ASKED: N_("The shop answers by {time}. Without an answer it counts as agreed then."),
    CaseState.AGREED: N_(
        "Please send the goods back and enter the tracking number. On {time} this is closed otherwise."
    ),
    CaseState.SENT_BACK: N_("The shop looks at what you sent. Without a word from it your money goes back on {time}."),
    CaseState.REFUSED: N_("You can ask the platform to decide until {time}. After that this is closed."),
    CaseState.DISPUTED: N_("The platform looks at what both sides said, and decides with a reason."),
    CaseState.ACCEPTED: N_(
        "The shop has what you sent, and sends another. If it has not by {time}, your money goes back."
    ),
    CaseState.RESENT: N_(
        "It is on its way. On {time} it counts as received; if it does not come, ask the platform before."
    ),
    CaseState.EXCHANGED: N_("You have what you wanted instead."),
    CaseState.REFUNDED: N_("Your money goes back the way you paid."),
    CaseState.REJECTED: N_("The platform has decided. The reason stands below."),
    CaseState.WITHDRAWN: N_("You have withdrawn it."),
    CaseState.CLOSED: N_("Nothing more happens here."),
}
FOR_STAFF: dict[CaseState, str] = {
    CaseState.ASKED: N_("Without an answer of the shop it counts as agreed on {time}."),
    CaseState.AGREED: N_("The buyer has until {time} to send the goods back."),
    CaseState.SENT_BACK: N_("Without a look at the goods the money goes back on {time}."),
    CaseState.REFUSED: N_("The buyer can ask the platform to decide until {time}."),
    CaseState.DISPUTED: N_("The platform decides."),
    CaseState.ACCEPTED: N_("Please send the other one. If it is not sent by {time}, the money goes back."),
    CaseState.RESENT: N_("On its way to the buyer. On {time} it counts as received."),
    CaseState.EXCHANGED: N_("The buyer has what was wanted instead."),
    CaseState.REFUNDED: N_("The money is on its way back to the buyer."),
    CaseState.REJECTED: N_("The platform has decided against a refund."),
    CaseState.WITHDRAWN: N_("The buyer has withdrawn it."),
    CaseState.CLOSED: N_("It ended without money."),
}


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case with its order, what it is about and what happened to it."""

    case: Case
    order: Order
    shop: ShopCard
    wanted: Sequence[CaseLine]
    lines: Mapping[int, OrderLine]
    steps: Sequence[CaseStep]
    refund: OrderRefund | None
    rule: Rule | None = None
    appeal: Appeal | None = None
    exchange: Exchange | None = None
    difference: OrderRefund | None = None
    parcels: Sequence[Parcel] = ()

    @property
    def swaps(self) -> bool:
        return self.case.kind in SWAPS

    def may_appeal(self, side: str) -> bool:
        """Whether this side may appeal against the platform's decision now."""
        return aftersales.appealable(self.case, Side(side), self.appeal, datetime.now(UTC))

    def may_answer(self, side: str) -> bool:
        """Whether this side may answer the other's appeal now."""
        found = self.appeal
        return found is not None and found.open and found.side is not Side(side) and not found.ripe(datetime.now(UTC))

    @property
    def ripe(self) -> bool:
        """Whether an open appeal may be decided now."""
        return self.appeal is not None and self.appeal.open and self.appeal.ripe(datetime.now(UTC))

    @property
    def appeal_until(self) -> datetime | None:
        return self.case.decided_at + APPEAL_WITHIN if self.case.decided_at else None

    @property
    def free_returns(self) -> bool:
        """Whether the shop promised with one of these goods to bear what sending them back costs, whatever the reason."""
        return any(self.lines[each.line].free_returns for each in self.wanted)

    @property
    def amount(self) -> int:
        """What went back, or what would: for as many of the pieces as are not given back otherwise."""
        if self.refund is not None:
            return self.refund.goods + self.refund.freight
        return sum(share.amount for share in self._shares[0]) + self.case.freight

    @property
    def kept_back(self) -> int:
        """What is kept back of it, or would be, for gifts that are not earned any more and do not come back with it."""
        return sum(amount for _, amount in self._shares[1])

    @property
    def _shares(self) -> tuple[list[LineShare], list[tuple[int, int]]]:
        wanted = {
            each.line: min(each.quantity, self.lines[each.line].quantity - self.lines[each.line].refunded_quantity)
            for each in self.wanted
        }
        lines = [*self.lines.values()]
        shares = [share_of(self.lines[line], pieces) for line, pieces in wanted.items() if pieces]
        sent = self.order.state in (OrderState.SHIPPED, OrderState.COMPLETED)
        if not sent or self.swaps or self.case.shops_fault or not self.case.open:
            return shares, []
        return aftersales.kept_back(lines, shares, aftersales.unearned(lines, wanted))

    @property
    def reason(self) -> str:
        return REASONS[self.case.reason].words


async def case_view(read: Read, found: Case) -> CaseView:
    order = await orders.order(read, found.merchant_id, found.order_id)
    assert order is not None, "a case is about an order"
    refunds = (await aftersales.of_orders(read, [order.order_id]))[order.order_id]
    return CaseView(
        case=found,
        order=order,
        shop=(await merchants.cards(read, [found.merchant_id]))[found.merchant_id],
        wanted=(await aftersales.case_lines(read, [found.case_id]))[found.case_id],
        lines={line.line: line for line in (await orders.lines_of(read, [order.order_id]))[order.order_id]},
        steps=await aftersales.case_history(read, found.merchant_id, found.case_id),
        refund=next((each for each in refunds if each.refund_id == found.refund_id), None),
        rule=None if found.rule_id is None else await rights.rule(read, found.rule_id),
        exchange=await aftersales.exchange_of(read, found.case_id),
        difference=next((each for each in refunds if each.refund_id == aftersales.difference_id(found.case_id)), None),
        parcels=(await parcels.of_orders(read, [found.case_id]))[found.case_id],
        # Without a decision of the platform there is no appeal to ask for.
        appeal=(await aftersales.appeals_of(read, [found.case_id])).get(found.case_id) if found.verdict else None,
    )


async def bearing(read: Read, view: CaseView) -> Rule | None:
    """The rule by which the shop bears what sending back costs in this case; none where the buyer does."""
    return promises.freight_rule(
        await rights.rules(read),
        view.case.reason,
        promised=view.free_returns,
        placed=view.order.placed_at,
        currency=view.order.currency,
    )
