"""What is typed into the forms of fees, read and filled in."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from babel.numbers import list_currencies

from steelyard.goods.catalog.model import Category
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.surfaces.web.entries import PERCENT_DIGITS, Entries, as_uuid
from steelyard.trade.commission import Wish
from steelyard.trade.commission.model import Channel, FeeId, RuleId, Taxes, Terms

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def flat(tree: Sequence[Category], depth: int = 0) -> list[tuple[UUID, Text]]:
    """All categories, those below another with a mark before their names."""
    found: list[tuple[UUID, Text]] = []
    for each in tree:
        found.append((each.category_id, Text({language: "– " * depth + name for language, name in each.name.items()})))
        found += flat(each.children, depth + 1)
    return found


def rate_typed(form: Entries, name: str, *, required: bool = True) -> int:
    """A percentage in parts per million."""
    return form.rate(name, required=required) or 0


def day_typed(form: Entries, name: str) -> date | None:
    try:
        return date.fromisoformat(form.text(name))
    except ValueError:
        form.refuse(name, N_("Please enter a day"))
        return None


def terms_of(form: Entries, prefix: str = "") -> Terms:
    """How much, and by which channel and in which currency; who and what it is for is asked elsewhere."""
    currency = form.text(f"{prefix}currency").upper()
    if currency and currency not in list_currencies():
        form.refuse(f"{prefix}currency", N_("Please enter a currency by its three letters"))
        currency = ""
    channel, taxes = form.text(f"{prefix}channel"), form.text(f"{prefix}taxes")
    in_words = currency or "CNY"
    return Terms(
        channel=Channel(channel) if channel in set(Channel) else None,
        currency=currency or None,
        millionths=rate_typed(form, f"{prefix}rate", required=False),
        fixed=form.money(f"{prefix}fixed", in_words, required=False) or 0,
        per_piece=form.text(f"{prefix}per") == "piece",
        least=form.money(f"{prefix}least", in_words, required=False),
        most=form.money(f"{prefix}most", in_words, required=False),
        on_freight=form.flag(f"{prefix}on_freight"),
        taxes=Taxes(taxes) if taxes in set(Taxes) else Taxes.SHOWN,
    )


async def wish_of(read: Read, form: Entries, replaces: RuleId | None) -> Wish:
    """The rule that the form asks for. Raises `Invalid`."""
    terms = terms_of(form)
    slug, product = form.text("merchant"), form.text("product")
    shop = await merchants.by_slug(read, slug) if slug else None
    if slug and shop is None:
        form.refuse("merchant", N_("There is no shop with this address"))
    # The page's whole address may be pasted, whatever follows the product's id in it.
    found = _ID.search(product)
    product_id = as_uuid(found[0]) if found else None
    if product and product_id is None:
        form.refuse("product", N_("Please paste the address of the product’s page"))
    fee_id = as_uuid(form.text("fee", required=True))
    if fee_id is None:
        form.refuse("fee", N_("Please choose one of these"))
    begins = day_typed(form, "from") if form.text("from") else None
    ends = day_typed(form, "until") if form.text("until") else None
    rule_id = RuleId(form.uuid("rule_id"))
    form.check()
    assert fee_id is not None
    return Wish(
        rule_id=rule_id,
        fee_id=FeeId(fee_id),
        merchant_id=shop.merchant_id if shop else None,
        category_id=as_uuid(form.text("category")),
        product_id=product_id,
        channel=terms.channel,
        currency=terms.currency,
        millionths=terms.millionths,
        fixed=terms.fixed,
        per_piece=terms.per_piece,
        least=terms.least,
        most=terms.most,
        on_freight=terms.on_freight,
        taxes=terms.taxes,
        from_day=begins,
        until_day=ends,
        replaces=replaces,
    )


_FIELDS = (
    *("fee", "merchant", "category", "product", "channel", "currency", "rate", "fixed", "per", "least", "most"),
    *("on_freight", "taxes", "from", "until"),
)


def typed(form: Entries | None, before: Terms | None, shop: str) -> dict[str, str]:
    """What stands in the fields: what came back, or what the rule before says, or nothing but the shop's address."""
    if form is not None:
        return {name: form.text(name) for name in _FIELDS}
    if before is None:
        return {"merchant": shop, "taxes": Taxes.SHOWN, "per": "line"}

    def amount(value: int | None) -> str:
        return str(Money(value, before.currency).decimal()) if value is not None and before.currency else ""

    return {
        "fee": str(getattr(before, "fee_id", "")),
        "merchant": shop,
        "category": str(before.category_id or ""),
        "product": str(before.product_id or ""),
        "channel": before.channel or "",
        "currency": before.currency or "",
        "rate": f"{Decimal(before.millionths).scaleb(-PERCENT_DIGITS).normalize():f}",
        "fixed": amount(before.fixed) if before.fixed else "",
        "per": "piece" if before.per_piece else "line",
        "least": amount(before.least),
        "most": amount(before.most),
        "on_freight": "yes" if before.on_freight else "",
        "taxes": before.taxes,
        "from": "",
        "until": "",
    }
