"""The worked example of docs/algorithms/bought-together.md, run on orders that were paid."""

from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.operations import recommendations
from tests.support.world import made, seeded
from tests.trade.examples import numbers


async def pay_for(tx: Tx, merchant_id: UUID, baskets: dict[str, list[str]]) -> None:
    """One paid order for each person and product, as the tables hold them."""
    for product, people in baskets.items():
        for person in people:
            order_id, purchase_id = ids.mint(), ids.mint()
            await tx.execute(
                """
                INSERT INTO orders (merchant_id, order_id, purchase_id, buyer_id, code, state, currency, goods, freight
                                  , tax_added, tax_included, total, commission, delivery, contact, address, paid_at
                                  , placed_at)
                VALUES ($1, $2, $3, $4, $2::uuid::text, 'paid', 'CNY', 0, 0, 0, 0, 0, 0, '{}', '{}', '{}'
                      , now() - interval '20 days', now() - interval '20 days')
                """,
                merchant_id,
                order_id,
                purchase_id,
                made("person", person),
            )
            await tx.execute(
                """
                INSERT INTO order_lines (merchant_id, order_id, line, product_id, sku_id, title, sku_code, quantity
                                       , unit_price, amount)
                VALUES ($1, $2, 1, $3, $3, '{}', '', 1, 0, 0)
                """,
                merchant_id,
                order_id,
                made("example", product),
            )


async def learnt(db: Database) -> None:
    while await db.transact(recommendations.learn):
        pass
    while await db.transact(recommendations.find_partners):
        pass


async def scores(tx: Tx, product: str) -> dict[UUID, int]:
    rows = await tx.fetch(
        "SELECT partner_id, score FROM bought_together WHERE product_id = $1", made("example", product)
    )
    return {row["partner_id"]: row["score"] for row in rows}


async def test_the_page_says_what_goes_with_tea(database_url: str) -> None:
    page = numbers("bought-together.md")
    db = await Database.connect(database_url, size=2)
    try:
        world = await seeded(db)
        await db.transact(pay_for, world.tea.merchant_id, page["baskets"])

        await learnt(db)

        wanted = {made("example", product): int(score) for product, score in page["with_tea"].items()}
        assert await db.transact(scores, "tea") == wanted
        best = await db.ask(recommendations.partners, made("example", "tea"))
        assert [product_id for _, product_id in best] == [made("example", "pot"), made("example", "cups")]
        await learnt(db)
        assert await db.transact(scores, "tea") == wanted, "learning again from the same changes nothing"
    finally:
        await db.close()
