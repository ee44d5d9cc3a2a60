"""import and add on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harvesting import workspace
from making import Maker
from sqlalchemy import Engine, func, select

from litreview import cli, db
from litreview.cli.imports import FORMATS
from litreview.models import Decision, Person, Record
from litreview.sources import files
from litreview.vocabulary import Role

RAYYAN = """\
key,title,authors,journal,pubmed_id,notes
k1,A,,,,"RAYYAN-INCLUSION: {""Ama B."" =>""Included"", ""kofi""=>""Excluded""}
 | RAYYAN-EXCLUSION-REASONS: wrong population"
k2,B,,,,"RAYYAN-INCLUSION: {""Ama B.""=>""Maybe""}"
k3,C,,,,
"""


@dataclass
class Desk:
    """A workspace without records."""

    root: Path
    engine: Engine
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "lead") -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        status = cli.run(["-w", str(self.root), "--as", by, *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def json(self, *words: str) -> Any:
        """Run a command with --json and return what it printed."""
        status, out, err = self.run(*words, "--json")
        assert status == 0, err
        return json.loads(out)

    def file(self, text: str, name: str = "export.csv") -> str:
        """Write a file and return its name."""
        path = self.root / name
        path.write_text(text, "utf-8")
        return str(path)

    def count(self, table: type[Record | Decision] = Record) -> int:
        """Count the rows of a table."""
        query = select(func.count()).select_from(table)
        return db.read(self.engine, lambda session: session.scalar(query) or 0)

    def votes(self) -> set[tuple[str, str, str, str, str]]:
        """Return (title, screener, stage, verdict, reason) of each vote."""
        query = (
            select(
                Record.title,
                Person.handle,
                Decision.stage,
                Decision.verdict,
                Decision.reason,
            )
            .join(Decision, Decision.record_id == Record.id)
            .join(Person, Person.id == Decision.screener_id)
        )
        rows = db.read(self.engine, lambda s: s.execute(query).all())
        return {(title, who, at, said, why) for title, who, at, said, why in rows}


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Return the workspace, with a lead, a screener, a reader and a protocol."""
    space = workspace(tmp_path)
    engine = db.engine_for(space.database_url)
    db.create(engine)

    def fill(session: Any) -> None:
        make = Maker(session)
        make.review("ann", per_record=1)
        make.person("rita", Role.READER)

    db.write(engine, fill)
    yield Desk(tmp_path, engine, capsys)
    engine.dispose()


# -- files -----------------------------------------------------------------------


def test_import_stores_files_once(desk: Desk) -> None:
    """Each file is told; the second time says that it is in already."""
    one = desk.file("record_id,title\n1,A\n2,B\n", "one.csv")
    two = desk.file("record_id,title\n1,C\n", "two.csv")
    status, out, _ = desk.run("import", one, two, "--source", "ERIC")
    assert status == 0
    told = "one.csv: csv, 2 entries, 2 read; 2 new, 0 already there, as 'ERIC'"
    assert told in out
    assert "two.csv: csv, 1 entry, 1 read" in out
    _, out, _ = desk.run("import", one, "--source", "ERIC")
    assert "in already; nothing was added" in out
    (row,) = desk.json("import", one, "--source", "ERIC")
    assert (row["rows"], row["new"], row["again"]) == (2, 0, True)
    assert desk.count() == 3


def test_import_tells_what_it_found(desk: Desk) -> None:
    """Format, encoding, counts, what is odd, and under which source."""
    path = desk.root / "odd.csv"
    text = "Authors;Title;Year;EID;DOI\nŽ.;É;soon;2-s2.0-1;\n;B;;2-s2.0-2;see\n"
    path.write_bytes(text.encode("cp1252"))
    status, out, err = desk.run("import", str(path))
    assert status == 0
    assert "odd.csv: scopus, 2 entries, 2 read; 2 new" in out
    assert "as 'scopus'" in out
    assert "read as Windows-1252" in err
    assert "parted by semicolons" in err
    assert "1 entry with a year that cannot be read: line 2" in err
    assert "1 entry with a DOI that is none: line 3" in err
    (row,) = desk.json("import", str(path))
    assert (row["format"], row["encoding"]) == ("scopus", "Windows-1252")
    assert (row["already_there"], len(row["warnings"])) == (2, 4)


def test_import_tells_of_a_file_cut_off(desk: Desk) -> None:
    """An NBIB file that ends within an entry is read, with a word on its end."""
    text = (
        "PMID- 1\nTI  - One\nSO  - A. 2020.\n\nPMID- 2\nTI  - Trust in schools and it"
    )
    status, out, err = desk.run("import", desk.file(text, "cut.nbib"))
    assert (status, "cut.nbib: nbib, 2 entries" in out) == (0, True)
    assert "1 entry with no mark of its end, the last of the file" in err
    assert "line 5" in err


