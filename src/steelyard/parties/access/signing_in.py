"""Signing in and out: log-in limits, sessions, new passwords.

The functions that take a `Database` are whole conversations: a limit, a check in a thread, a short transaction.
"""

from datetime import timedelta

import msgspec

from steelyard.kernel import limits
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.errors import NotFound
from steelyard.kernel.limits import Limit
from steelyard.parties.access import passwords, queries, service
from steelyard.parties.access.model import (
    EMAIL_CHARACTERS_MAX,
    IDLE_HOURS_MAX,
    RESET_PAGE,
    SEEN_EVERY_SECONDS,
    SESSION_DAYS_MAX,
    SESSIONS_PER_ACCOUNT_MAX,
    Account,
    AccountId,
    AccountKind,
    LinkExpired,
    WrongLogin,
)
from steelyard.parties.access.service import token_hash

# An address may be a whole office's; an e-mail address is one person's.
LOGIN_PER_ADDRESS = Limit("login_address", burst=60, per_seconds=900)
LOGIN_PER_EMAIL = Limit("login_email", burst=10, per_seconds=900)
RESET_PER_ADDRESS = Limit("reset_address", burst=20, per_seconds=3_600)
RESET_PER_EMAIL = Limit("reset_email", burst=3, per_seconds=3_600)
LINK_PER_ADDRESS = Limit("link_address", burst=30, per_seconds=900)

TEXT_CHARACTERS_MAX = 300


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is for the cookie, and nowhere else."""

    token: str
    account: Account


async def sign_in(db: Database, *, email: str, password: str, user_agent: str = "", address: str = "") -> SignedIn:
    """Begin a session for who knows the password. `address` is the IP address that asks.

    Raises `WrongLogin` (unknown address, wrong password, disabled account: all the same, and after the same time)
    and `TooMany`. A hash with yesterday's parameters is made anew.
    """
    email = email.strip().lower()[:EMAIL_CHARACTERS_MAX]
    await limits.take(db, LOGIN_PER_ADDRESS, address)
    await limits.take(db, LOGIN_PER_EMAIL, email)
    found = await db.ask(queries.credentials, email)
    if not await passwords.check_password(found.password_hash if found else None, password):
        raise WrongLogin()
    assert found is not None and found.password_hash is not None, "what does not exist fits no password"
    verified = found.password_hash
    renewed = await passwords.hash_password(password) if passwords.is_outdated(verified) else None
    token = await db.transact(
        begin_session, found.account_id, user_agent, address, verified_hash=verified, renewed_hash=renewed
    )
    await db.transact(limits.forgive, LOGIN_PER_EMAIL, email)
    account = await db.ask(queries.account, found.account_id)
    assert account is not None, "accounts are disabled, never deleted"
    return SignedIn(token=token, account=account)


async def begin_session(
    tx: Tx,
    account_id: AccountId,
    user_agent: str = "",
    address: str = "",
    *,
    verified_hash: str | None = None,
    renewed_hash: str | None = None,
) -> str:
    """A new session; returns the token for the cookie. Beyond `SESSIONS_PER_ACCOUNT_MAX` the one unused longest ends.

    `renewed_hash` replaces the stored hash. Raises `WrongLogin` when the account was disabled, or its password is no
    longer the one that was verified.
    """
    kind = await tx.value(
        """
        SELECT kind FROM accounts
        WHERE account_id = $1 AND disabled_at IS NULL AND ($2::text IS NULL OR password_hash = $2)
        FOR NO KEY UPDATE
        """,
        account_id,
        verified_hash,
    )
    if kind is None:
        raise WrongLogin()
    if renewed_hash is not None:
        await tx.execute("UPDATE accounts SET password_hash = $2 WHERE account_id = $1", account_id, renewed_hash)
    token = service.new_token()
    await tx.execute(
        """
        INSERT INTO sessions (token_hash, account_id, expires_at, user_agent, address)
        VALUES ($1, $2, now() + $3, $4, $5)
        """,
        token_hash(token),
        account_id,
        timedelta(hours=IDLE_HOURS_MAX[AccountKind(kind)]),
        user_agent[:TEXT_CHARACTERS_MAX].replace("\x00", ""),
        address[:TEXT_CHARACTERS_MAX].replace("\x00", ""),
    )
    await tx.execute(
        """
        DELETE FROM sessions WHERE token_hash IN (
            SELECT token_hash FROM sessions WHERE account_id = $1 ORDER BY seen_at DESC, token_hash OFFSET $2)
        """,
        account_id,
        SESSIONS_PER_ACCOUNT_MAX,
    )
    return token


async def touch(tx: Tx, token: str) -> None:
    """Note that a session or an API key was used just now, at most once a minute; a session that is used lasts longer.

    Surfaces call it when `Actor.seen_long_ago` says so.
    """
    await tx.execute(
        """
        UPDATE sessions s SET seen_at = now(), expires_at = least(now() + t.idle, s.created_at + t.most)
        FROM accounts a JOIN unnest($2::text[], $3::interval[], $4::interval[]) AS t (kind, idle, most) USING (kind)
        WHERE s.token_hash = $1 AND a.account_id = s.account_id
          AND s.seen_at < now() - $5::interval AND s.expires_at > now()
        """,
        token_hash(token),
        list(IDLE_HOURS_MAX),
        [timedelta(hours=hours) for hours in IDLE_HOURS_MAX.values()],
        [timedelta(days=SESSION_DAYS_MAX[kind]) for kind in IDLE_HOURS_MAX],
        timedelta(seconds=SEEN_EVERY_SECONDS),
    )
    await tx.execute(
        """
        UPDATE api_keys SET last_used_at = now()
        WHERE key_hash = $1 AND coalesce(last_used_at < now() - $2::interval, true)
        """,
        token_hash(token),
        timedelta(seconds=SEEN_EVERY_SECONDS),
    )


async def end_session(tx: Tx, token: str) -> None:
    """Sign out. Said twice, nothing happens."""
    await tx.execute("DELETE FROM sessions WHERE token_hash = $1", token_hash(token))


async def end_session_of(tx: Tx, account_id: AccountId, session_id: str) -> None:
    """End one of the account's sessions by the `session_id` of `sessions_of`. Raises `NotFound`."""
    if not await tx.execute(
        "DELETE FROM sessions WHERE account_id = $1 AND encode(token_hash, 'hex') = $2", account_id, session_id
    ):
        raise NotFound()


