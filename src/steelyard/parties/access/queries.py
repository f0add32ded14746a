"""Questions about who may come in, and who did what."""

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from steelyard.kernel import paging
from steelyard.kernel.db import Read, Row
from steelyard.kernel.paging import Page
from steelyard.kernel.text import beginning
from steelyard.parties.access.model import (
    API_KEY_PREFIX,
    API_KEYS_PER_ACCOUNT_MAX,
    SEEN_EVERY_SECONDS,
    SESSIONS_PER_ACCOUNT_MAX,
    STAFF_MAX,
    Account,
    AccountId,
    AccountKind,
    Actor,
    ApiKey,
    AuditEntry,
    AuditFilter,
    Credentials,
    OpenSession,
    Permission,
    Role,
    StaffMember,
)
from steelyard.parties.access.service import token_hash


async def credentials(read: Read, email: str) -> Credentials | None:
    """What to check a password against, for who signs in with this address and is not disabled."""
    return await read.one(
        Credentials,
        """
        SELECT account_id, password_hash FROM logins JOIN accounts USING (account_id)
        WHERE logins.email = $1 AND disabled_at IS NULL
        """,
        email.strip().lower(),
    )


async def account(read: Read, account_id: AccountId) -> Account | None:
    return await read.one(
        Account,
        """
        SELECT account_id, kind, name, email, locale, merchant_id, buyer_id FROM accounts WHERE account_id = $1
        """,
        account_id,
    )


async def session(read: Read, token: str) -> Actor | None:
    """Who holds this session's token; none when it has ended, or its account is disabled."""
    return (await sessions(read, [token])).get(token)


async def sessions(read: Read, tokens: Sequence[str]) -> dict[str, Actor]:
    """`session` for many tokens: for `kernel/lookups`."""
    rows = await read.fetch(
        """
        SELECT s.token_hash AS hash, s.seen_at < now() - $2::interval AS seen_long_ago
             , a.account_id, a.kind, a.name, a.email, a.locale, a.merchant_id, a.buyer_id
             , ARRAY(SELECT DISTINCT rp.permission
                     FROM account_roles ar JOIN roles r USING (role_id) JOIN role_permissions rp USING (role_id)
                     WHERE ar.account_id = a.account_id AND r.audience = a.kind) AS permissions
        FROM sessions s JOIN accounts a USING (account_id)
        WHERE s.token_hash = ANY($1) AND s.expires_at > now() AND a.disabled_at IS NULL
        """,
        [token_hash(token) for token in tokens],
        timedelta(seconds=SEEN_EVERY_SECONDS),
    )
    return _holders(tokens, rows, api_key=False)


async def api_key(read: Read, key: str) -> Actor | None:
    """Who holds this API key: its account, with those of the key's scopes that the account itself still has."""
    return (await api_keys(read, [key])).get(key)


async def api_keys(read: Read, keys: Sequence[str]) -> dict[str, Actor]:
    """`api_key` for many keys: for `kernel/lookups`."""
    wanted = [key for key in keys if key.startswith(API_KEY_PREFIX)]
    rows = await read.fetch(
        """
        SELECT k.key_hash AS hash, coalesce(k.last_used_at < now() - $2::interval, true) AS seen_long_ago
             , a.account_id, a.kind, a.name, a.email, a.locale, a.merchant_id, a.buyer_id
             , ARRAY(SELECT DISTINCT rp.permission
                     FROM account_roles ar JOIN roles r USING (role_id) JOIN role_permissions rp USING (role_id)
                     WHERE ar.account_id = a.account_id AND r.audience = a.kind
                       AND rp.permission = ANY (k.scopes)) AS permissions
        FROM api_keys k JOIN accounts a USING (account_id)
        WHERE k.key_hash = ANY($1) AND k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true)
          AND a.disabled_at IS NULL
        """,
        [token_hash(key) for key in wanted],
        timedelta(seconds=SEEN_EVERY_SECONDS),
    )
    return _holders(wanted, rows, api_key=True)


