"""Questions about agents."""

from collections.abc import Sequence
from uuid import UUID

from steelyard.channels.agents.model import Delivery, Platform, Session, SessionId
from steelyard.kernel.db import Read

DELIVERIES_MAX = 200


async def platforms(read: Read, profile_urls: Sequence[str]) -> dict[str, Platform]:
    """The platforms of these profiles, as far as what we remember of them is still fresh: for `kernel/lookups`."""
    found = await read.all(
        Platform,
        """
        SELECT profile_url, version, capabilities, keys, webhook_url FROM agent_platforms
        WHERE profile_url = ANY($1) AND expires_at > now()
        """,
        list(profile_urls),
    )
    return {each.profile_url: each for each in found}


async def sessions(read: Read, session_ids: Sequence[UUID]) -> dict[SessionId, Session]:
    """What agents said in these carts and checkouts, whoever they are: nobody is shown another platform's."""
    found = await read.all(
        Session,
        """
        SELECT session_id, kind, client, said, shown, action_url FROM agent_sessions WHERE session_id = ANY($1)
        """,
        list(session_ids),
    )
    return {each.session_id: each for each in found}


async def deliveries(read: Read, purchase_id: UUID) -> list[Delivery]:
    """What a platform was told of a purchase, the first first: the log for people."""
    return await read.all(
        Delivery,
        """
        SELECT delivery_id, purchase_id, profile_url, webhook_url, news, state, attempts, attempt_at, status, error
             , created_at, delivered_at
        FROM agent_deliveries WHERE purchase_id = $1 ORDER BY created_at, delivery_id LIMIT $2
        """,
        purchase_id,
        DELIVERIES_MAX,
    )
