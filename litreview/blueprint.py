"""The survey blueprint: what asks, or stands for, each construct in each place.

A cell is a construct (or its facet) in one place of the configurations, under one
research question. It holds the items that ask about the construct, the variables of
secondary data that stand for it there, and what is missing, both ways: theory that no
item asks about, and items without a passage that counts. A construct stands in the
place that its codebook gives it, and wherever a configuration or indicator uses it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import inventory, lookup, materials, passages
from litreview.codebook import Codebook, Construct
from litreview.readability import words
from litreview.scales import Scale, ScaleKind
from litreview.synthesis import (
    CmoConfiguration,
    CmoPart,
    CodeApplication,
    Indicator,
)
from litreview.vocabulary import CmoRole, CmoStatus, IndicatorStatus, ItemStatus

NO_ITEM, NO_PROXY, NOTHING = "no item", "no proxy", "nothing yet"
NOT_IN_FORCE = "(in no codebook in force)"

# Silent reading of English by adults (Brysbaert 2019, doi 10.1016/j.jml.2019.104047).
WORDS_PER_MINUTE = 238.0
# Seconds to choose or write an answer; a rule of thumb, to be replaced by a pilot's.
ANSWER_SECONDS: Mapping[ScaleKind, float] = {
    ScaleKind.AGREEMENT: 4,
    ScaleKind.FREQUENCY: 5,
    ScaleKind.QUALITY: 4,
    ScaleKind.RUBRIC: 8,
    ScaleKind.CHOICE: 6,
    ScaleKind.NUMBER: 10,
    ScaleKind.TEXT: 45,
}
UNKNOWN_SECONDS = 5.0  # where the item names no scale that is known

# Question -> what serves it: ids of constructs and groups, and names of places.
Questions = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Cell:
    """One row of the blueprint; in the order of the columns of `blueprintfile`.

    `construct` is the one above where there is a `facet`; `items` are ids.
    """

    question: str
    group: str
    construct: str
    facet: str
    label: str
    slot: str
    level: str
    configurations: tuple[int, ...]
    studies: int
    items: tuple[int, ...]
    item_count: int
    proxies: tuple[str, ...]
    gap: str


@dataclass(frozen=True)
class Blueprint:
    """All cells, and what they come to.

    `minutes` is an estimate; `idle` are items on no passage that counts, `unasked`
    constructs with studies and no item, `empty` slots of configurations with neither
    item nor proxy (number, slot, construct), `open_questions` those without an item.
    """

    cells: tuple[Cell, ...]
    items: int
    minutes: float
    idle: tuple[int, ...]
    unasked: tuple[str, ...]
    empty: tuple[tuple[int, str, str], ...]
    open_questions: tuple[str, ...]


def blueprint(
    session: Session, *, instrument: str = "", questions: Questions | None = None
) -> Blueprint:
    """Return the blueprint of an instrument, or of all that are our own.

    Items of instruments found in the literature are asked for by name. Without
    `questions` no cell has one. Raises `NotFoundError` for an unknown instrument.
    """
    base = _base(session, instrument)
    cells = tuple(
        cell
        for version in lookup.codebooks(session)
        for cell in _cells(lookup.parsed_codebook(version), base, questions or {})
    ) + tuple(_left_over(session, base))
    asked = {row for some in base.items.values() for row in some}
    answered = {cell.question for cell in cells if cell.items}
    return Blueprint(
        cells,
        items=len(asked),
        minutes=base.minutes,
        idle=tuple(sorted(asked & base.idle)),
        unasked=tuple(
            dict.fromkeys(
                cell.facet or cell.construct
                for cell in cells
                if cell.studies and not cell.items
            )
        ),
        empty=_empty(cells),
        open_questions=tuple(one for one in questions or {} if one not in answered),
    )


def planned_questions(session: Session) -> dict[str, set[str]]:
    """Return the research questions of plan.yaml with what serves them."""
    return {
        question.id: {*question.constructs, *question.roles}
        for question in materials.plan(session).questions
    }


def minutes(items: Iterable[tuple[str, Scale | None]]) -> float:
    """Estimate how long items take: their words read, and an answer given to each.

    `items` are texts with their response scales; the answers are known by heart.
    """
    total = 0.0
    for text, scale in items:
        total += len(words(text)) / WORDS_PER_MINUTE
        seconds = UNKNOWN_SECONDS if scale is None else ANSWER_SECONDS[scale.kind]
        total += seconds / 60
    return total


# -- what is there -----------------------------------------------------------------


@dataclass(frozen=True)
class _Base:
    """What is asked for once: by construct, its studies, items, proxies and uses."""

    studies: Mapping[str, set[int]]
    items: Mapping[str, list[int]]
    idle: frozenset[int]
    minutes: float
    indicators: Mapping[str, list[Indicator]]
    used: Mapping[str, Mapping[str, list[int]]]


def _base(session: Session, instrument: str) -> _Base:
    counting = passages.counting(session)
    studies: dict[str, set[int]] = defaultdict(set)
    query = select(CodeApplication.id, CodeApplication.construct)
    for code_id, name in session.execute(query):
        if code_id in counting:
            studies[name].add(counting[code_id])
    rows = _asked(session, instrument)
    items: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        items[row.item.construct].append(row.item.id)
    evidence = inventory.evidence_of(session, [row.item.id for row in rows])
    scales = materials.answer_scales(session)
    return _Base(
        studies,
        items,
        frozenset(
            number
            for number, codes in evidence.items()
            if not any(code in counting for code in codes)
        ),
        minutes((row.wording.text, scales.get(row.wording.scale)) for row in rows),
        _indicators(session),
        _used(session),
    )


def _asked(session: Session, instrument: str) -> list[inventory.Banked]:
    if instrument:
        wanted = {inventory.named(session, instrument).row.id}
    else:
        known = inventory.known(session)
        wanted = {number for number, one in known.items() if not one.found}
    return [
        row
        for row in inventory.banked(session)
        if row.item.instrument_id in wanted and row.wording.status != ItemStatus.RETIRED
    ]


def _indicators(session: Session) -> dict[str, list[Indicator]]:
    """Return construct -> the newest versions of its indicators, none rejected."""
    newest = select(func.max(Indicator.id)).group_by(Indicator.number)
    query = select(Indicator).where(Indicator.id.in_(newest))
    found: dict[str, list[Indicator]] = defaultdict(list)
    for row in session.scalars(query.order_by(Indicator.number)):
        if row.status != IndicatorStatus.REJECTED:
            found[row.construct].append(row)
    return found


def _used(session: Session) -> dict[str, dict[str, list[int]]]:
    """Return construct -> place -> numbers of the configurations not rejected."""
    newest = select(func.max(CmoConfiguration.id)).group_by(CmoConfiguration.number)
    query = (
        select(CmoConfiguration.number, CmoPart.role, CmoPart.construct)
        .join(CmoPart, CmoPart.cmo_id == CmoConfiguration.id)
        .where(
            CmoConfiguration.id.in_(newest),
            CmoConfiguration.status != CmoStatus.REJECTED,
        )
        .order_by(CmoConfiguration.number)
    )
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, role, name in session.execute(query):
        found[name][role].append(number)
    return found


# -- cells -------------------------------------------------------------------------


def _cells(book: Codebook, base: _Base, questions: Questions) -> Iterator[Cell]:
    labels = {group.id: group.label for group in book.groups}
    for entry in book.constructs:
        if not book.applicable(entry.id):
            continue
        line = {entry.id, entry.group, *_above(book, entry)}
        for slot in _slots(entry, base):
            served = [q for q, by in questions.items() if {*line, slot} & set(by)]
            for question in served or [""]:
                yield _cell(
                    entry, base, (question, labels.get(entry.group, entry.group), slot)
                )


def _above(book: Codebook, entry: Construct) -> Iterator[str]:
    seen = {entry.id}
    parent = book.find(entry.parent)
    while parent is not None and parent.id not in seen:  # a circle must end somewhere
        yield parent.id
        seen.add(parent.id)
        parent = book.find(parent.parent)


def _slots(entry: Construct, base: _Base) -> list[str]:
    """Return the places in which a construct stands, context first."""
    found = {entry.cmo_role.value, *base.used.get(entry.id, {})}
    found |= {row.role for row in base.indicators.get(entry.id, ())}
    return [role.value for role in CmoRole if role in found]


def _cell(entry: Construct, base: _Base, place: tuple[str, str, str]) -> Cell:
    question, group, slot = place
    items = tuple(base.items.get(entry.id, ()))
    studies = len(base.studies.get(entry.id, ()))
    proxies = tuple(_proxies(entry, slot, base))
    return Cell(
        question=question,
        group=group,
        construct=entry.parent or entry.id,
        facet=entry.id if entry.parent else "",
        label=entry.label,
        slot=slot,
        level=entry.level.value,
        configurations=tuple(base.used.get(entry.id, {}).get(slot, ())),
        studies=studies,
        items=items,
        item_count=len(items),
        proxies=proxies,
        gap=_gap(studies, items, proxies, base.idle),
    )


def _proxies(entry: Construct, slot: str, base: _Base) -> Iterator[str]:
    """Yield what stands for a construct in a place: indicators, then the codebook's."""
    named = set()
    for row in base.indicators.get(entry.id, ()):
        named.add((row.dataset, row.variable))
        if row.role == slot:
            told = ", ".join(filter(None, (row.quality, row.status)))
            yield f"{row.number} {row.dataset}: {row.variable} ({told})"
    proxy = entry.proxy
    if proxy is None or slot != entry.cmo_role:
        return
    if (proxy.dataset, proxy.variable) not in named:
        yield f"{proxy.dataset}: {proxy.variable} ({proxy.quality}, codebook)"


