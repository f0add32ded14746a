"""What becomes of a quote when it is placed: orders and lines with everything copied, so that later changes change no order."""

from collections.abc import Sequence

from steelyard.goods import promotions
from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel import codes
from steelyard.trade import commission
from steelyard.trade.checkout import gifts, offers
from steelyard.trade.checkout.model import Checkout, Quote, QuoteGroup, QuoteLine
from steelyard.trade.commission import Charged, Sold
from steelyard.trade.commission.model import LineFee, Rule
from steelyard.trade.orders.model import GIFT, Delivery, NewLine, NewOrder, order_id_of


def order_of(checkout: Checkout, group: QuoteGroup, rules_of: dict[str, list[Rule]], costs: Quote) -> NewOrder:
    """A merchant's part of a checkout as an order; `rules_of` are the rules of fees that count for each line."""
    assert group.chosen is not None, "what cannot be sent there was refused"
    charged = _charged(group, rules_of)
    return NewOrder(
        merchant_id=group.shop.merchant_id,
        order_id=order_id_of(checkout.purchase_id, group.shop.merchant_id),
        code=codes.mint("S"),
        lines=[*_lines(group.lines, charged.lines, costs), *_gifts(group)],
        freight=group.freight,
        freight_tax=group.freight_tax,
        freight_tax_inclusive=group.freight_tax_inclusive,
        freight_tax_millionths=group.freight_tax_millionths,
        freight_offers=offers.frozen(group.freight_shares, costs),
        freight_fees=charged.freight,
        delivery=Delivery(
            template_id=group.chosen.template_id,
            name=group.chosen.name,
            days_from=group.chosen.days_from,
            days_to=group.chosen.days_to,
        ),
        note=checkout.notes.get(str(group.shop.merchant_id), ""),
        source=source_of(checkout, group),
    )


def source_of(checkout: Checkout, group: QuoteGroup) -> str:
    """What an order says of its source. Where all of it was put into the cart in the room of one live session: that one, at the
    second of what was put in last; else what its checkout says."""
    put_in = {line.line_id: line.source for line in checkout.lines}
    said = [put_in.get(line.line_id, "") for line in group.lines]
    sessions = {promotions.of_source(each) for each in said}
    if len(sessions) != 1 or None in sessions:
        return checkout.client
    return max(said, key=lambda each: int(each.rpartition(":")[2]))


def _charged(group: QuoteGroup, rules_of: dict[str, list[Rule]]) -> Charged:
    """What the platform charges of it: of what the merchant gets for goods and freight, from the buyer and from the platform."""
    freight = Sold(
        amount=group.freight + sum(share.platform for share in group.freight_shares),
        tax=group.freight_tax,
        tax_inclusive=group.freight_tax_inclusive,
    )
    return commission.charge([(_sold(line), rules_of[line.line_id]) for line in group.lines], freight)


def _sold(line: QuoteLine) -> Sold:
    return Sold(
        amount=line.amount + line.subsidy, tax=line.tax, tax_inclusive=line.tax_inclusive, quantity=line.quantity
    )


def _lines(lines: Sequence[QuoteLine], fees: Sequence[Sequence[LineFee]], costs: Quote) -> list[NewLine]:
    return [
        NewLine(
            line=number,
            product_id=line.card.product_id,
            sku_id=line.card.sku_id,
            title=line.card.title,
            options=line.card.options,
            picture=line.card.picture,
            sku_code=line.card.code,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount=line.amount,
            tax=line.tax,
            tax_millionths=line.tax_millionths,
            tax_inclusive=line.tax_inclusive,
            fees=fees[number - 1],
            discount=line.discount,
            offers=offers.frozen(line.shares, costs),
            no_return=_no_return(line),
            ship_hours=line.card.ship_hours,
            authentic_times=line.card.authentic_times,
            free_returns=line.card.free_returns,
            tax_class=line.card.tax_class,
        )
        for number, line in enumerate(lines, start=1)
    ]


def _gifts(group: QuoteGroup) -> list[NewLine]:
    """What comes for nothing: no fee is taken of it, and no tax; what it is worth stands in its terms."""
    return [
        NewLine(
            line=number,
            kind=GIFT,
            product_id=line.card.product_id,
            sku_id=line.card.sku_id,
            title=line.card.title,
            options=line.card.options,
            picture=line.card.picture,
            sku_code=line.card.code,
            quantity=line.quantity,
            unit_price=0,
            amount=0,
            tax=0,
            tax_millionths=0,
            tax_inclusive=True,
            no_return=_no_return(line),
            gift=gifts.terms(line.gift, group.lines) if line.gift else None,
            tax_class=line.card.tax_class,
        )
        for number, line in enumerate(group.gifts, start=len(group.lines) + 1)
    ]


def _no_return(line: QuoteLine) -> NoReturn | None:
    """What needs the buyer's word counts only with it."""
    why = line.card.no_return
    return None if why is NoReturn.CONFIRMED and not line.confirmed else why
