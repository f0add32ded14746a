"""What a shop and its hosts agree upon: who is paid, how much of what, from when to when."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from steelyard.channels import live, rooms
from steelyard.channels.host_commission import queries
from steelyard.channels.host_commission.model import (
    ACCOUNT_CHARACTERS_MAX,
    AGREEMENTS_MAX,
    DAYS_AHEAD_MAX,
    HOUSE_ZONE,
    NAME_CHARACTERS_MAX,
    NOTE_CHARACTERS_MAX,
    PAYEES_MAX,
    SLOT_FEE_MAX,
    AlreadyPayee,
    NewAgreement,
    NewPayee,
    PayeeKind,
)
from steelyard.channels.live.model import TAKES_TIME
from steelyard.channels.rooms.model import HostState
from steelyard.kernel.db import Tx
from steelyard.kernel.errors import Invalid, NotFound
from steelyard.kernel.i18n import N_
from steelyard.kernel.money import PARTS_PER_MILLION

WORKING = (HostState.WAITING, HostState.VERIFIED, HostState.SENT_BACK)


async def keep_payee(tx: Tx, wanted: NewPayee, by: str) -> None:
    """Somebody can be paid, or another name or account is theirs from now on. Who it is does not change. Said twice, nothing more
    changes. Raises `AlreadyPayee`, and `Invalid`, by field."""
    await _check_payee(tx, wanted)
    taken = wanted.host_id and await tx.value(
        "SELECT true FROM host_payees WHERE merchant_id = $1 AND host_id = $2 AND payee_id <> $3",
        wanted.merchant_id,
        wanted.host_id,
        wanted.payee_id,
    )
    if taken:
        raise AlreadyPayee()
    await tx.execute(
        """
        INSERT INTO host_payees AS p (merchant_id, payee_id, kind, host_id, name, holder, bank, account, made_by, changed_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
        ON CONFLICT (merchant_id, payee_id) DO UPDATE
        SET name = excluded.name, holder = excluded.holder, bank = excluded.bank, account = excluded.account
          , changed_at = now(), changed_by = excluded.changed_by
        WHERE (p.kind, p.host_id) IS NOT DISTINCT FROM (excluded.kind, excluded.host_id)
          AND (p.name, p.holder, p.bank, p.account)
              IS DISTINCT FROM (excluded.name, excluded.holder, excluded.bank, excluded.account)
        """,
        wanted.merchant_id,
        wanted.payee_id,
        wanted.kind,
        wanted.host_id,
        wanted.name.strip(),
        wanted.holder.strip(),
        wanted.bank.strip(),
        wanted.account.strip(),
        by,
    )


async def _check_payee(tx: Tx, wanted: NewPayee) -> None:
    problems: dict[str, str] = {}
    if not 0 < len(wanted.name.strip()) <= NAME_CHARACTERS_MAX:
        problems["name"] = N_("Please enter a name, of 60 characters at most")
    details = {"holder": wanted.holder, "bank": wanted.bank, "account": wanted.account}
    for field, said in details.items():
        if len(said.strip()) > ACCOUNT_CHARACTERS_MAX:
            problems[field] = N_("This is too long")
        elif any(each.strip() for each in details.values()) and not said.strip():
            problems[field] = N_("A bank account has a holder, a bank and a number.")
    if wanted.kind is PayeeKind.HOST and (
        wanted.host_id is None or await rooms.host(tx, wanted.merchant_id, wanted.host_id) is None
    ):
        problems["host_id"] = N_("Please choose one.")
    many = await tx.value(
        "SELECT count(*) FROM host_payees WHERE merchant_id = $1 AND payee_id <> $2",
        wanted.merchant_id,
        wanted.payee_id,
    )
    if many >= PAYEES_MAX:
        problems["name"] = N_("A shop has no more of them than this.")
    if problems:
        raise Invalid(problems)


async def agree(tx: Tx, wanted: NewAgreement, by: str) -> bool:
    """A host gets this from now, or a day to come, on; never of what was sold before. False when it was said before.

    Raises `Invalid`, by field: who or what is not there, amounts and days that cannot be."""
    known = await tx.value(
        "SELECT true FROM host_agreements WHERE merchant_id = $1 AND agreement_id = $2",
        wanted.merchant_id,
        wanted.agreement_id,
    )
    if known:
        return False
    now: datetime = await tx.value("SELECT now()")
    problems = _wrong_sums(wanted)
    problems |= await _wrong_names(tx, wanted)
    begins, ends, wrong_days = _span(wanted.from_day, wanted.until_day, now)
    problems |= wrong_days
    if problems:
        raise Invalid(problems)
    return bool(
        await tx.execute(
            """
            INSERT INTO host_agreements (merchant_id, agreement_id, payee_id, host_id, session_id, product_id, millionths
                                       , slot_fee, currency, note, valid_from, valid_to, made_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            ON CONFLICT (merchant_id, agreement_id) DO NOTHING
            """,
            wanted.merchant_id,
            wanted.agreement_id,
            wanted.payee_id,
            wanted.host_id,
            wanted.session_id,
            wanted.product_id,
            wanted.millionths,
            wanted.slot_fee,
            wanted.currency if wanted.slot_fee is not None else None,
            wanted.note.strip(),
            begins,
            ends,
            by,
        )
    )


async def end_agreement(tx: Tx, merchant_id: UUID, agreement_id: UUID, by: str) -> None:
    """It counts for no sale from now on; what is frozen stays. Said twice, nothing changes. Raises `NotFound`."""
    known = await tx.value(
        "SELECT true FROM host_agreements WHERE merchant_id = $1 AND agreement_id = $2 FOR UPDATE",
        merchant_id,
        agreement_id,
    )
    if not known:
        raise NotFound()
    await tx.execute(
        """
        UPDATE host_agreements SET valid_to = greatest(valid_from, now()), ended_at = now(), ended_by = $3
        WHERE merchant_id = $1 AND agreement_id = $2 AND (valid_to IS NULL OR valid_to > greatest(valid_from, now()))
        """,
        merchant_id,
        agreement_id,
        by,
    )


def _wrong_sums(wanted: NewAgreement) -> dict[str, str]:
    problems: dict[str, str] = {}
    if wanted.millionths is None and wanted.slot_fee is None:
        problems["rate"] = N_("Please enter a rate, a slot fee, or both.")
    if wanted.millionths is not None and not 0 <= wanted.millionths <= PARTS_PER_MILLION:
        problems["rate"] = N_("A rate is between 0 % and 100 %")
    if wanted.slot_fee is not None and not 0 <= wanted.slot_fee <= SLOT_FEE_MAX:
        problems["slot_fee"] = N_("Please enter an amount that is not negative, and not above a million")
    if len(wanted.note) > NOTE_CHARACTERS_MAX:
        problems["note"] = N_("This is too long")
    return problems


async def _wrong_names(tx: Tx, wanted: NewAgreement) -> dict[str, str]:
    """Who and what it is about is the shop's own."""
    problems: dict[str, str] = {}
    host = await rooms.host(tx, wanted.merchant_id, wanted.host_id)
    if host is None or host.state not in WORKING:
        problems["host_id"] = N_("Please choose one.")
    found = await queries.payee(tx, wanted.merchant_id, wanted.payee_id)
    if found is None:
        problems["payee_id"] = N_("Please choose one.")
    elif found.kind is PayeeKind.HOST and found.host_id != wanted.host_id:
        problems["payee_id"] = N_("This is another host. Choose the host, or an agency.")
    if wanted.session_id is not None:
        session = await live.session(tx, wanted.merchant_id, wanted.session_id)
        if session is None or session.state not in TAKES_TIME:
            problems["session_id"] = N_("Please choose a session that is not over.")
        elif session.host_id != wanted.host_id:
            problems["session_id"] = N_("Another host speaks in this session.")
    if wanted.product_id is not None and not await tx.value(
        "SELECT true FROM products WHERE merchant_id = $1 AND product_id = $2", wanted.merchant_id, wanted.product_id
    ):
        problems["product_id"] = N_("There is no such product in the shop.")
    many = await tx.value("SELECT count(*) FROM host_agreements WHERE merchant_id = $1", wanted.merchant_id)
    if many >= AGREEMENTS_MAX:
        problems["host_id"] = N_("A shop has no more of them than this.")
    return problems


def _span(
    from_day: date | None, until_day: date | None, now: datetime
) -> tuple[datetime, datetime | None, dict[str, str]]:
    """From when up to when, the last day included; and what is wrong with the days."""
    problems: dict[str, str] = {}
    today = now.astimezone(HOUSE_ZONE).date()
    last = today + timedelta(days=DAYS_AHEAD_MAX)
    begins = now
    if from_day is not None and from_day != today:
        begins = datetime.combine(from_day, time(), HOUSE_ZONE)
        if from_day < today:
            problems["from_day"] = N_("Nothing is agreed for what was sold already: choose today or a day to come.")
        elif from_day > last:
            problems["from_day"] = N_("That is too far ahead")
    ends = None
    if until_day is not None:
        if until_day > last:
            problems["until_day"] = N_("That is too far ahead")
        ends = datetime.combine(until_day + timedelta(days=1), time(), HOUSE_ZONE)
        if ends <= begins:
            problems["until_day"] = N_("It would end before it begins")
    return begins, ends, problems
