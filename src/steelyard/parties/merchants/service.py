"""Commands on merchants and shops."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from steelyard.kernel import events
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import NOWHERE
from steelyard.parties import policies, screening
from steelyard.parties.merchants.events import PayoutAccountChanged, ShopChanged
from steelyard.parties.merchants.model import (
    MACHINE,
    PAUSE_DAYS_MAX,
    CategoryNotAllowed,
    Merchant,
    MerchantId,
    MerchantState,
    Pause,
    Payout,
    Shop,
    ShopNameTaken,
)
from steelyard.parties.merchants.queries import categories_of
from steelyard.parties.policies.model import VERIFY_DAYS
from steelyard.parties.screening.model import Area

SETTLEMENT_DAYS_MAX = 90
RECEIPT_DAYS_MAX = 60

# Of a bank account, what is told to people who know the rest.
ACCOUNT_DIGITS_TOLD = 4


async def open_merchant(tx: Tx, merchant: Merchant, shop: Shop) -> None:
    """Let a merchant in, with its shop. Said twice with the same ids, nothing changes. Raises `ShopNameTaken`."""
    assert shop.merchant_id == merchant.merchant_id
    opened = await tx.execute(
        """
        INSERT INTO merchants (merchant_id, code, legal_name, credit_code, country, currency, state, self_operated
                             , settlement_days, receipt_days, time_zone, payout, source, verify_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, (now() AT TIME ZONE 'Asia/Shanghai')::date + $14::integer)
        ON CONFLICT (merchant_id) DO NOTHING
        """,
        merchant.merchant_id,
        merchant.code,
        merchant.legal_name,
        merchant.credit_code,
        merchant.country,
        merchant.currency,
        merchant.state,
        merchant.self_operated,
        merchant.settlement_days,
        merchant.receipt_days,
        merchant.time_zone,
        merchant.payout,
        merchant.source,
        await policies.number(tx, VERIFY_DAYS),
    )
    if not opened:
        return
    await _step(tx, merchant.merchant_id, NOWHERE, merchant.state, "system", "")
    await _claim_name(tx, shop.merchant_id, shop.slug)
    await tx.execute(
        "INSERT INTO shops (merchant_id, slug, name, notice, logo) VALUES ($1, $2, $3, $4, $5)",
        shop.merchant_id,
        shop.slug,
        shop.name,
        shop.notice,
        shop.logo,
    )
    await events.publish(tx, ShopChanged(merchant_id=merchant.merchant_id))


async def _claim_name(tx: Tx, merchant_id: MerchantId, slug: str) -> None:
    owner = await tx.value(
        """
        WITH claimed AS (
            INSERT INTO shop_names (slug, merchant_id) VALUES ($1, $2)
            ON CONFLICT (slug) DO NOTHING RETURNING merchant_id
        )
        SELECT merchant_id FROM claimed UNION ALL SELECT merchant_id FROM shop_names WHERE slug = $1 LIMIT 1
        """,
        slug,
        merchant_id,
    )
    if owner != merchant_id:
        raise ShopNameTaken(slug=slug)


async def set_state(
    tx: Tx, merchant_id: MerchantId, state: MerchantState, *, by: str = "system", reason: str = ""
) -> None:
    """Suspend a merchant, open it again, or close it for good: goods of a shop that is not open cannot be found or
    bought. Said twice, nothing changes. Raises `NotFound`, `TransitionRefused`."""
    had = await tx.value("SELECT state FROM merchants WHERE merchant_id = $1 FOR UPDATE", merchant_id)
    if had is None:
        raise NotFound()
    if had == state:
        return
    MACHINE.check(MerchantState(had), state)
    await tx.execute("UPDATE merchants SET state = $2 WHERE merchant_id = $1", merchant_id, state)
    await _step(tx, merchant_id, had, state, by, reason)
    await events.publish(tx, ShopChanged(merchant_id=merchant_id))


async def _step(tx: Tx, merchant_id: MerchantId, had: str, state: MerchantState, by: str, reason: str) -> None:
    await tx.execute(
        """
        INSERT INTO merchant_history (merchant_id, step, from_state, to_state, by, reason)
        SELECT $1, coalesce(max(step), 0) + 1, $2, $3, $4, $5 FROM merchant_history WHERE merchant_id = $1
        """,
        merchant_id,
        had,
        state,
        by,
        reason,
    )


async def set_licence(tx: Tx, merchant_id: MerchantId, until: date | None) -> None:
    """Say how long the merchant's licence is good (none: without end); reminders begin anew. Raises `NotFound`."""
    if not await tx.execute(
        "UPDATE merchants SET licence_until = $2, licence_reminded = NULL WHERE merchant_id = $1", merchant_id, until
    ):
        raise NotFound()


