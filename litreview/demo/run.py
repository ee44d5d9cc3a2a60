"""The main job on demonstration data, worked as a team would work it.

Every step calls the use case that a command calls: the searches go over HTTP to a
server on this machine, two simulated screeners vote blind, a third person settles
what they disagree on. The votes follow a rule with a seed (`votes`), so another seed
gives other conflicts; they are stored with the origin ``simulation``.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from litreview import (
    db,
    dedupe,
    delivery,
    exports,
    fulltext,
    harvest,
    intake,
    lookup,
    pairs,
    removal,
    rendering,
    review,
    rounds,
    screening,
    searches,
    settling,
    state,
    workspace,
)
from litreview.demo import example
from litreview.demo.generator import demo_works
from litreview.demo.server import (
    DEMO_CROSSREF_PAGE,
    DEMO_OPENALEX_PAGE,
    Server,
    load_records,
    serve,
)
from litreview.demo.votes import (
    Vote,
    simulated_arbiter,
    simulated_retrieval,
    simulated_vote,
)
from litreview.errors import IncompleteError, LitreviewError, WorkspaceError
from litreview.models import Record
from litreview.sources.page import Settings
from litreview.text import title_key
from litreview.vocabulary import (
    Origin,
    PairVerdict,
    RemovalBasis,
    Retrieval,
    RunStatus,
    Stage,
    Verdict,
)
from litreview.workspace import Workspace
from litreview.yamlfile import Node

# The example's works and votes come from this number unless another is given.
SEED = 7
SCREENERS = ("ann", "bob")
ARBITER = "cleo"
TEAM = """\
people:
  - {handle: ann, name: Ann (simulated), role: screener}
  - {handle: bob, name: Bob (simulated), role: screener}
  - {handle: cleo, name: Cleo (simulated), role: arbiter}
"""
# A workspace that this program made for show may be made anew; no other ever is.
STAMP = "MADE-FOR-SHOW.txt"
STAMP_WORDS = "This workspace was made by `litreview demo` and may be made anew by it."
# Votes stored in one transaction. A person's votes are stored one by one.
BATCH = 100
# The record leaves before screening where its source says that it is no study.
NO_STUDY = frozenset({"not-a-study", "no-title", "retraction-notice"})

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to rehearse: where, on which records, with which votes, by whom."""

    root: Path
    handle: str
    records: Path | None = None
    seed: int = SEED
    again: bool = False


@dataclass
class Show:
    """A rehearsal under way."""

    plan: Plan
    tell: Tell
    space: Workspace
    engine: Engine
    begun: float = field(default_factory=time.monotonic)
    founding: dict[str, int] = field(default_factory=dict)


def run(plan: Plan, tell: Tell) -> Path:
    """Work the main job from the searches to the exports; return the exports' folder.

    Raises `IncompleteError` where a local service did not give what it reported,
    and `WorkspaceError` for a folder that is in use.
    """
    show = prepare(plan, tell)
    try:
        with services(plan) as server:
            search(show, server)
        add_documents(show)
        remove_no_studies(show)
        remove_duplicates(show)
        screen(show, Stage.TITLE_ABSTRACT)
        retrieve(show)
        screen(show, Stage.FULL_TEXT)
        synthesise(show)
        return export(show)
    finally:
        show.engine.dispose()


# -- the places ---------------------------------------------------------------------


