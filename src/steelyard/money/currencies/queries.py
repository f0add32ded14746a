"""Questions about currencies."""

from steelyard.kernel.db import Read
from steelyard.money.currencies.model import Currency


async def all(read: Read) -> list[Currency]:
    """Every currency dealt in, by its code: a handful, so there is no page."""
    return await read.all(Currency, "SELECT currency, digits, name FROM currencies ORDER BY currency")
