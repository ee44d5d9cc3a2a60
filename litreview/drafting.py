"""Candidate stems: a first wording to argue about, made by rule and marked so.

A stem comes from a published item as it is, from a coded passage by putting the
respondent's own school, team or self in the place of the people it speaks of, from
the codebook's example, or from a frame around the construct's label. The rules are
few and plain; a stem claims no quality, and a person rewrites it or lets it go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from litreview.codebook import Construct, Level
from litreview.vocabulary import EvidenceType

MARK = "CANDIDATE"
# A stem is one statement: shorter says nothing, longer is not read to its end.
FEWEST_WORDS, MOST_WORDS = 3, 30
MOST_FROM_PASSAGES = 10
# How near a passage is to a question that can be asked, the nearest first.
RANK = (
    EvidenceType.MEASURES,
    EvidenceType.TESTS,
    EvidenceType.THEORISES,
    EvidenceType.ILLUSTRATES,
)


class Pattern(StrEnum):
    """The rule that made a stem."""

    PUBLISHED = "published item"
    PASSAGE = "passage, referent changed"
    EXAMPLE = "codebook's example"
    POLES = "frame, both poles"
    FRAME = "frame around the label"


@dataclass(frozen=True)
class Passage:
    """A passage that counts; `cite` names its report in a few words."""

    code_id: int
    quote: str
    locator: str
    evidence_type: str
    record_id: int
    cite: str = ""
    year: int | None = None
    polarity: str = "present"


@dataclass(frozen=True)
class Published:
    """An item of a found instrument that is in the bank."""

    item_id: int
    text: str
    instrument: str
    number: str = ""
    page: str = ""
    scale: str = ""
    codes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A stem with the rule that made it and what it came from.

    `basis` tells that in words; `codes` are the passages, none for a frame.
    `published` is the item whose words it has.
    """

    text: str
    pattern: Pattern
    basis: str
    referent: str
    codes: tuple[int, ...] = ()
    published: Published | None = None


# Whom an item about a level speaks of, and how a frame around a label begins.
REFERENT = {
    Level.TEACHER: "I",
    Level.TEAM: "my team",
    Level.SCHOOL: "my school",
    Level.TRUST: "my trust",
}
FRAME = {
    Level.PUPIL: "Among the pupils I teach, I see {}.",
    Level.TEACHER: "In my own work, I see {}.",
    Level.TEAM: "In my team, we see {}.",
    Level.SCHOOL: "In my school, we see {}.",
    Level.TRUST: "In my trust, we see {}.",
    Level.SYSTEM: "In the school system, I see {}.",
    Level.PROGRAMME: "In the programmes I take part in, I see {}.",
}
# What a passage's people become, by the item's level. Plural verbs stay right with
# "I" but for those of `TO_BE`.
_PEOPLE = r"teachers|staff|colleagues|practitioners|they"
SWAPS: dict[Level, tuple[tuple[str, str], ...]] = {
    Level.TEACHER: (
        # At the beginning alone: elsewhere it might be "me".
        (rf"^(?:the |all |many |most |some )?(?:{_PEOPLE}|we)", "I"),
    ),
    Level.TEAM: (
        (r"(?:the|our|their|a) (?:team|department)", "my team"),
        (r"(?:teachers|staff|colleagues)", r"\g<0> in my team"),
    ),
    Level.SCHOOL: (
        (r"(?:the|our|their|this|a) school", "my school"),
        (
            r"(?:(?:school |senior |middle )?leaders|teachers|staff|colleagues|pupils)",
            r"\g<0> in my school",
        ),
    ),
    Level.TRUST: (
        (r"(?:the|our|their|this|a) trust", "my trust"),
        (r"(?:schools|leaders|teachers|staff)", r"\g<0> in my trust"),
    ),
}
# A plural or "we" that became "I", with what then has to change beside it.
TO_BE = (
    (r"I(?: are|'re)", "I am"),
    (r"I were", "I was"),
    (r"I've", "I have"),
    (r"(?:their|our) own", "my own"),
    (r"their|our", "my"),
    (r"them|us", "me"),
    (r"themselves|ourselves", "myself"),
)
# Where "we" may stay, said of whom.
WE = {
    Level.TEAM: "In my team, {}",
    Level.SCHOOL: "In my school, {}",
    Level.TRUST: "In my trust, {}",
}
_SENTENCE = re.compile(r"[^.!?;]+[.!?;]?")
# How no statement that stands alone begins: it points back, or is half a sentence.
_HANGING = re.compile(
    r"(?i)(?:this|these|those|that|it|such|to|for|by|with|and|but|or|which|who|so)\b"
)
# What no statement to agree with has: a question, brackets, a gap, a quotation.
_UNFIT = re.compile(r'[?\[\](){}"\u201c\u201d]|\.\.\.|\u2026')


