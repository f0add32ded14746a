"""The run-time settings there are. A new one is entered here, and read where it counts with `policies.number`."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.policies.behaviour_rules import BEHAVIOUR_KEPT, ROBOT_VIEWS
from steelyard.parties.policies.case_times import (
    CASE_BUYER_CONFIRMS,
    CASE_BUYER_OBJECTS,
    CASE_BUYER_SENDS,
    CASE_SHOP_ANSWERS,
    CASE_SHOP_INSPECTS,
    CASE_SHOP_RESENDS,
)
from steelyard.parties.policies.dispute_rules import (
    CHARGEBACK_FEES,
    RISK_HOLDS,
    RISK_HOURS,
    RISK_RELEASES,
    RISK_SCORE,
)
from steelyard.parties.policies.door_rules import CARRIER_DAYS, DOOR_REFUSAL_DAYS, DOOR_REFUSALS
from steelyard.parties.policies.gift_rules import (
    GIFTS_LEAST,
    GIFTS_MOST,
    GIFTS_PER_DAY,
    GIFTS_REFUND_DAYS,
    GIFTS_SOLD,
)
from steelyard.parties.policies.kinds import ACCOUNTS, KEEPING, MERCHANTS, TRADE, Policy, Unit
from steelyard.parties.policies.reconciling import RECONCILIATION_ALONE
from steelyard.parties.policies.shop_rules import (
    DEBT_REMINDER,
    DEBT_RESTRICTS,
    DEPOSIT_DAYS,
    INVOICE_DAYS,
    OWED_DAYS,
    VERIFY_DAYS,
    VERIFY_GRACE,
    VERIFY_NOTICE,
)


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A policy with what counts now, and with what is planned from a day to come. `changed_at` is none while the default
    counts."""

    policy: Policy
    value: int
    changed_at: datetime | None
    changed_by: UUID | None
    planned: int | None = None
    from_day: date | None = None


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True):
    change_id: UUID
    policy: str
    before: int
    after: int
    at: datetime
    by: UUID | None


