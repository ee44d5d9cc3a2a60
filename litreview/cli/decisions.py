"""Decisions of other programs, taken over as votes of the people a file names.

Everything that could refuse them is asked before the file is stored: who brings them
in, who the people are, and which reason of the protocol each wording means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from litreview.cli.app import App
from litreview.cli.output import say
from litreview.errors import (
    IncompleteError,
    LitreviewError,
    NotAllowedError,
    UsageError,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.ballots import Imported, VoteRow
    from litreview.intake import File, Judgement
    from litreview.protocol import Criteria

WAITING_SHOWN = 20  # lines of votes that wait, in a message


@dataclass(frozen=True)
class Wishes:
    """What the options say: one stage for all, and NAME=HANDLE, TEXT=KEY as typed."""

    stage: str | None
    screeners: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """How a file's decisions become votes.

    `handles` has the file's name -> handle, `reasons` (stage, words) -> the
    protocol's key, or '' for words that are kept as a note.
    """

    stage: str | None
    handles: Mapping[str, str]
    reasons: Mapping[tuple[str, str], str]


def refuse_idle(wishes: Wishes) -> None:
    """Raise UsageError for options that mean nothing without --decisions."""
    if wishes.stage or wishes.screeners or wishes.reasons:
        raise UsageError(
            "--stage, --screener and --reason-map say what decisions mean",
            fix="give --decisions with them, or leave them out",
        )


def plan(app: App, file: File, wishes: Wishes) -> Plan:
    """Say how a file's decisions are taken over, or refuse what is not clear.

    Raises NotAllowedError for anybody but a lead, LitreviewError for people and
    reasons that nothing matches; all of them are named at once.
    """
    if not file.found.opinions:
        raise LitreviewError(
            f"{file.name} holds no decisions", fix="leave --decisions out"
        )

    def work(session: Session) -> Plan:
        from litreview import lookup
        from litreview.vocabulary import Role

        person = lookup.actor(session, app.handle)
        if person.role != Role.LEAD:
            raise NotAllowedError(
                f"{person.handle} may not bring in others' votes", fix="ask a lead"
            )
        names = {name for name, _ in file.found.opinions}
        handles = _handles(session, file, names, _pairs(wishes.screeners, "--screener"))
        told = {(wishes.stage or stage, words) for stage, words in file.found.reasons}
        given = _pairs(wishes.reasons, "--reason-map")
        reasons = _reasons(lookup.criteria(session), sorted(told), given)
        return Plan(wishes.stage, handles, reasons)

    return app.read(work)


def shown(names: Iterable[str]) -> list[str]:
    """Return the names of a file's screeners as a message gives them."""
    return sorted({name or "nobody named" for name in names})


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """Read LEFT=RIGHT at the last equals sign; a screener alone stands for nobody."""
    found: dict[str, str] = {}
    for text in texts:
        left, equals, right = (part.strip() for part in text.rpartition("="))
        if not equals and option == "--reason-map":
            raise UsageError(f"{option} {text!r} has no =", fix="write TEXT=KEY")
        if left.casefold() in found:
            raise UsageError(f"{option} says twice who or what {left!r} is")
        found[left.casefold()] = right
    return found


def _handles(
    session: Session, file: File, names: set[str], given: Mapping[str, str]
) -> dict[str, str]:
    """Return name in the file -> handle.

    By what the options say; else a member of the team with this handle or name; else
    the name itself, where it can be a handle: that person joins.
    """
    from sqlalchemy import select

    from litreview.models import Person
    from litreview.protocol import HANDLE

    idle = set(given) - {name.casefold() for name in names}
    if idle:
        said = ", ".join(repr(name) if name else "nobody" for name in sorted(idle))
        raise UsageError(
            f"--screener speaks of {said}, of whom {file.name} has no decision",
            why=f"it has decisions of: {', '.join(shown(names))}",
        )
    team: dict[str, str] = {}
    for person in session.scalars(select(Person).order_by(Person.id)):
        team.setdefault(person.name.casefold(), person.handle)
        team[person.handle.casefold()] = person.handle
    found, unknown = {}, []
    for name in sorted(names):
        handle = given.get(name.casefold()) or (
            name and team.get(name.casefold(), name)
        )
        if handle and HANDLE.fullmatch(handle):
            found[name] = handle
        else:
            unknown.append(f'"{name}=HANDLE"' if name else "HANDLE")
    if unknown:
        raise LitreviewError(
            f"{file.name} has decisions of people who are not known by these names",
            why="a vote is somebody's: it needs a handle",
            fix=f"say who they are: --screener {' '.join(unknown)}",
        )
    return found


