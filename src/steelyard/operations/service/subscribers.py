"""Mails about purchases: paid, sent, cancelled, money on its way back. Each event is read once, and a mail's id follows
from what it tells, so that each buyer hears it once."""

from collections.abc import Sequence

from steelyard.goods import promotions
from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.kernel.money import Money
from steelyard.logistics import fulfilment, parcels
from steelyard.money import payments
from steelyard.money.payments import DoorState
from steelyard.operations.service import buyer_mails
from steelyard.operations.service.case_mails import (
    tell_appeal_ended,
    tell_appealed,
    tell_case_asked,
    tell_case_moved,
)
from steelyard.operations.service.coupon_news import tell_coupon_ending, tell_coupons_given
from steelyard.operations.service.invoice_mails import tell_due, tell_einvoiced, tell_invoiced
from steelyard.operations.service.invoice_mails import tell_refused as tell_not_invoiced
from steelyard.operations.service.money_mails import (
    tell_chargeback_ended,
    tell_charged_back,
    tell_refund_answered,
    tell_refund_awaits,
)
from steelyard.operations.service.presale_mails import (
    tell_balance_due,
    tell_deposit_forfeited,
    tell_deposit_paid,
    tell_deposit_returned,
)
from steelyard.operations.service.promise_mails import tell_compensated, tell_protected
from steelyard.operations.service.questions import tell_answered, tell_asked
from steelyard.operations.service.shop_mails import (
    tell_debt_claimed,
    tell_deposit_demanded,
    tell_entry_decided,
    tell_handed_over,
    tell_leave_answered,
    tell_payout_account_changed,
    tell_restricted,
    tell_violation_decided,
    tell_violation_recorded,
    tell_way_chosen,
)
from steelyard.operations.service.team_mails import TEAM_REASONS, tell_let_go
from steelyard.operations.service.team_mails import tell as tell_team
from steelyard.parties import access, merchants
from steelyard.parties.notifications.model import (
    Line,
    OrderCancelled,
    OrderConfirmed,
    OrderPart,
    OrderShipped,
    RefundSent,
    Template,
)
from steelyard.trade import (
    aftersales,
    campaigns,
    chargebacks,
    discipline,
    einvoices,
    invoices,
    orders,
    promises,
    reviews,
    settlement,
)
from steelyard.trade.aftersales.model import Reason
from steelyard.trade.orders.model import OrderId, PurchaseId


async def tell_paid(tx: Tx, events: Sequence[orders.PurchasePaid]) -> None:
    for event in events:
        purchase = await orders.purchase(tx, PurchaseId(event.purchase_id))
        if purchase is None or not purchase.contact.email:
            continue
        placed = await orders.orders_of_purchase(tx, purchase.purchase_id)
        lines = await orders.lines_of(tx, [order.order_id for order in placed])
        shops = await merchants.cards(tx, [order.merchant_id for order in placed])
        parts = [
            OrderPart(
                shop=shops[order.merchant_id].name,
                code=order.code,
                lines=[
                    Line(title=line.title, quantity=line.quantity, amount=Money(line.amount, order.currency))
                    for line in lines[order.order_id]
                ],
                freight=Money(order.freight, order.currency),
                total=Money(order.total, order.currency),
            )
            for order in placed
        ]
        doors = await payments.doors_of_all(tx, [(order.merchant_id, order.order_id) for order in placed])
        owed = sum(door.left for door in doors.values())
        facts = OrderConfirmed(
            name=purchase.contact.name,
            purchase=purchase.code,
            orders=parts,
            total=Money(purchase.total, purchase.currency),
            link=buyer_mails.page_of(purchase),
            waits=purchase.team_id is not None,
            ships_by=next((order.agreed for order in placed if order.agreed is not None), None),
            at_the_door=Money(owed, purchase.currency) if owed else None,
        )
        await buyer_mails.send(tx, purchase, Template.ORDER_CONFIRMED, facts, purchase.purchase_id)


async def tell_shipped(tx: Tx, events: Sequence[orders.OrderShipped]) -> None:
    for event in events:
        order, purchase = await buyer_mails.found(tx, event.merchant_id, event.order_id)
        sent = (await parcels.of_orders(tx, [order.order_id]))[order.order_id]
        parcel = next((parcel for parcel in sent if parcel.parcel_id == event.parcel_id), None)
        if parcel is None or not purchase.contact.email:
            continue
        lines = {line.line: line for line in (await orders.lines_of(tx, [order.order_id]))[order.order_id]}
        inside = (await fulfilment.contents(tx, order.order_id)).get(parcel.parcel_id, [])
        facts = OrderShipped(
            name=purchase.contact.name,
            order=order.code,
            shop=await buyer_mails.shop_of(tx, order.merchant_id),
            carrier=parcel.carrier_name,
            number=parcel.number,
            lines=[Line(title=lines[item.line].title, quantity=item.quantity) for item in inside],
            link=buyer_mails.page_of(purchase),
        )
        await buyer_mails.send(tx, purchase, Template.ORDER_SHIPPED, facts, parcel.parcel_id)


