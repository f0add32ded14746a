"""What mails there are, and what each of them has to tell."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import msgspec

from steelyard.kernel.money import Money
from steelyard.kernel.text import Text, decode_text
from steelyard.parties.notifications.facts_model import CouponNews, Facts, LiveNews, RoomNews, SurveyAsked
from steelyard.parties.notifications.notice_model import CouponFacts, NewNotice, Notice, NoticeKind

MailId = NewType("MailId", UUID)

# The fact that holds a secret (a link that opens an account): wiped when the mail is out.
SECRET_FACT = "secret_link"  # noqa: S105  # the name of one, not one

__all__ = [
    "CouponFacts",
    "CouponNews",
    "Facts",
    "LiveNews",
    "NewNotice",
    "Notice",
    "NoticeKind",
    "RoomNews",
    "SurveyAsked",
]


class Template(StrEnum):
    PASSWORD_RESET = "password_reset"  # noqa: S105  # a name
    STAFF_INVITED = "staff_invited"
    ORDER_CONFIRMED = "order_confirmed"
    ORDER_SHIPPED = "order_shipped"
    ORDER_CANCELLED = "order_cancelled"
    REFUND_SENT = "refund_sent"
    EMAIL_CHANGE = "email_change"
    DATA_EXPORTED = "data_exported"
    PAYOUT_ACCOUNT_CHANGED = "payout_account_changed"
    HANDED_OVER = "handed_over"
    APPLICATION_BEGUN = "application_begun"
    APPLICATION_NEWS = "application_news"
    SHOP_NEWS = "shop_news"
    QUESTION_ASKED = "question_asked"
    QUESTION_ANSWERED = "question_answered"
    AFTER_SALES = "after_sales"
    PRESALE_NEWS = "presale_news"
    TEAM_NEWS = "team_news"
    COMPENSATED = "compensated"
    GIFT_CARD = "gift_card"
    COUPON_NEWS = "coupon_news"
    INVOICE_NEWS = "invoice_news"
    MONEY_NEWS = "money_news"
    ROOM_NEWS = "room_news"
    LIVE_NEWS = "live_news"
    SURVEY_ASKED = "survey_asked"


class PasswordReset(Facts, frozen=True, kw_only=True):
    name: str
    secret_link: str
    minutes: int


class StaffInvited(Facts, frozen=True, kw_only=True):
    """`inviter` is empty when the house itself invites."""

    name: str
    inviter: str
    roles: list[Text]
    secret_link: str
    days: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Some pieces of one product; `amount` is for all of them, none where the price does not matter."""

    title: Text
    quantity: int
    amount: Money | None = None


class OrderPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one shop sends."""

    shop: Text
    code: str
    lines: list[Line]
    freight: Money | None = None
    total: Money


class OrderConfirmed(Facts, frozen=True, kw_only=True):
    """A purchase is paid: its code, one order per shop, and `link` to its page. `waits`: it is sent when its team is whole;
    `ships_by`: it is sent later, by a day that was agreed; `at_the_door`: so much is paid when the parcels are handed over."""

    name: str
    purchase: str
    orders: list[OrderPart]
    total: Money
    link: str
    waits: bool = False
    ships_by: datetime | None = None
    at_the_door: Money | None = None


class OrderShipped(Facts, frozen=True, kw_only=True):
    """A parcel has left. `carrier` is the carrier's name, `number` the tracking number."""

    name: str
    order: str
    shop: Text
    carrier: Text
    number: str
    lines: list[Line]
    link: str


class OrderCancelled(Facts, frozen=True, kw_only=True):
    """An order is cancelled; `refund` is what is given back, none when nothing was paid."""

    name: str
    order: str
    shop: Text
    reason: str = ""
    refund: Money | None = None
    link: str


class RefundSent(Facts, frozen=True, kw_only=True):
    """Money is on its way back; `at` is when it was sent. `at_the_door`: so much less is to be paid there, since nothing was
    yet."""

    name: str
    order: str
    shop: Text
    amount: Money
    at: datetime
    link: str
    at_the_door: bool = False


class PayoutAccountChanged(Facts, frozen=True, kw_only=True):
    """A shop's money goes to another account from now on; `ending` are its last digits."""

    name: str
    shop: Text
    bank: str
    ending: str
    at: datetime
    link: str


class HandedOver(Facts, frozen=True, kw_only=True):
    """The ownership went from one to the other: told to both. `shop` is empty for the marketplace itself; `role` is what
    the reader has kept, none for who is the owner now."""

    name: str
    other: str
    shop: Text
    role: Text | None = None
    at: datetime
    link: str


class ApplicationBegun(Facts, frozen=True, kw_only=True):
    """Somebody wants to sell here: the link confirms the address and sets the password."""

    name: str
    secret_link: str
    days: int


class ApplicationNews(Facts, frozen=True, kw_only=True):
    """An application has come into a state: submitted, sent_back, approved, refused. `reasons` is what is to be
    corrected."""

    name: str
    state: str
    note: str
    reasons: list[str]
    link: str


class ShopNews(Facts, frozen=True, kw_only=True):
    """What becomes of a shop: `what` is one of those that the template tells of; `day` is the last for it."""

    name: str
    shop: Text
    what: str
    reason: str
    day: str
    link: str


class MoneyNews(Facts, frozen=True, kw_only=True):
    """Money of an order that waits for the reader, or no longer does: `what` is chargeback_ or refund_ and how far it is."""

    name: str
    shop: Text
    order: str
    what: str
    amount: Money | None
    day: str
    link: str


