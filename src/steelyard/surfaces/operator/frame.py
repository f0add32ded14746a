"""The frame of every page of the operator console: its navigation, for what the signed-in person may see."""

from collections.abc import Sequence
from typing import Any

from litestar import Response

from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.console_frame import framed
from steelyard.surfaces.web.visit import Visit

HOME = "/operator"
FIGURES = f"{HOME}/figures"
MERCHANTS = f"{HOME}/merchants"
APPLICATIONS = f"{HOME}/applications"
BUYERS = f"{HOME}/buyers"
ORDERS = f"{HOME}/orders"
PAYMENTS = f"{HOME}/payments"
REFUNDS = f"{HOME}/refunds"
CHANNELS = f"{HOME}/channels"
TRANSFERS = f"{HOME}/transfers"
DOOR = f"{HOME}/cash-on-delivery"
BOOKS = f"{HOME}/books"
MONEY = f"{HOME}/money"
RECONCILIATION = f"{HOME}/reconciliation"
TAXES = f"{HOME}/taxes"
CHARGES = f"{HOME}/charges"
SETTLEMENT = f"{HOME}/settlement"
FEES = f"{HOME}/fees"
WALLETS = f"{HOME}/wallets"
CATEGORIES = f"{HOME}/categories"
FLASH = f"{HOME}/flash"
TEAMS = f"{HOME}/group-buying"
PRESALES = f"{HOME}/presales"
CALENDAR = f"{HOME}/calendar"
LIVE = f"{HOME}/live"
CAMPAIGNS = f"{HOME}/campaigns"
PRODUCT_REVIEWS = f"{HOME}/product-reviews"
REVIEWS = f"{HOME}/reviews"
WORDS = f"{HOME}/words"
DISPUTES = f"{HOME}/disputes"
CHARGEBACKS = f"{HOME}/chargebacks"
RISK = f"{HOME}/risk"
PROMOTIONS = f"{HOME}/promotions"
VIOLATIONS = f"{HOME}/violations"
PAPERS = f"{HOME}/papers"
RIGHTS = f"{HOME}/rights"
COMPENSATIONS = f"{HOME}/compensations"
SEARCH = f"{HOME}/search"
PAGES = f"{HOME}/pages"
EXPERIMENTS = f"{HOME}/experiments"
SURVEYS = f"{HOME}/surveys"

TASKS = f"{HOME}/tasks"
BUSINESS_REVIEWS = f"{HOME}/business-reviews"

FIND = f"{HOME}/find"
SEGMENTS = f"{HOME}/segments"
TARGETED = f"{HOME}/growth/coupons"
MEMBERSHIP = f"{HOME}/membership"
INVITATIONS = f"{HOME}/invitations"
STAFF = f"{HOME}/staff"
API_KEYS = f"{HOME}/api-keys"
AUDIT = f"{HOME}/audit"
LIFECYCLE = f"{HOME}/lifecycle"
ANALYSIS = f"{HOME}/analysis"
PROFILE = f"{HOME}/profile"
SYSTEM = f"{HOME}/system"
SETTINGS = f"{HOME}/settings"
DOCUMENTS = f"{HOME}/documents"


