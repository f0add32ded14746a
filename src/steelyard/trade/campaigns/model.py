"""Campaigns as data: what goods have to keep to, what is signed up, and why something cannot be."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

CampaignId = NewType("CampaignId", UUID)
EntryId = NewType("EntryId", UUID)

DAYS_MAX = 31
DAYS_AHEAD_MAX = 60
ENTRIES_PER_SHOP_MAX = 100
ENTRIES_AT_ONCE_MAX = 50
ENTRIES_SHOWN_MAX = 300
PIECES_MAX = 1_000_000
CODE_CHARACTERS_MAX = 40
REASON_CHARACTERS_MAX = 200
ABOUT_CHARACTERS_MAX = 1_000


class Rules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`categories`: these and all below them (none named: any). `off`: at least so much off what it costs now, in parts per
    million. `lowest`: not dearer than the lowest of the 30 days before. `pieces`: at least so many. `rating`: at least so many
    hundredths of a star, of those that have reviews."""

    categories: frozenset[UUID] = frozenset()
    off: int = 0
    lowest: bool = False
    pieces: int = 1
    rating: int = 0

    def reaches(self, path: Sequence[UUID]) -> bool:
        """Whether goods of a category (its path from the top down) can be in it."""
        return not self.categories or not self.categories.isdisjoint(path)


class CampaignState(StrEnum):
    PLANNED = "planned"
    SIGN_UP = "sign_up"
    CHOOSING = "choosing"
    RUNNING = "running"
    OVER = "over"
    ENDED = "ended"


class NewCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign that is to be. Its id is the caller's: said twice, it is opened once."""

    campaign_id: CampaignId
    code: str
    name: Text
    about: Text
    sign_up_from: datetime
    sign_up_until: datetime
    starts_at: datetime
    ends_at: datetime
    rules: Rules


class Campaign(NewCampaign, frozen=True, kw_only=True):
    ended_at: datetime | None
    ended_by: str | None
    reason: str

    def state(self, at: datetime) -> CampaignState:
        steps = (
            (self.ended_at is not None, CampaignState.ENDED),
            (at >= self.ends_at, CampaignState.OVER),
            (at >= self.starts_at, CampaignState.RUNNING),
            (at >= self.sign_up_until, CampaignState.CHOOSING),
            (at >= self.sign_up_from, CampaignState.SIGN_UP),
        )
        return next((state for holds, state in steps if holds), CampaignState.PLANNED)


class EntryState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    WITHDRAWN = "withdrawn"


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An article to be signed up, at a price in minor units of the shop's currency; `per_buyer` none: as many as there are."""

    merchant_id: MerchantId
    entry_id: EntryId
    campaign_id: CampaignId
    sku_id: UUID
    price: int
    pieces: int
    per_buyer: int | None = None


class Entry(NewEntry, frozen=True, kw_only=True):
    product_id: UUID
    state: EntryState
    asked_at: datetime
    decided_at: datetime | None
    reason: str
    leave_asked_at: datetime | None = None
    leave_reason: str = ""
    leave_answered_at: datetime | None = None
    leave_answer: str = ""

    @property
    def leaving(self) -> bool:
        """Whether the shop has asked to end it, and the platform has not answered."""
        asked = self.leave_asked_at is not None and self.leave_answered_at is None
        return asked and self.state is EntryState.APPROVED


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a campaign waits, how much is approved, and of that, how much the shops ask to end."""

    waiting: int = 0
    approved: int = 0
    leaving: int = 0


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an article when it is signed up: `lowest` of the 30 days before, now included; `stars`: hundredths of a
    star of its product (none: nobody has reviewed it)."""

    sku_id: UUID
    product_id: UUID
    categories: Sequence[UUID]
    on_shelf: bool
    price: int
    lowest: int
    free: int
    stars: int | None


class Lack(StrEnum):
    """Why an article cannot be signed up."""

    NOT_ON_SHELF = "not_on_shelf"
    CATEGORY = "category"
    NOT_CHEAPER = "not_cheaper"
    NOT_CHEAP_ENOUGH = "not_cheap_enough"
    ABOVE_LOWEST = "above_lowest"
    TOO_FEW = "too_few"
    NOT_SO_MANY = "not_so_many"
    RATING = "rating"


def lacks(rules: Rules, article: Article, price: int, pieces: int) -> list[Lack]:
    """All that this article lacks for a campaign with these rules, at this price and so many pieces. Pure."""
    wrong = {
        Lack.NOT_ON_SHELF: not article.on_shelf,
        Lack.CATEGORY: bool(rules.categories) and rules.categories.isdisjoint(article.categories),
        Lack.NOT_CHEAPER: not 0 < price < article.price,
        Lack.NOT_CHEAP_ENOUGH: price * PARTS_PER_MILLION > article.price * (PARTS_PER_MILLION - rules.off),
        Lack.ABOVE_LOWEST: rules.lowest and price > article.lowest,
        Lack.TOO_FEW: pieces < rules.pieces,
        Lack.NOT_SO_MANY: pieces > article.free,
        Lack.RATING: article.stars is not None and article.stars < rules.rating,
    }
    found = [lack for lack, holds in wrong.items() if holds]
    return [lack for lack in found if not (lack is Lack.NOT_CHEAP_ENOUGH and Lack.NOT_CHEAPER in found)]


class SignUpClosed(Refusal):
    """Goods are signed up while the campaign asks for them."""

    code = "sign_up_closed"
    title = N_("Nothing is signed up for it now")
    detail = N_("The time to sign up has not begun, or is over.")


class CampaignBegun(Refusal):
    """What buyers see is not withdrawn by the shop."""

    code = "campaign_begun"
    title = N_("It has begun already")
    detail = N_("What buyers see at this price stays. Ask the platform to end it.")


class PartOfCampaign(Refusal):
    """A flash sale that carries an article of a campaign is ended by the campaign's ways alone."""

    code = "part_of_campaign"
    title = N_("It is part of a campaign of the platform")
    detail = N_(
        "Withdraw it on the campaign's page before it starts; while it runs, ask the platform there to let it go."
    )


class TooManyEntries(Refusal):
    """A shop signs up so many articles at most."""

    code = "too_many_entries"
    status = 422
    title = N_("Too many articles for one campaign")
    detail = N_("At most {most} articles of a shop are signed up.")
