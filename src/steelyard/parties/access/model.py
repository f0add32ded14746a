"""Accounts, who acts, and the rules about coming in."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Forbidden, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text

AccountId = NewType("AccountId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
DepartmentId = NewType("DepartmentId", UUID)

EMAIL_CHARACTERS_MAX = 254
NAME_CHARACTERS_MAX = 100
SESSIONS_PER_ACCOUNT_MAX = 30
API_KEYS_PER_ACCOUNT_MAX = 20
STAFF_MAX = 200
ROLES_MAX = 50
DEPARTMENTS_MAX = 50
SEEN_EVERY_SECONDS = 60
EMAIL_LINK_HOURS = 24
RESET_MINUTES = 60
INVITATION_DAYS = 7
API_KEY_PREFIX = "sy_"

RESET_PAGE = "/password/"
INVITATION_PAGE = "/invitation/"


class AccountKind(StrEnum):
    OPERATOR = "operator"
    MERCHANT = "merchant"
    BUYER = "buyer"
    APPLICANT = "applicant"


# Who has it can do everything in the house, so one of them must stay.
CHIEF_ROLE = {AccountKind.OPERATOR: "operator_admin", AccountKind.MERCHANT: "merchant_owner"}

# A session that nobody uses ends after the first; however it is used, it ends after the second.
IDLE_HOURS_MAX = {
    AccountKind.OPERATOR: 12,
    AccountKind.MERCHANT: 72,
    AccountKind.BUYER: 30 * 24,
    AccountKind.APPLICANT: 14 * 24,
}
SESSION_DAYS_MAX = {
    AccountKind.OPERATOR: 7,
    AccountKind.MERCHANT: 30,
    AccountKind.BUYER: 180,
    AccountKind.APPLICANT: 60,
}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in. `merchant_id` is set for a merchant's staff, `buyer_id` for a buyer, neither for the
    operator's staff and for applicants, who may become a merchant's owner."""

    account_id: AccountId
    kind: AccountKind
    name: str
    email: str
    locale: str
    merchant_id: UUID | None = None
    buyer_id: UUID | None = None


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is behind a request, and what they may do. `api_key`: a program, with a key of this account.

    `seen_long_ago` asks the surface for `access.touch`, at most once a minute.
    """

    account: Account | None = None
    permissions: frozenset[str] = frozenset()
    api_key: bool = False
    seen_long_ago: bool = False

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raises `Forbidden` without the permission."""
        if not self.may(permission):
            raise Forbidden(permission=permission)

    @property
    def by(self) -> str:
        """Who did it, as histories say it: `buyer`, `staff:<account_id>`, or `visitor`."""
        if self.account is None:
            return "visitor"
        if self.account.kind is AccountKind.APPLICANT:
            return "applicant"
        return "buyer" if self.account.kind is AccountKind.BUYER else f"staff:{self.account.account_id}"


NOBODY = Actor()


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a password is checked against."""

    account_id: AccountId
    password_hash: str | None

    def __repr__(self) -> str:
        return f"Credentials(account_id={self.account_id})"


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it; `session_id` names it and opens nothing."""

    session_id: str
    created_at: datetime
    seen_at: datetime
    user_agent: str
    address: str


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as people see it after its first showing."""

    api_key_id: ApiKeyId
    account_id: AccountId
    account_name: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """One of the staff; `joined` once they have set a password."""

    account_id: AccountId
    name: str
    email: str
    locale: str
    roles: list[str]
    joined: bool
    disabled_at: datetime | None
    created_at: datetime
    seen_at: datetime | None = None
    sessions: int = 0
    department_id: DepartmentId | None = None


class Department(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a staff, with who leads it and how many are in it."""

    department_id: DepartmentId
    name: str
    head_id: AccountId | None = None
    head: str | None = None
    people: int = 0


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """`built_in` roles come with the house and are not changed; `holders` counts who has it, where it was asked for."""

    role_id: str
    name: Text
    permissions: list[str]
    built_in: bool = False
    holders: int = 0


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    permission: str
    description: Text


class BuyersLogin(msgspec.Struct, frozen=True, kw_only=True):
    """How a buyer signs in, as the operator's staff sees it. `disabled_at` is set while the buyer is blocked."""

    account_id: AccountId
    disabled_at: datetime | None
    created_at: datetime
    seen_at: datetime | None
    sessions: int


class Change(msgspec.Struct, frozen=True):
    """A field that became different."""

    field: str
    before: Any
    after: Any


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of the audit log: all that is given must fit. `action` is one action, or the area before its point;
    `until` is the first moment that is not within it."""

    account_id: AccountId | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One command of staff: who (none: the house itself), what, on what, when, what became different, in which
    request."""

    audit_id: UUID
    at: datetime
    account_id: AccountId | None
    account_name: str | None
    merchant_id: UUID | None
    action: str
    subject: str
    facts: Mapping[str, Any]
    changes: list[Change]
    request_id: str | None


class EmailTaken(Refusal):
    """One e-mail address signs in to one account."""

    code = "email_taken"
    title = N_("This e-mail address is taken")
    detail = N_("Somebody has already registered with {email}. Please sign in, or ask for a new password.")


class WrongLogin(Refusal):
    """Address and password do not belong together; which of the two is wrong is never told."""

    code = "wrong_login"
    status = 401
    title = N_("E-mail address or password is wrong")
    detail = N_("Please try again, or ask for a new password.")


class LinkExpired(Refusal):
    """A link from a mail is good once and for a limited time."""

    code = "link_expired"
    status = 410
    title = N_("This link is no longer valid")
    detail = N_("It was used already or is too old. Please ask for a new one.")


class LastOwner(Refusal):
    """Somebody with all permissions stays: the last owner is neither disabled nor given a smaller role."""

    code = "last_owner"
    title = N_("Somebody must be able to manage the staff")
    detail = N_("{name} is the last one with this role. Please give the role to somebody else first.")


class TooManyApiKeys(Refusal):
    """An account has a limited number of keys that work."""

    code = "too_many_api_keys"
    title = N_("You have too many API keys")
    detail = N_("At most {limit} keys can be in use. Please revoke one first.")


class RoleInUse(Refusal):
    """A role is taken away when nobody has it any more."""

    code = "role_in_use"
    title = N_("Somebody has this role")
    detail = N_("{holders} people have it. Please give them another role first.")
