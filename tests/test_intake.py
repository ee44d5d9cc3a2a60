"""What importing a file and adding a find by hand promise."""

from __future__ import annotations

import gzip
import hashlib
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview.errors import InputFileError, LitreviewError, NotAllowedError, UsageError
from litreview.intake import Find, add, import_file, judgements, read_file
from litreview.models import HarvestRun, Hit, RawRecord, Record
from litreview.sources.files import Wanted
from litreview.vocabulary import Found, Role

CSV = """\
record_id,title,authors,year,doi,notes
7,Trust in schools,"Ng, Nora; Sims, Sam",2019,10.5555/A.1,kept
8,"A title,
on two lines",,2020,,
,No id of its own,,,,
"""
SCOPUS = "Authors,Title,EID\n"
FIND = Find(
    title="Early career framework",
    organisation="Department for Education",
    year="2019",
    url="https://www.gov.uk/ecf",
    accessed=date(2026, 3, 14),
    found=Found.WEBSITE,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a CSV file of three records."""
    path = tmp_path / "ERIC 2026.csv"
    path.write_text(CSV, "utf-8")
    return path


@pytest.fixture(autouse=True)
def _team(make: Maker) -> None:
    make.team("ann")
    make.person("rita", Role.READER)


def test_a_file_is_stored_with_its_hash_and_lines(session: Session, file: Path) -> None:
    """The run names file, hash and format; each hit its line; the label its source."""
    read = read_file(file)
    done = import_file(session, read, by="ann")
    run = session.scalars(select(HarvestRun)).one()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (done.run_ids, done.stored.new, done.again) == ((run.id,), 3, False)
    assert (run.kind, run.source, run.status) == ("file", "eric-2026", "complete")
    assert (run.reported, run.expected, run.fetched) == (3, 3, 3)
    assert run.request == {
        "file": "ERIC 2026.csv",
        "sha256": digest,
        "format": "csv",
        "source": "eric-2026",
        "rows": 3,
        "mapping": {},
    }
    records = session.scalars(select(Record).order_by(Record.id)).all()
    assert [r.source_id for r in records] == ["7", "8", "line-5"]
    assert {r.scope for r in records} == {digest}
    assert {r.found for r in records} == {"database"}
    assert records[0].authors == "Ng, Nora; Sims, Sam"
    assert records[0].doi == "10.5555/a.1"
    assert session.scalars(select(Hit.rank).order_by(Hit.record_id)).all() == [2, 3, 5]


def test_how_a_file_was_read_stands_in_its_run(session: Session, file: Path) -> None:
    """Another encoding than UTF-8 may explain a name later."""
    file.write_bytes("title\nCafé\n".encode("cp1252"))
    import_file(session, read_file(file), by="ann")
    run = session.scalars(select(HarvestRun)).one()
    assert isinstance(run.request, dict)
    assert run.request["encoding"] == "Windows-1252"


def test_the_same_file_again_adds_nothing(session: Session, file: Path) -> None:
    """The second time says so, under whatever name the file goes."""
    first = import_file(session, read_file(file), by="ann")
    copy = file.with_name("copy.csv")
    copy.write_bytes(file.read_bytes())
    again = import_file(session, read_file(copy, label="eric-2026"), by="ann")
    assert (again.again, again.stored.new) == (True, 0)
    assert again.run_ids == first.run_ids
    for table, number in ((Record, 3), (HarvestRun, 1), (Hit, 3)):
        assert session.scalar(select(func.count()).select_from(table)) == number


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("wos", Wanted()),
        ("", Wanted(mapping={"notes": "abstract"})),
        ("", Wanted("asreview")),
    ],
    ids=["label", "map", "format"],
)
def test_the_same_file_read_otherwise_is_refused(
    session: Session, file: Path, label: str, wanted: Wanted
) -> None:
    """Its records would be in twice."""
    import_file(session, read_file(file), by="ann")
    other = read_file(file, wanted, label=label)
    with pytest.raises(LitreviewError, match="is in already, as 'eric-2026'"):
        import_file(session, other, by="ann")


def test_one_id_in_two_files_is_two_records(session: Session, file: Path) -> None:
    """An edited file is another file."""
    import_file(session, read_file(file), by="ann")
    file.write_text(CSV + "9,One more,,,,\n", "utf-8")
    done = import_file(session, read_file(file), by="ann")
    assert done.stored.new == 4


def test_an_accession_number_is_one_record_in_all_files(
    session: Session, file: Path
) -> None:
    """Two exports of Scopus share a document: both runs have it, once."""
    file.write_text(SCOPUS + "N.,A,2-s2.0-1\n,B,2-s2.0-2\n,No id,\n", "utf-8")
    one = import_file(session, read_file(file), by="ann")
    file.write_text(SCOPUS + ",B,2-s2.0-2\nN.,A again,2-s2.0-1\n", "utf-8")
    two = import_file(session, read_file(file), by="ann")
    assert (one.stored.new, two.stored.new, two.stored.changed) == (3, 0, 1)
    records = session.scalars(select(Record).order_by(Record.source_id)).all()
    assert {r.source for r in records} == {"scopus"}
    told = [(r.source_id, r.title, bool(r.scope)) for r in records]
    assert told == [
        ("2-s2.0-1", "A again", False),
        ("2-s2.0-2", "B", False),
        ("line-4", "No id", True),
    ]
    hits = session.execute(
        select(Hit.run_id, func.count()).group_by(Hit.run_id).order_by(Hit.run_id)
    )
    assert [number for _, number in hits] == [3, 2]


def test_a_label_is_the_source_of_all(session: Session, file: Path) -> None:
    """What the user calls the database goes before what the file tells."""
    file.write_text(SCOPUS + "N.,A,2-s2.0-1\n,B,\n", "utf-8")
    import_file(session, read_file(file, label="Scopus, March"), by="ann")
    assert set(session.scalars(select(Record.source))) == {"Scopus, March"}


def test_a_file_of_several_databases_has_a_run_for_each(
    session: Session, file: Path
) -> None:
    """PRISMA counts by database; what has none is counted under the file's name."""
    ris = file.with_name("library.ris")
    entry = "TY  - JOUR\nTI  - {}\nAN  - {}\nER  - \n\n"
    ris.write_text(
        entry.format("A", "EJ1234567")
        + entry.format("B", "WOS:000123456700001")
        + entry.format("C", "x"),
        "utf-8",
    )
    read = read_file(ris)
    done = import_file(session, read, by="ann")
    runs = session.scalars(select(HarvestRun).order_by(HarvestRun.source)).all()
    assert [(run.source, run.fetched) for run in runs] == [
        ("eric", 1),
        ("library", 1),
        ("web-of-science", 1),
    ]
    assert set(done.run_ids) == {run.id for run in runs}
    assert import_file(session, read, by="ann").again


def test_a_repeated_accession_number_is_stored_once(
    session: Session, file: Path
) -> None:
    """The first entry stands, wherever the file is cut for storing."""
    file.write_text(SCOPUS + "N.,A,2-s2.0-1\n,Later,2-s2.0-1\n", "utf-8")
    import_file(session, read_file(file), by="ann")
    (record,) = session.scalars(select(Record))
    (run,) = session.scalars(select(HarvestRun))
    assert (record.title, run.reported, run.expected) == ("A", 1, 1)


@pytest.mark.parametrize("label", ["openalex", "Crossref", "manual"])
def test_a_source_of_ours_is_no_label(file: Path, label: str) -> None:
    """Its records have other ids."""
    with pytest.raises(UsageError, match="litreview fills itself"):
        read_file(file, label=label)


def test_a_file_that_changes_meanwhile_is_refused(session: Session, file: Path) -> None:
    """What was checked is what is stored, or nothing is."""
    read = read_file(file)
    file.write_text(CSV + "10,One more,,,,\n", "utf-8")
    with pytest.raises(InputFileError, match="was changed while it was read"):
        import_file(session, read, by="ann")


def test_decisions_come_with_their_records(session: Session, file: Path) -> None:
    """Each with its line, also where the file was in already."""
    file.write_text("title,abstract,included\nA,,1\nB,,\nC,,0\n", "utf-8")
    read = read_file(file)
    import_file(session, read, by="ann")
    ids = dict(session.execute(select(Record.title, Record.id)).all())
    found = [
        (j.line, j.record_id, j.opinion.verdict) for j in judgements(session, read)
    ]
    assert found == [(2, ids["A"], "include"), (4, ids["C"], "exclude")]


def test_a_register_is_counted_as_one(session: Session, file: Path) -> None:
    """`register` says that the source is a register."""
    import_file(session, read_file(file, register=True), by="ann")
    assert set(session.scalars(select(Record.found))) == {"register"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CSV + "10,too,few\n", ":6: has 3 cells"),
        (CSV + '11,"open quote,,,,\n', ":6: is not CSV"),
        (CSV + "7,Twice,,,,\n", ":6: the record's id '7' stands on line 2"),
        ("a,b\n1,2\n", ":1: has no column title"),
        ("title\n", "holds no records"),
        (f"record_id,title\n{'x' * 501},T\n", ":2: the record's id has 501"),
        ("", "is empty"),
        ("<html>", "is a web page"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    file: Path, content: str, told: str
) -> None:
    """Reading names file and line before anything is stored."""
    file.write_text(content, "utf-8")
    with pytest.raises(InputFileError, match=told):
        read_file(file)


def test_a_packed_file_is_read_and_named_by_its_stem(file: Path) -> None:
    """The ending .csv.gz is taken off the label, and the packed bytes are hashed."""
    packed = file.with_name("Wos (1).csv.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    found = read_file(packed)
    assert found.label == "wos-1"
    assert found.sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()


def test_ten_thousand_rows_take_seconds(session: Session, file: Path) -> None:
    """A large export is stored in bulk, well within half a minute of CPU."""
    lines = [f"{n},A title of work {n},,2001,,x" for n in range(10_000)]
    file.write_text("\n".join([CSV.splitlines()[0], *lines]) + "\n", "utf-8")
    begun = time.process_time()
    done = import_file(session, read_file(file), by="ann")
    assert done.stored.new == 10_000
    assert time.process_time() - begun < 30


def test_readers_import_nothing(session: Session, file: Path) -> None:
    """A reader looks."""
    with pytest.raises(NotAllowedError):
        import_file(session, read_file(file), by="rita")


# -- by hand ---------------------------------------------------------------------


def test_a_find_is_a_record_with_its_address_and_day(session: Session) -> None:
    """The run is the person's, and says where and when it was found."""
    find = replace(FIND, authors="Ng, Nora", doi="10.5555/X", abstract="What it is.")
    done = add(session, find, by="ann")
    run = session.scalars(select(HarvestRun)).one()
    assert done.new
    assert (done.record.found, done.record.source) == ("website", "manual")
    assert (done.record.publisher, done.record.year) == (FIND.organisation, 2019)
    assert (done.record.doi, done.record.authors) == ("10.5555/x", "Ng, Nora")
    assert (run.kind, run.status) == ("manual", "complete")
    assert isinstance(run.request, dict)
    assert run.request["url"] == FIND.url
    assert run.request["accessed"] == "2026-03-14"
    assert run.person_id is not None


def test_the_same_find_again_is_stored_once(session: Session) -> None:
    """Told twice, it is one record, one run, one payload."""
    first = add(session, FIND, by="ann")
    again = add(session, FIND, by="lead")
    assert (again.new, again.record.id) == (False, first.record.id)
    assert session.scalar(select(func.count()).select_from(HarvestRun)) == 1


def test_a_find_told_better_is_a_new_version(session: Session) -> None:
    """An abstract that is added later makes a second payload of the same record."""
    first = add(session, FIND, by="ann")
    done = add(session, replace(FIND, abstract="More."), by="ann")
    assert (done.new, done.changed) == (False, True)
    assert done.record.id == first.record.id
    assert done.record.abstract == "More."
    assert session.scalar(select(func.count()).select_from(RawRecord)) == 2


def test_a_find_may_bear_no_year(session: Session) -> None:
    """What is undated is stored without a year, and apart from what has one."""
    undated = add(session, replace(FIND, year="n.d."), by="ann")
    assert (undated.record.year, undated.record.published) == (None, "")
    assert not add(session, replace(FIND, year=" N.D. "), by="ann").new
    assert add(session, FIND, by="ann").new


def test_a_dated_find_keeps_its_identity(session: Session) -> None:
    """Address, title and year name it, in the way in which they always did."""
    name = "https://www.gov.uk/ecf\nearly career framework\n2019"
    expected = hashlib.sha256(name.encode()).hexdigest()[:16]
    assert add(session, FIND, by="ann").record.source_id == expected


def test_a_document_may_have_come_as_a_file(session: Session) -> None:
    """Its name stands for an address."""
    done = add(session, replace(FIND, url="file:theory of change.pdf"), by="ann")
    assert done.record.url == "file:theory of change.pdf"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("title", "  ", "title is empty"),
        ("organisation", "", "organisation is empty"),
        ("year", "", "year is empty"),
        ("year", "soon", "no year"),
        ("url", "www.gov.uk", "no web address"),
        ("url", "javascript:alert(1)", "no web address"),
        ("url", "file:", "no web address"),
        ("found", "database", "no way to find"),
        ("doi", "abc", "no DOI"),
        ("title", "A\0B", "cannot be stored"),
    ],
)
def test_a_find_without_its_parts_is_refused(
    session: Session, field: str, value: str, told: str
) -> None:
    """Title, organisation, year, address and day are needed; nothing is stored."""
    find = replace(FIND, **{field: value})  # type: ignore[arg-type] # by name
    with pytest.raises(LitreviewError, match=told):
        add(session, find, by="ann")
    assert session.scalar(select(func.count()).select_from(HarvestRun)) == 0


def test_nothing_is_found_tomorrow(session: Session) -> None:
    """A day of access that is still to come is refused."""
    later = date.today() + timedelta(days=2)  # noqa: DTZ011 - any zone will do
    with pytest.raises(UsageError, match="still to come"):
        add(session, replace(FIND, accessed=later), by="ann")
