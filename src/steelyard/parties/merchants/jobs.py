"""What time brings about: owners are reminded of a licence that ends, a shop whose licence has ended is suspended, and
one that was away is back."""

from datetime import date

from steelyard.kernel import events
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.parties import access, notifications, policies
from steelyard.parties.merchants.events import ShopChanged
from steelyard.parties.merchants.model import LICENCE_ENDED, REMIND_DAYS, MerchantId, MerchantState
from steelyard.parties.merchants.queries import cards
from steelyard.parties.merchants.service import set_state
from steelyard.parties.merchants.verifying import look_at_verification
from steelyard.parties.notifications.model import ShopNews, Template
from steelyard.parties.policies.model import LICENCE_REMINDER

MERCHANTS_PER_ROUND_MAX = 50
EVERY_SECONDS = 600.0
BACK_EVERY_SECONDS = 60.0


async def look_at_licences(tx: Tx, today: date) -> int:
    """Remind owners some days (`LICENCE_REMINDER`, then `REMIND_DAYS`) before the last day of the licence, and suspend on
    the day after it. Each mail goes out once; returns how many shops were touched."""
    reminders = sorted({await policies.number(tx, LICENCE_REMINDER), *REMIND_DAYS}, reverse=True)
    rows = await tx.fetch(
        """
        SELECT merchant_id, licence_until FROM merchants
        WHERE state = 'open' AND licence_until < $1::date + $2::integer + 1
          AND (licence_until < $1 OR licence_reminded IS NULL
               OR EXISTS (SELECT FROM unnest($3::integer[]) AS days
                          WHERE licence_until - days <= $1 AND licence_reminded < licence_until - days))
        ORDER BY licence_until, merchant_id LIMIT $4 FOR UPDATE SKIP LOCKED
        """,
        today,
        reminders[0],
        reminders,
        MERCHANTS_PER_ROUND_MAX,
    )
    due = {MerchantId(row["merchant_id"]): row["licence_until"] for row in rows}
    for merchant_id, until in due.items():
        if until < today:
            await set_state(tx, merchant_id, MerchantState.SUSPENDED, by="system", reason=LICENCE_ENDED)
    await tx.execute("UPDATE merchants SET licence_reminded = $2 WHERE merchant_id = ANY ($1)", list(due), today)
    shops = await cards(tx, due)
    for owner in await access.owners_of(tx, list(due)):
        assert owner.merchant_id is not None
        until = due[MerchantId(owner.merchant_id)]
        news = ShopNews(
            name=owner.name,
            shop=shops[MerchantId(owner.merchant_id)].name,
            what="suspended" if until < today else "licence_ends",
            reason="",
            day=until.isoformat(),
            link="/merchant",
        )
        await notifications.send(
            tx, recipient=owner.email, template=Template.SHOP_NEWS, locale=owner.locale, facts=news
        )
    return len(due)


async def look_at_papers(tx: Tx, today: date) -> int:
    """Remind owners before the last day of a paper that no other of its kind outlasts; returns how many papers were told of.
    What a paper that has ended means for goods is the catalogue's."""
    reminders = sorted({await policies.number(tx, LICENCE_REMINDER), *REMIND_DAYS}, reverse=True)
    rows = await tx.fetch(
        """
        SELECT p.merchant_id, p.paper_id, p.good_until FROM merchant_papers p JOIN merchants m USING (merchant_id)
        WHERE p.state = 'accepted' AND m.state <> 'closed' AND p.good_until BETWEEN $1::date - 1 AND $1::date + $2::integer
          AND NOT EXISTS (SELECT FROM merchant_papers o
                          WHERE o.merchant_id = p.merchant_id AND o.kind = p.kind AND o.state = 'accepted'
                            AND coalesce(o.good_until, 'infinity') > p.good_until)
          AND (p.reminded IS NULL OR (p.good_until < $1 AND p.reminded <= p.good_until)
               OR EXISTS (SELECT FROM unnest($3::integer[]) AS days
                          WHERE p.good_until - days <= $1 AND p.reminded < p.good_until - days))
        ORDER BY p.good_until, p.merchant_id LIMIT $4 FOR UPDATE OF p SKIP LOCKED
        """,
        today,
        reminders[0],
        reminders,
        MERCHANTS_PER_ROUND_MAX,
    )
    await tx.execute(
        """
        UPDATE merchant_papers p SET reminded = $3
        FROM unnest($1::uuid[], $2::uuid[]) AS w (merchant_id, paper_id)
        WHERE p.merchant_id = w.merchant_id AND p.paper_id = w.paper_id
        """,
        [row["merchant_id"] for row in rows],
        [row["paper_id"] for row in rows],
        today,
    )
    shops = await cards(tx, {MerchantId(row["merchant_id"]) for row in rows})
    owners = await access.owners_of(tx, sorted({MerchantId(row["merchant_id"]) for row in rows}))
    for row in rows:
        for owner in owners:
            if owner.merchant_id != row["merchant_id"]:
                continue
            news = ShopNews(
                name=owner.name,
                shop=shops[MerchantId(row["merchant_id"])].name,
                what="paper_ended" if row["good_until"] < today else "paper_ends",
                reason="",
                day=row["good_until"].isoformat(),
                link="/merchant/compliance/papers",
            )
            await notifications.send(
                tx, recipient=owner.email, template=Template.SHOP_NEWS, locale=owner.locale, facts=news
            )
    return len(rows)


async def welcome_back(tx: Tx) -> int:
    """Tell the owners of shops whose pause is over that buyers can order again; each is told once. The shop came back at
    the minute that was said, with or without this."""
    rows = await tx.fetch(
        """
        UPDATE shops SET back_told = true
        FROM (SELECT merchant_id FROM shops WHERE NOT back_told AND away_until <= now()
              ORDER BY away_until LIMIT $1 FOR UPDATE SKIP LOCKED) due
        WHERE shops.merchant_id = due.merchant_id RETURNING shops.merchant_id
        """,
        MERCHANTS_PER_ROUND_MAX,
    )
    back = [MerchantId(row["merchant_id"]) for row in rows]
    shops = await cards(tx, back)
    for owner in await access.owners_of(tx, list(back)):
        assert owner.merchant_id is not None
        news = ShopNews(
            name=owner.name,
            shop=shops[MerchantId(owner.merchant_id)].name,
            what="back",
            reason="",
            day="",
            link="/merchant",
        )
        await notifications.send(
            tx, recipient=owner.email, template=Template.SHOP_NEWS, locale=owner.locale, facts=news
        )
    for merchant_id in sorted(back):
        await events.publish(tx, ShopChanged(merchant_id=merchant_id))
    return len(back)


async def _welcome(db: Database) -> int:
    return await db.transact(welcome_back)


async def _look(db: Database) -> int:
    return await db.transact(_today)


async def _today(tx: Tx) -> int:
    today: date = await tx.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    told = await look_at_licences(tx, today) + await look_at_papers(tx, today)
    return told + await look_at_verification(tx, today)


SWEEPS = [
    Sweep("merchants.licences", EVERY_SECONDS, _look),
    Sweep("merchants.back", BACK_EVERY_SECONDS, _welcome),
]
