"""What we are: the profile at `/.well-known/ucp`, and the capabilities that an answer names."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from steelyard.channels import agents
from steelyard.channels.agents.model import (
    CART,
    CATALOG_LOOKUP,
    CATALOG_SEARCH,
    CHECKOUT,
    DISCOUNT,
    FULFILLMENT,
    ORDER,
    VERSION,
    VERSIONS,
    Platform,
)
from steelyard.kernel.errors import NotFound
from steelyard.kernel.settings import Settings
from steelyard.money import payments

WELL_KNOWN = "/.well-known/ucp"
ENDPOINT = "/ucp/v1"
CACHE_CONTROL = "public, max-age=300"
SERVICE = "dev.ucp.shopping"
HANDLER_ID = "simpay"
HANDLER_VERSION = "2026-08-25"

_SCHEMAS = {
    CHECKOUT: "shopping/checkout.json",
    FULFILLMENT: "shopping/fulfillment.json",
    DISCOUNT: "shopping/discount.json",
    CART: "shopping/cart.json",
    ORDER: "shopping/order.json",
    CATALOG_SEARCH: "shopping/catalog_search.json",
    CATALOG_LOOKUP: "shopping/catalog_lookup.json",
}
# What depends on what: without its parent an extension is not active.
_EXTENDS: dict[str, list[str]] = {
    FULFILLMENT: [CHECKOUT, CATALOG_SEARCH, CATALOG_LOOKUP],
    DISCOUNT: [CART, CHECKOUT],
}
RELEVANT = {
    "checkout": (CHECKOUT, FULFILLMENT, DISCOUNT),
    "cart": (CART, DISCOUNT),
    "order": (ORDER,),
    "search": (CATALOG_SEARCH, FULFILLMENT),
    "lookup": (CATALOG_LOOKUP, FULFILLMENT),
}
_EXTENDED_BY_US = (CHECKOUT, CART, ORDER)


def namespace(base_url: str) -> str:
    """Our own part of the names: the reversed host of this installation, as in com.example.shop.

    A house without a name of its own (an address, localhost) uses one under .localhost.
    """
    host = urlsplit(base_url).hostname or "localhost"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.lower().split(".")
    else:
        labels = ["localhost"]
    if labels == ["localhost"]:
        labels = ["steelyard", "localhost"]
    return ".".join(reversed(labels))


def extension(base_url: str) -> str:
    """The name of our extension, which tells the merchant of each line and method."""
    return f"{namespace(base_url)}.marketplace"


def capabilities(settings: Settings, version: str) -> dict[str, list[dict[str, Any]]]:
    """Everything we can, as the profile says it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, schema in _SCHEMAS.items():
        entry: dict[str, Any] = {"version": version, "schema": f"https://ucp.dev/{version}/schemas/{schema}"}
        if name in _EXTENDS:
            entry["extends"] = _EXTENDS[name]
        if name == FULFILLMENT:
            entry["config"] = {"multi_destination": [], "method_combinations": [["shipping"]]}
        found[name] = [entry]
    found[extension(settings.base_url)] = [
        {
            "version": version,
            "schema": f"{settings.base_url}{ENDPOINT}/schemas/marketplace.json",
            "extends": list(_EXTENDED_BY_US),
        }
    ]
    return found


def active(settings: Settings, platform: Platform, operation: str) -> dict[str, list[dict[str, str]]]:
    """The capabilities that an answer names: those that both sides speak, and that matter to this operation."""
    ours = [*RELEVANT[operation]]
    if operation in ("checkout", "cart", "order"):
        ours.append(extension(settings.base_url))
    return {name: [{"version": platform.version}] for name in ours if speaks(platform, name)}


def speaks(platform: Platform, capability: str) -> bool:
    """Whether the platform speaks a capability in the release that we both speak."""
    if platform.capabilities is None:
        return True
    return platform.version in platform.capabilities.get(capability, [])


def payment_handlers(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """How a checkout can be paid: by a token of the payment channel, when the house offers it."""
    if HANDLER_ID not in payments.channels(settings):
        return {}
    handler = {
        "id": HANDLER_ID,
        "version": HANDLER_VERSION,
        "available_instruments": [{"type": "card"}],
        "config": {"environment": "simulated"},
    }
    return {f"{namespace(settings.base_url)}.{HANDLER_ID}": [handler]}


def document(settings: Settings, version: str) -> dict[str, Any]:
    """The profile, for one release of the protocol."""
    service = {
        "version": version,
        "transport": "rest",
        "endpoint": settings.base_url + ENDPOINT,
        "schema": f"https://ucp.dev/{version}/services/shopping/rest.openapi.json",
    }
    keys = [agents.public_jwk(agents.signing_key(settings.home))]
    ucp: dict[str, Any] = {
        "version": version,
        "services": {SERVICE: [service]},
        "capabilities": capabilities(settings, version),
        "payment_handlers": payment_handlers(settings),
    }
    if version != VERSION:
        return {"ucp": ucp, "signing_keys": keys, "keys": keys}
    older = {release: f"{settings.base_url}{WELL_KNOWN}/{release}" for release in VERSIONS if release != VERSION}
    return {"ucp": {**ucp, "supported_versions": older}, "keys": keys}


@get(WELL_KNOWN, sync_to_thread=True)
def profile(request: Request[object, None, State]) -> Response[bytes]:
    """Who we are and what we can."""
    return _json(document(request.app.state.settings, VERSION))


@get(f"{WELL_KNOWN}/{{release:str}}", sync_to_thread=True)
def older_profile(request: Request[object, None, State], release: FromPath[str]) -> Response[bytes]:
    """The same, for platforms that speak an earlier release."""
    if release not in VERSIONS[1:]:
        raise NotFound()
    return _json(document(request.app.state.settings, release))


@get(f"{ENDPOINT}/schemas/marketplace.json", sync_to_thread=False)
def extension_schema(request: Request[object, None, State]) -> Response[bytes]:
    """What our extension adds, as JSON Schema 2020-12."""
    settings: Settings = request.app.state.settings
    merchant = {
        "type": "object",
        "title": "Merchant",
        "description": "The merchant who sells a line, or sends what a method delivers.",
        "required": ["id", "name", "url"],
        "properties": {
            "id": {"type": "string"},
            "name": {"type": "string"},
            "url": {"type": "string", "format": "uri"},
        },
    }
    of_lines = {"line_items": {"type": "array", "items": {"properties": {"merchant": {"$ref": "#/$defs/merchant"}}}}}
    fulfillment = {
        "properties": {
            name: {"type": "array", "items": {"properties": {"merchant": {"$ref": "#/$defs/merchant"}}}}
            for name in ("methods", "expectations")
        }
    }
    parts = {name: {"properties": {**of_lines, "fulfillment": fulfillment}} for name in _EXTENDED_BY_US}
    return _json(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{settings.base_url}{ENDPOINT}/schemas/marketplace.json",
            "title": "Marketplace: the merchant of each line and method",
            "$defs": {"merchant": merchant, **parts},
        }
    )


def _json(said: dict[str, Any]) -> Response[bytes]:
    return Response(msgspec.json.encode(said), media_type="application/json", headers={"cache-control": CACHE_CONTROL})
