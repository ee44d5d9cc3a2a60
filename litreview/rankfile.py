"""Rankings of constructs that come back from a workshop: diamond nines and plain ones.

A ranking is taken whole or not at all, and a later one of the same rater and round
replaces it whole. A file that comes a second time changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import passages, ratings
from litreview.errors import LitreviewError
from litreview.models import Person
from litreview.ratings import DIAMOND, NINE
from litreview.ratingsheet import Reading, Said, Sheet, Taken, refuse_header
from litreview.synthesis import Rating
from litreview.vocabulary import Panel, RatingMeasure
from litreview.yamlfile import suggestion

COLUMNS = ("construct", "row", "rank", "panel", "rater", "round")


def take_ranks(session: Session, sheet: Sheet, *, said: Said, by: str) -> Taken:
    """Store a ranking: a diamond nine by its rows, or ranks from 1.

    A diamond has nine constructs in rows of one, two, three, two and one, each once.
    Plain ranks run from 1; those who share a place have its first rank (1, 2, 2, 4).
    Raises `LitreviewError` with all problems of the file; then nothing is stored.
    """
    person = passages.coder(session, by)
    column = _rank_column(sheet)
    refuse_header(sheet, ("construct", column), COLUMNS)
    reading = Reading(sheet, said)
    known = _names(session)
    placed: dict[str, int] = {}
    rater, panel = "", None
    for reading.at, reading.cells in sheet.rows:
        name, number = _place(reading, known, column)
        if name and name in placed:
            reading.wrong("construct", f"{name} is there twice")
        elif name and number is not None:
            placed[name] = number
        rater, panel = reading.rater(), reading.word("panel", list(Panel))
    if len(reading.taken.raters) > 1:
        names = ", ".join(reading.taken.raters)
        reading.wrong("rater", f"one file is one rater's ranking, here are {names}")
    if not reading.problems:
        check = _diamond if column == "row" else _plain
        reading.problems += check(list(placed.values()))
    reading.finish()
    if column == "row":
        first = {row: sum(DIAMOND[: row - 1]) + 1 for row in range(1, len(DIAMOND) + 1)}
        placed = {name: first[row] for name, row in placed.items()}
    round_ = reading.round()
    key = {"panel": panel, "round": round_, "rater": rater}
    _store_ranks(session, reading, (key, placed), person)
    return reading.taken


def _rank_column(sheet: Sheet) -> str:
    if "row" in sheet.header and "rank" in sheet.header:
        raise LitreviewError(
            "the file has a column row and a column rank",
            fix="keep `row` for a diamond nine, or `rank` for a plain ranking",
        )
    return "rank" if "rank" in sheet.header else "row"


def _names(session: Session) -> dict[str, str]:
    """Return id or label -> construct id; a label that two share is left out."""
    known = ratings.constructs(session)
    labels = Counter(entry.label.casefold() for entry, _book in known.values())
    found = {
        entry.label.casefold(): name
        for name, (entry, _book) in known.items()
        if labels[entry.label.casefold()] == 1
    }
    return found | {name.casefold(): name for name in known}


def _place(
    reading: Reading, known: Mapping[str, str], column: str
) -> tuple[str, int | None]:
    said = reading.cell("construct")
    name = known.get(said.casefold(), "")
    if not said:
        reading.wrong("construct", "is empty")
    elif not name:
        near = suggestion(said, list(known))
        reading.wrong("construct", f"there is no construct {said!r}. {near}".strip())
    return name, reading.number(column, "whole number")


def _diamond(rows: Sequence[int]) -> list[str]:
    """Return what keeps these rows from being a diamond nine."""
    found = []
    if len(rows) != NINE:
        found.append(f"a diamond nine has nine constructs, here are {len(rows)}")
    for row, wanted in enumerate(DIAMOND, start=1):
        if rows.count(row) != wanted:
            found.append(
                f"row {row} of the diamond takes {wanted}, not {rows.count(row)}"
            )
    odd = sorted({row for row in rows if not 1 <= row <= len(DIAMOND)})
    found += [f"a diamond nine has no row {row}" for row in odd]
    return found


def _plain(places: Sequence[int]) -> list[str]:
    """Return what keeps these ranks from being a ranking."""
    if len(places) < 2:
        return ["a ranking has two constructs or more"]
    ordered = sorted(places)
    return [
        f"rank {rank} cannot be: {sum(one < rank for one in ordered)} constructs come "
        f"before it, so it is {sum(one < rank for one in ordered) + 1}"
        for rank in dict.fromkeys(ordered)
        if rank != sum(one < rank for one in ordered) + 1
    ]


def _store_ranks(
    session: Session,
    reading: Reading,
    ranking: tuple[Mapping[str, object], Mapping[str, int]],
    person: Person,
) -> None:
    key, placed = ranking
    sha256 = reading.sheet.sha256
    query = select(Rating).where(Rating.measure == RatingMeasure.RANK)
    before = list(session.scalars(query.filter_by(**key).order_by(Rating.id)))
    last = before[-1].sha256 if before else ""
    newest = {row.construct: row.value for row in before if row.sha256 == last}
    if newest == placed or any(row.sha256 == sha256 for row in before):
        reading.taken.already = len(placed)
        return
    session.add_all(
        Rating(
            **key,
            measure=RatingMeasure.RANK,
            construct=name,
            value=value,
            sha256=sha256,
            person_id=person.id,
        )
        for name, value in placed.items()
    )
    session.flush()
    reading.taken.stored = len(placed)
