"""Whether the quotations of coded passages stand in the texts that are at hand.

A text is at hand where the newest word on a report's full text names a file that is
there; its place is stored relative to the workspace. A look is stored as it came out
and the newest counts. Nothing is forbidden by it: a text may be a bad scan, and a
quotation from another copy of the report.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import coders, lookup, passages, quoting
from litreview.models import FulltextEvent, Person, Record
from litreview.sources import texts
from litreview.synthesis import CodeApplication, QuoteCheck
from litreview.vocabulary import Retrieval, Role

# What parts a stored place from the hash that the file had when it was recorded.
HASHED = "#sha256="
# "p. 4", "pp. 4-5", "page xii", or nothing but a number.
_NUMBER = r"([a-z]?\d+|[ivxlcdm]+)(?!\w)"
_RANGE = rf"{_NUMBER}(?:\s*[-\u2013\u2014]\s*{_NUMBER})?"
_PAGES = re.compile(rf"\b(?:pp?|pages?)(?![a-z])\.?\s*{_RANGE}", re.IGNORECASE)
_BARE = re.compile(_RANGE, re.IGNORECASE)


@dataclass(frozen=True)
class Look:
    """A look for one quotation in one text.

    `page` is that of the file, from 1, empty where the text has none; `label` what
    the document itself calls it, if it does.
    """

    found: bool
    page: str
    label: str
    score: float
    nearest: str
    sha256: str


@dataclass(frozen=True)
class Copy:
    """A report's text, read from a file that is at hand."""

    shown: str
    text: texts.Text

    @cached_property
    def _pages(self) -> quoting.Pages:
        return quoting.prepare(self.text.pages)

    def look(self, quote: str) -> Look:
        """Look for a quotation."""
        match = quoting.find(quote, self._pages)
        paged = self.text.paged
        labels = self.text.labels
        ends = dict.fromkeys((match.first, match.last))
        label = "-".join(labels[end - 1] for end in ends if end and labels)
        return Look(
            match.found,
            match.page if paged else "",
            label.strip("-"),
            match.score,
            match.nearest,
            self.text.sha256,
        )


@dataclass(frozen=True)
class Due:
    """A coded passage whose quotation can be looked for."""

    code_id: int
    record_id: int
    construct: str
    quote: str
    locator: str
    cluster: int


# -- where texts are ------------------------------------------------------------------


def places(session: Session) -> dict[int, str]:
    """Return cluster -> the place of its full text, for the reports that have one.

    The newest word on each record counts, and of a report's records the newest. An
    address is none, nor is a word without an ending, such as "on paper".
    """
    newest = select(func.max(FulltextEvent.id)).group_by(FulltextEvent.record_id)
    query = (
        select(Record.cluster_id, FulltextEvent.location)
        .join(Record, Record.id == FulltextEvent.record_id)
        .where(
            FulltextEvent.id.in_(newest),
            FulltextEvent.status == Retrieval.RETRIEVED,
            FulltextEvent.location != "",
        )
        .order_by(FulltextEvent.id)
    )
    return {
        cluster: place
        for cluster, place in session.execute(query)
        if "://" not in place and Path(place.partition(HASHED)[0]).suffix
    }


def place(session: Session, record_id: int) -> str:
    """Return the place of the full text of a record's report; "" where it has none."""
    record = lookup.record(session, record_id)
    return places(session).get(record.cluster_id or record.id, "")


def file_at(root: Path, stored: str) -> Path:
    """Return the file at a stored place."""
    return root / stored.partition(HASHED)[0]


def open_copy(root: Path, stored: str) -> Copy:
    """Read the text at a stored place; refuse one that cannot be read."""
    shown = stored.partition(HASHED)[0]
    return Copy(shown, texts.read(root / shown, shown))


def changed(copy: Copy, stored: str) -> bool:
    """Tell whether a file is another than when its place was recorded."""
    _shown, _mark, digest = stored.partition(HASHED)
    return bool(digest) and digest != copy.text.sha256


# -- what looks came to ---------------------------------------------------------------


def due(
    session: Session,
    person: Person,
    *,
    code_ids: Collection[int] = (),
    record_id: int | None = None,
) -> list[Due]:
    """Return standing passages that a person may see: some by id, a report's, or all.

    Raises what `passages.standing` raises, and `NotAllowedError` for an id whose
    passage the person may not see.
    """
    passages.standing(session, code_ids)
    hidden = coders.hidden(session, person)
    gone = passages.retractions(session)
    query = (
        select(CodeApplication, Record.cluster_id)
        .join(Record, Record.id == CodeApplication.record_id)
        .order_by(CodeApplication.id)
    )
    if record_id is not None:
        cluster = lookup.record(session, record_id).cluster_id
        query = query.where(Record.cluster_id == cluster)
    found = []
    for code, cluster in session.execute(query):
        if code.id in gone or (code_ids and code.id not in code_ids):
            continue
        if cluster in hidden and code.person_id != person.id:
            if code_ids:
                coders.refuse(code.id)
            continue
        found.append(
            Due(
                code.id,
                code.record_id,
                code.construct,
                code.quote,
                code.locator,
                cluster,
            )
        )
    return found


def store(
    session: Session, looks: Mapping[int, Look], *, by: Person
) -> list[QuoteCheck]:
    """Keep what looks came to, by code id, but for those that say nothing new.

    Raises `NotAllowedError` for who may not code.
    """
    lookup.require(by, Role.CODER, Role.SCREENER)
    before = newest(session)
    rows = [
        QuoteCheck(
            code_id=code_id,
            found=look.found,
            page=look.page,
            score=look.score,
            nearest=look.nearest,
            sha256=look.sha256,
            person_id=by.id,
        )
        for code_id, look in looks.items()
        if not _same(before.get(code_id), look)
    ]
    session.add_all(rows)
    session.flush()
    return rows


def _same(row: QuoteCheck | None, look: Look) -> bool:
    return row is not None and (row.sha256, row.found, row.page, row.nearest) == (
        look.sha256,
        look.found,
        look.page,
        look.nearest,
    )


def newest(session: Session) -> dict[int, QuoteCheck]:
    """Return code id -> what the newest look came to."""
    latest = select(func.max(QuoteCheck.id)).group_by(QuoteCheck.code_id)
    query = select(QuoteCheck).where(QuoteCheck.id.in_(latest))
    return {row.code_id: row for row in session.scalars(query)}


def elsewhere(locator: str, look: Look) -> bool:
    """Tell whether a locator names other pages than those a quotation stands on.

    Pages as the file counts them and as it calls them both do; a locator without a
    number (a section) says nothing.
    """
    named = _PAGES.search(locator) or _BARE.fullmatch(locator.strip())
    if named is None or not look.found or not look.page:
        return False
    asked = _span(named[1], named[2] or named[1])
    return not any(
        asked & _span(first, last or first)
        for first, _dash, last in (
            words.partition("-") for words in (look.page, look.label) if words
        )
    )


def _span(first: str, last: str) -> set[str]:
    """Return the pages from one to another, as words; of numbers those between."""
    if first.isdecimal() and last.isdecimal():
        low, high = int(first), int(last)
        if high < low and len(last) < len(first):  # 412-5 is 412 to 415
            high = int(first[: -len(last)] + last)
        if low <= high < low + 1_000:
            return {str(number) for number in range(low, high + 1)}
    return {first.casefold(), last.casefold()}
