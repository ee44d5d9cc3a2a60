"""Promises of litreview.text."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.text import (
    clean_lines,
    clean_markup,
    issns,
    name_key,
    normalise_doi,
    normalise_orcid,
    page_range,
    printable,
    sort_key,
    split_name,
    title_key,
)

SICI = "10.1002/(sici)1098-1004(1998)11:4<286::aid-humu6>3.3.co;2-2"


@pytest.mark.parametrize(
    ("value", "doi"),
    [
        ("10.1000/ABC", "10.1000/abc"),
        ("doi: 10.1000/abc", "10.1000/abc"),
        ("DOI 10.1000/abc", "10.1000/abc"),
        ("https://doi.org/10.1000/abc", "10.1000/abc"),
        ("http://dx.doi.org/10.1000/abc.", "10.1000/abc"),
        ("doi.org/10.1000/abc", "10.1000/abc"),
        ("https://doi.org/https://doi.org/10.1000/abc", "10.1000/abc"),
        ("https://doi-org.proxy.example.ac.uk/10.1000/abc", "10.1000/abc"),
        ("https://doi.org/10.1000%2Fabc", "10.1000/abc"),
        ("https://doi.org/10.1000%252Fabc", "10.1000/abc"),
        ("10.1000/abc [doi]", "10.1000/abc"),
        ("10.1000/abc).", "10.1000/abc"),
        ("(10.1000/abc)", ""),
        ('10.1000/abc",', "10.1000/abc"),
        ("10.1000/a(b)", "10.1000/a(b)"),
        ("10.1000/\u200babc\ufeff", "10.1000/abc"),
        (SICI.upper(), SICI),
        ("https://doi.org/" + SICI.replace("<", "%3C").replace(">", "%3E"), SICI),
        ("10.1016/s0021-9258(18)45014-4", "10.1016/s0021-9258(18)45014-4"),
        ("10.1000/50%-more", "10.1000/50%-more"),
    ],
)
def test_a_doi_has_one_spelling(value: str, doi: str) -> None:
    """Addresses, prefixes, escapes and punctuation come off a DOI; nothing else."""
    assert normalise_doi(value) == doi


@pytest.mark.parametrize(
    "value",
    [None, "", "  ", "n/a", "10.1/x", "10.1000", "10.1000/", "10.1000/a b",
     "https://example.org/x", "11.1000/abc", "10.1000/a\0b", "10.1000/\ud800"],
)  # fmt: skip
def test_what_is_no_doi_is_empty(value: str | None) -> None:
    """No text that is not a DOI passes as one."""
    assert normalise_doi(value) == ""


@given(st.text() | st.from_regex(r"(doi:|https://doi\.org/)?10\.\d{4}/\S{1,12}"))
def test_normalising_a_doi_twice_changes_nothing(value: str) -> None:
    """A normal DOI is normal, whatever it came from."""
    once = normalise_doi(value)
    assert normalise_doi(once) == once


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("H<sub>2</sub>O and <i>E. coli</i>", "H2O and E. coli"),
        ("<jats:p>One</jats:p><jats:p>Two</jats:p>", "One Two"),
        ("Line<br/>break", "Line break"),
        ("p < 0.05 and x > 3", "p < 0.05 and x > 3"),
        ("where a <b and c> d", "where a <b and c> d"),
        ("p &lt; 0.05", "p < 0.05"),
        ("Teaching &amp;amp; learning", "Teaching & learning"),
        ("&amp;lt;i&amp;gt;x&amp;lt;/i&amp;gt;", "x"),
        ("AT&T and R&D &copy 2020", "AT&T and R&D &copy 2020"),
        ('<mml:math xmlns:mml="http://x"><mml:mi>x</mml:mi></mml:math>', "x"),
        ("<math><mi>x</mi><annotation>\\x</annotation></math>", "x"),
        ("  two\n\tblanks\u00a0here ", "two blanks here"),
        ("e\u0301", "\u00e9"),
        ("a\0b\ud800c\x1bd", "abcd"),
        ("soft\u00adhyphen", "softhyphen"),
        ("<!-- note -->kept<![CDATA[ too ]]>", "kept too"),
        (None, ""),
    ],
)
def test_markup_becomes_plain_words(raw: str | None, clean: str) -> None:
    """Tags, entities and stray blanks go; comparisons and ampersands stay."""
    assert clean_markup(raw) == clean


@given(st.text())
def test_cleaned_text_can_be_stored_anywhere(raw: str) -> None:
    """Clean text is NFC UTF-8 without NUL, control characters or line ends."""
    clean = clean_markup(raw)
    assert clean.encode("utf-8").decode("utf-8") == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert not any(unicodedata.category(c) == "Cc" for c in clean)
    assert clean == clean.strip()


def test_lines_stay_lines() -> None:
    """Paragraphs survive cleaning; empty ones do not."""
    assert clean_lines("<b>One</b>  x\r\n\n two ") == "One x\ntwo"


def test_hostile_markup_is_read_in_linear_time() -> None:
    """A megabyte of opened tags does not hold the program up."""
    start = time.perf_counter()
    clean_markup("<a " * 50_000 + "<math>" + "<tex-math>" * 2_000 + "<!--" * 5_000)
    normalise_doi("doi" * 680)
    normalise_doi("doi" * 30_000)
    page_range("1-" * 30_000)
    assert time.perf_counter() - start < 2


def test_titles_compare_by_their_words() -> None:
    """Case, accents, punctuation and "&" make no difference between titles."""
    plain = title_key("The Łódź study: teachers and école")
    assert plain == "the lodz study teachers and ecole"
    assert title_key("THE ŁÓDŹ STUDY—Teachers & École?") == plain
    assert title_key("Straße") == title_key("STRASSE")
    assert title_key("Part I") != title_key("Part II")
    assert title_key("…!") == ""


def test_other_scripts_keep_their_vowels() -> None:
    """Only European accents are folded: other words stay distinct."""
    assert title_key("校长领导") == "校长领导"
    assert title_key("हिन्दी") != title_key("हन्द")


@given(st.text())
def test_a_title_key_is_its_own_key(title: str) -> None:
    """Making the key of a key changes nothing."""
    key = title_key(title)
    assert title_key(key) == key


def test_names_compare_by_family_and_initial() -> None:
    """Initials, accents and hyphens make no difference between names."""
    assert name_key("Müller-Lüdenscheidt", "Karl-Heinz") == name_key(
        "muller ludenscheidt", "K."
    )
    assert name_key("Smith", "") == "smith"
    assert name_key("Smith", "Ann") != name_key("Smith", "Bob")


@pytest.mark.parametrize(
    ("pages", "ends"),
    [
        ("1091-7", ("1091", "1097")),
        ("101\u2013120", ("101", "120")),
        ("101 -- 120", ("101", "120")),
        ("pp. 5-9", ("5", "9")),
        ("S12-8", ("S12", "S18")),
        ("S12-S18", ("S12", "S18")),
        ("98-102", ("98", "102")),
        ("5-5", ("5", "")),
        ("e0123456", ("e0123456", "")),
        ("1308-1309.e1", ("1308", "1309.e1")),
        ("xii-xv", ("xii", "xv")),
        ("2-1-2-15", ("2-1", "2-15")),
        ("12, 14-18", ("12", "18")),
        ("123-5, 130", ("123", "130")),
        ("115-12", ("115", "12")),
        ("-7", ("7", "")),
        ("", ("", "")),
        (None, ("", "")),
    ],
)
def test_pages_have_two_ends(pages: str | None, ends: tuple[str, str]) -> None:
    """A page range has a first and a last page, short forms written out."""
    assert page_range(pages) == ends


@given(st.text(max_size=30))
def test_no_pages_break_the_reader(pages: str) -> None:
    """Any text gives two texts."""
    first, last = page_range(pages)
    assert isinstance(first, str)
    assert isinstance(last, str)


@pytest.mark.parametrize(
    "hostile",
    ["\x1b]0;owned\x07", "\x1b[2J", "\x9b31m", "\u202ereversed", "\x00", "\ud800",
     "\u2066x\u2069"],
)  # fmt: skip
def test_no_text_steers_the_terminal(hostile: str) -> None:
    """Escape sequences and direction marks lose the character that acts."""
    shown = printable(f"a{hostile}b\nc\td")
    assert not any(unicodedata.category(c)[0] == "C" for c in shown)
    assert shown.startswith("a")
    assert shown.endswith("b c d")


def test_printable_keeps_what_people_wrote() -> None:
    """Brackets, emoji joiners and, if asked for, line ends stay."""
    assert printable("[/bold] x") == "[/bold] x"
    persian = "\u0645\u06cc\u200c\u062e"
    assert printable(persian) == persian
    assert printable("a\r\nb\u2028c", keep_newlines=True) == "a\nb\nc"


@given(st.text())
def test_printable_text_has_no_hidden_character(text: str) -> None:
    """Whatever comes in, only joiners are left of Unicode category C."""
    left = {c for c in printable(text) if unicodedata.category(c)[0] == "C"}
    assert left <= {"\u200c", "\u200d"}


def test_sorting_is_what_a_person_expects() -> None:
    """Accents and case do not part names, and 2 comes before 10."""
    names = ["Zhou", "Émile", "eagle", "Volume 10", "Volume 2"]
    assert sorted(names, key=sort_key) == [
        "eagle", "Émile", "Volume 2", "Volume 10", "Zhou",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sims, Sam", ("Sims", "Sam")),
        ("Sam Sims", ("Sims", "Sam")),
        ("Ludwig van Beethoven", ("van Beethoven", "Ludwig")),
        ("Herbert Van de Sompel", ("Van de Sompel", "Herbert")),
        ("Smith JA", ("Smith", "JA")),
        ("John Smith Jr.", ("Smith", "John Jr.")),
        ("Smith, Jr., John", ("Smith", "John Jr.")),
        ("J. A. SMITH", ("SMITH", "J. A.")),
        ("Plato", ("Plato", "")),
        ("", ("", "")),
        ("De Souza", ("Souza", "De")),
    ],
)
def test_names_are_split(text: str, name: tuple[str, str]) -> None:
    """The family name is found in each of the usual orders."""
    assert split_name(text) == name


def test_identifiers_are_checked() -> None:
    """An ORCID needs its check digit; ISSNs come once, in order."""
    orcid = "0000-0002-1825-0097"
    assert normalise_orcid(f"http://orcid.org/{orcid}") == orcid
    assert normalise_orcid("0000-0002-1694-233x") == "0000-0002-1694-233X"
    assert normalise_orcid("0000-0002-1825-0098") == ""
    assert normalise_orcid(["0000-0002-1825-0097"]) == ""
    assert issns("1234-567x 12345678, 1234-567X") == "1234-567X 1234-5678"
    assert issns("none 123-4567") == ""
