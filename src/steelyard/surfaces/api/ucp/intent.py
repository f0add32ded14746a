"""What an agent says, as our checkout understands it: lines, contact, address, ways of delivery."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from steelyard.channels.agents.model import Session
from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.parties.customers.model import Address, Contact
from steelyard.surfaces.api.ucp.catalog import uuid_of
from steelyard.surfaces.api.ucp.shapes import Buyer, Destination, Discounts, Fulfillment, LineItem, Method
from steelyard.trade.checkout.model import Draft, Line

SHIPPING_ADDRESS = "shipping_address"
METHOD_PREFIX = "method_"
GROUP_PREFIX = "group_"


class UnknownItems(Refusal):
    """A checkout is opened for goods that there are; `items` are their places in the request."""

    code = "item_unavailable"
    status = 200
    title = N_("This is not for sale")
    detail = ""


class OneDestination(Refusal):
    """All parts of a purchase go to one address."""

    code = "multi_destination_unsupported"
    status = 422
    title = N_("Everything in one checkout goes to one address")
    detail = N_("Please open a checkout for each address.")


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a request to be said back. `destination` has an id and a type; `options` are those that were asked
    for, to see whether they are offered; `codes` are as they were entered."""

    buyer: Buyer | None = None
    destination: Destination | None = None
    context: dict[str, Any] | None = None
    options: list[str] = []
    codes: list[str] = []

    @property
    def kept(self) -> dict[str, Any]:
        return msgspec.to_builtins(self)


def said_of(session: Session) -> Said:
    return msgspec.convert(session.said, Said)


def items_of(line_items: Sequence[LineItem]) -> set[UUID]:
    """The variants that are named, as far as they have ids of ours."""
    return {sku_id for item in line_items if (sku_id := uuid_of(item.item.id)) is not None}


def draft_of(
    cards: Mapping[SkuId, SkuCard],
    line_items: Sequence[LineItem],
    buyer: Buyer | None,
    fulfillment: Fulfillment | None,
    context: dict[str, Any] | None,
    *,
    locale: str,
    discounts: Discounts | None = None,
    before: Said | None = None,
) -> tuple[Draft, Said]:
    """A checkout's draft, and what is to be said back. `cards` are those of `items_of` the lines.

    Raises `UnknownItems` for ids that are not a variant of ours, `OneDestination`.
    """
    lines = _lines(line_items)
    unknown = [place for place, line in enumerate(lines) if SkuId(line.sku_id) not in cards]
    if unknown:
        raise UnknownItems(items=unknown)
    methods = fulfillment.methods if fulfillment else []
    destination = _destination(methods, before.destination if before else None)
    merchant_of = {line.line_id: str(cards[SkuId(line.sku_id)].merchant_id) for line in lines}
    deliveries, options = _deliveries(methods, merchant_of)
    codes = [code.strip() for code in discounts.codes] if discounts else []
    draft = Draft(
        lines=lines,
        contact=_contact(buyer),
        address=_address(destination, buyer),
        deliveries=deliveries,
        codes=_codes(codes),
        locale=locale,
    )
    return draft, Said(buyer=buyer, destination=destination, context=context, options=options, codes=codes)


def _codes(entered: Sequence[str]) -> list[str]:
    """Those that can be codes at all, each once: of the others it is told that they are none."""
    found = dict.fromkeys(promotions.tidied(code) for code in entered)
    return [code for code in found if 0 < len(code) <= promotions.CODE_CHARACTERS_MAX][: promotions.CODES_PER_CART_MAX]


def _lines(line_items: Sequence[LineItem]) -> list[Line]:
    """Lines keep the ids that we gave them; new ones get the next free number."""
    taken = {item.id for item in line_items if item.id}
    if len(taken) != sum(1 for item in line_items if item.id):
        taken = set()
    unknown: list[int] = []
    lines: list[Line] = []
    number = 0
    for place, item in enumerate(line_items):
        sku_id = uuid_of(item.item.id)
        if sku_id is None:
            unknown.append(place)
            continue
        if item.id and item.id in taken:
            line_id = item.id
        else:
            number += 1
            while f"li_{number}" in taken:
                number += 1
            line_id = f"li_{number}"
        lines.append(Line(line_id=line_id, sku_id=sku_id, quantity=item.quantity))
    if unknown:
        raise UnknownItems(items=unknown)
    return lines


def _destination(methods: Sequence[Method], before: Destination | None) -> Destination | None:
    """The one address that the methods name: selected, or the only one. One that is only selected is the one before."""
    found: Destination | None = None
    for method in methods:
        named = {each.id: each for each in method.destinations if each.id}
        wanted = method.selected_destination_id
        if wanted in named:
            here = named[wanted]
        elif wanted and before is not None and before.id == wanted:
            here = before
        elif not wanted and len(method.destinations) == 1:
            here = method.destinations[0]
        else:
            continue
        here = msgspec.structs.replace(here, id=here.id or "destination_1", type=SHIPPING_ADDRESS)
        if found is not None and _place(here) != _place(found):
            raise OneDestination()
        found = found or here
    return found


def _place(destination: Destination) -> Destination:
    return msgspec.structs.replace(destination, id=None)


def _deliveries(methods: Sequence[Method], merchant_of: Mapping[str, str]) -> tuple[dict[str, UUID], list[str]]:
    """The chosen template of each merchant. A method that names no lines, as on create, is meant for all merchants."""
    deliveries: dict[str, UUID] = {}
    options: list[str] = []
    for method in methods:
        by_lines = {merchant_of[line_id] for line_id in method.line_item_ids if line_id in merchant_of}
        for group in method.groups:
            chosen = uuid_of(group.selected_option_id or "")
            if group.selected_option_id:
                options.append(group.selected_option_id)
            if chosen is None:
                continue
            named = (group.id or "").removeprefix(GROUP_PREFIX)
            if named in merchant_of.values():
                meant = {named}
            elif (method.id or "").removeprefix(METHOD_PREFIX) in merchant_of.values():
                meant = {(method.id or "").removeprefix(METHOD_PREFIX)}
            else:
                meant = by_lines or set(merchant_of.values())
            deliveries |= dict.fromkeys(sorted(meant), chosen)
    return deliveries, options


def _contact(buyer: Buyer | None) -> Contact:
    if buyer is None:
        return Contact()
    return Contact(name=_name(buyer), email=(buyer.email or "").strip(), phone=buyer.phone_number or "")


def _name(who: Buyer | Destination | None) -> str:
    if who is None:
        return ""
    return (who.full_name or " ".join(filter(None, (who.first_name, who.last_name)))).strip()


def _address(destination: Destination | None, buyer: Buyer | None) -> Address:
    if destination is None:
        return Address()
    return Address(
        name=_name(destination) or _name(buyer),
        phone=destination.phone_number or (buyer.phone_number if buyer else None) or "",
        country=(destination.address_country or "").strip().upper(),
        region=destination.address_region or "",
        city=destination.address_locality or "",
        street=", ".join(filter(None, (destination.street_address, destination.extended_address))),
        postal_code=destination.postal_code or "",
    )
