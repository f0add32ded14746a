"""How surveys are spoken of."""

from steelyard.kernel.i18n import N_
from steelyard.operations.research import PIPED, By
from steelyard.operations.research.model import (
    RATED,
    YES,
    Comparison,
    Definition,
    Question,
    State,
    Talk,
    Trigger,
    Type,
    Via,
    When,
)
from steelyard.surfaces.web.lifecycle_words import STAGES
from steelyard.surfaces.web.segment_words import LANGUAGES
from steelyard.surfaces.web.visit import Visit

# The words, and the colour of their mark.
STATES = {
    State.DRAFT: (N_("Draft"), "quiet"),
    State.OPEN: (N_("Collecting answers"), "good"),
    State.CLOSED: (N_("Closed"), "warn"),
    State.DROPPED: (N_("Dropped"), "quiet"),
}
TYPES = {
    Type.SINGLE: N_("One of several"),
    Type.MULTIPLE: N_("Several of several"),
    Type.SCALE: N_("Scale"),
    Type.NPS: N_("NPS, 0 to 10"),
    Type.CSAT: N_("CSAT, 1 to 5"),
    Type.STARS: N_("Stars"),
    Type.RANKING: N_("Put in order"),
    Type.MATRIX: N_("Several lines, one scale"),
    Type.SHORT: N_("Short text"),
    Type.LONG: N_("Long text"),
    Type.NUMBER: N_("A number"),
    Type.DATE: N_("Day"),
    Type.CONSENT: N_("Consent"),
}
TRIGGERS = {
    Trigger.NOTHING: N_("Whenever they come by"),
    Trigger.RECEIVED: N_("After an order was received"),
    Trigger.RETURNED: N_("After a return was dealt with"),
    Trigger.WATCHED: N_("After a live session they watched"),
    Trigger.ENTERED: N_("When they come into the segment"),
}
VIAS = {Via.PAGE: N_("On a page"), Via.LINK: N_("By link"), Via.MAIL: N_("By mail")}
BANDS = {"promoters": N_("Promoters (9–10)"), "passives": N_("Passives (7–8)"), "detractors": N_("Detractors (0–6)")}
SIDES = {"inside": N_("In the segment"), "outside": N_("Not in it")}
BYS = {By.STAGE: N_("Stage of the lifecycle"), By.VIA: N_("Way they came"), By.LOCALE: N_("Language")}
METHODS = {
    "chi2": N_("chi-square test"),
    "fisher": N_("Fisher’s exact test"),
    "chance": N_("chi-square against tables drawn by chance"),
}
TALK_WORDS = {
    Talk.DRAWN: (N_("Drawn"), "quiet"),
    Talk.ASKED: (N_("Asked"), "info"),
    Talk.AGREED: (N_("Agreed"), "accent"),
    Talk.DONE: (N_("Done"), "good"),
    Talk.DECLINED: (N_("Declined"), "warn"),
}
TALK_ACTS = {
    Talk.DRAWN: N_("Not asked yet"),
    Talk.ASKED: N_("Has been asked"),
    Talk.AGREED: N_("Has agreed"),
    Talk.DONE: N_("Is done"),
    Talk.DECLINED: N_("Does not want to"),
}
_PASSES = {
    Comparison.IS: N_("“{question}” is {answer}"),
    Comparison.IS_NOT: N_("“{question}” is not {answer}"),
    Comparison.AT_LEAST: N_("“{question}” is at least {answer}"),
    Comparison.AT_MOST: N_("“{question}” is at most {answer}"),
}
YES_OR_NO = {YES: N_("Yes"), "no": N_("No")}
QUESTION_CHARACTERS_SHOWN = 40


def named(visit: Visit, question: Question) -> str:
    """A question for who does not answer it: what each answered before stands in it as dots."""
    return PIPED.sub("…", question.text.in_language(visit.locale)) or question.key


def short(visit: Visit, question: Question) -> str:
    """A question as it is named in a list."""
    words = named(visit, question)
    return words if len(words) <= QUESTION_CHARACTERS_SHOWN else f"{words[: QUESTION_CHARACTERS_SHOWN - 1]}…"


def answer_words(visit: Visit, question: Question, key: str) -> str:
    """One of the answers to a question."""
    if question.type is Type.NPS and key in BANDS:
        return visit.say(BANDS[key])
    if question.type is Type.CONSENT:
        return visit.say(YES_OR_NO.get(key, key))
    found = question.option(key)
    return key if found is None else (found.text.in_language(visit.locale) or key)


def group_words(visit: Visit, definition: Definition, by: By, what: str, group: str) -> str:
    """A group of people, by what they are put apart."""
    match by:
        case By.STAGE:
            return visit.say(STAGES.get(group, group))
        case By.VIA:
            return visit.say(VIAS[Via(group)])
        case By.LOCALE:
            return LANGUAGES.get(group, group)
        case By.SEGMENT:
            return visit.say(SIDES[group])
        case By.QUESTION:
            question = definition.question(what)
            return group if question is None else answer_words(visit, question, group)


def condition_words(visit: Visit, definition: Definition, when: When) -> str:
    """When a question is asked."""
    question = definition.question(when.question)
    if question is None:
        return when.question
    answer = (
        when.value
        if question.type in RATED or question.type is Type.NUMBER
        else answer_words(visit, question, when.value)
    )
    return visit.say(_PASSES[when.test], question=short(visit, question), answer=answer)
