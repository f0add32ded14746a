"""`Text`: a merchant's words in several languages, kept together as one value (a JSON object in the database)."""

import msgspec

# What a reader gets when their own language is missing, in this order, then whatever there is.
FALLBACK = ("zh-Hans", "en")


class Text(dict[str, str]):
    """Words by BCP 47 language tag: `Text({"zh-Hans": "纽扣", "en": "Button"})`. In SQL it is a jsonb object."""

    def in_language(self, locale: str) -> str:
        """The words for a reader of `locale`, else in a language they may read; never an error."""
        for tag in (locale, locale.split("-", maxsplit=1)[0], *FALLBACK):
            words = self.get(tag)
            if words:
                return words
        return next((words for words in self.values() if words), "")

    def __str__(self) -> str:
        return self.in_language(FALLBACK[0])


def text(zh: str, en: str) -> Text:
    """Both of our languages at once, for words that we write ourselves."""
    return Text({"zh-Hans": zh, "en": en})


def decode_text(wanted: type, value: object) -> object:
    """msgspec's `dec_hook` for whatever holds a `Text`."""
    if wanted is Text:
        return Text(msgspec.convert(value, dict[str, str]))
    raise NotImplementedError(wanted)  # so msgspec asks for it: it knows no such type


def beginning(words: str) -> tuple[str, str]:
    """From where to where, byte by byte, texts begin with these words: for `column ~>=~ $1 AND column ~<~ $2`, which goes
    by an index of `text_pattern_ops` whatever plan is kept. No words begin nothing."""
    return (words, f"{words}\U0010ffff") if words else ("", "")
