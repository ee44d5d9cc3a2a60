"""Acronyms in a form, and whether it says what they stand for.

An acronym is explained by the words in front of it, or behind it in parentheses, that
begin with its letters: "early career teacher entitlement (ECTE)", "ECTE (early career
teacher entitlement)", "PD means professional development".
"""

from __future__ import annotations

import re

# Capitals, with digits behind (KS2) and a small ending (NPQs, SENDCo).
_ACRONYM = re.compile(r"(?<![^\W_])([A-Z]{2,}[0-9]*)(?:s|Co|Cos)?(?![^\W_])")
# Nobody needs these spelled out.
EVERYDAY = frozenset({"UK", "EU", "USA", "OK", "TV", "PDF", "USB", "AM", "PM", "ID"})
# Words that people put in capitals to stress them.
_STRESSED = """A ALL ALWAYS AND ANY AT BEFORE BEST BOTH DID DO EACH EVER EVERY FIRST HAS
HAVE IN IS IT LAST LEAST MORE MOST MUST MY NEVER NO NONE NOT NOW OF ON ONE ONLY OR OUR
OUT OWN SELF SHOULD THE THIS TO TWO VERY WAS WE WHAT WHO WILL WITH YES YOU YOUR"""
STRESSED = frozenset(_STRESSED.split())
MOST_BEFORE = 2  # words in front for each letter: "of", "and" and "for" have none
_WORD = re.compile(r"[^\W_]+")
_MEANS = r"[\"'\u201d\u2019]?\s*(?:means|stands for|is short for|=|, that is,?)\s"


def used(text: str) -> list[str]:
    """Return the acronyms of a text in their order, each once, without endings.

    A text that is in capitals throughout has none.
    """
    if text.isupper() and len(_WORD.findall(text)) > 1:
        return []
    found = _ACRONYM.findall(text)
    return [
        word
        for word in dict.fromkeys(found)
        if word not in EVERYDAY and word not in STRESSED
    ]


def glossed(text: str) -> set[str]:
    """Return the acronyms that a text explains."""
    return {word for word in used(text) if _explained(text, word)}


def _explained(text: str, word: str) -> bool:
    ending = rf"{re.escape(word)}(?:s|Co|Cos)?"
    if re.search(rf"(?<![^\W_]){ending}{_MEANS}", text):
        return True
    for found in re.finditer(rf"\(\s*[\"'\u2018\u201c]?{ending}\b", text):
        words = _WORD.findall(text[: found.start()])
        if _spells(words[-MOST_BEFORE * len(word) :], word):
            return True
    for found in re.finditer(rf"(?<![^\W_]){ending}\s*\(([^()]*)\)", text):
        if _spells(_WORD.findall(found[1]), word):
            return True
    return False


def _spells(words: list[str], acronym: str) -> bool:
    """Tell whether the letters stand, in order, at the beginnings of the words."""
    initials = iter(word[0].casefold() for word in words)
    return all(letter in initials for letter in acronym.casefold())
