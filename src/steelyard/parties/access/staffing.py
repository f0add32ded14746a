"""Staff of a merchant, or of the operator: invited, given roles, disabled; and the keys they make for programs.

Accounts are in nobody's row-level security, so these commands run on the application's role, and whose staff it is
stands in every WHERE: the organisation is always that of `by`, never an argument.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from steelyard.kernel import events, ids
from steelyard.kernel.db import Row, Tx
from steelyard.kernel.errors import Forbidden, Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.access import service
from steelyard.parties.access.auditing import audit
from steelyard.parties.access.events import OwnershipHandedOver, StaffInvited
from steelyard.parties.access.model import (
    API_KEY_PREFIX,
    API_KEYS_PER_ACCOUNT_MAX,
    CHIEF_ROLE,
    INVITATION_PAGE,
    STAFF_MAX,
    Account,
    AccountId,
    AccountKind,
    Actor,
    ApiKeyId,
    LastOwner,
    TooManyApiKeys,
)

MANAGES_STAFF = "staff.manage"
MANAGES_KEYS = "api_keys.manage"
PREFIX_SHOWN_CHARACTERS = 9


async def invite(
    tx: Tx,
    by: Actor,
    *,
    account_id: AccountId,
    name: str,
    email: str,
    locale: str,
    roles: Collection[str],
    page: str = INVITATION_PAGE,
) -> None:
    """Make somebody one of the staff of whoever invites; a mail brings them the link to set their password.

    Said twice with the same id, nothing changes and no second mail goes out. Raises `EmailTaken`, `Invalid`, and
    `Forbidden` without the permission, or for a role that permits what the inviting person may not do.
    """
    chief = chief_of(by)
    await _only_what_one_has(tx, by, roles)
    mates = await lock_staff(tx, chief)
    if account_id in mates:
        return
    if len(mates) >= STAFF_MAX:
        raise Invalid({"email": N_("The staff is complete: nobody more can be invited.")})
    await service.register(
        tx,
        account_id=account_id,
        kind=chief.kind,
        name=name,
        email=email,
        password_hash=None,
        locale=locale,
        merchant_id=chief.merchant_id,
        roles=roles,
    )
    await audit(tx, by, "staff.invite", str(account_id), {"email": email, "roles": sorted(roles)})
    await events.publish(tx, StaffInvited(account_id=account_id, invited_by=chief.account_id, page=page))


async def invite_again(tx: Tx, by: Actor, account_id: AccountId, page: str = INVITATION_PAGE) -> None:
    """Send the invitation once more to who has not set a password yet. Raises `NotFound` for everybody else."""
    chief = chief_of(by)
    waiting = await tx.value(
        """
        SELECT account_id FROM accounts
        WHERE account_id = $1 AND (($2::uuid IS NULL AND kind = 'operator') OR merchant_id = $2)
          AND password_hash IS NULL AND disabled_at IS NULL
        """,
        account_id,
        chief.merchant_id,
    )
    if waiting is None:
        raise NotFound()
    await audit(tx, by, "staff.invite_again", str(account_id))
    await events.publish(tx, StaffInvited(account_id=account_id, invited_by=chief.account_id, page=page))


async def withdraw_invitation(tx: Tx, by: Actor, account_id: AccountId) -> None:
    """Who was invited and has not set a password yet is on the staff no more: the link in the mail opens nothing, and the
    address may be invited, or register, anew. Raises `NotFound` for everybody else, and `Forbidden` for who may do more
    than `by`."""
    chief = chief_of(by)
    if account_id not in await lock_staff(tx, chief):
        raise NotFound()
    await _only_over_ones_equals(tx, by, account_id)
    gone = await tx.row(
        "DELETE FROM accounts WHERE account_id = $1 AND password_hash IS NULL RETURNING name, email", account_id
    )
    if gone is None:
        raise NotFound()
    await tx.execute("DELETE FROM logins WHERE account_id = $1", account_id)
    await tx.execute("DELETE FROM account_roles WHERE account_id = $1", account_id)
    await tx.execute("DELETE FROM password_resets WHERE account_id = $1", account_id)
    await audit(tx, by, "staff.withdraw_invitation", str(account_id), {"name": gone["name"], "email": gone["email"]})


async def transfer_ownership(tx: Tx, by: Actor, account_id: AccountId, role: str) -> None:
    """An owner makes a colleague the owner and keeps `role` instead; whatever else the colleague had stays. Both hear of it
    by mail.

    Said twice, the second finds no owner any more. Raises `NotFound` for who is not on this staff, has not joined, or is
    disabled; `Forbidden` for who is no owner; `Invalid` for a role that is none, or the owner's own.
    """
    chief = chief_of(by)
    owner = CHIEF_ROLE[chief.kind]
    mates = await lock_staff(tx, chief)
    mine = {row["role_id"] for row in await _roles_of(tx, chief.account_id)}
    if owner not in mine:
        raise Forbidden(permission=MANAGES_STAFF)
    if role == owner:
        raise Invalid({"role": N_("Please choose the role that you keep")})
    ready = await tx.value(
        "SELECT disabled_at IS NULL AND password_hash IS NOT NULL FROM accounts WHERE account_id = $1", account_id
    )
    if account_id not in mates or account_id == chief.account_id or not ready:
        raise NotFound()
    theirs = {row["role_id"] for row in await _roles_of(tx, account_id)}
    await service.give_roles(tx, account_id, chief.kind, {*theirs, owner})
    await service.give_roles(tx, chief.account_id, chief.kind, [role])
    await audit(
        tx,
        by,
        "staff.transfer_ownership",
        str(account_id),
        before={"owner": str(chief.account_id)},
        after={"owner": str(account_id), "kept": role},
    )
    handed_over = OwnershipHandedOver(
        merchant_id=chief.merchant_id, giver_id=chief.account_id, heir_id=account_id, kept=role
    )
    await events.publish(tx, handed_over)


async def _roles_of(tx: Tx, account_id: AccountId) -> Sequence[Row]:
    return await tx.fetch("SELECT role_id FROM account_roles WHERE account_id = $1", account_id)


async def set_roles(tx: Tx, by: Actor, account_id: AccountId, roles: Collection[str]) -> None:
    """Give a member of the same staff exactly these roles.

    Raises `NotFound` for who is not on this staff, `LastOwner`, `Invalid`, and `Forbidden` where what is given, or
    what is taken away, permits more than the giver has.
    """
    chief = chief_of(by)
    mates = await lock_staff(tx, chief)
    if account_id not in mates:
        raise NotFound()
    had: list[str] = await tx.value(
        "SELECT array_agg(role_id ORDER BY role_id) FROM account_roles WHERE account_id = $1", account_id
    )
    await _only_what_one_has(tx, by, {*roles, *(had or ())})
    await service.give_roles(tx, account_id, chief.kind, roles)
    await _somebody_stays(tx, chief, mates, account_id)
    await audit(tx, by, "staff.set_roles", str(account_id), before={"roles": had or []}, after={"roles": sorted(roles)})


async def disable(tx: Tx, by: Actor, account_id: AccountId) -> None:
    """Let a member of the same staff in no more: sessions, links and keys end at once. Said twice, nothing changes.

    Raises `NotFound` for who is not on this staff, `LastOwner`, and `Forbidden` for who may do more than `by`.
    """
    chief = chief_of(by)
    mates = await lock_staff(tx, chief)
    if account_id not in mates:
        raise NotFound()
    await _only_over_ones_equals(tx, by, account_id)
    if not await tx.execute(
        "UPDATE accounts SET disabled_at = now() WHERE account_id = $1 AND disabled_at IS NULL", account_id
    ):
        return
    await _somebody_stays(tx, chief, mates, account_id)
    await tx.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
    await tx.execute("UPDATE password_resets SET used_at = now() WHERE account_id = $1 AND used_at IS NULL", account_id)
    await tx.execute("UPDATE api_keys SET revoked_at = now() WHERE account_id = $1 AND revoked_at IS NULL", account_id)
    await audit(tx, by, "staff.disable", str(account_id))


async def enable(tx: Tx, by: Actor, account_id: AccountId) -> None:
    """Let a disabled member of the same staff in again; keys stay revoked. Raises `NotFound`, `Forbidden`."""
    chief = chief_of(by)
    if account_id not in await lock_staff(tx, chief):
        raise NotFound()
    await _only_over_ones_equals(tx, by, account_id)
    if await tx.execute(
        "UPDATE accounts SET disabled_at = NULL WHERE account_id = $1 AND disabled_at IS NOT NULL", account_id
    ):
        await audit(tx, by, "staff.enable", str(account_id))


async def end_sessions_of_staff(tx: Tx, by: Actor, account_id: AccountId) -> int:
    """Sign a member of the same staff out everywhere; how many sessions ended. Raises `NotFound`, `Forbidden`."""
    chief = chief_of(by)
    if account_id not in await lock_staff(tx, chief):
        raise NotFound()
    await _only_over_ones_equals(tx, by, account_id)
    ended = await tx.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
    await audit(tx, by, "staff.end_sessions", str(account_id), {"sessions": ended})
    return ended


async def become_owner(tx: Tx, account_id: AccountId, merchant_id: UUID, role: str) -> None:
    """An applicant is the owner of a merchant from the next click on. Said twice, nothing changes."""
    await tx.execute(
        "UPDATE accounts SET kind = $3, merchant_id = $2 WHERE account_id = $1 AND kind = $4",
        account_id,
        merchant_id,
        AccountKind.MERCHANT,
        AccountKind.APPLICANT,
    )
    await service.give_roles(tx, account_id, AccountKind.MERCHANT, [role])


async def create_api_key(
    tx: Tx, by: Actor, *, name: str, scopes: Collection[str], expires_at: datetime | None = None
) -> tuple[ApiKeyId, str]:
    """A new key for programs that act as `by`, with these permissions and never more than `by` has: `(id, key)`.

    The key is shown now and never again. A key makes no keys. Raises `Forbidden`, `Invalid`, `TooManyApiKeys`.
    """
    account = _keeper(by)
    beyond = sorted(set(scopes) - by.permissions)
    if beyond:
        raise Forbidden(permission=beyond[0])
    if not scopes:
        raise Invalid({"scopes": N_("Please choose at least one permission.")})
    await tx.execute("SELECT FROM accounts WHERE account_id = $1 FOR NO KEY UPDATE", account.account_id)
    in_use = await tx.value(
        """
        SELECT count(*) FROM api_keys
        WHERE account_id = $1 AND revoked_at IS NULL AND coalesce(expires_at > now(), true)
        """,
        account.account_id,
    )
    if in_use >= API_KEYS_PER_ACCOUNT_MAX:
        raise TooManyApiKeys(limit=API_KEYS_PER_ACCOUNT_MAX)
    api_key_id, key = ApiKeyId(ids.mint()), API_KEY_PREFIX + service.new_token()
    await tx.execute(
        """
        INSERT INTO api_keys (key_hash, api_key_id, account_id, name, prefix, scopes, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        service.token_hash(key),
        api_key_id,
        account.account_id,
        service.clean_name(name),
        key[:PREFIX_SHOWN_CHARACTERS],
        sorted(set(scopes)),
        expires_at,
    )
    await audit(tx, by, "api_keys.create", str(api_key_id), {"name": name, "scopes": sorted(set(scopes))})
    return api_key_id, key


