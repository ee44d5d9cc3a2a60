"""The promises of init, sync and status."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from making import BOOK, REVIEW, Maker
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from litreview import db, protocol, review, workspace
from litreview.errors import (
    InputFileError,
    LitreviewError,
    NotAllowedError,
    UsageError,
    WorkspaceError,
)
from litreview.models import (
    Assignment,
    AuditEvent,
    CodebookVersion,
    Decision,
    DedupeRun,
    Person,
    ProtocolVersion,
    ScreeningRound,
)
from litreview.review import Texts
from litreview.vocabulary import Origin, Role, RunStatus, Stage


def texts(*people: str, review: str = REVIEW, **changes: str) -> Texts:
    """Return the YAML of a review with these people, each written as YAML."""
    listed = "people:\n" + "".join(f"  - {{{person}}}\n" for person in people)
    written = review.replace("people: []\n", listed) if people else review
    criteria = changes.pop("criteria", protocol.STARTER_CRITERIA)
    return Texts(written, criteria, changes or {"book": BOOK})


ANN = "handle: ann, role: screener"
LEE = "handle: lee, role: lead"


def people(session: Session) -> dict[str, tuple[str, bool]]:
    """Return handle -> role and whether active."""
    query = select(Person.handle, Person.role, Person.active)
    return {handle: (role, active) for handle, role, active in session.execute(query)}


def events(session: Session) -> list[tuple[str, str]]:
    """Return what the audit says, oldest first."""
    query = select(AuditEvent.kind, AuditEvent.subject).order_by(AuditEvent.id)
    return [(kind, subject) for kind, subject in session.execute(query)]


# -- plant ------------------------------------------------------------------------


def plant(root: Path, *, example: bool = False) -> list[Path]:
    """Make the files of a workspace."""
    return review.plant(root, title="Coaching", question="Why?", example=example)


def test_a_new_workspace_has_its_folders_and_files(tmp_path: Path) -> None:
    """What is written is what is returned; the title is as it was given."""
    root = tmp_path / "deep" / "coaching"
    made = plant(root)
    files = {path for path in root.rglob("*") if path.is_file()}
    assert files == {path for path in made if path.is_file()}
    for name in ("queries/imports", "screening/codebooks", "db", "exports"):
        assert (root / name).is_dir()
    assert 'title: "Coaching"' in (root / "screening/review.yaml").read_text("utf-8")


def test_what_was_planted_can_be_taken_away_again(tmp_path: Path) -> None:
    """Nothing is left, the folders that were made above it included."""
    review.unplant(plant(tmp_path / "deep" / "coaching"))
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    """A folder may hold other work; an existing file is never overwritten."""
    (tmp_path / "queries").mkdir()
    mine = tmp_path / "queries" / "README.md"
    mine.write_text("my own notes\n")
    made = plant(tmp_path)
    assert mine not in made
    assert mine.read_text() == "my own notes\n"
    review.unplant(made)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]


def test_a_workspace_is_not_made_twice(tmp_path: Path) -> None:
    """The second time says where to go on, and changes nothing."""
    plant(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(WorkspaceError, match="is a workspace already") as told:
        plant(tmp_path)
    assert "litreview status" in told.value.fix
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_file_cannot_become_a_workspace(tmp_path: Path) -> None:
    """Nor can a folder inside a file."""
    file = tmp_path / "file"
    file.write_text("x")
    for root in (file, file / "coaching"):
        with pytest.raises(WorkspaceError):
            plant(root)
    assert file.read_text() == "x"


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    """The folder and the system's reason."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):
        locked = Path("/proc")  # root may write anywhere but there
    with pytest.raises(WorkspaceError, match="cannot be made") as told:
        plant(locked / "coaching")
    assert str(locked / "coaching") in told.value.why


