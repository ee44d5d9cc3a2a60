"""The codebook of a questionnaire: what each variable is, and what it rests on.

A row for each variable says what it asks, how it is answered and scored, which
construct it measures, where its wording comes from, and which passages of which
reports stand behind it. Whoever analyses the answers needs nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import limesurvey, lookup, passages
from litreview.codebook import Codebook, Construct
from litreview.frame import Columns, frame
from litreview.models import CodebookVersion, Record
from litreview.survey import Block, Question, Questionnaire, numbered
from litreview.synthesis import (
    CodeApplication,
    Instrument,
    ItemEvidence,
    ItemSource,
    ItemVersion,
    SurveyItem,
)
from litreview.vocabulary import ItemOrigin

COLUMNS: Columns = {
    "number": "int",
    "variable": "text",
    "limesurvey_variable": "text",
    "item_id": "int",
    "item_version": "int",
    "status": "text",
    "wording": "text",
    "block": "text",
    "construct": "text",
    "label": "text",
    "facet_of": "text",
    "group": "text",
    "cmo_role": "text",
    "level": "text",
    "pole_of": "text",
    "referent": "text",
    "period": "text",
    "respondent": "text",
    "scale": "text",
    "scale_kind": "text",
    "values": "list",
    "reverse": "flag",
    "origin": "text",
    "source_instrument": "text",
    "source_number": "text",
    "source_page": "text",
    "adaptation": "text",
    "evidence": "list",
    "records": "list",
    "studies": "int",
}


@dataclass(frozen=True)
class _Known:
    """What the database tells of the items, each by item id."""

    items: Mapping[int, SurveyItem]
    wordings: Mapping[int, ItemVersion]
    sources: Mapping[int, tuple[ItemSource, str]]  # with the instrument's name
    passages: Mapping[int, list[tuple[CodeApplication, Record]]]
    counting: Mapping[int, int]
    books: Mapping[int, Codebook]


def table(session: Session, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return a row for each variable, in the order of the questions (`COLUMNS`).

    `evidence` are the ids of the passages that count, `records` what they come from
    with DOI and page, `studies` how many distinct included studies that are.
    """
    known = _known(session, [one.item_id for one in questionnaire.questions])
    asked = [(block, one) for block in questionnaire.blocks for one in block.questions]
    rows = [
        (number, *_row(known, block, one))
        for number, (block, one) in enumerate(asked, start=1)
    ]
    return frame(COLUMNS, rows)


def _row(known: _Known, block: Block, one: Question) -> Iterator[object]:
    item, wording = known.items[one.item_id], known.wordings[one.item_id]
    yield from (one.name, limesurvey.spelled(one.name), item.id, wording.version)
    yield from (wording.status, one.text, block.title, one.construct)
    yield from _construct(known.books[item.codebook_id], one.construct, wording)
    yield from (wording.referent, wording.period, wording.respondent)
    yield from (one.scale.id, str(one.scale.kind))
    yield tuple(f"{value}={answer}" for value, answer in numbered(one.scale))
    yield one.reverse
    yield from _source(known.sources.get(item.id))
    yield from _evidence(known, item.id)


def _construct(book: Codebook, key: str, wording: ItemVersion) -> Iterator[str]:
    """Yield label, facet_of, group, cmo_role, level, pole_of."""
    found: Construct | None = book.find(key)
    if found is None:
        yield from ("", "", "", "", wording.level, "")
        return
    groups = {group.id: group.label for group in book.groups}
    yield from (found.label, found.parent, groups.get(found.group, found.group))
    yield from (str(found.cmo_role), wording.level, found.pole_of)


def _source(found: tuple[ItemSource, str] | None) -> Iterator[str]:
    """Yield origin, the instrument, number, page, adaptation."""
    if found is None:
        yield from (str(ItemOrigin.NEW), "", "", "", "")
        return
    source, name = found
    yield from (source.origin, name, source.number, source.page, source.adaptation)


def _evidence(known: _Known, item_id: int) -> Iterator[object]:
    """Yield evidence, records, studies."""
    counting = [
        (code, record)
        for code, record in known.passages.get(item_id, [])
        if code.id in known.counting
    ]
    yield tuple(code.id for code, _record in counting)
    yield tuple(dict.fromkeys(_place(code, record) for code, record in counting))
    yield len({known.counting[code.id] for code, _record in counting})


def _place(code: CodeApplication, record: Record) -> str:
    parts = [record.title, f"doi:{record.doi}" if record.doi else "", code.locator]
    return ", ".join(part for part in parts if part)


def _known(session: Session, item_ids: Collection[int]) -> _Known:
    """Ask for everything once; a questionnaire has tens of items, not thousands."""
    items = {
        item.id: item
        for item in session.scalars(
            select(SurveyItem).where(SurveyItem.id.in_(item_ids))
        )
    }
    query = select(ItemVersion).where(ItemVersion.item_id.in_(item_ids))
    wordings = {
        row.item_id: row for row in session.scalars(query.order_by(ItemVersion.version))
    }
    return _Known(
        items,
        wordings,
        _sources(session, wordings),
        _passages(session, item_ids),
        passages.counting(session),
        _books(session, {item.codebook_id for item in items.values()}),
    )


def _sources(
    session: Session, wordings: Mapping[int, ItemVersion]
) -> dict[int, tuple[ItemSource, str]]:
    of_version = {row.id: item_id for item_id, row in wordings.items()}
    query = (
        select(ItemSource, Instrument.name)
        .join(Instrument, Instrument.id == ItemSource.instrument_id)
        .where(ItemSource.version_id.in_(of_version))
    )
    return {
        of_version[source.version_id]: (source, name)
        for source, name in session.execute(query)
    }


def _passages(
    session: Session, item_ids: Collection[int]
) -> dict[int, list[tuple[CodeApplication, Record]]]:
    query = (
        select(ItemEvidence.item_id, CodeApplication, Record)
        .join(CodeApplication, CodeApplication.id == ItemEvidence.code_id)
        .join(Record, Record.id == CodeApplication.record_id)
        .where(ItemEvidence.item_id.in_(item_ids))
        .order_by(CodeApplication.id)
    )
    found: dict[int, list[tuple[CodeApplication, Record]]] = defaultdict(list)
    for item_id, code, record in session.execute(query):
        found[item_id].append((code, record))
    return found


def _books(session: Session, ids: Collection[int]) -> dict[int, Codebook]:
    query = select(CodebookVersion).where(CodebookVersion.id.in_(ids))
    return {row.id: lookup.parsed_codebook(row) for row in session.scalars(query)}
