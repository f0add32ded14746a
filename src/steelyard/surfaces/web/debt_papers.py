"""What a shop owes, as a PDF for its books: since when, until when, what it comes from entry by entry, and what was paid."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import anyio.to_thread
import msgspec
from babel import dates, numbers
from litestar import Response

from steelyard.kernel import days, i18n
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import merchants, operator
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.parties.operator.model import Profile
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.paper import StatementLine, StatementPaper, statement_paper
from steelyard.surfaces.web.settlement_words import ENTRIES
from steelyard.surfaces.web.statement_papers import ENTRIES_ON_PAPER_MAX, ENTRIES_PER_PAGE, PDF
from steelyard.trade import discipline, orders, settlement
from steelyard.trade.discipline import Debt, DebtPayment
from steelyard.trade.orders.model import OrderId
from steelyard.trade.settlement import Entry


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`entries` wait for the next statement, and together are what is owed, unless they are so many
    that the paper is `cut`; `paid` by transfer, the latest first."""

    debt: Debt
    merchant: Merchant
    profile: Profile | None
    entries: Sequence[Entry]
    paid: Sequence[DebtPayment]
    codes: dict[OrderId, str]
    cut: bool


async def found(read: Read, merchant_id: MerchantId, currency: str) -> Found:
    """Raises `NotFound` where a shop owes nothing in this currency."""
    merchant = await merchants.get(read, merchant_id)
    debt = next((each for each in await discipline.debts(read, merchant_id) if each.currency == currency), None)
    if merchant is None or debt is None:
        raise NotFound()
    waiting = await exports.everything(
        lambda cursor: settlement.entries(read, merchant_id, None, cursor, ENTRIES_PER_PAGE), ENTRIES_ON_PAPER_MAX
    )
    entries = [entry for entry in waiting if entry.currency == currency]
    wanted = sorted({OrderId(entry.order_id) for entry in entries if entry.order_id})
    return Found(
        debt=debt,
        merchant=merchant,
        profile=await operator.profile(read),
        entries=entries,
        paid=await discipline.debt_payments(read, merchant_id, currency),
        codes=await orders.codes_of(read, merchant_id, wanted),
        cut=len(waiting) >= ENTRIES_ON_PAPER_MAX,
    )


async def as_pdf(of: Found, locale: str) -> Response[bytes]:
    """The file. Drawing keeps the processor busy for a while: other requests go on meanwhile."""
    body = await anyio.to_thread.run_sync(draw, of, locale)
    name = f"debt-{of.merchant.code}-{of.debt.currency}.pdf"
    return Response(
        body,
        media_type=PDF,
        headers={"content-disposition": exports.as_file(name), "cache-control": "no-store"},
    )


def draw(of: Found, locale: str) -> bytes:
    """The PDF of what a shop owes, in a language of ours."""
    say: Callable[[str], str] = i18n.translations(locale).gettext
    language = i18n.babel_locale(locale)
    debt, merchant = of.debt, of.merchant

    def money(amount: int) -> str:
        decimal: Decimal = Money(amount, debt.currency).decimal()
        return numbers.format_currency(decimal, debt.currency, locale=language)

    def day(value: date) -> str:
        return dates.format_date(value, "long", locale=language)

    kinds = sorted({entry.kind for entry in of.entries})
    paper = StatementPaper(
        title=N_("Amount owed"),
        term=N_("Merchant number"),
        code=merchant.code,
        day=day(days.today()),
        shop=merchant.legal_name,
        facts=[
            (say(N_("Unified social credit code")), merchant.credit_code or "–"),
            (say(N_("Asked for on")), day(debt.claimed_on)),
            (say(N_("Reminded on")), day(debt.told_on) if debt.told_on else "–"),
            (say(N_("Nothing new is sold after")), day(debt.holds_on)),
            *(
                (say(N_("Paid by transfer")), f"{day(days.day_of(paid.at))} · {paid.reference} · {money(paid.amount)}")
                for paid in of.paid
            ),
        ],
        sums=[
            *(
                (say(ENTRIES.get(kind, kind)), money(sum(e.amount for e in of.entries if e.kind == kind)))
                for kind in kinds
            ),
            (say(N_("Owed to the platform")), money(debt.amount)),
        ],
        lines=[
            StatementLine(
                order=of.codes.get(OrderId(entry.order_id), "–") if entry.order_id else "–",
                what=say(ENTRIES.get(entry.kind, entry.kind)),
                earned=f"{entry.earned_at.astimezone(exports.ZONE):%Y-%m-%d %H:%M}",
                amount=money(entry.amount),
            )
            for entry in of.entries
        ],
        left_out=say(N_("Of more entries, {count} are listed.")).format(count=len(of.entries)) if of.cut else "",
        foot=of.profile.legal_name if of.profile else "",
    )
    return statement_paper(paper, say, say(N_("Amount owed")) + f" {merchant.code}")
