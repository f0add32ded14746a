"""What goes on by itself: days pass, birthdays come, the lists of the levels follow."""

from datetime import UTC, datetime

from steelyard.kernel import days
from steelyard.kernel.db import Database
from steelyard.kernel.sweeps import Sweep
from steelyard.operations.growth.moving import list_members
from steelyard.operations.growth.privileges import give_birthday_coupons
from steelyard.operations.growth.rewarding import lapse_due, reward_due
from steelyard.operations.growth.settling import days_pass
from steelyard.operations.growth.target_giving import end_due, give_due, take_back_due


async def _days_pass(db: Database) -> int:
    return await db.transact(days_pass, days.today())


async def _birthdays(db: Database) -> int:
    return await db.transact(give_birthday_coupons, days.today())


async def _list(db: Database) -> int:
    return await db.transact(list_members)


async def _reward(db: Database) -> int:
    return await db.transact(reward_due, datetime.now(UTC))


async def _lapse(db: Database) -> int:
    return await db.transact(lapse_due, datetime.now(UTC))


async def _give_targeted(db: Database) -> int:
    return await db.transact(give_due)


async def _end_targeted(db: Database) -> int:
    return await db.transact(end_due)


async def _take_targeted_back(db: Database) -> int:
    return await db.transact(take_back_due)


SWEEPS = [
    Sweep("growth.days_pass", 30.0, _days_pass),
    Sweep("growth.birthdays", 300.0, _birthdays),
    Sweep("growth.list_members", 5.0, _list),
    Sweep("growth.reward_invitations", 30.0, _reward),
    Sweep("growth.invitations_lapse", 300.0, _lapse),
    Sweep("growth.give_targeted_coupons", 5.0, _give_targeted),
    Sweep("growth.targeted_coupons_end", 30.0, _end_targeted),
    Sweep("growth.take_targeted_coupons_back", 5.0, _take_targeted_back),
]
