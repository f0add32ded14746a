"""What promises do when an after-sales case has given money back, and when an appeal finds that it should not have."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales import AfterSalesMoved, AppealEnded, Outcome
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.promises.guarantee import pay_for_counterfeit
from steelyard.trade.promises.making_good import make_good
from steelyard.trade.promises.returning import pay_return_freight


async def on_moved(tx: Tx, moved: Sequence[AfterSalesMoved]) -> None:
    """What was promised for a counterfeit is paid once its money has gone back, and what sending back cost once the goods are
    taken back."""
    now = cast(datetime, await tx.value("SELECT now()")).astimezone(UTC)
    for each in moved:
        if each.to_state == CaseState.REFUNDED:
            await pay_for_counterfeit(tx, MerchantId(each.merchant_id), each.case_id, now)
        if each.to_state in (CaseState.REFUNDED, CaseState.ACCEPTED):
            await pay_return_freight(tx, MerchantId(each.merchant_id), each.case_id, now)


async def on_appeal_ended(tx: Tx, ended: Sequence[AppealEnded]) -> None:
    """What a shop paid beside a refund that was wrong is made good to it."""
    now = cast(datetime, await tx.value("SELECT now()")).astimezone(UTC)
    for each in ended:
        if each.outcome == Outcome.CHANGED:
            await make_good(tx, MerchantId(each.merchant_id), each.case_id, now)


SUBSCRIBER = Subscriber("promises", {AfterSalesMoved: on_moved, AppealEnded: on_appeal_ended})
