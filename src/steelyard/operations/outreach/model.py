"""Messages, what they are made of, and the states they go through."""

from collections.abc import Mapping
from datetime import datetime, time
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

import msgspec

from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.states import Machine
from steelyard.kernel.text import Text

MessageId = NewType("MessageId", UUID)
TemplateId = NewType("TemplateId", UUID)

TEMPLATES_PER_MERCHANT_MAX: Final = 500
NAME_CHARACTERS_MAX: Final = 80
SUBJECT_CHARACTERS_MAX: Final = 120
BODY_CHARACTERS_MAX: Final = 5_000
BUTTON_CHARACTERS_MAX: Final = 40
LINK_CHARACTERS_MAX: Final = 300
VALUE_CHARACTERS_MAX: Final = 500
VARIABLES_PER_MESSAGE_MAX: Final = 40
MESSAGES_PER_CALL_MAX: Final = 5_000
TRIALS_PER_HOUR_MAX: Final = 20
# Of a text message that is paid by parts.
SMS_CHARACTERS_MAX: Final = 300


class Channel(StrEnum):
    EMAIL = "email"
    INBOX = "inbox"
    SMS = "sms"
    WECHAT = "wechat"


class State(StrEnum):
    """`dropped`: it may not go out, see `why`. `unsure`: the outside took it or not, nobody can say; it is not sent again."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    DROPPED = "dropped"
    UNSURE = "unsure"


MACHINE = Machine(
    "message",
    {State.QUEUED},
    {
        State.QUEUED: {State.SENDING, State.DELIVERED, State.DROPPED, State.FAILED},
        State.SENDING: {State.QUEUED, State.SENT, State.DELIVERED, State.BOUNCED, State.FAILED, State.UNSURE},
        State.SENT: {State.DELIVERED, State.BOUNCED, State.FAILED, State.QUEUED},
        State.DELIVERED: {State.BOUNCED},
        State.BOUNCED: set(),
        State.FAILED: set(),
        State.DROPPED: set(),
        State.UNSURE: {State.SENT, State.DELIVERED, State.BOUNCED},
    },
)


class Why(StrEnum):
    """Why somebody may not be reached, or a message came to nothing."""

    STRANGER = "stranger"
    NO_ADDRESS = "no_address"
    SUPPRESSED = "suppressed"
    SHOP_CLOSED = "shop_closed"
    NO_CONSENT = "no_consent"
    STOPPED = "stopped"
    MISSING = "missing"
    NO_GATEWAY = "no_gateway"
    REFUSED = "refused"
    TOO_LATE = "too_late"
    NOT_ASKED = "not_asked"


class UnknownTemplate(Refusal):
    """A message is said in a template of the same shop and channel that is not archived."""

    code = "unknown_template"
    title = N_("There is no such template")
    detail = N_("The message needs a template of this shop and this channel.")


class TooManyTemplates(Refusal):
    """A shop has so many templates that nobody would find one among them."""

    code = "too_many_templates"
    title = N_("There are too many templates")
    detail = N_("A shop can have {most} templates. Archive some first.")


class TemplateChanged(Refusal):
    """Who changes a template has seen how it stands."""

    code = "template_changed"
    title = N_("Somebody has changed this template since")
    detail = N_("Reload the page, and enter your changes again.")


class TooManyTrials(Refusal):
    """Trials are for looking at; a shop sends so many in an hour."""

    code = "too_many_trials"
    status = 429
    title = N_("That is enough for now")
    detail = N_("A shop can send {most} trial messages in an hour.")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a template says. `link` is a variable such as {{cart.url}}, or a page of ours; `code`: its id at the channel."""

    subject: Text = msgspec.field(default_factory=Text)
    body: Text = msgspec.field(default_factory=Text)
    button: Text = msgspec.field(default_factory=Text)
    link: str = ""
    code: str = ""


class NewTemplate(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: UUID
    template_id: UUID
    channel: Channel
    name: str
    words: Words
    playbook: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A template as it stands; `version` is what `change` compares."""

    merchant_id: UUID
    template_id: UUID
    channel: Channel
    name: str
    playbook: str
    version: int
    subject: Text
    body: Text
    button: Text
    link: str
    code: str
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None = None

    @property
    def words(self) -> Words:
        return Words(subject=self.subject, body=self.body, button=self.button, link=self.link, code=self.code)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message that somebody wants sent. `message_id` is the idempotency key. `variables` by the names of `variables.CATALOGUE`:
    text, or `Text` for what reads otherwise in another language; links are pages of ours, such as /cart. Of `buyer.*`, `shop.*`
    and `unsubscribe.url` the house knows itself. `marketing`: only to who wants such, and by the clocks where they are, never
    between `quiet_from` and `quiet_to`. Nothing leaves earlier than `not_before`."""

    merchant_id: UUID
    message_id: UUID
    buyer_id: UUID
    channel: Channel
    template_id: UUID
    variables: Mapping[str, str | Text] = {}
    marketing: bool = True
    not_before: datetime | None = None
    quiet_from: time | None = None
    quiet_to: time | None = None
    origin: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is kept."""

    merchant_id: UUID
    message_id: UUID
    buyer_id: UUID | None
    channel: Channel
    template_id: UUID
    version: int
    variables: dict[str, str | dict[str, str]]
    marketing: bool
    origin: str
    locale: str
    address: str
    state: State
    why: str
    tries: int
    bounces: int
    due_at: datetime | None
    not_before: datetime
    quiet_from: time | None
    quiet_to: time | None
    created_at: datetime
    handed_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    complained_at: datetime | None

    @property
    def reason(self) -> str:
        """The `Why` alone, without what the other side said."""
        return self.why.partition(":")[0]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    from_state: str
    to_state: State
    why: str
    at: datetime
