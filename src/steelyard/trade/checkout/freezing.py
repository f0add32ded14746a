"""What becomes of a quote when it is placed: orders and lines with everything copied, so that later changes change no order."""

from collections.abc import Sequence

from steelyard.goods.catalog.model import NoReturn
from steelyard.kernel import codes, money
from steelyard.trade.checkout import offers
from steelyard.trade.checkout.model import Checkout, Quote, QuoteGroup, QuoteLine
from steelyard.trade.orders.model import Delivery, NewLine, NewOrder, order_id_of


def order_of(checkout: Checkout, group: QuoteGroup, rate_of: dict[str, int], costs: Quote) -> NewOrder:
    """A merchant's part of a checkout as an order; `rate_of` is the commission of each line."""
    assert group.chosen is not None, "what cannot be sent there was refused"
    return NewOrder(
        merchant_id=group.shop.merchant_id,
        order_id=order_id_of(checkout.purchase_id, group.shop.merchant_id),
        code=codes.mint("S"),
        lines=_lines(group.lines, rate_of, costs),
        freight=group.freight,
        freight_tax=group.freight_tax,
        freight_tax_inclusive=group.freight_tax_inclusive,
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
        )
        for number, line in enumerate(lines, start=1)
    ]


def _no_return(line: QuoteLine) -> NoReturn | None:
    """What needs the buyer's word counts only with it."""
    why = line.card.no_return
    return None if why is NoReturn.CONFIRMED and not line.confirmed else why
