"""Commands on merchants and shops."""

from steelyard.kernel import events
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound
from steelyard.parties.merchants.events import PayoutAccountChanged, ShopChanged
from steelyard.parties.merchants.model import Merchant, MerchantId, MerchantState, Payout, Shop, ShopNameTaken

# Of a bank account, what is told to people who know the rest.
ACCOUNT_DIGITS_TOLD = 4


async def open_merchant(tx: Tx, merchant: Merchant, shop: Shop) -> None:
    """Let a merchant in, with its shop. Said twice with the same ids, nothing changes. Raises `ShopNameTaken`."""
    assert shop.merchant_id == merchant.merchant_id
    opened = await tx.execute(
        """
        INSERT INTO merchants (merchant_id, code, legal_name, credit_code, country, currency, state, self_operated
                             , settlement_days, receipt_days, time_zone, payout, source)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
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
    )
    if not opened:
        return
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


async def set_state(tx: Tx, merchant_id: MerchantId, state: MerchantState) -> None:
    """Suspend a merchant, or open it again: a suspended shop's goods cannot be found or bought. Raises `NotFound`."""
    if not await tx.execute("UPDATE merchants SET state = $2 WHERE merchant_id = $1", merchant_id, state):
        raise NotFound()
    await events.publish(tx, ShopChanged(merchant_id=merchant_id))


async def set_payout(tx: Tx, merchant_id: MerchantId, payout: Payout) -> None:
    """Say where the merchant's money goes from now on. Raises `NotFound`."""
    if not await tx.execute("UPDATE merchants SET payout = $2 WHERE merchant_id = $1", merchant_id, payout):
        raise NotFound()
    ending = payout.account[-ACCOUNT_DIGITS_TOLD:]
    await events.publish(tx, PayoutAccountChanged(merchant_id=merchant_id, bank=payout.bank, ending=ending))


async def change_shop(tx: Tx, shop: Shop) -> None:
    """Change the shop's name, notice and logo; its address stays. Raises `NotFound`."""
    if not await tx.execute(
        "UPDATE shops SET name = $2, notice = $3, logo = $4 WHERE merchant_id = $1",
        shop.merchant_id,
        shop.name,
        shop.notice,
        shop.logo,
    ):
        raise NotFound()
    await events.publish(tx, ShopChanged(merchant_id=shop.merchant_id))


async def put_checklist_away(tx: Tx, merchant_id: MerchantId) -> None:
    """The shop is set up, and needs no list of what is to be done any more. Said twice, nothing changes."""
    await tx.execute(
        "UPDATE shops SET checklist_put_away_at = coalesce(checklist_put_away_at, now()) WHERE merchant_id = $1",
        merchant_id,
    )
