"""What a shop would have paid: its sales of some days charged by the rules of a day, or by rules that are being drafted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from steelyard.goods import catalog
from steelyard.kernel import ids
from steelyard.kernel.db import Read
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.parties import merchants
from steelyard.parties.merchants.model import ShopCard
from steelyard.surfaces.operator import fee_forms, frame
from steelyard.surfaces.operator.fees import NEEDS
from steelyard.surfaces.web import exports, fee_words
from steelyard.surfaces.web.category_names import names_of
from steelyard.surfaces.web.console import address, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid
from steelyard.surfaces.web.visit import Visit
from steelyard.trade import commission, settlement
from steelyard.trade.commission.model import HOUSE_ZONE, Fee, FeeId, Rule, RuleId, Terms
from steelyard.trade.settlement import Outcome, Trial

TRIAL = f"{frame.FEES}/trial"
DAYS_AT_FIRST = 30
DAYS_MAX = 366
DRAFTS_MAX = 5


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was charged, and would have been, with the tax on it."""

    name: str
    was: int
    would: int

    @property
    def more(self) -> int:
        return self.would - self.was


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A trial of one shop; `drafted` are the rules that were tried beside those that are there."""

    shop: ShopCard | None
    trial: Trial | None
    fees: Sequence[Fee]
    categories: Mapping[UUID, Text]
    choices: Sequence[tuple[UUID, Text]]
    rules: Sequence[Rule]
    drafted: int
    named: fee_words.Named


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the form asks for: days are the house's, `until` within it; `as_of` is the day whose rules count."""

    slug: str
    since: date
    until: date
    as_of: date | None
    drafts: Sequence[tuple[FeeId, bool, UUID | None, Terms]]


def _today() -> date:
    return datetime.now(UTC).astimezone(HOUSE_ZONE).date()


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), HOUSE_ZONE)


def asked(form: Entries) -> Asked:
    """Raises `Invalid`."""
    until = fee_forms.day_typed(form, "until") if form.text("until") else _today()
    since = fee_forms.day_typed(form, "since") if form.text("since") else _today() - timedelta(days=DAYS_AT_FIRST)
    as_of = fee_forms.day_typed(form, "as_of") if form.text("as_of") else None
    if since and until and until < since:
        form.refuse("until", N_("It would end before it begins"))
    elif since and until and (until - since).days >= DAYS_MAX:
        form.refuse("until", N_("A year at most"))
    drafts: list[tuple[FeeId, bool, UUID | None, Terms]] = []
    for number in range(1, DRAFTS_MAX + 1):
        fee_id = as_uuid(form.text(f"{number}-fee"))
        if fee_id is None:
            continue
        terms = fee_forms.terms_of(form, f"{number}-")
        if terms.currency is None and (terms.fixed or terms.least is not None or terms.most is not None):
            form.refuse(f"{number}-currency", N_("Amounts need a currency"))
        if terms.least is not None and terms.most is not None and terms.least > terms.most:
            form.refuse(f"{number}-most", N_("The most is less than the least"))
        own = form.text(f"{number}-whose") != "everybody"
        drafts.append((FeeId(fee_id), own, as_uuid(form.text(f"{number}-category")), terms))
    form.check()
    assert since and until
    return Asked(slug=form.text("shop"), since=since, until=until, as_of=as_of, drafts=drafts)


async def tried(read: Read, wanted: Asked | None) -> Told:
    """Raises `Invalid` naming the fields."""
    fees, tree = await commission.fees(read), await catalog.categories(read)
    shop = await merchants.by_slug(read, wanted.slug) if wanted and wanted.slug else None
    if wanted and wanted.slug and shop is None:
        raise Invalid({"shop": N_("There is no shop with this address")})
    rules: list[Rule] = []
    drafts: list[Rule] = []
    trial: Trial | None = None
    if wanted and shop:
        at = _begin(wanted.as_of) if wanted.as_of else None
        rules = await commission.rules_of_merchant(read, shop.merchant_id, at)
        # Of two that are the same the one that began later counts, and a draft before all that are there.
        rules.sort(key=lambda rule: (rule.valid_from, rule.rule_id))
        known = {fee.fee_id: fee for fee in fees}
        drafts = [
            _rule(known[fee_id], shop.merchant_id if own else None, category_id, terms)
            for fee_id, own, category_id, terms in wanted.drafts
            if fee_id in known
        ]
        trial = await settlement.simulate(
            read, shop.merchant_id, _begin(wanted.since), _begin(wanted.until + timedelta(days=1)), [*rules, *drafts]
        )
    return Told(
        shop=shop,
        trial=trial,
        fees=fees,
        categories=names_of(tree),
        choices=fee_forms.flat(tree),
        rules=[*drafts, *rules],
        drafted=len(drafts),
        named=await fee_words.named(read, [*drafts, *rules]),
    )


