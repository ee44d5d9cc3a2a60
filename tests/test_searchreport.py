"""The search report: its 16 items, its numbers, and that it can be checked."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import docx
import harvesting
import pytest
from making import Maker
from searching import SAID, STRATEGY, Archive, everything
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from team import every_kind, start

from litreview import db, dedupe, exports, flow, harvest, searchreport
from litreview.cli import run as command
from litreview.demo.server import serve
from litreview.errors import InvariantError
from litreview.models import Record
from litreview.prisma_s import NAMES
from litreview.vocabulary import RunStatus

SECRETS = ("s3cret-key", "me@example.org")


def markdown(session: Session, **today: dict[str, str]) -> str:
    """Return the report as Markdown."""
    made = searchreport.report(session, today=today)
    return searchreport.render(made, ["md"])["md"].decode()


def facts(session: Session) -> dict[str, Any]:
    """Return the report's facts for machines."""
    made = searchreport.render(searchreport.report(session), ["json"])["json"]
    told: dict[str, Any] = json.loads(made)
    return told


def item(told: str, number: int) -> str:
    """Return what stands under one item."""
    _before, found = told.split(f"\n## {number}. {NAMES[number]}\n")
    return found.split("\n## ")[0].strip()


# -- what it says --------------------------------------------------------------------


def test_all_sixteen_items_are_there_in_order(session: Session) -> None:
    """Each item has its heading; the empty ones are flagged and counted on top."""
    everything(session)
    told = markdown(session)
    heads = re.findall(r"^## (\d+)\. (.+)$", told, re.MULTILINE)
    assert [(int(number), name) for number, name in heads] == list(NAMES.items())
    assert (
        "11 of 16 items reported; missing: 6, 7, 10, 11, 16; with gaps: 2, 8, 13, 14."
        in told
    )
    advice = "Not reported: write `prisma_s: contacts` in `queries/NAME.yaml`."
    assert advice in item(told, 6)
    assert told.count("NOT REPORTED") == 5


def test_an_empty_review_reports_nothing(session: Session) -> None:
    """Before the first search every item is missing, and no format breaks."""
    made = searchreport.report(session)
    files = searchreport.render(made)
    assert [one.number for one in made.items if one.blocks] == []
    assert b"0 of 16 items reported" in files["md"]
    assert files.keys() == set(searchreport.FORMATS)


