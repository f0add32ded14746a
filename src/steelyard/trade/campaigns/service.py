"""Commands on campaigns: the platform opens them and ends them, shops sign goods up and withdraw them, the platform chooses.

What is approved is a flash sale of the shop (`goods/promotions`) under the entry's id, for the campaign's time: its pieces,
limits, prices and counting are those of any other.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import FlashItem, NewFlash, SessionId
from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.trade.campaigns import queries
from steelyard.trade.campaigns.events import EntryDecided
from steelyard.trade.campaigns.model import (
    ABOUT_CHARACTERS_MAX,
    CODE_CHARACTERS_MAX,
    DAYS_AHEAD_MAX,
    DAYS_MAX,
    ENTRIES_AT_ONCE_MAX,
    ENTRIES_PER_SHOP_MAX,
    PIECES_MAX,
    REASON_CHARACTERS_MAX,
    Article,
    Campaign,
    CampaignBegun,
    CampaignState,
    Entry,
    EntryState,
    Lack,
    NewCampaign,
    NewEntry,
    SignUpClosed,
    TooManyEntries,
    lacks,
)

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


async def open_campaign(tx: Tx, wanted: NewCampaign) -> None:
    """Ask shops for goods, for the time that the campaign says. Said twice, the first counts. Raises `Invalid`."""
    _check(wanted, datetime.now(UTC))
    taken = await tx.value(
        "SELECT true FROM campaigns WHERE code = $1 AND campaign_id <> $2", wanted.code, wanted.campaign_id
    )
    if taken:
        raise Invalid({"code": N_("Another campaign has this address")})
    await tx.execute(
        """
        INSERT INTO campaigns (campaign_id, code, name, about, sign_up_from, sign_up_until, starts_at, ends_at, rules)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (campaign_id) DO NOTHING
        """,
        wanted.campaign_id,
        wanted.code,
        wanted.name,
        wanted.about,
        wanted.sign_up_from,
        wanted.sign_up_until,
        wanted.starts_at,
        wanted.ends_at,
        wanted.rules,
    )


def _check(wanted: NewCampaign, now: datetime) -> None:
    wrong: dict[str, str] = {}
    if not _CODE.fullmatch(wanted.code) or len(wanted.code) > CODE_CHARACTERS_MAX:
        wrong["code"] = N_("Please use small letters, digits and hyphens")
    if not all(wanted.name.get(tongue) for tongue in ("zh-Hans", "en")):
        wrong["name_zh"] = N_("Please give it a name in both languages")
    if any(len(words) > ABOUT_CHARACTERS_MAX for words in wanted.about.values()):
        wrong["about_zh"] = N_("This is too long")
    if not wanted.sign_up_from < wanted.sign_up_until or wanted.sign_up_until <= now:
        wrong["sign_up_until"] = N_("It ends after it begins, and not in the past")
    if wanted.starts_at < wanted.sign_up_until:
        wrong["starts_at"] = N_("It starts when the time to sign up is over")
    elif wanted.starts_at > now + timedelta(days=DAYS_AHEAD_MAX):
        wrong["starts_at"] = N_("Please plan at most 60 days ahead")
    if not wanted.starts_at < wanted.ends_at <= wanted.starts_at + timedelta(days=DAYS_MAX):
        wrong["ends_at"] = N_("It ends after it starts, and 31 days later at most")
    if not 0 <= wanted.rules.off < PARTS_PER_MILLION:
        wrong["off"] = N_("Please enter a percentage from 0 to 99")
    if not 1 <= wanted.rules.pieces <= PIECES_MAX:
        wrong["pieces"] = N_("Please enter a number above zero")
    if not 0 <= wanted.rules.rating <= 500:
        wrong["rating"] = N_("Please enter stars from 0 to 5")
    if wrong:
        raise Invalid(wrong)


async def sign_up(tx: Tx, wanted: Sequence[NewEntry], by: str) -> dict[UUID, list[Lack]]:
    """Sign articles of one shop up for one campaign; returns, by SKU, what those lack that cannot be: then nothing is signed
    up. What was sent back or withdrawn is signed up anew, what waits already is changed. Said twice, nothing changes.

    Raises `SignUpClosed`, `NotFound`, `TooManyEntries`, and `Invalid` for goods that are approved already.
    """
    assert 0 < len(wanted) <= ENTRIES_AT_ONCE_MAX
    merchant_id, campaign_id = wanted[0].merchant_id, wanted[0].campaign_id
    assert all((each.merchant_id, each.campaign_id) == (merchant_id, campaign_id) for each in wanted), "one shop"
    campaign = await queries.campaign(tx, campaign_id)
    if campaign is None:
        raise NotFound()
    if campaign.state(datetime.now(UTC)) is not CampaignState.SIGN_UP:
        raise SignUpClosed()
    known = await queries.articles(tx, merchant_id, [each.sku_id for each in wanted])
    lacking = lacking_of(campaign, wanted, known)
    if lacking:
        return lacking
    await _write(tx, wanted, known, by)
    return {}


def lacking_of(campaign: Campaign, wanted: Sequence[NewEntry], known: Mapping[UUID, Article]) -> dict[UUID, list[Lack]]:
    """What those lack that cannot be signed up. An article that is not the shop's is not on its shelf."""
    found: dict[UUID, list[Lack]] = {}
    for each in wanted:
        article = known.get(each.sku_id)
        wrong = [Lack.NOT_ON_SHELF] if article is None else lacks(campaign.rules, article, each.price, each.pieces)
        if wrong:
            found[each.sku_id] = wrong
    return found


