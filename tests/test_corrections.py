"""What a correction's text promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author, Citation
from litreview.corrections import EDITABLE, checked, corrected, told
from litreview.errors import LitreviewError, UsageError

CITATION = Citation(
    "openalex",
    "W1",
    "A title",
    (Author("Ng", "Nora"), Author("", literal="Department for Education")),
    2020,
    doi="10.1234/a",
    abstract="One\ntwo",
    retracted=True,
)


@given(st.sampled_from(EDITABLE))
def test_a_fields_own_text_changes_nothing(field: str) -> None:
    """What `told` writes is read back as what it was."""
    text = checked(field, told(CITATION, field))
    assert corrected(CITATION, [(field, text)]) == CITATION


@given(st.sampled_from(sorted(set(EDITABLE) - {"authors"})), st.text(max_size=20))
def test_any_text_is_stored_or_refused(field: str, text: str) -> None:
    """Nothing but a refusal in words comes of any text, and a stored one stays."""
    try:
        stored = checked(field, text)
        after = corrected(CITATION, [(field, stored)])
    except LitreviewError:
        return
    assert corrected(after, [(field, stored)]) == after
    assert "\0" not in told(after, field)


def test_the_last_correction_rules() -> None:
    """Corrections lie on one another in their order."""
    changes = [("year", "1999"), ("title", "B"), ("year", "2001")]
    after = corrected(CITATION, changes)
    assert (after.year, after.title) == (2001, "B")


@pytest.mark.parametrize("field", ["source", "source_id", "flags", "titel", ""])
def test_what_no_correction_may_touch_is_refused(field: str) -> None:
    """Identity and flags are the source's; the refusal lists the fields."""
    with pytest.raises(UsageError, match="use one of: title, authors"):
        checked(field, "x")
