"""What segments can say, in words: each kind of condition with its fields, and what can be chosen in them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from babel import Locale

from steelyard.goods import catalog
from steelyard.goods.catalog.model import Category
from steelyard.kernel.db import Read
from steelyard.kernel.i18n import LOCALES, N_
from steelyard.operations import research, segments
from steelyard.operations.behaviour import MARKETPLACE, Channel
from steelyard.operations.behaviour import Kind as Deed
from steelyard.operations.lifecycle import Stage
from steelyard.operations.segments.model import Measure, Moment, Predicted, Sketch
from steelyard.parties import merchants
from steelyard.surfaces.web.visit import Visit


class Part(msgspec.Struct, frozen=True):
    """A field of a condition: how it is filled in (`choice`, `choices`, `number`, `text`, `goods`), and out of which choices."""

    name: str
    label: str
    how: str
    of: str = ""


GROUP_WORDS = {
    "all": N_("All of these are true"),
    "any": N_("At least one of these is true"),
    "none": N_("None of these is true"),
}
KIND_WORDS = {
    "number": N_("Orders, spending, refunds"),
    "when": N_("First or last time"),
    "stage": N_("Stage of the lifecycle"),
    "did": N_("Did something, or did not"),
    "bought": N_("Bought certain goods"),
    "joined": N_("Joined"),
    "country": N_("Country or region"),
    "language": N_("Language"),
    "guest": N_("With or without an account"),
    "consent": N_("Wants news and offers by mail"),
    "rfm": N_("RFM class"),
    "foretold": N_("Predicted value"),
    "inside": N_("In another segment or on a list"),
    "answered": N_("Answered a survey"),
}
_DAYS = Part("days", N_("Days"), "number")
_WITHIN = Part("within", N_("When"), "choice", "within")
_BOUNDS = (Part("at_least", N_("At least"), "text"), Part("at_most", N_("At most"), "text"))
PARTS: dict[str, tuple[Part, ...]] = {
    "number": (Part("measure", N_("Figure"), "choice", "measure"), *_BOUNDS),
    "when": (Part("moment", N_("Which time"), "choice", "moment"), _WITHIN, _DAYS),
    "stage": (Part("stages", N_("Stages"), "choices", "stages"),),
    "did": (
        Part("event", N_("Behaviour"), "choice", "event"),
        Part("at_least", N_("How often"), "choice", "often"),
        Part("times", N_("Times"), "number"),
        Part("days", N_("Within days"), "number"),
        Part("products", N_("Of these products"), "goods"),
        Part("categories", N_("Of these categories"), "choices", "categories"),
        Part("channels", N_("Come by"), "choices", "channels"),
    ),
    "bought": (
        Part("products", N_("One of these products"), "goods"),
        Part("categories", N_("Or of these categories"), "choices", "categories"),
        Part("days", N_("Within days"), "optional"),
    ),
    "joined": (_WITHIN, _DAYS),
    "country": (Part("countries", N_("Countries and regions"), "choices", "countries"),),
    "language": (Part("languages", N_("Languages"), "choices", "languages"),),
    "guest": (Part("guest", N_("Account"), "choice", "guest"),),
    "consent": (Part("agreed", N_("Wants such mails"), "choice", "agreed"),),
    "rfm": (Part("classes", N_("Classes"), "choices", "classes"),),
    "foretold": (Part("measure", N_("Figure"), "choice", "predicted"), *_BOUNDS),
    "inside": (Part("segment_id", N_("Segment or list"), "choice", "segments"),),
    "answered": (
        Part("question", N_("Question"), "choice", "questions"),
        Part("choices", N_("One of these answers"), "choices", "answers"),
        *_BOUNDS,
    ),
}
# A platform's shops are chosen by the platform alone.
SHOPS = Part("shops", N_("Or of these shops"), "choices", "shops")

MEASURES = {
    Measure.ORDERS: N_("Paid orders"),
    Measure.SPENT: N_("Spent altogether"),
    Measure.AVERAGE: N_("Average order"),
    Measure.REFUNDS: N_("Number of refunds"),
    Measure.REFUNDED: N_("Refunded altogether"),
}
MOMENTS = {
    Moment.LAST_PAID: N_("Last paid"),
    Moment.FIRST_PAID: N_("First paid"),
    Moment.LAST_SEEN: N_("Last seen"),
    Moment.FIRST_SEEN: N_("First seen"),
}
FORETOLD = {
    Predicted.VALUE: N_("Expected spending"),
    Predicted.ALIVE: N_("Will buy again, in percent"),
}
STAGES = {
    Stage.VISITOR: N_("Visitor"),
    Stage.LEAD: N_("Interested"),
    Stage.NEW: N_("New customer"),
    Stage.ACTIVE: N_("Active customer"),
    Stage.LOYAL: N_("Loyal"),
    Stage.DORMANT: N_("Dormant"),
    Stage.LOST: N_("Lost customer"),
    Stage.WON_BACK: N_("Won back"),
}
DEEDS = {
    Deed.ARRIVE: N_("Came to the shop"),
    Deed.VIEW: N_("Looked at a product"),
    Deed.SEARCH: N_("Searched"),
    Deed.FAVOURITE: N_("Kept something in mind"),
    Deed.CART: N_("Put something into the cart"),
    Deed.CHECKOUT: N_("Went to the checkout"),
    Deed.PAY: N_("Paid"),
    Deed.REFUND: N_("Got a refund"),
    Deed.LIVE_ENTER: N_("Watched a live session"),
    Deed.SHARE: N_("Shared something"),
    Deed.INVITE: N_("Invited somebody"),
    Deed.MESSAGE_OPEN: N_("Opened a message"),
    Deed.MESSAGE_CLICK: N_("Followed a link in a message"),
    Deed.SURVEY_ANSWER: N_("Answered a survey"),
}
CHANNELS = {
    Channel.DIRECT: N_("Directly"),
    Channel.SEARCH: N_("Search engines"),
    Channel.SOCIAL: N_("Social networks"),
    Channel.LINK: N_("Links"),
    Channel.MAIL: N_("Mail"),
    Channel.AD: N_("Advertising"),
    Channel.QR: N_("QR codes"),
    Channel.INVITE: N_("Invitations"),
    Channel.LIVE: N_("Live"),
}
CLASSES = {
    "champions": N_("Champions"),
    "loyal": N_("Loyal customers"),
    "potential": N_("Potential loyalists"),
    "new": N_("Newly won"),
    "promising": N_("Promising"),
    "need_attention": N_("Need attention"),
    "about_to_sleep": N_("About to sleep"),
    "at_risk": N_("At risk"),
    "cannot_lose": N_("Cannot lose them"),
    "hibernating": N_("Hibernating"),
    "lost": N_("Lost customers"),
}
_FIXED: dict[str, dict[str, str]] = {
    "measure": {str(key): word for key, word in MEASURES.items()},
    "moment": {str(key): word for key, word in MOMENTS.items()},
    "predicted": {str(key): word for key, word in FORETOLD.items()},
    "stages": {str(key): word for key, word in STAGES.items()},
    "event": {str(key): word for key, word in DEEDS.items()},
    "channels": {str(key): word for key, word in CHANNELS.items()},
    "classes": CLASSES,
    "within": {"within": N_("Within so many days"), "over": N_("Longer ago than so many days")},
    "often": {"least": N_("At least so many times"), "most": N_("At most so many times")},
    "guest": {"no": N_("Has an account"), "yes": N_("Has none")},
    "agreed": {"yes": N_("Yes"), "no": N_("No")},
}
LANGUAGES = {"zh-Hans": "简体中文", "en": "English"}

Options = Sequence[tuple[str, str]]


async def options(read: Read, visit: Visit, shop: UUID, sketch: Sketch, segment_id: UUID) -> dict[str, Options]:
    """What can be chosen in the fields of these conditions, in the reader's language; what none of them asks for is not read."""
    asked = {part.of for each in segments.sketching.parts(sketch) for part in parts_of(each.kind, shop)}
    found: dict[str, Options] = {
        name: [(key, visit.say(word)) for key, word in words.items()] for name, words in _FIXED.items()
    }
    found["languages"] = [(each, LANGUAGES[each]) for each in LOCALES]
    if "countries" in asked:
        found["countries"] = countries(visit.locale)
    if "categories" in asked:
        found["categories"] = list(_branches(await catalog.categories(read), visit.locale, ""))
    if "segments" in asked:
        found["segments"] = [
            (str(each.segment_id), each.name.in_language(visit.locale))
            for each in await segments.segments(read, shop)
            if each.segment_id != segment_id
        ]
    if "questions" in asked:
        found["questions"], found["answers"] = await _asked_in_surveys(read, visit, shop)
    if "shops" in asked:
        page = await merchants.listed(read, None, 100)
        found["shops"] = [(str(each.merchant_id), each.name.in_language(visit.locale)) for each in page.items]
    return found


