"""What a shop promises with its goods, within the operator's rules of the day."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from steelyard.goods import catalog
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import rights
from steelyard.trade.rights.model import Rule, RuleKind


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The rules by which a shop may promise, none where there is none: to send by a time, that its goods are genuine, and that it
    bears what sending them back costs."""

    ship: Rule | None
    genuine: Rule | None
    free_returns: Rule | None


async def limits(read: Read, merchant_id: MerchantId, now: datetime | None = None) -> Limits:
    """The rules by which a shop may promise now."""
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    known, now = await rights.rules(read), now or datetime.now(UTC)
    return Limits(
        ship=known.promise(RuleKind.SHIP_PROMISE, now, merchant.currency),
        genuine=known.promise(RuleKind.AUTHENTICITY, now, merchant.currency),
        free_returns=known.promise(RuleKind.FREE_RETURNS, now, merchant.currency),
    )


async def promise(
    tx: Tx,
    merchant_id: MerchantId,
    product_id: UUID,
    ship_hours: int | None,
    of_variants: Mapping[UUID, int | None],
    authentic_times: int,
    now: datetime | None = None,
    *,
    free_returns: bool = False,
) -> None:
    """A shop promises for a product; orders placed from now on are under it, those before stay as they were. Said twice,
    nothing changes. Raises `NotFound`, `Invalid` for what the rules of the day do not allow."""
    allowed = await limits(tx, merchant_id, now)
    ship, genuine = allowed.ship, allowed.genuine
    wrong: dict[str, str] = {}
    for field, hours in [("ship_hours", ship_hours), *((f"hours-{sku}", each) for sku, each in of_variants.items())]:
        if hours is not None and (ship is None or not ship.hours_least <= hours <= ship.hours_most):
            wrong[field] = N_("This is outside what the platform's rule allows")
    if authentic_times and (genuine is None or not 0 < authentic_times <= genuine.times_most):
        wrong["authentic_times"] = N_("This is outside what the platform's rule allows")
    if free_returns and allowed.free_returns is None:
        wrong["free_returns"] = N_("This is outside what the platform's rule allows")
    if wrong:
        raise Invalid(wrong)
    await catalog.set_promises(tx, merchant_id, product_id, ship_hours, of_variants, authentic_times, free_returns)
