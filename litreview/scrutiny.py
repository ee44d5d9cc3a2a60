"""The items of the bank under the rules of item review.

An item is read with its response scale and the level of its construct, and together
with all items of its instrument: an acronym that one of them explains is explained for
the others, and one that none explains is noted where it is first used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from litreview import inventory, itemlint, lint, lookup, materials, readability
from litreview.codebook import Construct
from litreview.errors import NotFoundError
from litreview.inventory import Banked
from litreview.itemlint import Note, Stem
from litreview.readability import Reading
from litreview.scales import Scale
from litreview.synthesis import ItemVersion
from litreview.vocabulary import ItemStatus


@dataclass(frozen=True)
class Scrutinised:
    """An item with what there is to say of it.

    `levels` are what is unusual about its level and referent, in words.
    """

    item_id: int
    instrument: str
    construct: str
    text: str
    version: int
    notes: tuple[Note, ...]
    levels: tuple[str, ...]
    reading: Reading


def scrutinise(
    session: Session, *, instrument: str = "", ids: Collection[int] = ()
) -> list[Scrutinised]:
    """Return the items that are not retired, by id, with the notes on each.

    `ids` asks for these alone; they are read within their instruments all the same.
    Raises `NotFoundError` for an unknown instrument, or an id that is not there.
    """
    wanted = inventory.named(session, instrument).row.id if instrument else None
    rows = [
        row
        for row in inventory.banked(session, instrument_id=wanted)
        if row.wording.status != ItemStatus.RETIRED
    ]
    _refuse_unknown(ids, rows)
    names = {number: one.row for number, one in inventory.known(session).items()}
    known, answers = _constructs(session), materials.answer_scales(session)
    forms: dict[int, list[Banked]] = defaultdict(list)
    for row in rows:
        forms[row.item.instrument_id].append(row)
    found = []
    for number, form in forms.items():
        stems = {row.item.id: _stem(row, known, answers) for row in form}
        told = itemlint.form_notes(stems, preface=names[number].note)
        found += [
            Scrutinised(
                row.item.id,
                names[number].name,
                row.item.construct,
                row.wording.text,
                row.wording.version,
                told[row.item.id],
                _levels(row, known),
                readability.read(row.wording.text),
            )
            for row in form
            if not ids or row.item.id in ids
        ]
    return sorted(found, key=lambda one: one.item_id)


def notes(session: Session, wording: ItemVersion, construct: Construct) -> list[str]:
    """Return in words what there is to say of one wording, read alone."""
    scale = materials.answer_scales(session).get(wording.scale)
    found = itemlint.item_notes(
        wording.text,
        scale=scale,
        level=construct.level,
        referent=wording.referent,
        period=wording.period,
    )
    return [str(note) for note in found]


def _stem(row: Banked, known: dict[str, Construct], answers: dict[str, Scale]) -> Stem:
    wording = row.wording
    construct = known.get(row.item.construct)
    return Stem(
        wording.text,
        answers.get(wording.scale),
        construct.level if construct else wording.level,
        wording.referent,
        wording.period,
    )


def _levels(row: Banked, known: dict[str, Construct]) -> tuple[str, ...]:
    construct = known.get(row.item.construct)
    if construct is None:
        return ()
    level, referent = row.wording.level, row.wording.referent
    return tuple(lint.level_notes(construct, level=level, referent=referent))


def _constructs(session: Session) -> dict[str, Construct]:
    books = [lookup.parsed_codebook(one) for one in lookup.codebooks(session)]
    return {one.id: one for book in books for one in book.constructs}


def _refuse_unknown(ids: Collection[int], rows: Collection[Banked]) -> None:
    missing = sorted(set(ids) - {row.item.id for row in rows})
    if missing:
        raise NotFoundError(
            f"there is no item {missing[0]} to look at",
            why="it is retired, of another instrument, or was never written",
            fix="`litreview item list` shows the ids",
        )
