"""Why people report something, in words: for the form and for who decides."""

from steelyard.kernel.i18n import N_
from steelyard.trade.reviews.model import Ground, ReportReason

REASONS = {
    ReportReason.ADVERTISING: N_("Advertising or contact details"),
    ReportReason.ABUSE: N_("Insults or threats"),
    ReportReason.PRIVACY: N_("Somebody's private details"),
    ReportReason.UNRELATED: N_("Has nothing to do with the article"),
    ReportReason.FALSE: N_("False claims"),
    ReportReason.OTHER: N_("Something else"),
}
# What the dictionary found is reported by nobody.
ALL_REASONS = REASONS | {ReportReason.WORDS: N_("A word of the dictionary")}

# On which grounds staff hide something.
GROUNDS = {
    Ground.ILLEGAL: N_("The law forbids to publish it"),
    Ground.PRIVACY: N_("Somebody's private details"),
    Ground.ABUSE: N_("Insults or threats"),
    Ground.ADVERTISING: N_("Advertising or contact details"),
    Ground.UNRELATED: N_("Has nothing to do with the article"),
    Ground.FALSE: N_("Made up: proof is on record"),
}
