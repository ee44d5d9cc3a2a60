"""What is claimed and recommended, held against the passages that count.

The team writes claims, levers, strategies, questions and the analysis to come
(`litreview.ledger`, `litreview.planning`); here each is shown with what stands behind
it. A claim without empirical support is told as such and never hidden; a strategy
without a configuration, and a question without a study, are gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import grounds, materials, state
from litreview.errors import LitreviewError
from litreview.frame import Columns, Kind, frame
from litreview.grounds import EMPIRICAL, Grounds
from litreview.ledger import Claim, Lever, Strategy
from litreview.models import Record
from litreview.planning import Question, Variable
from litreview.synthesis import CmoConfiguration, Indicator
from litreview.text import normalise_doi
from litreview.vocabulary import IndicatorStatus, Polarity

CLAIM_COLUMNS: Columns = {
    "claim": "text",
    "text": "text",
    "kind": "text",
    "source": "text",
    "place": "text",
    "constructs": "list",
    "evidence_kinds": "list",
    "studies": "int",
    "empirical": "int",
    "against": "int",
    "support": "text",
    "countered_by": "list",
    "one_source": "flag",
}
LEVER_COLUMNS: Columns = {
    "lever": "text",
    "label": "text",
    "source": "text",
    "place": "text",
    "constructs": "list",
    "studies": "int",
    "strategies": "list",
}
STRATEGY_COLUMNS: Columns = {
    "strategy": "text",
    "text": "text",
    "cmo": "list",
    "records": "list",
    "studies": "int",
    "levers": "list",
    "problem": "text",
}
QUESTION_COLUMNS: Columns = {
    "question": "text",
    "text": "text",
    "construct": "text",
    "label": "text",
    "studies": "int",
    "quotes": "int",
    "gap": "text",
}
ANALYSIS_COLUMNS: Columns = {
    "part": "text",
    "label": "text",
    "construct": "text",
    "indicator": "text",
    "linkable": "text",
    "source": "text",
    "traced": "flag",
    "note": "text",
    "problem": "text",
}
MILESTONE_COLUMNS: Columns = {
    "milestone": "text",
    "label": "text",
    "begins": "text",
    "due": "text",
    "done": "text",
    "state": "text",
}
EMPIRICALLY, IN_THEORY, UNSUPPORTED, UNTIED = (
    "empirical",
    "theory only",
    "no passage",
    "no construct",
)
WHOLE = ""  # the construct of a question's first row, which counts all of it


# -- claims --------------------------------------------------------------------------


def claims(session: Session) -> pd.DataFrame:
    """Return a row per claim (`CLAIM_COLUMNS`), in the ledger's order.

    `studies` speak of its constructs, `empirical` of them measure or test one,
    `against` find one absent, mixed or contested. `support` says in words how far it
    is carried; `countered_by` are the claims that say otherwise.
    """
    base, ledger = grounds.read(session), materials.claims(session)
    _refuse_unknown(base, ledger.claims)
    against: dict[str, list[str]] = {}
    for claim in ledger.claims:
        for other in claim.counters:
            against.setdefault(other, []).append(claim.id)
            against.setdefault(claim.id, []).append(other)
    rows = [_claim(base, claim, against.get(claim.id, ())) for claim in ledger.claims]
    return frame(CLAIM_COLUMNS, rows)


def _claim(base: Grounds, claim: Claim, others: Iterable[str]) -> tuple[object, ...]:
    about = base.about(claim.constructs)
    tested = about[about["evidence_type"].isin(EMPIRICAL)]
    denied = about[about["polarity"] != Polarity.PRESENT]
    found, carried = grounds.studies(about), grounds.studies(tested)
    if not claim.constructs:
        support = UNTIED
    elif carried:
        support = EMPIRICALLY
    else:
        support = IN_THEORY if found else UNSUPPORTED
    return (
        *(claim.id, claim.text, claim.kind.value, claim.source, claim.place),
        *(claim.constructs, claim.evidence),
        *(len(found), len(carried), len(grounds.studies(denied))),
        *(support, tuple(sorted(set(others))), len(set(claim.evidence)) == 1),
    )


def claim_evidence(session: Session) -> pd.DataFrame:
    """Return claim x kind of evidence, as the claims' own sources name them.

    Columns: claim, text, one per kind (flag), kinds (how many), one_source: a claim
    with a single kind behind it (F40).
    """
    ledger = materials.claims(session)
    kinds = sorted({kind for claim in ledger.claims for kind in claim.evidence})
    columns: dict[str, Kind] = {
        **dict.fromkeys(("claim", "text"), "text"),
        **dict.fromkeys(kinds, "flag"),
        "kinds": "int",
        "one_source": "flag",
    }
    rows = [
        (
            *(claim.id, claim.text),
            *(kind in claim.evidence for kind in kinds),
            *(len(set(claim.evidence)), len(set(claim.evidence)) == 1),
        )
        for claim in ledger.claims
    ]
    return frame(columns, rows)


def levers(session: Session) -> pd.DataFrame:
    """Return a row per policy lever (`LEVER_COLUMNS`), in the ledger's order."""
    base, ledger = grounds.read(session), materials.claims(session)
    _refuse_unknown(base, ledger.levers)
    rows = []
    for lever in ledger.levers:
        found = grounds.studies(base.about(lever.constructs))
        named = tuple(one.id for one in ledger.strategies if lever.id in one.levers)
        rows.append(
            (
                *(lever.id, lever.label, lever.source, lever.place),
                *(lever.constructs, len(found), named),
            )
        )
    return frame(LEVER_COLUMNS, rows)


