"""Onto the shelf and off it: at once, after the operator's review, or at a time; and into the bin and out of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods.catalog.events import ProductChanged
from steelyard.goods.catalog.model import MACHINE, PRODUCTS_PER_COMMAND_MAX, ProductId, ProductState
from steelyard.goods.catalog.wording import to_look_at_first
from steelyard.kernel import events, ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Whose products the operator looks at first: `nobody`, `new_merchants` (until `products` of theirs were approved)
    or `everybody`; `changes`: whether changes to what buyers rely on wait as well."""

    of_whom: str
    products: int
    changes: bool


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """Which products went onto the shelf at once, which wait for the operator, and which are held back until the merchant
    agrees to new rules, or what stands against it is over. The others stay where they were."""

    on_shelf: list[ProductId]
    in_review: list[ProductId]
    held: list[ProductId] = []


async def policy(read: Read) -> Policy:
    found = await read.one(Policy, "SELECT of_whom, products, changes FROM review_policy")
    assert found is not None, "the schema brings one"
    return found


async def set_policy(tx: Tx, wanted: Policy) -> None:
    """Decide whose products are reviewed from now on; what waits goes on waiting. Raises `Invalid`."""
    if wanted.of_whom not in ("nobody", "new_merchants", "everybody"):
        raise Invalid({"of_whom": N_("Please choose one of these")})
    if not 1 <= wanted.products <= PRODUCTS_PER_COMMAND_MAX:
        raise Invalid({"products": N_("Please enter a number from 1 to 1000")})
    await tx.execute(
        "UPDATE review_policy SET of_whom = $1, products = $2, changes = $3",
        wanted.of_whom,
        wanted.products,
        wanted.changes,
    )


async def reviewed(read: Read, merchant_id: UUID) -> bool:
    """Whether this merchant's new products are looked at before buyers see them."""
    return await read.value(
        """
        SELECT CASE r.of_whom WHEN 'everybody' THEN true WHEN 'nobody' THEN false ELSE (
            SELECT count(*) FROM (SELECT FROM products p WHERE p.merchant_id = $1 AND p.approved LIMIT r.products) a
        ) < r.products END
        FROM review_policy r
        """,
        merchant_id,
    )


async def publish(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID], by: str) -> Published:
    """What a merchant says to sell these products: they go onto the shelf, or first to the operator who reviews them.

    What was approved as it is goes at once; what has words that the operator wants to see waits, whoever writes them. What
    is new is held back while the merchant has not agreed to new rules in time (`merchants.held_up`), or its points or its
    deposit stand against it (`merchants.restricted`); whatever needs a paper that the shop lacks, too. What has no active
    SKU, or is in the bin, stays where it is. Said twice, nothing changes.
    """
    held_up = await merchants.held_up(tx, merchant_id)
    held_up = held_up or await merchants.restricted(tx, merchant_id, datetime.now(UTC))
    held = await _held(tx, merchant_id, product_ids) if held_up else []
    held += [each for each in await without_papers(tx, merchant_id, product_ids) if each not in set(held)]
    product_ids = [each for each in product_ids if each not in set(held)]
    waits: list[UUID] = []
    if await reviewed(tx, merchant_id):
        rows = await tx.fetch(
            """
            SELECT product_id FROM products
            WHERE merchant_id = $1 AND product_id = ANY($2) AND NOT approved ORDER BY product_id FOR UPDATE
            """,
            merchant_id,
            list(product_ids),
        )
        waits = [row["product_id"] for row in rows]
    else:
        waits = await to_look_at_first(tx, merchant_id, product_ids)
    at_once = [each for each in product_ids if each not in set(waits)]
    sources = [state for state in MACHINE.before(ProductState.ON_SHELF) if state != ProductState.IN_REVIEW]
    on_shelf = await move(tx, merchant_id, at_once, ProductState.ON_SHELF, by, out_of=sources)
    in_review = await move(tx, merchant_id, waits, ProductState.IN_REVIEW, by)
    await tx.execute(
        """
        INSERT INTO product_reviews (merchant_id, review_id, product_id, kind, asked_by)
        SELECT $1, n.review_id, n.product_id, 'publication', $4 FROM unnest($2::uuid[], $3::uuid[])
                                                                  AS n (review_id, product_id)
        """,
        merchant_id,
        [ids.mint() for _ in in_review],
        in_review,
        by,
    )
    return Published(on_shelf=on_shelf, in_review=in_review, held=held)


async def without_papers(read: Read, merchant_id: MerchantId, product_ids: Sequence[UUID]) -> list[ProductId]:
    """Those whose category, or one above it, needs a paper that the shop has not, or not any more."""
    rows = await read.fetch(
        """
        SELECT p.product_id FROM products p JOIN categories c USING (category_id)
        WHERE p.merchant_id = $1 AND p.product_id = ANY($2) AND EXISTS (
            SELECT FROM category_papers n
            WHERE n.category_id = ANY(c.path) AND NOT EXISTS (
                SELECT FROM merchant_papers m
                WHERE m.merchant_id = p.merchant_id AND m.kind = n.kind AND m.state = 'accepted'
                  AND coalesce(m.good_until >= (now() AT TIME ZONE 'Asia/Shanghai')::date, true)))
        ORDER BY p.product_id
        """,
        merchant_id,
        list(product_ids),
    )
    return [ProductId(row["product_id"]) for row in rows]


