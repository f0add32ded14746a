"""A new code in the place of one that is no use any more: the old try is closed at its channel first, where that can be done."""

import structlog

from steelyard.kernel.db import Database
from steelyard.kernel.settings import Settings
from steelyard.money import payments
from steelyard.money.payments.model import ChannelAnswer, PaymentState, Unknown
from steelyard.trade.checkout.collection import Collection, Payer, apply_payment, collect
from steelyard.trade.orders.model import PurchaseId

log = structlog.get_logger()


async def renew(
    db: Database, settings: Settings, purchase_id: PurchaseId, *, channel: str, return_url: str, payer: Payer
) -> Collection:
    """Begin anew to pay through a channel whose last try still waits for its payer. Raises as `collect` does.

    The old try is closed (关单). Should it turn out to be paid, that is what counts, and nothing new is begun. A channel that
    cannot promise to close it leaves two that can be paid: the second capture is given back by itself.
    """
    for earlier in await db.ask(payments.of_purchase, purchase_id):
        if earlier.channel != channel or earlier.state is not PaymentState.PENDING:
            continue
        answer = await payments.channel(settings, channel).cancel(earlier.sought)
        if isinstance(answer, ChannelAnswer):
            await db.transact(apply_payment, earlier.payment_id, answer, "channel")
        elif isinstance(answer, Unknown):
            log.warning("payment.not_closed", payment_id=str(earlier.payment_id), why=answer.why)
    return await collect(db, settings, purchase_id, channel=channel, return_url=return_url, payer=payer, anew=True)
