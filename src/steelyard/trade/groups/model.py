"""Group buying as data: offers, the teams in which buyers come together, and who is in them. No I/O."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_

OfferId = NewType("OfferId", UUID)
TeamId = NewType("TeamId", UUID)

SIZE_MAX = 100
HOURS_MAX = 72
PIECES_MAX = 1_000_000
REASON_CHARACTERS_MAX = 200


def team_of(purchase_id: UUID) -> TeamId:
    """The team that a purchase begins always has the same id, so that placing it twice begins it once."""
    return TeamId(ids.derived(purchase_id, "team"))


class OfferState(StrEnum):
    TO_COME = "to_come"
    RUNNING = "running"
    SOLD_OUT = "sold_out"
    OVER = "over"
    STOPPED = "stopped"


class TeamState(StrEnum):
    """Begun: who began it has not paid yet. Open: it waits for more. Over: its time is, and nobody has looked yet."""

    BEGUN = "begun"
    OPEN = "open"
    OVER = "over"
    FULL = "full"
    FAILED = "failed"


class Gathering(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer wants who buys in a team: to open one of this offer, or (`team_id`) to join one."""

    merchant_id: UUID
    offer_id: UUID
    team_id: UUID | None = None


class NewOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop offers to teams of `size` buyers, each of which has so many `hours` to come together. `prices`: in minor
    units, by SKU. `enough`: see `Offer`."""

    merchant_id: UUID
    offer_id: OfferId
    product_id: UUID
    prices: Mapping[UUID, int]
    size: int
    hours: int
    pieces: int
    per_buyer: int | None
    enough: int | None
    starts_at: datetime
    ends_at: datetime


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """`taken`: of its pieces, in orders of teams that have not failed. `enough`: so many paid members make a team succeed
    when its time is over (none: only all of them)."""

    merchant_id: UUID
    offer_id: OfferId
    product_id: UUID
    prices: dict[UUID, int]
    currency: str
    size: int
    hours: int
    pieces: int
    taken: int
    per_buyer: int | None
    enough: int | None
    starts_at: datetime
    ends_at: datetime
    stopped_at: datetime | None
    stopped_by: str | None
    reason: str

    @property
    def left(self) -> int:
        return self.pieces - self.taken

    def most(self, had: int) -> int:
        """How many a buyer who has so many can still have."""
        return self.left if self.per_buyer is None else min(self.left, max(0, self.per_buyer - had))

    def state(self, at: datetime) -> OfferState:
        if self.stopped_at is not None:
            return OfferState.STOPPED
        if at >= self.ends_at:
            return OfferState.OVER
        if at < self.starts_at:
            return OfferState.TO_COME
        return OfferState.RUNNING if self.left > 0 else OfferState.SOLD_OUT

    def opens(self, at: datetime) -> bool:
        """Whether a team can be begun."""
        return self.state(at) is OfferState.RUNNING


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """`members` have placed an order in it, `paid` of them have paid."""

    merchant_id: UUID
    team_id: TeamId
    offer_id: OfferId
    code: str
    opened_by: UUID
    size: int
    hours: int
    enough: int | None
    members: int
    paid: int
    created_at: datetime
    opened_at: datetime | None
    ends_at: datetime | None
    full_at: datetime | None
    failed_at: datetime | None

    def state(self, at: datetime) -> TeamState:
        if self.full_at is not None:
            return TeamState.FULL
        if self.failed_at is not None:
            return TeamState.FAILED
        if self.ends_at is None:
            return TeamState.BEGUN
        return TeamState.OPEN if at < self.ends_at else TeamState.OVER

    def joinable(self, at: datetime) -> bool:
        """Whether there is time, and a place."""
        return self.state(at) is TeamState.OPEN and self.members < self.size

    @property
    def places(self) -> int:
        return self.size - self.members

    @property
    def missing(self) -> int:
        """How many have to pay yet."""
        return self.size - self.paid

    @property
    def closes_within(self) -> timedelta:
        return timedelta(hours=self.hours)


class Membership(Team, frozen=True, kw_only=True):
    """A team as one of its orders is in it."""

    order_id: UUID
    gone_at: datetime | None


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is being placed in a team: one that it begins, if no other is named."""

    wish: Gathering
    purchase_id: UUID
    order_id: UUID
    buyer_id: UUID
    sku_id: UUID
    pieces: int

    @property
    def team_id(self) -> TeamId:
        return TeamId(self.wish.team_id) if self.wish.team_id else team_of(self.purchase_id)


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a team that nobody can take away any more until the transaction ends."""

    joining: Joining
    offer: Offer


class Why(StrEnum):
    """Why nobody can buy so."""

    OFFER = "offer"
    TEAM = "team"
    INSIDE = "inside"
    LIMIT = "limit"


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer's wish to buy in a team comes to now: the offer, the team to join (none: a new one), how many pieces the
    buyer `had` of the offer, and whether they are `inside` that team already."""

    offer: Offer
    team: Team | None
    had: int
    inside: bool

    def trouble(self, wish: Gathering, sku_id: UUID, pieces: int, at: datetime) -> Why | None:
        """What is in the way of so many pieces of this, if anything is."""
        if sku_id not in self.offer.prices or (wish.team_id is None and not self.offer.opens(at)):
            return Why.OFFER
        if self.inside:
            return Why.INSIDE
        if wish.team_id is not None and (self.team is None or not self.team.joinable(at)):
            return Why.TEAM
        return Why.LIMIT if pieces > self.offer.most(self.had) else None


class GroupOver(Refusal):
    """A team is begun while its offer runs."""

    code = "group_over"
    title = N_("This group price is over")
    detail = N_("It has ended, or is sold out. The goods can be bought at their usual price.")


class TeamClosed(Refusal):
    """A team has so many places and so much time."""

    code = "team_closed"
    title = N_("This team is not open any more")
    detail = N_("Its last place is taken, or its time is over. You can open a team of your own.")


class InsideAlready(Refusal):
    """A buyer is in a team once."""

    code = "in_team_already"
    title = N_("You are in this team already")
    detail = N_("Share its link, so that others join it.")


class GroupLimit(Refusal):
    """Of what is sold at a group price a buyer has so many pieces at most."""

    code = "group_limit"
    title = N_("You have reached the limit")
    detail = N_("At the group price you can have {free} more.")


class OfferInUse(Refusal):
    """What buyers were told when they opened a team stays true."""

    code = "group_offer_in_use"
    title = N_("A team was opened already")
    detail = N_("Product, prices, size and hours are not changed any more. Stop it, and make another.")


REFUSALS: dict[Why, type[Refusal]] = {Why.OFFER: GroupOver, Why.TEAM: TeamClosed, Why.INSIDE: InsideAlready}