class QuestionAsked(Facts, frozen=True, kw_only=True):
    """Somebody asked a shop something about `title`."""

    name: str
    title: Text
    question: str
    link: str


class QuestionAnswered(Facts, frozen=True, kw_only=True):
    """A question was answered, by the shop or by somebody who has bought it."""

    name: str
    title: Text
    question: str
    answer: str
    by_shop: bool
    link: str


class AfterSales(Facts, frozen=True, kw_only=True):
    """News of an after-sales case, to its buyer or to the shop's people: `what` is the state it has come into, or `appealed`,
    `appeal_upheld`, `appeal_changed`; `words` what was said with it, `until` when silence decides."""

    name: str
    order: str
    shop: Text
    what: str
    words: str
    until: datetime | None = None
    link: str


class PresaleNews(Facts, frozen=True, kw_only=True):
    """What becomes of a booking in a presale: `what` is deposit_paid, balance_open, balance_ends (it is soon too late),
    called_off (the shop does not deliver, the deposit goes back), returned (it was given up or not paid, and the deposit goes
    back) or forfeited. `balance` is what is still to be paid, between `balance_from` and `balance_until`; `forfeits`: who does
    not pay it in time gives up the deposit."""

    name: str
    order: str
    shop: Text
    what: str
    lines: list[Line]
    deposit: Money
    balance: Money
    balance_from: datetime
    balance_until: datetime
    ships_by: datetime
    forfeits: bool
    reason: str = ""
    link: str


class TeamNews(Facts, frozen=True, kw_only=True):
    """What becomes of a team that an order waited for: `what` is whole, failed, or too_late (it had ended when the order was
    paid). `refund` is what goes back."""

    name: str
    order: str
    shop: Text
    what: str
    lines: list[Line]
    refund: Money | None = None
    link: str


class CompensationPaid(Facts, frozen=True, kw_only=True):
    """A shop has paid for a promise that it did not keep: `cause` is late, counterfeit, return_freight or price_protection;
    `purse` is balance or points, and empty where it goes back as the order was paid. `points`: how many, where it is points."""

    name: str
    order: str
    shop: Text
    cause: str
    lines: list[Line]
    amount: Money
    purse: str = ""
    points: int = 0
    rule: Text
    link: str


class EmailChange(Facts, frozen=True, kw_only=True):
    """The link by which a new e-mail address becomes somebody's."""

    name: str
    secret_link: str
    hours: int


class DataExported(Facts, frozen=True, kw_only=True):
    """All that is kept of somebody lies at `link`, where they sign in, for so many days."""

    name: str
    link: str
    days: int


class GiftCardSent(Facts, frozen=True, kw_only=True):
    """A gift card for whoever reads this: the link ends with its code. `sender` and `message` are words of its buyer."""

    sender: str
    message: str
    amount: Money
    secret_link: str


class InvoiceNews(Facts, frozen=True, kw_only=True):
    """Of invoices: to a buyer that one is `issued`, `credited` or `refused` for a `reason`; to the owners of a shop that buyers
    wait for some (`waiting`, `overdue`: `number` says how many), or that the platform has `charged` a month: without `order`."""

    name: str
    shop: Text
    what: str
    number: str
    order: str
    reason: str
    link: str


FACTS: dict[Template, type[Facts]] = {
    Template.PASSWORD_RESET: PasswordReset,
    Template.STAFF_INVITED: StaffInvited,
    Template.ORDER_CONFIRMED: OrderConfirmed,
    Template.ORDER_SHIPPED: OrderShipped,
    Template.ORDER_CANCELLED: OrderCancelled,
    Template.REFUND_SENT: RefundSent,
    Template.EMAIL_CHANGE: EmailChange,
    Template.DATA_EXPORTED: DataExported,
    Template.PAYOUT_ACCOUNT_CHANGED: PayoutAccountChanged,
    Template.HANDED_OVER: HandedOver,
    Template.APPLICATION_BEGUN: ApplicationBegun,
    Template.APPLICATION_NEWS: ApplicationNews,
    Template.SHOP_NEWS: ShopNews,
    Template.QUESTION_ASKED: QuestionAsked,
    Template.QUESTION_ANSWERED: QuestionAnswered,
    Template.AFTER_SALES: AfterSales,
    Template.PRESALE_NEWS: PresaleNews,
    Template.TEAM_NEWS: TeamNews,
    Template.COMPENSATED: CompensationPaid,
    Template.GIFT_CARD: GiftCardSent,
    Template.COUPON_NEWS: CouponNews,
    Template.INVOICE_NEWS: InvoiceNews,
    Template.MONEY_NEWS: MoneyNews,
    Template.ROOM_NEWS: RoomNews,
    Template.LIVE_NEWS: LiveNews,
    Template.SURVEY_ASKED: SurveyAsked,
}


def read_facts(template: Template, told: Mapping[str, object]) -> Facts:
    """Facts as they are kept (JSON), as the template's struct. Raises `msgspec.ValidationError` when they are others."""
    return msgspec.convert(told, FACTS[template], dec_hook=decode_text)


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that is not out yet; `facts` fit the template's struct of `FACTS`."""

    mail_id: MailId
    recipient: str
    template: Template
    locale: str
    facts: dict[str, Any]
    created_at: datetime
    failures: int


class MailQueue(msgspec.Struct, frozen=True, kw_only=True):
    """Mails that are not out: those that wait, those that were given up, and since when the oldest waits."""

    waiting: int
    given_up: int
    oldest_at: datetime | None
    last_error: str | None


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A mail in its reader's words: one line of subject, and the same text as plain text and as HTML."""

    subject: str
    text: str
    html: str
