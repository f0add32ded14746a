"""Commands on accounts, their passwords and the audit log."""

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.access.events import PasswordResetRequested
from steelyard.parties.access.model import (
    EMAIL_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    RESET_PAGE,
    Account,
    AccountId,
    AccountKind,
    EmailTaken,
    LinkExpired,
)

TOKEN_BYTES = 32
_EMAIL = re.compile(r"[^\s@<>\"(),:;\\\[\]]+@[^\s@<>\"(),:;\\\[\]]+\.[^\s@.<>\"(),:;\\\[\]]{2,}")


def new_token() -> str:
    """256 random bits, for a cookie or a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What we keep of a token. It has 256 random bits, so a plain hash is enough, and finding it by its hash tells
    nothing by the time it takes."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def clean_email(email: str) -> str:
    """The address as it is kept: lower case. Raises `Invalid` for what cannot be one."""
    cleaned = email.strip().lower()
    if len(cleaned) > EMAIL_CHARACTERS_MAX or not cleaned.isascii() or not _EMAIL.fullmatch(cleaned):
        raise Invalid({"email": N_("Please enter an e-mail address.")})
    return cleaned


async def register(
    tx: Tx,
    *,
    account_id: AccountId,
    kind: AccountKind,
    name: str,
    email: str,
    password_hash: str | None,
    locale: str,
    merchant_id: UUID | None = None,
    buyer_id: UUID | None = None,
    roles: Collection[str] = (),
) -> None:
    """Open an account that signs in with `email`; without a password it waits for one to be set by a link.

    Said twice with the same id, nothing changes. Raises `EmailTaken`, and `Invalid` for an unknown role or a field
    that cannot be. The password comes hashed (`hash_password`): that takes too long for a transaction.
    """
    address = clean_email(email)
    opened = await tx.execute(
        """
        INSERT INTO accounts (account_id, kind, name, email, password_hash, locale, merchant_id, buyer_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id) DO NOTHING
        """,
        account_id,
        kind,
        clean_name(name),
        address,
        password_hash,
        locale,
        merchant_id,
        buyer_id,
    )
    if not opened:
        return
    if not await tx.execute(
        "INSERT INTO logins (email, account_id) VALUES ($1, $2) ON CONFLICT (email) DO NOTHING", address, account_id
    ):
        raise EmailTaken(email=address)
    await give_roles(tx, account_id, kind, roles)


def clean_name(name: str) -> str:
    """A person's name on one line. Raises `Invalid`."""
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= NAME_CHARACTERS_MAX:
        raise Invalid({"name": N_("Please enter a name.")})
    return cleaned


async def give_roles(tx: Tx, account_id: AccountId, kind: AccountKind, roles: Collection[str]) -> None:
    """Exactly these roles from now on. Raises `Invalid` for a role that is not for accounts of this kind."""
    wanted = sorted(set(roles))
    await tx.execute("DELETE FROM account_roles WHERE account_id = $1 AND role_id <> ALL ($2)", account_id, wanted)
    await tx.execute(
        """
        INSERT INTO account_roles (account_id, role_id)
        SELECT a.account_id, r.role_id FROM roles r JOIN accounts a ON a.account_id = $1
        WHERE r.role_id = ANY ($2) AND r.audience = $3 AND (r.merchant_id IS NULL OR r.merchant_id = a.merchant_id)
        ON CONFLICT (account_id, role_id) DO NOTHING
        """,
        account_id,
        wanted,
        kind,
    )
    given = await tx.value("SELECT count(*) FROM account_roles WHERE account_id = $1", account_id)
    if given != len(wanted):
        raise Invalid({"roles": N_("There is no such role.")})


async def change_account(tx: Tx, account_id: AccountId, *, name: str, locale: str) -> None:
    """Change the name shown and the language written in. Raises `NotFound`, `Invalid`."""
    if not await tx.execute(
        "UPDATE accounts SET name = $2, locale = $3 WHERE account_id = $1", account_id, clean_name(name), locale
    ):
        raise NotFound()


async def request_password_reset(tx: Tx, email: str, page: str = RESET_PAGE) -> None:
    """Have a link for a new password sent to the address, if somebody signs in with it; the answer is the same if not.

    `page` is the page that takes the new password, absolute or below the base URL; the token follows it. Limits on how
    often one may ask are in `ask_for_password_reset`.
    """
    account_id = await tx.value(
        """
        SELECT account_id FROM logins JOIN accounts USING (account_id)
        WHERE logins.email = $1 AND accounts.disabled_at IS NULL
        """,
        email.strip().lower()[:EMAIL_CHARACTERS_MAX],
    )
    await events.publish(tx, PasswordResetRequested(account_id=account_id, page=page))


async def issue_link(tx: Tx, account_id: AccountId, valid: timedelta) -> str:
    """The token of a new link for setting a password; only the mail to its owner ever holds it."""
    token = new_token()
    await tx.execute(
        "INSERT INTO password_resets (token_hash, account_id, expires_at) VALUES ($1, $2, now() + $3)",
        token_hash(token),
        account_id,
        valid,
    )
    return token


async def reset_password(tx: Tx, token: str, new_password_hash: str) -> Account:
    """Set the password by a link from a mail; all links and sessions of the account end. Raises `LinkExpired`."""
    account_id = await tx.value(
        """
        UPDATE password_resets SET used_at = now()
        WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now() RETURNING account_id
        """,
        token_hash(token),
    )
    account = await tx.one(
        Account,
        """
        UPDATE accounts SET password_hash = $2 WHERE account_id = $1 AND disabled_at IS NULL
        RETURNING account_id, kind, name, email, locale, merchant_id, buyer_id
        """,
        account_id,
        new_password_hash,
    )
    if account is None:
        raise LinkExpired()
    await tx.execute(
        "UPDATE password_resets SET used_at = now() WHERE account_id = $1 AND used_at IS NULL", account.account_id
    )
    await tx.execute("DELETE FROM sessions WHERE account_id = $1", account.account_id)
    return account


async def replace_password(
    tx: Tx, account_id: AccountId, *, old_hash: str, new_hash: str, keep_token: str | None
) -> bool:
    """Change the password that `old_hash` is of; all sessions but that of `keep_token` end, and all links.

    False when it was changed by somebody else in the meantime.
    """
    if not await tx.execute(
        "UPDATE accounts SET password_hash = $3 WHERE account_id = $1 AND password_hash = $2 AND disabled_at IS NULL",
        account_id,
        old_hash,
        new_hash,
    ):
        return False
    await tx.execute(
        "DELETE FROM sessions WHERE account_id = $1 AND token_hash <> $2", account_id, token_hash(keep_token or "")
    )
    await tx.execute("UPDATE password_resets SET used_at = now() WHERE account_id = $1 AND used_at IS NULL", account_id)
    return True
