"""The doors for programs: UCP for shopping agents, `/api/v1` for merchants and the operator, webhooks of channels,
carriers and the bank."""

from litestar import Router

from steelyard.surfaces.api import ucp, v1, webhooks

routers = [
    Router(path="/", route_handlers=ucp.handlers),
    Router(path="/", route_handlers=webhooks.handlers),
    *v1.routers,
]

__all__ = ["routers"]
