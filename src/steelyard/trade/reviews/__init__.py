"""Reviews: what buyers say of what they received, and what they ask before.

Writing, voting and the shop's reply are in `service`; `ratings` keeps what reviews come to, `scores` the daily scores of
shops. `asking` holds questions and answers, `holding` what the dictionary holds back and the record of what was hidden,
`moderation` reports and hiding, `appeals` what authors say against it, `voting` which answers helped, `todo` what waits for a
shop, `privacy` what is kept of one buyer. Demo and imports write through `bulk`.
"""

from steelyard.trade.reviews.appeals import (
    APPEAL_CHARACTERS_MAX,
    Appeal,
    appeal,
    appealable,
    appeals,
    appeals_of,
    decide_appeal,
    open_appeals,
    waiting_for_staff,
)
from steelyard.trade.reviews.asking import (
    answer_as_buyer,
    answer_as_shop,
    answers_of,
    ask,
    get,
    has_bought,
    questions_of_merchant,
    questions_of_product,
)
from steelyard.trade.reviews.bulk import (
    PastAnswer,
    PastQuestion,
    PastReview,
    PastScore,
    bulk_questions,
    bulk_reviews,
)
from steelyard.trade.reviews.events import OpinionsChanged, QuestionAnswered, QuestionAsked, ReviewsWritten
from steelyard.trade.reviews.jobs import review_silence
from steelyard.trade.reviews.moderation import hidden, hide, open_reports, report, reported, set_rules, show
from steelyard.trade.reviews.privacy import forget, said_by
from steelyard.trade.reviews.queries import (
    of_buyers,
    of_merchant,
    of_orders,
    of_product,
    rating,
    ratings,
    review,
    rules,
    to_review,
    voted,
)
from steelyard.trade.reviews.scores import compare_shops, score_history, score_shops, scored, scores, taken_off
from steelyard.trade.reviews.service import follow_up, received_at, reply, reviewable, vote, write
from steelyard.trade.reviews.todo import Waiting, waiting_for_shop
from steelyard.trade.reviews.voting import vote_for_answer

__all__ = [
    "APPEAL_CHARACTERS_MAX",
    "Appeal",
    "OpinionsChanged",
    "PastAnswer",
    "PastQuestion",
    "PastReview",
    "PastScore",
    "QuestionAnswered",
    "QuestionAsked",
    "ReviewsWritten",
    "Waiting",
    "answer_as_buyer",
    "answer_as_shop",
    "answers_of",
    "appeal",
    "appealable",
    "appeals",
    "appeals_of",
    "ask",
    "bulk_questions",
    "bulk_reviews",
    "compare_shops",
    "decide_appeal",
    "follow_up",
    "forget",
    "get",
    "has_bought",
    "hidden",
    "hide",
    "of_buyers",
    "of_merchant",
    "of_orders",
    "of_product",
    "open_appeals",
    "open_reports",
    "questions_of_merchant",
    "questions_of_product",
    "rating",
    "ratings",
    "received_at",
    "reply",
    "report",
    "reported",
    "review",
    "review_silence",
    "reviewable",
    "rules",
    "said_by",
    "score_history",
    "score_shops",
    "scored",
    "scores",
    "set_rules",
    "show",
    "taken_off",
    "to_review",
    "vote",
    "vote_for_answer",
    "voted",
    "waiting_for_shop",
    "waiting_for_staff",
    "write",
]
