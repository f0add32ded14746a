"""What merchants announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class ShopChanged(Event, frozen=True, kw_only=True):
    """A shop was opened, renamed, suspended or opened again."""

    KIND = "merchants.shop_changed"

    merchant_id: UUID
