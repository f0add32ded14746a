"""What shops may not do, as the operator sets it."""

import re

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.trade.discipline.model import Rule

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
POINTS_MAX = 48
NAME_CHARACTERS_MAX = 100


async def save_rule(tx: Tx, rule: Rule) -> None:
    """Make a rule, or change it for what is recorded from now on. Said twice, nothing changes. Raises `Invalid`."""
    wrong: dict[str, str] = {}
    if not CODE.fullmatch(rule.code):
        wrong["code"] = N_("Small letters, digits and _, beginning with a letter")
    if not any(rule.name.values()) or any(len(name) > NAME_CHARACTERS_MAX for name in rule.name.values()):
        wrong["name"] = N_("Please enter a name of at most 100 characters")
    if not 0 <= rule.points <= POINTS_MAX:
        wrong["points"] = N_("Please enter a number from 0 to 48")
    if rule.fine < 0:
        wrong["fine"] = N_("A fine is not negative")
    if wrong:
        raise Invalid(wrong)
    await tx.execute(
        """
        INSERT INTO violation_rules (code, name, category, points, fine, currency, active) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (code) DO UPDATE SET name = excluded.name, category = excluded.category, points = excluded.points
          , fine = excluded.fine, currency = excluded.currency, active = excluded.active
        """,
        rule.code,
        rule.name,
        rule.category,
        rule.points,
        rule.fine,
        rule.currency,
        rule.active,
    )
