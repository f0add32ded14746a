"""What people do in a month: they buy and pay, shops send, buyers receive, and a few of them want their money back."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Literal
from uuid import UUID

import msgspec

from steelyard.demo.life import Offer
from steelyard.demo.month.outside import CHANNEL, Outside
from steelyard.demo.people import HOME
from steelyard.kernel import ids
from steelyard.kernel.db import Database, Read
from steelyard.logistics.fulfilment.model import Dispatch
from steelyard.logistics.parcels.model import ParcelId
from steelyard.money import payments, reconciliation
from steelyard.money.payments import PaymentId
from steelyard.money.payments.model import RefundId
from steelyard.money.reconciliation.model import Kind
from steelyard.parties import merchants
from steelyard.parties.customers.model import BuyerId, Contact
from steelyard.parties.merchants.model import MerchantId, Payout
from steelyard.trade import aftersales, chargebacks, checkout, orders, settlement
from steelyard.trade.aftersales.model import RefundRequest, Returned
from steelyard.trade.chargebacks.model import Answer, ChargebackState
from steelyard.trade.checkout.model import (
    SHOP,
    CheckoutId,
    CheckoutNotReady,
    Draft,
    Line,
    MixedPurchase,
    SoldOut,
)
from steelyard.trade.orders.model import OrderId, OrderState, PurchaseId
from steelyard.trade.settlement.model import StatementId

# So many of a hundred buyers pay so; the words are the channel's.
TOKENS: Sequence[tuple[str, int]] = (("tok_approve", 84), ("tok_decline", 7), ("tok_hang", 5), ("tok_timeout", 4))
TRIES_AGAIN = 0.7
CONFIRMS = 0.6
SHIPS_AFTER_HOURS = 19.5
RECEIVES_AFTER_DAYS = 2.9
GOES_BACK_AFTER_DAYS = 5.9
CHARGED_BACK_AFTER = timedelta(days=2)
BY = "system"
ANOTHER_DAY = "The bank told of it on another day: the same amount."
_CONTACT = Contact(name=HOME.name, email="month@steelyard.test", phone=HOME.phone)

Way = Literal["cancelled", "in part", "whole", "late"]
WAYS: Sequence[Way] = ("cancelled", "in part", "whole", "late")
"""Before it is sent; a piece, when it has come; all of it; all of it, when the shop has its money."""


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the people who look after it see it."""

    merchant_id: MerchantId
    order_id: OrderId
    purchase_id: PurchaseId
    state: OrderState
    paid_hours: float
    sent_days: float
    done_days: float
    refunded: int


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    payment_id: PaymentId
    channel_reference: str


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    statement_id: StatementId


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    refund_id: RefundId


