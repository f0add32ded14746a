"""What the two sides of a case write to each other, held against the operator's dictionary.

What somebody claims or says in evidence is heard whatever words it has (a buyer may have to quote how a shop led them away):
only what is masked is starred. What a shop answers is refused for a word that buyers are not to read.
"""

from steelyard.kernel.db import Tx
from steelyard.parties import screening
from steelyard.parties.screening.model import Area, Said


async def claimed(tx: Tx, field: str, words: str) -> str:
    """What is asked for, or said before the platform, as the other side reads it."""
    return (await screening.screen_quietly(tx, [Said(field=field, area=Area.MESSAGE, text=words)])).texts[0]


async def answered(tx: Tx, field: str, words: str) -> str:
    """What a shop answers a buyer, as it may be written. Raises `Invalid` beside the field."""
    return (await screening.screen(tx, [Said(field=field, area=Area.MESSAGE, text=words)])).texts[0]
