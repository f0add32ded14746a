"""All that is kept of a buyer as one ZIP: a JSON file a subject for programs, and a page to read."""

import asyncio
import html
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, LiteralString

import msgspec

from steelyard.channels import live
from steelyard.goods import promotions
from steelyard.kernel import events, i18n, jobs
from steelyard.kernel.db import Database, Read, Tx
from steelyard.kernel.i18n import N_
from steelyard.operations import behaviour, growth, research
from steelyard.operations.privacy.events import ExportReady
from steelyard.operations.privacy.model import EXPORT_DAYS, ExportId
from steelyard.parties import customers, notifications
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.notifications.model import DataExported, Template
from steelyard.trade import favourites, reviews

ROWS_MAX = 20_000


# File and heading → question: $1 are all ids that the buyer had.
class Subject(StrEnum):
    """What is kept of a buyer here."""

    PROFILE = "profile"
    ADDRESSES = "addresses"
    SESSIONS = "sessions"
    ORDERS = "orders"
    PAYMENTS = "payments"
    REFUNDS = "refunds"
    WALLET = "wallet"
    AFTER_SALES = "after_sales"
    GIFT_CARDS = "gift_cards"
    INVOICES = "invoices"
    INVOICE_TITLES = "invoice_titles"
    CART = "cart"
    SEARCHES = "searches"
    CUSTOMER_GROUPS = "customer_groups"
    CUSTOMER = "customer"
    SEGMENTS = "segments"
    JOURNEYS = "journeys"
    SEARCH_CHOICES = "search_choices"
    BEHAVIOUR_CHOICES = "behaviour_choices"
    CONSENTS = "consents"
    NOTICES = "notices"
    MESSAGES = "messages"


