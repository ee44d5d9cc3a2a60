"""Promises of litreview.sources.bibtex, with its syntax and its names."""

from __future__ import annotations

import io
import re
from itertools import islice
from pathlib import Path

import pytest
from bibtexparser.entrypoint import parse_string
from endless import Endless
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.sources import bibtex
from litreview.sources.bibtex_names import people
from litreview.sources.rows import Row

FILES = Path(__file__).resolve().parent / "files"
PATH = Path("some.bib")
PIECES = [
    "@article{a,", "@book(b,", "@misc{", "}", ")", "\n", "\n}", "title = {A {B} c}",
    ",", 'year = "2020"', "author = {A and B}", "month = jun", "{", '"', "\\", "%", "#",
    "@string{x = {y}}", "note = x # { z}", "@comment{c}", "text", "=", " ", "\\{",
]  # fmt: skip


def _rows(text: str) -> list[Row]:
    return list(bibtex.read(io.StringIO(text), PATH))


def _starts(text: str) -> list[int]:
    return list(bibtex.starts(io.StringIO(text)))


def _file(name: str) -> list[Row]:
    with (FILES / name).open(encoding="utf-8") as stream:
        return list(bibtex.read(stream, FILES / name))


def _one(fields: str, kind: str = "article") -> Row:
    (row,) = _rows(f"@{kind}{{key,\n{fields}\n}}\n")
    return row


def _error(text: str) -> InputFileError:
    with pytest.raises(InputFileError) as caught:
        _rows(text)
    return caught.value


# -- what other programs write -------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "lines"),
    [("zotero", [2, 26, 36]), ("jabref", [6, 18, 26, 26]), ("wos", [2])],
)
def test_every_entry_of_a_file_is_counted_and_recognised(
    name: str, lines: list[int]
) -> None:
    """Entries have the lines of an editor; comments and macros are none."""
    text = (FILES / f"{name}.bib").read_text(encoding="utf-8")
    assert [row.line for row in _file(f"{name}.bib")] == _starts(text) == lines
    assert bibtex.looks_like(text[:4000])


def test_an_article_of_zotero() -> None:
    """Every field finds its place, as plain text."""
    row = _file("zotero.bib")[0]
    found = row.citation
    assert (row.database, found.source, found.source_id) == (
        "", "", "marsh_mentoring_2021",
    )  # fmt: skip
    assert found.title == "Mentoring and CPD in English schools: 50% more trust?"
    assert found.authors == (
        Author("Marsh", "Ella"),
        Author("van den Berg", "Jan"),
        Author("", literal="Institute for Teaching and Learning"),
        Author("Núñez", "Íñigo"),
    )
    assert (found.year, found.published) == (2021, "2021-06")
    assert (found.container_title, found.volume) == (
        "Journal of Invented Studies",
        "17",
    )
    assert (found.issue, found.pages) == ("4", "101-120")
    assert (found.doi, found.issn) == ("10.5555/ab_c.2021", "1234-5678 2049-3630")
    assert found.url == "https://example.org/a_b/~marsh?x=1&y=20%25"
    assert (
        found.abstract
        == "We asked 50% of teachers <n = 12>. They said yes.\nTrust grew."
    )
    assert (found.type, found.language, found.flags) == ("article-journal", "en-GB", ())


def test_what_an_entry_says_is_kept_word_for_word() -> None:
    """The payload has every field as LaTeX, also those that mean nothing to us."""
    payload = _file("zotero.bib")[0].payload
    assert (payload["ENTRYTYPE"], payload["ID"]) == ("article", "marsh_mentoring_2021")
    assert payload["keywords"] == "mentoring, trust"
    assert payload["file"] == r"Full Text:C\:\\Users\\marsh\\a.pdf:application/pdf"
    assert payload["doi"] == r"10.5555/ab\_c.2021"


def test_theses_and_preprints() -> None:
    """A thesis has its school and its kind; an entry of arXiv is a preprint."""
    _, thesis, preprint = (row.citation for row in _file("zotero.bib"))
    assert (thesis.type, thesis.genre) == ("thesis", "PhD Thesis")
    assert thesis.publisher == "University of Nowhere"
    assert (preprint.type, preprint.genre) == ("article", "preprint")
    assert preprint.authors == (Author("Lind", "Å."),)
    assert preprint.flags == ("authors-cut",)


