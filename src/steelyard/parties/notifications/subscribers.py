"""Mails that access asks for. The token of a link is made here, in the transaction of the mail that carries it, so that
no event ever holds one."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from steelyard.kernel.db import Tx
from steelyard.kernel.events import Subscriber
from steelyard.parties import access, policies
from steelyard.parties.access.model import EMAIL_LINK_HOURS, AccountId
from steelyard.parties.notifications.model import EmailChange, PasswordReset, StaffInvited, Template
from steelyard.parties.notifications.service import send
from steelyard.parties.policies.model import INVITATION_DAYS, RESET_MINUTES


async def mail_resets(tx: Tx, events: Sequence[access.PasswordResetRequested]) -> None:
    """A link to everybody who asked; who asked twice in a batch gets one."""
    minutes = await policies.number(tx, RESET_MINUTES)
    pages = {event.account_id: event.page for event in events if event.account_id is not None}
    for account_id, page in pages.items():
        account = await access.account(tx, AccountId(account_id))
        if account is None:
            continue
        token = await access.issue_link(tx, account.account_id, timedelta(minutes=minutes))
        facts = PasswordReset(name=account.name, secret_link=page + token, minutes=minutes)
        await send(tx, recipient=account.email, template=Template.PASSWORD_RESET, locale=account.locale, facts=facts)


async def mail_invitations(tx: Tx, events: Sequence[access.StaffInvited]) -> None:
    """The link by which somebody new on the staff sets a password."""
    days = await policies.number(tx, INVITATION_DAYS)
    for event in events:
        account = await access.account(tx, AccountId(event.account_id))
        if account is None:
            continue
        token = await access.issue_link(tx, account.account_id, timedelta(days=days))
        facts = StaffInvited(
            name=account.name,
            inviter=await _name(tx, event.invited_by),
            roles=[role.name for role in await access.role_names(tx, account.account_id)],
            secret_link=event.page + token,
            days=days,
        )
        await send(tx, recipient=account.email, template=Template.STAFF_INVITED, locale=account.locale, facts=facts)


async def mail_email_changes(tx: Tx, events: Sequence[access.EmailChangeAsked]) -> None:
    """A link to the new address; who asked twice in a batch gets one."""
    for account_id, page in {event.account_id: event.page for event in events}.items():
        account = await access.account(tx, AccountId(account_id))
        issued = await access.issue_email_link(tx, AccountId(account_id))
        if account is None or issued is None:
            continue
        email, token = issued
        facts = EmailChange(name=account.name, secret_link=page + token, hours=EMAIL_LINK_HOURS)
        await send(tx, recipient=email, template=Template.EMAIL_CHANGE, locale=account.locale, facts=facts)


async def _name(tx: Tx, account_id: UUID | None) -> str:
    inviter = await access.account(tx, AccountId(account_id)) if account_id is not None else None
    return inviter.name if inviter else ""


SUBSCRIBER = Subscriber(
    "notifications.access",
    {
        access.PasswordResetRequested: mail_resets,
        access.StaffInvited: mail_invitations,
        access.EmailChangeAsked: mail_email_changes,
    },
)
