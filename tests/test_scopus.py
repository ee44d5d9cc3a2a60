"""Promises of litreview.sources.scopus."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from litreview.citation import Author
from litreview.sources import csv_file, scopus
from litreview.sources.rows import Row
from litreview.sources.table import names

# The columns of a whole export, in Scopus's order.
HEADER = (
    "Authors,Author full names,Author(s) ID,Title,Year,Source title,Volume,Issue,"
    "Art. No.,Page start,Page end,Page count,Cited by,DOI,Link,Affiliations,"
    "Authors with affiliations,Abstract,Author Keywords,Index Keywords,Publisher,"
    "ISSN,ISBN,CODEN,PubMed ID,Language of Original Document,"
    "Abbreviated Source Title,Document Type,Publication Stage,Open Access,Source,EID"
)
LINK = "https://www.scopus.com/inward/record.uri?eid=2-s2.0-85123456789&partnerID=40"


def _rows(*rows: dict[str, str]) -> list[Row]:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEADER.split(","), restval="")
    writer.writeheader()
    writer.writerows(rows)
    out.seek(0)
    return list(scopus.read(csv_file.read(out, Path("scopus.csv"))))


def test_a_document_becomes_a_citation() -> None:
    """Names lose their ids, pages are put together, the EID is the accession."""
    (row,) = _rows(
        {
            "Authors": "Sims S.; Fletcher-Wood H.",
            "Author full names": "Sims, Sam (57191); Fletcher-Wood, Harry (57200)",
            "Title": "Identifying the characteristics of PD",
            "Year": "2021",
            "Source title": "School Effectiveness",
            "Volume": "32",
            "Issue": "1",
            "Page start": "47",
            "Page end": "63",
            "DOI": "10.1080/09243453.2020.1772841",
            "Link": LINK,
            "Abstract": "What works.",
            "Document Type": "Review",
            "ISSN": "09243453",
            "EID": "2-s2.0-85086",
        }
    )
    found = row.citation
    assert (row.line, row.database, found.source_id) == (2, "scopus", "2-s2.0-85086")
    assert found.authors == (Author("Sims", "Sam"), Author("Fletcher-Wood", "Harry"))
    assert (found.year, found.volume, found.issue, found.pages) == (
        *(2021, "32", "1"),
        "47-63",
    )
    assert found.container_title == "School Effectiveness"
    assert (found.type, found.genre, found.issn) == (
        *("article-journal", "review"),
        "0924-3453",
    )
    assert (found.doi, found.url) == ("10.1080/09243453.2020.1772841", LINK)
    assert found.flags == ()


def test_what_is_not_there_is_not_told() -> None:
    """Brackets that say "none" are no abstract and no author."""
    (row,) = _rows(
        {
            "Authors": "[No author name available]",
            "Title": "T",
            "Abstract": "[No abstract available]",
            "Art. No.": "101234",
            "Document Type": "Retracted",
            "Link": LINK,
        }
    )
    found = row.citation
    assert (found.authors, found.abstract, found.pages) == ((), "", "101234")
    assert (found.source_id, row.database) == ("2-s2.0-85123456789", "scopus")
    assert found.retracted
    assert found.flags == ()


def test_short_names_are_read_in_both_spellings() -> None:
    """Semicolons part them now, commas did until 2022."""
    new, old = _rows(
        {"Authors": "Sims S.; Ng N.", "Title": "A", "EID": "2-s2.0-1"},
        {"Authors": "Sims S., Ng N.", "Title": "B"},
    )
    assert new.citation.authors == (Author("Sims", "S."), Author("Ng", "N."))
    assert old.citation.authors == new.citation.authors
    assert (old.database, old.citation.source_id) == ("", "line-3")


def test_errata_are_no_studies() -> None:
    """Scopus lists them among the documents."""
    (row,) = _rows({"Title": "Erratum", "Document Type": "Erratum"})
    assert row.citation.flags == ("not-a-study",)


def test_its_header_is_known() -> None:
    """In any order; ours is none of Scopus's."""
    assert scopus.fits(names(HEADER.split(",")))
    assert not scopus.fits({"title", "authors", "year", "doi"})
