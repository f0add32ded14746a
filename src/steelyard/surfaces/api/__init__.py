"""The surface for programs: the API of merchants and the operator (`v1`), and messages from
payment channels, carriers and the bank (`webhooks`)."""

from litestar import Router

from steelyard.surfaces.api import v1, webhooks

routers: list[Router] = [*v1.routers, *webhooks.routers]
"""What the application serves to programs."""

__all__ = ["routers"]
