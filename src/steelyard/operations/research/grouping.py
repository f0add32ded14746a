"""Open answers put together by the words they share, pure: words, their weights, groups, what is typical of each.

Chinese is cut at the longest words that are known: those of the marketplace's own vocabulary, and strings of characters that
these answers themselves use again and again. Weights are TF-IDF, groups are by spherical k-means from starts that are chosen
without chance, so that the same answers always make the same groups.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import msgspec
import numpy as np

from steelyard.goods.search import runs
from steelyard.operations.research.model import ANSWERS_GROUPED_MAX, Group

GROUPS_MAX = 8
ANSWERS_PER_GROUP = 6
GROUPED_LEAST = 6
KEYWORDS_SHOWN = 6
QUOTES_SHOWN = 3
GRAM_CHARACTERS_MAX = 4
GRAM_TIMES_LEAST = 3
ROUNDS_MAX = 50
# Of all words the most frequent: a table of texts and words stays within some tens of megabytes.
WORDS_MAX = 1_500

# What says nothing of what an answer is about.
STOPWORDS = frozenset({
    "the", "a", "an", "and", "or", "but", "if", "of", "to", "in", "on", "at", "for", "with", "from", "by", "as",
    "is", "are", "was", "were", "be", "been", "it", "its", "i", "my", "me", "we", "our", "you", "your", "they",
    "this", "that", "these", "those", "there", "here", "so", "very", "too", "just", "not", "no", "yes", "do", "does",
    "did", "have", "has", "had", "would", "could", "can", "will", "more", "much", "than", "then", "also", "when",
    "what", "which", "who", "how", "all", "any", "some", "only", "really",
})  # fmt: skip
STOP_CHARACTERS = frozenset(
    "的了是我你他她它们很就都也和在有不没吗呢吧啊呀哦嗯这那个些什么怎还要会能得地着过被把给让跟与及或但而且因为所以如果太真挺最更再又"
)


def grouped(answers: Sequence[str], vocabulary: Collection[str] = ()) -> list[Group]:
    """The groups, the largest first; answers without a word that another one has, too, are in none. Fewer answers than are worth
    grouping are in one group."""
    texts = [list(runs(each)) for each in answers[:ANSWERS_GROUPED_MAX]]
    known = _lexicon(texts, vocabulary)
    said = [_words(each, known) for each in texts]
    places, names, weights = _weighed(said)
    if not places:
        return []
    # As answers say much the same, there are no more groups than words that could tell them apart.
    wanted = min(GROUPS_MAX, len(names), 1 if len(places) < GROUPED_LEAST else max(2, len(places) // ANSWERS_PER_GROUP))
    labels, middles = _clustered(weights, wanted)
    found: list[Group] = []
    for number in range(len(middles)):
        own = [place for place, label in enumerate(labels) if label == number]
        if own:
            told = _told(own, places, names, weights, middles, number)
            found.append(msgspec.structs.replace(told, quotes=_different(told.quotes, answers)))
    return sorted(found, key=lambda each: (-len(each.places), each.places[0]))


def _lexicon(texts: Sequence[Sequence[tuple[str, bool]]], vocabulary: Collection[str]) -> dict[str, int]:
    """Chinese words: those that are known, and strings that several answers have; of two of which one always brings the other
    the longer one. With how much they count when a run is cut."""
    times: Counter[str] = Counter()
    for text in texts:
        grams = {
            run[start : start + length]
            for run, cjk in text
            if cjk
            for length in range(2, GRAM_CHARACTERS_MAX + 1)
            for start in range(len(run) - length + 1)
        }
        times.update(gram for gram in grams if not STOP_CHARACTERS.intersection(gram))
    found = {gram: count for gram, count in times.items() if count >= GRAM_TIMES_LEAST or gram in vocabulary}
    within = {
        part
        for gram, count in found.items()
        if len(gram) > 2
        for part in (gram[:-1], gram[1:])
        if found.get(part) == count and part not in vocabulary
    }
    return {gram: count for gram, count in found.items() if gram not in within}


def _words(text: Sequence[tuple[str, bool]], known: dict[str, int]) -> list[str]:
    words: list[str] = []
    for run, cjk in text:
        if not cjk:
            if len(run) > 1 and run not in STOPWORDS and not run.isdecimal():
                words.append(_stem(run))
            continue
        words += _cut(run, known)
    return words


def _stem(word: str) -> str:
    """A plural's singular, roughly: enough for words of the same answer to meet."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _cut(run: str, known: dict[str, int]) -> Iterable[str]:
    """A run cut so that as many of its characters as can be are in words, and in as few words as can be; what is in none is left
    out."""
    best: list[tuple[int, int, int, list[str]]] = [(0, 0, 0, [])]
    for end in range(1, len(run) + 1):
        covered, few, often, words = best[end - 1]
        choice = (covered, few, often, words)
        for length in range(2, min(GRAM_CHARACTERS_MAX, end) + 1):
            word = run[end - length : end]
            if word in known:
                before = best[end - length]
                other = (before[0] + length, before[1] - 1, before[2] + known[word], [*before[3], word])
                choice = max(choice, other, key=lambda each: each[:3])
        best.append(choice)
    return best[-1][3]


