"""Forms of promotions: which kinds there are, what a form's fields ask for, and an offer as the fields that would make it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from steelyard.goods import promotions
from steelyard.goods.catalog.model import SkuId
from steelyard.goods.promotions.model import (
    AmountOff,
    Bundle,
    BuyGet,
    Counted,
    FreeShipping,
    Gift,
    Ladder,
    Offer,
    OfferState,
    PiecesFor,
    RateOff,
    Rule,
    SpecialPrice,
    Step,
)
from steelyard.kernel import ids
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.surfaces.web.entries import Entries, as_uuid
from steelyard.surfaces.web.moments import local_time, moment_of
from steelyard.surfaces.web.visit import Visit

STEPS = 3
PARTS = 4
PIECES_MAX = 999
COUNT_MAX = 1_000_000
DAYS = 7
# What a shop can offer: (kind, what it is called, an example, its icon).
KINDS = (
    ("amount_off", N_("So much off"), N_("¥20 off over ¥200, or for each ¥200"), "badge-percent"),
    ("rate_off", N_("A part off"), N_("A tenth off from two pieces on"), "percent"),
    ("buy_get", N_("Some for nothing"), N_("Buy two, get the cheapest third for nothing"), "gift"),
    ("pieces_for", N_("Several at one price"), N_("Any three for ¥99"), "boxes"),
    (
        "ladder",
        N_("Cheaper by the dozen"),
        N_("Of one article: a twentieth off from 10 pieces on, a tenth from 50"),
        "layers",
    ),
    ("free_shipping", N_("Free delivery"), N_("Goes free over ¥99"), "truck"),
)
# What names articles is for one shop.
SHOP_KINDS = (
    (
        "sale",
        N_("A lower price"),
        N_("A fifth off each piece, on every card and page, with the old price struck out"),
        "tag",
    ),
    *KINDS,
    ("gift", N_("A gift with it"), N_("Over ¥200 a tea caddy comes with it, as long as there are any"), "gift"),
    ("bundle", N_("A set at one price"), N_("Pot, two cups and tea together for ¥199"), "package-plus"),
    ("special", N_("A price for members"), N_("A tenth off each piece for one group of customers"), "users-round"),
)
KIND_NAMES = {kind: name for kind, name, _, _ in KINDS}
SHOP_KIND_NAMES = {kind: name for kind, name, _, _ in SHOP_KINDS}
# Those whose rules name articles.
OF_ARTICLES = frozenset({"gift", "bundle"})
# How a lower price is said.
HOW = (
    ("percent", N_("A percentage off each piece")),
    ("off", N_("So much off each piece")),
    ("price", N_("One price for each piece")),
)
NO_ARTICLE = N_("No article of yours on the shelf has this number")
Kinds = tuple[tuple[str, str, str, str], ...]
# Articles by their numbers in capitals.
Articles = Mapping[str, UUID]


def moment(form: Entries, name: str) -> datetime | None:
    found = moment_of(form.text(name, required=True, most=30))
    if found is None:
        form.refuse(name, N_("Please enter a day and an hour"))
    return found


def rule_of(  # noqa: PLR0911  # one for each kind
    form: Entries, kind: str, currency: str, articles: Articles | None = None
) -> Rule | None:
    pieces = form.text("counted") == Counted.PIECES
    match kind:
        case "amount_off":
            steps = tuple(
                Step(over, form.money(f"off_{n}", currency) or 0)
                for n in range(STEPS)
                if (over := form.money(f"over_{n}", currency, required=n == 0)) is not None
            )
            return AmountOff(steps=steps, again=form.flag("again")) if steps else None
        case "rate_off":
            counted = Counted.PIECES if pieces else Counted.AMOUNT
            steps = tuple(_rate_steps(form, currency, pieces=pieces))
            return RateOff(steps=steps, counted=counted) if steps else None
        case "ladder":
            steps = tuple(_rate_steps(form, currency, pieces=True))
            return Ladder(steps=steps) if steps else None
        case "buy_get":
            return BuyGet(
                buy=form.number("buy", least=1, most=PIECES_MAX), get=form.number("get", least=1, most=PIECES_MAX)
            )
        case "pieces_for":
            price = form.money("price", currency)
            return PiecesFor(pieces=form.number("pieces", least=1, most=PIECES_MAX), price=price or 0)
        case "gift":
            return _gift_of(form, currency, articles or {})
        case "bundle":
            return _bundle_of(form, currency, articles or {})
        case "sale":
            return _sale_of(form, currency)
        case "special":
            return SpecialPrice(millionths=10_000 * form.number("percent_0", least=1, most=99))
        case _:
            return FreeShipping(over=form.money("over_0", currency, required=False) or 0)


def _sale_of(form: Entries, currency: str) -> SpecialPrice:
    match form.text("how"):
        case "off":
            return SpecialPrice(off=form.money("less", currency) or 0)
        case "price":
            return SpecialPrice(price=form.money("less", currency) or 0)
        case _:
            return SpecialPrice(millionths=10_000 * form.number("less", least=1, most=99))


def _gift_of(form: Entries, currency: str, articles: Articles) -> Gift | None:
    counted = Counted.PIECES if form.text("counted") == Counted.PIECES else Counted.AMOUNT
    over = form.number("over_0", least=1) if counted is Counted.PIECES else form.money("over_0", currency)
    worth = form.money("worth", currency)
    what = _article(form, "gift", articles)
    pieces = form.number("pieces", otherwise=1, least=1, most=PIECES_MAX)
    return None if what is None else Gift(over=over or 0, sku_id=what, worth=worth or 0, pieces=pieces, counted=counted)


def _bundle_of(form: Entries, currency: str, articles: Articles) -> Bundle | None:
    """Rows of articles and pieces; the first two are wanted. A row that names an article once more adds its pieces."""
    parts: dict[SkuId, int] = {}
    for n in range(PARTS):
        if n > 1 and not form.text(f"part_{n}"):
            continue
        what = _article(form, f"part_{n}", articles)
        count = form.number(f"count_{n}", otherwise=1, least=1, most=PIECES_MAX)
        if what is not None:
            parts[what] = parts.get(what, 0) + count
    price = form.money("price", currency)
    return Bundle(parts=parts, price=price or 0) if parts else None


def _article(form: Entries, name: str, articles: Articles) -> SkuId | None:
    """By its number, or as `typed_of` says it."""
    value = form.text(name, required=True, most=80)
    found = articles.get(value.upper()) or as_uuid(value)
    if found is None:
        form.refuse(name, NO_ARTICLE)
    return None if found is None else SkuId(found)


def _rate_steps(form: Entries, currency: str, *, pieces: bool) -> list[Step]:
    """Rows of thresholds and whole percents; the first is wanted."""
    found: list[Step] = []
    for n in range(STEPS):
        if n and not form.text(f"over_{n}"):
            continue
        over = form.number(f"over_{n}", least=1) if pieces else form.money(f"over_{n}", currency)
        found.append(Step(over or 0, 10_000 * form.number(f"percent_{n}", least=1, most=99)))
    return found


def kind_of(offer: Offer) -> str:
    """The kind of an offer as the form calls it; the empty word for what no form makes."""
    if offer.shelf:
        return "sale"
    names: dict[type[object], str] = {
        AmountOff: "amount_off", RateOff: "rate_off", BuyGet: "buy_get", PiecesFor: "pieces_for", Ladder: "ladder",
        FreeShipping: "free_shipping", Gift: "gift", Bundle: "bundle", SpecialPrice: "special",
    }  # fmt: skip
    return names.get(type(offer.rule), "")


def typed_of(offer: Offer) -> Entries:
    """An offer as the form that would make it, to be changed before it begins."""
    fields = {
        "promotion_id": str(offer.promotion_id),
        "name_zh": offer.name.get("zh-Hans", ""),
        "name_en": offer.name.get("en", ""),
        "starts_at": local_time(offer.starts_at),
        "ends_at": local_time(offer.ends_at),
        "budget": amount(offer.budget, offer.currency),
        "coupon": "1" if offer.coupon else "",
        "copies": str(offer.copies or ""),
        "per_buyer": str(offer.per_buyer or ""),
        "code": offer.code or "",
        "new_buyers": "1" if offer.new_buyers else "",
        "given": "1" if offer.given else "",
        "group": str(offer.group_id or ""),
        "seen": promotions.version_of(offer),
        "platform": f"{offer.platform_millionths / 10_000:g}",
    } | (_sale_fields(offer) if offer.shelf else _rule_fields(offer.rule, offer.currency))
    named = {
        "products": offer.scope.products, "categories": offer.scope.categories, "shops": offer.scope.shops,
    }  # fmt: skip
    return Entries(
        {name: [value] for name, value in fields.items() if value}
        | {name: [str(each) for each in some] for name, some in named.items()},
        {},
    )


def told_of(offer: Offer) -> dict[str, object]:
    """A promotion as the audit log tells it: what staff decide, without what has come of it."""
    starts, ends = offer.starts_at.astimezone(UTC), offer.ends_at.astimezone(UTC)
    said = msgspec.to_builtins(
        msgspec.structs.replace(offer, starts_at=starts, ends_at=ends, flash=None), str_keys=True
    )
    return {name: value for name, value in said.items() if name not in ("claimed", "spent", "flash")}


def changeable(offer: Offer, at: datetime) -> bool:
    """Whether the form can change it: it has not begun, nobody has claimed one, and the form says all that it says."""
    kind = kind_of(offer)
    fresh = offer.stopped_at is None and offer.starts_at > at and not offer.claimed
    return fresh and bool(kind) and rule_of(typed_of(offer), kind, offer.currency) == offer.rule


def form_values(
    visit: Visit, kind: str, typed: Entries, currency: str, at: datetime, kinds: Kinds = KINDS
) -> dict[str, Any]:
    """What the fields of `web/offer_fields.html` are shown with."""
    return {
        "kind": kind if kind in {each for each, _, _, _ in kinds} else "",
        "kinds": [(each, visit.say(name), visit.say(example), icon) for each, name, example, icon in kinds],
        "parts": range(PARTS),
        "how": [(each, visit.say(name)) for each, name in HOW],
        "typed": typed,
        "currency": currency,
        "steps": range(STEPS),
        "promotion_id": typed.text("promotion_id") or ids.mint(),
        "seen": typed.text("seen"),
        "starts_at": typed.text("starts_at") or local_time(at),
        "ends_at": typed.text("ends_at") or local_time(at + timedelta(days=DAYS)),
    }


def act_values(offer: Offer, entered: Entries, at: datetime) -> dict[str, Any]:
    """What the fields of `web/offer_acts.html` are shown with."""
    return {
        "entered": entered,
        "seen": promotions.version_of(offer),
        "ends_at": entered.text("ends_at") or local_time(offer.ends_at),
        "budget": entered.text("budget") or amount(offer.budget, offer.currency),
        "gift_id": ids.mint(),
        "extendable": offer.state(at) in (OfferState.RUNNING, OfferState.SPENT),
    }


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the fields that all promotions have in common say."""

    name: Text
    rule: Rule
    starts_at: datetime
    ends_at: datetime
    budget: int | None
    coupon: bool
    copies: int | None
    per_buyer: int | None
    code: str | None
    new_buyers: bool = False
    given: bool = False
    group_id: UUID | None = None
    shelf: bool = False


