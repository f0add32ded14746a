"""The pieces of flash sales: what buyers have of them, handing them over to orders, and taking them back.

Whoever changes any of it holds the flash price's row in `promotions`: see `using`.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from steelyard.goods import inventory
from steelyard.goods.inventory.model import HandedOver
from steelyard.goods.promotions.events import FlashChanged
from steelyard.goods.promotions.model import Flash, Held, Use
from steelyard.kernel import events
from steelyard.kernel.db import Row, Tx


def flash_of(row: Row) -> Flash | None:
    """What a row of a promotion says of a flash sale, until that is over."""
    if row["session_id"] is None or row["returned_at"] is not None:
        return None
    return Flash(
        session_id=row["session_id"],
        sku_id=row["sku_id"],
        pieces=row["pieces"],
        taken=row["taken"],
        per_order=row["pieces_per_order"],
        per_buyer=row["pieces_per_buyer"],
    )


async def had(tx: Tx, uses: Sequence[Use]) -> dict[tuple[UUID, UUID], int]:
    """How many pieces these buyers have at these flash prices. The prices are held."""
    if not uses:
        return {}
    rows = await tx.fetch(
        "SELECT buyer_id, promotion_id, pieces FROM promotion_limits WHERE buyer_id = ANY($1) AND promotion_id = ANY($2)",
        list({use.buyer_id for use in uses}),
        list({use.promotion_id for use in uses}),
    )
    return {(row["buyer_id"], row["promotion_id"]): row["pieces"] for row in rows}


async def out(tx: Tx, held: Sequence[Held]) -> None:
    """What was kept for flash sales is kept for these orders."""
    of_flash = [(each.use, each.flash) for each in held if each.flash is not None]
    if not of_flash:
        return
    moves = [
        HandedOver(
            merchant_id=use.merchant_id,
            from_id=flash.session_id,
            to_id=use.order_id,
            sku_id=flash.sku_id,
            quantity=use.pieces,
        )
        for use, flash in of_flash
    ]
    await inventory.hand_over(tx, moves)
    await _announce(tx, {use.promotion_id for use, flash in of_flash if flash.left == use.pieces})


async def _announce(tx: Tx, promotion_ids: Collection[UUID]) -> None:
    """These flash prices are sold out, or are not any more."""
    if not promotion_ids:
        return
    rows = await tx.fetch(
        """
        SELECT p.merchant_id, p.session_id, p.sku_id, s.product_id FROM promotions p JOIN skus s USING (merchant_id, sku_id)
        WHERE p.promotion_id = ANY($1)
        """,
        list(promotion_ids),
    )
    await events.publish(
        tx,
        *(
            FlashChanged(
                merchant_id=row["merchant_id"],
                session_id=row["session_id"],
                product_ids=[row["product_id"]],
                sku_ids=[row["sku_id"]],
            )
            for row in rows
        ),
    )


async def back(tx: Tx, dropped: Sequence[Row], locked: Sequence[Row]) -> None:
    """The pieces of orders that are dropped are the flash sale's again; of one that is over they stay the orders', with
    whom they are released."""
    flashes = {
        row["promotion_id"]: row for row in locked if row["session_id"] is not None and row["returned_at"] is None
    }
    back = [row for row in dropped if row["promotion_id"] in flashes]
    if not back:
        return
    await inventory.hand_over(
        tx,
        [
            HandedOver(
                merchant_id=row["merchant_id"],
                from_id=row["order_id"],
                to_id=flashes[row["promotion_id"]]["session_id"],
                sku_id=flashes[row["promotion_id"]]["sku_id"],
                quantity=row["pieces"],
            )
            for row in back
        ],
    )
    await _announce(tx, {row["promotion_id"] for row in back if flashes[row["promotion_id"]]["sold_out"]})