def test_a_crash_while_planting_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a workspace would be taken for a whole one."""
    write, written = workspace.write_whole, []

    def fail_late(path: Path, content: bytes) -> None:
        written.append(path)
        if len(written) == 5:
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(review, "write_whole", fail_late)
    with pytest.raises(KeyboardInterrupt):
        plant(tmp_path / "coaching")
    assert list(tmp_path.iterdir()) == []


# -- sync: the first time ----------------------------------------------------------


def test_the_first_sync_makes_a_review(session: Session) -> None:
    """Whoever syncs leads; people, protocol, codebook and rounds are there."""
    told = review.sync(session, texts(ANN), handle="lee")
    assert told == [
        "lee is the lead",
        "ann joins as screener",
        "the protocol is in force",
        "the codebook 'book' is in force",
        "title_abstract: a main round with 2 votes a record",
        "full_text: a main round with 2 votes a record",
    ]
    assert people(session) == {"lee": ("lead", True), "ann": ("screener", True)}
    assert events(session) == [("person.joined", "ann")]


def test_a_second_sync_changes_nothing(session: Session) -> None:
    """The same files say nothing new."""
    review.sync(session, texts(ANN), handle="lee")
    before = db.stats(session)
    assert review.sync(session, texts(ANN), handle="lee") == []
    assert db.stats(session) == before


def test_only_a_named_lead_may_begin(session: Session) -> None:
    """Where the file names leads, nobody else becomes one."""
    with pytest.raises(NotAllowedError, match="eve is no lead") as told:
        review.sync(session, texts(LEE), handle="eve")
    assert "--as lee" in told.value.fix
    assert people(session) == {}
    review.sync(session, texts(LEE), handle="lee")
    assert people(session) == {"lee": ("lead", True)}


@pytest.mark.parametrize("handle", ["", "a b", "a\x1b[31m", "../ann", "-x"])
def test_a_handle_is_a_plain_word(session: Session, handle: str) -> None:
    """It stands in files, tables and messages."""
    with pytest.raises(UsageError, match="cannot be the handle"):
        review.sync(session, texts(), handle=handle)
    assert people(session) == {}


def test_the_number_of_votes_is_that_of_the_file(session: Session) -> None:
    """Each stage has a main round that counts."""
    three = REVIEW.replace(
        "title_abstract: {per_record: 2}", "title_abstract: {per_record: 3}"
    )
    review.sync(session, texts(review=three), handle="lee")
    rounds = session.scalars(select(ScreeningRound).order_by(ScreeningRound.id)).all()
    assert [(row.stage, row.per_record, row.counts) for row in rounds] == [
        (Stage.TITLE_ABSTRACT, 3, True),
        (Stage.FULL_TEXT, 2, True),
    ]


# -- sync: changes ----------------------------------------------------------------


@pytest.fixture
def team(session: Session) -> Session:
    """Return a session on a review led by lee, with ann."""
    review.sync(session, texts(LEE, ANN), handle="lee")
    return session


def test_somebody_joins(team: Session) -> None:
    """A new handle in the file is a new person, with an event."""
    told = review.sync(
        team, texts(LEE, ANN, "handle: bob, role: coder, name: Bob B."), handle="lee"
    )
    assert told[0] == "bob joins as coder"
    assert people(team)["bob"] == ("coder", True)
    assert events(team)[-1] == ("person.joined", "bob")


def test_a_role_changes(team: Session) -> None:
    """The event keeps what the role was."""
    told = review.sync(team, texts(LEE, "handle: ann, role: arbiter"), handle="lee")
    assert told[0] == "ann: screener becomes arbiter"
    assert people(team)["ann"] == ("arbiter", True)
    event = team.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert (event.kind, event.detail) == (
        "person.role",
        {"from": "screener", "to": "arbiter"},
    )


def test_a_name_changes(team: Session) -> None:
    """Only the name."""
    told = review.sync(team, texts(LEE, f"{ANN}, name: Ann A."), handle="lee")
    assert told[0] == "ann is called Ann A."


def hand_out(session: Session, make: Maker, number: int) -> list[Assignment]:
    """Hand ann this many new records at both stages."""
    ann = session.scalars(select(Person).where(Person.handle == "ann")).one()
    rounds = session.scalars(select(ScreeningRound)).all()
    rows = [
        Assignment(round_id=place.id, record_id=record.id, person_id=ann.id)
        for record in make.records(number)
        for place in rounds
    ]
    session.add_all(rows)
    session.flush()
    return rows


def test_somebody_leaves_and_keeps_the_votes(team: Session, make: Maker) -> None:
    """What is not voted on is released, stage by stage; votes stay as they are."""
    rows = hand_out(team, make, 2)
    ann = team.scalars(select(Person).where(Person.handle == "ann")).one()
    voted = rows[0].record_id
    vote_on(team, ann, voted, "include")
    told = review.sync(team, texts(LEE, f"{ANN}, active: false"), handle="lee")
    assert told[0] == "ann leaves; 3 records released"
    kept = {(row.record_id, row.round_id) for row in rows if row.released_at is None}
    assert kept == {(voted, rows[0].round_id)}
    assert votes(team) == [("include", "ann")]
    assert people(team)["ann"] == ("screener", False)
    assert events(team)[-1] == ("person.left", "ann")


def vote_on(session: Session, person: Person, record: int, *verdicts: str) -> None:
    """Store votes of a person on title and abstract."""
    place = session.scalars(
        select(ScreeningRound).where(ScreeningRound.stage == Stage.TITLE_ABSTRACT)
    ).one()
    version = session.scalars(select(ProtocolVersion)).first()
    assert version is not None
    session.add_all(
        Decision(
            uid=f"{record}-{person.handle}-{seq}",
            round_id=place.id,
            record_id=record,
            stage=Stage.TITLE_ABSTRACT,
            screener_id=person.id,
            recorder_id=person.id,
            seq=seq,
            verdict=verdict,
            origin=Origin.TERMINAL,
            protocol_id=version.id,
        )
        for seq, verdict in enumerate(verdicts, start=1)
    )
    session.flush()


def votes(session: Session) -> list[tuple[str, str]]:
    """Return verdict and voter of every vote."""
    query = select(Decision.verdict, Person.handle).join(
        Person, Person.id == Decision.screener_id
    )
    return [(verdict, handle) for verdict, handle in session.execute(query)]


def test_a_withdrawn_vote_is_no_work_done(team: Session, make: Maker) -> None:
    """Its record is released too, or nobody would ever vote on it."""
    rows = hand_out(team, make, 1)
    ann = team.scalars(select(Person).where(Person.handle == "ann")).one()
    vote_on(team, ann, rows[0].record_id, "include", "withdrawn")
    told = review.sync(team, texts(LEE, f"{ANN}, active: false"), handle="lee")
    assert told[0] == "ann leaves; 2 records released"


def test_somebody_comes_back(team: Session, make: Maker) -> None:
    """With nothing in hand: what was released stays so."""
    rows = hand_out(team, make, 1)
    review.sync(team, texts(LEE, f"{ANN}, active: false"), handle="lee")
    told = review.sync(team, texts(LEE, ANN), handle="lee")
    assert told[0] == "ann is back"
    assert all(row.released_at is not None for row in rows)


def test_a_person_who_is_not_in_the_file_any_more_stays(team: Session) -> None:
    """Leaving is said with `active: false`, never by deleting a line."""
    told = review.sync(team, texts(LEE), handle="lee")
    assert [line for line in told if "ann" in line] == []
    assert people(team)["ann"] == ("screener", True)


def test_another_number_of_votes_is_told_and_changes_no_round(team: Session) -> None:
    """A round keeps its number; the way to another one is shown."""
    more = REVIEW.replace("full_text: {per_record: 2}", "full_text: {per_record: 3}")
    told = review.sync(team, texts(LEE, ANN, review=more), handle="lee")
    assert len(told) == 2
    assert told[1].startswith("full_text: records handed out keep their 2 votes")
    assert "--stage full_text --per-record 3" in told[1]
    assert team.scalars(select(ScreeningRound.per_record)).all() == [2, 2]
    assert review.sync(team, texts(LEE, ANN, review=more), handle="lee") == []


@pytest.mark.parametrize("change", ["role: reader", "role: lead, active: false"])
def test_the_last_lead_cannot_leave(team: Session, change: str) -> None:
    """A review without a lead could not be put right by anybody."""
    with pytest.raises(LitreviewError, match="left without a lead"):
        review.sync(team, texts(f"handle: lee, {change}", ANN), handle="lee")


def test_a_lead_may_hand_over(team: Session) -> None:
    """One lead can go where another stays."""
    two = texts("handle: lee, role: reader", "handle: ann, role: lead")
    review.sync(team, two, handle="lee")
    assert people(team) == {"lee": ("reader", True), "ann": ("lead", True)}
    with pytest.raises(NotAllowedError, match="lee may not do this"):
        review.sync(team, two, handle="lee")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.LEAD])
def test_only_a_lead_syncs(team: Session, role: str) -> None:
    """Everybody else is refused, whether anything changed or not."""
    review.sync(team, texts(LEE, f"handle: ann, role: {role}"), handle="lee")
    with pytest.raises(NotAllowedError, match=f"ann is an? {role}"):
        review.sync(team, texts(LEE, ANN), handle="ann")


def test_a_new_protocol_is_a_new_version_stored_whole(
    team: Session, make: Maker
) -> None:
    """Both texts word for word; votes go on naming the version they were cast on."""
    ann = team.scalars(select(Person).where(Person.handle == "ann")).one()
    vote_on(team, ann, make.record().id, "include")
    criteria = protocol.STARTER_CRITERIA.replace("Wrong population", "No teachers")
    told = review.sync(team, texts(LEE, ANN, criteria=criteria), handle="lee")
    assert told == [
        "a new version of the protocol is in force; 1 votes name older ones",
        "reason X-POP changed: 'Wrong population' becomes 'No teachers'",
        (
            "title_abstract: 1 vote on 1 record was cast under criteria that have "
            "changed; `litreview screen outdated` lists what, `litreview screen "
            "reopen` has it screened again"
        ),
    ]
    versions = team.scalars(select(ProtocolVersion).order_by(ProtocolVersion.id)).all()
    assert [row.criteria_text for row in versions] == [
        protocol.STARTER_CRITERIA,
        criteria,
    ]
    assert versions[1].review_text == texts(LEE, ANN).review
    assert versions[0].sha256 != versions[1].sha256
    assert team.scalars(select(Decision.protocol_id)).all() == [versions[0].id]


def test_the_old_protocol_can_come_back_in_force(team: Session) -> None:
    """The newest version rules, also where its text was seen before."""
    changed = protocol.STARTER_CRITERIA.replace("Wrong population", "No teachers")
    review.sync(team, texts(LEE, ANN, criteria=changed), handle="lee")
    review.sync(team, texts(LEE, ANN), handle="lee")
    newest = team.scalars(select(ProtocolVersion).order_by(ProtocolVersion.id)).all()
    assert [row.criteria_text for row in newest][-1] == protocol.STARTER_CRITERIA
    assert len(newest) == 3


def test_codebooks_have_versions_of_their_own(team: Session) -> None:
    """Only the one that changed gets a new one; a new file is a new codebook."""
    changed = BOOK.replace("Work on a plan.", "Work on a common plan.")
    told = review.sync(team, texts(LEE, ANN, book=changed, extra=BOOK), handle="lee")
    assert told == [
        "a new version of the codebook 'book' is in force",
        "the codebook 'extra' is in force",
    ]
    rows = team.scalars(select(CodebookVersion).order_by(CodebookVersion.id)).all()
    assert [(row.name, row.text) for row in rows] == [
        ("book", BOOK),
        ("book", changed),
        ("extra", BOOK),
    ]


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (texts(review=REVIEW + "colour: red\n"), r"screening/review\.yaml:7: unknown"),
        (texts("handle: ann, role: screner"), r"review\.yaml:4: 'screner' is not"),
        (texts(ANN, ANN), r"review\.yaml:5: the handle 'ann' stands twice"),
        (texts(criteria="title: [\n"), r"screening/criteria\.yaml:\d+: this is not"),
        (
            texts(book=BOOK.replace("group: people, cmo", "group: peple, cmo", 1)),
            r"screening/codebooks/book\.yaml:\d+: ",
        ),
    ],
)
def test_a_mistake_has_its_line_and_changes_nothing(
    team: Session, broken: Texts, place: str
) -> None:
    """All files are read before the first change."""
    before = db.stats(team)
    with pytest.raises(InputFileError, match=place):
        review.sync(team, broken, handle="lee")
    team.flush()
    assert db.stats(team) == before


def test_a_refused_sync_stores_nothing(engine: Engine) -> None:
    """Refused at its last check, it takes everything back."""
    db.write(engine, lambda s: review.sync(s, texts(LEE), handle="lee"))
    before = db.read(engine, db.stats)
    wanted = texts("handle: lee, role: reader", "handle: zoe, role: coder")
    with pytest.raises(LitreviewError, match="without a lead"):
        db.write(engine, lambda s: review.sync(s, wanted, handle="lee"))
    assert db.read(engine, db.stats) == before


# -- status -------------------------------------------------------------------------


def test_status_follows_a_small_life(team: Session, make: Maker) -> None:
    """The first next step is the one that the work is waiting for."""
    found = review.status(team)
    assert found.title == "A review made for a test"
    assert found.people == {"lee": "lead", "ann": "screener"}
    assert found.next_steps[:2] == ["litreview query check", "litreview harvest"]
    assert (found.records, found.reports, found.included) == ({}, 0, 0)

    run = make.run()
    run.status = RunStatus.INCOMPLETE
    first, second = make.record(), make.record(source="crossref")
    found = review.status(team)
    assert found.records == {"crossref": 1, "openalex": 1}
    assert found.incomplete_runs == [f"run {run.id}: s-openalex on openalex"]
    assert found.next_steps[0] == "litreview harvest"

    run.status = RunStatus.COMPLETE
    assert review.status(team).next_steps[0] == "litreview dedupe find"
    team.add(DedupeRun(parameters={}, records=2))
    found = review.status(team)
    assert found.next_steps[0] == "litreview screen assign --seed 1"
    assert found.stages["title_abstract"] == {
        "unscreened": 2,
        "in_progress": 0,
        "conflict": 0,
        "included": 0,
        "excluded": 0,
    }

    ann, bob = make.person("ann"), make.person("bob")
    place = team.scalars(select(ScreeningRound)).first()
    assert place is not None
    team.add(Assignment(round_id=place.id, record_id=first.id, person_id=ann.id))
    team.flush()
    assert review.status(team).next_steps[0] == "litreview screen start"

    vote_on(team, ann, first.id, "include")
    vote_on(team, ann, second.id, "exclude")
    found = review.status(team)
    assert found.stages["title_abstract"]["in_progress"] == 2
    for record, verdict in ((first, "exclude"), (second, "exclude")):
        vote_on(team, bob, record.id, verdict)
    found = review.status(team)
    assert found.stages["title_abstract"]["conflict"] == 1
    assert found.stages["title_abstract"]["excluded"] == 1
    assert found.next_steps[0] == "litreview screen conflicts"


def test_status_without_a_search_says_to_write_one(team: Session, make: Maker) -> None:
    """Only as long as nothing came in any other way; unknown is not none."""
    steps = review.status(team, strategies=0).next_steps
    assert "queries/NAME.yaml" in steps[0]
    assert steps[1:] == ["litreview import FILE"]
    assert review.status(team, strategies=2).next_steps[1] == "litreview harvest"
    make.record()
    assert "NAME.yaml" not in review.status(team, strategies=0).next_steps[0]


def test_status_needs_a_protocol(session: Session) -> None:
    """Before the first sync it says what to run."""
    with pytest.raises(LitreviewError, match="no protocol") as told:
        review.status(session)
    assert "litreview sync" in told.value.fix
