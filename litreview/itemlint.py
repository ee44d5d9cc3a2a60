"""What is unusual about a survey item's wording: said to its writer, never a block.

The rules are those of two lists that survey methodologists check questions by: the
Question Appraisal System (QAS-99, Willis and Lessler 1999; its steps are named) and
QUAID (Graesser et al. 2006). Each note says the rule, what in the item it is about,
the reason and where the rule comes from. An item is read with its response scale:
"often" is vague where people agree or disagree, and an answer where they say how
often. Words that are explained once in a form are explained for all of its items.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from litreview import acronyms, cues, readability
from litreview.codebook import Level
from litreview.scales import Scale, ScaleKind

Key = TypeVar("Key")

MOST_WORDS = 20  # of one item; QAS-99 and QUAID give none, this is a rule of thumb
# The Flesch-Kincaid grade above which an item is hard: all years of school.
HARDEST_GRADE = 12.0
# Levels that one person's "I" does not speak for.
SHARED = frozenset(
    {Level.TEAM, Level.SCHOOL, Level.TRUST, Level.SYSTEM, Level.PROGRAMME}
)
YES_NO = frozenset({"yes", "no"})


@dataclass(frozen=True)
class Stem:
    """An item as it is asked: its words, how it is answered, and of whom it speaks.

    `level` is that of its construct (see `codebook.Level`), `period` the time it asks
    about where that stands beside the words. Empty and None mean not known.
    """

    text: str
    scale: Scale | None = None
    level: str = ""
    referent: str = ""
    period: str = ""

    @property
    def kind(self) -> ScaleKind | None:
        """Return how it is answered."""
        return None if self.scale is None else self.scale.kind


@dataclass(frozen=True)
class Note:
    """One warning: its rule, the words it is about, the reason, the rule's source."""

    rule: str
    found: str
    reason: str
    source: str

    def __str__(self) -> str:
        """Say it in one sentence without a full stop."""
        about = f" ({self.found!r})" if self.found else ""
        return f"{self.rule}: {self.reason}{about} [{self.source}]"


@dataclass(frozen=True)
class Rule:
    """A rule: `find` returns the words that break it, '' where there are none."""

    id: str
    reason: str
    source: str
    find: Callable[[Stem], str]


def item_notes(
    text: str,
    *,
    scale: Scale | None = None,
    level: str = "",
    referent: str = "",
    period: str = "",
) -> tuple[Note, ...]:
    """Return the notes on one item, read alone; see `Stem` for what is given.

    Acronyms that the item itself does not explain are noted.
    """
    return stem_notes(Stem(text, scale, level, referent, period))


def stem_notes(stem: Stem, *, glossed: Collection[str] = ()) -> tuple[Note, ...]:
    """Return the notes on one item; `glossed` are acronyms explained elsewhere."""
    notes = [
        Note(rule.id, found, rule.reason, rule.source)
        for rule in RULES
        if (found := rule.find(stem))
    ]
    known = {*glossed, *acronyms.glossed(stem.text)}
    unknown = [word for word in acronyms.used(stem.text) if word not in known]
    return (*notes, *map(_unexplained, unknown))


def form_notes(
    stems: Mapping[Key, Stem], *, preface: str = ""
) -> dict[Key, tuple[Note, ...]]:
    """Return the notes on all items of a form, in their order.

    An acronym that the form explains nowhere (in `preface` or in any item) is noted
    once, at the item that first uses it.
    """
    told = acronyms.glossed(preface)
    for stem in stems.values():
        told |= acronyms.glossed(stem.text)
    found = {}
    for key, stem in stems.items():
        found[key] = stem_notes(stem, glossed=told)
        told |= set(acronyms.used(stem.text))
    return found


def _unexplained(word: str) -> Note:
    return Note(
        "undefined-acronym",
        word,
        "not everybody knows what it stands for; spell it out once in the form",
        "QAS-99 step 3b, technical terms; QUAID, unfamiliar technical term",
    )


# -- what each rule looks for --------------------------------------------------------


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return " ".join(found[0].split()) if found else ""


def _double_barrelled(stem: Stem) -> str:
    if stem.text.count("?") > 1:
        return "two questions"
    text = cues.PARENTHESIS.sub(" ", stem.text)
    text = cues.ONE_IDEA.sub(" it ", text)
    return _first(cues.JOINED, text)


def _negated(stem: Stem) -> str:
    return _first(cues.NEGATION, cues.NO_NEGATION.sub(" ", stem.text))


def _twice_negated(stem: Stem) -> str:
    if stem.kind != ScaleKind.AGREEMENT:
        return ""
    text = cues.NO_NEGATION.sub(" ", stem.text)
    one = cues.NEGATION.search(text)
    if one is None:
        return ""
    rest = text[: one.start()] + " " + text[one.end() :]
    other = cues.NEGATION.search(rest) or cues.DENIAL.search(rest)
    return f"{one[0]} ... {other[0]}" if other else ""


def _leading(stem: Stem) -> str:
    return _first(cues.LEADING, stem.text)


def _absolute(stem: Stem) -> str:
    return _first(cues.ABSOLUTE, cues.NO_ABSOLUTE.sub(" ", stem.text))


def _vague(stem: Stem) -> str:
    if stem.kind != ScaleKind.AGREEMENT:
        return ""
    return _first(cues.VAGUE, cues.NOT_VAGUE.sub(" ", stem.text))


def _without_period(stem: Stem) -> str:
    if stem.period.strip() or cues.PERIOD.search(stem.text):
        return ""
    found = _first(cues.COUNTED, stem.text)
    if not found and stem.kind == ScaleKind.NUMBER:
        found = _first(cues.PAST, stem.text)
    return found


