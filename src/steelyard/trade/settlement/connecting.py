"""Shops' accounts at Stripe: opened, looked at, and chosen to be paid through."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from steelyard.kernel import events, ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.settlement.connect_model import COUNTRIES, Account, AccountNotReady, AccountState, Facts
from steelyard.trade.settlement.events import AccountRestricted, WayChosen
from steelyard.trade.settlement.model import Way, settlement_day
from steelyard.trade.settlement.terms import agreed

LOOKS_PER_ROUND_MAX = 20
LOOK_AGAIN_SECONDS = 3_600
LOOK_AT_READY_SECONDS = 86_400
# So that whoever looks has the time to, and one that is killed has only delayed it.
LOOKING_SECONDS = 120
FIELDS_KEPT_MAX = 100
# In these the shop is not paid, and has to do something or to be paid elsewhere.
STOPPED = (AccountState.RESTRICTED, AccountState.REFUSED)


async def account_of(read: Read, merchant_id: UUID) -> Account | None:
    """A shop's account at Stripe, or none when it has none."""
    return await read.one(
        Account,
        """
        SELECT merchant_id, opening_id, account_id, country, submitted, transfers, payouts, disabled_for, due, past_due, pending
             , due_by, looked_at, way_before
        FROM stripe_accounts WHERE merchant_id = $1
        """,
        merchant_id,
    )


async def begin_account(tx: Tx, merchant_id: MerchantId, country: str, by: str) -> Account:
    """Write down that a shop wants an account at Stripe; said again, the one that is there. Raises `Invalid`."""
    if country not in COUNTRIES:
        raise Invalid({"country": N_("Please choose a country of the list.")})
    await tx.execute(
        """
        INSERT INTO stripe_accounts (merchant_id, opening_id, country, opened_by) VALUES ($1, $2, $3, $4)
        ON CONFLICT (merchant_id) DO NOTHING
        """,
        merchant_id,
        ids.mint(),
        country,
        by,
    )
    found = await account_of(tx, merchant_id)
    assert found is not None
    return found


async def account_opened(tx: Tx, merchant_id: UUID, account_id: str) -> None:
    """Stripe has said what the account is called; it is looked at next. What is known stays."""
    await tx.execute(
        """
        UPDATE stripe_accounts SET account_id = $2, look_at = now() WHERE merchant_id = $1 AND account_id IS NULL
        """,
        merchant_id,
        account_id,
    )


async def look_now(tx: Tx, account_id: str) -> bool:
    """An account is looked at next; False: it is nobody's here."""
    return bool(await tx.execute("UPDATE stripe_accounts SET look_at = now() WHERE account_id = $1", account_id))


async def to_look_at(tx: Tx, limit: int = LOOKS_PER_ROUND_MAX) -> list[Account]:
    """Take accounts that are to be looked at now; their next look is pushed ahead first."""
    return await tx.all(
        Account,
        """
        WITH due AS (
            SELECT merchant_id FROM stripe_accounts WHERE look_at <= now() ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE stripe_accounts c SET look_at = now() + $2 * interval '1 second'
        FROM due WHERE c.merchant_id = due.merchant_id
        RETURNING c.merchant_id, c.opening_id, c.account_id, c.country, c.submitted, c.transfers, c.payouts, c.disabled_for
                , c.due, c.past_due, c.pending, c.due_by, c.looked_at, c.way_before
        """,
        limit,
        LOOKING_SECONDS,
    )


async def record_account(tx: Tx, merchant_id: UUID, facts: Facts) -> None:
    """Write down how an account stands. What was held for it goes on at once when it is ready; what its state takes back is held
    when it is to be paid next. That it is restricted, or refused, is announced once."""
    before = await _held(tx, merchant_id)
    await tx.execute(
        """
        UPDATE stripe_accounts
        SET submitted = $2, transfers = $3, payouts = $4, disabled_for = $5, due = $6, past_due = $7, pending = $8, due_by = $9
          , looked_at = now(), look_at = now() + $10 * interval '1 second'
        WHERE merchant_id = $1
        """,
        merchant_id,
        facts.submitted,
        facts.transfers,
        facts.payouts,
        facts.disabled_for,
        facts.due[:FIELDS_KEPT_MAX],
        facts.past_due[:FIELDS_KEPT_MAX],
        facts.pending[:FIELDS_KEPT_MAX],
        facts.due_by,
        LOOK_AT_READY_SECONDS if facts.ready else LOOK_AGAIN_SECONDS,
    )
    if facts.ready:
        await tx.execute(
            "UPDATE statements SET attempt_at = now() WHERE merchant_id = $1 AND state = 'held' AND held_for = 'account'",
            merchant_id,
        )
    after = await account_of(tx, merchant_id)
    if before and after and after.state in STOPPED and before.state is not after.state:
        await events.publish(
            tx,
            AccountRestricted(
                merchant_id=merchant_id,
                refused=after.state is AccountState.REFUSED,
                due_on=settlement_day(after.due_by) if after.due_by else None,
            ),
        )


async def _held(tx: Tx, merchant_id: UUID) -> Account | None:
    """The account as it stood before; two who look at once come one after the other."""
    await tx.fetch("SELECT FROM stripe_accounts WHERE merchant_id = $1 FOR UPDATE", merchant_id)
    return await account_of(tx, merchant_id)


async def choose_way(tx: Tx, merchant_id: MerchantId, *, stripe: bool, by: str) -> Way:
    """A shop wants to be paid through Stripe from today on, or as it was before; what is agreed else stays, and statements that
    are there go as they were issued. Said again it changes nothing. Raises `NotFound`, `AccountNotReady`."""
    account = await account_of(tx, merchant_id)
    if account is None:
        raise NotFound(merchant_id=merchant_id)
    if stripe and not account.ready:
        raise AccountNotReady()
    today = settlement_day(datetime.now(UTC))
    now = (await agreed(tx, [merchant_id])).on(merchant_id, today)
    if (now.way is Way.STRIPE) == stripe:
        return now.way
    if stripe:
        await tx.execute("UPDATE stripe_accounts SET way_before = $2 WHERE merchant_id = $1", merchant_id, now.way)
    way = Way.STRIPE if stripe else Way(account.way_before or Way.DIRECT)
    await tx.execute(
        """
        INSERT INTO settlement_terms (merchant_id, from_day, cycle, days, weekday, month_day, minimum, currency, reserve_rate
          , reserve_days, check_days, way, agreed_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (merchant_id, from_day) DO UPDATE
        SET way = excluded.way, agreed_by = excluded.agreed_by, agreed_at = now()
        """,
        merchant_id,
        today,
        now.cycle,
        now.days,
        now.weekday,
        now.month_day,
        now.minimum,
        now.currency,
        now.reserve_rate,
        now.reserve_days,
        now.check_days,
        way,
        by,
    )
    await tx.execute(
        "UPDATE settlement_terms SET way = $3 WHERE merchant_id = $1 AND from_day > $2", merchant_id, today, way
    )
    await events.publish(tx, WayChosen(merchant_id=merchant_id, account_id=account.account_id if stripe else None))
    return way


async def accounts(read: Read, merchant_ids: Sequence[UUID]) -> dict[UUID, Account]:
    """The accounts of these shops, as far as they have one."""
    found = await read.all(
        Account,
        """
        SELECT merchant_id, opening_id, account_id, country, submitted, transfers, payouts, disabled_for, due, past_due, pending
             , due_by, looked_at, way_before
        FROM stripe_accounts WHERE merchant_id = ANY ($1)
        """,
        list(merchant_ids),
    )
    return {each.merchant_id: each for each in found}
