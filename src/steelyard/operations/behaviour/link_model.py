"""Campaign links and what campaigns cost."""

import secrets
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.operations.behaviour.model import Channel

LinkId = NewType("LinkId", UUID)
LINKS_PER_MERCHANT_MAX = 2_000
LINKS_SHOWN_MAX = 100
COSTS_PER_IMPORT_MAX = 5_000
COSTS_SHOWN_MAX = 200
NAME_CHARACTERS_MAX = 80
WORD_CHARACTERS_MAX = 80
# Without letters and digits that are taken for each other.
CODE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
CODE_LENGTH = 8


class Target(StrEnum):
    PRODUCT = "product"
    SHOP = "shop"
    LIVE = "live"


class TooManyLinks(Refusal):
    """A shop has so many links that nobody would find one among them."""

    code = "too_many_links"
    title = N_("There are too many links")
    detail = N_("A shop can have {most} links.")


def mint_code() -> str:
    """A short address: nobody guesses the next one."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def mint_link_id() -> LinkId:
    """The id of a link that a form is to make."""
    return LinkId(ids.mint())


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link that a shop puts somewhere. `path` is made by us from what it leads to, never typed."""

    link_id: LinkId
    merchant_id: UUID
    code: str
    name: str
    target: Target
    target_id: UUID | None
    path: str
    source: str
    medium: str
    campaign: str = ""
    content: str = ""
    created_at: datetime | None = None
    ended_at: datetime | None = None


class LinkFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A link and what came of it since it was made: `paid` by currency, minor units."""

    link: Link
    clicks: int = 0
    scans: int = 0
    orders: int = 0
    paid: dict[str, int] = {}


class LinkClick(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody followed a link; `scan`: by its QR code."""

    merchant_id: UUID
    link_id: UUID
    at: datetime
    scan: bool = False


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign cost on a day of the settlement zone: `amount` in minor units of the currency. Without source and
    campaign it is the channel's as a whole."""

    day: date
    channel: Channel
    amount: int
    currency: str
    source: str = ""
    campaign: str = ""
