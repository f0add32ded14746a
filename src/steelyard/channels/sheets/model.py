"""What a sheet of goods says, what it would change, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_

ChangeId = NewType("ChangeId", UUID)

ROWS_PER_SHEET_MAX = 5_000
SHEET_BYTES_MAX = 10 * 1024 * 1024
UNDO_HOURS = 24


class Outcome(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WRONG = "wrong"


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """`field` is a column of the sheet; `before` is None for what is new."""

    field: str
    before: Any
    after: Any


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in a cell: `words` is one of our messages."""

    column: str
    words: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a sheet, which is one variant, and what it would do. `line` counts from 1, the header being 1."""

    line: int
    outcome: Outcome
    code: str
    title: str = ""
    product_id: UUID | None = None
    sku_id: UUID | None = None
    changes: list[FieldChange] = []
    faults: list[Fault] = []


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of many goods. `rows` are those that do something."""

    change_id: ChangeId
    kind: str
    name: str
    state: str
    counts: dict[str, int]
    done: int
    made_at: datetime
    by: str
    applied_at: datetime | None
    undone_at: datetime | None
    trouble: str
    rows: list[Row] = []


class SheetRefused(Refusal):
    """A sheet is CSV or Excel with a header of our columns, of at most 5,000 rows and 10 MB."""

    code = "sheet_refused"
    status = 422
    title = N_("This file cannot be read")
    detail = N_("Please use the template: CSV or Excel, at most 5,000 rows and 10 MB, with its column names.")


class TooLateToUndo(Refusal):
    """A change of many goods can be undone for a day."""

    code = "too_late_to_undo"
    title = N_("It is too late to undo this")
    detail = N_("Changes can be undone for a day.")


class EditedSince(Refusal):
    """What somebody edited since is not overwritten by undoing."""

    code = "edited_since"
    title = N_("Some of it was edited since")
    detail = N_("These were changed afterwards, so nothing was undone: {codes}")
