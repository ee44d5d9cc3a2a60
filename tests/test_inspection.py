"""Promises of litreview.inspection."""

from __future__ import annotations

from pathlib import Path

import pytest

from litreview import inspection
from litreview.errors import InputFileError
from litreview.inspection import distinct, inspect, named
from litreview.sources import ris
from litreview.sources.files import readable

PUBMED = "PMID- {0}\nTI  - Title {0}\n\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a test may write its file."""
    return tmp_path / "records.txt"


def test_a_file_is_counted_by_database(file: Path) -> None:
    """Entries, distinct records, and where they are from."""
    file.write_text("".join(PUBMED.format(n) for n in (31234567, 31234568)), "utf-8")
    found = inspect(readable(file))
    assert (found.entries, found.distinct) == (2, 2)
    assert dict(found.databases) == {"pubmed": 2}


def test_an_accession_number_twice_is_one_record(file: Path) -> None:
    """The first entry stands; the lines of the others are told."""
    file.write_text("".join(PUBMED.format(n) for n in (31, 32, 31, 31)), "utf-8")
    found = inspect(readable(file))
    assert (found.entries, found.distinct) == (4, 2)
    (told,) = found.warnings()
    assert told.startswith("2 entries with an accession number that the file has")
    assert told.endswith("lines 7, 10")
    firsts = [row.line for row, is_first in distinct(readable(file)) if is_first]
    assert firsts == [1, 4]


def test_most_of_a_file_says_whose_export_it_is(file: Path) -> None:
    """One entry of PubMed in a library of others does not."""
    own = "TY  - JOUR\nTI  - A\nER  - \n"
    eric = "TY  - JOUR\nTI  - B\nAN  - EJ123456{}\nER  - \n"
    file.write_text(own + eric.format(1) + eric.format(2), "utf-8")
    assert inspect(readable(file)).database == "eric"
    file.write_text(own + own + eric.format(1), "utf-8")
    assert inspect(readable(file)).database == ""


def test_a_list_that_litreview_wrote_is_a_file_like_others(file: Path) -> None:
    """It names sources of ours, but its entries are no answers of theirs."""
    file.write_text(
        "@article{a,\n title = {A},\n litreview-source = {openalex},\n"
        " litreview-id = {W1},\n}\n",
        "utf-8",
    )
    assert [row.database for row in readable(file).rows()] == ["openalex"]
    assert dict(inspect(readable(file)).databases) == {"": 1}


def test_an_id_of_the_file_twice_is_refused(file: Path) -> None:
    """It would make two entries one."""
    file.write_text("record_id,title\n a,A\nb,B\na ,C\n", "utf-8")
    with pytest.raises(InputFileError, match="'a' stands on line 2 already") as caught:
        inspect(readable(file))
    assert caught.value.line == 4


def test_a_long_id_is_refused(file: Path) -> None:
    """No index could hold it."""
    file.write_text(f"record_id,title\n{'x' * 501},T\n", "utf-8")
    with pytest.raises(InputFileError, match="has 501 characters") as caught:
        inspect(readable(file))
    assert caught.value.line == 2


def test_what_is_odd_is_counted_with_its_lines(file: Path) -> None:
    """Nothing is refused for it, and nothing kept quiet."""
    rows = "".join(f"T{n},soon,\n" for n in range(12))
    file.write_text(f"title,year,doi\n{rows}U,2020,see below\n", "utf-8")
    doi, year = inspect(readable(file)).warnings()
    assert doi == "1 entry with a DOI that is none: line 14"
    assert year.startswith("12 entries with a year that cannot be read: lines 2, 3")
    assert year.endswith("11 and 2 more")


def test_decisions_are_counted_by_person(file: Path) -> None:
    """Who they are of, at which stage, with which reasons."""
    file.write_text(
        "title,Covidence #,Notes\nA,#1,\nB,#2,Exclusion reason: Too old;\n", "utf-8"
    )
    found = inspect(readable(file))
    assert dict(found.opinions) == {("", "full_text"): 1}
    assert dict(found.reasons) == {("full_text", "Too old"): 1}


def test_an_entry_that_was_not_read_is_missed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that loses an entry in silence is found out, with the line."""
    file.write_text("TY  - JOUR\nTI  - A\nER  - \n" * 3, "utf-8")
    whole = ris.read
    monkeypatch.setattr(ris, "read", lambda *a: list(whole(*a))[::2])
    with pytest.raises(InputFileError, match="has 3 entries, but 2 were") as caught:
        inspect(readable(file))
    assert caught.value.line == 4
    assert "line 4" in caught.value.why


def test_a_file_without_entries_is_refused(file: Path) -> None:
    """A header alone is none."""
    file.write_text("title,year\n", "utf-8")
    with pytest.raises(InputFileError, match="holds no records"):
        inspect(readable(file))


def test_few_lines_are_named() -> None:
    """The rest is counted."""
    assert named([7]) == "line 7"
    most = list(range(1, inspection.LINES_NAMED + 3))
    assert named(most) == "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more"


@pytest.mark.shared
def test_real_exports_are_read(shared: Path) -> None:
    """Every record of the labelled sets is read, with its own id."""
    for name, size in (("diabetes", 1845), ("tafenoquine", 179), ("cora", 1295)):
        found = inspect(readable(shared / "data" / "dedup" / f"{name}.csv.gz"))
        assert (found.entries, found.distinct) == (size, size)
        assert "no-title" not in found.oddities
