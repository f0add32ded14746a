"""What a shop promises with its goods, within the operator's rules of the day."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from steelyard.goods import catalog
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import rights
from steelyard.trade.rights.model import Rule, RuleKind


async def limits(read: Read, merchant_id: MerchantId, now: datetime | None = None) -> tuple[Rule | None, Rule | None]:
    """The rules by which a shop may promise now: to send by a time, and that its goods are genuine."""
    merchant = await merchants.get(read, merchant_id)
    assert merchant is not None
    known, now = await rights.rules(read), now or datetime.now(UTC)
    return (
        known.promise(RuleKind.SHIP_PROMISE, now, merchant.currency),
        known.promise(RuleKind.AUTHENTICITY, now, merchant.currency),
    )


async def promise(
    tx: Tx,
    merchant_id: MerchantId,
    product_id: UUID,
    ship_hours: int | None,
    of_variants: Mapping[UUID, int | None],
    authentic_times: int,
    now: datetime | None = None,
) -> None:
    """A shop promises for a product; orders placed from now on are under it, those before stay as they were. Said twice,
    nothing changes. Raises `NotFound`, `Invalid` for what the rules of the day do not allow."""
    ship, genuine = await limits(tx, merchant_id, now)
    wrong: dict[str, str] = {}
    for field, hours in [("ship_hours", ship_hours), *((f"hours-{sku}", each) for sku, each in of_variants.items())]:
        if hours is not None and (ship is None or not ship.hours_least <= hours <= ship.hours_most):
            wrong[field] = N_("This is outside what the platform's rule allows")
    if authentic_times and (genuine is None or not 0 < authentic_times <= genuine.times_most):
        wrong["authentic_times"] = N_("This is outside what the platform's rule allows")
    if wrong:
        raise Invalid(wrong)
    await catalog.set_promises(tx, merchant_id, product_id, ship_hours, of_variants, authentic_times)