def _holders(secrets: Sequence[str], rows: Sequence[Row], *, api_key: bool) -> dict[str, Actor]:
    """Who holds which secret. PostgreSQL found the rows by their hashes; that they are the same is looked at here, in
    constant time."""
    found = {row["hash"]: row for row in rows}
    holders: dict[str, Actor] = {}
    for secret in secrets:
        hashed = token_hash(secret)
        row = found.get(hashed)
        if row is not None and hmac.compare_digest(row["hash"], hashed):
            holders[secret] = _actor(row, api_key=api_key)
    return holders


def _actor(row: Row, *, api_key: bool) -> Actor:
    return Actor(
        account=Account(
            account_id=AccountId(row["account_id"]),
            kind=AccountKind(row["kind"]),
            name=row["name"],
            email=row["email"],
            locale=row["locale"],
            merchant_id=row["merchant_id"],
            buyer_id=row["buyer_id"],
        ),
        permissions=frozenset(row["permissions"]),
        api_key=api_key,
        seen_long_ago=row["seen_long_ago"],
    )


async def applicant_without_password(read: Read, email: str) -> Account | None:
    """An applicant who has asked for an account under this address and has never opened its mail."""
    return await read.one(
        Account,
        """
        SELECT a.account_id, a.kind, a.name, a.email, a.locale, a.merchant_id, a.buyer_id
        FROM logins l JOIN accounts a USING (account_id)
        WHERE l.email = $1 AND a.kind = 'applicant' AND a.password_hash IS NULL AND a.disabled_at IS NULL
        """,
        email.strip().lower(),
    )


async def owners_of(read: Read, merchant_ids: Sequence[UUID]) -> Sequence[Account]:
    """The owners of merchants: to whom news about the shop itself goes."""
    return await read.all(
        Account,
        """
        SELECT a.account_id, a.kind, a.name, a.email, a.locale, a.merchant_id, a.buyer_id
        FROM accounts a JOIN account_roles r USING (account_id)
        WHERE a.merchant_id = ANY ($1) AND r.role_id = 'merchant_owner' AND a.disabled_at IS NULL
        ORDER BY a.account_id
        """,
        list(merchant_ids),
    )


async def owner_of_link(read: Read, token: str) -> Account | None:
    """Whose password a link sets; none when it was used, is too old, or never was."""
    return await read.one(
        Account,
        """
        SELECT a.account_id, a.kind, a.name, a.email, a.locale, a.merchant_id, a.buyer_id
        FROM password_resets p JOIN accounts a USING (account_id)
        WHERE p.token_hash = $1 AND p.used_at IS NULL AND p.expires_at > now() AND a.disabled_at IS NULL
        """,
        token_hash(token),
    )


async def sessions_of(read: Read, account_id: AccountId) -> Sequence[OpenSession]:
    """Where the account is signed in, the last used first."""
    return await read.all(
        OpenSession,
        """
        SELECT encode(token_hash, 'hex') AS session_id, created_at, seen_at, user_agent, address
        FROM sessions WHERE account_id = $1 AND expires_at > now() ORDER BY seen_at DESC LIMIT $2
        """,
        account_id,
        SESSIONS_PER_ACCOUNT_MAX,
    )


def session_id(token: str) -> str:
    """The `session_id` under which `sessions_of` lists the session of this token: to mark “this browser”."""
    return token_hash(token).hex()


async def staff(read: Read, merchant_id: UUID | None) -> Sequence[StaffMember]:
    """The staff of a merchant (of the operator: none), disabled ones included, by age."""
    return await read.all(
        StaffMember,
        """
        SELECT a.account_id, a.name, a.email, a.locale, a.password_hash IS NOT NULL AS joined, a.disabled_at
             , a.created_at
             , (SELECT max(s.seen_at) FROM sessions s WHERE s.account_id = a.account_id) AS seen_at
             , (SELECT count(*) FROM sessions s
                WHERE s.account_id = a.account_id AND s.expires_at > now()) AS sessions
             , ARRAY(SELECT role_id FROM account_roles ar WHERE ar.account_id = a.account_id ORDER BY 1) AS roles
             , a.department_id
        FROM accounts a WHERE ($1::uuid IS NULL AND a.kind = 'operator') OR a.merchant_id = $1
        ORDER BY a.account_id LIMIT $2
        """,
        merchant_id,
        STAFF_MAX,
    )


