"""Reviews, the scores of shops, questions and answers."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

import msgspec

from steelyard.goods.catalog.model import ProductId
from steelyard.kernel.errors import Refusal
from steelyard.kernel.i18n import N_
from steelyard.kernel.text import Text
from steelyard.parties.customers.model import BuyerId
from steelyard.parties.merchants.model import MerchantId
from steelyard.trade.orders.model import OrderId

ReviewId = NewType("ReviewId", UUID)
QuestionId = NewType("QuestionId", UUID)
AnswerId = NewType("AnswerId", UUID)

TEXT_CHARACTERS_MAX = 2_000
REPLY_CHARACTERS_MAX = 500
QUESTION_CHARACTERS_MAX = 200
ANSWER_CHARACTERS_MAX = 500
NOTE_CHARACTERS_MAX = 300
PICTURES_PER_REVIEW_MAX = 6
ANSWERS_PER_QUESTION_MAX = 100
QUESTIONS_A_DAY_MAX = 20
REPLY_EDITABLE_HOURS = 24
STARS_MAX = 5
# A review with so few stars wants an answer of the shop.
LOW_STARS_MAX = 3
SCORES_OVER_DAYS = 180
FACTS_OVER_DAYS = 30
COUNTED_MAX = 100
VOTE_WORTH = 10
# From so many characters on a text tells something.
TELLING_CHARACTERS = 20


class Kind(StrEnum):
    """What people say, and others may report."""

    REVIEW = "review"
    QUESTION = "question"
    ANSWER = "answer"


class Ground(StrEnum):
    """On which ground something is off the pages. What consumers say may not be deleted (E-Commerce Law of the PRC, article
    39); what the law forbids to publish, or is no review of these goods, is hidden, and stays on record with this ground."""

    HELD = "held"
    ILLEGAL = "illegal"
    PRIVACY = "privacy"
    ABUSE = "abuse"
    ADVERTISING = "advertising"
    UNRELATED = "unrelated"
    FALSE = "false"


class Act(StrEnum):
    HELD = "held"
    HIDDEN = "hidden"
    SHOWN = "shown"


class ReportReason(StrEnum):
    """Why people report something; `WORDS` is the dictionary's own."""

    ADVERTISING = "advertising"
    ABUSE = "abuse"
    PRIVACY = "privacy"
    UNRELATED = "unrelated"
    FALSE = "false"
    OTHER = "other"
    WORDS = "words"


class Sort(StrEnum):
    USEFUL = "useful"
    NEWEST = "newest"


class Only(StrEnum):
    """Which reviews of a product are wanted."""

    ALL = ""
    PICTURES = "pictures"
    FOLLOWED_UP = "follow-up"
    GOOD = "good"
    MIDDLING = "middling"
    BAD = "bad"


# The stars behind 好评, 中评 and 差评.
STARS_OF: dict[Only, tuple[int, ...]] = {Only.GOOD: (4, 5), Only.MIDDLING: (3,), Only.BAD: (1, 2)}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's rules, in days; `automatic_days` 0 means that silence is no review."""

    write_days: int
    follow_up_days: int
    automatic_days: int


