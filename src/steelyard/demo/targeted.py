"""Targeted coupons of the demo's first shop: one that has ended, with what its people bought since they were shared out, and one
that is drawn up, as there is one of the platform. Nobody holds a coupon of any, so that no order becomes cheaper by them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.demo.products import made
from steelyard.goods import promotions
from steelyard.goods.promotions.model import PLATFORM, AmountOff, Offer, PromotionId, Step
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import Text, text
from steelyard.operations import experiments, growth
from steelyard.operations.experiments import Exposure
from steelyard.operations.growth import NewTargeted, TargetedId
from steelyard.parties.merchants.model import MerchantId

BY = "staff:demo"
PARTS = ("对照组", "发券组")
RAN_DAYS = 21
PEOPLE = 600
HELD_OUT = 30


async def aim(db: Database, merchant_id: UUID, segment_id: UUID, currency: str) -> None:
    """Said again, nothing is there twice."""
    if await db.ask(growth.all_targeted, merchant_id):
        return
    await db.transact(_ended, merchant_id, segment_id, currency)
    await db.transact(_drafted, merchant_id, segment_id, currency)


async def aim_everywhere(db: Database, segment_id: UUID, currency: str) -> None:
    """The platform's, likewise."""
    if not await db.ask(growth.all_targeted, PLATFORM):
        await db.transact(_drafted, PLATFORM, segment_id, currency)


async def _drafted(tx: Tx, merchant_id: UUID, segment_id: UUID, currency: str) -> None:
    await _drawn_up(tx, merchant_id, segment_id, currency, "spring", "换季回来看看")


async def _ended(tx: Tx, merchant_id: UUID, segment_id: UUID, currency: str) -> None:
    """Who had bought by then was shared out; after a few days the shop took the unused coupons back."""
    targeted_id = await _drawn_up(tx, merchant_id, segment_id, currency, "asleep", "唤醒老客")
    began = datetime.now(UTC) - timedelta(days=RAN_DAYS)
    await growth.start_targeted(tx, merchant_id, targeted_id, BY)
    found, _ = await experiments.experiment(tx, merchant_id, targeted_id)
    rows = await tx.fetch(
        """
        SELECT DISTINCT o.buyer_id FROM orders o JOIN buyers b ON b.buyer_id = o.buyer_id AND NOT b.guest
        WHERE o.merchant_id = $1 AND o.paid_at < $2 ORDER BY o.buyer_id LIMIT $3
        """,
        merchant_id,
        began,
        PEOPLE,
    )
    turns = [
        (
            row["buyer_id"],
            experiments.variant_of(found.salt, row["buyer_id"], 1_000_000, (HELD_OUT, 100 - HELD_OUT)) or 0,
        )
        for row in rows
    ]
    await experiments.expose(
        tx,
        [
            Exposure(merchant_id=merchant_id, experiment_id=targeted_id, unit_id=who, variant=part, at=began)
            for who, part in turns
        ],
    )
    gets = sum(part for _, part in turns)
    await growth.stop_targeted(tx, merchant_id, targeted_id, BY, take_back=True)
    await tx.execute(
        """
        UPDATE targeted_coupons SET given = $3, held = $4, passed = true, taken_back = $3, taken_at = now(), created_at = $5
             , started_at = $5, until = $5::timestamptz + days * interval '1 day'
        WHERE merchant_id = $1 AND targeted_id = $2
        """,
        merchant_id,
        targeted_id,
        gets,
        len(turns) - gets,
        began,
    )
    await promotions.stop(tx, merchant_id, _coupon(merchant_id, "asleep"))


async def _drawn_up(tx: Tx, merchant_id: UUID, segment_id: UUID, currency: str, key: str, name: str) -> TargetedId:
    now = datetime.now(UTC)
    words: Text = text("老客满 300 减 30", "30 off 300 for old friends")
    await promotions.save(
        tx,
        Offer(
            merchant_id=MerchantId(merchant_id), promotion_id=_coupon(merchant_id, key), name=words, currency=currency,
            rule=AmountOff(steps=(Step(30_000, 3_000),)), starts_at=now - timedelta(days=RAN_DAYS + 1),
            ends_at=now + timedelta(days=30), coupon=True, given=True, per_buyer=1,
            platform_millionths=1_000_000 if merchant_id == PLATFORM else 0,
        ),
    )  # fmt: skip
    new = NewTargeted(
        merchant_id=merchant_id, targeted_id=TargetedId(made("targeted", str(merchant_id), key)), name=name,
        segment_id=segment_id, promotion_id=_coupon(merchant_id, key), currency=currency, held_out=HELD_OUT, coupons=1_000,
        budget=3_000_000, joining=True, days=28,
    )  # fmt: skip
    await growth.draw_up_targeted(tx, new, PARTS, BY)
    return new.targeted_id


def _coupon(merchant_id: UUID, key: str) -> PromotionId:
    return PromotionId(made("targeted", "coupon", str(merchant_id), key))
