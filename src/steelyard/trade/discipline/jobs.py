"""What time brings about: a deposit that categories ask for, one that was not topped up by its day or pays what a shop owes, what
is still owed then, points of a year that is over."""

from datetime import date, datetime

from steelyard.kernel.db import Database, Tx
from steelyard.kernel.sweeps import Sweep
from steelyard.trade.discipline.debts import follow_debts
from steelyard.trade.discipline.demanding import follow_categories
from steelyard.trade.discipline.deposits import note_overdue
from steelyard.trade.discipline.measures import end_measures
from steelyard.trade.discipline.netting import net

EVERY_SECONDS = 600.0


async def _today(tx: Tx) -> int:
    today: date = await tx.value("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    return await follow_categories(tx, today) + await note_overdue(tx, today)


async def _note(db: Database) -> int:
    return await db.transact(_today)


async def _owed(tx: Tx) -> int:
    now: datetime = await tx.value("SELECT now()")
    return await net(tx, now) + await follow_debts(tx, now)


async def _net(db: Database) -> int:
    return await db.transact(_owed)


async def _year(tx: Tx) -> int:
    now: datetime = await tx.value("SELECT now()")
    return await end_measures(tx, now)


async def _end(db: Database) -> int:
    return await db.transact(_year)


SWEEPS = [
    Sweep("discipline.deposits", EVERY_SECONDS, _note),
    Sweep("discipline.net", EVERY_SECONDS, _net),
    Sweep("discipline.points", EVERY_SECONDS, _end),
]
