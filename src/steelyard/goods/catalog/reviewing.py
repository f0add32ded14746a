"""What the operator looks at before buyers see it: new products, and changes to what buyers rely on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import (
    CategoryId,
    Facts,
    Picture,
    ProductChange,
    ProductId,
    ProductState,
)
from steelyard.goods.catalog.service import change_product, set_pictures
from steelyard.goods.catalog.shelf import move, policy, reviewed
from steelyard.goods.catalog.versions import Snapshot, keep
from steelyard.goods.catalog.wording import screened_change, to_look_at
from steelyard.kernel import ids, paging
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.paging import Page
from steelyard.kernel.text import Text, decode_text
from steelyard.parties.merchants.model import MerchantId

REASONS_MAX = 20
REASON_CHARACTERS_MAX = 500


class Proposal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How what is on sale shall be; what is None stays as it is."""

    title: Text | None = None
    description: Text | None = None
    category_id: CategoryId | None = None
    facts: Facts | None = None
    pictures: list[Picture] | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a product was sent back: a canned reason, words of the reviewer, or both; `field` is what it is about."""

    field: str = ""
    reason: str = ""
    words: str = ""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a look. `kind` is `publication` or `change`."""

    merchant_id: MerchantId
    review_id: UUID
    product_id: ProductId
    kind: str
    proposal: Proposal
    state: str
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None
    decided_by: str | None
    reasons: list[Reason]


class ReviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A review in the operator's queue, with what its product is called."""

    merchant_id: MerchantId
    review_id: UUID
    product_id: ProductId
    kind: str
    state: str
    proposal: Proposal
    asked_at: datetime
    decided_at: datetime | None
    reasons: list[Reason]
    title: Text
    category_id: CategoryId
    picture: str | None


class ChangedSince(Refusal):
    """What is approved is what was looked at."""

    code = "product_changed_since"
    title = N_("The product was changed meanwhile")
    detail = N_("It is not as you saw it any more. Please look at it again.")


async def edit(
    tx: Tx,
    merchant_id: MerchantId,
    product_id: ProductId,
    change: ProductChange,
    by: str,
    *,
    pictures: Sequence[Picture] | None = None,
) -> bool:
    """What a merchant changes about a product. What buyers rely on (title, description, category, main picture) waits
    for the operator where the policy, or a word of the dictionary, says so and the product is on sale, which it stays as
    it was approved; returns whether something waits. All else is so at once. Raises `NotFound`, `Invalid` for words that
    may not be said, and what `change_product` raises."""
    change = await screened_change(tx, change)
    now = await _now(tx, merchant_id, product_id)
    if now is None:
        raise NotFound()
    given = Proposal(
        title=change.title,
        description=change.description,
        category_id=change.category_id,
        facts=change.facts if change.category_id not in (None, now.category_id) else None,
        pictures=list(pictures) if pictures is not None and _main(pictures) != _main(now.pictures) else None,
    )
    risky = {
        name: value
        for name in Proposal.__struct_fields__
        if (value := getattr(given, name)) is not None and value != getattr(now, name)
    }
    under_review = ((await policy(tx)).changes and await reviewed(tx, merchant_id)) or await to_look_at(tx, risky)
    if now.state is ProductState.ON_SHELF and under_review:
        if risky:
            await keep(tx, merchant_id, [product_id], by)
            change = msgspec.structs.replace(change, **dict.fromkeys(set(risky) - {"pictures"}))
            pictures = None if "pictures" in risky else pictures
        said = {name for name in Proposal.__struct_fields__ if getattr(given, name) is not None}
        if pictures is not None:
            said.add("pictures")
        await _propose(tx, merchant_id, product_id, risky, said, by)
    await _apply(tx, merchant_id, product_id, change, pictures, by)
    if risky and now.state is not ProductState.ON_SHELF and now.approved and under_review:
        await tx.execute(
            "UPDATE products SET approved = false WHERE merchant_id = $1 AND product_id = $2", merchant_id, product_id
        )
    return bool(risky) and now.state is ProductState.ON_SHELF and under_review


def _main(pictures: Sequence[Picture]) -> str | None:
    return pictures[0].file if pictures else None


class _Now(msgspec.Struct, frozen=True, kw_only=True):
    title: Text
    description: Text
    category_id: CategoryId
    facts: Facts
    state: ProductState
    approved: bool
    pictures: list[Picture]


