"""Shopping agents: the platforms they come from, what they said, and what is told to them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_

SessionId = NewType("SessionId", UUID)
DeliveryId = NewType("DeliveryId", UUID)

# Releases of the Universal Commerce Protocol that we speak, the newest first.
VERSIONS = ("2026-08-25", "2026-04-08")
VERSION = VERSIONS[0]

CHECKOUT = "dev.ucp.shopping.checkout"
FULFILLMENT = "dev.ucp.shopping.fulfillment"
DISCOUNT = "dev.ucp.shopping.discount"
ORDER = "dev.ucp.shopping.order"
CART = "dev.ucp.shopping.cart"
CATALOG_SEARCH = "dev.ucp.shopping.catalog.search"
CATALOG_LOOKUP = "dev.ucp.shopping.catalog.lookup"

CLIENT_PREFIX = "ucp:"
PROFILE_URL_CHARACTERS_MAX = 500
KEYS_PER_PROFILE_MAX = 20


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """A platform as its profile describes it. `capabilities` maps a name to the versions it speaks; none at all means
    that we did not look, and take it to speak all that we do."""

    profile_url: str
    version: str
    capabilities: dict[str, list[str]] | None = None
    keys: list[dict[str, Any]] = []
    webhook_url: str | None = None

    @property
    def client(self) -> str:
        """How a checkout says that it came from here."""
        return CLIENT_PREFIX + self.profile_url


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent said beside its checkout's lines. `shown_total` and `shown_prices` are what it saw last."""

    session_id: SessionId
    kind: str
    client: str
    said: dict[str, Any]
    shown: dict[str, Any]
    action_url: str | None

    @property
    def shown_total(self) -> int | None:
        return self.shown.get("total")

    @property
    def shown_prices(self) -> Mapping[str, int]:
        return self.shown.get("prices", {})


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message about an order to its platform, and how far it came."""

    delivery_id: DeliveryId
    purchase_id: UUID
    profile_url: str
    webhook_url: str
    news: str
    state: str
    attempts: int
    attempt_at: datetime | None
    status: int | None
    error: str | None
    created_at: datetime
    delivered_at: datetime | None


class DueDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to be tried now. `version` is the protocol's release that the platform speaks."""

    delivery_id: DeliveryId
    purchase_id: UUID
    profile_url: str
    webhook_url: str
    attempts: int
    created_at: datetime
    version: str


class ProfileRefused(Refusal):
    """A platform's profile URL is https and leads to the public network, or, on loopback, from loopback to loopback."""

    code = "invalid_profile_url"
    status = 400
    title = N_("The platform's profile address cannot be used")
    detail = N_('UCP-Agent names a profile by an https URL: profile="https://…".')


class ProfileUnreachable(Refusal):
    """A platform's profile has to be there when it is asked for."""

    code = "profile_unreachable"
    status = 424
    title = N_("The platform's profile could not be fetched")
    detail = N_("Please make sure that it can be read, without redirects, and try again.")


class ProfileMalformed(Refusal):
    """A platform's profile is a UCP profile document."""

    code = "profile_malformed"
    status = 422
    title = N_("The platform's profile is not a UCP profile")
    detail = N_("It has to be a JSON document of at most 256 KB with ucp.version and ucp.capabilities.")


class VersionUnsupported(Refusal):
    """Both sides speak one release of the protocol."""

    code = "version_unsupported"
    status = 422
    title = N_("This version of the protocol is not spoken here")
    detail = N_("Spoken are {spoken}.")


class SignatureRefused(Refusal):
    """A signature, where there is one or has to be one, is right. `code` says what is wrong (RFC 9421 terms of UCP)."""

    code = "signature_invalid"
    status = 401
    title = N_("The request's signature is missing or wrong")
    detail = N_("Sign it after RFC 9421 with a key of the platform's profile.")
