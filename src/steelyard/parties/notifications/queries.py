"""Questions about mails."""

from steelyard.kernel.db import Read
from steelyard.parties.notifications.model import MailQueue


async def mail_queue(read: Read) -> MailQueue:
    """How many mails are not out yet, and what the last of them met with."""
    found = await read.one(
        MailQueue,
        """
        SELECT count(*) FILTER (WHERE retry_at < 'infinity') AS waiting
             , count(*) FILTER (WHERE retry_at = 'infinity') AS given_up
             , min(created_at) FILTER (WHERE retry_at < 'infinity') AS oldest_at
             , (array_agg(error ORDER BY created_at DESC) FILTER (WHERE error IS NOT NULL))[1] AS last_error
        FROM mails WHERE sent_at IS NULL
        """,
    )
    assert found is not None
    return found
