"""From families to products: the same goods, prices and pictures for the same seed."""

from collections.abc import Iterator
from random import Random
from uuid import UUID

import msgspec

from steelyard.demo import pictures
from steelyard.demo.attributes import facts_of
from steelyard.demo.catalogue import COLOURS, MAKERS, Line, Maker
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
PICTURES_PER_PRODUCT = 3


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it will be written: `amounts` are fen by SKU, `stock` pieces by SKU, `drawings` SVG by file place."""

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
    compare_at: int | None
    stock: list[int]
    drawings: list[str]

    def product(self, category_id: UUID, files: list[str]) -> NewProduct:
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
            skus=self.skus,
            pictures=[Picture(file=file, alt=self.title) for file in files],
            state=ProductState.ON_SHELF,
        )


def made(*names: str) -> UUID:
    """The id of a thing of the demo."""
    return ids.derived(NAMESPACE, *names)


def products(seed: int) -> Iterator[Made]:
    """All products of all makers."""
    for maker in MAKERS:
        for line in maker.lines:
            for place, model in enumerate(line.models):
                yield _product(maker, line, place, model, Random(f"{seed}/{maker.slug}/{line.kind}/{place}"))  # noqa: S311  # goods, no secrets


def _product(maker: Maker, line: Line, place: int, model: tuple[str, str], chance: Random) -> Made:
    zh, en = model
    slug = f"{en}-{line.kind}".lower().replace(" ", "-")
    offered = [
        line.colours[(place + n) % len(line.colours)] for n in range(min(COLOURS_PER_PRODUCT, len(line.colours)))
    ]
    options = [Option(name=text("颜色", "Colour"), values=[COLOURS[name].words for name in offered])]
    if line.sizes:
        options.append(Option(name=text("尺码", "Size"), values=[text(size, size) for size in line.sizes]))
    choices = (
        [[c, s] for c in range(len(offered)) for s in range(len(line.sizes))]
        if line.sizes
        else [[c] for c in range(len(offered))]
    )
    base = _price(line, chance)
    return Made(
        maker=maker,
        category=line.category,
        product_id=ProductId(made("product", maker.slug, slug)),
        slug=slug,
        title=Text({"zh-Hans": f"{zh}{line.noun['zh-Hans']}", "en": f"{en} {line.noun['en']}"}),
        description=_description(maker, line, zh, en),
        options=options,
        attributes=[
            Attribute(name=text("工艺", "Made of"), value=line.made_of),
            Attribute(name=text("重量", "Weight"), value=text(f"{line.grams} 克", f"{line.grams} g")),
        ],
        facts=facts_of(line.kind, line.material, offered, line.category, place),
        skus=[
            NewSku(
                sku_id=SkuId(made("sku", maker.slug, slug, *map(str, choice))),
                code="-".join(
                    [maker.slug[:3].upper(), *(part[:4].upper() for part in slug.split("-")), *map(str, choice)]
                ),
                choice=choice,
                weight_grams=line.grams,
            )
            for choice in choices
        ],
        # Colours of one product cost the same; every fourth product's last colour is dearer.
        amounts=[base + (1_000 if place % 4 == 3 and choice[0] == len(offered) - 1 else 0) for choice in choices],
        compare_at=base + share(base, 250_000) if chance.random() < 0.3 else None,
        stock=[chance.choice((0, 4, 12, 30, 60, 120)) if line.sizes else chance.randint(8, 160) for _ in choices],
        drawings=[
            pictures.draw(line.kind, offered[n % len(offered)], line.material, angle, seed=place + 1)
            for n, angle in enumerate(range(PICTURES_PER_PRODUCT))
        ],
    )


def _price(line: Line, chance: Random) -> int:
    """A price that ends as shop prices do: in 9 yuan, or in 90 fen below ten yuan."""
    if line.high >= 10 * YUAN and line.low >= 10 * YUAN:
        return chance.randrange(line.low, line.high, 10 * YUAN) + 9 * YUAN
    return chance.randrange(line.low, line.high, YUAN) + 90


def _description(maker: Maker, line: Line, zh: str, en: str) -> Text:
    return Text(
        {
            "zh-Hans": f"{zh}系列{line.noun['zh-Hans']}，{line.made_of['zh-Hans']}制成，由{maker.name['zh-Hans']}出品。\n"
            f"每一件出厂前都经过逐件检查。收到后如不满意，请在七天内联系店铺。",
            "en": f"The {en} {line.noun['en']}: {line.made_of['en']}, made by {maker.name['en']}.\n"
            "Every piece is looked at before it leaves. If you are not happy with it, tell the shop within seven days.",
        }
    )
