"""Two coders, each on their own: finishing reports, agreement, and what is settled.

A coder says of a report that they have read it to its end; only then does a construct
without a passage of theirs mean that it is absent. Presence is a standing passage of
the construct, whatever its polarity. Agreement is told per construct over *studies*
with two coders or more, from what each had coded before others' passages could be
seen (`coders`). What they differ on is for `adjudication` to settle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from litreview import audit, coders, lookup, passages, state
from litreview.coders import ABSENT, PRESENT, Course
from litreview.errors import LitreviewError, NotAllowedError
from litreview.models import Person
from litreview.raters import krippendorff_alpha, many_percent
from litreview.statistic import Statistic
from litreview.synthesis import CodingEvent
from litreview.vocabulary import CodingState, Role, Stage
from litreview.wording import phrase

# -- a report's course ----------------------------------------------------------------


def finish(session: Session, record_id: int, *, by: str) -> CodingEvent:
    """Say that a coder has read a report to its end.

    Raises `NotAllowedError` for a report that is not included, and `LitreviewError`
    for one that they have finished already.
    """
    return _turn(session, record_id, CodingState.FINISHED, by)


def reopen(session: Session, record_id: int, *, by: str) -> CodingEvent:
    """Say that a coder goes on with a report that they had finished."""
    return _turn(session, record_id, CodingState.REOPENED, by)


def _turn(session: Session, record_id: int, to: CodingState, by: str) -> CodingEvent:
    person = passages.coder(session, by)
    passages.take_turns(session)
    cluster = _included(session, record_id)
    course = coders.courses(session, [cluster])[cluster]
    finished = person.id in course.finished
    if finished is (to == CodingState.FINISHED):
        raise LitreviewError(
            f"{by} has {'finished' if finished else 'not finished'} record {record_id}",
            fix=f"`litreview code reopen-report {record_id}` goes on with it"
            if finished
            else "nothing is to do: code on",
        )
    version = lookup.codebooks(session)
    if not version:
        raise LitreviewError(
            "there is no codebook yet",
            fix="write screening/codebooks/NAME.yaml and run `litreview sync`",
        )
    event = CodingEvent(
        record_id=record_id,
        person_id=person.id,
        codebook_id=max(book.id for book in version),
        state=to,
    )
    session.add(event)
    session.flush()
    return event


def open_reports(
    session: Session, record_ids: Sequence[int], *, by: str, why: str
) -> None:
    """Let a lead show everybody what is coded in reports that one person codes.

    Whoever begins to code such a report afterwards is no independent coder of it.
    """
    person = lookup.actor(session, by)
    if person.role != Role.LEAD:
        raise NotAllowedError(
            f"{by} may not open reports",
            why=f"{by} is a {person.role}; this takes a lead",
            fix="ask a lead, or let two coders finish the report",
        )
    reason = phrase(why, "reason")
    for record_id in dict.fromkeys(record_ids):
        lookup.record(session, record_id)
        audit.note(
            session,
            coders.OPENED,
            by=person,
            subject=str(record_id),
            detail={"why": reason},
        )


def waiting(session: Session, person: Person) -> list[int]:
    """Return the included reports that wait for a coder, by id.

    What they have finished does not wait, nor what is open and not begun by them.
    """
    courses = coders.courses(session)
    found = []
    for cluster in sorted(state.included(session)):
        course = courses.get(cluster, Course())
        begun = person.id in course.began
        if person.id not in course.finished and (begun or course.opened is None):
            found.append(cluster)
    return found


def _included(session: Session, record_id: int) -> int:
    record = lookup.record(session, record_id)
    cluster = record.cluster_id or record.id
    outcome = state.outcome(session, Stage.FULL_TEXT, cluster)
    if outcome is not None and outcome.included:
        return cluster
    raise NotAllowedError(
        f"record {record_id} cannot be coded",
        why="its report is not included after full text, or not yet",
        fix=f"`litreview record show {record_id}` shows where it stands",
    )


# -- agreement ------------------------------------------------------------------------


def _independent(course: Course) -> dict[int, datetime]:
    """Return coder -> when they last finished a report on their own.

    That is before others' passages could be seen, or else the first time they
    finished what they had begun before. Whoever began later is left out.
    """
    opened = course.opened
    found: dict[int, datetime] = {}
    for event in course.events:
        if not event.finished:
            continue
        late = opened is not None and event.at > opened
        informed = opened is not None and course.began[event.person_id] > opened
        if not informed and not (late and event.person_id in found):
            found[event.person_id] = event.at
    return found


@dataclass(frozen=True)
class Agreement:
    """How far coders agree that studies have a construct; "" means all constructs.

    `present` counts, over studies and coders, how often it was found.
    """

    construct: str
    label: str
    studies: int
    present: int
    percent: Statistic
    alpha: Statistic


Said = Mapping[int, frozenset[str]]  # coder -> the constructs found in a study


def agreement(session: Session, *, construct: str = "") -> list[Agreement]:
    """Return the agreement on each construct that anybody found, then on all of them.

    Units are studies that two coders or more have read on their own, each construct
    present or absent for each coder: percent agreement of pairs of coders and
    Krippendorff's nominal alpha with its interval. `construct` may be a group or a
    parent. The total takes every study and construct as a unit.
    """
    studies = _studies(session)
    used = sorted(
        {name for said in studies for found in said.values() for name in found}
    )
    if construct:
        wanted = passages.covered(session, construct)
        used = [name for name in used if name in wanted]
    units = {name: [_unit(name, said) for said in studies] for name in used}
    labels = coders.labels(session)
    rows = [_figures(name, labels.get(name, ""), units[name]) for name in used]
    everything = [unit for name in used for unit in units[name]]
    total = _figures("", "all constructs that were found", everything)
    return [*rows, replace(total, studies=len(studies))] if rows else []


def _figures(name: str, label: str, units: list[list[str]]) -> Agreement:
    return Agreement(
        name,
        label,
        len(units),
        sum(unit.count(PRESENT) for unit in units),
        many_percent(units),
        krippendorff_alpha(units),
    )


def _unit(construct: str, said: Said) -> list[str]:
    return [PRESENT if construct in found else ABSENT for found in said.values()]


def _studies(session: Session) -> list[Said]:
    """Return what coders found in each study that two or more have read, by study."""
    codes, included = coders.codes(session), state.included(session)
    study_of = state.studies(session)
    reports: dict[int, dict[frozenset[int], list[Said]]]
    reports = defaultdict(lambda: defaultdict(list))
    for cluster, course in sorted(coders.courses(session).items()):
        ends = _independent(course)
        if cluster in included and len(ends) >= coders.CODERS:
            said = {
                who: frozenset(
                    code.construct
                    for code in codes.get(cluster, ())
                    if code.person_id == who and code.stood(end)
                )
                for who, end in sorted(ends.items())
            }
            reports[study_of[cluster]][frozenset(ends)].append(said)
    return [_together(reports[study]) for study in sorted(reports)]


def _together(reports: Mapping[frozenset[int], list[Said]]) -> Said:
    """Return what each coder found in a study's reports.

    Reports that the same people coded are taken together. Where others coded other
    reports of a study, those that most people coded stand for it.
    """
    most = max(reports, key=lambda who: (len(who), len(reports[who]), sorted(who)))
    return {
        who: frozenset().union(*(said[who] for said in reports[most]))
        for who in sorted(most)
    }