def terms_of(form: Entries, kind: str, currency: str, articles: Articles | None = None) -> Terms | None:
    """What the form asks for; what cannot be read is noted in it, and then there may be none."""
    coupon, shelf = form.flag("coupon") and kind != "sale", kind == "sale"
    starts, ends = moment(form, "starts_at"), moment(form, "ends_at")
    name = form.words("name", required=True, most=60)
    rule = rule_of(form, kind, currency, articles)
    budget = None if kind in ("gift", "sale") else form.money("budget", currency, required=False)
    copies = form.number("copies", otherwise=0, most=COUNT_MAX) if coupon else 0
    per_buyer = form.number("per_buyer", otherwise=1, least=1, most=PIECES_MAX) if coupon else None
    code = form.text("code", most=30).upper().replace(" ", "") if coupon else ""
    if starts is None or ends is None or rule is None:
        return None
    return Terms(
        name=name,
        rule=rule,
        starts_at=starts,
        ends_at=ends,
        budget=budget,
        coupon=coupon,
        copies=copies or None,
        per_buyer=per_buyer,
        code=code or None,
        new_buyers=coupon and form.flag("new_buyers"),
        given=coupon and form.flag("given"),
        group_id=None if shelf else as_uuid(form.text("group")),
        shelf=shelf,
    )


