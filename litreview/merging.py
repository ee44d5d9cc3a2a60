"""One view of several records: the best value of each field, and where it came from.

Records of one report disagree and leave things out. For each field the records that
tell it compete under the field's rules, one rule after the other: a person's
correction before any payload, the published version before the preprint, a whole
list before a shorter one ... Who stands behind under a rule is out; a tie that no
rule breaks goes to the smallest record id. So a field that any record tells is never
empty, the order of the records is of no importance, and the choice names its reasons.

Year and date, and all that places a text (volume, issue, pages), prefer the record
that names a volume: what was published ahead of print has other pages, in no volume.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from litreview.citation import Author, Citation, authors_text
from litreview.corrections import EDITABLE
from litreview.plain import (
    FORMS,
    NO_TITLE,
    PREPRINT,
    PREPRINT_DOI,
    PREPRINT_PLACE,
    page_numbers,
    plain_words,
    title_words,
    unscramble,
)
from litreview.text import page_range, title_key

FULL_TEXT_WORDS = 1500  # an abstract with more words is the text itself, or part of it
NEARLY_LONGEST = 0.9  # of the longest abstract's words: as good as the longest
LONG_ABSTRACT = "long-abstract"  # the flag of a view whose abstract is that long
_CUT = re.compile(r"(?:\.\.\.|…)\W*$")
_AND_OTHERS = frozenset({"et al", "others", "and others"})
_PREPRINT_DOI = re.compile(PREPRINT_DOI)
_PREPRINT_PLACE = re.compile(PREPRINT_PLACE, re.IGNORECASE)
# DOIs of issues: 10.1111/joms.2019.56.issue-4, 10.1086/esj.2010.110.issue-3.
_ISSUE_DOI = re.compile(r"\bissue[-.]|\.issue$|\btoc\b")
_NOT_A_TEXT = frozenset(
    {"journal-issue", "journal-volume", "journal", "proceedings", "component"}
)


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a report, and the fields of it that a person corrected."""

    record_id: int
    citation: Citation
    edited: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """The value of a field, the record it is taken from, and why from there."""

    value: object
    record_id: int
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """The value as one line."""
        if isinstance(self.value, tuple):
            return authors_text(self.value)
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return str(self.value)


@dataclass(frozen=True)
class View:
    """What the records of one report come to; a field that nobody tells has no choice.

    `flags` are words on what the merging noticed: long-abstract.
    """

    record_ids: tuple[int, ...]
    choices: Mapping[str, Choice]
    flags: tuple[str, ...] = ()

    def citation(self) -> Citation:
        """Return the view as a citation of the smallest record."""
        told = {name: choice.value for name, choice in self.choices.items()}
        return Citation(**{"source": "", "source_id": "", "title": "", **told})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Contest:
    """The records that tell one field, and what is chosen already."""

    name: str
    members: Sequence[Member]
    chosen: Mapping[str, Choice] = field(default_factory=dict)

    def value(self, member: Member) -> object:
        """Return what a record says."""
        return getattr(member.citation, self.name)

    def among(self, members: Sequence[Member]) -> Contest:
        """Return the contest of these records alone."""
        return replace(self, members=members)


# A rule's mark for one record among those that still compete; the greatest stay.
Mark = Callable[[Member, Contest], float]


# -- what the rules look at ----------------------------------------------------------


def is_preprint(citation: Citation) -> bool:
    """Tell whether a record is of a preprint, by its kind, DOI or place."""
    return bool(
        PREPRINT in {FORMS.get(citation.genre), FORMS.get(citation.type)}
        or _PREPRINT_DOI.match(citation.doi)
        or _PREPRINT_PLACE.search(citation.container_title)
    )


def _text(member: Member, contest: Contest) -> str:
    return str(contest.value(member))


def _in_small_letters(member: Member, contest: Contest) -> float:
    text = _text(member, contest)
    return not (text.isupper() and len(text.split()) > 1)


def _undamaged(member: Member, contest: Contest) -> float:
    text = _text(member, contest)
    named = plain_words(text) not in NO_TITLE
    return named and unscramble(text) == text and "\ufffd" not in text


