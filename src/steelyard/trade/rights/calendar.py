"""Days on which nobody works, by country: holidays, and weekend days that are worked instead. Kept by the operator.

A last day that is none of work moves to the next that is, for rules that say so: Civil Code of the PRC, Art. 203; Regulation
(EEC, Euratom) No 1182/71, Art. 3 (4).
"""

from datetime import date

from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.keeping import forget
from steelyard.trade.rights.model import COUNTRY, WORDS_CHARACTERS_MAX, Holiday
from steelyard.trade.rights.queries import RULES_KEPT, VERSIONS_MAX


async def holidays(read: Read, year: int) -> list[Holiday]:
    """The known days of a year, by country and date."""
    return await read.all(
        Holiday,
        """
        SELECT country, day, name, worked FROM rights_holidays
        WHERE day BETWEEN $1 AND $2 ORDER BY country, day LIMIT $3
        """,
        date(year, 1, 1),
        date(year, 12, 31),
        VERSIONS_MAX,
    )


async def holiday(read: Read, country: str, day: date) -> Holiday | None:
    """What is known of a day."""
    return await read.one(
        Holiday, "SELECT country, day, name, worked FROM rights_holidays WHERE country = $1 AND day = $2", country, day
    )


async def keep_holiday(tx: Tx, new: Holiday) -> None:
    """A day is a holiday there, or (`worked`) a day of the weekend that is worked. Said again, what was said last counts.
    Raises `Invalid`."""
    wrong: dict[str, str] = {}
    if not COUNTRY.fullmatch(new.country):
        wrong["country"] = N_("Please name countries by two capital letters, such as CN DE FR")
    if not any(new.name.values()) or any(len(words) > WORDS_CHARACTERS_MAX for words in new.name.values()):
        wrong["name_en"] = N_("Please give it a name of at most 200 characters")
    if wrong:
        raise Invalid(wrong)
    forget(tx, RULES_KEPT)
    await tx.execute(
        """
        INSERT INTO rights_holidays (country, day, name, worked) VALUES ($1, $2, $3, $4)
        ON CONFLICT (country, day) DO UPDATE SET name = excluded.name, worked = excluded.worked
        """,
        new.country,
        new.day,
        new.name,
        new.worked,
    )


async def forget_holiday(tx: Tx, country: str, day: date) -> Holiday | None:
    """It is a day like others; returns what it was. Said twice, nothing changes."""
    before = await holiday(tx, country, day)
    forget(tx, RULES_KEPT)
    await tx.execute("DELETE FROM rights_holidays WHERE country = $1 AND day = $2", country, day)
    return before
