"""The tables: one review's whole memory.

Opinions, edits and decisions are appended and never rewritten; triggers enforce
it for the tables in `APPEND_ONLY`. What can be derived from them (who agrees,
what is included, every PRISMA number) is a query and has no column. The one
cache is ``record.cluster_id``, written together with the pair decision and
recomputed by `litreview check`. What follows inclusion stands in
`litreview.synthesis`.

Votes point at records, never at clusters: undoing a merge sends every vote home.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from litreview import synthesis
from litreview.declarative import Base, Json, JsonValue, now, one_of
from litreview.vocabulary import (
    WITHDRAWN,
    Annotation,
    Found,
    Origin,
    PairVerdict,
    RemovalBasis,
    ResolutionKind,
    Retrieval,
    Role,
    RoundKind,
    RunKind,
    RunStatus,
    Stage,
    Verdict,
)

# -- people, protocol, audit ----------------------------------------------------


class Person(Base):
    """A member of the team; erasing somebody means renaming this row.

    `share` weighs how many records are handed to this person, 1 being the usual
    load; a paused person is handed none and keeps what is there.
    """

    __tablename__ = "person"
    __table_args__ = (one_of("role", Role),)
    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    share: Mapped[float] = mapped_column(default=1.0, server_default=text("1"))
    paused: Mapped[bool] = mapped_column(default=False, server_default=false())
    since: Mapped[datetime] = mapped_column(default=now)


class AuditEvent(Base):
    """What happened that the other append-only tables do not already say."""

    __tablename__ = "audit_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    detail: Mapped[JsonValue] = mapped_column(Json, default=dict)


class ProtocolVersion(Base):
    """The review and criteria texts as they were in force; the newest is."""

    __tablename__ = "protocol_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    review_text: Mapped[str]
    criteria_text: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class CodebookVersion(Base):
    """A codebook's text as it was in force; the newest of its name is."""

    __tablename__ = "codebook_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sha256: Mapped[str]
    text: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


# -- identification -------------------------------------------------------------


