"""Promises of litreview.sources.rayyan."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.sources import csv_file, rayyan
from litreview.sources.rayyan import opinions
from litreview.sources.rows import Opinion, Row

HEADER = (
    "key,title,authors,journal,issn,volume,issue,pages,day,month,year,publisher,"
    "pmc_id,pubmed_id,url,abstract,notes\n"
)
TA = "title_abstract"


def _rows(text: str) -> list[Row]:
    table = csv_file.read(io.StringIO(HEADER + text, newline=""), Path("r.csv"))
    return list(rayyan.read(table))


def test_an_article_becomes_a_citation_with_its_decisions() -> None:
    """Names are parted by "and"; a DOI may stand in the address."""
    (row,) = _rows(
        'rayyan-7,Trust,"Vilarino G.T. and Ng, Nora",J,,1,2,3-9,1,6,2023,P,,77,'
        'https://doi.org/10.1080/X,A.,"RAYYAN-INCLUSION: {""Kofi""=>""Included"", '
        '""Ama""=>""Excluded""} | RAYYAN-LABELS: a,b | RAYYAN-EXCLUSION-REASONS: '
        'wrong population"\n'
    )
    found = row.citation
    assert (found.source_id, found.year, found.pmid) == ("rayyan-7", 2023, "77")
    assert found.authors == (Author("Vilarino", "G.T."), Author("Ng", "Nora"))
    assert found.doi == "10.1080/x"
    assert row.opinions == (
        Opinion("Kofi", "include", TA),
        Opinion("Ama", "exclude", TA, "wrong population"),
    )


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ("nothing of the kind", []),
        ("RAYYAN-INCLUSION: {}", []),
        ('RAYYAN-INCLUSION: {"A"=>"Undecided"}', []),
        ('x | RAYYAN-INCLUSION: {"A"=>"Maybe"}', [("A", "maybe")]),
        ('RAYYAN-INCLUSION: {"A" => "Included" , "B"=>"Maybe"} |', [("A", "include"),
         ("B", "maybe")]),
        (r'RAYYAN-INCLUSION: {"O\"x=>{}"=>"Included"}', [('O"x=>{}', "include")]),
        (r'RAYYAN-INCLUSION: {"Zo\u00EB \\"=>"Included"}', [("Zoë \\", "include")]),
        ('RAYYAN-INCLUSION: {"A"=&gt;"Included"}', [("A", "include")]),
        (r'RAYYAN-INCLUSION: \{\"A\"=\>\"Maybe\"\}', [("A", "maybe")]),
    ],
)  # fmt: skip
def test_the_hash_is_read(notes: str, said: list[tuple[str, str]]) -> None:
    """Names may hold anything that Ruby can write."""
    found = opinions(notes)
    assert found is not None
    assert [(one.screener, one.verdict) for one in found] == said


@pytest.mark.parametrize(
    "words",
    [
        '{"A"=>"Included"',
        '{"A"=>"Included" "B"=>"Maybe"}',
        '{"A":"Included"}',
        '{"A"=>"Perhaps"}',
        '{"A"=>nil}',
        '{"A"=>"Included", "A"=>"Excluded"}',
        '{""=>"Included"}',
        "",
        '{"A"=>"Incl',
    ],
)
def test_a_garbled_hash_is_refused_with_its_line(words: str) -> None:
    """A decision is never guessed."""
    assert opinions(f"RAYYAN-INCLUSION: {words}") is None
    cell = words.replace('"', '""')
    with pytest.raises(InputFileError, match="decisions of Rayyan") as caught:
        _rows(f'k,T,,,,,,,,,,,,,,,"RAYYAN-INCLUSION: {cell}"\n')
    assert caught.value.line == 2


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Z"]), min_size=1
)


@given(st.lists(names, min_size=1, max_size=4, unique=True))
def test_any_names_come_back(people: list[str]) -> None:
    """What is written as Ruby writes strings is read, to the letter."""
    written = ", ".join(
        f'{json.dumps(name, ensure_ascii=False)}=>"Maybe"' for name in people
    )
    found = opinions(f"RAYYAN-INCLUSION: {{{written}}} | RAYYAN-LABELS: x")
    assert found is not None
    assert [one.screener for one in found] == people