def test_people_fill_what_only_they_know(session: Session) -> None:
    """Words of the file as run stand as they are, later ones say that they are."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"], text=STRATEGY + SAID)
    archive.search("two", "openalex", ["W1"])
    told = markdown(session)
    assert "one: Two librarians reviewed it (PRESS)." in item(told, 14)
    assert "Nothing is said of two: write `prisma\\_s" not in told
    assert "in `queries/two.yaml`" in item(told, 14)
    told = markdown(session, two={"peer_review": "By Ada."}, three={"contacts": "x"})
    assert "two (written after the search was run): By Ada." in item(told, 14)
    assert "queries/two.yaml" not in item(told, 14)
    assert "Not reported" in item(told, 6)


def test_strategies_stand_exactly_as_sent(session: Session) -> None:
    """Parameters and address are verbatim; the same request is told once."""
    odd = {"filter": 'a:(x OR "y z") `AND` *b*|c', "sort": "asc"}
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"], params=odd)
    archive.search("one", "openalex", ["W1", "W2"], params=odd)
    told = item(markdown(session), 8)
    assert told.count('```text\nfilter=a:(x OR "y z") `AND` *b*|c\nsort=asc\n```') == 1
    assert "run 1 on 2026-03-04, run 2 on 2026-03-04" in told
    assert "https://api.openalex.org/works?filter=search%3Aone" in told
    assert 'idea: trust OR "relational trust"' in told


def test_an_unreadable_strategy_is_told_whole(session: Session) -> None:
    """A strategy of an older form is shown as it was, and its limits are a gap."""
    archive = Archive(session)
    archive.search("old", "openalex", ["W1"], text="title: of another form")
    told = markdown(session)
    assert "```text\ntitle: of another form\n```" in item(told, 8)
    assert "The limits of old stand in the text under item 8" in item(told, 9)


def test_limits_have_their_reasons(session: Session) -> None:
    """Dates, languages, types and the cut of a ranking are told with why."""
    everything(session)
    told = item(markdown(session), 9)
    for words in (
        "| Published | 2000-01-01 to 2026-06-30 | The modern evidence. | all |",
        "Crossref cannot limit by language; screening does.",
        "| Types, OpenAlex | article, review | Only these count. | all |",
        "| Filter has_abstract, OpenAlex | true |",
        "| one | 50 | 2 | 2 | 12.35 |",
        "this is a limit of the search",
        "Twenty can be read.",
    ):
        assert words in told


def test_sources_files_and_finds_have_their_provenance(session: Session) -> None:
    """Databases, files with their hash, finds with address and day, and reasons."""
    everything(session)
    told = markdown(session)
    digest = hashlib.sha256(b"ERIC").hexdigest()
    assert f"| ERIC | csv | ERIC.csv | `{digest}` | 2 | 2 |" in item(told, 1)
    assert "Crossref, for two: It sees titles only." in item(told, 1)
    assert "ISRCTN.csv" in item(told, 3)
    assert "ISRCTN" not in item(told, 1)
    assert "| A ministry | m1 | https://example.org/r | 2026-02-03 | website |" in item(
        told, 4
    )
    assert "m3" not in item(told, 4)
    assert "m3" in item(told, 5)


def test_citation_searches_are_told_by_round(session: Session) -> None:
    """Seeds, directions, lists and new records, with the request as sent."""
    everything(session)
    told = item(markdown(session), 5)
    assert "| 1 | backward | 1 | 1 of 1 | 1 | 1 | 1 |" in told
    assert "| 1 | forward | 1 | 1 of 1 | 2 | 2 | 1 |" in told
    assert "| 2 | backward | 1 | 1 of 1 | 1 | 1 | 1 |" in told
    assert "| `W1` | W1 |" in told
    assert "filter=cited_by:SEED" in told
    assert "cites:W1" not in told


def test_updates_are_compared(session: Session) -> None:
    """A search that was run again is told with what was added and is gone."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1", "W2"])
    assert "none has been run again" in item(markdown(session), 12)
    archive.search("one", "openalex", ["W2", "W3"])
    archive.search("one", "openalex", ["W4"], request={"since": "2026-03-05"})
    told = item(markdown(session), 12)
    assert "| one | OpenAlex | 2 | 2026-03-04 | everything | 2 | 1 | 0 | 1 |" in told
    assert "since 2026-03-05 | 1 |" in told
    assert told.count("| one | OpenAlex |") == 3


def test_what_is_incomplete_cannot_be_missed(session: Session) -> None:
    """A run that is short stands on top, in the table and under its item."""
    archive = Archive(session)
    run = archive.search(
        "one",
        "openalex",
        ["W1"],
        expected=9,
        reported=9,
        status=RunStatus.INCOMPLETE,
        problem="8 of 9 records did not come",
    )
    archive.reject(run)
    told = markdown(session)
    short = "Run 1 (one, OpenAlex) is INCOMPLETE: 1 of 9 expected records are stored."
    assert short in told.split("\n## ")[0]
    assert short in item(told, 15)
    assert "| one | OpenAlex | 1 | 9 | 9 | 1 | 1 | 1 | INCOMPLETE |" in item(told, 15)
    assert "run 1 (one, OpenAlex): 1, no title" in item(told, 15)
    assert "INCOMPLETE" in item(told, 13)


def test_deduplication_is_told_with_what_is_open(engine: Engine, make: Maker) -> None:
    """The pass, its verdicts and its gaps: late records are told."""
    make.review()
    same = {"doi": "10.5555/same", "year": 2001, "authors": "Doe, Jane"}
    make.record("Trust among teachers in schools", source="openalex", **same)
    make.record("Trust among teachers in schools", source="crossref", **same)
    make.session.commit()
    assert "Not reported: no duplicates were looked for" in item(
        db.read(engine, markdown), 16
    )
    dedupe.find(engine, by="lead")
    told = item(db.read(engine, markdown), 16)
    assert "| 2 | the default | " in told
    assert "| the program | one report | 1 |" in told
    assert "Records removed as duplicates before screening: 1, as in" in told
    make.record("Another report on another subject")
    make.session.commit()
    told = item(db.read(engine, markdown), 16)
    assert "came in since the last pass, not compared: 1; run" in told