_SUBJECTS: dict[str, tuple[str, LiteralString]] = {
    "profile": (
        N_("Profile"),
        "SELECT name, email, phone, locale, country, birthday, created_at FROM buyers WHERE buyer_id = ANY($1) LIMIT $2",
    ),
    "addresses": (
        N_("Address book"),
        "SELECT address, is_default, created_at FROM addresses WHERE buyer_id = ANY($1) ORDER BY created_at LIMIT $2",
    ),
    "sessions": (
        N_("Where I am signed in"),
        """
        SELECT s.created_at, s.seen_at, s.user_agent, s.address FROM sessions s JOIN accounts a USING (account_id)
        WHERE a.buyer_id = ANY($1) ORDER BY s.created_at LIMIT $2
        """,
    ),
    "orders": (
        N_("Orders"),
        """
        SELECT o.code, p.code AS purchase, o.state, o.currency, o.goods, o.freight, o.tax_added, o.total, o.refunded
             , o.contact, o.address, o.note, o.placed_at, o.paid_at, o.shipped_at, o.completed_at, o.cancelled_at
             , (SELECT jsonb_agg(jsonb_build_object('title', l.title, 'options', l.options, 'quantity', l.quantity
                                                  , 'amount', l.amount) ORDER BY l.line)
                FROM order_lines l WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id) AS lines
        FROM orders o JOIN purchases p USING (purchase_id) WHERE o.buyer_id = ANY($1) ORDER BY o.placed_at LIMIT $2
        """,
    ),
    "payments": (
        N_("Payments"),
        """
        SELECT channel, state, amount, currency, created_at FROM payments WHERE buyer_id = ANY($1)
        ORDER BY created_at LIMIT $2
        """,
    ),
    "refunds": (
        N_("Refunds"),
        """
        SELECT state, amount, currency, reason, created_at FROM refunds WHERE buyer_id = ANY($1)
        ORDER BY created_at LIMIT $2
        """,
    ),
    "wallet": (
        N_("Wallet"),
        """
        SELECT purse, currency, cause, amount, after, note, at, expires_at FROM purse_lines WHERE buyer_id = ANY($1)
        ORDER BY at LIMIT $2
        """,
    ),
    "gift_cards": (
        N_("Gift cards I bought"),
        """
        SELECT amount, currency, recipient, sender, message, placed_at, paid_at, sent_at, refunded_at FROM gift_sales
        WHERE buyer_id = ANY($1) ORDER BY placed_at LIMIT $2
        """,
    ),
    "invoices": (
        N_("Invoices"),
        """
        SELECT name, tax_number, amount, currency, state, number, issued_on, requested_at FROM invoices
        WHERE buyer_id = ANY($1) ORDER BY requested_at LIMIT $2
        """,
    ),
    "invoice_titles": (
        N_("Invoice titles"),
        "SELECT name, tax_number, created_at FROM invoice_titles WHERE buyer_id = ANY($1) ORDER BY created_at LIMIT $2",
    ),
    "cart": (
        N_("Cart"),
        "SELECT sku_id::text, quantity, added_at FROM cart_lines WHERE buyer_id = ANY($1) ORDER BY added_at LIMIT $2",
    ),
    "searches": (
        N_("Searches"),
        "SELECT words, at FROM search_history WHERE buyer_id = ANY($1) ORDER BY at LIMIT $2",
    ),
    "after_sales": (
        N_("After-sales requests"),
        """
        SELECT kind, reason, state, note, photographs, complaint, answer, decision, carrier, number, asked_at, ended_at
        FROM aftersales_cases WHERE buyer_id = ANY($1) ORDER BY asked_at LIMIT $2
        """,
    ),
    "customer_groups": (
        N_("Groups of shops that you are in"),
        """
        SELECT g.name, m.since, m.until, m.source FROM customer_group_members m
        JOIN customer_groups g USING (merchant_id, group_id) WHERE m.buyer_id = ANY($1) ORDER BY m.since LIMIT $2
        """,
    ),
    "customer": (
        N_("What shops reckon of you as a customer"),
        """
        SELECT s.name AS shop, f.stage, f.stage_since, f.first_seen_at, f.last_seen_at, f.first_paid_at, f.last_paid_at
             , f.orders, f.currency, f.spent, f.refunded, v.segment, v.tier, v.alive, v.expected_orders, v.expected_spent
        FROM customer_facts f LEFT JOIN shops s USING (merchant_id)
        LEFT JOIN customer_values v USING (merchant_id, buyer_id)
        WHERE f.buyer_id = ANY($1) ORDER BY f.first_seen_at, f.merchant_id LIMIT $2
        """,
    ),
    "segments": (
        N_("Segments of shops’ customers that you are in"),
        """
        SELECT s.name AS segment, p.name AS shop, m.since FROM segment_members m
        JOIN segments s USING (merchant_id, segment_id) LEFT JOIN shops p USING (merchant_id)
        WHERE m.buyer_id = ANY($1) AND s.archived_at IS NULL ORDER BY m.since LIMIT $2
        """,
    ),
    "journeys": (
        N_("What shops let happen by itself, and how far you were in it"),
        """
        SELECT j.name AS journey, p.name AS shop, e.stand, e.entered_at, e.ended_at FROM journey_enrolments e
        JOIN journeys j USING (merchant_id, journey_id) LEFT JOIN shops p USING (merchant_id)
        WHERE e.buyer_id = ANY($1) ORDER BY e.entered_at LIMIT $2
        """,
    ),
    "search_choices": (
        N_("How you wanted to search"),
        "SELECT keeps_history, personal FROM search_choices WHERE buyer_id = ANY($1) LIMIT $2",
    ),
    "behaviour_choices": (
        N_("Whether what you do is analysed"),
        "SELECT analysed, at FROM behaviour_choices WHERE buyer_id = ANY($1) LIMIT $2",
    ),
    "consents": (
        N_("What you agreed to"),
        """
        SELECT subject, version, agreed, how, at FROM consents WHERE buyer_id = ANY($1)
        UNION ALL SELECT 'news_by_' || channel, wording, agreed, how, at FROM marketing_consents WHERE buyer_id = ANY($1)
        ORDER BY at LIMIT $2
        """,
    ),
    "messages": (
        N_("Messages of shops"),
        """
        SELECT m.merchant_id::text, m.channel, t.name AS template, m.variables, m.marketing, m.address, m.state, m.created_at
             , m.handed_at, m.opened_at, m.clicked_at
        FROM messages m JOIN message_templates t USING (merchant_id, template_id)
        WHERE m.buyer_id = ANY($1) ORDER BY m.created_at LIMIT $2
        """,
    ),
    "notices": (
        N_("What you were told here"),
        "SELECT kind, facts, at, read_at FROM notices WHERE buyer_id = ANY($1) ORDER BY at LIMIT $2",
    ),
}


def question_of(subject: Subject) -> LiteralString:
    """The statement that gathers a subject: $1 the buyer and the visitors that they were, $2 how many rows at most."""
    return _SUBJECTS[subject][1]


