"""What a failure says in one paragraph."""

from __future__ import annotations

import pytest

from litreview.errors import InputFileError, LitreviewError


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("it is empty", "", ""), "it is empty"),
        (("it is empty", "nobody wrote", ""), "it is empty: nobody wrote"),
        (("it is empty", "", "fill it"), "it is empty. Fix: fill it"),
        (
            ("it is empty", "nobody wrote", "fill it"),
            "it is empty: nobody wrote. Fix: fill it",
        ),
        (
            ("It is empty.", "Is it the one?", "look."),
            "It is empty. Is it the one? Fix: look.",
        ),
    ],
)
def test_the_parts_are_parted(parts: tuple[str, str, str], told: str) -> None:
    """What, why and fix do not run into each other, nor are two stops set."""
    what, why, fix = parts
    assert str(LitreviewError(what, why=why, fix=fix)) == told


def test_a_file_is_named_with_its_line() -> None:
    """In front, where editors look for it."""
    error = InputFileError("a.yaml", 3, "no title", why="it is empty", fix="write one")
    assert str(error) == "a.yaml:3: no title: it is empty. Fix: write one"
