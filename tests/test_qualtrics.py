"""The Qualtrics TXT, read back by a grammar written for this test."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from asked import SAMPLE, Told, questionnaires, told, unescaped
from hypothesis import given, settings

from litreview.errors import LitreviewError
from litreview.qualtrics import to_qualtrics
from litreview.survey import Questionnaire

TAG = re.compile(r"\[\[([A-Za-z]+)(?::(.*))?\]\]")


def read(content: bytes) -> list[Told]:
    """Read the file line by line: a tag in a line of its own, else text."""
    lines = content.decode("utf-8").split("\n")
    assert lines[0] == "[[AdvancedFormat]]"
    found: list[Told] = []
    block = kind = name = ""
    texts: list[str] = []
    choosing = False
    for line in lines[1:]:
        tag = TAG.fullmatch(line)
        assert tag is not None or "[[" not in line, line
        if tag is None and line:
            texts.append(line)
        elif tag is None and kind:
            if kind != "DB":
                found.append(_question(name, texts, block, choosing=choosing))
            kind, texts, choosing = "", [], False
        elif tag is not None and tag[1] == "Block":
            block = tag[2]
        elif tag is not None and tag[1] == "Question":
            kind = tag[2]
        elif tag is not None and tag[1] == "ID":
            name = tag[2]
        elif tag is not None:
            assert (tag[1], len(texts)) == ("Choices", 1)
            choosing = True
    assert kind == ""
    return found


def _question(name: str, texts: list[str], block: str, *, choosing: bool) -> Told:
    text, *choices = texts
    assert choosing is bool(choices)
    answers = [(str(n), unescaped(words)) for n, words in enumerate(choices, 1)]
    return Told(name, unescaped(text), tuple(answers), block, name.endswith("_r"))


def plain(questionnaire: Questionnaire) -> Questionnaire:
    """Return it without hints, and with titles that can stand in a tag."""
    blocks = []
    for block in questionnaire.blocks:
        title = block.title.replace("[", "(").replace("]", ")")
        questions = tuple(replace(one, hint="") for one in block.questions)
        blocks.append(replace(block, title=title, questions=questions))
    return replace(questionnaire, blocks=tuple(blocks))


def test_the_tags_are_those_of_the_advanced_format() -> None:
    """Blocks, descriptive text, one question of each type, in their order."""
    tags = [
        line for line in to_qualtrics(SAMPLE).decode().split("\n") if line[:2] == "[["
    ]
    assert tags == [
        *("[[AdvancedFormat]]", "[[Block:Strategy]]"),
        *("[[Question:DB]]", "[[ID:strategy_intro]]"),
        *("[[Question:MC:SingleAnswer:Horizontal]]", "[[ID:strat_vision_led_1]]"),
        "[[Choices]]",
        *("[[Question:MC:SingleAnswer:Horizontal]]", "[[ID:strat_reactive_2_r]]"),
        "[[Choices]]",
        *("[[Question:TE:SingleLine]]", "[[ID:eef_m09_3]]"),
        *("[[Question:MC:SingleAnswer:Vertical]]", "[[ID:eef_m09_12]]", "[[Choices]]"),
        "[[Block:Research & “evidence”]]",
        *("[[Question:MC:SingleAnswer:Vertical]]", "[[ID:res_use_4]]", "[[Choices]]"),
        *("[[Question:TE:Essay]]", "[[ID:res_use_5]]"),
    ]


def test_a_hint_stands_below_its_question() -> None:
    """Respondents see it, in italics."""
    lines = to_qualtrics(SAMPLE).decode().split("\n")
    assert "How many hours?<br /><em>In the last month</em>" in lines


@settings(max_examples=40, deadline=None)
@given(questionnaires())
def test_everything_is_read_back(questionnaire: Questionnaire) -> None:
    """Whatever the words, they are no tag, no piped text and no markup."""
    asked = plain(questionnaire)
    content = to_qualtrics(asked)
    assert read(content) == told(asked)
    assert b"${" not in re.sub(rb"\[\[Block:.*\]\]", b"", content)


def test_a_name_with_a_bracket_is_refused() -> None:
    """It would end its own tag."""
    block = SAMPLE.blocks[0]
    one = replace(block.questions[0], name="a]]")
    with pytest.raises(LitreviewError, match="cannot become Qualtrics"):
        to_qualtrics(replace(SAMPLE, blocks=(replace(block, questions=(one,)),)))


def test_the_same_questionnaire_gives_the_same_bytes() -> None:
    """Nothing in the file changes with the time."""
    assert to_qualtrics(SAMPLE) == to_qualtrics(SAMPLE)
