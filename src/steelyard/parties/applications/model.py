"""Applications: their states, their steps, and what each step asks for."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text
from steelyard.parties.access.model import AccountId
from steelyard.parties.policies import FIRST_VERSIONS, Document

ApplicationId = NewType("ApplicationId", UUID)

# The rules that an applicant agrees to, as the program brings them.
RULES_VERSION = FIRST_VERSIONS[Document.RULES]
FILE_BYTES_MAX = 8 * 1024 * 1024
FILE_NAME_CHARACTERS_MAX = 120
REASON_CHARACTERS_MAX = 500
CATEGORIES_MAX = 20
SLUG_CHARACTERS_MIN = 3
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,39}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()\-]{5,28}")
_ACCOUNT = re.compile(r"[A-Z0-9][A-Z0-9 \-]{4,38}", re.IGNORECASE)


class ApplicationState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    SENT_BACK = "sent_back"
    APPROVED = "approved"
    REFUSED = "refused"


MACHINE = Machine(
    "application",
    {ApplicationState.DRAFT},
    {
        ApplicationState.DRAFT: {ApplicationState.SUBMITTED},
        ApplicationState.SUBMITTED: {
            ApplicationState.SENT_BACK,
            ApplicationState.APPROVED,
            ApplicationState.REFUSED,
        },
        ApplicationState.SENT_BACK: {ApplicationState.SUBMITTED},
        ApplicationState.APPROVED: set(),
        ApplicationState.REFUSED: set(),
    },
)
# In these the applicant writes.
OPEN = (ApplicationState.DRAFT, ApplicationState.SENT_BACK)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that an applicant has said. What was not said yet is empty. `licence_until` is a day, empty for one without end;
    `kind` is `business` (registered) or `individual`."""

    kind: str = ""
    country: str = "CN"
    legal_name: str = ""
    licence_number: str = ""
    licence_until: str = ""
    representative: str = ""
    registered_capital: str = ""
    scope: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    contact_address: str = ""
    shop_name: Text = msgspec.field(default_factory=Text)
    slug: str = ""
    shop_about: Text = msgspec.field(default_factory=Text)
    category_ids: list[str] = msgspec.field(default_factory=list[str])
    payout_name: str = ""
    payout_bank: str = ""
    payout_account: str = ""
    agreed_version: str = ""


# The steps in their order, each with the fields that it asks for.
STEPS: dict[str, tuple[str, ...]] = {
    "kind": ("kind", "country"),
    "company": (
        "legal_name",
        "licence_number",
        "licence_until",
        "representative",
        "registered_capital",
        "scope",
        "licence_scan",
    ),
    "contact": ("contact_name", "contact_phone", "contact_email", "contact_address"),
    "shop": ("shop_name", "slug", "shop_about"),
    "categories": ("category_ids",),
    "payout": ("payout_name", "payout_bank", "payout_account"),
    "agreement": ("agreed_version",),
}
SCAN = "licence_scan"
MISSING = N_("Please fill this in")
# How long each field may be; what is not here is not a line of text.
CHARACTERS_MAX: dict[str, int] = {
    "legal_name": 200,
    "licence_number": 40,
    "representative": 100,
    "registered_capital": 60,
    "scope": 1_000,
    "contact_name": 100,
    "contact_phone": 30,
    "contact_email": 254,
    "contact_address": 300,
    "slug": 40,
    "payout_name": 200,
    "payout_bank": 200,
    "payout_account": 40,
}


def step_of(field: str) -> str:
    """The step that asks for a field."""
    return next(step for step, fields in STEPS.items() if field in fields)


def troubles(step: str, facts: Facts, *, scanned: bool, today: date, rules: str = RULES_VERSION) -> dict[str, str]:
    """What is wrong with the fields of a step; {} when it is done. `rules` is the version of the rules that is in force.
    (Whether the shop's address is free, only the database knows.)"""
    found = {name: MISSING for name in _required(step, facts) if not getattr(facts, name)}
    for name in STEPS[step]:
        if len(str(getattr(facts, name, ""))) > CHARACTERS_MAX.get(name, 10_000):
            found.setdefault(name, N_("This is too long"))
    for name, trouble in _CHECKS.get(step, _nothing)(facts, today).items():
        found.setdefault(name, trouble)
    if step == "company" and not scanned:
        found[SCAN] = N_("Please upload a scan or a photograph.")
    if step == "agreement" and facts.agreed_version not in ("", rules):
        found["agreed_version"] = N_("The rules have changed since. Please read and agree to them again.")
    return found