def _rule(fee: Fee, merchant_id: UUID | None, category_id: UUID | None, terms: Terms) -> Rule:
    return Rule(
        rule_id=RuleId(ids.mint()),
        fee_id=fee.fee_id,
        name=fee.name,
        place=fee.place,
        kept=fee.kept,
        tax_millionths=fee.tax_millionths,
        valid_from=datetime.now(UTC),
        merchant_id=merchant_id,
        category_id=category_id,
        channel=terms.channel,
        currency=terms.currency,
        millionths=terms.millionths,
        fixed=terms.fixed,
        per_piece=terms.per_piece,
        least=terms.least,
        most=terms.most,
        on_freight=terms.on_freight,
        taxes=terms.taxes,
    )


@get("/fees/trial", opt=NEEDS)
async def trial_page(visit: NamedDependency[Visit]) -> Response[Any]:
    """The form, and what came of it; or the file."""
    query = visit.connection.query_params
    form = Entries({name: list(query.getall(name)) for name in query}, {})
    errors: dict[str, str] = {}
    try:
        found = await visit.db.ask(tried, asked(form))
    except Invalid as refusal:
        errors = errors_of(visit, refusal.fields)
        found = await visit.db.ask(tried, None)
    if found.trial and exports.wanted(visit):
        return _file(visit, found, found.trial)
    today = _today()
    typed = {name: form.text(name) for name in query}
    return await frame.show(
        visit,
        "fee_trial.html",
        frame.FEES,
        crumbs=[(visit.say(N_("Commission and fees")), frame.FEES), (visit.say(N_("Try it on a shop")), None)],
        status=422 if errors else 200,
        found=found,
        typed={"since": (today - timedelta(days=DAYS_AT_FIRST)).isoformat(), "until": today.isoformat(), **typed},
        errors=errors,
        drafts=range(1, DRAFTS_MAX + 1),
        shown=max([1, *(number for number in range(1, DRAFTS_MAX + 1) if typed.get(f"{number}-fee"))]),
        by_currency=_by_currency(visit, found),
        channels=fee_words.CHANNELS,
        taxes=fee_words.TAXES,
        csv_href=address(TRIAL, **{**typed, "format": "csv"}),
    )


def _by_currency(visit: Visit, found: Told) -> dict[str, dict[str, list[Row]]]:
    """By currency, the sums by fee (without tax, and the tax for itself) and by category (with it)."""
    if found.trial is None:
        return {}
    names = {fee.fee_id: fee.name.in_language(visit.locale) for fee in found.fees}
    by_currency: dict[str, list[Outcome]] = {}
    for each in found.trial.outcomes:
        by_currency.setdefault(each.currency, []).append(each)
    told: dict[str, dict[str, list[Row]]] = {}
    for currency, outcomes in by_currency.items():
        fees = [_row(names[fee.fee_id], [each for each in outcomes if each.fee_id == fee.fee_id]) for fee in found.fees]
        tax = Row(
            name=visit.say(N_("Tax on fees")),
            was=sum(each.was_tax for each in outcomes),
            would=sum(each.would_tax for each in outcomes),
        )
        of_category: dict[UUID | None, list[Outcome]] = {}
        for each in outcomes:
            of_category.setdefault(each.category_id, []).append(each)
        categories = [
            Row(
                name=_category(visit, found, category_id),
                was=sum(each.was + each.was_tax for each in those),
                would=sum(each.would + each.would_tax for each in those),
            )
            for category_id, those in of_category.items()
        ]
        told[currency] = {
            "fees": [row for row in [*fees, tax] if row.was or row.would],
            "categories": sorted(categories, key=lambda row: -max(row.was, row.would)),
            "all": [
                Row(
                    name=visit.say(N_("Together")),
                    was=sum(each.was + each.was_tax for each in outcomes),
                    would=sum(each.would + each.would_tax for each in outcomes),
                )
            ],
        }
    return told


def _row(name: str, outcomes: Sequence[Outcome]) -> Row:
    return Row(name=name, was=sum(each.was for each in outcomes), would=sum(each.would for each in outcomes))


def _category(visit: Visit, found: Told, category_id: UUID | None) -> str:
    if category_id is None:
        return visit.say(N_("Freight"))
    return found.categories[category_id].in_language(visit.locale) if category_id in found.categories else "–"


def _file(visit: Visit, found: Told, trial: Trial) -> Response[bytes]:
    columns = (
        *(N_("Charge"), N_("Category"), N_("Currency"), N_("Charged"), N_("Tax on it"), N_("Would have been charged")),
        *(N_("Tax on that"), N_("Difference")),
    )
    names: dict[UUID, Text] = {fee.fee_id: fee.name for fee in found.fees}
    rows = [
        (
            names[each.fee_id],
            _category(visit, found, each.category_id),
            each.currency,
            *(
                Money(amount, each.currency)
                for amount in (
                    each.was,
                    each.was_tax,
                    each.would,
                    each.would_tax,
                    each.would + each.would_tax - each.was - each.was_tax,
                )
            ),
        )
        for each in trial.outcomes
    ]
    return exports.csv_answer(visit, visit.say(N_("Fees tried")), [visit.say(column) for column in columns], rows)


HANDLERS = [trial_page]
