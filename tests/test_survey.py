"""A questionnaire: names that suit all tools, and mistakes told in words."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

import pytest
from asked import AGREE, SAMPLE, YES_NO, ask, nasty
from hypothesis import given
from hypothesis import strategies as st

from litreview import limesurvey, paper, qualtrics, redcap, survey, xlsform
from litreview.document import clean_lines
from litreview.errors import LitreviewError
from litreview.scales import Scale, ScaleKind
from litreview.survey import Block, Naming, Questionnaire, problems, variable

NAMINGS = [module.NAMING for module in (xlsform, redcap, qualtrics, limesurvey, paper)]
constructs = st.from_regex(
    r"[a-z][a-z0-9_]{0,25}(\.[a-z0-9_]{1,25}){0,2}", fullmatch=True
)


def asked(*questions: Any, **more: Any) -> Questionnaire:
    """Return a questionnaire of one block."""
    block = Block("one", "One", questions)
    return replace(SAMPLE, blocks=(block,), **more)


def test_a_name_says_construct_item_and_direction() -> None:
    """The construct, the item's number, and _r where the score is turned round."""
    assert variable("coh.internal", 12) == "coh_internal_12"
    assert variable("strat.reactive", 2, reverse=True) == "strat_reactive_2_r"
    assert variable("coh.process_priorities", 33) == "coh_process_prior_33"


@given(
    st.dictionaries(
        st.integers(1, 999_999), st.tuples(constructs, st.booleans()), min_size=2
    )
)
def test_names_suit_every_format_and_stay_apart(
    items: dict[int, tuple[str, bool]],
) -> None:
    """Different items have different legal names, also in LimeSurvey's spelling."""
    questions = [
        ask(construct, item_id, "Words.", reverse=reverse)
        for item_id, (construct, reverse) in items.items()
    ]
    for naming in NAMINGS:
        assert problems(asked(*questions), naming) == []
        spelled = {naming.spelled(one.name) for one in questions}
        assert len(spelled) == len(items)
        assert max(map(len, spelled)) <= 20
        for one in questions:
            assert naming.spelled(one.name).endswith(
                "r" if one.reverse else str(one.item_id)
            )


def test_items_that_differ_in_a_digit_stay_apart_without_underscores() -> None:
    """Item 2 of m1 is not item 12 of m."""
    names = {limesurvey.spelled(variable(c, n)) for c, n in (("m1", 2), ("m", 12))}
    assert names == {"m1x2", "m12"}


@given(nasty)
def test_html_shows_the_very_words(text: str) -> None:
    """A browser shows what was written; nothing is a tag, an entity or a formula."""
    written = survey.as_html(text, also='|[]{}$"')
    assert html.unescape(written.replace("<br />", "\n")) == clean_lines(text).strip()
    bare = written.replace("<br />", "")
    assert not set(bare) & set('<|[]{}$"\n\t')
    assert bare.lstrip()[:1] not in set(survey.FORMULA)


def test_a_slug_is_a_plain_name() -> None:
    """Titles in any script become names of files and forms."""
    assert survey.slug("School PD: coherence (Entwurf für 2026)") == (
        "school_pd_coherence_entwurf_fur_2026"
    )
    assert survey.slug("9 claims") == "q_9_claims"
    assert survey.slug("学校") == "survey"
    assert len(survey.slug("x" * 200)) == 40


