"""Many goods changed at once: by a file of CSV or Excel, in the grid, or by an action on the ticked ones, with a plan that
is looked at first and a way back for a day.

`columns` is what a sheet holds, `reading` how it is read and written, `planning` what it would change, `applying` how that
is written and taken back.
"""

from steelyard.channels.sheets.columns import (
    FACT,
    FIXED,
    PRODUCTS_AT_ONCE,
    Good,
    Shop,
    columns_of,
    fact_cell,
    goods,
    shop_of,
)
from steelyard.channels.sheets.jobs import apply_plan
from steelyard.channels.sheets.planning import plan, read_cell
from steelyard.channels.sheets.queries import change, changes
from steelyard.channels.sheets.reading import read_sheet, write_csv, write_excel
from steelyard.channels.sheets.service import begin, change_at_once, plan_file, undo

__all__ = [
    "FACT",
    "FIXED",
    "PRODUCTS_AT_ONCE",
    "Good",
    "Shop",
    "apply_plan",
    "begin",
    "change",
    "change_at_once",
    "changes",
    "columns_of",
    "fact_cell",
    "goods",
    "plan",
    "plan_file",
    "read_cell",
    "read_sheet",
    "shop_of",
    "undo",
    "write_csv",
    "write_excel",
]
