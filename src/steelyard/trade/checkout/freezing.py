"""What becomes of a quote when it is placed: orders and lines with everything copied, so that later changes change no order."""

from collections.abc import Sequence

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel import codes, money
from steelyard.trade.checkout import gifts, offers
from steelyard.trade.checkout.model import Checkout, Quote, QuoteGroup, QuoteLine
from steelyard.trade.orders.model import GIFT, Delivery, NewLine, NewOrder, order_id_of


def order_of(checkout: Checkout, group: QuoteGroup, rate_of: dict[str, int], costs: Quote) -> NewOrder:
    """A merchant's part of a checkout as an order; `rate_of` is the commission of each line."""
    assert group.chosen is not None, "what cannot be sent there was refused"
    return NewOrder(
        merchant_id=group.shop.merchant_id,
        order_id=order_id_of(checkout.purchase_id, group.shop.merchant_id),
        code=codes.mint("S"),
        lines=[*_lines(group.lines, rate_of, costs), *_gifts(group)],
        freight=group.freight,
        freight_tax=group.freight_tax,
        freight_tax_inclusive=group.freight_tax_inclusive,
        freight_tax_millionths=group.freight_tax_millionths,
        freight_offers=offers.frozen(group.freight_shares, costs),
        delivery=Delivery(
            template_id=group.chosen.template_id,
            name=group.chosen.name,
            days_from=group.chosen.days_from,
            days_to=group.chosen.days_to,
        ),
        note=checkout.notes.get(str(group.shop.merchant_id), ""),
    )


def _lines(lines: Sequence[QuoteLine], rate_of: dict[str, int], costs: Quote) -> list[NewLine]:
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
            commission_millionths=rate_of[line.line_id],
            # What the merchant gets for the goods, from the buyer and from the platform.
            commission=money.share(line.amount + line.subsidy, rate_of[line.line_id]),
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
    """What comes for nothing: no commission is taken of it, and no tax; what it is worth stands in its terms."""
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
            commission_millionths=0,
            commission=0,
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