async def _write(tx: Tx, wanted: Sequence[NewEntry], known: Mapping[UUID, Article], by: str) -> None:
    merchant_id, campaign_id = wanted[0].merchant_id, wanted[0].campaign_id
    written = await tx.execute(
        """
        INSERT INTO campaign_entries AS e (merchant_id, entry_id, campaign_id, product_id, sku_id, price, pieces, per_buyer
                                         , asked_by)
        SELECT $1, n.entry_id, $2, n.product_id, n.sku_id, n.price, n.pieces, n.per_buyer, $9
        FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::integer[], $8::integer[])
            AS n (entry_id, product_id, sku_id, price, pieces, per_buyer)
        ORDER BY n.sku_id
        ON CONFLICT (merchant_id, campaign_id, sku_id) DO UPDATE
        SET entry_id = CASE WHEN e.state = 'withdrawn' THEN excluded.entry_id ELSE e.entry_id END
          , price = excluded.price, pieces = excluded.pieces, per_buyer = excluded.per_buyer, state = 'waiting'
          , asked_at = excluded.asked_at, asked_by = excluded.asked_by, decided_at = NULL, decided_by = NULL, reason = ''
          , leave_asked_at = NULL, leave_reason = '', leave_answered_at = NULL, leave_answer = ''
        WHERE e.state <> 'approved'
        """,
        merchant_id,
        campaign_id,
        [each.entry_id for each in wanted],
        [known[each.sku_id].product_id for each in wanted],
        [each.sku_id for each in wanted],
        [each.price for each in wanted],
        [each.pieces for each in wanted],
        [each.per_buyer for each in wanted],
        by,
    )
    if written != len(wanted):
        raise Invalid({"what_0": N_("It is approved already: withdraw it first to change it")})
    count = await tx.value(
        "SELECT count(*) FROM campaign_entries WHERE merchant_id = $1 AND campaign_id = $2 AND state <> 'withdrawn'",
        merchant_id,
        campaign_id,
    )
    if count > ENTRIES_PER_SHOP_MAX:
        raise TooManyEntries(most=ENTRIES_PER_SHOP_MAX)


async def withdraw(tx: Tx, merchant_id: UUID, entry_id: UUID, by: str) -> Entry:
    """The shop takes an article back before the campaign starts: what was kept for it is sold as everything else. Said twice,
    nothing changes. Raises `NotFound`, `CampaignBegun`."""
    entry = await held(tx, merchant_id, entry_id)
    campaign = await queries.campaign(tx, entry.campaign_id)
    assert campaign is not None, "an entry is of a campaign"
    if entry.state is EntryState.WITHDRAWN:
        return entry
    if entry.state is EntryState.APPROVED:
        if campaign.state(datetime.now(UTC)) in (CampaignState.RUNNING, CampaignState.OVER, CampaignState.ENDED):
            raise CampaignBegun()
        await promotions.cancel(tx, merchant_id, entry_id, by=by, reason="campaign")
    await decide(tx, merchant_id, entry_id, EntryState.WITHDRAWN, by)
    return entry


