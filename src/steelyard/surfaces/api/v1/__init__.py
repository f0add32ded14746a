"""The API of version 1, for the programs of merchants and of the operator: under /api/v1, with a key each.

What a key may do are its scopes, which are permissions of the account that made it. Merchants' keys see their own
merchant's rows alone (row-level security); the operator's paths begin with /api/v1/operator.

- `calls`: the key, the limits, idempotency
- `orders`, `products`, `stock`, `statements`: for merchants
- `operator`: for the operator
- `document`: the description in OpenAPI 3.1
"""

from litestar import Router
from litestar.di import Provide

from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.api.v1 import document, operator, orders, products, statements, stock
from steelyard.surfaces.api.v1.calls import (
    BODY_BYTES_MAX,
    EXCEPTION_HANDLERS,
    holders_of,
    provide_call,
    provide_once,
    read_strictly,
)

PATH = "/api/v1"


def _part(path: str, kind: AccountKind, handlers: list[document.Handler]) -> Router:
    return Router(
        path,
        route_handlers=handlers,
        guards=[holders_of(kind)],
        dependencies={"call": Provide(provide_call), "once": Provide(provide_once)},
        before_request=read_strictly,
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=BODY_BYTES_MAX,
    )


def operations() -> list[Router]:
    """Everything that the API's description describes."""
    merchants = [*orders.HANDLERS, *products.HANDLERS, *stock.HANDLERS, *statements.HANDLERS]
    return [
        _part(PATH, AccountKind.MERCHANT, merchants),
        _part(f"{PATH}/operator", AccountKind.OPERATOR, [*operator.HANDLERS]),
    ]


routers = [*operations(), document.router(PATH, operations)]

__all__ = ["operations", "routers"]
