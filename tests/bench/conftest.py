"""What is measured is tried in the small world."""

from tests.support.seeded import seeded_server, shop_url, world

__all__ = ["seeded_server", "shop_url", "world"]
