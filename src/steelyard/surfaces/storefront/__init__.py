"""The storefront: where buyers look, choose, pay and follow what they bought. Without JavaScript, too.

A visitor is known by a sealed cookie and can do everything but keep an address book. Each file is one part of the
way: `browsing`, `product` (with `choosing`, `delivering`, `specifying`, `opinions`), `keeping`, `basket`, `till`, `paying`,
`purchases`, `reviewing`, `looking_up`; `doors` and `me` are the account, `house` the legal pages, the language and the
pictures.
"""

from litestar import Router

from steelyard.surfaces.storefront import (
    basket,
    browsing,
    delivering,
    doors,
    house,
    keeping,
    looking_up,
    me,
    opinions,
    paying,
    product,
    purchases,
    reviewing,
    till,
)

router = Router(
    path="/",
    route_handlers=[
        browsing.home,
        browsing.all_categories,
        browsing.category_page,
        browsing.search_page,
        browsing.shop_page,
        product.product,
        product.put_into_cart,
        *delivering.HANDLERS,
        *opinions.HANDLERS,
        *keeping.HANDLERS,
        *reviewing.HANDLERS,
        basket.cart_shown,
        basket.set_quantity,
        basket.select,
        basket.remove,
        basket.put_back,
        basket.clear_invalid,
        basket.accept_prices,
        basket.check_out,
        till.till,
        till.submit,
        till.give_up,
        paying.pay_again,
        paying.back_from_cashier,
        purchases.order_list,
        purchases.purchase_shown,
        purchases.order_shown,
        purchases.cancel_unpaid,
        purchases.cancel_paid,
        purchases.receive,
        purchases.buy_again,
        looking_up.find_order_page,
        looking_up.find_order,
        doors.sign_in_page,
        doors.sign_in,
        doors.register_page,
        doors.register,
        doors.sign_out,
        doors.forgot_page,
        doors.forgot,
        doors.password_page,
        doors.choose_password,
        me.overview,
        me.address_book,
        me.edit_address,
        me.save_address,
        me.remove_address,
        me.sessions,
        me.end_session,
        me.end_other_sessions,
        me.change_password,
        house.legal,
        house.language,
        house.picture,
        house.rendition,
    ],
)

__all__ = ["router"]
