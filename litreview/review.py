"""A review's beginning and its state: init, sync and status.

`plant` writes the folders of a new workspace; `sync` brings what people wrote in
``screening/*.yaml`` into the database: people, the protocol, the codebooks, and a
main round for each stage. Texts are stored whole, in versions, so that every vote
can say under which protocol it was cast. `status` counts and says what comes next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import (
    lookup,
    materials,
    notices,
    outdated,
    pairs,
    protocol,
    quorum,
    starters,
    state,
    team,
    waiting,
    yamlfile,
)
from litreview.codebook import parse_codebook
from litreview.errors import NotAllowedError, UsageError, WorkspaceError
from litreview.looseends import problems
from litreview.models import (
    Assignment,
    CodebookVersion,
    Decision,
    DedupeRun,
    HarvestRun,
    Person,
    ProtocolVersion,
    Record,
    ScreeningRound,
    SearchStrategy,
)
from litreview.synthesis import CodeApplication, SurveyItem
from litreview.vocabulary import (
    Retrieval,
    Role,
    RoundKind,
    RunKind,
    RunStatus,
    Stage,
)
from litreview.workspace import FOLDERS, MARKER, Workspace, sha256, write_whole

# What of this project's own folders belongs to the worked example.
EXAMPLE_SUFFIXES = {".yaml", ".sql", ".svg"}
ASSIGN = "litreview screen assign --seed 1"
WRITE = "write queries/NAME.yaml (queries/README.md says how)"


@dataclass(frozen=True)
class Texts:
    """The YAML of ``screening/`` as it is written.

    Codebooks by name, `materials` (forms, scales and their like) by path.
    """

    review: str
    criteria: str
    codebooks: dict[str, str]
    materials: dict[str, str] = field(default_factory=dict)


# -- files ------------------------------------------------------------------------


def plant(
    root: Path,
    *,
    title: str,
    question: str,
    example: bool,
    codebook: str = starters.FIRST,
) -> list[Path]:
    """Write the folders and files of a new workspace.

    `codebook` names the starter; with `example` all are this project's own review.
    An existing file is never overwritten. Returns what it made, folders before what
    is in them. Raises `WorkspaceError` where `root` cannot be a workspace, and leaves
    nothing behind.
    """
    if root.exists() and not root.is_dir():
        raise WorkspaceError(f"{root} is a file", fix="name a folder")
    if (root / MARKER).exists():
        raise WorkspaceError(
            f"{root} is a workspace already",
            why="it has screening/review.yaml; nothing was changed",
            fix="go there and run `litreview status`",
        )
    book = starters.codebook(codebook)
    files = (
        _example_files(root) if example else _starter_files(root, title, question, book)
    )
    made: list[Path] = []
    try:
        for folder in (*FOLDERS, "exports"):
            made += _make_folder(root / folder)
        # The marker comes last: a folder without it is no workspace.
        for path in sorted(files, key=lambda path: path == root / MARKER):
            if not path.exists():
                made += [*_make_folder(path.parent), path]
                write_whole(path, files[path])
    except BaseException as error:
        unplant(made)
        if isinstance(error, OSError):
            raise WorkspaceError(
                f"{root} cannot be made a workspace",
                why=f"{error.filename}: {error.strerror}",
                fix="name a folder that you may write to",
            ) from error
        raise
    return made


def _make_folder(folder: Path) -> list[Path]:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
    return missing[::-1]


def _starter_files(
    root: Path, title: str, question: str, book: str
) -> dict[Path, bytes]:
    texts = {
        MARKER: protocol.starter_review(title, question),
        Path("screening/criteria.yaml"): protocol.starter_criteria(),
        Path("screening/codebooks/codebook.yaml"): book,
        Path(".gitignore"): "/db/*.sqlite\n/db/*.sqlite-*\n",
    }
    found = {root / name: text.encode() for name, text in texts.items()}
    for folder in ("queries", "screening", "db", "exports"):
        readme = starter_folder(folder) / "README.md"
        found[root / folder / "README.md"] = readme.read_bytes()
    schema = starter_folder("db") / "schema.sql"
    found[root / "db" / "schema.sql"] = schema.read_bytes()
    return found


def _example_files(root: Path) -> dict[Path, bytes]:
    found = {root / ".gitignore": b"/db/*.sqlite\n/db/*.sqlite-*\n"}
    for folder in ("queries", "screening", "db", "exports"):
        source = starter_folder(folder)
        for path in sorted(source.rglob("*")):
            wanted = folder != "exports" and path.suffix in EXAMPLE_SUFFIXES
            if wanted or path.name == "README.md":
                found[root / folder / path.relative_to(source)] = path.read_bytes()
    return found


def starter_folder(name: str) -> Path:
    """Return this project's own folder of that name, in a clone or installed."""
    package = Path(__file__).parent
    beside = package.parent / name
    if (package.parent / "setup.cfg").is_file() and beside.is_dir():
        return beside
    inside = package / "starter" / name
    if inside.is_dir():
        return inside
    raise WorkspaceError(
        "the example's files are not part of this installation",
        fix="install litreview again, from a wheel or a clone",
    )


