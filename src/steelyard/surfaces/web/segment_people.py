"""Customers in lists of people, as far as somebody who does not serve them needs to know them: the first letters."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.operations.behaviour import MARKETPLACE
from steelyard.operations.segments import known_as
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web.masking import masked, masked_email
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import orders


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """A customer without their name: a shop knows of them what stands on their orders there."""

    buyer_id: UUID
    name: str
    email: str


async def faces(read: Read, visit: Visit, shop: UUID, buyer_ids: Sequence[UUID]) -> list[Face]:
    """These customers in their order."""
    if shop == MARKETPLACE:
        known = await known_as(read, buyer_ids)
    else:
        contacts = await orders.contacts_of(read, MerchantId(shop), buyer_ids)
        known = {buyer_id: (each.name, each.email) for buyer_id, each in contacts.items()}
    nobody = visit.say(N_("Without an order"))
    return [
        Face(
            buyer_id=each,
            name=masked(known.get(each, ("", None))[0] or "") or nobody,
            email=masked_email(known.get(each, ("", None))[1]),
        )
        for each in buyer_ids
    ]
