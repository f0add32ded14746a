"""The frame of every page of the merchant console: its navigation, for what the signed-in person may see."""

from collections.abc import Sequence
from typing import Any

from litestar import Response

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web import asking
from steelyard.surfaces.web.console_frame import framed
from steelyard.surfaces.web.guards import ANY_STAFF
from steelyard.surfaces.web.visit import Visit

HOME = "/merchant"
FIGURES = f"{HOME}/figures"
ORDERS = f"{HOME}/orders"
AFTER_SALES = f"{HOME}/after-sales"
CHARGEBACKS = f"{HOME}/chargebacks"
REFUNDS = f"{HOME}/refunds"
PROMISES = f"{HOME}/promises"
REVIEWS = f"{HOME}/reviews"
QUESTIONS = f"{HOME}/questions"
PRODUCTS = f"{HOME}/products"
STOCK = f"{HOME}/stock"
FREIGHT = f"{HOME}/freight"
PROMOTIONS = f"{HOME}/promotions"
FLASH = f"{HOME}/flash"
PRESALES = f"{HOME}/presales"
GROUPS = f"{HOME}/groups"
MEMBERSHIP = f"{HOME}/membership"
INVITATIONS = f"{HOME}/invitations"
TARGETED = f"{HOME}/growth/coupons"
TEAMS = f"{HOME}/group-buying"
CALENDAR = f"{HOME}/calendar"
LIVE = f"{HOME}/live"
CAMPAIGNS = f"{HOME}/campaigns"
SEGMENTS = f"{HOME}/segments"
STATEMENTS = f"{HOME}/statements"
MONEY = f"{HOME}/money"
FEES = f"{HOME}/fees"
TAXES = f"{HOME}/taxes"
EINVOICES = f"{HOME}/e-invoices"
CHARGES = f"{HOME}/charges"
INVOICES = f"{HOME}/invoices"
SHOP = f"{HOME}/shop"
COMPLIANCE = f"{HOME}/compliance"
DECORATION = f"{HOME}/decoration/shop"
STAFF = f"{HOME}/staff"
API_KEYS = f"{HOME}/api-keys"
AUDIT = f"{HOME}/audit"
LIFECYCLE = f"{HOME}/lifecycle"
ANALYSIS = f"{HOME}/analysis"
LINKS = f"{HOME}/links"
MESSAGES = f"{HOME}/messages"

EXPERIMENTS = f"{HOME}/experiments"
SURVEYS = f"{HOME}/surveys"
JOURNEYS = f"{HOME}/journeys"

TASKS = f"{HOME}/tasks"
BUSINESS_REVIEWS = f"{HOME}/business-reviews"

FIND = f"{HOME}/find"