def prepare(plan: Plan, tell: Tell) -> Show:
    """Make the workspace, its database and its team.

    Raises `WorkspaceError` for a folder that is in use, unless it was made for show
    and nobody has worked in it since, or `again` is set.
    """
    root = plan.root
    if root.exists() and any(root.iterdir()):
        _clear(plan)
        tell(f"the demonstration that was in {root} is gone; another takes its place")
    review.plant(root, title="", question="", example=True)
    (root / STAMP).write_text(f"{STAMP_WORDS}\n", "utf-8")
    if plan.records is not None:
        strategy = Path(__file__).parent / "school-leadership.yaml"
        shutil.copy(strategy, root / "queries" / strategy.name)
    marker = root / workspace.MARKER
    marker.write_text(marker.read_text("utf-8").replace("people: []\n", TEAM), "utf-8")
    space = workspace.at(root)
    engine = db.engine_for(space.database_url)
    db.create(engine)
    texts = review.read_texts(space, workspace.read_text)
    db.write(engine, lambda session: review.sync(session, texts, handle=plan.handle))
    tell(f"a workspace in {root}: {plan.handle} leads, {', '.join(SCREENERS)} screen")
    return Show(plan, tell, space, engine)


def _clear(plan: Plan) -> None:
    if not (plan.root / STAMP).is_file():
        raise WorkspaceError(
            f"{plan.root} is in use and was not made by a demonstration",
            fix="name another folder: `litreview demo DIR`",
        )
    if not plan.again and not untouched(plan.root):
        raise WorkspaceError(
            f"{plan.root} has a demonstration already",
            why="somebody has worked in it; making it anew would delete that",
            fix=f"look around there, or run `litreview demo {plan.root} --again`",
        )
    shutil.rmtree(plan.root)


def untouched(root: Path) -> bool:
    """Tell whether nobody has worked in a demonstration since it was made.

    The stamp was written last, with the size of every table. One without the sizes
    never came to its end.
    """
    stamp = root / STAMP
    _words, *sizes = stamp.read_text("utf-8").splitlines()
    if not sizes:
        return True
    written = [
        path.stat().st_mtime
        for folder in ("queries", "screening")
        for path in (root / folder).rglob("*")
    ]
    if max(written, default=0.0) > stamp.stat().st_mtime:
        return False
    engine = db.engine_for(workspace.at(root).database_url)
    try:
        return bool(json.loads(sizes[0]) == db.read(engine, db.stats))
    except (LitreviewError, SQLAlchemyError):
        return False  # made by another version, or damaged: a person decides
    finally:
        engine.dispose()


@contextlib.contextmanager
def services(plan: Plan, *, port: int = 0) -> Iterator[Server]:
    """Serve the demonstration's works, or those of a folder, on this machine."""
    if plan.records is not None:
        openalex, crossref = load_records(plan.records)
        with serve(openalex, crossref, port=port) as server:
            yield server
        return
    folder = review.starter_folder("screening") / "example"
    openalex, crossref, _truth = demo_works(example.cited(folder), seed=SEED)
    with serve(
        openalex,
        crossref,
        port=port,
        openalex_page=DEMO_OPENALEX_PAGE,
        crossref_page=DEMO_CROSSREF_PAGE,
    ) as server:
        yield server


# -- records -------------------------------------------------------------------------


def search(show: Show, server: Server) -> None:
    """Run every strategy of the workspace on both services."""
    mine = {
        "openalex": Settings(base_url=server.openalex_url),
        "crossref": Settings(base_url=server.crossref_url),
    }
    results = harvest.harvest(
        partial(db.write, show.engine),
        searches.plan(show.space),
        by=show.plan.handle,
        settings=mine,
    )
    short = [found for found in results if found.status != RunStatus.COMPLETE]
    if short:
        raise IncompleteError(
            f"{len(short)} searches did not end",
            why=f"{short[0].search.name}: {short[0].error or short[0].problem}",
            fix="run the demonstration again",
        )
    for source in mine:
        own = [found for found in results if found.search.source == source]
        show.tell(
            f"{source}: {len(own)} searches, "
            f"{sum(found.pages for found in own)} pages, "
            f"{sum(found.found for found in own):,} hits, "
            f"{sum(found.new for found in own):,} records"
        )


