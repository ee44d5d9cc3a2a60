"""Full texts still to be had: their links, and the list for the library."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any

import pytest
from desk import Desk
from making import Maker
from sqlalchemy.orm import Session

from litreview import sought
from litreview.models import RawRecord, Record

OPEN = {
    "locations": [
        {
            "is_oa": True,
            "pdf_url": "https://repository.example/1.pdf",
            "license": "cc-by",
            "version": "publishedVersion",
        }
    ]
}


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with two screeners."""
    make.review("ann", "bob")
    return Desk(session)


def passed(desk: Desk, make: Maker, **fields: Any) -> Record:
    """Return a record that title and abstract include."""
    made = make.record(**fields)
    desk.votes(made, ann="include", bob="include")
    return made


def tell(desk: Desk, make: Maker, record: Record, payload: dict[str, Any]) -> None:
    """Give a record a newer payload."""
    text = json.dumps(payload).encode()
    desk.session.add(
        RawRecord(
            record_id=record.id,
            version=2,
            sha256=hashlib.sha256(text).hexdigest(),
            payload=zlib.compress(text),
            run_id=make.run(record.source).id,
        )
    )
    desk.session.flush()


def test_reports_whose_text_is_still_to_be_had(desk: Desk, make: Maker) -> None:
    """Those that passed, but for what is there or was said not to be had."""
    wanted, asked, there, missing = (passed(desk, make) for _ in range(4))
    make.record()
    desk.text(asked, "sought")
    desk.text(there)
    desk.text(missing, "not-retrieved")
    found = sought.find(desk.session)
    assert [(one.record_id, one.status) for one in found] == [
        (wanted.id, "not_yet_sought"),
        (asked.id, "sought"),
    ]
    assert not any(one.is_open or one.links for one in found)


def test_links_come_from_all_records_of_a_report(desk: Desk, make: Maker) -> None:
    """The newest payload of each counts, and the best link of any comes first."""
    one = passed(desk, make)
    other = passed(desk, make, source="crossref", source_id="10.5555/x")
    link = {"URL": "https://publisher.example/x.pdf", "content-version": "vor"}
    tell(desk, make, one, OPEN)
    tell(desk, make, other, {"link": [link]})
    desk.pair(one, other)
    [found] = sought.find(desk.session)
    assert found.is_open
    assert [(link.url, link.is_open, link.source) for link in found.links] == [
        ("https://repository.example/1.pdf", True, "openalex"),
        ("https://publisher.example/x.pdf", None, "crossref"),
    ]


def test_a_damaged_payload_has_no_links(desk: Desk, make: Maker) -> None:
    """The rest of the list is there all the same."""
    one = passed(desk, make)
    tell(desk, make, one, OPEN)
    [before] = sought.find(desk.session)
    assert before.is_open
    tell_badly = RawRecord(
        record_id=one.id,
        version=3,
        sha256=hashlib.sha256(b"[1]").hexdigest(),
        payload=zlib.compress(b"{"),
        run_id=make.run().id,
    )
    place = desk.session.begin_nested()
    desk.session.add(tell_badly)
    desk.session.flush()
    [after] = sought.find(desk.session)
    place.rollback()
    assert after.links == ()


def test_a_request_says_what_a_library_needs(desk: Desk, make: Maker) -> None:
    """Each field in its own column, as the report's records together tell it."""
    one = passed(
        desk,
        make,
        title="Trust",
        authors="Doe, Jane; Roe, Rik",
        year=2020,
        container_title="A journal",
        volume="3",
        issue="2",
        pages="10-20",
        doi="10.5555/x",
        issn="1234-5678",
    )
    rows = sought.requests(desk.session, [one.id]).to_dict("records")
    assert [
        {key: row[key] for key in ("title", "authors", "year", "doi")} for row in rows
    ] == [
        {
            "title": "Trust",
            "authors": "Doe, Jane; Roe, Rik",
            "year": 2020,
            "doi": "10.5555/x",
        }
    ]
    assert sought.markdown(sought.requests(desk.session, [one.id])) == (
        "# Full texts to be ordered\n\n"
        "1. Doe, Jane; Roe, Rik (2020). Trust. A journal, 3(2), 10-20. "
        f"ISSN 1234-5678. <https://doi.org/10.5555/x>. record {one.id}\n"
    )


def test_a_request_survives_odd_titles(desk: Desk, make: Maker) -> None:
    """Without year, authors or DOI, and with signs that Markdown would read."""
    one = passed(desk, make, title="A *bold* [x](y)\n# claim", doi="10.5555/a<b>c")
    other = passed(desk, make, title="Plain", url="javascript:1")
    text = sought.markdown(sought.requests(desk.session, [one.id, other.id]))
    title = r"A \*bold\* \[x\](y) \# claim"
    url = "https://doi.org/10.5555/a%3Cb%3Ec"
    assert text.splitlines()[2] == f"1. (n.d.). {title}. <{url}>. record {one.id}"
    assert text.splitlines()[3] == f"2. (n.d.). Plain. record {other.id}"
