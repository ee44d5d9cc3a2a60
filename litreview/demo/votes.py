"""Simulated screeners, an arbiter and a librarian, as rules with a seed.

What a careful person would say follows from words of title and abstract, in the
order of the criteria's reasons. Each screener then errs on a small share of the
records, told by a hash of seed, screener, stage, source and source id: so votes do
not depend on the order of work, another seed gives other conflicts, and two
screeners err on different records. The arbiter reads as carefully as the rule can.

The rules know words, not meaning. They rehearse the software and say nothing about
the works.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from litreview.vocabulary import Stage, Verdict

ERROR_SHARE = 0.08  # of a screener's votes are the opposite of the rule's
UNSURE_SHARE = 0.12  # of inclusions by title and abstract are a maybe instead
OTHER_REASON_SHARE = 0.06  # of full-text exclusions name another reason
NOT_RETRIEVED_SHARE = 0.05  # of the full texts sought cannot be had

FOREIGN_WORDS = 2  # of another language's small words in a title: not English

STREAMS = (
    "validates_instrument",
    "theorises_concept",
    "proxy_indicator",
    "tests_association",
    "offer_evidence",
)


@dataclass(frozen=True, slots=True)
class Vote:
    """An opinion: a reason with an exclusion, streams with a full-text inclusion."""

    verdict: Verdict
    reason: str | None = None
    streams: tuple[str, ...] = ()


def _words(*parts: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(parts) + r")", re.IGNORECASE)


_RETRACTED = re.compile(r"^\s*(?:\[?retract(?:ed|ion)\b)", re.IGNORECASE)
_NOT_ENGLISH = re.compile(
    r"\b(?:des|une|les|dans|le|la|et|du|und|der|f\u00fcr|los|las|una|para|y)\b",
    re.IGNORECASE,
)
_NO_STUDY = re.compile(
    r"^\W*(?:erratum|corrigendum|correction to|editorial|book review|news and notes|"
    r"comment on|reply to|guest editorial|introduction to the special)",
    re.IGNORECASE,
)
_SCHOOL = _words(
    "schools?",
    "teach",
    "headteacher",
    "principals?",
    "classroom",
    "pupil",
    "early career",
    "professional development",
    "professional learning",
    "national professional qualification",
)
_ELSEWHERE = _words(
    "nurs(?:e|es|ing)\\b",
    "hospital",
    "clinical",
    "patients",
    "universit",
    "lecturer",
    "faculty",
    "higher education",
    "undergraduate",
    "kindergarten",
    "preschool",
    "early years",
)
_CONCEPT = _words(
    "professional (?:development|learning|environment)",
    "CPD",
    "in-service",
    "coaching",
    "lesson study",
    "induction",
    "mentor",
    "coheren",
    "relational trust",
    "efficacy",
    "collaborat",
    "leadership",
    "school (?:climate|culture)",
    "working (?:conditions|environment)",
    "organi[sz]ational learning",
    "implementation climate",
    "retention",
    "turnover",
    "initial teacher",
    "trainee",
    "early career (?:framework|teacher)",
    "national professional qualification",
    "teacher (?:learning|development|effectiveness)",
    "system leadership",
)
_BUILDING = _words("ventilation", "sensor", "symptoms", "voice strain", "sick leave")
_PAST = _words("archive", "history of", "century", "photographs")
_ENGLAND = _words("England", "English", "UK", "United Kingdom", "London")
_NO_RESULTS = _words("no psychometric", "not yet tested")
_STREAM_WORDS = {
    "validates_instrument": _words(
        "questionnaire",
        "scale",
        "psychometric",
        "factor analysis",
        "invariance",
        "content validity",
        "construct validity",
        "item development",
        "measur",
    ),
    "theorises_concept": _words(
        "theor", "concept", "realist", "coheren", "mechanism", "framework for", "review"
    ),
    "proxy_indicator": _words(
        "indicator", "proxy", "administrative data", "census", "TALIS", "linked data"
    ),
    "tests_association": _words(
        "associate",
        "association",
        "relat(?:e|ed|ion)",
        "effects?",
        "impact",
        "trial",
        "meta-analy",
    ),
}
_OFFER = _words(
    "early career framework",
    "early career teacher entitlement",
    "national professional qualification",
    "initial teacher (?:training|education)",
)


def simulated_vote(  # noqa: PLR0913 - the whole key of a vote, all by keyword
    *,
    seed: int,
    screener: str,
    stage: str,
    source: str,
    source_id: str,
    title: str,
    abstract: str,
) -> Vote:
    """Say what a screener votes: the careful opinion, or now and then an error.

    By title and abstract a vote is include, exclude or maybe; at full text include
    (with at least one stream) or exclude (with a reason of the criteria, never one
    for duplicates). The same arguments always give the same vote.
    """
    careful = _careful(stage, title, abstract)
    key = (str(seed), screener, stage, source, source_id)
    if _chance("error", *key) < ERROR_SHARE:
        return _opposite(careful, stage, title, abstract)
    if stage == Stage.FULL_TEXT:
        if careful.reason and _chance("reason", *key) < OTHER_REASON_SHARE:
            return Vote(Verdict.EXCLUDE, _other_reason(careful.reason))
        return careful
    if careful.verdict is Verdict.INCLUDE and _chance("unsure", *key) < UNSURE_SHARE:
        return Vote(Verdict.MAYBE)
    return careful


def simulated_arbiter(*, stage: str, title: str, abstract: str) -> Vote:
    """Say what the third person decides: the careful opinion, never a maybe."""
    careful = _careful(stage, title, abstract)
    if careful.verdict is Verdict.MAYBE:
        return Vote(Verdict.INCLUDE, None, careful.streams)
    return careful


def simulated_retrieval(*, seed: int, source: str, source_id: str) -> bool:
    """Say whether the full text of a record could be had."""
    return _chance("retrieval", str(seed), source, source_id) >= NOT_RETRIEVED_SHARE


def _chance(*key: str) -> float:
    """Turn a key into a number from 0 up to, not including, 1."""
    digest = hashlib.sha256("\x1f".join(key).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _careful(stage: str, title: str, abstract: str) -> Vote:
    reason = _reason(stage, title, abstract)
    if reason:
        return Vote(Verdict.EXCLUDE, reason)
    if stage == Stage.FULL_TEXT:
        return Vote(Verdict.INCLUDE, None, _streams(title, abstract))
    unsure = not title or (not abstract and not _CONCEPT.search(title))
    return Vote(Verdict.MAYBE if unsure else Verdict.INCLUDE)


def _reason(stage: str, title: str, abstract: str) -> str | None:
    """Return the first reason of the criteria that applies, in their order."""
    both = f"{title} {abstract}"
    concept, school = bool(_CONCEPT.search(both)), bool(_SCHOOL.search(both))
    streams = _streams(title, abstract)
    abroad = bool(abstract and _OFFER.search(both) and not _ENGLAND.search(both))
    foreign = len(_NOT_ENGLISH.findall(title)) >= FOREIGN_WORDS
    unrelated = bool(both.strip()) and not school and bool(abstract or not concept)
    full_text = stage == Stage.FULL_TEXT
    found = (
        ("X-LANG", foreign),
        ("X-TYPE", bool(_NO_STUDY.search(title))),
        ("X-POP", bool(_ELSEWHERE.search(both))),
        ("X-POP", unrelated),
        ("X-CONCEPT", bool(_BUILDING.search(both) or (abstract and not concept))),
        ("X-STREAM", full_text and bool(_PAST.search(both))),
        ("X-STREAM", full_text and not streams and not abroad),
        ("X-INSTR", full_text and bool(_NO_RESULTS.search(both))),
        ("X-COUNTRY", abroad and not streams),
        ("X-RETRACTED", full_text and bool(_RETRACTED.search(title))),
    )
    return next((code for code, applies in found if applies), None)


def _streams(title: str, abstract: str) -> tuple[str, ...]:
    both = f"{title} {abstract}"
    found = [name for name, words in _STREAM_WORDS.items() if words.search(both)]
    if _OFFER.search(both) and _ENGLAND.search(both):
        found.append("offer_evidence")
    if not found and not abstract and _CONCEPT.search(title):
        found.append("theorises_concept")  # the rule has no text to read, a person has
    return tuple(name for name in STREAMS if name in found)


def _opposite(careful: Vote, stage: str, title: str, abstract: str) -> Vote:
    if careful.verdict is Verdict.EXCLUDE:
        streams = _streams(title, abstract) or ("theorises_concept",)
        return Vote(Verdict.INCLUDE, None, streams if stage == Stage.FULL_TEXT else ())
    return Vote(Verdict.EXCLUDE, "X-CONCEPT")


def _other_reason(reason: str) -> str:
    return "X-CONCEPT" if reason != "X-CONCEPT" else "X-POP"
