"""Cards that are sold in the shop: owed from the day they are paid, with a code from the day they are sent."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.money import ledger
from steelyard.money.ledger.model import AccountKind, Transfer
from steelyard.money.wallets.cards import LAST, hash_of, mint_code

# As long as a hash: nothing that anybody types has it.
NO_CODE_BYTES = 32


async def mint_sold(tx: Tx, cards: Sequence[tuple[UUID, int, str]]) -> None:
    """A card for each of these sales (which, worth what, in which currency), which nobody can redeem before `give_codes`.

    What was paid for them is held, and is owed by their accounts now.
    """
    await tx.execute(
        """
        INSERT INTO gift_cards (code_hash, card_id, issue_id, last4, amount, currency, sold)
        SELECT code_hash, card_id, issue_id, '', amount, currency, true
        FROM unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[])
            AS c (code_hash, card_id, issue_id, amount, currency)
        """,
        [secrets.token_bytes(NO_CODE_BYTES) for _ in cards],
        [ids.mint() for _ in cards],
        [issue_id for issue_id, _, _ in cards],
        [amount for _, amount, _ in cards],
        [currency for _, _, currency in cards],
    )
    await ledger.post(
        tx,
        [
            Transfer(
                owner_id=issue_id,
                debit=AccountKind.HELD,
                credit=AccountKind.GIFT_CARDS,
                amount=amount,
                currency=currency,
                reason="issued",
                document=issue_id,
            )
            for issue_id, amount, currency in cards
        ],
    )


async def give_codes(tx: Tx, issue_ids: Sequence[UUID]) -> dict[UUID, str]:
    """New codes for the cards of these sales that are open; the codes they had before open nothing any more."""
    codes = {issue_id: mint_code() for issue_id in sorted(set(issue_ids))}
    rows = await tx.fetch(
        """
        UPDATE gift_cards c SET code_hash = n.code_hash, last4 = n.last4
        FROM unnest($1::uuid[], $2::bytea[], $3::text[]) AS n (issue_id, code_hash, last4)
        WHERE c.issue_id = n.issue_id AND c.state = 'open'
        RETURNING c.issue_id
        """,
        list(codes),
        [hash_of(code) for code in codes.values()],
        [code[-LAST:] for code in codes.values()],
    )
    return {row["issue_id"]: codes[row["issue_id"]] for row in rows}


async def take_back(tx: Tx, issue_id: UUID) -> bool:
    """The card of a sale ends, since its money goes back (which the caller books); False when it has ended already."""
    return bool(
        await tx.execute(
            "UPDATE gift_cards SET state = 'refunded', ended_at = now() WHERE issue_id = $1 AND state = 'open'",
            issue_id,
        )
    )
