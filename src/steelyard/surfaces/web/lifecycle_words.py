"""What the stages, segments and models of customers are called, and what happened with one of them in words."""

from collections.abc import Mapping
from typing import Any

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.operations.lifecycle import Happening, Segment, Stage
from steelyard.parties.notifications.model import Template
from steelyard.surfaces.web.visit import Visit

STAGES: Mapping[str, str] = {
    "nowhere": N_("First seen"),
    Stage.VISITOR: N_("Visitor"),
    Stage.LEAD: N_("Interested"),
    Stage.NEW: N_("New customer"),
    Stage.ACTIVE: N_("Active customer"),
    Stage.LOYAL: N_("Loyal customer"),
    Stage.WON_BACK: N_("Won back"),
    Stage.DORMANT: N_("Dormant"),
    Stage.LOST: N_("Lost customer"),
}
MEANINGS: Mapping[str, str] = {
    Stage.VISITOR: N_("Looked around and has not yet wanted anything."),
    Stage.LEAD: N_("Kept something in mind, put it into the cart or ordered it, and has not paid for any yet."),
    Stage.NEW: N_("Has paid once."),
    Stage.ACTIVE: N_("Has come back, and bought not long ago."),
    Stage.LOYAL: N_("Has come back often, and bought not long ago."),
    Stage.WON_BACK: N_("Had been dormant or lost, and bought again."),
    Stage.DORMANT: N_("Has not bought for longer than customers usually take."),
    Stage.LOST: N_("Has not bought for so long that they hardly come by themselves."),
}
SEGMENTS: Mapping[str, str] = {
    Segment.CHAMPIONS: N_("Champions"),
    Segment.LOYAL: N_("Loyal"),
    Segment.POTENTIAL: N_("May become loyal"),
    Segment.NEW: N_("Newcomers"),
    Segment.PROMISING: N_("Promising"),
    Segment.NEED_ATTENTION: N_("Want attention"),
    Segment.ABOUT_TO_SLEEP: N_("About to sleep"),
    Segment.AT_RISK: N_("At risk"),
    Segment.CANNOT_LOSE: N_("Not to be lost"),
    Segment.HIBERNATING: N_("Hibernating"),
    Segment.LOST: N_("Lost customers"),
}
MODELS: Mapping[str, str] = {
    "bg_nbd": N_("BG/NBD"),
    "mbg_nbd": N_("MBG/NBD"),
    "nbd": N_("NBD: nobody is seen to leave for good here"),
    "": N_("none yet: it takes 100 customers, 20 of whom have come back"),
}
TIERS: Mapping[int, str] = {1: N_("High value"), 2: N_("Middle value"), 3: N_("Low value")}

# Kind of a happening: its words and its group.
_HAPPENED: Mapping[str, str] = {
    "bought.placed": N_("Placed order {code}"),
    "bought.paid": N_("Paid order {code}, {amount}"),
    "bought.shipped": N_("Order {code} was sent"),
    "bought.completed": N_("Received order {code}"),
    "gave_back.cancelled": N_("Order {code} was called off"),
    "gave_back.refunded": N_("Got back {amount} of order {code}"),
    "gave_back.asked": N_("Asked for money back or a return of order {code}"),
    "said.review": N_("Wrote a review, {stars} of 5 stars: {text}"),
    "said.question": N_("Asked: {text}"),
    "said.chat": N_("Wrote in a live session: {text}"),
    "told.coupon": N_("Got a coupon"),
    "told.notice": N_("Was told in the account"),
    "told.mail": N_("Was sent a mail: {kind}"),
    "stage": N_("Stage: {stage}"),
    "did.arrive": N_("Came to the shop"),
    "did.view": N_("Looked at a product"),
    "did.search": N_("Searched for “{words}”"),
    "did.favourite": N_("Kept something in mind"),
    "did.cart": N_("Put something into the cart"),
    "did.checkout": N_("Began to check out"),
    "did.live_enter": N_("Came into a live session"),
    "did.live_leave": N_("Left a live session"),
    "did.live_click": N_("Opened goods in a live session"),
    "did.share": N_("Shared something"),
    "did.invite": N_("Invited somebody"),
    "did.message_open": N_("Opened a message"),
    "did.message_click": N_("Followed a link in a message"),
    "did.survey_answer": N_("Answered a survey"),
}
# What a mail of the house was about.
MAILS: Mapping[str, str] = {
    Template.PASSWORD_RESET: N_("a link to set a new password"),
    Template.STAFF_INVITED: N_("an invitation to the staff"),
    Template.ORDER_CONFIRMED: N_("an order is placed or paid"),
    Template.ORDER_SHIPPED: N_("an order is on its way"),
    Template.ORDER_CANCELLED: N_("an order is cancelled"),
    Template.REFUND_SENT: N_("money is on its way back"),
    Template.EMAIL_CHANGE: N_("a new e-mail address to confirm"),
    Template.DATA_EXPORTED: N_("their data is ready to download"),
    Template.PAYOUT_ACCOUNT_CHANGED: N_("a payout account was changed"),
    Template.HANDED_OVER: N_("a shop or the house has a new owner"),
    Template.APPLICATION_BEGUN: N_("a link to their application to sell"),
    Template.APPLICATION_NEWS: N_("news of their application to sell"),
    Template.SHOP_NEWS: N_("news of their shop"),
    Template.QUESTION_ASKED: N_("a question about goods of theirs"),
    Template.QUESTION_ANSWERED: N_("their question is answered"),
    Template.AFTER_SALES: N_("news of a return or a refund"),
    Template.PRESALE_NEWS: N_("news of a presale"),
    Template.TEAM_NEWS: N_("news of a group purchase"),
    Template.COMPENSATED: N_("a compensation"),
    Template.GIFT_CARD: N_("a gift card"),
    Template.COUPON_NEWS: N_("a coupon was given, or ends soon"),
    Template.INVOICE_NEWS: N_("news of an invoice"),
    Template.MONEY_NEWS: N_("news of a chargeback or a refund"),
    Template.ROOM_NEWS: N_("news of their live room"),
    Template.LIVE_NEWS: N_("a live session begins"),
    Template.SURVEY_ASKED: N_("an invitation to a survey"),
}
TEXT_CHARACTERS = 160


def sentence(visit: Visit, happening: Happening) -> str:
    """What happened, in one line of the reader's language."""
    facts: dict[str, Any] = {name: "" if value is None else value for name, value in happening.facts.items()}
    if "amount" in facts:
        facts["amount"] = str(Money(facts["amount"], facts["currency"]))
    if "text" in facts and len(facts["text"]) > TEXT_CHARACTERS:
        facts["text"] = facts["text"][:TEXT_CHARACTERS] + "…"
    if happening.kind == "told.mail":
        facts["kind"] = visit.say(MAILS.get(facts["kind"], facts["kind"]))
    if happening.kind == "stage":
        facts["stage"] = visit.say(STAGES.get(facts["to"], facts["to"]))
    words = _HAPPENED.get(happening.kind)
    if happening.kind == "did.view" and not facts.get("product"):
        words = N_("Looked around")
    said = visit.say(words, **facts) if words else happening.kind
    about = Text(facts["of"]).in_language(visit.locale) if facts.get("of") else ""
    return visit.say(N_("{what}: {of}"), what=said, of=about) if about else said
