"""What channels are not offered for: the goods of a shop (it has no contract for them), of a category, gift cards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money.payments.choosing import KEPT

EXCLUSIONS_SHOWN_MAX = 1_000
About = Literal["merchant", "category", "gift_cards"]


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` is the merchant or the category, with all that is below it; see `choosing.GIFT_CARDS`."""

    channel: str
    about: About
    subject: UUID
    why: str
    set_by: UUID | None
    set_at: datetime


async def exclude(tx: Tx, channel: str, about: About, subject: UUID, *, why: str, set_by: UUID | None) -> None:
    """From now on the channel is not offered for this; said again, the reason is the new one."""
    await tx.execute(
        """
        INSERT INTO channel_exclusions (channel, about, subject, why, set_by) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (channel, about, subject) DO UPDATE SET why = $4, set_by = $5, set_at = now()
        """,
        channel,
        about,
        subject,
        why,
        set_by,
    )
    tx.kept.pop(KEPT, None)


async def include(tx: Tx, channel: str, about: About, subject: UUID) -> bool:
    """It is offered for this again; False when it was."""
    gone = await tx.execute(
        "DELETE FROM channel_exclusions WHERE channel = $1 AND about = $2 AND subject = $3", channel, about, subject
    )
    tx.kept.pop(KEPT, None)
    return bool(gone)


async def exclusions_of(read: Read, channel: str) -> Sequence[Exclusion]:
    """What a channel is not offered for, the latest first."""
    return await read.all(
        Exclusion,
        """
        SELECT channel, about, subject, why, set_by, set_at FROM channel_exclusions WHERE channel = $1
        ORDER BY set_at DESC, subject LIMIT $2
        """,
        channel,
        EXCLUSIONS_SHOWN_MAX,
    )
