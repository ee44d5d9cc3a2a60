"""What litreview exports as RIS, BibTeX or CSL-JSON, it imports as the same record."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from litreview import cli, db, exports, works
from litreview.bibliography import Reference, to_bibtex, to_csl_json, to_ris
from litreview.citation import Author, Citation
from litreview.sources import (
    bibtex,
    crossref_work,
    csl,
    csl_json,
    openalex_work,
    ris,
)
from litreview.sources.page import as_pages, as_url
from litreview.sources.reference import first_url
from litreview.sources.rows import Row
from litreview.text import clean_lines, clean_markup, normalise_doi

Write = Callable[[Sequence[Reference]], str]
FORMATS: dict[str, tuple[Write, ModuleType]] = {
    "ris": (to_ris, ris),
    "bibtex": (to_bibtex, bibtex),
    "csl-json": (to_csl_json, csl_json),
}
ALL = pytest.mark.parametrize("form", FORMATS)
HERE = Path("round.trip")
FILES = Path(__file__).resolve().parent / "files"

# Every character that one of the formats could trip over, words that mean something
# in BibTeX, and whatever else Unicode has.
AWKWARD = st.sampled_from(
    [
        *"\\{}~^#%&_$-'`?!\"<>@,;=:|/()[]",
        *("--", "''", "``", "?`", "\\'e", "{\\o}", " and ", " others ", "TY  - "),
        *("ER  - ", "AB  - x", "@book{a,", "OECD", "\u00e9"),
    ]
)
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"])
WORDS = st.text(st.characters(categories=["L"]), min_size=1, max_size=8)
PIECES = st.lists(st.one_of(AWKWARD, CHARACTERS, WORDS), max_size=12)


def settled(clean: Callable[[str], str], text: str) -> str:
    """Return text as a record holds it: cleaned until cleaning changes nothing."""
    while (found := clean(text)) != text:
        text = found
    return text


LINES = PIECES.map(lambda pieces: settled(clean_markup, "".join(pieces)))
TEXTS = st.lists(LINES, max_size=4).map(
    lambda lines: settled(clean_lines, "\n".join(lines))
)
TITLES = LINES.filter(lambda text: not csl.is_retracted(text))
DOIS = st.text(st.sampled_from("ab1.-_()<>;:/{}%\\#~^&$"), min_size=1).map(
    lambda tail: normalise_doi(f"10.1234/{tail}")
)
URLS = (
    st.text(st.sampled_from("ab1.-_()<>;:/{}%\\#~^&$'"), min_size=1)
    .map(lambda tail: as_url(f"https://example.org/{tail}"))
    .filter(lambda url: first_url([url]) == url)
)  # no semicolon at its end
DATES = st.one_of(
    st.just((None, "")),
    st.tuples(
        st.dates(date(1000, 1, 1), date(2100, 12, 31)),
        st.sampled_from([len("2021"), len("2021-06"), len("2021-06-30")]),
    ).map(lambda drawn: (drawn[0].year, drawn[0].isoformat()[: drawn[1]])),
)
ORCIDS = st.sampled_from(["", "0000-0002-1825-0097"])


def is_name(text: str) -> bool:
    """Tell whether a text can be a part of somebody's name."""
    return any(char.isalpha() for char in text)


NAMES = LINES.filter(is_name)
PEOPLE = st.builds(Author, NAMES, st.one_of(st.just(""), LINES), st.just(""), ORCIDS)
BODIES = st.builds(Author, st.just(""), st.just(""), NAMES, ORCIDS)
AUTHORS = st.lists(st.one_of(PEOPLE, BODIES), max_size=4).map(tuple)
TYPES = st.sampled_from([("", ""), *((word, "") for word in csl_json.TYPES)])
SOURCES = st.sampled_from(["", "openalex", "crossref", "web-of-science", "manual"])
PAGES = st.one_of(
    st.sampled_from(["1-12", "e12", "S1-S9", "5-5", "3\u20139", "1-2-1-9", "12, 15"]),
    LINES.map(as_pages).filter(lambda text: as_pages(text) == text),
)
ISBNS = st.sampled_from(["", "9780262033848", "026203384X", "9780262033848 026203384X"])
LANGUAGES = st.sampled_from(["en", "English", "langfrench", "ngerman"])
ISSNS = st.sampled_from(["", "1234-5678", "1234-5678 2049-363X"])


@st.composite
def references(draw: st.DrawFn) -> Reference:
    """Return a reference as a record of any source can be."""
    year, published = draw(DATES)
    source = draw(SOURCES)
    number = draw(st.integers(1, 10**6))
    told = Citation(
        source=source,
        source_id=draw(LINES.filter(bool)) if source else str(number),
        title=draw(TITLES),
        authors=draw(AUTHORS),
        year=year,
        published=published,
        container_title=draw(LINES),
        volume=draw(LINES),
        issue=draw(LINES),
        pages=draw(PAGES),
        doi=draw(DOIS),
        abstract=draw(TEXTS),
        type=draw(TYPES)[0],
        genre=draw(LINES),
        language=draw(st.one_of(LANGUAGES, LINES)),
        url=draw(URLS),
        publisher=draw(LINES),
        issn=draw(ISSNS),
        isbn=draw(ISBNS),
        pmid=draw(st.sampled_from(["", "25642185"])),
        retracted=draw(st.booleans()),
    )
    return Reference(number, told)