def _reasons(
    criteria: Criteria, told: Sequence[tuple[str, str]], given: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """Return (stage, the file's words) -> key; of several reasons the primary one.

    That is the first in the protocol's order. Raises LitreviewError for words that
    nothing matches.
    """
    found, unknown = {}, []
    for stage, words in told:
        known = {
            word.casefold(): reason
            for reason in criteria.reasons(stage)
            for word in (reason.label, reason.key)
        }
        whole = words.casefold() in {**known, **given}
        parts = [words] if whole else [part.strip() for part in words.split(",")]
        keys = []
        for part in filter(None, parts):
            key = given.get(part.casefold(), part)
            if key and key.casefold() not in known:
                unknown.append(f'"{part}=KEY"')
            elif key:
                keys.append(known[key.casefold()])
        first = min(keys, key=lambda reason: reason.order, default=None)
        found[stage, words] = first.key if first else ""
    if unknown:
        keys_known = {r.key for stage, _ in told for r in criteria.reasons(stage)}
        raise LitreviewError(
            f"{len(set(unknown)):,} reasons of the file are none of the protocol's",
            why=f"the protocol's keys are: {', '.join(sorted(keys_known))}",
            fix=f"say what they mean: --reason-map {' '.join(dict.fromkeys(unknown))}",
        )
    return found


def take(app: App, file: File, plan: Plan) -> Imported:
    """Store a file's decisions as votes, in one transaction; the file is in."""

    def work(session: Session) -> Imported:
        from litreview import ballots, intake, lookup

        by = lookup.actor(session, app.handle)
        votes: dict[tuple[str, str], list[VoteRow]] = defaultdict(list)
        for judgement in intake.judgements(session, file):
            row = _vote(plan, judgement)
            votes[row.stage, row.screener].append(row)
        told = ballots.Imported()
        # Title and abstract first: a vote on a full text needs an inclusion there.
        for stage, handle in sorted(
            votes, key=lambda key: (key[0] == "full_text", key)
        ):
            # A line may hold several people's votes: the name tells them apart.
            done = ballots.import_votes(
                session,
                votes[stage, handle],
                file_hash=f"{file.sha256}:{stage}:{handle}",
                by=by,
            )
            told.stored += done.stored
            told.already_there += done.already_there
            told.new_people += done.new_people
            told.waiting += done.waiting
        return told

    return app.write(work)


def _vote(plan: Plan, judgement: Judgement) -> VoteRow:
    from litreview.ballots import VoteRow

    said = judgement.opinion
    stage = plan.stage or said.stage
    key = plan.reasons[stage, said.reason] if said.reason else ""
    return VoteRow(
        line=judgement.line,
        screener=plan.handles[said.screener],
        stage=stage,
        verdict=said.verdict,
        record_id=judgement.record_id,
        reason=key,
        note=said.reason if "," in said.reason or not key else "",
    )


def refuse_waiting(rows: Sequence[Mapping[str, object]]) -> None:
    """Raise IncompleteError where votes on full texts could not be stored yet."""
    waiting = [
        f"{row['file']}: {line}"
        for row in rows
        if isinstance(row["votes"], dict)
        for line in row["votes"]["waiting"]
    ]
    if not waiting:
        return
    for line in waiting[:WAITING_SHOWN]:
        say(f"  {line}")
    raise IncompleteError(
        f"{len(waiting):,} full-text votes wait",
        why="their records are not included on title and abstract yet",
        fix="settle the conflicts, then bring the same file in again",
    )
