"""Why the operator stops what a shop offers: the shop reads it."""

from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.surfaces.web.entries import Entries

REASON_CHARACTERS_MAX = 200


def reason_in(form: Entries) -> str:
    """The reason that was given, cut to what is kept. Raises `Invalid` when there is none."""
    reason = form.text("reason")[:REASON_CHARACTERS_MAX]
    if not reason:
        raise Invalid({"reason": N_("Please say why: the shop reads it")})
    return reason
