"""Forms and what is read into them: kinds, completeness, readers who differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from coded import Coded, begin, rows_by
from hypothesis import given
from hypothesis import strategies as st
from making import Maker
from sqlalchemy.orm import Session

from litreview import extracted, extraction, flow, forms, yamlfile
from litreview.errors import (
    InputFileError,
    LitreviewError,
    NotAllowedError,
    NotFoundError,
)
from litreview.extraction import Entry, Filled
from litreview.forms import Field, Kind, parse_form, read_value

STUDY = """\
title: The study
use: extraction
fields:
  - {id: country, label: Country, kind: text, required: true}
  - {id: size, label: Participants, kind: number}
  - {id: poor, label: Measure of disadvantage, kind: choices, values: [FSM, FSM6, PP]}
  - {id: random, label: Was it random, kind: yes_no}
"""
EFFECTS = """\
title: Effects
use: extraction
repeats: true
fields:
  - {id: outcome, label: Outcome, kind: text, required: true}
  - {id: figure, label: Figure, kind: effect, required: true}
"""
RIGOUR = """\
title: Rigour
use: appraisal
streams: [validates_instrument]
fields:
  - {id: rigour, label: Rigour, kind: rating, values: [low, moderate, high]}
"""
WORKSPACE = Path(__file__).resolve().parent.parent / "screening" / "forms"


@pytest.fixture
def coded(session: Session, make: Maker) -> Coded:
    """Return a review with three forms."""
    made = begin(session, make)
    made.write("forms/study.yaml", STUDY)
    made.write("forms/effects.yaml", EFFECTS)
    return made


def fill(coded: Coded, field: str, value: str, **more: object) -> Filled:
    """Read a value out of the first report; default: into the form of the study."""
    words = {"form": "study", "by": "ann", "report": 0, **more}
    by, report = str(words.pop("by")), int(str(words.pop("report")))
    entry = Entry(field=field, value=value, **words)  # type: ignore[arg-type]
    return extraction.fill(
        coded.session, by=by, record_id=coded.reports[report].id, entry=entry
    )


def test_a_figure_is_incomplete_without_its_page(coded: Coded) -> None:
    """It is kept, and the table says what it lacks until the page is told (F23)."""
    assert fill(coded, "size", "1,250").lacks == ["page"]
    (row,) = rows_by(extracted.values(coded.session), "field").values()
    assert (row["value"], row["lacks"]) == ("1,250", ("page",))
    assert fill(coded, "size", "1,250", page="7").lacks == []
    (row,) = rows_by(extracted.values(coded.session), "field").values()
    assert (row["page"], row["lacks"]) == ("7", ())


def test_an_effect_needs_unit_comparator_and_page(coded: Coded) -> None:
    """Each missing part is named; the figure stays as it was printed."""
    done = fill(coded, "figure", "0.310", form="effects")
    assert done.lacks == ["page", "unit", "comparator"]
    whole = fill(
        coded,
        "figure",
        "0.310",
        form="effects",
        page="9",
        unit="SD",
        comparator="usual teaching",
    )
    assert whole.lacks == []
    row = rows_by(extracted.values(coded.session), "field")["figure"]
    told = (row["value"], row["unit"], row["comparator"])
    assert told == ("0.310", "SD", "usual teaching")


def test_the_newest_value_counts_and_an_empty_one_takes_it_back(
    coded: Coded,
) -> None:
    """Nothing is overwritten: the table shows the last, or none."""
    fill(coded, "country", "England")
    assert fill(coded, "country", "England").new is False
    fill(coded, "country", "Wales")
    assert list(extracted.values(coded.session)["value"]) == ["Wales"]
    fill(coded, "country", "")
    assert extracted.values(coded.session).empty


def test_readers_who_differ_are_both_shown(coded: Coded) -> None:
    """Two people, two rows, marked; the same words are no difference."""
    fill(coded, "country", "England")
    fill(coded, "country", "Wales", by="bob")
    fill(coded, "random", "yes")
    fill(coded, "random", "true", by="bob")
    found = extracted.values(coded.session)
    differs = {
        (row["field"], row["by"]): row["differs"] for row in found.to_dict("records")
    }
    assert differs == {
        ("country", "ann"): True,
        ("country", "bob"): True,
        ("random", "ann"): False,
        ("random", "bob"): False,
    }


def test_what_is_still_to_be_read_is_listed(coded: Coded) -> None:
    """Required fields of every included report; parts only where they were begun."""
    fill(coded, "country", "England")
    fill(coded, "figure", "1", form="effects", part=2, page="3")
    rows = [
        (row["report_id"], row["form"], row["field"], row["part"], row["lacks"])
        for row in extracted.missing(coded.session).to_dict("records")
    ]
    one, *others = (report.id for report in coded.reports)
    assert rows == [
        (one, "effects", "outcome", 2, ("value",)),
        (one, "effects", "figure", 2, ("unit", "comparator")),
        *((other, "study", "country", 1, ("value",)) for other in others),
    ]


def test_reports_are_found_by_a_value(coded: Coded) -> None:
    """Of several values one is enough; an unknown one is refused (F12)."""
    fill(coded, "poor", "FSM; FSM6")
    fill(coded, "poor", "PP", report=1)
    one, two = coded.reports[:2]

    def found(value: str = "") -> list[object]:
        rows = extracted.reports_with(
            coded.session, form_name="study", field="poor", value=value
        )
        return [row["record_id"] for row in rows]

    assert found() == [one.id, two.id]
    assert found("FSM6") == [one.id]
    with pytest.raises(LitreviewError, match="use one of: FSM, FSM6, PP"):
        found("IDACI")


def test_an_appraisal_never_excludes(coded: Coded) -> None:
    """The worst rating changes no PRISMA box."""
    coded.write(
        "forms/rigour.yaml", RIGOUR.replace("streams: [validates_instrument]\n", "")
    )
    before = flow.flow(coded.session)
    fill(coded, "rigour", "low", form="rigour")
    assert flow.flow(coded.session) == before


def test_only_included_reports_of_the_stream_are_read(coded: Coded) -> None:
    """An excluded report, or one that serves other streams, is refused."""
    coded.write("forms/rigour.yaml", RIGOUR)
    entry = Entry(form="study", field="country", value="England")
    with pytest.raises(NotAllowedError, match="not included"):
        extraction.fill(coded.session, by="ann", record_id=coded.out.id, entry=entry)
    with pytest.raises(NotAllowedError, match="validates_instrument"):
        fill(coded, "rigour", "low", form="rigour")
    assert "rigour" not in set(extracted.missing(coded.session)["form"])


@pytest.mark.parametrize(
    ("field", "value", "more", "told"),
    [
        ("size", "many", {}, "no number"),
        ("size", ".", {}, "no number"),
        ("poor", "FSM7", {}, "Did you mean"),
        ("random", "maybe", {}, "neither yes nor no"),
        ("contry", "x", {}, "no field 'contry'"),
        ("country", "x", {"form": "studie"}, "no form 'studie'"),
        ("country", "x", {"part": 2}, "no part 2"),
        ("country", "x", {"unit": "SD"}, "no unit"),
    ],
)
def test_bad_input_is_told_in_words(
    coded: Coded, field: str, value: str, more: dict[str, object], told: str
) -> None:
    """Each is one message, and nothing is stored."""
    with pytest.raises(LitreviewError, match=told):
        fill(coded, field, value, **more)
    assert extracted.values(coded.session).empty


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("kind: number", "kind: numbers", "Did you mean 'number'"),
        ("values: [FSM, FSM6, PP]", "values: [FSM]", "at least 2"),
        ("values: [FSM, FSM6, PP]", "values: [FSM, FSM]", "none twice"),
        ("kind: number", "kind: number, values: [1, 2]", "no list of values"),
        ("id: size", "id: country", "stands twice"),
        ("use: extraction", "use: x", "not allowed"),
    ],
)
def test_a_mistake_in_a_form_is_told_with_its_line(
    old: str, new: str, told: str
) -> None:
    """Each mistake of the file is one message."""
    node = yamlfile.parse(STUDY.replace(old, new, 1), "screening/forms/study.yaml")
    with pytest.raises(InputFileError, match=told):
        parse_form(node, name="study")


def test_an_unknown_form_names_those_there_are(coded: Coded) -> None:
    """The message helps to find the right one."""
    with pytest.raises(NotFoundError, match="effects, study"):
        extracted.form(coded.session, "other")


@pytest.mark.parametrize("path", sorted(WORKSPACE.glob("*.yaml")), ids=lambda p: p.stem)
def test_the_forms_of_the_workspace_can_be_read(path: Path) -> None:
    """Each shipped form is valid, with a title and fields."""
    found = parse_form(yamlfile.parse(path.read_text(), path), name=path.stem)
    assert found.title
    assert found.fields


@given(st.from_regex(forms.NUMBER, fullmatch=True))
def test_a_number_keeps_its_spelling(text: str) -> None:
    """What is accepted is a number, and what was printed comes back."""
    found = read_value(Field("n", "N", Kind.NUMBER), text)
    assert float(str(found["value"])) == float(text.replace(",", ""))
    assert forms.in_words(found) == text


def test_forms_work_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are listed and shown; a value for an unknown record is refused."""
    from litreview import cli  # noqa: PLC0415

    assert cli.run(["--as", "lead", "init", str(tmp_path)]) == 0
    folder = tmp_path / "screening" / "forms"
    folder.mkdir(exist_ok=True)
    (folder / "study.yaml").write_text(STUDY)
    space = ["-w", str(tmp_path), "--as", "lead"]
    assert cli.run([*space, "sync"]) == 0
    capsys.readouterr()
    assert cli.run([*space, "form", "list", "--json"]) == 0
    assert [row["form"] for row in json.loads(capsys.readouterr().out)] == ["study"]
    assert cli.run([*space, "form", "show", "study", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 4
    assert cli.run([*space, "form", "fill", "9", "study", "country", "x"]) == 1
    assert "9" in capsys.readouterr().err
    assert cli.run([*space, "form", "reports", "study", "country"]) == 0
