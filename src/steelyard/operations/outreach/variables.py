"""What a message can tell of: the catalogue of variables, each with what the editor shows for it."""

import re
from typing import Final

import msgspec

from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text, text

# {{buyer.name}}, or {{buyer.name|friend}} with words for when it is empty.
PLACE: Final = re.compile(r"\{\{\s*([a-z_]+(?:\.[a-z_]+)+)\s*(?:\|([^{}|]*))?\}\}")


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """`sample` stands in previews and trials; `link`: it is the address of a page of ours; `own`: the house knows it itself."""

    label: str
    sample: Text
    link: bool = False
    own: bool = False


CATALOGUE: Final[dict[str, Variable]] = {
    "buyer.name": Variable(label=N_("Name of the customer"), sample=text("李娜", "Li Na"), own=True),
    "shop.name": Variable(label=N_("Name of the shop"), sample=text("云上茶庄", "Tea on the Cloud"), own=True),
    "shop.url": Variable(label=N_("Page of the shop"), sample=text("/", "/"), link=True, own=True),
    "unsubscribe.url": Variable(
        label=N_("Where these messages are ended"), sample=text("/messages", "/messages"), link=True, own=True
    ),
    "cart.url": Variable(label=N_("The cart"), sample=text("/cart", "/cart"), link=True),
    "cart.items": Variable(label=N_("What lies in the cart"), sample=text("龙井绿茶 ×2", "Longjing tea ×2")),
    "cart.total": Variable(label=N_("What the cart comes to"), sample=text("¥136.00", "CN¥136.00")),
    "order.code": Variable(label=N_("Number of the order"), sample=text("P-7K3M9-X2Q4T", "P-7K3M9-X2Q4T")),
    "order.url": Variable(label=N_("Page of the order"), sample=text("/orders", "/orders"), link=True),
    "order.total": Variable(label=N_("What the order comes to"), sample=text("¥136.00", "CN¥136.00")),
    "order.until": Variable(label=N_("Until when it can be paid"), sample=text("今天 18:30", "6:30 pm today")),
    "product.name": Variable(label=N_("Name of the product"), sample=text("龙井绿茶 250 克", "Longjing tea, 250 g")),
    "product.url": Variable(label=N_("Page of the product"), sample=text("/", "/"), link=True),
    "product.price": Variable(label=N_("Price of the product"), sample=text("¥68.00", "CN¥68.00")),
    "product.was": Variable(label=N_("Its price before"), sample=text("¥88.00", "CN¥88.00")),
    "coupon.name": Variable(label=N_("What the coupon is called"), sample=text("满 100 减 20", "20 off 100")),
    "coupon.until": Variable(label=N_("Until when it can be used"), sample=text("12 月 31 日", "31 December")),
    "coupon.url": Variable(
        label=N_("Where their coupons are"), sample=text("/account/coupons", "/account/coupons"), link=True
    ),
    "review.url": Variable(label=N_("Where a review is written"), sample=text("/orders", "/orders"), link=True),
    "live.title": Variable(label=N_("Title of the live session"), sample=text("新茶开播", "New teas, live")),
    "live.at": Variable(label=N_("When it begins"), sample=text("今晚 20:00", "8 pm tonight")),
    "live.url": Variable(label=N_("The live room"), sample=text("/live", "/live"), link=True),
    "points.balance": Variable(label=N_("How many points they have"), sample=text("320", "320")),
}


def named(words: str) -> list[str]:
    """The variables that these words name, in their order."""
    return [found.group(1) for found in PLACE.finditer(words)]
