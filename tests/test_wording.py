"""What people write is stored to the letter, or refused in words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.errors import LitreviewError
from litreview.vocabulary import CmoRole
from litreview.wording import choice, phrase, verbatim

STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(STORABLE)
def test_a_quotation_is_kept_to_the_letter(text: str) -> None:
    """Only the Unicode form changes; blanks and line ends stay; twice is once."""
    if not text.strip():
        with pytest.raises(LitreviewError, match="the quote is empty"):
            verbatim(text, "quote")
        return
    stored = verbatim(text, "quote")
    assert stored == unicodedata.normalize("NFC", text)
    assert verbatim(stored, "quote") == stored


def test_a_phrase_is_one_line() -> None:
    """Runs of white space, line ends included, become one blank; accents compose."""
    assert phrase("  cafe\u0301\n on  the\tcorner ", "name") == "café on the corner"
    assert phrase(" ", "speaker", required=False) == ""
    with pytest.raises(LitreviewError, match="the locator is empty"):
        phrase(" \n", "locator")


@pytest.mark.parametrize("bad", ["a\x00b", "a\udce9b"])
def test_what_no_database_can_hold_is_refused(bad: str) -> None:
    """A NUL and an undecodable byte are refused before the database chokes on them."""
    for function in (verbatim, phrase):
        with pytest.raises(LitreviewError, match="cannot be stored"):
            function(bad, "quote")


def test_a_word_outside_the_list_is_refused_with_the_list() -> None:
    """The refusal says what was meant and what there is."""
    assert choice(CmoRole, "context", "role") is CmoRole.CONTEXT
    with pytest.raises(LitreviewError) as caught:
        choice(CmoRole, "contxt", "role")
    assert "'context'" in caught.value.why
    assert "context, mechanism, outcome" in caught.value.fix
