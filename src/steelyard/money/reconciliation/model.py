"""Statements, their lines, and the differences between them and our books."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Literal, NewType
from uuid import UUID

import msgspec

from steelyard.kernel import ids
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text
from steelyard.money.ledger.model import AccountKind
from steelyard.money.payments import StripeCalls

FileId = NewType("FileId", UUID)
ItemId = NewType("ItemId", UUID)

UPLOAD_BYTES_MAX = 16 * 1024 * 1024
FILE_BYTES_MAX = 512 * 1024 * 1024
UNPACKED_BYTES_MAX = 1024 * 1024 * 1024
# Records of money pack to a tenth at best: what unpacks to more was made to fill the memory.
UNPACKED_TIMES_MAX = 25
UNPACKED_BYTES_MIN = 1024 * 1024
LINES_MAX = 2_000_000
# Minor units of a line: the sum of as many lines as a file may have is still a number of the database.
AMOUNT_MAX = 4 * 10**12
PROBLEMS_MAX = 10_000
PROBLEMS_KEPT_MAX = 200
WORDS_MAX = 500
# Two clocks and a message on its way: what is no further apart is no other day.
CLOCKS_APART_MINUTES = 60
# What is on the statement of the day before or after is a matter of time, not of money.
TIMING_DAYS = 1

_SWEPT = UUID("0c8d2b1e-52a4-5f0b-8d6f-3f6f4b7c9e21")


class LineKind(StrEnum):
    """`payout`: the channel has sent money to our bank. `paid_out` and `received`: the bank has paid a merchant, or has
    money from a channel. `dispute`: a channel has taken a payment back, `dispute_won`: it has given it back after all.
    `transfer`: it has sent money on to a shop, `transfer_reversal`: it has taken that back. `remitted`: a
    carrier has paid on what it collected. `other`: nothing that we know of."""

    CAPTURE = "capture"
    REFUND = "refund"
    FEE = "fee"
    PAYOUT = "payout"
    PAID_OUT = "paid_out"
    RECEIVED = "received"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    TRANSFER = "transfer"
    TRANSFER_REVERSAL = "transfer_reversal"
    REMITTED = "remitted"
    OTHER = "other"


class Kind(StrEnum):
    """What is different. `day`: the same movement stands on another day."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    FEE = "fee"
    DUPLICATE = "duplicate"
    CURRENCY = "currency"
    DAY = "day"


class DifferenceState(StrEnum):
    """`waiting`: it may be a matter of time, and closes by itself if it is. `open`: somebody must look. `proposed`: one
    person has said what to book, another must agree. `booked`, `accepted` (nothing is booked, and the words say why) and
    `closed` (the other side has turned up) are ends that can be undone."""

    WAITING = "waiting"
    OPEN = "open"
    PROPOSED = "proposed"
    BOOKED = "booked"
    ACCEPTED = "accepted"
    CLOSED = "closed"


_S = DifferenceState
DIFFERENCE_MACHINE = Machine(
    "reconciliation_difference",
    {_S.WAITING, _S.OPEN, _S.CLOSED},
    {
        _S.WAITING: {_S.OPEN, _S.CLOSED},
        _S.OPEN: {_S.PROPOSED, _S.BOOKED, _S.ACCEPTED, _S.CLOSED},
        _S.PROPOSED: {_S.OPEN, _S.BOOKED, _S.ACCEPTED, _S.CLOSED},
        _S.BOOKED: {_S.OPEN, _S.CLOSED},
        _S.ACCEPTED: {_S.OPEN, _S.CLOSED},
        # A movement is missing again when the statement on which it stood is withdrawn.
        _S.CLOSED: {_S.WAITING},
    },
)
MACHINES = (DIFFERENCE_MACHINE,)
UNFINISHED = (_S.WAITING, _S.OPEN, _S.PROPOSED)
INTO = (AccountKind.SUSPENSE, AccountKind.CHANNEL_FEES)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends statements. A carrier says of which orders the money is that it has paid on to the bank. Fees are compared where
    one is agreed (`payments.fees`)."""

    source: str
    side: Literal["channel", "bank", "carrier"]
    format: str
    utc_minutes: int
    name: Text

    @property
    def cash(self) -> AccountKind:
        """The account of ours that this source keeps the money of."""
        return AccountKind.CHANNEL_CASH if self.side == "channel" else AccountKind.BANK_CASH

    def day_of(self, at: datetime) -> date:
        """The source's own day at a moment."""
        return at.astimezone(timezone(timedelta(minutes=self.utc_minutes))).date()

    def begins(self, day: date) -> datetime:
        """When a day of the source begins."""
        return datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(minutes=self.utc_minutes)))


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A movement on a statement. `amount`: minor units, positive where money came in, before `fee`. `reference`: what we
    called it, `their_document` what the sender calls the payment or refund, `their_id` what it calls this movement."""

    number: int
    at: datetime
    kind: LineKind
    their_id: str
    currency: str
    amount: int
    fee: int = 0
    reference: str | None = None
    their_document: str | None = None

    @property
    def document(self) -> UUID | None:
        """The payment, refund, statement or transfer that the reference names."""
        if self.kind is LineKind.RECEIVED:
            return swept_document(self.reference) if self.reference else None
        if self.kind in (LineKind.TRANSFER, LineKind.TRANSFER_REVERSAL):
            return StripeCalls.document_of(self.reference) if self.reference else None
        return document_of(self.reference)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be read: `problem` is one of `PROBLEMS`, `told` what stands there."""

    number: int
    problem: str
    told: str = ""


