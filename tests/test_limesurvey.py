"""The LimeSurvey TSV, read back by a parser written for this test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import pytest
from asked import SAMPLE, Told, ask, questionnaires, told, unescaped
from hypothesis import given, settings

from litreview.errors import LitreviewError
from litreview.limesurvey import spelled, to_limesurvey
from litreview.survey import Block, Questionnaire


def rows(content: bytes) -> list[dict[str, str]]:
    """Return the rows; the importer splits lines at tabs and undoes quotes."""
    text = content.decode("utf-8")
    assert '"' not in text
    head, *lines = text.removesuffix("\n").split("\n")
    names = head.split("\t")
    cells = [line.split("\t") for line in lines]
    assert {len(line) for line in cells} == {len(names)}
    return [dict(zip(names, line, strict=True)) for line in cells]


def read(content: bytes) -> list[Told]:
    """Read questions by place: below their group, with the rows that follow them."""
    found: list[Told] = []
    block = ""
    question: list[dict[str, str]] = []
    for row in rows(content):
        if row["class"] in {"G", "Q"}:
            found += _questions(question, block)
            question = []
        if row["class"] == "G":
            block = unescaped(row["name"])
        elif row["class"] in {"Q", "SQ", "A"}:
            question.append(row)
    return [*found, *_questions(question, block)]


def _questions(made: list[dict[str, str]], block: str) -> Iterator[Told]:
    kinds = {k: list(g) for k, g in groupby(made, key=lambda row: row["class"])}
    answers = tuple((row["name"], unescaped(row["text"])) for row in kinds.get("A", ()))
    for row in kinds.get("SQ", kinds.get("Q", ())):
        name = row["name"]
        yield Told(name, unescaped(row["text"]), answers, block, name.endswith("r"))


def expected(questionnaire: Questionnaire) -> list[Told]:
    """Return what must be there, under LimeSurvey's names."""
    return [replace(one, variable=spelled(one.variable)) for one in told(questionnaire)]


def test_the_rows_stand_in_the_order_that_makes_them_children() -> None:
    """S, SL, then each group with its questions, subquestions and answers."""
    found = rows(to_limesurvey(SAMPLE))
    assert [(row["class"], row["type/scale"]) for row in found] == [
        *[("S", "")] * 3,
        ("SL", ""),
        ("G", "G1"),
        *[("Q", "F"), ("SQ", "0"), ("SQ", "0"), *[("A", "0")] * 5],
        ("Q", "N"),
        *[("Q", "L"), ("A", "0"), ("A", "0")],
        ("G", "G2"),
        *[("Q", "L"), *[("A", "0")] * 3],
        ("Q", "T"),
    ]
    assert {row["language"] for row in found if row["class"] != "S"} == {"en"}
    title = next(row for row in found if row["name"] == "surveyls_title")
    assert title["text"] == "Staff survey"
    assert [row["mandatory"] for row in found if row["class"] == "Q"] == list("NNNYN")
    assert max(len(row["name"]) for row in found if row["class"] in {"Q", "SQ"}) <= 20


def test_an_arrays_name_is_no_variables_name() -> None:
    """A construct called "array" does not collide with the arrays."""
    questions = (ask("array", 1, "One."), ask("array", 2, "Two."))
    asked = replace(SAMPLE, blocks=(Block("a", "A", questions),))
    names = [r["name"] for r in rows(to_limesurvey(asked)) if r["class"] in {"Q", "SQ"}]
    assert names == ["array3", "array1", "array2"]


@settings(max_examples=40, deadline=None)
@given(questionnaires())
def test_everything_is_read_back(questionnaire: Questionnaire) -> None:
    """Whatever the words, they break no cell, no row and no expression."""
    content = to_limesurvey(questionnaire)
    assert read(content) == expected(questionnaire)
    assert b"{" not in content


def test_a_name_beyond_ascii_is_refused() -> None:
    """LimeSurvey takes letters and digits alone."""
    one = replace(SAMPLE.questions[0], name="école")
    with pytest.raises(LitreviewError, match="cannot become LimeSurvey") as caught:
        to_limesurvey(replace(SAMPLE, blocks=(Block("a", "A", (one,)),)))
    assert "beyond a-z" in caught.value.why


def test_the_same_questionnaire_gives_the_same_bytes() -> None:
    """Nothing in the file changes with the time."""
    assert to_limesurvey(SAMPLE) == to_limesurvey(SAMPLE)