PAYMENT_WINDOW = Policy(
    key="payment_window",
    area=TRADE,
    name=N_("Time to pay"),
    about=N_(
        "A purchase that is not paid by then is cancelled by itself, and its stock is free again. It "
        "counts for purchases placed from now on."
    ),
    unit=Unit.MINUTES,
    default=30,
    least=5,
    most=1_440,
)
UNTRACKED_DELIVERY = Policy(
    key="untracked_delivery",
    area=TRADE,
    name=N_("Days until an untracked parcel counts as delivered"),
    about=N_(
        "Some carriers tell nothing. After these days, and the merchant's days for receipt, the order is "
        "completed by itself. It counts for orders shipped from now on."
    ),
    unit=Unit.DAYS,
    default=15,
    least=3,
    most=90,
)
SETTLEMENT_DAYS = Policy(
    key="settlement_days",
    area=MERCHANTS,
    name=N_("Settlement of new merchants: T+"),
    about=N_(
        "How many days after receipt a merchant's money is put on a statement. It is offered when an "
        "application is approved; each merchant's own terms are on its page."
    ),
    unit=Unit.DAYS,
    default=1,
    least=0,
    most=90,
)
RECEIPT_DAYS = Policy(
    key="receipt_days",
    area=MERCHANTS,
    name=N_("Receipt by itself for new merchants"),
    about=N_(
        "After so many days from delivery a buyer who says nothing counts as having received the goods. "
        "It is offered when an application is approved."
    ),
    unit=Unit.DAYS,
    default=7,
    least=0,
    most=60,
)
APPLICATION_DAYS = Policy(
    key="application_days",
    area=MERCHANTS,
    name=N_("Days to answer an application"),
    about=N_("What applicants are told, and after which a waiting application is marked in the queue."),
    unit=Unit.DAYS,
    default=2,
    least=1,
    most=30,
)
LICENCE_REMINDER = Policy(
    key="licence_reminder",
    area=MERCHANTS,
    name=N_("First reminder before a licence ends"),
    about=N_(
        "Owners are reminded so many days before, and again 7 days and 1 day before. On the day after, "
        "the shop is suspended by itself."
    ),
    unit=Unit.DAYS,
    default=30,
    least=8,
    most=180,
)
RULES_GRACE = Policy(
    key="rules_grace",
    area=MERCHANTS,
    name=N_("Time to agree to new rules"),
    about=N_(
        "So long after new rules for merchants begin to count, a shop that has not agreed puts no new products on the "
        "shelf. What is on sale stays; orders and payouts go on."
    ),
    unit=Unit.DAYS,
    default=30,
    least=0,
    most=180,
)
SCAN_MEGABYTES = Policy(
    key="scan_megabytes",
    area=MERCHANTS,
    name=N_("Largest scan of a licence"),
    about=N_("Larger files are refused when they are uploaded with an application."),
    unit=Unit.MEGABYTES,
    default=8,
    least=1,
    most=8,
)
INVITATION_DAYS = Policy(
    key="invitation_days",
    area=ACCOUNTS,
    name=N_("How long an invitation is good"),
    about=N_("The link by which new staff, and applicants, set their password. Mails that are out keep their day."),
    unit=Unit.DAYS,
    default=7,
    least=1,
    most=30,
)
RESET_MINUTES = Policy(
    key="reset_minutes",
    area=ACCOUNTS,
    name=N_("How long a link for a new password is good"),
    about=N_("Shorter is safer where mailboxes are shared; longer helps where mail is slow."),
    unit=Unit.MINUTES,
    default=60,
    least=5,
    most=1_440,
)
CART_DAYS = Policy(
    key="cart_days",
    area=KEEPING,
    name=N_("How long a forgotten cart is kept"),
    about=N_("Lines that nobody has touched for so long are taken out of the cart."),
    unit=Unit.DAYS,
    default=180,
    least=7,
    most=730,
)
CHECKOUT_DAYS = Policy(
    key="checkout_days",
    area=KEEPING,
    name=N_("How long a checkout that was never placed is kept"),
    about=N_("It holds an address and a telephone number, so it should not be kept longer than it is of use."),
    unit=Unit.DAYS,
    default=30,
    least=1,
    most=365,
)

WALLETS = Policy(
    key="wallets",
    area=TRADE,
    name=N_("Balance and gift cards"),
    about=N_(
        "Whether gift cards are issued and redeemed and buyers are given credit (1: yes, 0: no). Keeping money of buyers "
        "for the goods of many merchants needs a licence in many countries, in China among them: ask before you switch it "
        "on. What is in a balance can be spent also when it is off."
    ),
    unit=Unit.YES_OR_NO,
    default=0,
    least=0,
    most=1,
)
POINTS_EARNED = Policy(
    key="points_earned",
    area=TRADE,
    name=N_("Points for every 100 spent"),
    about=N_(
        "How many points a buyer earns for 100 minor units (1.00 of most currencies) that were paid with money, when the "
        "goods are received. A point is worth one minor unit, and the platform bears it. None: no points."
    ),
    unit=Unit.POINTS,
    default=0,
    least=0,
    most=20,
)
POINTS_WELCOME = Policy(
    key="points_welcome",
    area=TRADE,
    name=N_("Points for opening an account"),
    about=N_("Given once, in the platform's currency, and good as long as other points. None: no points."),
    unit=Unit.POINTS,
    default=0,
    least=0,
    most=2_000,
)
POINTS_CHECK_IN = Policy(
    key="points_check_in",
    area=TRADE,
    name=N_("Points for checking in"),
    about=N_("Once a day (Chinese time), for who opens the wallet and says so. None: there is no button for it."),
    unit=Unit.POINTS,
    default=0,
    least=0,
    most=100,
)
POINTS_REVIEW = Policy(
    key="points_review",
    area=TRADE,
    name=N_("Points for a review"),
    about=N_(
        "For each article of an order that a buyer reviews, however many stars it gets: who is paid for praise only "
        "does not tell the truth. None: no points."
    ),
    unit=Unit.POINTS,
    default=0,
    least=0,
    most=500,
)
POINTS_SHARE = Policy(
    key="points_share",
    area=TRADE,
    name=N_("The most that points pay of a purchase"),
    about=N_("The rest is paid with money."),
    unit=Unit.PERCENT,
    default=50,
    least=0,
    most=100,
)
POINTS_MONTHS = Policy(
    key="points_months",
    area=TRADE,
    name=N_("How long points are good"),
    about=N_("Counted from when they are earned; the oldest are spent first. It counts for points earned from now on."),
    unit=Unit.MONTHS,
    default=12,
    least=1,
    most=60,
)

