"""The form of a presale: what it shows when it is opened, and what was typed into it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from steelyard.goods.catalog.model import SkuCard, SkuId
from steelyard.goods.promotions import Presale, Terms
from steelyard.goods.promotions.model import FlashItem, NewFlash, Planned, Session, SessionId
from steelyard.kernel import ids
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import Money
from steelyard.parties.merchants.model import MerchantId
from steelyard.surfaces.web.entries import Entries
from steelyard.surfaces.web.moments import entered_moment, local_time

ROWS = 6
PIECES_MAX = 1_000_000
LIMIT_MAX = 9_999
# What is suggested: so many days of deposits, then of balances, then until it is sent.
DAYS = (7, 3, 15)
MOMENTS = ("starts_at", "ends_at", "balance_from", "balance_until", "ships_by")


def empty(now: datetime) -> Entries:
    """What a new presale is suggested to be."""
    starts = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    ends, until = starts + timedelta(days=DAYS[0]), starts + timedelta(days=DAYS[0] + DAYS[1])
    moments = zip(MOMENTS, (starts, ends, ends, until, until + timedelta(days=DAYS[2])), strict=True)
    typed = {name: [local_time(moment)] for name, moment in moments}
    return Entries(typed | {"presale_id": [str(ids.mint())], "forfeits": ["yes"], "per_buyer_0": ["1"]}, {})


def filled(session: Session, items: Sequence[Planned], cards: Mapping[SkuId, SkuCard], currency: str) -> Entries:
    """What was planned, as it was typed."""
    assert session.presale is not None
    terms = session.presale
    moments = (session.starts_at, session.ends_at, terms.balance_from, terms.balance_until, terms.ships_by)
    typed = {name: [local_time(moment)] for name, moment in zip(MOMENTS, moments, strict=True)}
    typed |= {
        "presale_id": [str(session.session_id)],
        "forfeits": ["yes" if terms.forfeits else ""],
        "name_zh": [session.name.get("zh-Hans", "")],
        "name_en": [session.name.get("en", "")],
    }
    for n, item in enumerate(items):
        card = cards.get(item.sku_id)
        assert item.presale is not None
        typed |= _row(n, card.code if card else "", item, item.presale, currency)
    return Entries(typed, {})


def _row(n: int, code: str, item: Planned, presale: Presale, currency: str) -> dict[str, list[str]]:
    def amount(minor: int) -> str:
        return str(Money(minor, currency).decimal()) if minor else ""

    return {
        f"what_{n}": [code],
        f"price_{n}": [amount(presale.price)],
        f"deposit_{n}": [amount(presale.deposit)],
        f"counts_for_{n}": [amount(presale.counts_for)],
        f"pieces_{n}": [str(item.pieces)],
        f"per_buyer_{n}": [str(item.per_buyer or "")],
    }


def rows_of(form: Entries) -> list[int]:
    """The rows that name an article; the first if none does, so that it is asked for."""
    return [n for n in range(ROWS) if form.text(f"what_{n}")] or [0]


def in_rows(fields: Mapping[str, str], rows: Sequence[int]) -> dict[str, str]:
    """What is wrong with an item, under the field of the row that it stands in."""
    return {_in_row(name, rows): what for name, what in fields.items()}


def _in_row(name: str, rows: Sequence[int]) -> str:
    stem, _, n = name.rpartition("_")
    return f"{stem}_{rows[int(n)]}" if stem and n.isdecimal() and int(n) < len(rows) else name


def wanted(
    form: Entries,
    merchant_id: MerchantId,
    rows: Sequence[int],
    known: Mapping[str, SkuId],
    currency: str,
    session_id: UUID | None,
) -> NewFlash:
    """What the form asks for; what cannot be read is noted in it. Where nothing is paid first, there is no time for balances:
    all is paid while it lasts."""
    items = [_item(form, n, known, currency) for n in rows]
    starts, ends = entered_moment(form, "starts_at"), entered_moment(form, "ends_at")
    by_parts = any(item.deposit for item in items)
    balance_from = entered_moment(form, "balance_from") if by_parts else starts
    balance_until = entered_moment(form, "balance_until") if by_parts else ends + timedelta(minutes=1)
    return NewFlash(
        merchant_id=merchant_id,
        session_id=SessionId(session_id or form.uuid("presale_id")),
        name=form.words("name", required=True, most=60),
        starts_at=starts,
        ends_at=ends,
        items=items,
        terms=Terms(
            balance_from=balance_from,
            balance_until=balance_until,
            ships_by=entered_moment(form, "ships_by"),
            forfeits=form.flag("forfeits"),
        ),
    )


def _item(form: Entries, n: int, known: Mapping[str, SkuId], currency: str) -> FlashItem:
    sku_id = known.get(form.text(f"what_{n}"))
    if sku_id is None:
        form.refuse(f"what_{n}", N_("There is no article of yours with this number"))
    deposit = form.money(f"deposit_{n}", currency, required=False) or 0
    return FlashItem(
        sku_id=sku_id or SkuId(ids.mint()),
        price=form.money(f"price_{n}", currency) or 0,
        pieces=form.number(f"pieces_{n}", least=1, most=PIECES_MAX),
        per_buyer=form.number(f"per_buyer_{n}", otherwise=0, most=LIMIT_MAX) or None,
        deposit=deposit,
        counts_for=form.money(f"counts_for_{n}", currency, required=False) or deposit,
    )
