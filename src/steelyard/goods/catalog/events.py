"""What the catalog announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class ProductChanged(Event, frozen=True, kw_only=True):
    """A product was made or changed: its words, its pictures, its variants or whether it is on the shelf."""

    KIND = "catalog.product_changed"

    merchant_id: UUID
    product_id: UUID


class CategoryChanged(Event, frozen=True, kw_only=True):
    """A category has another name, address or place in the tree, or took another's products over."""

    KIND = "catalog.category_changed"

    category_id: UUID
