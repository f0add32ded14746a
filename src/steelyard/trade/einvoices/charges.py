"""What the platform charged each merchant in a month, as the books say, and its invoices for it.

A month is one of the house's calendar. What is charged and what goes back with refunds stand in the books as transfers between
the merchant's money and the platform's income; the tax on it as transfers into what is owed to the tax office. An invoice is for
what of a month was not invoiced yet: so a transfer that is dated back comes as one more, saying the job twice brings nothing, and
all papers of a month come to what the books say.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import structlog

from steelyard.kernel import ids
from steelyard.kernel.db import Read, Tx
from steelyard.kernel.i18n import N_, translations
from steelyard.kernel.money import PARTS_PER_MILLION
from steelyard.parties import access, merchants, operator
from steelyard.parties.merchants.model import Merchant, MerchantId
from steelyard.parties.operator.model import Profile
from steelyard.trade.einvoices.model import Category, Document, EInvoiceId, Item, Kind, Party, RulesBroken
from steelyard.trade.einvoices.queries import seller
from steelyard.trade.einvoices.service import NOT_YET, keep
from steelyard.trade.settlement.model import SETTLEMENT_ZONE

# Whose credits are the platform's income from merchants, and where the tax on it is owed.
INCOME = ("commission",)
TAX_OWED = "fee_tax"
MERCHANTS_PER_ROUND_MAX = 200
# UNCL 4461: clearing between partners; it was kept back of what the merchant is paid.
CLEARED = "97"
# In parts per million: whole tenths of a percent first.
RATE_STEPS = (1_000, 100, 10, 1)
# How far the tax may be from what the rate makes of the net, in minor units: below the tolerance of BR-CO-17.
WHOLE_CENTS = 90


log = structlog.get_logger()


class Charged(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant was charged in a month and has no paper for: below nothing where more went back. `gross` has the `tax`
    in it."""

    merchant_id: MerchantId
    currency: str
    gross: int
    tax: int


async def charged(
    read: Read, month: date, most: int = MERCHANTS_PER_ROUND_MAX, merchant_id: MerchantId | None = None
) -> list[Charged]:
    """What merchants were charged in the month that begins on `month`, less what was invoiced of it."""
    return await read.all(
        Charged,
        """
        WITH moved AS (
            SELECT t.owner_id AS merchant_id, t.currency
                 , sum(CASE WHEN t.credit = ANY($3) AND t.debit = 'payable' THEN t.amount
                            WHEN t.debit = ANY($3) AND t.credit = 'payable' THEN -t.amount ELSE 0 END) AS gross
                 , sum(CASE WHEN t.credit = $4 THEN t.amount WHEN t.debit = $4 THEN -t.amount ELSE 0 END) AS tax
            FROM ledger_transfers t
            WHERE t.at >= ($1::date::timestamp AT TIME ZONE $2) AND t.at < (($1::date + interval '1 month') AT TIME ZONE $2)
              AND (t.credit = ANY($3) OR t.debit = ANY($3) OR t.credit = $4 OR t.debit = $4)
              AND ($6::uuid IS NULL OR t.owner_id = $6)
            GROUP BY t.owner_id, t.currency
        ), billed AS (
            SELECT merchant_id, currency, sum(CASE WHEN kind = 'invoice' THEN net + tax ELSE -net - tax END) AS gross
                 , sum(CASE WHEN kind = 'invoice' THEN tax ELSE -tax END) AS tax
            FROM einvoices WHERE issuer = 'platform' AND month = $1 GROUP BY merchant_id, currency
        )
        SELECT m.merchant_id, m.currency, (m.gross - coalesce(b.gross, 0))::bigint AS gross
             , (m.tax - coalesce(b.tax, 0))::bigint AS tax
        FROM moved m JOIN merchants w ON w.merchant_id = m.merchant_id
        LEFT JOIN billed b ON b.merchant_id = m.merchant_id AND b.currency = m.currency
        WHERE m.gross <> coalesce(b.gross, 0) OR m.tax <> coalesce(b.tax, 0)
        ORDER BY m.merchant_id, m.currency LIMIT $5
        """,
        month,
        SETTLEMENT_ZONE.key,
        list(INCOME),
        TAX_OWED,
        most,
        merchant_id,
    )


