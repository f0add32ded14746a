"""The demo's visitors of the past two years: as many as such sales come from, by where they came from and what they used."""

from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from uuid import UUID

from steelyard.kernel.db import Database, Read, Tx
from steelyard.operations import analytics
from steelyard.operations.analytics import MARKETPLACE, PastTraffic

DAYS_PER_STEP = 500
# Of a hundred visitors so many buy; the shop's own day differs around it.
CONVERSION = (0.022, 0.045)
VIEWS_A_VISITOR = 3.4
# Of the visitors, so many come at least as far as a product, the cart, the checkout.
FUNNEL = (0.64, 0.15, 0.068)
SOURCES = (("direct", 0.46), ("search", 0.27), ("social", 0.14), ("link", 0.07), ("ad", 0.04), ("mail", 0.02))
PHONES = 0.81
# The marketplace's visitors look at the goods of more than one shop, and many at none.
PEOPLE_PER_SHOP_VISIT = 0.86
PRODUCT_VISITORS_PER_PIECE = (14, 40)

Step = Callable[[str, int, int], None]


async def count_up(db: Database, *, seed: int, step: Step) -> None:
    """The figures of the past: every day's trade rolled up, and the visitors it came from."""
    days = await db.transact(analytics.mark_history)
    done = 0
    step("Figures of the past", done, days)
    while counted := await db.transact(analytics.roll_up, DAYS_PER_STEP):
        done += counted
        step("Figures of the past", min(done, days), days)
    await db.transact(walk_by, seed=seed)


async def walk_by(tx: Tx, *, seed: int) -> None:
    """Write the visitors down, from the days that have been rolled up. Said again, nothing is written twice."""
    if await tx.value("SELECT EXISTS (SELECT FROM traffic_days)"):
        return
    chance = Random(f"{seed}/footfall")  # noqa: S311  # habits, no secrets
    bought = await _bought(tx)
    await analytics.bulk_traffic(tx, list(_traffic(bought, chance)))
    sold = await tx.fetch(
        "SELECT merchant_id, day, product_id, sum(pieces) AS pieces FROM product_days GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    looked = [(row, row["pieces"] * chance.randint(*PRODUCT_VISITORS_PER_PIECE)) for row in sold]
    await analytics.bulk_product_traffic(
        tx,
        [
            (row["merchant_id"], row["day"], row["product_id"], round(visitors * 1.3), visitors)
            for row, visitors in looked
        ],
    )


async def _bought(read: Read) -> list[tuple[UUID, date, int]]:
    rows = await read.fetch(
        "SELECT merchant_id, day, sum(buyers)::integer AS buyers FROM sales_days GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [(row["merchant_id"], row["day"], row["buyers"]) for row in rows]


def _traffic(bought: list[tuple[UUID, date, int]], chance: Random) -> Iterator[PastTraffic]:
    people: dict[tuple[date, str, str], list[int]] = {}
    for merchant_id, day, buyers in bought:
        visitors = round((buyers + chance.random()) / chance.uniform(*CONVERSION))
        for source, share in SOURCES:
            for device, part in (("phone", PHONES), ("desk", 1 - PHONES)):
                came = round(visitors * share * part * chance.uniform(0.85, 1.15))
                if not came:
                    continue
                steps = [round(came * each * chance.uniform(0.9, 1.1)) for each in FUNNEL]
                counts = (round(came * VIEWS_A_VISITOR), came, *steps)
                yield _past(merchant_id, day, source, device, counts)
                total = people.setdefault((day, source, device), [0, 0, 0, 0, 0])
                for at, count in enumerate(counts):
                    total[at] += count
    for (day, source, device), counts in sorted(people.items()):
        yield _past(MARKETPLACE, day, source, device, tuple(round(count * PEOPLE_PER_SHOP_VISIT) for count in counts))


def _past(merchant_id: UUID, day: date, source: str, device: str, counts: tuple[int, ...]) -> PastTraffic:
    views, visitors, product, cart, checkout = counts
    product, cart = min(product, visitors), min(cart, product)
    return PastTraffic(
        merchant_id=merchant_id,
        day=day,
        channel=source,
        device=device,
        counts=(max(views, visitors), visitors, product, cart, min(checkout, cart)),
    )
