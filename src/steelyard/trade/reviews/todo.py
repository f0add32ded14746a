"""What waits for a shop: for workbenches."""

from steelyard.kernel.db import Read
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.reviews.model import COUNTED_MAX, Waiting


async def waiting_for_shop(read: Read, merchant_id: MerchantId) -> Waiting:
    """Questions that the shop has not answered, reviews that have no reply, and of these the ones with few stars.

    The order is that of an index: without it, a large table would be read until enough were found, however few there are.
    """
    found = await read.one(
        Waiting,
        """
        SELECT (SELECT count(*) FROM (SELECT FROM questions WHERE merchant_id = $1 AND shop_at IS NULL
                                      AND hidden_at IS NULL
                                      ORDER BY asked_at DESC, question_id DESC LIMIT $2) q)::integer AS questions
             , (SELECT count(*) FROM (SELECT FROM reviews WHERE merchant_id = $1 AND reply IS NULL
                                      AND hidden_at IS NULL AND NOT automatic
                                      ORDER BY written_at DESC, review_id DESC LIMIT $2) r)::integer AS reviews
             , (SELECT count(*) FROM (SELECT FROM reviews WHERE merchant_id = $1 AND reply IS NULL
                                      AND hidden_at IS NULL AND NOT automatic AND stars <= 3
                                      ORDER BY written_at DESC, review_id DESC LIMIT $2) r)::integer AS low_reviews
        """,
        merchant_id,
        COUNTED_MAX,
    )
    assert found is not None, "counts are always there"
    return found
