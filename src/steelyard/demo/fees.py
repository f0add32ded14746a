"""What the demo's marketplace charges beside its commission: two shops pay for payment and service, and a change is planned."""

from datetime import UTC, datetime, timedelta

from steelyard.demo.products import made
from steelyard.kernel.db import Tx
from steelyard.kernel.text import text
from steelyard.trade import commission
from steelyard.trade.commission import Wish
from steelyard.trade.commission.model import HOUSE_ZONE, SALES_COMMISSION, Channel, FeeId, RuleId

PAYMENT, SERVICE = FeeId(made("fee", "payment")), FeeId(made("fee", "service"))
SERVICE_TAX_MILLIONTHS = 60_000
# Shops that were admitted under the newer terms.
NEWER = ("heyi", "mingmu")
PLANNED_IN_DAYS = 30


async def charge(tx: Tx) -> None:
    """Open the fees and set their rules; said again, nothing changes."""
    await commission.open_fee(tx, PAYMENT, text("支付服务费", "Payment fee"), kept=True)
    await commission.open_fee(tx, SERVICE, text("技术服务费", "Service fee"), kept=False)
    if not await commission.taxes_of(tx, SERVICE):
        await commission.set_tax(tx, SERVICE, SERVICE_TAX_MILLIONTHS, None)
    for slug in NEWER:
        merchant_id = made("merchant", slug)
        await commission.set_rule(
            tx,
            Wish(
                rule_id=_rule("payment", slug),
                fee_id=PAYMENT,
                merchant_id=merchant_id,
                millionths=6_000,
                on_freight=True,
            ),
        )
        await commission.set_rule(
            tx,
            Wish(
                rule_id=_rule("service", slug),
                fee_id=SERVICE,
                merchant_id=merchant_id,
                currency="CNY",
                millionths=10_000,
                fixed=50,
                most=3_000,
            ),
        )
    # Nothing is sold in live rooms yet: it shows how a channel has a rule of its own.
    await commission.set_rule(
        tx,
        Wish(rule_id=_rule("live"), fee_id=SALES_COMMISSION, channel=Channel.LIVE, millionths=80_000),
    )
    soon = datetime.now(UTC).astimezone(HOUSE_ZONE).date() + timedelta(days=PLANNED_IN_DAYS)
    await commission.set_rule(
        tx,
        Wish(
            rule_id=_rule("planned"),
            fee_id=SALES_COMMISSION,
            merchant_id=made("merchant", NEWER[0]),
            millionths=45_000,
            from_day=soon,
        ),
    )


def _rule(*names: str) -> RuleId:
    return RuleId(made("fee rule", *names))