async def everything(read: Read, buyer_id: BuyerId) -> dict[str, Any]:
    """All that is kept of a buyer, by subject."""
    owners = [buyer_id, *await customers.visitors_of(read, buyer_id)]
    told: dict[str, Any] = {}
    for subject in Subject:
        told[subject] = [dict(row) for row in await read.fetch(question_of(subject), owners, ROWS_MAX)]
    told["favourites"] = await favourites.of_buyers(read, owners)
    told["coupons"] = await promotions.of_buyers(read, owners)
    told["reviews"] = msgspec.to_builtins(await reviews.said_by(read, owners))
    told["behaviour"] = await behaviour.of_buyers(read, owners, ROWS_MAX)
    told["surveys"] = await research.of_buyers(read, owners, ROWS_MAX)
    told["interviews"] = await research.interviews_of_buyers(read, owners, ROWS_MAX)
    told["memberships"] = await growth.of_buyers(read, owners, ROWS_MAX)
    told["invitations"] = await growth.invitations_of_buyers(read, owners, ROWS_MAX)
    told["live_chat"] = await live.written_by(read, owners)
    return told


@jobs.job("privacy.gather")
async def gather(db: Database, buyer_id: BuyerId, export_id: ExportId, page: str) -> None:
    """Put an export together and say that it is there. Done twice, the second changes nothing."""
    told = await db.ask(everything, buyer_id)
    buyer = await db.ask(customers.get, buyer_id)
    if buyer is None:
        return
    content = await asyncio.to_thread(packed, told, buyer.locale)
    await db.transact(_keep, buyer_id, export_id, content, page)


async def _keep(tx: Tx, buyer_id: BuyerId, export_id: ExportId, content: bytes, page: str) -> None:
    kept = await tx.execute(
        """
        UPDATE data_exports SET content = $3, ready_at = now(), expires_at = now() + $4
        WHERE buyer_id = $1 AND export_id = $2 AND ready_at IS NULL
        """,
        buyer_id,
        export_id,
        content,
        timedelta(days=EXPORT_DAYS),
    )
    buyer = await customers.get(tx, buyer_id)
    if not kept or buyer is None:
        return
    if buyer.email:
        facts = DataExported(name=buyer.name, link=page, days=EXPORT_DAYS)
        await notifications.send(
            tx, recipient=buyer.email, template=Template.DATA_EXPORTED, locale=buyer.locale, facts=facts
        )
    await events.publish(tx, ExportReady(buyer_id=buyer_id, export_id=export_id))


def packed(told: Mapping[str, Any], locale: str) -> bytes:
    """The ZIP: `<subject>.json`, and `index.html` in the buyer's language."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", readable(told, locale))
        for subject, facts in told.items():
            archive.writestr(f"{subject}.json", msgspec.json.format(msgspec.json.encode(facts, enc_hook=str)))
    return into.getvalue()


_HEADINGS = {**{name: heading for name, (heading, _) in _SUBJECTS.items()}, "favourites": N_("Favourites")} | {
    "reviews": N_("Reviews and questions"),
    "coupons": N_("Coupons"),
    "behaviour": N_("What you did here"),
    "surveys": N_("What you answered in surveys"),
    "interviews": N_("Interviews"),
    "memberships": N_("Memberships and growth"),
    "invitations": N_("Invitations"),
    "live_chat": N_("What you wrote in live sessions"),
}


def readable(told: Mapping[str, Any], locale: str) -> str:
    """The same for people: one page that needs nothing else."""
    words = i18n.translations(locale)
    parts = [
        f"<section><h2>{html.escape(words.gettext(_HEADINGS[subject]))}</h2>{_shown(plain)}</section>"
        for subject, plain in msgspec.to_builtins(told, enc_hook=str).items()
    ]
    title = html.escape(words.gettext("My data"))
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;border-top:1px solid #ccc;padding:.5rem 0}"
        "dt{color:#666}dd{margin:0}"
    )
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head>'
        f"<body><h1>{title}</h1>{''.join(parts)}</body></html>"
    )


def _shown(facts: object) -> str:
    if isinstance(facts, Mapping):
        rows = "".join(f"<dt>{html.escape(str(key))}</dt><dd>{_shown(value)}</dd>" for key, value in facts.items())
        return f"<dl>{rows}</dl>"
    if isinstance(facts, Sequence) and not isinstance(facts, str):
        return "".join(_shown(each) for each in facts) or "–"
    return html.escape("–" if facts in (None, "") else str(facts))
