"""What channels keep of payments as their contracts say: by currency and from a day on, a share and a fixed part."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money.payments.choosing import RuleHasBegun
from steelyard.money.payments.terms import Fee

FEES_SHOWN_MAX = 200


class AgreedFee(msgspec.Struct, frozen=True, kw_only=True):
    """`millionths` of the amount and `fixed` besides, in minor units of the currency."""

    channel: str
    currency: str
    valid_from: date
    millionths: int
    fixed: int
    set_by: UUID | None
    set_at: datetime

    @property
    def fee(self) -> Fee:
        return Fee(millionths=self.millionths, fixed={self.currency: self.fixed})


async def agree_fee(
    tx: Tx, channel: str, currency: str, *, valid_from: date | None, millionths: int, fixed: int, set_by: UUID | None
) -> None:
    """From this day on, or from today (UTC), the channel keeps so much; said again for the same day, the new word counts.

    Statements of days before are compared with what counted then. Raises `RuleHasBegun` for a day that is past.
    """
    today = await tx.value("SELECT (now() AT TIME ZONE 'UTC')::date")
    day = valid_from or today
    if day < today:
        raise RuleHasBegun(channel=channel)
    await tx.execute(
        """
        INSERT INTO channel_fees (channel, currency, valid_from, millionths, fixed, set_by) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (channel, currency, valid_from) DO UPDATE SET millionths = $4, fixed = $5, set_by = $6, set_at = now()
        """,
        channel,
        currency,
        day,
        millionths,
        fixed,
        set_by,
    )


async def withdraw_fee(tx: Tx, channel: str, currency: str, valid_from: date) -> bool:
    """What was agreed for a day to come does not come. False when there is no such row, or it has begun."""
    gone = await tx.execute(
        """
        DELETE FROM channel_fees
        WHERE channel = $1 AND currency = $2 AND valid_from = $3 AND valid_from > (now() AT TIME ZONE 'UTC')::date
        """,
        channel,
        currency,
        valid_from,
    )
    return bool(gone)


async def fees_of(read: Read, channel: str) -> list[AgreedFee]:
    """Everything that was ever agreed, and what is to come: by currency, the latest first."""
    return await read.all(
        AgreedFee,
        """
        SELECT channel, currency, valid_from, millionths, fixed, set_by, set_at FROM channel_fees WHERE channel = $1
        ORDER BY currency, valid_from DESC LIMIT $2
        """,
        channel,
        FEES_SHOWN_MAX,
    )
