"""What merchants announces."""

from uuid import UUID

from steelyard.kernel.events import Event


class ShopChanged(Event, frozen=True, kw_only=True):
    """A shop was opened, renamed, suspended or opened again."""

    KIND = "merchants.shop_changed"

    merchant_id: UUID


class PayoutAccountChanged(Event, frozen=True, kw_only=True):
    """A merchant's money goes elsewhere from now on. `ending` are the last digits of the new account."""

    KIND = "merchants.payout_account_changed"

    merchant_id: UUID
    bank: str
    ending: str
