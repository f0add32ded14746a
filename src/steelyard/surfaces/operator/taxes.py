"""Tax: reports of all sellers or one, the rates that count and are planned, and tables of rates that are read in."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from steelyard.goods import taxes
from steelyard.goods.taxes.model import RATED, TABLE_BYTES_MAX, DatedRate
from steelyard.kernel import days
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.errors import Invalid
from steelyard.kernel.i18n import N_
from steelyard.parties import access
from steelyard.parties.access.model import Actor
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.operator import frame
from steelyard.surfaces.operator.rights import day_typed
from steelyard.surfaces.web import exports, tax_views
from steelyard.surfaces.web.console import address, done, errors_of
from steelyard.surfaces.web.entries import Entries, as_uuid, entries_of
from steelyard.surfaces.web.pages import redirect
from steelyard.surfaces.web.visit import Visit, WebRequest
from steelyard.trade import tax_reports
from steelyard.trade.tax_reports import Scheme, Seller, TaxLine

NEEDS = {"permission": "ledger.read"}
WRITES = {"permission": "taxes.manage"}
RATES = f"{frame.TAXES}/rates"
PROBLEMS_SHOWN_MAX = 100
CLASSES: dict[str, str] = {
    "standard": N_("Standard rate"),
    "reduced": N_("Reduced rate"),
    "reduced2": N_("Second reduced rate"),
    "super_reduced": N_("Super-reduced rate"),
    "parking": N_("Parking rate"),
}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    sellers: Sequence[Seller]
    lines: Sequence[TaxLine]


async def told(read: Read, span: tax_views.Span, merchant_id: MerchantId | None) -> Told:
    return Told(
        sellers=await tax_reports.sellers(read),
        lines=await tax_reports.report(read, span.first, span.last, merchant_id),
    )


@get("/taxes", opt=NEEDS)
async def tax_page(
    visit: NamedDependency[Visit],
    view: FromQuery[str] = "report",
    span: FromQuery[str] = "",
    seller: FromQuery[str] = "",
) -> Response[Any]:
    """The report of all sellers or one, or the file of it."""
    shown, today = view if view in tax_views.VIEWS else "report", days.today()
    asked, whose = tax_views.chosen(span, today), as_uuid(seller)
    found = await visit.db.ask(told, asked, MerchantId(whose) if whose else None)
    lines = tax_reports.folded(found.lines) if shown == "report" else tax_reports.one_stop(found.lines, Scheme(shown))
    if exports.wanted(visit):
        return tax_views.as_file(visit, shown, asked, lines)
    return await frame.show(
        visit,
        "taxes.html",
        frame.TAXES,
        sellers=[(str(each.merchant_id), each.name.in_language(visit.locale)) for each in found.sellers],
        seller=seller if whose else "",
        rates_href=RATES,
        **tax_views.values(visit, frame.TAXES, shown, asked, today, lines, seller=seller if whose else ""),
    )


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    countries: Sequence[str]
    rates: Sequence[DatedRate]


async def rates(read: Read, country: str) -> Rates:
    return Rates(countries=await taxes.places(read), rates=await taxes.rates_of(read, country) if country else [])


@get("/taxes/rates", opt=NEEDS)
async def rate_list(visit: NamedDependency[Visit], country: FromQuery[str] = "CN") -> Response[Any]:
    """The rates of a country: what counts, what counted and what is planned; or all that count, as a file."""
    if exports.wanted(visit):
        return await _file(visit)
    return await _page(visit, country.upper()[:2])


async def _file(visit: Visit) -> Response[Any]:
    found = await visit.db.ask(taxes.rates_on, days.today())
    rows = [
        (
            each.country, each.region, each.tax_class, percent(each.millionths), each.valid_from, each.valid_to,
            "yes" if each.inclusive else "no", each.name.get("zh-Hans", ""), each.name.get("en", ""),
        )
        for each in found
    ]  # fmt: skip
    return exports.csv_answer(visit, visit.say(N_("Tax rates")), taxes.COLUMNS, rows)


def percent(millionths: int) -> str:
    return f"{Decimal(millionths).scaleb(-4).normalize():f}"


async def _page(
    visit: Visit,
    country: str,
    form: Entries | None = None,
    errors: Mapping[str, str] | None = None,
    problems: Sequence[taxes.Problem] = (),
) -> Response[Any]:
    found = await visit.db.ask(rates, country)
    today = days.today()
    return await frame.show(
        visit,
        "tax_rates.html",
        frame.TAXES,
        crumbs=[(visit.say(N_("Taxes")), frame.TAXES), (visit.say(N_("Tax rates")), None)],
        status=422 if errors or problems else 200,
        country=country,
        countries=[(each, each) for each in found.countries],
        rates=[(each, _when(each, today), percent(each.millionths)) for each in found.rates],
        classes=[(key, visit.say(words)) for key, words in CLASSES.items()],
        class_words={key: visit.say(words) for key, words in CLASSES.items()},
        form=form or Entries({}, {}),
        typed=form is not None,
        errors=errors or {},
        problems=[(each.where, visit.say(each.what)) for each in problems[:PROBLEMS_SHOWN_MAX]],
        left_out=max(0, len(problems) - PROBLEMS_SHOWN_MAX),
        base=RATES,
        megabytes=TABLE_BYTES_MAX // 1024 // 1024,
        columns=", ".join(taxes.COLUMNS),
    )


def _when(rate: DatedRate, today: date) -> str:
    if rate.valid_from > today:
        return "planned"
    return "past" if rate.valid_to is not None and rate.valid_to <= today else "now"


def read_rate(form: Entries) -> DatedRate:
    """A rate as it is typed. Raises `Invalid`."""
    typed = form.text("rate", required=True).removesuffix("%").strip()
    try:
        value = Decimal(typed or "0") * 10_000
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value != value.to_integral_value() or not 0 <= value <= 1_000_000:
        form.refuse("rate", N_("Please enter a rate in percent, such as 7.25."))
    first, last = day_typed(form, "valid_from"), None
    if form.text("valid_to"):
        last = day_typed(form, "valid_to")
    name = form.words("name", required=True, most=60)
    country, region = form.text("country", required=True, most=2).upper(), form.text("region", most=20).upper()
    form.check()
    assert first is not None
    return DatedRate(
        country=country,
        region=region,
        tax_class=form.text("tax_class") if form.text("tax_class") in RATED else "",
        valid_from=first,
        valid_to=last,
        millionths=int(value),
        inclusive=form.text("inclusive") != "no",
        name=name,
    )


async def keep(tx: Tx, actor: Actor, found: Sequence[DatedRate], what: str) -> int:
    changed = await taxes.keep_rates(tx, found)
    if changed:
        await access.audit(tx, actor, "taxes.rates", what, {"rates": len(found), "changed": changed})
    return changed


@post("/taxes/rates", opt=WRITES)
async def keep_rate(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Enter a rate, from a day that has come or is to come."""
    form = await entries_of(request)
    try:
        rate = read_rate(form)
        what = f"{rate.country} {rate.region} {rate.tax_class} {rate.valid_from} {percent(rate.millionths)}%"
        await visit.db.transact(keep, visit.actor, [rate], what)
    except Invalid as refusal:
        return await _page(visit, form.text("country").upper()[:2], form, errors_of(visit, refusal.fields))
    said = visit.say(N_("The rate is kept. Orders that were placed keep theirs."))
    return redirect(visit, address(RATES, country=rate.country), (said, "good"))


