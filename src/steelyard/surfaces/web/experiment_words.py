"""How experiments are spoken of."""

from steelyard.kernel.i18n import N_
from steelyard.operations.experiments.model import Advice, Kind, Metric, State, Verdict

KINDS = {
    Kind.PAGE: N_("Two versions of a page"),
    Kind.BLOCK: N_("One block or banner of a page"),
    Kind.SORT: N_("The default sort of a list"),
    Kind.GROUPS: N_("Prices or coupons of customer groups"),
    Kind.JOURNEY: N_("The ways of a journey’s split"),
    Kind.COUPONS: N_("A coupon for a segment"),
    Kind.IMPORTED: N_("Made elsewhere"),
}
# The words, and the colour of their mark.
STATES = {
    State.DRAFT: (N_("Draft"), "quiet"),
    State.RUNNING: (N_("Running"), "good"),
    State.STOPPED: (N_("Stopped"), "warn"),
    State.ARCHIVED: (N_("Put away"), "quiet"),
    State.DROPPED: (N_("Dropped"), "quiet"),
}
METRICS = {
    Metric.CONVERSION: N_("Who paid for an order"),
    Metric.REPURCHASE: N_("Who paid for two or more"),
    Metric.ORDERS: N_("Orders for each"),
    Metric.REVENUE: N_("Revenue for each"),
    Metric.MARGIN: N_("Settled margin for each"),
    Metric.REFUNDS: N_("Refunds for each"),
}
VERDICTS = {
    Verdict.BETTER: (N_("better"), "good"),
    Verdict.WORSE: (N_("worse"), "bad"),
    Verdict.OPEN: (N_("undecided"), "quiet"),
}
# {name}: the variant that it is about.
ADVICE = {
    Advice.BROKEN: (
        N_(
            "Do not decide by this: the variants have other shares of people than was planned. Somebody is lost or counted twice."
        ),
        "bad",
    ),
    Advice.WAIT: (N_("Nothing is decided yet. Let it run: you may look as often as you like."), "info"),
    Advice.SHIP: (N_("{name} is better, and no guardrail is worse."), "good"),
    Advice.HARMFUL: (N_("{name} is better by its own measure, but a guardrail is worse. Weigh the two."), "warn"),
    Advice.DIFFERENT: (N_("{name} is worse. Stop it and keep the control."), "bad"),
    Advice.NOTHING: (
        N_("No difference was found. Either there is none, or it is smaller than this could show."),
        "info",
    ),
}
# What is said when something was done with one.
DONE = {
    "start": N_("It runs: from now on visitors are shared out by chance."),
    "stop": N_("It is stopped. Everybody sees what they did before."),
    "drop": N_("The draft is gone."),
    "ship": N_("Everybody sees it from now on."),
    "measure": N_("It is being counted: look again in some seconds."),
}
DONE_ON_A_JOURNEY = DONE | {
    "start": N_("It runs: whoever passes the split from now on counts."),
    "stop": N_("It is stopped. The split goes on sharing people out, and nobody more counts."),
    "ship": N_("Whoever comes into the journey from now on goes this way."),
}
