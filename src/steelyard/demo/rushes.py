"""Flash sales of the demo: one that runs since a moment ago, and one that begins in some hours, by the clock of the day on which
the demo is made."""

from datetime import UTC, datetime, timedelta

from steelyard.demo.catalogue import Maker, makers
from steelyard.demo.products import made
from steelyard.goods import catalog, inventory, pricing, promotions
from steelyard.goods.catalog.model import ProductState, SkuId
from steelyard.goods.promotions.model import FlashItem, NewFlash, SessionId
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.money import share
from steelyard.kernel.text import Text, text
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout
from steelyard.trade.checkout.model import SHOP, CheckoutId, Draft, Line

# The first shop, whose staff look around in the demo, has one to come.
RUSHING, PLANNING = "heyi", "zoufang"
ARTICLES, PIECES = 4, 12
# A third off.
OFF = 333_000
# How many minutes from now on they begin, and how many hours they last.
SESSIONS: tuple[tuple[str, Text, int, int], ...] = (
    ("now", text("限时秒杀 · 进行中", "Flash sale of the day"), -30, 24),
    ("later", text("晚间秒杀", "Evening flash sale"), 25 * 60, 2),
)
# How many pieces of each article have been bought at once in the session that runs, by guests who have yet to pay.
BOUGHT = (7, 3)


async def rush(db: Database, home: Address) -> None:
    """Plan the sessions as a shop's staff would, and let some buyers be quick."""
    rushing, planning = (next(each for each in makers() if each.slug == slug) for slug in (RUSHING, PLANNING))
    articles = await db.transact(_articles, rushing)
    for session in SESSIONS:
        await db.transact(_plan, rushing, articles, session)
    await db.transact(_plan, planning, await db.transact(_articles, planning), SESSIONS[-1])
    for place, (sku_id, _) in enumerate(articles[: len(BOUGHT)]):
        for number in range(BOUGHT[place]):
            await db.transact(_buy, sku_id, home, (rushing.slug, "rush", str(place), str(number)))


async def _articles(tx: Tx, maker: Maker) -> list[tuple[SkuId, int]]:
    """Not the goods that come first everywhere."""
    return (await articles_of(tx, maker, PIECES))[-ARTICLES:]


async def articles_of(tx: Tx, maker: Maker, pieces: int) -> list[tuple[SkuId, int]]:
    """What has three times so many pieces on the shelf, with its price."""
    merchant_id = MerchantId(made("merchant", maker.slug))
    page = await catalog.products_page(tx, merchant_id, ProductState.ON_SHELF, limit=60)
    by_product = await catalog.sku_ids_of(tx, merchant_id, [row.product_id for row in page.items])
    firsts = [SkuId(some[0]) for some in by_product.values() if some]
    free = await inventory.available(tx, firsts)
    prices = await pricing.current(tx, firsts, maker.currency)
    return [(each, prices[each].amount) for each in firsts if each in prices and free[each] > 3 * pieces]


async def _plan(tx: Tx, maker: Maker, articles: list[tuple[SkuId, int]], session: tuple[str, Text, int, int]) -> None:
    which, name, minutes, hours = session
    session_id = SessionId(made("flash", maker.slug, which))
    merchant_id = MerchantId(made("merchant", maker.slug))
    if not articles or await promotions.session(tx, merchant_id, session_id) is not None:
        return
    starts = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    await promotions.plan(
        tx,
        NewFlash(
            merchant_id=merchant_id,
            session_id=session_id,
            name=name,
            starts_at=starts,
            ends_at=starts + timedelta(hours=hours),
            items=[
                FlashItem(sku_id=sku_id, price=amount - share(amount, OFF), pieces=PIECES, per_order=2, per_buyer=2)
                for sku_id, amount in articles
            ],
        ),
    )


async def _buy(tx: Tx, sku_id: SkuId, home: Address, names: tuple[str, ...]) -> None:
    checkout_id = CheckoutId(made("checkout", *names))
    draft = Draft(
        lines=[Line(line_id="1", sku_id=sku_id, quantity=1)],
        contact=Contact(name=home.name, email="quick@example.com", phone=home.phone),
        address=home,
    )
    await checkout.open_checkout(tx, checkout_id, BuyerId(made("buyer", *names)), draft, client=SHOP)
    await checkout.place(tx, checkout_id, expected_total=None, by="buyer")
