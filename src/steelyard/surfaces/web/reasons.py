"""Why people report something, in words: for the form and for who decides."""

from steelyard.kernel.i18n import N_
from steelyard.trade.reviews.model import ReportReason

REASONS = {
    ReportReason.ADVERTISING: N_("Advertising or contact details"),
    ReportReason.ABUSE: N_("Insults or threats"),
    ReportReason.PRIVACY: N_("Somebody's private details"),
    ReportReason.UNRELATED: N_("Has nothing to do with the article"),
    ReportReason.FALSE: N_("Not true"),
    ReportReason.OTHER: N_("Something else"),
}
