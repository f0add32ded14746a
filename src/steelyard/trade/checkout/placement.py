"""Placing: a checkout becomes a purchase, with one order per merchant. See docs/algorithms/placement.md."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Held as Used
from steelyard.kernel import codes
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.money import payments
from steelyard.money.payments.model import ChannelAnswer, Instruction, PaymentId, PaymentState, Split
from steelyard.money.wallets import TenderMoved
from steelyard.parties import policies
from steelyard.parties.merchants.model import MerchantId, ShopCard
from steelyard.parties.policies.model import PAYMENT_WINDOW
from steelyard.trade import cart, commission, groups, orders
from steelyard.trade.checkout import allowances, gathering, offers, service, tendering
from steelyard.trade.checkout.freezing import order_of, source_of
from steelyard.trade.checkout.model import (
    Checkout,
    CheckoutClosed,
    CheckoutId,
    CheckoutNotReady,
    CheckoutState,
    ProblemCode,
    Quote,
    SoldOut,
    TotalMoved,
)
from steelyard.trade.checkout.quote import STRICT, Asked, Completeness, quotes
from steelyard.trade.checkout.reserving import reserve
from steelyard.trade.commission.model import Rule, Sale, channel_of
from steelyard.trade.groups.model import Joined
from steelyard.trade.orders.model import NewPurchase, PurchaseId

# Who says in a purchase's history that it is paid, where a channel did.
BY_CHANNEL = "channel"
# What stock says is answered as "sold out" even when it was seen before the stock was locked.
_SHORTAGES = {ProblemCode.OUT_OF_STOCK, ProblemCode.NOT_ENOUGH}


class Paying(msgspec.Struct, frozen=True, kw_only=True):
    """How a purchase is paid while it is placed: with a token of a channel that needs to ask nobody."""

    payment_id: PaymentId
    channel: payments.Verifier
    token: str
    return_url: str


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to place a checkout for the total that its buyer saw (none: whatever it costs), and to pay it, if it can be
    paid at once. Whether it was is seen in its payment; what is placed already is not paid by saying it again.
    `expected_rest` is what the buyer saw that is left to pay beside what their own purses do."""

    checkout_id: CheckoutId
    expected_total: int | None
    by: str
    completeness: Completeness = STRICT
    paying: Paying | None = None
    expected_rest: int | None = None


