"""Looking at what an experiment tries before anybody is shown it: an address under our seal, good for an hour, that a console
hands out. Who looks by it is in no variant."""

import time
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from steelyard.surfaces.web.entries import as_uuid
from steelyard.surfaces.web.seals import seal, unseal
from steelyard.surfaces.web.visit import Visit

PARAMETER = "trial"
SECONDS = 3_600


class Trial(NamedTuple):
    """Which variant of which experiment somebody may look at."""

    experiment_id: UUID
    variant: int


def address(visit: Visit, shown_at: str, trial: Trial) -> str:
    """Where this variant of a page can be looked at from now on, by whoever has the address."""
    until = int(time.time()) + SECONDS
    sealed = seal(visit.settings, PARAMETER, f"{trial.experiment_id}|{trial.variant}|{until}")
    return f"{shown_at}?{urlencode({PARAMETER: sealed})}"


def looked_at(visit: Visit) -> Trial | None:
    """What this request may look at, if it was sealed and the hour is not over."""
    sealed = visit.connection.query_params.get(PARAMETER, "")
    of, _, rest = (unseal(visit.settings, PARAMETER, sealed) or "").partition("|")
    variant, _, until = rest.partition("|")
    experiment_id = as_uuid(of)
    if experiment_id is None or not variant.isdecimal() or not until.isdecimal() or int(until) <= time.time():
        return None
    return Trial(experiment_id, int(variant))
