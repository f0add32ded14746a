"""Carts and checkouts as the protocol says them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.channels import agents
from steelyard.channels.agents.model import DISCOUNT, FULFILLMENT, Session
from steelyard.goods.promotions.model import Reason
from steelyard.kernel.i18n import N_
from steelyard.money.payments.model import PaymentState
from steelyard.surfaces.api.ucp.discounting import discounts_document, rejected
from steelyard.surfaces.api.ucp.discovery import speaks
from steelyard.surfaces.api.ucp.envelope import Ask, Document, message, note, warning
from steelyard.surfaces.api.ucp.intent import GROUP_PREFIX, METHOD_PREFIX, Said, said_of
from steelyard.surfaces.api.ucp.sheet import Part, Sheet, SheetLine, title_of
from steelyard.surfaces.web import limit_words
from steelyard.trade.checkout.model import CheckoutState, Problem, ProblemCode

LINKS = (
    ("terms_of_service", "/legal/terms"),
    ("privacy_policy", "/legal/privacy"),
    ("refund_policy", "/legal/returns"),
)
ENDED = ("completed", "canceled")
UNDER_WAY = frozenset({PaymentState.INSTRUCTED, PaymentState.PENDING})

WORDS: dict[ProblemCode, str] = {
    ProblemCode.EMPTY: N_("There is nothing in this checkout."),
    ProblemCode.ITEM_UNAVAILABLE: N_("This is not for sale any more."),
    ProblemCode.OUT_OF_STOCK: N_("This is sold out."),
    ProblemCode.NOT_ENOUGH: N_("Only {free} are left."),
    ProblemCode.PRICE_MOVED: N_("The price has changed."),
    ProblemCode.LIMIT_REACHED: N_("The buyer can have {free} more of this at the flash price."),
    ProblemCode.FLASH_GONE: N_("Of this {free} are left at the flash price, so the usual price counts."),
    ProblemCode.PRESALE_ALONE: N_("This is sold in a presale: its buyer books it in the shop itself."),
    ProblemCode.PRESALE_LIMIT: N_("The buyer can have {free} more of this in the presale."),
    ProblemCode.PRESALE_GONE: N_("Of this {free} are left in the presale, so the usual price counts."),
    ProblemCode.GROUP_LIMIT: N_("The buyer can have {free} more of this at the group price."),
    ProblemCode.GROUP_ALONE: N_("What is bought in a group is bought alone."),
    ProblemCode.GROUP_OVER: N_("This group price is over."),
    ProblemCode.TEAM_CLOSED: N_("This team is not open any more."),
    ProblemCode.IN_TEAM_ALREADY: N_("The buyer is in this team already."),
    ProblemCode.CONTACT_MISSING: N_("The buyer's e-mail address is missing."),
    ProblemCode.ADDRESS_MISSING: N_("The address is missing."),
    ProblemCode.ADDRESS_INCOMPLETE: N_("The address is not complete: {missing}."),
    ProblemCode.UNDELIVERABLE: N_("The merchant does not send there."),
    ProblemCode.SHOP_AWAY: N_("The shop is away and takes no orders at the moment."),
}
# Our words for a problem that the protocol calls otherwise.
CODES = {ProblemCode.NOT_ENOUGH: "out_of_stock", ProblemCode.CONTACT_MISSING: "buyer_email_missing"}


def status_of(sheet: Sheet, session: Session) -> str:
    """The protocol's state of a checkout."""
    match sheet.checkout.state:
        case CheckoutState.COMPLETED:
            return "completed"
        case CheckoutState.CANCELLED:
            return "canceled"
        case CheckoutState.PLACED if sheet.payment is not None and sheet.payment.state in UNDER_WAY:
            return "requires_escalation" if session.action_url else "complete_in_progress"
        case CheckoutState.PLACED:
            return "ready_for_complete"
        case CheckoutState.OPEN:
            blocking = any(problem.blocking for problem in sheet.problems) or bool(sheet.lost)
            return "incomplete" if blocking else "ready_for_complete"


def checkout_document(
    ask: Ask, sheet: Sheet, session: Session, shown_prices: Mapping[str, int], extra: Sequence[Document] = ()
) -> Document:
    """A checkout, whole."""
    status, said = status_of(sheet, session), said_of(session)
    messages = [*extra, *_messages(ask, sheet, said, status, shown_prices)]
    if speaks(ask.platform, DISCOUNT):
        messages += rejected(ask, sheet, said)
    checkout_id = str(session.session_id)
    document: Document = {
        "ucp": ask.envelope("checkout"),
        "id": checkout_id,
        "status": status,
        "currency": sheet.checkout.currency,
        "line_items": _lines(ask, sheet),
        "totals": _totals(ask, sheet, freight=bool(sheet.checkout.address.country)),
        "links": links(ask),
        "expires_at": sheet.checkout.expires_at.isoformat(),
        **({"buyer": msgspec.to_builtins(said.buyer)} if said.buyer else {}),
        **({"messages": messages} if messages else {}),
    }
    if speaks(ask.platform, FULFILLMENT):
        document["fulfillment"] = {"methods": [_method(ask, sheet, part, said) for part in sheet.parts]}
    if speaks(ask.platform, DISCOUNT):
        document |= discounts_document(ask, sheet, said)
    if status not in ENDED:
        document["continue_url"] = session.action_url or f"{ask.settings.base_url}/checkout/{checkout_id}"
    if status == "completed" and sheet.purchase is not None:
        document["order"] = {
            "id": str(sheet.purchase.purchase_id),
            "label": sheet.purchase.code,
            "permalink_url": f"{ask.settings.base_url}/purchases/{sheet.purchase.code}",
        }
    return document


