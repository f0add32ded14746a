"""Commands on checkouts: open, change, cancel. Placing is in `placement.py`, paying in `collection.py`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.promotions import CODE_CHARACTERS_MAX, CODES_PER_CART_MAX
from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.money.wallets.model import Purse
from steelyard.parties import customers, screening
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.parties.screening.model import Area
from steelyard.trade import orders
from steelyard.trade.checkout import tendering
from steelyard.trade.checkout.model import (
    CHECKOUT_HOURS,
    FIELD_CHARACTERS_MAX,
    Checkout,
    CheckoutClosed,
    CheckoutId,
    CheckoutState,
    CheckoutView,
    Draft,
    InvoiceWish,
    MixedPurchase,
)
from steelyard.trade.checkout.quote import STRICT, Asked, Completeness, quotes
from steelyard.trade.orders.model import NOTE_CHARACTERS_MAX, QUANTITY_PER_LINE_MAX, SKUS_PER_ORDER_MAX, PurchaseId

# What an empty checkout is shown in.
DEFAULT_CURRENCY = "CNY"


class NewCheckout(msgspec.Struct, frozen=True, kw_only=True):
    checkout_id: CheckoutId
    buyer_id: BuyerId
    draft: Draft
    currency: str
    client: str
    from_cart: bool = False


async def open_checkout(
    tx: Tx, checkout_id: CheckoutId, buyer_id: BuyerId, draft: Draft, *, client: str, from_cart: bool = False
) -> None:
    """Begin to buy what the draft names, in the currency its goods are sold in. Said twice, the first counts.

    Raises `Invalid` for quantities that cannot be and too many lines, `MixedPurchase` for two currencies.
    """
    check(draft)
    wanted = NewCheckout(
        checkout_id=checkout_id,
        buyer_id=buyer_id,
        draft=msgspec.structs.replace(draft, notes=await _starred(tx, draft.notes)),
        currency=await currency_of(tx, draft),
        client=client,
        from_cart=from_cart,
    )
    await open_all(tx, [wanted])


async def open_all(tx: Tx, wanted: Sequence[NewCheckout]) -> dict[CheckoutId, Checkout]:
    """Open many, whose drafts are checked and whose currencies known; returns those that were not open already."""
    by_id = sorted(wanted, key=lambda new: new.checkout_id)
    await customers.guests(tx, {new.buyer_id: new.draft.locale for new in by_id})
    found = await tx.all(
        Checkout,
        """
        INSERT INTO checkouts (checkout_id, buyer_id, purchase_id, client, state, currency, locale, lines, contact, address
                             , deliveries, notes, invoice, codes, from_cart, expires_at)
        SELECT checkout_id, buyer_id, purchase_id, client, 'open', currency, locale, lines::jsonb, contact, address
             , deliveries, notes, invoice, codes::jsonb, from_cart, now() + $15
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[]
                  , $9::jsonb[], $10::jsonb[], $11::jsonb[], $12::jsonb[], $13::text[], $14::boolean[])
            WITH ORDINALITY AS n (checkout_id, buyer_id, purchase_id, client, currency, locale, lines, contact, address
                                , deliveries, notes, invoice, codes, from_cart, place)
        ORDER BY place
        ON CONFLICT (checkout_id) DO NOTHING
        RETURNING checkout_id, buyer_id, purchase_id, client, state, currency, locale, lines, contact, address, deliveries
                , notes, invoice, codes, discounts, purses, from_cart, created_at, expires_at
        """,
        [new.checkout_id for new in by_id],
        [new.buyer_id for new in by_id],
        [ids.mint() for _ in by_id],
        [new.client for new in by_id],
        [new.currency for new in by_id],
        [new.draft.locale for new in by_id],
        # As text: a list in an array of jsonb would be taken for one more dimension of the array.
        [msgspec.json.encode(new.draft.lines).decode() for new in by_id],
        [new.draft.contact for new in by_id],
        [new.draft.address for new in by_id],
        [new.draft.deliveries for new in by_id],
        [new.draft.notes for new in by_id],
        [new.draft.invoice for new in by_id],
        [msgspec.json.encode(new.draft.codes).decode() for new in by_id],
        [new.from_cart for new in by_id],
        timedelta(hours=CHECKOUT_HOURS),
    )
    return {checkout.checkout_id: checkout for checkout in found}


async def change(tx: Tx, checkout_id: CheckoutId, draft: Draft) -> None:
    """Replace everything the buyer said. A purchase that was placed and not paid is dropped: its stock is free again.

    Raises `CheckoutClosed`, `Invalid`, `MixedPurchase`, and `NotCancellable` when it was paid meanwhile.
    """
    check(draft)
    checkout = await lock(tx, checkout_id)
    if checkout.state not in (CheckoutState.OPEN, CheckoutState.PLACED):
        raise CheckoutClosed(state=str(checkout.state))
    currency = await currency_of(tx, draft)
    notes = await _starred(tx, draft.notes)
    purchase_id = checkout.purchase_id
    if checkout.state is CheckoutState.PLACED:
        await orders.cancel_purchase(tx, checkout.purchase_id, reason="changed", by="buyer")
        purchase_id = PurchaseId(ids.mint())
    await tx.execute(
        """
        UPDATE checkouts
        SET state = 'open', purchase_id = $2, currency = $3, locale = $4, lines = $5, contact = $6, address = $7
          , deliveries = $8, notes = $10, invoice = $11, codes = $12, purses = $13, changed_at = now()
          , expires_at = now() + $9
        WHERE checkout_id = $1
        """,
        checkout_id,
        purchase_id,
        currency,
        draft.locale,
        draft.lines,
        draft.contact,
        draft.address,
        draft.deliveries,
        timedelta(hours=CHECKOUT_HOURS),
        notes,
        draft.invoice,
        draft.codes,
        draft.purses,
    )


async def _starred(tx: Tx, notes: Mapping[str, str]) -> dict[str, str]:
    """What is written to shops, with stars for what they are not to read: no purchase is lost for a word in a note."""
    return dict(zip(notes, await screening.starred(tx, Area.MESSAGE, [*notes.values()]), strict=True)) if notes else {}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkout is to become; the draft is checked, and this the currency of its goods."""

    checkout_id: CheckoutId
    draft: Draft
    currency: str


