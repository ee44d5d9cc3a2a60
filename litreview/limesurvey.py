"""A questionnaire as a LimeSurvey survey in tab-separated values.

A block is a question group; neighbours with the same answers are an array (type F)
of subquestions, anything else a question of its own. Variables lose their ``_``, as
LimeSurvey takes letters and digits alone (`spelled`). There is no place for a reverse
flag that respondents do not see: it travels as the end ``r`` of the name, and stands
in the codebook. LimeSurvey takes text for HTML and ``{name}`` for an expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import count

from litreview.document import clean
from litreview.scales import Scale, ScaleKind
from litreview.survey import (
    FEWEST_IN_GRID,
    LONGEST_NAME,
    Naming,
    Question,
    Questionnaire,
    as_html,
    numbered,
    refuse,
    runs,
)

# A "_" between digits keeps them apart, or item 2 of "m1" would be item 12 of "m".
BETWEEN_DIGITS = re.compile(r"(?<=[0-9])_(?=[0-9])")
COLUMNS = (
    *("id", "related_id", "class", "type/scale", "name", "relevance", "text", "help"),
    *("language", "validation", "mandatory", "other", "default"),
    "num_value_int_only",  # an attribute of numeric questions
)
SIGNS = '{}"'  # of expressions, and of quoted cells
ARRAY_TEXT = "Please choose one answer in each row."
TYPES = {ScaleKind.NUMBER: "N", ScaleKind.TEXT: "T"}
ARRAY, LIST = "F", "L"
LOWEST_SID, SIDS = 100_000, 900_000  # LimeSurvey's ids have six digits


def spelled(name: str) -> str:
    """Return a variable's name in LimeSurvey: ``cohinternal12``."""
    return BETWEEN_DIGITS.sub("x", name).replace("_", "")


NAMING = Naming(
    "LimeSurvey",
    LONGEST_NAME,
    re.compile(r"[A-Za-z][A-Za-z0-9]*"),
    "it begins with a letter, then come letters and digits",
    spelled,
)


def to_limesurvey(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as a TXT file: UTF-8, tabs, no quotes.

    Raises `LitreviewError` with all problems in words.
    """
    refuse(questionnaire, NAMING)
    ids = count(1)
    lines: list[tuple[str, ...]] = [COLUMNS]
    for row in _rows(questionnaire):
        if row["class"] in {"G", "Q", "SQ"}:
            row["id"] = str(next(ids))
        lines.append(tuple(row.get(name, "") for name in COLUMNS))
    return "".join("\t".join(line) + "\n" for line in lines).encode()


def _rows(questionnaire: Questionnaire) -> Iterator[dict[str, str]]:
    yield {"class": "S", "name": "sid", "text": _sid(questionnaire.id)}
    yield {"class": "S", "name": "language", "text": questionnaire.language}
    yield {"class": "S", "name": "format", "text": "G"}  # one group on a page
    language = {"language": questionnaire.language}
    title = _text(clean(questionnaire.title))
    yield {"class": "SL", "name": "surveyls_title", "text": title} | language
    taken = {spelled(one.name) for one in questionnaire.questions}
    arrays = (name for number in count(1) if (name := f"array{number}") not in taken)
    for number, block in enumerate(questionnaire.blocks, start=1):
        yield {
            "class": "G",
            "type/scale": f"G{number}",
            "name": _text(clean(block.title)),
            "relevance": "1",
            "text": _text(block.intro),
        } | language
        for questions in runs(block):
            grid = len(questions) >= FEWEST_IN_GRID
            made = _array(questions, next(arrays)) if grid else _single(questions[0])
            yield from (row | language for row in made)


def _single(one: Question) -> Iterator[dict[str, str]]:
    kind = one.scale.kind
    yield {
        "class": "Q",
        "type/scale": TYPES.get(kind, LIST),
        "name": spelled(one.name),
        "relevance": "1",
        "text": _text(one.text),
        "help": _text(one.hint),
        "mandatory": _mandatory(one),
        "other": "N",
        "num_value_int_only": "1" if kind == ScaleKind.NUMBER else "",
    }
    yield from _answers(one.scale)


def _array(questions: tuple[Question, ...], name: str) -> Iterator[dict[str, str]]:
    yield {
        "class": "Q",
        "type/scale": ARRAY,
        "name": name,
        "relevance": "1",
        "text": ARRAY_TEXT,
        "mandatory": _mandatory(questions[0]),
        "other": "N",
    }
    for one in questions:
        yield {
            "class": "SQ",
            "type/scale": "0",
            "name": spelled(one.name),
            "relevance": "1",
            "text": _text(one.text),
            "help": _text(one.hint),
        }
    yield from _answers(questions[0].scale)


def _answers(scale: Scale) -> Iterator[dict[str, str]]:
    for value, answer in numbered(scale):
        yield {
            "class": "A",
            "type/scale": "0",
            "name": str(value),
            "text": _text(answer),
        }


def _mandatory(one: Question) -> str:
    return "Y" if one.required else "N"


def _sid(name: str) -> str:
    """Return the survey's id, which LimeSurvey changes where it is taken."""
    digest = int(sha256(name.encode()).hexdigest()[:8], 16)
    return str(LOWEST_SID + digest % SIDS)


def _text(text: str) -> str:
    return as_html(text, also=SIGNS)