def _bare(member: Member, contest: Contest) -> float:
    """Mark a title on which no database has hung anything ("[see comments]")."""
    text = _text(member, contest)
    return plain_words(text) == title_words(text)


def _not_cut(member: Member, contest: Contest) -> float:
    return not _CUT.search(_text(member, contest))


def _continues(member: Member, contest: Contest) -> float:
    """Count the other titles that this one begins with: it has the subtitle."""
    own = title_key(_text(member, contest))
    others = {title_key(_text(other, contest)) for other in contest.members}
    return sum(own != other and own.startswith(f"{other} ") for other in others)


def _number_of_authors(member: Member, _contest: Contest) -> float:
    """Count the people named; "et al." is nobody.

    A list cut at 100 is still longer than any that names fewer, and shorter than
    the whole one.
    """
    return sum(_is_named(author) for author in member.citation.authors)


def _is_named(author: Author) -> bool:
    words = title_key(f"{author.given} {author.family} {author.literal}")
    return words not in _AND_OTHERS


def _letters_of_names(member: Member, _contest: Contest) -> float:
    return sum(len(title_key(author.given)) for author in member.citation.authors)


def _orcids(member: Member, _contest: Contest) -> float:
    return sum(bool(author.orcid) for author in member.citation.authors)


def _is_abstract(member: Member, contest: Contest) -> float:
    return len(_text(member, contest).split()) <= FULL_TEXT_WORDS


def _nearly_longest(member: Member, contest: Contest) -> float:
    longest = max(len(_text(other, contest).split()) for other in contest.members)
    return len(_text(member, contest).split()) >= NEARLY_LONGEST * longest


def _is_of_the_text(member: Member, contest: Contest) -> float:
    """Mark a DOI that is of the text itself, not of its issue or a part of it."""
    own = _text(member, contest)
    kinds = {member.citation.genre, member.citation.type}
    part = any(
        own.startswith((f"{other}.", f"{other}/"))
        for other in (_text(one, contest) for one in contest.members)
    )
    return not (part or _ISSUE_DOI.search(own) or kinds & _NOT_A_TEXT)


def _with_the_year(member: Member, contest: Contest) -> float:
    """Mark a date of the year that was chosen, most where one record tells both."""
    year = contest.chosen.get("year")
    if year is None:
        return 0
    same = member.citation.published.startswith(str(year.value))
    return same + (same and member.record_id == year.record_id)


def _with_the_type(member: Member, contest: Contest) -> float:
    chosen = contest.chosen.get("type")
    return chosen is not None and member.citation.type == chosen.value


class Rule(Enum):
    """What one record is preferred for, in words, and how it is told."""

    EDITED = "a person's correction", lambda m, c: c.name in m.edited
    PUBLISHED = "the published version", lambda m, _c: not is_preprint(m.citation)
    UNDAMAGED = "no letters lost", _undamaged
    SMALL_LETTERS = "not all in capitals", _in_small_letters
    BARE = "nothing added by a database", _bare
    NOT_CUT = "not cut off", _not_cut
    SUBTITLE = "with its subtitle", _continues
    MOST_AUTHORS = "the longest list of authors", _number_of_authors
    FULL_NAMES = "the fullest names", _letters_of_names
    ORCIDS = "with the most ORCIDs", _orcids
    IN_VOLUME = "in a volume, not ahead of print", lambda m, _c: bool(m.citation.volume)
    PAGE_NUMBERS = (
        "page numbers that can be read",
        lambda m, _c: page_numbers(m.citation.pages) != (0, 0),
    )
    PAGE_RANGE = (
        "the first and the last page",
        lambda m, _c: bool(page_range(m.citation.pages)[1]),
    )
    EXACT_DATE = "the most exact date", lambda m, _c: len(m.citation.published)
    WITH_YEAR = "goes with the year", _with_the_year
    WITH_TYPE = "goes with the type", _with_the_type
    OF_THE_TEXT = "the text's own, not its issue's or a part's", _is_of_the_text
    IS_ABSTRACT = f"no more than {FULL_TEXT_WORDS} words", _is_abstract
    LONGEST = "the longest", _nearly_longest
    SAID = "one of the records says so", lambda m, c: bool(c.value(m))
    CROSSREF = "from Crossref", lambda m, _c: m.citation.source == "crossref"
    OPENALEX = "from OpenAlex", lambda m, _c: m.citation.source == "openalex"

    def __init__(self, words: str, mark: Mark) -> None:
        self.words = words
        self.mark = mark