async def change_all(tx: Tx, wanted: Sequence[Change]) -> dict[CheckoutId, Checkout]:
    """`change` for many that are open and held; returns what they are now."""
    found = await tx.all(
        Checkout,
        """
        UPDATE checkouts c
        SET currency = n.currency, locale = n.locale, lines = n.lines::jsonb, contact = n.contact, address = n.address
          , deliveries = n.deliveries, notes = n.notes, invoice = n.invoice, codes = n.codes::jsonb, purses = '[]'
          , changed_at = now(), expires_at = now() + $11
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::jsonb[]
                  , $9::jsonb[], $10::text[])
            AS n (checkout_id, currency, locale, lines, contact, address, deliveries, notes, invoice, codes)
        WHERE c.checkout_id = n.checkout_id AND c.state = 'open'
        RETURNING c.checkout_id, c.buyer_id, c.purchase_id, c.client, c.state, c.currency, c.locale, c.lines, c.contact
                , c.address, c.deliveries, c.notes, c.invoice, c.codes, c.discounts, c.purses, c.from_cart, c.created_at
                , c.expires_at
        """,
        [each.checkout_id for each in wanted],
        [each.currency for each in wanted],
        [each.draft.locale for each in wanted],
        # As text: a list in an array of jsonb would be taken for one more dimension of the array.
        [msgspec.json.encode(each.draft.lines).decode() for each in wanted],
        [each.draft.contact for each in wanted],
        [each.draft.address for each in wanted],
        [each.draft.deliveries for each in wanted],
        [each.draft.notes for each in wanted],
        [each.draft.invoice for each in wanted],
        [msgspec.json.encode(each.draft.codes).decode() for each in wanted],
        timedelta(hours=CHECKOUT_HOURS),
    )
    assert len(found) == len(wanted), "whoever holds an open checkout finds it open"
    return {checkout.checkout_id: checkout for checkout in found}


