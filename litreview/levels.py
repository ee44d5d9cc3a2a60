"""What speaks for and against two records being one, and how much.

Each field says one thing about a pair: its *level*, such as "same first page" or
"different volumes". A level carries a weight, the change that it brings to the
log-odds that the two are one record (Fellegi and Sunter 1969), and the words that
a person reads. Where a field is silent, its weight is 0 and it has no words.

The weights are a ridge-penalised logistic regression over labelled pairs of seven
sets (medical reviews, information systems, computer science, synthetic), each
weighted by the root of its size so that none dominates, rounded, and mended by
hand where too few pairs had shown a level. They are constants: a pair's score
never depends on what else is in the database.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class Level(IntEnum):
    """One thing a field may say about a pair: its weight and its words."""

    weight: float
    words: str

    def __new__(cls, weight: float, words: str) -> Self:
        """Give the level its place in the order in which they are written."""
        member = int.__new__(cls, len(cls.__members__))
        member._value_ = len(cls.__members__)
        member.weight = weight
        member.words = words
        return member


class Title(Level):
    """How the titles compare; short ones ("Editorial") prove little."""

    SAME = 2.2, "same title"
    SHORT = -1.5, "same title, but a short one"
    SPELLING = 1.0, "same title but for spelling"
    CONTINUED = 0.9, "one title is longer"
    NEAR = 1.5, "titles nearly the same"
    SIMILAR = -0.3, "titles alike"
    TRANSLATED = -1.4, "different titles, one of them a translation"
    MISSING = 0.0, "a title is missing"
    DIFFERENT = -4.6, "different titles"


class Wording(Level):
    """Which words the titles do not share."""

    SAME = 0.0, ""
    ADDED = -1.8, "words added in one title"
    REPLACED = -3.2, "another word in the title"
    NUMBER_ADDED = -1.5, "a number in one title only"
    NUMBER_CHANGED = -3.5, "another number in the title"


class Authors(Level):
    """How the family names compare, as sets."""

    ALL = 0.8, "same authors"
    SINGLE = 0.0, "same author"
    FEWER = 0.2, "same authors, one list shorter"
    FIRST = 0.2, "one list names a single author of the other"
    MOST = -0.7, "most authors the same"
    SOME = -0.7, "some authors the same"
    UNKNOWN = 0.0, "no authors on either side"
    MISSING = -3.0, "authors on one side only"
    DIFFERENT = -4.0, "different authors"


class Year(Level):
    """How the years compare; print and online often differ by one."""

    SAME = 0.4, "same year"
    MISSING = 0.0, ""
    CLOSE = -2.2, "one year apart"
    DIFFERENT = -3.2, "years apart"


class Volume(Level):
    """How the volumes compare."""

    SAME = 0.9, "same volume"
    UNKNOWN = 2.5, ""
    MISSING = 0.0, ""
    DIFFERENT = -2.0, "different volumes"


class Issue(Level):
    """How the issues compare."""

    SAME = 0.1, "same issue"
    MISSING = 0.0, ""
    DIFFERENT = -2.5, "different issues"


class Pages(Level):
    """How the pages compare."""

    RANGE = 4.5, "same pages"
    START = 1.8, "same first page"
    INSIDE = 0.9, "pages within the other's"
    UNKNOWN = 0.9, ""
    MISSING = 0.0, ""
    DIFFERENT = -1.8, "different pages"


class Container(Level):
    """How the journals, books or conferences compare."""

    SAME = 1.4, "same journal"
    ALIKE = 0.4, "journals alike"
    MISSING = 0.0, ""
    DIFFERENT = -0.5, "different journals"


class Doi(Level):
    """How the DOIs compare; neither answer is proof."""

    SAME = 1.9, "same DOI"
    MISSING = 0.0, ""
    PART = 0.0, "one DOI is of a part of the other"
    DIFFERENT = -2.2, "different DOIs"


class Abstract(Level):
    """How the beginnings of the abstracts compare."""

    SAME = 0.5, "same abstract"
    SIMILAR = 0.3, "abstracts alike"
    MISSING = 0.0, ""
    DIFFERENT = -1.9, "different abstracts"


class Notice(Level):
    """Whether one is a notice about a text (erratum, reply) and the other not."""

    ALIKE = 0.0, ""
    CITING = -0.5, "one title cites volume and page, as corrections do"
    ONE_SIDED = -3.0, "one is a correction, comment or reply"


class Form(Level):
    """Whether both are of one kind: article, preprint, chapter, thesis, data."""

    ALIKE = 0.0, ""
    DIFFERENT = -1.5, "different kinds of publication"


UNSURE = 0.4  # before calibration; below it nobody is asked
BIAS = -1.5  # log-odds of a candidate pair of which nothing is known

FIELDS: tuple[type[Level], ...] = (
    Title,
    Wording,
    Authors,
    Year,
    Volume,
    Issue,
    Pages,
    Container,
    Doi,
    Abstract,
    Notice,
    Form,
)
