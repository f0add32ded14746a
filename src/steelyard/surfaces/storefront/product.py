"""The product page: what can be chosen, what each choice costs and how many there are; and into the cart."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import ProductView, Sku, SkuId
from steelyard.goods.pricing.model import Price
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.operations.analytics import Step
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.components.page import Crumb, Flash
from steelyard.surfaces.storefront import seo
from steelyard.surfaces.storefront.opening import open_for
from steelyard.surfaces.storefront.shell import Shell, category_crumbs, shell, show
from steelyard.surfaces.storefront.typed import number, said, uuid_of
from steelyard.surfaces.web import footfall
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.seals import unseal
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import cart
from steelyard.trade.cart.model import QUANTITY_PER_LINE_MAX
from steelyard.trade.checkout.model import CheckoutId, Line

# So many pieces are said as a number; more are simply "in stock".
FEW_PIECES = 10
VARIANTS_LISTED_MAX = 60
PREVIEW = N_("A preview: buyers will see it like this. It is not public.")


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU with its price (none: it cannot be bought) and the pieces to be had."""

    sku: Sku
    price: Price | None
    free: int

    @property
    def buyable(self) -> bool:
        return self.price is not None and self.free > 0


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A value of an option: whether any variant with it can be had."""

    label: Text
    index: int
    gone: bool


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """`choice` is the index of the value chosen of each option; `variant` what that is (none: there is no such)."""

    shell: Shell
    product: ProductView
    shop: ShopCard
    variants: Sequence[Variant]
    choice: Sequence[int]
    variant: Variant | None

    @property
    def quantity_max(self) -> int:
        return min(self.variant.free, QUANTITY_PER_LINE_MAX) if self.variant else 1

    @property
    def few(self) -> int:
        """How many are left, where that is worth saying."""
        free = self.variant.free if self.variant else 0
        return free if 0 < free <= FEW_PIECES else 0

    def values(self, option: int) -> list[Value]:
        """The values of an option; those that nobody can have are `gone`."""
        alive = {each.sku.choice[option] for each in self.variants if each.buyable}
        labels = self.product.options[option].values
        return [Value(label=label, index=index, gone=index not in alive) for index, label in enumerate(labels)]

    def labels(self, variant: Variant) -> list[Text]:
        """What a variant's choice is called, option by option."""
        return [option.values[at] for option, at in zip(self.product.options, variant.sku.choice, strict=True)]

    def query(self, variant: Variant) -> str:
        """The address of the page with this variant chosen."""
        return "?" + "&".join(f"o{place}={at}" for place, at in enumerate(variant.sku.choice))


async def product_page(
    read: Read, buyer_id: BuyerId, product_id: UUID, given: Mapping[str, str], *, preview: bool = False
) -> ProductPage:
    """The product with the variant that the address chooses, else the first that can be had; in a preview one that is
    not on sale as well. Raises `NotFound`."""
    product = await catalog.product(read, product_id)
    if product is None or not (product.on_sale or preview):
        raise NotFound()
    shop = (await merchants.cards(read, [product.merchant_id]))[product.merchant_id]
    skus = [sku for sku in product.skus if sku.active]
    sku_ids = [sku.sku_id for sku in skus]
    prices = await pricing.current(read, sku_ids, shop.currency)
    free = await inventory.available(read, sku_ids)
    variants = [Variant(sku=sku, price=prices.get(sku.sku_id), free=free.get(sku.sku_id, 0)) for sku in skus]
    choice = _choice(product, variants, given)
    return ProductPage(
        shell=await shell(read, buyer_id),
        product=product,
        shop=shop,
        variants=variants,
        choice=choice,
        variant=_chosen(variants, choice),
    )


def _choice(product: ProductView, variants: Sequence[Variant], given: Mapping[str, str]) -> list[int]:
    first = next((each for each in variants if each.buyable), variants[0] if variants else None)
    choice = list(first.sku.choice) if first else [0] * len(product.options)
    for place, option in enumerate(product.options):
        typed = given.get(f"o{place}", "")
        if typed.isdecimal() and len(typed) < 4 and int(typed) < len(option.values):
            choice[place] = int(typed)
    return choice


