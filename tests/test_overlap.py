"""The corrected covered area, and how works of several lists are joined."""

from __future__ import annotations

from pathlib import Path

import pytest
from coded import begin, rows_by
from hypothesis import given
from hypothesis import strategies as st
from making import Maker
from sqlalchemy.orm import Session

from litreview import covering
from litreview.citation import Citation
from litreview.errors import UsageError
from litreview.overlap import covered, join


def work(title: str, year: int | None = 2020, doi: str = "") -> Citation:
    """Return an entry of a list."""
    return Citation(source="list", source_id=title, title=title, year=year, doi=doi)


def test_the_area_is_pieper_s() -> None:
    """Three reviews, 5 works, 8 inclusions: (8 - 5) / (15 - 5) = 0.3."""
    found = covered([3, 2, 1, 1, 1], reviews=3)
    assert (found.inclusions, found.works) == (8, 5)
    assert found.cca == pytest.approx(0.3)
    assert found.word == "very high"


@pytest.mark.parametrize(
    ("memberships", "reviews", "cca", "word"),
    [
        ([1, 1, 1], 2, 0.0, "slight"),
        ([2, 2], 2, 1.0, "very high"),
        ([1] * 19 + [2], 2, 0.05, "slight"),
        ([1] * 9 + [2], 2, 0.1, "moderate"),
        ([1], 1, None, "undefined: fewer than two reviews"),
        ([], 3, None, "undefined: no works"),
    ],
)
def test_the_area_has_its_word(
    memberships: list[int], reviews: int, cca: float | None, word: str
) -> None:
    """None, full, the borders, and where it is not defined."""
    found = covered(memberships, reviews=reviews)
    assert found.cca == (None if cca is None else pytest.approx(cca))
    assert found.word == word


def test_works_are_joined_by_doi_or_by_title_and_year() -> None:
    """A DOI decides where both have one; else title, with years one apart."""
    lists = {
        "a": [work("Trust", 2019, "10.1/x"), work("Fit", 2020), work("Time", 2001)],
        "b": [
            work("Trust, a study", 2019, "10.1/x"),
            work("FIT.", 2021),
            work("Time", 2010),
        ],
        "c": [work("Trust", 2019, "10.1/y"), work("Fit", None)],
    }
    found = {(one.title, one.doi): one.reviews for one in join(lists)}
    assert found[("Trust", "10.1/x")] == {"a", "b"}
    assert found[("Trust", "10.1/y")] == {"c"}
    assert found[("Fit", "")] == {"a", "b", "c"}
    assert [one.reviews for one in join(lists) if one.title == "Time"] == [
        *({"a"}, {"b"})
    ]


@given(
    st.dictionaries(
        st.sampled_from("abcd"), st.lists(st.integers(0, 9), unique=True), min_size=1
    )
)
def test_each_work_counts_once_per_review(lists: dict[str, list[int]]) -> None:
    """The memberships are those of the lists, and the area lies between 0 and 1."""
    named = {
        review: [work(f"Work number {number}") for number in numbers]
        for review, numbers in lists.items()
    }
    found = join(named)
    assert sum(len(one.reviews) for one in found) == sum(map(len, lists.values()))
    assert len(found) == len({n for numbers in lists.values() for n in numbers})
    area = covered([len(one.reviews) for one in found], reviews=len(lists))
    assert area.cca is None or 0 <= area.cca <= 1


def test_lists_stand_beside_our_included_works(
    session: Session, make: Maker, tmp_path: Path
) -> None:
    """A file names its review; a work that both include is one row with two flags."""
    coded = begin(session, make)
    coded.reports[0].title = "Trust in schools"
    coded.reports[0].doi = "10.1/x"
    session.flush()
    path = tmp_path / "earlier.csv"
    path.write_text("title,doi,year\nTrust in schools,10.1/X,2020\nOther,,2019\n")
    found = covering.compare(session, covering.lists([path]), ours="this review")
    rows = rows_by(found.works, "title")
    assert rows["Trust in schools"]["this review"]
    assert rows["Trust in schools"]["earlier"]
    assert not rows["Other"]["this review"]
    assert (found.area.works, found.area.inclusions, found.area.reviews) == (5, 6, 2)
    assert covering.in_words(found.area) == (
        "5 works in 2 reviews, 6 inclusions; corrected covered area 0.200 (very high)"
    )


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """A review is named by its file, so two of a name would be mixed up."""
    (tmp_path / "a").mkdir()
    paths = [tmp_path / "r.csv", tmp_path / "a" / "r.csv"]
    for path in paths:
        path.write_text("title\nTrust\n")
    with pytest.raises(UsageError, match="two files are named r"):
        covering.lists(paths)
