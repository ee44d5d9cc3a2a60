"""A questionnaire on paper: numbered questions with boxes to tick, as a Word file.

Neighbours with the same answers are a table. Respondents see neither variables nor
reverse flags: these stand at the end, in a key for the team that is taken out before
use. Microsoft Forms imports such a Word file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from litreview.document import (
    Block,
    Document,
    Heading,
    Table,
    clean,
    points,
    say,
    warn,
)
from litreview.docxfile import to_docx
from litreview.scales import ScaleKind
from litreview.survey import (
    FEWEST_IN_GRID,
    Naming,
    Question,
    Questionnaire,
    numbered,
    refuse,
    runs,
)

NAMING = Naming(
    "a Word file",
    64,  # characters; statistics programs cut longer names of columns
    re.compile(r"[A-Za-z][A-Za-z0-9_]*"),
    "it begins with a letter, then come letters, digits and _",
)
BOX = "\u2610"
NUMBER_LINE, TEXT_LINE = "_" * 10, "_" * 60
KEY = "Key for the team"
KEY_HEAD = ("No.", "Variable", "Item", "Construct", "Scale", "Values", "Reverse")


def to_paper(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as a DOCX file.

    Raises `LitreviewError` with all problems in words.
    """
    refuse(questionnaire, NAMING)
    return to_docx(paper(questionnaire))


def paper(questionnaire: Questionnaire) -> Document:
    """Return the questionnaire as a document: its blocks, then the key."""
    numbers = {one.name: n for n, one in enumerate(questionnaire.questions, start=1)}
    blocks: list[Block] = []
    for block in questionnaire.blocks:
        blocks.append(Heading(block.title))
        if block.intro:
            blocks.append(say(block.intro))
        for questions in runs(block):
            grid = len(questions) >= FEWEST_IN_GRID
            blocks += (
                _grid(questions, numbers) if grid else _single(questions[0], numbers)
            )
    return Document(questionnaire.title, (*blocks, *_key(questionnaire, numbers)))


def _grid(questions: tuple[Question, ...], numbers: Mapping[str, int]) -> list[Block]:
    answers = [answer for _value, answer in numbered(questions[0].scale)]
    rows = tuple(
        (str(numbers[one.name]), _words(one), *(BOX for _ in answers))
        for one in questions
    )
    return [Table(("", "", *answers), rows)]


def _single(one: Question, numbers: Mapping[str, int]) -> Iterator[Block]:
    yield say(f"{numbers[one.name]}. {_words(one)}")
    if one.scale.kind == ScaleKind.NUMBER:
        yield say(NUMBER_LINE)
    elif one.scale.kind == ScaleKind.TEXT:
        yield say(TEXT_LINE)
    else:
        yield points(*(f"{BOX} {answer}" for _value, answer in numbered(one.scale)))


def _words(one: Question) -> str:
    return f"{clean(one.text)} ({clean(one.hint)})" if one.hint else clean(one.text)


def _key(questionnaire: Questionnaire, numbers: Mapping[str, int]) -> list[Block]:
    rows = tuple(
        (
            str(numbers[one.name]),
            one.name,
            str(one.item_id),
            one.construct,
            one.scale.id,
            f"1-{len(one.scale.answers)}" if one.scale.answers else "",
            "yes" if one.reverse else "",
        )
        for one in questionnaire.questions
    )
    version = f"{questionnaire.id}, version {questionnaire.version}"
    return [
        Heading(KEY),
        warn("take this page out before the questionnaire is handed out."),
        say(f"The questionnaire is {version}. Answers count from 1, the first one."),
        Table(KEY_HEAD, rows, frozenset({0, 2})),
    ]
