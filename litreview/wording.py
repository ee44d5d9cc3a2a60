"""What a person writes, brought to a form that can be stored, or refused.

A quotation is kept to the letter; only its Unicode form is composed (NFC), so that
equal words compare as equal. Names, titles and questions are one line each: runs
of white space become one blank. Neither database can hold a NUL or half a
surrogate pair, so both are refused in words before they get there.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import TypeVar

from litreview.errors import LitreviewError
from litreview.yamlfile import suggestion

Word = TypeVar("Word", bound=StrEnum)


def verbatim(text: str, what: str) -> str:
    """Return a passage as it was given, composed; refuse an empty one.

    `what` names it in the refusal. Line ends and blanks stay.
    """
    _refuse_unstorable(text, what)
    if not text.strip():
        raise LitreviewError(f"the {what} is empty", fix=f"give the {what}'s words")
    return unicodedata.normalize("NFC", text)


def phrase(text: str, what: str, *, required: bool = True) -> str:
    """Return words on one line, composed; refuse empty ones where `required`."""
    _refuse_unstorable(text, what)
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if required and not line:
        raise LitreviewError(f"the {what} is empty", fix=f"give the {what}")
    return line


def choice(words: type[Word], value: str, what: str) -> Word:
    """Return the member of a word list that `value` names, or refuse."""
    try:
        return words(value)
    except ValueError as error:
        known = [word.value for word in words]
        raise LitreviewError(
            f"{value!r} is no {what}",
            why=suggestion(value, known),
            fix=f"use one of {', '.join(known)}",
        ) from error


def _refuse_unstorable(text: str, what: str) -> None:
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise LitreviewError(
            f"the {what} has a character that cannot be stored",
            why="it holds a NUL, or bytes that are not UTF-8",
            fix="copy the words again as plain UTF-8 text",
        )
