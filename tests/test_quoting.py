"""Tests of litreview.quoting."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.quoting import Match, find, prepare

PAGES = [
    """Teachers build on each other\u2019s work.
This is high-\nquality prac\u00adtice, and they call it \ufb01rst-rate: “shared”
effort. Journal of Made Things 411""",
    """Journal of Made Things 412
Leaders protect time — each week … without fail. The claim is that trust grows
slowly when leaders keep""",
    "413 A. Author\ntheir word and explain their reasons. It ends here.",
]


def look(quote: str, pages: list[str] | None = None) -> Match:
    """Look for a quotation in the three pages."""
    return find(quote, prepare(PAGES if pages is None else pages))


@pytest.mark.parametrize(
    ("quote", "page"),
    [
        ("build on each other's work", "1"),
        ("This is high-quality practice", "1"),
        ("This is high quality practice", "1"),
        ('they call it first-rate: "shared" effort', "1"),
        ("Leaders protect time - each week ... without fail.", "2"),
        ("Leaders protect time\u2014each week\u2026without fail.", "2"),
        ("“Leaders protect time”", "2"),
        ("Leaders\n\n  protect\ttime", "2"),
        ("their word and explain their reasons.", "3"),
        ("trust grows slowly when leaders keep their word and explain", "2-3"),
        ("they call it [...] effort", "1"),
        ("they call it […] effort", "1"),
        ("protect time (...) trust grows", "2"),
        ("Teachers build ... Leaders protect time ... explain their reasons", "1-3"),
        ("claim", "2"),
        ("caf\u0065\u0301", ""),
    ],
)
def test_a_quotation_is_found_with_its_page(quote: str, page: str) -> None:
    """Blanks, hyphens, line ends, ligatures and marks of every shape are no matter."""
    found = look(quote)
    assert (found.found, found.page) == (bool(page), page or found.page)
    assert found.score == 1.0 or not page


def test_composed_and_decomposed_letters_are_the_same() -> None:
    """A PDF may write an accent as a sign of its own."""
    assert look("un café ouvert", ["C'est un cafe\u0301 ouvert."]).found


@pytest.mark.parametrize(
    "quote",
    [
        "teachers build on each other's work",  # another letter case
        "Leaders protect time, each week",  # other signs
        "Leaders protect [...] their reasons [...] each week",  # other order
        "Teachers build [...] explain their reasons",  # a page between the parts
        "aim",  # only inside a word
        "ach other\u2019s",  # begins inside a word
        "- [...] -",
        " ",
    ],
)
def test_what_does_not_stand_there_is_not_found(quote: str) -> None:
    """Case, signs, order and whole words do matter."""
    assert not look(quote).found


def test_the_nearest_passage_is_told() -> None:
    """A slip of the pen gets the words as they stand, their page, and how like."""
    found = look("Leaders protect the time each week without fails")
    assert (found.found, found.page) == (False, "2")
    assert found.nearest.startswith("Leaders protect time - each week")
    assert 0.8 < found.score < 1


def test_nothing_alike_is_no_passage() -> None:
    """Words that stand nowhere have no nearest passage, and an empty text none."""
    assert look("Zebras quickly vexed jumping wizards") == Match(found=False)
    assert look("They trust.", []) == Match(found=False)
    assert look("They trust.", ["", "  "]) == Match(found=False)


def test_an_empty_page_keeps_its_number() -> None:
    """A picture's page has no text, and the page after it keeps its own number."""
    assert look("It ends here.", [PAGES[0], "", PAGES[2]]).page == "3"


def test_what_stands_between_two_pages_is_no_part_of_the_quotation() -> None:
    """A quotation over two pages is not found where the sentence goes on otherwise."""
    assert not look("trust grows slowly when leaders keep quiet about it").found


def test_a_book_is_searched_in_bounded_time() -> None:
    """600 pages take seconds at most, found or not, however short the quotation."""
    words = [f"w{number % 977}{'aeiou'[number % 5]}" for number in range(300_000)]
    pages = [" ".join(words[k : k + 500]) for k in range(0, len(words), 500)]
    begun = time.monotonic()
    book = prepare(pages)
    for quote in (
        "e",
        "w1 w2 [...] nowhere",
        " ".join(words[999:1300]) + " no",
        "w" * 50,
    ):
        find(quote, book)
    assert time.monotonic() - begun < 10


@st.composite
def printed(draw: st.DrawFn) -> tuple[list[str], str, int, int]:
    """Return pages, a window cut from their words, and its first and last page.

    Every word is another, so that the window stands in one place; the pages are
    printed with line ends, broken words, and a head and a foot.
    """
    count = draw(st.integers(20, 60))
    words = [f"{number}word{number * 7919 % 1000}x" for number in range(count)]
    size = draw(st.integers(8, 25))
    first = draw(st.integers(0, count - 1))
    last = draw(st.integers(first, min(count - 1, first + size)))
    pages = []
    for begin in range(0, count, size):
        shown = [broken(draw, word) for word in words[begin : begin + size]]
        lines = "".join(
            word + draw(st.sampled_from([" ", "\n", "  \r\n"])) for word in shown
        )
        pages.append(f"Running head\n{lines}\n{begin // size}")
    return pages, " ".join(words[first : last + 1]), first // size + 1, last // size + 1


def broken(draw: st.DrawFn, word: str) -> str:
    """Return a word, perhaps broken at the end of a line."""
    place = draw(st.integers(0, len(word) - 1))
    mark = draw(st.sampled_from(["", "-\n", "\u00ad\n", "\ufffe\r\n", "\u2010\n"]))
    return word if not place else word[:place] + mark + word[place:]


@given(printed())
def test_any_window_is_found_with_its_page(
    told: tuple[list[str], str, int, int],
) -> None:
    """Whatever the lines, breaks, heads and feet, the words have their page."""
    pages, quote, first, last = told
    found = find(quote, prepare(pages))
    assert (found.found, found.first, found.last) == (True, first, last)
