"""The API's description in OpenAPI 3.1: generated from the handlers and their shapes, with what both have in common."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, cast

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme

from steelyard.kernel.money import Money
from steelyard.parties.customers.model import Address, Contact
from steelyard.surfaces.api.v1.calls import JSON
from steelyard.surfaces.web.guards import PERMISSION
from steelyard.surfaces.web.problems import PROBLEM

Handler = HTTPRouteHandler
Document = dict[str, Any]

KEY = "api_key"
ABOUT = """\
For the programs of merchants and of the marketplace's operator.

**Keys.** Send `Authorization: Bearer sy_…`. A key is made in the console, shown once, and may do what its scopes say; each
operation names the scope that it needs. A merchant's key sees that merchant's affairs alone: whatever is another's is not
found.

**Amounts** are integers of minor units (fen, cent, yen) with an ISO 4217 currency. Times are RFC 3339, ids are UUIDs,
words are objects by language tag.

**Lists** come in pages: send `next` as `cursor` for the following one.

**Once.** Every POST needs an `Idempotency-Key`: sent again with the same key and the same body, it is done once and
answered alike, refusals included; with another body it is refused (409).

**Errors** are problem details (RFC 9457); programs read `code`.

**Limits.** 600 requests a minute and key; beyond that 429 with `Retry-After`.
"""
PROBLEM_SCHEMA: Document = {
    "title": "Problem",
    "description": "Problem details after RFC 9457. `code` is the stable name of what is wrong, the words follow "
    "Accept-Language; the facts of a refusal are members besides.",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
# Two enumerations have the same name in their modules: here each has one of its own.
RENAMED = {"goods_inventory_model_Reason": "StockReason", "trade_aftersales_model_Reason": "RefundReason"}
FULFILLED = {"200": "What was asked for, as it is now.", "201": "What was made."}
EVERYWHERE = {
    "400": "The request cannot be read.",
    "401": "There is no key, or it is not in use.",
    "403": "The key's scopes do not permit this.",
    "422": "The request breaks a rule for what may be entered.",
    "429": "Too many requests; Retry-After says how many seconds to wait.",
}
NAMED = {"404": "There is no such thing, or it is not yours."}
CHANGING = {
    "409": "It cannot be done as things are, or the Idempotency-Key was used for another request.",
    "413": "The request is larger than 1 MiB.",
}


def router(path: str, operations: Callable[[], Sequence[Router]]) -> Router:
    """Serves the description at `path`/openapi.json, to everybody."""

    @cache
    def written() -> bytes:
        return msgspec.json.encode(describe(operations()))

    @get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response[bytes]:
        """This API's description."""
        return Response(written(), media_type=JSON)

    return Router(path, route_handlers=[openapi])


def describe(parts: Sequence[Router]) -> Document:
    """The description of these routes, as an OpenAPI 3.1 document."""
    app = Litestar(
        [*parts],
        openapi_config=OpenAPIConfig(
            title="Steelyard",
            version="1",
            description=ABOUT,
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            use_handler_docstrings=True,
            operation_id_creator=lambda handler, _method, _path: handler.handler_name,
            components=Components(
                security_schemes={KEY: SecurityScheme(type="http", scheme="bearer", description="An API key: sy_…")}
            ),
        ),
    )
    # Litestar's objects become plain JSON values here, so that what is added below is not mixed with its classes.
    written = msgspec.json.encode(app.openapi_schema.to_schema()).decode()
    for name, better in RENAMED.items():
        assert name in written, f"{name} is not to be renamed any more"
        written = written.replace(name, better)
    document = cast("Document", msgspec.json.decode(written))
    scopes = {handler.handler_name: handler.opt[PERMISSION] for handler in _handlers(app)}
    for path, item in document["paths"].items():
        for operation in item.values():
            _complete(operation, path, scopes[operation["operationId"]])
    schemas = document["components"]["schemas"]
    schemas["Problem"] = PROBLEM_SCHEMA
    for shape in _shapes():
        if shape.__name__ in schemas:
            _describe(schemas[shape.__name__], shape)
    return document


def _describe(schema: Document, shape: type[msgspec.Struct]) -> None:
    """A shape's docstring is its description."""
    schema["description"] = " ".join(inspect.cleandoc(shape.__doc__ or "").split())
    if shape.__struct_config__.forbid_unknown_fields:
        schema["additionalProperties"] = False


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if PERMISSION in handler.opt:
                yield handler


def _complete(operation: Document, path: str, scope: str) -> None:
    """What all operations have in common: the key with its scope, and the refusals."""
    operation["security"] = [{KEY: [scope]}]
    operation["description"] = f"{operation['description']}\n\nNeeds the scope `{scope}`."
    refusals = EVERYWHERE | (NAMED if "{" in path or "requestBody" in operation else {})
    if "requestBody" in operation or "Idempotency-Key" in str(operation.get("parameters")):
        refusals |= CHANGING
    for status in FULFILLED.keys() & operation["responses"].keys():
        operation["responses"][status]["description"] = FULFILLED[status]
    for status, meaning in sorted(refusals.items()):
        content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        operation["responses"][status] = {"description": meaning, "content": content}


def _shapes() -> Iterator[type[msgspec.Struct]]:
    """The API's own shapes, and those of the house that it shows as they are."""
    yield from (Money, Address, Contact)
    waiting = [msgspec.Struct]
    while waiting:
        shape = waiting.pop()
        waiting += shape.__subclasses__()
        if shape.__module__.startswith(__package__ or __name__):
            yield shape
