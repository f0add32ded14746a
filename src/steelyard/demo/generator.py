"""Makes the demo marketplace: the operator, the merchants with their goods, people, two years of trade, and what waits."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import msgspec

from steelyard.demo import (
    allowances,
    approving,
    asked,
    authorised,
    behaving,
    belonging,
    bookkept,
    campaigns,
    cases,
    circles,
    clientele,
    connected,
    desk,
    disputed,
    door,
    einvoiced,
    errands,
    experiments,
    fees,
    footfall,
    letters,
    life,
    looking_back,
    merchandise,
    offers,
    opinions,
    past,
    people,
    presold,
    promised,
    purses,
    queue,
    reconciled,
    rooms,
    rules_kept,
    rushes,
    searches,
    selecting,
    settled,
    shelves,
    shopkeeping,
    targeted,
    teams,
    travels,
    wishes,
)
from steelyard.demo.catalogue import makers
from steelyard.demo.products import made
from steelyard.kernel import bulk
from steelyard.kernel.db import Database, Read
from steelyard.kernel.files import Files
from steelyard.kernel.settings import Settings
from steelyard.money import ledger
from steelyard.parties import access
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId

# So many of the makers have goods that are not on the shelf yet: nine wait for their review.
QUEUED_MAKERS = 5

Step = Callable[[str, int, int], None]


class Size(msgspec.Struct, frozen=True):
    """How much of a marketplace is made. At 1 it is one to walk through; 10 and 100 are for tests of load, a part of 1 for
    tests that only need it to be there; `goods` when that part is another."""

    scale: float = 1.0
    goods: float | None = None

    @property
    def copies(self) -> int:
        """How many of each product there are."""
        return max(1, round(self.scale))

    @property
    def part(self) -> float:
        """Which part of each line is made: a smaller house keeps more of its goods than of its orders."""
        return min(1.0, self.scale**0.5) if self.goods is None else self.goods

    @property
    def rounds(self) -> int:
        """How often each fate of an order under way is dealt out."""
        return life.ROUNDS if self.scale >= 1 else max(1, life.ROUNDS // 2)


def _unhindered(settings: Settings) -> AbstractAsyncContextManager[None]:
    assert settings.database_url is not None
    return bulk.indexed_afterwards(settings.database_url, past.FILLED)


async def is_made(read: Read) -> bool:
    """Whether this database already holds a marketplace, whole: its operator's profile is written last."""
    return await read.value("SELECT EXISTS (SELECT FROM operator_profile)")


async def furnish(db: Database, settings: Settings, hashed: str, *, seed: int, size: Size, step: Step) -> None:
    """The makers with their shops, their people and their goods: a marketplace on its first day."""
    files = Files(settings.home)
    known = await db.transact(shelves.categories)
    logos = people.logos(files)
    for maker in makers():
        await db.transact(people.merchant, maker, hashed, logos[maker.slug])
    await shelves.fill(db, files, known, seed=seed, copies=size.copies, part=size.part, step=step)


async def _know_people(fast: Database, *, seed: int, step: Step) -> None:
    """What visitors and customers did in the past, as it is counted and known of them."""
    await footfall.count_up(fast, seed=seed, step=step)
    await behaving.behave(fast, seed=seed)
    await clientele.count_up(fast, step=step)


async def _move_money(db: Database, fast: Database, settings: Settings, buyer_id: BuyerId) -> None:
    """What happens to money beside plain payments."""
    await reconciled.reconcile(db)
    await bookkept.keep_books(fast)
    await connected.pay_through_stripe(db, settings, [maker.slug for maker in makers()])
    await settled.settle_with(fast, [maker.slug for maker in makers()])
    await door.pay_otherwise(db, settings, people.HOME)
    await authorised.authorise(db, settings, people.HOME)
    await einvoiced.invoice_abroad(db, settings, buyer_id)
    await approving.ask_a_second_person(db)


async def _keep_people(db: Database, fast: Database, buyer_id: BuyerId) -> None:
    """What the first shop does so that people come again."""
    shop = made("merchant", "zoufang")
    await belonging.belong(fast, buyer_id)
    await experiments.try_out(fast, shop, "CNY")
    await targeted.aim(fast, shop, circles.id_of("lapsing"), "CNY")
    await targeted.aim_everywhere(fast, circles.platforms_id_of("lapsing"), "CNY")
    await merchandise.greet(fast, shop, circles.id_of("high_value"))
    await asked.ask(fast, shop)
    await letters.write(fast, shop, buyer_id)
    await travels.send_on_their_way(fast)
    await errands.jot_down(db, "zoufang")
    await looking_back.look_back(fast, "zoufang")


async def make(
    db: Database,
    settings: Settings,
    *,
    seed: int,
    made_up: bool,
    password: str,
    step: Step,
    size: Size = Size(),  # noqa: B008  # it cannot be changed
    filling: Database | None = None,
) -> None:
    """Write the marketplace down; again, after it was broken off, it goes on where it was.

    Without `made_up` only the operator is made, so that what was imported stands alone. What is much is written through
    `filling`, if that is another connection to the same database (`Database.connect_to_fill`).
    """
    fast = filling or db
    hashed = await access.hash_password(password)
    await db.transact(people.operators, hashed)
    if made_up:
        await furnish(fast, settings, hashed, seed=seed, size=size, step=step)
        await db.transact(fees.charge)
        buyer_id = await db.transact(people.buyer, hashed)
        async with _unhindered(settings) if filling else nullcontext():
            await past.remember(fast, seed=seed, scale=size.scale, step=step)
        await rooms.go_live(db, settings)
        await selecting.agree(db)
        await past.settle(fast)
        await life.live(db, settings, buyer_id, people.HOME, seed=seed, step=step, rounds=size.rounds)
        await shopkeeping.keep_shops(db, seed=seed)
        await searches.make_searches(db, buyer_id, seed=seed)
        await merchandise.decorate(db)
        await offers.offer(db, buyer_id)
        await rushes.rush(db, people.HOME)
        await presold.presell(db, settings, buyer_id, people.HOME)
        await allowances.limit(db)
        await campaigns.campaign(db)
        await purses.fill(db, buyer_id)
        await teams.gather(db, people.HOME)
        await promised.promise(db, buyer_id)
        await opinions.speak(fast, buyer_id, seed=seed, step=step)
        await wishes.wish(db, buyer_id, [made("merchant", maker.slug) for maker in makers()])
        await cases.ask_and_answer(db, [made("merchant", maker.slug) for maker in makers()])
        await db.transact(cases.say_rights)
        await disputed.dispute(db, settings, [maker.slug for maker in makers()])
        await desk.lay(db, settings, hashed)
        await _know_people(fast, seed=seed, step=step)
        await _move_money(db, fast, settings, buyer_id)
        await selecting.select(db)
        await _keep_people(db, fast, buyer_id)
        await db.transact(ledger.sum_up)
        await queue.fill(db, [MerchantId(made("merchant", maker.slug)) for maker in makers()[:QUEUED_MAKERS]])
        await rules_kept.keep_rules(db, [MerchantId(made("merchant", maker.slug)) for maker in makers()])
    await db.transact(people.profile)
