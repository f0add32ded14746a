"""What a day brings: some hours of trade under other faults each, then the night in which books are laid beside statements."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import msgspec

from steelyard.demo.life import offers
from steelyard.demo.month.outside import Outside
from steelyard.demo.month.people import CLOSED_ACCOUNT, People
from steelyard.demo.month.telling import Report, tell
from steelyard.kernel.db import Database
from steelyard.kernel.events import drain
from steelyard.kernel.sweeps import sweep_once
from steelyard.money import payments, reconciliation
from steelyard.parties import merchants
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade import chargebacks, settlement
from steelyard.trade.checkout import jobs as collecting
from steelyard.trade.orders import jobs as ordering
from steelyard.worker import subscribers

HOURS = (1, 6, 10, 14, 18, 22)
# Minutes after the hour: what went wrong is looked at again before the time for paying is over, and something else goes wrong.
LOOKS = (0, 12, 24)
DAYS = 30
# What is under way on the last day comes to its end, and the last statements come.
CLOSING_DAYS = 3
STATEMENTS_COME_MINUTES = 30
ROUNDS_MAX = 10


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`faults` is the share of messages, answers and refunds that go wrong; `back` of a hundred orders go back, and the
    payer's bank takes back `disputed` of a hundred payments."""

    seed: int = 1
    faults: float = 1.0
    purchases: int = 600
    days: int = DAYS
    back: float = 3.0
    disputed: float = 0.5


def _silent(_what: str, _done: int, _of: int) -> None:
    pass


async def play(db: Database, outside: Outside, plan: Plan, step: Callable[[str, int, int], None] = _silent) -> Report:
    """Play the month in a house with goods and shops, whose clock is the outside's; returns what came of it."""
    chance = Random(f"{plan.seed}/faults")  # noqa: S311  # habits, no secrets
    known = await db.ask(offers)
    assert known, "there is nothing for sale"
    people = People(db, outside, known, plan.seed, plan.back, plan.disputed)
    await db.transact(merchants.set_payout, MerchantId(known[0].merchant_id), CLOSED_ACCOUNT)
    month = _Month(db, outside, people, chance)
    await month.night()  # whoever asks for statements begins to: of the first day, too
    for day in range(plan.days):
        bought = plan.purchases * (day + 1) // plan.days - plan.purchases * day // plan.days
        await month.trade(bought, plan.faults)
        await month.night()
        step("Days", day + 1, plan.days)
    for _ in range(CLOSING_DAYS):
        await month.trade(0, 0)
        await month.night()
    return await tell(db, outside, people.done)


class _Month:
    def __init__(self, db: Database, outside: Outside, people: People, chance: Random) -> None:
        self._db, self._outside, self._people, self._chance = db, outside, people, chance
        self._midnight = _next_midnight(outside.clock.moment)

    async def trade(self, bought: int, rate: float) -> None:
        """A day: it begins at the midnight that was last reached."""
        for n, hour in enumerate(HOURS):
            for minutes in LOOKS:
                self._outside.clock.wind(self._midnight + timedelta(hours=hour, minutes=minutes))
                self._outside.misbehave(self._chance, rate)
                if minutes == 0:
                    for _ in range(bought * (n + 1) // len(HOURS) - bought * n // len(HOURS)):
                        await self._people.buy()
                    await self._people.look_after()
                await self._people.decide()
                await self._go_on()
        await self._people.dispute()
        await self._people.set_right()
        await self._go_on()
        self._midnight += timedelta(days=1)

    async def _go_on(self) -> None:
        """Everything that goes on by itself, in the house and outside, until nothing moves, or waits for another hour."""
        db, settings = self._db, self._outside.settings
        for _ in range(ROUNDS_MAX):
            await self._outside.go_on()
            moved = await collecting.query_unknown(db, settings) + await collecting.apply_left_behind(db, settings)
            moved += await payments.send_refunds(db, payments.channels(settings), settings)
            moved += await sweep_once(db, ordering.SWEEPS)
            moved += await chargebacks.look(db, settings) + await chargebacks.tell_answers(db, settings)
            moved += await db.transact(chargebacks.expire, self._outside.clock.moment)
            await drain(db, subscribers())
            bank = settlement.bank(settings)
            assert bank is not None
            moved += await settlement.send_payouts(db, bank, settings)
            if not moved:
                break
        await reconciliation.fetch_due(db, reconciliation.senders(settings), self._outside.clock.moment)

    async def night(self) -> None:
        """The day is over: shops are settled with, statements come and are laid beside the books."""
        clock = self._outside.clock
        clock.wind(self._midnight + timedelta(minutes=STATEMENTS_COME_MINUTES))
        await self._db.transact(settlement.run, settlement.settlement_day(clock.moment))
        await self._go_on()


def _next_midnight(moment: datetime) -> datetime:
    return (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
