"""The operator's attribute definitions and which categories have them, and what a category's products are asked for."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from steelyard.goods.catalog.completeness import settle_category
from steelyard.goods.catalog.definitions import (
    CODE,
    VALUES_PER_DEFINITION_MAX,
    AttributeKind,
    Binding,
    CategoryAttribute,
    Definition,
    wrong_facts,
)
from steelyard.goods.catalog.model import CategoryId, CategoryUnknown, Fact
from steelyard.kernel.db import ForeignKeyViolation, Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import forget, kept

ATTRIBUTES_KEPT = "goods.catalog.attributes"


async def define_attribute(tx: Tx, definition: Definition) -> None:
    """Say what an attribute is; said again, it is changed. Its kind and the codes of its values stay: products refer to
    them. Raises `Invalid`."""
    _check_definition(definition)
    known = await tx.one(
        Definition,
        """
        SELECT d.code, d.name, d.kind, d.unit, d.values, d.filterable, d.retired
        FROM attribute_definitions d WHERE d.code = $1 FOR UPDATE
        """,
        definition.code,
    )
    if known is not None and known.kind is not definition.kind:
        raise Invalid({"kind": N_("The kind of an attribute stays as it is")})
    forget(tx, ATTRIBUTES_KEPT)
    await tx.execute(
        """
        INSERT INTO attribute_definitions AS d (code, name, kind, unit, values, filterable, retired)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (code) DO UPDATE SET name = excluded.name, unit = excluded.unit, values = excluded.values
          , filterable = excluded.filterable, retired = excluded.retired
        """,
        definition.code,
        definition.name,
        definition.kind,
        definition.unit,
        definition.values,
        definition.filterable,
        definition.retired,
    )
    if known is not None and known.retired != definition.retired:
        for row in await tx.fetch("SELECT category_id FROM category_attributes WHERE code = $1", definition.code):
            await settle_category(tx, row["category_id"])


def _check_definition(definition: Definition) -> None:
    wrong: dict[str, str] = {}
    if not CODE.fullmatch(definition.code):
        wrong["code"] = N_("Please use small letters, digits and hyphens")
    if not any(definition.name.values()):
        wrong["name"] = N_("An attribute has a name")
    listed = definition.kind in (AttributeKind.CHOICE, AttributeKind.CHOICES)
    codes = [value.code for value in definition.values]
    if listed and not codes:
        wrong["values"] = N_("An attribute to choose from has values")
    if len(codes) > VALUES_PER_DEFINITION_MAX:
        wrong["values"] = N_("There are too many values")
    if len(set(codes)) != len(codes) or not all(CODE.fullmatch(code) for code in codes):
        wrong["values"] = N_("Each value has a code of its own, of small letters, digits and hyphens")
    if not listed and codes:
        wrong["values"] = N_("Only an attribute to choose from has values")
    if wrong:
        raise Invalid(wrong)


async def bind_attributes(tx: Tx, category_id: UUID, bindings: Sequence[Binding]) -> None:
    """These attributes, in their places, are what a category adds to what it inherits. Raises `CategoryUnknown`,
    `Invalid` for an attribute that is not defined."""
    await tx.execute(
        "DELETE FROM category_attributes WHERE category_id = $1 AND NOT code = ANY($2)",
        category_id,
        [each.code for each in bindings],
    )
    if not await tx.value("SELECT EXISTS (SELECT FROM categories WHERE category_id = $1)", category_id):
        raise CategoryUnknown(category_id=category_id)
    try:
        async with tx.savepoint():
            await tx.execute(
                """
                INSERT INTO category_attributes (category_id, code, required, place)
                SELECT $1, b.code, b.required, b.place FROM unnest($2::text[], $3::boolean[], $4::integer[])
                                                            AS b (code, required, place)
                ON CONFLICT (category_id, code) DO UPDATE SET required = excluded.required, place = excluded.place
                """,
                category_id,
                [each.code for each in bindings],
                [each.required for each in bindings],
                [each.place for each in bindings],
            )
    except ForeignKeyViolation as error:
        raise Invalid({"code": N_("There is no such attribute")}) from error
    await settle_category(tx, category_id)


async def definitions(read: Read) -> dict[str, Definition]:
    """Every attribute there is, by code, those that are out of use too. They seldom change and are kept for a moment."""

    async def ask() -> list[Definition]:
        return await read.all(
            Definition,
            """
            SELECT d.code, d.name, d.kind, d.unit, d.values, d.filterable, d.retired
            FROM attribute_definitions d ORDER BY d.code
            """,
        )

    return {each.code: each for each in await kept(read, ATTRIBUTES_KEPT, ask)}


class _Bound(msgspec.Struct, frozen=True, kw_only=True):
    of: CategoryId
    category_id: CategoryId
    definition: Definition
    required: bool
    place: int


async def attributes_of(
    read: Read, category_ids: Iterable[UUID] | None = None
) -> dict[CategoryId, list[CategoryAttribute]]:
    """What the products of these categories (all, when none are named) are asked for, inherited ones first.

    A category that says an inherited attribute anew decides whether it is required there and below.
    """
    wanted = None if category_ids is None else list(category_ids)
    found = await read.all(
        _Bound,
        """
        SELECT * FROM (
            SELECT DISTINCT ON (c.category_id, a.code) c.category_id AS of, a.category_id, a.required, a.place
                 , array_position(c.path, a.category_id) AS depth
                 , jsonb_build_object('code', d.code, 'name', d.name, 'kind', d.kind, 'unit', d.unit
                                    , 'values', d.values, 'filterable', d.filterable) AS definition
            FROM categories c
            JOIN category_attributes a ON a.category_id = ANY(c.path)
            JOIN attribute_definitions d ON d.code = a.code AND NOT d.retired
            WHERE $1::uuid[] IS NULL OR c.category_id = ANY($1)
            ORDER BY c.category_id, a.code, depth DESC
        ) bound ORDER BY depth, place, definition ->> 'code'
        """,
        wanted,
    )
    answer: dict[CategoryId, list[CategoryAttribute]] = {CategoryId(each): [] for each in wanted or ()}
    for each in found:
        answer.setdefault(each.of, []).append(
            CategoryAttribute(
                category_id=each.category_id, definition=each.definition, required=each.required, place=each.place
            )
        )
    return answer


async def check_facts(read: Read, products: Sequence[tuple[UUID, Mapping[str, Fact]]]) -> None:
    """Refuse facts that their category does not know: (category, facts) of each product. Raises `Invalid`."""
    given = [(CategoryId(category_id), facts) for category_id, facts in products if facts]
    if not given:
        return
    bound = await attributes_of(read, {category_id for category_id, _ in given})
    for category_id, facts in given:
        wrong = wrong_facts(bound[category_id], facts)
        if wrong:
            raise Invalid({f"fact:{code}": words for code, words in wrong.items()})