async def _now(tx: Tx, merchant_id: UUID, product_id: UUID) -> _Now | None:
    return await tx.one(
        _Now,
        """
        SELECT p.title, p.description, p.category_id, p.facts, p.state, p.approved
             , coalesce((SELECT jsonb_agg(jsonb_build_object('file', i.file, 'alt', i.alt) ORDER BY i.place)
                         FROM product_pictures i
                         WHERE i.merchant_id = p.merchant_id AND i.product_id = p.product_id), '[]') AS pictures
        FROM products p WHERE p.merchant_id = $1 AND p.product_id = $2 FOR UPDATE
        """,
        merchant_id,
        product_id,
    )


async def _propose(
    tx: Tx, merchant_id: UUID, product_id: UUID, risky: Mapping[str, Any], said: set[str], by: str
) -> None:
    """What is said again takes the place of what waits; what is as it is on sale waits no more."""
    row = await tx.row(
        """
        DELETE FROM product_reviews WHERE merchant_id = $1 AND product_id = $2 AND state = 'waiting' AND kind = 'change'
        RETURNING proposal, asked_at
        """,
        merchant_id,
        product_id,
    )
    waiting = {name: what for name, what in (row["proposal"] if row else {}).items() if name not in said}
    wanted = waiting | dict(risky)
    if wanted:
        await tx.execute(
            """
            INSERT INTO product_reviews (merchant_id, review_id, product_id, kind, proposal, asked_by)
            VALUES ($1, $2, $3, 'change', $4, $5)
            """,
            merchant_id,
            ids.mint(),
            product_id,
            wanted,
            by,
        )


async def _apply(
    tx: Tx,
    merchant_id: MerchantId,
    product_id: ProductId,
    change: ProductChange,
    pictures: Sequence[Picture] | None,
    by: str,
) -> None:
    if any(getattr(change, name) is not None for name in ProductChange.__struct_fields__):
        await change_product(tx, merchant_id, product_id, change, by)
    if pictures is not None:
        await set_pictures(tx, merchant_id, product_id, pictures, by)


async def approve(tx: Tx, merchant_id: MerchantId, review_id: UUID, by: str, *, seen: datetime | None = None) -> Review:
    """Let buyers see it. `seen` is when the product that was looked at had been changed last. Said twice, nothing
    changes. Raises `NotFound`, `ChangedSince`."""
    found = await _locked(tx, merchant_id, review_id)
    if found.state != "waiting":
        return found
    changed_at = await tx.value(
        "SELECT changed_at FROM products WHERE merchant_id = $1 AND product_id = $2", merchant_id, found.product_id
    )
    if seen is not None and changed_at != seen:
        raise ChangedSince()
    await _decide(tx, found, "approved", by, [])
    if found.kind == "publication":
        await move(tx, merchant_id, [found.product_id], ProductState.ON_SHELF, by)
    else:
        wanted = found.proposal
        change = ProductChange(
            title=wanted.title, description=wanted.description, category_id=wanted.category_id, facts=wanted.facts
        )
        await _apply(tx, merchant_id, found.product_id, change, wanted.pictures, by)
    await keep(tx, merchant_id, [found.product_id], by)
    await tx.execute(
        """
        UPDATE product_reviews r SET version = (SELECT max(v.version) FROM product_versions v
            WHERE v.merchant_id = r.merchant_id AND v.product_id = r.product_id)
        WHERE r.merchant_id = $1 AND r.review_id = $2
        """,
        merchant_id,
        review_id,
    )
    return found


async def send_back(tx: Tx, merchant_id: MerchantId, review_id: UUID, reasons: Sequence[Reason], by: str) -> Review:
    """Say what is to be changed first. What is on sale stays so. Said twice, nothing changes. Raises `NotFound`,
    `Invalid` without a reason."""
    if not reasons:
        raise Invalid({"reasons": N_("Please say why")})
    if len(reasons) > REASONS_MAX or any(len(each.words) > REASON_CHARACTERS_MAX for each in reasons):
        raise Invalid({"reasons": N_("This is too long")})
    found = await _locked(tx, merchant_id, review_id)
    if found.state != "waiting":
        return found
    await _decide(tx, found, "sent_back", by, reasons)
    if found.kind == "publication":
        await move(tx, merchant_id, [found.product_id], ProductState.SENT_BACK, by)
    return found


async def _decide(tx: Tx, review: Review, state: str, by: str, reasons: Sequence[Reason]) -> None:
    await tx.execute(
        """
        UPDATE product_reviews SET state = $3, decided_at = now(), decided_by = $4, reasons = $5
        WHERE merchant_id = $1 AND review_id = $2
        """,
        review.merchant_id,
        review.review_id,
        state,
        by,
        list(reasons),
    )


