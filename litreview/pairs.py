"""What two records are to each other: every verdict in force, and what follows.

A person's newest word on a pair beats the machine's; a withdrawal takes a word
back. Components over *duplicate* are clusters (reports). A person's *different* or
*same_study* is a cannot-link that no component may contain: the weakest link that
would bring such a pair together is refused and waits for a person.

Pairs are (a, b) with a < b throughout.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from litreview.matching import Clusters, Link, components
from litreview.models import CandidatePair, PairDecision, Record
from litreview.vocabulary import PairVerdict

# What the machine proposes where it will not decide.
UNSURE = "unsure"

# Ids bound in one statement, at most twice: SQLite takes 32,766 values.
CHUNK = 10_000

Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class PairRuling:
    """What two records are to each other now; a person's word beats the machine's.

    `score` is the machine's probability, 1 where a person spoke.
    """

    a_id: int
    b_id: int
    verdict: str
    decision_id: int
    by_person: bool
    score: float


@dataclass(frozen=True)
class Refusal:
    """A duplicate that joins nobody, and the cannot-links that stand against it."""

    ruling: PairRuling
    blocked_by: tuple[PairRuling, ...]


@dataclass(frozen=True)
class Waiting:
    """A pair that waits for a person: an unsure proposal or a refused link.

    `blocked_by` is empty for a proposal; `reasons` are the machine's, if any.
    """

    a_id: int
    b_id: int
    score: float
    proposal: str
    reasons: tuple[str, ...] = ()
    blocked_by: tuple[PairRuling, ...] = ()


Rulings: TypeAlias = dict[Pair, PairRuling]


# -- words in force ----------------------------------------------------------------


def words(
    session: Session,
    records: Collection[int] | None = None,
    *,
    until: int | None = None,
) -> tuple[Rulings, Rulings]:
    """Return what people say of each pair, and what the machine says.

    The newest word of each counts; where that is a withdrawal the pair is left
    out. With `records`, only the pairs with at least one of these. With `until`,
    the id of a pair decision, what was in force when that one was the newest.
    """
    columns = select(
        PairDecision.id,
        PairDecision.a_id,
        PairDecision.b_id,
        PairDecision.verdict,
        PairDecision.person_id,
        PairDecision.score,
    )
    if until is not None:
        columns = columns.where(PairDecision.id <= until)
    rows = {
        row.id: row
        for part in _about(columns, records)
        for row in session.execute(part)
    }
    people: Rulings = {}
    machine: Rulings = {}
    for _, row in sorted(rows.items()):
        by_person = row.person_id is not None
        said = people if by_person else machine
        pair = (row.a_id, row.b_id)
        if row.verdict == PairVerdict.WITHDRAWN:
            said.pop(pair, None)
            continue
        score = 1.0 if row.score is None else row.score
        said[pair] = PairRuling(*pair, row.verdict, row.id, by_person, score)
    return people, machine


Words: TypeAlias = Select[int, int, int, str, int | None, float | None]


def _about(query: Words, records: Collection[int] | None) -> Iterator[Words]:
    """Yield the query in parts about so many records that each can be sent."""
    if records is None:
        yield query
        return
    ids = sorted(records)
    for start in range(0, len(ids), CHUNK):
        these = ids[start : start + CHUNK]
        yield query.where(
            or_(PairDecision.a_id.in_(these), PairDecision.b_id.in_(these))
        )


def rulings(
    session: Session,
    records: Collection[int] | None = None,
    *,
    until: int | None = None,
) -> Rulings:
    """Return (a, b) -> the verdict in force; withdrawn pairs are left out.

    The newest word of a person counts; where that is a withdrawal or there is
    none, the newest word of the machine does. With `records`, only the pairs with
    at least one of these. `until` is that of `words`.
    """
    people, machine = words(session, records, until=until)
    return machine | people


def reach(session: Session, records: Collection[int]) -> set[int]:
    """Return the records that duplicates in force tie to these, however far.

    Refused links count: a verdict that lets go of one record may free another.
    Whatever is decided among these records changes no cluster outside.
    """
    known: set[int] = set()
    fresh = set(records)
    while fresh:
        known |= fresh
        ends = {
            end
            for pair, ruling in rulings(session, fresh).items()
            if ruling.verdict == PairVerdict.DUPLICATE
            for end in pair
        }
        fresh = ends - known
    return known


# -- what follows --------------------------------------------------------------------


def link(ruling: PairRuling) -> Link:
    """Return a ruling as a link: people before the machine, newer and surer first."""
    if ruling.by_person:
        return Link(ruling.a_id, ruling.b_id, (1.0, float(ruling.decision_id)))
    return Link(ruling.a_id, ruling.b_id, (0.0, ruling.score))


def cannot_links(pairs: Mapping[Pair, PairRuling], *verdicts: PairVerdict) -> set[Pair]:
    """Return the pairs that a person ruled to be one of these verdicts."""
    return {
        pair
        for pair, ruling in pairs.items()
        if ruling.by_person and ruling.verdict in verdicts
    }


def clusters(ids: Collection[int], verdicts: Mapping[Pair, PairRuling]) -> Clusters:
    """Return the clusters that the verdicts in force make of these records."""
    links = [
        link(ruling)
        for ruling in verdicts.values()
        if ruling.verdict == PairVerdict.DUPLICATE
    ]
    return components(ids, links, _apart(verdicts))


def _apart(verdicts: Mapping[Pair, PairRuling]) -> set[Pair]:
    return cannot_links(verdicts, PairVerdict.DIFFERENT, PairVerdict.SAME_STUDY)


def refusals(made: Clusters, verdicts: Mapping[Pair, PairRuling]) -> list[Refusal]:
    """Return the duplicates that were refused, each with what stands against it."""
    if not made.refused:
        return []
    against = _walls(made.of, verdicts)
    found = []
    for refused in made.refused:
        ruling = verdicts[refused.a, refused.b]
        walls = against.get(_between(made.of, refused.a, refused.b), ())
        found.append(Refusal(ruling, tuple(walls)))
    return found


def _walls(
    home: Mapping[int, int], verdicts: Mapping[Pair, PairRuling]
) -> dict[Pair, list[PairRuling]]:
    """Return two clusters -> the cannot-links between them."""
    found: dict[Pair, list[PairRuling]] = {}
    for a, b in sorted(_apart(verdicts)):
        found.setdefault(_between(home, a, b), []).append(verdicts[a, b])
    return found


def _between(home: Mapping[int, int], a: int, b: int) -> Pair:
    one, other = sorted((home.get(a, a), home.get(b, b)))
    return one, other


def recomputed(session: Session) -> dict[int, int]:
    """Return record id -> the cluster id that the verdicts in force give it."""
    ids = list(session.scalars(select(Record.id)))
    return dict(clusters(ids, rulings(session)).of)


def broken(session: Session) -> list[Pair]:
    """Return the cannot-links that stand inside one cluster; there must be none."""
    home = homes(session)
    apart = _apart(rulings(session))
    return sorted(pair for pair in apart if home[pair[0]] == home[pair[1]])


def homes(session: Session) -> dict[int, int]:
    """Return record id -> its stored cluster id."""
    rows = session.execute(select(Record.id, Record.cluster_id))
    return dict(rows.all())


def undecided(
    session: Session, records: Collection[int] | None = None
) -> list[Waiting]:
    """Return the pairs that wait for a person, the likeliest first.

    These are the machine's unsure proposals on which nobody has spoken, and the
    refused links. Left out are proposals whose answer follows from others: the two
    are one report by other ways, or a person holds their reports apart. With
    `records`, only the pairs with at least one of these.
    """
    known = _unsure(session, records)
    # Clusters can only matter where a proposal or a person's word is.
    others = (*known, *_spoken(session)) if records is None else known
    ends = {end for pair in others for end in pair}
    tied = reach(session, ends.union(records or ()))
    verdicts = rulings(session, tied)
    made = clusters(tied, verdicts)
    walls = _walls(made.of, verdicts)
    waiting = [
        Waiting(*pair, row.score, row.proposal, _reasons(row))
        for pair, row in known.items()
        if pair not in verdicts
        and made.of[pair[0]] != made.of[pair[1]]
        and _between(made.of, *pair) not in walls
    ]
    waiting += [
        _refused(session, refusal)
        for refusal in refusals(made, verdicts)
        if records is None
        or refusal.ruling.a_id in records
        or refusal.ruling.b_id in records
    ]
    return sorted(waiting, key=lambda pair: (-pair.score, pair.a_id, pair.b_id))


def _refused(session: Session, refusal: Refusal) -> Waiting:
    ruling = refusal.ruling
    row = session.get(CandidatePair, (ruling.a_id, ruling.b_id))
    told = (ruling.score, PairVerdict.DUPLICATE, _reasons(row), refusal.blocked_by)
    return Waiting(ruling.a_id, ruling.b_id, *told)


def _unsure(
    session: Session, records: Collection[int] | None
) -> dict[Pair, CandidatePair]:
    """Return the proposals that the machine will not decide."""
    query = select(CandidatePair).where(CandidatePair.proposal == UNSURE)
    parts = [query]
    if records is not None:
        ids = sorted(records)
        some = [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)]
        parts = [
            query.where(or_(CandidatePair.a_id.in_(one), CandidatePair.b_id.in_(one)))
            for one in some
        ]
    return {
        (row.a_id, row.b_id): row for part in parts for row in session.scalars(part)
    }


def _spoken(session: Session) -> list[Pair]:
    """Return the pairs on which a person ever spoke."""
    query = select(PairDecision.a_id, PairDecision.b_id).distinct()
    rows = session.execute(query.where(PairDecision.person_id.is_not(None)))
    return [(a, b) for a, b in rows]


def _reasons(row: CandidatePair | None) -> tuple[str, ...]:
    return () if row is None else tuple(map(str, row.reasons))
