"""The doors for programs: UCP for shopping agents, `/api/v1` for merchants and the operator, webhooks of channels,
carriers and the bank, hooks of the media origin."""

from litestar import Router

from steelyard.surfaces.api import media_hooks, ucp, v1, webhooks

routers: list[Router] = [
    Router(path="/", route_handlers=ucp.handlers),
    *v1.routers,
    *webhooks.routers,
    *media_hooks.routers,
]
"""What the application serves to programs."""

__all__ = ["routers"]
