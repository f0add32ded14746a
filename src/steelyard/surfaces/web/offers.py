"""Promotions in words: what one takes off, what it took off, and what is missing for more."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from babel import numbers

from steelyard.goods.promotions.model import (
    AmountOff,
    Applied,
    Bundle,
    BuyGet,
    Counted,
    FreeShipping,
    Gift,
    Hint,
    Ladder,
    Missed,
    Offer,
    OfferState,
    PiecesFor,
    Promotion,
    RateOff,
    Reason,
    Reckoning,
    Rule,
    SpecialPrice,
    Step,
)
from steelyard.kernel import i18n
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION, Money
from steelyard.kernel.text import Text
from steelyard.surfaces.web.visit import Visit

STATES = {
    OfferState.TO_COME: (N_("To come"), "info"),
    OfferState.RUNNING: (N_("Running"), "good"),
    OfferState.SPENT: (N_("Budget used up"), "warn"),
    OfferState.OVER: (N_("Over"), "quiet"),
    OfferState.STOPPED: (N_("Stopped"), "quiet"),
}
REASONS = {
    Reason.NOT_YET: N_("It has not begun yet."),
    Reason.OVER: N_("It is over."),
    Reason.OTHER_CURRENCY: N_("It is in another currency."),
    Reason.NOTHING_OF_IT: N_("None of these goods are in it."),
    Reason.NOT_FOR_YOU: N_("It is for other buyers."),
    Reason.NOT_CLAIMED: N_("The coupon has to be claimed first."),
    Reason.NOT_BESIDE_PRICE: N_("It does not count beside the lowered price."),
    Reason.GIFT_GONE: N_("The gift is gone: the order goes without it."),
    Reason.BEATEN: N_("Another one takes off more, and they do not count together."),
}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a price: what it is called, what it says, and how much it takes off (none: it does not count).
    `platform`: it is the platform's, not a shop's. `counts`: it takes something off, or gives something; `key` is its id."""

    name: str
    words: str
    off: int | None = None
    hint: str = ""
    platform: bool = False
    counts: bool = False
    key: str = ""


def money(visit: Visit, amount: int, currency: str) -> str:
    """Without cents where there are none: thresholds are round."""
    value = Money(amount, currency).decimal()
    whole = value == value.to_integral_value()
    found = numbers.format_currency(
        value, currency, locale=i18n.babel_locale(visit.locale), currency_digits=not whole,
        decimal_quantization=not whole, format="¤#,##0" if whole else None,
    )  # fmt: skip
    return str(found)


def rate(visit: Visit, off: int) -> str:
    """A part that is taken off: 10 %, which Chinese shops call 9折, as what is left in tenths."""
    if visit.locale.startswith("zh"):
        left = (PARTS_PER_MILLION - off) / (PARTS_PER_MILLION / 10)
        return f"{left:.2f}".rstrip("0").rstrip(".") + "折"
    return str(numbers.format_percent(off / PARTS_PER_MILLION, "#,##0.##%", locale=i18n.babel_locale(visit.locale)))


def rule_words(visit: Visit, rule: Rule, currency: str) -> str:  # noqa: PLR0911  # one for each kind
    """What it takes off, as buyers read it: “¥20 off over ¥200”."""
    match rule:
        case AmountOff(again=True, steps=(step, *_)):
            over = _pieces(visit, step.over) if rule.counted is Counted.PIECES else money(visit, step.over, currency)
            return visit.say(N_("{off} off for each {over}"), over=over, off=money(visit, step.off, currency))
        case AmountOff():
            taken = [(step, money(visit, step.off, currency)) for step in rule.steps]
            return _joined(visit, [_off_over(visit, rule.counted, step, off, currency) for step, off in taken])
        case RateOff() | Ladder():
            counted = Counted.PIECES if isinstance(rule, Ladder) else rule.counted
            return _joined(visit, [_rate_over(visit, counted, step, currency) for step in rule.steps])
        case BuyGet():
            return visit.say(N_("Buy {buy}, get {get} free: the cheapest"), buy=rule.buy, get=rule.get)
        case PiecesFor():
            return visit.say(
                N_("Any {pieces} for {price}"), pieces=rule.pieces, price=money(visit, rule.price, currency)
            )
        case Gift(counted=Counted.PIECES):
            facts = {"over": _pieces(visit, rule.over), "worth": money(visit, rule.worth * rule.pieces, currency)}
            return visit.say(N_("A gift worth {worth} from {over}"), **facts)
        case Gift():
            facts = {
                "over": money(visit, rule.over, currency),
                "worth": money(visit, rule.worth * rule.pieces, currency),
            }
            return visit.say(N_("A gift worth {worth} over {over}"), **facts)
        case Bundle():
            pieces = _pieces(visit, sum(rule.parts.values()))
            return visit.say(
                N_("Together for {price} ({pieces})"), price=money(visit, rule.price, currency), pieces=pieces
            )
        case SpecialPrice():
            return _special_words(visit, rule, currency)
        case FreeShipping(over=0):
            return visit.say(N_("Goes free"))
        case FreeShipping():
            return visit.say(N_("Goes free over {over}"), over=money(visit, rule.over, currency))


def _special_words(visit: Visit, rule: SpecialPrice, currency: str) -> str:
    if rule.prices:
        return visit.say(N_("Flash price {price}"), price=money(visit, min(rule.prices.values()), currency))
    if rule.price is not None:
        return visit.say(N_("Each for {price}"), price=money(visit, rule.price, currency))
    if rule.off:
        return visit.say(N_("{off} off each piece"), off=money(visit, rule.off, currency))
    return visit.say(N_("{rate} off each piece"), rate=rate(visit, rule.millionths))


