"""Campaigns for tests: one whose sign-up is open, for the nuts of the shop that sells tea."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.kernel import ids
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.text import Text, text
from steelyard.trade import campaigns
from steelyard.trade.campaigns.model import CampaignId, EntryId, NewCampaign, NewEntry, Rules
from tests.support.world import World

PRICE = 2_990


def campaign(rules: Rules | None = None, code: str = "autumn") -> NewCampaign:
    """It runs for two days from tomorrow on; the sign-up has begun."""
    now = datetime.now(UTC)
    return NewCampaign(
        campaign_id=CampaignId(ids.mint()),
        code=code,
        name=text("金秋好物节", "Autumn days"),
        about=Text(),
        sign_up_from=now - timedelta(hours=1),
        sign_up_until=now + timedelta(hours=1),
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=3),
        rules=rules or Rules(),
    )


def entry(world: World, campaign_id: UUID, name: str = "nuts", price: int = PRICE, pieces: int = 5) -> NewEntry:
    return NewEntry(
        merchant_id=world.items[name].merchant_id,
        entry_id=EntryId(ids.mint()),
        campaign_id=CampaignId(campaign_id),
        sku_id=world.items[name].sku_id,
        price=price,
        pieces=pieces,
        per_buyer=1,
    )


async def opened(db: Database, rules: Rules | None = None, code: str = "autumn") -> NewCampaign:
    wanted = campaign(rules, code)
    await db.transact(campaigns.open_campaign, wanted)
    return wanted


async def signed_up(tx: Tx, world: World) -> tuple[CampaignId, EntryId]:
    """A campaign with an article of the tea shop that waits."""
    wanted = campaign()
    await campaigns.open_campaign(tx, wanted)
    mine = entry(world, wanted.campaign_id)
    assert not await campaigns.sign_up(tx, [mine], "test")
    return wanted.campaign_id, mine.entry_id


async def begun(tx: Tx, campaign_id: UUID) -> None:
    """The clock has moved to the time in which it runs, for its flash sales, too."""
    await tx.execute(
        """
        UPDATE campaigns SET sign_up_from = now() - interval '3 hours', sign_up_until = now() - interval '2 hours'
                           , starts_at = now() - interval '1 hour', ends_at = now() + interval '1 hour'
        WHERE campaign_id = $1
        """,
        campaign_id,
    )
    await tx.execute(
        """
        UPDATE flash_sessions f SET starts_at = c.starts_at, ends_at = c.ends_at
        FROM campaign_entries e JOIN campaigns c USING (campaign_id)
        WHERE c.campaign_id = $1 AND f.merchant_id = e.merchant_id AND f.session_id = e.entry_id
        """,
        campaign_id,
    )
    await tx.execute(
        """
        UPDATE promotions p SET starts_at = c.starts_at, ends_at = c.ends_at
        FROM campaign_entries e JOIN campaigns c USING (campaign_id)
        WHERE c.campaign_id = $1 AND p.merchant_id = e.merchant_id AND p.session_id = e.entry_id
        """,
        campaign_id,
    )
