"""Questions about buyers' rights."""

from typing import LiteralString
from uuid import UUID

from steelyard.kernel.db import Read
from steelyard.kernel.keeping import kept
from steelyard.trade.rights.model import Calendar, Rule, Rules

RULES_KEPT = "trade.rights.rules"
VERSIONS_MAX = 1_000
HOLIDAYS_MAX = 5_000

_RULE: LiteralString = """
    SELECT rule_id, code, version, kind, name, days, countries, exceptions, source, link, since, until, drafted_at
         , drafted_by, percent, amount_least, amount_most, currency, hours_least, hours_most, times_most, categories
         , counted_from, moves
    FROM rights_rules
"""


async def rules(read: Read) -> Rules:
    """What is or was in force, and the days on which nobody works. It seldom changes, and is kept for a moment."""

    async def ask() -> Rules:
        found = await read.all(
            Rule, _RULE + " WHERE since IS NOT NULL ORDER BY code, version DESC LIMIT $1", VERSIONS_MAX
        )
        days = await read.fetch(
            "SELECT country, day, worked FROM rights_holidays ORDER BY day DESC, country LIMIT $1", HOLIDAYS_MAX
        )
        return Rules(found, Calendar({(row["country"], row["day"]): row["worked"] for row in days}))

    return await kept(read, RULES_KEPT, ask)


async def versions(read: Read) -> list[Rule]:
    """Every version of every right, drafts too: by right, the newest first."""
    return await read.all(Rule, _RULE + " ORDER BY code, version DESC LIMIT $1", VERSIONS_MAX)


async def rule(read: Read, rule_id: UUID) -> Rule | None:
    """One version."""
    return await read.one(Rule, _RULE + " WHERE rule_id = $1", rule_id)
