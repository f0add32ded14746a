"""A periodic review in sentences: each is a fact of the review, put into words in a reader's language, and nothing more. A
cause is named only where the sum names it."""

from collections.abc import Sequence
from datetime import date

from babel import dates, numbers

from steelyard.kernel import i18n
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.kernel.text import Text
from steelyard.operations.business_reviews import Advice, Comparison, Facts, Period, Row, Span
from steelyard.surfaces.web.figures import SOURCES
from steelyard.surfaces.web.lifecycle_words import STAGES

SPANS = {Span.DAY: N_("A day"), Span.WEEK: N_("A week"), Span.MONTH: N_("A month")}
FACTORS = {
    "visitors": N_("Visitors"),
    "conversion": N_("Conversion (orders a visitor)"),
    "basket": N_("Basket (an order’s amount)"),
    "customers": N_("Customers"),
    "frequency": N_("Orders a customer"),
}
GROUPS = {"new": N_("Newly won customers"), "returning": N_("Returning customers"), "unknown": N_("Unknown")}
TRIED = {
    "promotion": N_("Promotion"),
    "coupon": N_("Coupon"),
    "flash": N_("Flash sale"),
    "presale": N_("Presale"),
    "group": N_("Group buying"),
    "campaign": N_("Platform campaign"),
    "experiment": N_("Experiment"),
    "live": N_("Live session"),
    "journey": N_("Journey"),
    "link": N_("Campaign link"),
    "price": N_("Articles whose price was changed"),
    "product": N_("New products"),
}
STEPS = {
    "product": N_("from the shop to a product"),
    "cart": N_("from a product to the cart"),
    "checkout": N_("from the cart to the checkout"),
    "paid": N_("from the checkout to payment"),
}
# What a suggestion asks for, and its evidence.
ADVICE: dict[str, tuple[str, str]] = {
    "channel_conversion": (
        N_("Find out why visitors by “{name}” buy less often"),
        N_(
            "{orders} of {visitors} visitors ordered, against {orders_before} of {visitors_before} before. That cost {money}."
        ),
    ),
    "channel_visitors": (
        N_("Win visitors by “{name}” back"),
        N_(
            "{visitors} visitors came by it, against {visitors_before} before. At what they brought then, that is {money}."
        ),
    ),
    "funnel": (
        N_("Look at the step {name}"),
        N_("{hits} of {of} took it, against {hits_before} of {of_before} before."),
    ),
    "basket": (
        N_("Raise what an order comes to: bundles, a threshold for free freight"),
        N_("Smaller orders alone cost {money}."),
    ),
    "new_customers": (
        N_("Win more new customers"),
        N_("{people} people bought for the first time, against {people_before} before."),
    ),
    "returning_customers": (
        N_("Bring customers back: a journey or a coupon for who has bought before"),
        N_("{people} customers came back, against {people_before} before."),
    ),
    "asleep": (
        N_("Wake customers who have become “{name}”"),
        N_("{people} became so, against {people_before} before."),
    ),
    "refunds": (
        N_("Find out why more goes back"),
        N_("{hits} refunds beside {of} paid orders, against {hits_before} beside {of_before} before."),
    ),
    "cancelled": (
        N_("Find out why more orders are called off"),
        N_("{hits} were called off beside {of} paid ones, against {hits_before} beside {of_before} before."),
    ),
    "sold_out": (
        N_("Restock “{name}”, or offer something else in its place"),
        N_("It is sold out; {units} pieces were sold, against {units_before} before ({money})."),
    ),
    "falling": (
        N_("Look at “{name}”: price, page, reviews"),
        N_("{units} pieces were sold, against {units_before} before ({money})."),
    ),
    "shop_falling": (
        N_("Ask the shop “{name}” why it sells less"),
        N_("{units} orders came in, against {units_before} before ({money})."),
    ),
    "running_out": (
        N_("Order more of “{name}”"),
        N_("{units} pieces were sold in the period ({money} more than before), {free} are left."),
    ),
    "below": (
        N_("Find out what happened on {name}"),
        N_("{paid} came in; {expected} was expected."),
    ),
    "above": (
        N_("Write down what made {name} so good, and do it again"),
        N_("{paid} came in; {expected} was expected."),
    ),
    "unlearned": (
        N_("Write down what the experiment “{name}” taught"),
        N_("It ended in this period."),
    ),
    "nothing_tried": (
        N_("Plan something: nothing was tried in this period"),
        N_("Less came in by {money}."),
    ),
}
MONEY_OF = ("rate", "lost", "part", "change", "fell")


