"""The doors for programs: UCP for shopping agents, `/api/v1` for merchants and the operator, webhooks of channels,
carriers and the bank."""

from litestar import Router

from steelyard.surfaces.api import ucp, v1, webhooks

routers: list[Router] = [Router(path="/", route_handlers=ucp.handlers), *v1.routers, *webhooks.routers]
"""What the application serves to programs."""

__all__ = ["routers"]
