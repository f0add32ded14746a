"""/api/v1: merchants and the operator by program, with an API key. Described by /api/v1/openapi.json (OpenAPI 3.1).

Every list is paged by keyset (`cursor`, `limit`, `next`), errors are problem details (RFC 9457), and what changes
something takes an `Idempotency-Key`. A key does what its scopes allow, and never more than its account may.
"""

from litestar import Router
from litestar.di import Provide

from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.api.v1 import goods, money, orders
from steelyard.surfaces.api.v1.callers import keyed, provide_caller
from steelyard.surfaces.api.v1.openapi import described

PATH = "/api/v1"

merchant = Router(
    PATH,
    route_handlers=[*orders.handlers, *goods.handlers, *money.merchant_handlers],
    guards=[keyed(AccountKind.MERCHANT)],
    dependencies={"caller": Provide(provide_caller)},
    tags=["merchant"],
)
operator = Router(
    f"{PATH}/operator",
    route_handlers=money.operator_handlers,
    guards=[keyed(AccountKind.OPERATOR)],
    dependencies={"caller": Provide(provide_caller)},
    tags=["operator"],
)
routers = [merchant, operator, Router(PATH, route_handlers=[described([merchant, operator])])]

__all__ = ["routers"]
