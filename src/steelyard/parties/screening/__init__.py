"""Screening: what people write is held against the operator's dictionary before others read it.

`matching` finds words (no I/O), `queries` keeps the dictionary in each process and holds texts against it, `service` changes
it. Who keeps people's words calls `screen` (or `screen_texts`) in its command; what became of a word is counted by the
process and written down now and then (`note_hits`).
"""

from steelyard.parties.screening.matching import key_of
from steelyard.parties.screening.queries import (
    dictionary,
    held_in,
    listed,
    look,
    masked_texts,
    screen,
    screen_quietly,
    screen_texts,
    starred,
    waiting,
    word,
)
from steelyard.parties.screening.service import import_words, note_hits, remove_word, save_word

__all__ = [
    "dictionary",
    "held_in",
    "import_words",
    "key_of",
    "listed",
    "look",
    "masked_texts",
    "note_hits",
    "remove_word",
    "save_word",
    "screen",
    "screen_quietly",
    "screen_texts",
    "starred",
    "waiting",
    "word",
]