PROBLEMS: Mapping[str, str] = {
    "not_this_format": N_("This is no statement in this format: its columns are not there."),
    "not_text": N_("The file is not text in the encoding of this format."),
    "not_a_zip": N_("The file is not the ZIP archive it should be, or it is damaged."),
    "too_large": N_("Unpacked, the file is larger than can be read."),
    "too_many_lines": N_("The file has more lines than can be read at once."),
    "cells": N_("The line has more or fewer cells than the header."),
    "time": N_("This is no time."),
    "kind": N_("This kind of movement is not known."),
    "amount": N_("This is no amount of this currency."),
    "currency": N_("This is no currency that is traded here."),
    "no_id": N_("The movement has no number."),
    "sign": N_("A payment must come in and a refund must go out."),
    "net": N_("The net amount is not the amount less the fee."),
    "count": N_("The file says itself how many lines it has, and there are others."),
    "sum": N_("The file says itself what its lines come to, and they come to something else."),
    "cut_off": N_("The end of the file is missing."),
}


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as it came. While it is `arriving`, `arrived` of its `lines` are here and none counts."""

    source: str
    file_id: FileId
    day: date
    format: str
    name: str
    sha256: str
    size: int
    lines: int
    problems: int
    state: Literal["arriving", "read", "refused", "withdrawn"]
    received_by: str
    received_at: datetime
    arrived: int
    withdrawal_asked_by: str | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`theirs` in `currency`, `ours` in `our_currency`; where they are one, `difference` is theirs less ours."""

    source: str
    item_id: ItemId
    day: date
    kind: Kind
    state: DifferenceState
    file_id: FileId | None
    line_no: int | None
    owner_id: UUID | None
    transfer_id: UUID | None
    document: UUID | None
    currency: str
    theirs: int
    our_currency: str
    ours: int
    found_at: datetime
    ended_at: datetime | None
    into_kind: AccountKind | None
    proposed_by: str | None
    booking: UUID | None
    words: str
    undo_asked_by: str | None = None
    undo_words: str = ""

    @property
    def difference(self) -> int:
        """What is to be explained, in minor units of `currency`."""
        return self.theirs - (self.ours if self.currency == self.our_currency else 0)

    @property
    def weights(self) -> list[tuple[str, int]]:
        """What an approval is about: what a booking would move, by currency, in minor units of it."""
        moved = [(self.currency, abs(self.difference))]
        return moved if self.currency == self.our_currency else [*moved, (self.our_currency, abs(self.ours))]


class DayRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of a day found: its lines, how many are matched, differences by kind, and how many still wait for anybody."""

    source: str
    day: date
    lines: int
    matched: int
    found: Mapping[str, int]
    unfinished: int
    closed: bool


class FileKnown(Refusal):
    """The same bytes have been read before: the file is known, whatever it is called now."""

    code = "statement_known"
    title = N_("This file is known")
    detail = N_("The same file was received before, for {day}.")


class DayTaken(Refusal):
    """A day has one statement. Another one takes its place only after the first is withdrawn."""

    code = "statement_day_taken"
    title = N_("There is a statement of this day")
    detail = N_("The statement of {day} was read before. Withdraw it first if this one is to count.")


class GivenUp(Refusal):
    """A statement counts when all of it is here, and not at all when it was withdrawn before that."""

    code = "statement_given_up"
    title = N_("The statement was withdrawn while it arrived")


class FileTooLarge(Refusal):
    """A statement has a largest size."""

    code = "statement_too_large"
    status = 413
    title = N_("The file is too large")
    detail = N_("A statement may have at most {megabytes} MB here. Larger ones are read with the command line.")


class NoSuchSource(Refusal):
    """Statements come from channels and banks that are set up."""

    code = "no_such_source"
    status = 404
    title = N_("Nobody of this name sends statements")


class NoStatement(Refusal):
    """A day is reconciled with its statement, and there is none yet."""

    code = "no_statement"
    status = 404
    title = N_("There is no statement of this day")


class NotOver(Refusal):
    """A statement is asked for when its day is over and its sender has closed it."""

    code = "statement_not_due"
    title = N_("This day is not over yet.")
    detail = N_("The statement of {day} is asked for by itself once it is ready.")


class DayBooked(Refusal):
    """A statement is withdrawn only while nobody has decided anything because of it."""

    code = "statement_in_use"
    title = N_("Differences of this statement are decided")
    detail = N_("Undo the decisions on its differences first; then it can be withdrawn.")


class AnotherPerson(Refusal):
    """Above an amount a booking needs a second person, who is not the one that proposed it."""

    code = "another_person"
    status = 403
    title = N_("Another person must agree")
    detail = N_("You proposed this booking yourself. Above the limit a second person decides.")


class NothingToBook(Refusal):
    """A difference of time moves no money."""

    code = "nothing_to_book"
    title = N_("There is nothing to book")
    detail = N_("The amounts are the same: this difference can only be accepted.")


def document_of(reference: str | None) -> UUID | None:
    """The id in a name of ours, which may have the number of a later attempt behind a point, or an underscore at the wallets."""
    if not reference:
        return None
    try:
        return UUID(reference.strip().partition(".")[0].partition("_")[0])
    except ValueError:
        return None


def swept_document(payout: str) -> UUID:
    """The document of what a channel has paid to our bank, from its own name of it, which the bank shows, too."""
    return ids.derived(_SWEPT, payout.strip())
