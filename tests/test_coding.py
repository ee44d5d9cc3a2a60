"""Passages of included reports are coded, counted once, and retracted openly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from making import BOOK, Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import coding, passages, quotations
from litreview.coding import Passage
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.models import FulltextEvent, Person, Record
from litreview.synthesis import CodeApplication, CodeRetraction
from litreview.vocabulary import Role

WORDS = "It fits\n  and it lasts."
PASSAGE = Passage("fit.end", WORDS, "p. 3")


@dataclass
class World:
    """A review with one included report and one that is excluded on full text."""

    session: Session
    make: Maker
    ann: Person
    bob: Person
    included: Record
    excluded: Record

    def code(self, passage: Passage = PASSAGE, **more: object) -> CodeApplication:
        """Code a passage of the included report as ann."""
        record = more.get("record") or self.included
        assert isinstance(record, Record)
        coded = coding.add(
            self.session,
            by=str(more.get("by", "ann")),
            record_id=record.id,
            passage=passage,
            uid=str(more.get("uid", "")),
        )
        return coded.code


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return the small review."""
    ann, bob = make.review()
    make.codebook()
    included, excluded = make.record(), make.record()
    make.include(included, ann, bob)
    make.include(excluded, ann, bob, verdict="exclude")
    return World(session, make, ann, bob, included, excluded)


def merged(world: World, other: Record) -> None:
    """Put `other` into the included report's cluster."""
    other.cluster_id = world.included.id
    world.make.pair(world.included, other, "duplicate", world.ann)


def count(session: Session) -> int:
    """Return the number of stored codes."""
    return session.scalar(select(func.count()).select_from(CodeApplication)) or 0


def test_a_passage_is_stored_word_for_word(world: World) -> None:
    """Quote, locator and speaker come back as given; the role is the construct's."""
    code = world.code(replace(PASSAGE, speaker="head teacher"))
    world.session.expire_all()
    assert (code.quote, code.locator, code.speaker) == (WORDS, "p. 3", "head teacher")
    assert (code.role, code.polarity) == ("outcome", "present")
    assert code.codebook_id == 1


def test_a_role_of_its_own_is_kept(world: World) -> None:
    """A passage may put a construct in another place than its usual one."""
    assert world.code(replace(PASSAGE, role="context")).role == "context"


def test_the_quote_is_composed(world: World) -> None:
    """Two spellings of one letter are stored as one."""
    assert world.code(replace(PASSAGE, quote="cafe\u0301")).quote == "café"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quote": " \n"}, "the quote is empty"),
        ({"locator": ""}, "the locator is empty"),
        ({"quote": "a\x00"}, "cannot be stored"),
        ({"role": "cause"}, "'cause' is no role"),
        ({"polarity": "yes"}, "'yes' is no polarity"),
        ({"evidence_type": "proves"}, "'proves' is no evidence type"),
    ],
)
def test_a_bad_passage_is_refused(
    world: World, change: dict[str, str], message: str
) -> None:
    """Empty words and words outside the lists store nothing."""
    with pytest.raises(LitreviewError, match=message):
        world.code(replace(PASSAGE, **change))  # type: ignore[arg-type]
    assert count(world.session) == 0


@pytest.mark.parametrize("wide", ["fit", "fit.plan"])
def test_a_group_and_a_parent_are_refused_with_their_facets(
    world: World, wide: str
) -> None:
    """Too wide an id is refused and the facets are offered."""
    with pytest.raises(LitreviewError) as caught:
        world.code(replace(PASSAGE, construct=wide))
    assert "fit.plan_early" in caught.value.fix
    assert count(world.session) == 0


def test_an_unknown_construct_is_refused_with_the_nearest(world: World) -> None:
    """A slip of the pen gets the id that was meant."""
    with pytest.raises(NotFoundError) as caught:
        world.code(replace(PASSAGE, construct="fit.endx"))
    assert "fit.end" in caught.value.why


def test_only_included_reports_can_be_coded(world: World) -> None:
    """Excluded, unscreened and removed reports are refused with the reason."""
    with pytest.raises(NotAllowedError, match="cannot be coded") as caught:
        world.code(record=world.excluded)
    assert "excluded on full text" in caught.value.why
    with pytest.raises(NotAllowedError) as caught:
        world.code(record=world.make.record())
    assert "not included after full text" in caught.value.why
    assert "finish its screening" in caught.value.fix


def test_a_refusal_tells_nothing_about_an_open_vote(world: World) -> None:
    """The words are the same whichever way the first of two screeners voted."""
    said = []
    for verdict in ("include", "exclude"):
        record = world.make.record()
        world.make.include(record, world.ann, verdict=verdict)
        with pytest.raises(NotAllowedError) as caught:
            world.code(record=record)
        said.append(str(caught.value).replace(str(record.id), "N"))
    assert said[0] == said[1]


