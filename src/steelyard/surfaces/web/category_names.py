"""The names of all categories of a tree, by their ids."""

from uuid import UUID

from steelyard.goods.catalog.model import Category
from steelyard.kernel.text import Text


def names_of(tree: list[Category]) -> dict[UUID, Text]:
    """The names of all categories of a tree."""
    found: dict[UUID, Text] = {}
    for category in tree:
        found[category.category_id] = category.name
        found |= names_of(category.children)
    return found


def slugs_of(tree: list[Category]) -> dict[str, Text]:
    """The same by their words in addresses."""
    found: dict[str, Text] = {}
    for category in tree:
        found[category.slug] = category.name
        found |= slugs_of(category.children)
    return found
