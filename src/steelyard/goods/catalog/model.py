"""Categories, products (SPU) and their variants (SKU)."""

from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId

CategoryId = NewType("CategoryId", UUID)
ProductId = NewType("ProductId", UUID)
SkuId = NewType("SkuId", UUID)

OPTIONS_PER_PRODUCT_MAX = 3
VALUES_PER_OPTION_MAX = 100
SKUS_PER_PRODUCT_MAX = 600
PICTURES_PER_PRODUCT_MAX = 20
ATTRIBUTES_PER_PRODUCT_MAX = 60
PRODUCTS_PER_COMMAND_MAX = 1_000
TITLE_CHARACTERS_MAX = 300
DESCRIPTION_CHARACTERS_MAX = 50_000
CODE_CHARACTERS_MAX = 100
LIMIT_PIECES_MAX = 9_999


Fact = list[str] | int | float | dict[str, str]
"""Of an attribute of the category: codes of values, a number, or words by language (see `definitions`)."""

Facts = dict[str, Fact]


class ProductState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SENT_BACK = "sent_back"
    ON_SHELF = "on_shelf"
    OFF_SHELF = "off_shelf"
    BINNED = "binned"


MACHINE = Machine(
    "product",
    {ProductState.DRAFT, ProductState.ON_SHELF, ProductState.OFF_SHELF},
    {
        ProductState.DRAFT: {ProductState.IN_REVIEW, ProductState.ON_SHELF, ProductState.BINNED},
        ProductState.IN_REVIEW: {ProductState.ON_SHELF, ProductState.SENT_BACK, ProductState.DRAFT},
        ProductState.SENT_BACK: {ProductState.IN_REVIEW, ProductState.ON_SHELF, ProductState.BINNED},
        ProductState.ON_SHELF: {ProductState.OFF_SHELF, ProductState.SENT_BACK},
        ProductState.OFF_SHELF: {ProductState.ON_SHELF, ProductState.IN_REVIEW, ProductState.BINNED},
        ProductState.BINNED: {ProductState.OFF_SHELF},
    },
)


class NoReturn(StrEnum):
    """Why goods cannot be returned without a reason: the four exceptions of the Consumer Rights Law of the PRC, Art. 25, and
    `confirmed`: not fit for it by what they are, as the buyer confirmed when buying."""

    MADE_TO_ORDER = "made_to_order"
    PERISHABLE = "perishable"
    OPENED_DIGITAL = "opened_digital"
    PERIODICAL = "periodical"
    CONFIRMED = "confirmed"


class Period(StrEnum):
    """Back to when it is counted what a buyer has: to 24 hours, seven or thirty times as long before, or to the beginning."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    EVER = "ever"


DAYS_OF: dict[Period, int | None] = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30, Period.EVER: None}


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many pieces one order can have, how many one buyer within a period, and how many an order needs at least; none: as one
    likes."""

    per_order: int | None = None
    per_buyer: int | None = None
    period: Period = Period.EVER
    least: int | None = None

    @property
    def days(self) -> int | None:
        return DAYS_OF[self.period]

    def left(self, had: int) -> int | None:
        """How many a buyer who has so many can still have."""
        return None if self.per_buyer is None else max(0, self.per_buyer - had)


class NewCategory(msgspec.Struct, frozen=True, kw_only=True):
    category_id: CategoryId
    slug: str
    name: Text
    parent_id: CategoryId | None = None
    place: int = 0
    icon: str = "package"


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """`path` leads from the root to the category itself; `children` are in their order. `own_no_return` is what was said
    here (`none`: returned like others), `no_return` what counts."""

    category_id: CategoryId
    parent_id: CategoryId | None
    slug: str
    name: Text
    path: list[CategoryId]
    icon: str
    picture: str | None = None
    own_no_return: str | None = None
    no_return: NoReturn | None = None
    children: "list[Category]" = []


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer chooses, such as a colour, and the values there are."""

    name: Text
    values: list[Text]


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """What is so of all variants of a product, such as its material."""

    name: Text
    value: Text


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """`file` is a name in the file store (`kernel.files`)."""

    file: str
    alt: Text = msgspec.field(default_factory=Text)


class NewSku(msgspec.Struct, frozen=True, kw_only=True):
    """`choice` is, for each option of the product in order, the index of the chosen value."""

    sku_id: SkuId
    code: str
    choice: list[int] = []
    barcode: str = ""
    weight_grams: int = 0
    picture: str | None = None
    active: bool = True


class NewProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product with its variants. `source` is `import:<source>:<its id>` when it came from elsewhere."""

    product_id: ProductId
    category_id: CategoryId
    slug: str
    title: Text
    skus: list[NewSku]
    description: Text = msgspec.field(default_factory=Text)
    options: list[Option] = []
    attributes: list[Attribute] = []
    facts: Facts = {}
    pictures: list[Picture] = []
    tax_class: str = "standard"
    state: ProductState = ProductState.DRAFT
    source: str | None = None


class ProductChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; what is None stays."""

    category_id: CategoryId | None = None
    slug: str | None = None
    title: Text | None = None
    description: Text | None = None
    attributes: list[Attribute] | None = None
    facts: Facts | None = None
    tax_class: str | None = None


class SkuChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different of one variant; what is None stays."""

    sku_id: SkuId
    code: str | None = None
    barcode: str | None = None
    weight_grams: int | None = None
    picture: str | None = None
    active: bool | None = None


class Sku(msgspec.Struct, frozen=True, kw_only=True):
    sku_id: SkuId
    product_id: ProductId
    code: str
    barcode: str
    choice: list[int]
    weight_grams: int
    picture: str | None
    active: bool
    ship_hours: int | None = None
    limits: Limits | None = None


class Was(msgspec.Struct, frozen=True, kw_only=True):
    """What a variant was whose choice is not offered any more: pairs (name of the option, chosen value)."""

    chosen: list[tuple[Text, Text]]


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product whole: what its page shows. `skus` holds inactive ones too, but none whose choice is not offered any
    more; `gaps` is what it lacks to be complete."""

    merchant_id: MerchantId
    product_id: ProductId
    category_id: CategoryId
    category_path: list[CategoryId]
    slug: str
    title: Text
    description: Text
    options: list[Option]
    attributes: list[Attribute]
    facts: Facts
    tax_class: str
    state: ProductState
    approved: bool
    gaps: list[str]
    on_shelf_at: datetime | None
    off_shelf_at: datetime | None
    on_sale: bool
    pictures: list[Picture]
    skus: list[Sku]
    created_at: datetime
    changed_at: datetime
    no_return: NoReturn | None = None
    ship_hours: int | None = None
    authentic_times: int = 0
    free_returns: bool = False
    limits: Limits | None = None


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """A product in its merchant's list; `proposed` means that a change of it waits for the operator."""

    product_id: ProductId
    category_id: CategoryId
    slug: str
    title: Text
    state: ProductState
    picture: str | None
    skus: int
    gaps: list[str]
    proposed: bool
    on_shelf_at: datetime | None
    off_shelf_at: datetime | None
    changed_at: datetime


class SkuCard(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a variant wherever it is shown: in a cart, an order, a parcel.

    `options` are pairs (name of the option, chosen value); `on_sale` means its product is on the shelf, it is
    active and its merchant is open. `limits` are those of the variant, `product_limits` those of all variants together.
    """

    sku_id: SkuId
    product_id: ProductId
    merchant_id: MerchantId
    category_id: CategoryId
    category_path: list[CategoryId]
    slug: str
    title: Text
    options: list[tuple[Text, Text]]
    code: str
    picture: str | None
    weight_grams: int
    tax_class: str
    on_sale: bool
    no_return: NoReturn | None = None
    ship_hours: int | None = None
    authentic_times: int = 0
    free_returns: bool = False
    limits: Limits | None = None
    product_limits: Limits | None = None


class CodeTaken(Refusal):
    """A merchant's article numbers are different, and so are the choices of one product's variants."""

    code = "sku_code_taken"
    title = N_("This article number is taken")
    detail = N_("One of these article numbers or combinations of options is already used.")


class CategoryUnknown(Refusal):
    """A product is in a category that exists."""

    code = "category_unknown"
    status = 422
    title = N_("There is no such category")
    detail = N_("Please choose one of the existing categories.")


class SlugTaken(Refusal):
    """Two categories never have the same address."""

    code = "category_slug_taken"
    title = N_("This category address is taken")
    detail = N_("Another category is already called “{slug}”.")
