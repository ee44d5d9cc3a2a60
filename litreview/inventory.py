"""The item bank as it stands: instruments with what is known of them, and items.

An instrument of which nothing is recorded is our own; of a found one the newest
version says where it was found and whether its words may be used. An item shows its
newest wording, where that comes from, and which of its passages still count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from litreview import lookup, passages
from litreview.errors import NotFoundError
from litreview.models import Person, Record
from litreview.permission import newest_versions
from litreview.synthesis import (
    Indicator,
    Instrument,
    InstrumentVersion,
    ItemEvidence,
    ItemSource,
    ItemVersion,
    SurveyItem,
)
from litreview.vocabulary import IndicatorStatus, ItemOrigin, ItemStatus
from litreview.yamlfile import suggestion

# What a version tells of an instrument, in the words of its source.
FACTS = (
    *("scale", "reliability", "validity", "sample", "country", "year", "licence"),
    *("permission", "permission_evidence", "note"),
)
# What an item's row takes over from the instrument that its words come from.
LENT = (
    *("licence", "permission", "permission_evidence"),
    *("reliability", "validity", "sample", "country"),
)


class Known(NamedTuple):
    """An instrument with what is known of it; None means nothing: it is our own."""

    row: Instrument
    version: InstrumentVersion | None

    @property
    def found(self) -> bool:
        """Tell whether it comes from the literature."""
        return self.version is not None and self.version.found


class Banked(NamedTuple):
    """An item's newest wording with its source, none where it is new."""

    item: SurveyItem
    wording: ItemVersion
    source: ItemSource | None


# -- instruments ---------------------------------------------------------------------


def known(session: Session) -> dict[int, Known]:
    """Return every instrument by id."""
    query = select(InstrumentVersion).where(InstrumentVersion.id.in_(newest_versions()))
    versions = {row.instrument_id: row for row in session.scalars(query)}
    rows = session.scalars(select(Instrument).order_by(Instrument.id))
    return {row.id: Known(row, versions.get(row.id)) for row in rows}


def named(session: Session, name: str) -> Known:
    """Return the instrument with this name, or refuse."""
    found = find(session, name)
    if found is not None:
        return found
    names = sorted(session.scalars(select(Instrument.name)))
    raise NotFoundError(
        f"there is no instrument {name!r}",
        why=suggestion(name, names),
        fix=f"the instruments are: {', '.join(names)}"
        if names
        else "`litreview instrument add` records one that was found, `litreview item "
        "add` makes one of our own with its first item",
    )


def find(session: Session, name: str) -> Known | None:
    """Return the instrument with this name, or None; stray blanks do not matter."""
    line = " ".join(name.split())
    row = session.scalar(select(Instrument).where(Instrument.name == line))
    if row is None:
        return None
    query = select(InstrumentVersion).where(InstrumentVersion.instrument_id == row.id)
    newest = query.order_by(InstrumentVersion.version.desc()).limit(1)
    return Known(row, session.scalar(newest))


def instruments(session: Session) -> list[dict[str, object]]:
    """List all instruments by name, as their newest versions.

    Keys: instrument, found, record_id, title (of the record), what `FACTS` names,
    items (not retired), constructs (of these items), version (0: nothing recorded),
    why, by, at.
    """
    held: dict[int, list[str]] = defaultdict(list)
    for item, wording, _source in banked(session):
        if wording.status != ItemStatus.RETIRED:
            held[item.instrument_id].append(item.construct)
    entries = known(session)
    versions = [one.version for one in entries.values() if one.version is not None]
    titles = _titles(session, {v.record_id for v in versions if v.record_id})
    handles = dict(session.execute(select(Person.id, Person.handle)).all())
    rows = []
    for entry in entries.values():
        told: Instrument | InstrumentVersion = entry.version or entry.row
        record_id = entry.version.record_id if entry.version else None
        rows.append(
            {
                "instrument": entry.row.name,
                "found": entry.found,
                "record_id": record_id,
                "title": titles.get(record_id or 0, ""),
                **_facts(entry),
                "items": len(held[entry.row.id]),
                "constructs": sorted(set(held[entry.row.id])),
                "version": entry.version.version if entry.version else 0,
                "why": entry.version.why if entry.version else "",
                "by": handles.get(told.person_id, ""),
                "at": told.at,
            }
        )
    return sorted(rows, key=lambda row: str(row["instrument"]))


def versions(session: Session, instrument_id: int) -> list[dict[str, object]]:
    """Return all versions of what is known of an instrument, oldest first."""
    query = (
        select(InstrumentVersion, Person.handle)
        .join(Person, Person.id == InstrumentVersion.person_id)
        .where(InstrumentVersion.instrument_id == instrument_id)
        .order_by(InstrumentVersion.version)
    )
    return [
        {
            "version": row.version,
            "found": row.found,
            "record_id": row.record_id,
            **{name: getattr(row, name) for name in FACTS},
            "why": row.why,
            "by": handle,
            "at": row.at,
        }
        for row, handle in session.execute(query)
    ]