def unplant(made: list[Path]) -> None:
    """Take away what `plant` made; a folder with something else in it stays."""
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


def read_texts(space: Workspace, read: Callable[[Path], str]) -> Texts:
    """Return the texts of a workspace's ``screening/``."""
    return Texts(
        read(space.screening / "review.yaml"),
        read(space.screening / "criteria.yaml"),
        {name: read(path) for name, path in space.codebooks().items()},
        {name: read(path) for name, path in space.materials().items()},
    )


# -- sync -------------------------------------------------------------------------


def sync(session: Session, texts: Texts, *, handle: str) -> list[str]:
    """Bring the texts into the database; return what changed, in words.

    In a review without a lead, whoever syncs becomes the lead; later only a lead
    may. Raises `InputFileError` with file and line before anything is changed.
    """
    parsed = parse(texts)
    changes = _first_lead(session, parsed, handle)
    by = lookup.actor(session, handle, roles=(Role.LEAD,))
    changes += team.sync(session, parsed, by)
    renewed = _protocol(session, texts, by)
    changes += renewed
    changes += _codebooks(session, texts, by)
    changes += materials.store(session, texts.materials, by=by)
    if renewed:
        changes += _kept_rounds(session, parsed)
    changes += _rounds(session, parsed, by)
    session.flush()
    return changes


def parse(texts: Texts) -> protocol.Review:
    """Read all texts, so that the first mistake shows; return the review."""
    review = protocol.parse_review(
        yamlfile.parse(texts.review, "screening/review.yaml")
    )
    protocol.parse_criteria(yamlfile.parse(texts.criteria, "screening/criteria.yaml"))
    books = []
    for name, text in texts.codebooks.items():
        path = f"screening/codebooks/{name}.yaml"
        books.append(parse_codebook(yamlfile.parse(text, path), name=name))
        for problem in problems(books[-1]):
            raise problem
    materials.check(texts.materials, books)
    return review


def _first_lead(session: Session, parsed: protocol.Review, handle: str) -> list[str]:
    lead = select(Person.id).where(Person.role == Role.LEAD, Person.active)
    if session.scalar(lead.limit(1)) is not None:
        return []
    named = [person.handle for person in parsed.people if person.role == Role.LEAD]
    if named and handle not in named:
        raise NotAllowedError(
            f"{handle} is no lead of this review",
            why=f"screening/review.yaml names {', '.join(named)}",
            fix=f"give --as {named[0]}, or change review.yaml",
        )
    if not protocol.HANDLE.fullmatch(handle):
        raise UsageError(
            f"{handle!r} cannot be the handle of a person",
            why="a handle has letters, digits, dots, hyphens and underscores",
            fix="give --as HANDLE",
        )
    session.add(Person(handle=handle, name="", role=Role.LEAD))
    session.flush()
    return [f"{handle} is the lead"]