def test_import_tells_json_of_another_kind(desk: Desk) -> None:
    """JSON that lists no references is not called broken."""
    status, _, err = desk.run("import", desk.file('{"a": 1}\n', "notcsl.json"))
    assert status == 1
    assert "is JSON, but no list of references" in err
    assert "is not JSON" not in err


def test_import_maps_columns(desk: Desk) -> None:
    """--map takes several; the last equals sign parts column and field."""
    file = desk.file("Article = Title,Year of it\nTrust,2004\n")
    words = ["--map", "Article = Title=title", "Year of it=year"]
    assert desk.run("import", file, *words)[0] == 0
    query = select(Record)
    record = db.read(desk.engine, lambda session: session.scalars(query).one())
    assert (record.title, record.year) == ("Trust", 2004)
    status, _, err = desk.run("import", file, "--map", "title")
    assert (status, "names no field" in err) == (2, True)


@pytest.mark.parametrize(
    ("text", "words", "status", "told"),
    [
        ("record_id,title\n1,A\n1,B\n", (), 1, "export.csv:3:"),
        ("", (), 1, "is empty"),
        ("<html>", (), 1, "is a web page"),
        ("title\n", (), 1, "holds no records"),
        ("title,title\nA,B\n", (), 1, "two columns of one name"),
        ("title\nA\n", ("--sheet", "x"), 2, "--sheet means nothing"),
        ("title\nA\n", ("--format", "xlsx"), 2, "no workbook"),
        ("title\nA\n", ("--format", "ris"), 1, "good.csv:1:"),
        ("title\nA\n", ("--source", "openalex"), 2, "litreview fills itself"),
        ("title\nA\n", ("--stage", "full_text"), 2, "give --decisions"),
        ("title\nA\n", ("--decisions",), 1, "holds no decisions"),
    ],
)
def test_one_broken_file_stores_nothing_of_any(
    desk: Desk, text: str, words: tuple[str, ...], status: int, told: str
) -> None:
    """All are read before the first is stored; what is wrong is told."""
    good, bad = desk.file("title\nA\n", "good.csv"), desk.file(text)
    done, _, err = desk.run("import", good, bad, *words)
    assert (done, told in err) == (status, True), err
    assert desk.count() == 0


def test_every_format_can_be_given(desk: Desk) -> None:
    """The list of the option is the list of the readers."""
    assert set(FORMATS) == set(files.FORMATS)
    _, out, _ = desk.run("import", "--help")
    assert all(form in out for form in FORMATS)


# -- decisions -------------------------------------------------------------------


def test_decisions_stay_in_the_file_unless_asked_for(desk: Desk) -> None:
    """That they are there is said, with whose they are."""
    status, _, err = desk.run("import", desk.file(RAYYAN))
    assert status == 0
    assert "holds 3 decisions (Ama B., kofi) that were not taken over" in err
    assert (desk.count(), desk.count(Decision)) == (3, 0)


def test_decisions_become_votes_of_those_named(desk: Desk) -> None:
    """By --screener, by the handle or by joining; the file again adds nothing."""
    words = (
        *("import", desk.file(RAYYAN), "--decisions"),
        *("--screener", "Ama B.=ann", "--reason-map", "wrong population=X-POP"),
    )
    status, out, err = desk.run(*words)
    assert (status, err) == (0, "")
    assert "kofi joins as screener" in out
    assert "3 votes stored, 0 were there already" in out
    ta = "title_abstract"
    assert desk.votes() == {
        ("A", "ann", ta, "include", ""),
        ("A", "kofi", ta, "exclude", "X-POP"),
        ("B", "ann", ta, "maybe", ""),
    }
    (row,) = desk.json(*words)
    assert (row["again"], row["decisions"]) == (True, 3)
    assert (row["votes"]["stored"], row["votes"]["already_there"]) == (0, 3)
    assert desk.count(Decision) == 3


def test_decisions_can_be_taken_over_later(desk: Desk) -> None:
    """The file is in; only the votes are added, at the stage that is given."""
    file = desk.file("title,abstract,included\nA,,1\nB,,0\nC,,\n")
    assert desk.run("import", file)[0] == 0
    words = ("--decisions", "--screener", "ann", "--stage", "title_abstract")
    status, out, _ = desk.run("import", file, *words)
    assert (status, "2 votes stored" in out) == (0, True)
    assert desk.count() == 3


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Wrong population", "X-POP"),
        ("x-pop", "X-POP"),
        ("Wrong study design, wrong population", "X-POP"),
    ],
)
def test_reasons_are_those_of_the_protocol(desk: Desk, text: str, key: str) -> None:
    """By label or key, capitals aside; of several the first in its order."""
    file = desk.file(RAYYAN.replace("wrong population", text))
    words = ("--decisions", "--screener", "Ama B.=ann")
    assert desk.run("import", file, *words)[0] == 0
    assert ("A", "kofi", "title_abstract", "exclude", key) in desk.votes()