def _presupposing(stem: Stem) -> str:
    if cues.CONDITIONAL.search(stem.text):
        return ""
    return _first(cues.PRESUPPOSING, stem.text)


def _long(stem: Stem) -> str:
    count = len(readability.words(stem.text))
    return f"{count} words" if count > MOST_WORDS else ""


def _at_odds(stem: Stem) -> str:
    if stem.scale is None:
        return ""
    for test, said in _ODD.get(stem.scale.kind, ()):
        if test(stem):
            return said
    return ""


def _is_question(stem: Stem) -> bool:
    if cues.ASKS_AGREEMENT.search(stem.text):
        return False
    end = stem.text.rstrip(" \t\"'\u2019\u201d)")
    return end.endswith("?") or bool(cues.QUESTION.search(stem.text))


def _is_statement(stem: Stem) -> bool:
    if _is_question(stem) or "?" in stem.text:
        return False
    return bool(cues.STATEMENT.search(stem.text.strip()))


def _asks_how_often(stem: Stem) -> bool:
    return bool(cues.HOW_OFTEN.search(stem.text))


def _asks_openly_of_yes_no(stem: Stem) -> bool:
    answers = stem.scale.answers if stem.scale else ()
    plain = {answer.strip().casefold() for answer in answers}
    return plain == YES_NO and bool(cues.OPEN_QUESTION.search(stem.text))


_FREQUENCY_ASKED = "asks how often or how many, the answers do not say it"
# What does not go with each kind of scale, and how it is said.
_ODD: Mapping[ScaleKind, tuple[tuple[Callable[[Stem], bool], str], ...]] = {
    ScaleKind.AGREEMENT: (
        (_asks_how_often, "asks how often or how many, the answers agree or disagree"),
        (_is_question, "a question, the answers agree or disagree"),
    ),
    ScaleKind.FREQUENCY: ((_is_statement, "a statement, the answers say how often"),),
    ScaleKind.QUALITY: ((_asks_how_often, _FREQUENCY_ASKED),),
    ScaleKind.RUBRIC: ((_asks_how_often, _FREQUENCY_ASKED),),
    ScaleKind.CHOICE: ((_asks_openly_of_yes_no, "asks openly, the answers: yes, no"),),
    ScaleKind.NUMBER: ((_is_statement, "a statement, the answer is a number"),),
}


def _one_person(stem: Stem) -> str:
    if stem.level not in SHARED:
        return ""
    if stem.referent.strip().casefold() == "i":
        return stem.referent.strip()
    return _first(cues.ONE_PERSON, cues.NOT_ABOUT_ME.sub(" ", stem.text))


def _hard(stem: Stem) -> str:
    reading = readability.read(stem.text)
    if reading.grade is None or reading.per_word is None:
        return ""
    if reading.grade <= HARDEST_GRADE:
        return ""
    return (
        f"grade {reading.grade:.1f} on {reading.words} words with "
        f"{reading.per_word:.1f} syllables each"
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "double-barrelled",
        "it asks two things at once, and one answer cannot tell which it is about",
        "QAS-99 step 4c, double-barrelled",
        _double_barrelled,
    ),
    Rule(
        "double-negative",
        "whoever disagrees has to deny a denial",
        "QAS-99 step 3a, wording; QUAID, complex syntax",
        _twice_negated,
    ),
    Rule(
        "negation",
        "a small word that is read over turns the answer round; say what is the case",
        "QAS-99 step 3a, wording; QUAID, complex syntax",
        _negated,
    ),
    Rule(
        "leading",
        "it says which answer is expected",
        "QAS-99 step 6, sensitivity and bias",
        _leading,
    ),
    Rule(
        "absolute",
        "one exception makes it untrue, so few can agree",
        "QAS-99 step 4b, assumes constant behaviour",
        _absolute,
    ),
    Rule(
        "vague-quantifier",
        "it means another number to everybody, and the answers cannot say which",
        "QAS-99 step 3c, vague; QUAID, vague relative term",
        _vague,
    ),
    Rule(
        "no-reference-period",
        "it does not say of which time; everybody counts over another one",
        "QAS-99 step 3d, reference period",
        _without_period,
    ),
    Rule(
        "presupposition",
        "it takes for granted what is not the case for everybody",
        "QAS-99 step 4a, assumptions; QUAID, wrong presupposition",
        _presupposing,
    ),
    Rule(
        "too-long",
        f"more than {MOST_WORDS} words are hard to hold in mind (a rule of thumb)",
        "QAS-99 step 3a, wording; QUAID, working-memory overload",
        _long,
    ),
    Rule(
        "stem-and-scale",
        "the answers do not answer it",
        "QAS-99 step 7b, response categories that do not match",
        _at_odds,
    ),
    Rule(
        "one-person",
        "it speaks of one person, its construct of people together; "
        'say "my school" or whom it is about',
        "Chan 1998, referent of items that are aggregated",
        _one_person,
    ),
    Rule(
        "reading-grade",
        f"it reads harder than grade {HARDEST_GRADE:.0f}; "
        "on one sentence that is a rough guess",
        "Kincaid et al. 1975, Flesch-Kincaid grade",
        _hard,
    ),
)


def rules() -> Iterator[tuple[str, str, str]]:
    """Yield each rule's id, reason and source, acronyms last."""
    for rule in RULES:
        yield rule.id, rule.reason, rule.source
    last = _unexplained("")
    yield last.rule, last.reason, last.source
