"""What cases keep of one buyer: what hinders that they are forgotten, and what is taken out when they are."""

from collections.abc import Sequence

from steelyard.kernel.db import Read, Tx
from steelyard.parties.customers.model import BuyerId


async def open_of_buyers(read: Read, buyer_ids: Sequence[BuyerId]) -> int:
    """How many of these buyers' cases have not ended."""
    return await read.value(
        "SELECT count(*)::integer FROM aftersales_cases WHERE buyer_id = ANY($1) AND ended_at IS NULL", list(buyer_ids)
    )


async def forget_photographs(tx: Tx, buyer_ids: Sequence[BuyerId]) -> None:
    """The photographs, on which people and their homes may be seen, are no longer linked. Said twice, nothing changes."""
    await tx.execute(
        "UPDATE aftersales_cases SET photographs = '{}' WHERE buyer_id = ANY($1) AND photographs <> '{}'",
        list(buyer_ids),
    )
    await tx.execute(
        """
        UPDATE aftersales_appeals SET photographs = '{}', answer_photographs = '{}'
        WHERE buyer_id = ANY($1) AND (photographs <> '{}' OR answer_photographs <> '{}')
        """,
        list(buyer_ids),
    )


async def blank_records(tx: Tx, buyer_ids: Sequence[BuyerId], years: int) -> None:
    """Take what was said out of cases of forgotten buyers that ended so long ago: pieces and states stay."""
    await tx.execute(
        """
        WITH old AS (
            UPDATE aftersales_cases SET note = '', answer = '', complaint = '', decision = ''
            WHERE buyer_id = ANY($1) AND ended_at < now() - $2 * interval '1 year'
              AND (note <> '' OR answer <> '' OR complaint <> '' OR decision <> '')
            RETURNING merchant_id, case_id
        ), appeals AS (
            UPDATE aftersales_appeals a SET words = '', answer = '', decision = '', first_reason = '' FROM old
            WHERE a.merchant_id = old.merchant_id AND a.case_id = old.case_id
        )
        UPDATE aftersales_case_history h SET words = '' FROM old
        WHERE h.merchant_id = old.merchant_id AND h.case_id = old.case_id AND h.words <> ''
        """,
        list(buyer_ids),
        years,
    )
