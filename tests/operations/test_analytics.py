"""The figures say what happened, and no more than an index is read for them."""

from datetime import UTC, datetime, timedelta

from steelyard.kernel.db import Database, Tx
from steelyard.operations import analytics
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.settlement import settlement_day
from tests.support import deal
from tests.support.world import CURRENCY, seeded


async def test_today_is_what_was_placed_paid_and_given_back(db: Database) -> None:
    world = await seeded(db)
    [order] = await deal.paid(db, [(world.items["green"].sku_id, 2)], world.buyer.buyer_id)
    await deal.placed(db, [(world.items["hammer"].sku_id, 1)])
    await deal.refunded(db, order, Returned(1, 1))

    [today] = await db.ask(analytics.today)

    assert (today.orders, today.paid_orders, today.paid) == (2, 1, order.total)
    assert today.gmv > order.total
    assert today.refunds == world.items["green"].amount
    assert today.new_buyers >= 2
    [of_tools] = await db.ask(analytics.today_of_merchant, world.tools.merchant_id)
    assert (of_tools.orders, of_tools.paid) == (1, 0)


async def test_sales_are_net_of_returns_or_as_papers_count_them(db: Database) -> None:
    world = await seeded(db)
    [order] = await deal.paid(
        db, [(world.items["green"].sku_id, 3), (world.items["black"].sku_id, 1)], world.buyer.buyer_id
    )
    await deal.refunded(db, order, Returned(1, 1))
    day = settlement_day(datetime.now(UTC))

    net = await db.ask(analytics.sales_report, day, day, "net")
    published = await db.ask(analytics.sales_report, day, day, "published")

    green, black = world.items["green"].amount, world.items["black"].amount
    assert (net.rows, net.customers, net.invoices) == (3, 1, 2)
    assert net.revenue * 100 == 2 * green + black
    assert (published.rows, published.customers, published.invoices) == (2, 1, 1)
    assert published.revenue * 100 == 3 * green + black
    assert net.currency == CURRENCY


async def test_a_period_without_sales_is_nothing(db: Database) -> None:
    report = await db.ask(analytics.sales_report, datetime(2001, 1, 1).date(), datetime(2001, 1, 2).date())  # noqa: DTZ001

    assert (report.rows, report.invoices, report.revenue) == (0, 0, 0)


async def test_the_days_are_found_by_index(db: Database) -> None:
    await seeded(db)

    plans = await db.transact(_plans)

    for plan in plans:
        assert "Seq Scan" not in plan, plan


async def _plans(tx: Tx) -> list[str]:
    """How PostgreSQL would find a day's rows in a big table: with a table of six rows it would read them all."""
    await tx.execute("SET LOCAL enable_seqscan = off")
    since = datetime.now(UTC) - timedelta(days=14)
    plans: list[str] = []
    for rows in (
        await tx.fetch("EXPLAIN SELECT total FROM orders WHERE placed_at >= $1", since),
        await tx.fetch("EXPLAIN SELECT total FROM orders WHERE paid_at >= $1", since),
        await tx.fetch("EXPLAIN SELECT goods FROM order_refunds WHERE at >= $1", since),
        await tx.fetch("EXPLAIN SELECT count(*) FROM buyers WHERE created_at >= $1", since),
    ):
        plans.append("\n".join(row[0] for row in rows))
    return plans


def test_the_currency_shown_is_the_one_most_is_sold_in() -> None:
    day = settlement_day(datetime.now(UTC))
    figures = [
        analytics.DayFigures(day=day, currency="CNY", orders=1),
        analytics.DayFigures(day=day, currency="EUR", orders=3),
    ]

    assert analytics.currency_of(figures, "CNY") == "EUR"
    assert analytics.currency_of([], "CNY") == "CNY"