def _facts(entry: Known) -> dict[str, object]:
    if entry.version is None:
        return {**dict.fromkeys(FACTS, ""), "note": entry.row.note}
    return {name: getattr(entry.version, name) for name in FACTS}


def _titles(session: Session, ids: Collection[int]) -> dict[int, str]:
    query = select(Record.id, Record.title).where(Record.id.in_(ids))
    return dict(session.execute(query).all())


# -- items ---------------------------------------------------------------------------


def newest_wordings() -> Select[int]:
    """Return the query of the ids of each item's newest wording."""
    return select(func.max(ItemVersion.id)).group_by(ItemVersion.item_id)


def banked(
    session: Session, *, instrument_id: int | None = None, construct: str = ""
) -> list[Banked]:
    """Return items by id with their newest wording; retired ones too."""
    query = (
        select(SurveyItem, ItemVersion, ItemSource)
        .join(ItemVersion, ItemVersion.item_id == SurveyItem.id)
        .outerjoin(ItemSource, ItemSource.version_id == ItemVersion.id)
        .where(ItemVersion.id.in_(newest_wordings()))
        .order_by(SurveyItem.id)
    )
    if instrument_id is not None:
        query = query.where(SurveyItem.instrument_id == instrument_id)
    if construct:
        query = query.where(SurveyItem.construct == construct)
    return [Banked(*row) for row in session.execute(query)]


def items(
    session: Session, *, instrument: str = "", construct: str = ""
) -> list[dict[str, object]]:
    """List items by id, as their newest versions; retired ones too.

    Keys: item_id, instrument, construct, text, version, status, referent, level,
    scale, reverse, period, respondent; origin, source_instrument, source_number,
    source_page, adaptation, and what `LENT` names of that instrument; evidence (code
    ids), idle (those that no longer count), studies (distinct, behind the others);
    why, by, at. Raises `NotFoundError` for an unknown instrument.
    """
    chosen = named(session, instrument).row.id if instrument else None
    found = banked(session, instrument_id=chosen, construct=construct)
    entries = known(session)
    handles = dict(session.execute(select(Person.id, Person.handle)).all())
    evidence = evidence_of(session, [one.item.id for one in found])
    counting = passages.counting(session)
    return [
        {
            "item_id": one.item.id,
            "instrument": entries[one.item.instrument_id].row.name,
            "construct": one.item.construct,
            **properties(one.wording),
            **_origin(one.source, entries),
            **_support(evidence[one.item.id], counting),
            "why": one.wording.why,
            "by": handles.get(one.wording.person_id, ""),
            "at": one.wording.at,
        }
        for one in found
    ]


def properties(wording: ItemVersion) -> dict[str, object]:
    """Return a wording's text and properties."""
    return {
        "text": wording.text,
        "version": wording.version,
        "status": wording.status,
        "referent": wording.referent,
        "level": wording.level,
        "scale": wording.scale,
        "reverse": wording.reverse,
        "period": wording.period,
        "respondent": wording.respondent,
    }


def _origin(source: ItemSource | None, entries: dict[int, Known]) -> dict[str, object]:
    if source is None:
        empty = ("source_instrument", "source_number", "source_page", "adaptation")
        return {"origin": str(ItemOrigin.NEW), **dict.fromkeys((*empty, *LENT), "")}
    entry = entries[source.instrument_id]
    told = _facts(entry)
    return {
        "origin": source.origin,
        "source_instrument": entry.row.name,
        "source_number": source.number,
        "source_page": source.page,
        "adaptation": source.adaptation,
        **{name: told[name] for name in LENT},
    }


def evidence_of(session: Session, item_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return item id -> the ids of its passages, for all the items asked for."""
    found: dict[int, list[int]] = {item_id: [] for item_id in item_ids}
    query = select(ItemEvidence.item_id, ItemEvidence.code_id)
    if len(found) == 1:
        query = query.where(ItemEvidence.item_id.in_(found))
    for item_id, code_id in session.execute(query.order_by(ItemEvidence.code_id)):
        if item_id in found:
            found[item_id].append(code_id)
    return found


def _support(evidence: list[int], counting: dict[int, int]) -> dict[str, object]:
    return {
        "evidence": evidence,
        "idle": [code_id for code_id in evidence if code_id not in counting],
        "studies": len({counting[c] for c in evidence if c in counting}),
    }


# -- secondary data ------------------------------------------------------------------


def proxies(session: Session) -> dict[str, list[str]]:
    """Return construct id -> the codebook's proxy and the usable indicators.

    Each as `dataset: variable (quality)`.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for version in lookup.codebooks(session):
        for entry in lookup.parsed_codebook(version).constructs:
            if entry.proxy is not None:
                proxy = entry.proxy
                words = f"{proxy.dataset}: {proxy.variable} ({proxy.quality})"
                found[entry.id].append(words)
    newest = select(func.max(Indicator.id)).group_by(Indicator.number)
    for row in session.scalars(select(Indicator).where(Indicator.id.in_(newest))):
        if row.status == IndicatorStatus.USABLE:
            quality = f" ({row.quality})" if row.quality else ""
            found[row.construct].append(f"{row.dataset}: {row.variable}{quality}")
    return found
