"""Full texts: their states, collected files, one primary reason and the streams."""

from __future__ import annotations

import pytest
from desk import FT, TA, Desk
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import flow, fulltext, state
from litreview.errors import LitreviewError, NotEligibleError, UsageError
from litreview.filenames import Named, doi_key, read_name
from litreview.fulltext import Filed, Text
from litreview.models import FulltextEvent, Record
from litreview.protocol import STARTER_CRITERIA

STRICT = STARTER_CRITERIA.replace(
    "    reason_required: true\n    stream_required: false",
    "    reason_required: true\n    stream_required: true",
)


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with two screeners."""
    make.review("ann", "bob")
    return Desk(session)


def passed(desk: Desk, make: Maker, doi: str = "") -> Record:
    """Return a record that title and abstract include."""
    made = make.record(doi=doi)
    desk.votes(made, ann="include", bob="include")
    return made


def collected(name: str, content: str = "x") -> Text:
    """Return a file that somebody collected."""
    where = f"papers/{name}#sha256={content}"
    return Text(name, where, read_name(name.removesuffix(".pdf")))


def bring(desk: Desk, *texts: Text) -> Filed:
    """Record collected texts."""
    return fulltext.import_texts(desk.session, texts, by=desk.person("ann"))


def location(desk: Desk, record: Record) -> list[str]:
    """Return what was stored of a record's text, in order."""
    query = select(FulltextEvent.location).where(FulltextEvent.record_id == record.id)
    return list(desk.session.scalars(query.order_by(FulltextEvent.id)))


# -- collected files -------------------------------------------------------------------


def test_files_go_to_their_reports(desk: Desk, make: Maker) -> None:
    """By the DOI in the name, by the record's id; place and hash are stored."""
    one, other = passed(desk, make, "10.1234/abc"), passed(desk, make)
    done = bring(desk, collected("10.1234_abc.pdf"), collected(f"r{other.id}.pdf"))
    assert done.stored == {"10.1234_abc.pdf": one.id, f"r{other.id}.pdf": other.id}
    assert done.left_out == {}
    assert location(desk, one) == ["papers/10.1234_abc.pdf#sha256=x"]
    assert state.retrieval(desk.session, one.id) == "retrieved"
    assert state.retrieval(desk.session, other.id) == "retrieved"


def test_the_same_files_again_add_nothing(desk: Desk, make: Maker) -> None:
    """Another content or another place is a newer word."""
    one = passed(desk, make, "10.1234/abc")
    text = collected("10.1234_abc.pdf")
    bring(desk, text)
    again = bring(desk, text, text)
    assert (again.stored, again.already_there) == ({}, {text.shown: one.id})
    assert desk.session.scalar(select(func.count(FulltextEvent.id))) == 1
    assert bring(desk, collected("10.1234_abc.pdf", "y")).stored
    assert len(location(desk, one)) == 2


def test_a_report_is_found_by_any_of_its_records(desk: Desk, make: Maker) -> None:
    """The DOI of one record of a report serves all of it."""
    one, other = passed(desk, make), passed(desk, make, "10.1234/abc")
    desk.pair(one, other)
    assert bring(desk, collected("10.1234_abc.pdf")).stored == {
        "10.1234_abc.pdf": one.id
    }
    assert state.retrieval(desk.session, one.id) == "retrieved"


def test_what_matches_nothing_or_two_reports_is_left_out(
    desk: Desk, make: Maker
) -> None:
    """Each with its reason, and the rest is stored."""
    one = passed(desk, make, "10.1234/a-b")
    other = passed(desk, make, "10.1234/a_b")
    twice = passed(desk, make, "10.1234/twice")
    early = make.record(doi="10.1234/early")
    done = bring(
        desk,
        collected("10.1234_a_b.pdf"),
        collected("10.1234_twice.pdf"),
        collected(f"{twice.id}.pdf"),
        collected("10.1234_early.pdf"),
        collected("10.1234_unknown.pdf"),
        collected("99999.pdf"),
        collected("a paper.pdf"),
        collected(f"{one.id}.pdf"),
    )
    assert done.stored == {f"{one.id}.pdf": one.id}
    assert done.left_out == {
        "10.1234_a_b.pdf": f"it could be any of the records {one.id}, {other.id}",
        "10.1234_twice.pdf": f"there are several files of record {twice.id}; "
        "name one in a list",
        f"{twice.id}.pdf": f"there are several files of record {twice.id}; "
        "name one in a list",
        "10.1234_early.pdf": f"record {early.id} is not included on title and abstract",
        "10.1234_unknown.pdf": "no record has this DOI",
        "99999.pdf": "there is no record 99999",
        "a paper.pdf": "its name holds neither a DOI nor a record id",
    }
    assert state.retrieval(desk.session, other.id) == ""