PLACES = (
    (HOME, N_("Workbench"), "layout-dashboard", ANY_STAFF, ""),
    (f"{FIGURES}/sales", N_("Figures"), "chart-line", "figures.read", ""),
    (BUSINESS_REVIEWS, N_("Business reviews"), "notebook-pen", "figures.read", ""),
    (TASKS, N_("Tasks"), "list-checks", "tasks.work", ""),
    (ORDERS, N_("Orders"), "package", "orders.read", N_("Trade")),
    (AFTER_SALES, N_("After-sales"), "undo-2", "orders.read", N_("Trade")),
    (CHARGEBACKS, N_("Chargebacks"), "shield-alert", "orders.read", N_("Trade")),
    (PROMISES, N_("Promises"), "timer", "orders.read", N_("Trade")),
    (REVIEWS, N_("Reviews"), "message-square-text", "reviews.answer", N_("Trade")),
    (QUESTIONS, N_("Questions"), "message-circle-question-mark", "reviews.answer", N_("Trade")),
    (PRODUCTS, N_("Products"), "shirt", "products.read", N_("Goods")),
    (STOCK, N_("Stock"), "boxes", "stock.read", N_("Goods")),
    (FREIGHT, N_("Freight"), "truck", "freight.edit", N_("Goods")),
    (PROMOTIONS, N_("Promotions"), "ticket-percent", "promotions.manage", N_("Marketing")),
    (FLASH, N_("Flash sales"), "zap", "promotions.manage", N_("Marketing")),
    (CAMPAIGNS, N_("Platform campaigns"), "party-popper", "promotions.manage", N_("Marketing")),
    (TEAMS, N_("Group buying"), "handshake", "promotions.manage", N_("Marketing")),
    (PRESALES, N_("Presales"), "calendar-clock", "promotions.manage", N_("Marketing")),
    (GROUPS, N_("Customer groups"), "users-round", "promotions.manage", N_("Marketing")),
    (MEMBERSHIP, N_("Membership"), "crown", "promotions.manage", N_("Marketing")),
    (TARGETED, N_("Targeted coupons"), "target", "promotions.manage", N_("Marketing")),
    (INVITATIONS, N_("Invitations"), "user-round-plus", "promotions.manage", N_("Marketing")),
    (LIVE, N_("Live"), "radio", "live.read", N_("Marketing")),
    (CALENDAR, N_("Calendar"), "calendar-days", "promotions.manage", N_("Marketing")),
    (LIFECYCLE, N_("Lifecycle"), "users-round", "users.read", N_("Users")),
    (f"{ANALYSIS}/trend", N_("Analysis"), "chart-line", "users.read", N_("Users")),
    (SEGMENTS, N_("Segments"), "users-round", "users.read", N_("Users")),
    (JOURNEYS, N_("Journeys"), "workflow", "users.read", N_("Users")),
    (MESSAGES, N_("Messages"), "mail", "users.read", N_("Users")),
    (LINKS, N_("Campaign links"), "link", "users.manage", N_("Users")),
    (EXPERIMENTS, N_("Experiments"), "flask-conical", "users.read", N_("Users")),
    (SURVEYS, N_("Surveys"), "messages-square", "users.read", N_("Users")),
    (MONEY, N_("Balance"), "wallet", "statements.read", N_("Money")),
    (REFUNDS, N_("Refunds"), "undo-2", "orders.read", N_("Money")),
    (STATEMENTS, N_("Statements"), "receipt-text", "statements.read", N_("Money")),
    (FEES, N_("Commission and fees"), "percent", "statements.read", N_("Money")),
    (INVOICES, N_("Invoices"), "receipt", "invoices.manage", N_("Money")),
    (CHARGES, N_("Commission invoices"), "receipt-text", "statements.read", N_("Money")),
    (TAXES, N_("Taxes"), "percent", "statements.read", N_("Money")),
    (SHOP, N_("Shop"), "store", "shop.edit", N_("Settings")),
    (COMPLIANCE, N_("Compliance"), "shield-check", "shop.edit", N_("Settings")),
    (DECORATION, N_("Shop decoration"), "layout-template", "shop.decorate", N_("Settings")),
    (STAFF, N_("Staff"), "users", "staff.manage", N_("Settings")),
    (API_KEYS, N_("API keys"), "key-round", "api_keys.manage", N_("Settings")),
    (AUDIT, N_("Audit log"), "scroll-text", "audit.read", N_("Settings")),
)


async def currency(read: Read, merchant_id: MerchantId) -> str:
    """What a merchant's amounts are typed in."""
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    return merchant.currency


async def show(
    visit: Visit,
    template: str,
    here: str,
    /,
    *,
    crumbs: Sequence[tuple[str, str | None]] = (),
    status: int = 200,
    search: str = "",
    back: str = HOME,
    **values: Any,
) -> Response[str]:
    """A page of the console; `here` is the navigation's entry that it belongs to, `back` where its mark leads."""
    news = await asking.of_merchant(visit)
    return await framed(
        visit,
        template,
        here,
        PLACES,
        surface="merchant",
        asking=asking.notice(visit, news, f"{HOME}/agree", await asking.until_agreed(visit, news[0]) if news else ""),
        crumbs=crumbs,
        status=status,
        search=search,
        back=back,
        values=values,
    )
