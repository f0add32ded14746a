"""Questions about the operator."""

from steelyard.kernel.db import Read
from steelyard.parties.operator.model import Profile


async def profile(read: Read) -> Profile | None:
    """Who runs this marketplace; none before it was set up. It changes once in years: callers may keep it a minute."""
    return await read.one(
        Profile,
        """
        SELECT name, legal_name, credit_code, icp_number, address, phone, email, country, currency, licence_url
        FROM operator_profile
        """,
    )