async def _locked(tx: Tx, merchant_id: UUID, review_id: UUID) -> Review:
    # The product first, as all others do.
    await tx.execute(
        """
        SELECT FROM products p JOIN product_reviews r USING (merchant_id, product_id)
        WHERE r.merchant_id = $1 AND r.review_id = $2 FOR UPDATE OF p
        """,
        merchant_id,
        review_id,
    )
    found = await tx.one(
        Review,
        """
        SELECT merchant_id, review_id, product_id, kind, proposal, state, asked_at, asked_by, decided_at, decided_by
             , reasons
        FROM product_reviews WHERE merchant_id = $1 AND review_id = $2 FOR UPDATE
        """,
        merchant_id,
        review_id,
    )
    if found is None:
        raise NotFound()
    return found


async def review(read: Read, review_id: UUID) -> Review | None:
    return await read.one(
        Review,
        """
        SELECT merchant_id, review_id, product_id, kind, proposal, state, asked_at, asked_by, decided_at, decided_by
             , reasons
        FROM product_reviews WHERE review_id = $1
        """,
        review_id,
    )


async def reviews_of(read: Read, merchant_id: UUID, product_id: UUID) -> list[Review]:
    """The last requests about a product, the newest first."""
    return await read.all(
        Review,
        """
        SELECT merchant_id, review_id, product_id, kind, proposal, state, asked_at, asked_by, decided_at, decided_by
             , reasons
        FROM product_reviews WHERE merchant_id = $1 AND product_id = $2 ORDER BY asked_at DESC LIMIT 20
        """,
        merchant_id,
        product_id,
    )


async def waiting(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[ReviewRow]:
    """The operator's queue: who has waited longest is first."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        ReviewRow,
        """
        SELECT r.merchant_id, r.review_id, r.product_id, r.kind, r.state, r.proposal, r.asked_at, r.decided_at
             , r.reasons, p.title, p.category_id, i.file AS picture
        FROM product_reviews r
        JOIN products p USING (merchant_id, product_id)
        LEFT JOIN product_pictures i ON i.merchant_id = r.merchant_id AND i.product_id = r.product_id AND i.place = 0
        WHERE r.state = 'waiting' AND ($1::timestamptz IS NULL OR (r.asked_at, r.review_id) > ($1, $2::uuid))
        ORDER BY r.asked_at, r.review_id LIMIT $3
        """,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.asked_at, last.review_id))


async def decided(read: Read, cursor: str | None = None, limit: int | None = None) -> Page[ReviewRow]:
    """What the operator decided, the newest first."""
    key = paging.read_cursor(cursor, datetime, UUID)
    most = paging.limit(limit)
    found = await read.all(
        ReviewRow,
        """
        SELECT r.merchant_id, r.review_id, r.product_id, r.kind, r.state, r.proposal, r.asked_at, r.decided_at
             , r.reasons, p.title, p.category_id, i.file AS picture
        FROM product_reviews r
        JOIN products p USING (merchant_id, product_id)
        LEFT JOIN product_pictures i ON i.merchant_id = r.merchant_id AND i.product_id = r.product_id AND i.place = 0
        WHERE r.state IN ('approved', 'sent_back')
          AND ($1::timestamptz IS NULL OR (r.decided_at, r.review_id) < ($1, $2::uuid))
        ORDER BY r.decided_at DESC, r.review_id DESC LIMIT $3
        """,
        key[0] if key else None,
        key[1] if key else None,
        most + 1,
    )
    return paging.cut(found, most, lambda last: (last.decided_at, last.review_id))


async def waiting_count(read: Read, merchant_id: UUID | None = None) -> int:
    """How many wait for the operator, of one merchant or of all."""
    return await read.value(
        "SELECT count(*) FROM product_reviews WHERE state = 'waiting' AND ($1::uuid IS NULL OR merchant_id = $1)",
        merchant_id,
    )


async def last_approved(read: Read, merchant_id: UUID, product_id: UUID) -> Snapshot | None:
    """The product as it was approved last; none when it never was by a review."""
    found = await read.value(
        """
        SELECT v.what FROM product_reviews r JOIN product_versions v USING (merchant_id, product_id, version)
        WHERE r.merchant_id = $1 AND r.product_id = $2 AND r.state = 'approved'
        ORDER BY r.decided_at DESC LIMIT 1
        """,
        merchant_id,
        product_id,
    )
    return None if found is None else msgspec.convert(found, Snapshot, dec_hook=decode_text)
