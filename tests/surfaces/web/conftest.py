"""The whole application on a small world."""

from tests.support.consoles import app, chief, owner, world

__all__ = ["app", "chief", "owner", "world"]
