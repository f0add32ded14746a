"""Buyers, their addresses and how to reach them."""

from datetime import datetime
from typing import NewType
from uuid import UUID

import msgspec

BuyerId = NewType("BuyerId", UUID)
AddressId = NewType("AddressId", UUID)

ADDRESSES_PER_BUYER_MAX = 50


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where something goes. `country` is ISO 3166-1 alpha-2, `region` a province or state; what is missing is empty."""

    name: str = ""
    phone: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    postal_code: str = ""

    @property
    def complete(self) -> bool:
        """Whether a carrier could find it."""
        return bool(self.name and self.country and self.street and (self.city or self.postal_code))


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a purchase is for."""

    name: str = ""
    email: str = ""
    phone: str = ""


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """`birthday` is "MM-DD", without a year; `nobody` stands for an imported order that names no customer."""

    buyer_id: BuyerId
    email: str | None
    name: str = ""
    phone: str = ""
    locale: str = "zh-Hans"
    country: str | None = None
    guest: bool = False
    nobody: bool = False
    source: str | None = None
    created_at: datetime | None = None
    birthday: str | None = None


class SavedAddress(msgspec.Struct, frozen=True, kw_only=True):
    address_id: AddressId
    address: Address
    is_default: bool
