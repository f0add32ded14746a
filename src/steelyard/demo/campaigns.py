"""Campaigns of the demo: one that starts some minutes after the demo was made, and one for which shops sign up now."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.demo.catalogue import Maker, makers
from steelyard.demo.products import made
from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import ProductState, SkuId
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.money import share
from steelyard.kernel.text import Text, text
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import CampaignId, EntryId, NewCampaign, NewEntry, Rules

TAKING_PART = ("yuxi", "kumo")
ARTICLES, PIECES = 2, 10
# A quarter off.
OFF = 250_000
BY = "staff:demo"
# What it is called, its address, and when: sign-up, beginning and end in days from now.
CAMPAIGNS: tuple[tuple[str, Text, Text, tuple[float, float, float, float]], ...] = (
    (
        "year-end",
        text("年终好物节", "Year’s end"),
        text("各店精选好物，活动价限时抢购。", "The best of many shops, at a good price for some days."),
        (-6, 5 / 1_440, 6 / 1_440, 7),
    ),
    (
        "spring-first",
        text("春季上新周", "First of spring"),
        text("开春第一波，欢迎报名。", "The first goods of spring: shops sign up now."),
        (-1, 6, 9, 14),
    ),
)


async def campaign(db: Database) -> None:
    """Open them as the platform's staff would; some shops have signed up, and for the first they were chosen."""
    opened = [await db.transact(_open, *each) for each in CAMPAIGNS]
    for campaign_id in opened:
        for maker in makers():
            if maker.slug in TAKING_PART:
                await db.transact(_sign_up, maker, campaign_id, choose=campaign_id == opened[0])


async def _open(tx: Tx, code: str, name: Text, about: Text, days: tuple[float, float, float, float]) -> CampaignId:
    campaign_id = CampaignId(made("campaign", code))
    if await campaigns.campaign(tx, campaign_id) is None:
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        begins, closes, starts, ends = (now + timedelta(days=each) for each in days)
        wanted = NewCampaign(
            campaign_id=campaign_id,
            code=code,
            name=name,
            about=about,
            sign_up_from=begins,
            sign_up_until=closes,
            starts_at=starts,
            ends_at=ends,
            rules=Rules(off=OFF, pieces=PIECES),
        )
        await campaigns.open_campaign(tx, wanted)
    return campaign_id


async def _sign_up(tx: Tx, maker: Maker, campaign_id: CampaignId, *, choose: bool) -> None:
    merchant_id = MerchantId(made("merchant", maker.slug))
    if await campaigns.entries(tx, campaign_id, merchant_id):
        return
    entries = [
        NewEntry(
            merchant_id=merchant_id,
            entry_id=EntryId(made("entry", str(campaign_id), str(sku_id))),
            campaign_id=campaign_id,
            sku_id=sku_id,
            price=amount - share(amount, OFF) - 1,
            pieces=PIECES,
            per_buyer=2,
        )
        for sku_id, amount in await _articles(tx, maker, merchant_id)
    ]
    if not entries or await campaigns.sign_up(tx, entries, BY):
        return
    for entry in entries if choose else ():
        await campaigns.approve(tx, merchant_id, entry.entry_id, BY)


async def _articles(tx: Tx, maker: Maker, merchant_id: UUID) -> list[tuple[SkuId, int]]:
    """What has enough on the shelf, with its price."""
    page = await catalog.products_page(tx, MerchantId(merchant_id), ProductState.ON_SHELF, limit=60)
    chosen = sorted(row.product_id for row in page.items)
    by_product = await catalog.sku_ids_of(tx, merchant_id, chosen)
    firsts = [SkuId(some[0]) for some in by_product.values() if some]
    free = await inventory.available(tx, firsts)
    prices = await pricing.current(tx, firsts, maker.currency)
    return [(each, prices[each].amount) for each in firsts if each in prices and free[each] > 3 * PIECES][:ARTICLES]
