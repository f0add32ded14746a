"""Reports of tax: what refunds take back adds up to the cent, days are the seller's, and nobody sees another's."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from steelyard.kernel.db import Database, Tx
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import tax_reports
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.orders.model import Order
from steelyard.trade.tax_reports import Scheme, TaxLine
from tests.support import deal
from tests.support.world import TAX, World

LONG_AGO, FAR_AHEAD = date(2000, 1, 1), date(2100, 1, 1)


async def report(db: Database, order: Order) -> list[TaxLine]:
    return await db.ask(tax_reports.report, LONG_AGO, FAR_AHEAD, order.merchant_id)


async def bought(db: Database, world: World, nuts: int = 3) -> Order:
    [order] = await deal.paid(db, [(world.items["nuts"].sku_id, nuts), (world.items["black"].sku_id, 2)])
    return order


async def test_what_is_sold_stands_there_with_its_tax(shop: Database, world: World):
    order = await bought(shop, world)
    [line] = await report(shop, order)
    assert (line.country, line.millionths, line.kind) == ("CN", TAX, "")
    assert (line.gross, line.tax, line.returned_gross) == (order.total, order.tax_included, 0)
    assert line.scheme is None


@pytest.mark.parametrize("pieces", [[1, 1, 1, 1, 1, 1, 1, 0], [1, 0, 1, 1, 1, 1, 1, 1]])
async def test_refunds_piece_by_piece_come_to_all_of_the_tax(shop: Database, world: World, pieces: list[int]):
    [order] = await deal.paid(shop, [(world.items["ruler"].sku_id, 7)])
    await deal.shipped(shop, order)
    assert order.freight
    assert due(await report(shop, order)) == (order.total, order.tax_included)
    for line in pieces:
        before = due(await report(shop, order))
        if line:
            await deal.refunded(shop, order, Returned(line, 1))
        else:
            await deal.refunded(shop, order, freight=order.freight)
        after = due(await report(shop, order))
        assert after[0] < before[0]
        assert after[1] < before[1]

    assert due(await report(shop, order)) == (0, 0)


def due(lines: list[TaxLine]) -> tuple[int, int]:
    return sum(each.due_gross for each in lines), sum(each.due for each in lines)


async def moved(tx: Tx, merchant_id: MerchantId, zone: str) -> None:
    await tx.execute("UPDATE merchants SET time_zone = $2 WHERE merchant_id = $1", merchant_id, zone)


async def test_a_sale_is_of_the_day_that_it_is_where_the_seller_is(shop: Database, world: World):
    order = await bought(shop, world)
    paid_at = (await deal.again(shop, order)).paid_at
    assert paid_at is not None
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        await shop.transact(moved, order.merchant_id, zone)
        day = paid_at.astimezone(ZoneInfo(zone)).date()
        assert await shop.ask(tax_reports.report, day, day, order.merchant_id)
        for other in (day - timedelta(days=1), day + timedelta(days=1)):
            assert await shop.ask(tax_reports.report, other, other, order.merchant_id) == []


async def test_the_platforms_report_is_the_sum_and_a_shop_sees_its_own(shop: Database, world: World):
    [tea, tools] = sorted(
        await deal.paid(shop, [(world.items["nuts"].sku_id, 1), (world.items["ruler"].sku_id, 2)]),
        key=lambda each: each.merchant_id != world.tea.merchant_id,
    )
    [everything] = tax_reports.folded(await shop.ask(tax_reports.report, LONG_AGO, FAR_AHEAD))
    assert everything.gross == tea.total + tools.total
    desk = shop.as_merchant(tea.merchant_id)
    assert sum(each.gross for each in await desk.ask(tax_reports.report, LONG_AGO, FAR_AHEAD)) == tea.total
    assert await desk.ask(tax_reports.report, LONG_AGO, FAR_AHEAD, tools.merchant_id) == []


def line(seller: str, country: str, quarter: date, gross: int, returned: int = 0) -> TaxLine:
    return TaxLine(
        currency="EUR", seller_country=seller, country=country, region="", kind="", millionths=200_000, quarter=quarter,
        gross=gross, tax=gross // 6, returned_gross=returned, returned_tax=returned // 6,
    )  # fmt: skip


def test_the_one_stop_shop_takes_what_crosses_a_border_in_the_union_by_quarter_of_the_sale():
    now, before = date(2026, 7, 1), date(2026, 4, 1)
    lines = [
        line("DE", "FR", now, 1_200), line("DE", "FR", before, 0, 600), line("DE", "DE", now, 600),
        line("CN", "FR", now, 2_400), line("DE", "US", now, 600), line("DE", "FR", now, 60),
    ]  # fmt: skip
    union = tax_reports.one_stop(lines, Scheme.UNION)
    assert {(each.quarter, each.due) for each in union} == {(now, 210), (before, -100)}
    assert [each.due for each in tax_reports.one_stop(lines, Scheme.IMPORTED)] == [400]
    assert sum(each.due_net for each in tax_reports.folded(lines)) == sum(each.due_net for each in lines)
    assert msgspec.structs.replace(lines[0], country="GB").scheme is None
