"""What buyers find: one entry a product on the shelf, kept up to date from events, searched in words and in Chinese.

`words` makes of a text what is indexed and what is asked; `statements` puts the statement behind a search together.
`wordlist` makes the vocabulary, which `vocabulary` keeps in memory for suggestions and mended words; `readings` is how its
Chinese is read. `searches` is what
people search (history, hot words, what found nothing), `rules` what the operator decides of it. `shelves` are the few goods
that are shown beside something else, `shown` what an entry says of prices. `ahead` are those that a large house looks
through first. `default_sorts` are those in which lists are shown to who chose none.
"""

from steelyard.goods.search.ahead import choose_ahead
from steelyard.goods.search.default_sorts import SORTS_OF, default_sort, settle_sort
from steelyard.goods.search.model import Query
from steelyard.goods.search.queries import address_pages, addresses, cards, find
from steelyard.goods.search.rules import (
    HotRule,
    Redirect,
    Rules,
    Synonym,
    redirect_of,
    remove_hot_rule,
    remove_redirect,
    remove_synonym,
    rules,
    save_hot_rule,
    save_redirect,
    save_synonym,
)
from steelyard.goods.search.searches import (
    Choices,
    HotWord,
    Searched,
    Unfound,
    choices,
    choose,
    forget,
    forget_search,
    history,
    hot_words,
    record_follow,
    record_search,
    record_searches,
    unfound,
)
from steelyard.goods.search.service import (
    mark_stale,
    record_free_delivery,
    record_ratings,
    record_sales,
    reindex,
    reindex_products,
)
from steelyard.goods.search.shelves import best_matching, best_selling
from steelyard.goods.search.vocabulary import Vocabulary, Word, read_dictionary, without_one
from steelyard.goods.search.wordlist import known_words, make_vocabulary
from steelyard.goods.search.words import runs

__all__ = [
    "SORTS_OF",
    "Choices",
    "HotRule",
    "HotWord",
    "Query",
    "Redirect",
    "Rules",
    "Searched",
    "Synonym",
    "Unfound",
    "Vocabulary",
    "Word",
    "address_pages",
    "addresses",
    "best_matching",
    "best_selling",
    "cards",
    "choices",
    "choose",
    "choose_ahead",
    "default_sort",
    "find",
    "forget",
    "forget_search",
    "history",
    "hot_words",
    "known_words",
    "make_vocabulary",
    "mark_stale",
    "read_dictionary",
    "record_follow",
    "record_free_delivery",
    "record_ratings",
    "record_sales",
    "record_search",
    "record_searches",
    "redirect_of",
    "reindex",
    "reindex_products",
    "remove_hot_rule",
    "remove_redirect",
    "remove_synonym",
    "rules",
    "runs",
    "save_hot_rule",
    "save_redirect",
    "save_synonym",
    "settle_sort",
    "unfound",
    "without_one",
]
