"""What a new product is in rows, and the limits it keeps: one place for the command and the bulk path."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from steelyard.goods.catalog.model import (
    ATTRIBUTES_PER_PRODUCT_MAX,
    CODE_CHARACTERS_MAX,
    DESCRIPTION_CHARACTERS_MAX,
    MACHINE,
    OPTIONS_PER_PRODUCT_MAX,
    PICTURES_PER_PRODUCT_MAX,
    SKUS_PER_PRODUCT_MAX,
    TITLE_CHARACTERS_MAX,
    VALUES_PER_OPTION_MAX,
    NewProduct,
    NewSku,
    ProductState,
)
from steelyard.kernel.errors import Invalid
from steelyard.kernel.states import NOWHERE
from steelyard.parties.merchants.model import MerchantId

PRODUCT_COLUMNS = tuple(
    "merchant_id product_id category_id slug title description options attributes facts tax_class state approved source".split()  # noqa: SIM905  # as one reads them
)
SKU_COLUMNS = tuple(
    "merchant_id sku_id product_id code barcode choice weight_grams picture active place".split()  # noqa: SIM905  # as one reads them
)


def check_product(new: NewProduct) -> None:
    """Refuse a product that breaks a limit, with all that is wrong at once."""
    wrong: dict[str, str] = {}
    if not any(words.strip() for words in new.title.values()):
        wrong["title"] = "A product has a title"
    if any(len(words) > TITLE_CHARACTERS_MAX for words in new.title.values()):
        wrong["title"] = "The title is too long"
    if any(len(words) > DESCRIPTION_CHARACTERS_MAX for words in new.description.values()):
        wrong["description"] = "The description is too long"
    if len(new.options) > OPTIONS_PER_PRODUCT_MAX:
        wrong["options"] = "There are too many options"
    if any(not 1 <= len(option.values) <= VALUES_PER_OPTION_MAX for option in new.options):
        wrong["options"] = "An option has from 1 to 100 values"
    if len(new.pictures) > PICTURES_PER_PRODUCT_MAX:
        wrong["pictures"] = "There are too many pictures"
    if len(new.attributes) > ATTRIBUTES_PER_PRODUCT_MAX:
        wrong["attributes"] = "There are too many attributes"
    if new.state not in MACHINE.begins or (new.state is ProductState.ON_SHELF and not any(s.active for s in new.skus)):
        wrong["state"] = "A product cannot begin like this"
    if wrong:
        raise Invalid(wrong)
    check_skus(new.skus, [len(option.values) for option in new.options])


def check_skus(skus: Sequence[NewSku], sizes: Sequence[int]) -> None:
    """Refuse variants that break a limit. `sizes` is how many values each option of the product has."""
    wrong: dict[str, str] = {}
    if len(skus) > SKUS_PER_PRODUCT_MAX:
        wrong["skus"] = "There are too many variants"
    if any(not 1 <= len(sku.code) <= CODE_CHARACTERS_MAX for sku in skus):
        wrong["code"] = "An article number has from 1 to 100 characters"
    if any(sku.weight_grams < 0 for sku in skus):
        wrong["weight_grams"] = "A weight is not negative"
    if any(len(sku.choice) != len(sizes) for sku in skus) or any(
        not 0 <= chosen < size for sku in skus for chosen, size in zip(sku.choice, sizes, strict=False)
    ):
        wrong["choice"] = "A variant is one value of every option"
    choices = sorted(sku.choice for sku in skus if sku.active)
    if any(one == other for one, other in pairwise(choices)):
        wrong["choice"] = "Two variants are the same choice"
    if wrong:
        raise Invalid(wrong)


def product_row(merchant_id: MerchantId, new: NewProduct) -> tuple[Any, ...]:
    return (
        merchant_id,
        new.product_id,
        new.category_id,
        new.slug,
        new.title,
        new.description,
        new.options,
        new.attributes,
        new.facts,
        new.tax_class,
        new.state,
        new.state is ProductState.ON_SHELF,
        new.source,
    )


def sku_rows(merchant_id: MerchantId, new: NewProduct) -> list[tuple[Any, ...]]:
    return [
        (
            merchant_id,
            sku.sku_id,
            new.product_id,
            sku.code,
            sku.barcode,
            sku.choice,
            sku.weight_grams,
            sku.picture,
            sku.active,
            place,
        )
        for place, sku in enumerate(new.skus)
    ]


def picture_rows(merchant_id: MerchantId, new: NewProduct) -> list[tuple[Any, ...]]:
    return [
        (merchant_id, new.product_id, place, picture.file, picture.alt) for place, picture in enumerate(new.pictures)
    ]


def history_row(merchant_id: MerchantId, new: NewProduct, by: str) -> tuple[Any, ...]:
    return (merchant_id, new.product_id, 1, NOWHERE, new.state, by)
