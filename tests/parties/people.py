"""People for the tests: accounts of every kind, signed in without the wait that a real password costs."""

from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.parties import access
from steelyard.parties.access.model import AccountId, AccountKind, Actor

PASSWORD = "a steelyard of brass"
# Nobody signs in with it: for people whose password does not matter.
SOME_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"


async def open_account(
    db: Database,
    kind: AccountKind,
    *,
    email: str | None = None,
    password: str | None = None,
    merchant_id: UUID | None = None,
    roles: tuple[str, ...] = (),
    name: str = "Lin Yan",
    locale: str = "zh-Hans",
    joined: bool = True,
) -> AccountId:
    account_id = AccountId(ids.mint())
    hashed = await access.hash_password(password) if password else SOME_HASH
    await db.transact(
        access.register,
        account_id=account_id,
        kind=kind,
        name=name,
        email=email or f"{account_id}@people.test",
        password_hash=hashed if joined else None,
        locale=locale,
        merchant_id=merchant_id,
        buyer_id=ids.mint() if kind is AccountKind.BUYER else None,
        roles=roles,
    )
    return account_id


async def actor(db: Database, account_id: AccountId) -> Actor:
    """The person behind a session that begins now."""
    token = await db.transact(access.begin_session, account_id)
    found = await db.ask(access.session, token)
    assert found is not None
    return found


async def staff_of(db: Database, merchant_id: UUID | None, *roles: str, name: str = "Lin Yan") -> Actor:
    """Somebody on the staff of a merchant (of the operator: none), signed in."""
    kind = AccountKind.MERCHANT if merchant_id else AccountKind.OPERATOR
    return await actor(db, await open_account(db, kind, merchant_id=merchant_id, roles=roles, name=name))


def id_of(who: Actor) -> AccountId:
    assert who.account is not None
    return who.account.account_id


async def invite(db: Database, by: Actor, *roles: str, email: str = "new@people.test") -> AccountId:
    account_id = AccountId(ids.mint())
    await db.transact(
        access.invite,
        by,
        account_id=account_id,
        name="Gao Min",
        email=email,
        locale="en",
        roles=roles or ("merchant_clerk",),
    )
    return account_id


async def actions(read: Read) -> list[str]:
    return [row["action"] for row in await read.fetch("SELECT action FROM audit_log ORDER BY audit_id")]