def _sale_fields(offer: Offer) -> dict[str, str]:
    rule = offer.rule
    assert isinstance(rule, SpecialPrice), "what stands on the shelf is a price"
    if rule.price is not None:
        return {"how": "price", "less": amount(rule.price, offer.currency)}
    if rule.off:
        return {"how": "off", "less": amount(rule.off, offer.currency)}
    return {"how": "percent", "less": str(rule.millionths // 10_000)}


def _rule_fields(rule: Rule, currency: str) -> dict[str, str]:  # noqa: PLR0911  # one for each kind
    match rule:
        case AmountOff():
            steps = {f"over_{n}": amount(step.over, currency) for n, step in enumerate(rule.steps)}
            offs = {f"off_{n}": amount(step.off, currency) for n, step in enumerate(rule.steps)}
            return steps | offs | {"again": "1" if rule.again else ""}
        case RateOff() | Ladder():
            pieces = isinstance(rule, Ladder) or rule.counted is Counted.PIECES
            overs = {
                f"over_{n}": str(step.over) if pieces else amount(step.over, currency)
                for n, step in enumerate(rule.steps)
            }
            rates = {f"percent_{n}": str(step.off // 10_000) for n, step in enumerate(rule.steps)}
            return overs | rates | {"counted": "pieces" if pieces else "amount"}
        case BuyGet():
            return {"buy": str(rule.buy), "get": str(rule.get)}
        case PiecesFor():
            return {"pieces": str(rule.pieces), "price": amount(rule.price, currency)}
        case FreeShipping():
            return {"over_0": amount(rule.over, currency)}
        case Gift():
            over = str(rule.over) if rule.counted is Counted.PIECES else amount(rule.over, currency)
            worth, pieces = amount(rule.worth, currency) or "0", str(rule.pieces)
            counted = str(rule.counted)
            return {"over_0": over, "gift": str(rule.sku_id), "worth": worth, "pieces": pieces, "counted": counted}
        case SpecialPrice():
            return {"percent_0": str(rule.millionths // 10_000)}
        case Bundle():
            named = {f"part_{n}": str(sku_id) for n, sku_id in enumerate(rule.parts)}
            counts = {f"count_{n}": str(count) for n, count in enumerate(rule.parts.values())}
            return named | counts | {"price": amount(rule.price, currency)}


def amount(amount: int | None, currency: str) -> str:
    return "" if not amount else str(Money(amount, currency).decimal())