def cart_document(ask: Ask, sheet: Sheet, session: Session, shown_prices: Mapping[str, int]) -> Document:
    """A cart: goods and what they come to, without delivery."""
    said = said_of(session)
    about_lines = [problem for problem in sheet.problems if problem.line_id]
    messages = [_message(ask, sheet, problem) for problem in about_lines]
    messages += _moved(ask, sheet, shown_prices)
    discounts: Document = {}
    if speaks(ask.platform, DISCOUNT):
        messages += rejected(ask, sheet, said)
        discounts = discounts_document(ask, sheet, said)
    return {
        "ucp": ask.envelope("cart"),
        "id": str(session.session_id),
        "currency": sheet.checkout.currency,
        "line_items": _lines(ask, sheet),
        "totals": _totals(ask, sheet, freight=False),
        "links": links(ask),
        "expires_at": sheet.checkout.expires_at.isoformat(),
        "continue_url": f"{ask.settings.base_url}/checkout/{session.session_id}",
        **({"buyer": msgspec.to_builtins(said.buyer)} if said.buyer else {}),
        **({"context": said.context} if said.context else {}),
        **discounts,
        **({"messages": messages} if messages else {}),
    }


def links(ask: Ask) -> list[Document]:
    return [{"type": kind, "url": ask.settings.base_url + path} for kind, path in LINKS]


def shown(sheet: Sheet) -> dict[str, Any]:
    """What the agent sees of this, to be held to."""
    return {"total": sheet.total, "prices": sheet.prices}


def _lines(ask: Ask, sheet: Sheet) -> list[Document]:
    """The lines in the order they were asked for."""
    found = {line.line_id: _line(ask, line, part) for part in sheet.parts for line in part.lines}
    found |= {line.line_id: _line(ask, line, None) for line in sheet.lost}
    return [found[line.line_id] for line in sheet.checkout.lines if line.line_id in found]


def _line(ask: Ask, line: SheetLine, part: Part | None) -> Document:
    amount = line.amount if part else 0
    item: Document = {"id": str(line.sku_id), "title": line.title, "price": line.unit_price}
    if line.picture:
        item["image_url"] = f"{ask.settings.base_url}/media/{line.picture}"
    said: Document = {
        "id": line.line_id,
        "item": item,
        "quantity": line.quantity,
        "totals": [
            {"type": "subtotal", "amount": amount},
            *([{"type": "items_discount", "amount": -line.discount}] if line.discount else []),
            {"type": "total", "amount": amount - line.discount},
        ],
    }
    if part:
        said["merchant"] = agents.merchant_note(part.shop, ask.settings.base_url, ask.locale)
    return said


def _totals(ask: Ask, sheet: Sheet, *, freight: bool) -> list[Document]:
    """`total` is the sum of all others; tax that the prices contain is not added, and not shown. What is taken off freight
    stands beside the fee."""
    off = sheet.freight_off if freight else 0
    fee = sheet.freight + off if freight else 0
    tax = sheet.tax_added if freight else 0
    return [
        {"type": "subtotal", "display_text": ask.say(N_("Goods")), "amount": sheet.goods},
        *(
            [{"type": "items_discount", "display_text": ask.say(N_("Discount")), "amount": -sheet.discount}]
            if sheet.discount
            else []
        ),
        *([{"type": "discount", "display_text": ask.say(N_("Discount on delivery")), "amount": -off}] if off else []),
        *([{"type": "fulfillment", "display_text": ask.say(N_("Delivery")), "amount": fee}] if freight else []),
        *([{"type": "tax", "display_text": ask.say(N_("Tax")), "amount": tax}] if tax else []),
        {
            "type": "total",
            "display_text": ask.say(N_("Total")),
            "amount": sheet.goods - sheet.discount + fee - off + tax,
        },
    ]


