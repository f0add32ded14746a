"""A statement as a PDF that is kept: what it comes to, kind by kind, and every entry with the order it comes from."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from uuid import UUID

import anyio.to_thread
import msgspec
from babel import dates, numbers
from litestar import Response

from steelyard.kernel import i18n
from steelyard.kernel.db import Read
from steelyard.kernel.errors import NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties import merchants, operator
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.parties.operator.model import Profile
from steelyard.surfaces.web import exports
from steelyard.surfaces.web.paper import StatementLine, StatementPaper, statement_paper
from steelyard.surfaces.web.settlement_words import ENTRIES, STATEMENTS
from steelyard.trade import orders, settlement
from steelyard.trade.orders.model import OrderId
from steelyard.trade.settlement import Entry, EntryKind, Statement

PDF = "application/pdf"
# Of more the file says how many it leaves out; the CSV has all.
ENTRIES_ON_PAPER_MAX = 5_000
ENTRIES_PER_PAGE = 100


class Found(msgspec.Struct, frozen=True, kw_only=True):
    statement: Statement
    merchant: Merchant
    profile: Profile | None
    kinds: list[tuple[EntryKind, int, int]]
    entries: list[Entry]
    codes: dict[OrderId, str]


async def found(read: Read, merchant_id: MerchantId, statement_id: UUID) -> Found:
    """Raises `NotFound`."""
    statement = await settlement.statement(read, merchant_id, statement_id)
    merchant = await merchants.get(read, merchant_id)
    if statement is None or merchant is None:
        raise NotFound()
    entries = await exports.everything(
        lambda cursor: settlement.entries(read, merchant_id, statement_id, cursor, ENTRIES_PER_PAGE),
        ENTRIES_ON_PAPER_MAX,
    )
    wanted = sorted({OrderId(entry.order_id) for entry in entries if entry.order_id})
    return Found(
        statement=statement,
        merchant=merchant,
        profile=await operator.profile(read),
        kinds=await settlement.by_kind(read, merchant_id, statement_id),
        entries=entries,
        codes=await orders.codes_of(read, merchant_id, wanted),
    )


async def as_pdf(of: Found, locale: str) -> Response[bytes]:
    """The file. Drawing keeps the processor busy for a while: other requests go on meanwhile."""
    body = await anyio.to_thread.run_sync(draw, of, locale)
    return Response(
        body,
        media_type=PDF,
        headers={"content-disposition": exports.as_file(f"{of.statement.code}.pdf"), "cache-control": "no-store"},
    )


def draw(of: Found, locale: str) -> bytes:
    """The PDF of a statement, in a language of ours."""
    say: Callable[[str], str] = i18n.translations(locale).gettext
    language = i18n.babel_locale(locale)
    statement, merchant = of.statement, of.merchant

    def money(amount: int) -> str:
        decimal: Decimal = Money(amount, statement.currency).decimal()
        return numbers.format_currency(decimal, statement.currency, locale=language)

    def day(value: date) -> str:
        return dates.format_date(value, "long", locale=language)

    number = sum(entries for _, entries, _ in of.kinds)
    paper = StatementPaper(
        code=statement.code,
        day=day(statement.day),
        shop=merchant.legal_name,
        facts=[
            (say(N_("Merchant number")), merchant.code),
            (say(N_("Unified social credit code")), merchant.credit_code or "–"),
            (say(N_("State")), say(STATEMENTS[statement.state])),
            (say(N_("Paid to")), _account(merchant)),
            (say(N_("Bank reference")), statement.bank_reference or "–"),
        ],
        sums=[
            *((f"{say(ENTRIES.get(kind, kind))} × {entries}", money(amount)) for kind, entries, amount in of.kinds),
            (say(N_("Payout")), money(statement.payout)),
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
        left_out=say(N_("The CSV file has all {count} entries.")).format(count=number)
        if number > len(of.entries)
        else "",
        foot=of.profile.legal_name if of.profile else "",
    )
    return statement_paper(paper, say, say(N_("Settlement statement")) + f" {statement.code}")


def _account(merchant: Merchant) -> str:
    payout = merchant.payout
    if not payout.account:
        return "–"
    return f"{payout.name} · {payout.bank} · •••• {payout.account[-4:]}"