def _weighed(said: Sequence[Sequence[str]]) -> tuple[list[int], list[str], np.ndarray]:
    """The places of the answers that share a word, the words, and TF-IDF with rows of length one."""
    shared = Counter(word for words in said for word in set(words))
    often = sorted(shared, key=lambda word: (-shared[word], word))[:WORDS_MAX]
    names = sorted(word for word in often if shared[word] > 1) or sorted(often)
    column = {name: number for number, name in enumerate(names)}
    places = [place for place, words in enumerate(said) if any(word in column for word in words)]
    weights = np.zeros((len(places), len(names)))
    for row, place in enumerate(places):
        for word, count in Counter(said[place]).items():
            if word in column:
                weights[row, column[word]] = (1 + np.log(count)) * np.log((1 + len(said)) / (1 + shared[word])) + 1e-9
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return places, names, weights / np.where(lengths > 0, lengths, 1)


def _clustered(weights: np.ndarray, wanted: int) -> tuple[list[int], np.ndarray]:
    """Spherical k-means. The first middle is the answer that is nearest to all, each further one the farthest from those."""
    first = int(np.argmax(weights @ weights.sum(axis=0)))
    starts = [first]
    near = weights @ weights[first]
    while len(starts) < wanted and near.min() < 1 - 1e-9:
        starts.append(int(np.argmin(near)))
        near = np.maximum(near, weights @ weights[starts[-1]])
    middles = weights[starts].copy()
    labels = np.full(len(weights), -1)
    for _ in range(ROUNDS_MAX):
        now = np.argmax(weights @ middles.T, axis=1)
        if (now == labels).all():
            break
        labels = now
        for number in range(len(middles)):
            own = weights[labels == number]
            if len(own):
                summed = own.sum(axis=0)
                middles[number] = summed / np.linalg.norm(summed)
    return [int(each) for each in labels], middles


def _told(  # one of several groups
    own: Sequence[int],
    places: Sequence[int],
    names: Sequence[str],
    weights: np.ndarray,
    middles: np.ndarray,
    number: int,
) -> Group:
    others = np.delete(middles, number, axis=0)
    telling = middles[number] - (others.max(axis=0) if len(others) else 0)
    order = sorted(range(len(names)), key=lambda word: (-telling[word], names[word]))
    keywords = [names[word] for word in order[:KEYWORDS_SHOWN] if middles[number][word] > 1e-6 and telling[word] > 0]
    nearness = weights[own] @ middles[number]
    typical = sorted(range(len(own)), key=lambda row: (-round(float(nearness[row]), 9), own[row]))
    return Group(
        places=[places[row] for row in own],
        keywords=keywords or [names[int(np.argmax(middles[number]))]],
        quotes=[places[own[row]] for row in typical],
    )


def _different(places: Sequence[int], answers: Sequence[str]) -> list[int]:
    """The first that do not say the same in the same words."""
    first = {answers[place].strip().casefold(): place for place in reversed(places)}
    return [place for place in places if first[answers[place].strip().casefold()] == place][:QUOTES_SHOWN]
