"""Policies: what the operator may decide while the house runs, each with its default, its range and what it means.

(`kernel/settings` is how a process is set up; this is how the marketplace is run.) A module asks `number(read, POLICY)` in
its own transaction. A process remembers the answers for two seconds, so that asking costs nothing on hot paths and a
change counts everywhere within two seconds, without a restart.
"""

from steelyard.parties.policies.jobs import begin_due
from steelyard.parties.policies.queries import changes, number, settled
from steelyard.parties.policies.service import plan, reset, settle, withdraw

__all__ = ["begin_due", "changes", "number", "plan", "reset", "settle", "settled", "withdraw"]
