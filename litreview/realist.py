"""The reporting table of a realist synthesis, filled from what the database knows.

The 19 RAMESES items (`litreview.rameses`): what the team wrote in
``screening/plan.yaml`` stands first, then what is counted here; an item with neither
is flagged, so that nothing is forgotten in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import flow, lookup, materials, passages, state
from litreview.errors import NotFoundError
from litreview.frame import Columns, frame
from litreview.models import HarvestRun, ProtocolVersion, Record
from litreview.rameses import ITEMS
from litreview.synthesis import CmoConfiguration, FormValue

RAMESES_COLUMNS: Columns = {
    "item": "int",
    "section": "text",
    "topic": "text",
    "team": "text",
    "counted": "text",
    "empty": "flag",
}


def rameses(session: Session) -> pd.DataFrame:
    """Return the 19 items (`RAMESES_COLUMNS`), in their order.

    `team` is what the plan says, `counted` what the database knows; `empty` says that
    an item has neither.
    """
    written = materials.plan(session).rameses
    rows = []
    for item in ITEMS:
        count = COUNTED.get(item.number)
        known = "" if count is None else count(session)
        told = written.get(item.number, "")
        empty = not (told or known)
        rows.append((item.number, item.section, item.topic, told, known, empty))
    return frame(RAMESES_COLUMNS, rows)


def _title(session: Session) -> str:
    try:
        return lookup.review(session).title
    except NotFoundError:  # nothing was synced yet
        return ""


def _questions(session: Session) -> str:
    return " ".join(f"{q.id}: {q.text}" for q in materials.plan(session).questions)


def _changes(session: Session) -> str:
    """Tell how often the protocol changed; the first version is no change."""
    versions = session.scalar(select(func.count(ProtocolVersion.id))) or 0
    if versions <= 1:
        return ""
    newest = session.scalar(select(func.max(ProtocolVersion.at)))
    last = "" if newest is None else f", the last on {newest.date()}"
    return f"{_times(versions - 1)} the protocol was changed{last}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _searches(session: Session) -> str:
    runs = session.execute(
        select(HarvestRun.source, func.count()).group_by(HarvestRun.source)
    )
    told = sorted(f"{source} {number}" for source, number in runs)
    return f"runs by source: {', '.join(told)}; see the search report" if told else ""


def _selection(session: Session) -> str:
    counts = flow.flow(session).counts
    screened = counts["records_screened"]
    assessed = counts["dbr_assessed"] + counts["other_assessed"]
    if not (screened or assessed):
        return ""
    return f"{screened} records screened, {assessed} reports assessed in full"


def _extraction(session: Session) -> str:
    found = len(passages.counting(session))
    values = session.scalar(select(func.count(FormValue.id))) or 0
    told = [f"{found} coded passages"] if found else []
    told += [f"{values} extracted values"] if values else []
    return ", ".join(told)


def _documents(session: Session) -> str:
    found = state.included(session)
    return "the PRISMA flow diagram (`litreview export prisma`)" if found else ""


def _characteristics(session: Session) -> str:
    included, study_of = state.included(session), state.studies(session)
    if not included:
        return ""
    query = select(func.min(Record.year), func.max(Record.year))
    query = query.where(Record.cluster_id.in_(sorted(included)))
    first, last = session.execute(query).one()
    years = "" if first is None else f", published {first} to {last}"
    return f"{len({study_of[one] for one in included})} studies{years}"


def _findings(session: Session) -> str:
    newest = select(func.max(CmoConfiguration.id)).group_by(CmoConfiguration.number)
    query = select(CmoConfiguration.status, func.count()).where(
        CmoConfiguration.id.in_(newest)
    )
    rows = session.execute(query.group_by(CmoConfiguration.status))
    told = sorted(f"{number} {status}" for status, number in rows)
    return f"configurations: {', '.join(told)}" if told else ""


# Item -> what the database knows of it.
COUNTED: Mapping[int, Callable[[Session], str]] = {
    1: _title,
    4: _questions,
    5: _changes,
    8: _searches,
    9: _selection,
    10: _extraction,
    12: _documents,
    13: _characteristics,
    14: _findings,
}