# -- its numbers -----------------------------------------------------------------------


def test_numbers_are_those_of_the_prisma_export(session: Session, make: Maker) -> None:
    """Of one snapshot, sources and duplicates equal the boxes of the flow diagram."""
    every_kind(start(session, make))
    told = facts(session)
    boxes = json.loads(exports.render_prisma(session, ["json"])["json"])
    assert told["sources"]["database"] == boxes["database_specific_results"]
    assert sum(told["sources"]["database"].values()) == boxes["database_results"]
    assert sum(told["sources"]["register"].values()) == boxes["register_results"]
    assert sum(told["sources"]["citation"].values()) == boxes["citations_results"]
    assert told["duplicates"]["removed"] == boxes["duplicates"]
    assert f"before screening: {boxes['duplicates']}, as in" in markdown(session)


def test_a_separate_recount_agrees(session: Session) -> None:
    """Counted anew with plain SQL, every number of the tables is the same."""
    everything(session)
    told = facts(session)
    rows = session.execute(text("SELECT found, source FROM record")).all()
    by_way = Counter(row.found for row in rows)
    assert {
        way: sum(parts.values()) for way, parts in told["sources"].items()
    } == by_way
    hits = session.execute(
        text(
            "SELECT DISTINCT s.name, h.source, t.record_id FROM hit t"
            " JOIN harvest_run h ON h.id = t.run_id"
            " JOIN search_strategy s ON s.id = h.strategy_id"
        )
    ).all()
    for query in told["queries"]:
        here = [r for r in hits if (r[0], r[1]) == (query["query"], query["source"])]
        others = {r[2] for r in hits if r[0] != query["query"]}
        assert query["stored"] == len(here)
        assert query["unique"] == sum(r[2] not in others for r in here)
    clusters = session.scalar(text("SELECT COUNT(DISTINCT cluster_id) FROM record"))
    overlap = told["overlap"]["sources"]["combinations"]
    assert sum(one["reports"] for one in overlap) == clusters == told["reports"]


