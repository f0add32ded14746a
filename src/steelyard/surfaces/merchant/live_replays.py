"""A shop decides of each of its live sessions whether buyers see its replay."""

from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from steelyard.channels import live
from steelyard.kernel.db import Tx
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.console import done
from steelyard.surfaces.web.entries import entries_of
from steelyard.surfaces.web.visit import Visit, WebRequest


async def show_replay(tx: Tx, actor: Actor, merchant_id: MerchantId, live_id: UUID, *, shown: bool) -> None:
    """Raises `NotFound`."""
    await live.show_replay(tx, merchant_id, live_id, shown=shown)
    await access.audit(tx, actor, "live.replay", str(live_id), {"shown": shown})


@post("/live/{live_id:uuid}/replay", opt={"permission": "live.plan"})
async def change_replay(visit: NamedDependency[Visit], request: WebRequest, live_id: FromPath[UUID]) -> Redirect:
    """Show the replay to buyers, or hide it."""
    shown = (await entries_of(request)).text("shown") == "yes"
    return await done(
        visit,
        f"{frame.LIVE}/{live_id}#replay",
        N_("Buyers see the replay.") if shown else N_("The replay is hidden from buyers."),
        lambda: visit.merchant_db.transact(show_replay, visit.actor, visit.merchant_id, live_id, shown=shown),
    )


HANDLERS = [change_replay]