def strategies(session: Session) -> pd.DataFrame:
    """Return a row per strategy (`STRATEGY_COLUMNS`), in the ledger's order.

    `studies` are the distinct ones of its records that are included; `problem` says
    what is missing: a configuration, a study, or a number that nothing has.
    """
    included, study_of = state.included(session), state.studies(session)
    clusters = {
        row.id: row.cluster_id or row.id
        for row in session.execute(select(Record.id, Record.cluster_id))
    }
    study = {
        record: study_of[cluster]
        for record, cluster in clusters.items()
        if cluster in included
    }
    numbers = set(session.scalars(select(CmoConfiguration.number)))
    found = materials.claims(session).strategies
    rows = [_strategy(one, study, numbers) for one in found]
    return frame(STRATEGY_COLUMNS, rows)


def _strategy(
    one: Strategy, study: Mapping[int, int], numbers: set[int]
) -> tuple[object, ...]:
    resting = {study[record] for record in one.records if record in study}
    loose = [f"record {record}" for record in one.records if record not in study]
    unknown = [f"CMO {number}" for number in one.cmo if number not in numbers]
    problems = []
    if not one.cmo:
        problems.append("rests on no configuration")
    if unknown:
        problems.append(f"there is no {', '.join(unknown)}")
    if loose:
        problems.append(f"not included: {', '.join(loose)}")
    if not one.records:
        problems.append("cites no study")
    return (
        *(one.id, one.text, one.cmo, one.records, len(resting), one.levers),
        "; ".join(problems),
    )


def _refuse_unknown(
    base: Grounds, written: Iterable[Claim | Lever | Question], file: str = "ledger"
) -> None:
    """Refuse a construct that no codebook in force has."""
    for entry in written:
        for name in entry.constructs:
            if not base.known(name):
                raise LitreviewError(
                    f"{entry.id!r} in screening/{file}.yaml names the construct "
                    f"{name!r}",
                    why="no codebook in force has it",
                    fix=f"mend line {entry.line} there, then run `litreview sync`",
                )


# -- questions -----------------------------------------------------------------------


def questions(session: Session) -> pd.DataFrame:
    """Return research question x construct (`QUESTION_COLUMNS`).

    The first row of a question has no construct and counts the distinct included
    studies that serve it, by a passage or by a stream; a question without one is a
    gap, and so is each of its constructs. Raises `LitreviewError` for a construct that
    no codebook in force has.
    """
    base, plan = grounds.read(session), materials.plan(session)
    _refuse_unknown(base, plan.questions, "plan")
    rows: list[tuple[object, ...]] = []
    for question in plan.questions:
        rows += _question(base, question)
    return frame(QUESTION_COLUMNS, rows)


def serving(base: Grounds, question: Question) -> pd.DataFrame:
    """Return the passages that serve a question: of its constructs or roles."""
    table = base.about(question.constructs)
    if not question.roles:
        return table
    in_role = base.passages[base.passages["role"].isin(question.roles)]
    return pd.concat([table, in_role]).drop_duplicates("code_id")