def _gap(
    studies: int,
    items: Sequence[int],
    proxies: Sequence[str],
    idle: Collection[int],
) -> str:
    """Say what is missing in a cell, both ways; '' where nothing is."""
    if not (studies or items or proxies):
        return NOTHING
    found = []
    if not items:
        found.append(NO_ITEM if proxies else f"{NO_ITEM}, {NO_PROXY}")
    found += [
        f"item {one} rests on no passage that counts" for one in items if one in idle
    ]
    if not studies and not items:
        found.append("no study")
    return "; ".join(found)


def _left_over(session: Session, base: _Base) -> Iterator[Cell]:
    """Yield a cell for each construct with items that no codebook has any more."""
    known = {
        entry.id
        for version in lookup.codebooks(session)
        for entry in lookup.parsed_codebook(version).constructs
    }
    for name in sorted(base.items.keys() - known):
        items, studies = tuple(base.items[name]), len(base.studies.get(name, ()))
        gap = _gap(studies, items, (), base.idle)
        said = "; ".join(filter(None, (gap, "no codebook in force has it")))
        yield Cell(
            "", NOT_IN_FORCE, name, "", name, "", "", (), studies, items, len(items),
            (), said,
        )  # fmt: skip


def _empty(cells: Iterable[Cell]) -> tuple[tuple[int, str, str], ...]:
    found = {
        (number, cell.slot, cell.facet or cell.construct): None
        for cell in cells
        if not cell.items and not cell.proxies
        for number in cell.configurations
    }
    return tuple(sorted(found))
