"""A trace is whole down to the query as sent, or fails naming the missing link."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from making import Maker
from sqlalchemy import text
from sqlalchemy.orm import Session

from litreview import bank, coding, trace
from litreview.bank import Place
from litreview.coding import Passage
from litreview.errors import InvariantError, NotFoundError
from litreview.migrations import triggers
from litreview.models import HarvestRun, Hit, Person, RawRecord, Record
from litreview.phrasing import Question
from litreview.trace import BrokenTraceError
from litreview.vocabulary import Found, RunKind, RunStatus

QUOTE = "It fits,\nand it lasts."


@dataclass
class World:
    """One item on one passage of one record that a search found."""

    session: Session
    make: Maker
    people: list[Person]
    record: Record
    code_id: int
    item_id: int

    def item(self) -> trace.Tree:
        """Trace the item afresh."""
        self.session.expire_all()
        return trace.item(self.session, self.item_id)

    def broken(self) -> BrokenTraceError:
        """Trace the item and return how it fails."""
        with pytest.raises(BrokenTraceError) as caught:
            self.item()
        return caught.value


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return the small review."""
    return build(session, make, make.record)


def build(session: Session, make: Maker, find: Callable[[], Record]) -> World:
    """Include the record that `find` makes, code it, and write an item on it."""
    people = make.review()
    make.codebook()
    record = find()
    make.include(record, *people)
    code_id = coding.add(
        session,
        by="ann",
        record_id=record.id,
        passage=Passage("fit.end", QUOTE, "p. 2"),
    ).code.id
    item = bank.add(
        session,
        by="ann",
        place=Place("staff survey", "fit.end"),
        question=Question("Training fits our plan."),
        evidence=(code_id,),
    ).item
    return World(session, make, people, record, code_id, item.id)


def unlock(session: Session) -> None:
    """Let this transaction delete what nobody may: no triggers, no foreign keys."""
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    session.execute(text("PRAGMA defer_foreign_keys = ON"))
    for name in triggers.wanted("sqlite"):
        session.execute(text(f"DROP TRIGGER {name}"))


def branch(node: object, *path: str | int) -> object:
    """Return what stands at a path of keys and places in a tree."""
    for step in path:
        assert isinstance(node, dict | list)
        node = node[step]  # type: ignore[index]
    return node


def test_a_whole_trace_reaches_the_query_as_sent(world: World) -> None:
    """Every link is there: wording, quote, page, record, payload, hit, query."""
    tree = world.item()
    assert (tree["whole"], tree["text"]) == (True, "Training fits our plan.")
    passage = branch(tree, "evidence", 0)
    assert (branch(passage, "quote"), branch(passage, "locator")) == (QUOTE, "p. 2")
    assert branch(passage, "codebook", "definition") == "It fits."
    assert branch(passage, "record", "record_id") == world.record.id
    hit = branch(passage, "hits", 0)
    assert branch(hit, "request", "source") == "openalex"
    assert branch(hit, "request", "params") == {"search": "trust"}
    assert branch(hit, "strategy", "text") == "title: s"
    raw = world.session.query(RawRecord).one()
    assert branch(passage, "payloads", 0, "sha256") == raw.sha256


def test_an_unknown_item_is_not_a_broken_trace(world: World) -> None:
    """It is simply not found."""
    with pytest.raises(NotFoundError, match="there is no item 7"):
        trace.item(world.session, 7)