def add_documents(show: Show) -> None:
    """Add the founding documents by hand, as grey literature."""
    entries = example.documents(show.space.screening / "example")

    def work(session: Session) -> dict[str, int]:
        return {
            entry["key"].text(): intake.add(
                session, _find(entry), by=show.plan.handle
            ).record.id
            for entry in entries
        }

    show.founding = db.write(show.engine, work)
    show.tell(f"{len(show.founding)} founding documents added by hand")


def _find(entry: Node) -> intake.Find:
    # A document that prints no address came as a file; its name stands for one.
    url = entry["url"].text() if "url" in entry else f"file:{entry['file'].text()}"
    return intake.Find(
        title=entry["title"].text(),
        organisation=entry["organisation"].text(),
        year=entry["year"].text(),
        url=url,
        accessed=date.fromisoformat(entry["accessed"].text()),
        found=entry["found"].text(),
        authors="; ".join(_name(author) for author in entry.listed("authors")),
    )


def _name(author: Node) -> str:
    if "literal" in author:
        return f"{{{author['literal'].text()}}}"
    given = author["given"].text() if "given" in author else ""
    return f"{author['family'].text()}, {given}"


def remove_no_studies(show: Show) -> None:
    """Remove, by rule, what its source marks as no study."""

    def work(session: Session) -> int:
        found = [
            record.id
            for record in session.scalars(select(Record).order_by(Record.id))
            if NO_STUDY & set(record.flags.split())
        ]
        removed = removal.remove(
            session,
            found,
            basis=RemovalBasis.RULE,
            text="no study, by its source",
            by=show.plan.handle,
        )
        return len(removed)

    show.tell(f"{db.write(show.engine, work)} records removed by rule: no study")


def remove_duplicates(show: Show) -> None:
    """Let the machine merge what is sure; a simulated person decides the rest."""
    found = dedupe.find(show.engine, by=show.plan.handle)
    decided = db.write(show.engine, lambda session: _decide_pairs(show, session))
    show.tell(
        f"{found.merged} duplicates merged, {found.same_study} pairs of one study, "
        f"{decided} unsure pairs decided by hand"
    )


def _decide_pairs(show: Show, session: Session) -> int:
    by = lookup.actor(session, show.plan.handle)
    waiting = [(pair.a_id, pair.b_id) for pair in pairs.undecided(session)]
    for a, b in waiting:
        one, other = lookup.record(session, a), lookup.record(session, b)
        alike = title_key(one.title) == title_key(other.title)
        near = abs((one.year or 0) - (other.year or 0)) <= 1
        verdict = PairVerdict.DUPLICATE if alike and near else PairVerdict.DIFFERENT
        why = "simulated: same title and year" if alike and near else "simulated"
        dedupe.decide(session, a, b, verdict, by=by, why=why)
    return len(waiting)


# -- screening ------------------------------------------------------------------------


def screen(show: Show, stage: Stage) -> None:
    """Hand out, vote twice and blind, and settle what is in conflict."""
    plan = rounds.Plan(stage, show.plan.seed)
    handed = db.write(
        show.engine,
        lambda session: rounds.assign(
            session, plan, by=lookup.actor(session, show.plan.handle)
        ),
    )
    for handle in SCREENERS:
        for batch in _batches(db.read(show.engine, partial(_queue, stage, handle))):
            _vote(show, stage, handle, batch)
    open_ones = db.read(
        show.engine, lambda session: settling.conflicts(session, stage=stage)
    )
    db.write(show.engine, lambda session: _settle(session, open_ones))
    show.tell(
        f"{stage}: {handed.records} reports screened twice, "
        f"{len(open_ones)} conflicts settled by {ARBITER}"
    )


def _queue(stage: Stage, handle: str, session: Session) -> list[int]:
    return rounds.queue(session, lookup.actor(session, handle), stage=stage)


