"""Memberships in the demo: of one shop and of the platform, with members from what was received in the last months; and what both
promise for bringing a friend, with some friends of the buyer's on their way."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from steelyard.demo.products import made
from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, Offer, PromotionId, Step
from steelyard.kernel import days
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.text import Text, text
from steelyard.operations import growth
from steelyard.operations.growth import (
    InviteProgramme,
    Level,
    NotNew,
    Reward,
    Rule,
    Task,
    TaskNotDone,
    TaskTerms,
    Wanted,
)
from steelyard.operations.growth.model import PROFILE_PARTS
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

SHOP = "zoufang"
CURRENCY = "CNY"
COUNTED_DAYS = 300
ORDERS_AT_ONCE = 500
BIRTHDAY_OFF = 2_000
FRIENDS = 2
TASKS = (
    TaskTerms(task=Task.PROFILE, amount=20, target=PROFILE_PARTS),
    TaskTerms(task=Task.FOLLOW, amount=5),
    TaskTerms(task=Task.SHARE, amount=5),
    TaskTerms(task=Task.WATCH, amount=15, target=5),
    TaskTerms(task=Task.REVIEW, amount=20),
)


async def belong(db: Database, buyer_id: BuyerId) -> None:
    """Open both as of some months ago, and count what was received since. Said again, nothing is counted twice."""
    shop, began = made("merchant", SHOP), days.today() - timedelta(days=COUNTED_DAYS)
    if await db.ask(growth.programme, shop, days.today()) is not None:
        return
    await db.transact(_open, shop, began)
    before: Sequence[tuple[UUID, UUID]] = ()
    while (some := await db.ask(_uncounted, began)) and some != before:
        await db.transact(growth.earn_orders, some, days.today())
        before = some
    today = days.today()
    await db.transact(growth.check_in, PLATFORM, buyer_id, today)
    with suppress(TaskNotDone):
        await db.transact(growth.have_task, PLATFORM, buyer_id, Task.PROFILE, today)
    await db.transact(customers.set_birthday, buyer_id, "08-15")
    await db.transact(_invite, shop, buyer_id)


async def _open(tx: Tx, shop: UUID, began: date) -> None:
    for whose in (shop, PLATFORM):
        await promotions.save(tx, _birthday(MerchantId(whose)))
    rule = Rule(from_day=began, review=10, check_in=2)
    for wanted in (
        Wanted(
            merchant_id=shop,
            name=text("走访会员", "Zoufang circle"),
            currency=CURRENCY,
            rule=rule,
            levels=[
                Level(rank=1, name=_named("银卡", "Silver"), threshold=300, free_freight_over=19_900),
                Level(
                    rank=2, name=_named("金卡", "Gold"), threshold=1_000, percent_off=3, free_freight_over=0,
                    birthday_coupon=made("birthday", str(shop)),
                ),
                Level(
                    rank=3, name=_named("黑卡", "Black"), threshold=3_000, percent_off=5, free_freight_over=0,
                    birthday_coupon=made("birthday", str(shop)), priority=True,
                ),
            ],
            seen=0,
            tasks=TASKS,
        ),
        Wanted(
            merchant_id=PLATFORM,
            name=text("秤杆会员", "Steelyard members"),
            currency=CURRENCY,
            rule=rule,
            levels=[
                Level(rank=1, name=_named("白银", "Silver"), threshold=500, points_extra=10),
                Level(
                    rank=2, name=_named("黄金", "Gold"), threshold=2_000, points_extra=30,
                    birthday_coupon=made("birthday", str(PLATFORM)),
                ),
                Level(
                    rank=3, name=_named("钻石", "Diamond"), threshold=8_000, points_extra=100,
                    birthday_coupon=made("birthday", str(PLATFORM)), priority=True,
                ),
            ],
            seen=0,
            tasks=TASKS,
        ),
    ):  # fmt: skip
        await growth.set_up(tx, wanted, "demo", began)


async def _invite(tx: Tx, shop: UUID, buyer_id: BuyerId) -> None:
    """Both promise something; of the buyer's friends two have taken the link and not bought yet."""
    coupon = Reward(coupon=made("birthday", str(shop)))
    for whose, inviter, friend in ((shop, coupon, coupon), (PLATFORM, Reward(points=500), Reward(points=200))):
        await growth.set_invite_programme(
            tx,
            InviteProgramme(
                merchant_id=whose, name=text("邀请好友，各得好礼", "Bring a friend, both are rewarded"), currency=CURRENCY,
                inviter=inviter, friend=friend, least=5_000, wait_days=7, per_month=10, friends=1_000,
            ),
        )  # fmt: skip
        code = await growth.invite_code(tx, whose, buyer_id)
        for n in range(FRIENDS):
            try:
                await growth.accept_invitation(tx, code, BuyerId(made("friend", str(whose), str(n))))
            except NotNew:
                continue


def _named(chinese: str, english: str) -> Text:
    return text(chinese, english)


def _birthday(whose: MerchantId) -> Offer:
    now = datetime.now(UTC)
    return Offer(
        merchant_id=whose,
        promotion_id=PromotionId(made("birthday", str(whose))),
        name=text("生日礼券", "Birthday coupon"),
        rule=AmountOff(steps=(Step(BIRTHDAY_OFF * 5, BIRTHDAY_OFF),)),
        currency=CURRENCY,
        starts_at=now,
        ends_at=now + timedelta(days=365),
        coupon=True,
        given=True,
        per_buyer=3,
        platform_millionths=1_000_000 if whose == PLATFORM else 0,
    )


async def _uncounted(read: Read, began: date) -> Sequence[tuple[UUID, UUID]]:
    """Orders received since then that have earned their buyers nothing yet at the platform, and would."""
    rows = await read.fetch(
        """
        SELECT o.merchant_id, o.order_id FROM orders o JOIN buyers b ON b.buyer_id = o.buyer_id AND NOT b.guest
        WHERE o.completed_at >= $1 AND o.currency = $2 AND o.total - o.refunded > 100
          AND NOT EXISTS (SELECT FROM growth_lines l WHERE l.merchant_id = $3 AND l.buyer_id = o.buyer_id
                          AND l.cause = 'order' AND l.document = o.order_id)
          AND NOT EXISTS (SELECT FROM payment_splits s
                          WHERE s.merchant_id = o.merchant_id AND s.order_id = o.order_id AND s.channel = 'points')
        ORDER BY o.completed_at, o.order_id LIMIT $4
        """,
        days.begins(began),
        CURRENCY,
        PLATFORM,
        ORDERS_AT_ONCE,
    )
    return [(row["merchant_id"], row["order_id"]) for row in rows]