LINKS = [
    ("evidence", "DELETE FROM item_evidence"),
    ("wording", "DELETE FROM item_version"),
    ("instrument", "DELETE FROM instrument"),
    ("code", "DELETE FROM code_application"),
    ("codebook", "DELETE FROM codebook_version"),
    ("codebook", "UPDATE codebook_version SET text = text || ' '"),
    ("person", "DELETE FROM person"),
    ("record", "DELETE FROM record"),
    ("inclusion", "DELETE FROM decision WHERE stage = 'full_text'"),
    ("inclusion", "DELETE FROM decision WHERE stage = 'title_abstract'"),
    ("payload", "DELETE FROM raw_record"),
    ("payload", "UPDATE raw_record SET version = 2"),
    ("payload", "UPDATE raw_record SET payload = :nonsense"),
    ("payload", "UPDATE raw_record SET payload = :no_json"),
    ("hash", "UPDATE raw_record SET payload = :other"),
    ("hash", "UPDATE raw_record SET sha256 = 'abc'"),
    ("hit", "DELETE FROM hit"),
    ("run", "DELETE FROM harvest_run"),
    ("request", "UPDATE harvest_run SET request = '{}'"),
    ("request", """UPDATE harvest_run SET request = '{"source": "openalex"}'"""),
    ("strategy", "DELETE FROM search_strategy"),
    ("strategy", "UPDATE search_strategy SET text = ''"),
    ("strategy", "UPDATE search_strategy SET text = 'title: other'"),
]


STAND_INS = {
    "nonsense": b"nonsense",
    "no_json": zlib.compress(b"no json"),
    "other": zlib.compress(b"{}"),
}


def test_every_lost_link_is_named(world: World) -> None:
    """Take any link away or change it behind our back: the trace fails, naming it."""
    for link, sql in LINKS:
        assert world.item()["whole"]
        with world.session.begin_nested() as undo:
            unlock(world.session)
            used = {name: b for name, b in STAND_INS.items() if f":{name}" in sql}
            statement = text(sql.replace('": "', '"\\: "'))
            world.session.execute(statement, used)
            broken = world.broken()
            assert (broken.link, sql) == (link, sql)
            assert broken.what.startswith("item 1 cannot be traced: ")
            assert broken.exit_code == 5
            assert list(trace.broken(world.session)) == [world.item_id]
            undo.rollback()


@pytest.mark.broken_on_purpose
def test_one_lost_evidence_row_of_two_is_noticed(world: World) -> None:
    """The audit knows which passages an item rests on."""
    passage = Passage("fit.end", "More.", "p. 3")
    more = coding.add(
        world.session, by="ann", record_id=world.record.id, passage=passage
    ).code.id
    change = bank.Change(Question("Better."), "pilot", (more,))
    bank.revise(world.session, by="ann", item_id=world.item_id, change=change)
    assert branch(world.item(), "evidence", 1, "quote") == "More."
    unlock(world.session)
    lose = text("DELETE FROM item_evidence WHERE code_id = :code")
    world.session.execute(lose, {"code": more})
    broken = world.broken()
    assert (broken.link, f"code {more}" in broken.what) == ("evidence", True)


def test_a_retracted_passage_breaks_the_trace(world: World) -> None:
    """The failure names the code, says why, and what to do."""
    assert trace.broken(world.session) == {}
    coding.retract(world.session, by="ann", code_id=world.code_id, why="misread")
    broken = world.broken()
    assert broken.link == "retraction"
    assert f"code {world.code_id} was retracted" in broken.what
    assert broken.why == "misread"
    assert "retire the item" in broken.fix


def test_a_report_no_longer_included_breaks_the_trace(world: World) -> None:
    """A late vote that reopens the conflict suspends the item's ground."""
    late = world.make.person("dan")
    world.make.include(world.record, late, verdict="exclude")
    assert world.broken().link == "inclusion"


@pytest.mark.broken_on_purpose
def test_a_second_hit_needs_its_run_too(world: World) -> None:
    """Every way in which a record was found is part of its trace."""
    run = world.make.run("crossref")
    world.session.add(Hit(run_id=run.id, record_id=world.record.id, rank=4))
    world.session.flush()
    assert branch(world.item(), "evidence", 0, "hits", 1, "source") == "crossref"
    unlock(world.session)
    lose = text("DELETE FROM harvest_run WHERE id = :run")
    world.session.execute(lose, {"run": run.id})
    assert world.broken().link == "run"


# -- files, people and citations -------------------------------------------------------


