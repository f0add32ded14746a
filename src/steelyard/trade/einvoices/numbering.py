"""Numbers of e-invoices: one after the other for each issuer and year, without a gap.

The row of the series is held until the transaction ends, so that who comes next waits; what is rolled back gives its number
back. A sequence of the database would be quicker and leave gaps.
"""

from uuid import UUID

import msgspec

from steelyard.kernel.db import Tx

# The platform's own series. (checks.sql says the same.)
PLATFORM = UUID(int=1)


class Numbered(msgspec.Struct, frozen=True):
    year: int
    sequence: int

    @property
    def number(self) -> str:
        return f"{self.year}-{self.sequence:06d}"


async def take(tx: Tx, owner_id: UUID, year: int) -> Numbered:
    """The next number of an issuer in a year."""
    sequence: int = await tx.value(
        """
        INSERT INTO einvoice_series AS s (owner_id, year, last) VALUES ($1, $2, 1)
        ON CONFLICT (owner_id, year) DO UPDATE SET last = s.last + 1
        RETURNING last
        """,
        owner_id,
        year,
    )
    return Numbered(year, sequence)