class SearchStrategy(Base):
    """A saved search as its file stood when it was run."""

    __tablename__ = "search_strategy"
    __table_args__ = (UniqueConstraint("name", "sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sha256: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)


class HarvestRun(Base):
    """One source asked once: a search, a file, or a person's own find.

    `request` holds what was really sent (search), the file with its hash (file),
    or the URL and access date (manual). `expected` is what the run should store,
    `fetched` counts items received in the present walk; `service` is the version
    that the service says it has.
    """

    __tablename__ = "harvest_run"
    __table_args__ = (
        one_of("kind", RunKind),
        one_of("status", RunStatus),
        CheckConstraint("kind <> 'search' OR strategy_id IS NOT NULL", name="strategy"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    source: Mapped[str] = mapped_column(index=True)
    strategy_id: Mapped[int | None] = mapped_column(ForeignKey("search_strategy.id"))
    request: Mapped[JsonValue] = mapped_column(Json)
    client: Mapped[str] = mapped_column(default="")
    service: Mapped[str | None]
    status: Mapped[str] = mapped_column(default=RunStatus.RUNNING)
    reported: Mapped[int | None]
    expected: Mapped[int | None]
    fetched: Mapped[int] = mapped_column(default=0)
    cursor: Mapped[str | None]
    walk: Mapped[int] = mapped_column(default=1)
    problem: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class HarvestPage(Base):
    """One answer of a service: when, what was asked and how often, how much came."""

    __tablename__ = "harvest_page"
    __table_args__ = (UniqueConstraint("run_id", "walk", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("harvest_run.id"))
    walk: Mapped[int]
    number: Mapped[int]
    items: Mapped[int]
    total: Mapped[int | None]
    url: Mapped[str]
    requests: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(default=now)


class Record(Base):
    """A bibliographic record: one entry of one source.

    The bibliographic columns are rebuilt from the newest raw payload and the
    edits; identity is (source, scope, source_id), where `scope` is the hash of an
    imported file, since "1" in two files are two records, and empty for a service.
    `cluster_id` is the smallest record id of the records judged to be one report;
    `title_key` is cut at 200 characters, which an index of PostgreSQL can hold.
    `notices` lists what was published about the record later: retractions and
    corrections, each with kind, doi, published and source.
    """

    __tablename__ = "record"
    __table_args__ = (
        UniqueConstraint("source", "scope", "source_id"),
        one_of("found", Found),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    scope: Mapped[str] = mapped_column(default="")
    source_id: Mapped[str]
    found: Mapped[str]
    # Empty only inside the transaction that creates the record and learns its id.
    cluster_id: Mapped[int] = mapped_column(
        ForeignKey("record.id"), nullable=True, index=True
    )
    title: Mapped[str] = mapped_column(default="")
    title_key: Mapped[str] = mapped_column(default="", index=True)
    authors: Mapped[str] = mapped_column(default="")
    year: Mapped[int | None]
    published: Mapped[str] = mapped_column(default="")
    container_title: Mapped[str] = mapped_column(default="")
    volume: Mapped[str] = mapped_column(default="")
    issue: Mapped[str] = mapped_column(default="")
    pages: Mapped[str] = mapped_column(default="")
    publisher: Mapped[str] = mapped_column(default="")
    doi: Mapped[str] = mapped_column(default="", index=True)
    issn: Mapped[str] = mapped_column(default="")
    isbn: Mapped[str] = mapped_column(default="")
    pmid: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(default="")
    type: Mapped[str] = mapped_column(default="")
    genre: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    abstract: Mapped[str] = mapped_column(default="")
    retracted: Mapped[bool] = mapped_column(default=False)
    flags: Mapped[str] = mapped_column(default="")
    notices: Mapped[JsonValue | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(default=now)


class RecordAuthor(Base):
    """One author of a record, in order."""

    __tablename__ = "record_author"
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    family: Mapped[str] = mapped_column(default="")
    given: Mapped[str] = mapped_column(default="")
    literal: Mapped[str] = mapped_column(default="")
    orcid: Mapped[str] = mapped_column(default="")


class RawRecord(Base):
    """A payload exactly as a source gave it; a changed one is a new version.

    `payload` is zlib-compressed UTF-8 JSON; `sha256` is the hash of that JSON.
    """

    __tablename__ = "raw_record"
    __table_args__ = (UniqueConstraint("record_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"))
    version: Mapped[int]
    sha256: Mapped[str]
    payload: Mapped[bytes]
    run_id: Mapped[int] = mapped_column(ForeignKey("harvest_run.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class RejectedItem(Base):
    """An item of an answer that could not be read as a record, kept as it came."""

    __tablename__ = "rejected_item"
    __table_args__ = (UniqueConstraint("run_id", "sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("harvest_run.id"))
    sha256: Mapped[str]
    payload: Mapped[bytes]
    problem: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)


class Hit(Base):
    """A run found a record.

    `rank` is the place in the answer, or the line of an imported file; `seed_id` is
    the record whose citations led here.
    """

    __tablename__ = "hit"
    run_id: Mapped[int] = mapped_column(ForeignKey("harvest_run.id"), primary_key=True)
    record_id: Mapped[int] = mapped_column(
        ForeignKey("record.id"), primary_key=True, index=True
    )
    rank: Mapped[int]
    score: Mapped[float | None]
    seed_id: Mapped[int | None] = mapped_column(ForeignKey("record.id"))


class RecordEdit(Base):
    """A person's correction of one field; it outlives later payloads."""

    __tablename__ = "record_edit"
    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    field: Mapped[str]
    value: Mapped[str]
    why: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class RecordRemoval(Base):
    """A record left before screening, or came back; the newest row counts."""

    __tablename__ = "record_removal"
    __table_args__ = (one_of("basis", RemovalBasis),)
    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    removed: Mapped[bool]
    basis: Mapped[str]
    text: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


# -- duplicates -----------------------------------------------------------------


class DedupeRun(Base):
    """One pass of the machine over the records."""

    __tablename__ = "dedupe_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    parameters: Mapped[JsonValue] = mapped_column(Json)
    records: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class CandidatePair(Base):
    """Two records that look alike, with reasons; disposable, rebuilt by a run."""

    __tablename__ = "candidate_pair"
    __table_args__ = (CheckConstraint("a_id < b_id", name="ordered"),)
    a_id: Mapped[int] = mapped_column(ForeignKey("record.id"), primary_key=True)
    b_id: Mapped[int] = mapped_column(
        ForeignKey("record.id"), primary_key=True, index=True
    )
    run_id: Mapped[int] = mapped_column(ForeignKey("dedupe_run.id"))
    score: Mapped[float]
    proposal: Mapped[str]
    reasons: Mapped[JsonValue] = mapped_column(Json)


class MatchPage(Base):
    """The keys by which some records meet, as the newest pass of the machine had them.

    A page holds the records whose ids divided by the page's length give its
    number. Disposable: without it the next pass compares all records anew.
    """

    __tablename__ = "match_page"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    codes: Mapped[bytes]


class MatchChange(Base):
    """A record came to say something else, and must be matched anew.

    A pass takes away the rows that it has seen; a change that arrives meanwhile
    stays for the next. A new record needs none: it stands on no page yet.
    """

    __tablename__ = "match_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"))


class PairDecision(Base):
    """What a person or the machine judged two records to be; the newest rules.

    A person's verdict beats the machine's. Exactly one of `person_id` and
    `run_id` is set.
    """

    __tablename__ = "pair_decision"
    __table_args__ = (
        one_of("verdict", PairVerdict),
        CheckConstraint("a_id < b_id", name="ordered"),
        CheckConstraint("(person_id IS NULL) <> (run_id IS NULL)", name="who"),
        Index("ix_pair_decision_pair", "a_id", "b_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    a_id: Mapped[int] = mapped_column(ForeignKey("record.id"))
    b_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    verdict: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("dedupe_run.id"))
    score: Mapped[float | None]
    reasons: Mapped[JsonValue] = mapped_column(Json, default=list)
    why: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=now)


# -- screening ------------------------------------------------------------------


class ScreeningRound(Base):
    """A set of records that each need `per_record` votes, whatever changes later."""

    __tablename__ = "screening_round"
    __table_args__ = (
        one_of("stage", Stage),
        one_of("kind", RoundKind),
        CheckConstraint("per_record >= 1", name="per_record"),
        UniqueConstraint("stage", "name"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    per_record: Mapped[int]
    counts: Mapped[bool]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class Assignment(Base):
    """A record handed to a screener, until released."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index(
            "ux_assignment_open",
            "record_id",
            "person_id",
            "round_id",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        Index("ix_assignment_person_round", "person_id", "round_id"),
        # The unique one does not know what was released.
        Index("ix_assignment_record_id", "record_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("screening_round.id"))
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    position: Mapped[int] = mapped_column(default=0)
    assigned_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    released_at: Mapped[datetime | None]


class Decision(Base):
    """A vote, or the withdrawal of one.

    `seq` counts 1..n per record, stage and screener. `screener_id` is who it
    speaks for, `recorder_id` who entered it. `pair_decision_id` is the newest
    pair decision that existed; `informed` says that the others' votes were
    already open to this screener. `at` is when it was made, `recorded_at` when it
    was stored.
    """

    __tablename__ = "decision"
    __table_args__ = (
        one_of("stage", Stage),
        one_of("verdict", Verdict, WITHDRAWN),
        one_of("origin", Origin),
        UniqueConstraint("record_id", "stage", "screener_id", "seq"),
        Index("ix_decision_screener", "screener_id", "stage"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("screening_round.id"))
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"))
    stage: Mapped[str]
    screener_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    recorder_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    seq: Mapped[int]
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    origin: Mapped[str]
    informed: Mapped[bool] = mapped_column(default=False)
    raw_id: Mapped[int | None] = mapped_column(ForeignKey("raw_record.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol_version.id"))
    pair_decision_id: Mapped[int | None] = mapped_column(ForeignKey("pair_decision.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    recorded_at: Mapped[datetime] = mapped_column(default=now)


class DecisionScope(Base):
    """A vote cast on a cluster speaks for its members: one row per other member.

    While both records are together it supersedes this screener's earlier votes
    on that member; a split gives those back.
    """

    __tablename__ = "decision_scope"
    decision_id: Mapped[int] = mapped_column(
        ForeignKey("decision.id"), primary_key=True
    )
    record_id: Mapped[int] = mapped_column(
        ForeignKey("record.id"), primary_key=True, index=True
    )


class DecisionStream(Base):
    """A stream of evidence that a full-text inclusion serves."""

    __tablename__ = "decision_stream"
    decision_id: Mapped[int] = mapped_column(
        ForeignKey("decision.id"), primary_key=True
    )
    stream: Mapped[str] = mapped_column(primary_key=True)


class DecisionSetAside(Base):
    """A lead set a departed person's vote aside; the record is handed out again."""

    __tablename__ = "decision_set_aside"
    decision_id: Mapped[int] = mapped_column(
        ForeignKey("decision.id"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    why: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)


class Resolution(Base):
    """A conflict settled, for as long as the votes it saw are the live ones.

    `basis_key` is the sorted decision ids it saw, joined by commas. A correction
    names the resolution it supersedes.
    """

    __tablename__ = "resolution"
    __table_args__ = (
        one_of("stage", Stage),
        one_of("kind", ResolutionKind),
        CheckConstraint("verdict IN ('include', 'exclude')", name="verdict"),
        Index(
            "ux_resolution_first",
            "basis_key",
            unique=True,
            sqlite_where=text("supersedes_id IS NULL"),
            postgresql_where=text("supersedes_id IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    stage: Mapped[str]
    kind: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    basis_key: Mapped[str]
    supersedes_id: Mapped[int | None] = mapped_column(
        ForeignKey("resolution.id"), unique=True
    )
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol_version.id"))
    recorder_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class ResolutionBasis(Base):
    """A live vote that the resolution saw."""

    __tablename__ = "resolution_basis"
    resolution_id: Mapped[int] = mapped_column(
        ForeignKey("resolution.id"), primary_key=True
    )
    decision_id: Mapped[int] = mapped_column(
        ForeignKey("decision.id"), primary_key=True, index=True
    )


class ResolutionPerson(Base):
    """Who settled it: the voters of a consensus, or the arbiter."""

    __tablename__ = "resolution_person"
    resolution_id: Mapped[int] = mapped_column(
        ForeignKey("resolution.id"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


class ResolutionStream(Base):
    """A stream of evidence that a resolved inclusion serves."""

    __tablename__ = "resolution_stream"
    resolution_id: Mapped[int] = mapped_column(
        ForeignKey("resolution.id"), primary_key=True
    )
    stream: Mapped[str] = mapped_column(primary_key=True)


class FulltextEvent(Base):
    """A full text was sought, retrieved or not; the newest row of a record counts."""

    __tablename__ = "fulltext_event"
    __table_args__ = (one_of("status", Retrieval),)
    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    status: Mapped[str]
    location: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class RecordAnnotation(Base):
    """A note or a label that one person put on a record, or took off again.

    Nobody else sees it until the record has the votes its round asks for.
    """

    __tablename__ = "record_annotation"
    __table_args__ = (
        one_of("kind", Annotation),
        CheckConstraint("text <> ''", name="text"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("record.id"), index=True)
    kind: Mapped[str]
    text: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)


# History that nobody may rewrite: triggers refuse UPDATE and DELETE on these.
APPEND_ONLY = tuple(
    sorted(
        table.__tablename__
        for table in (
            AuditEvent,
            ProtocolVersion,
            CodebookVersion,
            SearchStrategy,
            HarvestPage,
            RawRecord,
            RejectedItem,
            Hit,
            RecordEdit,
            RecordRemoval,
            DedupeRun,
            PairDecision,
            ScreeningRound,
            Decision,
            DecisionScope,
            DecisionStream,
            DecisionSetAside,
            Resolution,
            ResolutionBasis,
            ResolutionPerson,
            ResolutionStream,
            FulltextEvent,
            RecordAnnotation,
            *synthesis.APPEND_ONLY,
        )
    )
)