def _chosen(variants: Sequence[Variant], choice: Sequence[int]) -> Variant | None:
    return next((each for each in variants if list(each.sku.choice) == list(choice) and each.price is not None), None)


@get(["/products/{product_id:uuid}", "/products/{product_id:uuid}/{slug:str}"])
async def product(
    visit: NamedDependency[Visit], product_id: FromPath[UUID], slug: FromPath[str] = ""
) -> Response[str] | Redirect:
    """A product. Its options stand in the address, so that every choice has a link. Words that it was called by before
    lead on to the address that it has now."""
    sealed = visit.connection.query_params.get("preview", "")
    preview = unseal(visit.settings, "preview", sealed) == str(product_id)
    view = await visit.db.ask(product_page, visit.buyer_id, product_id, visit.connection.query_params, preview=preview)
    if slug and slug != view.product.slug:
        query = visit.connection.url.query
        return Redirect(seo.product_path(view.product) + (f"?{query}" if query else ""), status_code=301)
    trail = view.shell.trail(view.product.category_path)
    crumbs = [
        *category_crumbs(visit, trail, last_is_page=False),
        Crumb(view.product.title.in_language(visit.locale)),
    ]
    if not preview:
        footfall.note(visit, Step.PRODUCT, [view.product.merchant_id], product_id)
    listed = view.variants if 1 < len(view.variants) <= VARIANTS_LISTED_MAX else ()
    return await show(
        visit,
        "product.html",
        view.shell,
        category=trail[-1] if trail else None,
        crumbs=crumbs,
        flashes=[Flash(visit.say(PREVIEW), "info")] if preview else (),
        view=view,
        listed=listed,
        checkout_id=ids.mint(),
        seo=seo.product(
            visit,
            view.product,
            view.shop,
            [(each.price, each.sku.code, each.buyable) for each in view.variants if each.price is not None],
        ),
    )


@post("/cart/lines")
async def put_into_cart(visit: NamedDependency[Visit], data: URLEncodedBody[dict[str, Any]]) -> Redirect:
    """Put what was chosen into the cart; `then=checkout` buys it alone, at once."""
    product_id, quantity = uuid_of(data.get("product_id")), number(data.get("quantity"), 1)
    given = {name: said(data, name) for name in data}
    if product_id is None:
        raise NotFound()
    view = await visit.db.ask(product_page, visit.buyer_id, product_id, given)
    page = f"/products/{product_id}" + (_query(view.choice) if view.product.options else "")
    if view.variant is None:
        return redirect(visit, page, (visit.say(N_("This combination does not exist. Please choose another.")), "bad"))
    sku_id = SkuId(view.variant.sku.sku_id)
    if said(data, "then") == "checkout":
        return await _buy_now(visit, view.variant, min(max(quantity, 1), QUANTITY_PER_LINE_MAX), data)
    try:
        await visit.db.transact(cart.put, visit.buyer_id, sku_id, quantity)
    except Refusal as refusal:
        return redirect(visit, page, (visit.refused(refusal), "bad"))
    footfall.note(visit, Step.CART, [view.product.merchant_id], product_id)
    return redirect(visit, page, (visit.say(N_("It is in your cart.")), "good"))


async def _buy_now(visit: Visit, variant: Variant, quantity: int, data: Mapping[str, Any]) -> Redirect:
    checkout_id = CheckoutId(uuid_of(data.get("checkout_id")) or ids.mint())
    assert variant.price is not None
    line = Line(line_id="1", sku_id=variant.sku.sku_id, quantity=quantity, seen_price=variant.price.amount)
    return await open_for(visit, checkout_id, [line], from_cart=False)


def _query(choice: Sequence[int]) -> str:
    return "?" + "&".join(f"o{place}={at}" for place, at in enumerate(choice))
