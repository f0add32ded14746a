"""Invitations as data: a programme, where an invitation stands, and what speaks against rewarding it. Others find them in
`model`."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

POINTS_MAX = 100_000
FRIENDS_PER_MONTH_MAX = 500
FRIENDS_MAX = 1_000_000
WAIT_DAYS_MAX = 60
ACCEPTED_DAYS = 30
FAST_PER_DAY = 5
RING_STEPS_MAX = 5
INVITATIONS_PER_SWEEP = 50
INVITATIONS_SHOWN_MAX = 100
NOTE_CHARACTERS_MAX = 200


class InviteState(StrEnum):
    """`accepted`: a friend has taken it; `ordered`: and has paid their first order; `review`: somebody has to look at it;
    `lapsed`: nothing was bought in time, or what was bought went back; `undone`: rewarded, and then the money went back."""

    ACCEPTED = "accepted"
    ORDERED = "ordered"
    REVIEW = "review"
    REWARDED = "rewarded"
    REFUSED = "refused"
    LAPSED = "lapsed"
    UNDONE = "undone"


MACHINE = Machine(
    "invitation",
    {InviteState.ACCEPTED},
    {
        InviteState.ACCEPTED: {InviteState.ORDERED, InviteState.LAPSED},
        InviteState.ORDERED: {InviteState.REWARDED, InviteState.REVIEW, InviteState.REFUSED, InviteState.LAPSED},
        InviteState.REVIEW: {InviteState.REWARDED, InviteState.REFUSED, InviteState.LAPSED},
        InviteState.REWARDED: {InviteState.UNDONE},
        InviteState.REFUSED: set(),
        InviteState.LAPSED: set(),
        InviteState.UNDONE: set(),
    },
)


class Against(StrEnum):
    """What speaks against a reward. Both are the same person, or the friend was here before: nothing is given. The others may
    be a family, a school class or a lively evening: somebody looks."""

    NOT_NEW = "not_new"
    SAME_PERSON = "same_person"
    SAME_CONTACT = "same_contact"
    SAME_DEVICE = "same_device"
    SAME_ADDRESS = "same_address"
    RING = "ring"
    FAST = "fast"
    MONTH_FULL = "month_full"
    ALL_GIVEN = "all_given"


REFUSES = frozenset({Against.NOT_NEW, Against.SAME_PERSON, Against.SAME_CONTACT, Against.MONTH_FULL, Against.ALL_GIVEN})


class Reward(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon that the shop or the platform gives, or points of the platform; neither: nothing."""

    coupon: UUID | None = None
    points: int = 0


class InviteProgramme(msgspec.Struct, frozen=True, kw_only=True):
    """Who invites and who comes are rewarded `wait_days` after the friend has received a first order of at least `least` minor
    units; an inviter for `per_month` friends in a month of the house, all together for `friends`."""

    merchant_id: UUID
    name: Text
    currency: str
    inviter: Reward
    friend: Reward
    least: int
    wait_days: int
    per_month: int
    friends: int
    closed_at: datetime | None = None
    version: int = 0
    rewarded: int = 0


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """`friend_id` is who took it, as a visitor or a buyer; `against` what speaks against it, as it was found when it was due."""

    merchant_id: UUID
    invitation_id: UUID
    inviter_id: UUID
    friend_id: UUID
    state: InviteState
    accepted_at: datetime
    order_id: UUID | None = None
    due_at: datetime | None = None
    against: list[Against] = []
    note: str = ""
    changed_at: datetime


class InviteFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an invitation that is due. `new`: the friend had not bought there, nor taken an invitation; `month`: how
    many were rewarded in this month to the inviter."""

    new: bool
    inviter_id: UUID
    friend_id: UUID
    inviter_people: frozenset[str]
    friend_people: frozenset[str]
    inviter_devices: frozenset[UUID]
    friend_devices: frozenset[UUID]
    inviter_addresses: frozenset[str]
    friend_addresses: frozenset[str]
    ring: bool
    accepted_that_day: int
    month: int


def against(facts: InviteFacts, programme: InviteProgramme) -> list[Against]:
    """What speaks against a reward, in the order in which it is told."""
    found = {
        Against.NOT_NEW: not facts.new,
        Against.SAME_PERSON: facts.inviter_id == facts.friend_id,
        Against.SAME_CONTACT: bool(facts.inviter_people & facts.friend_people),
        Against.SAME_DEVICE: bool(facts.inviter_devices & facts.friend_devices),
        Against.SAME_ADDRESS: bool(facts.inviter_addresses & facts.friend_addresses),
        Against.RING: facts.ring,
        Against.FAST: facts.accepted_that_day > FAST_PER_DAY,
        Against.MONTH_FULL: facts.month >= programme.per_month,
        Against.ALL_GIVEN: programme.rewarded >= programme.friends,
    }
    return [each for each, holds in found.items() if holds]


class NotNew(Refusal):
    """An invitation brings somebody who has not bought there before, and is taken once."""

    code = "invitation_not_for_you"
    title = N_("This invitation is for friends who are new")
    detail = N_("You have bought here before, or have taken an invitation already.")


class OwnInvitation(Refusal):
    """Nobody invites themselves."""

    code = "own_invitation"
    title = N_("This is your own invitation")
    detail = N_("Send it to a friend.")


class AllGiven(Refusal):
    """Not more friends are rewarded than were promised, whoever decides."""

    code = "all_friends_rewarded"
    title = N_("As many friends as were promised have been rewarded")
    detail = N_("Promise it for more friends altogether, then reward this one.")
