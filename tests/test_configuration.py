"""Configurations keep every version, and are consolidated on evidence only."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from making import BOOK, Maker
from sqlalchemy.orm import Session

from litreview import coding, configuration
from litreview.coding import Passage
from litreview.configuration import Draft
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.models import Person, Record
from litreview.vocabulary import Role

WHOLE = Draft(
    title="Trust carries the plan",
    context=("people.need",),
    mechanism=("people.trust", "fit.plan_shared"),
    outcome=("fit.end",),
)


@dataclass
class World:
    """Three included reports; the first two are of one study."""

    session: Session
    make: Maker
    people: list[Person]
    reports: list[Record] = field(default_factory=list)

    def code(self, report: int, construct: str = "fit.end") -> int:
        """Code a passage of a report and return the code's id."""
        passage = Passage(construct, f"Words {report} on {construct}.", "p. 1")
        return coding.add(
            self.session,
            by="ann",
            record_id=self.reports[report].id,
            passage=passage,
        ).code.id

    def row(self, number: int = 1) -> dict[str, object]:
        """Return a configuration's row."""
        rows = configuration.configurations(self.session)
        return next(row for row in rows if row["cmo_id"] == number)

    def status(self, *words: str, number: int = 1) -> None:
        """Take a configuration through these statuses."""
        for word in words:
            configuration.set_status(self.session, by="ann", number=number, status=word)


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return the small review."""
    world = World(session, make, make.review())
    make.codebook()
    for record in make.records(3):
        make.include(record, *world.people)
        world.reports.append(record)
    first, second, _third = world.reports
    make.pair(first, second, "same_study", world.people[0])
    return world


def add(world: World, draft: Draft, by: str = "ann") -> configuration.Written:
    """Store a configuration."""
    return configuration.add(world.session, by=by, draft=draft)


def revise(
    world: World, draft: Draft, number: int = 1, why: str = ""
) -> configuration.Written:
    """Store the next version of a configuration."""
    return configuration.revise(
        world.session, by="ann", number=number, draft=draft, why=why
    )


def test_a_whole_configuration_comes_back_as_written(world: World) -> None:
    """Every part stands in its place, in the order given, as a candidate."""
    done = add(world, WHOLE)
    row = world.row()
    assert (row["version"], row["status"]) == (1, "candidate")
    assert row["mechanism"] == ["people.trust", "fit.plan_shared"]
    assert (row["context"], row["outcome"]) == (["people.need"], ["fit.end"])
    assert done.notes == ()


def test_a_partial_one_is_allowed_and_says_what_is_missing(world: World) -> None:
    """One part is enough; a construct may stand in another place than its own."""
    done = add(world, Draft(context=("fit.end",)))
    assert world.row()["context"] == ["fit.end"]
    assert done.notes == ("it has no mechanism and no outcome yet",)


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (Draft(title="Nothing"), "has no part"),
        (Draft(context=("fit.plan",)), "cannot be applied"),
        (Draft(context=("fit",)), "cannot be applied"),
        (Draft(outcome=("fit.endx",)), "no codebook has a construct"),
        (Draft(outcome=("fit.end",), supports=(9,)), "there is no code 9"),
    ],
)
def test_a_bad_draft_is_refused(world: World, draft: Draft, message: str) -> None:
    """No part, a group, a parent, unknown names: nothing is stored."""
    with pytest.raises(LitreviewError, match=message):
        add(world, draft)
    assert configuration.configurations(world.session) == []


def test_a_passage_does_one_thing(world: World) -> None:
    """The same passage cannot support and refute; a retracted one cannot be named."""
    code = world.code(0)
    with pytest.raises(LitreviewError, match="cannot do two things"):
        add(world, Draft(outcome=("fit.end",), supports=(code,), refutes=(code,)))
    coding.retract(world.session, by="ann", code_id=code, why="misread")
    with pytest.raises(LitreviewError, match="was retracted"):
        add(world, Draft(outcome=("fit.end",), supports=(code,)))


def test_parts_of_two_codebooks_do_not_mix(world: World) -> None:
    """A configuration is built from one codebook."""
    world.make.codebook(BOOK.replace("people.", "folk.").replace("fit.", "b."), "two")
    with pytest.raises(LitreviewError, match="more than one codebook"):
        add(world, Draft(context=("folk.need",), outcome=("fit.end",)))


def test_a_reader_may_look_only(world: World) -> None:
    """Readers write no configuration and move none."""
    world.make.person("rea", Role.READER)
    with pytest.raises(NotAllowedError):
        add(world, WHOLE, by="rea")
    add(world, WHOLE)
    with pytest.raises(NotAllowedError):
        configuration.set_status(world.session, by="rea", number=1, status="refined")


def test_the_very_same_candidate_is_stored_once(world: World) -> None:
    """A repeated call adds nothing; another title is another configuration."""
    assert add(world, WHOLE).new
    assert not add(world, WHOLE).new
    assert add(world, Draft(title="Other", outcome=("fit.end",))).row.number == 2
    assert len(configuration.configurations(world.session)) == 2


def test_a_revision_keeps_the_version_before(world: World) -> None:
    """Version n+1 replaces the given places, keeps the others, and n is kept."""
    code = world.code(0)
    add(world, WHOLE)
    revise(world, Draft(mechanism=(), supports=(code,)), why="too wide")
    shown = configuration.show(world.session, number=1)
    assert [row["version"] for row in shown.versions] == [1, 2]
    assert shown.versions[0]["mechanism"] == ["people.trust", "fit.plan_shared"]
    now = shown.versions[1]
    assert (now["mechanism"], now["context"]) == ([], ["people.need"])
    assert (now["why"], now["supports"], now["title"]) == (
        "too wide",
        [code],
        WHOLE.title,
    )
    assert shown.passages[0]["locator"] == "p. 1"


def test_a_revision_must_change_something(world: World) -> None:
    """The same again, an unknown number, an unknown passage: refused."""
    add(world, WHOLE)
    with pytest.raises(LitreviewError, match="would not change"):
        revise(world, Draft(outcome=("fit.end",)))
    with pytest.raises(NotFoundError, match="there is no configuration 5"):
        revise(world, Draft(), number=5)
    with pytest.raises(NotFoundError, match="code 3 is not among"):
        revise(world, Draft(drop=(3,)))


def test_support_counts_studies_not_passages(world: World) -> None:
    """Two reports of one study are one; refuting passages support nothing."""
    first = [world.code(0), world.code(0, "people.trust"), world.code(1)]
    other = world.code(2)
    add(world, Draft(outcome=("fit.end",), supports=tuple(first), refutes=(other,)))
    assert world.row()["studies"] == 1
    revise(world, Draft(supports=(other,)))
    assert world.row()["studies"] == 2
    assert world.row()["refutes"] == []


@pytest.mark.broken_on_purpose
def test_retracted_and_suspended_passages_support_nothing(world: World) -> None:
    """A retracted passage is idle at once and falls away in the next version."""
    code, suspended = world.code(0), world.code(2)
    add(world, Draft(outcome=("fit.end",), supports=(code, suspended)))
    done = coding.retract(world.session, by="ann", code_id=code, why="misread")
    assert done.resting.configurations == (1,)
    excluded = world.make.record()
    world.make.include(excluded, *world.people, verdict="exclude")
    world.reports[2].cluster_id = excluded.id
    world.session.flush()
    assert world.row()["idle"] == [code, suspended]
    assert world.row()["studies"] == 0
    notes = revise(world, Draft(title="Without it")).notes
    assert f"code {code} was retracted and fell away" in notes
    assert world.row()["supports"] == [suspended]


def test_a_passage_about_something_else_is_noted(world: World) -> None:
    """It is allowed, and said."""
    code = world.code(0, "people.trust")
    done = add(world, Draft(outcome=("fit.end",), supports=(code,)))
    assert any("people.trust, which is no part" in note for note in done.notes)


def test_the_way_is_candidate_refined_consolidated(world: World) -> None:
    """Steps cannot be skipped or repeated; each is a version that can be read later."""
    add(world, Draft(outcome=("fit.end",), supports=(world.code(0),)))
    with pytest.raises(
        NotAllowedError, match="from candidate to consolidated"
    ) as caught:
        world.status("consolidated")
    assert "set-status 1 refined" in caught.value.fix
    with pytest.raises(NotAllowedError, match="is candidate already"):
        world.status("candidate")
    world.status("refined", "consolidated")
    shown = configuration.show(world.session, number=1)
    statuses = [row["status"] for row in shown.versions]
    assert statuses == ["candidate", "refined", "consolidated"]
    assert all(row["outcome"] == ["fit.end"] for row in shown.versions)
    with pytest.raises(LitreviewError, match="is no status"):
        world.status("done")


def test_consolidating_needs_a_supporting_passage_that_counts(world: World) -> None:
    """None, only refuting ones, or retracted ones are not enough."""
    code, against = world.code(0), world.code(2)
    add(world, Draft(outcome=("fit.end",), refutes=(against,)))
    world.status("refined")
    with pytest.raises(NotAllowedError, match="cannot be consolidated") as caught:
        world.status("consolidated")
    assert caught.value.why == "no passage supports it"
    revise(world, Draft(supports=(code,)))
    coding.retract(world.session, by="ann", code_id=code, why="misread")
    with pytest.raises(NotAllowedError) as caught:
        world.status("consolidated")
    assert "retracted" in caught.value.why
    revise(world, Draft(supports=(world.code(1),)))
    world.status("consolidated")
    assert world.row()["status"] == "consolidated"


def test_a_changed_consolidated_one_is_refined_again(world: World) -> None:
    """Consolidated is said of one wording; another has to earn it."""
    add(world, Draft(outcome=("fit.end",), supports=(world.code(0),)))
    world.status("refined", "consolidated")
    done = revise(world, Draft(context=("people.need",)))
    assert world.row()["status"] == "refined"
    assert "refined again" in done.notes[0]


def test_a_rejected_one_is_opened_before_it_is_changed(world: World) -> None:
    """Rejected configurations stay as they are until somebody opens them again."""
    add(world, WHOLE)
    world.status("rejected")
    with pytest.raises(NotAllowedError, match="was rejected"):
        revise(world, Draft(title="New"))
    world.status("candidate")
    revise(world, Draft(title="New"))
    assert world.row()["title"] == "New"


def test_a_mechanism_may_be_told_in_halves(session: Session, make: Maker) -> None:
    """Resource and reasoning are kept apart, and listed as parts of the mechanism."""
    make.review()
    make.codebook()
    draft = Draft(resource=("fit.end",), reasoning=("people.trust",))
    row = configuration.add(session, by="lead", draft=draft).row
    (listed,) = configuration.configurations(session)
    assert listed["mechanism"] == ["fit.end", "people.trust"]
    assert (listed["resource"], listed["reasoning"]) == (["fit.end"], ["people.trust"])
    kept = Draft(context=("people.need",))
    configuration.revise(session, by="lead", number=row.number, draft=kept)
    (listed,) = configuration.configurations(session)
    assert listed["reasoning"] == ["people.trust"]


def test_a_construct_is_one_half_or_the_other(session: Session, make: Maker) -> None:
    """Given as both it is refused, and nothing is stored."""
    make.review()
    make.codebook()
    draft = Draft(resource=("people.trust",), reasoning=("people.trust",))
    with pytest.raises(LitreviewError, match="given twice"):
        configuration.add(session, by="lead", draft=draft)
    assert configuration.configurations(session) == []


@pytest.mark.parametrize(
    ("locator", "page"),
    [
        ("p. 4", True),
        ("pp. 12-13", True),
        ("Page 9, second paragraph", True),
        ("17", True),
        ("Background", False),
        ("section 3", False),
        ("Appendix P", False),
        ("02:13", False),
    ],
)
def test_consolidating_needs_a_page(
    session: Session, make: Maker, locator: str, *, page: bool
) -> None:
    """A section is not enough: a reader must be able to turn to the passage (F04)."""
    people = make.review()
    make.codebook()
    record = make.record()
    make.include(record, *people)
    passage = coding.Passage("people.trust", "They trust.", locator)
    code = coding.add(session, by="lead", record_id=record.id, passage=passage).code
    draft = Draft(mechanism=("people.trust",), supports=(code.id,))
    number = configuration.add(session, by="lead", draft=draft).row.number
    configuration.set_status(session, by="lead", number=number, status="refined")
    move = {"by": "lead", "number": number, "status": "consolidated"}
    if page:
        done = configuration.set_status(session, **move)  # type: ignore[arg-type]
        assert done.row.status == "consolidated"
        return
    with pytest.raises(NotAllowedError, match="names a page"):
        configuration.set_status(session, **move)  # type: ignore[arg-type]
