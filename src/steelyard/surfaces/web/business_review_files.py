"""A periodic review as files: a sheet with all its tables, and a paper of it on A4."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from litestar import Response

from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.operations.business_reviews import Breakdown, Brief, Comparison, Figures, Note, Review
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.business_review_words import FACTORS, SPANS, TRIED, Words, title_of
from steelyard.surfaces.web.paper import PaperTable, ReportPaper, report_paper
from steelyard.surfaces.web.visit import Visit

TITLE = N_("Business review")
ROWS_ON_PAPER = 12


def list_file(visit: Visit, reviews: Sequence[Brief]) -> Response[bytes]:
    """The reviews of a list, a line each."""
    columns = (
        N_("Period"), N_("From"), N_("To, included"), N_("Amount paid"), N_("In the period before"), N_("Orders"),
        N_("What was expected"), N_("At least"), N_("At most"), N_("Currency"), N_("Written at"), N_("Notes"),
    )  # fmt: skip

    def money(each: Brief, amount: int | None) -> Money | None:
        return None if amount is None else Money(amount, each.currency)

    rows = [
        [
            visit.say(SPANS[each.span]), each.period.first, each.period.last, money(each, each.paid),
            money(each, each.paid_before), each.orders, money(each, each.expected), money(each, each.low),
            money(each, each.high), each.currency, each.made_at, each.notes,
        ]
        for each in reviews
    ]  # fmt: skip
    return exports.sheet(visit, N_("Business reviews"), columns, rows)


def as_file(visit: Visit, review: Review, against: Comparison) -> Response[bytes]:
    """All its tables below each other: what of, which row, and the figures."""
    words, currency = Words(visit.locale, review.facts), review.facts.currency
    columns = (
        N_("Table"), N_("Row"), N_("This period"), N_("Period compared"), N_("Difference to before"),
        N_("Visitors, pieces or people now"), N_("Visitors, pieces or people before"),
        N_("By its share (mix)"), N_("By what one brought (rate)"), N_("Currency"),
    )  # fmt: skip

    def rows() -> Iterator[list[object]]:
        for name, now, before in figures(words, review.facts.figures, against.figures):
            yield [visit.say(N_("Figures")), name, now, before, "", "", "", "", "", currency]
        for each in against.factors:
            name, part = visit.say(FACTORS[each.name]), Money(each.part, currency)
            yield [visit.say(N_("Factors")), name, each.now, each.before, part, "", "", "", "", currency]
        for title, table in tables(words, against):
            for row in table.rows:
                yield [
                    title, words.row(row), Money(row.paid, currency), Money(row.paid_before, currency),
                    Money(row.change, currency), row.units, row.units_before,
                    None if row.mix is None else Money(row.mix, currency),
                    None if row.rate is None else Money(row.rate, currency), currency,
                ]  # fmt: skip
        for day in review.facts.days:
            expected = day.expected
            yield [
                visit.say(N_("Day by day, beside what was expected")), day.day, Money(day.paid, currency),
                Money(expected.expected, currency) if expected else None,
                Money(day.paid - expected.expected, currency) if expected else None, "", "", "", "", currency,
            ]  # fmt: skip

    return exports.sheet(visit, TITLE, columns, rows())


def figures(words: Words, now: Figures, before: Figures) -> list[tuple[str, str, str]]:
    """The main figures of both periods, in words."""
    say, number = words.say, words.number

    def average(each: Figures) -> str:
        return words.money(round(Fraction(each.paid, each.orders))) if each.orders else "–"

    def share(hits: int, of: int) -> str:
        return words.percent(hits / of) if of else "–"

    told = [
        (say(N_("Amount paid")), words.money(now.paid), words.money(before.paid)),
        (say(N_("Paid orders")), number(now.orders), number(before.orders)),
        (say(N_("Basket (an order’s amount)")), average(now), average(before)),
        (say(N_("Customers")), number(now.customers), number(before.customers)),
        (say(N_("New customers")), number(now.new.people), number(before.new.people)),
        (say(N_("Pieces")), number(now.pieces), number(before.pieces)),
        (say(N_("Given back")), words.money(now.refunds), words.money(before.refunds)),
        (say(N_("Called off")), number(now.cancelled), number(before.cancelled)),
    ]
    if now.visitors or before.visitors:
        told[1:1] = [
            (say(N_("Visitors")), number(now.visitors), number(before.visitors)),
            (
                say(N_("Conversion (orders a visitor)")),
                share(now.orders, now.visitors),
                share(before.orders, before.visitors),
            ),
        ]
    return told


def beside(locale: str, one: Review, other: Review) -> list[tuple[str, str, str]]:
    """The main figures of two reviews, each in its own currency."""
    first, second = (
        figures(Words(locale, each.facts), each.facts.figures, each.facts.figures) for each in (one, other)
    )
    told = {name: said for name, said, _ in second}
    return [(name, said, told.get(name, "–")) for name, said, _ in first]


def tables(words: Words, against: Comparison) -> list[tuple[str, Breakdown]]:
    return [
        (words.say(N_("By customers")), against.customers),
        (words.say(N_("By category")), against.categories),
        (words.say(N_("By channel")), against.channels),
        (words.say(N_("What moved most")), against.goods),
    ]


def paper(locale: str, review: Review, notes: Sequence[Note], names: Mapping[str, str], given_back: int) -> bytes:
    """The review on A4, against the period before it."""
    facts = review.facts
    words = Words(locale, facts)
    say = words.say

    def moment(at: datetime) -> str:
        return f"{at.astimezone(exports.ZONE):%Y-%m-%d %H:%M}"

    tried = [
        "  ".join(
            part
            for part in (
                say(TRIED[each.kind]),
                each.name.in_language(locale) or words.number(each.count),
                moment(each.since) if each.since else "",
                say(N_("{orders}, {paid}"), orders=words.orders(each.orders), paid=words.money(each.paid or 0))
                if each.orders
                else "",
            )
            if part
        )
        for each in facts.tried
    ]
    sections = [
        (say(N_("In sentences")), words.sentences()),
        (say(N_("What was tried")), tried),
        (say(N_("What to do next")), [f"{title}  {why}" for title, why in map(words.advice, facts.advice)]),
        (say(N_("Notes")), [f"{moment(each.at)} {names.get(each.by, '–')}: {each.words}" for each in notes]),
    ]
    return report_paper(
        ReportPaper(
            title=title_of(locale, review.period),
            kind=say(TITLE),
            facts=[
                (say(N_("Figures as of")), moment(review.made_at)),
                (say(N_("Given back since")), words.money(given_back)),
            ],
            sections=[(name, lines) for name, lines in sections if lines],
            tables=_printed(words, review),
            days=[(each.paid, each.expected.expected if each.expected else None) for each in facts.days],
            days_title=say(N_("Day by day")),
            foot=f"{say(TITLE)} · {title_of(locale, review.period)}",
        )
    )


def _printed(words: Words, review: Review) -> list[PaperTable]:
    """The tables of the paper, each with its first rows."""
    facts, say = review.facts, words.say
    columns = [say(N_("This period")), say(N_("Period compared")), say(N_("Difference to before"))]
    return [
        PaperTable(
            title=say(N_("Figures")),
            columns=["", *columns[:2]],
            rows=[[name, now, before] for name, now, before in figures(words, facts.figures, facts.before.figures)],
        ),
        *(
            PaperTable(
                title=title,
                columns=["", *columns],
                rows=[
                    [words.row(row), words.money(row.paid), words.money(row.paid_before), words.signed(row.change)]
                    for row in table.rows[:ROWS_ON_PAPER]
                ],
            )
            for title, table in tables(words, facts.before)
            if table.rows
        ),
    ]