async def set_terms(tx: Tx, merchant_id: MerchantId, *, settlement_days: int, receipt_days: int) -> None:
    """How long its money waits (T+N) and when receipt counts as confirmed, for what happens from now on.
    Raises `NotFound`, and `Invalid` for days that cannot be."""
    wrong: dict[str, str] = {}
    if not 0 <= settlement_days <= SETTLEMENT_DAYS_MAX:
        wrong["settlement_days"] = N_("Between 0 and 90 days, please.")
    if not 0 <= receipt_days <= RECEIPT_DAYS_MAX:
        wrong["receipt_days"] = N_("Between 0 and 60 days, please.")
    if wrong:
        raise Invalid(wrong)
    if not await tx.execute(
        "UPDATE merchants SET settlement_days = $2, receipt_days = $3 WHERE merchant_id = $1",
        merchant_id,
        settlement_days,
        receipt_days,
    ):
        raise NotFound()


async def set_categories(tx: Tx, merchant_id: MerchantId, category_ids: Iterable[UUID]) -> None:
    """Admit a merchant for exactly these categories and those below them; none: for all. What is on sale already stays
    on sale: the rule counts when a product is put into a category."""
    wanted = sorted(set(category_ids))
    await tx.execute(
        "DELETE FROM merchant_categories WHERE merchant_id = $1 AND category_id <> ALL ($2)", merchant_id, wanted
    )
    await tx.execute(
        """
        INSERT INTO merchant_categories (merchant_id, category_id) SELECT $1, unnest($2::uuid[])
        ON CONFLICT (merchant_id, category_id) DO NOTHING
        """,
        merchant_id,
        wanted,
    )


async def check_categories(read: Read, merchant_id: MerchantId, paths: Iterable[Sequence[UUID]]) -> None:
    """Every category (given by its path from the root) is one that the merchant may sell in. Raises
    `CategoryNotAllowed`."""
    allowed = await categories_of(read, merchant_id)
    if allowed and any(allowed.isdisjoint(path) for path in paths):
        raise CategoryNotAllowed()


async def set_payout(tx: Tx, merchant_id: MerchantId, payout: Payout) -> None:
    """Say where the merchant's money goes from now on. Raises `NotFound`."""
    if not await tx.execute("UPDATE merchants SET payout = $2 WHERE merchant_id = $1", merchant_id, payout):
        raise NotFound()
    ending = payout.account[-ACCOUNT_DIGITS_TOLD:]
    await events.publish(tx, PayoutAccountChanged(merchant_id=merchant_id, bank=payout.bank, ending=ending))


async def change_shop(tx: Tx, shop: Shop) -> None:
    """Change the shop's name, notice and logo; its address stays. Raises `NotFound`, and `Invalid` for words that may not
    be said: nobody looks at a name first, so that those to be looked at are refused, too."""
    words = await screening.screen_texts(tx, {"name": (Area.SHOP, shop.name), "notice": (Area.SHOP, shop.notice)})
    if not await tx.execute(
        "UPDATE shops SET name = $2, notice = $3, logo = $4 WHERE merchant_id = $1",
        shop.merchant_id,
        words["name"],
        words["notice"],
        shop.logo,
    ):
        raise NotFound()
    await events.publish(tx, ShopChanged(merchant_id=shop.merchant_id))


async def pause(tx: Tx, merchant_id: MerchantId, wanted: Pause | None) -> None:
    """The shop goes away for a while and comes back by itself; none: it is back now, or does not go. Raises `NotFound`,
    and `Invalid` for a pause that is over, ends before it begins, or is longer than `PAUSE_DAYS_MAX`."""
    if wanted is not None:
        _check_pause(wanted)
        if not await tx.execute(
            """
            UPDATE shops SET away_from = $2, away_until = $3, away_notice = $4, away_sells = $5, back_told = false
            WHERE merchant_id = $1
            """,
            merchant_id,
            wanted.begins_at,
            wanted.ends_at,
            wanted.notice,
            wanted.sells,
        ):
            raise NotFound()
    else:
        # What was ordered while the shop was away keeps its deadline: a pause that has begun ends now.
        await tx.execute(
            """
            UPDATE shops SET back_told = true
              , away_from = CASE WHEN away_from < now() THEN away_from END
              , away_until = CASE WHEN away_from < now() THEN least(away_until, now()) END
            WHERE merchant_id = $1
            """,
            merchant_id,
        )
    await events.publish(tx, ShopChanged(merchant_id=merchant_id))


def _check_pause(wanted: Pause) -> None:
    if wanted.ends_at <= wanted.begins_at:
        raise Invalid({"ends_at": N_("The shop comes back after it has left")})
    if wanted.ends_at <= datetime.now(UTC):
        raise Invalid({"ends_at": N_("This day is over")})
    if wanted.ends_at - wanted.begins_at > timedelta(days=PAUSE_DAYS_MAX):
        raise Invalid({"ends_at": N_("A shop is away for 90 days at most; for longer, the platform closes it")})


async def put_checklist_away(tx: Tx, merchant_id: MerchantId) -> None:
    """The shop is set up, and needs no list of what is to be done any more. Said twice, nothing changes."""
    await tx.execute(
        "UPDATE shops SET checklist_put_away_at = coalesce(checklist_put_away_at, now()) WHERE merchant_id = $1",
        merchant_id,
    )