async def place(
    tx: Tx,
    checkout_id: CheckoutId,
    *,
    expected_total: int | None,
    by: str,
    completeness: Completeness = STRICT,
) -> PurchaseId:
    """Place what the checkout names: stock is reserved, prices, taxes, freight and fees are frozen.

    Said twice, the second finds the purchase of the first. A purchase without a price is paid at once. Raises
    `CheckoutClosed`, `CheckoutNotReady`, `SoldOut`, and `TotalMoved` when it costs another sum than the buyer saw.
    """
    wish = Placement(checkout_id=checkout_id, expected_total=expected_total, by=by, completeness=completeness)
    (answer,) = await place_all(tx, [wish])
    if isinstance(answer, Refusal):
        raise answer
    return answer


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkout has become a moment ago, and the purchase that was written down, from these shops."""

    checkout: Checkout
    purchase: NewPurchase
    shops: Mapping[MerchantId, ShopCard]

    @property
    def paid_at_once(self) -> bool:
        """Whether its money came with it."""
        return self.purchase.paid_by == BY_CHANNEL


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout that is placed; `written` where this has just been done, none where it was placed already."""

    purchase_id: PurchaseId
    written: Written | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Checkouts that are locked. Of those to be placed: which can be, and the answers of those that cannot any more."""

    checkouts: Mapping[CheckoutId, Checkout]
    wishes: Sequence[Placement]
    fresh: Sequence[tuple[Placement, Checkout]]
    answers: Mapping[CheckoutId, Placed | Refusal]

    @property
    def asked(self) -> list[Asked]:
        """What has to be quoted before they are placed."""
        return [
            Asked(
                draft=checkout.draft,
                currency=checkout.currency,
                completeness=wish.completeness,
                buyer_id=checkout.buyer_id,
                client=checkout.client,
            )
            for wish, checkout in self.fresh
        ]


async def place_all(tx: Tx, wishes: Sequence[Placement]) -> list[PurchaseId | Refusal]:
    """`place` for many checkouts at once: for each its purchase, or the refusal that `place` would have raised.

    Who is refused leaves nothing behind and takes nothing from the others. Pieces are given out in the order of `wishes`.
    """
    held = await hold(tx, wishes)
    answers = await place_held(tx, held, await quotes(tx, held.asked))
    return [answer.purchase_id if isinstance(answer, Placed) else answer for answer in answers]


async def hold(tx: Tx, wishes: Sequence[Placement], others: Sequence[CheckoutId] = ()) -> Held:
    """Lock these checkouts, to place them when they are quoted; and `others`, for what else is done in this transaction,
    since all checkouts are locked in one order."""
    assert len({wish.checkout_id for wish in wishes}) == len(wishes), "each checkout is placed once"
    checkouts = await service.lock_all(tx, [*(wish.checkout_id for wish in wishes), *others])
    answers: dict[CheckoutId, Placed | Refusal] = {}
    fresh: list[tuple[Placement, Checkout]] = []
    for wish in wishes:
        found = _open(checkouts.get(wish.checkout_id))
        if isinstance(found, Checkout):
            fresh.append((wish, found))
        else:
            answers[wish.checkout_id] = found
    return Held(checkouts=checkouts, wishes=wishes, fresh=fresh, answers=answers)


def _open(checkout: Checkout | None) -> Checkout | Placed | Refusal:
    """The checkout if it can be placed; what is to be said of one that cannot be any more."""
    if checkout is None:
        return NotFound()
    if checkout.state in (CheckoutState.PLACED, CheckoutState.COMPLETED):
        return Placed(purchase_id=checkout.purchase_id)
    if checkout.state is CheckoutState.CANCELLED or checkout.expires_at <= datetime.now(UTC):
        return CheckoutClosed(state="expired" if checkout.state is CheckoutState.OPEN else str(checkout.state))
    return checkout


async def place_held(tx: Tx, held: Held, costs: Sequence[Quote]) -> list[Placed | Refusal]:
    """`place_all` for what is held and was quoted after that (`costs`, as it was asked for): refuse some, write the others
    down."""
    answers = dict(held.answers)
    ready: list[_Ready] = []
    for (wish, checkout), cost in zip(held.fresh, costs, strict=True):
        refusal = _refusal(cost, wish.expected_total)
        if refusal is None:
            ready.append(_Ready(wish, checkout, cost))
        else:
            answers[wish.checkout_id] = refusal
    over = await allowances.keep(tx, [(one.checkout, one.costs) for one in ready])
    answers |= over
    if allowed := [one for one in ready if one.checkout.checkout_id not in over]:
        answers |= await _place(tx, allowed)
    return [answers[wish.checkout_id] for wish in held.wishes]


class _Ready(msgspec.Struct, frozen=True):
    """A checkout with nothing in its way but, perhaps, the stock."""

    wish: Placement
    checkout: Checkout
    costs: Quote


async def _place(tx: Tx, wanted: Sequence[_Ready]) -> Mapping[CheckoutId, Placed | Refusal]:
    purchases = await _purchases(tx, wanted)
    joined, closed = await gathering.hold(tx, [(one.checkout, one.costs) for one in wanted])
    in_time = [one for one in wanted if one.checkout.purchase_id not in closed]
    uses, late = await offers.keep(tx, [(one.checkout, one.costs) for one in in_time])
    late = closed | dict(late)
    gone: dict[CheckoutId, Refusal] = {
        one.checkout.checkout_id: late[one.checkout.purchase_id] for one in wanted if one.checkout.purchase_id in late
    }
    tenders, moved = await tendering.hold(
        tx,
        [
            (one.checkout, purchases[one.checkout.checkout_id], one.wish.expected_rest)
            for one in wanted
            if one.checkout.checkout_id not in gone
        ],
    )
    gone |= {checkout_id: TenderMoved() for checkout_id in moved}
    ready = [one for one in wanted if one.checkout.checkout_id not in gone]
    # So late, so that others who want the same goods wait no longer than for writing the purchases down.
    short = await reserve(tx, [(one.checkout, one.costs) for one in ready])
    kept = [one for one in ready if one.checkout.checkout_id not in short]
    found = [
        msgspec.structs.replace(
            purchases[one.checkout.checkout_id],
            tendered=sum(tender.amount for tender in tenders[one.checkout.checkout_id]),
        )
        for one in kept
    ]
    placing = {one.checkout.checkout_id for one in kept}
    await offers.let_go(tx, [(one.checkout, one.costs) for one in in_time if one.checkout.checkout_id not in placing])
    written = await _write(tx, kept, found, uses, joined) if kept else []
    await tendering.keep(
        tx, [(purchase, tenders[one.checkout.checkout_id]) for one, purchase in zip(kept, written, strict=True)]
    )
    return (
        gone
        | short
        | {
            one.checkout.checkout_id: Placed(purchase_id=purchase.purchase_id, written=_written(one, purchase))
            for one, purchase in zip(kept, written, strict=True)
        }
    )


def _written(one: _Ready, purchase: NewPurchase) -> Written:
    return Written(
        checkout=msgspec.structs.replace(
            one.checkout, state=_state_of(purchase), discounts=offers.discounts(one.costs)
        ),
        purchase=purchase,
        shops={group.shop.merchant_id: group.shop for group in one.costs.groups},
    )


def _state_of(purchase: NewPurchase) -> CheckoutState:
    """What becomes of the checkout that this was."""
    return CheckoutState.PLACED if purchase.paid_by is None else CheckoutState.COMPLETED


def _refusal(costs: Quote, expected_total: int | None) -> Refusal | None:
    blocking = costs.blocking
    if blocking and all(problem.code in _SHORTAGES for problem in blocking):
        return SoldOut(shortages=[{"line_id": problem.line_id, "free": problem.facts["free"]} for problem in blocking])
    if blocking:
        return CheckoutNotReady(problems=blocking)
    if expected_total is not None and expected_total != costs.total:
        return TotalMoved(expected=expected_total, total=costs.total, currency=costs.currency)
    return None


async def _write(
    tx: Tx, kept: Sequence[_Ready], purchases: Sequence[NewPurchase], uses: Sequence[Used], joined: Sequence[Joined]
) -> list[NewPurchase]:
    """Write down what is reserved, and tell how. What costs nothing, or whose money is there, is written down as paid."""
    known = await _verified(tx, kept, purchases)
    paid_by = {i.purchase_id: BY_CHANNEL for i, answer in known if answer.state is PaymentState.CAPTURED}
    paid_by |= {each.purchase_id: each.by for each in purchases if each.total == each.tendered}
    written = [msgspec.structs.replace(purchase, paid_by=paid_by.get(purchase.purchase_id)) for purchase in purchases]
    placed = await orders.place(tx, written)
    assert len(placed) == len(written), "the checkouts' locks keep a second placement out"
    if uses:
        await promotions.use(tx, [used for used in uses if used.use.purchase_id in placed])
    if taken := [each for each in joined if each.joining.purchase_id in placed]:
        await groups.join(tx, taken)
    await tx.execute(
        """
        UPDATE checkouts c SET state = w.state, discounts = w.discounts::jsonb, changed_at = now()
        FROM unnest($1::uuid[], $2::text[], $3::text[]) AS w (checkout_id, state, discounts)
        WHERE c.checkout_id = w.checkout_id
        """,
        [one.checkout.checkout_id for one in kept],
        [_state_of(purchase) for purchase in written],
        # As text: a list in an array of jsonb would be taken for one more dimension of the array.
        [msgspec.json.encode(offers.discounts(one.costs)).decode() for one in kept],
    )
    bought = [
        (one.checkout.buyer_id, line.sku_id) for one in kept if one.checkout.from_cart for line in one.checkout.lines
    ]
    if bought:
        await cart.remove_all(tx, bought)
    if paid := [each.purchase_id for each in written if each.paid_by is not None and each.team_id is not None]:
        await groups.pay(tx, paid)
    # Last, so that merchants whom many pay at this moment are held no longer than for the commit.
    if known:
        await payments.record_known(tx, known)
    return written


async def _verified(
    tx: Tx, kept: Sequence[_Ready], purchases: Sequence[NewPurchase]
) -> list[tuple[Instruction, ChannelAnswer]]:
    """What the channels say of the tokens that purchases are paid with at once. A payment that is there already is none
    of these: it is gone on with as any other."""
    wanted = [
        (one.wish.paying, purchase)
        for one, purchase in zip(kept, purchases, strict=True)
        if one.wish.paying is not None and purchase.total > purchase.tendered
    ]
    if not wanted:
        return []
    now = await payments.standing(tx)
    wanted = [(paying, purchase) for paying, purchase in wanted if _offered(now, paying, purchase)]
    there = await payments.get_all(tx, [paying.payment_id for paying, _ in wanted])
    instructions = [
        (paying.channel, _instruction(paying, purchase))
        for paying, purchase in wanted
        if paying.payment_id not in there
    ]
    return [(instruction, channel.verify(instruction)) for channel, instruction in instructions]


def _offered(now: payments.Standing, paying: Paying, purchase: NewPurchase) -> bool:
    """Whether the operator has its channel offered for this. What is not is placed, and paying it by itself says why not. Where
    categories matter, it is not paid at once."""
    if paying.channel.name in now.excluded or (
        paying.channel.name in now.rests and now.rests[paying.channel.name].rests
    ):
        return False
    wanted = payments.Wanted(
        amount=purchase.total - purchase.tendered, currency=purchase.currency, country=purchase.address.country
    )
    return payments.why_not(paying.channel, now, wanted) is None


def _instruction(paying: Paying, purchase: NewPurchase) -> Instruction:
    return Instruction(
        payment_id=paying.payment_id,
        purchase_id=purchase.purchase_id,
        buyer_id=purchase.buyer_id,
        channel=paying.channel.name,
        amount=purchase.total,
        currency=purchase.currency,
        splits=[
            Split(merchant_id=order.merchant_id, order_id=order.order_id, amount=order.total)
            for order in purchase.orders
        ],
        expires_at=purchase.pay_by,
        return_url=paying.return_url,
        token=paying.token,
        description=purchase.code,
    )


async def _purchases(tx: Tx, ready: Sequence[_Ready]) -> dict[CheckoutId, NewPurchase]:
    """What is to be written down of each checkout."""
    rules = iter(await commission.rules_for(tx, [sale for one in ready for sale in _sales(one)]))
    pay_by = datetime.now(UTC) + timedelta(minutes=await policies.number(tx, PAYMENT_WINDOW))
    return {one.checkout.checkout_id: _purchase(one, rules, pay_by) for one in ready}


def _sales(one: _Ready) -> list[Sale]:
    """What decides which fees are taken, line by line."""
    return [
        Sale(
            merchant_id=line.card.merchant_id,
            path=line.card.category_path,
            product_id=line.card.product_id,
            channel=channel_of(source_of(one.checkout, group)),
            currency=one.checkout.currency,
        )
        for group in one.costs.groups
        for line in group.lines
    ]


def _purchase(one: _Ready, rules: Iterator[list[Rule]], pay_by: datetime) -> NewPurchase:
    checkout, booking = one.checkout, one.costs.booking
    rules_of = {line.line_id: next(rules) for group in one.costs.groups for line in group.lines}
    return NewPurchase(
        purchase_id=checkout.purchase_id,
        buyer_id=checkout.buyer_id,
        code=codes.mint("P"),
        currency=checkout.currency,
        contact=checkout.contact,
        address=checkout.address,
        locale=checkout.locale,
        source=checkout.client,
        # The deposit of a presale is paid while deposits are.
        pay_by=min(pay_by, booking.deposit_until)
        if booking and booking.deposit
        else gathering.until(one.costs, pay_by),
        by=one.wish.by,
        orders=[order_of(checkout, group, rules_of, one.costs) for group in one.costs.groups],
        team_id=gathering.team_id_of(checkout),
        booking=booking,
    )
