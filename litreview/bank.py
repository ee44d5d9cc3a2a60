"""Survey items that rest on coded passages.

An item has an identity (its instrument and construct) and versions of its wording;
the newest counts. It rests on one passage at least, so that each question can be
traced back to a page of a paper (`litreview.trace`). The ids of its passages are
noted in the audit as well: a missing row of evidence is then missed. Where its words
come from is settled in `litreview.provenance`, lists are in `litreview.inventory`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import (
    audit,
    inventory,
    lint,
    lookup,
    passages,
    phrasing,
    provenance,
    scrutiny,
    trace,
)
from litreview.codebook import Codebook, Construct
from litreview.errors import (
    InvariantError,
    LitreviewError,
    NotAllowedError,
)
from litreview.models import Person
from litreview.phrasing import Question
from litreview.provenance import Words
from litreview.synthesis import (
    CodeApplication,
    Instrument,
    ItemEvidence,
    ItemSource,
    ItemVersion,
    SurveyItem,
)
from litreview.trace import EVIDENCE_NOTED
from litreview.vocabulary import ItemStatus
from litreview.wording import phrase


@dataclass(frozen=True)
class Place:
    """Where an item belongs: an instrument's name and a construct.

    `note` is kept if the item makes the instrument.
    """

    instrument: str
    construct: str
    note: str = ""


@dataclass(frozen=True)
class Change:
    """What the next version of an item says, why, and passages it also rests on."""

    question: Question
    why: str
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Written:
    """A stored item version with what its writer should know.

    `new` is false where the very same item was there already; `new_instrument` says
    that this item made its instrument.
    """

    item: SurveyItem
    version: ItemVersion
    notes: tuple[str, ...] = ()
    new: bool = True
    new_instrument: bool = False


@dataclass(frozen=True)
class _Draft:
    """A new item before it is stored."""

    person: Person
    construct: Construct
    book: Codebook
    item: SurveyItem
    wording: ItemVersion
    codes: list[CodeApplication]
    source: ItemSource | None
    home: inventory.Known | None


def add(
    session: Session,
    *,
    by: str,
    place: Place,
    question: Question,
    evidence: Collection[int],
) -> Written:
    """Write a new item, making its instrument on first use.

    `evidence` are ids of codes, none of them retracted, at least one. Exactly the
    same item by the same person is stored once. A passage about another construct
    is allowed and noted. An item of a found instrument must be its words.
    """
    passages.take_turns(session)
    draft = _draft(session, by, place, question, evidence)
    found = _same(session, draft) if draft.home else None
    if found is not None:
        return Written(*found, new=False)
    instrument = draft.home.row if draft.home else _make(session, place, draft.person)
    draft.item.instrument_id = instrument.id
    session.add(draft.item)
    session.flush()
    draft.wording.item_id = draft.item.id
    _store(session, draft.wording, draft.source)
    _rest(session, draft.item, draft.codes, draft.person)
    notes = _notes(session, draft.wording, draft.construct, draft.book, draft.codes)
    return Written(draft.item, draft.wording, notes, new_instrument=draft.home is None)


def repeated(
    session: Session,
    *,
    by: str,
    place: Place,
    question: Question,
    evidence: Collection[int],
) -> SurveyItem | None:
    """Return the item that `add` was once given just so, whatever became of it."""
    draft = _draft(session, by, place, question, evidence)
    found = _same(session, draft, since=True) if draft.home else None
    return found[0] if found else None


def revise(session: Session, *, by: str, item_id: int, change: Change) -> Written:
    """Write the next version of an item; the one before is kept.

    Raises `NotAllowedError` for a retired item.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    row, old = _current(session, item_id)
    _version, book = lookup.construct(session, row.construct)
    construct = book.choose(row.construct)
    codes = passages.standing(session, change.evidence)
    new = phrasing.after(session, old, change.question, person, change.why)
    known = inventory.evidence_of(session, [row.id])[row.id]
    more = [code for code in codes if code.id not in known]
    before = session.get(ItemSource, old.id)
    words = Words(
        new.text,
        [*_codes(session, known), *more],
        inventory.known(session)[row.instrument_id],
        row.id,
        old.text,
        before,
    )
    source = provenance.settle(session, change.question.source, words)
    if phrasing.said(new, source) == phrasing.said(old, before) and not more:
        raise LitreviewError(
            f"item {item_id} would not change",
            fix="give other words, another property or another passage",
        )
    _store(session, new, source)
    _rest(session, row, more, person)
    return Written(row, new, _notes(session, new, construct, book, more))


def retire(session: Session, *, by: str, item_id: int, why: str) -> Written:
    """Take an item out of its instrument by a last version; nothing is deleted."""
    person = passages.coder(session, by)
    passages.take_turns(session)
    row, old = _current(session, item_id)
    question = Question(old.text, status=ItemStatus.RETIRED)
    new = phrasing.after(session, old, question, person, why)
    before = session.get(ItemSource, old.id)
    _store(session, new, _copied(before) if before else None)
    return Written(row, new)


# -- what is written -----------------------------------------------------------------


