"""The way of product and customer files: chunk after chunk; what is there already stays as it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from steelyard.channels.feeds import runs, shelving, shops, writing
from steelyard.channels.feeds.booking import buyer_of
from steelyard.channels.feeds.importing import Import, told
from steelyard.channels.feeds.records import RecordFeed, open_records
from steelyard.channels.feeds.runs import Result, Run
from steelyard.channels.feeds.shelving import Good
from steelyard.channels.feeds.shops import NAMESPACE, Found, Stall, source
from steelyard.goods import search
from steelyard.kernel import ids
from steelyard.kernel.db import Tx
from steelyard.parties import customers
from steelyard.parties.customers.model import Address, AddressId, Buyer, BuyerId

REINDEX_PER_CHUNK = 500


async def bring(under_way: Import, files: Sequence[Path], rejects: Path) -> Result:
    """Read the files and write every record that is not there yet."""
    feed = await under_way.read(
        open_records,
        files,
        under_way.mapping,
        folder=under_way.folder,
        chunk_rows=under_way.chunk,
        progress=under_way.telling("Reading"),
    )
    with feed:
        result = told(feed.summary, under_way.mapping.of, rejects)
        if feed.summary.rejected:
            await under_way.read(feed.write_rejects, rejects)
        if under_way.mapping.of == "products":
            stalls = await under_way.db.transact(_stalls, feed, under_way)
            written = await _products(under_way, feed, stalls)
            counted = {"merchants": len(stalls), "products": written}
        else:
            written = await _customers(under_way, feed)
            counted = {"customers": written}
        return msgspec.structs.replace(result, already_imported=result.accepted - written, accepted=written, **counted)


async def _stalls(tx: Tx, feed: RecordFeed, under_way: Import) -> dict[str, Stall]:
    await shops.check_currencies(tx, feed.currencies())
    return await shops.stalls(tx, [Found(*row) for row in feed.merchants()], under_way.mapping)


async def _products(under_way: Import, feed: RecordFeed, stalls: dict[str, Stall]) -> int:
    """Returns how many products this run has written, before and after a kill."""
    shelf, done = under_way.mapping.shelf, under_way.run.counted
    written = under_way.run.counted
    for chunk in feed.chunks(after=under_way.run.chunks):
        goods = shelving.goods_of_products(chunk.rows, shelf)
        new = await under_way.db.transact(_put_up, under_way.run, chunk.number, stalls, goods, written, under_way)
        written += len(new)
        done += len(goods)
        under_way.tell("Products", done, feed.summary.accepted)
    return written


async def _put_up(
    tx: Tx, run: Run, number: int, stalls: dict[str, Stall], goods: Sequence[Good], before: int, under_way: Import
) -> list[tuple[UUID, UUID]]:
    await runs.advance(tx, run, number)
    new = await shelving.put_up(tx, stalls, goods, under_way.mapping.shelf)
    await runs.count(tx, run, before, before + len(new))
    await search.reindex_products(tx, new)
    return new


async def _customers(under_way: Import, feed: RecordFeed) -> int:
    written = done = under_way.run.counted
    for chunk in feed.chunks(after=under_way.run.chunks):
        rows = chunk.rows.to_pylist()
        written += await under_way.db.transact(_register, under_way.run, chunk.number, rows, written, under_way)
        done += len(rows)
        under_way.tell("Customers", done, feed.summary.accepted)
    return written


async def _register(
    tx: Tx, run: Run, number: int, rows: Sequence[dict[str, Any]], before: int, under_way: Import
) -> int:
    await runs.advance(tx, run, number)
    ids_of = {buyer_of(row["merchant"], row["customer_id"]): row for row in rows}
    known = await writing.known_buyers(tx, ids_of)
    new = {buyer_id: row for buyer_id, row in ids_of.items() if buyer_id not in known}
    since = await tx.value("SELECT now()")
    await customers.bulk_register(
        tx,
        [
            Buyer(
                buyer_id=buyer_id,
                email=row["email"],
                name=row["name"] or "",
                phone=row["phone"] or "",
                locale=under_way.mapping.shelf.language,
                country=row["country"],
                guest=True,
                source=source(row["merchant"], row["customer_id"]),
                created_at=row["since"] or since,
            )
            for buyer_id, row in new.items()
        ],
    )
    await customers.bulk_save_addresses(
        tx, [(buyer_id, _address_id(buyer_id), _address(row)) for buyer_id, row in new.items() if row["address"]]
    )
    await runs.count(tx, run, before, before + len(new))
    return len(new)


def _address_id(buyer_id: BuyerId) -> AddressId:
    return AddressId(ids.derived(NAMESPACE, "address", str(buyer_id)))


def _address(row: dict[str, Any]) -> Address:
    return Address(
        name=row["name"] or "",
        phone=row["phone"] or "",
        country=row["country"] or "",
        region=row["region"] or "",
        city=row["city"] or "",
        street=row["address"],
        postal_code=row["postcode"] or "",
    )
