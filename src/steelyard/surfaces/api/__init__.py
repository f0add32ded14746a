"""The surface for programs: messages from payment channels, carriers and the bank."""

from litestar import Router

from steelyard.surfaces.api import webhooks

routers: list[Router] = [*webhooks.routers]
"""What the application serves to programs."""

__all__ = ["routers"]