def _required(step: str, facts: Facts) -> tuple[str, ...]:
    business = facts.kind == "business"
    return {
        "kind": ("kind", "country"),
        "company": ("legal_name", "licence_number", *(("representative", "scope") if business else ())),
        "contact": ("contact_name", "contact_phone", "contact_address"),
        "shop": ("shop_name", "slug"),
        "categories": ("category_ids",),
        "payout": ("payout_name", "payout_bank", "payout_account"),
        "agreement": ("agreed_version",),
    }[step]


def _nothing(_facts: Facts, _today: date) -> dict[str, str]:
    return {}


def _kind(facts: Facts, _today: date) -> dict[str, str]:
    found: dict[str, str] = {}
    if facts.kind not in ("business", "individual"):
        found["kind"] = N_("Please choose one.")
    if not re.fullmatch(r"[A-Z]{2}", facts.country):
        found["country"] = N_("Please choose a country.")
    return found


def _company(facts: Facts, today: date) -> dict[str, str]:
    found: dict[str, str] = {}
    if facts.licence_number and facts.country == "CN":
        try:
            (uscc if facts.kind == "business" else ric).validate(facts.licence_number)
        except ValidationError:
            found["licence_number"] = (
                N_("This is not a unified social credit code: 18 characters, the last one checks the others.")
                if facts.kind == "business"
                else N_("This is not an identity card number: 18 characters, the last one checks the others.")
            )
    if facts.licence_until:
        try:
            until = date.fromisoformat(facts.licence_until)
        except ValueError:
            found["licence_until"] = N_("Please enter a day.")
        else:
            if until <= today:
                found["licence_until"] = N_("This licence has ended.")
    return found


def _contact(facts: Facts, _today: date) -> dict[str, str]:
    wrong = facts.contact_phone and not _PHONE.fullmatch(facts.contact_phone)
    return {"contact_phone": N_("Please enter a telephone number.")} if wrong else {}


def _shop(facts: Facts, _today: date) -> dict[str, str]:
    found: dict[str, str] = {}
    if facts.slug and not _SLUG.fullmatch(facts.slug):
        found["slug"] = N_("At least 3 small letters, digits and hyphens, such as wenzhou-shoes.")
    if any(len(words) > 60 for words in facts.shop_name.values()):
        found["shop_name"] = N_("This is too long")
    return found


def _categories(facts: Facts, _today: date) -> dict[str, str]:
    many = len(facts.category_ids) > CATEGORIES_MAX
    return {"category_ids": N_("Please choose fewer categories.")} if many else {}


def _payout(facts: Facts, _today: date) -> dict[str, str]:
    wrong = facts.payout_account and not _ACCOUNT.fullmatch(facts.payout_account)
    return {"payout_account": N_("Please enter the number of a bank account.")} if wrong else {}


_CHECKS = {
    "kind": _kind,
    "company": _company,
    "contact": _contact,
    "shop": _shop,
    "categories": _categories,
    "payout": _payout,
}


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """`reasons` is what the operator wants to have corrected, by field; `done` the steps that have been saved."""

    application_id: ApplicationId
    account_id: AccountId
    state: ApplicationState
    facts: Facts
    done: list[str]
    reasons: Mapping[str, str]
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None

    @property
    def next_step(self) -> str | None:
        """The first step that was not saved yet, or that has something to be corrected; none when all are done."""
        wanted = {step_of(field) for field in self.reasons}
        return next((step for step in STEPS if step not in self.done or step in wanted), None)


class ApplicationStep(msgspec.Struct, frozen=True, kw_only=True):
    """A change of state: `by` is `applicant` or `staff:<account_id>`."""

    step: int
    from_state: str
    to_state: ApplicationState
    at: datetime
    by: str
    note: str
    reasons: Mapping[str, str]


class ApplicationFile(msgspec.Struct, frozen=True, kw_only=True):
    application_id: ApplicationId
    kind: str
    file: str
    name: str
    bytes: int
    uploaded_at: datetime


class LookedAt(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine found about an application. `number_is_right` is none where no check digit is known;
    the others are codes of merchants, names of shops, and applications."""

    number_is_right: bool | None
    same_number_merchants: list[str]
    same_number_applications: list[ApplicationId]
    similar_names: list[str]
    refused_before: int
    slug_taken: bool


class NotWritable(Refusal):
    """What has been submitted is not changed while it is looked at, and what is decided stays."""

    code = "application_not_writable"
    title = N_("This application cannot be changed now")
    detail = N_("It has been submitted. You will hear from us by e-mail.")


class NotComplete(Refusal):
    """An application is submitted whole."""

    code = "application_not_complete"
    title = N_("Something is still missing")
    detail = N_("Please go through the steps that are not done yet.")


class StaleDecision(Refusal):
    """Two who decide at the same time: the first counts."""

    code = "application_already_decided"
    title = N_("Somebody else was quicker")
    detail = N_("This application does not wait for a decision any more. Please reload the page.")
