"""The pages of settlement, side by side."""

from steelyard.kernel.i18n import N_
from steelyard.surfaces.operator import frame
from steelyard.surfaces.web.visit import Visit

DISPUTED = f"{frame.SETTLEMENT}/disputed"
FILES = f"{frame.SETTLEMENT}/files"
HELD = f"{frame.SETTLEMENT}/held"
HOSTS = f"{frame.SETTLEMENT}/hosts"

_TABS = (
    (frame.SETTLEMENT, N_("Statements")),
    (DISPUTED, N_("Disputed lines")),
    (FILES, N_("Bank files")),
    (HELD, N_("Held money")),
    (HOSTS, N_("Hosts and agencies")),
)


def tabs(visit: Visit, here: str) -> list[dict[str, object]]:
    """What the macro `tabs` takes; `here` is the page that is shown."""
    return [{"label": visit.say(word), "href": path, "current": path == here} for path, word in _TABS]
