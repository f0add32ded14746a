"""For what is to be paid: whose goods it is for, where they go, and whether its buyer may pay at the door. Which channels are
offered for that, `payments.choosing` says; every surface asks here, and paying asks once more."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.money import payments
from steelyard.money.payments import Channel, Device, Standing, UnknownChannel, Wanted
from steelyard.money.payments.model import Payment
from steelyard.parties import policies
from steelyard.parties.policies.model import DOOR_REFUSAL_DAYS, DOOR_REFUSALS
from steelyard.trade.checkout.model import CheckoutView
from steelyard.trade.orders.model import Booking, Purchase


async def of_purchase(
    read: Read, purchase: Purchase, booking: Booking | None, shops: Iterable[UUID], amount: int
) -> Wanted:
    """What is to be paid of a purchase now, on no device yet; `shops` are those that it is from."""
    now = await payments.standing(read)
    wanted = Wanted(
        amount=amount,
        currency=purchase.currency,
        country=purchase.address.country,
        shops=frozenset(shops),
        at_once=booking is not None or purchase.team_id is not None,
        phone=bool(purchase.address.phone or purchase.contact.phone),
    )
    if now.by_category:
        wanted = msgspec.structs.replace(wanted, categories=await _categories(read, purchase.purchase_id))
    return await _with_refusals(read, now, wanted, purchase.buyer_id)


async def of_checkout(read: Read, view: CheckoutView) -> Wanted:
    """What is to be paid of a checkout as it stands, on no device yet."""
    quote, found = view.quote, view.checkout
    wanted = Wanted(
        amount=view.rest,
        currency=quote.currency,
        country=found.address.country,
        shops=frozenset(group.shop.merchant_id for group in quote.groups),
        categories=frozenset(
            category for group in quote.groups for line in group.lines for category in line.card.category_path
        ),
        at_once=quote.booking is not None or quote.gathered is not None,
        phone=bool(found.address.phone or found.contact.phone),
    )
    return await _with_refusals(read, await payments.standing(read), wanted, found.buyer_id)


def require_offered(
    channels: Mapping[str, Channel], now: Standing, channel: str, wanted: Wanted, months: int = 0
) -> None:
    """Raises `UnknownChannel` where the channel is not offered for this: by its own terms, by what the operator decided, or
    since it rests; or where it has no plan for paying this amount in so many months."""
    if channel not in {each.name for each in payments.offered(channels, now, wanted)}:
        raise UnknownChannel(channel=channel)
    plans = {plan.months for plan in channels[channel].terms.instalments if plan.takes(wanted.amount, wanted.currency)}
    if months and (wanted.at_once or months not in plans):
        raise UnknownChannel(channel=channel)


async def _with_refusals(read: Read, now: Standing, wanted: Wanted, buyer_id: UUID) -> Wanted:
    """Asked only where all the shops offer to be paid at the door."""
    if not now.at_the_door(wanted.shops):
        return wanted
    times = await payments.refusals_of(read, buyer_id, await policies.number(read, DOOR_REFUSAL_DAYS))
    return msgspec.structs.replace(wanted, refuses=times > await policies.number(read, DOOR_REFUSALS))


async def _categories(read: Read, purchase_id: UUID) -> frozenset[UUID]:
    rows = await read.fetch(
        """
        SELECT DISTINCT unnest(c.path) AS category_id
        FROM orders o
        JOIN order_lines l USING (merchant_id, order_id)
        JOIN products p ON p.merchant_id = l.merchant_id AND p.product_id = l.product_id
        JOIN categories c USING (category_id)
        WHERE o.purchase_id = $1
        """,
        purchase_id,
    )
    return frozenset(row["category_id"] for row in rows)


def goes_on(earlier: Payment, device: Device) -> bool:
    """Whether the payer can go on with an earlier try where they are: what was handed over for another device is no use."""
    handed = earlier.handed
    if handed is None:
        return earlier.cashier_url is not None
    return handed.device is device or (handed.qr is None and handed.bridge is None)