async def staff_with(read: Read, merchant_id: UUID | None, permission: str) -> Sequence[Account]:
    """Who of a merchant's staff (of the operator's: none) may do this and has set a password, by age."""
    return await read.all(
        Account,
        """
        SELECT a.account_id, a.kind, a.name, a.email, a.locale, a.merchant_id, a.buyer_id
        FROM accounts a
        WHERE (($1::uuid IS NULL AND a.kind = 'operator') OR a.merchant_id = $1)
          AND a.disabled_at IS NULL AND a.password_hash IS NOT NULL
          AND EXISTS (SELECT FROM account_roles ar JOIN role_permissions rp USING (role_id)
                      WHERE ar.account_id = a.account_id AND rp.permission = $2)
        ORDER BY a.account_id LIMIT $3
        """,
        merchant_id,
        permission,
        STAFF_MAX,
    )


async def buyers_account(read: Read, buyer_id: UUID) -> Account | None:
    """With which account a buyer signs in."""
    return await read.one(
        Account,
        """
        SELECT a.account_id, a.kind, a.name, a.email, a.locale, a.merchant_id, a.buyer_id
        FROM accounts a WHERE a.buyer_id = $1 AND a.disabled_at IS NULL
        """,
        buyer_id,
    )


async def roles(read: Read, audience: AccountKind, merchant_id: UUID | None = None) -> Sequence[Role]:
    """The roles there are for this kind of staff (those of the house, and the organisation's own), with what they
    permit and how many of this staff have them."""
    return await read.all(
        Role,
        """
        SELECT r.role_id, r.name, r.built_in
             , ARRAY(SELECT permission FROM role_permissions rp WHERE rp.role_id = r.role_id ORDER BY 1) AS permissions
             , (SELECT count(*) FROM account_roles ar JOIN accounts a USING (account_id)
                WHERE ar.role_id = r.role_id AND a.disabled_at IS NULL
                  AND a.merchant_id IS NOT DISTINCT FROM $2) AS holders
        FROM roles r WHERE r.audience = $1 AND (r.merchant_id IS NULL OR r.merchant_id = $2)
        ORDER BY r.built_in DESC, r.role_id
        """,
        audience,
        merchant_id,
    )


async def own_roles(read: Read, merchant_ids: Iterable[UUID]) -> Sequence[Role]:
    """The roles that these merchants made themselves, by their names."""
    return await read.all(
        Role,
        "SELECT role_id, name, ARRAY[]::text[] AS permissions FROM roles WHERE merchant_id = ANY($1) ORDER BY role_id",
        list(merchant_ids),
    )


async def permissions(read: Read, audience: AccountKind) -> Sequence[Permission]:
    """What can be permitted to this kind of staff."""
    return await read.all(
        Permission,
        "SELECT permission, description FROM permissions WHERE audience IN ($1, 'both') ORDER BY permission",
        audience,
    )


async def role_names(read: Read, account_id: AccountId) -> Sequence[Role]:
    """The roles that an account has."""
    return await read.all(
        Role,
        """
        SELECT r.role_id, r.name, ARRAY[]::text[] AS permissions
        FROM account_roles JOIN roles r USING (role_id) WHERE account_id = $1 ORDER BY r.role_id
        """,
        account_id,
    )


async def api_keys_of(read: Read, account_id: AccountId) -> Sequence[ApiKey]:
    """The keys of one account, the newest first; revoked ones as far as they are remembered."""
    return await read.all(
        ApiKey,
        """
        SELECT k.api_key_id, k.account_id, a.name AS account_name, k.name, k.prefix, k.scopes, k.created_at
             , k.last_used_at, k.expires_at, k.revoked_at
        FROM api_keys k JOIN accounts a USING (account_id) WHERE k.account_id = $1
        ORDER BY k.created_at DESC LIMIT $2
        """,
        account_id,
        2 * API_KEYS_PER_ACCOUNT_MAX,
    )


