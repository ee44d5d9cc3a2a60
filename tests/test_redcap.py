"""The REDCap data dictionary, read back by a parser written for this test."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from asked import SAMPLE, Told, questionnaires, told, unescaped
from hypothesis import given, settings

from litreview.document import clean, clean_lines
from litreview.errors import LitreviewError
from litreview.redcap import to_redcap
from litreview.survey import Block, Questionnaire

# As REDCap's own export of a data dictionary has them.
HEADERS = (
    "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"
    '"Choices, Calculations, OR Slider Labels",Field Note,'
    "Text Validation Type OR Show Slider Number,Text Validation Min,"
    "Text Validation Max,Identifier?,Branching Logic (Show field only if...),"
    "Required Field?,Custom Alignment,Question Number (surveys only),"
    "Matrix Group Name,Matrix Ranking?,Field Annotation"
)


def rows(content: bytes) -> list[dict[str, str]]:
    """Return the fields of a data dictionary."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def read(content: bytes) -> list[Told]:
    """Read a data dictionary as REDCap does: headers go on, bars part choices."""
    found, block = [], ""
    for row in rows(content)[1:]:
        block = row["Section Header"] or block
        notes = dict(part.split("=") for part in row["Field Annotation"].split())
        choices = row["Choices, Calculations, OR Slider Labels"]
        answers = []
        for choice in filter(None, choices.split(" | ")):
            value, _, words = choice.partition(", ")
            answers.append((value, unescaped(words)))
        found.append(
            Told(
                row["Variable / Field Name"],
                unescaped(row["Field Label"]),
                tuple(answers),
                unescaped(block),
                notes["reverse"] == "yes",
            )
        )
    return found


def without_intros(questionnaire: Questionnaire) -> Questionnaire:
    """Return it with bare headings, which are then the blocks' titles."""
    blocks = tuple(replace(block, intro="") for block in questionnaire.blocks)
    return replace(questionnaire, blocks=blocks)


def test_the_18_headers_and_the_record_id() -> None:
    """Row 1 are the headers in order, row 2 the field that names the respondent."""
    content = to_redcap(SAMPLE).decode()
    assert content.splitlines()[0] == HEADERS
    first = rows(content.encode())[0]
    assert {k: v for k, v in first.items() if v} == {
        "Variable / Field Name": "record_id",
        "Form Name": "staff_survey",
        "Field Type": "text",
        "Field Label": "Record ID",
    }


def test_the_fields_tell_kind_answers_and_block() -> None:
    """Choices, open answers, notes, the matrix and the section headers are there."""
    fields = {row["Variable / Field Name"]: row for row in rows(to_redcap(SAMPLE))}
    first, reverse = fields["strat_vision_led_1"], fields["strat_reactive_2_r"]
    assert first["Section Header"] == "Strategy<br />Please think of your own school."
    assert first["Choices, Calculations, OR Slider Labels"] == (
        "1, Strongly disagree | 2, Disagree | 3, Neither | 4, Agree | 5, Strongly agree"
    )
    assert first["Matrix Group Name"] == reverse["Matrix Group Name"] != ""
    assert reverse["Section Header"] == ""
    assert reverse["Field Annotation"] == (
        "reverse=yes item=2 construct=strat.reactive scale=agree5"
    )
    hours, more = fields["eef_m09_3"], fields["res_use_5"]
    assert (hours["Field Type"], more["Field Type"]) == ("text", "notes")
    assert hours["Text Validation Type OR Show Slider Number"] == "integer"
    assert hours["Field Note"] == "In the last month"
    assert fields["res_use_4"]["Required Field?"] == "y"
    assert {row["Form Name"] for row in fields.values()} == {"staff_survey"}


def test_respondents_see_no_reverse_flag() -> None:
    """Only the annotation tells of it."""
    [row] = [
        r for r in rows(to_redcap(SAMPLE)) if "_r" in r["Variable / Field Name"][-2:]
    ]
    shown = [row[name] for name in ("Field Label", "Field Note", "Section Header")]
    assert "reverse" not in " ".join(shown)


@settings(max_examples=40, deadline=None)
@given(questionnaires())
def test_everything_is_read_back(questionnaire: Questionnaire) -> None:
    """Whatever the words, the same questions and answers come back, in one row each."""
    asked = without_intros(questionnaire)
    assert read(to_redcap(asked)) == told(asked)
    headers = [
        unescaped(row["Section Header"])
        for row in rows(to_redcap(questionnaire))
        if row["Section Header"]
    ]
    assert headers == [
        f"{clean(block.title)}\n{clean_lines(block.intro).strip()}"
        for block in questionnaire.blocks
    ]


def test_no_cell_is_a_formula() -> None:
    """A label that begins like a formula is written as an entity."""
    [block, *_] = SAMPLE.blocks
    one = replace(block.questions[0], text="=1+1")
    asked = replace(SAMPLE, blocks=(Block("a", "@b", (one,)),))
    row = rows(to_redcap(asked))[1]
    assert (row["Field Label"], row["Section Header"]) == ("&#61;1+1", "&#64;b")


def test_a_long_name_is_refused() -> None:
    """REDCap would cut it, or refuse the file."""
    one = replace(SAMPLE.questions[0], name="a" * 27)
    with pytest.raises(LitreviewError, match="cannot become REDCap") as caught:
        to_redcap(replace(SAMPLE, blocks=(Block("a", "A", (one,)),)))
    assert "27 characters; REDCap allows 26" in caught.value.why


def test_the_same_questionnaire_gives_the_same_bytes() -> None:
    """Nothing in the file changes with the time."""
    assert to_redcap(SAMPLE) == to_redcap(SAMPLE)
