"""Tables of the synthesis: who speaks of what, and where something is missing.

    matrix          construct x study, the passages in each
    evidence_map    construct x evidence type, the studies in each
    crosswalk       the ideas of one framework beside those of the others
    balance         programme x group: is there something from each?
    crosstab        value of an attribute x construct, within the same studies
    measurability   theory, instruments, items and indicators of each construct

All count passages that count (`litreview.grounds`), and distinct studies, so that no
idea gains by standing in two frameworks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import grounds, materials
from litreview.codebook import Construct
from litreview.errors import LitreviewError
from litreview.frame import Columns, Kind, frame
from litreview.frameworks import Balance, Framework, Frameworks
from litreview.grounds import Grounds
from litreview.synthesis import (
    CodeApplication,
    Indicator,
    InstrumentVersion,
    ItemVersion,
    SurveyItem,
)
from litreview.vocabulary import EvidenceType, IndicatorStatus, ItemStatus, Polarity

MAP_COLUMNS: Columns = {
    "construct": "text",
    "label": "text",
    "group": "text",
    **dict.fromkeys((word.value for word in EvidenceType), "int"),
    "studies": "int",
    "quotes": "int",
}
MEASURE_COLUMNS: Columns = {
    "construct": "text",
    "label": "text",
    "group": "text",
    "cmo_role": "text",
    "level": "text",
    "theory": "int",
    "instruments": "int",
    "items": "int",
    "proxies": "int",
    "priority": "flag",
}
CROSS_COLUMNS: Columns = {
    "attribute": "text",
    "value": "text",
    "construct": "text",
    "label": "text",
    "group": "text",
    "studies": "int",
}
ABSENT = (Polarity.ABSENT,)


# -- construct x study ---------------------------------------------------------------


def matrix(session: Session) -> pd.DataFrame:
    """Return a row per construct that was coded, a column per included study.

    Columns: construct, label, group, studies, then ``study N`` by N, each the number
    of passages. A study without a passage has its column all the same.
    """
    base = grounds.read(session)
    labels = base.constructs
    counts = base.passages.groupby(["construct", "study_id"]).size().to_dict()
    columns: dict[str, Kind] = {
        **dict.fromkeys(("construct", "label", "group"), "text"),
        **dict.fromkeys(("studies", *map(_study, sorted(base.studies))), "int"),
    }
    rows = []
    for name in _coded(base):
        found = [counts.get((name, study), 0) for study in sorted(base.studies)]
        told = labels.get(name)
        rows.append(
            (
                *(name, told.label if told else "", told.group if told else ""),
                *(sum(number > 0 for number in found), *found),
            )
        )
    return frame(columns, rows)


def _study(number: int) -> str:
    return f"study {number}"


def _coded(base: Grounds) -> list[str]:
    """Return the constructs with a passage, in the codebook's order, others last."""
    coded = set(base.passages["construct"])
    known = [name for name in base.constructs if name in coded]
    return known + sorted(coded - set(known))


def evidence_map(session: Session) -> pd.DataFrame:
    """Return a row per construct of the codebooks (`MAP_COLUMNS`).

    A column per evidence type counts the distinct studies that do so; a construct
    counts what is below it.
    """
    base = grounds.read(session)
    per: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    quotes: dict[str, int] = defaultdict(int)
    above = _above(base.constructs)
    columns = ("construct", "evidence_type", "study_id")
    for name, kind, study in base.passages[list(columns)].itertuples(index=False):
        for one in above.get(name, (name,)):
            per[one][kind].add(int(study))
            quotes[one] += 1
    groups = {group.id: group.label for book in base.books for group in book.groups}
    rows = [
        (
            *(name, entry.label, groups.get(entry.group, entry.group)),
            *(len(per[name][kind]) for kind in EvidenceType),
            *(len(set[int]().union(*per[name].values())), quotes[name]),
        )
        for name, entry in base.constructs.items()
    ]
    return frame(MAP_COLUMNS, rows)


def _above(constructs: Mapping[str, Construct]) -> dict[str, tuple[str, ...]]:
    """Return construct -> itself and all that stand above it."""
    found = {}
    for name in constructs:
        line = [name]
        while (parent := constructs[line[-1]].parent) in constructs:
            if parent in line:  # a circle must end somewhere
                break
            line.append(parent)
        found[name] = tuple(line)
    return found


# -- frameworks ----------------------------------------------------------------------


