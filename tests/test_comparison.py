"""Levels: what each field says about a pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from litreview import titles as reading
from litreview.columns import Entry, columns_of
from litreview.comparison import (
    compare_abstracts,
    compare_authors,
    compare_containers,
    title_levels,
)
from litreview.evidence import Evidence
from litreview.levels import (
    FIELDS,
    Abstract,
    Authors,
    Container,
    Doi,
    Form,
    Issue,
    Level,
    Notice,
    Pages,
    Title,
    Volume,
    Wording,
    Year,
)
from litreview.titles import compare_titles, compare_wording, is_common, numbers_in
from litreview.weighing import weigh

PARTS = (
    *("part", "i", "ii", "3", "one", "trial", "a", "c", "e\u0301tude", "\u0967", "of"),
    *("coaching", "coaches", "head", "teachers in coastal schools"),
)
LONG = "Coaching for head teachers in coastal schools"


def levels(one: Entry, two: Entry) -> dict[type[Level], Level]:
    """Return the level of every field of one pair."""
    row = np.zeros(1, np.int64)
    found = weigh(columns_of([one, two]), row, row + 1, keep_all=True).levels
    return {field: tuple(field)[int(found[field][0])] for field in FIELDS}


def test_levels_are_numbered_as_written_and_weigh_as_they_should() -> None:
    """Agreement never weighs less than silence, nor silence than disagreement."""
    assert all([*field] == [*range(len(field))] for field in FIELDS)
    for same, missing, different in (
        (Doi.SAME, Doi.MISSING, Doi.DIFFERENT),
        (Pages.RANGE, Pages.MISSING, Pages.DIFFERENT),
        (Volume.SAME, Volume.MISSING, Volume.DIFFERENT),
        (Issue.SAME, Issue.MISSING, Issue.DIFFERENT),
        (Year.SAME, Year.MISSING, Year.DIFFERENT),
        (Abstract.SAME, Abstract.MISSING, Abstract.DIFFERENT),
    ):
        assert same.weight >= missing.weight > different.weight


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        (LONG, f"[{LONG.upper()}.]", Title.SAME),
        ("Editorial", "editorial", Title.SHORT),
        (LONG, LONG.replace("coastal", "coatsal"), Title.SPELLING),
        (LONG, f"{LONG}: a mixed methods study", Title.CONTINUED),
        (LONG, "Rain over Bergen, 1880 to 1971", Title.DIFFERENT),
        (LONG, "[Rain over Bergen, 1880 to 1971]", Title.TRANSLATED),
        (LONG, "", Title.MISSING),
    ],
)
def test_titles(one: str, two: str, level: Title) -> None:
    """Case, brackets and a typing error are nothing; a subtitle is little."""
    assert levels(Entry(1, title=one), Entry(2, title=two))[Title] is level


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("home based learning", "homebased learning", Wording.SAME),
        ("learning behaviour of pupils", "learning behavior of pupils", Wording.SAME),
        ("sleep of adult learners", "sleep of adolescent learners", Wording.REPLACED),
        ("sleep of learners", "sleep of young learners", Wording.ADDED),
        ("sleep part i", "sleep part ii", Wording.NUMBER_CHANGED),
        ("sleep part one", "sleep part 1", Wording.SAME),
        ("sleep of 20 pupils", "sleep of 30 pupils", Wording.NUMBER_CHANGED),
        ("sleep of pupils", "sleep of pupils part 2", Wording.NUMBER_ADDED),
    ],
)
def test_wording(one: str, two: str, level: Wording) -> None:
    """A number or a word exchanged counts, a spelling does not, whoever is first."""
    assert compare_wording(one, two) is level
    assert compare_wording(two, one) is level


def test_numbers_are_read_in_any_notation() -> None:
    """Digits, Roman numbers and "part one" give the same numbers."""
    assert numbers_in("part one phase ii of 007 trials") == ["1", "2", "7"]
    assert numbers_in("i saw a study of v") == []


@given(st.lists(st.sampled_from(PARTS), max_size=6).map(" ".join))
def test_most_titles_are_known_to_have_no_numbers(title: str) -> None:
    """The short cut finds what the pattern would."""
    words = [match[1] or match[0] for match in reading._NUMBER.finditer(title)]
    assert len(numbers_in(title)) == len(words)


def test_titles_without_a_subject_are_common() -> None:
    """Yearly titles prove nothing unless a number sets them apart."""
    assert is_common("introduction to the special issue on schools")
    assert is_common("book reviews")
    assert not is_common("abstracts of the 79th congress of the society")
    assert not is_common("coaching for head teachers in coastal schools")


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=7).map(" ".join), max_size=6))
def test_many_titles_compare_as_two_do(titles: list[str]) -> None:
    """Where the ratio settles the level, it is the level that a closer look gives."""
    columns = columns_of([Entry(n, title=title) for n, title in enumerate(titles)])
    left, right = np.triu_indices(len(titles), 1)
    found = title_levels(columns, Evidence(left, right, {}))
    for a, b, level in zip(left.tolist(), right.tolist(), found.tolist(), strict=True):
        one, two = columns.titles[a], columns.titles[b]
        if one and two and one.replace(" ", "") != two.replace(" ", ""):
            assert level == compare_titles(one, two, fuzz.ratio(one, two))


@given(
    st.lists(st.sampled_from(["ito", "marsh", "okafor", "bergman"]), max_size=4).map(
        tuple
    )
)
def test_author_lists_compare_alike_in_both_directions(names: tuple[str, ...]) -> None:
    """Nobody is unknown, a list equals itself, and order does not matter."""
    swapped = (("rodriguez", "rodrigues", "ito"), ("rodriguess", "vik", "zhao"))
    assert compare_authors(*swapped) is compare_authors(*reversed(swapped))
    level = compare_authors(names, names)
    assert (level is Authors.UNKNOWN) == (not names)
    assert level in {Authors.ALL, Authors.SINGLE, Authors.UNKNOWN}
    for other in (("ito",), ("marsh", "ito"), ("zhao", "vik"), ()):
        assert compare_authors(names, other) is compare_authors(other, names)


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        (("ito", "marsh", "vik"), ("marsh", "vik", "ito"), Authors.ALL),
        (("ito", "marsh", "vik"), ("ito", "vik"), Authors.FEWER),
        (("ito", "marsh"), ("ito",), Authors.FIRST),
        (("rodrigues",), ("rodriguez",), Authors.SINGLE),
        (("ito", "marsh", "vik"), ("ito", "marsh", "zhao"), Authors.MOST),
        (("ito", "marsh", "vik"), ("ito", "zhao", "bo"), Authors.SOME),
        (("ito",), ("zhao",), Authors.DIFFERENT),
        (("ito",), (), Authors.MISSING),
    ],
)
def test_authors(one: tuple[str, ...], two: tuple[str, ...], level: Authors) -> None:
    """Authors are a set of family names, with allowance for spelling."""
    assert compare_authors(one, two) is level


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("journal school leadership", "j sch leadersh", Container.SAME),
        ("journal school leadership", "jsl", Container.SAME),
        ("journal school leadership", "jour school leadership", Container.SAME),
        (
            "school leadership",
            "international school leadership annual",
            Container.ALIKE,
        ),
        ("journal school leadership", "revista educacion", Container.DIFFERENT),
        ("cancer", "cancer chemotherapy research", Container.ALIKE),
    ],
)
def test_containers(one: str, two: str, level: Container) -> None:
    """An abbreviation is the journal; another journal is not."""
    assert compare_containers(one, two) is level
    assert compare_containers(two, one) is level


def test_abstracts_are_judged_by_their_beginning() -> None:
    """A copyright line or a heading changes nothing, another text does."""
    text = "Forty heads were coached over two years and we asked what changed. " * 8
    other = "Rain was measured in Bergen for ninety years by three observers. " * 8
    assert compare_abstracts(text, text + "(c) 2016 The Publisher") is Abstract.SAME
    assert compare_abstracts("BACKGROUND: " + text, text) is Abstract.SAME
    assert compare_abstracts(text, other) is Abstract.DIFFERENT
    assert compare_abstracts(text, "No abstract.") is Abstract.MISSING


def test_numbers_and_kinds() -> None:
    """Years, volumes, pages, DOIs, notices and forms say what they should."""
    one = Entry(1, LONG, year=2015, volume="3", issue="11", pages="e10433",
                doi="10.1021/abc")  # fmt: skip
    two = Entry(2, f"Erratum: {LONG}", year=2016, volume="3", issue="e10433",
                doi="10.1021/abc.s001", type="dataset")  # fmt: skip
    found = levels(one, two)
    assert found[Year] is Year.CLOSE
    assert found[Volume] is Volume.SAME
    assert (found[Pages], found[Issue]) == (Pages.START, Issue.MISSING)
    assert found[Doi] is Doi.PART
    assert found[Notice] is Notice.ONE_SIDED
    assert found[Form] is Form.DIFFERENT
