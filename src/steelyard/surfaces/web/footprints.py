"""Footprints: which products a visitor looked at, gathered in the process and written down together, off the way of the
page. One batch is on its way at a time, and whoever looks meanwhile is in the next."""

import asyncio
from collections import deque
from uuid import UUID

import structlog

from steelyard.kernel.db import Database
from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.web.visit import VISITOR_COOKIE, Visit
from steelyard.trade import favourites
from steelyard.trade.favourites.model import FOOTPRINTS_PER_BATCH_MAX, Footprint

WAITING_MAX = 10_000
# Requests that a browser makes on its own account, for pages that nobody may ever look at.
AHEAD_OF_TIME = ("prefetch", "prerender")

log = structlog.get_logger()


class Footprints:
    """The footprints that wait, and the task that writes them down."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[Footprint] = deque(maxlen=WAITING_MAX)
        self._task: asyncio.Task[None] | None = None

    def note(self, footprint: Footprint) -> None:
        self._waiting.append(footprint)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write(), name="footprints")

    async def settled(self) -> None:
        """Everything noted so far is written down, or was let go."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), FOOTPRINTS_PER_BATCH_MAX))]
            try:
                await self._db.transact(favourites.leave_footprints, batch)
            except Exception:  # a footprint that is lost is in nobody's way
                log.exception("footprints.lost", count=len(batch))


def note(visit: Visit, merchant_id: UUID, product_id: UUID) -> None:
    """The visitor looks at a product. Staff are no visitors, and who is here for the first time is not known again yet:
    programs that keep no cookie leave nothing behind."""
    connection = visit.connection
    if visit.account is not None:
        known = visit.account.kind is AccountKind.BUYER
    else:
        known = VISITOR_COOKIE in connection.cookies and "new_visitor" not in connection.scope["state"]
    if not known or connection.headers.get("sec-purpose", "").startswith(AHEAD_OF_TIME):
        return
    state = connection.app.state
    if "footprints" not in state:
        state["footprints"] = Footprints(state.db)
    kept: Footprints = state["footprints"]
    kept.note(Footprint(buyer_id=visit.buyer_id, product_id=product_id, merchant_id=merchant_id))