async def revoke_api_key(tx: Tx, by: Actor, api_key_id: ApiKeyId) -> None:
    """End a key of anybody on the same staff. Said twice, nothing changes. Raises `NotFound`, `Forbidden`."""
    account = _keeper(by)
    revoked = await tx.value(
        """
        UPDATE api_keys k SET revoked_at = coalesce(k.revoked_at, now())
        FROM accounts a
        WHERE k.api_key_id = $1 AND a.account_id = k.account_id
          AND (($2::uuid IS NULL AND a.kind = 'operator') OR a.merchant_id = $2)
        RETURNING k.revoked_at = now()
        """,
        api_key_id,
        account.merchant_id,
    )
    if revoked is None:
        raise NotFound()
    if revoked:
        await audit(tx, by, "api_keys.revoke", str(api_key_id))


def chief_of(by: Actor) -> Account:
    """The person of this staff who manages it. A program never does. Raises `Forbidden`."""
    by.require(MANAGES_STAFF)
    account = by.account
    if account is None or account.kind not in CHIEF_ROLE or by.api_key:
        raise Forbidden(permission=MANAGES_STAFF)
    return account


def _keeper(by: Actor) -> Account:
    """Who manages keys: a person who may (an operator's staff: who may change settings)."""
    account = by.account
    if account is None or by.api_key or account.kind not in CHIEF_ROLE:
        raise Forbidden(permission=MANAGES_KEYS)
    by.require("settings.manage" if account.kind is AccountKind.OPERATOR else MANAGES_KEYS)
    return account


