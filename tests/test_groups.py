"""Another tool's groups, taken over as a person's word."""

from __future__ import annotations

import pytest
from desk import Desk
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import groups, pairs
from litreview.errors import InputFileError, NotAllowedError
from litreview.groups import GroupRow, GroupsFile
from litreview.models import PairDecision
from litreview.vocabulary import Role


def file(*rows: tuple[str, int], name: str = "other.csv") -> GroupsFile:
    """Make a file of (group, record id)."""
    return GroupsFile(
        name,
        "ab12",
        [GroupRow(line, group, one) for line, (group, one) in enumerate(rows, start=2)],
    )


def stored(session: Session) -> int:
    """Count the pair decisions."""
    return session.scalar(select(func.count(PairDecision.id))) or 0


def test_a_group_becomes_one_report_in_a_persons_name(
    session: Session, make: Maker
) -> None:
    """Each pair names the person, and the file with its hash as the reason."""
    make.team()
    a, b, c, d = (make.record().id for _ in range(4))
    taken = groups.take(session, file(("x", c), ("x", a), ("y", d), ("x", b)), by="ann")
    assert (taken.groups, taken.stored, taken.already_there) == (1, 2, 0)
    assert pairs.homes(session) == {a: a, b: a, c: a, d: d}
    rows = session.scalars(select(PairDecision)).all()
    assert {(row.a_id, row.b_id, row.verdict) for row in rows} == {
        (a, b, "duplicate"),
        (a, c, "duplicate"),
    }
    assert {row.why for row in rows} == {"from other.csv, sha256 ab12"}


def test_the_same_groups_again_add_nothing(session: Session, make: Maker) -> None:
    """A file can be brought in twice; the machine's word becomes a person's once."""
    make.team()
    a, b = make.record(), make.record()
    run = Desk(session)
    assert groups.take(session, file(("x", a.id), ("x", b.id)), by="ann").stored == 1
    again = groups.take(session, file(("z", b.id), ("z", a.id)), by="bob")
    assert (again.stored, again.already_there, again.change) == (0, 1, None)
    assert stored(session) == 1
    assert run.person("ann").id == session.scalar(select(PairDecision.person_id))


def test_no_file_overrules_a_person(session: Session, make: Maker) -> None:
    """A group with two records that a person holds apart is left out whole, and told.

    So is one that would join them by way of a report they are in.
    """
    make.team()
    desk = Desk(session)
    a, b, c, d, e, f = (make.record() for _ in range(6))
    desk.pair(a, b, "different")
    desk.pair(b, c)
    before = stored(session)
    taken = groups.take(
        session,
        file(("1", a.id), ("1", c.id), ("2", d.id), ("2", e.id)),
        by="ann",
    )
    (conflict,) = taken.conflicts
    assert (conflict.group, conflict.record_ids) == ("1", (a.id, c.id))
    assert [(w.a_id, w.b_id, w.verdict) for w in conflict.against] == [
        (a.id, b.id, "different")
    ]
    assert stored(session) == before + 1
    home = pairs.homes(session)
    assert (home[a.id], home[c.id], home[e.id]) == (a.id, b.id, d.id)
    assert home[f.id] == f.id


def test_groups_that_meet_in_a_report_count_together(
    session: Session, make: Maker
) -> None:
    """The second of two groups is left out where both would join what is apart."""
    make.team()
    desk = Desk(session)
    a, b, c, d = (make.record() for _ in range(4))
    desk.pair(a, d, "same_study")
    desk.pair(b, c)
    taken = groups.take(
        session, file(("1", a.id), ("1", b.id), ("2", c.id), ("2", d.id)), by="ann"
    )
    assert [one.group for one in taken.conflicts] == ["2"]
    home = pairs.homes(session)
    assert [home[one.id] for one in (a, b, c, d)] == [a.id, a.id, a.id, d.id]


def test_records_are_found_by_their_name_in_a_source(
    session: Session, make: Maker
) -> None:
    """A source_id is enough where it is clear, else the source says which."""
    make.team()
    a = make.record(source_id="W1")
    b = make.record(source="crossref", source_id="10.5555/b")
    c = make.record(source="crossref", source_id="W1")
    rows = [
        GroupRow(2, "x", source_id="W1", source="openalex"),
        GroupRow(3, "x", source_id="10.5555/b"),
    ]
    groups.take(session, GroupsFile("f", "h", rows), by="ann")
    home = pairs.homes(session)
    assert (home[b.id], home[c.id]) == (a.id, c.id)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (GroupRow(3, "x", record_id=999), "no record 999"),
        (GroupRow(3, "x", source_id="W9"), "no record is called 'W9'"),
        (GroupRow(3, "x", source_id="W1", source="crossref"), "in crossref"),
        (GroupRow(3, "x", source_id="twice"), "names the records"),
        (GroupRow(3, "y", source_id="W1"), "on line 2"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_stored(
    session: Session, make: Maker, row: GroupRow, told: str
) -> None:
    """Unknown and unclear records and a record in two groups refuse the file."""
    make.team()
    make.record(source_id="W1")
    for source in ("openalex", "crossref"):
        make.record(source=source, source_id="twice")
    first = GroupRow(2, "x", source_id="W1")
    with pytest.raises(InputFileError, match=told) as caught:
        groups.take(session, GroupsFile("f.csv", "h", [first, row]), by="ann")
    assert caught.value.line == 3
    assert stored(session) == 0


def test_who_may_not_decide_may_not_import(session: Session, make: Maker) -> None:
    """A reader's file is refused."""
    make.team()
    make.person("rita", Role.READER)
    with pytest.raises(NotAllowedError):
        groups.take(session, file(), by="rita")