async def _held(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID]) -> list[ProductId]:
    """Those that were never on the shelf."""
    rows = await tx.fetch(
        """
        SELECT product_id FROM products
        WHERE merchant_id = $1 AND product_id = ANY($2) AND NOT approved AND state IN ('draft', 'sent_back', 'off_shelf')
        ORDER BY product_id
        """,
        merchant_id,
        list(product_ids),
    )
    return [ProductId(row["product_id"]) for row in rows]


async def withdraw(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID], by: str) -> list[ProductId]:
    """Take products back from the operator's queue: they are drafts again; returns those that moved."""
    moved = await move(tx, merchant_id, product_ids, ProductState.DRAFT, by)
    await tx.execute(
        """
        UPDATE product_reviews SET state = 'withdrawn', decided_at = now(), decided_by = $3
        WHERE merchant_id = $1 AND product_id = ANY($2) AND state = 'waiting' AND kind = 'publication'
        """,
        merchant_id,
        moved,
        by,
    )
    return moved


async def put_on_shelf(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID], by: str) -> list[ProductId]:
    """Show these products to buyers without a review; returns those that moved. What has no active SKU, is in the bin
    or in review, stays."""
    sources = [state for state in MACHINE.before(ProductState.ON_SHELF) if state != ProductState.IN_REVIEW]
    return await move(tx, merchant_id, product_ids, ProductState.ON_SHELF, by, out_of=sources)


async def take_off_shelf(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID], by: str) -> list[ProductId]:
    """Stop selling these products; returns those that moved. What is off it for want of a paper stays off for good."""
    await tx.execute(
        "UPDATE products SET lacks_paper = false WHERE merchant_id = $1 AND product_id = ANY($2) AND lacks_paper",
        merchant_id,
        list(product_ids),
    )
    return await move(tx, merchant_id, product_ids, ProductState.OFF_SHELF, by, out_of=[ProductState.ON_SHELF])


async def bin(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID], by: str) -> list[ProductId]:
    """Put products that are not on the shelf into the bin; returns those that moved."""
    return await move(tx, merchant_id, product_ids, ProductState.BINNED, by)


async def restore(tx: Tx, merchant_id: MerchantId, product_ids: Sequence[UUID], by: str) -> list[ProductId]:
    """Take products out of the bin, off the shelf for now; returns those that moved."""
    return await move(tx, merchant_id, product_ids, ProductState.OFF_SHELF, by, out_of=[ProductState.BINNED])


async def move(
    tx: Tx,
    merchant_id: UUID,
    product_ids: Sequence[UUID],
    to_state: ProductState,
    by: str,
    *,
    out_of: Sequence[str] | None = None,
) -> list[ProductId]:
    """Move those of these products that are in one of `out_of` (any state that allows it, when none is said)."""
    assert len(product_ids) <= PRODUCTS_PER_COMMAND_MAX
    if not product_ids:
        return []
    # Locked in a statement of their own, so that the next one sees the history as it is under the locks.
    await tx.execute(
        "SELECT FROM products WHERE merchant_id = $1 AND product_id = ANY($2) ORDER BY product_id FOR UPDATE",
        merchant_id,
        list(product_ids),
    )
    rows = await tx.fetch(
        """
        WITH due AS (
            SELECT merchant_id, product_id, state FROM products p
            WHERE merchant_id = $1 AND product_id = ANY($2) AND state = ANY($4)
              AND ($3 NOT IN ('on_shelf', 'in_review')
                   OR EXISTS (SELECT FROM skus s WHERE s.merchant_id = p.merchant_id
                              AND s.product_id = p.product_id AND s.active))
        ), moved AS (
            UPDATE products p SET state = $3, changed_at = now(), approved = p.approved OR $3 = 'on_shelf'
              , lacks_paper = false
              , on_shelf_at = CASE WHEN $3 IN ('on_shelf', 'binned') THEN NULL ELSE p.on_shelf_at END
              , off_shelf_at = CASE WHEN $3 IN ('off_shelf', 'binned') THEN NULL ELSE p.off_shelf_at END
            FROM due WHERE p.merchant_id = due.merchant_id AND p.product_id = due.product_id
        )
        INSERT INTO product_history (merchant_id, product_id, step, from_state, to_state, by)
        SELECT due.merchant_id, due.product_id, 1 + (SELECT max(h.step) FROM product_history h
                   WHERE h.merchant_id = due.merchant_id AND h.product_id = due.product_id), due.state, $3, $5
        FROM due
        RETURNING product_id
        """,
        merchant_id,
        list(product_ids),
        to_state,
        list(out_of) if out_of is not None else MACHINE.before(to_state),
        by,
    )
    moved = [ProductId(row["product_id"]) for row in rows]
    if moved:
        await events.publish(tx, *(ProductChanged(merchant_id=merchant_id, product_id=each) for each in moved))
    return moved


async def schedule(
    tx: Tx, merchant_id: MerchantId, product_id: UUID, on_shelf_at: datetime | None, off_shelf_at: datetime | None
) -> None:
    """Say when a product goes onto the shelf and off it by itself; none means not by itself. Raises `Invalid`,
    `NotFound`."""
    if on_shelf_at is not None and off_shelf_at is not None and off_shelf_at <= on_shelf_at:
        raise Invalid({"off_shelf_at": N_("It is taken off after it was put on")})
    if not await tx.execute(
        """
        UPDATE products SET on_shelf_at = $3, off_shelf_at = $4, changed_at = now()
        WHERE merchant_id = $1 AND product_id = $2
        """,
        merchant_id,
        product_id,
        on_shelf_at,
        off_shelf_at,
    ):
        raise NotFound()
