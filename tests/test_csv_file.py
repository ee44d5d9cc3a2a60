"""Promises of litreview.sources.csv_file."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from litreview.citation import Author, Citation
from litreview.errors import InputFileError
from litreview.sources.csv_file import read

HEADER = (
    "record_id,title,authors,year,container_title,volume,issue,pages,doi,abstract,"
    "entrytype,note\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a test may write its file."""
    return tmp_path / "records.csv"


def _citations(path: Path, mapping: dict[str, str] | None = None) -> list[Citation]:
    return [citation for _, _, citation in read(path, mapping=mapping)]


def test_a_row_becomes_a_citation(file: Path) -> None:
    """Every recognised column finds its place, and the row stays as it was."""
    file.write_text(
        HEADER + 'r1,The <i>T</i>,"Sims, Sam; OECD",2021.0,Journal,5,2,1091-7,'
        'https://doi.org/10.1000/A,"One\n\ntwo",inproceedings, mine \n',
        encoding="utf-8",
    )
    ((line, row, found),) = read(file, mapping=None)
    assert line == 2
    assert (row["note"], row["title"]) == (" mine ", "The <i>T</i>")
    assert (found.source, found.source_id, found.title) == ("", "r1", "The T")
    assert found.authors == (Author("Sims", "Sam"), Author("", literal="OECD"))
    assert (found.year, found.published, found.doi) == (2021, "2021", "10.1000/a")
    assert (found.container_title, found.volume, found.issue) == ("Journal", "5", "2")
    assert (found.pages, found.abstract) == ("1091-7", "One\ntwo")
    assert (found.type, found.flags) == ("paper-conference", ())


def test_lines_are_those_of_an_editor(file: Path) -> None:
    """A record's line is where it begins, behind blank lines and long cells."""
    file.write_bytes(b'title\r\n"a\r\nb"\r\n\r\nc\r\n"d\ne"\nf\n')
    found = [(line, citation.source_id) for line, _, citation in read(file)]
    assert found == [(2, "line-2"), (5, "line-5"), (6, "line-6"), (8, "line-8")]


def test_marks_capitals_and_gzip_are_no_obstacle(tmp_path: Path) -> None:
    """A spreadsheet's mark, capitals in the header and .gz are understood."""
    packed = tmp_path / "records.csv.gz"
    text = "\ufeff Title ,YEAR\nÉcole,c2020\n"
    packed.write_bytes(gzip.compress(text.encode("utf-8")))
    (found,) = _citations(packed)
    assert (found.title, found.year) == ("École", 2020)


def test_columns_can_be_mapped(file: Path) -> None:
    """A mapping names columns we do not know and goes before those we do."""
    file.write_text(
        "Titel,title,Jahr,PMID,Art,Seite\nA,B,2020,77,thesis,javascript:x\n",
        encoding="utf-8",
    )
    (found,) = _citations(
        file,
        {"titel": "title", "Jahr": "year", "PMID": "pmid", "Art": "entrytype",
         "Seite": "url"},
    )  # fmt: skip
    assert (found.title, found.year, found.pmid) == ("A", 2020, "77")
    assert (found.type, found.url) == ("thesis", "")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"titel": "title"}, "no column 'titel'. Did you mean 'title'"),
        ({"title": "yearr"}, "'yearr' is no field. Did you mean 'year'"),
        ({"title": "year", "x": "year"}, "two columns are mapped to year"),
    ],
)
def test_a_wrong_mapping_is_refused(
    file: Path, mapping: dict[str, str], words: str
) -> None:
    """A mapping that cannot be meant is told with what may be meant."""
    file.write_text("title,x\nA,B\n", encoding="utf-8")
    with pytest.raises(InputFileError, match=words):
        _citations(file, mapping)


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 1, "no column title"),
        (b"titel\nA\n", 1, "no column title"),
        (b"title;year\nA;B\n", 1, "parted by semicolons"),
        (b"title\tyear\nA\tB\n", 1, "parted by tabs"),
        (b"title,Title\nA,B\n", 1, "two columns of one name"),
        (b"title,year\nA,2020\nB\n", 3, "has 1 cells"),
        (b"title,year\nA,2020,x\n", 2, "has 3 cells"),
        (b"title,year\n\nA,2020,x\n", 3, "has 3 cells"),
        (b"record_id,title\na,A\nb,B\na,C\n", 4, "stands on line 2 already"),
        (b"record_id,title\n a,A\na ,C\n", 3, "stands on line 2 already"),
        (b"title\nok\nCaf\xe9\n", 3, "not UTF-8: byte 0xe9"),
        (b"title\nok\nx\0y\n", 3, "NUL byte"),
        ("title\nok\n".encode("utf-16"), 1, "UTF-16"),
        (b'title\nok\n"open\nand on\n', 3, "not CSV"),
        (b'title\n"a" b\n', 2, "not CSV"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    file: Path, data: bytes, line: int, words: str
) -> None:
    """Each fault has the file, the line, and a way out."""
    file.write_bytes(data)
    with pytest.raises(InputFileError, match=words) as caught:
        _citations(file)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert caught.value.fix


@pytest.mark.parametrize(
    "data", [b"not gzip", gzip.compress(b"title\n" * 99)[:-9], b""]
)
def test_a_broken_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    """A file that ends early is not read as a shorter one."""
    packed = tmp_path / "records.csv.gz"
    packed.write_bytes(data)
    with pytest.raises(InputFileError):
        _citations(packed)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """No file, and a folder in its place, are errors in words."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputFileError, match="cannot be read"):
            _citations(path)


def test_odd_values_are_flagged_and_kept(file: Path) -> None:
    """A record with a strange year, DOI or title is imported all the same."""
    file.write_text(
        "title,year,doi,entrytype\nA,soon,see below,component\n,,,\n",
        encoding="utf-8",
    )
    odd, empty = _citations(file)
    assert odd.flags == ("not-a-study", "odd-year", "odd-doi")
    assert (odd.year, odd.doi) == (None, "")
    assert (empty.flags, empty.title) == (("no-title",), "")


def test_long_cells_are_read(file: Path) -> None:
    """A full text in a cell is no obstacle."""
    file.write_text("title,abstract\nA," + "word " * 40_000 + "\n", encoding="utf-8")
    (found,) = _citations(file)
    assert len(found.abstract.split()) == 40_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
        min_size=1,
        max_size=4,
    )
)
def test_rows_come_back_verbatim(file: Path, cells: list[str]) -> None:
    """Whatever a cell holds, the row says exactly that."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["title", "note"])
    writer.writerows(["T", cell] for cell in cells)
    file.write_bytes(out.getvalue().encode("utf-8"))
    assert [row["note"] for _, row, _ in read(file)] == cells


@pytest.mark.shared
def test_real_exports_are_read(shared: Path) -> None:
    """Every record of the labelled sets is read, with its own id."""
    for name, size in (("diabetes", 1845), ("tafenoquine", 179), ("cora", 1295)):
        found = _citations(shared / "data" / "dedup" / f"{name}.csv.gz")
        assert len({citation.source_id for citation in found}) == size
        assert all(citation.title for citation in found)
