"""Tests of litreview.protocol."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.errors import InputFileError
from litreview.protocol import (
    Criteria,
    Review,
    parse_criteria,
    parse_review,
    starter_criteria,
    starter_review,
)
from litreview.vocabulary import Order, Role, Stage, Verdict
from litreview.yamlfile import parse

REVIEW = """\
title: A review
people:
  - {handle: anna, name: Anna A, role: lead}
  - {handle: ben, name: Ben B, role: screener}
stages:
  title_abstract: {per_record: 2}
  full_text: {per_record: 3}
"""


def read_review(text: str) -> Review:
    """Parse a review.yaml."""
    return parse_review(parse(text, "review.yaml"))


def read_criteria(text: str) -> Criteria:
    """Parse a criteria.yaml."""
    return parse_criteria(parse(text, "criteria.yaml"))


def test_review_is_read_whole() -> None:
    """People, roles and votes per record come out as they stand in the file."""
    review = read_review(REVIEW)
    assert [person.handle for person in review.people] == ["anna", "ben"]
    assert review.people[0].role is Role.LEAD
    assert review.per_record("title_abstract") == 2
    assert review.per_record(Stage.FULL_TEXT) == 3
    assert review.question == ""
    assert review.language == "en"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("title: A review", "titel: A review", 1, "Did you mean 'title'"),
        ("title: A review\n", "", 1, "'title' is missing"),
        ("role: lead", "role: laed", 3, "Did you mean 'lead'"),
        ("handle: ben", "handle: anna", 4, "used in line 3 already"),
        ("handle: ben", "handle: b n", 4, "not a usable handle"),
        ("per_record: 3", "per_record: 0", 7, "0 votes per record is too few"),
        ("per_record: 3", "per_record: three", 7, "expected a whole number"),
        ("  full_text", "  fulltext", 7, "unknown field 'fulltext'"),
        ("  full_text: {per_record: 3}\n", "", 6, "'full_text' is missing"),
    ],
)
def test_review_errors_name_the_line(old: str, new: str, line: int, says: str) -> None:
    """A mistake in review.yaml is told with its line and a way out."""
    assert old in REVIEW
    with pytest.raises(InputFileError) as caught:
        read_review(REVIEW.replace(old, new))
    assert says in str(caught.value)
    assert caught.value.line == line
    assert caught.value.path == Path("review.yaml")


def test_every_record_is_screened_by_lot_unless_the_protocol_says_otherwise() -> None:
    """Relevance is off and there is no stopping rule until a lead writes them."""
    usual = read_review(REVIEW)
    assert usual.orders == (Order.RANDOM, Order.NEWEST)
    assert usual.stopping is None
    stated = read_review(
        f"{REVIEW}order: [relevance, random]\n"
        "stopping: {rule: in_a_row, records: 50, why: A habit.}\n"
    )
    assert stated.orders == (Order.RELEVANCE, Order.RANDOM)
    assert str(stated.stopping) == "50 irrelevant records in a row"
    for wrong, says in (
        ("order: [relevant]", "Did you mean 'relevance'"),
        ("order: []", "the list 'order' is empty"),
        ("stopping: never", "expected a mapping"),
    ):
        with pytest.raises(InputFileError) as caught:
            read_review(f"{REVIEW}{wrong}\n")
        assert says in str(caught.value)
        assert caught.value.line == 8


def test_what_the_starter_review_suggests_can_be_switched_on() -> None:
    """Its commented lines are valid as they stand."""
    text = starter_review("A title", "")
    for start in ("order:", "stopping:", "  {rule: hyper"):
        assert f"# {start}" in text
        text = text.replace(f"# {start}", start)
    review = read_review(text)
    assert review.orders == tuple(Order)
    assert review.stopping is not None
    assert review.stopping.recall == 0.95


@given(title=st.text(min_size=1), question=st.text())
def test_starter_review_takes_any_title(title: str, question: str) -> None:
    """Whatever a person types as title and question, the new review.yaml is valid."""
    if not title.split():
        with pytest.raises(InputFileError, match="'title' is empty"):
            read_review(starter_review(title, question))
        return
    review = read_review(starter_review(title, question))
    assert review.people == ()
    assert [plan.per_record for plan in review.stages] == [2, 2]


def test_starter_review_keeps_awkward_text() -> None:
    """Quotes, colons, comments and accents in a title survive."""
    title = 'A "great" review: été # 1 {x} 學'
    assert read_review(starter_review(title, "Why?")).title == title


def test_starter_criteria_teach_and_hold() -> None:
    """A new workspace's criteria are valid and have reasons at both stages."""
    criteria = read_criteria(starter_criteria())
    early = [reason.key for reason in criteria.reasons("title_abstract")]
    assert "X-POP" in early
    assert "X-OTHER" not in early
    assert len(criteria.reasons("full_text")) == len(early) + 1
    assert criteria.rules("full_text").reason_required
    assert not criteria.rules("full_text").stream_required
    assert criteria.rules("title_abstract").verdicts == tuple(Verdict)


def test_reasons_keep_the_order_of_the_file() -> None:
    """The first reason of the file has the highest priority."""
    criteria = read_criteria(starter_criteria())
    keys = [reason.key for reason in criteria.exclusion]
    assert keys[:4] == ["X-LANG", "X-DATE", "X-TYPE", "X-POP"]
    assert [reason.order for reason in criteria.exclusion] == [*range(1, len(keys) + 1)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("key: X-CONCEPT", "key: X-POP", "'X-POP' stands twice"),
        ("id: I2", "id: I1", "'I1' stands twice"),
        ("id: validates_instrument", "id: theorises_concept", "stands twice"),
        ("verdicts: [include, exclude]", "verdicts: [include, unsure]", "'unsure'"),
        ("verdicts: [include, exclude]", "verdicts: [include]", "able to say"),
        ("verdicts: [include, exclude]", "verdicts: []", "is empty"),
        ("stages: [full_text]", "stages: [fulltext]", "Did you mean 'full_text'"),
        ("reason_required: true", "reason_required: maybe", "expected true or false"),
        ("label: Wrong population", "lable: Wrong population", "Did you mean 'label'"),
        ("key: X-POP", "key: X POP", "not a usable key"),
        ("guidance:", "guide:", "unknown field 'guide'"),
    ],
)
def test_criteria_errors_say_what_is_wrong(old: str, new: str, says: str) -> None:
    """A mistake in criteria.yaml is told with its line."""
    text = starter_criteria()
    assert old in text
    with pytest.raises(InputFileError) as caught:
        read_criteria(text.replace(old, new, 1))
    assert says in str(caught.value)
    assert caught.value.line is not None


def test_a_rule_that_cannot_be_met_is_refused() -> None:
    """A required stream or reason that no entry could give is an error."""
    text = starter_criteria().replace("stream_required: false", "stream_required: true")
    start, end = text.index("streams:"), text.index("inclusion:")
    with pytest.raises(InputFileError, match="there are no streams"):
        read_criteria(text[:start] + text[end:])
    no_reason = text.replace(", full_text]", "]").replace(
        "[full_text]", "[title_abstract]"
    )
    with pytest.raises(InputFileError, match="no reason is for that stage"):
        read_criteria(no_reason)
