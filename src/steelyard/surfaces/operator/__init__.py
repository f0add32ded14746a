"""The operator console, `/operator`: how the marketplace does, its merchants, orders, money, and the house itself."""

from litestar import Router

from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.operator import (
    api_keys,
    applications,
    attributes,
    behind,
    books,
    buyer_list,
    categories,
    documents,
    figures,
    licences,
    merchant_life,
    merchant_page,
    merchants,
    opinions,
    orders,
    pages,
    payments,
    people,
    product_reviews,
    profile,
    refunds_behind,
    run_time,
    searching,
    seeking,
    settlement,
    system,
    system_jobs,
    system_subscribers,
    system_sweeps,
    today,
)
from steelyard.surfaces.web.console import SIGN_IN_FIRST
from steelyard.surfaces.web.guards import staff_only

router = Router(
    "/operator",
    route_handlers=[
        *today.HANDLERS,
        *seeking.HANDLERS,
        *behind.HANDLERS,
        *refunds_behind.HANDLERS,
        *figures.HANDLERS,
        *applications.HANDLERS,
        *merchants.HANDLERS,
        *merchant_page.HANDLERS,
        *merchant_life.HANDLERS,
        *licences.HANDLERS,
        *buyer_list.HANDLERS,
        *orders.HANDLERS,
        *payments.HANDLERS,
        *books.HANDLERS,
        *settlement.HANDLERS,
        *categories.HANDLERS,
        *attributes.HANDLERS,
        *product_reviews.HANDLERS,
        *opinions.HANDLERS,
        *searching.HANDLERS,
        *pages.HANDLERS,
        *people.HANDLERS,
        *api_keys.HANDLERS,
        *profile.HANDLERS,
        *run_time.HANDLERS,
        *documents.HANDLERS,
        *system.HANDLERS,
        *system_subscribers.HANDLERS,
        *system_sweeps.HANDLERS,
        *system_jobs.HANDLERS,
    ],
    guards=[staff_only(AccountKind.OPERATOR)],
    exception_handlers=SIGN_IN_FIRST,
)

__all__ = ["router"]
