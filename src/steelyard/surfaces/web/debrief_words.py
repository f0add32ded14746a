"""A review of a live session in sentences: each is a fact of the review, put into words in the reader's language, and nothing
more."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from babel import numbers

from steelyard.channels.live import Facts, Lost, ProductReview, Sold
from steelyard.kernel import i18n
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.surfaces.web.visit import Visit

# Of fewer people who looked nothing is said of what nobody bought.
LOOKED_AT_LEAST = 5
NAMED_MAX = 5

ACTS = {
    "pin": N_("Products pinned"),
    "unpin": N_("Products unpinned"),
    "shelf": N_("Goods shown or hidden"),
    "move": N_("Goods moved in the bag"),
    "note": N_("Notes over the chat"),
    "price": N_("Live prices set"),
    "end_price": N_("Live prices ended"),
    "coupon": N_("Coupons and red packets thrown"),
    "draw": N_("Draws begun"),
    "slow": N_("Pace of the chat changed"),
    "mute_all": N_("Chat muted or opened for all"),
    "mute": N_("Viewers muted"),
    "remove": N_("Messages removed"),
    "question": N_("Questions put before the host"),
    "answered": N_("Questions answered"),
    "say": N_("Replies in the chat"),
    "end": N_("Session ended"),
}
HAPPENED = {
    "pin": N_("pinned"),
    "unpin": N_("unpinned"),
    "price": N_("a live price was set"),
    "coupon": N_("a coupon was thrown"),
    "draw": N_("a draw began"),
    "muted": N_("the chat was muted"),
    "broke_off": N_("the picture broke off"),
}


class Words:
    """Puts the facts of a review into words for a reader."""

    def __init__(self, visit: Visit, facts: Facts) -> None:
        self._say: Callable[..., str] = visit.say
        self._locale = visit.locale
        self._facts = facts
        self._titles = {each.product_id: each.title.in_language(visit.locale) for each in facts.products}

    def money(self, amount: int) -> str:
        value = Money(amount, self._facts.currency)
        return numbers.format_currency(value.decimal(), value.currency, locale=i18n.babel_locale(self._locale))

    def percent(self, ratio: float) -> str:
        return numbers.format_percent(ratio, "#,##0.#%", locale=i18n.babel_locale(self._locale))

    def title(self, product_id: UUID | None) -> str:
        """Empty for what is in no bag and was not sold."""
        return self._titles.get(product_id, "") if product_id else ""

    def sentences(self) -> list[str]:
        """What there is to say of the whole session, its plan first."""
        return [*self._on_air(), *self._trade(), *self._plan(), *self._goods()]

    def _on_air(self) -> list[str]:
        facts = self._facts
        found = [
            self._say(
                N_("On air for {time}; {planned} were planned."),
                time=clock(facts.seconds),
                planned=clock(facts.planned_seconds),
            ),
            self._say(
                N_("{entered} came in, {peak} watched at most at once; {writers} people wrote {chats} messages."),
                entered=facts.entered,
                peak=facts.peak,
                writers=facts.writers,
                chats=facts.chats,
            ),
        ]
        gaps = sum(each.what == "broke_off" for each in facts.happened)
        if gaps:
            found.append(self._say(N_("Times that the picture broke off: {count}."), count=gaps))
        return found

    def _trade(self) -> list[str]:
        facts = self._facts
        found = [
            self._say(
                N_("Orders placed: {orders}; paid: {paid}, {amount} altogether."),
                orders=facts.orders,
                paid=facts.paid,
                amount=self.money(facts.gmv),
            )
        ]
        others = facts.before
        if others and (whole := sum(each.gmv for each in others)):
            ratio = facts.gmv * len(others) / whole - 1
            more = N_("That is {percent} more than the mean of the {count} sessions before.")
            less = N_("That is {percent} less than the mean of the {count} sessions before.")
            found.append(self._say(more if ratio >= 0 else less, percent=self.percent(abs(ratio)), count=len(others)))
        if facts.refunded:
            found.append(
                self._say(N_("Given back when this was written: {amount}."), amount=self.money(facts.refunded))
            )
        return found

    def _plan(self) -> list[str]:
        planned = [each for each in self._facts.products if each.planned_minutes]
        if not planned:
            return []
        left = [each for each in planned if not each.explained_seconds]
        found = [
            self._say(
                N_("Of {planned} products in the rundown {explained} were explained."),
                planned=len(planned),
                explained=len(planned) - len(left),
            )
        ]
        if left:
            found.append(self._say(N_("Not explained: {titles}."), titles=self._named(left)))
        aimed = [each for each in self._facts.products if each.pieces_planned is not None]
        found += [
            self._say(
                N_("“{title}”: {pieces} of the planned {planned} pieces were sold."),
                title=self.title(each.product_id),
                pieces=each.pieces,
                planned=each.pieces_planned,
            )
            for each in aimed[:NAMED_MAX]
        ]
        return found

    def _goods(self) -> list[str]:
        found: list[str] = []
        best = max(self._facts.products, key=lambda each: each.gmv, default=None)
        if best is not None and best.gmv:
            found.append(
                self._say(
                    N_("Most was paid for “{title}”: {amount} in {time} of explaining."),
                    title=self.title(best.product_id),
                    amount=self.money(best.gmv),
                    time=clock(best.explained_seconds),
                )
            )
        unsold = [each for each in self._facts.products if each.clicks >= LOOKED_AT_LEAST and not each.paid]
        if unsold:
            found.append(self._say(N_("Looked at and bought by nobody: {titles}."), titles=self._named(unsold)))
        return found

    def _named(self, products: Sequence[ProductReview]) -> str:
        return self._listed([self.title(each.product_id) for each in products])

    def _listed(self, titles: Sequence[str]) -> str:
        named = "、".join(titles[:NAMED_MAX]) if self._locale.startswith("zh") else ", ".join(titles[:NAMED_MAX])
        more = len(titles) - NAMED_MAX
        return self._say(N_("{titles} and {count} more"), titles=named, count=more) if more > 0 else named

    def sold(self, one: Sold) -> list[str]:
        """A moment that sold, in sentences."""
        facts = self._facts
        mean = facts.orders / max(1, sum(each.peak for each in facts.minutes))
        times = one.orders / one.viewer_minutes / mean if mean else 0
        return [
            self._say(
                N_("Orders: {orders}, in {minutes} viewer-minutes: {times} times the mean of the session."),
                orders=one.orders,
                minutes=one.viewer_minutes,
                times=f"{times:.1f}",
            ),
            *self._around(one.minute, one.minutes),
        ]

    def lost(self, one: Lost) -> list[str]:
        """A moment that lost viewers, in sentences."""
        return [
            self._say(
                N_("Of {before} who watched, {lost} were gone at its end ({percent})."),
                before=one.before,
                lost=one.lost,
                percent=self.percent(one.lost / one.before),
            ),
            *self._around(one.minute, one.minutes),
        ]

    def _around(self, minute: int, minutes: int) -> list[str]:
        """What was explained and told in these minutes."""
        spoken = [
            title for product_id, _ in self._facts.explained_in(minute, minutes) if (title := self.title(product_id))
        ]
        found = [
            self._say(N_("Explained: {titles}."), titles=self._listed(spoken))
            if spoken
            else self._say(N_("Nothing was explained."))
        ]
        told = [each for each in self._facts.told_in(minute, minutes) if each.what not in ("pin", "unpin")]
        if told:
            what = [f"{clock(each.second)} {self._say(HAPPENED.get(each.what, each.what))}" for each in told]
            found.append(self._say(N_("In it: {what}."), what=self._listed(what)))
        return found


def clock(seconds: int) -> str:
    """A time within a session as 1:02:03, or 2:03."""
    hours, rest = divmod(max(0, seconds), 3_600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A moment as it is shown: from when to when, and what there is to say of it."""

    span: str
    sentences: Sequence[str]


def moments(words: Words, facts: Facts) -> tuple[list[Told], list[Told]]:
    """The moments that sold and those that lost viewers, in words."""

    def span(minute: int, minutes: int) -> str:
        return f"{clock(minute * 60)} – {clock(min((minute + minutes) * 60, max(facts.seconds, 60)))}"

    return (
        [Told(span=span(each.minute, each.minutes), sentences=words.sold(each)) for each in facts.sold],
        [Told(span=span(each.minute, each.minutes), sentences=words.lost(each)) for each in facts.lost],
    )
