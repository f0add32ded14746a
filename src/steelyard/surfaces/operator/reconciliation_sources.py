"""Who sends statements: how their days begin, what moves through which bank, and where a channel's fee is agreed."""

from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.money import payments, reconciliation
from steelyard.money.reconciliation.model import Source
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.reconciliation import NEEDS
from steelyard.surfaces.web.visit import Visit


class Found(msgspec.Struct, frozen=True, kw_only=True):
    sources: list[Source]
    routes: list[tuple[str, str | None]]


async def _found(read: Read) -> Found:
    return Found(sources=await reconciliation.sources(read), routes=await reconciliation.routes(read))


@get("/reconciliation/sources", opt=NEEDS)
async def source_list(visit: NamedDependency[Visit]) -> Response[Any]:
    return await frame.show(
        visit,
        "reconciliation_sources.html",
        frame.RECONCILIATION,
        crumbs=[(visit.say(N_("Reconciliation")), frame.RECONCILIATION), (visit.say(N_("Channels and banks")), None)],
        found=await visit.db.ask(_found),
        channels=payments.channels(visit.settings),
        channels_page=frame.CHANNELS,
    )


HANDLERS = [source_list]
