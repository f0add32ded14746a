"""A live session with its host, who is paid for what is sold in it, and the pool from which it takes: for tests."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from steelyard.channels import host_commission, selection
from steelyard.channels.host_commission.model import HOUSE_ZONE, NewAgreement, NewPayee, PayeeId, PayeeKind, PaymentId
from steelyard.channels.host_commission.subscribers import SUBSCRIBER
from steelyard.channels.rooms.model import HostId
from steelyard.channels.selection.model import NewPoolOffer, NewSample, PoolOfferId, SampleId
from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.kernel.events import drain
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import checkout, settlement
from steelyard.trade.aftersales.model import Returned
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.orders.model import Order
from steelyard.trade.settlement import EntryKind
from steelyard.trade.settlement.subscribers import SUBSCRIBER as SETTLEMENT
from tests.support import deal, live_plans
from tests.support.live import OnAir, on_air
from tests.support.world import World

BY = "staff:1"
TEN, TWENTY = 100_000, 200_000
RECEIVER = {"name": "Xiaoman", "phone": "13800000000", "address": "1 Some Road, Hangzhou"}


class Stage(msgspec.Struct, frozen=True):
    """A session on air with its host, and who is paid for what is sold in it."""

    db: Database
    world: World
    session: OnAir
    host_id: HostId
    payee_id: PayeeId

    async def agree(self, **more: Any) -> UUID:
        wanted = self.wanted(**more)
        await self.db.as_merchant(self.session.merchant_id).transact(host_commission.agree, wanted, BY)
        return wanted.agreement_id

    def wanted(self, **more: Any) -> NewAgreement:
        said: dict[str, Any] = {
            "merchant_id": self.session.merchant_id, "agreement_id": ids.mint(), "payee_id": self.payee_id,
            "host_id": self.host_id, "millionths": TEN,
        }  # fmt: skip
        return NewAgreement(**{**said, **more})

    async def bought(self, *wanted: tuple[str, int], source: str | None = None) -> Order:
        """An order out of the session, paid; its agreements are read as they were when it was placed."""
        checkout_id = CheckoutId(ids.mint())
        lines = deal.draft([(self.world.items[name].sku_id, count) for name, count in wanted])
        client = source or f"live:{self.session.session_id}:12"
        await self.db.transact(checkout.open_checkout, checkout_id, BuyerId(ids.mint()), lines, client=client)
        purchase_id = await self.db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
        await deal.captured(self.db, await deal.instructed(self.db, purchase_id))
        await self.hear()
        (order,) = await deal.orders_of(self.db, purchase_id)
        return order

    async def hear(self) -> None:
        await drain(self.db, [SETTLEMENT, SUBSCRIBER])

    async def received(self, order: Order) -> None:
        await deal.shipped(self.db, order)
        await deal.received(self.db, order)
        await self.hear()

    async def refunded(self, order: Order, *lines: Returned) -> None:
        await deal.refunded(self.db, order, *lines)
        await self.hear()

    async def amounts(self, order: Order) -> list[tuple[int, int, int, int]]:
        """By line: frozen, dropped, earned, given back."""
        found = await self.db.ask(host_commission.lines_of_order, order.merchant_id, order.order_id)
        return [(each.amount, each.dropped, each.earned, each.given_back) for each in found]

    async def owed(self, payee_id: UUID | None = None) -> int:
        found = await self.db.ask(host_commission.balances, self.session.merchant_id, payee_id or self.payee_id)
        return sum(each.owed for each in found)

    async def entries(self) -> list[tuple[EntryKind, int]]:
        page = await self.db.ask(settlement.entries, self.session.merchant_id, None)
        mine = (EntryKind.HOST_COMMISSION, EntryKind.HOST_COMMISSION_RETURNED, EntryKind.SLOT_FEE)
        return [(each.kind, each.amount) for each in page.items if each.kind in mine]

    async def pay(self, amount: int, payment_id: UUID | None = None, **more: Any) -> None:
        said: dict[str, Any] = {
            "reference": "ICBC 1",
            "paid_on": datetime.now(HOUSE_ZONE).date(),
            "currency": "CNY",
        } | more
        await self.db.transact(
            host_commission.pay, self.session.merchant_id, self.payee_id, PaymentId(payment_id or ids.mint()), amount,
            said["currency"], said["reference"], said["paid_on"], BY,
        )  # fmt: skip


async def staged(db: Database, world: World, slug: str = "tea-live", **host: Any) -> Stage:
    session = await on_air(db, world, slug=slug)
    host_id = await live_plans.host(db, world, world.tea, **host)
    await db.transact(
        lambda tx: tx.execute(
            "UPDATE live_sessions SET host_id = $2 WHERE session_id = $1", session.session_id, host_id
        )
    )
    payee = new_payee(session.merchant_id, kind=PayeeKind.HOST, host_id=host_id)
    await db.as_merchant(session.merchant_id).transact(host_commission.keep_payee, payee, BY)
    return Stage(db, world, session, host_id, payee.payee_id)


def new_payee(merchant_id: UUID, **more: Any) -> NewPayee:
    said: dict[str, Any] = {
        "merchant_id": merchant_id, "payee_id": PayeeId(ids.mint()), "kind": PayeeKind.AGENCY, "name": "青橙机构",
        "holder": "青橙文化（测试）有限公司", "bank": "测试银行", "account": "6222000000000000002",
    }  # fmt: skip
    return NewPayee(**{**said, **more})


async def offered_in_pool(stage: Stage, name: str = "nuts", **more: Any) -> NewPoolOffer:
    """A product of the tea shop in its pool, with three pieces for samples that are to come back."""
    said: dict[str, Any] = {
        "merchant_id": stage.session.merchant_id, "offer_id": PoolOfferId(ids.mint()),
        "product_id": stage.world.items[name].product_id, "millionths": TWENTY, "terms": "Show the shell.", "samples": 3,
        "sample_back": True,
    }  # fmt: skip
    wanted = NewPoolOffer(**{**said, **more})
    await stage.db.as_merchant(stage.session.merchant_id).transact(selection.offer, wanted, BY)
    return wanted


async def asked_for(stage: Stage, offer: NewPoolOffer, **more: Any) -> NewSample:
    """A sample that the session's host asks for."""
    said: dict[str, Any] = {
        "merchant_id": stage.session.merchant_id, "sample_id": SampleId(ids.mint()), "offer_id": offer.offer_id,
        "host_id": stage.host_id, "quantity": 1, "receiver": RECEIVER, "words": "For Friday",
    }  # fmt: skip
    wanted = NewSample(**{**said, **more})
    await stage.db.as_merchant(stage.session.merchant_id).transact(selection.ask, wanted, BY)
    return wanted
