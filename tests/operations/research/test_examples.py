"""The worked examples of docs/algorithms/surveys.md, and what holds of the logic whatever is asked."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from steelyard.kernel.errors import Invalid
from steelyard.operations import research
from steelyard.operations.research import difference, holm, mean, nps, wilson
from steelyard.operations.research.model import END, Answer, Comparison, Definition, Jump, Option, Question, Type
from tests.support.surveys import BOUGHT, LAST, LIKELY, asking, chose, jumping, question, rated, wrote


def test_shares_scores_and_means_have_the_bounds_of_the_page() -> None:
    assert [round(each, 3) for each in (wilson(8, 10).value, wilson(8, 10).low, wilson(8, 10).high)] == [
        0.8,
        0.49,
        0.943,
    ]
    assert round(wilson(0, 10).high, 3) == 0.278 and not wilson(0, 0).known
    score = nps(50, 30, 20)
    assert [round(each, 1) for each in (score.value, score.low, score.high)] == [30.0, 14.1, 44.2]
    assert nps(10, 0, 0).low < 75 and nps(10, 0, 0).high == 100, "ten promoters are no certainty"
    middle = mean([1, 2, 3, 4, 5])
    assert [round(each, 2) for each in (middle.value, middle.low, middle.high)] == [3.0, 1.04, 4.96]


def test_groups_differ_or_do_not_as_the_page_says() -> None:
    found = difference([[30, 10], [20, 40]])
    assert found is not None and (round(found.statistic, 2), round(found.p, 6), found.method) == (
        16.67,
        0.000045,
        "chi2",
    )
    assert [[round(each, 5) for each in row] for row in found.cells] == [[0.00018] * 2] * 2
    small = difference([[3, 1], [1, 4]])
    assert small is not None and small.small and (small.method, round(small.p, 3)) == ("fisher", 0.206)
    drawn = difference([[3, 1, 2], [1, 4, 0], [0, 0, 9]])
    assert drawn is not None and drawn.method == "chance" and drawn == difference([[3, 1, 2], [1, 4, 0], [0, 0, 9]])
    assert difference([[3, 0], [4, 0]]) is None
    assert [round(each, 2) for each in holm([0.01, 0.04, 0.03])] == [0.03, 0.06, 0.06]


def test_the_way_leads_by_conditions_and_jumps_and_texts_say_what_was_answered() -> None:
    asked = asking()
    behind, following = research.way(asked, {"q1": rated(3), "q2": chose("o2")})
    assert [each.key for each in behind] == ["q1", "q2"] and following is not None and following.key == "q3"
    answers = {"q1": rated(3), "q2": chose("o2")}
    assert research.piped(following.text, asked, answers, "en") == "What was wrong with the Pots?"
    assert research.piped(following.text, asked, {}, "zh-Hans") == "What was wrong with the –?"
    assert research.way(jumping(), {"q1": rated(10)})[1] is None
    stale = {"q1": rated(9), "q2": chose("o1"), "q3": wrote("cold")}
    behind, following = research.way(asked, stale)
    assert [each.key for each in behind] == ["q1", "q2"] and following is not None and following.key == "q4"


@given(some.integers(0, 10), some.sampled_from(["o1", "o2"]), some.integers(0, 2**64))
def test_every_survey_ends_and_options_stand_in_an_order_that_stays(value: int, option: str, seed: int) -> None:
    for definition in (asking(), jumping()):
        said: dict[str, Answer] = {}
        while (following := research.way(definition, said)[1]) is not None:
            said[following.key] = {"q1": rated(value), "q2": chose(option)}.get(following.key, wrote("x"))
        assert len(said) <= len(definition.questions)
    fixed = Option(key="o9", text=BOUGHT.options[0].text, fixed=True)
    shuffled = question("q1", Type.SINGLE, "Which?", options=(*BOUGHT.options, fixed), shuffle=True)
    orders = [[each.key for each in research.in_order(shuffled, UUID(int=seed))] for _ in range(2)]
    assert orders[0] == orders[1] and orders[0][-1] == "o9" and sorted(orders[0]) == ["o1", "o2", "o9"]


@pytest.mark.parametrize(
    ("asked", "typed", "said"),
    [
        (LIKELY, {"a": ["11"]}, None),
        (LIKELY, {"a": ["7.5"]}, None),
        (LIKELY, {}, None),
        (BOUGHT, {"a": ["o3"]}, None),
        (BOUGHT, {"a": ["o1", "o2"]}, None),
        (question("q", Type.RANKING, "?", options=BOUGHT.options), {"a.o1": ["2"], "a.o2": ["1"]}, chose("o2", "o1")),
        (question("q", Type.RANKING, "?", options=BOUGHT.options), {"a.o1": ["1"], "a.o2": ["1"]}, None),
        (question("q", Type.RANKING, "?", options=BOUGHT.options), {"a.o1": ["1"]}, None),
        (question("q", Type.RANKING, "?", options=BOUGHT.options), {"a.o1": ["1"], "a.o2": ["9" * 5_000]}, None),
        (
            question("q", Type.MATRIX, "?", options=BOUGHT.options, rows=BOUGHT.options),
            {"a.o1": ["o2"], "a.o2": ["o1"]},
            chose("o1=o2", "o2=o1"),
        ),
        (question("q", Type.MATRIX, "?", options=BOUGHT.options, rows=BOUGHT.options), {"a.o1": ["o2"]}, None),
        (question("q", Type.DATE, "?"), {"a": ["2026-02-30"]}, None),
        (question("q", Type.DATE, "?"), {"a": ["2026-02-28"]}, wrote("2026-02-28")),
        (question("q", Type.NUMBER, "?", least=0), {"a": ["-1"]}, None),
        (question("q", Type.NUMBER, "?"), {"a": ["1,250.5"]}, Answer(number=1250.5)),
        (question("q", Type.SHORT, "?"), {"a": ["x" * 201]}, None),
        (question("q", Type.CONSENT, "?"), {}, None),
        (question("q", Type.CONSENT, "?", required=False), {}, chose("no")),
    ],
)
def test_an_answer_is_one_that_can_be(asked: Question, typed: dict[str, list[str]], said: Answer | None) -> None:
    if said is not None:
        assert research.read(asked, typed) == said
        return
    with pytest.raises(Invalid):
        research.read(asked, typed)


def test_chinese_answers_are_grouped_by_words_nobody_has_taught() -> None:
    texts = [
        "物流太慢了",
        "物流慢，等了一周",
        "物流还是慢",
        "包装压坏了",
        "包装破了，盒子扁了",
        "包装不结实",
        "物流慢",
        "包装太差",
    ]
    groups = research.grouped(texts, {"物流", "包装"})
    assert [sorted(each.places) for each in groups] == [[0, 1, 2, 6], [3, 4, 5, 7]]
    assert [each.keywords[0] for each in groups] == ["物流", "包装"]
    assert groups == research.grouped(texts, {"物流", "包装"})


def test_the_same_seed_draws_the_same_people_and_one_more_moves_nobody() -> None:
    people = [UUID(int=number) for number in range(1, 60)]
    drawn = research.drawn_for_interviews(people, "2026-11", 8)
    assert drawn == research.drawn_for_interviews(list(reversed(people)), "2026-11", 8)
    assert drawn != research.drawn_for_interviews(people, "another", 8)
    less = [each for each in people if each != drawn[0]]
    assert research.drawn_for_interviews(less, "2026-11", 7) == drawn[1:]


def test_a_test_against_what_is_no_number_is_refused_before_anybody_answers() -> None:
    for value, fine in (("9", True), ("-3", True), ("--5", False), ("", False), ("nine", False)):
        happy = msgspec.structs.replace(LIKELY, jumps=(Jump(test=Comparison.AT_LEAST, value=value, to=END),))
        assert [each.field for each in research.wrong_in(asking(happy, LAST), ())] == ([] if fine else ["jumps"]), value


def test_every_ready_survey_can_be_opened_but_for_what_the_shop_has_to_choose() -> None:
    for ready in research.READY:
        made: Definition = ready.make()
        assert {each.field for each in research.wrong_in(made, ())} <= {"segment_id"}, ready.key
        assert all(set(each.text) == {"zh-Hans", "en"} for each in made.questions)