def _question(base: Grounds, question: Question) -> list[tuple[object, ...]]:
    about = serving(base, question)
    streaming = {
        study
        for study, streams in base.streams_of.items()
        if streams & set(question.streams)
    }
    whole = len(grounds.studies(about) | streaming)
    told = (question.id, question.text)
    rows: list[tuple[object, ...]] = [
        (*told, WHOLE, "the whole question", whole, len(about), "" if whole else "gap")
    ]
    named = {name for one in question.constructs for name in base.within(one)}
    of = about.groupby("construct")["study_id"]
    studies, quotes = of.nunique().to_dict(), of.size().to_dict()
    labels = base.constructs
    for name in (name for name in labels if name in named | quotes.keys()):
        count, part = studies.get(name, 0), quotes.get(name, 0)
        gap = "" if count else "gap"
        rows.append((*told, name, labels[name].label, count, part, gap))
    return rows


# -- the analysis and the calendar ---------------------------------------------------


def analysis(session: Session) -> pd.DataFrame:
    """Return the analysis plan (`ANALYSIS_COLUMNS`), in the order of the file.

    `indicator` is dataset and variable; `linkable` is its join key. `traced` says
    that the source is a reference of a codebook, or a DOI or record that is stored.
    """
    base = grounds.read(session)
    references = {one.id for book in base.books for one in book.references}
    found = _indicators(session)
    rows = []
    for variable in materials.plan(session).analysis:
        traced = _traced(session, variable.source, references)
        row = found.get(variable.indicator or 0)
        problems = _variable_problems(base, variable, row, traced=traced)
        rows.append(
            (
                *(variable.part.value, variable.label, variable.construct),
                "" if row is None else f"{row.dataset}: {row.variable}",
                "" if row is None else row.join_key,
                *(variable.source, traced, variable.note, "; ".join(problems)),
            )
        )
    return frame(ANALYSIS_COLUMNS, rows)


def _indicators(session: Session) -> dict[int, Indicator]:
    """Return number -> the newest version of each indicator."""
    query = select(Indicator).order_by(Indicator.number, Indicator.version)
    return {row.number: row for row in session.scalars(query)}


def _variable_problems(
    base: Grounds, variable: Variable, row: Indicator | None, *, traced: bool
) -> list[str]:
    problems = []
    if variable.construct and not base.known(variable.construct):
        problems.append(f"no codebook has {variable.construct}")
    if variable.indicator is not None and row is None:
        problems.append(f"there is no indicator {variable.indicator}")
    if row is not None and row.status != IndicatorStatus.USABLE:
        problems.append(f"indicator {row.number} is {row.status}, not usable")
    if not traced:
        problems.append("the source is not traced")
    return problems


def _traced(session: Session, source: str, references: set[str]) -> bool:
    """Tell whether a source is a known reference, a stored DOI or a stored record."""
    if source in references:
        return True
    kind, _, number = source.partition(" ")
    if kind == "record" and number.isdecimal():
        return session.get(Record, int(number)) is not None
    doi = normalise_doi(source)
    query = select(Record.id).where(Record.doi == doi).limit(1)
    return bool(doi) and session.scalar(query) is not None


def milestones(session: Session, *, today: date) -> pd.DataFrame:
    """Return the milestones (`MILESTONE_COLUMNS`), by the day they are due.

    `state` is done, overdue, running or to come.
    """
    rows = []
    for one in materials.plan(session).milestones:
        begun = one.begins is None or one.begins <= today
        waiting = "running" if begun else "to come"
        told = "overdue" if one.overdue(today) else waiting
        rows.append(
            (
                *(one.id, one.label, _day(one.begins), _day(one.due), _day(one.done)),
                told if one.done is None else "done",
            )
        )
    return frame(MILESTONE_COLUMNS, rows, by=["due", "milestone"])


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def overdue(session: Session, *, today: date) -> list[str]:
    """Return in words what is overdue, and a search past its last day."""
    plan = materials.plan(session)
    told = [
        f"{one.label} was due on {one.due}"
        for one in sorted(plan.milestones, key=lambda one: one.due)
        if one.overdue(today)
    ]
    if plan.search_end is not None and today > plan.search_end:
        told.append(f"the protocol's searches ended on {plan.search_end}")
    return told
