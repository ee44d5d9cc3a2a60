"""From votes to an outcome: the one place that says what votes mean together.

Votes point at records; the records of a cluster are one report, so the cluster's
votes are its members' votes. A person counts once. Somebody whose votes on merged
members differ owes one answer and counts for nothing until then.

The order of the questions matters: too few votes comes before anything else, so a
resolution never stands in for a missing opinion; then agreement; then a resolution
whose basis is exactly the live votes; otherwise there is a conflict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from litreview.vocabulary import Stage, Verdict


class Standing(StrEnum):
    """How far a report has come at one stage."""

    UNSCREENED = "unscreened"
    IN_PROGRESS = "in_progress"
    CONFLICT = "conflict"
    SETTLED = "settled"


@dataclass(frozen=True)
class Vote:
    """A live vote: its screener's newest, neither taken back nor overtaken."""

    id: int
    cluster_id: int
    record_id: int
    screener_id: int
    verdict: str
    reason: str = ""
    informed: bool = False


@dataclass(frozen=True)
class Settlement:
    """A resolution that no later one supersedes, with the votes it saw."""

    id: int
    verdict: str
    reason: str
    basis: frozenset[int]


@dataclass(frozen=True)
class Outcome:
    """What a report's votes come to at one stage.

    `verdict` is include or exclude once settled, otherwise empty; `reason` is the
    primary reason of a full-text exclusion. `torn` are the screeners whose votes
    on merged records differ.
    """

    cluster_id: int
    standing: Standing
    need: int
    votes: tuple[Vote, ...] = ()
    torn: frozenset[int] = frozenset()
    verdict: str = ""
    reason: str = ""
    resolution_id: int | None = None

    @property
    def voters(self) -> frozenset[int]:
        """The screeners whose vote counts."""
        return frozenset(vote.screener_id for vote in self.votes) - self.torn

    @property
    def complete(self) -> bool:
        """Whether the report has the votes its round asks for: blindness ends."""
        return self.standing in (Standing.CONFLICT, Standing.SETTLED)

    @property
    def included(self) -> bool:
        """Whether the report passed this stage."""
        return self.verdict == Verdict.INCLUDE

    @property
    def basis(self) -> frozenset[int]:
        """The ids of the live votes."""
        return frozenset(vote.id for vote in self.votes)


def side(stage: str, verdict: str, reason: str) -> tuple[str, str]:
    """Return what a vote says for the purpose of agreeing.

    Maybe is on the side of include. At full text an exclusion is one side for
    each reason, since PRISMA counts one primary reason for each report.
    """
    if verdict != Verdict.EXCLUDE:
        return Verdict.INCLUDE, ""
    return Verdict.EXCLUDE, reason if stage == Stage.FULL_TEXT else ""


def fold(
    cluster_id: int,
    stage: str,
    votes: Collection[Vote],
    *,
    need: int,
    settlements: Iterable[Settlement] = (),
) -> Outcome:
    """Return the outcome of one cluster's live votes; `need` is its round's number."""
    ordered = tuple(sorted(votes, key=lambda vote: vote.id))
    sides: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for vote in ordered:
        sides[vote.screener_id].add(side(stage, vote.verdict, vote.reason))
    torn = frozenset(screener for screener, said in sides.items() if len(said) > 1)
    known = Outcome(cluster_id, Standing.UNSCREENED, need, ordered, torn)
    if not ordered:
        return known
    if len(sides) - len(torn) < need:
        return _with(known, Standing.IN_PROGRESS)
    opinions = {said for answers in sides.values() for said in answers}
    if len(opinions) == 1 and not torn:
        verdict, reason = opinions.pop()
        return _with(known, Standing.SETTLED, verdict, reason)
    for settlement in settlements:
        if settlement.basis == known.basis:
            return _with(
                known,
                Standing.SETTLED,
                settlement.verdict,
                settlement.reason,
                settlement.id,
            )
    return _with(known, Standing.CONFLICT)


def _with(
    known: Outcome,
    standing: Standing,
    verdict: str = "",
    reason: str = "",
    resolution_id: int | None = None,
) -> Outcome:
    return Outcome(
        known.cluster_id,
        standing,
        known.need,
        known.votes,
        known.torn,
        verdict,
        reason,
        resolution_id,
    )
