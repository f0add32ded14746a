"""Products from the catalogue: the same goods, prices and words for the same seed."""

import re
from collections.abc import Iterator, Sequence
from random import Random
from uuid import UUID

import msgspec

from steelyard.demo import writing
from steelyard.demo.attributes import facts_of
from steelyard.demo.catalogue import COLOURS, Feature, Form, Line, Maker, Words, makers
from steelyard.demo.studio import Shot, shots
from steelyard.goods.catalog.model import (
    Attribute,
    Facts,
    NewProduct,
    NewSku,
    Option,
    Picture,
    ProductId,
    ProductState,
    SkuId,
)
from steelyard.kernel import ids
from steelyard.kernel.money import share
from steelyard.kernel.text import Text, text

NAMESPACE = UUID("5eee1a2d-0000-4000-8000-000000000001")
YUAN = 100
COLOURS_PER_PRODUCT = 3
# Every so manyth product shows something else than a full shelf: sold out, or about to be.
SOLD_OUT_EVERY, LOW_EVERY = 43, 19
# EAN-13 numbers from 20 to 29 are for use within one house: they are nobody's.
_BARCODES_OF_THE_HOUSE = "29"


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """One product of a line, before it is written out: its form, its series, what is particular about it."""

    maker: Maker
    line: Line
    line_place: int
    place: int
    form: Form
    series: Words
    feature: Feature
    colours: list[str]

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", f"{self.series[1]} {self.form.en}".lower()).strip("-")


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it will be written: `amounts` are minor units by SKU, `stock` pieces by SKU, `shots` the pictures in
    their order, `colour_shots` the picture of each colour."""

    maker: Maker
    category: str
    product_id: ProductId
    slug: str
    title: Text
    description: Text
    options: list[Option]
    attributes: list[Attribute]
    facts: Facts
    skus: list[NewSku]
    amounts: list[int]
    compare_at: list[int | None]
    stock: list[int]
    shots: list[Shot]
    colour_shots: list[Shot]
    state: ProductState

    def product(self, category_id: UUID, files: Sequence[str], colour_files: Sequence[str]) -> NewProduct:
        """The product with the names that the file store gave its pictures."""
        return NewProduct(
            product_id=self.product_id,
            category_id=category_id,  # pyright: ignore[reportArgumentType]  # a CategoryId by another name
            slug=self.slug,
            title=self.title,
            description=self.description,
            options=self.options,
            attributes=self.attributes,
            facts=self.facts,
            skus=[msgspec.structs.replace(sku, picture=colour_files[sku.choice[0]]) for sku in self.skus],
            pictures=[
                Picture(file=file, alt=shot.alt(self.title)) for file, shot in zip(files, self.shots, strict=True)
            ],
            state=self.state,
        )


def made(*names: str) -> UUID:
    """The id of a thing of the demo."""
    return ids.derived(NAMESPACE, *names)


def products(seed: int, copies: int = 1, part: float = 1.0) -> Iterator[Made]:
    """All products of all makers, or of each line only a `part`; `copies` of each under the same pictures, for tests of
    load."""
    for maker in makers():
        for line_place, line in enumerate(maker.lines):
            for place in range(_models(line, part)):
                design = _design(maker, line, line_place, place)
                for copy in range(copies):
                    yield _product(design, copy, Random(f"{seed}/{maker.slug}/{line_place}/{place}/{copy}"))  # noqa: S311  # goods, no secrets


def how_many(copies: int = 1, part: float = 1.0) -> int:
    """How many `products` there are of that."""
    return copies * sum(_models(line, part) for maker in makers() for line in maker.lines)


def _models(line: Line, part: float) -> int:
    return max(1, round(line.models * part))


def _design(maker: Maker, line: Line, line_place: int, place: int) -> Design:
    number = min(COLOURS_PER_PRODUCT, len(line.colours))
    return Design(
        maker=maker,
        line=line,
        line_place=line_place,
        place=place,
        form=line.forms[place % len(line.forms)],
        series=maker.series[(place // len(line.forms) + 2 * line_place) % len(maker.series)],
        feature=line.features[(place + place // len(line.forms)) % len(line.features)],
        colours=[line.colours[(place + n) % len(line.colours)] for n in range(number)],
    )


def _product(design: Design, copy: int, chance: Random) -> Made:
    maker, line = design.maker, design.line
    slug = f"{design.slug}-{copy + 1}" if copy else design.slug
    number = design.place + 101 * copy
    choices = [[c, s] for c in range(len(design.colours)) for s in range(len(line.sizes))] if line.sizes else [
        [c] for c in range(len(design.colours))
    ]  # fmt: skip
    amounts = _amounts(design, choices, chance)
    dear = chance.random() < 0.34
    facts = facts_of(design.form.kind, line.material, design.colours, line.category, design.place)
    if maker.abroad and "origin" in facts:
        facts |= {"origin": ["abroad"]}
    return Made(
        maker=maker,
        category=line.category,
        product_id=ProductId(made("product", maker.slug, slug)),
        slug=slug,
        title=writing.title(maker, design.form, design.series, design.feature, copy),
        description=writing.description(maker, line, design.form, design.series, design.feature, design.place),
        options=_options(design),
        attributes=writing.specifications(line, design.place, maker.abroad),
        facts=facts,
        skus=[
            NewSku(
                sku_id=SkuId(made("sku", maker.slug, slug, *map(str, choice))),
                code=_article(design, number, choice),
                choice=choice,
                barcode=_barcode(maker.slug, slug, *map(str, choice)),
                weight_grams=line.grams + share(line.grams, 30_000) * (choice[1] if line.sizes else 0),
            )
            for choice in choices
        ],
        amounts=amounts,
        compare_at=[_struck_out(amount, maker) if dear else None for amount in amounts],
        stock=_stock(number + 7 * design.line_place, line, choices, chance),
        shots=shots(design.form.kind, line.material, design.colours, line.box, design.place + 1),
        colour_shots=[
            Shot(kind=design.form.kind, colour=colour, material=line.material, seed=design.place + 1)
            for colour in design.colours
        ],
        state=_state(number + 3 * design.line_place),
    )


def _state(number: int) -> ProductState:
    """Nearly all are on the shelf; some wait to be finished or were taken off."""
    if number % 37 == 35:
        return ProductState.DRAFT
    return ProductState.OFF_SHELF if number % 37 == 21 else ProductState.ON_SHELF


def _options(design: Design) -> list[Option]:
    line = design.line
    options = [Option(name=text("颜色", "Colour"), values=[COLOURS[name].words for name in design.colours])]
    if line.sizes:
        options.append(Option(name=text(*line.size_name), values=[text(size, size) for size in line.sizes]))
    return options


def _article(design: Design, number: int, choice: Sequence[int]) -> str:
    size = [re.sub(r"[^A-Z0-9]", "", design.line.sizes[choice[1]].upper())] if len(choice) > 1 else []
    colour = design.colours[choice[0]].upper()
    return "-".join([f"{design.maker.slug[:3].upper()}{design.line_place + 1}{number + 1:03d}", colour, *size])


def _barcode(*names: str) -> str:
    """An EAN-13 number with its check digit, from the range that no company is given."""
    digits = f"{_BARCODES_OF_THE_HOUSE}{made('barcode', *names).int % 10**10:010d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def _amounts(design: Design, choices: Sequence[Sequence[int]], chance: Random) -> list[int]:
    """A price for each SKU: a larger size costs its step more, and every fourth product's last colour a little."""
    low, high = design.line.price
    base = chance.randrange(low, high)
    dearer = share(base, 60_000) if design.place % 4 == 3 else 0
    amounts: list[int] = []
    for choice in choices:
        larger = share(base, design.line.step * 10_000) * choice[1] if len(choice) > 1 else 0
        more = dearer if choice[0] == len(design.colours) - 1 else 0
        amounts.append(_shop_price(base + larger + more))
    return amounts


def _shop_price(amount: int) -> int:
    """A price that ends as shop prices do: in 9 whole units, or in 90 hundredths below ten."""
    whole = amount - amount % YUAN
    return whole - whole % (10 * YUAN) + 9 * YUAN if amount >= 20 * YUAN else whole + 90


def _struck_out(amount: int, maker: Maker) -> int:
    return _shop_price(amount + share(amount, 250_000 if maker.currency == "CNY" else 200_000) + YUAN)


def _stock(number: int, line: Line, choices: Sequence[Sequence[int]], chance: Random) -> list[int]:
    """Pieces by SKU: most shelves are full, some products are nearly gone, a few are sold out."""
    if number % SOLD_OUT_EVERY == SOLD_OUT_EVERY - 1:
        return [0 for _ in choices]
    if number % LOW_EVERY == LOW_EVERY - 1:
        return [chance.randint(0, 5) for _ in choices]
    if line.sizes:
        return [0 if chance.random() < 0.04 else chance.choice((9, 14, 30, 45, 60, 120)) for _ in choices]
    return [chance.randint(12, 220) for _ in choices]
