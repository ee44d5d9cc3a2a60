"""Promises of litreview.sources.asreview."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from litreview.errors import InputFileError
from litreview.sources import asreview, csv_file
from litreview.sources.rows import Opinion, Row

TA = "title_abstract"


def _rows(text: str) -> list[Row]:
    table = csv_file.read(io.StringIO(text, newline=""), Path("a.csv"))
    return list(asreview.read(table))


@pytest.mark.parametrize("label", ["asreview_label", "included", "label_included"])
def test_labels_are_opinions(label: str) -> None:
    """1 and 0 are; -1 and nothing are not; pandas writes 1.0."""
    rows = _rows(f"title,{label}\nA,1\nB,0\nC,-1\nD,\nE,1.0\nF,nan\n")
    said = [[one.verdict for one in row.opinions] for row in rows]
    assert said == [["include"], ["exclude"], [], [], ["include"], []]


def test_a_record_becomes_a_citation() -> None:
    """By the names of ASReview's columns; the user is told by version 2."""
    (row,) = _rows(
        "record_id,primary_title,first_authors,notes_abstract,publication_year,doi,"
        "url,asreview_label,asreview_user_name\n"
        "12,T,\"['Ng, Nora', 'Sims, Sam']\",Abs.,2020,10.5555/X,https://a.org,1,"
        "Kofi B\n"
    )
    found = row.citation
    assert (found.source_id, found.title, found.year) == ("12", "T", 2020)
    assert [name.family for name in found.authors] == ["Ng", "Sims"]
    assert (found.abstract, found.url) == ("Abs.", "https://a.org")
    assert row.opinions == (Opinion("Kofi B", "include", TA),)


def test_another_label_is_refused_with_its_line() -> None:
    """Columns called "included" may mean something else."""
    with pytest.raises(InputFileError, match="has the label 'yes'") as caught:
        _rows("title,abstract,included\nA,,1\nB,,yes\n")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ("ASReview_relevant", ["include"]),
        ("x ASReview_irrelevant ASReview_prior", ["exclude"]),
        ("ASReview_not_seen", []),
        ("ASReview_validate_relevant", []),
    ],
)
def test_notes_of_ris_are_opinions(notes: str, said: list[str]) -> None:
    """The labels of an export to RIS stand in N1."""
    assert [one.verdict for one in asreview.opinions(notes)] == said


@pytest.mark.parametrize(
    ("names", "fits"),
    [
        ({"title", "asreview_label"}, True),
        ({"title", "label_included"}, True),
        ({"title", "abstract", "included"}, True),
        ({"title", "included"}, False),
        ({"title", "label"}, False),
    ],
)
def test_its_header_is_known(names: set[str], *, fits: bool) -> None:
    """By columns of its own, or by what it wants of a data set."""
    assert asreview.fits(names) is fits
