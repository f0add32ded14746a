"""What makes an order suspicious, and what becomes of one that is."""

import hashlib
import re
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.states import Machine
from steelyard.parties.customers.model import Address, Contact
from steelyard.parties.merchants.model import MerchantId

WHY_CHARACTERS_MAX = 300
VALUE_CHARACTERS_MAX = 200
VALUE_CHARACTERS_MIN = 3
ENTRY_DAYS_MAX = 730
LIST_ENTRIES_MAX = 1_000
# How long a purchase is remembered to count those that come at once: longer than any rule may look back.
SEEN_DAYS = 3
MINUTES_MAX = 2_880
LEAST_MAX = 1_000_000
# Checks are forgotten after this: no chargeback comes later (card networks: 540 days at the most).
CHECKS_DAYS = 730
# Country calling codes (ITU-T E.164) of the countries that are sold to; of others a number says nothing.
CALLING_CODES = {
    "CN": "86", "HK": "852", "MO": "853", "TW": "886", "US": "1", "CA": "1", "GB": "44", "IE": "353", "DE": "49", "FR": "33",
    "IT": "39", "ES": "34", "PT": "351", "NL": "31", "BE": "32", "AT": "43", "CH": "41", "SE": "46", "DK": "45", "NO": "47",
    "FI": "358", "PL": "48", "CZ": "420", "JP": "81", "KR": "82", "SG": "65", "MY": "60", "TH": "66", "AU": "61", "NZ": "64",
}  # fmt: skip
_NOT_DIGITS = re.compile(r"[^0-9]")
_SPACES = re.compile(r"\s+")


class RuleName(StrEnum):
    NEW_BUYER = "new_buyer"
    MANY_TO_ADDRESS = "many_to_address"
    MANY_BY_BUYER = "many_by_buyer"
    FAILED_PAYMENTS = "failed_payments"
    FOREIGN_PHONE = "foreign_phone"
    FORWARDER = "forwarder"
    BLOCKED = "blocked"


COUNTING = frozenset({RuleName.MANY_TO_ADDRESS, RuleName.MANY_BY_BUYER, RuleName.FAILED_PAYMENTS})


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """`least` of something within `minutes` give so many `points`; see `RuleName`."""

    rule: RuleName
    active: bool
    points: int
    least: int
    minutes: int
    changed_at: datetime | None = None
    changed_by: str | None = None


class CheckState(StrEnum):
    """`passed`: something was tripped, but too little. `overtaken`: it was called off otherwise while it was held."""

    PASSED = "passed"
    HELD = "held"
    RELEASED = "released"
    CANCELLED = "cancelled"
    OVERTAKEN = "overtaken"


MACHINE = Machine(
    "risk",
    {CheckState.PASSED, CheckState.HELD},
    {
        CheckState.PASSED: set(),
        CheckState.HELD: {CheckState.RELEASED, CheckState.CANCELLED, CheckState.OVERTAKEN},
        CheckState.RELEASED: set(),
        CheckState.CANCELLED: set(),
        CheckState.OVERTAKEN: set(),
    },
)
MACHINES = (MACHINE,)


class Listing(StrEnum):
    BLOCK = "block"
    ALLOW = "allow"
    FORWARDER = "forwarder"


class EntryKind(StrEnum):
    EMAIL = "email"
    DOMAIN = "domain"
    PHONE = "phone"
    ADDRESS = "address"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom staff know; `value` as it is compared."""

    entry_id: UUID
    list: Listing
    kind: EntryKind
    value: str
    why: str
    until: date
    by: str
    at: datetime


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a paid purchase: `to_address`, `by_buyer`: purchases within those rules' minutes, this one among them;
    `failed`: payments that were declined; `bought`: orders that the buyer has received before."""

    purchase_id: UUID
    buyer_id: UUID
    total: int
    currency: str
    contact: Contact
    address: Address
    placed_at: datetime
    bought: int
    to_address: int
    by_buyer: int
    failed: int