async def bill(tx: Tx, month: date, most: int = MERCHANTS_PER_ROUND_MAX) -> int:
    """Invoice, or credit, what of a month that is over was not invoiced; returns how many papers were issued. Who comes at the
    same time waits, and then finds nothing left."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "einvoices.bill")
    today = datetime.now(SETTLEMENT_ZONE).date()
    assert month.day == 1 and month < today.replace(day=1), "a month is invoiced when it is over"
    profile = await operator.profile(tx)
    if profile is None:
        return 0
    issued = 0
    for each in await charged(tx, month, most):
        merchant = await merchants.get(tx, each.merchant_id)
        assert merchant is not None
        known = await _papers(tx, each, month)
        einvoice_id = ids.derived(each.merchant_id, "charges", month.isoformat(), each.currency, str(known))
        try:
            made = _drawn(each, month, profile, await _buyer(tx, merchant), today)
            await keep(tx, each.merchant_id, EInvoiceId(einvoice_id), made)
        except (
            RulesBroken
        ) as refusal:  # before anything is written; it stays in the operator's list of what is not invoiced
            log.warning("charges.not_invoiced", merchant_id=str(each.merchant_id), why=str(refusal))
            continue
        issued += 1
    return issued


async def _papers(read: Read, each: Charged, month: date) -> int:
    return await read.value(
        "SELECT count(*)::integer FROM einvoices WHERE merchant_id = $1 AND month = $2 AND currency = $3",
        each.merchant_id,
        month,
        each.currency,
    )


def _drawn(each: Charged, month: date, profile: Profile, buyer: Party, today: date) -> Document:
    locale = "zh-Hans" if profile.country == "CN" else "en"
    say = translations(locale).gettext
    sign = 1 if each.gross > 0 or (each.gross == 0 and each.tax > 0) else -1
    net, tax = sign * (each.gross - each.tax), sign * each.tax
    if net < 0 or tax < 0:
        raise RulesBroken(rules="BR-27: tax and what it is on go two ways")
    taxed = tax > 0
    item = Item(
        name=say(N_("Commission and fees")), quantity=1, net=net, tax=tax,
        category=Category.STANDARD if taxed else Category.OUTSIDE, millionths=_rate(net, tax) if taxed else 0,
    )  # fmt: skip
    last = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return Document(
        kind=Kind.INVOICE if sign > 0 else Kind.CREDIT_NOTE, number=NOT_YET, issued_on=today, currency=each.currency,
        seller=_platform(profile), buyer=buyer if taxed else msgspec.structs.replace(buyer, vat_number=""),
        items=[item], payment_code=CLEARED, payment_name=say(N_("Kept back of payouts")), first=month, last=last,
    )  # fmt: skip


def _rate(net: int, tax: int) -> int:
    """The roundest rate that makes this tax: the books keep amounts, and months of two rates have one between them."""
    exact = tax * PARTS_PER_MILLION
    for step in RATE_STEPS:
        rate = (2 * exact + net * step) // (2 * net * step) * step if net else 0
        if rate > 0 and abs(net * rate - exact) < PARTS_PER_MILLION * WHOLE_CENTS:
            return rate
    raise RulesBroken(rules="BR-CO-17: no rate makes this tax")


def _platform(profile: Profile) -> Party:
    return Party(
        name=profile.legal_name, country=profile.country, street=profile.address.in_language("en"), email=profile.email,
        tax_number=profile.credit_code, trading_name=profile.name.in_language("en"),
    )  # fmt: skip


async def _buyer(read: Read, merchant: Merchant) -> Party:
    """The merchant as it issues e-invoices itself, else as it is registered."""
    terms = await seller(read, merchant.merchant_id)
    if terms is not None:
        return terms.party("")
    owners = await access.owners_of(read, [merchant.merchant_id])
    return Party(
        name=merchant.legal_name, country=merchant.country, email=owners[0].email if owners else "",
        tax_number=merchant.credit_code,
    )  # fmt: skip


async def months_to_bill(read: Read, back: int) -> Sequence[date]:
    """The last months that are over, the oldest first."""
    first = datetime.now(UTC).astimezone(SETTLEMENT_ZONE).date().replace(day=1)
    found: list[date] = []
    for _ in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found[::-1]