async def cancel(tx: Tx, checkout_id: CheckoutId, by: str) -> None:
    """Give up. What was placed and not paid is dropped. Raises `CheckoutClosed` when there is nothing to give up."""
    checkout = await lock(tx, checkout_id)
    if checkout.state not in (CheckoutState.OPEN, CheckoutState.PLACED):
        raise CheckoutClosed(state=str(checkout.state))
    if checkout.state is CheckoutState.PLACED:
        await orders.cancel_purchase(tx, checkout.purchase_id, reason="buyer", by=by)
    await tx.execute("UPDATE checkouts SET state = 'cancelled', changed_at = now() WHERE checkout_id = $1", checkout_id)


async def complete(tx: Tx, purchase_ids: Sequence[PurchaseId]) -> None:
    """The purchases of checkouts are paid: the checkouts are done."""
    await tx.execute(
        "UPDATE checkouts SET state = 'completed', changed_at = now() WHERE purchase_id = ANY($1)", list(purchase_ids)
    )


async def lock(tx: Tx, checkout_id: CheckoutId) -> Checkout:
    """The checkout, held until the transaction ends: a second click waits here. Raises `NotFound`."""
    found = await lock_all(tx, [checkout_id])
    if not found:
        raise NotFound()
    return found[checkout_id]


async def lock_all(tx: Tx, checkout_ids: Sequence[CheckoutId]) -> dict[CheckoutId, Checkout]:
    """These checkouts, as far as there are any, held until the transaction ends and locked in the order of their ids."""
    if not checkout_ids:
        return {}
    found = await tx.all(
        Checkout,
        """
        SELECT checkout_id, buyer_id, purchase_id, client, state, currency, locale, lines, contact, address, deliveries
             , notes, invoice, codes, discounts, purses, from_cart, created_at, expires_at
        FROM checkouts WHERE checkout_id = ANY($1) ORDER BY checkout_id FOR UPDATE
        """,
        list(checkout_ids),
    )
    return {checkout.checkout_id: checkout for checkout in found}


async def lock_of_purchases(tx: Tx, purchase_ids: Sequence[PurchaseId]) -> None:
    """Hold the checkouts that became these purchases, if there are any, in the order of their ids: always before the
    purchases themselves are locked."""
    await tx.execute(
        "SELECT FROM checkouts WHERE purchase_id = ANY($1) ORDER BY checkout_id FOR UPDATE", list(purchase_ids)
    )


async def states(read: Read, checkout_ids: Sequence[CheckoutId]) -> dict[CheckoutId, CheckoutState]:
    """What has become of these checkouts, as far as there are any."""
    rows = await read.fetch("SELECT checkout_id, state FROM checkouts WHERE checkout_id = ANY($1)", list(checkout_ids))
    return {CheckoutId(row["checkout_id"]): CheckoutState(row["state"]) for row in rows}


async def get(read: Read, checkout_id: CheckoutId) -> Checkout | None:
    return next(iter((await get_all(read, [checkout_id])).values()), None)


async def get_all(read: Read, checkout_ids: Sequence[CheckoutId]) -> dict[CheckoutId, Checkout]:
    """These checkouts, as far as there are any."""
    found = await read.all(
        Checkout,
        """
        SELECT checkout_id, buyer_id, purchase_id, client, state, currency, locale, lines, contact, address, deliveries
             , notes, invoice, codes, discounts, purses, from_cart, created_at, expires_at
        FROM checkouts WHERE checkout_id = ANY($1)
        """,
        list(checkout_ids),
    )
    return {checkout.checkout_id: checkout for checkout in found}


async def invoice_wish(read: Read, purchase_id: PurchaseId) -> InvoiceWish | None:
    """To whom the buyer of this purchase wants its invoices written; none when none were asked for."""
    found = await read.value("SELECT invoice FROM checkouts WHERE purchase_id = $1", purchase_id)
    return msgspec.convert(found, InvoiceWish) if found else None


async def view(read: Read, checkout_id: CheckoutId, completeness: Completeness = STRICT) -> CheckoutView | None:
    """The checkout with what it costs now, and what its buyer's purses could pay of it."""
    return (await views(read, [checkout_id], completeness)).get(checkout_id)


