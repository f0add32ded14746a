"""Tests of the deal begin in the small world."""

from tests.support.seeded import seeded_server, shop, shop_url, world

__all__ = ["seeded_server", "shop", "shop_url", "world"]