class Tripped(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that an order trips, with its points and the number that was `found`."""

    rule: RuleName
    points: int
    found: int


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was looked at."""

    merchant_id: MerchantId
    order_id: UUID
    purchase_id: UUID
    buyer_id: UUID
    code: str
    amount: int
    currency: str
    score: int
    tripped: list[Tripped]
    state: CheckState
    checked_at: datetime
    decide_by: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    why: str
    charged_back_at: datetime | None


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the orders that tripped a rule."""

    rule: RuleName
    tripped: int
    held: int
    released: int
    cancelled: int
    charged_back: int


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules would have done to the purchases of the last days."""

    purchases: int
    held: int
    by_rule: dict[RuleName, int]
    cut_off: bool


class NotHeld(Refusal):
    """Only what is held is released or called off here."""

    code = "risk_not_held"
    title = N_("This order is not held any more")
    detail = N_("Somebody has decided it, or its time was over.")


def normal(kind: EntryKind, value: str) -> str:
    """A value as it is compared."""
    value = _SPACES.sub("", value.strip().lower())
    if kind is EntryKind.PHONE:
        return _NOT_DIGITS.sub("", value)
    return value.removeprefix("@") if kind is EntryKind.DOMAIN else value


def written(address: Address) -> str:
    """An address as it is compared: what a carrier needs, without who receives it."""
    parts = (address.street, address.district, address.city, address.region, address.postal_code, address.country)
    return normal(EntryKind.ADDRESS, "".join(parts))


def digest(address: Address) -> str:
    """The same for the same address, which cannot be read from it."""
    return hashlib.sha256(written(address).encode()).hexdigest()


def matches(entry: Entry, found: Features) -> bool:
    """Whether this entry is about this purchase."""
    email = normal(EntryKind.EMAIL, found.contact.email)
    match entry.kind:
        case EntryKind.EMAIL:
            return email == entry.value
        case EntryKind.DOMAIN:
            return email.rpartition("@")[2] == entry.value
        case EntryKind.PHONE:
            phones = (normal(EntryKind.PHONE, each) for each in (found.contact.phone, found.address.phone))
            return any(phone and phone.endswith(entry.value) for phone in phones)
        case EntryKind.ADDRESS:
            return entry.value in written(found.address)


def judged(rules: Sequence[Rule], entries: Sequence[Entry], found: Features) -> list[Tripped]:
    """The active rules that a purchase trips; none for somebody who is never to be held."""
    known = {each.list for each in entries if matches(each, found)}
    if Listing.ALLOW in known:
        return []
    numbers = {
        RuleName.NEW_BUYER: _dear(found),
        RuleName.MANY_TO_ADDRESS: found.to_address,
        RuleName.MANY_BY_BUYER: found.by_buyer,
        RuleName.FAILED_PAYMENTS: found.failed,
        RuleName.FOREIGN_PHONE: int(_foreign(found)),
        RuleName.FORWARDER: int(Listing.FORWARDER in known),
        RuleName.BLOCKED: int(Listing.BLOCK in known),
    }
    return [
        Tripped(rule=rule.rule, points=rule.points, found=numbers[rule.rule])
        for rule in rules
        if rule.active and numbers[rule.rule] >= _least(rule)
    ]


def _least(rule: Rule) -> int:
    return rule.least if rule.rule in COUNTING or rule.rule is RuleName.NEW_BUYER else 1


def _dear(found: Features) -> int:
    """What somebody pays who has received nothing here before, in whole major units."""
    return 0 if found.bought else int(Money(found.total, found.currency).decimal())


def _foreign(found: Features) -> bool:
    """Whether a telephone number with a country's code is of another country than the parcel goes to."""
    phone = found.address.phone.strip() or found.contact.phone.strip()
    code = CALLING_CODES.get(found.address.country)
    digits = _NOT_DIGITS.sub("", phone)
    if code is None or not phone.startswith(("+", "00")) or not digits:
        return False
    return not digits.removeprefix("00").startswith(code)