def test_an_address_is_stored_as_it_is(desk: Desk, make: Maker) -> None:
    """A list may name a record or a DOI and where the text stands on the web."""
    one = passed(desk, make, "10.1234/abc")
    url = "https://repository.example/1.pdf"
    named = Named(doi_key=doi_key("10.1234/ABC"))
    assert bring(desk, Text(url, url, named)).stored == {url: one.id}
    assert location(desk, one) == [url]


# -- states ----------------------------------------------------------------------------


def test_a_text_is_sought_then_retrieved_or_not(desk: Desk, make: Maker) -> None:
    """The newest word counts, and each state is a box of PRISMA."""
    one = passed(desk, make)
    by = desk.person("ann")
    boxes = []
    for status in ("sought", "not-retrieved", "retrieved"):
        fulltext.set_status(desk.session, one.id, status=status, location="", by=by)
        [row] = fulltext.wanted(desk.session)
        assert row.status == status
        boxes.append(flow.flow(desk.session))
    assert boxes[0] != boxes[1] != boxes[2]
    early = make.record()
    with pytest.raises(NotEligibleError, match="not at full text"):
        fulltext.set_status(desk.session, early.id, status="sought", location="", by=by)


def test_a_judged_text_cannot_be_unretrieved(desk: Desk, make: Maker) -> None:
    """Whoever voted had it; their vote is taken back first."""
    one = passed(desk, make)
    by = desk.person("bob")
    desk.vote("ann", one, "include", FT)
    with pytest.raises(LitreviewError, match="judged already"):
        fulltext.set_status(
            desk.session, one.id, status="not-retrieved", location="", by=by
        )
    desk.withdraw("ann", one, FT)
    fulltext.set_status(
        desk.session, one.id, status="not-retrieved", location="", by=by
    )
    assert state.retrieval(desk.session, one.id) == "not-retrieved"


# -- one primary reason, streams -------------------------------------------------------


def test_one_primary_reason_per_report(desk: Desk, make: Maker) -> None:
    """Two exclusions for different reasons differ; the settled reason alone counts."""
    one = passed(desk, make)
    desk.votes(one, FT, ann="exclude X-POP", bob="exclude X-TYPE")
    assert desk.stands(one, FT) == "conflict"
    desk.settle("cleo", one, "exclude X-TYPE", FT)
    outcome = desk.outcome(one, FT)
    assert outcome is not None
    assert (outcome.verdict, outcome.reason) == ("exclude", "X-TYPE")
    assert flow.flow(desk.session).dbr_excluded == {"X-TYPE": 1}


def test_an_exclusion_needs_a_reason_of_its_stage(desk: Desk, make: Maker) -> None:
    """None, an unknown one and two are refused; the reasons are told in their order."""
    one = passed(desk, make)
    with pytest.raises(UsageError, match="needs its primary reason") as told:
        desk.vote("ann", one, "exclude", FT)
    order = [told.value.fix.index(key) for key in ("X-LANG", "X-DATE", "X-POP")]
    assert order == sorted(order)
    for reason in ("X-NEW", "X-POP X-TYPE"):
        with pytest.raises(UsageError, match="no exclusion reason"):
            desk.vote("ann", one, f"exclude {reason}", FT)
    with pytest.raises(UsageError, match="only an exclusion"):
        desk.vote("ann", one, "include X-POP", FT)


def test_streams_are_required_on_inclusion_where_the_protocol_asks(
    desk: Desk, make: Maker
) -> None:
    """One or several known ones, at that stage, and never on an exclusion."""
    make.protocol(STRICT)
    one = passed(desk, make)
    with pytest.raises(UsageError, match="needs the stream"):
        desk.vote("ann", one, "include", FT)
    with pytest.raises(UsageError, match="no stream 'theorises'"):
        desk.vote("ann", one, "include", FT, streams=("theorises",))
    with pytest.raises(UsageError, match="only an inclusion"):
        desk.vote("ann", one, "exclude X-POP", FT, streams=("theorises_concept",))
    both = ("theorises_concept", "validates_instrument")
    desk.vote("ann", one, "include", FT, streams=both)
    desk.vote("bob", one, "include", FT, streams=both[:1])
    assert desk.stands(one, FT) == "included"
    assert desk.stands(one, TA) == "included"
