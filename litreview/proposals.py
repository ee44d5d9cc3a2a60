"""What a pass of the machine found, as it is stored.

Every pair worth keeping is a row of `candidate_pair`, also where its answer follows
from others: what waits for a person is asked when it is needed (`pairs.undecided`).
A verdict is appended where the machine now says something else than the word of it
that is in force, and never where a person's word is. `touched` are the records that
a pass looked at; without it, it looked at all. Whatever a pass did not look at is as
the passes before it left it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import bindparam, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from litreview import grouping, matching, pairs
from litreview.models import CandidatePair, DedupeRun, PairDecision, Record
from litreview.pairs import CHUNK, UNSURE, Pair, Rulings
from litreview.vocabulary import PairVerdict

Row = dict[str, object]


@dataclass(frozen=True)
class Found:
    """What a pass of the machine came to.

    `records` are all there are, `compared` those that the pass looked at anew.
    `pairs` are those worth keeping; `duplicates` and `same_study` the machine's
    verdicts among them; `new` and `withdrawn` the verdicts that this pass
    appended; `moved` the records whose report changed; `merged` the records that
    are not their report's first one; `waiting` the pairs that a person must decide.
    """

    run_id: int
    records: int
    compared: int
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


@dataclass(frozen=True)
class Words:
    """What is in force on the pairs that a pass may speak about, and what it says.

    `people` and `machine` are in force until now; `said` leaves out the unsure.
    """

    people: Rulings
    machine: Rulings
    said: Mapping[Pair, matching.Pair]


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
    touched: frozenset[int] | None = None,
    begun: float | None = None,
) -> Found:
    """Store a pass of the machine: the run, its pairs, its changed verdicts.

    `proposals` are the pairs with any of the `touched` records. `begun` is the
    monotonic second in which the pass began.
    """
    begun = time.monotonic() if begun is None else begun
    back = _given_back(session)
    home = _hold(session, proposals, touched, back)
    session.add(run)
    session.flush()
    if touched is None:
        _rebuild_candidates(session, proposals, run.id)
        words = Words(*pairs.words(session), _sure(proposals))
    else:
        _replace_candidates(session, proposals, touched, run.id)
        words = _in_play(session, proposals, touched, back)
    new = _changed(words, run.id)
    if new:
        session.execute(insert(PairDecision), new)
    moved = _regroup(session, home, whole=touched is None)
    return _told(session, run, new, moved, (home, touched, begun))


# -- locking and grouping --------------------------------------------------------------


def _hold(
    session: Session,
    proposals: Iterable[matching.Pair],
    touched: frozenset[int] | None,
    back: Collection[Pair],
) -> dict[int, int]:
    """Lock what the pass may move against votes and verdicts; return its clusters.

    Others may go on referring to the records, so that a harvest is not held up.
    """
    if touched is None:
        query = select(Record.id, Record.cluster_id).order_by(Record.id)
        rows = session.execute(query.with_for_update(key_share=True))
        return dict(rows.all())
    ends = {end for pair in proposals for end in (pair.a, pair.b)}
    ends |= {end for pair in back for end in pair}
    return grouping.locked(session, ends | set(touched)).home


def _regroup(session: Session, home: Mapping[int, int], *, whole: bool) -> int:
    """Write the clusters that the verdicts now make; return how many records moved."""
    verdicts = pairs.rulings(session, None if whole else home)
    made = pairs.clusters(home, verdicts).of
    moved = {record: made[record] for record in home if made[record] != home[record]}
    grouping.move(session, moved)
    return len(moved)


# -- candidates ------------------------------------------------------------------------


def _rebuild_candidates(
    session: Session, proposals: Iterable[matching.Pair], run_id: int
) -> None:
    session.execute(delete(CandidatePair).execution_options(synchronize_session=False))
    rows = [_candidate(pair, run_id) for pair in proposals]
    if rows:
        session.execute(insert(CandidatePair), rows)


def _candidate(pair: matching.Pair, run_id: int) -> Row:
    return {
        "a_id": pair.a,
        "b_id": pair.b,
        "run_id": run_id,
        "score": pair.score,
        "proposal": pair.verdict,
        "reasons": list(pair.reasons),
    }


def _replace_candidates(
    session: Session,
    proposals: Iterable[matching.Pair],
    touched: Collection[int],
    run_id: int,
) -> None:
    """Put these pairs in place of those with any of these records, if they differ."""
    now = {(pair.a, pair.b): pair for pair in proposals}
    old = _candidates(session, touched)
    table = CandidatePair.metadata.tables["candidate_pair"]
    gone = [
        {"a": key[0], "b": key[1]}
        for key, pair in sorted(old.items())
        if now.get(key) != pair
    ]
    if gone:
        statement = delete(table).where(
            table.c.a_id == bindparam("a"), table.c.b_id == bindparam("b")
        )
        session.connection().execute(statement, gone)
        session.expire_all()
    rows = [_candidate(now[key], run_id) for key in now if now[key] != old.get(key)]
    if rows:
        session.execute(insert(CandidatePair), rows)


def _candidates(
    session: Session, records: Collection[int]
) -> dict[Pair, matching.Pair]:
    """Return the pairs that are kept with any of these records."""
    ids = sorted(records)
    found: dict[Pair, matching.Pair] = {}
    columns = select(
        CandidatePair.a_id,
        CandidatePair.b_id,
        CandidatePair.score,
        CandidatePair.proposal,
        CandidatePair.reasons,
    )
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        query = columns.where(
            or_(CandidatePair.a_id.in_(some), CandidatePair.b_id.in_(some))
        )
        for a, b, score, verdict, reasons in session.execute(query):
            found[a, b] = matching.Pair(a, b, score, _verdict(verdict), tuple(reasons))
    return found


def _verdict(word: str) -> matching.Verdict:
    return cast("matching.Verdict", word)


# -- verdicts --------------------------------------------------------------------------


def _given_back(session: Session) -> set[Pair]:
    """Return the pairs on which a person has once taken a word back.

    While a person's word is in force the machine keeps silent; once it is withdrawn,
    the machine may have to say what it would have said meanwhile.
    """
    query = select(PairDecision.a_id, PairDecision.b_id).where(
        PairDecision.person_id.is_not(None),
        PairDecision.verdict == PairVerdict.WITHDRAWN,
    )
    return {(a, b) for a, b in session.execute(query.distinct())}


def _in_play(
    session: Session,
    proposals: Iterable[matching.Pair],
    touched: frozenset[int],
    back: Collection[Pair],
) -> Words:
    """Return the words on pairs with any of these records, or that were given back."""
    people, machine = pairs.words(session, touched)
    said = _sure(proposals)
    ends = {end for pair in back for end in pair}
    others = {pair for pair in back if touched.isdisjoint(pair)}
    if others:
        more = pairs.words(session, ends)
        people |= {key: word for key, word in more[0].items() if key in others}
        machine |= {key: word for key, word in more[1].items() if key in others}
        kept = _candidates(session, ends)
        said |= _sure(pair for key, pair in kept.items() if key in others)
    return Words(people, machine, said)


def _sure(proposals: Iterable[matching.Pair]) -> dict[Pair, matching.Pair]:
    return {(pair.a, pair.b): pair for pair in proposals if pair.verdict != UNSURE}


def _changed(words: Words, run_id: int) -> list[Row]:
    """Return the rows that say what the machine now says differently.

    Another score counts: where a person holds records apart, the score says which
    link is the weakest.
    """
    said, machine = words.said, words.machine
    rows: list[Row] = [
        {
            "a_id": pair.a,
            "b_id": pair.b,
            "verdict": pair.verdict,
            "run_id": run_id,
            "score": pair.score,
            "reasons": list(pair.reasons),
        }
        for key, pair in sorted(said.items())
        if key not in words.people
        and (
            key not in machine
            or (machine[key].verdict, machine[key].score) != (pair.verdict, pair.score)
        )
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
        for a, b in sorted(machine.keys() - said.keys() - words.people.keys())
    ]
    return rows


# -- what came of it -------------------------------------------------------------------


def _told(
    session: Session,
    run: DedupeRun,
    new: Sequence[Row],
    moved: int,
    done: tuple[Mapping[int, int], Collection[int] | None, float],
) -> Found:
    """Count what there is now, and what the pass did to it."""
    home, touched, begun = done
    kinds = Counter(
        dict(
            session.execute(
                select(CandidatePair.proposal, func.count()).group_by(
                    CandidatePair.proposal
                )
            ).all()
        )
    )
    withdrawn = sum(row["verdict"] == PairVerdict.WITHDRAWN for row in new)
    records, reports = session.execute(
        select(func.count(), func.count().filter(Record.id == Record.cluster_id))
    ).one()
    return Found(
        run_id=run.id,
        records=records,
        compared=len(home) if touched is None else len(touched),
        pairs=kinds.total(),
        duplicates=kinds["duplicate"],
        same_study=kinds["same_study"],
        new=len(new) - withdrawn,
        withdrawn=withdrawn,
        moved=moved,
        merged=records - reports,
        reports=reports,
        waiting=len(pairs.undecided(session)),
        seconds=time.monotonic() - begun,
    )
