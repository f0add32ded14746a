"""Which sale a return takes back: the latest earlier one of the same customer and SKU that still has pieces.

The rule, worked through in docs/guide/import.md: a return looks first at sales at its own unit price, then at
dearer ones, latest first, and may take pieces from several. It never takes more pieces, nor more money, than
the sale line has left. What finds no sale stays a credit."""

from collections.abc import Generator, Iterable, Iterator
from typing import Literal

import msgspec

from steelyard.kernel.money import split

Because = Literal["no_earlier_sale", "more_than_sold"]


class Entry(msgspec.Struct):
    """One line of a customer's history with a SKU, oldest first; quantities and amounts as positive
    numbers."""

    ref: int  # what the caller knows the line by
    is_return: bool
    quantity: int
    price_micros: int
    amount_minor: int
    order_id: str
    refers_to: str | None = None


class Match(msgspec.Struct, frozen=True):
    """So many pieces of a return come from this sale, and so much money goes back for them."""

    return_ref: int
    part: int
    sale_ref: int
    quantity: int
    amount_minor: int


class Rest(msgspec.Struct, frozen=True):
    """What of a return found no sale."""

    return_ref: int
    quantity: int
    amount_minor: int
    because: Because


def match_returns(history: Iterable[Entry]) -> Iterator[Match | Rest]:
    """Go through one group (merchant, currency, customer, SKU) in time order. `quantity` and `amount_minor`
    of the sales passed in shrink to what is left of them."""
    sales: list[Entry] = []
    orders: set[str] = set()
    for entry in history:
        if not entry.is_return:
            sales.append(entry)
            orders.add(entry.order_id)
            continue
        rest = yield from _match(entry, sales)
        # Used up sales leave from the end, where they gather, so that long histories stay short.
        while sales and sales[-1].quantity == 0:
            sales.pop()
        if rest.quantity:
            sold = bool(orders) if entry.refers_to is None else entry.refers_to in orders
            yield msgspec.structs.replace(rest, because="more_than_sold" if sold else "no_earlier_sale")


def _match(back: Entry, sales: list[Entry]) -> Generator[Match, None, Rest]:
    pieces, money, part = back.quantity, back.amount_minor, 0
    for sale in _in_order_of_preference(sales, back):
        taken = min(pieces, sale.quantity)
        amount = split(money, [taken, pieces - taken])[0]
        if amount > sale.amount_minor:
            continue
        part += 1
        yield Match(return_ref=back.ref, part=part, sale_ref=sale.ref, quantity=taken, amount_minor=amount)
        sale.quantity -= taken
        sale.amount_minor -= amount
        pieces -= taken
        money -= amount
        if pieces == 0:
            break
    return Rest(return_ref=back.ref, quantity=pieces, amount_minor=money, because="no_earlier_sale")


def _in_order_of_preference(sales: list[Entry], back: Entry) -> Iterator[Entry]:
    """Latest first: those at the same price, then the dearer ones."""
    for same_price in (True, False):
        for sale in reversed(sales):
            if back.refers_to is not None and sale.order_id != back.refers_to:
                continue
            fits = sale.price_micros == back.price_micros if same_price else sale.price_micros > back.price_micros
            if sale.quantity and fits:
                yield sale
