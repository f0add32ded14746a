"""The pages of the books, side by side."""

from steelyard.kernel.i18n import N_
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.visit import Visit

CHART = f"{frame.BOOKS}/chart"
STATEMENT = f"{frame.BOOKS}/statement"
INCOME = f"{frame.BOOKS}/income"
MONTHS = f"{frame.BOOKS}/months"
VOUCHERS = f"{frame.BOOKS}/vouchers"
EXCHANGES = f"{frame.BOOKS}/exchanges"
EXPORT = f"{frame.BOOKS}/export"

_TABS = (
    (frame.BOOKS, N_("Trial balance")),
    (CHART, N_("Chart of accounts")),
    (STATEMENT, N_("Account statement")),
    (INCOME, N_("Income and costs")),
    (MONTHS, N_("Months")),
    (VOUCHERS, N_("Entries by hand")),
    (EXCHANGES, N_("Exchanges")),
    (EXPORT, N_("For accountants")),
)


def tabs(visit: Visit, here: str) -> list[dict[str, object]]:
    """What the macro `tabs` takes; `here` is the page that is shown."""
    return [{"label": visit.say(word), "href": path, "current": path == here} for path, word in _TABS]
