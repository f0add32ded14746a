"""Buyers with something in their purses, as tests say it."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.db import Database
from steelyard.money import wallets
from steelyard.money.wallets import Cause, IssueId, MintedCard, Move, NewIssue, Purse
from steelyard.parties import policies
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.policies.model import WALLETS
from steelyard.trade import checkout
from steelyard.trade.checkout.model import CheckoutId
from steelyard.trade.orders.model import PurchaseId
from tests.support import deal


async def switched_on(db: Database) -> None:
    await db.transact(policies.settle, WALLETS, 1, None)


async def issued(db: Database, amount: int = 5_000, cards: int = 1, *, sold: bool = False, months: int | None = None):
    """Cards of one issue, and which it is."""
    issue_id = IssueId(ids.mint())
    wanted = NewIssue(
        issue_id=issue_id, name="Spring", amount=amount, currency="CNY", cards=cards, sold=sold, months=months,
        by="staff:test",
    )  # fmt: skip
    minted: list[MintedCard] = await db.transact(wallets.issue, wanted)
    return issue_id, [card.code for card in minted]


async def filled(db: Database, amount: int, purse: Purse = Purse.BALANCE, buyer_id: BuyerId | None = None) -> BuyerId:
    """A buyer who has this to spend."""
    buyer_id = buyer_id or BuyerId(ids.mint())
    cause = Cause.CREDITED if purse is Purse.BALANCE else Cause.EARNED
    given = Move(
        buyer_id=buyer_id,
        purse=purse,
        currency="CNY",
        amount=amount,
        cause=cause,
        document=ids.mint(),
        note="for a test",
    )
    assert await db.transact(wallets.move, [given]) == [True]
    return buyer_id


async def left(db: Database, buyer_id: BuyerId, purse: Purse = Purse.BALANCE) -> int:
    return (await db.ask(wallets.free, buyer_id, "CNY")).get(purse, 0)


async def ready(
    db: Database, wanted: Sequence[tuple[UUID, int]], buyer_id: BuyerId, purses: Sequence[Purse] = (Purse.BALANCE,)
) -> CheckoutId:
    """A checkout in which the buyer has ticked these purses."""
    checkout_id = await deal.opened(db, wanted, buyer_id)
    await db.transact(checkout.change, checkout_id, msgspec.structs.replace(deal.draft(wanted), purses=list(purses)))
    return checkout_id


async def placed(
    db: Database, wanted: Sequence[tuple[UUID, int]], buyer_id: BuyerId, purses: Sequence[Purse] = (Purse.BALANCE,)
) -> PurchaseId:
    checkout_id = await ready(db, wanted, buyer_id, purses)
    return await db.transact(checkout.place, checkout_id, expected_total=None, by="buyer")