MARGIN_LEAST = Policy(
    key="margin_least",
    area=TRADE,
    name=N_("Warn of a margin below"),
    about=N_(
        "Who makes an offer is warned when an article could be sold for hardly more than it costs the shop, as far as the "
        "shop has said what it costs. Of the price, all offers together counted."
    ),
    unit=Unit.PERCENT,
    default=5,
    least=0,
    most=90,
)
OFF_MOST = Policy(
    key="off_most",
    area=TRADE,
    name=N_("Warn when offers together take off more than"),
    about=N_(
        "Who makes an offer is warned when an article could be had for so much less with all offers and coupons together."
    ),
    unit=Unit.PERCENT,
    default=70,
    least=10,
    most=99,
)
LIVE_RECORD_MONTHS = Policy(
    key="live_record_months",
    area=KEEPING,
    name=N_("How long it is known who wrote in a live session"),
    about=N_(
        "The record of a live session, with its video, chat and trades, is kept for three years at least. After this time it "
        "says no more who wrote a message; the words stay."
    ),
    unit=Unit.MONTHS,
    default=36,
    least=36,
    most=120,
)
POLICIES: tuple[Policy, ...] = (
    PAYMENT_WINDOW,
    UNTRACKED_DELIVERY,
    SETTLEMENT_DAYS,
    RECEIPT_DAYS,
    APPLICATION_DAYS,
    LICENCE_REMINDER,
    RULES_GRACE,
    SCAN_MEGABYTES,
    INVITATION_DAYS,
    RESET_MINUTES,
    CART_DAYS,
    CHECKOUT_DAYS,
    LIVE_RECORD_MONTHS,
    BEHAVIOUR_KEPT,
    ROBOT_VIEWS,
    WALLETS,
    POINTS_EARNED,
    POINTS_WELCOME,
    POINTS_CHECK_IN,
    POINTS_REVIEW,
    POINTS_SHARE,
    POINTS_MONTHS,
    MARGIN_LEAST,
    OFF_MOST,
    GIFTS_SOLD,
    GIFTS_LEAST,
    GIFTS_MOST,
    GIFTS_PER_DAY,
    GIFTS_REFUND_DAYS,
    RECONCILIATION_ALONE,
    RISK_HOLDS,
    RISK_SCORE,
    RISK_HOURS,
    RISK_RELEASES,
    CHARGEBACK_FEES,
    DOOR_REFUSALS,
    DOOR_REFUSAL_DAYS,
    CARRIER_DAYS,
    CASE_SHOP_ANSWERS,
    CASE_BUYER_SENDS,
    CASE_SHOP_INSPECTS,
    CASE_BUYER_OBJECTS,
    CASE_SHOP_RESENDS,
    CASE_BUYER_CONFIRMS,
    VERIFY_DAYS,
    VERIFY_NOTICE,
    VERIFY_GRACE,
    INVOICE_DAYS,
    DEPOSIT_DAYS,
    OWED_DAYS,
    DEBT_REMINDER,
    DEBT_RESTRICTS,
)


def policy_called(key: str) -> Policy:
    """Raises `NotFound`."""
    found = next((policy for policy in POLICIES if policy.key == key), None)
    if found is None:
        raise NotFound()
    return found
