"""Questionnaires for the tests of the survey formats, and what they must tell."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from making import Maker
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import yamlfile
from litreview.document import clean, clean_lines
from litreview.models import Record
from litreview.scales import Scale, ScaleKind
from litreview.survey import Block, Question, Questionnaire, variable
from litreview.synthesis import (
    CodeApplication,
    Instrument,
    ItemEvidence,
    ItemVersion,
    SurveyItem,
)
from litreview.vocabulary import Found

SCREENING = Path(__file__).resolve().parent.parent / "screening"
AGREE = Scale(
    "agree5",
    ScaleKind.AGREEMENT,
    ("Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree"),
)
RUBRIC = Scale(
    "competence.research",
    ScaleKind.RUBRIC,
    (
        "Emerging: reads what colleagues pass on",
        "Developing, with help",
        "Leading | shares it",
    ),
)
YES_NO = Scale("yes_no", ScaleKind.CHOICE, ("Yes", "No"))
NUMBER = Scale("number", ScaleKind.NUMBER)
TEXT = Scale("text", ScaleKind.TEXT)


def ask(
    construct: str, item_id: int, text: str, scale: Scale = AGREE, **more: Any
) -> Question:
    """Return a question under the name that its item would get."""
    name = variable(construct, item_id, reverse=more.get("reverse", False))
    return Question(name, text, scale, item_id, construct, **more)


# Two poles of one scale, a rubric, and every kind of answer.
SAMPLE = Questionnaire(
    "staff_survey",
    "Staff survey",
    "4.1",
    "en",
    (
        Block(
            "strategy",
            "Strategy",
            (
                ask("strat.vision_led", 1, "PD in my school follows a plan."),
                ask(
                    "strat.reactive", 2, "PD is arranged at short notice.", reverse=True
                ),
                ask("eef.m09", 3, "How many hours?", NUMBER, hint="In the last month"),
                ask("eef.m09", 12, "Do you plan?", YES_NO),
            ),
            intro="Please think of your own school.",
        ),
        Block(
            "research",
            "Research & “evidence”",
            (
                ask(
                    "res.use",
                    4,
                    "I use research, e.g. Müller's.",
                    RUBRIC,
                    required=True,
                ),
                ask("res.use", 5, "Anything else?", TEXT),
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Told:
    """What a format must tell of one question."""

    variable: str
    text: str
    answers: tuple[tuple[str, str], ...]
    block: str
    reverse: bool = False


def told(questionnaire: Questionnaire) -> list[Told]:
    """Return what a parser has to find, question by question."""
    return [
        Told(
            one.name,
            clean_lines(one.text).strip(),
            tuple(
                (str(n), clean(words)) for n, words in enumerate(one.scale.answers, 1)
            ),
            clean(block.title),
            one.reverse,
        )
        for block in questionnaire.blocks
        for one in block.questions
    ]


def unescaped(text: str) -> str:
    """Return what a browser would show of a label."""
    return html.unescape(text.replace("<br />", "\n"))


# What means something to one of the tools, or breaks its files.
SNIPPETS = (
    *("=1+1", "@SUM(1)", "-2", "[[Choices]]", "]]", "${x}", "{x}", "[x]", "|", " | "),
    *(
        "1, ",
        '"',
        "'",
        ",",
        "\t",
        "\n",
        "\r\n",
        "<b>",
        "</td>",
        "&amp;",
        "&lt",
        "&#91;",
    ),
    *("\u2060", "é", "Ω", "学校", "😀", "\u202e", "\x00", "\x85", "\u2028", "\ufeff"),
    *("a", "b c", "\\", "%", "#", "_x_", "*", "\uff1d1", "__", ";", "\u200b"),
)
nasty = (
    st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=3), min_size=1, max_size=8)
    .map("".join)
    .filter(lambda text: any(c.isprintable() and c != " " for c in clean(text)))
)


@st.composite
def questionnaires(draw: st.DrawFn) -> Questionnaire:
    """Draw the sample with other words in all its places."""
    answers = draw(st.lists(nasty, min_size=2, max_size=3, unique_by=clean))
    scale = Scale("agree5", ScaleKind.AGREEMENT, tuple(answers))
    blocks = tuple(
        replace(
            block,
            title=draw(nasty),
            intro=draw(nasty),
            questions=tuple(
                replace(
                    one,
                    text=draw(nasty),
                    hint=draw(nasty),
                    scale=scale if one.scale == AGREE else one.scale,
                )
                for one in block.questions
            ),
        )
        for block in SAMPLE.blocks
    )
    return replace(SAMPLE, title=draw(nasty), blocks=blocks)


# -- in the database -----------------------------------------------------------------


def passage(session: Session, record: Record, construct: str, **more: Any) -> int:
    """Code a passage of a record; return the code's id."""
    number = len(session.scalars(select(CodeApplication.id)).all()) + 1
    told_ = {
        "quote": "It fits.",
        "locator": "p. 2",
        "role": "outcome",
        "polarity": "present",
        "evidence_type": "theorises",
    }
    row = CodeApplication(
        uid=f"asked-{number}",
        record_id=record.id,
        construct=construct,
        **{**told_, **more},
    )
    session.add(row)
    session.flush()
    return row.id


def item(
    session: Session,
    instrument: Instrument,
    construct: str,
    text: str,
    codes: tuple[int, ...],
    **more: Any,
) -> int:
    """Write an item on passages; return its id. `more` are its properties."""
    book, person = more.pop("codebook_id"), instrument.person_id
    row = SurveyItem(
        instrument_id=instrument.id,
        construct=construct,
        codebook_id=book,
        person_id=person,
    )
    session.add(row)
    session.flush()
    wording = {"scale": "agree5", "level": "school", **more}
    session.add(
        ItemVersion(item_id=row.id, version=1, text=text, person_id=person, **wording)
    )
    session.add_all(
        ItemEvidence(item_id=row.id, code_id=code, person_id=person) for code in codes
    )
    session.flush()
    return row.id


def founding(session: Session, make: Maker) -> Instrument:
    """Write the founding review's own questionnaire, on its own passages."""
    people = make.review()
    path = SCREENING / "codebooks" / "coherent-offer.yaml"
    book = make.codebook(path.read_text("utf-8"), "coherent-offer")
    records: dict[str, Record] = {}
    codes: dict[str, int] = {}
    for code in _example("coding.yaml")["codes"]:
        key = str(code["document"])
        if key not in records:
            title, doi = f"Founding document {key}", f"10.5555/{key}"
            records[key] = make.record(title, doi=doi, found=Found.DATABASE)
            make.include(records[key], *people)
        codes[code["key"]] = passage(
            session,
            records[key],
            code["construct"],
            quote=code["quote"],
            locator=code["at"],
            role=code["role"],
            polarity=code["polarity"],
            evidence_type=code["evidence_type"],
            codebook_id=book.id,
            person_id=people[0].id,
        )
    [entry] = _example("instruments.yaml")["instruments"]
    instrument = Instrument(name=entry["name"], note="", person_id=people[0].id)
    session.add(instrument)
    session.flush()
    for one in entry["items"]:
        item(
            session,
            instrument,
            one["construct"],
            one["text"],
            tuple(codes[key] for key in one["evidence"]),
            codebook_id=book.id,
            scale=one["scale"],
            level=one["level"],
            referent=one["referent"],
            reverse=one["reverse"] == "true",
        )
    return instrument


def _example(name: str) -> Any:
    path = SCREENING / "example" / name
    return yamlfile.parse(path.read_text("utf-8"), path).plain()
