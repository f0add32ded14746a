"""What of a checkout is not returned without a reason, and what the buyer has to confirm about it (Consumer Rights Law of the
PRC, Art. 25, second paragraph)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel.i18n import N_
from steelyard.surfaces.storefront.typed import said
from steelyard.surfaces.web.rights_words import NO_RETURNS
from steelyard.trade.checkout.model import CheckoutView, Line
from steelyard.trade.rights import Family, Rule, Rules

CONFIRM = "no-return-"
PLEASE_CONFIRM = N_("Please confirm that you cannot return this without a reason.")


def rule_of(view: CheckoutView, rules: Rules) -> Rule | None:
    """The right to return without a reason that a purchase placed now will have."""
    return rules.of(Family.NO_REASON, view.checkout.address.country or "CN", datetime.now(UTC))


def told(view: CheckoutView, rule: Rule | None) -> dict[str, str]:
    """By line, why it is not returned without a reason."""
    lines = [line for group in view.quote.groups for line in group.lines]
    return {
        line.line_id: NO_RETURNS[why]
        for line in lines
        if rule is not None and (why := line.card.no_return) is not None and not rule.covers(why)
    }


def to_confirm(view: CheckoutView, rule: Rule | None) -> set[str]:
    """The lines of which the buyer has to say that they know."""
    if rule is None or rule.covers(NoReturn.CONFIRMED):
        return set()
    lines = [line for group in view.quote.groups for line in group.lines]
    return {line.line_id for line in lines if line.card.no_return is NoReturn.CONFIRMED}


def unconfirmed(view: CheckoutView, rule: Rule | None) -> dict[str, str]:
    """What is wrong with the form, field by field."""
    wanting = to_confirm(view, rule)
    return {
        CONFIRM + line.line_id: PLEASE_CONFIRM
        for line in view.checkout.lines
        if line.line_id in wanting and not line.confirmed
    }


def confirmed(line: Line, data: Mapping[str, Any]) -> bool:
    """Whether the form says so."""
    return said(data, CONFIRM + line.line_id) == "yes"
