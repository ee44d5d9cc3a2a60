"""Promises of litreview.sources.covidence."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from litreview.sources import covidence, csv_file
from litreview.sources.rows import Opinion, Row

HEADER = (
    "Title,Authors,Abstract,Published Year,Published Month,Journal,Volume,Issue,Pages,"
    "Accession Number,DOI,Ref,Covidence #,Study,Notes,Tags\n"
)


def _rows(text: str) -> list[Row]:
    table = csv_file.read(io.StringIO(HEADER + text, newline=""), Path("c.csv"))
    return list(covidence.read(table))


def test_a_study_becomes_a_citation_with_its_exclusion() -> None:
    """It is called #123; who excluded it is not told."""
    (row,) = _rows(
        'Voluntary work,"Heslop, P.; Ng, N.",About.,1990,,Midwife,26,4,136-140,107520,'
        "10.5555/X,6535,#1581,Heslop 1990,Exclusion reason: Wrong study design; ,SRH\n"
    )
    found = row.citation
    assert (found.source_id, row.database) == ("#1581", "")
    assert [name.family for name in found.authors] == ["Heslop", "Ng"]
    assert (found.year, found.container_title, found.pages) == (
        *(1990, "Midwife"),
        "136-140",
    )
    assert row.opinions == (Opinion("", "exclude", "full_text", "Wrong study design"),)


@pytest.mark.parametrize("notes", ["", "see the appendix"])
def test_without_a_reason_there_is_no_decision(notes: str) -> None:
    """Covidence writes included and unjudged studies alike."""
    (row,) = _rows(f"T,,,,,,,,,,,,#1,,{notes},\n")
    assert row.opinions == ()


def test_its_header_is_known() -> None:
    """By its number of the study."""
    assert covidence.fits({"title", "covidence #"})
    assert not covidence.fits({"title", "study", "notes"})