def _off_over(visit: Visit, counted: Counted, step: Step, off: str, currency: str) -> str:
    if counted is Counted.PIECES:
        return visit.say(N_("{off} off from {over}"), over=_pieces(visit, step.over), off=off)
    return visit.say(N_("{off} off over {over}"), over=money(visit, step.over, currency), off=off)


def _rate_over(visit: Visit, counted: Counted, step: Step, currency: str) -> str:
    off = rate(visit, step.off)
    if counted is Counted.PIECES:
        return visit.say(N_("{rate} off from {over}"), over=_pieces(visit, step.over), rate=off)
    return visit.say(N_("{rate} off over {over}"), over=money(visit, step.over, currency), rate=off)


def _pieces(visit: Visit, count: int) -> str:
    return visit.say(N_("1 piece")) if count == 1 else visit.say(N_("{count} pieces"), count=count)


def _joined(visit: Visit, parts: Iterable[str]) -> str:
    return visit.say(N_(", ")).join(parts)


def hint_words(visit: Visit, hint: Hint | None, rule: Rule, currency: str) -> str:  # noqa: PLR0911  # one for each kind
    """“¥30 more for ¥20 off”; nothing when there is no more to be had."""
    if hint is None:
        return ""
    missing = _pieces(visit, hint.missing) if hint.counted is Counted.PIECES else money(visit, hint.missing, currency)
    match rule:
        case AmountOff():
            return visit.say(N_("{missing} more for {off} off"), missing=missing, off=money(visit, hint.off, currency))
        case RateOff():
            return visit.say(N_("{missing} more for {rate} off"), missing=missing, rate=rate(visit, hint.off))
        case FreeShipping():
            return visit.say(N_("{missing} more and it goes free"), missing=missing)
        case Gift():
            return visit.say(N_("{missing} more for a gift"), missing=missing)
        case BuyGet():
            return visit.say(N_("{missing} more, and the cheapest is free"), missing=missing)
        case PiecesFor(pieces=pieces, price=price):
            facts = {"missing": missing, "pieces": pieces, "price": money(visit, price, currency)}
            return visit.say(N_("{missing} more: {pieces} for {price}"), **facts)
        case _:
            return ""


def why(visit: Visit, found: Reckoning | None) -> list[Said]:
    """The steps of a price that a buyer cares for: what counts, with what more would bring, and what is within reach."""
    if found is None:
        return []
    counts = [_applied(visit, each, found.currency) for each in found.applied]
    told = (Reason.MORE_NEEDED, Reason.GIFT_GONE)
    near = [_missed(visit, each, found.currency) for each in found.missed if each.reason in told]
    return [*counts, *(said for said in near if said.hint)]


def every_step(visit: Visit, found: Reckoning) -> list[Said]:
    """All that was considered, for staff: what does not count, with the reason."""
    names: dict[UUID, Text] = {each.promotion.promotion_id: each.promotion.name for each in found.applied}
    return [
        *(_applied(visit, each, found.currency) for each in found.applied),
        *(missed(visit, each, found.currency, names) for each in found.missed),
    ]


def missed(visit: Visit, each: Missed, currency: str, names: Mapping[UUID, Text]) -> Said:
    """What does not count, and what counts instead, as far as it has one of these names."""
    said = _missed(visit, each, currency)
    instead = [names[other].in_language(visit.locale) for other in each.by if other in names]
    if not instead:
        return said
    hint = visit.say(N_("{reason} Instead: {names}"), reason=said.hint, names=_joined(visit, instead))
    return msgspec.structs.replace(said, hint=hint)


def price_words(visit: Visit, promotion: Promotion, currency: str) -> str:
    """A special price of which there are not only so many pieces is no flash price: that of a team is one."""
    rule = promotion.rule
    if isinstance(rule, SpecialPrice) and rule.prices and not promotion.limited:
        return visit.say(N_("Special price {price}"), price=money(visit, min(rule.prices.values()), currency))
    return rule_words(visit, rule, currency)


def _applied(visit: Visit, each: Applied, currency: str) -> Said:
    promotion = each.promotion
    return Said(
        name=promotion.name.in_language(visit.locale),
        words=price_words(visit, promotion, currency),
        off=each.off,
        hint=hint_words(visit, each.next, promotion.rule, currency),
        platform=promotion.merchant_id is None,
        counts=True,
        key=str(promotion.promotion_id),
    )


def _missed(visit: Visit, each: Missed, currency: str) -> Said:
    promotion = each.promotion
    reason = visit.say(REASONS[each.reason]) if each.reason in REASONS else ""
    return Said(
        name=promotion.name.in_language(visit.locale),
        words=rule_words(visit, promotion.rule, currency),
        hint=reason or hint_words(visit, each.hint, promotion.rule, currency),
        platform=promotion.merchant_id is None,
        key=str(promotion.promotion_id),
    )


def told(visit: Visit, offers: Sequence[Offer]) -> dict[str, str]:
    """What each of these takes off, by its id."""
    return {str(offer.promotion_id): rule_words(visit, offer.rule, offer.currency) for offer in offers}


def states(visit: Visit, offers: Sequence[Offer]) -> dict[str, tuple[str, str]]:
    """How each of these stands now, in words and with a badge's tone, by its id."""
    now = datetime.now(UTC)
    named = {str(offer.promotion_id): STATES[offer.state(now)] for offer in offers}
    return {promotion_id: (visit.say(word), tone) for promotion_id, (word, tone) in named.items()}
