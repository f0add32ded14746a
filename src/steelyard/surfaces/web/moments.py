"""Days and hours as people type them and as addresses carry them, within what the database and its sums can hold."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.surfaces.components.page import TIMEZONE
from steelyard.surfaces.web.entries import Entries

YEARS = range(2000, 2201)


def day_of(typed: str) -> date | None:
    """A day such as 2026-03-01; none for what is none, or of no time in which anybody trades."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def entered_day(form: Entries, name: str) -> date | None:
    """The day in a field of a form; none when it was left empty. Raises `Invalid`."""
    typed = form.text(name)
    day = day_of(typed)
    if typed and day is None:
        raise Invalid({name: N_("Please enter a day.")})
    return day


def moment_of(typed: str) -> datetime | None:
    """A day and an hour of the house's clock, such as 2026-03-01T08:00; none as for days. One that says its own zone keeps it."""
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        return None
    if moment.year not in YEARS:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(TIMEZONE))


def entered_moment(form: Entries, name: str) -> datetime:
    """The day and hour that a field of a form must have; this moment where there is none, which the form is told."""
    moment = moment_of(form.text(name, required=True, most=30))
    if moment is None:
        form.refuse(name, N_("Please enter a day and an hour"))
    return moment or datetime.now(UTC)


def local_time(moment: datetime | None) -> str:
    """A moment as a `datetime-local` field has it, by the house's clock."""
    return "" if moment is None else moment.astimezone(ZoneInfo(TIMEZONE)).strftime("%Y-%m-%dT%H:%M")