def test_any_record_of_an_included_report_can_be_coded(world: World) -> None:
    """A code may point at an unscreened record merged into an included report."""
    other = world.make.record()
    merged(world, other)
    code = world.code(record=other)
    assert code.record_id == other.id
    assert passages.counting(world.session) == {code.id: world.included.id}
    rows = coding.codes(world.session, record_id=world.included.id)
    assert [row["code_id"] for row in rows] == [code.id]


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.LEAD, True),
        (Role.CODER, True),
        (Role.SCREENER, True),
        (Role.READER, False),
        (Role.ARBITER, False),
    ],
)
def test_who_may_code(world: World, role: Role, *, may: bool) -> None:
    """Leads, coders and screeners code; readers and arbiters do not."""
    world.make.person("zoe", role)
    if may:
        assert world.code(by="zoe").person_id == world.make.person("zoe").id
        return
    with pytest.raises(NotAllowedError, match="zoe may not"):
        world.code(by="zoe")


def test_the_same_passage_is_stored_once(world: World) -> None:
    """A repeated call changes nothing; another coder's opinion is another code."""
    first = world.code(uid="u1")
    assert world.code(uid="u1").id == first.id
    assert world.code(uid="u2").id == first.id
    assert world.code(by="bob").id != first.id
    assert count(world.session) == 2


def test_a_uid_belongs_to_one_passage(world: World) -> None:
    """A uid used for other words is refused."""
    world.code(uid="u1")
    with pytest.raises(LitreviewError, match="belongs to another passage"):
        world.code(replace(PASSAGE, quote="Something else."), uid="u1")


def test_a_retracted_code_no_longer_counts(world: World) -> None:
    """It leaves the list and the counts, its row and reason stay, and it may return."""
    code = world.code()
    assert list(passages.counting(world.session)) == [code.id]
    done = coding.retract(world.session, by="ann", code_id=code.id, why="other school")
    assert done.resting == passages.Resting()
    assert passages.counting(world.session) == {}
    assert coding.codes(world.session) == []
    [row] = coding.codes(world.session, retracted=True)
    assert (row["retracted"], row["counts"]) == ("other school", False)
    assert world.code().id != code.id


def test_a_passage_that_one_may_not_see_is_not_retracted(world: World) -> None:
    """Not by a coder who works on the report as well; by a lead who looks on it is."""
    code = world.code()
    for _begun in range(2):
        with pytest.raises(NotAllowedError, match="is another coder's"):
            coding.retract(world.session, by="bob", code_id=code.id, why="no")
        world.code(by="bob")
    assert world.session.scalars(select(CodeRetraction)).all() == []
    world.make.person("head", Role.LEAD)
    coding.retract(world.session, by="head", code_id=code.id, why="misread")
    assert code.id not in passages.counting(world.session)


def test_a_retraction_needs_a_reason_and_happens_once(world: World) -> None:
    """No reason, an unknown code, a reader, or a second time: refused."""
    code = world.code()
    world.make.person("rea", Role.READER)

    def retract(code_id: int = code.id, why: str = "wrong", by: str = "ann") -> None:
        coding.retract(world.session, by=by, code_id=code_id, why=why)

    with pytest.raises(LitreviewError, match="the reason is empty"):
        retract(why=" ")
    with pytest.raises(NotFoundError, match="there is no code 99"):
        retract(99)
    with pytest.raises(NotAllowedError):
        retract(by="rea")
    assert world.session.scalars(select(CodeRetraction)).all() == []
    retract()
    with pytest.raises(LitreviewError, match="retracted already"):
        retract()


def test_a_reversed_inclusion_suspends_its_codes(world: World) -> None:
    """The row is untouched, but it counts nowhere until the report is back."""
    code = world.code()
    world.included.cluster_id = world.excluded.id  # merged with an excluded report
    world.session.flush()
    assert passages.counting(world.session) == {}
    [row] = coding.codes(world.session)
    assert (row["code_id"], row["counts"]) == (code.id, False)
    world.included.cluster_id = world.included.id
    world.session.flush()
    assert list(passages.counting(world.session)) == [code.id]


def test_two_reports_of_one_study_are_one_study(world: World) -> None:
    """Passages of both reports carry the same study id."""
    other = world.make.record()
    world.make.include(other, world.ann, world.bob)
    codes = [world.code(), world.code(record=other)]
    world.make.pair(world.included, other, "same_study", world.ann)
    studies = passages.counting(world.session)
    assert {studies[code.id] for code in codes} == {world.included.id}