def test_other_numbers_than_the_flows_are_refused(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report whose counts are not those of the diagram is not made."""
    everything(session)
    some = flow.entries(session)[1:]  # W1, of OpenAlex, is lost
    monkeypatch.setattr(flow, "entries", lambda _session: some)
    with pytest.raises(InvariantError, match="differ"):
        searchreport.report(session)


# -- its formats -----------------------------------------------------------------------


def test_all_formats_tell_the_same_and_are_the_same_twice(session: Session) -> None:
    """Markdown and Word have the same words, and nothing comes from the clock."""
    everything(session)
    files = searchreport.render(searchreport.report(session))
    assert files == searchreport.render(searchreport.report(session))
    word = docx.Document(io.BytesIO(files["docx"]))
    heads = [
        p.text for p in word.paragraphs if (p.style and p.style.name) == "Heading 1"
    ]
    assert heads == re.findall("^## (.*)$", files["md"].decode(), re.MULTILINE)
    tables = files["md"].decode().count("|---")
    assert len(word.tables) == len(
        re.findall(r"^\|[-:|]+\|$", files["md"].decode(), re.MULTILINE)
    )
    assert tables
    digest = hashlib.sha256(files["json"]).hexdigest()
    assert digest in files["md"].decode()
    assert ET.fromstring(files["svg"]).tag.endswith("svg")  # noqa: S314 - our own


def test_hostile_words_change_no_shape(session: Session) -> None:
    """Titles and notes of strangers stay words in every format."""
    archive = Archive(session)
    bad = "# x | <script> `y` \x1b[2J ](http://evil)"
    archive.find("m|1`<b>", url="https://example.org/|")
    archive.search("one", "openalex", ["W1"], titles={"W1": bad})
    told = markdown(session, one={"contacts": bad})
    assert "<script>" not in told
    assert "\x1b" not in told
    assert len(re.findall(r"^## ", told, re.MULTILINE)) == 17
    searchreport.render(searchreport.report(session, today={"one": {"contacts": bad}}))


# -- a real harvest, and the command ---------------------------------------------------


def test_no_secret_is_told(engine: Engine, tmp_path: Path) -> None:
    """After a harvest with key and mail address neither stands in any format."""
    harvesting.join(engine)
    plan = harvesting.plan(tmp_path)
    with serve(*harvesting.works(openalex=12, crossref=30)) as server:
        settings = {
            source: replace(one, key=SECRETS[0], mailto=SECRETS[1])
            for source, one in harvesting.settings(server).items()
        }
        write = _writer(engine)
        harvest.harvest(write, plan, by="lead", settings=settings)
        assert server.requests
    files = db.read(engine, lambda s: searchreport.render(searchreport.report(s)))
    for content in files.values():
        for secret in (*SECRETS, SECRETS[1].replace("@", "%40")):
            assert secret.encode() not in content
    told = json.loads(files["json"])
    stored = {(one["query"], one["source"]): one["stored"] for one in told["queries"]}
    assert stored == {("trust", "openalex"): 12, ("trust", "crossref"): 20}
    assert db.read(engine, lambda s: s.query(Record).count()) == 32
    assert b"not asked at its public address" in files["md"]


def _writer(engine: Engine) -> Any:
    return lambda work: db.write(engine, work)


def _fill(session: Session) -> None:
    everything(session)


@pytest.fixture
def space(tmp_path: Path, engine: Engine) -> list[str]:
    """Return the global options of a workspace in which was searched."""
    harvesting.workspace(tmp_path, one=STRATEGY + SAID)
    db.write(engine, _fill)
    url = engine.url.render_as_string(hide_password=False)
    return ["-w", str(tmp_path), "--database", url, "--as", "ann"]


def test_the_command_writes_four_files(space: list[str], tmp_path: Path) -> None:
    """Without options all formats go into exports/, under the names promised."""
    assert command([*space, "export", "search-report"]) == 0
    folder = tmp_path / "exports"
    names = {path.name for path in folder.iterdir()}
    assert names == {*searchreport.FILES.values(), "manifest.json"}
    noted = json.loads((folder / "manifest.json").read_text())["files"]
    picture = (folder / "search-overlap.svg").read_bytes()
    assert noted["search-overlap.svg"]["sha256"] == hashlib.sha256(picture).hexdigest()


def test_the_command_takes_a_format_and_a_file(
    space: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A format goes to stdout, a file's ending tells the format; others are refused."""
    assert command([*space, "export", "search-report", "--format", "docx"]) == 0
    assert docx.Document(io.BytesIO(capsysbinary.readouterr().out)).tables
    target = tmp_path / "appendix.md"
    assert command([*space, "export", "search-report", "--to", str(target)]) == 0
    assert target.read_text("utf-8").startswith("# Search report: ")
    assert command([*space, "export", "search-report", "--to", "appendix.pdf"]) == 2


def test_a_saved_search_that_was_never_run_is_told(
    space: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in queries/ that no run is of is named, for people and for machines."""
    assert command([*space, "export", "search-report", "--format", "md"]) == 0
    assert "Saved, not run" not in capsys.readouterr().out
    (tmp_path / "queries" / "new-one.yaml").write_text(STRATEGY, "utf-8")
    assert command([*space, "export", "search-report", "--format", "md"]) == 0
    told = item(capsys.readouterr().out, 8)
    assert "Saved, not run: new-one; run `litreview harvest`" in told
    assert command([*space, "export", "search-report", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["saved_not_run"] == ["new-one"]


def test_a_broken_file_of_today_stops_no_report(
    space: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is of the searches as run; a file unreadable today is told of."""
    (tmp_path / "queries" / "one.yaml").write_text("title: [broken", "utf-8")
    assert command([*space, "export", "search-report", "--format", "md"]) == 0
    said = capsys.readouterr()
    assert "Two librarians reviewed it" in said.out
    assert "one.yaml is left out" in said.err