ONLY = "the only record that tells it"
ALIKE = "all records that tell it agree"
OLDEST = "the oldest record"

_FIRST = (Rule.EDITED, Rule.PUBLISHED)
_PLACED = (*_FIRST, Rule.IN_VOLUME)
_USUAL = (*_FIRST, Rule.CROSSREF)
RULES: Mapping[str, tuple[Rule, ...]] = {
    "title": (
        Rule.EDITED, Rule.UNDAMAGED, Rule.PUBLISHED, Rule.NOT_CUT, Rule.SMALL_LETTERS,
        Rule.BARE, Rule.SUBTITLE,
    ),
    "authors": (*_FIRST, Rule.MOST_AUTHORS, Rule.FULL_NAMES, Rule.ORCIDS),
    "year": (*_PLACED, Rule.CROSSREF),
    "published": (Rule.EDITED, Rule.WITH_YEAR, Rule.EXACT_DATE, Rule.CROSSREF),
    "container_title": (
        *_FIRST, Rule.UNDAMAGED, Rule.SMALL_LETTERS, Rule.CROSSREF, Rule.LONGEST,
    ),
    "volume": _USUAL,
    "issue": (*_PLACED, Rule.CROSSREF),
    "pages": (*_PLACED, Rule.PAGE_NUMBERS, Rule.PAGE_RANGE, Rule.CROSSREF),
    "doi": (*_FIRST, Rule.OF_THE_TEXT, Rule.CROSSREF),
    "abstract": (
        Rule.EDITED, Rule.IS_ABSTRACT, Rule.UNDAMAGED, Rule.NOT_CUT, Rule.PUBLISHED,
        Rule.LONGEST, Rule.OPENALEX,
    ),
    "genre": (Rule.EDITED, Rule.WITH_TYPE, Rule.CROSSREF),
    "url": _FIRST,
    "retracted": (Rule.EDITED, Rule.SAID),
}  # fmt: skip


# -- merging -------------------------------------------------------------------------


def merge(members: Sequence[Member]) -> View:
    """Return the merged view of at least one record, whatever their order."""
    ordered = sorted(members, key=lambda member: member.record_id)
    chosen: dict[str, Choice] = {}
    for name in EDITABLE:  # year stands before published, type before genre
        told = [member for member in ordered if _tells(member, name)]
        if told:
            chosen[name] = choose(Contest(name, told, chosen))
    words = len(chosen["abstract"].text.split()) if "abstract" in chosen else 0
    flags = (LONG_ABSTRACT,) if words > FULL_TEXT_WORDS else ()
    return View(tuple(member.record_id for member in ordered), chosen, flags)


def _tells(member: Member, name: str) -> bool:
    """Tell whether a record says anything; that it is not retracted, a person must."""
    if name == "retracted":
        return member.citation.retracted or name in member.edited
    return bool(getattr(member.citation, name))


def choose(contest: Contest) -> Choice:
    """Return the value of one field among the records that tell it, oldest first."""
    left = contest.members
    reasons = []
    for rule in RULES.get(contest.name, _USUAL):
        if _agreed(contest, left):
            break
        here = contest.among(left)
        marks = [float(rule.mark(member, here)) for member in left]
        best = max(marks)
        if min(marks) < best:
            left = [one for one, mark in zip(left, marks, strict=True) if mark == best]
            reasons.append(rule.words)
    if not reasons:
        reasons.append(_without_rule(contest, left))
    elif not _agreed(contest, left):
        reasons.append(OLDEST)
    return Choice(contest.value(left[0]), left[0].record_id, tuple(reasons))


def _agreed(contest: Contest, members: Sequence[Member]) -> bool:
    first = contest.value(members[0])
    return all(contest.value(member) == first for member in members[1:])


def _without_rule(contest: Contest, left: Sequence[Member]) -> str:
    if len(left) == 1:
        return ONLY
    return ALIKE if _agreed(contest, left) else OLDEST
