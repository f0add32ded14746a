"""Group buying of the demo: an offer that runs, with one team that waits for two more, and one that is to come."""

from datetime import UTC, datetime, timedelta

from steelyard.demo.catalogue import Maker, makers
from steelyard.demo.products import made
from steelyard.goods import catalog, inventory, pricing
from steelyard.goods.catalog.model import ProductState, SkuId
from steelyard.kernel.db import Database, Tx
from steelyard.kernel.money import share
from steelyard.money import wallets
from steelyard.money.wallets import Purse
from steelyard.parties.customers.model import Address, BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import checkout, groups
from steelyard.trade.checkout.model import SHOP, CheckoutId, Draft, Line
from steelyard.trade.groups.model import Gathering, NewOffer, OfferId

# The first shop, whose staff look around in the demo, has one to come.
OFFERING, PLANNING = "kouzi", "zoufang"
SIZE, HOURS, PIECES, DAYS = 3, 72, 60, 14
SINCE, IN = timedelta(hours=-1), timedelta(hours=26)
# A quarter off.
OFF = 250_000


async def gather(db: Database, home: Address) -> None:
    """Make the offers as a shop's staff would; somebody opens a team of the first, and pays out of their balance."""
    offering, planning = (next(each for each in makers() if each.slug == slug) for slug in (OFFERING, PLANNING))
    await db.transact(_gather, offering, home)
    await db.transact(_offer, planning, IN)


async def _gather(tx: Tx, maker: Maker, home: Address) -> None:
    offer = await _offer(tx, maker, SINCE)
    if offer is not None:
        await _open(tx, offer, home)


async def _offer(tx: Tx, maker: Maker, begins: timedelta) -> NewOffer | None:
    """Of all variants of a product that has enough on the shelf: not of the goods that come first everywhere."""
    merchant_id = MerchantId(made("merchant", maker.slug))
    offer_id = OfferId(made("group", maker.slug))
    page = await catalog.products_page(tx, merchant_id, ProductState.ON_SHELF, limit=60)
    by_product = await catalog.sku_ids_of(tx, merchant_id, [row.product_id for row in page.items])
    sku_ids = [SkuId(each) for some in by_product.values() for each in some]
    free = await inventory.available(tx, sku_ids)
    prices = await pricing.current(tx, sku_ids, maker.currency)
    priced = [(key, some) for key, some in by_product.items() if some and all(SkuId(each) in prices for each in some)]
    enough = [one for one in priced if all(free[SkuId(each)] > SIZE * 2 for each in one[1])]
    if not priced or await groups.offer(tx, merchant_id, offer_id) is not None:
        return None
    product_id, some = (enough or priced)[-1]
    amounts = {each: prices[SkuId(each)].amount for each in some}
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    offer = NewOffer(
        merchant_id=merchant_id,
        offer_id=offer_id,
        product_id=product_id,
        prices={each: amount - share(amount, OFF) for each, amount in amounts.items()},
        size=SIZE,
        hours=HOURS,
        pieces=PIECES,
        per_buyer=2,
        enough=None,
        starts_at=now + begins,
        ends_at=now + begins + timedelta(days=DAYS),
    )
    await groups.make(tx, offer)
    return offer


async def _open(tx: Tx, offer: NewOffer, home: Address) -> None:
    buyer_id = BuyerId(made("buyer", OFFERING, "team"))
    sku_id = next(iter(offer.prices))
    checkout_id = CheckoutId(made("checkout", OFFERING, "team"))
    draft = Draft(
        lines=[
            Line(
                line_id="1",
                sku_id=sku_id,
                quantity=1,
                group=Gathering(merchant_id=offer.merchant_id, offer_id=offer.offer_id),
            )
        ],
        contact=Contact(name=home.name, email="together@example.com", phone=home.phone),
        address=home,
        purses=[Purse.BALANCE],
    )
    await checkout.open_checkout(tx, checkout_id, buyer_id, draft, client=SHOP)
    await checkout.change(tx, checkout_id, draft)
    view = await checkout.view(tx, checkout_id)
    assert view is not None
    total, currency = view.quote.total, view.quote.currency
    credit_id = made("credit", OFFERING, "team")
    await wallets.credit(tx, credit_id, buyer_id, total, currency, "老客补偿 Goodwill", "system")
    await checkout.place(tx, checkout_id, expected_total=total, by="buyer")
