"""The terms of the trade, explained where they stand: `{{ term("gmv") }}` of `macros/terms.html`, and all on /styleguide.

`glossary.json` holds them in groups: each a key, a name and a meaning in both languages. A meaning is one or two sentences
for somebody on their first day; a formula is written out.
"""

from importlib import resources

import msgspec

from steelyard.kernel.text import Text, decode_text


class Term(msgspec.Struct, frozen=True):
    key: str
    name: Text
    meaning: Text


class TermGroup(msgspec.Struct, frozen=True):
    group: str
    name: Text
    terms: list[Term]


_FILE = resources.files("steelyard.surfaces.components").joinpath("glossary.json")
GROUPS: list[TermGroup] = msgspec.json.decode(_FILE.read_bytes(), type=list[TermGroup], dec_hook=decode_text)
TERMS: dict[str, Term] = {term.key: term for group in GROUPS for term in group.terms}
