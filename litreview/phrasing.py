"""One wording of an item: its text, and the properties that belong to it.

What a writer leaves out comes from the construct (level, scoring) at first and from
the version before later. A response scale is one of those in force.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from litreview import inventory, materials
from litreview.codebook import Construct, Level, Scoring
from litreview.errors import LitreviewError, NotFoundError
from litreview.models import Person
from litreview.provenance import Source
from litreview.synthesis import ItemSource, ItemVersion
from litreview.vocabulary import ItemStatus
from litreview.wording import choice, phrase
from litreview.yamlfile import suggestion


@dataclass(frozen=True)
class Question:
    """An item's wording and properties.

    None means the default for a new item (the construct's level and scoring) and
    what there is for a revised one. `scale` names a response scale; `reverse` says
    that agreeing means less of it; `period` is the time it asks about, `respondent`
    the role of those who answer; `source` tells where the words come from.
    """

    text: str
    referent: str | None = None
    level: str | None = None
    scale: str | None = None
    reverse: bool | None = None
    status: str | None = None
    period: str | None = None
    respondent: str | None = None
    source: Source | None = None


def first(
    session: Session, question: Question, construct: Construct, person: Person
) -> ItemVersion:
    """Return the first version of an item, defaults filled from its construct."""
    reverse = question.reverse
    return ItemVersion(
        version=1,
        text=phrase(question.text, "item's text"),
        status=_status(question.status or ItemStatus.DRAFT),
        referent=phrase(question.referent or "", "referent", required=False),
        level=choice(Level, question.level or construct.level, "level"),
        scale=_scale(session, question.scale or ""),
        period=phrase(question.period or "", "period", required=False),
        respondent=phrase(question.respondent or "", "respondent", required=False),
        reverse=construct.scoring == Scoring.REVERSE if reverse is None else reverse,
        why="",
        person_id=person.id,
    )


def after(
    session: Session, old: ItemVersion, question: Question, person: Person, why: str
) -> ItemVersion:
    """Return the version after `old`, with what a question says and keeps."""
    level = question.level or old.level
    status = question.status or old.status
    retiring = status == ItemStatus.RETIRED
    return ItemVersion(
        item_id=old.item_id,
        version=old.version + 1,
        text=phrase(question.text, "item's text"),
        status=ItemStatus.RETIRED if retiring else _status(status),
        referent=_kept(question.referent, old.referent, "referent"),
        level=choice(Level, level, "level"),
        # A scale from before there was a list of them stays until it is changed.
        scale=old.scale
        if question.scale in (None, old.scale)
        else _scale(session, question.scale or ""),
        period=_kept(question.period, old.period, "period"),
        respondent=_kept(question.respondent, old.respondent, "respondent"),
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


def _kept(given: str | None, before: str, what: str) -> str:
    return before if given is None else phrase(given, what, required=False)


def _scale(session: Session, value: str) -> str:
    """Return a response scale's id, or none; refuse one that is in no list."""
    name = phrase(value, "scale", required=False)
    known = materials.answer_scales(session)
    if not name or name in known:
        return name
    raise NotFoundError(
        f"there is no response scale {name!r}",
        why=suggestion(name, known),
        fix=f"use one of {', '.join(known)}, or write it into screening/scales.yaml "
        "and run `litreview sync`",
    )


def said(version: ItemVersion, source: ItemSource | None) -> tuple[object, ...]:
    """Return all that a version says, to be compared: its number does not count."""
    told = inventory.properties(version)
    words = tuple(v for k, v in told.items() if k != "version")
    if source is None:
        return words
    where = (source.origin, source.instrument_id, source.number, source.page)
    return (*words, *where, source.adaptation)
