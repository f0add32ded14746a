"""What a sheet would change: each row compared with the variant of its article number, cell by cell."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from uuid import UUID

from steelyard.channels.sheets.columns import FACT, Good, Shop, fact_of, goods, shop_of
from steelyard.channels.sheets.model import Fault, FieldChange, Outcome, Row
from steelyard.goods import catalog
from steelyard.goods.catalog.model import TITLE_CHARACTERS_MAX
from steelyard.goods.inventory.model import QUANTITY_MAX
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import minor_digits
from steelyard.parties.merchants.model import MerchantId

YES = {"yes", "是", "1", "true", "y"}
NO = {"no", "否", "0", "false", "n"}
SHELF = {"on": "on", "上架": "on", "off": "off", "下架": "off"}
TAX_CLASSES = {"standard", "reduced", "zero", "exempt"}
WEIGHT_GRAMS_MAX = 10_000_000
# An empty cell of these changes nothing; of the others it takes away what was said.
KEPT_WHEN_EMPTY = {"category", "tax_class", "shelf", "price", "stock", "active", "weight_grams"}
PRICE_MAX = Decimal(10) ** 12

_TWICE = N_("This article number is in the file twice")
_MISSING = N_("Please fill this in")
_CATEGORY = N_("There is no category with this address")
_NUMBER = N_("Please enter a whole number")
_AMOUNT = N_("Please enter an amount such as 12.50")
_YES_NO = N_("Please write yes or no")
_SHELF = N_("Please write on or off")
_TAX = N_("Please write standard, reduced, zero or exempt")
_LONG = N_("This is too long")
_FACT = N_("This is not one of the attribute’s values")
_NO_FACT = N_("There is no such attribute")
_TWO_LANGUAGES = N_("All rows of a product say the same here")


async def plan(read: Read, merchant_id: MerchantId, rows: Sequence[tuple[int, dict[str, str]]]) -> list[Row]:
    """What these rows (line, cells by column) would do. A column that the sheet has not stays as it is."""
    shop = await shop_of(read, merchant_id)
    codes = [cells.get("sku", "").strip() for _, cells in rows]
    known = await catalog.by_codes(read, merchant_id, codes)
    product_ids = await catalog.product_ids(read, merchant_id, known.values())
    there = {good.code: good for good in await goods(read, shop, product_ids)}
    seen: set[str] = set()
    planned: list[Row] = []
    said: dict[tuple[UUID, str], str] = {}
    for line, cells in rows:
        code = cells.get("sku", "").strip()
        row = _row(shop, line, code, cells, there.get(code))
        if code in seen:
            row = _wrong(row, "sku", _TWICE)
        seen.add(code)
        planned.append(_contradicted(row, said))
    return planned


def _row(shop: Shop, line: int, code: str, cells: Mapping[str, str], good: Good | None) -> Row:
    faults = [] if code else [Fault(column="sku", words=_MISSING)]
    changes: list[FieldChange] = []
    for column, cell in cells.items():
        if column in ("sku", "product", "variant"):
            continue
        before = good.cells.get(column, "") if good else None
        after, fault = read_cell(shop, column, cell.strip().replace("\r\n", "\n"))
        if fault:
            faults.append(Fault(column=column, words=fault))
        elif not after and column in KEPT_WHEN_EMPTY:
            continue
        elif after != (read_cell(shop, column, before.strip().replace("\r\n", "\n"))[0] if before is not None else ""):
            changes.append(FieldChange(field=column, before=before, after=after))
    if good is None:
        faults += [
            Fault(column=column, words=_MISSING)
            for column in ("category", "price")
            if not cells.get(column, "").strip()
        ]
        if not (cells.get("title_zh", "").strip() or cells.get("title_en", "").strip()):
            faults.append(Fault(column="title_zh", words=_MISSING))
        changes += [
            FieldChange(field=column, before=None, after=cells[column].strip())
            for column in ("product", "variant")
            if cells.get(column, "").strip()
        ]
    outcome = Outcome.NEW if good is None else Outcome.CHANGED if changes else Outcome.UNCHANGED
    return Row(
        line=line,
        outcome=Outcome.WRONG if faults else outcome,
        code=code,
        title=good.title if good else cells.get("title_zh", "") or cells.get("title_en", ""),
        product_id=good.product_id if good else None,
        sku_id=good.sku_id if good else None,
        changes=changes,
        faults=faults,
    )


def _wrong(row: Row, column: str, words: str) -> Row:
    return Row(
        line=row.line, outcome=Outcome.WRONG, code=row.code, title=row.title, product_id=row.product_id,
        sku_id=row.sku_id, changes=row.changes, faults=[*row.faults, Fault(column=column, words=words)],
    )  # fmt: skip


def _contradicted(row: Row, said: dict[tuple[UUID, str], str]) -> Row:
    """What is said of a product in two of its rows must be the same."""
    for change in row.changes:
        if row.product_id is not None and is_products(change.field):
            first = said.setdefault((row.product_id, change.field), str(change.after))
            if first != str(change.after):
                return _wrong(row, change.field, _TWO_LANGUAGES)
    return row


def is_products(column: str) -> bool:
    """Whether a column is of the product, and not of one of its variants."""
    return column.startswith((FACT, "title_", "description_")) or column in ("category", "tax_class", "shelf")


def read_cell(shop: Shop, column: str, cell: str) -> tuple[str, str]:
    """A cell in its canonical form, and what is wrong with it."""
    if column.startswith(FACT):
        return _read_fact(shop, column.removeprefix(FACT), cell)
    if column in ("price", "compare_at", "cost"):
        return _read_amount(cell, shop.currency)
    if not cell:
        return "", ""
    return _READ.get(column, _read_words)(shop, cell)


def _read_words(_: Shop, cell: str) -> tuple[str, str]:
    return cell, ""


def _short(most: int) -> Callable[[Shop, str], tuple[str, str]]:
    return lambda _, cell: (cell, "") if len(cell) <= most else ("", _LONG)


def _whole(most: int) -> Callable[[Shop, str], tuple[str, str]]:
    return lambda _, cell: (
        (str(int(cell)), "") if cell.isdecimal() and len(cell) < 12 and int(cell) <= most else ("", _NUMBER)
    )


def _read_active(_: Shop, cell: str) -> tuple[str, str]:
    word = cell.lower()
    return ("yes", "") if word in YES else ("no", "") if word in NO else ("", _YES_NO)


_READ: Mapping[str, Callable[[Shop, str], tuple[str, str]]] = {
    "weight_grams": _whole(WEIGHT_GRAMS_MAX),
    "stock": _whole(QUANTITY_MAX),
    "active": _read_active,
    "shelf": lambda _, cell: (SHELF[cell.lower()], "") if cell.lower() in SHELF else ("", _SHELF),
    "tax_class": lambda _, cell: (cell, "") if cell in TAX_CLASSES else ("", _TAX),
    "category": lambda shop, cell: (cell, "") if cell in shop.categories else ("", _CATEGORY),
    "title_zh": _short(TITLE_CHARACTERS_MAX),
    "title_en": _short(TITLE_CHARACTERS_MAX),
    "barcode": _short(100),
}


def _read_amount(cell: str, currency: str) -> tuple[str, str]:
    if not cell:
        return "", ""
    try:
        amount = Decimal(cell.replace(",", "").replace("，", ""))
    except InvalidOperation:
        return "", _AMOUNT
    digits = minor_digits(currency)
    if not amount.is_finite() or not 0 <= amount < PRICE_MAX or amount != round(amount, digits):
        return "", _AMOUNT
    return f"{amount:.{digits}f}", ""


def _read_fact(shop: Shop, code: str, cell: str) -> tuple[str, str]:
    definition = shop.definitions.get(code)
    if definition is None:
        return "", _NO_FACT if cell else ""
    try:
        fact = fact_of(definition, cell)
    except ValueError:
        return "", _FACT
    if fact is None:
        return "", ""
    if isinstance(fact, list) and not {value.code for value in definition.known}.issuperset(fact):
        return "", _FACT
    from_fact = ";".join(fact) if isinstance(fact, list) else cell
    return from_fact, ""


def counts(rows: Sequence[Row]) -> dict[str, int]:
    return {str(outcome): sum(row.outcome is outcome for row in rows) for outcome in Outcome}
