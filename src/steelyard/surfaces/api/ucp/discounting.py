"""The discount extension: what promotions take off, of which lines, and why a code that was entered takes nothing off."""

from collections.abc import Iterator

from steelyard.goods import promotions
from steelyard.goods.promotions.model import Code, CodeState, Counted, Missed, Reason
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.surfaces.api.ucp.envelope import Ask, Document, warning
from steelyard.surfaces.api.ucp.intent import Said
from steelyard.surfaces.api.ucp.sheet import Sheet
from steelyard.trade.checkout.model import Discount

# The protocol's words for a code that is not used, and ours beside them.
_STATES: dict[CodeState, tuple[str, str]] = {
    CodeState.UNKNOWN: ("discount_code_invalid", N_("The code “{code}” is not known.")),
    CodeState.OVER: ("discount_code_expired", N_("The time of the code “{code}” is over.")),
    CodeState.GONE: ("discount_code_expired", N_("The code “{code}” has been used as often as it could be.")),
    CodeState.NOT_NEW: (
        "discount_code_user_ineligible",
        N_("The code “{code}” is for those who have not bought of the shop before."),
    ),
    CodeState.HAD: ("discount_code_user_ineligible", N_("The code “{code}” has been used by this buyer already.")),
}
_REASONS: dict[Reason, tuple[str, str]] = {
    Reason.BEATEN: (
        "discount_code_combination_disallowed",
        N_("The code “{code}” is not used: what counts instead takes off at least as much."),
    ),
    Reason.NOT_BESIDE_PRICE: (
        "discount_code_combination_disallowed",
        N_("The code “{code}” cannot be used for goods whose price is lowered."),
    ),
}
_NOT_HERE = ("discount_code_user_ineligible", N_("The code “{code}” is not for what is bought here."))
_ALREADY = ("discount_code_already_applied", N_("The code “{code}” is entered twice."))
_MORE = {
    Counted.AMOUNT: N_("The code “{code}” counts from {missing} more on."),
    Counted.PIECES: N_("The code “{code}” counts from {missing} more pieces on."),
}


def discounts_document(ask: Ask, sheet: Sheet, said: Said) -> Document:
    """The `discounts` of a cart or a checkout, if there is anything in it. Those with codes are told first: their `priority`
    says in which order they count."""
    applied = [(place, each) for place, each in enumerate(sheet.discounts, start=1)]
    applied.sort(key=lambda one: (one[1].code is None, one[0]))
    spelt = {promotions.tidied(code): code for code in reversed(said.codes)}
    found = [_applied(ask, sheet, each, place, spelt) for place, each in applied]
    return {"discounts": {"codes": said.codes, "applied": found}} if found or said.codes else {}


def _applied(ask: Ask, sheet: Sheet, each: Discount, place: int, spelt: dict[str, str]) -> Document:
    """What is taken off freight has no allocation, as the protocol has it."""
    places = {line.line_id: number for number, line in enumerate(sheet.checkout.lines)}
    allocations = [
        {"path": f"$.line_items[{places[line_id]}]", "amount": amount}
        for line_id, amount in sorted(each.lines.items(), key=lambda one: places[one[0]])
    ]
    return {
        **({"code": spelt.get(each.code, each.code)} if each.code else {}),
        "title": each.name.in_language(ask.locale),
        "amount": each.amount,
        "automatic": each.code is None,
        "priority": place,
        **({"method": "each" if each.by_piece else "across", "allocations": allocations} if allocations else {}),
    }


def rejected(ask: Ask, sheet: Sheet, said: Said) -> Iterator[Document]:
    """A warning for each code that takes nothing off."""
    if sheet.costs is None:
        return
    known = {code.code: code for code in sheet.costs.codes}
    seen: set[str] = set()
    for place, entered in enumerate(said.codes):
        code = promotions.tidied(entered)
        why = _ALREADY if code in seen else _why_not(ask, sheet, known.get(code))
        seen.add(code)
        if why:
            word, content = why
            told = ask.say(content, code=entered, missing=_missing(ask, sheet, known.get(code)))
            yield warning(word, told, path=f"$.discounts.codes[{place}]")


def _why_not(ask: Ask, sheet: Sheet, code: Code | None) -> tuple[str, str] | None:
    if code is None:
        return _STATES[CodeState.UNKNOWN]
    if code.state is not CodeState.KNOWN:
        return _STATES[code.state]
    if any(each.promotion_id in code.promotion_ids for each in sheet.discounts):
        return None
    missed = _missed(sheet, code)
    if missed is not None and missed.reason is Reason.MORE_NEEDED and missed.hint is not None:
        return "discount_code_user_ineligible", _MORE[missed.hint.counted]
    return _REASONS.get(missed.reason, _NOT_HERE) if missed else _NOT_HERE


def _missed(sheet: Sheet, code: Code) -> Missed | None:
    reckoning = sheet.costs.reckoning if sheet.costs else None
    missed = reckoning.missed if reckoning else ()
    return next((each for each in missed if each.promotion.promotion_id in code.promotion_ids), None)


def _missing(ask: Ask, sheet: Sheet, code: Code | None) -> str:
    missed = _missed(sheet, code) if code else None
    if missed is None or missed.hint is None:
        return ""
    if missed.hint.counted is Counted.PIECES:
        return str(missed.hint.missing)
    return f"{Money(missed.hint.missing, sheet.checkout.currency).decimal} {sheet.checkout.currency}"
