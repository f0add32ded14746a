"""Footfall: what visitors look at, left with a batcher that counts it about once a second, off the way of the page.

What is lost when a process is killed is what it gathered: about a second of views, at most `WAITING_VIEWS_MAX`. Views that find
the queue full are let go and counted as such (`turned_away`), and so are those that could not be written (`failed`): both are
with the figures of all batches. Programs that say what they are (search engines, monitors) are not counted, and nobody is who
asks not to be (Global Privacy Control).
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from steelyard.kernel import batch_board
from steelyard.kernel.batching import Batcher
from steelyard.kernel.db import Database
from steelyard.operations import analytics
from steelyard.operations.analytics import VIEWS_PER_BATCH_MAX, Step, View
from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.web.visit import Connection, Visit

GATHER_SECONDS = 1.0
WAITING_VIEWS_MAX = 20_000

_PROGRAMS = re.compile(r"bot|spider|crawl|slurp|monitor|preview|^curl|^python|^httpx|^wget", re.IGNORECASE)
_PHONES = re.compile(r"Mobi|Android|iPhone|MicroMessenger", re.IGNORECASE)
_SEARCH = re.compile(r"(^|\.)(google|bing|baidu|sogou|so|yandex|duckduckgo|ecosia|sm)\.[a-z.]+$")
_SOCIAL = re.compile(
    r"(^|\.)(weibo\.com|weixin\.qq\.com|douyin\.com|xiaohongshu\.com|zhihu\.com|bilibili\.com|facebook\.com|instagram\.com"
    r"|tiktok\.com|x\.com|t\.co|youtube\.com|pinterest\.[a-z.]+|reddit\.com)$"
)
_MEDIA = {"cpc": "ad", "ppc": "ad", "ad": "ad", "ads": "ad", "email": "mail", "mail": "mail", "social": "social"}

log = structlog.get_logger()


class Footfall:
    """The views that wait for counting."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._batcher = Batcher[View, None](
            "footfall",
            self._record,
            lambda view: view,
            batch_most=VIEWS_PER_BATCH_MAX,
            waiting_most=WAITING_VIEWS_MAX,
            gather_seconds=GATHER_SECONDS,
            tell=partial(db.transact, batch_board.tell),
        )

    def note(self, view: View) -> None:
        """Have a view counted soon; when far too many wait, it is let go."""
        self._batcher.leave(view)

    async def count(self) -> None:
        """Count all that waits now."""
        await self._batcher.flush()

    async def stop(self) -> None:
        """Count what waits, and end."""
        await self._batcher.drain()

    async def _record(self, views: Sequence[View]) -> Sequence[Exception | None]:
        """Counting stands in nobody's way: what cannot be written is lost at once, not tried view by view."""
        try:
            await self._db.transact(analytics.record, views)
        except Exception as error:  # whatever it is, the next views go on
            log.exception("footfall.not_counted", views=len(views))
            return [error] * len(views)
        return [None] * len(views)


def note(
    visit: Visit, step: Step = Step.LOOKED, merchant_ids: Sequence[UUID] = (), product_id: UUID | None = None
) -> None:
    """A visitor has seen a page of ours (no merchant), or come as far as this with these merchants' goods.

    Who works here is no visitor."""
    if visit.account is not None and visit.account.kind is not AccountKind.BUYER:
        return
    connection = visit.connection
    footfall: Footfall | None = getattr(connection.app.state, "footfall", None)
    browser = connection.headers.get("user-agent", "")
    if footfall is None or not browser or _PROGRAMS.search(browser) or connection.headers.get("sec-gpc") == "1":
        return
    now, channel, device = datetime.now(UTC), channel_of(connection), "phone" if _PHONES.search(browser) else "desk"
    for merchant_id in merchant_ids or (None,):
        footfall.note(
            View(
                visitor_id=visit.visitor_id,
                at=now,
                step=step,
                merchant_id=merchant_id,
                product_id=product_id,
                channel=channel,
                device=device,
            )
        )


def channel_of(connection: Connection) -> str:
    """Where the visitor comes from: what the link says of itself (utm_medium), else the page that led here."""
    said = _MEDIA.get(str(connection.query_params.get("utm_medium", "")).lower())
    if said:
        return said
    try:
        host = (urlsplit(connection.headers.get("referer", "")).hostname or "").lower()
    except ValueError:  # what stands there need not be an address
        host = ""
    if not host or host == connection.url.hostname:
        return "direct"
    if _SEARCH.search(host):
        return "search"
    return "social" if _SOCIAL.search(host) else "link"
