"""Reference rates as dated data, in the shape of the European Central Bank's `eurofxref-hist.csv`: a day a line, so much of each
currency for one euro, `N/A` where there is none."""

import csv
import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from steelyard.kernel.db import Read, Tx
from steelyard.money import currencies
from steelyard.money.exchange.model import BASE, MICROS, RATE_DAYS_MAX, RateDiffers, RatesUnreadable

SOURCE = "ECB"
NO_RATE = ("", "N/A")
BYTES_MAX = 4 * 1024 * 1024
_RATE = re.compile(r"\d{1,9}(\.\d{1,6})?")


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """`micros` millionths of a currency's major unit for one euro."""

    day: date
    currency: str
    micros: int


def read_rates(content: bytes, wanted: Sequence[str]) -> list[Rate]:
    """Every rate of the `wanted` currencies in the file. Raises `RatesUnreadable`, and then nothing of it counts."""
    try:
        lines = list(csv.reader(content.decode("utf-8-sig").splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RatesUnreadable(line=1, told=type(error).__name__) from error
    header = [name.strip() for name in lines[0]] if lines else []
    if not header or header[0] != "Date":
        raise RatesUnreadable(line=1, told="Date")
    columns = [(place, name) for place, name in enumerate(header) if name in wanted and name != BASE]
    found: list[Rate] = []
    for number, cells in enumerate(lines[1:], 2):
        if cells:
            found += _of_line(number, [cell.strip() for cell in cells], columns)
    return found


def _of_line(number: int, cells: Sequence[str], columns: Sequence[tuple[int, str]]) -> list[Rate]:
    try:
        day = date.fromisoformat(cells[0])
    except ValueError as error:
        raise RatesUnreadable(line=number, told=cells[0][:40]) from error
    found: list[Rate] = []
    for place, currency in columns:
        told = cells[place] if place < len(cells) else ""
        if told in NO_RATE:
            continue
        micros = int(Decimal(told) * MICROS) if _RATE.fullmatch(told) else 0
        if micros <= 0:
            raise RatesUnreadable(line=number, told=f"{currency} {told[:40]}")
        found.append(Rate(day=day, currency=currency, micros=micros))
    return found


async def take_rates(tx: Tx, content: bytes, source: str = SOURCE) -> int:
    """Read a file in; returns how many rates are new. Raises `RatesUnreadable`, and `RateDiffers` when one says something
    else than what counts already."""
    rates = read_rates(content, [each.currency for each in await currencies.all(tx)])
    # (The planner would look each of thirty thousand up in a table that it takes for empty.)
    rows = await tx.fetch("SELECT day, currency, micros FROM exchange_rates")
    known = {(row["day"], row["currency"]): row["micros"] for row in rows}
    for each in rates:
        if known.get((each.day, each.currency), each.micros) != each.micros:
            raise RateDiffers(day=each.day.isoformat(), currency=each.currency)
    fresh = [each for each in rates if (each.day, each.currency) not in known]
    return await tx.execute(
        """
        INSERT INTO exchange_rates (day, currency, micros, source)
        SELECT day, currency, micros, $4 FROM unnest($1::date[], $2::text[], $3::bigint[]) AS r (day, currency, micros)
        ON CONFLICT (day, currency) DO NOTHING
        """,
        [each.day for each in fresh],
        [each.currency for each in fresh],
        [each.micros for each in fresh],
        source,
    )


async def rates_of(read: Read, day: date) -> dict[str, int]:
    """The rate of every currency on a day, or on the last of the seven days before that has one."""
    rows = await read.fetch(
        """
        SELECT DISTINCT ON (currency) currency, micros FROM exchange_rates
        WHERE day <= $1 AND day >= $2 ORDER BY currency, day DESC
        """,
        day,
        day - timedelta(days=RATE_DAYS_MAX),
    )
    return {row["currency"]: row["micros"] for row in rows}


async def last_rates(read: Read) -> list[Rate]:
    """The newest rate of every currency."""
    return await read.all(
        Rate,
        """
        SELECT DISTINCT ON (c.currency) r.day, r.currency, r.micros
        FROM currencies c JOIN exchange_rates r USING (currency) ORDER BY c.currency, r.day DESC
        """,
    )
