"""The questionnaire as a Word file, read back by a reader written for this test."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import docx
import pytest
from asked import SAMPLE, Told, questionnaires, told
from docx.table import Table
from hypothesis import given, settings

from litreview.document import clean
from litreview.errors import LitreviewError
from litreview.paper import to_paper
from litreview.survey import Block, Questionnaire

BOX = "☐"


def read(content: bytes) -> list[Told]:
    """Read what respondents see, then what the key tells of each number."""
    word = docx.Document(io.BytesIO(content))
    asked: dict[str, tuple[str, list[str], str]] = {}
    block = number = ""
    for part in word.iter_inner_content():
        if isinstance(part, Table):
            asked |= _grid(part, block)
            continue
        style = part.style.name if part.style else ""
        if style == "Heading 1":
            block, number = part.text, ""
        elif style == "List Bullet":
            asked[number][1].append(part.text.removeprefix(f"{BOX} "))
        elif (found := re.match(r"(\d+)\. (.*)", part.text)) is not None:
            number = found[1]
            asked[number] = (found[2], [], block)
    return list(_with_key(asked, word.tables[-1]))


def _grid(table: Table, block: str) -> dict[str, tuple[str, list[str], str]]:
    head, *rows = [[cell.text for cell in row.cells] for row in table.rows]
    if head[0]:  # the key has a first heading
        return {}
    assert {cell for row in rows for cell in row[2:]} == {BOX}
    return {row[0]: (row[1], head[2:], block) for row in rows}


def _with_key(
    asked: dict[str, tuple[str, list[str], str]], key: Table
) -> Iterator[Told]:
    _head, *rows = [[cell.text for cell in row.cells] for row in key.rows]
    assert [row[0] for row in rows] == list(asked)
    for number, name, *_rest, reverse in rows:
        text, answers, block = asked[number]
        values = tuple((str(n), words) for n, words in enumerate(answers, 1))
        yield Told(name, text, values, block, reverse == "yes")


def expected(questionnaire: Questionnaire) -> list[Told]:
    """Return what must be there: on paper a text is one line."""
    return [replace(one, text=clean(one.text)) for one in told(questionnaire)]


def plain(questionnaire: Questionnaire) -> Questionnaire:
    """Return it without hints and intros, which stand among the questions."""
    blocks = tuple(
        replace(
            block,
            intro="",
            questions=tuple(replace(one, hint="") for one in block.questions),
        )
        for block in questionnaire.blocks
    )
    return replace(questionnaire, blocks=blocks)


@settings(max_examples=8, deadline=None)
@given(questionnaires())
def test_everything_is_read_back(questionnaire: Questionnaire) -> None:
    """Numbers, words, answers, blocks, and in the key variables and reverse flags."""
    asked = plain(questionnaire)
    assert read(to_paper(asked)) == expected(asked)


def test_respondents_see_neither_variables_nor_reverse_flags() -> None:
    """They stand in the key alone, under a warning to take it out."""
    word = docx.Document(io.BytesIO(to_paper(SAMPLE)))
    seen: list[str] = []
    for part in word.iter_inner_content():
        if isinstance(part, Table):
            seen += [cell.text for row in part.rows for cell in row.cells]
        elif part.text == "Key for the team":
            break
        else:
            seen.append(part.text)
    assert "1. PD" not in seen
    assert "PD in my school follows a plan." in seen
    assert "3. How many hours? (In the last month)" in seen
    assert "Please think of your own school." in seen
    assert not any("strat" in text or "reverse" in text.lower() for text in seen)
    assert any(
        line.text.startswith("Attention: take this page") for line in word.paragraphs
    )


def test_an_empty_questionnaire_is_refused() -> None:
    """A title alone asks nothing."""
    with pytest.raises(LitreviewError, match="cannot become a Word file"):
        to_paper(replace(SAMPLE, blocks=()))


def test_the_same_questionnaire_gives_the_same_bytes() -> None:
    """Nothing in the file changes with the time."""
    one = Block("a", "A", SAMPLE.questions)
    assert to_paper(replace(SAMPLE, blocks=(one,))) == to_paper(
        replace(SAMPLE, blocks=(one,))
    )
