"""Write `goods/search/readings.json`, how Chinese is read, from the dictionaries of pypinyin."""

import json
import sys
from collections import defaultdict
from itertools import groupby
from pathlib import Path

from pypinyin import lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

FILE = Path(__file__).resolve().parent.parent / "src" / "steelyard" / "goods" / "search" / "readings.json"


def made() -> str:
    """The file's text, an entry a line."""
    alone = {chr(code): lazy_pinyin(chr(code))[0] for code in PINYIN_DICT}
    characters: defaultdict[str, str] = defaultdict(str)
    for char, syllable in sorted(alone.items()):
        characters[syllable] += char
    phrases = {
        first: "".join(f"\n{_told(phrase, alone)}" for phrase in same) + "\n"
        for first, same in groupby(sorted(PHRASES_DICT), key=lambda phrase: phrase[0])
    }
    return (
        json.dumps({"characters": characters, "phrases": phrases}, ensure_ascii=False, indent=0, sort_keys=True) + "\n"
    )


def _told(phrase: str, alone: dict[str, str]) -> str:
    read = lazy_pinyin(phrase)
    plain = read == [alone[char] for char in phrase]
    return phrase[1:] if plain else f"{phrase[1:]}={chr(39).join(read)}"


def main() -> None:
    if "--check" in sys.argv[1:]:
        if FILE.read_text("utf-8") != made():
            sys.exit(f"{FILE.name} is not what pypinyin says: run tools/readings.py")
        return
    FILE.write_text(made(), "utf-8")


if __name__ == "__main__":
    main()