async def end_all_sessions(tx: Tx, account_id: AccountId, *, but: str | None = None) -> int:
    """Sign out everywhere, except where the token is `but`; returns how many sessions ended."""
    return await tx.execute(
        "DELETE FROM sessions WHERE account_id = $1 AND token_hash <> $2", account_id, token_hash(but or "")
    )


async def ask_for_password_reset(db: Database, *, email: str, address: str = "", page: str = RESET_PAGE) -> None:
    """`request_password_reset` within limits. Raises `TooMany`, for addresses that nobody has, too."""
    await limits.take(db, RESET_PER_ADDRESS, address)
    await limits.take(db, RESET_PER_EMAIL, email.strip().lower()[:EMAIL_CHARACTERS_MAX])
    await db.transact(service.request_password_reset, email, page)


async def choose_password(db: Database, *, token: str, password: str, address: str = "") -> Account:
    """Set a password by the link from a mail (a reset or an invitation).

    Raises `LinkExpired`, `TooMany`, and `Invalid` for a password against the rules: then the link is still good.
    """
    await limits.take(db, LINK_PER_ADDRESS, address)
    account = await db.ask(queries.owner_of_link, token)
    if account is None:
        raise LinkExpired()
    passwords.check_rules(password, account.email)
    return await db.transact(service.reset_password, token, await passwords.hash_password(password))


async def change_password(
    db: Database, account: Account, *, current: str, new: str, keep_token: str | None = None
) -> None:
    """Change one's password by knowing the current one; every other session ends.

    Raises `WrongLogin`, `TooMany` (wrong guesses count as log-ins), `Invalid`.
    """
    passwords.check_rules(new, account.email)
    await limits.take(db, LOGIN_PER_EMAIL, account.email)
    found = await db.ask(queries.credentials, account.email)
    if found is None or not await passwords.check_password(found.password_hash, current):
        raise WrongLogin()
    assert found.password_hash is not None, "nothing fits no password"
    new_hash = await passwords.hash_password(new)
    if not await db.transact(
        service.replace_password,
        account.account_id,
        old_hash=found.password_hash,
        new_hash=new_hash,
        keep_token=keep_token,
    ):
        raise WrongLogin()


async def confirm_password(db: Database, account: Account, password: str) -> None:
    """Whoever sits at the browser knows the password: asked again before what cannot be taken back. Raises `WrongLogin`,
    `TooMany` (wrong guesses count as log-ins)."""
    await limits.take(db, LOGIN_PER_EMAIL, account.email)
    found = await db.ask(queries.credentials, account.email)
    if found is None or not await passwords.check_password(found.password_hash, password):
        raise WrongLogin()
