"""/api/v1/openapi.json: the description of the API, made from the handlers themselves."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, OpenAPIType, Schema, SecurityScheme
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from steelyard import __version__
from steelyard.kernel.text import Text


class TextSchema(OpenAPISchemaPlugin):
    """A merchant's words: an object of language tags."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is Text

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        return Schema(
            type=OpenAPIType.OBJECT,
            additional_properties=Schema(type=OpenAPIType.STRING),
            description='Words by language tag (BCP 47), as in {"zh-Hans": "纽扣", "en": "Button"}.',
        )


CONFIG = OpenAPIConfig(
    title="Steelyard API",
    version=__version__,
    description="For merchants and the operator. Amounts are integers of minor units of their currency.",
    components=Components(
        security_schemes={
            "apiKey": SecurityScheme(type="http", scheme="bearer", description="An API key, made in the console.")
        }
    ),
    security=[{"apiKey": []}],
    openapi_router=None,
    render_plugins=[],
)


def described(routers: Sequence[Router]) -> HTTPRouteHandler:
    """The handler that answers with the description of these routers."""

    @cache
    def description() -> bytes:
        app = Litestar([*routers], openapi_config=CONFIG, plugins=[TextSchema()])
        return msgspec.json.encode(app.openapi_schema.to_schema())

    @get("/openapi.json", sync_to_thread=True)
    def openapi() -> Response[bytes]:
        """This API, described."""
        return Response(description(), media_type="application/json", headers={"cache-control": "public, max-age=300"})

    return openapi
