"""Tests of litreview.quotations: quotations of codes, looked for in files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import papers
import pytest
from codings import Room, room
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import coding, quotations
from litreview.errors import InputFileError, LitreviewError, NotAllowedError
from litreview.quotations import Look
from litreview.synthesis import QuoteCheck

LABELS = "/PageLabels << /Nums [0 << /S /D /St 411 >>] >>"


@pytest.fixture
def office(session: Session, make: Maker) -> Room:
    """Return a report that ann has coded."""
    made = room(session, make)
    made.code("ann", made.reports[0])
    return made


def look(page: str = "4", label: str = "", *, found: bool = True) -> Look:
    """Make what a look came to."""
    return Look(found, page, label, 1.0 if found else 0.5, "", "0" * 64)


def test_the_newest_word_says_where_a_text_is(office: Room) -> None:
    """A file, not an address or a remark; none where it could not be had after all."""
    [report] = office.reports
    assert quotations.place(office.session, report.id) == ""
    office.text(report, "https://example.org/1.pdf")
    assert quotations.place(office.session, report.id) == ""
    office.text(report, "on paper#sha256=ab.pdf")
    assert quotations.place(office.session, report.id) == ""
    office.text(report, "papers/1.pdf")
    office.text(report, "papers/2.pdf#sha256=ab")
    assert quotations.place(office.session, report.id) == "papers/2.pdf#sha256=ab"
    other = office.make.record()
    assert quotations.place(office.session, other.id) == ""
    other.cluster_id = report.id
    office.make.pair(report, other, "duplicate", office.ann)
    assert quotations.place(office.session, other.id) == "papers/2.pdf#sha256=ab"


def test_a_copy_is_read_where_it_is_recorded(tmp_path: Path) -> None:
    """Relative to the workspace; a file that changed since is noticed."""
    content = papers.pdf(["Teachers trust."], ["Leaders listen."], labels=LABELS)
    (tmp_path / "a.pdf").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    copy = quotations.open_copy(tmp_path, f"a.pdf#sha256={digest}")
    assert not quotations.changed(copy, f"a.pdf#sha256={digest}")
    assert quotations.changed(copy, "a.pdf#sha256=00")
    assert not quotations.changed(copy, "a.pdf")
    found = copy.look("Leaders listen.")
    assert (found.found, found.page, found.label) == (True, "2", "412")
    both = copy.look("Teachers trust. Leaders listen.")
    assert (both.page, both.label) == ("1-2", "411-412")
    with pytest.raises(InputFileError, match=r"b\.pdf"):
        quotations.open_copy(tmp_path, "b.pdf")


def test_a_text_without_pages_tells_none(tmp_path: Path) -> None:
    """Found or not is all there is to say."""
    (tmp_path / "a.md").write_text("They *trust*.", "utf-8")
    found = quotations.open_copy(tmp_path, "a.md").look("They trust.")
    assert (found.found, found.page, found.label) == (True, "", "")


def test_a_look_is_stored_once_and_the_newest_counts(office: Room) -> None:
    """The same again adds no row; another outcome does."""
    for number, seen in enumerate((look(), look(), look("5"), look(found=False))):
        rows = quotations.store(office.session, {1: seen}, by=office.ann)
        assert len(rows) == (number != 1)
    assert not quotations.newest(office.session)[1].found
    assert office.session.scalar(select(func.count()).select_from(QuoteCheck)) == 3


def test_what_is_due_is_what_stands_and_may_be_seen(office: Room) -> None:
    """All of one's own; others' when the report is open; never a retracted one."""
    [report] = office.reports
    gone = office.code("ann", report, "people.trust")
    coding.retract(office.session, by="ann", code_id=gone, why="wrong")

    def due(handle: str, *ids: int) -> list[int]:
        person = office.make.person(handle)
        found = quotations.due(office.session, person, code_ids=ids)
        return [one.code_id for one in found]

    assert (due("ann"), due("bob"), due("lead")) == ([1], [], [1])
    with pytest.raises(LitreviewError, match=f"code {gone} was retracted"):
        due("ann", gone)
    with pytest.raises(NotAllowedError, match="code 1 is another coder's"):
        due("bob", 1)
    office.finish(report, "ann", "bob")
    assert due("bob", 1) == [1]
    other = office.code("bob", office.report())
    [one] = quotations.due(office.session, office.bob, record_id=office.reports[1].id)
    assert (one.code_id, one.cluster) == (other, office.reports[1].id)


@pytest.mark.parametrize(
    ("locator", "page", "label", "elsewhere"),
    [
        ("p. 4", "4", "", False),
        ("p. 5", "4", "", True),
        ("p. 412", "4", "412", False),
        ("p. 413", "4", "412", True),
        ("pp. 3-5", "4", "", False),
        ("pp. 411\u20132", "2", "412", False),
        ("page 9", "4-5", "", True),
        ("p5", "4-5", "", False),
        ("piv", "4", "", False),
        ("p. iv", "6", "iv", False),
        ("4", "4", "", False),
        ("17", "4", "", True),
        ("Background, p. 7", "4", "", True),
        ("section 3", "4", "", False),
        ("Background", "4", "", False),
        ("00:14:05", "4", "", False),
        ("p. 7", "", "", False),
    ],
)
def test_a_page_that_differs_is_noticed(
    locator: str, page: str, label: str, *, elsewhere: bool
) -> None:
    """By the file's count or by the document's own; a section is no page."""
    assert quotations.elsewhere(locator, look(page, label)) is elsewhere


def test_a_quotation_that_was_not_found_is_on_no_page() -> None:
    """There is no page to differ from."""
    assert not quotations.elsewhere("p. 9", look("4", found=False))
