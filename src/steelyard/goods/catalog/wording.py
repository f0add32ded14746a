"""What merchants write of their goods, held against the operator's dictionary."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import NewProduct, ProductChange, ProductState
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.text import Text
from steelyard.parties import screening
from steelyard.parties.screening.model import Area

AREAS = {"title": Area.TITLE, "description": Area.DESCRIPTION}


async def screened_product(tx: Tx, new: NewProduct) -> NewProduct:
    """A new product as it may be written. Raises `Invalid` beside title or description; for words that are to be looked at
    only where nobody would look, because it begins on the shelf."""
    said = {name: (area, getattr(new, name)) for name, area in AREAS.items()}
    texts = await screening.screen_texts(tx, said, can_wait=new.state is not ProductState.ON_SHELF)
    return msgspec.structs.replace(new, **texts)


async def screened_import(tx: Tx, new: NewProduct) -> NewProduct:
    """A product that comes in a file, whose writer is not asked again: masked words are starred, and with a word that is
    refused or to be looked at it begins off the shelf, from where it goes by the operator's review."""
    said = {name: (area, getattr(new, name)) for name, area in AREAS.items()}
    masked = await screening.masked_texts(tx, said)
    off = new.state is ProductState.ON_SHELF and await screening.held_in(tx, said.values())
    state = ProductState.OFF_SHELF if off else new.state
    return msgspec.structs.replace(new, **masked, state=state)


async def screened_change(tx: Tx, change: ProductChange) -> ProductChange:
    """A change as it may be written. Raises `Invalid` beside title or description."""
    said = {name: (area, words) for name, area in AREAS.items() if (words := getattr(change, name)) is not None}
    if not said:
        return change
    texts = await screening.screen_texts(tx, said, can_wait=True)
    return msgspec.structs.replace(change, **texts)


async def to_look_at(tx: Tx, changed: Mapping[str, Any]) -> bool:
    """Whether the operator wants to see such a title or description before buyers do, whoever writes it."""
    said: list[tuple[Area, Text]] = [(AREAS[name], words) for name, words in changed.items() if name in AREAS]
    return bool(said) and bool(await screening.held_in(tx, said))


async def to_look_at_first(tx: Tx, merchant_id: UUID, product_ids: Sequence[UUID]) -> list[UUID]:
    """Of these products those that were never approved as they are, and have words that the operator wants to see."""
    rows = await tx.fetch(
        """
        SELECT product_id, title, description FROM products
        WHERE merchant_id = $1 AND product_id = ANY($2) AND NOT approved ORDER BY product_id FOR UPDATE
        """,
        merchant_id,
        list(product_ids),
    )
    return [
        row["product_id"]
        for row in rows
        if await screening.held_in(tx, [(area, Text(row[name])) for name, area in AREAS.items()])
    ]


async def words_of(read: Read, title: Text, description: Text) -> list[tuple[str, Text, str]]:
    """For who looks: the words as they are written, why they are to be looked at, and where that comes from."""
    found = await screening.held_in(read, [(Area.TITLE, title), (Area.DESCRIPTION, description)])
    return [(each.said, each.word.reason, each.word.source) for each in found]
