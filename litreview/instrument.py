"""Survey items that rest on coded passages.

An item has an identity (its instrument and construct) and versions of its wording;
the newest counts. It rests on one passage at least, so that each question can be
traced back to a page of a paper (`litreview.trace`). The ids of its passages are
noted in the audit as well: a missing row of evidence is then missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import audit, lookup, passages
from litreview.codebook import Codebook, Construct, Level, Scoring
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.models import (
    CodeApplication,
    Instrument,
    ItemEvidence,
    ItemVersion,
    Person,
    SurveyItem,
)
from litreview.trace import EVIDENCE_NOTED
from litreview.vocabulary import ItemStatus
from litreview.wording import choice, phrase

# Whom an item speaks of, by the level its construct describes.
REFERENTS = {
    "i": Level.TEACHER,
    "my team": Level.TEAM,
    "our team": Level.TEAM,
    "my department": Level.TEAM,
    "my school": Level.SCHOOL,
    "our school": Level.SCHOOL,
    "my trust": Level.TRUST,
    "our trust": Level.TRUST,
}


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
class Place:
    """Where an item belongs: an instrument's name and a construct."""

    instrument: str
    construct: str


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
    codes = _evidence(session, evidence)
    passages.take_turns(session)
    instrument, made = _instrument(session, place.instrument, person)
    wording = _first(question, construct, person)
    found = _same(session, instrument, place.construct, wording, codes)
    if found is not None:
        return Written(*found, new=False)
    item = SurveyItem(
        instrument_id=instrument.id,
        construct=place.construct,
        codebook_id=version.id,
        person_id=person.id,
    )
    session.add(item)
    session.flush()
    wording.item_id = item.id
    session.add(wording)
    _rest(session, item, codes, person)
    notes = (*_referent_notes(wording, construct), *_kin_notes(codes, construct, book))
    return Written(item, wording, notes, new_instrument=made)


def revise(
    session: Session,
    *,
    by: str,
    item_id: int,
    question: Question,
    why: str,
    evidence: Collection[int] = (),
) -> Written:  # fmt: skip
    """Write the next version of an item; the one before is kept.

    What `question` leaves as None stays. `evidence` is added to the item's own.
    """
    raise NotImplementedError
