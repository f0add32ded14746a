"""Commands on purses. Who moves a purse holds its row, in key order; all of them before any account of the ledger."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.wallets.model import FREE, HELD, Cause, Move, Purse
from steelyard.parties.customers.model import BuyerId

# A purse's key: whose, which, in which currency.
Key = tuple[UUID, Purse, str]

_AGAINST: dict[Cause, AccountKind] = {
    Cause.REDEEMED: AccountKind.GIFT_CLEARING,
    Cause.CREDITED: AccountKind.MARKETING_COST,
    Cause.REFUNDED: AccountKind.PURCHASE_CLEARING,
    Cause.EARNED: AccountKind.MARKETING_COST,
    Cause.WELCOMED: AccountKind.MARKETING_COST,
    Cause.CHECKED_IN: AccountKind.MARKETING_COST,
    Cause.GIVEN: AccountKind.MARKETING_COST,
    Cause.REVIEWED: AccountKind.MARKETING_COST,
    Cause.TAKEN_BACK: AccountKind.MARKETING_COST,
    Cause.EXPIRED: AccountKind.MARKETING_COST,
    Cause.LEVEL: AccountKind.MARKETING_COST,
    Cause.INVITED: AccountKind.MARKETING_COST,
    Cause.TASK: AccountKind.MARKETING_COST,
    Cause.UNDONE: AccountKind.MARKETING_COST,
    Cause.COMPENSATED: AccountKind.COMPENSATION_CLEARING,
}


async def lock(tx: Tx, keys: Sequence[Key]) -> dict[Key, int]:
    """Hold these purses, as far as there are any, until the transaction ends; returns what is in each."""
    rows = await tx.fetch(
        """
        SELECT p.buyer_id, p.purse, p.currency, p.amount FROM purses p
        JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS w (buyer_id, purse, currency)
            USING (buyer_id, purse, currency)
        ORDER BY p.buyer_id, p.purse, p.currency
        FOR UPDATE OF p
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
    )
    return {(row["buyer_id"], Purse(row["purse"]), row["currency"]): row["amount"] for row in rows}


async def move(tx: Tx, moves: Sequence[Move]) -> list[bool]:
    """Move purses, in the books, too; for each whether it was done now. Said twice it is done once.

    A movement that would take more than is there is not done, and takes nothing from the others; what was asked for
    first comes first. Several movements of one purse in one call count one after the other.
    """
    if not moves:
        return []
    keys = sorted({(move.buyer_id, move.purse, move.currency) for move in moves})
    await _open(tx, keys)
    left = await lock(tx, keys)
    known = await _known(tx, moves)
    done: list[bool] = []
    fresh: list[tuple[Move, int]] = []
    for each in moves:
        key = (each.buyer_id, each.purse, each.currency)
        said = (each.buyer_id, each.purse, each.cause, each.document)
        possible = said not in known and left[key] + each.amount >= 0
        if possible:
            known.add(said)
            left[key] += each.amount
            fresh.append((each, left[key]))
        done.append(possible)
    if fresh:
        await _write(tx, fresh)
        await ledger.post(tx, [_transfer(each) for each, _ in fresh])
    return done


async def forget(tx: Tx, buyer_ids: Sequence[BuyerId], document: UUID) -> None:
    """What is left in the purses of somebody who leaves is theirs no more; the lines stay, as the books do. Said twice,
    nothing changes."""
    rows = await tx.fetch(
        "SELECT buyer_id, purse, currency FROM purses WHERE buyer_id = ANY($1) AND amount > 0", list(buyer_ids)
    )
    left = await lock(tx, sorted((row["buyer_id"], Purse(row["purse"]), row["currency"]) for row in rows))
    await move(
        tx,
        [
            Move(
                buyer_id=BuyerId(buyer_id),
                purse=purse,
                currency=currency,
                amount=-amount,
                cause=Cause.EXPIRED,
                document=ids.derived(document, purse, currency),
            )
            for (buyer_id, purse, currency), amount in left.items()
            if amount
        ],
    )


async def _open(tx: Tx, keys: Sequence[Key]) -> None:
    await tx.execute(
        """
        INSERT INTO purses (buyer_id, purse, currency)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) ON CONFLICT (buyer_id, purse, currency) DO NOTHING
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
    )


async def _known(tx: Tx, moves: Sequence[Move]) -> set[tuple[UUID, Purse, Cause, UUID]]:
    """Those that are written already; nobody writes another while the purses are held."""
    rows = await tx.fetch(
        """
        SELECT l.buyer_id, l.purse, l.cause, l.document FROM purse_lines l
        JOIN unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS w (buyer_id, purse, cause, document)
            USING (buyer_id, purse, cause, document)
        """,
        [each.buyer_id for each in moves],
        [each.purse for each in moves],
        [each.cause for each in moves],
        [each.document for each in moves],
    )
    return {(row["buyer_id"], Purse(row["purse"]), Cause(row["cause"]), row["document"]) for row in rows}


async def _write(tx: Tx, fresh: Sequence[tuple[Move, int]]) -> None:
    await tx.execute(
        """
        WITH wanted AS (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[]
                               , $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::timestamptz[])
                AS w (buyer_id, line_id, purse, currency, cause, document, about, amount, after, note, by, expires_at)
        ), written AS (
            INSERT INTO purse_lines (buyer_id, line_id, purse, currency, cause, document, about, amount, after, note, by
                                   , expires_at)
            SELECT buyer_id, line_id, purse, currency, cause, document, about, amount, after, note, by, expires_at
            FROM wanted
        )
        UPDATE purses p
        SET amount = p.amount + m.amount, check_at = least(p.check_at, m.expires_at)
        FROM (SELECT buyer_id, purse, currency, sum(amount)::bigint AS amount, min(expires_at) AS expires_at
              FROM wanted GROUP BY buyer_id, purse, currency) AS m
        WHERE (p.buyer_id, p.purse, p.currency) = (m.buyer_id, m.purse, m.currency) AND p.amount + m.amount >= 0
        """,
        [each.buyer_id for each, _ in fresh],
        [ids.mint() for _ in fresh],
        [each.purse for each, _ in fresh],
        [each.currency for each, _ in fresh],
        [each.cause for each, _ in fresh],
        [each.document for each, _ in fresh],
        [each.about for each, _ in fresh],
        [each.amount for each, _ in fresh],
        [after for _, after in fresh],
        [each.note for each, _ in fresh],
        [each.by for each, _ in fresh],
        [each.expires_at for each, _ in fresh],
    )


def _transfer(move: Move) -> Transfer:
    free = FREE[move.purse]
    against = _AGAINST.get(move.cause) or HELD[move.purse]
    return Transfer(
        owner_id=move.buyer_id,
        debit=against if move.amount > 0 else free,
        credit=free if move.amount > 0 else against,
        amount=abs(move.amount),
        currency=move.currency,
        reason=move.cause,
        document=move.document,
    )
