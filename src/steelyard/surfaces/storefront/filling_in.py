"""What a buyer has filled into the form of a checkout."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.money.wallets import PURSES
from steelyard.parties.customers.model import Address, AddressId, BuyerId, SavedAddress
from steelyard.surfaces.storefront import unreturnable
from steelyard.surfaces.storefront.addresses import read_address, read_contact
from steelyard.surfaces.storefront.invoice_wishes import read_invoice
from steelyard.surfaces.storefront.typed import number, said, uuid_of
from steelyard.trade.checkout.model import Checkout, CheckoutView, Draft
from steelyard.trade.orders.model import QUANTITY_PER_LINE_MAX

DELIVERY = "delivery-"
QUANTITY = "pieces-"
NOTE = "note-"
PURSE = "purse-"


def draft_of(
    found: Checkout, buyer_id: BuyerId, book: Sequence[SavedAddress], data: Mapping[str, Any], pasted: Address | None
) -> Draft:
    """The checkout as it was filled in: what the form does not hold stays."""
    address = pasted or (read_address(data) if "country" in data else found.address)
    picked = uuid_of(data.get("book"))
    if picked is not None and pasted is None:
        saved = {each.address_id: each.address for each in book}
        address = saved.get(AddressId(picked), address)
    contact = msgspec.structs.replace(read_contact(data), name=address.name, phone=address.phone)
    chosen = {name.removeprefix(DELIVERY): uuid_of(value) for name, value in data.items() if name.startswith(DELIVERY)}
    return Draft(
        lines=[
            msgspec.structs.replace(
                line,
                quantity=min(quantity, QUANTITY_PER_LINE_MAX),
                confirmed=unreturnable.confirmed(line, data),
            )
            for line in found.lines
            if (quantity := number(data.get(QUANTITY + line.line_id), line.quantity)) > 0
        ],
        contact=contact,
        address=address,
        deliveries={merchant: option for merchant, option in chosen.items() if option is not None},
        notes=_notes(data),
        invoice=read_invoice(data),
        # Whose checkout it is spends what is theirs; whoever only goes on with it does not.
        purses=[purse for purse in PURSES if said(data, PURSE + purse)] if found.buyer_id == buyer_id else [],
        codes=found.codes,
        locale=found.locale,
    )


def _notes(data: Mapping[str, Any]) -> dict[str, str]:
    """What the buyer writes to each shop."""
    written = {name.removeprefix(NOTE): said(data, name) for name in data if name.startswith(NOTE)}
    return {merchant: note for merchant, note in written.items() if note and uuid_of(merchant) is not None}


def as_shown(draft: Draft, view: CheckoutView) -> bool:
    """Whether it says nothing but what the page shows: the same words, and sent as is chosen where nobody chose."""
    shown = view.checkout.draft
    by_itself = {
        str(group.shop.merchant_id): group.chosen.template_id for group in view.quote.groups if group.chosen is not None
    }
    sent = {**by_itself, **{str(merchant): option for merchant, option in shown.deliveries.items()}}
    wanted = {str(merchant): option for merchant, option in draft.deliveries.items()}
    return wanted.items() <= sent.items() and msgspec.structs.replace(draft, deliveries=shown.deliveries) == shown