def there_and_back(form: str, listed: Sequence[Reference]) -> list[Row]:
    """Write references and read them again."""
    write, module = FORMATS[form]
    text = write(listed)
    assert module.looks_like(text[:4000])
    rows = list(module.read(io.StringIO(text), HERE))
    assert [row.line for row in rows] == list(module.starts(io.StringIO(text)))
    return rows


def held(form: str, told: Citation) -> Citation:
    """Return what of a citation the format can hold (see `bibliography`)."""
    if form == "ris":
        plain = tuple(replace(name, orcid="") for name in told.authors)
        return replace(told, authors=plain)
    if form == "csl-json":
        return replace(told, type=told.type or "document")
    return told


def holds_names(form: str, told: Citation) -> bool:
    """Tell whether the format can hold these names."""
    return form != "ris" or not any(
        "," in name.family or name.given.endswith(",") for name in told.authors
    )


@ALL
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(reference=references())
@example(reference=Reference(1, Citation("", "1", "T", abstract="a\nER - b\nTY-c")))
@example(reference=Reference(1, Citation("", "1", "T", authors=(Author("others"),))))
@example(reference=Reference(1, Citation("", "1", "T", authors=(Author("A and B"),))))
@example(reference=Reference(1, Citation("", "1", "T", pages="1--2", volume="3--4")))
def test_a_record_comes_back_as_it_went(form: str, reference: Reference) -> None:
    """Whatever a record holds, every field that the format can hold is the same."""
    sent = reference.citation
    assume(holds_names(form, sent))
    (row,) = there_and_back(form, [reference])
    assert returned(row, sent) == held(form, sent)


def returned(row: Row, sent: Citation) -> Citation:
    """Return what came back, without what only the reading of a file tells."""
    found = replace(row.citation, source=row.database, flags=(), notices=())
    # An id that names nothing outside its file is another in the next.
    return found if sent.source else replace(found, source_id=sent.source_id)


@ALL
@given(st.lists(references(), max_size=4))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_list_comes_back_whole_and_in_order(
    form: str, listed: list[Reference]
) -> None:
    """As many entries as were sent, each on the line where it begins."""
    assume(len({one.record_id for one in listed}) == len(listed))
    if listed:
        rows = there_and_back(form, listed)
        assert [row.citation.title for row in rows] == [
            one.citation.title for one in listed
        ]


@ALL
def test_an_exported_review_is_imported_into_another(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the commands alone, another workspace gets the same works."""
    monkeypatch.delenv("LITREVIEW_DATABASE", raising=False)
    ending = exports.ENDINGS.get(form, form)
    files = [str(FILES / name) for name in ("zotero.bib", "zotero.json", "eric.nbib")]
    told = []
    for name in ("one", "other"):
        folder = tmp_path / name
        words = ["-w", str(folder), "--as", "lead"]
        assert cli.run(["--as", "lead", "init", str(folder)]) == 0
        assert cli.run([*words, "import", *files]) == 0
        listed = ["export", "bibliography", "--set", "records"]
        made = folder / f"list.{ending}"
        assert cli.run([*words, *listed, "--to", str(made)]) == 0
        files = [str(made)]
        with db.opened(f"sqlite:///{next((folder / 'db').glob('*.sqlite'))}") as engine:
            told.append(db.read(engine, lambda s: works.references(s, "records")))
    sent, came = ([one.citation for one in listed] for listed in told)
    assert len(sent) == 8
    assert [replace(one, source_id="") for one in came] == [
        replace(held(form, one), source_id="") for one in sent
    ]


@pytest.mark.shared
@ALL
def test_real_works_come_back_as_they_went(form: str, shared: Path) -> None:
    """Records of both services, as they are stored, survive the way."""
    listed = [
        Reference(number, told)
        for number, told in enumerate(recorded(shared), start=1)
        if holds_names(form, told)
    ]
    assert len(listed) > 500
    rows = there_and_back(form, listed)
    lost = [
        (one, row.citation)
        for one, row in zip(listed, rows, strict=True)
        if returned(row, one.citation) != held(form, one.citation)
    ]
    assert not lost


def recorded(shared: Path) -> Iterator[Citation]:
    """Yield distinct citations of recorded works, each cleaned until it is stable."""
    seen = set()
    for name, module in (("openalex", openalex_work), ("crossref", crossref_work)):
        path = shared / "data" / name / "education.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in islice(lines, 400):
                told = module.citation(json.loads(line))
                abstract = settled(clean_lines, told.abstract)
                found = replace(told, abstract=abstract, flags=(), notices=())
                # A DOI in the address is found when it comes back.
                known = found.doi or not normalise_doi(found.url)
                if found.source_id not in seen and known:
                    seen.add(found.source_id)
                    yield found