def crosswalk(session: Session) -> pd.DataFrame:
    """Return a row per idea of each framework, and what it is akin to elsewhere.

    Columns: framework, construct, label, studies (of the idea itself), one column per
    framework with the ids of the same or related ideas there, and `together`, the
    distinct studies of the idea and all these.
    """
    base = grounds.read(session)
    known = _frameworks(session, base).frameworks
    inside = {one.id: _members(base, one.groups) for one in known}
    akin = _akin(base.constructs)
    studies = {
        name: grounds.studies(base.about([name]))
        for members in inside.values()
        for name in members
    }
    columns: dict[str, Kind] = {
        **dict.fromkeys(("framework", "construct", "label"), "text"),
        "studies": "int",
        **dict.fromkeys((one.id for one in known), "list"),
        "together": "int",
    }
    rows = []
    for one in known:
        for name in inside[one.id]:
            near = {
                other.id: tuple(n for n in inside[other.id] if n in akin[name])
                for other in known
                if other.id != one.id
            }
            whole = [name, *(n for ids in near.values() for n in ids)]
            together = set[int]().union(*(studies[n] for n in whole))
            rows.append(
                (
                    *(one.label, name, base.constructs[name].label),
                    len(studies[name]),
                    *(near.get(other.id, ()) for other in known),
                    len(together),
                )
            )
    return frame(columns, rows)


