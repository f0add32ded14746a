"""A refusal in the reader's words."""

from typing import Any

from steelyard.kernel import i18n
from steelyard.kernel.errors import Invalid, Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.surfaces.web.rights_words import NO_RETURNS

# What refusals mean by “It is “{state}” now”.
STATES = {
    "placed": N_("waiting for payment"),
    "held": N_("paid, waiting for its group"),
    "paid": N_("paid"),
    "partly_shipped": N_("partly sent"),
    "shipped": N_("sent"),
    "completed": N_("completed"),
    "cancelled": N_("cancelled"),
    "asked": N_("waiting for the shop"),
    "agreed": N_("to be sent back"),
    "sent_back": N_("on its way back"),
    "refused": N_("refused"),
    "disputed": N_("with the platform"),
    "accepted": N_("to be sent anew"),
    "resent": N_("sent anew"),
    "exchanged": N_("exchanged"),
    "refunded": N_("refunded"),
    "rejected": N_("rejected"),
    "withdrawn": N_("withdrawn"),
    "closed": N_("closed"),
    "expired": N_("expired"),
}


class _Facts(dict[str, Any]):
    """A detail that names a fact we do not have is shown with a dash, never as an error on top of an error."""

    def __missing__(self, key: str) -> str:
        return "–"


def title_of(refusal: Refusal, locale: str) -> str:
    """What was refused."""
    return i18n.translations(locale).gettext(refusal.title)


def detail_of(refusal: Refusal, locale: str) -> str:
    """Why, with the facts; empty where there is nothing to add."""
    if not refusal.detail:
        return ""
    words = i18n.translations(locale)
    facts = _Facts(refusal.facts)
    state = STATES.get(str(facts.get("state")))
    if state:
        facts["state"] = words.gettext(state)
    why = NO_RETURNS.get(str(facts.get("why")))  # a str is equal to its NoReturn
    if why:
        facts["why"] = words.gettext(why)
    facts |= {name: fact.in_language(locale) for name, fact in refusal.facts.items() if isinstance(fact, Text)}
    return words.gettext(refusal.detail).format_map(facts)


def field_words(what: str | Text, locale: str) -> str:
    """What is wrong with a field."""
    return what.in_language(locale) if isinstance(what, Text) else i18n.translations(locale).gettext(what)


def fields_of(refusal: Refusal, locale: str) -> dict[str, str]:
    """What is wrong with which field, for a form that is shown again."""
    if not isinstance(refusal, Invalid):
        return {}
    return {name: field_words(what, locale) for name, what in refusal.fields.items()}


def sentence_of(refusal: Refusal, locale: str) -> str:
    """The whole refusal in one line: what is wrong with a field, else title and detail."""
    fields = fields_of(refusal, locale)
    if fields:
        return " ".join(fields.values())
    # Chinese sentences end in their own full stop; a title has none in either language.
    title, detail = title_of(refusal, locale), detail_of(refusal, locale)
    stop = "。" if locale.startswith("zh") else ". "
    return f"{title}{stop}{detail}".strip() if detail else title
