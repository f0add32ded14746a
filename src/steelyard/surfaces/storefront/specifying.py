"""The table of what a product is: the attributes of its category first, then what its maker adds."""

import msgspec

from steelyard.goods import catalog
from steelyard.goods.catalog.model import ProductView
from steelyard.kernel.db import Read
from steelyard.kernel.text import Text


class FactRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line: words of one or more values, or a number with its unit."""

    name: Text
    values: list[Text]
    number: int | float | None = None
    unit: str = ""


async def fact_rows(read: Read, product: ProductView) -> list[FactRow]:
    """What is known of a product, in the order that its category gives."""
    bound = (await catalog.attributes_of(read, [product.category_id])).get(product.category_id, [])
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