class NewReview(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer says of one line. `pictures` are names in the file store."""

    review_id: ReviewId
    line: int
    stars: int
    text: str = ""
    pictures: Sequence[str] = ()


class OrderReview(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer says of an order: of its lines, and once of service and logistics. `author` is a name as it is,
    masked before it is kept."""

    merchant_id: MerchantId
    order_id: OrderId
    lines: Sequence[NewReview]
    service: int
    logistics: int
    author: str = ""
    anonymous: bool = False
    locale: str = "zh-Hans"


class Review(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    review_id: ReviewId
    product_id: ProductId
    order_id: OrderId
    line: int
    buyer_id: BuyerId
    author: str
    locale: str
    options: list[tuple[Text, Text]]
    stars: int
    text: str
    pictures: list[str]
    automatic: bool
    written_at: datetime
    follow_up: str | None
    follow_up_pictures: list[str]
    followed_up_at: datetime | None
    reply: str | None
    replied_at: datetime | None
    helpful: int
    worth: int
    hidden_at: datetime | None
    hidden_reason: str | None
    hidden_ground: str | None = None

    @property
    def follow_up_after_days(self) -> int:
        """How many days later the follow-up came; 0: on the same day."""
        return (self.followed_up_at - self.written_at).days if self.followed_up_at else 0


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """How a product is rated: `stars_n` shown reviews have n stars."""

    product_id: ProductId
    stars_1: int = 0
    stars_2: int = 0
    stars_3: int = 0
    stars_4: int = 0
    stars_5: int = 0
    texts: int = 0
    pictured: int = 0
    followed_up: int = 0
    silent: int = 0

    @property
    def histogram(self) -> list[tuple[int, int]]:
        """(stars, how many), five stars first."""
        return [(stars, getattr(self, f"stars_{stars}")) for stars in range(STARS_MAX, 0, -1)]

    @property
    def count(self) -> int:
        """How many reviews people wrote."""
        return sum(count for _, count in self.histogram)

    @property
    def hundredths(self) -> int:
        """The average in hundredths of a star; 0 when nobody has said anything."""
        return average(sum(stars * count for stars, count in self.histogram), self.count)

    @property
    def good_percent(self) -> int:
        """How many of a hundred gave four or five stars."""
        return round(100 * (self.stars_4 + self.stars_5) / self.count) if self.count else 0

    def of(self, only: Only) -> int:
        """How many reviews a filter leaves."""
        match only:
            case Only.ALL:
                return self.count + self.silent
            case Only.PICTURES:
                return self.pictured
            case Only.FOLLOWED_UP:
                return self.followed_up
            case _:
                return sum(getattr(self, f"stars_{stars}") for stars in STARS_OF[only])


def average(stars: int, count: int) -> int:
    """`stars` in all of `count` reviews in hundredths of a star, rounded half up; 0 for none.

    One each of 5 and 4 stars is 450; 5, 5 and 4 are 467.
    """
    return (200 * stars + count) // (2 * count) if count else 0


class ShopScore(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's scores of a day in hundredths of a star, 0 where nobody has said; `peers` shops of its category have the
    averages `peer_…`. Of the orders paid in 30 days `faults` had an after-sales case that lies with the shop; `late` of the
    `due` ones left the house late."""

    merchant_id: MerchantId
    day: date
    reviews: int
    description: int
    service: int
    logistics: int
    peers: int | None
    peer_description: int | None
    peer_service: int | None
    peer_logistics: int | None
    said_service: int = 0
    said_logistics: int = 0
    paid: int = 0
    faults: int = 0
    due: int = 0
    late: int = 0

    @property
    def parts(self) -> list[tuple[str, int, int | None]]:
        """(name, hundredths, per mille above or below its peers)."""
        return [
            (name, mine, None if not theirs or not mine else round(1000 * (mine - theirs) / theirs))
            for name, mine, theirs in (
                ("description", self.description, self.peer_description),
                ("service", self.service, self.peer_service),
                ("logistics", self.logistics, self.peer_logistics),
            )
        ]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    question_id: QuestionId
    product_id: ProductId
    buyer_id: BuyerId
    author: str
    locale: str
    text: str
    asked_at: datetime
    answers: int
    shop_at: datetime | None
    hidden_at: datetime | None
    hidden_reason: str | None
    hidden_ground: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`voted`: the reader found it helpful."""

    answer_id: AnswerId
    question_id: QuestionId
    by_shop: bool
    author: str
    text: str
    answered_at: datetime
    hidden_at: datetime | None
    helpful: int = 0
    voted: bool = False


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """Something that people reported and nobody has decided on; `count` of them, for these reasons. `ground` is there for
    what is off the pages."""

    merchant_id: MerchantId
    kind: Kind
    subject_id: UUID
    first_at: datetime
    count: int
    reasons: list[ReportReason]
    notes: list[str]
    product_id: ProductId | None
    author: str
    text: str
    pictures: list[str]
    stars: int | None
    ground: Ground | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a shop, each counted up to `COUNTED_MAX`."""

    questions: int
    reviews: int
    low_reviews: int


class ToReview(msgspec.Struct, frozen=True, kw_only=True):
    """A line that its buyer has received and not yet reviewed, until `until`."""

    merchant_id: MerchantId
    order_id: OrderId
    code: str
    line: int
    product_id: ProductId
    title: Text
    options: list[tuple[Text, Text]]
    picture: str | None
    until: datetime


def masked(name: str) -> str:
    """A name as others may see it: 李小秤 is 李*秤, Anna Smith is A***h."""
    name = name.strip()
    if len(name) <= 1:
        return f"{name}**" if name else ""
    if len(name) == 2:  # two characters
        return f"{name[0]}*"
    return f"{name[0]}{'*' if len(name) == 3 else '***'}{name[-1]}"  # three characters


def worth_of(text: str, pictures: int, follow_up: str | None = None) -> int:
    """How much a review tells before anybody has voted: words, pictures, a second look; below one vote in all."""
    telling = len(text) >= TELLING_CHARACTERS
    return (3 if telling else 1 if text else 0) + (4 if pictures else 0) + (2 if follow_up else 0)


class NotReceived(Refusal):
    """Who reviews has bought and received it."""

    code = "not_received"
    title = N_("This cannot be reviewed yet")
    detail = N_("You can review what you have bought once it has arrived and was not given back.")


class ReviewTooLate(Refusal):
    """A review is written within a period after receipt, a follow-up within one after the review."""

    code = "review_too_late"
    title = N_("The time for this has passed")
    detail = N_("It was possible for {days} days.")


class AlreadyReviewed(Refusal):
    """A line is reviewed once, and followed up once."""

    code = "already_reviewed"
    title = N_("You have reviewed this already")
    detail = ""


class ReplyFinal(Refusal):
    """A shop replies once, and may correct its reply for a day."""

    code = "reply_final"
    title = N_("This reply can no longer be changed")
    detail = N_("A reply can be corrected for {hours} hours.")


class OwnReview(Refusal):
    """Nobody votes for their own review."""

    code = "own_review"
    title = N_("This is your own review")
    detail = ""


class OwnAnswer(Refusal):
    """Nobody votes for their own answer."""

    code = "own_answer"
    title = N_("This is your own answer")
    detail = ""


class MayNotAnswer(Refusal):
    """Questions are answered by the shop and by people who have bought the product."""

    code = "may_not_answer"
    status = 403
    title = N_("Only the shop and people who bought it can answer")
    detail = ""
