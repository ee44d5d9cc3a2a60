"""Promises of litreview.sources.reference."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author
from litreview.sources.reference import (
    Told,
    accession,
    citation,
    dated,
    first_url,
    isbns,
    own_id,
    people,
)

KIND = ("article-journal", "", True)


@pytest.mark.parametrize(
    ("texts", "year", "published"),
    [
        (["2019 Jun 12"], 2019, "2019-06-12"),
        (["2019 Nov-Dec"], 2019, "2019-11"),
        (["2019", "JUN 12"], 2019, "2019-06-12"),
        (["12 June 2019"], 2019, "2019-06-12"),
        (["2019 Jun 31"], 2019, "2019-06"),
        (["2019-06-01"], 2019, "2019-06-01"),
        (["Spring 2019"], 2019, "2019"),
        (["2018 Dec-2019 Jan"], 2018, "2018-12"),
        (["2999", "2019"], 2019, "2019"),
        (["n.d."], None, ""),
        ([], None, ""),
    ],
)
def test_dates_of_any_spelling(
    texts: list[str], year: int | None, published: str
) -> None:
    """The first text with a year tells it; the others may make it more precise."""
    assert dated(texts) == (year, published)


@given(st.lists(st.text() | st.dates().map(str) | st.just("2019 Feb 30"), max_size=3))
def test_whatever_a_date_says_the_result_is_one(texts: list[str]) -> None:
    """No text raises; what is returned begins with the year and is an ISO date."""
    year, published = dated(texts)
    if year is None:
        assert published == ""
        return
    assert published.startswith(str(year))
    rest = "-01-01"[len(published) - len("2019") :]
    assert date.fromisoformat(published + rest).year == year


@given(st.text(), st.text(), st.text())
def test_any_text_makes_a_citation(title: str, other: str, address: str) -> None:
    """No text raises, and nothing is kept that a database could not hold."""
    told = Told(
        kind=KIND,
        title=title,
        authors=people([other]),
        dates=(other,),
        doi=other,
        pages=other,
        abstract=title,
        addresses=(address,),
        hints=(title,),
        numbers=other,
    )
    found = citation(told, "1")
    assert "\0" not in found.title + found.abstract + found.doi + found.url
    assert ("no-title" in found.flags) == (not found.title)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("978-0-306-40615-7 (print)", "9780306406157"),
        ("0-306-40615-2; 0306406152", "0306406152"),
        ("0-8044-2957-x", "080442957X"),
        ("1234-5679", ""),
        ("ISBN 978 0 306 40615 7\r0-306-40615-2", "9780306406157 0306406152"),
        ("12345678901234567890", ""),
    ],
)
def test_isbns(text: str, expected: str) -> None:
    """ISBNs are found with and without hyphens; an ISSN is none."""
    assert isbns(text) == expected


@pytest.mark.parametrize(
    ("numbers", "name", "expected"),
    [
        (["2233445566; EJ9900003"], "", ("eric", "EJ9900003")),
        (["ej9900003"], "ERIC", ("eric", "EJ9900003")),
        (["31234567"], "Ovid MEDLINE(R)", ("pubmed", "31234567")),
        (["31234567"], "CINAHL", ("", "")),
        (["2019-54321-001"], "APA PsycInfo", ("psycinfo", "2019-54321-001")),
        (["WOS:000999000000001"], "", ("web-of-science", "WOS:000999000000001")),
        (["EJ99"], "ERIC", ("", "")),
    ],
)
def test_accession_numbers(
    numbers: list[str], name: str, expected: tuple[str, str]
) -> None:
    """A number names its database only where it can be no other's."""
    assert accession(numbers, name) == expected


def test_ids_name_one_entry_each() -> None:
    """An id is given once; one like those that only we give is not taken over."""
    seen: set[str] = set()
    wanted = ["a", " a ", "", "line-9", "record-2", "b" * 501, "b"]
    given_ids = [own_id(seen, text, "other") for text in wanted]
    assert given_ids == ["a", "other", "other", "other", "other", "other", "b"]


def test_names_with_a_comma_behind_them() -> None:
    """EndNote ends organisations with a comma; a lone family name stays a person's."""
    assert people(["Ministry of Example,", "Plato,", "Marsh, Ella\nOsei, K; OECD"]) == (
        Author("", literal="Ministry of Example"),
        Author("Plato"),
        Author("Marsh", "Ella"),
        Author("Osei", "K"),
        Author("", literal="OECD"),
    )


def test_the_first_address_of_the_web() -> None:
    """Several addresses may share a text; those of files on a computer are none."""
    texts = ["internal-pdf://1/a.pdf", "file:///a; https://example.org/b;http://c.org"]
    assert first_url(texts) == "https://example.org/b"
