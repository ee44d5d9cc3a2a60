"""Words are another's exactly, or the difference is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import literal

PASSAGE = "Item 4 reads \u201cI feel\nsafe to try\u2019 new ideas\u201d (p. 9)."


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ("I feel safe to try' new ideas", True),
        ("I  feel safe", True),
        ("feel saf", False),
        ("i feel safe", False),
        ("I feel secure", False),
        ("safe. to try", False),
        ("", False),
    ],
)
def test_words_stand_in_a_passage_as_whole_words(words: str, there: bool) -> None:  # noqa: FBT001
    """Line ends and quotation marks do not matter; case, spelling and halves do."""
    assert literal.stands_in(words, PASSAGE) is there


def test_printed_signs_are_the_typed_ones() -> None:
    """Curled marks, long dashes and soft hyphens are no other words."""
    assert literal.same("the \u201cco\u00adop\u201d \u2013 ours", 'the "coop" - ours')
    assert not literal.same("Trust.", "Trust")
    assert literal.alike("Trust.", "trust")
    assert not literal.alike("Trust me", "Trust")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("I feel secure to try", "I feel [safe -> secure] to try"),
        ("I feel to try", "I feel [safe ->] to try"),
        ("I feel very safe", "I feel [-> very] safe"),
        ("Nobody knows", "[nothing of it -> Nobody knows]"),
    ],
)
def test_a_difference_is_told_in_its_place(words: str, told: str) -> None:
    """What was there, what is here; the passage around it is left out."""
    assert literal.difference(words, "We read: I feel safe to try new ideas") == told


TEXTS = st.lists(st.sampled_from(["I", "feel", "safe", "here", "and", "there"])).map(
    " ".join
)


@given(TEXTS, TEXTS, TEXTS)
def test_what_stands_between_other_words_is_found(
    before: str, words: str, after: str
) -> None:
    """Words put into any text stand in it, and nothing of them differs."""
    passage = f"{before} {words} {after}"
    assert literal.stands_in(words, passage) is (words != "")
    if words:
        assert literal.likeness(words, passage) == 1
        assert literal.same(words, f"  {words}\n")
