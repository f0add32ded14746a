"""What pricing announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class PricesChanged(Event, frozen=True, kw_only=True):
    """These SKUs have other prices than before."""

    KIND = "pricing.prices_changed"

    merchant_id: UUID
    sku_ids: list[UUID]
