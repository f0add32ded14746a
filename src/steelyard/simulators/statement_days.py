"""Which day's statement is asked for, the same for the channel and the bank."""

from datetime import UTC, date, datetime

import msgspec
from litestar.exceptions import ValidationException

from steelyard.simulators.problems import Refused


def statement_day(file: str, now: float) -> date:
    """The day of which a statement is asked for, by the name of its file; `now`: seconds since 1970."""
    try:
        day = msgspec.convert(file.removesuffix(".csv"), date)
    except msgspec.ValidationError as error:
        raise ValidationException("The file is named after a day: YYYY-MM-DD.csv.") from error
    if not file.endswith(".csv") or day > datetime.fromtimestamp(now, UTC).date():
        raise Refused(404, "statement_not_found", "There is no statement of this day.")
    return day
