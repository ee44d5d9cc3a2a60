"""What secondary data can stand for: by configuration, by dataset, by context.

indicators   every indicator in its newest version
proxies      each place of each configuration with its indicators and items, or
"none found"
feasibility  which dataset can be tied to a school, and at what level
sampling     the contexts of the configurations as a grid of cut-offs
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup
from litreview.codebook import Dataset
from litreview.frame import Columns, frame
from litreview.synthesis import (
    CmoConfiguration,
    CmoPart,
    Indicator,
    ItemVersion,
    SurveyItem,
)
from litreview.vocabulary import CmoRole, CmoStatus, IndicatorStatus, ItemStatus

INDICATOR_COLUMNS: Columns = {
    "indicator": "int",
    "version": "int",
    "construct": "text",
    "role": "text",
    "dataset": "text",
    "variable": "text",
    "level": "text",
    "join_key": "text",
    "years": "text",
    "access": "text",
    "quality": "text",
    "formula": "text",
    "source": "text",
    "code": "int",
    "cut_off": "text",
    "cut_off_source": "text",
    "status": "text",
    "why": "text",
}
PROXY_COLUMNS: Columns = {
    "cmo_id": "int",
    "title": "text",
    "status": "text",
    "role": "text",
    "construct": "text",
    "label": "text",
    "indicators": "list",
    "items": "list",
    "found": "text",
}
FEASIBILITY_COLUMNS: Columns = {
    "dataset": "text",
    "name": "text",
    "level": "text",
    "join_key": "text",
    "linkable": "text",
    "access": "text",
    "indicators": "int",
    "usable": "int",
    "constructs": "list",
    "note": "text",
}
SAMPLING_COLUMNS: Columns = {
    "construct": "text",
    "label": "text",
    "configurations": "list",
    "indicator": "text",
    "join_key": "text",
    "cut_off": "text",
    "source": "text",
    "gap": "text",
}
NONE_FOUND, NO_PART = "none found", "(no construct yet)"
LINKABLE, NOT_LINKABLE = "linkable", "not linkable"


def indicators(session: Session) -> pd.DataFrame:
    """Return all indicators (`INDICATOR_COLUMNS`), rejected ones too, by number."""
    rows = [
        (
            *(row.number, row.version, row.construct, row.role, row.dataset),
            *(row.variable, row.level, row.join_key, row.years, row.access),
            *(row.quality, row.formula, row.source, row.code_id, row.cut_off),
            *(row.cut_off_source, row.status, row.why),
        )
        for row in _newest(session)
    ]
    return frame(INDICATOR_COLUMNS, rows)


def _newest(session: Session) -> list[Indicator]:
    latest = select(func.max(Indicator.id)).group_by(Indicator.number)
    query = select(Indicator).where(Indicator.id.in_(latest))
    return list(session.scalars(query.order_by(Indicator.number)))


def _standing(session: Session) -> dict[str, list[Indicator]]:
    """Return construct -> its indicators that were not rejected."""
    found: dict[str, list[Indicator]] = defaultdict(list)
    for row in _newest(session):
        if row.status != IndicatorStatus.REJECTED:
            found[row.construct].append(row)
    return found


def proxies(session: Session) -> pd.DataFrame:
    """Return a row per configuration, place and construct (`PROXY_COLUMNS`).

    Rejected configurations are left out. `found` is usable, candidate or "none
    found"; a place without a construct has its row too, so that each configuration
    shows context, mechanism and outcome.
    """
    known, items = _standing(session), _items(session)
    labels = _labels(session)
    parts = _parts(session)
    rows: list[tuple[object, ...]] = []
    for row in _configurations(session):
        for role in CmoRole:
            names = parts.get((row.id, role), [])
            told = (row.number, row.title, row.status, role.value)
            rows += [
                (
                    *(*told, name, labels.get(name, "")),
                    _in_role(known.get(name, ()), role),
                    tuple(items.get(name, ())),
                    _found(known.get(name, ()), role),
                )
                for name in names
            ]
            if not names:
                rows.append((*told, "", NO_PART, (), (), NONE_FOUND))
    return frame(PROXY_COLUMNS, rows)


def _in_role(rows: Iterable[Indicator], role: str) -> tuple[str, ...]:
    return tuple(_named(row) for row in rows if row.role == role)


def _named(row: Indicator) -> str:
    return f"{row.number} {row.dataset}: {row.variable} ({row.quality or row.status})"


def _found(rows: Iterable[Indicator], role: str) -> str:
    states = {row.status for row in rows if row.role == role}
    if IndicatorStatus.USABLE in states:
        return IndicatorStatus.USABLE.value
    return IndicatorStatus.CANDIDATE.value if states else NONE_FOUND


def _configurations(session: Session) -> list[CmoConfiguration]:
    latest = select(func.max(CmoConfiguration.id)).group_by(CmoConfiguration.number)
    query = select(CmoConfiguration).where(
        CmoConfiguration.id.in_(latest), CmoConfiguration.status != CmoStatus.REJECTED
    )
    return list(session.scalars(query.order_by(CmoConfiguration.number)))


def _parts(session: Session) -> dict[tuple[int, str], list[str]]:
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    query = select(CmoPart).order_by(CmoPart.cmo_id, CmoPart.position)
    for part in session.scalars(query):
        found[part.cmo_id, part.role].append(part.construct)
    return found


def _items(session: Session) -> dict[str, list[int]]:
    """Return construct -> the ids of its items that are not retired."""
    latest = select(func.max(ItemVersion.id)).group_by(ItemVersion.item_id)
    query = (
        select(SurveyItem.construct, SurveyItem.id)
        .join(ItemVersion, ItemVersion.item_id == SurveyItem.id)
        .where(ItemVersion.id.in_(latest), ItemVersion.status != ItemStatus.RETIRED)
        .order_by(SurveyItem.id)
    )
    found: dict[str, list[int]] = defaultdict(list)
    for name, number in session.execute(query):
        found[name].append(number)
    return found


def _labels(session: Session) -> dict[str, str]:
    books = [lookup.parsed_codebook(one) for one in lookup.codebooks(session)]
    return {entry.id: entry.label for book in books for entry in book.constructs}


def feasibility(session: Session) -> pd.DataFrame:
    """Return a row per dataset (`FEASIBILITY_COLUMNS`): tied to a school or not.

    The datasets of the codebooks come first, then others that indicators name. One
    without a key of schools is "not linkable", whatever else it holds.
    """
    used: dict[str, list[Indicator]] = defaultdict(list)
    for row in _newest(session):
        if row.status != IndicatorStatus.REJECTED:
            used[row.dataset].append(row)
    datasets = {
        one.id: one
        for version in lookup.codebooks(session)
        for one in lookup.parsed_codebook(version).datasets
    }
    rows = [_dataset(one, used.get(one.id, [])) for one in datasets.values()]
    rows += [_unlisted(n, used[n]) for n in sorted(used.keys() - datasets.keys())]
    return frame(FEASIBILITY_COLUMNS, rows)


def _dataset(one: Dataset, rows: list[Indicator]) -> tuple[object, ...]:
    return (
        *(one.id, one.name, one.unit, one.key),
        *(LINKABLE if one.linkable else NOT_LINKABLE, one.access, *_use(rows)),
        one.note,
    )


def _unlisted(name: str, rows: list[Indicator]) -> tuple[object, ...]:
    """Return the row of a dataset that only indicators name."""
    keys = sorted({row.join_key for row in rows if row.join_key})
    levels = sorted({row.level for row in rows if row.level})
    tied = any(not key.lower().startswith("none") for key in keys)
    return (
        *(name, "", ", ".join(levels), ", ".join(keys)),
        *(LINKABLE if tied else NOT_LINKABLE, "", *_use(rows)),
        "not in a codebook in force",
    )


def _use(rows: list[Indicator]) -> tuple[int, int, tuple[str, ...]]:
    usable = sum(row.status == IndicatorStatus.USABLE for row in rows)
    return len(rows), usable, tuple(sorted({row.construct for row in rows}))


def sampling(session: Session) -> pd.DataFrame:
    """Return the sampling grid (`SAMPLING_COLUMNS`): a row per context and indicator.

    The contexts are those of the configurations that were not rejected. A context
    without an indicator or a cut-off keeps its row, with the gap.
    """
    known, labels = _standing(session), _labels(session)
    rows: list[tuple[object, ...]] = []
    for name, numbers in _contexts(session).items():
        told = (name, labels.get(name, ""), tuple(numbers))
        found = [r for r in known.get(name, ()) if r.role == CmoRole.CONTEXT]
        rows += [
            (
                *(*told, f"{row.dataset}: {row.variable}", row.join_key),
                *(row.cut_off, row.cut_off_source),
                "" if row.cut_off else "no cut-off",
            )
            for row in found
        ]
        if not found:
            rows.append((*told, "", "", "", "", "no indicator"))
    return frame(SAMPLING_COLUMNS, rows)


def _contexts(session: Session) -> Mapping[str, list[int]]:
    """Return context -> the numbers of the configurations that have it."""
    parts = _parts(session)
    found: dict[str, list[int]] = defaultdict(list)
    for row in _configurations(session):
        for name in parts.get((row.id, CmoRole.CONTEXT), []):
            found[name].append(row.number)
    return found
