"""Placed together: many checkouts in one transaction, each with the answer that it would have had alone."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from uuid import UUID

import msgspec
import pytest

from steelyard.goods import inventory, pricing
from steelyard.goods.inventory import reservations
from steelyard.goods.inventory.model import Shelf
from steelyard.goods.pricing.model import NewPrice
from steelyard.kernel import ids
from steelyard.kernel.batching import Batcher
from steelyard.kernel.db import Database, Read, Tx, administer
from steelyard.kernel.errors import NotFound, Refusal
from steelyard.money.payments.model import PaymentId, Recording
from steelyard.parties.customers.model import BuyerId
from steelyard.trade import cart, checkout, orders
from steelyard.trade.checkout import Placement
from steelyard.trade.checkout.model import (
    SHOP,
    CheckoutClosed,
    CheckoutId,
    CheckoutNotReady,
    CheckoutState,
    ProblemCode,
    SoldOut,
    TotalMoved,
)
from steelyard.trade.orders.model import OrderState, PurchaseId, PurchaseState
from tests.support import deal
from tests.support.world import CURRENCY, HOME, STOCK, World, made
from tests.trade.test_placement import expire, free_of_charge, purchases, state_of

PIECES = 300
BUYERS = 600
BY = "buyer"
WRONG = 1  # no checkout costs this
Wanted = Sequence[tuple[UUID, int]]
Door = Batcher[Placement, PurchaseId]


def wish(checkout_id: CheckoutId, expected_total: int | None = None, by: str = BY) -> Placement:
    return Placement(checkout_id=checkout_id, expected_total=expected_total, by=by)


def door(db: Database) -> Door:
    """The batcher of one web worker, with smaller batches, so that many of them meet and a busy machine holds nobody up."""
    work = partial(db.transact, checkout.place_all)
    return Batcher("test", work, lambda wish: wish.checkout_id, batch_most=64)


async def opened(db: Database, wanted: Sequence[Wanted]) -> list[CheckoutId]:
    return [await deal.opened(db, each) for each in wanted]


async def free(db: Database, sku_id: UUID) -> int:
    return (await db.ask(inventory.available, [sku_id])).popitem()[1]


async def test_each_wish_has_its_own_answer_and_nobody_elses(shop: Database, world: World):
    nuts, ruler, black = (world.items[slug].sku_id for slug in ("nuts", "ruler", "black"))
    good, greedy, moved, nowhere, closed, late, again, paid = await opened(
        shop,
        [[(nuts, 2), (ruler, 1)], [(nuts, STOCK), (ruler, 1)], [(ruler, 1)], [(ruler, 1)], [(ruler, 1)], [(ruler, 1)],
         [(ruler, 1)], [(black, 3)]],
    )  # fmt: skip
    before = await shop.transact(checkout.place, again, expected_total=None, by=BY)
    await shop.transact(checkout.cancel, closed, BY)
    far = msgspec.structs.replace(HOME, country="ZA")
    await shop.transact(checkout.change, nowhere, deal.draft([(ruler, 1)], address=far))
    await shop.transact(expire_one, late)
    unknown = CheckoutId(ids.mint())

    answers = await shop.transact(
        checkout.place_all,
        [wish(good), wish(greedy), wish(moved, 1), wish(nowhere), wish(closed), wish(late), wish(again), wish(unknown),
         wish(paid, 15_600 + 1_200, "agent:x")],
    )  # fmt: skip

    assert [kind(answer) for answer in answers] == [
        UUID, SoldOut, TotalMoved, CheckoutNotReady, CheckoutClosed, CheckoutClosed, UUID, NotFound, UUID,
    ]  # fmt: skip
    assert answers[1].shortages == [{"line_id": "l1", "free": STOCK - 2}]
    assert (answers[2].expected, answers[2].total) == (1, 990 + 800)
    assert [problem.code for problem in answers[3].problems] == [ProblemCode.UNDELIVERABLE]
    assert [answers[4].state, answers[5].state] == ["cancelled", "expired"]
    assert answers[6] == before
    assert await shop.ask(purchases) == 3
    assert [await free(shop, sku_id) for sku_id in (nuts, ruler, black)] == [STOCK - 2, STOCK - 2, STOCK - 3]
    assert [len(await deal.orders_of(shop, answers[place])) for place in (0, 8)] == [2, 1]
    assert [await state_of(shop, each) for each in (good, greedy, moved, nowhere)] == [
        CheckoutState.PLACED, CheckoutState.OPEN, CheckoutState.OPEN, CheckoutState.OPEN,
    ]  # fmt: skip
    assert await shop.ask(placed_by, answers[8]) == {"agent:x"}


def kind(answer: PurchaseId | Refusal) -> type:
    return type(answer) if isinstance(answer, Refusal) else UUID


async def expire_one(tx: Tx, checkout_id: CheckoutId) -> None:
    await tx.execute("UPDATE checkouts SET expires_at = now() WHERE checkout_id = $1", checkout_id)


async def placed_by(read: Read, purchase_id: PurchaseId) -> set[str]:
    rows = await read.fetch(
        """
        SELECT by FROM purchase_history WHERE purchase_id = $1
        UNION SELECT h.by FROM order_history h JOIN orders USING (merchant_id, order_id) WHERE purchase_id = $1
        """,
        purchase_id,
    )
    return {row["by"] for row in rows}


async def test_what_one_cannot_have_is_there_for_the_next(shop: Database, world: World):
    nuts, ruler = world.items["nuts"].sku_id, world.items["ruler"].sku_id
    first, second, third, fourth = await opened(
        shop, [[(nuts, STOCK - 1)], [(nuts, 2), (ruler, 5)], [(nuts, 1), (ruler, STOCK)], [(nuts, 1)]]
    )

    answers = await shop.transact(checkout.place_all, [wish(each) for each in (first, second, third, fourth)])

    assert [isinstance(answer, Refusal) for answer in answers] == [False, True, False, True]
    assert answers[1].shortages == [{"line_id": "l1", "free": 1}]
    assert answers[3].shortages == [{"line_id": "l1", "free": 0}]
    assert [await free(shop, sku_id) for sku_id in (nuts, ruler)] == [0, 0]


async def test_lines_leave_the_carts_they_came_from_and_gifts_are_paid(shop: Database, world: World):
    await free_of_charge(shop, world, "nuts")
    nuts, ruler = world.items["nuts"].sku_id, world.items["ruler"].sku_id
    buyers = [BuyerId(ids.mint()) for _ in range(3)]
    checkout_ids = [CheckoutId(ids.mint()) for _ in buyers]
    for buyer, checkout_id, sku_id in zip(buyers, checkout_ids, (nuts, nuts, ruler), strict=True):
        await shop.transact(put_both, buyer, [nuts, ruler])
        await shop.transact(
            checkout.open_checkout, checkout_id, buyer, deal.draft([(sku_id, 1)]), client=SHOP, from_cart=True
        )

    found = await shop.transact(checkout.place_all, [wish(each) for each in checkout_ids])

    states = [await shop.ask(orders.purchase, purchase_id) for purchase_id in found]
    assert [each and each.state for each in states] == [PurchaseState.PAID, PurchaseState.PAID, PurchaseState.PLACED]
    assert [(await deal.orders_of(shop, each))[0].state for each in found] == [
        OrderState.PAID, OrderState.PAID, OrderState.PLACED,
    ]  # fmt: skip
    assert [await state_of(shop, each) for each in checkout_ids] == [
        CheckoutState.COMPLETED, CheckoutState.COMPLETED, CheckoutState.PLACED,
    ]  # fmt: skip
    assert [await shop.ask(in_cart, buyer) for buyer in buyers] == [{ruler}, {ruler}, {nuts}]


async def put_both(tx: Tx, buyer: BuyerId, sku_ids: Sequence[UUID]) -> None:
    for sku_id in sku_ids:
        await cart.put(tx, buyer, sku_id, 1)


async def in_cart(read: Read, buyer: BuyerId) -> set[UUID]:
    return {line.sku_id for line in (await cart.view(read, buyer)).lines}


@pytest.mark.parametrize("seed", range(8))
async def test_a_batch_answers_as_the_same_wishes_one_after_the_other(shop: Database, world: World, seed: int):
    """A batch has a serial history: who would be refused alone looked before anybody bought, and then the others came in
    the order of the batch."""
    chance = random.Random(seed)
    goods = [item.sku_id for item in world.items.values()]
    wanted = [
        [(sku_id, chance.randint(1, STOCK)) for sku_id in chance.sample(goods, chance.randint(1, 3))] for _ in range(8)
    ]
    wishes = [wish(each, chance.choice([None, None, WRONG])) for each in await opened(shop, wanted)]

    together, left = await undone(shop, checkout.place_all, wishes, goods)
    alone = {each: (await undone(shop, one_by_one, [each], goods))[0][each.checkout_id] for each in wishes}
    in_turn = sorted(wishes, key=lambda each: isinstance(alone[each], UUID))

    assert (together, left) == await undone(shop, one_by_one, in_turn, goods)
    assert any(isinstance(answer, UUID) for answer in together.values())


async def one_by_one(tx: Tx, wishes: Sequence[Placement]) -> list[PurchaseId | Refusal]:
    return [(await checkout.place_all(tx, [each]))[0] for each in wishes]


async def undone(
    db: Database,
    work: Callable[[Tx, Sequence[Placement]], Awaitable[Sequence[PurchaseId | Refusal]]],
    wishes: Sequence[Placement],
    goods: Sequence[UUID],
) -> tuple[dict[CheckoutId, object], object]:
    """The answer to each wish and what was left in stock; and then all of it is as if it had never been."""
    seen: list[tuple[dict[CheckoutId, object], object]] = []

    async def look(tx: Tx) -> None:
        answers = zip(wishes, await work(tx, wishes), strict=True)
        told = {
            each.checkout_id: (answer.code, answer.facts) if isinstance(answer, Refusal) else answer
            for each, answer in answers
        }
        seen.append((told, await inventory.available(tx, goods)))
        raise NotFound()

    with pytest.raises(NotFound):
        await db.transact(look)
    return seen[0]


async def test_a_poisoned_checkout_does_not_fail_its_neighbours(shop: Database, world: World):
    nuts = world.items["nuts"].sku_id
    checkout_ids = await opened(shop, [[(nuts, 1)]] * 9)
    await shop.transact(poison, checkout_ids[4])
    joined = door(shop)

    answers = await asyncio.gather(*(joined.ask(wish(each)) for each in checkout_ids), return_exceptions=True)

    assert isinstance(answers[4], msgspec.ValidationError)
    assert len({answer for answer in answers if isinstance(answer, UUID)}) == 8
    assert joined.figures.split == 1
    assert await free(shop, nuts) == STOCK - 8
    await shop.transact(antidote, checkout_ids[4], nuts)
    assert isinstance(await joined.ask(wish(checkout_ids[4])), UUID)


async def poison(tx: Tx, checkout_id: CheckoutId) -> None:
    await tx.execute("""UPDATE checkouts SET lines = '[{"line_id": 7}]' WHERE checkout_id = $1""", checkout_id)


async def antidote(tx: Tx, checkout_id: CheckoutId, sku_id: UUID) -> None:
    await checkout_lines(tx, checkout_id, [{"line_id": "l1", "sku_id": str(sku_id), "quantity": 1}])


async def checkout_lines(tx: Tx, checkout_id: CheckoutId, lines: object) -> None:
    await tx.execute("UPDATE checkouts SET lines = $2 WHERE checkout_id = $1", checkout_id, lines)


async def test_clicks_on_one_checkout_are_one_purchase_whatever_they_expect(shop: Database, world: World):
    nuts = world.items["nuts"].sku_id
    checkout_id = await deal.opened(shop, [(nuts, 1)])
    one, other = door(shop), door(shop)

    answers = await asyncio.gather(
        *(each.ask(wish(checkout_id, total)) for total in (1, 4_790, None, 4_790) for each in (one, other)),
        return_exceptions=True,
    )

    assert len({answer for answer in answers if isinstance(answer, UUID)}) == 1
    assert [answer for answer in answers if not isinstance(answer, UUID | TotalMoved)] == []
    assert await shop.ask(purchases) == 1
    assert await free(shop, nuts) == STOCK - 1


async def stocked(tx: Tx, world: World, slug: str) -> None:
    item = world.items[slug]
    trader = next(trader for trader in world.merchants if trader.merchant_id == item.merchant_id)
    lines = [(item.sku_id, trader.warehouse_id, PIECES - STOCK)]
    await inventory.receive(tx, trader.merchant_id, lines, document=made("rush"), by="test")


async def queue(tx: Tx, sku_id: UUID, people: int) -> list[CheckoutId]:
    """So many people with a checkout of one piece each."""
    checkout_ids = [CheckoutId(ids.mint()) for _ in range(people)]
    for checkout_id in checkout_ids:
        await checkout.open_checkout(tx, checkout_id, BuyerId(ids.mint()), deal.draft([(sku_id, 1)]), client=SHOP)
    return checkout_ids


async def rush(db: Database, sku_id: UUID, people: int) -> int:
    """All of them place at once, at the doors of two workers; how many were told that they have got one."""
    checkout_ids = await db.transact(queue, sku_id, people)
    doors = (door(db), door(db))
    answers = await asyncio.gather(
        *(doors[place % 2].ask(wish(each)) for place, each in enumerate(checkout_ids)), return_exceptions=True
    )
    strange = [answer for answer in answers if not isinstance(answer, UUID | SoldOut)]
    assert not strange, strange
    return sum(isinstance(answer, UUID) for answer in answers)


async def promised(read: Read, sku_id: UUID) -> tuple[int, int]:
    """How many pieces are kept for orders, and how many there are."""
    row = await read.row(
        """
        SELECT (SELECT sum(quantity) FROM reservations WHERE sku_id = $1), (SELECT sum(on_hand) FROM stock WHERE sku_id = $1)
        """,
        sku_id,
    )
    assert row is not None
    return row[0], row[1]


async def test_two_workers_sell_three_hundred_pieces_to_six_hundred_people_exactly(shop: Database, world: World):
    await shop.transact(stocked, world, "hammer")
    sku_id = world.items["hammer"].sku_id

    assert await rush(shop, sku_id, BUYERS) == PIECES

    assert await shop.ask(promised, sku_id) == (PIECES, PIECES)
    assert await shop.ask(purchases) == PIECES


@pytest.fixture
async def careless(monkeypatch: pytest.MonkeyPatch, shop_url: str) -> AsyncIterator[None]:
    """Both guards are gone: stock is counted without waiting for the row, and the constraint behind it is not there."""
    both_have_looked = asyncio.Barrier(2)

    async def look(tx: Tx, skus: Iterable[tuple[UUID, UUID]]) -> list[Shelf]:
        rows = await tx.fetch(
            """
            SELECT merchant_id, sku_id, warehouse_id, on_hand, reserved, 0, true FROM stock
            WHERE sku_id = ANY($1) ORDER BY sku_id, warehouse_id
            """,
            [sku_id for _, sku_id in skus],
        )
        await both_have_looked.wait()
        return [Shelf(*row) for row in rows]

    async with administer(shop_url) as owner:
        await owner.execute("ALTER TABLE stock DROP CONSTRAINT never_promise_twice")
    monkeypatch.setattr(reservations, "lock", look)
    yield
    monkeypatch.undo()


@pytest.fixture
async def unchecked(shop_url: str) -> AsyncIterator[Database]:
    """The small world, which may be left untrue."""
    db = await Database.connect(shop_url, size=4)
    yield db
    await db.close()


async def test_control_without_the_guards_the_harness_finds_the_overselling(
    unchecked: Database, careless: None, world: World
):
    """The same rush: if it did not oversell without lock and constraint, the test above would prove nothing."""
    sku_id = world.items["hammer"].sku_id

    told = await rush(unchecked, sku_id, 2 * STOCK)

    kept, there = await unchecked.ask(promised, sku_id)
    assert there == STOCK
    assert told == kept == 2 * STOCK


async def test_a_price_that_moves_between_two_batches_is_news_to_the_second(shop: Database, world: World):
    nuts = world.items["nuts"]
    before, after = await opened(shop, [[(nuts.sku_id, 1)], [(nuts.sku_id, 1)]])
    joined = door(shop)

    assert isinstance(await joined.ask(wish(before, 4_790)), UUID)
    new = NewPrice(sku_id=nuts.sku_id, currency=CURRENCY, amount=4_000)
    await shop.transact(pricing.set_prices, world.tea.merchant_id, [new])

    with pytest.raises(TotalMoved):
        await joined.ask(wish(after, 4_790))
    await shop.transact(expire)
    with pytest.raises(CheckoutClosed):
        await joined.ask(wish(after, 4_800))


async def test_payments_that_arrive_together_pay_each_purchase_once(shop: Database, world: World):
    nuts = world.items["nuts"].sku_id
    bought = [await deal.placed(shop, [(nuts, 1)]) for _ in range(3)]
    once = await deal.instructed(shop, bought[0])
    twice = [await deal.instructed(shop, bought[1], channel) for channel in (deal.CHANNEL, "other")]
    late = await deal.instructed(shop, bought[2])
    await shop.transact(orders.cancel_purchase, bought[2], "unpaid", "system")
    unknown = PaymentId(ids.mint())

    answers = await shop.transact(
        checkout.apply_payments,
        [Recording(payment_id=each, answer=deal.capture(each), by="channel") for each in (once, *twice, late, unknown)],
    )

    assert isinstance(answers[4], NotFound)
    assert [not isinstance(answer, Refusal) and answer.became for answer in answers[:4]] == ["captured"] * 4
    states = [await shop.ask(orders.purchase, each) for each in bought]
    assert [each and each.state for each in states] == [
        PurchaseState.PAID, PurchaseState.PAID, PurchaseState.CANCELLED,
    ]  # fmt: skip
    assert [(await deal.orders_of(shop, each))[0].state for each in bought[:2]] == [OrderState.PAID, OrderState.PAID]
    assert await shop.ask(surplus) == {twice[1], late}
    assert await deal.channel_refunds(shop) == 2


async def surplus(read: Read) -> set[UUID]:
    return {row["payment_id"] for row in await read.fetch("SELECT payment_id FROM payments WHERE surplus")}
