"""Survey items that rest on coded passages.

An item has an identity (its instrument and construct) and versions of its wording;
the newest counts. It rests on one passage at least, so that each question can be
traced back to a page of a paper (`litreview.trace`). The ids of its passages are
noted in the audit as well: a missing row of evidence is then missed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import audit, lint, lookup, passages, trace
from litreview.codebook import Codebook, Construct, Level, Scoring
from litreview.errors import (
    InvariantError,
    LitreviewError,
    NotAllowedError,
    NotFoundError,
)
from litreview.models import Person
from litreview.synthesis import (
    CodeApplication,
    Instrument,
    ItemEvidence,
    ItemVersion,
    SurveyItem,
)
from litreview.trace import EVIDENCE_NOTED
from litreview.vocabulary import ItemStatus
from litreview.wording import choice, phrase
from litreview.yamlfile import suggestion


@dataclass(frozen=True)
class Question:
    """An item's wording and properties.

    None means the default for a new item (the construct's level and scoring) and
    what there is for a revised one. `scale` names a response scale; `reverse` says
    that agreeing means less of it.
    """

    text: str
    referent: str | None = None
    level: str | None = None
    scale: str | None = None
    reverse: bool | None = None
    status: str | None = None


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
    is allowed and noted.
    """
    person = passages.coder(session, by)
    version, book = lookup.construct(session, place.construct)
    construct = book.choose(place.construct)
    codes = _passages(session, evidence)
    wording = _first(question, construct, person)
    passages.take_turns(session)
    instrument, made = _instrument(session, place, person)
    item = SurveyItem(
        instrument_id=instrument.id,
        construct=place.construct,
        codebook_id=version.id,
        person_id=person.id,
    )
    found = _same(session, item, wording, {code.id for code in codes})
    if found is not None:
        return Written(*found, new=False)
    session.add(item)
    session.flush()
    wording.item_id = item.id
    session.add(wording)
    _rest(session, item, codes, person)
    notes = _notes(wording, construct, book, codes)
    return Written(item, wording, notes, new_instrument=made)


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
    new = _next(old, change.question, person, change.why)
    known = set(_evidence_of(session, [row.id])[row.id])
    more = [code for code in codes if code.id not in known]
    if _said(new) == _said(old) and not more:
        raise LitreviewError(
            f"item {item_id} would not change",
            fix="give other words, another property or another passage",
        )
    session.add(new)
    _rest(session, row, more, person)
    return Written(row, new, _notes(new, construct, book, more))


def retire(session: Session, *, by: str, item_id: int, why: str) -> Written:
    """Take an item out of its instrument by a last version; nothing is deleted."""
    person = passages.coder(session, by)
    passages.take_turns(session)
    row, old = _current(session, item_id)
    question = Question(old.text, status=ItemStatus.RETIRED)
    new = _next(old, question, person, why)
    session.add(new)
    session.flush()
    return Written(row, new)


def items(session: Session, *, instrument: str = "") -> list[dict[str, object]]:
    """List items by id, as their newest versions; retired ones too.

    Keys: item_id, instrument, construct, text, version, status, referent, level,
    scale, reverse, evidence (code ids), idle (those that no longer count), studies
    (distinct, behind the others), why, by, at. Raises `NotFoundError` for an unknown
    instrument.
    """
    newest = select(func.max(ItemVersion.id)).group_by(ItemVersion.item_id)
    query = (
        select(SurveyItem, Instrument.name, ItemVersion, Person.handle)
        .join(Instrument, Instrument.id == SurveyItem.instrument_id)
        .join(ItemVersion, ItemVersion.item_id == SurveyItem.id)
        .join(Person, Person.id == ItemVersion.person_id)
        .where(ItemVersion.id.in_(newest))
        .order_by(SurveyItem.id)
    )
    if instrument:
        query = query.where(Instrument.id == _known(session, instrument).id)
    found = session.execute(query).all()
    evidence = _evidence_of(session, [row.id for row, *_rest in found])
    counting = passages.counting(session)
    return [
        {
            "item_id": row.id,
            "instrument": name,
            "construct": row.construct,
            **_properties(version),
            **_support(evidence[row.id], counting),
            "why": version.why,
            "by": handle,
            "at": version.at,
        }
        for row, name, version, handle in found
    ]


def _properties(version: ItemVersion) -> dict[str, object]:
    return {
        "text": version.text,
        "version": version.version,
        "status": version.status,
        "referent": version.referent,
        "level": version.level,
        "scale": version.scale,
        "reverse": version.reverse,
    }


def _support(evidence: list[int], counting: dict[int, int]) -> dict[str, object]:
    return {
        "evidence": evidence,
        "idle": [code_id for code_id in evidence if code_id not in counting],
        "studies": len({counting[c] for c in evidence if c in counting}),
    }


# -- instruments ---------------------------------------------------------------------


def _instrument(
    session: Session, place: Place, person: Person
) -> tuple[Instrument, bool]:
    """Return the instrument of this name and whether it was made just now."""
    line = phrase(place.instrument, "instrument's name")
    found = session.scalar(select(Instrument).where(Instrument.name == line))
    if found is not None:
        return found, False
    note = phrase(place.note, "instrument's note", required=False)
    made = Instrument(name=line, note=note, person_id=person.id)
    session.add(made)
    session.flush()
    return made, True


def _known(session: Session, name: str) -> Instrument:
    found = session.scalar(select(Instrument).where(Instrument.name == name))
    if found is not None:
        return found
    names = sorted(session.scalars(select(Instrument.name)))
    raise NotFoundError(
        f"there is no instrument {name!r}",
        why=suggestion(name, names),
        fix=f"the instruments are: {', '.join(names)}"
        if names
        else "`litreview item add` makes one with its first item",
    )


# -- versions ------------------------------------------------------------------------


def _first(question: Question, construct: Construct, person: Person) -> ItemVersion:
    """Return the first version of an item, defaults filled from its construct."""
    reverse = question.reverse
    return ItemVersion(
        version=1,
        text=phrase(question.text, "item's text"),
        status=_status(question.status or ItemStatus.DRAFT),
        referent=phrase(question.referent or "", "referent", required=False),
        level=choice(Level, question.level or construct.level, "level"),
        scale=phrase(question.scale or "", "scale", required=False),
        reverse=construct.scoring == Scoring.REVERSE if reverse is None else reverse,
        why="",
        person_id=person.id,
    )


def _next(
    old: ItemVersion, question: Question, person: Person, why: str
) -> ItemVersion:
    """Return the version after `old`, with what a question says and keeps."""
    referent = old.referent if question.referent is None else question.referent
    scale = old.scale if question.scale is None else question.scale
    level = question.level or old.level
    status = question.status or old.status
    retiring = status == ItemStatus.RETIRED
    return ItemVersion(
        item_id=old.item_id,
        version=old.version + 1,
        text=phrase(question.text, "item's text"),
        status=ItemStatus.RETIRED if retiring else _status(status),
        referent=phrase(referent, "referent", required=False),
        level=choice(Level, level, "level"),
        scale=phrase(scale, "scale", required=False),
        reverse=old.reverse if question.reverse is None else question.reverse,
        why=phrase(why, "reason"),
        person_id=person.id,
    )


def _status(value: str) -> ItemStatus:
    status = choice(ItemStatus, value, "status")
    if status == ItemStatus.RETIRED:
        raise LitreviewError(
            "an item is not retired by its wording",
            fix="run `litreview item retire ID --why W`",
        )
    return status


def _said(version: ItemVersion) -> tuple[object, ...]:
    return tuple(v for k, v in _properties(version).items() if k != "version")


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
    session: Session, item: SurveyItem, wording: ItemVersion, codes: set[int]
) -> tuple[SurveyItem, ItemVersion] | None:
    """Return the stored item that this one would repeat word for word."""
    query = (
        select(SurveyItem, ItemVersion)
        .join(ItemVersion, ItemVersion.item_id == SurveyItem.id)
        .where(
            SurveyItem.instrument_id == item.instrument_id,
            SurveyItem.construct == item.construct,
            SurveyItem.person_id == item.person_id,
            ItemVersion.text == wording.text,
        )
    )
    for row, version in session.execute(query):
        alike = version.version == 1 and _said(version) == _said(wording)
        later = select(ItemVersion.id).where(
            ItemVersion.item_id == row.id, ItemVersion.version > 1
        )
        untouched = session.scalar(later.limit(1)) is None
        if (
            alike
            and untouched
            and set(_evidence_of(session, [row.id])[row.id]) == codes
        ):
            return row, version
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


def _evidence_of(session: Session, item_ids: Collection[int]) -> dict[int, list[int]]:
    """Return item id -> the ids of its passages, for all the items asked for."""
    found: dict[int, list[int]] = {item_id: [] for item_id in item_ids}
    query = select(ItemEvidence.item_id, ItemEvidence.code_id)
    for item_id, code_id in session.execute(query.order_by(ItemEvidence.code_id)):
        if item_id in found:
            found[item_id].append(code_id)
    return found


def _notes(
    version: ItemVersion,
    construct: Construct,
    book: Codebook,
    codes: list[CodeApplication],
) -> tuple[str, ...]:
    level = lint.level_notes(construct, level=version.level, referent=version.referent)
    about = [(code.id, code.construct) for code in codes]
    return (*level, *lint.evidence_notes(book, construct.id, about))
