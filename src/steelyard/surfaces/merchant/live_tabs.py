"""The pages of live selling, side by side; and sessions to choose from."""

from collections.abc import Iterable
from uuid import UUID

from steelyard.channels.live.model import Session
from steelyard.kernel.i18n import N_
from steelyard.surfaces.merchant import frame
from steelyard.surfaces.web.moments import local_time
from steelyard.surfaces.web.visit import Visit

POOL = f"{frame.LIVE}/pool"
SAMPLES = f"{frame.LIVE}/samples"
AGREEMENTS = f"{frame.LIVE}/agreements"
COMMISSION = f"{frame.LIVE}/commission"
PAYEES = f"{frame.LIVE}/payees"
EARNINGS = f"{frame.LIVE}/earnings"

_TABS = (
    (frame.LIVE, N_("Live sessions"), "live.read"),
    (POOL, N_("Selection pool"), "live.read"),
    (SAMPLES, N_("Samples"), "live.read"),
    (AGREEMENTS, N_("Agreements with hosts"), "live.commission"),
    (COMMISSION, N_("Hosts’ commission"), "live.commission"),
    (PAYEES, N_("Who is paid"), "live.commission"),
    (EARNINGS, N_("What I earn"), "live.host"),
)


def tabs(visit: Visit, here: str) -> list[dict[str, object]]:
    """What the macro `tabs` takes, of what the reader may see; `here` is the page that is shown."""
    return [
        {"label": visit.say(word), "href": path, "current": path == here}
        for path, word, permission in _TABS
        if visit.actor.may(permission)
    ]


def session_options(visit: Visit, sessions: Iterable[Session]) -> list[tuple[UUID, str]]:
    """What a select takes: the title of each, and when it begins."""
    return [
        (each.session_id, f"{each.title.in_language(visit.locale)} · {local_time(each.starts_at).replace('T', ' ')}")
        for each in sessions
    ]
