"""What can be chosen of a product: its variants with price and stock, and where each value of an option leads."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from steelyard.goods import catalog, inventory, pricing, promotions
from steelyard.goods.catalog.model import Limits, ProductView, Sku
from steelyard.goods.pricing.model import Price
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.trade.cart.model import QUANTITY_PER_LINE_MAX

# So many pieces are said as a number; more are simply "in stock".
FEW_PIECES = 10
VARIANTS_LISTED_MAX = 60


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU with its price (none: it cannot be bought) and the pieces to be had."""

    sku: Sku
    price: Price | None
    free: int

    @property
    def buyable(self) -> bool:
        return self.price is not None and self.free > 0


class Standing(StrEnum):
    """What becomes of the choice when this value is taken."""

    HAVE = "have"
    SOLD_OUT = "sold_out"
    NONE = "none"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A value of an option; `query` is the address of the page with it chosen beside what is chosen of the others."""

    label: Text
    index: int
    chosen: bool
    standing: Standing
    query: str
    picture: str | None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """`chosen` is the index of the value chosen of each option; `variant` what that is (none: there is no such)."""

    product: ProductView
    variants: Sequence[Variant]
    chosen: Sequence[int]
    variant: Variant | None

    @property
    def quantity_max(self) -> int:
        most = [each.per_order for each in self.limits if each.per_order is not None]
        return min(self.variant.free, QUANTITY_PER_LINE_MAX, *most) if self.variant else 1

    @property
    def limits(self) -> list[Limits]:
        """What the shop limits of the product, and of the variant that is chosen."""
        said = (self.product.limits, self.variant.sku.limits if self.variant else None)
        return [each for each in said if each is not None]

    @property
    def least(self) -> int:
        """How many pieces an order needs."""
        return max((each.least or 1 for each in self.limits), default=1)

    @property
    def few(self) -> int:
        """How many are left, where that is worth saying."""
        free = self.variant.free if self.variant else 0
        return free if 0 < free <= FEW_PIECES else 0

    @property
    def query(self) -> str:
        return query_of(self.chosen)

    @property
    def words(self) -> list[Text]:
        """What is chosen, option by option, whether there is such a variant or not."""
        return [option.values[at] for option, at in zip(self.product.options, self.chosen, strict=True)]

    def values(self, option: int) -> list[Value]:
        """The values of an option, each with what it leads to."""
        by_choice = {tuple(each.sku.choice): each for each in self.variants if each.price is not None}
        found: list[Value] = []
        for index, label in enumerate(self.product.options[option].values):
            wanted = [*self.chosen[:option], index, *self.chosen[option + 1 :]]
            variant = by_choice.get(tuple(wanted))
            standing = Standing.NONE if variant is None else Standing.HAVE if variant.free else Standing.SOLD_OUT
            found.append(
                Value(
                    label=label,
                    index=index,
                    chosen=index == self.chosen[option],
                    standing=standing,
                    query=query_of(wanted),
                    picture=self._picture(option, index),
                )
            )
        return found

    def _picture(self, option: int, index: int) -> str | None:
        """The picture of a value, where all variants with it have the same and other values have others."""
        if len(self.product.options[option].values) == 1:
            return None
        with_it = {each.sku.picture for each in self.variants if each.sku.choice[option] == index}
        without = {each.sku.picture for each in self.variants if each.sku.choice[option] != index}
        (picture,) = with_it if len(with_it) == 1 else (None,)
        return picture if picture not in without else None

    def labels(self, variant: Variant) -> list[Text]:
        """What a variant's choice is called, option by option."""
        return [option.values[at] for option, at in zip(self.product.options, variant.sku.choice, strict=True)]

    def pictures(self) -> list[tuple[str, Text]]:
        """The product's pictures, that of the chosen variant first."""
        own = [(picture.file, picture.alt) for picture in self.product.pictures]
        shown = self.variant.sku.picture if self.variant else None
        if not shown:
            return own
        first = [pair for pair in own if pair[0] == shown] or [(shown, Text())]
        return [*first, *(pair for pair in own if pair[0] != shown)]


async def choice_of(read: Read, product_id: UUID, given: Mapping[str, str]) -> Choice:
    """The product's variants and which of them the address chooses. Raises `NotFound`."""
    product = await catalog.product(read, product_id)
    if product is None or not product.on_sale:
        raise NotFound()
    return await choice_among(read, product, given)


async def choice_among(read: Read, product: ProductView, given: Mapping[str, str]) -> Choice:
    """The variants of a product that was read, and which of them the address chooses."""
    shop = (await merchants.cards(read, [product.merchant_id]))[product.merchant_id]
    skus = [sku for sku in product.skus if sku.active]
    sku_ids = [sku.sku_id for sku in skus]
    prices = await pricing.current(read, sku_ids, shop.currency)
    free = await inventory.available(read, sku_ids)
    # While a flash sale runs, its pieces can be had, though nothing else may be left.
    left = await promotions.flash_left(read, [product.merchant_id], sku_ids)
    variants = [
        Variant(sku=sku, price=prices.get(sku.sku_id), free=max(free.get(sku.sku_id, 0), left.get(sku.sku_id, 0)))
        for sku in skus
    ]
    return chosen_of(product, variants, given)


def chosen_of(product: ProductView, variants: Sequence[Variant], given: Mapping[str, str]) -> Choice:
    """The choice that an address makes (`o0=1&o1=2`, or `sku=` an article number); else the first that can be had."""
    first = next((each for each in variants if each.buyable), variants[0] if variants else None)
    named = next((each for each in variants if given.get("sku") and each.sku.code == given["sku"]), first)
    choice = list(named.sku.choice) if named else [0] * len(product.options)
    for place, option in enumerate(product.options):
        typed = given.get(f"o{place}", "")
        if typed.isdecimal() and len(typed) < 4 and int(typed) < len(option.values):
            choice[place] = int(typed)
    variant = next((each for each in variants if list(each.sku.choice) == choice and each.price is not None), None)
    return Choice(product=product, variants=variants, chosen=choice, variant=variant)


def query_of(choice: Sequence[int]) -> str:
    """The address of the page with this choice."""
    return "?" + urlencode({f"o{place}": at for place, at in enumerate(choice)})