def _batches(ids: list[int]) -> Iterable[list[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _vote(show: Show, stage: Stage, handle: str, ids: list[int]) -> None:
    def work(session: Session) -> None:
        screener = lookup.actor(session, handle)
        for record_id in ids:
            card = screening.card(session, record_id)
            vote = _opinion(show, session, stage, handle, card)
            ballot = screening.Ballot(
                record_id,
                stage,
                vote.verdict,
                vote.reason or "",
                vote.streams if stage == Stage.FULL_TEXT else (),
            )
            screening.decide(
                session, ballot, screener=screener, origin=Origin.SIMULATION
            )

    db.write(show.engine, work)


def _opinion(
    show: Show, session: Session, stage: Stage, handle: str, card: screening.Card
) -> Vote:
    record = lookup.record(session, card.record_id)
    if record.id in show.founding.values():
        # The review grew out of these; nobody doubts that they belong to it.
        streams = ("theorises_concept",) if stage == Stage.FULL_TEXT else ()
        return Vote(Verdict.INCLUDE, None, streams)
    return simulated_vote(
        seed=show.plan.seed,
        screener=handle,
        stage=stage,
        source=record.source,
        source_id=record.source_id,
        title=card.title,
        abstract=card.abstract,
    )


def _settle(session: Session, found: list[settling.Conflict]) -> None:
    by = lookup.actor(session, ARBITER)
    for conflict in found:
        card = screening.card(session, conflict.record_id)
        vote = simulated_arbiter(
            stage=conflict.stage, title=card.title, abstract=card.abstract
        )
        late = conflict.stage == Stage.FULL_TEXT
        ruling = settling.Ruling(
            conflict.record_id,
            conflict.stage,
            vote.verdict,
            vote.reason or "",
            vote.streams if late else (),
        )
        settling.resolve(session, ruling, by=by)


def retrieve(show: Show) -> None:
    """Record which full texts came and which could not be had."""

    def work(session: Session) -> tuple[int, int]:
        by = fulltext.may_handle(session, show.plan.handle)
        missing = 0
        waiting = fulltext.wanted(session, status="not_yet_sought")
        for report in waiting:
            record = lookup.record(session, report.record_id)
            there = record.id in show.founding.values() or simulated_retrieval(
                seed=show.plan.seed, source=record.source, source_id=record.source_id
            )
            status = Retrieval.RETRIEVED if there else Retrieval.NOT_RETRIEVED
            missing += not there
            fulltext.set_status(
                session, record.id, status=status, location="simulated", by=by
            )
        return len(waiting), missing

    sought, missing = db.write(show.engine, work)
    show.tell(f"{sought} full texts sought, {missing} not to be had")


# -- synthesis ------------------------------------------------------------------------


def synthesise(show: Show) -> None:
    """Code passages, build configurations, write items: from the example's files."""
    folder, by = show.space.screening / "example", show.plan.handle
    codes = example.load_codes(show.engine, folder, show.founding, by=by)
    configurations = example.load_configurations(show.engine, folder, codes, by=by)
    example.load_found(show.engine, folder, show.founding, by=by)
    items = example.load_items(show.engine, folder, codes, by=by)
    included = db.read(show.engine, lambda session: len(state.included(session)))
    show.tell(
        f"{included} reports included; {len(codes)} passages coded, "
        f"{configurations} configurations, {items} survey items"
    )


def export(show: Show) -> Path:
    """Write everything to the workspace's exports; return the folder."""
    asker = rendering.Asker(show.plan.handle)

    def work(session: Session) -> tuple[dict[str, bytes], str]:
        return exports.render_all(session, asker=asker), exports.schema(session)

    files, schema = db.read(show.engine, work)
    delivery.write_files(show.space.exports, files, schema=schema)
    sizes = json.dumps(db.read(show.engine, db.stats))
    (show.space.root / STAMP).write_text(f"{STAMP_WORDS}\n{sizes}\n", "utf-8")
    seconds = time.monotonic() - show.begun
    show.tell(f"{len(files)} files in {show.space.exports}, after {seconds:.0f} s")
    return show.space.exports
