"""What is kept of one buyer here: told on request, and taken out of sight for good."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.parties.customers.model import BuyerId

ROWS_MAX = 10_000


class WrittenReview(msgspec.Struct, frozen=True, kw_only=True):
    product: str
    stars: int
    text: str
    pictures: list[str]
    follow_up: str | None
    written_at: datetime


class WrittenWords(msgspec.Struct, frozen=True, kw_only=True):
    """A question or an answer."""

    text: str
    at: datetime


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """All that a buyer said."""

    reviews: list[WrittenReview]
    questions: list[WrittenWords]
    answers: list[WrittenWords]


async def said_by(read: Read, buyers: Sequence[BuyerId]) -> Said:
    """For an export of a buyer's data."""
    return Said(
        reviews=await read.all(
            WrittenReview,
            """
            SELECT r.product_id::text AS product, r.stars, r.text, r.pictures || r.follow_up_pictures AS pictures
                 , r.follow_up, r.written_at
            FROM reviews r WHERE r.buyer_id = ANY($1) AND NOT r.automatic ORDER BY r.written_at LIMIT $2
            """,
            list(buyers),
            ROWS_MAX,
        ),
        questions=await read.all(
            WrittenWords,
            "SELECT text, asked_at AS at FROM questions WHERE buyer_id = ANY($1) ORDER BY asked_at LIMIT $2",
            list(buyers),
            ROWS_MAX,
        ),
        answers=await read.all(
            WrittenWords,
            "SELECT text, answered_at AS at FROM answers WHERE writer_id = ANY($1) ORDER BY answered_at LIMIT $2",
            list(buyers),
            ROWS_MAX,
        ),
    )


async def forget(tx: Tx, buyers: Sequence[BuyerId]) -> None:
    """Take a buyer's name out of what they said; stars and words stay, since others decided by them. The pictures, on
    which people may be seen, are no longer linked. Said twice, the second changes nothing."""
    ratings = await tx.fetch(
        """
        WITH pictured AS (
            SELECT merchant_id, review_id, product_id, hidden_at IS NULL AS shown FROM reviews
            WHERE buyer_id = ANY($1) AND (pictures <> '{}' OR follow_up_pictures <> '{}')
            ORDER BY merchant_id, review_id FOR NO KEY UPDATE
        ), emptied AS (
            UPDATE reviews r SET pictures = '{}', follow_up_pictures = '{}' FROM pictured p
            WHERE r.merchant_id = p.merchant_id AND r.review_id = p.review_id
            RETURNING r.merchant_id, r.product_id, p.shown
        )
        SELECT merchant_id, product_id, count(*)::integer AS count FROM emptied WHERE shown
        GROUP BY merchant_id, product_id ORDER BY product_id, merchant_id
        """,
        list(buyers),
    )
    await tx.execute(
        """
        UPDATE product_ratings r SET pictured = r.pictured - d.count
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS d (merchant_id, product_id, count)
        WHERE r.merchant_id = d.merchant_id AND r.product_id = d.product_id
        """,
        [row["merchant_id"] for row in ratings],
        [row["product_id"] for row in ratings],
        [row["count"] for row in ratings],
    )
    await tx.execute("UPDATE reviews SET author = '' WHERE buyer_id = ANY($1) AND author <> ''", list(buyers))
    await tx.execute("UPDATE questions SET author = '' WHERE buyer_id = ANY($1) AND author <> ''", list(buyers))
    await tx.execute("UPDATE answers SET author = '' WHERE writer_id = ANY($1) AND author <> ''", list(buyers))
