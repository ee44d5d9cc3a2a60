"""How well duplicates were found in this very review, judged by a person.

A sample of pairs is drawn from what the machine merged, asked about and kept apart
(there from pairs that look alike at a glance, see `lookalikes`, so that the machine
does not choose what it is checked on). The person judges them without seeing what
the machine said, and `estimate` makes precision and recall of the answers.

What was drawn and each answer are kept as audit events: a sitting can be ended and
gone on with, and an answer changes no cluster. Where one contradicts what holds now,
it is told, and the person may make it a verdict.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import audit, estimate, lookalikes, lookup, pairs
from litreview.errors import NotFoundError
from litreview.estimate import Fate, Stratum
from litreview.lookalikes import Glance
from litreview.matching import Link, components
from litreview.models import AuditEvent, CandidatePair, DedupeRun, Record
from litreview.pairs import Pair
from litreview.statistic import Statistic
from litreview.text import title_key
from litreview.vocabulary import PairVerdict, Role

# Who may judge pairs besides a lead: who may decide on them.
JUDGES = (Role.SCREENER, Role.ARBITER)
DRAWN = "dedupe.audit.drawn"
ANSWERED = "dedupe.audit.answered"
# From this score on a merged pair is far from the threshold.
FAR = 0.974


class Answer(StrEnum):
    """What a person says of a pair."""

    SAME = "same"
    DIFFERENT = "different"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Lot:
    """A stratum as it was drawn from: its name, fate, size, and the pairs drawn."""

    name: str
    fate: Fate
    size: int
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Drawn:
    """A sample: how it was drawn, after which pass of the machine, and its lots."""

    sample: int
    seed: int
    run_id: int
    lots: tuple[Lot, ...]

    def order(self) -> list[Pair]:
        """Return the pairs in the order in which they are asked: mixed."""
        every = [pair for lot in self.lots for pair in lot.pairs]
        random.Random(self.seed).shuffle(every)  # noqa: S311 - no secret
        return every


@dataclass(frozen=True)
class Contradiction:
    """An answer that contradicts what holds now."""

    pair: Pair
    answer: Answer


@dataclass(frozen=True)
class Result:
    """What the answers come to; `left` pairs are still to be judged.

    `recall` is of what the machine merges at once, `recall_asked` also of what it
    asks about.
    """

    drawn: Drawn
    strata: tuple[Stratum, ...]
    unclear: int
    left: int
    precision: Statistic
    recall: Statistic
    recall_asked: Statistic
    contradictions: tuple[Contradiction, ...]


# -- drawing -------------------------------------------------------------------------


def draw(session: Session, *, sample: int, seed: int) -> Drawn:
    """Draw about so many pairs; the same records and seed give the same pairs.

    Raises `NotFoundError` where duplicates were never looked for.
    """
    run_id = _newest_run(session)
    strata = _strata(session)
    taken = estimate.allocate({name: len(found) for name, _, found in strata}, sample)
    chance = random.Random(seed)  # noqa: S311 - no secret, but repeatable
    lots = tuple(
        Lot(name, fate, len(found), tuple(sorted(chance.sample(found, taken[name]))))
        for name, fate, found in strata
    )
    return Drawn(sample, seed, run_id, lots)


def _newest_run(session: Session) -> int:
    found: int | None = session.scalar(select(func.max(DedupeRun.id)))
    if found is None:
        raise NotFoundError(
            "there is nothing to audit yet", fix="run `litreview dedupe find` first"
        )
    return found


def _strata(session: Session) -> list[tuple[str, Fate, list[Pair]]]:
    """Return name, fate and pairs of each stratum; every pair is in one."""
    far: list[Pair] = []
    near: list[Pair] = []
    asked: list[Pair] = []
    versions: list[Pair] = []
    query = select(
        CandidatePair.a_id,
        CandidatePair.b_id,
        CandidatePair.proposal,
        CandidatePair.score,
    ).order_by(CandidatePair.a_id, CandidatePair.b_id)
    for a, b, proposal, score in session.execute(query):
        if proposal == PairVerdict.DUPLICATE:
            (far if score >= FAR else near).append((a, b))
        else:
            (asked if proposal == pairs.UNSURE else versions).append((a, b))
    equal, alike = _apart(session, [*far, *near], {*asked, *versions})
    return [
        ("merged near the threshold", "merged", near),
        ("asked about", "asked", asked),
        ("apart, with one DOI or title", "apart", equal),
        ("apart, with titles alike", "apart", alike),
        ("apart, as versions of one study", "apart", versions),
        ("merged far from the threshold", "merged", far),
    ]


def _apart(
    session: Session, merged: Iterable[Pair], told: set[Pair]
) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs that look alike and that the machine neither joins nor tells."""
    joined = components((), [Link(a, b, 1.0) for a, b in merged], ()).of
    query = select(Record.id, Record.title, Record.doi)
    records = [
        Glance(number, title_key(title), doi)
        for number, title, doi in session.execute(query)
    ]
    equal = lookalikes.equal(records)
    alike = lookalikes.alike(records) - equal

    def kept(found: set[Pair]) -> list[Pair]:
        return sorted(
            (a, b)
            for a, b in found - told
            if a not in joined or joined[a] != joined.get(b)
        )

    return kept(equal), kept(alike)