def found_by(
    session: Session, kind: RunKind, request: dict[str, object], **more: int | None
) -> Record:
    """Make a record that a run of this kind found, at rank 7."""
    run = HarvestRun(
        kind=kind,
        source="by-hand",
        request=request,
        status=RunStatus.COMPLETE,
        person_id=more.get("person_id"),
    )
    record = Record(source="by-hand", source_id="1", found=Found.WEBSITE, title="A")
    session.add_all([run, record])
    session.flush()
    record.cluster_id = record.id
    payload = json.dumps({"title": "A"}).encode()
    raw = RawRecord(
        record_id=record.id,
        version=1,
        sha256=hashlib.sha256(payload).hexdigest(),
        payload=zlib.compress(payload),
        run_id=run.id,
    )
    seed = more.get("seed_id")
    session.add_all(
        [raw, Hit(run_id=run.id, record_id=record.id, rank=7, seed_id=seed)]
    )
    session.flush()
    return record


FILE: dict[str, object] = {"file": "a.csv", "sha256": "ab" * 32, "format": "csv"}
MANUAL: dict[str, object] = {
    "url": "https://example.org/paper",
    "accessed": "2026-03-01",
    "organisation": "Example",
}
CITATION: dict[str, object] = {"source": "openalex", "params": {"filter": "cites:W1"}}


def test_an_imported_record_is_traced_to_file_hash_and_line(
    session: Session, make: Maker
) -> None:
    """The file's name, its hash and the line stand at the end of the trace."""
    world = build(session, make, lambda: found_by(session, RunKind.FILE, FILE))
    hit = branch(world.item(), "evidence", 0, "hits", 0)
    assert branch(hit, "request") == FILE
    assert branch(hit, "line") == 7


def test_a_manual_record_is_traced_to_person_url_and_date(
    session: Session, make: Maker
) -> None:
    """Who found it, where, and when it was read stand at the end of the trace."""
    finder = make.person("fin").id
    world = build(
        session,
        make,
        lambda: found_by(session, RunKind.MANUAL, MANUAL, person_id=finder),
    )
    hit = branch(world.item(), "evidence", 0, "hits", 0)
    assert (branch(hit, "person"), branch(hit, "request")) == ("fin", MANUAL)


def test_a_cited_record_is_traced_to_its_seed(session: Session, make: Maker) -> None:
    """A record found by its citations names the record that led to it."""
    seed = make.record().id
    world = build(
        session,
        make,
        lambda: found_by(session, RunKind.CITATION, CITATION, seed_id=seed),
    )
    assert branch(world.item(), "evidence", 0, "hits", 0, "seed_id") == seed


WAYS_IN = {
    RunKind.FILE: FILE,
    RunKind.MANUAL: MANUAL,
    RunKind.CITATION: CITATION,
}


@pytest.mark.broken_on_purpose
@pytest.mark.parametrize(
    ("kind", "missing", "link"),
    [
        (RunKind.FILE, "file", "request"),
        (RunKind.FILE, "sha256", "request"),
        (RunKind.FILE, "format", "request"),
        (RunKind.MANUAL, "url", "request"),
        (RunKind.MANUAL, "accessed", "request"),
        (RunKind.MANUAL, "", "person"),
        (RunKind.CITATION, "params", "request"),
        (RunKind.CITATION, "", "seed"),
    ],
)
def test_a_way_in_that_is_half_told_breaks_the_trace(
    session: Session,
    make: Maker,
    kind: RunKind,
    missing: str,
    link: str,
) -> None:
    """Without file, hash, address, date, person or seed nobody could look again."""
    less = {name: value for name, value in WAYS_IN[kind].items() if name != missing}
    world = build(session, make, lambda: found_by(session, kind, less))
    broken = world.broken()
    assert broken.link == link
    assert missing in broken.what
    assert isinstance(broken, InvariantError)


@pytest.mark.broken_on_purpose
def test_an_imported_record_needs_its_line(session: Session, make: Maker) -> None:
    """Line 0 is no line."""
    world = build(session, make, lambda: found_by(session, RunKind.FILE, FILE))
    unlock(session)
    session.execute(text("UPDATE hit SET rank = 0"))
    assert world.broken().link == "line"
