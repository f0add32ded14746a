"""Until when a buyer may ask after receipt: dated rules with the law that they come from, and the clock that they share.

The clock begins on the day after the goods were signed for, in the house's time zone, and ends with the last second of the
last day: 《网络购买商品七日无理由退货暂行办法》 (SAIC Order No. 90 of 2017, amended 2020), Art. 10, and Civil Code Art. 201
and 203. Whoever has not received the goods may ask without any limit. The exceptions of single categories to the seven
days (Art. 25 (1) of the Consumer Rights Law) are not rules here: the shop refuses with its reason, and the platform decides.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from steelyard.kernel.i18n import N_

ZONE = ZoneInfo("Asia/Shanghai")


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """For `days` after receipt, for orders placed since `since`; `name` and `source` are msgids."""

    code: str
    name: str
    days: int
    since: date
    source: str


NO_REASON = "no_reason"
QUALITY = "quality"
RIGHTS: tuple[Right, ...] = (
    Right(
        code=NO_REASON,
        name=N_("7-day return without a reason"),
        days=7,
        since=date(2014, 3, 15),
        source=N_("Consumer Rights Law of the PRC, Art. 25"),
    ),
    Right(
        code=QUALITY,
        name=N_("15 days for what is wrong with the goods"),
        days=15,
        since=date(2014, 3, 15),
        source=N_("Rule of this marketplace; by law 7 days (Consumer Rights Law of the PRC, Art. 24)"),
    ),
)


def right(code: str, placed: datetime) -> Right | None:
    """The rule of this name that counts for an order placed then: the newest that was in force."""
    day = placed.astimezone(ZONE).date()
    known = [each for each in RIGHTS if each.code == code and each.since <= day]
    return max(known, key=lambda each: each.since, default=None)


def ends(right: Right, received: datetime) -> datetime:
    """The first moment at which it is too late: midnight after the last day."""
    last = received.astimezone(ZONE).date() + timedelta(days=right.days)
    return datetime.combine(last + timedelta(days=1), time(), ZONE).astimezone(UTC)
