"""A wording's gaps are filled from its construct, and then from the one before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from making import Maker
from sqlalchemy.orm import Session

from litreview import lookup, phrasing
from litreview.errors import LitreviewError
from litreview.phrasing import Question
from litreview.synthesis import ItemSource, ItemVersion

FULL = Question(
    "It fits.", "my school", "team", "agree5", True, "reviewed", "last year", "head"
)  # fmt: skip


@pytest.fixture
def first(session: Session, make: Maker) -> ItemVersion:
    """Return a first wording with every property, of a construct of a school."""
    make.review()
    make.codebook()
    _version, book = lookup.construct(session, "fit.end")
    return phrasing.first(session, FULL, book.choose("fit.end"), make.person("ann"))


def after(session: Session, make: Maker, old: ItemVersion, **more: object) -> object:
    """Return all that the next version says."""
    question = replace(Question(old.text), **more)  # type: ignore[arg-type]
    old.item_id = 1
    new = phrasing.after(session, old, question, make.person("bob"), "pilot")
    return phrasing.said(new, None)


def test_what_is_not_given_stays(
    session: Session, make: Maker, first: ItemVersion
) -> None:
    """The next version says the same as long as nothing is given."""
    assert after(session, make, first) == phrasing.said(first, None)


@pytest.mark.parametrize(
    "more",
    [
        {"referent": "I"},
        {"level": "school"},
        {"scale": "often5"},
        {"scale": ""},
        {"reverse": False},
        {"status": "kept"},
        {"period": ""},
        {"respondent": "teacher"},
    ],
)
def test_each_property_makes_another_wording(
    session: Session, make: Maker, first: ItemVersion, more: dict[str, object]
) -> None:
    """Every one is compared, so a revision of any of them is a change."""
    assert after(session, make, first, **more) != phrasing.said(first, None)


def test_a_source_is_part_of_what_is_said(first: ItemVersion) -> None:
    """The same words from another page are another version."""
    where = {"origin": "verbatim", "instrument_id": 1, "number": "1"}
    sources = [
        None,
        ItemSource(**where, page="", adaptation=""),
        ItemSource(**where, page="9", adaptation=""),
    ]
    assert len({phrasing.said(first, source) for source in sources}) == 3


def test_an_item_is_not_retired_by_its_wording(
    session: Session, make: Maker, first: ItemVersion
) -> None:
    """That has a reason of its own; an unknown status is refused too."""
    _version, book = lookup.construct(session, "fit.end")
    for status, message in (("retired", "by its wording"), ("fine", "no status")):
        with pytest.raises(LitreviewError, match=message):
            phrasing.first(
                session,
                Question("It fits.", status=status),
                book.choose("fit.end"),
                make.person("ann"),
            )
    assert first.status == "reviewed"