def _protocol(session: Session, texts: Texts, by: Person) -> list[str]:
    digest = sha256(texts.review + "\0" + texts.criteria)
    newest = session.scalar(
        select(ProtocolVersion).order_by(ProtocolVersion.id.desc()).limit(1)
    )
    if newest is not None and newest.sha256 == digest:
        return []
    session.add(
        ProtocolVersion(
            sha256=digest,
            review_text=texts.review,
            criteria_text=texts.criteria,
            person_id=by.id,
        )
    )
    votes = session.scalar(select(func.count(Decision.id))) or 0
    if newest is None:
        return ["the protocol is in force"]
    session.flush()
    told = f"a new version of the protocol is in force; {votes} votes name older ones"
    return [told, *outdated.words(session)]


def _codebooks(session: Session, texts: Texts, by: Person) -> list[str]:
    known = {version.name: version.sha256 for version in lookup.codebooks(session)}
    changes = []
    for name, text in sorted(texts.codebooks.items()):
        digest = sha256(text)
        if known.get(name) == digest:
            continue
        session.add(
            CodebookVersion(name=name, sha256=digest, text=text, person_id=by.id)
        )
        word = "a new version of the codebook" if name in known else "the codebook"
        changes.append(f"{word} {name!r} is in force")
    return changes


def _kept_rounds(session: Session, parsed: protocol.Review) -> list[str]:
    """Say where the file now asks for another number of votes than a round has."""
    told = []
    for stage in Stage:
        main, number = quorum.main_round(session, stage), parsed.per_record(stage)
        if main is not None and main.per_record != number:
            told.append(
                f"{stage}: records handed out keep their {main.per_record} votes; "
                f"`litreview screen assign --stage {stage} --per-record {number}` "
                "opens a round for the others"
            )
    return told


def _rounds(session: Session, parsed: protocol.Review, by: Person) -> list[str]:
    changes = []
    for stage in Stage:
        if quorum.main_round(session, stage) is None:
            number = parsed.per_record(stage)
            session.add(
                ScreeningRound(
                    stage=stage,
                    name="main",
                    kind=RoundKind.MAIN,
                    per_record=number,
                    counts=True,
                    person_id=by.id,
                )
            )
            changes.append(f"{stage}: a main round with {number} votes a record")
    return changes


# -- status -----------------------------------------------------------------------


@dataclass(frozen=True)
class Status:
    """Where the review stands; `next_steps` are commands, the first one first.

    `waits` says which records wait for somebody who may never come.
    """

    title: str
    people: dict[str, str]
    records: dict[str, int]
    reports: int
    incomplete_runs: list[str]
    pairs_to_decide: int
    removed: int
    stages: dict[str, dict[str, int]]
    fulltext: dict[str, int]
    included: int
    studies: int
    codes: int
    items: int
    notices: list[notices.Told]
    next_steps: list[str]
    waits: list[str]


def status(session: Session, *, strategies: int | None = None) -> Status:
    """Return where the review stands and what comes next.

    `strategies` is the number of saved searches, None where nobody knows.
    """
    stages = {str(stage): state.standings(session, stage) for stage in Stage}
    included = state.included(session)
    study = state.studies(session) if included else {}
    by_source = select(Record.source, func.count()).group_by(Record.source)
    records = dict(session.execute(by_source.order_by(Record.source)).all())
    people = select(Person.handle, Person.role).where(Person.active)
    known = Status(
        title=lookup.review(session).title,
        people=dict(session.execute(people.order_by(Person.id)).all()),
        records=records,
        reports=len(state.eligible(session, Stage.TITLE_ABSTRACT)),
        incomplete_runs=[*_incomplete_runs(session), *_incomplete_lists(session)],
        pairs_to_decide=len(pairs.undecided(session)),
        removed=len(state.removed(session)),
        stages=stages,
        fulltext=_fulltext_counts(session),
        included=len(included),
        studies=len({study[cluster] for cluster in included}),
        codes=session.scalar(select(func.count(CodeApplication.id))) or 0,
        items=session.scalar(select(func.count(SurveyItem.id))) or 0,
        notices=notices.listed(session),
        next_steps=[],
        waits=[str(one) for stage in Stage for one in waiting.waits(session, stage)],
    )
    steps = _next_steps(session, known)
    if strategies == 0 and not known.records:
        steps = [WRITE, *steps[-1:]]
    return replace(known, next_steps=steps)


