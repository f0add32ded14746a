"""Policies: what the operator may decide while the house runs, each with its default, its range and what it means.

(`kernel/settings` is how a process is set up; this is how the marketplace is run.) A module asks `number(read, POLICY)` in
its own transaction. A process remembers the answers for two seconds, so that asking costs nothing on hot paths and a
change counts everywhere within two seconds, without a restart.

`kinds` says what a setting is; `case_times` are those of after-sales cases, `reconciling` that of statements, `door_rules`
those of cash on delivery, `shop_rules` those of what shops are held to, `gift_rules` those of gift cards in the shop,
`dispute_rules` those of suspicious orders and chargebacks,
`behaviour_rules` those of what is known of visitors.
`documents` are the terms, which the operator changes by publishing another version.
"""

from steelyard.parties.policies.documents import (
    DOCUMENTS_KEPT,
    FIRST_VERSIONS,
    Document,
    Version,
    call_off,
    in_force,
    publish,
    versions,
)
from steelyard.parties.policies.jobs import begin_due
from steelyard.parties.policies.queries import changes, number, settled
from steelyard.parties.policies.service import plan, reset, settle, withdraw

__all__ = [
    "DOCUMENTS_KEPT",
    "FIRST_VERSIONS",
    "Document",
    "Version",
    "begin_due",
    "call_off",
    "changes",
    "in_force",
    "number",
    "plan",
    "publish",
    "reset",
    "settle",
    "settled",
    "versions",
    "withdraw",
]
