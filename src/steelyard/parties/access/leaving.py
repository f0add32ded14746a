"""Proving who one is, another e-mail address, and leaving for good."""

from datetime import timedelta

from steelyard.kernel import events, limits
from steelyard.kernel.db import Database, Tx, UniqueViolation
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties.access import passwords, queries
from steelyard.parties.access.events import EmailChangeAsked
from steelyard.parties.access.model import EMAIL_LINK_HOURS, Account, AccountId, EmailTaken, LinkExpired, WrongLogin
from steelyard.parties.access.service import clean_email, new_token, token_hash
from steelyard.parties.access.signing_in import LOGIN_PER_ADDRESS, LOGIN_PER_EMAIL


async def prove(db: Database, account: Account, password: str, address: str) -> None:
    """That it is really the owner of the account who asks for something that cannot be undone.

    Raises `WrongLogin`, `TooMany` (wrong guesses count as log-ins).
    """
    await limits.take(db, LOGIN_PER_ADDRESS, address)
    await limits.take(db, LOGIN_PER_EMAIL, account.email)
    found = await db.ask(queries.credentials, account.email)
    if not await passwords.check_password(found.password_hash if found else None, password):
        raise WrongLogin()


async def ask_to_change_email(tx: Tx, account: Account, email: str, page: str) -> None:
    """Have a link sent to the new address; it is the account's when the link is opened. Raises `Invalid`, `EmailTaken`."""
    cleaned = clean_email(email)
    if cleaned == account.email:
        raise Invalid({"email": N_("This is your address already.")})
    if await tx.value("SELECT true FROM logins WHERE email = $1", cleaned):
        raise EmailTaken(email=cleaned)
    await tx.execute("DELETE FROM email_changes WHERE account_id = $1", account.account_id)
    change_id = await tx.value(
        """
        INSERT INTO email_changes (account_id, email, expires_at) VALUES ($1, $2, now() + $3) RETURNING account_id
        """,
        account.account_id,
        cleaned,
        timedelta(hours=EMAIL_LINK_HOURS),
    )
    await events.publish(tx, EmailChangeAsked(account_id=change_id, page=page))


async def issue_email_link(tx: Tx, account_id: AccountId) -> tuple[str, str] | None:
    """The new address and the token of the link to it; only the mail to that address ever holds it. None when the change
    was given up."""
    token = new_token()
    email = await tx.value(
        "UPDATE email_changes SET token_hash = $2 WHERE account_id = $1 AND expires_at > now() RETURNING email",
        account_id,
        token_hash(token),
    )
    return (email, token) if email else None


async def change_email(tx: Tx, token: str) -> Account:
    """The link was opened: the address is the account's. Raises `LinkExpired`, `EmailTaken`."""
    row = await tx.row(
        "DELETE FROM email_changes WHERE token_hash = $1 AND expires_at > now() RETURNING account_id, email",
        token_hash(token),
    )
    if row is None:
        raise LinkExpired()
    account_id, email = AccountId(row["account_id"]), row["email"]
    try:
        async with tx.savepoint():
            await tx.execute("UPDATE logins SET email = $2 WHERE account_id = $1", account_id, email)
    except UniqueViolation:
        raise EmailTaken(email=email) from None
    await tx.execute("UPDATE accounts SET email = $2 WHERE account_id = $1", account_id, email)
    account = await queries.account(tx, account_id)
    assert account is not None, "accounts are disabled, never deleted"
    return account


async def erase_account(tx: Tx, account_id: AccountId) -> None:
    """Nobody signs in with it any more, and nothing in it says whose it was. Said twice, nothing changes."""
    await tx.execute("DELETE FROM logins WHERE account_id = $1", account_id)
    await tx.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
    await tx.execute("DELETE FROM password_resets WHERE account_id = $1", account_id)
    await tx.execute("DELETE FROM email_changes WHERE account_id = $1", account_id)
    await tx.execute(
        """
        UPDATE accounts SET name = '', email = account_id || '@erased.invalid', password_hash = NULL
             , disabled_at = coalesce(disabled_at, now())
        WHERE account_id = $1
        """,
        account_id,
    )
