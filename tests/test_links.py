"""Links of payloads: what is open, under which terms, and the best of them first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.links import Link, address, best, links

PLACE: dict[str, Any] = {
    "is_oa": True,
    "landing_page_url": "https://repository.example/12",
    "pdf_url": "https://repository.example/12.pdf",
    "license": "cc-by",
    "version": "acceptedVersion",
    "source": {"display_name": "A repository"},
}
JOURNAL: dict[str, Any] = {
    **PLACE,
    "landing_page_url": "https://doi.org/10.5555/x",
    "pdf_url": None,
    "license": None,
    "version": "publishedVersion",
    "source": {"display_name": "A journal"},
}


def test_openalex_places_come_with_licence_version_and_host() -> None:
    """The published page before the accepted PDF, each once, though told twice."""
    work = {"best_oa_location": PLACE, "locations": [PLACE, JOURNAL]}
    assert links("openalex", work) == [
        Link(
            "https://doi.org/10.5555/x",
            "page",
            is_open=True,
            licence="",
            version="published",
            host="A journal",
            source="openalex",
        ),
        Link(
            "https://repository.example/12.pdf",
            "pdf",
            is_open=True,
            licence="cc-by",
            version="accepted",
            host="A repository",
            source="openalex",
        ),
        Link(
            "https://repository.example/12",
            "page",
            is_open=True,
            licence="cc-by",
            version="accepted",
            host="A repository",
            source="openalex",
        ),
    ]


def test_closed_places_are_no_links() -> None:
    """What OpenAlex does not call open is not listed."""
    closed = {**PLACE, "is_oa": False}
    work = {
        "locations": [closed],
        "primary_location": closed,
        "open_access": {"is_oa": False, "oa_url": "https://example.org/x.pdf"},
    }
    assert links("openalex", work) == []


def test_the_bare_oa_url_is_taken_where_there_is_nothing_else() -> None:
    """It has no terms; a place with the same address tells them."""
    work: dict[str, Any] = {"open_access": {"is_oa": True, "oa_url": PLACE["pdf_url"]}}
    [only] = links("openalex", work)
    assert (only.kind, only.licence, only.version) == ("pdf", "", "")
    [first, _page] = links("openalex", {**work, "locations": [PLACE]})
    assert (first.url, first.licence) == (PLACE["pdf_url"], "cc-by")


def crossref(**more: Any) -> list[Link]:
    """Return the links of a Crossref work with one PDF."""
    link = {
        "URL": "https://publisher.example/x.pdf",
        "content-type": "application/pdf",
        "content-version": "vor",
        "intended-application": "text-mining",
    }
    return links("crossref", {"link": [link], "container-title": ["A journal"], **more})


@pytest.mark.parametrize(
    ("licence", "is_open", "told"),
    [
        ([], None, ""),
        (
            [("vor", "https://creativecommons.org/licenses/by-nc/4.0/")],
            True,
            "cc-by-nc",
        ),
        (
            [("unspecified", "http://creativecommons.org/publicdomain/zero/1.0/")],
            True,
            "zero",
        ),
        ([("am", "https://creativecommons.org/licenses/by/4.0/")], None, ""),
        (
            [("tdm", "https://x.example/tdm"), ("vor", "https://x.example/terms")],
            None,
            "https://x.example/terms",
        ),
        ([("vor", "https://notcreativecommons.org/licenses/by/")], None, None),
    ],
)
def test_a_crossref_link_is_open_only_by_its_own_licence(
    licence: list[tuple[str, str]],
    is_open: bool | None,  # noqa: FBT001 - a parameter of the test
    told: str | None,
) -> None:
    """A Creative Commons licence of that version; subscribers' links stay unsure."""
    rows = [{"content-version": version, "URL": url} for version, url in licence]
    [link] = crossref(license=rows)
    assert (link.is_open, link.kind, link.version) == (is_open, "pdf", "published")
    assert link.host == "A journal"
    assert told is None or link.licence == told


def test_links_for_plagiarism_checks_are_left_out() -> None:
    """They are open to nobody else."""
    link = {"URL": "https://x.example/1", "intended-application": "similarity-checking"}
    assert links("crossref", {"link": [link]}) == []


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://x.example/1",
        "x.pdf",
        "https://",
        "",
        "http://[x",
        7,
    ],
)
def test_only_addresses_of_the_web_are_shown(url: object) -> None:
    """Anything else in a payload is no link."""
    assert address(url) == ""
    assert (
        links("openalex", {"locations": [{**PLACE, "pdf_url": url}]})[0].kind == "page"
    )


def test_other_sources_have_no_links() -> None:
    """A file's row says nothing of open access."""
    assert links("a library", {"link": [{"URL": "https://x.example"}]}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "is_oa",
                    "pdf_url",
                    "landing_page_url",
                    "URL",
                    "license",
                    "version",
                    "source",
                    "content-version",
                    "display_name",
                    "oa_url",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
KEYS = [
    "best_oa_location",
    "locations",
    "primary_location",
    "open_access",
    "link",
    "license",
    "container-title",
]


@given(
    st.sampled_from(["openalex", "crossref"]),
    st.dictionaries(st.sampled_from(KEYS), JSON),
)
def test_any_payload_can_be_read(source: str, payload: dict[str, Any]) -> None:
    """Whatever stands where a list or an address should, there is an answer."""
    found = links(source, json.loads(json.dumps(payload)))
    assert len({link.url for link in found}) == len(found)
    assert all(link.url.startswith(("http://", "https://")) for link in found)
    assert best(reversed(found)) == found
