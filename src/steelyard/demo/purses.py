"""Wallets in the demo: switched on, some gift cards out, and something in the purses of the demo's buyer."""

from datetime import UTC, datetime, timedelta

from steelyard.demo.products import made
from steelyard.kernel.db import Database, Tx
from steelyard.money import wallets
from steelyard.money.wallets import Cause, IssueId, Move, NewIssue, Purse
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import POINTS_CHECK_IN, POINTS_EARNED, WALLETS

POINTS_PER_HUNDRED = 1
CARD = 10_000
CREDIT = 1_500
POINTS = 860
CARDS = 20
CHECK_IN = 5
MONTHS = 12
DAYS = 360


async def fill(db: Database, buyer_id: BuyerId) -> None:
    """The operator has switched wallets on, issued cards, made up for a late parcel; the buyer has redeemed a card."""
    await db.transact(_fill, buyer_id)


async def _fill(tx: Tx, buyer_id: BuyerId) -> None:
    await policies.settle(tx, WALLETS, 1, None)
    await policies.settle(tx, POINTS_EARNED, POINTS_PER_HUNDRED, None)
    await policies.settle(tx, POINTS_CHECK_IN, CHECK_IN, None)
    minted = await wallets.issue(tx, _issue("年会礼品卡 Annual party", sold=True))
    await wallets.issue(tx, _issue("春季回馈 Spring", sold=False))
    if minted:  # none when they were issued before
        await wallets.redeem(tx, buyer_id, minted[0].code)
    credit_id = made("credit", "late parcel")
    await wallets.credit(tx, credit_id, buyer_id, CREDIT, "CNY", "快递延误补偿 Your parcel was late", "system")
    points = Move(
        buyer_id=buyer_id,
        purse=Purse.POINTS,
        currency="CNY",
        amount=POINTS,
        cause=Cause.EARNED,
        document=made("points", "welcome"),
        expires_at=datetime.now(UTC) + timedelta(days=DAYS),
    )
    await wallets.move(tx, [points])


def _issue(name: str, *, sold: bool) -> NewIssue:
    return NewIssue(
        issue_id=IssueId(made("gift cards", name)),
        name=name,
        amount=CARD,
        currency="CNY",
        cards=CARDS,
        sold=sold,
        months=None if sold else MONTHS,
        by="system",
    )
