"""Promises of litreview.bibliography."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import rispy
from bibtexparser.entrypoint import parse_string

from litreview.bibliography import (
    BIBTEX_TYPES,
    RIS_TYPES,
    Reference,
    keys,
    to_bibtex,
    to_csl_json,
    to_ris,
)
from litreview.citation import Author, Citation
from litreview.sources import csl_json, ris

FULL = Citation(
    source="openalex",
    source_id="W2741809807",
    title="Mentoring and CPD in English schools: 50% more trust?",
    authors=(
        Author("Núñez-Marsh", "Íñigo", orcid="0000-0002-1825-0097"),
        Author("", literal="Institute for Teaching and Learning"),
        Author("Plato"),
    ),
    year=2021,
    published="2021-06-30",
    container_title="Journal of Studies & Trust",
    volume="17",
    issue="4",
    pages="101-120",
    doi="10.5555/ab_c<1::aid>2.0",
    abstract="We asked 50% of teachers.\nER  - they said.\nTrust grew.",
    type="article-journal",
    genre="review",
    language="en",
    url="https://example.org/~a_b?c=1&d=%20",
    publisher="Nobody Press",
    issn="1234-5678 2049-3630",
    isbn="9780262033848",
    pmid="25642185",
    retracted=True,
)
BARE = Citation(source="", source_id="line-7", title="")
BOTH = (Reference(12, FULL), Reference(13, BARE))
# https://docs.citationstyles.org/en/stable/specification.html#appendix-iv-variables
# and the four that every item has beside them.
CSL_VARIABLES = {
    *("abstract", "container-title", "DOI", "genre", "ISBN", "ISSN", "issue", "issued"),
    *("language", "page", "PMID", "publisher", "source", "status", "title", "URL"),
    *("volume", "author", "id", "type", "custom"),
}


def test_ris_by_the_letter() -> None:
    """Every field has its tag; an organisation ends in a comma, a date in slashes."""
    assert to_ris(BOTH) == (
        "TY  - JOUR\n"
        "ID  - 12\n"
        "U3  - article-journal\n"
        "TI  - Mentoring and CPD in English schools: 50% more trust?\n"
        "AU  - Núñez-Marsh, Íñigo\n"
        "AU  - Institute for Teaching and Learning,\n"
        "AU  - Plato\n"
        "PY  - 2021\n"
        "DA  - 2021/06/30/\n"
        "T2  - Journal of Studies & Trust\n"
        "VL  - 17\n"
        "IS  - 4\n"
        "SP  - 101\n"
        "EP  - 120\n"
        "DO  - 10.5555/ab_c<1::aid>2.0\n"
        "SN  - 1234-5678\n"
        "SN  - 2049-3630\n"
        "SN  - 9780262033848\n"
        "PB  - Nobody Press\n"
        "LA  - en\n"
        "M3  - review\n"
        "UR  - https://example.org/~a_b?c=1&d=%20\n"
        "U1  - 25642185[pmid]\n"
        "N1  - Retracted\n"
        "DP  - litreview\n"
        "DB  - openalex\n"
        "AN  - W2741809807\n"
        "AB  - We asked 50% of teachers.\n"
        "AB  - ER  - they said.\n"
        "Trust grew.\n"
        "ER  - \n"
        "\n"
        "TY  - GEN\n"
        "ID  - 13\n"
        "DP  - litreview\n"
        "ER  - \n"
    )


def test_bibtex_by_the_letter() -> None:
    """Every field has its name, LaTeX is escaped, capitals are kept."""
    assert to_bibtex(BOTH) == (
        "@article{nunezmarsh2021mentoring,\n"
        "  author = {Núñez-Marsh, Íñigo and "
        "{Institute for Teaching and Learning} and Plato},\n"
        '  author+an:orcid = {1="0000-0002-1825-0097"},\n'
        "  title = {Mentoring and {CPD} in English schools: 50\\% more trust?},\n"
        "  year = {2021},\n"
        "  date = {2021-06-30},\n"
        "  journal = {Journal of Studies \\& Trust},\n"
        "  volume = {17},\n"
        "  number = {4},\n"
        "  pages = {101--120},\n"
        "  doi = {10.5555/ab_c<1::aid>2.0},\n"
        "  type = {review},\n"
        "  publisher = {Nobody Press},\n"
        "  language = {en},\n"
        "  issn = {1234-5678 2049-3630},\n"
        "  isbn = {9780262033848},\n"
        "  pmid = {25642185},\n"
        "  pubstate = {retracted},\n"
        "  url = {https://example.org/~a_b?c=1&d=%20},\n"
        "  abstract = {We asked 50\\% of teachers.\n\n"
        "ER  - they said.\n\nTrust grew.},\n"
        "  litreview-record = {12},\n"
        "  litreview-source = {openalex},\n"
        "  litreview-id = {W2741809807},\n"
        "}\n"
        "\n"
        "@misc{anonnd,\n"
        "  litreview-record = {13},\n"
        "  litreview-type = {},\n"
        "}\n"
    )


def test_csl_by_the_letter() -> None:
    """Every variable is one that CSL knows; what it lacks stands in `custom`."""
    full, bare = json.loads(to_csl_json(BOTH))
    assert full.keys() == CSL_VARIABLES
    assert full["issued"] == {"date-parts": [[2021, 6, 30]]}
    assert full["author"] == [
        {
            "family": "Núñez-Marsh",
            "given": "Íñigo",
            "ORCID": "https://orcid.org/0000-0002-1825-0097",
        },
        {"literal": "Institute for Teaching and Learning"},
        {"family": "Plato"},
    ]
    assert full["custom"] == {
        "litreview": {"record": 12, "source": "openalex", "source_id": "W2741809807"}
    }
    assert bare == {
        "id": "anonnd",
        "type": "document",
        "custom": {"litreview": {"record": 13}},
    }
    assert "Núñez" in to_csl_json(BOTH)


def test_types_are_those_of_the_formats() -> None:
    """Both tables begin from types of CSL, and RIS types are known to our reader."""
    assert RIS_TYPES.keys() <= csl_json.TYPES
    assert BIBTEX_TYPES.keys() <= csl_json.TYPES
    assert {word.casefold() for word in RIS_TYPES.values()} <= ris.TYPES.keys()


@pytest.mark.parametrize(
    ("authors", "title", "year", "key"),
    [
        ((Author("van den Berg", "J."),), "The Trust", 2020, "vandenberg2020trust"),
        ((Author("", literal="Ofsted (UK)"),), "A study", None, "ofstedukndstudy"),
        ((Author("Łódź"),), "Über Lehren", 1999, "lodz1999uber"),
        ((Author("李"),), "教育", 2001, "anon2001"),
        ((), "", None, "anonnd"),
        ((Author("O'Neil"),), "On the", 2001, "oneil2001"),
    ],
)
def test_citation_keys_are_plain(
    authors: tuple[Author, ...], title: str, year: int | None, key: str
) -> None:
    """A key has family name, year and the first telling word, in ASCII."""
    told = Citation("", "1", title, authors=authors, year=year)
    assert keys([Reference(1, told)]) == [key]


def test_citation_keys_are_distinct() -> None:
    """Records of one key get letters, in their order, and none is given twice."""
    a = Reference(1, Citation("", "1", "T", authors=(Author("A"),), year=1))
    b = Reference(2, Citation("", "2", "Tb", authors=(Author("A"),), year=1))
    assert keys([a, b, a, a]) == ["a1t", "a1tb", "a1tc", "a1td"]
    many = keys([a] * 60)
    assert len(set(many)) == 60
    assert (many[0], many[25], many[26], many[59]) == ("a1t", "a1tz", "a1taa", "a1tbh")


def test_rispy_reads_our_ris() -> None:
    """Another reader finds the same entries, titles and people."""
    full, bare = rispy.load(io.StringIO(to_ris(BOTH)))
    assert full["title"] == FULL.title
    assert full["authors"][1] == "Institute for Teaching and Learning,"
    assert (full["start_page"], full["end_page"]) == ("101", "120")
    assert full["doi"] == FULL.doi
    assert full["accession_number"] == "W2741809807"
    assert bare["type_of_reference"] == "GEN"


def test_bibtexparser_reads_our_bibtex() -> None:
    """Another reader finds the same entries and fields, and no broken block."""
    found = parse_string(to_bibtex(BOTH))
    assert not found.failed_blocks
    full, bare = found.entries
    assert full.key == "nunezmarsh2021mentoring"
    assert full["author"].split(" and {")[0] == "Núñez-Marsh, Íñigo"
    assert full["litreview-id"] == "W2741809807"
    assert (bare.key, bare.entry_type) == ("anonnd", "misc")


@pytest.mark.parametrize(
    "title", ["a {b", "a } b", '"', "\\", "@book{x,", "a, b = {c}"]
)
def test_no_title_breaks_an_entry(title: str) -> None:
    """Braces, quotes and backslashes of a title leave the file whole."""
    listed = [Reference(n, Citation("", str(n), title)) for n in (1, 2)]
    assert len(parse_string(to_bibtex(listed)).entries) == 2
    assert len(rispy.load(io.StringIO(to_ris(listed)))) == 2


def test_nothing_to_list_is_an_empty_list() -> None:
    """Without references the files are valid and empty."""
    assert (to_ris([]), to_bibtex([]), to_csl_json([])) == ("", "", "[]\n")
    assert list(csl_json.read(io.StringIO("[]\n"), Path("x"))) == []
