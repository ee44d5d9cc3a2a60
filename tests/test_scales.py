"""Response scales are read from YAML, and refused where nobody could answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import scales, yamlfile
from litreview.errors import InputFileError
from litreview.scales import Scale, ScaleKind


def read(text: str) -> dict[str, Scale]:
    """Read a scales.yaml."""
    return scales.parse_scales(yamlfile.parse(text, "scales.yaml"))


def test_the_starter_has_a_scale_of_each_usual_kind() -> None:
    """A workspace without the file has these five, in this order."""
    found = read(scales.STARTER)
    assert list(found) == ["agree5", "often5", "yes_no", "number", "text"]
    assert found["agree5"].answers[0] == "Strongly disagree"
    assert len(found["agree5"].answers) == 5
    assert found["yes_no"].answers == ("Yes", "No")
    assert found["text"].answers == ()


def test_only_graded_kinds_are_in_order() -> None:
    """More of an answer means something for agreement, not for a choice."""
    graded = {kind for kind in ScaleKind if kind.ordered}
    assert graded == {
        ScaleKind.AGREEMENT,
        ScaleKind.FREQUENCY,
        ScaleKind.QUALITY,
        ScaleKind.RUBRIC,
    }


def test_a_scale_keeps_its_source_and_line() -> None:
    """F41: a rubric from emerging to leading is a scale, with where it is from."""
    text = (
        "scales:\n  - id: rubric4\n    kind: rubric\n"
        "    answers: [Emerging, Developing, Secure, Leading]\n"
        "    source: Case study, page 3\n"
    )
    scale = read(text)["rubric4"]
    assert (scale.kind, scale.line) == (ScaleKind.RUBRIC, 2)
    assert scale.source == "Case study, page 3"
    assert scale.answers == ("Emerging", "Developing", "Secure", "Leading")


@pytest.mark.parametrize(
    ("entries", "line", "message"),
    [
        ("- {id: a, kind: agreement, answers: [Yes]}", 2, "at least 2 answers"),
        ("- {id: a, kind: choice}", 2, "at least 2 answers"),
        ("- {id: a, kind: number, answers: [One, Two]}", 2, "has no answers"),
        ("- {id: a, kind: choice, answers: [One, One]}", 2, "stands there twice"),
        ("- {id: a, kind: agrement, answers: [One, Two]}", 2, "Did you mean"),
        ("- {id: 5 points, kind: text}", 2, "is not a usable id"),
        ("- {id: a, kind: text, points: 5}", 2, "unknown field 'points'"),
        ("- {id: a, kind: text}\n  - {id: a, kind: number}", 3, "stands twice"),
        ("- {kind: text}", 2, "'id' is missing"),
    ],
)
def test_a_bad_scale_is_refused_with_its_line(
    entries: str, line: int, message: str
) -> None:
    """The first mistake is told with file and line."""
    with pytest.raises(InputFileError, match=message) as caught:
        read(f"scales:\n  {entries}\n")
    assert caught.value.line == line


def test_other_fields_of_the_file_are_refused() -> None:
    """A file without scales, or with something beside them, is no scales.yaml."""
    with pytest.raises(InputFileError, match="'scales' is missing"):
        read("{}")
    with pytest.raises(InputFileError, match="unknown field 'scale'"):
        read("scales: []\nscale: []\n")


ANSWERS = st.lists(
    st.text("abc xyzéß:#'\"-", min_size=1, max_size=12).filter(
        lambda text: text == " ".join(text.split())
    ),
    min_size=2,
    max_size=7,
    unique=True,
)


@given(ANSWERS)
def test_answers_come_back_as_written_and_in_order(answers: list[str]) -> None:
    """Whatever signs they have, no answer is lost, changed or moved."""
    entry = {"id": "made", "kind": "choice", "answers": answers}
    found = read(json.dumps({"scales": [entry]}, ensure_ascii=False))
    assert found["made"].answers == tuple(answers)