async def _asked_in_surveys(read: Read, visit: Visit, shop: UUID) -> tuple[Options, Options]:
    """The questions of a shop's surveys, and their options: `survey/question`, `survey/question/option`."""
    questions: list[tuple[str, str]] = []
    options: list[tuple[str, str]] = []
    for survey in await research.surveys(read, shop):
        title = survey.now.title.in_language(visit.locale)
        for question in survey.now.questions if survey.version and not survey.now.anonymous else ():
            key, words = f"{survey.survey_id}/{question.key}", question.text.in_language(visit.locale)
            questions.append((key, f"{title} · {words}"))
            options += [
                (f"{key}/{each.key}", f"{words} · {each.text.in_language(visit.locale)}") for each in question.options
            ]
    return questions, options


def countries(locale: str) -> Options:
    """Countries and regions by their names."""
    names = Locale.parse(locale, sep="-").territories
    known = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NONE]
    return sorted(known, key=lambda each: each[1])


# Of the house's data about languages: no countries.
_NONE = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})


def _branches(tree: Sequence[Category], locale: str, above: str) -> Iterable[tuple[str, str]]:
    for category in tree:
        name = f"{above}{category.name.in_language(locale)}"
        yield str(category.category_id), name
        yield from _branches(category.children, locale, f"{name} / ")


def parts_of(kind: str, shop: UUID) -> tuple[Part, ...]:
    """The fields of a condition; a group has none."""
    own = PARTS.get(kind, ())
    return (*own, SHOPS) if kind == "bought" and shop == MARKETPLACE else own