def test_the_old_ways_of_jabref() -> None:
    """Macros, quotes, numbers, "#", round brackets and accents of all kinds."""
    first, second, third, last = (row.citation for row in _file("jabref.bib"))
    assert first.source_id == "Schütz1998"
    assert first.authors == (
        Author("Schütz", "Karl"),
        Author("de la Cruz", "Maria"),
        Author("Østby", "Renée"),
        Author("King", "Martin Jr"),
    )
    assert first.title == "Über das Lehren \u2013 ein `Versuch'"
    assert first.container_title == "Journal of Invented Studies"
    assert (first.published, first.pages) == ("1998-06-30", "5-9")
    assert second.title == "A chapter :) in (round) brackets"
    assert (second.container_title, second.published) == ("The Book", "2004-03-02")
    assert third.authors == (Author("Smith", "Jo"), Author("Doe", "Al"))
    assert (third.year, third.flags) == (2001, ("authors-are-editors",))
    assert last.title == "On the same line"


def test_an_entry_of_web_of_science_names_its_number() -> None:
    """The accession number is the record's id in its database."""
    (row,) = _file("wos.bib")
    found = row.citation
    assert (row.database, found.source_id) == ("web-of-science", "WOS:000999999900001")
    assert found.authors == (Author("Marsh", "Ella"), Author("Okafor", "N."))
    assert (found.published, found.pages) == ("2020-05", "e12")
    assert (found.abstract, found.language) == (
        "We followed 12 schools & their staff.", "en",
    )  # fmt: skip


# -- names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        ("Sims, Sam AND Coe, Rob", (Author("Sims", "Sam"), Author("Coe", "Rob"))),
        ("Ludwig van Beethoven", (Author("van Beethoven", "Ludwig"),)),
        ("{Barnes and Noble, Inc.}", (Author("", literal="Barnes and Noble, Inc."),)),
        ("Department for Education", (Author("", literal="Department for Education"),)),
        ("{King, Jr.}, Martin", (Author("King, Jr.", "Martin"),)),
        ("{\\OE}uvre, {\\'E}mile", (Author("Œuvre", "Émile"),)),
        ("family=Berg, given=Jan, prefix=van den", (Author("van den Berg", "Jan"),)),
        ("{{Ark}} and\nPlato,", (Author("", literal="Ark"), Author("Plato"))),
        ("Sand, A. and Hanson, B.", (Author("Sand", "A."), Author("Hanson", "B."))),
        ("", ()),
    ],
)
def test_names_in_all_their_forms(written: str, authors: tuple[Author, ...]) -> None:
    """Names are parted where no brace holds them together."""
    assert people(written) == (authors, False)


@pytest.mark.parametrize("end", ["others", "Others", "et al.", "et al"])
def test_a_cut_list_of_authors_is_told(end: str) -> None:
    """The words for further authors are no author, and the record is flagged."""
    row = _one(f"title = {{T}}, author = {{Sims, Sam and {end}}}")
    assert row.citation.authors == (Author("Sims", "Sam"),)
    assert row.citation.flags == ("authors-cut",)


# -- dates, numbers, addresses -------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "year", "published"),
    [
        ("date = {2021-06-30}", 2021, "2021-06-30"),
        ("date = {2021-06/2021-08}", 2021, "2021-06"),
        ("year = 2021, month = {6}", 2021, "2021-06"),
        ("year = {2021}, month = dec, day = 3", 2021, "2021-12-03"),
        ("year = {in press}", None, ""),
        ("year = {2021a}", 2021, "2021"),
    ],
)
def test_dates_keep_their_precision(
    fields: str, year: int | None, published: str
) -> None:
    """A date is as precise as the entry tells it."""
    found = _one(fields).citation
    assert (found.year, found.published) == (year, published)


def test_addresses_are_found_where_people_put_them() -> None:
    r"""An address may stand in \url{} in howpublished, or be that of an archive."""
    online = _one(r"howpublished = {\url{https://a.org/~b_c}}", "misc").citation
    assert online.url == "https://a.org/~b_c"
    archive = _one("eprint = {2301.1}, archiveprefix = {arXiv}", "misc").citation
    assert (archive.url, archive.genre) == ("https://arxiv.org/abs/2301.1", "preprint")


def test_an_entry_of_scopus_names_its_number() -> None:
    """Scopus has its number in the address."""
    row = _one("url = {https://www.scopus.com/inward?eid=2-s2.0-85&partnerID=40}")
    assert (row.database, row.citation.source_id) == ("scopus", "2-s2.0-85")


# -- what is odd ---------------------------------------------------------------------


def test_an_undefined_macro_is_told() -> None:
    """The name stands for itself, and the record says so."""
    found = _one("journal = tjis, year = 2020, pages = 12--34").citation
    assert (found.container_title, found.pages) == ("tjis", "12-34")
    assert "undefined-macro" in found.flags


