"""A campaign of the platform before a buyer's eyes: what it is, until when, and the goods of all shops that take part."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from steelyard.goods import promotions
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.surfaces.components.page import Crumb
from steelyard.surfaces.storefront.flash import Deal, deals_of
from steelyard.surfaces.storefront.seo import Seo
from steelyard.surfaces.storefront.shell import Shell, shell, show
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import Campaign, CampaignState, EntryState

# Before it starts a campaign can be looked at, without prices; one that was ended before its time cannot.
SHOWN = (CampaignState.SIGN_UP, CampaignState.CHOOSING, CampaignState.RUNNING, CampaignState.OVER)


class CampaignPage(msgspec.Struct, frozen=True, kw_only=True):
    """`deals` are none before it runs: what it costs then is not told to competitors."""

    shell: Shell
    campaign: Campaign
    state: CampaignState
    deals: Sequence[Deal]
    shops: Mapping[MerchantId, ShopCard]


async def campaign_page(read: Read, buyer_id: BuyerId | None, code: str) -> CampaignPage:
    """Raises `NotFound`."""
    campaign = await campaigns.by_code(read, code)
    state = campaign.state(datetime.now(UTC)) if campaign else None
    if campaign is None or state not in SHOWN or state is None:
        raise NotFound()
    deals = await _deals(read, campaign) if state is CampaignState.RUNNING else []
    return CampaignPage(
        shell=await shell(read, buyer_id),
        campaign=campaign,
        state=state,
        deals=deals,
        shops=await merchants.cards(read, {deal.item.merchant_id for deal in deals}),
    )


async def _deals(read: Read, campaign: Campaign) -> list[Deal]:
    """What is approved and for sale now; what is sold out last."""
    entries = await campaigns.entries(read, campaign.campaign_id)
    approved = [(each.merchant_id, each.entry_id) for each in entries if each.state is EntryState.APPROVED]
    items = await promotions.planned(read, approved) if approved else []
    found = await deals_of(read, items, {item.session_id: campaign.starts_at for item in items})
    return sorted(found, key=lambda deal: not deal.item.left)


@get("/campaigns/{code:str}")
async def campaign(visit: NamedDependency[Visit], code: FromPath[str]) -> Response[str]:
    """The campaign that is called so in addresses."""
    view = await visit.db.ask(campaign_page, visit.known_buyer_id, code)
    name = view.campaign.name.in_language(visit.locale)
    return await show(
        visit, "campaign.html", view.shell, crumbs=[Crumb(name)], view=view, seo=Seo(path=f"/campaigns/{code}")
    )


HANDLERS = [campaign]