def test_the_list_narrows_by_construct_parent_and_group(world: World) -> None:
    """A parent and a group cover everything below; an unknown id is refused."""
    early = world.code(replace(PASSAGE, construct="fit.plan_early"))
    end = world.code()
    trust = world.code(replace(PASSAGE, construct="people.trust"))

    def listed(construct: str) -> list[object]:
        rows = coding.codes(world.session, construct=construct)
        return [row["code_id"] for row in rows]

    assert listed("fit.end") == [end.id]
    assert listed("fit.plan") == [early.id]
    assert listed("fit") == [early.id, end.id]
    assert listed("people") == [trust.id]
    with pytest.raises(NotFoundError):
        listed("fti")


def test_a_list_outlives_its_codebook(world: World) -> None:
    """A construct that left the codebook keeps its codes and their label."""
    world.code()
    world.make.codebook(BOOK.replace("fit.end", "fit.goal"))
    [row] = coding.codes(world.session, construct="fit.end")
    assert row["label"] == "End state"
    with pytest.raises(NotFoundError):
        world.code(replace(PASSAGE, quote="More."))


# -- whose words, and what is noted beside them ----------------------------------------

ATTRIBUTED = BOOK.replace(
    "definition: They trust.",
    "definition: They trust., attributes: {form: [a, b], at: []}",
)


def test_f25_role_and_organisation_of_whoever_is_quoted(world: World) -> None:
    """They are stored, and passages are found by them and by evidence type."""
    head = replace(PASSAGE, speaker="Head teacher", organisation="A trust")
    code = world.code(replace(head, evidence_type="tests"))
    other = world.code(replace(PASSAGE, quote="Other."))

    def listed(**words: str) -> list[object]:
        view = coding.View(**words)  # type: ignore[arg-type]
        return [row["code_id"] for row in coding.codes(world.session, view=view)]

    [row] = coding.codes(world.session, view=coding.View(speaker="head"))
    assert (row["speaker"], row["organisation"]) == ("Head teacher", "A trust")
    assert listed(organisation="TRUST") == [code.id]
    assert listed(evidence_type="illustrates") == [other.id]
    assert listed(evidence_type="tests", speaker="pupil") == []
    with pytest.raises(LitreviewError, match="'proves' is no evidence type"):
        listed(evidence_type="proves")


def test_attributes_are_those_of_the_construct(world: World) -> None:
    """Its own values, or any where it lists none; found again by name and value."""
    world.make.codebook(ATTRIBUTED)
    trust = replace(PASSAGE, construct="people.trust")
    noted = (("form", "a"), ("at", "a  school"))
    code = world.code(replace(trust, attributes=noted))
    assert code.attributes == {"form": "a", "at": "a school"}
    view = coding.View(attributes=(("form", "a"),))
    assert [row["code_id"] for row in coding.codes(world.session, view=view)] == [
        code.id
    ]
    view = coding.View(attributes=(("form", "b"),))
    assert coding.codes(world.session, view=view) == []
    assert world.code(trust).attributes is None


@pytest.mark.parametrize(
    ("construct", "noted", "message", "fix"),
    [
        ("people.trust", [("form", "c")], "'c' is no form", "a, b"),
        (
            "people.trust",
            [("from", "a")],
            "has no attribute 'from'",
            "it has: form, at",
        ),
        ("people.trust", [("form", "a"), ("form", "b")], "given twice", "code the"),
        ("people.trust", [("at", " ")], "the at is empty", "give the at"),
        ("fit.end", [("form", "a")], "fit.end has no attribute", "it has none"),
    ],
)
def test_other_attributes_are_refused(
    world: World, construct: str, noted: list[tuple[str, str]], message: str, fix: str
) -> None:
    """With what is allowed there; nothing is stored."""
    world.make.codebook(ATTRIBUTED)
    with pytest.raises(LitreviewError, match=message) as caught:
        world.code(replace(PASSAGE, construct=construct, attributes=tuple(noted)))
    assert fix in caught.value.fix
    assert count(world.session) == 0


def test_whether_a_quote_was_found_is_listed(world: World) -> None:
    """No text, not yet looked for, found on a page, or not found."""
    code = world.code()

    def told() -> tuple[object, object]:
        [row] = coding.codes(world.session)
        return row["verified"], row["page"]

    assert told() == ("no text", "")
    world.session.add(
        FulltextEvent(
            record_id=world.included.id,
            status="retrieved",
            location="papers/1.pdf",
            person_id=world.ann.id,
        )
    )
    world.session.flush()
    assert told() == ("not yet", "")
    for found, page in ((True, "4"), (False, "")):
        look = quotations.Look(found, page, "", 1.0, "", "0" * 64)
        quotations.store(world.session, {code.id: look}, by=world.ann)
        assert told() == ("yes" if found else "no", page)