async def tell_cancelled(tx: Tx, events: Sequence[orders.OrderCancelled]) -> None:
    for event in events:
        order, purchase = await buyer_mails.found(tx, event.merchant_id, event.order_id)
        if event.reason in TEAM_REASONS:
            await tell_team(tx, order, purchase, TEAM_REASONS[event.reason])
            continue
        door = (await payments.doors_of(tx, order.merchant_id, [order.order_id])).get(order.order_id)
        back = order.refunded - (door.amount if door else 0)  # what was to be paid at the door was not charged
        # What was only authorised was never charged.
        back -= await payments.let_go_of(tx, order.merchant_id, order.order_id)
        facts = OrderCancelled(
            name=purchase.contact.name,
            order=order.code,
            shop=await buyer_mails.shop_of(tx, order.merchant_id),
            reason=event.reason,
            refund=Money(back, order.currency) if back else None,
            link=buyer_mails.page_of(purchase),
        )
        await buyer_mails.send(tx, purchase, Template.ORDER_CANCELLED, facts, order.order_id)


async def tell_refunded(tx: Tx, events: Sequence[aftersales.OrderRefunded]) -> None:
    """Of a cancelled order's refund the mail about the cancelling tells already; of imported ones nobody is told."""
    for event in events:
        decided = (await aftersales.of_orders(tx, [OrderId(event.order_id)]))[OrderId(event.order_id)]
        refund = next((each for each in decided if each.refund_id == event.refund_id), None)
        if refund is None or refund.reason in (Reason.CANCELLED, Reason.IMPORTED, Reason.REFUSED):
            continue
        order, purchase = await buyer_mails.found(tx, event.merchant_id, event.order_id)
        if refund.reason is Reason.PRICE_PROTECTION:
            await tell_protected(tx, order, purchase, refund.refund_id)
            continue
        door = (await payments.doors_of(tx, order.merchant_id, [order.order_id])).get(order.order_id)
        facts = RefundSent(
            name=purchase.contact.name,
            order=order.code,
            shop=await buyer_mails.shop_of(tx, order.merchant_id),
            amount=Money(event.goods + event.freight, event.currency),
            at=refund.at,
            link=buyer_mails.page_of(purchase),
            at_the_door=door is not None and door.state in (DoorState.DUE, DoorState.VOID),
        )
        await buyer_mails.send(tx, purchase, Template.REFUND_SENT, facts, event.refund_id)


SUBSCRIBER = Subscriber(
    "service.order_mails",
    {
        orders.PurchasePaid: tell_paid,
        orders.OrderShipped: tell_shipped,
        orders.OrderCancelled: tell_cancelled,
        orders.OrderLetGo: tell_let_go,
        orders.DepositPaid: tell_deposit_paid,
        orders.BalanceDue: tell_balance_due,
        orders.DepositReturned: tell_deposit_returned,
        orders.DepositForfeited: tell_deposit_forfeited,
        promises.Compensated: tell_compensated,
        aftersales.OrderRefunded: tell_refunded,
        aftersales.AfterSalesAsked: tell_case_asked,
        aftersales.AfterSalesMoved: tell_case_moved,
        aftersales.AfterSalesAppealed: tell_appealed,
        aftersales.AppealEnded: tell_appeal_ended,
        merchants.PayoutAccountChanged: tell_payout_account_changed,
        settlement.WayChosen: tell_way_chosen,
        settlement.AccountRestricted: tell_restricted,
        access.OwnershipHandedOver: tell_handed_over,
        discipline.ViolationRecorded: tell_violation_recorded,
        discipline.ViolationDecided: tell_violation_decided,
        discipline.DepositDemanded: tell_deposit_demanded,
        discipline.DebtClaimed: tell_debt_claimed,
        campaigns.EntryDecided: tell_entry_decided,
        campaigns.LeaveAnswered: tell_leave_answered,
        promotions.CouponsGiven: tell_coupons_given,
        promotions.CouponEnding: tell_coupon_ending,
        reviews.QuestionAsked: tell_asked,
        reviews.QuestionAnswered: tell_answered,
        invoices.InvoiceIssued: tell_invoiced,
        invoices.InvoiceRefused: tell_not_invoiced,
        invoices.InvoicesDue: tell_due,
        einvoices.EInvoiceIssued: tell_einvoiced,
        chargebacks.ChargebackOpened: tell_charged_back,
        chargebacks.ChargebackEnded: tell_chargeback_ended,
        aftersales.RefundAwaits: tell_refund_awaits,
        aftersales.RefundAnswered: tell_refund_answered,
    },
)
