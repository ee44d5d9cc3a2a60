"""Tests of litreview.recoding: codes made under an older codebook."""

from __future__ import annotations

import pytest
from codings import Room, room
from making import BOOK, Maker
from sqlalchemy.orm import Session

from litreview import coding, configuration, doublecoding, passages, recoding
from litreview.configuration import Draft
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.vocabulary import Role


@pytest.fixture
def office(session: Session, make: Maker) -> Room:
    """Return a report with a passage on the end state and one on trust."""
    made = room(session, make)
    [report] = made.reports
    made.code("ann", report)
    made.code("ann", report, "people.trust")
    return made


def revised(office: Room, *changes: tuple[str, str]) -> None:
    """Put a new version of the codebook in force."""
    text = BOOK.replace('version: "1"', 'version: "2"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    office.make.codebook(text)


def old(office: Room, handle: str = "ann") -> dict[int, list[str]]:
    """Return code id -> what changed."""
    found = recoding.outdated(office.session, handle=handle)
    return {one.code_id: [change.field for change in one.changes] for one in found}


NEW_END = ("It fits.", "All of it fits.")


def test_a_changed_definition_outdates_its_codes(office: Room) -> None:
    """Only those, with what changed and both versions; new codes are made under it."""
    assert old(office) == {}
    revised(office, NEW_END)
    [one] = recoding.outdated(office.session, handle="ann")
    assert (one.code_id, one.construct, one.label) == (1, "fit.end", "End state")
    assert (one.codebook, one.since, one.now) == ("book", "1", "2")
    assert (one.changes[0].old, one.changes[0].new) == NEW_END
    assert one.carries
    later = office.code("bob", office.reports[0])
    assert later not in old(office, "bob")


def test_a_new_version_that_changes_no_meaning_outdates_nothing(office: Room) -> None:
    """Titles and labels may be mended at any time."""
    revised(office, ("label: End state", "label: The end"))
    assert old(office) == {}


def test_carried_over_codes_stand_until_the_next_change(office: Room) -> None:
    """The code, its id and what rests on it stay; a third version asks again."""
    draft = Draft(outcome=("fit.end",), supports=(1,))
    configuration.add(office.session, by="ann", draft=draft)
    revised(office, NEW_END)
    [done] = recoding.carry(office.session, [1], by="ann", why="same")
    assert done.code_id == 1
    assert old(office) == {}
    assert 1 in passages.counting(office.session)
    assert passages.resting_on(office.session, 1).configurations == (1,)
    revised(office, ("It fits.", "Every part of it fits."))
    assert old(office) == {1: ["definition"]}


def test_a_reopened_code_is_taken_back_and_its_report_waits(office: Room) -> None:
    """The retraction says why; the coder's report is on their desk again."""
    [report] = office.reports
    office.finish(report, "ann")
    revised(office, NEW_END)
    done = recoding.reopen(office.session, 1, by="ann", why="too narrow now")
    assert done.report
    [row] = coding.codes(office.session, construct="fit.end", retracted=True)
    assert row["retracted"] == "reopened under a newer codebook: too narrow now"
    assert doublecoding.waiting(office.session, office.ann) == [report.id]
    assert old(office) == {}


def test_a_reopened_code_of_an_unfinished_report_changes_no_desk(office: Room) -> None:
    """Its coder is still at it."""
    revised(office, NEW_END)
    assert not recoding.reopen(office.session, 1, by="ann", why="w").report


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("id: fit.end", "id: fit.goal"), "removed"),
        (
            ("{id: people.trust, label", "{id: people.trust, parent: fit.end, label"),
            "became a parent",
        ),
    ],
)
def test_what_can_no_longer_be_applied_is_not_carried_over(
    office: Room, change: tuple[str, str], says: str
) -> None:
    """It is reopened and coded with another construct."""
    revised(office, change)
    assert not recoding.outdated(office.session, handle="ann")[0].carries
    with pytest.raises(LitreviewError, match="cannot be carried over") as caught:
        recoding.carry(office.session, [1], by="ann", why="w")
    assert says in caught.value.why
    assert 1 in old(office)


def test_nothing_is_carried_where_one_cannot_be(office: Room) -> None:
    """An id that is not outdated, unknown or retracted stops the whole."""
    revised(office, NEW_END)
    for ids, message in (
        ([1, 2], "code 2 is not outdated"),
        ([1, 99], "there is no code 99"),
    ):
        with pytest.raises(LitreviewError, match=message):
            recoding.carry(office.session, ids, by="ann", why="w")
    with pytest.raises(LitreviewError, match="the reason is empty"):
        recoding.carry(office.session, [1], by="ann", why="")
    assert list(old(office)) == [1]
    recoding.reopen(office.session, 1, by="ann", why="w")
    with pytest.raises(LitreviewError, match="code 1 was retracted"):
        recoding.carry(office.session, [1], by="ann", why="w")
    with pytest.raises(NotFoundError):
        recoding.reopen(office.session, 99, by="ann", why="w")


def test_others_codes_stay_hidden(office: Room) -> None:
    """What another coder found on an unfinished report is neither listed nor told."""
    revised(office, NEW_END)
    assert old(office, "bob") == {}
    assert old(office, "lead") == {1: ["definition"]}
    with pytest.raises(NotAllowedError, match="code 1 is another coder's"):
        recoding.carry(office.session, [1], by="bob", why="w")
    office.make.person("rea", Role.READER)
    with pytest.raises(NotAllowedError, match="rea may not"):
        recoding.carry(office.session, [1], by="rea", why="w")


def test_two_codebooks_do_not_mix(office: Room) -> None:
    """A new version of one outdates no code of the other."""
    other = BOOK.replace("fit", "fat").replace("people", "folk")
    office.make.codebook(other, name="other")
    office.code("ann", office.reports[0], "fat.end")
    office.make.codebook(other.replace("It fats.", "It suits."), name="other")
    assert list(old(office)) == [3]
