"""What promises do when an after-sales case has given money back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.aftersales import AfterSalesMoved
from steelyard.trade.aftersales.model import CaseState
from steelyard.trade.promises.guarantee import pay_for_counterfeit
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


SUBSCRIBER = Subscriber("promises", {AfterSalesMoved: on_moved})