# -- what was drawn and answered -----------------------------------------------------


def drawn_before(session: Session, *, sample: int, seed: int, by: str) -> Drawn | None:
    """Return what this person drew so since the machine's newest pass, if anything."""
    person = lookup.actor(session, by, roles=JUDGES)
    run_id = _newest_run(session)
    for event in _events(session, DRAWN, person.id):
        told = event.detail
        if isinstance(told, dict) and (sample, seed, run_id) == (
            *(told["sample"], told["seed"]),
            told["run_id"],
        ):
            lots = tuple(
                Lot(
                    lot["name"],
                    lot["fate"],
                    lot["size"],
                    tuple((a, b) for a, b in lot["pairs"]),
                )
                for lot in told["lots"]
            )
            return Drawn(sample, seed, run_id, lots)
    return None


def keep(session: Session, drawn: Drawn, *, by: str) -> None:
    """Store what was drawn, so that it can be gone on with."""
    person = lookup.actor(session, by, roles=JUDGES)
    detail = {
        "sample": drawn.sample,
        "seed": drawn.seed,
        "run_id": drawn.run_id,
        "lots": [
            {
                "name": lot.name,
                "fate": lot.fate,
                "size": lot.size,
                "pairs": [list(pair) for pair in lot.pairs],
            }
            for lot in drawn.lots
        ],
    }
    audit.note(session, DRAWN, by=person, subject=f"seed {drawn.seed}", detail=detail)


def answer(session: Session, pair: Pair, word: Answer, *, by: str) -> None:
    """Store what this person says of a pair; the newest answer counts."""
    person = lookup.actor(session, by, roles=JUDGES)
    detail = {"a": pair[0], "b": pair[1], "answer": str(word)}
    subject = f"{pair[0]} {pair[1]}"
    audit.note(session, ANSWERED, by=person, subject=subject, detail=detail)


def answers(session: Session, *, by: str) -> dict[Pair, Answer]:
    """Return what this person said of pairs, in this sample or an earlier one."""
    person = lookup.actor(session, by, roles=JUDGES)
    return {
        (event.detail["a"], event.detail["b"]): Answer(event.detail["answer"])
        for event in _events(session, ANSWERED, person.id)
        if isinstance(event.detail, dict)
    }


def _events(session: Session, kind: str, person_id: int) -> Sequence[AuditEvent]:
    query = select(AuditEvent).where(
        AuditEvent.kind == kind, AuditEvent.person_id == person_id
    )
    return session.scalars(query.order_by(AuditEvent.id)).all()


# -- what it comes to ----------------------------------------------------------------


def result(session: Session, drawn: Drawn, *, by: str) -> Result:
    """Return what this person's answers on a sample come to."""
    said = answers(session, by=by)
    strata = tuple(_judged(lot, said) for lot in drawn.lots)
    own = {pair: said[pair] for pair in drawn.order() if pair in said}
    return Result(
        drawn=drawn,
        strata=strata,
        unclear=sum(word == Answer.UNCLEAR for word in own.values()),
        left=sum(len(lot.pairs) for lot in drawn.lots) - len(own),
        precision=estimate.precision(strata),
        recall=estimate.recall(strata),
        recall_asked=estimate.recall(strata, found=("merged", "asked")),
        contradictions=tuple(_contradictions(session, own)),
    )


def _judged(lot: Lot, said: dict[Pair, Answer]) -> Stratum:
    words = [said[pair] for pair in lot.pairs if pair in said]
    same = words.count(Answer.SAME)
    judged = same + words.count(Answer.DIFFERENT)
    return Stratum(lot.name, lot.fate, lot.size, judged, same)


def _contradictions(
    session: Session, said: dict[Pair, Answer]
) -> Iterable[Contradiction]:
    """Yield the answers that contradict how the records stand now, by ids."""
    home = pairs.homes(session)
    for (a, b), word in sorted(said.items()):
        wanted = {Answer.SAME: True, Answer.DIFFERENT: False}.get(word)
        if wanted is not None and wanted != (home[a] == home[b]):
            yield Contradiction((a, b), word)
