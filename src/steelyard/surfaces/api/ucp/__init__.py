"""UCP, the Universal Commerce Protocol, over REST: how shopping agents find goods and buy them. See docs/guide/ucp.md.

The profile is in `discovery.py`; what every operation shares (who asks, idempotency, errors) in `envelope.py`; the
operations in `catalog.py`, `carts.py`, `checkouts.py` and `orders.py`; what they say in `shapes.py` and `rendering.py`.
"""

from steelyard.surfaces.api.ucp.carts import cancel_cart, create_cart, get_cart, update_cart
from steelyard.surfaces.api.ucp.catalog import get_product, lookup, search
from steelyard.surfaces.api.ucp.checkouts import (
    cancel_checkout,
    complete_checkout,
    create_checkout,
    get_checkout,
    update_checkout,
)
from steelyard.surfaces.api.ucp.discovery import extension_schema, older_profile, profile
from steelyard.surfaces.api.ucp.orders import get_order

handlers = [
    profile,
    older_profile,
    extension_schema,
    search,
    lookup,
    get_product,
    create_cart,
    get_cart,
    update_cart,
    cancel_cart,
    create_checkout,
    get_checkout,
    update_checkout,
    complete_checkout,
    cancel_checkout,
    get_order,
]

__all__ = ["handlers"]
