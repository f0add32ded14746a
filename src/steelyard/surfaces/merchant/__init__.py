"""The merchant console, `/merchant`: a shop's orders, goods, stock, freight, money and people.

All of a merchant's data is read and written through `visit.merchant_db`, where row-level security hides every other
merchant's rows. Pages stand in `templates/`, their words are translated, and each works without JavaScript.
"""

from litestar import Router

from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.merchant import (
    after_sales,
    agreeing,
    api_keys,
    audit,
    bulk_shipping,
    carriers,
    counts,
    decoration,
    editor,
    figures,
    freight,
    home,
    invoices,
    licence,
    money,
    opinions,
    order_list,
    order_requests,
    orders,
    papers,
    pausing,
    product_changes,
    product_grid,
    product_history,
    product_list,
    product_pictures,
    product_sheets,
    products,
    seeking,
    shop,
    staff,
    statements,
    stock,
    stock_ledger,
    stock_list,
    stock_moves,
    warehouse_pages,
)
from steelyard.surfaces.web.console import SIGN_IN_FIRST
from steelyard.surfaces.web.guards import staff_only

router = Router(
    "/merchant",
    route_handlers=[
        *home.HANDLERS,
        *order_list.HANDLERS,
        *bulk_shipping.HANDLERS,
        *papers.HANDLERS,
        *seeking.HANDLERS,
        *figures.HANDLERS,
        *orders.HANDLERS,
        *opinions.HANDLERS,
        *order_requests.HANDLERS,
        *after_sales.HANDLERS,
        *products.HANDLERS,
        *product_list.HANDLERS,
        *product_grid.HANDLERS,
        *product_sheets.HANDLERS,
        *product_changes.HANDLERS,
        *stock_list.HANDLERS,
        *stock_moves.HANDLERS,
        *stock_ledger.HANDLERS,
        *counts.HANDLERS,
        *warehouse_pages.HANDLERS,
        *editor.HANDLERS,
        *product_history.HANDLERS,
        *product_pictures.HANDLERS,
        *stock.HANDLERS,
        *freight.HANDLERS,
        *carriers.HANDLERS,
        *money.HANDLERS,
        *statements.HANDLERS,
        *invoices.HANDLERS,
        *shop.HANDLERS,
        *licence.HANDLERS,
        *pausing.HANDLERS,
        *decoration.HANDLERS,
        *staff.HANDLERS,
        *agreeing.HANDLERS,
        *api_keys.HANDLERS,
        *audit.HANDLERS,
    ],
    guards=[staff_only(AccountKind.MERCHANT)],
    exception_handlers=SIGN_IN_FIRST,
)

__all__ = ["router"]
