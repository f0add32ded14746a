"""The matrix of a product's options, changed as a whole: variants that stay keep their ids, those that go are kept for
their orders and are sold no more."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.goods.catalog.events import ProductChanged
from steelyard.goods.catalog.model import (
    OPTIONS_PER_PRODUCT_MAX,
    VALUES_PER_OPTION_MAX,
    CodeTaken,
    NewSku,
    Option,
    ProductId,
    Sku,
    SkuId,
    Was,
)
from steelyard.goods.catalog.rows import check_skus
from steelyard.goods.catalog.versions import changed, keep
from steelyard.kernel import events
from steelyard.kernel.db import Tx, UniqueViolation
from steelyard.kernel.errors import Invalid, NotFound, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties.merchants.model import MerchantId


class MatrixValue(msgspec.Struct, frozen=True, kw_only=True):
    """`was` is the place of the value that is now called so; none for a new value."""

    name: Text
    was: int | None = None


class MatrixOption(msgspec.Struct, frozen=True, kw_only=True):
    """`was` is the place of the option that is now this one; none for a new option."""

    name: Text
    values: list[MatrixValue]
    was: int | None = None


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a product's variants: which of them stand at which choice of the new options, and which go."""

    placed: dict[tuple[int, ...], SkuId]
    gone: list[SkuId]


class MatrixOutdated(Refusal):
    """Options are changed by one person at a time."""

    code = "matrix_outdated"
    title = N_("The options were changed meanwhile")
    detail = N_("Please reload the page and say it again.")


def outline(skus: Sequence[Sku], options: Sequence[MatrixOption], former: int) -> Outline:
    """Where each variant stands among the new options. `former` is how many options there were.

    A variant keeps its place when each of its values is still there. To an option that is new it answers with the first
    value. When an option goes, the first active one of those that become alike stays.
    """
    placed: dict[tuple[int, ...], SkuId] = {}
    gone: list[SkuId] = []
    for sku in sorted(skus, key=lambda sku: not sku.active):  # stable: active ones first, each in their order
        choice = _choice(sku, options)
        if len(sku.choice) != former or choice is None or choice in placed:
            gone.append(sku.sku_id)
        else:
            placed[choice] = sku.sku_id
    return Outline(placed=placed, gone=gone)


def _choice(sku: Sku, options: Sequence[MatrixOption]) -> tuple[int, ...] | None:
    found: list[int] = []
    for option in options:
        if option.was is None:
            found.append(0)
            continue
        chosen = sku.choice[option.was] if option.was < len(sku.choice) else None
        place = next((n for n, value in enumerate(option.values) if chosen is not None and value.was == chosen), None)
        if place is None:
            return None
        found.append(place)
    return tuple(found)


async def set_matrix(
    tx: Tx,
    merchant_id: MerchantId,
    product_id: ProductId,
    options: Sequence[MatrixOption],
    skus: Sequence[NewSku],
    by: str,
    *,
    seen: Sequence[Option],
) -> list[SkuId]:
    """A product's options and variants are these from now on; returns the variants that are new.

    `seen` are the options that the caller saw. A variant in `skus` whose choice an existing one stands at (`outline`)
    takes that one's id, whatever id it brings; one whose words were offered before takes that one's id back. Existing
    variants whose choice is not in `skus` stay as they are, or are kept aside when their values went. Raises
    `NotFound`, `MatrixOutdated`, `Invalid`, `CodeTaken`.
    """
    _check(options)
    wanted = [Option(name=option.name, values=[value.name for value in option.values]) for option in options]
    now = await _lock(tx, merchant_id, product_id)
    if now.options != list(seen):
        raise MatrixOutdated()
    check_skus(skus, [len(option.values) for option in options])
    await keep(tx, merchant_id, [product_id], by)
    plan = outline(now.skus, options, len(now.options))
    try:
        async with tx.savepoint():
            fresh = await _write(tx, merchant_id, product_id, now, plan, wanted, skus)
    except UniqueViolation as error:
        raise CodeTaken(product_id=product_id) from error
    await changed(tx, merchant_id, [product_id], by)
    await events.publish(tx, ProductChanged(merchant_id=merchant_id, product_id=product_id))
    return fresh


def _check(options: Sequence[MatrixOption]) -> None:
    wrong: dict[str, str] = {}
    if len(options) > OPTIONS_PER_PRODUCT_MAX:
        wrong["options"] = N_("A product has at most three options")
    if any(not 1 <= len(option.values) <= VALUES_PER_OPTION_MAX for option in options):
        wrong["options"] = N_("An option has from 1 to 100 values")
    if any(not any(option.name.values()) for option in options) or any(
        not any(value.name.values()) for option in options for value in option.values
    ):
        wrong["options"] = N_("Options and their values have names")
    if any(len({str(value.name) for value in option.values}) != len(option.values) for option in options) or len(
        {str(option.name) for option in options}
    ) != len(options):
        wrong["options"] = N_("Two of these have the same name")
    if wrong:
        raise Invalid(wrong)


class _Aside(msgspec.Struct, frozen=True, kw_only=True):
    sku_id: SkuId
    was: Was


