"""A questionnaire as a Qualtrics survey in the Advanced TXT format.

Each question stands alone and carries its variable in ``[[ID:...]]``, which Qualtrics
makes the column's name; in a matrix the statements would be called by number. The
format has no place for the title, for "must be answered" or for a reverse flag that
respondents do not see: the flag travels as the end ``_r`` of the name, and stands in
the codebook. Qualtrics takes text for HTML, ``[[`` for a tag, ``${`` for an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from litreview.document import clean
from litreview.scales import Scale, ScaleKind
from litreview.survey import (
    Block,
    Naming,
    Question,
    Questionnaire,
    as_html,
    numbered,
    refuse,
)

NAMING = Naming(
    "Qualtrics",
    64,  # characters; statistics programs cut longer names of columns
    re.compile(r"[A-Za-z][A-Za-z0-9_]*"),
    "it begins with a letter, then come letters, digits and _",
)
FIRST = "[[AdvancedFormat]]"
SIGNS = "[]${"  # of tags and of piped text
LONGEST_ACROSS = 25  # characters of an answer that still fits beside others
OPEN_TYPES = {ScaleKind.NUMBER: "TE:SingleLine", ScaleKind.TEXT: "TE:Essay"}


def to_qualtrics(questionnaire: Questionnaire) -> bytes:
    """Return the questionnaire as a TXT file in UTF-8.

    Raises `LitreviewError` with all problems in words.
    """
    refuse(questionnaire, NAMING)
    lines = [FIRST, ""]
    for block in questionnaire.blocks:
        lines += _block(block)
    return "\n".join(lines).encode()


def _block(block: Block) -> Iterator[str]:
    yield f"[[Block:{_in_tag(block.title)}]]"
    yield ""
    if block.intro:
        yield from ("[[Question:DB]]", f"[[ID:{block.id}_intro]]")
        yield from (_text(block.intro), "")
    for one in block.questions:
        yield from _question(one)


def _question(one: Question) -> Iterator[str]:
    yield f"[[Question:{_type(one.scale)}]]"
    yield f"[[ID:{one.name}]]"
    hint = f"<br /><em>{_text(one.hint)}</em>" if one.hint else ""
    yield _text(one.text) + hint
    if one.scale.kind not in OPEN_TYPES:
        # By default the values count from 1, which is what the answers mean.
        yield "[[Choices]]"
        yield from (_text(answer) for _value, answer in numbered(one.scale))
    yield ""


def _type(scale: Scale) -> str:
    if scale.kind in OPEN_TYPES:
        return OPEN_TYPES[scale.kind]
    longest = max(len(answer) for _value, answer in numbered(scale))
    across = scale.kind.ordered and longest <= LONGEST_ACROSS
    return f"MC:SingleAnswer:{'Horizontal' if across else 'Vertical'}"


def _text(text: str) -> str:
    return as_html(text, also=SIGNS)


def _in_tag(text: str) -> str:
    """Return a name that ends no tag; inside one there are no entities."""
    return clean(text).replace("[", "(").replace("]", ")")
