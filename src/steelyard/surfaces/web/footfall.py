"""Footfall: what visitors look at, gathered in the process and counted about once a second, off the way of the page.

What is lost when a process dies is a second of counting. Programs that say what they are (search engines, monitors) are not
counted, and nobody is who asks not to be (Global Privacy Control).
"""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from steelyard.kernel.db import Database
from steelyard.operations import analytics
from steelyard.operations.analytics import VIEWS_PER_BATCH_MAX, Step, View
from steelyard.parties.access.model import AccountKind
from steelyard.surfaces.web.visit import Connection, Visit

FLUSH_SECONDS = 1.0
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
    """The views that wait for counting, and the task that counts them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[View] = deque(maxlen=WAITING_VIEWS_MAX)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_counting(), name="footfall")

    async def stop(self) -> None:
        """Count what waits, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._count_or_log()

    def note(self, view: View) -> None:
        """Remember a view; when far too many wait, the oldest are let go."""
        self._waiting.append(view)

    async def count(self) -> None:
        """Write down all that waits."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), VIEWS_PER_BATCH_MAX))]
            await self._db.transact(analytics.record, batch)

    async def _keep_counting(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._count_or_log()

    async def _count_or_log(self) -> None:
        try:
            await self.count()
        except Exception:  # counting never stands in anybody's way; the next second goes on
            log.exception("footfall.not_counted")


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
