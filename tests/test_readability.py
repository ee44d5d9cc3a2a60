"""Words, syllables and the three figures of reading."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from litreview.readability import read, syllables, words

# How many syllables a dictionary gives these.
SPOKEN = {
    1: "cat the school used shared time times have made there months clothes breathe "
    "whole eyes friend through strengths don't",
    2: "table tables needed wanted changes colleagues research something sometimes "
    "teacher science quiet trying useful likely homeless value valued technique nation "
    "session beyond language equal people programme knowledge isn't business",
    3: "ideas creating evidence improvement management engagement implement awareness "
    "completely continue quality period behaviour various opinion usual "
    "employer theory easier effective agreement understand challenges appraisal",
    4: "priorities development professional curriculum experience variety society "
    "material associate variable evaluate criticism coordinate coherently entitlement",
    5: "individual collaboration cooperation evaluation educational organisation",
    6: "reliability responsibility",
}


@pytest.mark.parametrize(
    ("word", "count"),
    [(word, count) for count, line in SPOKEN.items() for word in line.split()],
)
def test_syllables_are_those_that_are_spoken(word: str, count: int) -> None:
    """The rules of English spelling give what a dictionary gives."""
    assert syllables(word) == count
    assert syllables(word.capitalize()) == count


@pytest.mark.parametrize(
    ("word", "count"),
    [("PD", 1), ("NPQs", 1), ("school-based", 2), ("na\u00efve", 2), ("12", 1)],
)
def test_odd_words_are_counted_too(word: str, count: int) -> None:
    """Acronyms and figures are one, the parts of a compound are added."""
    assert syllables(word) == count


def test_the_formulae_are_those_that_were_published() -> None:
    """Six words of one syllable: the three figures worked out by hand."""
    reading = read("The cat sat on the mat.")
    assert (reading.words, reading.sentences, reading.syllables) == (6, 1, 6)
    assert reading.grade == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert reading.ease == pytest.approx(206.835 - 1.015 * 6 - 84.6)
    assert reading.index == pytest.approx(4.71 * 17 / 6 + 0.5 * 6 - 21.43)
    assert reading.per_word == 1


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Is it? Yes! It is.", 3),
        ("We use, e.g. in lessons, 3.5 hours", 1),
        ("One. Two", 2),
        ("He said \u201cyes.\u201d Then he left.", 2),
        ("Wait ...", 1),
        ("", 1),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: int) -> None:
    """Neither abbreviations nor decimals end one; a missing stop does."""
    assert read(text).sentences == sentences


def test_what_the_figures_are_worth_is_said() -> None:
    """Hard words and acronyms stand beside them; a short text is called weak."""
    reading = read("PD priorities in my school are clear to me.")
    assert (reading.hard, reading.acronyms) == (("priorities",), ("PD",))
    assert reading.note == "weak: made for 100 words and more, here are 9"
    assert read("word " * 100).note == ""


def test_a_text_without_words_has_no_figures() -> None:
    """They are undefined, not 0."""
    reading = read(" ... ?")
    found = (reading.grade, reading.ease, reading.index, reading.per_word)
    assert found == (None, None, None, None)
    assert reading.note == "undefined: there are no words"


@pytest.mark.shared
def test_the_worked_examples_are_reproduced(shared: Path) -> None:
    """Every row of the shared examples gives its counts and figures."""
    path = shared / "domain" / "worked_examples.yaml"
    for row in yaml.safe_load(path.read_text("utf-8"))["readability"]:
        reading = read(row["text"])
        for name in ("words", "sentences", "syllables"):
            assert getattr(reading, name) == row[name]
        for name, key in (("grade", "fkgl"), ("ease", "fre"), ("index", "ari")):
            if key in row:
                assert getattr(reading, name) == pytest.approx(row[key], abs=0.006)


@given(st.text(max_size=200))
def test_counts_fit_together(text: str) -> None:
    """No word has less than a syllable, no sentence is without a place."""
    reading = read(text)
    assert reading.words == len(words(text))
    assert reading.syllables >= reading.words
    assert reading.sentences >= 1
    assert (reading.grade is None) == (reading.words == 0)
