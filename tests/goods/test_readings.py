"""How Chinese is read without the dictionaries of pypinyin in memory."""

import pytest
from pypinyin import lazy_pinyin

from steelyard.goods.search.readings import readings


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("重庆", "chong qing"),
        ("重量", "zhong liang"),
        ("音乐盒", "yin yue he"),
        ("长沙银行", "chang sha yin hang"),
        ("绿色", "lv se"),
        ("行李箱 20 寸", "xing li xiang 2 0 cun"),
        ("a 茶", "a cha"),
        ("", ""),
    ],
)
def test_the_longest_known_phrase_is_read_as_such(words: str, read: str) -> None:
    assert readings().syllables(words) == read.split()


@pytest.mark.parametrize(
    "words", ["龟兹国", "一丁不识", "为人民服务", "还有什么便宜的", "单于", "朝阳区的早朝", "𠀀秤"]
)
def test_it_reads_as_the_dictionaries_that_it_was_made_from(words: str) -> None:
    assert readings().syllables(words) == lazy_pinyin(words)
