"""The XLSForm: pyxform accepts it, and what it refuses is told in words."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from asked import RUBRIC, SAMPLE, Told, questionnaires, told
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from openpyxl import load_workbook
from pyxform.xls2xform import convert

from litreview.errors import LitreviewError
from litreview.survey import Block, Questionnaire
from litreview.workbook import to_xlsx
from litreview.xlsform import accept, to_xlsform

Sheets = dict[str, list[dict[str, str]]]
JOINER = "\u2060"


def sheets(content: bytes) -> Sheets:
    """Return the sheets as rows by heading."""
    book = load_workbook(io.BytesIO(content))
    found = {}
    for sheet in book:
        head, *rows = sheet.iter_rows(values_only=True)
        assert all(cell.data_type != "f" for row in sheet for cell in row)
        found[sheet.title] = [
            {str(k): str(v or "") for k, v in zip(head, row, strict=True)}
            for row in rows
        ]
    return found


def read(content: bytes) -> list[Told]:
    """Read the questions with their outermost group and their list of choices."""
    form = sheets(content)
    groups: list[str] = []
    found = []
    for row in form["survey"]:
        if row["type"] == "begin group":
            groups.append(row["label"])
        elif row["type"] == "end group":
            groups.pop()
        elif row["type"] != "note":
            name = row["type"].removeprefix("select_one ")
            answers = [
                (choice["name"], shown(choice["label"]))
                for choice in form["choices"]
                if choice["list_name"] == name
            ]
            found.append(
                Told(
                    row["name"],
                    shown(row["label"]),
                    tuple(answers),
                    shown(groups[0]),
                    row["reverse"] == "yes",
                )
            )
    assert groups == []
    return found


def shown(label: str) -> str:
    """Return a label as people see it: the joiner that parts ${ cannot be seen."""
    return label.replace(f"${JOINER}{{", "${")


def test_the_sheets_tell_the_form() -> None:
    """Settings, lists of choices, groups, types, and the team's own columns."""
    form = sheets(to_xlsform(SAMPLE))
    assert form["settings"] == [
        {
            "form_title": "Staff survey",
            "form_id": "staff_survey",
            "version": "4.1",
            "default_language": "en",
        }
    ]
    types = [(row["type"], row["name"], row["appearance"]) for row in form["survey"]]
    assert types == [
        ("begin group", "strategy_block", ""),
        ("note", "strategy_intro", ""),
        ("begin group", "strategy_grid1", "table-list"),
        ("select_one agree5", "strat_vision_led_1", ""),
        ("select_one agree5", "strat_reactive_2_r", ""),
        ("end group", "", ""),
        ("integer", "eef_m09_3", ""),
        ("select_one yes_no", "eef_m09_12", ""),
        ("end group", "", ""),
        ("begin group", "research_block", ""),
        ("select_one competence_research", "res_use_4", ""),
        ("text", "res_use_5", ""),
        ("end group", "", ""),
    ]
    row = form["survey"][4]
    assert (row["reverse"], row["item"], row["construct"]) == (
        "yes",
        "2",
        "strat.reactive",
    )
    assert form["survey"][10]["required"] == "yes"
    assert form["survey"][6]["hint"] == "In the last month"


def elements(form: str, tag: str) -> Iterator[Element]:
    """Yield the elements of an XForm with this name."""
    for element in fromstring(form).iter():
        if str(element.tag).rpartition("}")[2] == tag:
            yield element


def test_pyxform_makes_the_same_questions_of_it() -> None:
    """The XForm asks every variable, shows the answers, and tells of no reversal."""
    warnings: list[str] = []
    form = convert(to_xlsform(SAMPLE), warnings=warnings, file_type=".xlsx").xform
    assert warnings == []
    refs = {str(e.get("ref")).rpartition("/")[2] for e in fromstring(form).iter()}
    assert {one.name for one in SAMPLE.questions} <= refs
    labels = [element.text for element in elements(form, "label")]
    assert [words for words in labels if words in RUBRIC.answers] == list(
        RUBRIC.answers
    )
    assert "reverse" not in form


@settings(max_examples=12, deadline=None)
@given(questionnaires())
def test_everything_is_read_back(questionnaire: Questionnaire) -> None:
    """Whatever the words, pyxform accepts the form and the sheets have them."""
    assert read(to_xlsform(questionnaire)) == told(questionnaire)


def test_the_same_questionnaire_gives_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing in the file changes with the time."""
    first = to_xlsform(SAMPLE)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert to_xlsform(SAMPLE) == first
    times = re.findall(rb"W3CDTF\">([^<]*)<", first)
    assert set(times) == {b"1980-01-01T00:00:00Z"}


def test_lists_whose_names_would_be_the_same_stay_apart() -> None:
    """The scales a.b and a_b are two lists."""
    one, two = (replace(RUBRIC, id=key) for key in ("a.b", "a_b"))
    first, second = SAMPLE.questions[:2]
    questions = (replace(first, scale=one), replace(second, scale=two))
    asked = replace(SAMPLE, blocks=(Block("a", "A", questions),))
    types = [row["type"] for row in sheets(to_xlsform(asked))["survey"]]
    assert types[1:3] == ["select_one a_b", "select_one a_b_"]


def test_a_text_beyond_a_cells_limit_is_refused() -> None:
    """It would be cut in silence."""
    one = replace(SAMPLE.questions[0], text="x" * 32_768)
    with pytest.raises(LitreviewError, match="too long for an XLSX file"):
        to_xlsform(replace(SAMPLE, blocks=(Block("a", "A", (one,)),)))


def form(survey: list[dict[str, str]], **more: Any) -> bytes:
    """Return an XLSForm of these rows; each sheet's headings are its keys."""
    choices = [{"list_name": "l", "name": "1", "label": "One"}]
    made = {"survey": survey, "choices": choices, **more}
    return to_xlsx(
        {
            title: [list(dict.fromkeys(k for row in rows for k in row)), *map(list, ())]
            + [
                [row.get(k, "") for k in dict.fromkeys(k for r in rows for k in r)]
                for row in rows
            ]
            for title, rows in made.items()
        }
    )


def question(
    kind: str = "text", name: str = "a", label: str = "A", **more: str
) -> dict[str, str]:
    """Return one row of the survey sheet."""
    return {"type": kind, "name": name, "label": label, **more}


BEGIN, END = question("begin group", "g", "G"), question("end group", "", "")
BAD_FORMS = {
    "a name twice": (form([question(), question()]), "a"),
    "a name with a blank": (form([question(name="a b")]), "'name' value is invalid"),
    "a name that begins with a digit": (
        form([question(name="1a")]),
        "begin with a letter",
    ),
    "an unknown type": (form([question("slider_of_mine")]), "slider_of_mine"),
    "a list that is not there": (form([question("select_one nowhere")]), "nowhere"),
    "no name": (form([question(name="")]), "name"),
    "an open group": (form([BEGIN, question()]), "group"),
    "a group closed twice": (form([question(), END]), "group"),
    "a reference to nothing": (form([question(label="You said ${b}")]), "b"),
    "a choice without a name": (
        form(
            [question("select_one l")],
            choices=[{"list_name": "l", "name": "", "label": "One"}],
        ),
        "name",
    ),
    "a choice twice": (
        form(
            [question("select_one l")],
            choices=[{"list_name": "l", "name": "1", "label": "One"}] * 2,
        ),
        "choice",
    ),
    "no survey sheet": (
        to_xlsx({"other": [["type"], ["text"]], "choices": [["list_name"], ["l"]]}),
        "survey",
    ),
    "no workbook": (b"no workbook at all", ""),
}


@pytest.mark.parametrize("what", BAD_FORMS)
def test_a_bad_form_is_told_in_words(what: str) -> None:
    """Pyxform's own words reach the person, and no traceback."""
    content, named = BAD_FORMS[what]
    with pytest.raises(LitreviewError, match="XLSForm is not valid") as caught:
        accept(content)
    assert named in caught.value.why
    assert caught.value.why
    assert "\n" not in caught.value.why


def test_every_question_is_in_a_group() -> None:
    """A grid's group stands inside its block's, so that its heading is shown."""
    depth = 0
    for row, following in pairwise(sheets(to_xlsform(SAMPLE))["survey"]):
        depth += {"begin group": 1, "end group": -1}.get(row["type"], 0)
        assert depth > 0 or following["type"] == "begin group"
