"""Privacy: what people agreed to, all that is kept of them to take along, and being forgotten.

`gathering` makes the file of an export. An account is erased in two steps: planned, with some days to think it over, and
done by a sweep, from one place: every module with a buyer's data offers a command that forgets it. What has to be kept, and
for how long, is docs/decisions/0035.
"""

from steelyard.operations.privacy.events import BuyerErased, ExportReady
from steelyard.operations.privacy.jobs import erase_due, fade_records, forget_exports, gather
from steelyard.operations.privacy.queries import (
    consents_of,
    export_of,
    exports_of,
    hindrances,
    outstanding,
    planned_erasure,
)
from steelyard.operations.privacy.service import (
    ask_for_export,
    choose_analysing,
    erase,
    plan_erasure,
    record_consents,
    record_consents_of,
    withdraw_erasure,
)

__all__ = [
    "BuyerErased",
    "ExportReady",
    "ask_for_export",
    "choose_analysing",
    "consents_of",
    "erase",
    "erase_due",
    "export_of",
    "exports_of",
    "fade_records",
    "forget_exports",
    "gather",
    "hindrances",
    "outstanding",
    "plan_erasure",
    "planned_erasure",
    "record_consents",
    "record_consents_of",
    "withdraw_erasure",
]
