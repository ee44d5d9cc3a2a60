"""Whether words are taken from elsewhere exactly, and where they differ.

Printed text breaks lines, hyphenates softly and curls its quotation marks; none of
that makes other words. Everything else does: case, punctuation, spelling. Words
stand in a passage only as whole words.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

# Printed forms of one sign: quotation marks, dashes, the soft hyphen (left out).
_SIGNS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
    | {"\u00ad": None, "\u200b": None, "\u2026": "..."}
)


def levelled(text: str) -> str:
    """Return text on one line, composed, its quotation marks and dashes typed."""
    line = unicodedata.normalize("NFC", text).translate(_SIGNS)
    return " ".join(line.split())


def same(one: str, other: str) -> bool:
    """Tell whether two texts are the same words, letter by letter."""
    return levelled(one) == levelled(other)


def alike(one: str, other: str) -> bool:
    """Tell whether two texts differ in nothing but case and their last sign."""
    return _key(one) == _key(other)


def _key(text: str) -> str:
    return levelled(text).casefold().rstrip(".?!;: ")


def stands_in(words: str, passage: str) -> bool:
    """Tell whether a passage has these words, as whole words and in this order."""
    wanted = re.escape(levelled(words))
    found = re.search(rf"(?<!\w){wanted}(?!\w)", levelled(passage))
    return found is not None and wanted != ""


def difference(words: str, passage: str) -> str:
    """Return the words with what the passage has instead, as ``[there -> here]``.

    What stands in the passage before and after them is left out.
    """
    there, here = levelled(passage).split(), levelled(words).split()
    steps = SequenceMatcher(None, there, here, autojunk=False).get_opcodes()
    common = [place for place, step in enumerate(steps) if step[0] == "equal"]
    if not common:
        return f"[nothing of it -> {' '.join(here)}]"
    told = []
    for place, (kind, i, j, k, m) in enumerate(steps):
        # At the edges only as much of the passage as stands here instead.
        first = i if place > common[0] else max(i, j - (m - k))
        last = j if place < common[-1] else min(j, first + (m - k))
        old, new = " ".join(there[first:last]), " ".join(here[k:m])
        if kind == "equal":
            told.append(new)
        elif old or new:
            told.append(
                f"[{old} -> {new}]".replace("[ ->", "[->").replace("-> ]", "->]")
            )
    return " ".join(told)


def likeness(words: str, passage: str) -> float:
    """Return which share of the words stands in the passage, in order (0 to 1)."""
    there, here = levelled(passage).split(), levelled(words).split()
    blocks = SequenceMatcher(None, there, here, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(1, len(here))