def _method(ask: Ask, sheet: Sheet, part: Part, said: Said) -> Document:
    """One merchant is one method with one group."""
    merchant_id = str(part.shop.merchant_id)
    line_ids = [line.line_id for line in part.lines]
    group: Document = {
        "id": f"{GROUP_PREFIX}{merchant_id}",
        "line_item_ids": line_ids,
        "options": [
            {
                "id": way.option_id,
                "title": way.title,
                "description": {
                    "plain": ask.say(N_("{days_from}–{days_to} days"), days_from=way.days_from, days_to=way.days_to)
                },
                "totals": [{"type": "subtotal", "amount": way.fee}, {"type": "total", "amount": way.fee}],
            }
            for way in part.ways
        ],
    }
    if part.chosen:
        group["selected_option_id"] = part.chosen
    method: Document = {
        "id": f"{METHOD_PREFIX}{merchant_id}",
        "type": "shipping",
        "line_item_ids": line_ids,
        "merchant": agents.merchant_note(part.shop, ask.settings.base_url, ask.locale),
        "destinations": [],
        "groups": [group] if sheet.checkout.address.country else [],
    }
    if said.destination is not None:
        method["destinations"] = [msgspec.to_builtins(said.destination)]
        method["selected_destination_id"] = said.destination.id
    return method


def _messages(ask: Ask, sheet: Sheet, said: Said, status: str, shown_prices: Mapping[str, int]) -> list[Document]:
    if status in ENDED:
        return []
    found = [_message(ask, sheet, problem) for problem in sheet.problems if problem.blocking]
    if sheet.checkout.state is CheckoutState.OPEN:
        found += _moved(ask, sheet, shown_prices)
        found += _gifts(ask, sheet)
        found += [
            warning("flash_price_gone", ask.say(WORDS[each.code], **each.facts), path=_path(sheet, each))
            for each in sheet.problems
            if each.code is ProblemCode.FLASH_GONE
        ]
        offered = {way.option_id for part in sheet.parts for way in part.ways}
        if sheet.checkout.address.country and any(option not in offered for option in said.options):
            content = ask.say(N_("The delivery option that was asked for is not offered; another was chosen."))
            found.append(warning("fulfillment_option_unavailable", content, path="$.fulfillment.methods"))
    if status == "requires_escalation":
        content = ask.say(N_("The buyer has to confirm the payment."))
        found.append(message("payment_confirmation_required", content, severity="requires_buyer_input"))
    elif sheet.payment is not None and sheet.payment.state is PaymentState.DECLINED:
        content = ask.say(N_("The payment was declined. Please try another one."))
        found.append(message("payment_failed", content, path="$.payment"))
    return found


def _message(ask: Ask, sheet: Sheet, problem: Problem) -> Document:
    content = ask.say(limit_words.wrong(problem) or WORDS[problem.code], **problem.facts)
    return message(CODES.get(problem.code, str(problem.code)), content, path=_path(sheet, problem))


def _gifts(ask: Ask, sheet: Sheet) -> list[Document]:
    """What comes with it for nothing, which is no line of what was asked for; and what would, but is gone."""
    if sheet.costs is None:
        return []
    words = N_("{count} × {title} comes with it as a gift.")
    given = [
        note("gift", ask.say(words, count=line.quantity, title=title_of(line.card, ask.locale)))
        for group in sheet.costs.groups
        for line in group.gifts
    ]
    missed = sheet.costs.reckoning.missed if sheet.costs.reckoning else ()
    lost = N_("The gift of “{offer}” is gone: the order goes without it.")
    gone = [
        warning("gift_gone", ask.say(lost, offer=each.promotion.name.in_language(ask.locale)))
        for each in missed
        if each.reason is Reason.GIFT_GONE
    ]
    return [*given, *gone]


def _moved(ask: Ask, sheet: Sheet, shown_prices: Mapping[str, int]) -> list[Document]:
    """Lines that cost another price than the agent saw last."""
    content = ask.say(WORDS[ProblemCode.PRICE_MOVED])
    return [
        warning("price_changed", content, path=_line_path(sheet, line.line_id))
        for part in sheet.parts
        for line in part.lines
        if shown_prices.get(str(line.sku_id), line.unit_price) != line.unit_price
    ]


def _path(sheet: Sheet, problem: Problem) -> str | None:
    if problem.line_id:
        return _line_path(sheet, problem.line_id)
    match problem.code:
        case ProblemCode.CONTACT_MISSING:
            return "$.buyer.email"
        case ProblemCode.UNDELIVERABLE:
            places = [place for place, part in enumerate(sheet.parts) if part.shop.merchant_id == problem.merchant_id]
            return f"$.fulfillment.methods[{places[0]}]" if places else "$.fulfillment"
        case ProblemCode.ADDRESS_MISSING | ProblemCode.ADDRESS_INCOMPLETE:
            return "$.fulfillment.methods[0].destinations"
        case _:
            return "$.line_items"


def _line_path(sheet: Sheet, line_id: str) -> str:
    place = next(place for place, line in enumerate(sheet.checkout.lines) if line.line_id == line_id)
    return f"$.line_items[{place}]"
