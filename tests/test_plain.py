"""Reading fields: what sources do to them, and what cannot be trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.plain import (
    container_words,
    family_name,
    leading_number,
    notice_kind,
    page_numbers,
    plain_author,
    plain_doi,
    plain_words,
    title_words,
    unscramble,
)
from litreview.text import title_key


@given(st.text(st.characters(max_codepoint=127, exclude_characters="<&"), max_size=40))
def test_the_short_cut_for_plain_text_agrees_with_title_key(text: str) -> None:
    """ASCII text gives the same words by the fast way as by `title_key`."""
    assert plain_words(text) == title_key(text)


@given(st.text(max_size=60))
def test_no_text_is_too_strange_to_read(text: str) -> None:
    """Every field reader takes any text, and words come out parted by one blank."""
    words = title_words(text)
    assert words == " ".join(words.split())
    assert family_name(plain_author(text)) == family_name(plain_author(text)).strip()
    first, last = page_numbers(text)
    assert 0 <= first <= last
    assert leading_number(text) >= 0
    assert notice_kind(words) in range(7)
    assert plain_doi(text) == plain_doi(plain_doi(text))


@pytest.mark.parametrize(
    ("pages", "numbers"),
    [
        ("1091-1097", (1091, 1097)),
        ("1091-7", (1091, 1097)),
        ("S76-S101", (76, 101)),
        ("S4-76-S4-101", (76, 101)),
        ("411\u2010438", (411, 438)),
        ("46--54", (46, 54)),
        ("92???4", (92, 94)),
        ("e0143396", (143396, 143396)),
        ("233-8, 230-5, 246-51", (230, 251)),
        ("12", (12, 12)),
        ("38-5", (38, 38)),
        ("01-Aug", (0, 0)),
        ("Sep-14", (0, 0)),
        ("94 p", (0, 0)),
        ("xii-xv", (0, 0)),
        ("No Pagination Specified", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_pages_become_numbers(pages: str, numbers: tuple[int, int]) -> None:
    """Short forms are expanded; dates, counts and words are no pages."""
    assert page_numbers(pages) == numbers


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("[Schulen am Meer]", "schulen am meer"),
        ("Schools at sea [see comments]", "schools at sea"),
        ("Schools [Erratum appears in J. 2005;352(20):2146]", "schools"),
        ("Schools at sea <ORIGINAL> SCHULEN", "schools at sea"),
        ("Short report: schools", "schools"),
        ("RETRACTED: schools", "schools"),
        ("Schools &amp; <i>seas</i>", "schools and seas"),
        ("Die \u03b2-Variante", "die beta variante"),
        ("\u00c3\u2030coles", "ecoles"),
        ("#NAME?", ""),
        ("", ""),
    ],
)
def test_titles_lose_what_databases_hang_on_them(title: str, words: str) -> None:
    """Marks, labels, markup and second languages are no part of a title."""
    assert title_words(title) == words


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("schools at sea", 0),
        ("schools at sea vol 12 pg 33 2011", 1),
        ("erratum schools at sea", 2),
        ("author correction schools at sea", 2),
        ("retraction schools at sea", 3),
        ("reply to schools at sea", 4),
        ("schools at sea a reply to marsh", 4),
        ("comment on schools at sea", 5),
        ("re schools at sea", 5),
        ("review of schools at sea", 6),
        ("corrective feedback in response times", 0),
        ("a systematic review of schools", 0),
    ],
)
def test_notices_are_told_from_articles(title: str, kind: int) -> None:
    """A title that announces another text is recognised by how it is worded."""
    assert notice_kind(title) == kind


def test_dois_are_decoded_before_they_are_compared() -> None:
    """Addresses, percent signs, entities and versions of a deposit all fold."""
    assert plain_doi("https://doi.org/10.1016/S0140-6736%2800%2901234-5") == (
        "10.1016/s0140-6736(00)01234-5"
    )
    assert plain_doi("10.1002/1096&lt;1::x&gt;3.0.co;2-c") == (
        "10.1002/1096<1::x>3.0.co;2-c"
    )
    assert plain_doi("10.6084/m9.figshare.77.v3") == "10.6084/m9.figshare.77"
    assert plain_doi("see the website") == ""


@pytest.mark.parametrize(
    ("volume", "number"),
    [("65 (Supplement 1)", 65), ("76 Suppl 4", 76), ("2)", 0), ("", 0), ("XII", 0)],
)
def test_volumes_are_trusted_only_whole(volume: str, number: int) -> None:
    """The rest of a volume that a parser cut is not taken for the volume."""
    assert leading_number(volume) == number


def test_parallel_titles_of_a_journal_go() -> None:
    """A journal is its first name, without place, society or conference."""
    assert container_words("Ai zheng = Chinese journal of cancer") == "ai zheng"
    assert container_words("Circulation. Conference: AHA Sessions") == "circulation"
    assert container_words("Oncology (Williston Park)") == "oncology"
    assert container_words("(1946)") == "1946"


def test_misread_letters_are_restored_only_where_that_works() -> None:
    """Text that is right stays as it is."""
    assert unscramble("Pe\u00c3\u00b1a") == "Pe\u00f1a"
    assert unscramble("\u00c2ge d\u2019or") == "\u00c2ge d\u2019or"
