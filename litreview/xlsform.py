"""A questionnaire as an XLSForm, for ODK, KoboToolbox and SurveyCTO.

Sheets ``survey``, ``choices`` and ``settings`` (https://xlsform.org). A block is a
group, neighbours with the same answers are a table of their own (``table-list``).
The columns ``reverse``, ``item`` and ``construct`` are the team's: tools keep them in
the form and show them to nobody. Before a form is handed out, pyxform converts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyxform.errors import PyXFormError
from pyxform.xls2xform import convert

from litreview.document import clean, clean_lines
from litreview.errors import LitreviewError
from litreview.scales import Scale, ScaleKind
from litreview.survey import (
    FEWEST_IN_GRID,
    Block,
    Naming,
    Question,
    Questionnaire,
    numbered,
    refuse,
    runs,
)
from litreview.workbook import LONGEST_CELL, to_xlsx

NAMING = Naming(
    "XLSForm",
    64,  # characters; XML has no limit, but statistics programs have this one
    re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*"),
    "it begins with a letter or _, then come letters, digits, _, - and .",
)
SURVEY = (
    *("type", "name", "label", "hint", "required", "appearance"),
    *("reverse", "item", "construct"),
)
CHOICES = ("list_name", "name", "label")
SETTINGS = ("form_title", "form_id", "version", "default_language")
OPEN_TYPES = {ScaleKind.NUMBER: "integer", ScaleKind.TEXT: "text"}
# "${name}" is another question's answer; the joiner between the signs is not seen.
REFERENCE, PARTED = "${", "$\u2060{"
YES = "yes"

Row = tuple[str, ...]


def to_xlsform(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as an XLSX file that pyxform has accepted.

    Raises `LitreviewError` with all problems in words.
    """
    refuse(questionnaire, NAMING)
    lists = _lists(questionnaire)
    survey: list[Row] = [SURVEY]
    for block in questionnaire.blocks:
        survey += _block(block, lists)
    choices: list[Row] = [CHOICES]
    for scale in questionnaire.scales:
        for value, answer in numbered(scale):
            choices.append((lists[scale.id], str(value), _label(answer)))
    settings: Row = (
        _label(clean(questionnaire.title)),
        questionnaire.id,
        questionnaire.version,
        questionnaire.language,
    )
    sheets: dict[str, list[Row]] = {
        "survey": survey,
        "choices": choices,
        "settings": [SETTINGS, settings],
    }
    _refuse_long(row for rows in sheets.values() for row in rows)
    content = to_xlsx(sheets)
    accept(content)
    return content


def accept(content: bytes) -> None:
    """Let pyxform convert an XLSForm; say in its words what it refuses."""
    try:
        convert(content, file_type=".xlsx")
    except (PyXFormError, ValueError, KeyError) as error:
        raise LitreviewError(
            "the XLSForm is not valid",
            why=" ".join(str(error).split()) or type(error).__name__,
            fix="correct what it names; the reference is at https://xlsform.org",
        ) from error


def _lists(questionnaire: Questionnaire) -> dict[str, str]:
    """Return scale id -> the name of its list of choices, which has no full stop."""
    names: dict[str, str] = {}
    for scale in questionnaire.scales:
        name = scale.id.replace(".", "_")
        while name in names.values():
            name += "_"
        names[scale.id] = name
    return names


def _block(block: Block, lists: dict[str, str]) -> Iterator[Row]:
    yield _row("begin group", f"{block.id}_block", _label(clean(block.title)))
    if block.intro:
        yield _row("note", f"{block.id}_intro", _label(block.intro))
    for number, questions in enumerate(runs(block), start=1):
        grid = len(questions) >= FEWEST_IN_GRID
        if grid:
            name = f"{block.id}_grid{number}"
            yield _row("begin group", name, appearance="table-list")
        for one in questions:
            yield _question(one, lists)
        if grid:
            yield _row("end group")
    yield _row("end group")


def _question(one: Question, lists: dict[str, str]) -> Row:
    return (
        _type(one.scale, lists),
        one.name,
        _label(one.text),
        _label(one.hint),
        YES if one.required else "",
        "",
        YES if one.reverse else "",
        str(one.item_id),
        one.construct,
    )


def _type(scale: Scale, lists: dict[str, str]) -> str:
    return OPEN_TYPES.get(scale.kind) or f"select_one {lists[scale.id]}"


def _row(kind: str, name: str = "", label: str = "", *, appearance: str = "") -> Row:
    return (kind, name, label, "", "", appearance, "", "", "")


def _label(text: str) -> str:
    return clean_lines(text).strip().replace(REFERENCE, PARTED)


def _refuse_long(rows: Iterator[Row]) -> None:
    for row in rows:
        if any(len(cell) > LONGEST_CELL for cell in row):
            raise LitreviewError(
                "a text is too long for an XLSX file",
                why=f"a cell holds {LONGEST_CELL:,} characters; this one begins "
                f"with {max(row, key=len)[:40]!r}",
                fix="shorten it",
            )