async def lock_staff(tx: Tx, chief: Account) -> set[UUID]:
    """Everybody on the staff, held until commit: two who change it go one after the other."""
    rows = await tx.fetch(
        """
        SELECT account_id FROM accounts WHERE ($1::uuid IS NULL AND kind = 'operator') OR merchant_id = $1
        ORDER BY account_id FOR NO KEY UPDATE
        """,
        chief.merchant_id,
    )
    return {row["account_id"] for row in rows}


async def _only_what_one_has(tx: Tx, by: Actor, roles: Collection[str]) -> None:
    """Nobody gives or takes what they have not themselves."""
    rows = await tx.fetch(
        "SELECT DISTINCT permission FROM role_permissions WHERE role_id = ANY ($1) ORDER BY permission", sorted(roles)
    )
    for row in rows:
        by.require(row["permission"])


async def _only_over_ones_equals(tx: Tx, by: Actor, account_id: AccountId) -> None:
    await _only_what_one_has(tx, by, [row["role_id"] for row in await _roles_of(tx, account_id)])


async def _somebody_stays(tx: Tx, chief: Account, mates: Collection[UUID], changed: AccountId) -> None:
    """After the change somebody on the staff, not disabled and with a password, still has the chief role."""
    role = CHIEF_ROLE[chief.kind]
    rest = await tx.value(
        """
        SELECT count(*) FROM account_roles JOIN accounts USING (account_id)
        WHERE account_id = ANY ($1) AND role_id = $2 AND disabled_at IS NULL AND password_hash IS NOT NULL
        """,
        list(mates),
        role,
    )
    if not rest:
        name = await tx.value("SELECT name FROM accounts WHERE account_id = $1", changed)
        raise LastOwner(name=name)
