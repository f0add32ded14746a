"""Which of the shop's people did what in a session, for the debrief: written down beside what they did, in the same
transaction."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec

from steelyard.channels.live import beats
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import NotFound

PEOPLE_MAX = 200


class Acts(msgspec.Struct, frozen=True, kw_only=True):
    """How often somebody (`by`: staff:<account_id>) did something in a session."""

    by: str
    act: str
    times: int


async def act(
    tx: Tx,
    merchant_id: UUID,
    session_id: UUID,
    by: str,
    what: str,
    command: Callable[..., Awaitable[Any]],
    /,
    *given: Any,
    **named: Any,
) -> None:
    """Say a command of a session, and that this person did it (`what`), if those who watch have been told something by it: what
    changes nothing is nobody's deed. Raises `NotFound` for a session that is not the shop's, and what the command raises."""
    # So that no beat of others comes in between.
    await beats.lock(tx, [(merchant_id, session_id)])
    before = await tx.value(
        "SELECT last_seq FROM live_sessions WHERE merchant_id = $1 AND session_id = $2", merchant_id, session_id
    )
    if before is None:
        raise NotFound()
    await command(tx, merchant_id, session_id, *given, **named)
    await tx.execute(
        """
        INSERT INTO live_acts (merchant_id, session_id, seq, by, act)
        SELECT merchant_id, session_id, last_seq, $4, $5 FROM live_sessions
        WHERE merchant_id = $1 AND session_id = $2 AND last_seq > $3
        """,
        merchant_id,
        session_id,
        before,
        by,
        what,
    )


async def acts(read: Read, merchant_id: UUID, session_id: UUID) -> list[Acts]:
    """Who did what how often in a session."""
    return await read.all(
        Acts,
        """
        SELECT by, act, count(*)::integer AS times FROM live_acts WHERE merchant_id = $1 AND session_id = $2
        GROUP BY by, act ORDER BY by, act LIMIT $3
        """,
        merchant_id,
        session_id,
        PEOPLE_MAX,
    )
