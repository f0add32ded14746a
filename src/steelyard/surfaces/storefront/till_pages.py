"""What the checkout's page is made of. Those who look at the same moment are asked for together: a crowd that buys what is sold
by the piece looks all at once (docs/decisions/0176 and 0204)."""

from collections.abc import Sequence

import msgspec

from steelyard.kernel.db import Database, Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.lookups import look_up
from steelyard.kernel.text import Text
from steelyard.money import payments
from steelyard.money.payments import Standing, Wanted
from steelyard.parties import customers
from steelyard.parties.customers.model import BuyerId, SavedAddress
from steelyard.surfaces.storefront import unreturnable
from steelyard.surfaces.storefront.shell import Shell, shell
from steelyard.trade import checkout, rights
from steelyard.trade.checkout.model import Checkout, CheckoutId, CheckoutView, at_shop
from steelyard.trade.rights import Rule


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a tax comes to, in minor units, inside or on top of the prices. Without a name it is the one on delivery."""

    name: Text | None
    millionths: int
    inclusive: bool
    amount: int


def _add(sums: dict[tuple[str, int, bool], TaxLine], found: TaxLine) -> None:
    key = (str(found.name or ""), found.millionths, found.inclusive)
    before = sums.get(key)
    sums[key] = msgspec.structs.replace(found, amount=found.amount + (before.amount if before else 0))


class TillPage(msgspec.Struct, frozen=True, kw_only=True):
    """`shell`: what stands around the page; none where it was not asked for, since the page is not shown if all goes well."""

    shell: Shell | None
    checkout: CheckoutView
    book: Sequence[SavedAddress]
    standing: Standing
    wanted: Wanted
    rule: Rule | None = None

    @property
    def rushes(self) -> list[str]:
        """The prices in it of which there are only so many pieces: whose, and which."""
        applied = self.checkout.quote.reckoning.applied if self.checkout.quote.reckoning else ()
        limited = [each.promotion for each in applied if each.promotion.limited]
        return [f"{each.merchant_id}:{each.promotion_id}" for each in limited if each.merchant_id is not None]

    @property
    def taxes(self) -> list[TaxLine]:
        """The taxes by name and rate, those on delivery apart."""
        sums: dict[tuple[str, int, bool], TaxLine] = {}
        for group in self.checkout.quote.groups:
            for line in group.lines:
                found = TaxLine(
                    name=line.tax_name, millionths=line.tax_millionths, inclusive=line.tax_inclusive, amount=line.tax
                )
                _add(sums, found)
            _add(
                sums, TaxLine(name=None, millionths=0, inclusive=group.freight_tax_inclusive, amount=group.freight_tax)
            )
        return [line for line in sums.values() if line.amount]


def may_continue(found: Checkout, owners: Sequence[BuyerId]) -> bool:
    """Whose checkout it is; one that an agent has opened goes on with whoever the agent gave its address to."""
    return found.buyer_id in owners or not at_shop(found.client)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at which checkout; `around`: with what stands around the page."""

    checkout_id: CheckoutId
    buyer_id: BuyerId
    owners: tuple[BuyerId, ...]
    around: bool = True


async def look(db: Database, wanted: Look) -> TillPage:
    """The checkout with what it costs now. Somebody else's is not there: raises `NotFound`. Never inside a transaction."""
    found = await look_up(db, till_pages, wanted)
    if found is None:
        raise NotFound()
    return found


async def till_pages(read: Read, looks: Sequence[Look]) -> dict[Look, TillPage]:
    """What each of these sees; where there is nothing for somebody to see, it is missing."""
    views = await checkout.views(read, list({each.checkout_id for each in looks}))
    theirs = [each for each in looks if _seen(views.get(each.checkout_id), each.owners)]
    if not theirs:
        return {}
    books = await customers.address_books(read, list({each.buyer_id for each in theirs}))
    rules, now = await rights.rules(read), await payments.standing(read)
    found: dict[Look, TillPage] = {}
    for each in theirs:
        view = views[each.checkout_id]
        found[each] = TillPage(
            shell=await shell(read, each.buyer_id) if each.around else None,
            checkout=view,
            book=books[each.buyer_id],
            standing=now,
            wanted=await checkout.ways.of_checkout(read, view),
            rule=unreturnable.rule_of(view, rules),
        )
    return found


def _seen(view: CheckoutView | None, owners: Sequence[BuyerId]) -> bool:
    return view is not None and may_continue(view.checkout, owners)
