"""The way of order files: shops, products and customers first, then chunk after chunk, at last what follows from all."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from steelyard.channels.feeds import closed, past, runs, shelving, shops, writing
from steelyard.channels.feeds.booking import Prepared, Shared, buyer_of, prepare
from steelyard.channels.feeds.importing import Import, told
from steelyard.channels.feeds.model import OrderChunk
from steelyard.channels.feeds.orders import OrderFeed, open_orders
from steelyard.channels.feeds.runs import Result, Run
from steelyard.channels.feeds.shops import Found, Stall, source
from steelyard.goods import search
from steelyard.kernel.db import Read, Tx
from steelyard.money import ledger
from steelyard.parties import customers
from steelyard.parties.customers.model import Buyer
from steelyard.trade import settlement

BUYERS_PER_CHUNK = 5_000
REINDEX_PER_CHUNK = 500
SALES_PER_CHUNK = 5_000


async def bring(under_way: Import, files: Sequence[Path], rejects: Path) -> Result:
    """Read the files and write everything that is not there yet. Raises `MonthsClosed` before anything is written."""
    feed = await _opened(under_way, files)
    with feed:
        first = await under_way.read(feed.first_booked, under_way.run.chunks)
        await under_way.db.ask(closed.check, first)
        stalls = await under_way.db.transact(_stalls, feed, under_way)
        products = await _products(under_way, feed, stalls)
        buyers = await _buyers(under_way, feed)
        await _chunks(under_way, feed, stalls)
        await _after(under_way, feed, stalls)
        if feed.summary.rejected:
            await under_way.read(feed.write_rejects, rejects)
        counts = await under_way.db.ask(runs.written, under_way.run)
        return msgspec.structs.replace(
            told(feed.summary, "orders", rejects), merchants=len(stalls), products=products, customers=buyers, **counts
        )


async def _opened(under_way: Import, files: Sequence[Path]) -> OrderFeed:
    """The files, worked out against what other imports brought. Raises `MonthsClosed` before that where it can be seen."""
    spooled = under_way.folder / f"past-{under_way.run.run_id.hex}.arrow"
    try:
        others = await under_way.db.ask(past.any_other, under_way.run.run_id)
        if not others and not under_way.run.chunks and await under_way.db.ask(ledger.closed_until) is not None:
            first = await under_way.read(closed.earliest, files, under_way.mapping, under_way.folder)
            await under_way.db.ask(closed.check, first)
        if others:
            await under_way.db.ask(past.spool, under_way.run.run_id, spooled)
        return await under_way.read(
            open_orders,
            files,
            under_way.mapping,
            history=past.batches(spooled) if others else (),
            folder=under_way.folder,
            chunk_lines=under_way.chunk,
            progress=under_way.telling("Reading"),
        )
    finally:
        spooled.unlink(missing_ok=True)


async def _stalls(tx: Tx, feed: OrderFeed, under_way: Import) -> dict[str, Stall]:
    await shops.check_currencies(tx, feed.currencies())
    return await shops.stalls(tx, [Found(*row) for row in feed.merchants()], under_way.mapping)


async def _products(under_way: Import, feed: OrderFeed, stalls: dict[str, Stall]) -> int:
    shelf, done = under_way.mapping.shelf, 0
    for batch in feed.products():
        goods = shelving.goods_of_orders(batch, shelf)
        for start in range(0, len(goods), shelving.PRODUCTS_PER_CHUNK):
            part = goods[start : start + shelving.PRODUCTS_PER_CHUNK]
            await under_way.db.transact(shelving.put_up, stalls, part, shelf)
            done += len(part)
            under_way.tell("Products", done, None)
    under_way.tell("Products", done, done)
    return done


async def _buyers(under_way: Import, feed: OrderFeed) -> int:
    done = 0
    for batch in feed.customers():
        rows = batch.to_pylist()
        for start in range(0, len(rows), BUYERS_PER_CHUNK):
            part = [_buyer(row, under_way.mapping.shelf.language) for row in rows[start : start + BUYERS_PER_CHUNK]]
            await under_way.db.transact(_register, part)
            done += len(part)
            under_way.tell("Customers", done, None)
    under_way.tell("Customers", done, done)
    return done


def _buyer(row: dict[str, Any], language: str) -> Buyer:
    return Buyer(
        buyer_id=buyer_of(row["merchant"], row["customer_id"]),
        email=None,
        locale=language,
        country=row["country"],
        guest=True,
        source=source(row["merchant"], row["customer_id"]),
        created_at=row["first_seen_at"],
    )


async def _register(tx: Tx, buyers: Sequence[Buyer]) -> None:
    known = await writing.known_buyers(tx, [buyer.buyer_id for buyer in buyers])
    await customers.bulk_register(tx, [buyer for buyer in buyers if buyer.buyer_id not in known])


async def _chunks(under_way: Import, feed: OrderFeed, stalls: dict[str, Stall]) -> None:
    """While a chunk is being written the next one is prepared. Whenever there is twice as much as before, the planner looks at
    it: what it thought of empty tables makes each line go through all orders of its shop."""
    skus = await under_way.db.ask(shelving.SkuIndex.of, stalls.values())
    shared = Shared(under_way.run.run_id, stalls, skus, under_way.mapping.shelf.language)
    chunks = feed.chunks(after=under_way.run.chunks)
    upcoming = asyncio.create_task(under_way.read(_next, chunks, shared))
    done, written = feed.summary.accepted - await under_way.read(feed.lines_after, under_way.run.chunks), 0
    while (prepared := await upcoming) is not None:
        upcoming = asyncio.create_task(under_way.read(_next, chunks, shared))
        await under_way.db.transact(writing.write, prepared, under_way.run, stalls)
        written += 1
        if written.bit_count() == 1:
            await _counted(under_way)
        done += prepared.lines_read
        under_way.tell("Order lines", done, feed.summary.accepted)


async def _counted(under_way: Import) -> None:
    """One table after the other: readers of events wait for each of these transactions."""
    for table in writing.FILLED:
        await under_way.db.transact(writing.count_anew, table)


def _next(chunks: Iterator[OrderChunk], shared: Shared) -> Prepared | None:
    chunk = next(chunks, None)
    return None if chunk is None else prepare(chunk, shared)


async def _after(under_way: Import, feed: OrderFeed, stalls: dict[str, Stall]) -> None:
    """What follows from all chunks: sales figures, search entries, statements. Said twice, nothing changes."""
    await _counted(under_way)
    sold = await under_way.db.ask(_sold, feed, stalls)
    for start in range(under_way.run.counted, len(sold), SALES_PER_CHUNK):
        await under_way.db.transact(_push_down, under_way.run, sold, start)
    for start in range(0, len(sold), REINDEX_PER_CHUNK):
        part = [(merchant_id, product_id) for merchant_id, product_id, _ in sold[start : start + REINDEX_PER_CHUNK]]
        await under_way.db.transact(search.reindex_products, part)
        under_way.tell("Search entries", start + len(part), len(sold))
    for number, stall in enumerate(stalls.values(), 1):
        while await under_way.db.transact(settlement.bulk_settled, stall.merchant_id):
            pass
        under_way.tell("Statements", number, len(stalls))


async def _sold(read: Read, feed: OrderFeed, stalls: dict[str, Stall]) -> list[tuple[UUID, UUID, int]]:
    """(merchant_id, product_id, pieces sold, net of returns), in an order that is always the same."""
    skus = await shelving.SkuIndex.of(read, stalls.values())
    found: list[tuple[UUID, UUID, int]] = []
    for batch in feed.products():
        _, product_ids = skus.find(batch.column("merchant"), batch.column("sku"))
        found += [
            (stalls[merchant].merchant_id, UUID(product_id), sold)
            for merchant, product_id, sold in zip(
                batch.column("merchant").to_pylist(),
                product_ids.to_pylist(),
                batch.column("sold").to_pylist(),
                strict=True,
            )
        ]
    return found


async def _push_down(tx: Tx, run: Run, sold: Sequence[tuple[UUID, UUID, int]], start: int) -> None:
    part = sold[start : start + SALES_PER_CHUNK]
    await runs.count(tx, run, start, start + len(part))
    await search.record_sales(tx, part)
