"""People as the file names them, brought into the database."""

from __future__ import annotations

import pytest
from making import REVIEW
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import review, yamlfile
from litreview.errors import InputFileError
from litreview.models import AuditEvent, Person
from litreview.protocol import STARTER_CRITERIA, parse_review
from litreview.review import Texts

LEE = "{handle: lee, role: lead}"


def sync(session: Session, *people: str) -> list[str]:
    """Bring these people in; lee is the lead."""
    lines = "".join(f"  - {person}\n" for person in (LEE, *people))
    text = REVIEW.replace("people: []\n", f"people:\n{lines}")
    told = review.sync(session, Texts(text, STARTER_CRITERIA, {}), handle="lee")
    return [one for one in told if "protocol" not in one and "round" not in one]


def person(session: Session, handle: str) -> Person:
    """Return a person by handle."""
    return session.scalars(select(Person).where(Person.handle == handle)).one()


def test_a_share_and_a_pause_are_read(session: Session) -> None:
    """Without a word the share is 1 and nobody is paused."""
    told = sync(
        session,
        "{handle: ann, role: screener, share: 0.5}",
        "{handle: bob, role: screener, paused: true}",
    )
    assert told[1:] == [
        "ann joins as screener, a share of 0.5",
        "bob joins as screener, paused",
    ]
    assert (person(session, "ann").share, person(session, "ann").paused) == (0.5, False)
    assert (person(session, "bob").share, person(session, "bob").paused) == (1.0, True)


def test_changes_are_told_and_remembered(session: Session) -> None:
    """A share, a pause and its end; the same again says nothing."""
    sync(session, "{handle: ann, role: screener}")
    changed = "{handle: ann, role: screener, share: 2, paused: true}"
    assert sync(session, changed) == [
        "ann: the share of 1 becomes 2",
        "ann is paused: nothing new comes, what was handed out stays",
    ]
    assert sync(session, changed) == []
    assert sync(session, "{handle: ann, role: screener}") == [
        "ann: the share of 2 becomes 1",
        "ann is paused no more",
    ]
    kinds = list(session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)))
    assert kinds[-4:] == [
        "person.share",
        "person.paused",
        "person.share",
        "person.resumed",
    ]


def test_who_is_not_in_the_file_stays_as_they_are(session: Session) -> None:
    """A share is not forgotten because a line was taken out."""
    sync(session, "{handle: ann, role: screener, share: 3, paused: true}")
    assert sync(session) == []
    assert (person(session, "ann").share, person(session, "ann").paused) == (3, True)


@pytest.mark.parametrize("word", ["0", "-1", "half", "1e9", "nan", ".5", "1.2345"])
def test_a_share_is_a_plain_number_above_zero(word: str) -> None:
    """Anything else is refused with its line."""
    text = REVIEW.replace(
        "people: []\n",
        f"people:\n  - {{handle: ann, role: screener, share: {word}}}\n",
    )
    with pytest.raises(InputFileError, match=r"review.yaml:4: .* is no share"):
        parse_review(yamlfile.parse(text, "screening/review.yaml"))


def test_a_pause_is_yes_or_no() -> None:
    """A date is no pause."""
    text = REVIEW.replace(
        "people: []\n", "people:\n  - {handle: a, role: screener, paused: May}\n"
    )
    with pytest.raises(InputFileError, match=r"review.yaml:4"):
        parse_review(yamlfile.parse(text, "screening/review.yaml"))