def _draft(
    session: Session,
    by: str,
    place: Place,
    question: Question,
    evidence: Collection[int],
) -> _Draft:
    """Return a new item with all its refusals behind it; nothing is stored."""
    person = passages.coder(session, by)
    version, book = lookup.construct(session, place.construct)
    construct = book.choose(place.construct)
    codes = _passages(session, evidence)
    wording = phrasing.first(session, question, construct, person)
    home = inventory.find(session, phrase(place.instrument, "instrument's name"))
    words = Words(wording.text, codes, home)
    source = provenance.settle(session, question.source, words)
    item = SurveyItem(
        instrument_id=home.row.id if home else None,
        construct=place.construct,
        codebook_id=version.id,
        person_id=person.id,
    )
    return _Draft(person, construct, book, item, wording, codes, source, home)


def _make(session: Session, place: Place, person: Person) -> Instrument:
    """Make an instrument of our own."""
    line = phrase(place.instrument, "instrument's name")
    note = phrase(place.note, "instrument's note", required=False)
    made = Instrument(name=line, note=note, person_id=person.id)
    session.add(made)
    session.flush()
    return made


def _store(session: Session, wording: ItemVersion, source: ItemSource | None) -> None:
    session.add(wording)
    session.flush()
    if source is not None:
        source.version_id = wording.id
        session.add(source)
        session.flush()


def _copied(source: ItemSource) -> ItemSource:
    return ItemSource(
        origin=source.origin,
        instrument_id=source.instrument_id,
        number=source.number,
        page=source.page,
        adaptation=source.adaptation,
    )


# -- what is there already -----------------------------------------------------------


def _current(session: Session, item_id: int) -> tuple[SurveyItem, ItemVersion]:
    """Return an item with its newest version; refuse an unknown or retired one."""
    row = trace.survey_item(session, item_id)
    query = select(ItemVersion).where(ItemVersion.item_id == item_id)
    version = session.scalars(query.order_by(ItemVersion.version.desc())).first()
    if version is None:
        raise InvariantError(f"item {item_id} has no wording")
    if version.status == ItemStatus.RETIRED:
        raise NotAllowedError(
            f"item {item_id} is retired",
            why=version.why,
            fix="write a new one with `litreview item add`",
        )
    return row, version


def _same(
    session: Session, draft: _Draft, *, since: bool = False
) -> tuple[SurveyItem, ItemVersion] | None:
    """Return the stored item that a draft would repeat word for word.

    One that was changed since its first version is another item, unless `since`.
    """
    item, wording = draft.item, draft.wording
    query = (
        select(SurveyItem, ItemVersion)
        .join(ItemVersion, ItemVersion.item_id == SurveyItem.id)
        .where(
            SurveyItem.instrument_id == item.instrument_id,
            SurveyItem.construct == item.construct,
            SurveyItem.person_id == item.person_id,
            ItemVersion.version == 1,
            ItemVersion.text == wording.text,
        )
        .order_by(SurveyItem.id)
    )
    codes = {code.id for code in draft.codes}
    for row, first in session.execute(query).all():
        source = session.get(ItemSource, first.id)
        if phrasing.said(first, source) != phrasing.said(wording, draft.source):
            continue
        later = select(ItemVersion.id).where(
            ItemVersion.item_id == row.id, ItemVersion.version > 1
        )
        untouched = session.scalar(later.limit(1)) is None
        evidence = set(inventory.evidence_of(session, [row.id])[row.id])
        if codes <= evidence if since else untouched and codes == evidence:
            return row, first
    return None


# -- evidence ------------------------------------------------------------------------


def _passages(session: Session, code_ids: Collection[int]) -> list[CodeApplication]:
    if code_ids:
        return passages.standing(session, code_ids)
    raise LitreviewError(
        "the item rests on no passage",
        why="an item that nobody can trace is an opinion",
        fix="give --evidence CODE; `litreview code list` shows the ids",
    )


def _codes(session: Session, ids: Collection[int]) -> list[CodeApplication]:
    query = select(CodeApplication).where(CodeApplication.id.in_(ids))
    return list(session.scalars(query))


def _rest(
    session: Session, item: SurveyItem, codes: list[CodeApplication], person: Person
) -> None:
    """Let an item rest on passages, and note which in the audit."""
    if not codes:
        session.flush()
        return
    for code in codes:
        session.add(ItemEvidence(item_id=item.id, code_id=code.id, person_id=person.id))
    noted: dict[str, object] = {"codes": [code.id for code in codes]}
    audit.note(session, EVIDENCE_NOTED, by=person, subject=str(item.id), detail=noted)


def _notes(
    session: Session,
    version: ItemVersion,
    construct: Construct,
    book: Codebook,
    codes: list[CodeApplication],
) -> tuple[str, ...]:
    """Return what is unusual about a wording and what it rests on, in words."""
    level = lint.level_notes(construct, level=version.level, referent=version.referent)
    about = [(code.id, code.construct) for code in codes]
    resting = lint.evidence_notes(book, construct.id, about)
    return (*level, *resting, *scrutiny.notes(session, version, construct))
