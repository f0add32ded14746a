"""Campaigns in words, for all surfaces."""

from collections.abc import Mapping, Sequence

from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.surfaces.web.visit import Visit
from steelyard.trade.campaigns.model import CampaignState, EntryState, Lack, Rules

STATES: dict[CampaignState, tuple[str, str]] = {
    CampaignState.PLANNED: (N_("To come"), "info"),
    CampaignState.SIGN_UP: (N_("Sign-up is open"), "good"),
    CampaignState.CHOOSING: (N_("Sign-up is over"), "info"),
    CampaignState.RUNNING: (N_("Running"), "good"),
    CampaignState.OVER: (N_("Over"), "quiet"),
    CampaignState.ENDED: (N_("Ended early"), "warn"),
}
ENTRY_STATES: dict[EntryState, tuple[str, str]] = {
    EntryState.WAITING: (N_("Waits for the platform"), "info"),
    EntryState.APPROVED: (N_("Approved"), "good"),
    EntryState.SENT_BACK: (N_("Sent back"), "bad"),
    EntryState.WITHDRAWN: (N_("Withdrawn"), "quiet"),
}
LACKS: dict[Lack, str] = {
    Lack.NOT_ON_SHELF: N_("It is not on your shelf, or has no price"),
    Lack.CATEGORY: N_("The campaign is for other categories"),
    Lack.NOT_CHEAPER: N_("The price is below what the article costs now"),
    Lack.NOT_CHEAP_ENOUGH: N_("The campaign wants more off the price"),
    Lack.ABOVE_LOWEST: N_("The price is above the lowest of the last 30 days"),
    Lack.TOO_FEW: N_("The campaign wants more pieces"),
    Lack.NOT_SO_MANY: N_("There are not so many free"),
    Lack.RATING: N_("Its rating is too low for the campaign"),
}


def rules(visit: Visit, wanted: Rules, names: Mapping[object, Text]) -> list[str]:
    """What goods have to keep to, as a shop reads it."""
    said: list[str] = []
    if wanted.categories:
        known = [names[each].in_language(visit.locale) for each in sorted(wanted.categories) if each in names]
        said.append(visit.say(N_("Goods of: {categories}"), categories=visit.say(N_(", ")).join(known)))
    if wanted.off:
        said.append(visit.say(N_("At least {percent} off"), percent=f"{wanted.off / 10_000:g}%"))
    if wanted.lowest:
        said.append(visit.say(N_("Not dearer than the lowest of the last 30 days")))
    if wanted.pieces > 1:
        said.append(visit.say(N_("At least {count} pieces of each article"), count=wanted.pieces))
    if wanted.rating:
        said.append(visit.say(N_("Rated {stars} or better, where there are reviews"), stars=f"{wanted.rating / 100:g}"))
    said.append(visit.say(N_("Taking part costs nothing")))
    return said


def lacking(found: Sequence[Lack]) -> str:
    """The message id of the first thing that an article lacks."""
    return LACKS[found[0]]
