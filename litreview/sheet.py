"""The item-writing sheet of a construct: all that its items can be written from.

What the construct means and who disputes it, the passages that count in the order in
which they help, the items there are, what is missing, and candidate stems in rows to
be filled in. `sheetfile` reads the rows back. The same data give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import coders, drafting, inventory, itemlint, lookup, materials
from litreview import passages as counted
from litreview.citation import Citation, parse_authors, short_reference
from litreview.codebook import Codebook, Construct, Scoring
from litreview.drafting import Candidate, Passage, Published
from litreview.models import CodebookVersion, Record
from litreview.permission import OPEN
from litreview.scales import Scale
from litreview.sheetfile import FIELDS
from litreview.synthesis import CodeApplication
from litreview.vocabulary import EvidenceType, ItemOrigin, ItemStatus

OWN_ROWS = 3  # empty rows below the candidates, for what a writer thinks of
ENOUGH_STUDIES = 2  # one study's word for a construct is its authors' word

Item = Mapping[str, object]


@dataclass(frozen=True)
class Line:
    """A row of the sheet: what is to be filled in, and what is told beside it."""

    cells: Mapping[str, str]
    candidate: str = ""
    basis: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A construct with all that the sheet tells of it.

    `passages` are ranked, `studies` the distinct ones behind them; `items` are those
    in the bank that are not retired, `found` the ids of those of found instruments.
    """

    construct: Construct
    book: Codebook
    version: CodebookVersion
    passages: Sequence[Passage]
    studies: int
    items: Sequence[Item]
    found: frozenset[str]
    proxies: Sequence[str]
    scales: Mapping[str, Scale]
    lines: Sequence[Line]


def build(
    session: Session, construct_id: str, *, instrument: str = "", handle: str = ""
) -> Sheet:
    """Return the sheet of a construct; `instrument` is filled into its rows.

    Raises what `lookup.construct` raises for a construct that no item can be written
    for.
    """
    version, book = lookup.construct(session, construct_id)
    construct = book.choose(construct_id)
    passages, studies = _passages(session, construct_id, handle)
    rows = inventory.items(session, construct=construct_id)
    items = [row for row in rows if row["status"] != ItemStatus.RETIRED]
    known = inventory.known(session).values()
    found = frozenset(one.row.name for one in known if one.found)
    scales = materials.answer_scales(session)
    stems = drafting.candidates(
        construct,
        passages,
        [_published(item) for item in items if item["instrument"] in found],
        poles=_poles(book, construct),
    )
    given = _Given(construct, instrument, scales)
    lines = [_line(given, one) for one in stems]
    lines += [Line(_cells(given, "", "")) for _number in range(OWN_ROWS)]
    proxies = inventory.proxies(session).get(construct_id, [])
    return Sheet(
        construct, book, version, passages, studies, items, found, proxies, scales,
        lines,
    )  # fmt: skip


# -- what is asked of the database ---------------------------------------------------


def _passages(
    session: Session, construct_id: str, handle: str
) -> tuple[list[Passage], int]:
    """Return the ranked passages of a construct that count, and their studies."""
    study_of = counted.counting(session)
    seen = coders.sight(session, handle)
    query = (
        select(CodeApplication, Record)
        .join(Record, Record.id == CodeApplication.record_id)
        .where(CodeApplication.construct == construct_id)
    )
    found = [
        Passage(
            code.id,
            code.quote,
            code.locator,
            code.evidence_type,
            record.id,
            short_reference(_citation(record)),
            record.year,
            code.polarity,
        )
        for code, record in session.execute(query)
        if code.id in study_of and seen(code.person_id, record.cluster_id)
    ]
    return drafting.ranked(found), len({study_of[one.code_id] for one in found})


def _citation(record: Record) -> Citation:
    return Citation(
        source=record.source,
        source_id=record.source_id,
        title=record.title,
        year=record.year,
        authors=parse_authors(record.authors),
    )


def _published(item: Item) -> Published:
    codes = item["evidence"]
    idle = item["idle"]
    assert isinstance(codes, list)  # noqa: S101 - as `inventory.items` says
    assert isinstance(idle, list)  # noqa: S101
    return Published(
        int(str(item["item_id"])),
        str(item["text"]),
        str(item["instrument"]),
        str(item["source_number"]),
        str(item["source_page"]),
        str(item["scale"]),
        tuple(code for code in codes if code not in idle),
    )


def _poles(book: Codebook, construct: Construct) -> list[Construct]:
    if not construct.pole_of:
        return []
    return [
        one
        for one in book.constructs
        if one.pole_of == construct.pole_of and one.id != construct.id
    ]


# -- the rows ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Given:
    """What all rows of a sheet have in common."""

    construct: Construct
    instrument: str
    scales: Mapping[str, Scale]