async def views(
    read: Read, checkout_ids: Sequence[CheckoutId], completeness: Completeness = STRICT
) -> dict[CheckoutId, CheckoutView]:
    """`view` of many, with no more questions to the database than for one."""
    found = await read.all(
        _Owned,
        """
        SELECT checkout_id, buyer_id, purchase_id, client, state, currency, locale, lines, contact, address, deliveries
             , notes, invoice, codes, discounts, purses, from_cart, created_at, expires_at
             , (SELECT coalesce(jsonb_object_agg(p.purse, p.amount), '{}') FROM purses p
                WHERE p.buyer_id = c.buyer_id AND p.currency = c.currency AND p.amount > 0) AS own
        FROM checkouts c WHERE checkout_id = ANY($1)
        """,
        list(checkout_ids),
    )
    asked = [
        Asked(
            draft=each.draft,
            currency=each.currency,
            completeness=completeness,
            buyer_id=each.buyer_id,
            client=each.client,
        )
        for each in found
    ]
    return {
        each.checkout_id: CheckoutView(
            checkout=each, quote=costs, own=each.own, tenders=await tendering.offered(read, each, costs, each.own)
        )
        for each, costs in zip(found, await quotes(read, asked), strict=True)
    }


class _Owned(Checkout, frozen=True, kw_only=True):
    """A checkout with what is in its buyer's purses, in its currency."""

    own: dict[Purse, int]


def check(draft: Draft) -> None:
    """Raises `Invalid` for what no checkout can hold."""
    if len(draft.lines) > SKUS_PER_ORDER_MAX:
        raise Invalid({"lines": N_("Too many different goods for one purchase")})
    if any(not 1 <= line.quantity <= QUANTITY_PER_LINE_MAX for line in draft.lines):
        raise Invalid({"quantity": N_("A quantity is between 1 and 9,999")})
    if len({line.line_id for line in draft.lines}) != len(draft.lines):
        raise Invalid({"lines": N_("A line is named twice")})
    said = [*msgspec.structs.astuple(draft.contact), *msgspec.structs.astuple(draft.address), draft.locale]
    if any(len(text) > FIELD_CHARACTERS_MAX for text in (*said, *(line.line_id for line in draft.lines))):
        raise Invalid({"address": N_("Please be brief: 200 characters at most")})
    if len(draft.codes) > CODES_PER_CART_MAX or any(len(code) > CODE_CHARACTERS_MAX for code in draft.codes):
        raise Invalid({"codes": N_("At most ten codes, each of at most 40 characters")})
    if any(len(note) > NOTE_CHARACTERS_MAX for note in draft.notes.values()):
        raise Invalid({"notes": N_("Please be brief: 500 characters at most")})
    if len(draft.deliveries) > SKUS_PER_ORDER_MAX or len(draft.notes) > SKUS_PER_ORDER_MAX:
        raise Invalid({"deliveries": N_("Too many different goods for one purchase")})


async def currency_of(read: Read, draft: Draft) -> str:
    """The one currency that the merchants of these goods sell in; unknown goods say nothing about it.

    Raises `MixedPurchase`.
    """
    rows = await read.fetch(
        "SELECT DISTINCT m.currency FROM skus s JOIN merchants m USING (merchant_id) WHERE s.sku_id = ANY($1)",
        [line.sku_id for line in draft.lines],
    )
    return _one_currency({row["currency"] for row in rows})


def currency_among(draft: Draft, cards: Mapping[SkuId, SkuCard], shops: Mapping[MerchantId, ShopCard]) -> str:
    """`currency_of`, for whom the goods and their shops are known."""
    goods = [card for line in draft.lines if (card := cards.get(SkuId(line.sku_id))) is not None]
    return _one_currency({shops[card.merchant_id].currency for card in goods})


def _one_currency(found: set[str]) -> str:
    if len(found) > 1:
        raise MixedPurchase(currencies=", ".join(sorted(found)))
    return next(iter(found), DEFAULT_CURRENCY)


async def forget(tx: Tx, buyer_ids: Sequence[BuyerId]) -> list[CheckoutId]:
    """Erase the checkouts of buyers who leave: what became of them stands in their purchases. Returns which they were."""
    rows = await tx.fetch("DELETE FROM checkouts WHERE buyer_id = ANY($1) RETURNING checkout_id", list(buyer_ids))
    return [CheckoutId(row["checkout_id"]) for row in rows]