def test_a_field_told_twice_loses_nothing() -> None:
    """The first text counts, both stay in the payload, and the record says so."""
    row = _one("title = {A}, title = {B}, year = 2020, year = {2020}")
    assert (row.citation.title, row.payload["title"]) == ("A", ["A", "B"])
    assert row.citation.flags == ("repeated-field",)


def test_an_entry_without_a_key_is_called_by_its_line() -> None:
    """Keys may be missing, also with their comma."""
    rows = _rows("@article{,\ntitle = {A}}\n@article{title = {B}, year = 2020}")
    assert [row.citation.source_id for row in rows] == ["line-1", "line-3"]
    assert [row.citation.title for row in rows] == ["A", "B"]


def test_an_unknown_type_is_told() -> None:
    """An entry type of nobody's keeps its name as genre."""
    found = _one("title = {T}", "podcast").citation
    assert (found.type, found.genre) == ("document", "podcast")
    assert found.flags == ("odd-type",)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("@article{a, title={x}}\n@book{a, title={y}}", 2, "'a' stands on line 1"),
        ("@article{a,\ntitle={x\n\n@book{b, title={y}}", 1, "the entry on line 4"),
        ("\n@article{a, title={x}", 2, "the file ends"),
        ("@article{a,\n title {x}\n}", 2, '"=" after title'),
        ("@article{a,\n title = {x}\n year = 2020\n}", 3, '"," after title'),
        ("@article{a,\n title = ,\n}", 2, "a text in braces"),
        ("@article{a,\n title = {x} # ,\n}", 2, "a text in braces"),
        ('@article{a,\n title = "x,\n}', 2, '" to close the text'),
        ("@string{j}", 1, '"=" after j'),
    ],
)
def test_what_is_no_bibtex_is_refused_with_its_line(
    text: str, line: int, told: str
) -> None:
    """Nothing is skipped: a broken entry is named with its line."""
    error = _error(text)
    assert error.line == line
    assert told in str(error)


def test_braces_with_a_backslash_do_not_count() -> None:
    """An escaped brace may stand alone, and two backslashes escape nothing."""
    first, second = _rows("@misc{a, title={x \\{ y}}\n@misc{b, note={z\\\\}}")
    assert (first.citation.title, second.payload["note"]) == ("x { y", "z\\\\")


@pytest.mark.parametrize(
    "head", ["TY  - JOUR\n", "[{}]", "a,b\n", "mail me@home{x}", "@foo{bar", ""]
)
def test_other_files_do_not_look_like_bibtex(head: str) -> None:
    """Only an entry of a known type at the beginning of a line makes BibTeX."""
    assert not bibtex.looks_like(head)


# -- size, and anything at all -------------------------------------------------------


def test_a_file_is_read_entry_by_entry() -> None:
    """Of a file without end, no more is read than the entries asked for."""
    raw = Endless("", "@misc{,\n  title = {A title},\n}\n")
    with io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8") as stream:
        rows = list(islice(bibtex.read(stream, PATH), 1000))
    assert [row.line for row in rows[-2:]] == [2995, 2998]
    assert raw.handed < 200_000


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_a_file_is_read_whole_or_refused(text: str) -> None:
    """Whatever the pieces, there is a row for each entry, or an error with a line."""
    try:
        lines = [row.line for row in _rows(text)]
    except InputFileError as error:
        lines = [error.line or 0]
    assert lines == sorted(lines)
    assert set(lines) <= set(range(1, text.count("\n") + 2))
    assert len(lines) <= max(1, len(re.findall("@", text)))


ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["article", "Book", "misc"]),
        st.lists(
            st.tuples(
                st.sampled_from(["title", "note", "year", "abstract"]),
                st.sampled_from(["{a {b} c}", '"x {"} y"', "2020", "jun", "{l\n\nm}"]),
            ),
            unique_by=lambda field: field[0],
        ),
    ),
    max_size=5,
)


@given(ENTRIES)
def test_fields_are_those_that_bibtexparser_finds(
    drawn: list[tuple[str, list[tuple[str, str]]]],
) -> None:
    """On well-formed files another reader finds the same entries and fields."""
    text = "\n".join(
        f"@{kind}{{k{place},\n"
        + "".join(f"  {name} = {value},\n" for name, value in fields)
        + "}"
        for place, (kind, fields) in enumerate(drawn)
    )
    theirs = [
        {field.key: str(field.value) for field in entry.fields}
        for entry in parse_string(text).entries
    ]
    ours = [
        {k: v for k, v in row.payload.items() if k not in ("ENTRYTYPE", "ID")}
        for row in _rows(text)
    ]
    assert ours == theirs