def _akin(constructs: Mapping[str, Construct]) -> dict[str, set[str]]:
    """Return construct -> those that are the same idea or related, both ways."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, entry in constructs.items():
        for other in (*entry.related, *([entry.same_as] if entry.same_as else [])):
            found[name].add(other)
            found[other].add(name)
    return defaultdict(set, found)


def _members(base: Grounds, groups: Sequence[str]) -> list[str]:
    return [n for n, entry in base.constructs.items() if entry.group in groups]


def _frameworks(session: Session, base: Grounds) -> Frameworks:
    """Return the frameworks in force, each group one where none are written."""
    written = materials.frameworks(session)
    groups = {group.id: group.label for book in base.books for group in book.groups}
    named: list[Framework | Balance] = [*written.frameworks, *written.balances]
    for one in named:
        for name in one.groups:
            if name not in groups:
                raise LitreviewError(
                    f"{one.id!r} in screening/frameworks.yaml names the group {name!r}",
                    why="no codebook in force has it",
                    fix=f"mend line {one.line} there, then run `litreview sync`",
                )
    if written.frameworks:
        return written
    own = tuple(Framework(name, label, (name,)) for name, label in groups.items())
    return Frameworks(own, written.balances)


def balance(session: Session) -> pd.DataFrame:
    """Return a row per balanced design and programme with a passage of its groups.

    Columns: design, programme, one per group of any design (distinct constructs found
    present), balanced, missing (the groups without one). A construct found absent
    does not count.
    """
    base = grounds.read(session)
    known = _frameworks(session, base).balances
    groups = list(dict.fromkeys(name for one in known for name in one.groups))
    columns: dict[str, Kind] = {
        **dict.fromkeys(("design", "programme"), "text"),
        **dict.fromkeys(groups, "int"),
        "balanced": "flag",
        "missing": "list",
    }
    rows = []
    for one in known:
        for programme, found in sorted(_programmes(session, base, one).items()):
            counts = [len(found.get(name, ())) for name in groups]
            missing = tuple(name for name in one.groups if not found.get(name))
            rows.append((one.label, programme, *counts, not missing, missing))
    return frame(columns, rows)


def _programmes(
    session: Session, base: Grounds, design: Balance
) -> dict[str, dict[str, set[str]]]:
    """Return programme -> group -> the constructs of it that were found there."""
    group_of = {name: entry.group for name, entry in base.constructs.items()}
    named = _attribute(session, design.programme) if design.programme else {}
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    present = base.passages[~base.passages["polarity"].isin(ABSENT)]
    columns = ["code_id", "study_id", "construct"]
    for code, study, name in present[columns].itertuples(index=False):
        group = group_of.get(name, "")
        programme = named.get(code) if design.programme else _study(study)
        if group in design.groups and programme:
            found[programme][group].add(name)
    return found


def _attribute(session: Session, name: str) -> dict[int, str]:
    """Return code id -> the value that its coder noted for an attribute."""
    rows = session.execute(select(CodeApplication.id, CodeApplication.attributes))
    return {
        number: str(noted[name])
        for number, noted in rows
        if isinstance(noted, dict) and noted.get(name)
    }


def crosstab(session: Session) -> pd.DataFrame:
    """Return what goes together in a study (`CROSS_COLUMNS`).

    A row per value that coders noted for an attribute (the form of a programme, say)
    and construct found present in the same study, with the distinct studies.
    """
    base = grounds.read(session)
    present = base.passages[~base.passages["polarity"].isin(ABSENT)]
    found: dict[int, set[str]] = defaultdict(set)
    for name, study in present[["construct", "study_id"]].itertuples(index=False):
        found[int(study)].add(str(name))
    labels = base.constructs
    studies: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for attribute, value, study in _noted(session, base):
        for name in found[study]:
            studies[attribute, value, name].add(study)
    order = list(labels)
    rows = [
        (attribute, value, name, labels[name].label, labels[name].group, len(ids))
        for (attribute, value, name), ids in studies.items()
        if name in labels
    ]
    rows.sort(key=lambda row: (row[0], row[1], order.index(str(row[2]))))
    return frame(CROSS_COLUMNS, rows)


def _noted(session: Session, base: Grounds) -> Iterator[tuple[str, str, int]]:
    """Yield attribute, value and study of every passage that counts."""
    columns = ["code_id", "study_id"]
    study_of = {
        int(code): int(study)
        for code, study in base.passages[columns].itertuples(index=False)
    }
    rows = session.execute(select(CodeApplication.id, CodeApplication.attributes))
    for number, noted in rows:
        if number in study_of and isinstance(noted, dict):
            for attribute, value in noted.items():
                yield attribute, str(value), study_of[number]


# -- measurability -------------------------------------------------------------------


def measurability(session: Session) -> pd.DataFrame:
    """Return what there is to measure each construct with (`MEASURE_COLUMNS`).

    `theory` are the studies that theorise it, `instruments` those found in the
    literature with an item on it, `items` all items not retired, `proxies` the usable
    indicators. Theory without an instrument is a priority for writing items.
    """
    base = grounds.read(session)
    theory = base.passages[base.passages["evidence_type"] == EvidenceType.THEORISES]
    theorising = theory.groupby("construct")["study_id"].apply(set).to_dict()
    items, found = _items(session)
    proxies = _proxies(session)
    groups = {group.id: group.label for book in base.books for group in book.groups}
    rows = []
    for name, entry in base.constructs.items():
        inside = base.within(name)
        studies = set[int]().union(*(theorising.get(one, ()) for one in inside))
        instruments = set[int]().union(*(found.get(one, ()) for one in inside))
        rows.append(
            (
                *(name, entry.label, groups.get(entry.group, entry.group)),
                *(entry.cmo_role.value, entry.level.value),
                *(len(studies), len(instruments)),
                sum(items.get(one, 0) for one in inside),
                sum(proxies.get(one, 0) for one in inside),
                bool(studies) and not instruments,
            )
        )
    return frame(MEASURE_COLUMNS, rows)


def _items(session: Session) -> tuple[dict[str, int], dict[str, set[int]]]:
    """Return construct -> its items, and -> the found instruments that have one."""
    newest = select(func.max(ItemVersion.id)).group_by(ItemVersion.item_id)
    known = select(func.max(InstrumentVersion.id)).group_by(
        InstrumentVersion.instrument_id
    )
    published = set(
        session.scalars(
            select(InstrumentVersion.instrument_id).where(
                InstrumentVersion.id.in_(known), InstrumentVersion.found
            )
        )
    )
    query = (
        select(SurveyItem.construct, SurveyItem.instrument_id)
        .join(ItemVersion, ItemVersion.item_id == SurveyItem.id)
        .where(ItemVersion.id.in_(newest), ItemVersion.status != ItemStatus.RETIRED)
    )
    items: dict[str, int] = defaultdict(int)
    found: dict[str, set[int]] = defaultdict(set)
    for name, instrument in session.execute(query):
        items[name] += 1
        if instrument in published:
            found[name].add(instrument)
    return items, found


def _proxies(session: Session) -> dict[str, int]:
    """Return construct -> its usable indicators."""
    newest = select(func.max(Indicator.id)).group_by(Indicator.number)
    query = select(Indicator.construct, func.count()).where(
        Indicator.id.in_(newest), Indicator.status == IndicatorStatus.USABLE
    )
    rows = session.execute(query.group_by(Indicator.construct))
    return {name: number for name, number in rows}  # noqa: C416 - rows are no pairs