class People:
    """Everybody who acts. `back` of a hundred orders go back; what they did is counted in `done`.

    Each buyer has habits of their own by the seed and their number, whatever the others do and the channel answers.
    """

    def __init__(
        self, db: Database, outside: Outside, offers: Sequence[Offer], seed: int, back: float, disputed: float
    ) -> None:
        self._db, self._outside, self._offers, self._seed = db, outside, offers, seed
        self._back, self._disputed = back, disputed
        self._buyers: dict[PurchaseId, Random] = {}
        self._hanging: list[tuple[PaymentId, bool]] = []
        self._ways: dict[UUID, Way | None] = {}
        self._seen: set[PaymentId] = set()
        self._sold = self._returned = self._came = self._taken_back = self._judged = 0
        self.done: Counter[str] = Counter()

    async def buy(self) -> None:
        """Somebody fills a cart and pays, tries again when it did not work, or leaves."""
        self._came += 1
        chance = Random(f"{self._seed}/buyer/{self._came}")  # noqa: S311  # habits, no secrets
        purchase_id = await self._placed(chance)
        if purchase_id is None:
            return
        self._buyers[purchase_id] = chance
        self.done["purchases"] += 1
        (token,) = chance.choices([word for word, _ in TOKENS], [weight for _, weight in TOKENS])
        tries_again, pays_late = chance.random() < TRIES_AGAIN, chance.random() < TRIES_AGAIN
        for _ in range(2):
            paid = await checkout.collect(
                self._db,
                self._outside.settings,
                purchase_id,
                channel=CHANNEL,
                return_url="http://shop.test/",
                token=token,
            )
            self.done[f"payments {paid.state}"] += 1
            if paid.state == "pending" and paid.payment_id is not None:
                self._hanging.append((paid.payment_id, pays_late))
            if paid.state != "declined" or not tries_again:
                return
            token = "tok_approve"  # noqa: S105  # a word of the simulator

    async def _placed(self, chance: Random) -> PurchaseId | None:
        first = chance.choice(self._offers)
        others = [each for each in self._offers if each.currency == first.currency]
        chosen = {first.sku_id, *(each.sku_id for each in chance.sample(others, min(len(others), 2)))}
        wanted = sorted(chosen)[: chance.choice((1, 2, 3))]
        lines = [
            Line(line_id=f"l{n}", sku_id=sku_id, quantity=chance.choice((1, 1, 2))) for n, sku_id in enumerate(wanted)
        ]
        draft = Draft(lines=lines, contact=_CONTACT, address=HOME)
        checkout_id = CheckoutId(ids.mint())
        try:
            await self._db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), draft, client=SHOP)
            return await self._db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
        except (SoldOut, CheckoutNotReady, MixedPurchase) as refusal:
            self.done[refusal.code] += 1
            return None

    async def decide(self) -> None:
        """Payments that hang come to their end, one way or the other."""
        self._hanging = [
            (payment_id, captured)
            for payment_id, captured in self._hanging
            if not await self._outside.decide(payment_id, captured=captured)
        ]

    async def look_after(self) -> None:
        """Shops send what is paid; buyers receive it, or send it back."""
        for sold in await self._db.ask(_open):
            way = self._way(sold)
            patient = self._buyers[sold.purchase_id].random() > CONFIRMS
            match sold.state:
                case OrderState.PAID if way == "cancelled":
                    await self._cancel(sold)
                case OrderState.PAID if sold.paid_hours >= SHIPS_AFTER_HOURS:
                    await self._send(sold)
                case OrderState.SHIPPED if sold.sent_days >= RECEIVES_AFTER_DAYS:
                    if way in ("in part", "whole"):
                        await self._give_back(sold, way)
                    if way is not None or not patient:
                        await self._receive(sold)
                case OrderState.COMPLETED if way == "late" and sold.done_days >= GOES_BACK_AFTER_DAYS:
                    await self._give_back(sold, way)
                case _:
                    pass

    def _way(self, sold: Sold) -> Way | None:
        """Every so many an order goes back, in each of the ways in turn: in a short month, too."""
        if sold.order_id not in self._ways:
            self._sold += 1
            goes = self._sold * self._back / 100 > self._returned + 0.5
            self._ways[sold.order_id] = WAYS[self._returned % len(WAYS)] if goes else None
            self._returned += goes
        return self._ways[sold.order_id]

    async def _send(self, sold: Sold) -> None:
        parcel_id = ParcelId(ids.mint())
        dispatch = Dispatch(
            merchant_id=sold.merchant_id, order_id=sold.order_id, parcel_id=parcel_id, carrier="simex",
            number=f"SX{parcel_id.int % 10**12:012d}",
        )  # fmt: skip
        await self._db.transact(orders.ship, dispatch, BY)
        self.done["orders sent"] += 1

    async def _receive(self, sold: Sold) -> None:
        await self._db.transact(orders.confirm_receipt, sold.merchant_id, sold.order_id, "buyer")
        self.done["orders received"] += 1

    async def _cancel(self, sold: Sold) -> None:
        await self._db.transact(
            aftersales.cancel, sold.merchant_id, sold.order_id, RefundId(ids.mint()), "changed", "buyer"
        )
        self.done["refunds, cancelled"] += 1

    async def _give_back(self, sold: Sold, way: Way) -> None:
        if sold.refunded:
            return
        lines = await self._db.ask(orders.lines_of, [sold.order_id])
        back = [Returned(line.line, line.quantity) for line in lines[sold.order_id]]
        request = RefundRequest(
            refund_id=RefundId(ids.mint()), merchant_id=sold.merchant_id, order_id=sold.order_id,
            lines=[Returned(back[0].line, 1)] if way == "in part" else back,
        )  # fmt: skip
        await self._db.transact(aftersales.refund, request, BY)
        self.done[f"refunds, {way}"] += 1

    async def dispute(self) -> None:
        """Some buyers have their bank take the money back; staff answer, or do not contest it; the bank decides."""
        for paid in await self._db.ask(_captured):
            if paid.payment_id in self._seen:
                continue
            self._seen.add(paid.payment_id)
            wanted = len(self._seen) * self._disputed / 100 > self._taken_back + 0.5
            if wanted and await self._outside.charge_back(paid.channel_reference):
                self._taken_back += 1
                self.done["chargebacks"] += 1
        waiting = (ChargebackState.EVIDENCE_DUE, ChargebackState.SUBMITTED)
        for each in (await self._db.ask(chargebacks.page, waiting)).items:
            if each.state is ChargebackState.EVIDENCE_DUE:
                what = Answer.ACCEPT if self.done["chargebacks answered"] % 3 == 2 else Answer.EVIDENCE
                await self._db.transact(
                    chargebacks.answer, each.chargeback_id, what, {}, "It was delivered.", BY, by_channel=True
                )
                self.done["chargebacks answered"] += 1
            elif each.state is ChargebackState.SUBMITTED:
                await self._outside.judge(each.reference, shop_wins=self._judged % 2 == 0)
                self._judged += 1

    async def set_right(self) -> None:
        """Finance staff instruct what failed once more: refunds, and payouts to accounts that are put right first."""
        for lost in await self._db.ask(_failed_refunds):
            await self._db.transact(payments.send_again, lost.merchant_id, lost.refund_id, BY)
            self.done["refunds instructed again"] += 1
        for stuck in await self._db.ask(_failed_payouts):
            await self._db.transact(merchants.set_payout, stuck.merchant_id, GOOD_ACCOUNT)
            await self._db.transact(settlement.pay_again, stuck.merchant_id, stuck.statement_id, BY)
            self.done["payouts instructed again"] += 1
        late = await self._db.ask(reconciliation.differences, states=["open"], kind=str(Kind.DAY))
        for each in late.items:
            assert each.theirs == each.ours, "the same movement on another day"
            await self._db.transact(reconciliation.settle, each.source, each.item_id, None, ANOTHER_DAY, BY)
            self.done["differences of a day explained"] += 1