PLACES = (
    (HOME, N_("Dashboard"), "layout-dashboard", "dashboard.read", ""),
    (f"{FIGURES}/days", N_("Figures"), "chart-line", "dashboard.read", ""),
    (BUSINESS_REVIEWS, N_("Business reviews"), "notebook-pen", "dashboard.read", ""),
    (TASKS, N_("Tasks"), "list-checks", "tasks.work", ""),
    (MERCHANTS, N_("Merchants"), "store", "merchants.read", N_("Trade")),
    (APPLICATIONS, N_("Applications"), "user-round-plus", "merchants.review", N_("Trade")),
    (ORDERS, N_("Orders"), "package", "orders.read", N_("Trade")),
    (DISPUTES, N_("Disputes"), "scale", "orders.manage", N_("Trade")),
    (CHARGEBACKS, N_("Chargebacks"), "shield-alert", "orders.manage", N_("Trade")),
    (RISK, N_("Suspicious orders"), "scan-search", "orders.manage", N_("Trade")),
    (RIGHTS, N_("Buyers’ rights"), "shield-check", "settings.manage", N_("Trade")),
    (COMPENSATIONS, N_("Compensations"), "hand-coins", "orders.read", N_("Trade")),
    (PAPERS, N_("Papers of shops"), "file-badge", "merchants.review", N_("Trade")),
    (VIOLATIONS, N_("Violations of rules"), "shield-alert", "merchants.discipline", N_("Trade")),
    (PRODUCT_REVIEWS, N_("Product reviews"), "clipboard-check", "catalog.manage", N_("Trade")),
    (FLASH, N_("Flash sales"), "zap", "catalog.manage", N_("Trade")),
    (TEAMS, N_("Group buying"), "handshake", "catalog.manage", N_("Trade")),
    (PRESALES, N_("Presales"), "calendar-clock", "catalog.manage", N_("Trade")),
    (LIVE, N_("Live rooms"), "radio", "rooms.manage", N_("Trade")),
    (BUYERS, N_("Buyers"), "contact", "buyers.read", N_("Trade")),
    (CATEGORIES, N_("Goods categories"), "folder-tree", "catalog.manage", N_("Trade")),
    (REVIEWS, N_("Reviews and questions"), "message-square-text", "reviews.moderate", N_("Trade")),
    (PROMOTIONS, N_("Promotions"), "ticket-percent", "promotions.manage", N_("Trade")),
    (CAMPAIGNS, N_("Platform campaigns"), "party-popper", "promotions.manage", N_("Trade")),
    (CALENDAR, N_("Calendar"), "calendar-days", "promotions.manage", N_("Trade")),
    (TARGETED, N_("Targeted coupons"), "target", "promotions.manage", N_("Users")),
    (MEMBERSHIP, N_("Membership"), "crown", "promotions.manage", N_("Users")),
    (INVITATIONS, N_("Invitations"), "user-round-plus", "promotions.manage", N_("Users")),
    (WORDS, N_("Sensitive words"), "book-a", "words.manage", N_("Trade")),
    (f"{PAGES}/home", N_("Home page"), "layout-template", "catalog.manage", N_("Trade")),
    (SEARCH, N_("Search"), "search", "catalog.manage", N_("Trade")),
    (LIFECYCLE, N_("Lifecycle"), "users-round", "users.read", N_("Users")),
    (f"{ANALYSIS}/trend", N_("Analysis"), "chart-line", "users.read", N_("Users")),
    (SEGMENTS, N_("Segments"), "users-round", "users.read", N_("Users")),
    (EXPERIMENTS, N_("Experiments"), "flask-conical", "users.read", N_("Users")),
    (SURVEYS, N_("Surveys"), "messages-square", "users.read", N_("Users")),
    (PAYMENTS, N_("Payments"), "credit-card", "payments.read", N_("Money")),
    (REFUNDS, N_("Refunds"), "undo-2", "payments.read", N_("Money")),
    (TRANSFERS, N_("Bank transfers"), "landmark", "payments.read", N_("Money")),
    (DOOR, N_("Cash on delivery"), "hand-coins", "payments.read", N_("Money")),
    (CHANNELS, N_("Ways to pay"), "credit-card", "payments.read", N_("Money")),
    (MONEY, N_("Money position"), "chart-line", "ledger.read", N_("Money")),
    (BOOKS, N_("Trial balance"), "scale", "ledger.read", N_("Money")),
    (RECONCILIATION, N_("Reconciliation"), "list-checks", "reconciliation.manage", N_("Money")),
    (SETTLEMENT, N_("Settlement"), "receipt-text", "settlement.run", N_("Money")),
    (FEES, N_("Commission and fees"), "percent", "fees.manage", N_("Money")),
    (CHARGES, N_("Commission invoices"), "receipt", "ledger.read", N_("Money")),
    (TAXES, N_("Taxes"), "percent", "ledger.read", N_("Money")),
    (WALLETS, N_("Wallets"), "wallet", "wallets.manage", N_("Money")),
    (STAFF, N_("Staff"), "users", "staff.manage", N_("The house")),
    (API_KEYS, N_("API keys"), "key-round", "settings.manage", N_("The house")),
    (AUDIT, N_("Audit log"), "scroll-text", "audit.read", N_("The house")),
    (PROFILE, N_("Platform operator"), "landmark", "settings.manage", N_("The house")),
    (DOCUMENTS, N_("Terms and rules"), "book-check", "settings.manage", N_("The house")),
    (SETTINGS, N_("Settings"), "settings-2", "settings.manage", N_("The house")),
    (SYSTEM, N_("System"), "activity", "system.read", N_("The house")),
)


async def show(
    visit: Visit,
    template: str,
    here: str,
    /,
    *,
    crumbs: Sequence[tuple[str, str | None]] = (),
    status: int = 200,
    search: str = "",
    **values: Any,
) -> Response[str]:
    """A page of the console; `here` is the navigation's entry that it belongs to."""
    return await framed(
        visit, template, here, PLACES, surface="operator", crumbs=crumbs, status=status, search=search, values=values
    )
