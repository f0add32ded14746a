"""What points lead to. They are those of a calendar year, without the revoked ones: from `RESTRICT_AT` on nothing new goes
onto the shelf until the year ends, from `SUSPEND_AT` on the shop is suspended until then, and with `CLOSE_AT` staff close it
once its orders are done, since closing is for good and an appeal may still be upheld."""

from datetime import datetime
from zoneinfo import ZoneInfo

from steelyard.kernel.db import Read, Tx
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId

ZONE = ZoneInfo("Asia/Shanghai")
RESTRICT_AT = 12
SUSPEND_AT = 24
CLOSE_AT = 48
SHOPS_PER_ROUND_MAX = 50


def year_of(moment: datetime) -> int:
    return moment.astimezone(ZONE).year


def ends(year: int) -> datetime:
    """The first moment in which a year's points count no more."""
    return datetime(year + 1, 1, 1, tzinfo=ZONE)


async def points_of(read: Read, merchant_id: MerchantId, year: int) -> int:
    """A shop's points of a year."""
    return await read.value(
        """
        SELECT coalesce(sum(points), 0)::integer FROM violations
        WHERE merchant_id = $1 AND year = $2 AND outcome IS DISTINCT FROM 'revoked'
        """,
        merchant_id,
        year,
    )


async def measure(tx: Tx, merchant_id: MerchantId, year: int, now: datetime) -> None:
    """Bring what a shop may do in line with its points of a year; of a year that is over nothing follows any more.

    A suspension that points brought ends when they no longer reach it; one that staff or the licence brought does not.
    """
    if year_of(now) != year:
        return
    points = await points_of(tx, merchant_id, year)
    until = ends(year) if points >= RESTRICT_AT else None
    await merchants.restrict(tx, merchant_id, until, stop=points >= SUSPEND_AT)
    await merchants.stop_or_reopen(tx, merchant_id, now.astimezone(ZONE).date())


async def end_measures(tx: Tx, now: datetime) -> int:
    """A new year has begun: what the points of the last one stopped goes on."""
    rows = await tx.fetch(
        """
        SELECT merchant_id FROM merchants WHERE stopped_by_points AND restricted_until <= $1
        ORDER BY merchant_id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        now,
        SHOPS_PER_ROUND_MAX,
    )
    for row in rows:
        await measure(tx, MerchantId(row["merchant_id"]), year_of(now), now)
    return len(rows)
