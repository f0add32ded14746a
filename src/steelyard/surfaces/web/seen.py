"""Two windows on one thing: a form brings back the mark of what it was filled in from, so that the later save does not
silently undo the earlier one.

The page puts `mark(...)` of what is stored into the hidden field `seen`. Saving holds the thing, reads it again and
compares; what was typed comes back with a new mark, so that saving once more is a decision and counts.
"""

from hashlib import sha256

import msgspec

from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.entries import Entries

FIELD = "seen"
MARK_CHARACTERS = 32
OVERTAKEN = N_(
    "This was changed after you opened it, by a colleague or in another window. Nothing is saved yet, and what you typed"
    " stands here. Look at it as it is now, then save again: yours counts."
)


def mark(*said: object) -> str:
    """Stands for all that a form shows; another mark, another's change."""
    return sha256(msgspec.json.encode(said, order="sorted")).hexdigest()[:MARK_CHARACTERS]


async def hold(tx: Tx, what: str) -> None:
    """Whoever else saves this thing waits until this transaction has ended, and then sees what came of it."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", what)


def compare(form: Entries, now: str, wanted: str, field: str = FIELD) -> None:
    """Raises `Invalid` for `field` when the thing is not as the form showed it. Where what is wanted is so already, as after
    a second click, nothing is lost; a form without a mark asks nothing."""
    seen = form.text(FIELD, most=MARK_CHARACTERS)
    if seen and now not in (seen, wanted):
        raise Invalid({field: OVERTAKEN})