BAD_SCALE = Scale("agree5", ScaleKind.AGREEMENT, ("Yes", "No"))
PLAIN = ask("a.b", 1, "Words.")
BAD: list[tuple[Questionnaire, Naming, str]] = [
    (replace(SAMPLE, blocks=()), redcap.NAMING, "is empty: it has no question"),
    (asked(), redcap.NAMING, "is empty: it has no question"),
    (
        asked(PLAIN, replace(PLAIN, item_id=7)),
        qualtrics.NAMING,
        "the variable 'a_b_1' stands twice: for the items 1, 7",
    ),
    (
        asked(replace(PLAIN, name="a" * 27)),
        redcap.NAMING,
        "has 27 characters; REDCap allows 26",
    ),
    (
        asked(replace(PLAIN, name="Coherence_1")),
        redcap.NAMING,
        "'Coherence_1' of item 1 is not allowed in REDCap: it begins with a small",
    ),
    (
        asked(replace(PLAIN, name="a" * 21)),
        limesurvey.NAMING,
        "has 21 characters; LimeSurvey allows 20",
    ),
    (
        asked(replace(PLAIN, name="a-b")),
        limesurvey.NAMING,
        "'a-b' of item 1 is not allowed in LimeSurvey",
    ),
    (
        asked(replace(PLAIN, name="a_b"), replace(PLAIN, name="ab", item_id=2)),
        limesurvey.NAMING,
        "a_b and ab would both be called 'ab' in LimeSurvey",
    ),
    (
        asked(replace(PLAIN, name="école_1")),
        xlsform.NAMING,
        "has letters beyond a-z, which XLSForm does not take",
    ),
    (
        asked(replace(PLAIN, name="1_a")),
        qualtrics.NAMING,
        "is not allowed in Qualtrics: it begins with a letter",
    ),
    (
        asked(replace(PLAIN, scale=replace(AGREE, answers=()))),
        redcap.NAMING,
        "the scale 'agree5' has no answers to choose from",
    ),
    (
        asked(replace(PLAIN, scale=replace(YES_NO, answers=("Yes", " ")))),
        redcap.NAMING,
        "an answer of the scale 'yes_no' has no words",
    ),
    (
        asked(replace(PLAIN, scale=replace(YES_NO, answers=("Yes", "Yes ")))),
        redcap.NAMING,
        "the scale 'yes_no' has the answer 'Yes' twice",
    ),
    (
        asked(PLAIN, ask("a.b", 2, "More.", BAD_SCALE)),
        redcap.NAMING,
        "two scales are called 'agree5'",
    ),
    (asked(ask("a.b", 9, " \x00")), redcap.NAMING, "item 9 has no words"),
    (asked(PLAIN, title="\n"), redcap.NAMING, "the questionnaire has no title"),
    (asked(PLAIN, id="A b"), redcap.NAMING, "the questionnaire's id 'A b' is no plain"),
    (
        replace(SAMPLE, blocks=(*SAMPLE.blocks, SAMPLE.blocks[0])),
        redcap.NAMING,
        "two blocks have the id 'strategy'",
    ),
    (
        replace(SAMPLE, blocks=(*SAMPLE.blocks, Block("more", "More", ()))),
        redcap.NAMING,
        "the block 'more' has no question",
    ),
    (
        replace(SAMPLE, blocks=(Block("m n", "", (PLAIN,)),)),
        redcap.NAMING,
        "the block 'm n' has no title",
    ),
]


@pytest.mark.parametrize(("bad", "naming", "words"), BAD)
def test_what_a_tool_would_refuse_is_told_in_words(
    bad: Questionnaire, naming: Naming, words: str
) -> None:
    """Each mistake is named with the item, scale or block that has it."""
    assert any(words in told for told in problems(bad, naming)), problems(bad, naming)
    with pytest.raises(LitreviewError, match="cannot become") as caught:
        survey.refuse(bad, naming)
    assert caught.value.why
    assert caught.value.fix


def test_a_sound_questionnaire_has_no_problem() -> None:
    """The sample can go into every format."""
    assert [problems(SAMPLE, naming) for naming in NAMINGS] == [[]] * 5


def test_many_mistakes_are_cut_short() -> None:
    """Ten are told, the others counted."""
    many = asked(*(replace(PLAIN, name="B", item_id=n) for n in range(1, 31)))
    with pytest.raises(LitreviewError) as caught:
        survey.refuse(many, redcap.NAMING)
    assert caught.value.why.endswith("; and 21 more")


def test_neighbours_with_the_same_answers_make_a_grid() -> None:
    """Only answers in order do, only side by side, and only if all are required."""
    other = ask("a.b", 3, "Words.", YES_NO)
    questions = (PLAIN, replace(PLAIN, name="x_2", item_id=2), other)
    must = replace(PLAIN, name="x_5", item_id=5, required=True)
    again = replace(PLAIN, name="x_4", item_id=4)
    block = Block("one", "One", (*questions, other, again, must))
    grids = [[one.item_id for one in run] for run in survey.runs(block)]
    assert grids == [[1, 2], [3], [3], [4], [5]]
