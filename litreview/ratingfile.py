"""Ratings of items that come back in a form, taken in whole or not at all.

A file that comes a second time changes nothing, nor does one with the same content: a
rater's newest answer stays what it is. A rating belongs to the wording that the form
showed: where the item was worded anew since, it is kept for the old one, and said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import inventory, passages
from litreview.models import Person
from litreview.ratings import ANSWERS
from litreview.ratingsheet import Reading, Said, Sheet, Taken, refuse_header
from litreview.synthesis import ItemVersion, Rating
from litreview.vocabulary import Panel, RatingMeasure
from litreview.wording import phrase

GUARD = "'"  # what an export puts before a text that looks like a formula
COLUMNS = (
    *("item_id", "rating", "version", "text", "panel", "measure", "rater", "round"),
    "comment",
)


def take_ratings(session: Session, sheet: Sheet, *, said: Said, by: str) -> Taken:
    """Store the ratings of a form that was filled in.

    Raises `LitreviewError` with all problems of the file; then nothing is stored.
    """
    person = passages.coder(session, by)
    refuse_header(sheet, ("item_id", "rating"), COLUMNS)
    reading = Reading(sheet, said)
    bank = _bank(session)
    made = [
        row
        for reading.at, reading.cells in sheet.rows
        if (row := _rating(reading, bank)) is not None
    ]
    _refuse_twice(reading, made)
    reading.finish()
    _store_ratings(session, reading.taken, [row for _line, row in made], person)
    return reading.taken


@dataclass(frozen=True)
class _Bank:
    """What is known of items: their wordings by version, and whose a wording is."""

    wordings: Mapping[int, Mapping[int, str]]
    owner: Mapping[str, int]


def _bank(session: Session) -> _Bank:
    wordings: dict[int, dict[int, str]] = {
        row.item.id: {} for row in inventory.banked(session)
    }
    owner: dict[str, int] = {}
    query = select(ItemVersion.item_id, ItemVersion.version, ItemVersion.text)
    for item_id, version, text in session.execute(query.order_by(ItemVersion.id)):
        wordings[item_id][version] = text
        owner[text] = item_id
    return _Bank(wordings, owner)


def _rating(reading: Reading, bank: _Bank) -> tuple[int, Rating] | None:
    """Read one row; None for a blank or a wrong one, which is noted."""
    comment = phrase(reading.cells.get("comment", ""), "comment", required=False)
    if not reading.cell("rating"):
        reading.taken.blank += 1
        if comment:
            reading.taken.notes.append(
                f"row {reading.at}: a comment without a rating is not stored"
            )
        return None
    rater, panel = reading.rater(), reading.word("panel", list(Panel))
    measure = reading.word("measure", list(ANSWERS))
    item_id, version = _wording(reading, bank)
    value = _value(reading, measure)
    if None in (panel, measure, item_id, version, value) or not rater:
        return None
    return reading.at, Rating(
        panel=panel,
        round=reading.round(),
        rater=rater,
        measure=measure,
        item_id=item_id,
        version=version,
        construct="",
        value=value,
        comment=comment,
        sha256=reading.sheet.sha256,
    )


def _value(reading: Reading, measure: RatingMeasure | None) -> int | None:
    value = reading.number("rating", "whole number")
    if value is None or measure is None or value in ANSWERS[measure]:
        return value
    low, *_others, high = ANSWERS[measure]
    reading.wrong("rating", f"{value} is outside {low} to {high}, those of {measure}")
    return None


def _wording(reading: Reading, bank: _Bank) -> tuple[int | None, int | None]:
    item_id = reading.number("item_id", "item id")
    if item_id is None:
        return None, None
    known = bank.wordings.get(item_id)
    if not known:
        reading.wrong("item_id", f"there is no item {item_id}")
        return item_id, None
    newest = max(known)
    version = newest
    if reading.cell("version"):
        number = reading.number("version", "version number")
        if number is None:
            return item_id, None
        version = number
    if version not in known:
        reading.wrong("version", f"item {item_id} has no version {version}")
        return item_id, None
    if version != newest:
        reading.taken.notes.append(
            f"row {reading.at}: item {item_id} is worded anew since; this rating is "
            f"kept for version {version}, not for {newest}"
        )
    return item_id, _shown(reading, bank, item_id, version)


def _shown(reading: Reading, bank: _Bank, item_id: int, version: int) -> int | None:
    """Return the version where the row's text is its wording; rows get mixed up."""
    shown = reading.cell("text")
    wording = bank.wordings[item_id][version]
    if not shown or wording in (shown, shown.removeprefix(GUARD)):
        return version
    other = bank.owner.get(shown, bank.owner.get(shown.removeprefix(GUARD), item_id))
    if other != item_id:
        reading.wrong("text", f"this is item {other}, not item {item_id}")
        return None
    reading.taken.notes.append(
        f"row {reading.at}: the text of item {item_id} was changed in the form; the "
        f"rating is kept for the wording of version {version}"
    )
    return version


def _refuse_twice(reading: Reading, made: Sequence[tuple[int, Rating]]) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for line, row in made:
        first = seen.setdefault(_subject(row), line)
        if first != line:
            reading.at = line
            reading.wrong(
                "item_id", f"{row.rater} rated item {row.item_id} in row {first} too"
            )


def _subject(row: Rating) -> tuple[object, ...]:
    return row.panel, row.round, row.rater, row.measure, row.item_id


def _store_ratings(
    session: Session, taken: Taken, made: Sequence[Rating], person: Person
) -> None:
    newest: dict[tuple[object, ...], tuple[object, ...]] = {}
    files: set[tuple[object, ...]] = set()
    ids = {row.item_id for row in made}
    query = select(Rating).where(Rating.item_id.is_not(None)).order_by(Rating.id)
    for row in session.scalars(query):
        if row.item_id in ids:
            newest[_subject(row)] = (row.version, row.value, row.comment)
            files.add((*_subject(row), row.sha256))
    for row in made:
        told = (row.version, row.value, row.comment)
        if newest.get(_subject(row)) == told or (*_subject(row), row.sha256) in files:
            taken.already += 1
            continue
        row.person_id = person.id
        session.add(row)
        taken.stored += 1
    session.flush()