class Words:
    """Puts a review into words for a reader of `locale`."""

    def __init__(self, locale: str, facts: Facts) -> None:
        self.locale = locale
        self._facts = facts
        self._babel = i18n.babel_locale(locale)

    def say(self, message: str, **facts: object) -> str:
        words = i18n.translations(self.locale).gettext(message)
        return words.format_map(facts) if facts else words

    def orders(self, count: int) -> str:
        words = i18n.translations(self.locale).ngettext("{count} order", "{count} orders", count)
        return words.format(count=self.number(count))

    def money(self, amount: int) -> str:
        value = Money(amount, self._facts.currency)
        return numbers.format_currency(value.decimal(), value.currency, locale=self._babel)

    def signed(self, amount: int) -> str:
        """With its sign, for changes."""
        said = self.money(abs(amount))
        return f"+{said}" if amount > 0 else f"−{said}" if amount < 0 else said

    def percent(self, ratio: float) -> str:
        return numbers.format_percent(ratio, "#,##0.#%", locale=self._babel)

    def number(self, value: float) -> str:
        return numbers.format_decimal(value, "#,##0.##", locale=self._babel)

    def change(self, now: float, before: float) -> str:
        """By how many per cent; nothing where there was nothing."""
        if not before:
            return "–"
        ratio = now / before - 1
        said = self.percent(abs(ratio))
        return f"+{said}" if ratio > 0 else f"−{said}" if ratio < 0 else said

    def day(self, day: date) -> str:
        return dates.format_date(day, "medium", locale=self._babel)

    def row(self, row: Row) -> str:
        if row.name:
            return row.name.in_language(self.locale)
        known = {**SOURCES, **GROUPS, "rest": N_("Freight and what is of no category")}
        return self.say(known[row.key]) if row.key in known else row.key

    def factor(self, name: str, value: float) -> str:
        if name == "conversion":
            return self.percent(value)
        return self.money(round(value)) if name == "basket" else self.number(value)

    def sentences(self) -> list[str]:
        """What there is to say of the whole, the most important first."""
        facts = self._facts
        found = [*self._moved(), *self._why(facts.before)]
        if facts.foretold is not None:
            found += self._against_forecast()
        out = [each for each in facts.days if each.stands_out]
        if out and len(facts.days) > 1:
            days = [f"{self.day(each.day)} ({self.money(each.paid)})" for each in out[:5]]
            found.append(self.say(N_("Days outside their bounds: {days}."), days=self.listed(days)))
        return [*found, *self._goods(facts.before), *self._back()]

    def _moved(self) -> list[str]:
        facts = self._facts
        before = facts.before.figures
        found = [
            self.say(
                N_("{paid} came in for {orders}; the period before brought {before} ({change})."),
                paid=self.money(facts.figures.paid),
                orders=self.orders(facts.figures.orders),
                before=self.money(before.paid),
                change=self.change(facts.figures.paid, before.paid),
            )
        ]
        if facts.year is not None:
            found.append(
                self.say(
                    N_("The same period of last year brought {before} ({change})."),
                    before=self.money(facts.year.figures.paid),
                    change=self.change(facts.figures.paid, facts.year.figures.paid),
                )
            )
        for currency, amount in facts.others.items():
            value = Money(amount, currency)
            said = numbers.format_currency(value.decimal(), currency, locale=self._babel)
            found.append(self.say(N_("Besides, {amount} came in in another currency."), amount=said))
        return found

    def _why(self, against: Comparison) -> list[str]:
        if not against.factors:
            return []
        parts = [
            self.say(N_("{name} {part}"), name=self.say(FACTORS[each.name]), part=self.signed(each.part))
            for each in sorted(against.factors, key=lambda each: -abs(each.part))
        ]
        found = [self.say(N_("Of the change: {parts}."), parts=self.listed(parts))]
        groups = [
            self.say(N_("{name} {part}"), name=self.row(row), part=self.signed(row.change))
            for row in against.customers.rows
        ]
        return [*found, self.say(N_("By customers: {parts}."), parts=self.listed(groups))] if groups else found

    def _against_forecast(self) -> list[str]:
        facts = self._facts
        assert facts.foretold is not None
        total = facts.foretold.total
        found: list[str] = []
        if total.low is not None and total.high is not None:
            paid = facts.figures.paid
            message = (
                N_("That is less than the days before it had led one to expect: {expected}, between {low} and {high}.")
                if paid < total.low
                else N_(
                    "That is more than the days before it had led one to expect: {expected}, between {low} and {high}."
                )
                if paid > total.high
                else N_("That is as the days before it had led one to expect: {expected}, between {low} and {high}.")
            )
            found.append(
                self.say(
                    message,
                    expected=self.money(total.expected),
                    low=self.money(total.low),
                    high=self.money(total.high),
                )
            )
        else:
            found.append(
                self.say(
                    N_("By the days before it {expected} was to be expected; there are too few of them for bounds."),
                    expected=self.money(total.expected),
                )
            )
        if facts.foretold.season is not None:
            found.append(
                self.say(
                    N_("Last year’s season multiplied the expectation by {factor}."),
                    factor=self.number(round(facts.foretold.season, 2)),
                )
            )
        return found

    def _goods(self, against: Comparison) -> list[str]:
        rising = max(against.goods.rows, key=lambda row: row.change, default=None)
        falling = min(against.goods.rows, key=lambda row: row.change, default=None)
        found: list[str] = []
        if rising is not None and rising.change > 0:
            found.append(
                self.say(
                    N_("Rose most: “{name}” ({change})."), name=self.row(rising), change=self.signed(rising.change)
                )
            )
        if falling is not None and falling.change < 0:
            found.append(
                self.say(
                    N_("Fell most: “{name}” ({change})."), name=self.row(falling), change=self.signed(falling.change)
                )
            )
        return found

    def _back(self) -> list[str]:
        figures = self._facts.figures
        if not figures.refunds:
            return []
        return [
            self.say(
                N_("Given back in the period: {amount} of {orders}."),
                amount=self.money(figures.refunds),
                orders=self.orders(figures.refunded_orders),
            )
        ]

    def listed(self, words: Sequence[str]) -> str:
        return ("、" if self.locale.startswith("zh") else ", ").join(words)

    def advice(self, each: Advice) -> tuple[str, str]:
        """What is suggested, and on which evidence."""
        title, why = ADVICE[each.code]
        money = next((int(each.evidence[name]) for name in MONEY_OF if name in each.evidence), 0)
        facts: dict[str, object] = {
            name: self.number(value) if isinstance(value, (int, float)) else value
            for name, value in each.evidence.items()
        }
        for name in ("paid", "expected"):
            if name in each.evidence:
                facts[name] = self.money(int(each.evidence[name]))
        facts |= {"money": self.money(abs(money)), "name": self._about(each)}
        return self.say(title, **facts), self.say(why, **facts)

    def _about(self, each: Advice) -> str:
        if each.name:
            return each.name.in_language(self.locale)
        if each.code in ("below", "above"):
            return self.day(date.fromisoformat(each.key))
        known = {**SOURCES, **STEPS, **STAGES}
        return self.say(known[each.key]) if each.key in known else each.key


def title_of(locale: str, period: Period) -> str:
    """What a period is called: a day, a week from Monday to Sunday, a month."""
    babel = i18n.babel_locale(locale)
    match period.span:
        case Span.DAY:
            return dates.format_date(period.first, "full", locale=babel)
        case Span.WEEK:
            first, last = (dates.format_date(day, "medium", locale=babel) for day in (period.first, period.last))
            return f"{first} – {last}"
        case Span.MONTH:
            return dates.format_skeleton("yMMMM", period.first, locale=babel)


def in_both(facts: Facts, each: Advice) -> tuple[Text, Text]:
    """A suggestion and its evidence in all our languages, for the board of tasks."""
    said = {locale: Words(locale, facts).advice(each) for locale in i18n.LOCALES}
    return (
        Text({locale: title[:200] for locale, (title, _) in said.items()}),
        Text({locale: why for locale, (_, why) in said.items()}),
    )
