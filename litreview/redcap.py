"""A questionnaire as a REDCap data dictionary (CSV).

One form: a block begins with a section header, neighbours with the same answers are
a matrix group. The reverse flag, item, construct and scale stand in the Field
Annotation, which respondents never see. REDCap takes labels for HTML and ``[name]``
in them for another field's value, so such signs are entities.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from litreview.document import clean
from litreview.scales import Scale, ScaleKind
from litreview.survey import (
    FEWEST_IN_GRID,
    Block,
    Naming,
    Question,
    Questionnaire,
    as_html,
    numbered,
    refuse,
    runs,
)

NAMING = Naming(
    "REDCap",
    26,  # characters
    re.compile(r"[a-z][a-z0-9_]*"),
    "it begins with a small letter, then come small letters, digits and _",
)
HEADERS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
RECORD_ID = "record_id"  # REDCap's first field names the respondent
RECORD_LABEL = "Record ID"
# Begins another field's value, parts the choices.
PIPING, BAR = "[", "|"
TYPES = {ScaleKind.NUMBER: "text", ScaleKind.TEXT: "notes"}


def to_redcap(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as a data dictionary: UTF-8, LF, 18 columns.

    Raises `LitreviewError` with all problems in words.
    """
    refuse(questionnaire, NAMING)
    first = dict.fromkeys(HEADERS, "")
    first |= {
        "Variable / Field Name": RECORD_ID,
        "Form Name": questionnaire.id,
        "Field Type": "text",
        "Field Label": RECORD_LABEL,
    }
    written = io.StringIO()
    writer = csv.DictWriter(written, HEADERS, lineterminator="\n")
    writer.writeheader()
    writer.writerow(first)
    for block in questionnaire.blocks:
        writer.writerows(_block(questionnaire.id, block))
    return written.getvalue().encode()


def _block(form: str, block: Block) -> Iterator[dict[str, str]]:
    header = "<br />".join(
        _label(words) for words in (clean(block.title), block.intro) if words
    )
    for number, questions in enumerate(runs(block), start=1):
        grid = len(questions) >= FEWEST_IN_GRID
        for one in questions:
            row = _question(one)
            row["Form Name"] = form
            row["Section Header"], header = header, ""
            row["Matrix Group Name"] = f"{block.id}_grid{number}" if grid else ""
            yield row


def _question(one: Question) -> dict[str, str]:
    row = dict.fromkeys(HEADERS, "")
    number = one.scale.kind == ScaleKind.NUMBER
    row |= {
        "Variable / Field Name": one.name,
        "Field Type": TYPES.get(one.scale.kind, "radio"),
        "Field Label": _label(one.text),
        "Choices, Calculations, OR Slider Labels": _choices(one.scale),
        "Field Note": _label(one.hint),
        "Text Validation Type OR Show Slider Number": "integer" if number else "",
        "Required Field?": "y" if one.required else "",
        "Field Annotation": _annotation(one),
    }
    return row


def _choices(scale: Scale) -> str:
    """Return ``1, Never | 2, Rarely``; only the first comma of each parts."""
    return f" {BAR} ".join(
        f"{value}, {_label(words)}" for value, words in numbered(scale)
    )


def _annotation(one: Question) -> str:
    reverse = "yes" if one.reverse else "no"
    return (
        f"reverse={reverse} item={one.item_id} construct={one.construct} "
        f"scale={one.scale.id}"
    )


def _label(text: str) -> str:
    return as_html(text, also=PIPING + BAR)
