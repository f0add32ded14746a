"""Questions about the operator."""

from steelyard.kernel.db import Read
from steelyard.kernel.keeping import kept
from steelyard.parties.operator.model import Profile

PROFILE_KEPT = "parties.operator.profile"


async def profile(read: Read) -> Profile | None:
    """Who runs this marketplace; none before it was set up. It changes once in years and is kept for a moment."""

    async def ask() -> Profile | None:
        return await read.one(
            Profile,
            """
            SELECT name, legal_name, credit_code, icp_number, address, phone, email, country, currency, licence_url
            FROM operator_profile
            """,
        )

    return await kept(read, PROFILE_KEPT, ask)
