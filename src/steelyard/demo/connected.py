"""One shop of the demo is paid through Stripe Connect, against the simulated Stripe: its account is opened and filled in there
as a shop does it, the platform has put the money into its balance, and from the next statement on it is paid that way."""

from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import structlog

from steelyard.demo.products import made
from steelyard.demo.settled import CURRENCY, LEFT_ALONE, TERMS
from steelyard.kernel.db import Database, Read
from steelyard.kernel.settings import Settings
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import settlement
from steelyard.trade.settlement import StripeConnect

SHOP = "staff:demo"
COUNTRY = "HK"  # where a Stripe account can be; the demo's shops are simulated, and so is Stripe
SECONDS_MAX = 10.0
TOPPED_UP_MIN = 500_000

log = structlog.get_logger()


async def pay_through_stripe(db: Database, settings: Settings, slugs: Sequence[str]) -> None:
    """Said again, what is there stays as it is; nothing happens where Stripe is not played."""
    stripe = settlement.stripe_connect(settings)
    shop = await db.ask(_chosen, [MerchantId(made("merchant", slug)) for slug in slugs if slug not in LEFT_ALONE])
    if stripe is None or shop is None or "127.0.0.1" not in settings.stripe_url:
        return
    headers = {"authorization": f"Bearer {settings.stripe_key}"}
    async with httpx.AsyncClient(base_url=settings.stripe_url, headers=headers, timeout=SECONDS_MAX) as desk:
        try:
            await connect(db, stripe, desk, *shop, f"{settings.base_url}/merchant/money/stripe")
        except httpx.HTTPError as error:  # the demo goes on without it
            log.warning("demo.stripe_does_not_answer", error=str(error))


async def _chosen(read: Read, shops: Sequence[MerchantId]) -> tuple[MerchantId, int] | None:
    """Of those that are to be paid, the next after those with terms of their own, else any; and how much. None once one is."""
    if await settlement.accounts(read, shops):
        return None
    today = settlement.settlement_day(datetime.now(UTC))
    due = {shop: (await settlement.due_by(read, shop, today)).get(CURRENCY, 0) for shop in shops}
    most = sorted((shop for shop in shops if due[shop] > 0), key=lambda shop: (-due[shop], shop))
    others = [shop for shop in reversed(shops) if shop not in most]
    chosen = next(iter([*most[len(TERMS) :], *others]), None)
    return None if chosen is None else (chosen, max(due[chosen], TOPPED_UP_MIN))


async def connect(
    db: Database, stripe: StripeConnect, desk: httpx.AsyncClient, shop: MerchantId, amount: int, page: str
) -> None:
    """Open a shop's account, fill in what Stripe asks, put `amount` into the platform's balance, and pay the shop so from now."""
    merchant = await db.ask(merchants.get, shop)
    assert merchant is not None
    account = await db.transact(settlement.begin_account, shop, COUNTRY, SHOP)
    url = await settlement.onboard(db, stripe, account, merchant.legal_name, page)
    if url is None:
        return
    await desk.post(httpx.URL(url).path, data={"do": "finish"})
    topped = await desk.post("/v1/topups", data={"amount": amount, "currency": CURRENCY.lower()})
    topped.raise_for_status()
    known = await db.ask(settlement.account_of, shop)
    assert known is not None
    await settlement.look_at(db, stripe, known)
    looked = await db.ask(settlement.account_of, shop)
    if looked is not None and looked.ready:
        await db.transact(settlement.choose_way, shop, stripe=True, by=SHOP)
