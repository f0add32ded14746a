"""What access announces. No secret is ever in an event: whoever sends the mail asks `issue_link` for the token."""

from uuid import UUID

from steelyard.kernel.events import Event


class PasswordResetRequested(Event, frozen=True, kw_only=True):
    """Somebody asked for a new password. `account_id` is none when nobody signs in with that address, so that asking
    costs the same for every address. `page` is where the link leads: the token follows it."""

    KIND = "access.password_reset_requested"

    account_id: UUID | None
    page: str


class StaffInvited(Event, frozen=True, kw_only=True):
    """Somebody was made one of the staff, and has no password yet."""

    KIND = "access.staff_invited"

    account_id: UUID
    invited_by: UUID | None
    page: str


class OwnershipHandedOver(Event, frozen=True, kw_only=True):
    """Somebody else is the owner now. `merchant_id` is none for the operator's own staff; `kept` is the role that the one
    who handed over has since."""

    KIND = "access.ownership_handed_over"

    merchant_id: UUID | None
    giver_id: UUID
    heir_id: UUID
    kept: str


class EmailChangeAsked(Event, frozen=True, kw_only=True):
    """Somebody wants another e-mail address. `page` is where the link leads: the token follows it."""

    KIND = "access.email_change_asked"

    account_id: UUID
    page: str
