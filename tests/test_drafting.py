"""Candidate stems are made by plain rules, and say what they came from."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import BOOK

from litreview import drafting, yamlfile
from litreview.codebook import Level, parse_codebook
from litreview.drafting import Passage, Pattern, Published
from litreview.vocabulary import EvidenceType

BOOK_READ = parse_codebook(yamlfile.parse(BOOK, Path("book.yaml")), name="book")
SCHOOL, TEAM = BOOK_READ.choose("fit.end"), BOOK_READ.choose("people.trust")
PUPIL = BOOK_READ.choose("people.need")


def passage(quote: str, code_id: int = 1, kind: str = "tests") -> Passage:
    """Return a passage of a report."""
    return Passage(code_id, quote, "p. 4", kind, 7, "Sims (2021)", 2021)


def stems(quote: str, level: Level) -> list[str]:
    """Return what a passage gives at a level."""
    return [one.text for one in drafting.from_passage(passage(quote), level)]


@pytest.mark.parametrize(
    ("level", "quote", "stem"),
    [
        (Level.TEACHER, "Teachers trust their leaders", "I trust my leaders."),
        (Level.TEACHER, "The staff are free to try;", "I am free to try."),
        (Level.TEACHER, "We've time of our own.", "I have time of my own."),
        (Level.TEACHER, "They see themselves as able.", "I see myself as able."),
        (Level.SCHOOL, "The school protects time.", "My school protects time."),
        (Level.SCHOOL, "We share one plan.", "In my school, we share one plan."),
        (
            Level.SCHOOL,
            "senior leaders explain why",
            "Senior leaders in my school explain why.",
        ),
        (Level.TEAM, "Trust holds the team up.", "Trust holds my team up."),
        (Level.TEAM, "Colleagues help out.", "Colleagues in my team help out."),
        (Level.TRUST, "Schools share experts.", "Schools in my trust share experts."),
    ],
)
def test_the_respondents_own_stands_for_whom_it_speaks_of(
    level: Level, quote: str, stem: str
) -> None:
    """Referent by level; with "I" the words beside it follow."""
    assert stems(quote, level) == [stem]


@pytest.mark.parametrize(
    ("level", "quote"),
    [
        (Level.SCHOOL, "Does the school plan?"),
        (Level.SCHOOL, "Plans matter most of all."),
        (Level.SCHOOL, "The school [...] plans ahead."),
        (Level.SCHOOL, "School works."),
        (Level.SCHOOL, "These help the school to plan."),
        (Level.TEACHER, "To empower teachers to take risks."),
        (Level.TEACHER, "Leaders help teachers to take risks."),
        (Level.PUPIL, "Teachers see need."),
        (Level.SCHOOL, "The school " + "plans and " * 20 + "plans."),
        (Level.SCHOOL, ""),
    ],
)
def test_no_stem_is_made_of_what_is_no_statement(level: Level, quote: str) -> None:
    """Questions, gaps, half sentences, nobody to stand for, too long, too short."""
    assert stems(quote, level) == []


def test_each_sentence_can_give_a_stem() -> None:
    """In their order, each alone."""
    quote = "The school plans ahead. It rains.\nLeaders say why; nobody asks."
    assert stems(quote, Level.SCHOOL) == [
        "My school plans ahead.",
        "Leaders in my school say why.",
    ]


def test_passages_are_ranked_by_what_they_do() -> None:
    """Measures, tests, theorises, illustrates; then the newest report."""
    kinds = ["illustrates", "theorises", "tests", "measures"]
    mixed = [passage("x", number, kind) for number, kind in enumerate(kinds)]
    assert [one.evidence_type for one in drafting.ranked(mixed)] == kinds[::-1]
    old = Passage(1, "x", "p. 1", "tests", 1, year=1999)
    undated, new = (
        Passage(n, "x", "p. 1", "tests", 1, year=y) for n, y in ((2, None), (3, 2020))
    )
    assert [one.code_id for one in drafting.ranked([old, undated, new])] == [3, 1, 2]


def test_a_construct_gives_stems_in_the_order_of_rules() -> None:
    """Published words first, then passages, then frames; each with its source."""
    theirs = Published(5, "It fits.", "Fit scale", "4", "p. 12", "agree5", (9,))
    found = drafting.candidates(
        SCHOOL, [passage("The school plans ahead.", 3)], [theirs]
    )
    assert [one.pattern for one in found] == [
        Pattern.PUBLISHED,
        Pattern.PASSAGE,
        Pattern.FRAME,
    ]
    assert found[0].basis == "Fit scale (item 4, p. 12), word for word"
    assert found[0].codes == (9,)
    assert found[1].basis == "code 3: Sims (2021), p. 4"
    assert found[1].codes == (3,)
    assert (found[2].text, found[2].codes) == ("In my school, we see end state.", ())
    assert {one.referent for one in found} == {"my school"}


def test_a_scale_of_two_poles_has_a_frame_with_both() -> None:
    """F26: the poles stand in one stem."""
    [both, _frame] = drafting.candidates(
        TEAM, [], [], poles=[BOOK_READ.choose("people.distrust")]
    )
    assert both.text == "In my team, we see trust rather than distrust."
    assert both.pattern == Pattern.POLES


def test_a_level_without_one_person_has_no_referent() -> None:
    """A pupil's level has a frame, and the writer says whom it is about."""
    [frame] = drafting.candidates(PUPIL, [passage("Teachers see need.")], [])
    assert (frame.referent, frame.text) == (
        "",
        "Among the pupils I teach, I see need.",
    )


def test_the_same_words_stand_once_and_passages_are_capped() -> None:
    """Ten stems of passages are enough to begin with."""
    same = [passage("The school plans ahead.", n) for n in range(1, 9)]
    other = [passage(f"The school plans step {n}.", 10 + n) for n in range(9)]
    found = drafting.candidates(SCHOOL, [*same, *other], [])
    texts = [one.text for one in found]
    assert len(texts) == len(set(texts))
    assert len(found) <= drafting.MOST_FROM_PASSAGES + 1


WORDS = st.lists(
    st.sampled_from(
        ["the school", "teachers", "we", "plan", "they", "why?", "to", "I"]
    ),
    max_size=9,
).map(" ".join)


@given(WORDS, st.sampled_from(list(Level)), st.sampled_from(list(EvidenceType)))
def test_every_stem_is_one_statement_with_its_passage(
    quote: str, level: Level, kind: EvidenceType
) -> None:
    """Whatever the passage, a stem is a sentence, speaks of us, and names its code."""
    for one in drafting.from_passage(passage(quote, 42, kind), level):
        assert one.codes == (42,)
        assert one.text.endswith(".")
        assert one.text[0].isupper()
        assert "?" not in one.text
        assert " my " in f" {one.text.lower()}" or "I" in one.text.split()
