"""Traditional and simplified characters as one."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.han import simplified

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("發財，賭博", "发财，赌博"),
        ("乾淨 乾坤", "干净 干坤"),
        ("里裡裏", "里里里"),
        ("café 國産", "café 国产"),
        ("薴苧苎", "苎苎苎"),
        ("", ""),
    ],
)
def test_traditional_characters_become_simplified_ones(written: str, same: str) -> None:
    assert simplified(written) == same


@given(st.text())
def test_a_text_keeps_its_length_and_what_is_simplified_stays(text: str) -> None:
    once = simplified(text)
    assert len(once) == len(text)
    assert simplified(once) == once


def test_the_table_is_what_the_dictionaries_say() -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "han.py", "--check"], check=True)
