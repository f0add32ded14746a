"""What an order keeps of its sale: how it is sent, and what promotions took off."""

from uuid import UUID

import msgspec

from steelyard.kernel.text import Text


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The freight option as it was chosen."""

    template_id: UUID | None = None
    name: Text = msgspec.field(default_factory=Text)
    days_from: int = 0
    days_to: int = 0


class LineOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion took off a line, and which part of that the platform paid: the merchant paid the rest."""

    promotion_id: UUID
    name: Text
    amount: int
    platform: int = 0