def ranked(passages: Iterable[Passage]) -> list[Passage]:
    """Return passages by what they do with the construct: measures comes first.

    Within that the newest report comes first, then the order of coding.
    """
    place = {str(kind): number for number, kind in enumerate(RANK)}
    return sorted(
        passages,
        key=lambda one: (
            place.get(one.evidence_type, len(place)),
            -(one.year or 0),
            one.code_id,
        ),
    )


def candidates(
    construct: Construct,
    passages: Iterable[Passage],
    published: Iterable[Published],
    *,
    poles: Iterable[Construct] = (),
) -> list[Candidate]:
    """Return the stems for a construct, each wording once, in the order of rules.

    `poles` are the other constructs of its bipolar scale. Of the passages the first
    `MOST_FROM_PASSAGES` that give a stem are used, in their rank.
    """
    found = [_published(construct, one) for one in published]
    stems = (
        stem
        for passage in ranked(passages)
        for stem in from_passage(passage, construct.level)[:1]
    )
    for _place, stem in zip(range(MOST_FROM_PASSAGES), stems, strict=False):
        found.append(stem)
    found += [*_example(construct), *_frames(construct, poles)]
    once: dict[str, Candidate] = {}
    for one in found:
        once.setdefault(one.text.casefold(), one)
    return list(once.values())


def _published(construct: Construct, one: Published) -> Candidate:
    where = ", ".join(
        filter(None, (one.number and f"item {one.number}", one.page and f"{one.page}"))
    )
    basis = f"{one.instrument}{f' ({where})' if where else ''}, word for word"
    referent = REFERENT.get(construct.level, "")
    return Candidate(one.text, Pattern.PUBLISHED, basis, referent, one.codes, one)


def from_passage(passage: Passage, level: Level) -> list[Candidate]:
    """Return the stems that a passage's sentences give, in their order.

    A sentence gives one where it speaks of people or a place for which the
    respondent's own can stand, and is a plain statement of a fitting length.
    """
    basis = f"code {passage.code_id}: {passage.cite or f'record {passage.record_id}'}"
    return [
        Candidate(
            stem,
            Pattern.PASSAGE,
            f"{basis}, {passage.locator}",
            REFERENT.get(level, ""),
            (passage.code_id,),
        )
        for sentence in _SENTENCE.findall(" ".join(passage.quote.split()))
        if (stem := _stem(sentence.strip(), level))
    ]


def _stem(sentence: str, level: Level) -> str:
    """Return a sentence said of the respondent's own; '' where none can be made."""
    if _UNFIT.search(sentence):
        return ""
    said = _swapped(sentence.rstrip(".!;: "), level)
    count = len(said.split())
    if not FEWEST_WORDS <= count <= MOST_WORDS or _HANGING.match(said):
        return ""
    return said[0].upper() + said[1:] + "."


def _swapped(sentence: str, level: Level) -> str:
    """Return a sentence with the first people or place changed; '' without any."""
    if level in WE and re.match(r"(?i)we\b", sentence):
        return WE[level].format(sentence[0].lower() + sentence[1:])
    for people, own in SWAPS.get(level, ()):
        said, count = re.subn(
            rf"(?i)(?<!\w)(?:{people})\b(?! in my)", own, sentence, count=1
        )
        if count:
            return _first_person(said) if level == Level.TEACHER else said
    return ""


def _first_person(said: str) -> str:
    for plural, single in TO_BE:
        said = re.sub(rf"\b(?:{plural})\b", single, said)
    return said


def _example(construct: Construct) -> Iterator[Candidate]:
    if construct.example_item:
        text = " ".join(construct.example_item.split())
        referent = REFERENT.get(construct.level, "")
        yield Candidate(text, Pattern.EXAMPLE, "the codebook's example item", referent)


def _frames(construct: Construct, poles: Iterable[Construct]) -> Iterator[Candidate]:
    frame, referent = FRAME[construct.level], REFERENT.get(construct.level, "")
    label = _within(construct.label)
    for pole in poles:
        words = f"{label} rather than {_within(pole.label)}"
        basis = f"the labels of {construct.id} and {pole.id}"
        yield Candidate(frame.format(words), Pattern.POLES, basis, referent)
    basis = f"the label of {construct.id}"
    yield Candidate(frame.format(label), Pattern.FRAME, basis, referent)


def _within(label: str) -> str:
    """Return a label as it stands inside a sentence; acronyms keep their capitals."""
    words = label.split()
    first = words[0] if words else ""
    if first[1:] == first[1:].lower() and len(first) > 1:
        words[0] = first.lower()
    return " ".join(words).rstrip(".")
