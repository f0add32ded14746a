"""Lists of reviews, questions and footprints go by an index in tables of thousands of rows."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.operations import recommendations
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import favourites, reviews
from steelyard.trade.favourites.jobs import fade_footprints
from steelyard.trade.favourites.model import Footprint
from steelyard.trade.reviews.model import Only, QuestionId, ReviewId, Sort
from tests.support.plans import LARGE_FROM_ROWS, Listening
from tests.support.received import reviewed
from tests.support.seeded import SeededServer
from tests.support.world import World

ROWS = 12_000
TABLES: dict[str, list[str]] = {
    "reviews": ["review_id", "order_id", "product_id", "buyer_id"],
    "product_ratings": ["product_id"],
    "questions": ["question_id", "product_id", "buyer_id"],
    "footprints": ["buyer_id", "product_id"],
    "favourite_products": ["buyer_id", "product_id"],
    "products": ["product_id"],
    "search_entries": ["product_id"],
    "baskets": ["buyer_id", "product_id"],
    "bought_together": ["product_id", "partner_id"],
}
BUYER = BuyerId(UUID(int=7))


def copying(table: str) -> str:
    changed = ", ".join(f"'{name}', md5(t.{name}::text || n)::uuid" for name in TABLES[table])
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({changed}))).* "
        f"FROM {table} t CROSS JOIN generate_series(1, (SELECT {ROWS} / count(*) FROM {table})) AS g (n)"
    )


async def _one_of_each(url: str, world: World) -> tuple[ReviewId, QuestionId]:
    db = await Database.connect(url, size=2)
    try:
        nuts = world.items["nuts"]
        _, (review_id,) = await reviewed(db, [(nuts.sku_id, 1)], BuyerId(ids.mint()), 4, text="Good")
        question_id = QuestionId(ids.mint())
        await db.transact(reviews.ask, question_id, nuts.product_id, BUYER, "Li", "Salted?", "en")
        seen = Footprint(buyer_id=BUYER, product_id=nuts.product_id, merchant_id=nuts.merchant_id)
        await db.transact(favourites.leave_footprints, [seen])
        await db.transact(favourites.keep_product, BUYER, nuts.product_id)
        while await db.transact(recommendations.learn):
            pass
        await db.transact(_pair, world)
        return review_id, question_id
    finally:
        await db.close()


async def _pair(tx: Tx, world: World) -> None:
    nuts, black = world.items["nuts"], world.items["black"]
    await tx.execute(
        "INSERT INTO bought_together VALUES ($1, $2, $3, $1, 2, 1000)",
        nuts.merchant_id,
        nuts.product_id,
        black.product_id,
    )


async def _grow(url: str) -> set[str]:
    async with administer(url) as connection:
        await connection.execute("SET session_replication_role = replica")
        for table in TABLES:
            await connection.execute(copying(table))
        await connection.execute("SET session_replication_role = origin")
        await connection.execute("ANALYZE")
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= $1", LARGE_FROM_ROWS
        )
    return {row["relname"] for row in rows}


@pytest.fixture(scope="module")
def grown(seeded_server: SeededServer) -> Iterator[tuple[str, set[str], ReviewId, QuestionId]]:
    with seeded_server.database() as url:
        review_id, question_id = asyncio.run(_one_of_each(url, seeded_server.world))
        yield url, asyncio.run(_grow(url)), review_id, question_id


async def test_no_list_of_opinions_reads_a_large_table_whole(
    grown: tuple[str, set[str], ReviewId, QuestionId], world: World
) -> None:
    url, large, review_id, question_id = grown
    assert {"reviews", "questions", "footprints", "favourite_products", "baskets"} <= large
    nuts, shop = world.items["nuts"].product_id, world.tea.merchant_id
    asked: dict[str, Callable[[Read], Awaitable[Any]]] = {
        **{
            f"reviews {sort} {only}": partial(reviews.of_product, product_id=nuts, sort=sort, only=only)
            for sort in Sort
            for only in Only
        },
        "rating": partial(reviews.rating, product_id=nuts),
        "a review": partial(reviews.review, review_id=review_id),
        "of a shop": partial(reviews.of_merchant, merchant_id=shop),
        "unanswered": partial(reviews.of_merchant, merchant_id=shop, unanswered=True),
        "low": partial(reviews.of_merchant, merchant_id=shop, low=True),
        "what waits for a shop": partial(reviews.waiting_for_shop, merchant_id=shop),
        "mine": partial(reviews.of_buyers, buyer_ids=[BUYER]),
        "reported": reviews.reported,
        "hidden": reviews.hidden,
        "questions": partial(reviews.questions_of_product, product_id=nuts),
        "questions of a shop": partial(reviews.questions_of_merchant, merchant_id=shop, unanswered=True),
        "a question": partial(reviews.get, question_id=question_id),
        "footprints": partial(favourites.footprints, buyer_id=BUYER),
        "favourites": partial(favourites.products, buyer_id=BUYER),
        "counts of favourites": partial(favourites.product_counts, buyer_id=BUYER),
        "kept": partial(favourites.marks, buyer_id=BUYER),
        "partners": partial(recommendations.partners, product_id=nuts),
    }
    scans: list[str] = []
    db = await Database.connect(url, size=1)

    async def listen(tx: Tx) -> None:
        for name, question in asked.items():
            listening = Listening(tx, large)
            await question(listening)
            scans.extend(f"{name}: {scan}" for scan in listening.scans)
        listening = Listening(tx, large)
        await fade_footprints(listening)
        scans.extend(f"fading: {scan}" for scan in listening.scans)

    try:
        await db.transact(listen)
    finally:
        await db.close()
    assert not scans, "\n".join(scans)
