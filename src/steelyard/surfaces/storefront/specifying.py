"""The table of what a product is: the attributes of its category first, then what its maker adds."""

from collections.abc import Sequence

import msgspec

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel.db import Read
from steelyard.kernel.keeping import kept_by_key
from steelyard.kernel.text import Text


class FactRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line: words of one or more values, or a number with its unit."""

    name: Text
    values: list[Text]
    number: int | float | None = None
    unit: str = ""


BOUND_KEPT = "surfaces.storefront.specifying"


async def fact_rows(read: Read, product: ProductView, *, seconds: float = 0) -> list[FactRow]:
    """What is known of a product, in the order that its category gives; what a category asks for may have been read so many
    seconds ago."""

    async def ask() -> Sequence[catalog.CategoryAttribute]:
        return (await catalog.attributes_of(read, [product.category_id])).get(product.category_id, [])

    bound = await kept_by_key(read, BOUND_KEPT, product.category_id, ask, seconds=seconds) if product.facts else []
    rows: list[FactRow] = []
    for each in bound:
        definition, fact = each.definition, product.facts.get(each.definition.code)
        if fact is None:
            continue
        if isinstance(fact, list):
            names = {value.code: value.name for value in definition.known}
            rows.append(FactRow(name=definition.name, values=[names[code] for code in fact if code in names]))
        elif isinstance(fact, dict):
            rows.append(FactRow(name=definition.name, values=[Text(fact)]))
        else:
            rows.append(FactRow(name=definition.name, values=[], number=fact, unit=definition.unit))
    return [row for row in rows if row.values or row.number is not None] + [
        FactRow(name=each.name, values=[each.value]) for each in product.attributes
    ]