class _Now(msgspec.Struct, frozen=True, kw_only=True):
    options: list[Option]
    skus: list[Sku]
    aside: list[_Aside]


async def _lock(tx: Tx, merchant_id: UUID, product_id: UUID) -> _Now:
    await tx.execute(
        "SELECT FROM products WHERE merchant_id = $1 AND product_id = $2 FOR UPDATE", merchant_id, product_id
    )
    found = await tx.one(
        _Now,
        """
        SELECT p.options
             , coalesce((SELECT jsonb_agg(jsonb_build_object(
                             'sku_id', s.sku_id, 'product_id', s.product_id, 'code', s.code, 'barcode', s.barcode
                           , 'choice', s.choice, 'weight_grams', s.weight_grams, 'picture', s.picture
                           , 'active', s.active) ORDER BY s.place, s.sku_id)
                         FROM skus s WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id
                         AND s.was IS NULL), '[]') AS skus
             , coalesce((SELECT jsonb_agg(jsonb_build_object('sku_id', s.sku_id, 'was', s.was)) FROM skus s
                         WHERE s.merchant_id = p.merchant_id AND s.product_id = p.product_id
                         AND s.was IS NOT NULL), '[]') AS aside
        FROM products p WHERE p.merchant_id = $1 AND p.product_id = $2
        """,
        merchant_id,
        product_id,
    )
    if found is None:
        raise NotFound()
    return found


async def _write(
    tx: Tx,
    merchant_id: UUID,
    product_id: UUID,
    now: _Now,
    plan: Outline,
    options: Sequence[Option],
    skus: Sequence[NewSku],
) -> list[SkuId]:
    known = {sku.sku_id: sku for sku in now.skus}
    await _put_aside(tx, merchant_id, now)
    await tx.execute(
        "UPDATE products SET options = $3, changed_at = now() WHERE merchant_id = $1 AND product_id = $2",
        merchant_id,
        product_id,
        list(options),
    )
    aside = {_words(each.was.chosen): each.sku_id for each in now.aside}
    taken = set(known) | set(aside.values())
    rows: dict[tuple[int, ...], NewSku] = {}
    for choice, sku_id in plan.placed.items():
        was = known[sku_id]
        rows[choice] = NewSku(
            sku_id=sku_id, code=was.code, choice=list(choice), barcode=was.barcode, weight_grams=was.weight_grams,
            picture=was.picture, active=was.active,
        )  # fmt: skip
    for sku in skus:
        choice = tuple(sku.choice)
        said = _words([(option.name, option.values[chosen]) for option, chosen in zip(options, choice, strict=True)])
        sku_id = plan.placed.get(choice) or aside.get(said) or sku.sku_id
        rows[choice] = msgspec.structs.replace(sku, sku_id=sku_id)
    await _upsert(tx, merchant_id, product_id, [rows[choice] for choice in sorted(rows)])
    return [sku.sku_id for sku in rows.values() if sku.sku_id not in taken]


def _words(pairs: Sequence[tuple[Text, Text]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in pairs)


async def _put_aside(tx: Tx, merchant_id: UUID, now: _Now) -> None:
    """All variants leave their choices first, so that none stands in another's way; those that go say what they were."""
    await tx.execute(
        """
        UPDATE skus s SET active = false, choice = '{}', was = g.was
        FROM unnest($2::uuid[], $3::jsonb[]) AS g (sku_id, was)
        WHERE s.merchant_id = $1 AND s.sku_id = g.sku_id
        """,
        merchant_id,
        [sku.sku_id for sku in now.skus],
        # An object, since a list of lists would travel as one array of more dimensions.
        [
            {
                "chosen": [
                    (option.name, option.values[chosen]) for option, chosen in zip(now.options, sku.choice, strict=True)
                ]
            }
            for sku in now.skus
        ],
    )


async def _upsert(tx: Tx, merchant_id: UUID, product_id: UUID, skus: Sequence[NewSku]) -> None:
    await tx.execute(
        """
        INSERT INTO skus (merchant_id, sku_id, product_id, code, barcode, choice, weight_grams, picture, active, place)
        SELECT $1, n.sku_id, $2, n.code, n.barcode, n.choice::integer[], n.weight_grams, n.picture, n.active, n.place
        FROM ROWS FROM (unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[]
                            , $9::boolean[]))
             WITH ORDINALITY AS n (sku_id, code, barcode, choice, weight_grams, picture, active, place)
        ON CONFLICT (merchant_id, sku_id) DO UPDATE
        SET code = excluded.code, barcode = excluded.barcode, choice = excluded.choice
          , weight_grams = excluded.weight_grams, picture = excluded.picture, active = excluded.active
          , place = excluded.place, was = NULL
        """,
        merchant_id,
        product_id,
        [sku.sku_id for sku in skus],
        [sku.code for sku in skus],
        [sku.barcode for sku in skus],
        ["{" + ",".join(map(str, sku.choice)) + "}" for sku in skus],
        [sku.weight_grams for sku in skus],
        [sku.picture for sku in skus],
        [sku.active for sku in skus],
    )