def test_a_reason_can_be_kept_as_a_note(desk: Desk) -> None:
    """Where the protocol has none for it, and the stage needs none."""
    file = desk.file(RAYYAN.replace("wrong population", "no idea"))
    words = ("--decisions", "--screener", "Ama B.=ann", "--reason-map", "no idea=")
    assert desk.run("import", file, *words)[0] == 0
    query = select(Decision.note).where(Decision.verdict == "exclude")
    assert db.read(desk.engine, lambda s: s.scalars(query).all()) == ["no idea"]


@pytest.mark.parametrize(
    ("words", "by", "status", "told"),
    [
        (("--screener", "Ama B.=ann"), "ann", 4, "may not bring in others' votes"),
        ((), "lead", 1, '--screener "Ama B.=HANDLE"'),
        (("--screener", "Ama B.=not a handle"), "lead", 1, "not known by these"),
        (("--screener", "Zoe=ann"), "lead", 2, "speaks of 'zoe'"),
        (("--screener", "ann"), "lead", 2, "speaks of nobody"),
        (("--screener", "Ama B.=ann", "Ama B.=kofi"), "lead", 2, "says twice"),
        (("--screener", "Ama B.=ann", "--reason-map", "x"), "lead", 2, "has no ="),
        (("--screener", "Ama B.=ann"), "lead", 1, '--reason-map "no idea=KEY"'),
        (
            ("--screener", "Ama B.=ann", "--reason-map", "no idea=X-NONE"),
            *("lead", 1, "none of the protocol's"),
        ),
        (
            ("--screener", "Ama B.=ann", "--stage", "full_text"),
            *("lead", 1, "none of the protocol's"),
        ),
    ],
)
def test_unclear_decisions_are_refused_before_anything_is_stored(
    desk: Desk, words: tuple[str, ...], by: str, status: int, told: str
) -> None:
    """Who may not, who is not known, and which reason means nothing."""
    file = desk.file(RAYYAN.replace("wrong population", "no idea"))
    done, _, err = desk.run("import", file, "--decisions", *words, by=by)
    assert (done, told in err) == (status, True), err
    assert (desk.count(), desk.count(Decision)) == (0, 0)


def test_votes_on_full_texts_wait_for_their_turn(desk: Desk) -> None:
    """Exit status 3 until the record is included on title and abstract."""
    file = desk.file(
        "Title,Covidence #,Notes\nA,#1,\nB,#2,Exclusion reason: Wrong population;\n"
    )
    words = ("import", file, "--decisions", "--screener", "ann")
    status, out, err = desk.run(*words)
    assert (status, "1 full-text votes wait" in err) == (3, True)
    assert "2 new" in out
    query = select(Record.id).where(Record.title == "B")
    number = db.read(desk.engine, lambda s: s.scalars(query).one())
    assert desk.run("screen", "decide", str(number), "include", by="ann")[0] == 0
    assert desk.run(*words)[0] == 0
    assert ("B", "ann", "full_text", "exclude", "X-POP") in desk.votes()


def test_a_reader_brings_in_nothing(desk: Desk) -> None:
    """Readers look."""
    assert desk.run("import", desk.file("title\nA\n"), by="rita")[0] == 4
    assert desk.count() == 0


# -- add -------------------------------------------------------------------------

ADD = (
    *("add", "Early career framework", "--organisation", "DfE", "--year", "2019"),
    *("--url", "https://www.gov.uk/ecf", "--accessed", "2026-03-14"),
    *("--found", "organisation"),
)


def test_add_stores_a_find_once(desk: Desk) -> None:
    """The record's id is told; the same again adds nothing."""
    status, out, _ = desk.run(*ADD, "--author", "Ng, Nora", "--author", "{DfE team}")
    assert (status, "Early career framework" in out) == (0, True)
    status, out, _ = desk.run(*ADD, "--author", "Ng, Nora", "--author", "{DfE team}")
    assert (status, "nothing was added" in out) == (0, True)
    record = db.read(desk.engine, lambda s: s.scalars(select(Record)).one())
    assert (record.found, record.authors) == ("organisation", "Ng, Nora; DfE team")


def test_add_takes_what_bears_no_year(desk: Desk) -> None:
    """--year n.d. stores a record without one, and the help tells of it."""
    place = ADD.index("2019")
    words = (*ADD[:place], "n.d.", *ADD[place + 1 :])
    assert desk.run(*words)[0] == 0
    record = db.read(desk.engine, lambda s: s.scalars(select(Record)).one())
    assert (record.year, record.published) == (None, "")
    assert "n.d." in desk.run("add", "--help")[1]


@pytest.mark.parametrize("option", ["--organisation", "--year", "--url", "--accessed"])
def test_add_needs_where_and_when(desk: Desk, option: str) -> None:
    """A find without its source cannot be checked by anybody."""
    place = ADD.index(option)
    words = ADD[:place] + ADD[place + 2 :]
    status, _, err = desk.run(*words)
    assert status == 2
    assert option in err
    assert desk.count() == 0
