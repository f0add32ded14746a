"""The whole application on a small world."""

from tests.support.consoles import app, chief, database_url, owner, world

__all__ = ["app", "chief", "database_url", "owner", "world"]