GOOD_ACCOUNT = Payout(name="Month", bank="演示银行", account="6222000000000088")
# The simulated bank knows it as closed.
CLOSED_ACCOUNT = Payout(name="Month", bank="演示银行", account="6222000000000000")


async def _open(read: Read) -> list[Sold]:
    """Orders in which something may still happen, and those that may yet come back."""
    return await read.all(
        Sold,
        """
        SELECT o.merchant_id, o.order_id, o.purchase_id, o.state, o.refunded
             , extract(epoch FROM now() - o.paid_at)::float8 / 3600 AS paid_hours
             , coalesce(extract(epoch FROM now() - o.shipped_at), 0)::float8 / 86400 AS sent_days
             , coalesce(extract(epoch FROM now() - o.completed_at), 0)::float8 / 86400 AS done_days
        FROM orders o
        WHERE o.state IN ('paid', 'shipped', 'completed')
        ORDER BY o.purchase_id, o.merchant_id
        """,
    )


async def _captured(read: Read) -> list[Paid]:
    return await read.all(
        Paid,
        """
        SELECT payment_id, channel_reference FROM payments
        WHERE state = 'captured' AND channel = $1 AND channel_reference IS NOT NULL AND captured_at < now() - $2::interval
        ORDER BY purchase_id, payment_id
        """,
        CHANNEL,
        CHARGED_BACK_AFTER,
    )


async def _failed_refunds(read: Read) -> list[Lost]:
    return await read.all(
        Lost, "SELECT merchant_id, refund_id FROM refunds WHERE state = 'failed' ORDER BY created_at, refund_id"
    )


async def _failed_payouts(read: Read) -> list[Stuck]:
    return await read.all(
        Stuck,
        "SELECT merchant_id, statement_id FROM statements WHERE state = 'failed' ORDER BY issued_at, statement_id",
    )
