"""Duplicates: the machine finds them, people decide, and everything can be undone.

`find` does a pass (`passes`) and appends what the machine now says differently;
`decide`, `undo` and `split` append what a person says, and a person's word always
beats the machine's. Nothing is ever merged in place: a cluster is whatever the
verdicts in force make of the records (`pairs.clusters`), and `record.cluster_id`,
the only cache, is rewritten in the same transaction for the records that move.
Votes point at records, so they need no migration.
"""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from litreview import db, grouping, lookup, passes
from litreview.errors import NotFoundError, UsageError
from litreview.grouping import Change, Says, Standing
from litreview.models import PairDecision, Person
from litreview.pairs import Pair
from litreview.passes import Job, Tell, unheard
from litreview.proposals import Found, propose, store
from litreview.vocabulary import PairVerdict, Role

__all__ = ["Change", "Found", "decide", "find", "propose", "split", "store", "undo"]

# Who may decide besides a lead. A reader looks, a coder codes.
DECIDERS = (Role.SCREENER, Role.ARBITER)

# What a person may say of two records.
ANSWERS = (PairVerdict.DUPLICATE, PairVerdict.SAME_STUDY, PairVerdict.DIFFERENT)


# -- the machine -----------------------------------------------------------------


def find(
    engine: Engine,
    *,
    by: str,
    threshold: float | None = None,
    anew: bool = False,
    tell: Tell = unheard,
) -> Found:
    """Compare what is new or changed with all records; store what the machine says.

    `threshold` (0 to 1) is the score from which a pair is merged at once; default:
    the matcher's own verdict. All records are compared `anew` where that is asked
    for, and where the newest pass had another threshold or another matcher; the
    result is the same. `tell` hears (step, done, total). Raises `UsageError` for
    another threshold, `NotAllowedError` for who may not decide.
    """
    if threshold is not None and not 0 < threshold <= 1:
        raise UsageError(
            f"{threshold} is no threshold",
            why="it is a probability",
            fix="give a number above 0 and up to 1, such as 0.9",
        )

    def allow(session: Session) -> int:
        return lookup.actor(session, by, roles=DECIDERS).id

    db.read(engine, allow)
    job = Job(allow, threshold, anew=anew, tell=tell)
    return passes.run(engine, job)


# -- people -----------------------------------------------------------------------


def decide(  # noqa: PLR0913 - two records, a word, who and why
    session: Session, a: int, b: int, verdict: str, *, by: Person, why: str = ""
) -> Change:
    """Store what a person judges two records to be; return what it changed.

    The same verdict of the same person again, where it already has its effect,
    stores nothing. Raises `UsageError` for a record and itself or another word,
    `NotFoundError` for an unknown record, `NotAllowedError` for who may not decide.
    """
    word = _answer(verdict)
    pair = _pair(session, a, b)
    lookup.actor(session, by.handle, roles=DECIDERS)
    before = grouping.locked(session, pair)
    new = [] if _said(session, before, pair, word, by) else [pair]
    return grouping.say(session, before, new or [pair], word, Says(by, why, bool(new)))


def undo(session: Session, a: int, b: int, *, by: Person) -> Change:
    """Take back the verdict in force on a pair; return what it changed.

    A person's verdict is withdrawn; what the machine says of the pair holds again.
    Where only the machine spoke, the person's *different* is stored, since the
    next pass would say the same again. Raises `NotFoundError` where nothing is in
    force.
    """
    pair = _pair(session, a, b)
    lookup.actor(session, by.handle, roles=DECIDERS)
    before = grouping.locked(session, pair)
    ruling = before.verdicts.get(pair)
    if ruling is None:
        raise _nothing_to_undo(before, pair)
    word = PairVerdict.WITHDRAWN if ruling.by_person else PairVerdict.DIFFERENT
    why = "" if ruling.by_person else "undo of the machine's verdict"
    return grouping.say(session, before, [pair], word, Says(by, why))


def split(session: Session, record_id: int, *, by: Person, why: str = "") -> Change:
    """Take a record out of its cluster for good; return what it changed.

    The person's *different* against every other member is stored, so that no
    chain brings it back; it replaces any duplicate said of the same pair. Members
    that only this record joined come apart too. Raises `UsageError` where the
    record is alone.
    """
    lookup.record(session, record_id)
    lookup.actor(session, by.handle, roles=DECIDERS)
    before = grouping.locked(session, [record_id])
    home = before.home[record_id]
    others = [one for one, cluster in before.home.items() if cluster == home]
    others.remove(record_id)
    if not others:
        raise UsageError(
            f"record {record_id} is the only one of its report",
            why="there is nothing to take it out of",
            fix=f"`litreview dedupe list --why {record_id}` shows what is known of it",
        )
    low_high = [_ordered(record_id, other) for other in sorted(others)]
    return grouping.say(session, before, low_high, PairVerdict.DIFFERENT, Says(by, why))


def _answer(verdict: str) -> PairVerdict:
    if verdict in ANSWERS:
        return PairVerdict(verdict)
    hint = "; to take a verdict back: `litreview dedupe undo A B`"
    raise UsageError(
        f"{verdict!r} is no verdict on two records",
        fix=f"use {', '.join(ANSWERS)}"
        + (hint if verdict == PairVerdict.WITHDRAWN else ""),
    )


def _pair(session: Session, a: int, b: int) -> Pair:
    for record_id in (a, b):
        lookup.record(session, record_id)
    if a == b:
        raise UsageError(
            f"record {a} is itself", fix="name two records that might be the same"
        )
    return _ordered(a, b)


def _ordered(a: int, b: int) -> Pair:
    return min(a, b), max(a, b)


def _said(
    session: Session, before: Standing, pair: Pair, word: PairVerdict, by: Person
) -> bool:
    """Tell whether this person said so last, and it has its effect."""
    ruling = before.verdicts.get(pair)
    if ruling is None or not ruling.by_person or ruling.verdict != word:
        return False
    if any(refusal.ruling == ruling for refusal in before.refused):
        return False  # saying it again makes it the newest, and so the strongest
    return session.get_one(PairDecision, ruling.decision_id).person_id == by.id


def _nothing_to_undo(before: Standing, pair: Pair) -> NotFoundError:
    a, b = pair
    if before.home[a] != before.home[b]:
        return NotFoundError(
            f"no verdict is in force on records {a} and {b}",
            fix="`litreview dedupe list --all` lists the verdicts",
        )
    return NotFoundError(
        f"no verdict on records {a} and {b} themselves is in force",
        why="they are one report by way of other records",
        fix=f"`litreview dedupe list --why {a}` shows how; "
        f"`litreview dedupe split {a}` takes {a} out",
    )