def _line(given: _Given, one: Candidate) -> Line:
    """Return a candidate as a row, with what an item writer should look at."""
    cells = _cells(given, one.text, one.referent)
    cells["evidence"] = " ".join(map(str, one.codes))
    if one.published is not None:
        cells |= {
            "scale": one.published.scale,
            "origin": str(ItemOrigin.VERBATIM),
            "source": one.published.instrument,
            "number": one.published.number,
            "page": one.published.page,
        }
    notes = itemlint.item_notes(
        one.text,
        scale=given.scales.get(cells["scale"]),
        level=given.construct.level,
        referent=one.referent,
    )
    return Line(cells, str(one.pattern), one.basis, tuple(map(str, notes)))


def _cells(given: _Given, text: str, referent: str) -> dict[str, str]:
    reverse = given.construct.scoring == Scoring.REVERSE
    return dict.fromkeys(FIELDS, "") | {
        "construct": given.construct.id,
        "instrument": given.instrument,
        "text": text,
        "referent": referent or drafting.REFERENT.get(given.construct.level, ""),
        "reverse": "yes" if reverse else "no",
        "origin": str(ItemOrigin.NEW),
    }


# -- what is told --------------------------------------------------------------------


def missing(sheet: Sheet) -> list[str]:
    """Return what there is not, in sentences without a full stop."""
    kinds = {one.evidence_type for one in sheet.passages}
    theirs = [item for item in sheet.items if item["instrument"] in sheet.found]
    few = 0 < sheet.studies < ENOUGH_STUDIES
    told = {
        "no passage that counts is coded with it": not sheet.passages,
        f"fewer than {ENOUGH_STUDIES} studies are behind it ({sheet.studies})": few,
        "no passage measures it": EvidenceType.MEASURES not in kinds,
        "no passage theorises it": EvidenceType.THEORISES not in kinds,
        "no passage tests it": EvidenceType.TESTS not in kinds,
        "no item of a found instrument asks it": not theirs,
        "no item of our own asks it": len(theirs) == len(sheet.items),
        "no variable of secondary data stands for it": not sheet.proxies,
    }
    names = {str(item["instrument"]) for item in theirs if not usable(item)}
    closed = [f"no permission is recorded for {name}" for name in sorted(names)]
    return [words for words, so in told.items() if so] + closed


def usable(item: Item) -> bool:
    """Tell whether an item's words may go out as they are."""
    return item["origin"] != ItemOrigin.VERBATIM or item["permission"] in OPEN


def advice(sheet: Sheet) -> list[str]:
    """Return how an item about this construct should speak, in sentences."""
    construct = sheet.construct
    referent = drafting.REFERENT.get(construct.level)
    told = [f"The construct describes the level {construct.level}."]
    if referent is None:
        told.append("No one person stands for this level: say whom the item is about.")
    elif referent == "I":
        told.append("The respondent speaks of themself: the referent is “I”.")
    else:
        told.append(
            f"The referent is “{referent}”. An item with “I” would tell of the "
            "respondent, and answers could not be joined to the level."
        )
    if construct.scoring == Scoring.REVERSE:
        told.append("Agreeing means less of the scale: the item is reverse-scored.")
    others = ", ".join(
        f"{one.label} ({one.id})" for one in _poles(sheet.book, construct)
    )
    if others:
        told.append(f"It is one pole of a scale; the other: {others}.")
    return told


def facts(sheet: Sheet) -> list[tuple[str, str]]:
    """Return what the codebook says of the construct, as words and text."""
    one, book = sheet.construct, sheet.book
    groups = {group.id: group.label for group in book.groups}
    beside = [c for c in book.constructs if one.parent and c.parent == one.parent]
    facets = "; ".join(f"{c.label} ({c.id})" for c in beside if c.id != one.id)
    parent = book.find(one.parent)
    told = [
        ("Definition", one.definition),
        ("Group", groups.get(one.group, one.group)),
        ("Facet of", f"{parent.label} ({parent.id})" if parent else ""),
        ("Facets beside it", facets),
        ("Place", f"{one.cmo_role}, level {one.level}"),
        ("Code when", one.include_when),
        ("Do not code when", one.exclude_when),
        ("Synonyms", ", ".join(one.synonyms)),
        ("Codebook's note", one.note),
        ("Codebook", f"{book.name}, version {book.version}"),
    ]
    return [(words, text) for words, text in told if text]


def works(sheet: Sheet, ids: Iterable[str]) -> list[str]:
    """Return references of the codebook as they are cited, each with its id."""
    cites = {one.id: one.cite for one in sheet.book.references}
    return [f"{cites.get(one, one)} ({one})" for one in ids]
