"""Duplicates: the machine finds them, people decide, and everything can be undone.

`find` compares all records and appends what the machine now says differently;
`decide`, `undo` and `split` append what a person says, and a person's word always
beats the machine's. Nothing is ever merged in place: a cluster is whatever the
verdicts in force make of the records (`pairs.clusters`), and `record.cluster_id`,
the only cache, is rewritten in the same transaction for the records that move.
Votes point at records, so they need no migration.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.orm import Session

from litreview import __version__, db, grouping, lookup, matching, pairs
from litreview.errors import NotFoundError, UsageError
from litreview.grouping import Change, Says, Standing
from litreview.matching import Entry
from litreview.models import CandidatePair, DedupeRun, PairDecision, Person, Record
from litreview.pairs import UNSURE, Pair
from litreview.vocabulary import PairVerdict, Role

# Who may decide besides a lead. A reader looks, a coder codes.
DECIDERS = (Role.SCREENER, Role.ARBITER)

# What a person may say of two records.
ANSWERS = (PairVerdict.DUPLICATE, PairVerdict.SAME_STUDY, PairVerdict.DIFFERENT)


@dataclass(frozen=True)
class Found:
    """What a pass of the machine came to.

    `pairs` are those worth keeping; `duplicates` and `same_study` the machine's
    verdicts among them; `new` and `withdrawn` the verdicts that this pass
    appended; `moved` the records whose report changed; `merged` the records that
    are not their report's first one; `waiting` the pairs that a person must decide.
    """

    run_id: int
    records: int
    pairs: int
    duplicates: int
    same_study: int
    new: int
    withdrawn: int
    moved: int
    merged: int
    reports: int
    waiting: int
    seconds: float


# -- the machine -----------------------------------------------------------------


def find(engine: Engine, *, by: str, threshold: float | None = None) -> Found:
    """Compare all records, and store what the machine now says differently.

    The records are read in one snapshot, compared outside any transaction, and
    the result is stored in one transaction. `threshold` (0 to 1) is the score from
    which a pair is merged at once; default: the matcher's own verdict. Raises
    `UsageError` for another threshold.
    """
    if threshold is not None and not 0 < threshold <= 1:
        raise UsageError(
            f"{threshold} is no threshold",
            why="it is a probability",
            fix="give a number above 0 and up to 1, such as 0.9",
        )
    begun = time.monotonic()

    def look(session: Session) -> list[Entry]:
        lookup.actor(session, by, roles=DECIDERS)
        return entries(session)

    known = db.read(engine, look)
    proposals = propose(matching.find_pairs(known), threshold)
    parameters = {"threshold": threshold, "version": __version__}

    def keep(session: Session) -> Found:
        run = DedupeRun(
            parameters=parameters,
            records=len(known),
            person_id=lookup.actor(session, by, roles=DECIDERS).id,
        )
        return store(session, proposals, run=run, begun=begun)

    return db.write(engine, keep)


def entries(session: Session) -> list[Entry]:
    """Return every record as the matcher takes it, removed ones too."""
    rows = session.execute(
        select(
            Record.id,
            Record.title,
            Record.authors,
            Record.year,
            Record.container_title,
            Record.volume,
            Record.issue,
            Record.pages,
            Record.doi,
            Record.abstract,
            Record.type,
            Record.source,
        ).order_by(Record.id)
    )
    return [Entry(*row) for row in rows]


def propose(
    found: Iterable[matching.Pair], threshold: float | None
) -> list[matching.Pair]:
    """Return the pairs with the verdicts that a threshold makes of their scores."""
    return [
        matching.Pair(pair.a, pair.b, pair.score, _at(pair, threshold), pair.reasons)
        for pair in found
        if pair.verdict != "different"
    ]


def _at(pair: matching.Pair, threshold: float | None) -> matching.Verdict:
    if threshold is None or pair.verdict == "same_study":
        return pair.verdict
    return "duplicate" if pair.score >= threshold else "unsure"


def store(
    session: Session,
    proposals: Sequence[matching.Pair],
    *,
    run: DedupeRun,
    begun: float | None = None,
) -> Found:
    """Store a pass of the machine: the run, its pairs, its changed verdicts.

    A pair on which a person's word is in force gets no verdict. `begun` is the
    monotonic second in which the pass began.
    """
    begun = time.monotonic() if begun is None else begun
    home = _lock_all(session)
    session.add(run)
    session.flush()
    _rebuild_candidates(session, proposals, run.id)
    new = _changed(session, proposals, run.id)
    if new:
        session.execute(insert(PairDecision), new)
    made = pairs.clusters(home, pairs.rulings(session)).of
    moved = {record: made[record] for record in home if made[record] != home[record]}
    grouping.move(session, moved)
    verdicts = Counter(pair.verdict for pair in proposals)
    withdrawn = sum(row["verdict"] == PairVerdict.WITHDRAWN for row in new)
    reports = len({made[record] for record in home})
    return Found(
        run_id=run.id,
        records=run.records,
        pairs=len(proposals),
        duplicates=verdicts["duplicate"],
        same_study=verdicts["same_study"],
        new=len(new) - withdrawn,
        withdrawn=withdrawn,
        moved=len(moved),
        merged=len(home) - reports,
        reports=reports,
        waiting=len(pairs.undecided(session)),
        seconds=time.monotonic() - begun,
    )


def _lock_all(session: Session) -> dict[int, int]:
    """Lock every record against votes and verdicts; return record -> cluster.

    Others may go on referring to the records, so that a harvest is not held up.
    """
    query = select(Record.id, Record.cluster_id).order_by(Record.id)
    rows = session.execute(query.with_for_update(key_share=True))
    return dict(rows.all())


def _rebuild_candidates(
    session: Session, proposals: Iterable[matching.Pair], run_id: int
) -> None:
    session.execute(delete(CandidatePair).execution_options(synchronize_session=False))
    rows = [
        {
            "a_id": pair.a,
            "b_id": pair.b,
            "run_id": run_id,
            "score": pair.score,
            "proposal": pair.verdict,
            "reasons": list(pair.reasons),
        }
        for pair in proposals
    ]
    if rows:
        session.execute(insert(CandidatePair), rows)


def _changed(
    session: Session, proposals: Iterable[matching.Pair], run_id: int
) -> list[dict[str, object]]:
    """Return the rows that say what the machine now says differently."""
    people, machine = pairs.words(session)
    said: dict[Pair, matching.Pair] = {
        (pair.a, pair.b): pair for pair in proposals if pair.verdict != UNSURE
    }
    rows: list[dict[str, object]] = [
        {
            "a_id": pair.a,
            "b_id": pair.b,
            "verdict": pair.verdict,
            "run_id": run_id,
            "score": pair.score,
            "reasons": list(pair.reasons),
        }
        for key, pair in said.items()
        if key not in people
        and (key not in machine or machine[key].verdict != pair.verdict)
    ]
    rows += [
        {
            "a_id": a,
            "b_id": b,
            "verdict": PairVerdict.WITHDRAWN,
            "run_id": run_id,
            "score": None,
            "reasons": [],
        }
        for a, b in sorted(machine.keys() - said.keys() - people.keys())
    ]
    return rows


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