async def approve(tx: Tx, merchant_id: UUID, entry_id: UUID, by: str) -> bool:
    """The article is sold at its price for the time of the campaign, and its pieces are kept for it from now on; returns
    whether that was done now. Said twice, nothing changes.

    Raises `NotFound`, `SignUpClosed` for a campaign that is over, and `Invalid` for an article that does not keep to the rules
    any more, or has not so many free pieces.
    """
    # The campaign first, so that it is not ended beside this: whoever ends it waits, and then finds this approved.
    await tx.fetch(
        """
        SELECT FROM campaigns WHERE campaign_id = (SELECT campaign_id FROM campaign_entries
                                                   WHERE merchant_id = $1 AND entry_id = $2) FOR SHARE
        """,
        merchant_id,
        entry_id,
    )
    entry = await held(tx, merchant_id, entry_id)
    if entry.state is not EntryState.WAITING:
        return False
    campaign = await queries.campaign(tx, entry.campaign_id)
    assert campaign is not None, "an entry is of a campaign"
    if campaign.state(datetime.now(UTC)) in (CampaignState.OVER, CampaignState.ENDED):
        raise SignUpClosed()
    known = await queries.articles(tx, merchant_id, [entry.sku_id])
    if lacking_of(campaign, [entry], known):
        raise Invalid({"entry": N_("It does not keep to the rules any more")})
    await promotions.plan(
        tx,
        NewFlash(
            merchant_id=entry.merchant_id,
            session_id=SessionId(entry_id),
            name=campaign.name,
            starts_at=campaign.starts_at,
            ends_at=campaign.ends_at,
            items=[
                FlashItem(sku_id=SkuId(entry.sku_id), price=entry.price, pieces=entry.pieces, per_buyer=entry.per_buyer)
            ],
        ),
        hours_most=24 * DAYS_MAX,
    )
    await decide(tx, merchant_id, entry_id, EntryState.APPROVED, by)
    await events.publish(tx, _told(entry, EntryState.APPROVED))
    return True


async def send_back(tx: Tx, merchant_id: UUID, entry_id: UUID, by: str, reason: str) -> bool:
    """Not like this: the shop reads why, and can sign it up otherwise. Returns whether that was done now. Raises `NotFound`,
    `Invalid` without a reason."""
    if not reason.strip():
        raise Invalid({"reason": N_("Please say why: the shop reads it")})
    entry = await held(tx, merchant_id, entry_id)
    if entry.state is not EntryState.WAITING:
        return False
    await decide(tx, merchant_id, entry_id, EntryState.SENT_BACK, by, reason.strip()[:REASON_CHARACTERS_MAX])
    await events.publish(tx, _told(entry, EntryState.SENT_BACK))
    return True


def _told(entry: Entry, state: EntryState) -> EntryDecided:
    return EntryDecided(
        merchant_id=entry.merchant_id, campaign_id=entry.campaign_id, entry_id=entry.entry_id, state=str(state)
    )


async def held(tx: Tx, merchant_id: UUID, entry_id: UUID) -> Entry:
    """The entry, held: two decisions wait for each other. Raises `NotFound`."""
    entry = await tx.one(
        Entry,
        """
        SELECT merchant_id, entry_id, campaign_id, product_id, sku_id, price, pieces, per_buyer, state, asked_at, decided_at
             , reason, leave_asked_at, leave_reason, leave_answered_at, leave_answer
        FROM campaign_entries WHERE merchant_id = $1 AND entry_id = $2 FOR NO KEY UPDATE
        """,
        merchant_id,
        entry_id,
    )
    if entry is None:
        raise NotFound()
    return entry


async def decide(tx: Tx, merchant_id: UUID, entry_id: UUID, state: EntryState, by: str, reason: str = "") -> None:
    await tx.execute(
        """
        UPDATE campaign_entries SET state = $3, decided_at = now(), decided_by = $4, reason = $5
        WHERE merchant_id = $1 AND entry_id = $2
        """,
        merchant_id,
        entry_id,
        state,
        by,
        reason,
    )


async def end(tx: Tx, campaign_id: UUID, by: str, reason: str) -> bool:
    """End a campaign before its time: nothing is sold at its prices from now on, what is left is sold as everything else, and
    nothing more is signed up. Returns whether that was done now. Raises `NotFound`, `Invalid` without a reason."""
    if not reason.strip():
        raise Invalid({"reason": N_("Please say why: the shops read it")})
    if await queries.campaign(tx, campaign_id) is None:
        raise NotFound()
    ended = await tx.value(
        """
        UPDATE campaigns SET ended_at = now(), ended_by = $2, reason = $3
        WHERE campaign_id = $1 AND ended_at IS NULL AND ends_at > now() RETURNING true
        """,
        campaign_id,
        by,
        reason.strip()[:REASON_CHARACTERS_MAX],
    )
    if not ended:
        return False
    rows = await tx.fetch(
        """
        SELECT merchant_id, entry_id FROM campaign_entries WHERE campaign_id = $1 AND state = 'approved'
        ORDER BY merchant_id, entry_id FOR NO KEY UPDATE
        """,
        campaign_id,
    )
    sessions = [(row["merchant_id"], row["entry_id"]) for row in rows]
    await promotions.cancel_all(tx, sessions, by=by, reason=reason.strip())
    return True
