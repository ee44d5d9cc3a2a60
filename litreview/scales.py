"""Response scales: what may be answered, from the lowest score up.

``screening/scales.yaml`` lists them; items name one by its id. A workspace without
the file has the `STARTER` ones. The kind says which stems a scale goes with ("How
often ..." wants a frequency) and how a survey format shows it: agreement, frequency,
quality and rubric are choices in order; choice has no order; number and text have no
answers to choose from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from litreview.protocol import ID
from litreview.yamlfile import Node, refuse_twice

FEWEST = 2  # answers that make a choice


class ScaleKind(StrEnum):
    """How an answer is given, and whether the answers are in order."""

    AGREEMENT = "agreement"
    FREQUENCY = "frequency"
    QUALITY = "quality"
    RUBRIC = "rubric"
    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"

    @property
    def ordered(self) -> bool:
        """Tell whether a later answer means more."""
        return self in {
            ScaleKind.AGREEMENT,
            ScaleKind.FREQUENCY,
            ScaleKind.QUALITY,
            ScaleKind.RUBRIC,
        }


@dataclass(frozen=True)
class Scale:
    """One response scale; its answers are numbered from 1."""

    id: str
    kind: ScaleKind
    answers: tuple[str, ...] = ()
    source: str = ""
    line: int = field(default=0, compare=False)


STARTER = """\
# Response scales. Items name one by its id; the answers are in order, from the lowest
# score up. Kinds: agreement, frequency, quality, rubric, choice, number, text.
scales:
  - id: agree5
    kind: agreement
    answers:
      - Strongly disagree
      - Disagree
      - Neither agree nor disagree
      - Agree
      - Strongly agree
  - id: often5
    kind: frequency
    answers: [Never, Rarely, Sometimes, Often, Very often]
  - id: yes_no
    kind: choice
    answers: ["Yes", "No"]
  - id: number
    kind: number
  - id: text
    kind: text
"""


def parse_scales(node: Node) -> dict[str, Scale]:
    """Read scales.yaml: id -> scale, in the order of the file.

    Raises `InputFileError` at the first mistake: an id twice, a choice with fewer
    than two answers, answers where none are chosen from.
    """
    node.fields(required={"scales"})
    refuse_twice(node["scales"].items(), "id")
    scales = [_scale(item) for item in node["scales"]]
    return {scale.id: scale for scale in scales}


def _scale(node: Node) -> Scale:
    node.fields(required={"id", "kind"}, optional={"answers", "source"})
    kind = node.member("kind", ScaleKind)
    answers = node.sentences("answers")
    open_ended = kind in {ScaleKind.NUMBER, ScaleKind.TEXT}
    if open_ended and answers:
        raise node["answers"].error(f"a scale of the kind {kind} has no answers")
    if not open_ended and len(answers) < FEWEST:
        raise node.error(
            f"a scale of the kind {kind} needs at least {FEWEST} answers",
        )
    if len(set(answers)) < len(answers):
        raise node["answers"].error("an answer stands there twice")
    return Scale(
        id=node.identifier("id", ID, "agree5"),
        kind=kind,
        answers=answers,
        source=node.words("source", ""),
        line=node.line,
    )
