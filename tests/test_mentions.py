"""What the team's other files name must be in a codebook."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import BOOK

from litreview import materials, yamlfile
from litreview.codebook import Codebook, parse_codebook
from litreview.errors import InputFileError
from litreview.frameworks import Framework, Frameworks
from litreview.ledger import Claim, ClaimKind, Ledger
from litreview.mentions import mentions, refuse_unknown

LEDGER = """\
claims:
  - {id: a, text: It works., kind: effect, source: x, constructs: [NAME]}
"""
LEVER = "levers:\n  - {id: a, label: A, source: x, constructs: [NAME]}\n"
PLAN = "questions:\n  - {id: Q1, text: How so, constructs: [NAME]}\n"
ANALYSIS = """\
analysis:
  - {part: outcome, label: O, source: x, construct: NAME}
"""
FRAMES = "frameworks:\n  - {id: f, groups: [NAME]}\n"


def book() -> Codebook:
    """Return a codebook with the groups "fit" and "people"."""
    return parse_codebook(yamlfile.parse(BOOK, "book.yaml"), name="book")


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("ledger.yaml", LEDGER, "fit.ned"),
        ("ledger.yaml", LEVER, "fit.ned"),
        ("plan.yaml", PLAN, "fit.ned"),
        ("plan.yaml", ANALYSIS, "fit.ned"),
        ("frameworks.yaml", FRAMES, "peple"),
    ],
)
def test_a_name_that_no_codebook_has_is_refused_with_its_line(
    path: str, text: str, wrong: str
) -> None:
    """The message names the file, the line, and what was probably meant."""
    right = "people" if path == "frameworks.yaml" else "fit.end"
    materials.check({path: text.replace("NAME", right)}, [book()])
    with pytest.raises(InputFileError) as caught:
        materials.check({path: text.replace("NAME", wrong)}, [book()])
    told = str(caught.value)
    assert f"screening/{path}:2" in told
    assert f"Did you mean {right!r}?" in told


def test_a_framework_is_made_of_groups() -> None:
    """A construct is no group, however well it is known."""
    text = FRAMES.replace("NAME", "fit.end")
    with pytest.raises(InputFileError, match=r"no group 'fit\.end'"):
        materials.check({"frameworks.yaml": text}, [book()])


def test_without_codebooks_nothing_is_compared() -> None:
    """A file can be read by itself, as the database gives it back."""
    materials.check({"ledger.yaml": LEDGER.replace("NAME", "no.such")})


@given(st.lists(st.sampled_from(["fit", "people", "fit.end", "x", "y.z"]), max_size=6))
def test_exactly_the_unknown_names_are_refused(names: list[str]) -> None:
    """A claim may name groups and constructs, a framework groups alone."""
    claim = Claim("a", "t", ClaimKind.EFFECT, "s", constructs=tuple(names))
    framework = Framework("f", "F", tuple(names))
    for said, known in (
        (Ledger((claim,)), {"fit", "people", "fit.end"}),
        (Frameworks((framework,)), {"fit", "people"}),
    ):
        assert [one.name for one in mentions(said)] == names
        if set(names) <= known:
            refuse_unknown(said, Path("x.yaml"), [book()])
        else:
            with pytest.raises(InputFileError):
                refuse_unknown(said, Path("x.yaml"), [book()])