async def api_keys_of_staff(read: Read, merchant_id: UUID | None) -> Sequence[ApiKey]:
    """All keys of a merchant's staff, or without a merchant of the operator's, that still open something, the newest first."""
    return await read.all(
        ApiKey,
        """
        SELECT k.api_key_id, k.account_id, a.name AS account_name, k.name, k.prefix, k.scopes, k.created_at
             , k.last_used_at, k.expires_at, k.revoked_at
        FROM api_keys k JOIN accounts a USING (account_id)
        WHERE (($1::uuid IS NULL AND a.kind = 'operator') OR a.merchant_id = $1)
          AND k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true)
        ORDER BY k.created_at DESC LIMIT $2
        """,
        merchant_id,
        STAFF_MAX * API_KEYS_PER_ACCOUNT_MAX,
    )


async def audit_log(
    read: Read,
    merchant_id: UUID | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    *,
    which: AuditFilter | None = None,
) -> Page[AuditEntry]:
    """What staff did, the newest first: of one merchant and in its affairs, or of everybody; `which` narrows it down."""
    wanted = which or AuditFilter()
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    area = wanted.action is not None and "." not in wanted.action
    found = await read.all(
        AuditEntry,
        """
        SELECT l.audit_id, l.at, l.account_id, a.name AS account_name, l.merchant_id, l.action, l.subject, l.facts
             , l.changes, l.request_id
        FROM audit_log l LEFT JOIN accounts a USING (account_id)
        WHERE ($1::uuid IS NULL OR l.merchant_id = $1)
          AND ($2::timestamptz IS NULL OR (l.at, l.audit_id) < ($2, $3::uuid))
          AND ($5::uuid IS NULL OR l.account_id = $5) AND ($6::text IS NULL OR l.action = $6)
          AND ($7::text IS NULL OR (l.action >= $7 || '.' AND l.action < $7 || '/')) AND ($8::text IS NULL OR l.subject = $8)
          AND ($9::timestamptz IS NULL OR l.at >= $9) AND ($10::timestamptz IS NULL OR l.at < $10)
        ORDER BY l.at DESC, l.audit_id DESC LIMIT $4
        """,
        merchant_id,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
        wanted.account_id,
        None if area else wanted.action,
        wanted.action if area else None,
        wanted.subject,
        wanted.since,
        wanted.until,
    )
    return paging.cut(found, most, lambda last: (last.at, last.audit_id))


async def audited_actions(read: Read) -> Sequence[str]:
    """Every action that the log knows, by name: for choosing one. Read by jumps through the index, not from the log."""
    rows = await read.fetch(
        """
        WITH RECURSIVE known AS (
            (SELECT action FROM audit_log ORDER BY action LIMIT 1)
            UNION ALL
            SELECT (SELECT l.action FROM audit_log l WHERE l.action > k.action ORDER BY l.action LIMIT 1)
            FROM known k WHERE k.action IS NOT NULL
        )
        SELECT action FROM known WHERE action IS NOT NULL
        """
    )
    return [row["action"] for row in rows]


async def sought(read: Read, words: str, *, limit: int) -> Sequence[Account]:
    """People whose name or e-mail address begins with these words."""
    begins = beginning(words.strip().lower())
    return await read.all(
        Account,
        """
        SELECT account_id, kind, name, email, locale, merchant_id, buyer_id FROM (
            (SELECT account_id FROM logins WHERE email ~>=~ $1 AND email ~<~ $2 LIMIT $3)
            UNION
            (SELECT account_id FROM accounts WHERE lower(name) ~>=~ $1 AND lower(name) ~<~ $2 LIMIT $3)
        ) AS f JOIN accounts USING (account_id)
        ORDER BY account_id LIMIT $3
        """,
        *begins,
        limit,
    )
