"""Buyers' logins in the hands of the operator's staff: blocked, let in again, signed out. Each is in the audit log."""

from uuid import UUID

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties.access.auditing import audit
from steelyard.parties.access.model import AccountId, Actor, BuyersLogin


async def login_of_buyer(read: Read, buyer_id: UUID) -> BuyersLogin | None:
    """How a buyer signs in; none for a guest."""
    return await read.one(
        BuyersLogin,
        """
        SELECT a.account_id, a.disabled_at, a.created_at
             , (SELECT max(s.seen_at) FROM sessions s WHERE s.account_id = a.account_id) AS seen_at
             , (SELECT count(*) FROM sessions s
                WHERE s.account_id = a.account_id AND s.expires_at > now()) AS sessions
        FROM accounts a WHERE a.buyer_id = $1
        """,
        buyer_id,
    )


async def block_buyer(tx: Tx, by: Actor, buyer_id: UUID, reason: str) -> None:
    """Let a buyer sign in no more; sessions end at once. Orders go on. Said twice, nothing changes. Raises `NotFound`."""
    account_id = await _held(tx, buyer_id)
    if await tx.execute(
        "UPDATE accounts SET disabled_at = now() WHERE account_id = $1 AND disabled_at IS NULL", account_id
    ):
        await tx.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
        before, after = {"blocked": False}, {"blocked": True}
        await audit(tx, by, "buyers.block", str(buyer_id), {"reason": reason}, before=before, after=after)


async def unblock_buyer(tx: Tx, by: Actor, buyer_id: UUID) -> None:
    """Let a blocked buyer sign in again. Said twice, nothing changes. Raises `NotFound`."""
    account_id = await _held(tx, buyer_id)
    if await tx.execute(
        "UPDATE accounts SET disabled_at = NULL WHERE account_id = $1 AND disabled_at IS NOT NULL", account_id
    ):
        before, after = {"blocked": True}, {"blocked": False}
        await audit(tx, by, "buyers.unblock", str(buyer_id), before=before, after=after)


async def end_sessions_of_buyer(tx: Tx, by: Actor, buyer_id: UUID) -> int:
    """Sign a buyer out everywhere; how many sessions ended. Raises `NotFound`."""
    ended = await tx.execute("DELETE FROM sessions WHERE account_id = $1", await _held(tx, buyer_id))
    await audit(tx, by, "buyers.end_sessions", str(buyer_id), {"sessions": ended})
    return ended


async def _held(tx: Tx, buyer_id: UUID) -> AccountId:
    account_id = await tx.value(
        "SELECT account_id FROM accounts WHERE buyer_id = $1 AND kind = 'buyer' FOR NO KEY UPDATE", buyer_id
    )
    if account_id is None:
        raise NotFound()
    return AccountId(account_id)