def _incomplete_runs(session: Session) -> list[str]:
    """Name the searches whose newest run is not complete.

    An older one is past: it was resumed as another run, or its strategy changed.
    """
    newest = (
        select(func.max(HarvestRun.id))
        .join(SearchStrategy, SearchStrategy.id == HarvestRun.strategy_id)
        .group_by(SearchStrategy.name, HarvestRun.source)
    )
    query = (
        select(HarvestRun.id, SearchStrategy.name, HarvestRun.source)
        .join(SearchStrategy, SearchStrategy.id == HarvestRun.strategy_id)
        .where(HarvestRun.id.in_(newest), HarvestRun.status != RunStatus.COMPLETE)
        .order_by(HarvestRun.id)
    )
    return [
        f"run {number}: {name} on {source}"
        for number, name, source in session.execute(query)
    ]


def _incomplete_lists(session: Session) -> list[str]:
    """Name the citation lists whose newest run is not complete."""
    query = select(HarvestRun.id, HarvestRun.status, HarvestRun.request)
    query = query.where(HarvestRun.kind == RunKind.CITATION)
    newest = {}
    for number, status, request in session.execute(query.order_by(HarvestRun.id)):
        told = dict(request)
        newest[told.get("seed"), told.get("direction")] = (number, status)
    return [
        f"run {number}: {seed} {direction}, citations"
        for (seed, direction), (number, status) in newest.items()
        if status != RunStatus.COMPLETE
    ]


def _next_steps(session: Session, known: Status) -> list[str]:
    if not known.records:
        return ["litreview query check", "litreview harvest", "litreview import FILE"]
    early = known.stages[Stage.TITLE_ABSTRACT]
    late = known.stages[Stage.FULL_TEXT]
    deduped = session.scalar(select(func.max(DedupeRun.id))) is not None
    wanted = [
        (_incomplete_runs(session), "litreview harvest"),
        (_incomplete_lists(session), "litreview snowball --from ..."),
        (not deduped, "litreview dedupe find"),
        (known.pairs_to_decide, "litreview dedupe list"),
        (_unassigned(session, Stage.TITLE_ABSTRACT, early), ASSIGN),
        (early["unscreened"] + early["in_progress"], "litreview screen start"),
        (early["conflict"] + late["conflict"], "litreview screen conflicts"),
        (known.fulltext["not_yet_sought"], "litreview fulltext list"),
        (_unassigned(session, Stage.FULL_TEXT, late), f"{ASSIGN} --stage full_text"),
        (
            late["unscreened"] + late["in_progress"],
            "litreview screen start --stage full_text",
        ),
        (known.included and not known.codes, "litreview code add ID CONSTRUCT ..."),
        (known.codes and not known.items, "litreview item add INSTRUMENT ..."),
    ]
    steps = [command for needed, command in wanted if needed]
    return [*steps, "litreview export all"]


def _unassigned(session: Session, stage: str, counts: dict[str, int]) -> bool:
    """Tell whether reports wait at a stage and nobody has any in hand."""
    handed = (
        select(Assignment.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(ScreeningRound.stage == stage, Assignment.released_at.is_(None))
        .limit(1)
    )
    return bool(counts["unscreened"]) and session.scalar(handed) is None


def _fulltext_counts(session: Session) -> dict[str, int]:
    at_stage = state.eligible(session, Stage.FULL_TEXT)
    found = state.retrievals(session)
    counts = Counter(found.get(cluster, "not_yet_sought") for cluster in at_stage)
    words = ("not_yet_sought", *Retrieval)
    return {str(word): counts.get(word, 0) for word in words}