@post("/taxes/rates/table", opt=WRITES)
async def read_in(visit: NamedDependency[Visit], request: WebRequest) -> Response[Any] | Redirect:
    """Read a table of rates in: whole or not at all."""
    form = await entries_of(request)
    files = form.files("table")
    if not files:
        return await _page(visit, "CN", form, {"table": visit.say(N_("Please choose a file."))})
    table = taxes.read_table(await files[0].read())
    if table.problems:
        return await _page(visit, "CN", problems=table.problems)
    try:
        changed = await visit.db.transact(keep, visit.actor, table.rates, files[0].filename)
    except Invalid as refusal:
        return await _page(visit, "CN", form, {"table": " ".join(errors_of(visit, refusal.fields).values())})
    said = visit.say(
        N_(
            "{rates} rates were read; {changed} of them were new or different. Left out: {skipped} that are told apart by "
            "postal code only, or of classes that are not used here."
        ),
        rates=len(table.rates), changed=changed, skipped=table.skipped,
    )  # fmt: skip
    country = table.rates[0].country if table.rates else "CN"
    return redirect(visit, address(RATES, country=country), (said, "good"))


async def forget(tx: Tx, actor: Actor, country: str, region: str, tax_class: str, first: date) -> None:
    gone = await taxes.forget_rate(tx, country, region, tax_class, first, days.today())
    what = f"{country} {region} {tax_class} {first} {percent(gone.millionths)}%"
    await access.audit(tx, actor, "taxes.forget", what, {})


@post("/taxes/rates/forget", opt=WRITES)
async def forget_rate(visit: NamedDependency[Visit], request: WebRequest) -> Redirect:
    """Take a planned rate out."""
    form = await entries_of(request)
    country, first = form.text("country", most=2), day_typed(form, "valid_from")
    back = address(RATES, country=country)
    if first is None:
        return redirect(visit, back, (visit.say(N_("Please enter a day.")), "bad"))
    return await done(
        visit,
        back,
        N_("The planned rate is taken out."),
        lambda: visit.db.transact(forget, visit.actor, country, form.text("region"), form.text("tax_class"), first),
    )


HANDLERS = [tax_page, rate_list, keep_rate, read_in, forget_rate]
