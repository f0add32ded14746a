"""What waits for somebody of the operator's staff: counted for the dashboard, each with the list that it leads to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from steelyard.goods import catalog
from steelyard.kernel import events
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.money import payments
from steelyard.money.payments.model import RefundState
from steelyard.operations import workboard
from steelyard.parties import applications, merchants
from steelyard.parties.applications.model import ApplicationState
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import aftersales, chargebacks, discipline, orders, reviews, risk, settlement
from steelyard.trade.aftersales import RequestSide
from steelyard.trade.settlement import StatementState

COUNTED_MAX = 100
LICENCE_DAYS_AHEAD = 30


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """`urgent` is what goes wrong while it waits."""

    label: str
    href: str
    count: int
    icon: str
    urgent: bool

    @property
    def tone(self) -> str:
        return "quiet" if not self.count else "bad" if self.urgent else "warn"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Each counted up to `COUNTED_MAX`. `stuck` are the subscribers that cannot get past an event."""

    refunds: int
    approvals: int
    payouts: int
    lost_parcels: int
    disputes: int
    chargebacks: int
    suspicious: int
    violations: int
    applications: int
    products: int
    reports: int
    objections: int
    licences: int
    renewals: int
    papers: int
    anew: int
    to_close: int
    owing: int
    stripe: int
    tasks: workboard.Counts
    stuck: list[events.Lag]


async def waiting(read: Read, account_id: UUID | None = None, roles: Sequence[str] = ()) -> Waiting:
    refunds = await payments.refunds_page(read, state=RefundState.FAILED, limit=COUNTED_MAX)
    payouts = await settlement.statements_page(read, state=StatementState.FAILED, limit=COUNTED_MAX)
    lost = await orders.with_lost_parcels(read, limit=COUNTED_MAX)
    objections = await settlement.objected(read, limit=COUNTED_MAX)
    today = settlement.settlement_day(datetime.now(UTC))
    soon = today + timedelta(days=LICENCE_DAYS_AHEAD)
    ending, renewals, papers, anew = await merchants.papers_to_look_at(read, soon, today, COUNTED_MAX)
    disputes, violations, owing = await discipline.waiting_for_platform(read)
    return Waiting(
        refunds=len(refunds.items),
        approvals=await aftersales.count_waiting(read, RequestSide.OPERATOR),
        payouts=len(payouts.items),
        lost_parcels=len(lost.items),
        violations=violations,
        disputes=disputes,
        chargebacks=len((await chargebacks.waiting_page(read, limit=COUNTED_MAX)).items),
        suspicious=await risk.held_count(read, COUNTED_MAX),
        applications=(await applications.counts(read)).get(ApplicationState.SUBMITTED, 0),
        products=await catalog.waiting_count(read),
        reports=await reviews.waiting_for_staff(read),
        objections=len(objections.items),
        licences=ending,
        renewals=renewals,
        papers=papers,
        anew=anew,
        to_close=len(await discipline.to_close(read, datetime.now(UTC))),
        owing=owing,
        stripe=sum(each.count for each in await settlement.waits_for_stripe(read)),
        tasks=await workboard.counts(read, None, account_id, roles),
        stuck=[lag for lag in await events.lags(read) if lag.error],
    )


def tasks(visit: Visit, found: Waiting) -> list[Task]:
    """Those that the visitor may do something about: what goes wrong meanwhile first."""
    known = (
        (N_("Failed refunds"), f"{frame.REFUNDS}?state=failed", found.refunds, "undo-2", True, "payments.read"),
        (N_("Refunds for a second person"), f"{frame.REFUNDS}/approvals", found.approvals, "users-round", True,
         "refunds.approve"),
        (N_("Lost parcels"), f"{frame.ORDERS}?state=lost", found.lost_parcels, "package", True, "orders.read"),
        (N_("Disputes to decide"), frame.DISPUTES, found.disputes, "scale", True, "orders.manage"),
        (N_("Chargebacks to answer"), frame.CHARGEBACKS, found.chargebacks, "shield-alert", True, "orders.manage"),
        (N_("Suspicious orders to look at"), frame.RISK, found.suspicious, "scan-search", True, "orders.manage"),
        (N_("Appeals against violations"), f"{frame.VIOLATIONS}?state=waiting", found.violations, "shield-alert", True,
         "merchants.discipline"),
        (N_("Shops to close for their points"), f"{frame.VIOLATIONS}?state=close", found.to_close, "store", True,
         "merchants.discipline"),
        (N_("Shops that owe"), f"{frame.VIOLATIONS}?state=owing", found.owing, "landmark", False, "merchants.discipline"),
        (N_("Failed payouts"), f"{frame.SETTLEMENT}?state=failed", found.payouts, "landmark", True, "settlement.run"),
        (N_("Payouts that wait for Stripe"), f"{frame.SETTLEMENT}?state=held", found.stripe, "hourglass", True, "settlement.run"),
        (N_("Subscribers that are stuck"), f"{frame.SYSTEM}/subscribers", len(found.stuck), "activity", True, "system.read"),
        (N_("Statements objected to"), f"{frame.SETTLEMENT}?state=objected", found.objections, "receipt-text", True,
         "settlement.run"),
        (N_("Applications to decide"), frame.APPLICATIONS, found.applications, "user-round-plus", False, "merchants.review"),
        (N_("Products to review"), frame.PRODUCT_REVIEWS, found.products, "clipboard-check", False, "catalog.manage"),
        (N_("Reported reviews and questions"), frame.REVIEWS, found.reports, "message-square-text", False,
         "reviews.moderate"),
        (N_("Tasks that are late"), f"{frame.TASKS}?whose=late", found.tasks.late, "list-checks", True, "tasks.work"),
        (N_("Tasks for you"), f"{frame.TASKS}?whose=mine", found.tasks.mine, "list-checks", False, "tasks.work"),
        (N_("Tasks for your role"), f"{frame.TASKS}?whose=role", found.tasks.role, "list-checks", False, "tasks.work"),
        (N_("Shops to look at anew"), f"{frame.MERCHANTS}?licence=anew", found.anew, "scan-search", True, "merchants.review"),
        (N_("New licences to look over"), f"{frame.MERCHANTS}?licence=renewed", found.renewals, "file-badge", False,
         "merchants.review"),
        (N_("Papers to look over"), frame.PAPERS, found.papers, "files", False, "merchants.review"),
        (N_("Licences that end soon"), f"{frame.MERCHANTS}?licence=ending", found.licences, "calendar-clock", False,
         "merchants.read"),
    )  # fmt: skip
    return [
        Task(label=visit.say(label), href=href, count=count, icon=icon, urgent=urgent)
        for label, href, count, icon, urgent, permission in known
        if visit.actor.may(permission)
    ]
