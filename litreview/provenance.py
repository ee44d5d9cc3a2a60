"""Where an item's words come from: new, adapted, or taken as they are.

Words taken from a found instrument must be its words: those of the item that they
name, where that is in the bank, or words that stand in one of the item's passages.
Adapted ones say what was changed. Whoever writes "new" over the words of a published
item is told whose they are, so that a permission is not forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from litreview import inventory, literal
from litreview.errors import LitreviewError, UsageError
from litreview.inventory import Banked, Known
from litreview.synthesis import CodeApplication, ItemSource
from litreview.vocabulary import ItemOrigin, ItemStatus
from litreview.wording import choice, phrase


@dataclass(frozen=True)
class Source:
    """What a writer says of an item's words; None is what there is, or nothing.

    `instrument` is the name of the found instrument, `number` and `page` say where
    the item stands there, `adaptation` what was changed.
    """

    origin: str | None = None
    instrument: str | None = None
    number: str | None = None
    page: str | None = None
    adaptation: str | None = None


@dataclass(frozen=True)
class Words:
    """An item's text with the passages it rests on and where it belongs.

    `item_id` is set for an item that is in the bank, `old` is its source so far.
    """

    text: str
    codes: Sequence[CodeApplication]
    home: Known | None = None
    item_id: int | None = None
    old_text: str = ""
    old: ItemSource | None = None


def settle(session: Session, said: Source | None, words: Words) -> ItemSource | None:
    """Return the row that tells of the words' source; None for new ones.

    Raises `LitreviewError` for words that are not those of their source, for an
    adaptation without a note, and for another's words that are called new.
    """
    told = _completed(session, said or Source(), words)
    origin = choice(ItemOrigin, told.origin or ItemOrigin.NEW, "origin")
    if origin != ItemOrigin.VERBATIM:
        _refuse_copied(session, words)
    if origin == ItemOrigin.NEW:
        _refuse_sourced(told)
        return None
    source = _published(session, told)
    row = ItemSource(
        origin=origin,
        instrument_id=source.row.id,
        number=phrase(told.number or "", "number", required=False),
        page=phrase(told.page or "", "page", required=False),
        adaptation=_adaptation(told, origin),
    )
    if origin == ItemOrigin.VERBATIM:
        _require_literal(session, source, row.number, words)
    return row


def _completed(session: Session, said: Source, words: Words) -> Source:
    """Return what is said, filled up with what the item's home and past tell."""
    if words.home is not None and words.home.found:
        return _at_home(said, words.home.row.name, words.old)
    given = said != Source()
    old = words.old
    if old is None or said.origin == ItemOrigin.NEW:
        if given and said.origin is None:
            raise UsageError(
                "it is not said how the item uses its source",
                fix="give --origin verbatim or --origin adapted",
            )
        return said
    changed = not literal.same(words.text, words.old_text)
    if old.origin == ItemOrigin.VERBATIM and changed and said.origin is None:
        raise LitreviewError(
            "the item's words were taken as they are, and these are others",
            why=literal.difference(words.text, words.old_text),
            fix="give --origin adapted --adaptation TEXT, saying what was changed",
        )
    whose = inventory.known(session)[old.instrument_id].row.name
    return Source(
        said.origin or old.origin,
        said.instrument or whose,
        old.number if said.number is None else said.number,
        old.page if said.page is None else said.page,
        _kept_adaptation(said, old),
    )


def _kept_adaptation(said: Source, old: ItemSource) -> str | None:
    if said.adaptation is not None or said.origin == ItemOrigin.VERBATIM:
        return said.adaptation
    return old.adaptation


def _at_home(said: Source, name: str, old: ItemSource | None) -> Source:
    """Return the source of an item of a found instrument: that instrument itself."""
    elsewhere = (
        said.instrument is not None and " ".join(said.instrument.split()) != name
    )
    if elsewhere or said.origin not in (None, ItemOrigin.VERBATIM) or said.adaptation:
        raise LitreviewError(
            f"{name!r} was found in the literature and holds its items as they are",
            fix="put the item into an instrument of your own, with --from "
            f"{name!r} and --origin adapted",
        )
    number = old.number if said.number is None and old else said.number
    page = old.page if said.page is None and old else said.page
    return Source(ItemOrigin.VERBATIM, name, number, page)


def _refuse_sourced(told: Source) -> None:
    if any((told.instrument, told.number, told.page, told.adaptation)):
        raise UsageError(
            "a new item has no source",
            fix="leave out --from, --number, --page and --adaptation, or give "
            "--origin adapted",
        )


def _published(session: Session, told: Source) -> Known:
    if not told.instrument:
        raise UsageError(
            "it is not said from which instrument the words come",
            fix="give --from NAME; `litreview instrument list` shows them",
        )
    source = inventory.named(session, told.instrument)
    if source.found:
        return source
    raise LitreviewError(
        f"{told.instrument!r} is an instrument of our own",
        why="words are taken or adapted from what was found in the literature",
        fix="record it with `litreview instrument add NAME --record ID`",
    )


def _adaptation(told: Source, origin: ItemOrigin) -> str:
    if origin == ItemOrigin.ADAPTED:
        return phrase(told.adaptation or "", "adaptation")
    if told.adaptation:
        raise UsageError(
            "words that are taken as they are have no adaptation",
            fix="give --origin adapted, or leave out --adaptation",
        )
    return ""


# -- the words -----------------------------------------------------------------------


def originals(session: Session, source: Known) -> list[Banked]:
    """Return the items of a found instrument that are in the bank."""
    return [
        one
        for one in inventory.banked(session, instrument_id=source.row.id)
        if one.wording.status != ItemStatus.RETIRED
    ]


def _require_literal(
    session: Session, source: Known, number: str, words: Words
) -> None:
    """Refuse words that are not those of the source, showing the difference."""
    at_home = words.home is not None and words.home.row.id == source.row.id
    others = [one for one in originals(session, source) if one.item.id != words.item_id]
    named = [one for one in others if number and _number(one) == number]
    texts = [one.wording.text for one in named or ([] if at_home else others)]
    if any(literal.same(words.text, text) for text in texts):
        return
    quotes = [code.quote for code in words.codes]
    if not named and any(literal.stands_in(words.text, quote) for quote in quotes):
        return
    there = [*texts, *([] if named else quotes)]
    nearest = max(
        there, key=lambda text: literal.likeness(words.text, text), default=""
    )
    where = f"item {number} of {source.row.name!r}" if named else "any passage given"
    raise LitreviewError(
        "these are not the words of " + where,
        why=literal.difference(words.text, nearest),
        fix="copy the words as they stand there; or give --origin adapted with "
        "--adaptation TEXT",
    )


def _number(one: Banked) -> str:
    return one.source.number if one.source is not None else ""


def _refuse_copied(session: Session, words: Words) -> None:
    """Refuse words of a found instrument's item that are not called verbatim."""
    entries = inventory.known(session)
    for one in inventory.banked(session):
        source = entries[one.item.instrument_id]
        standing = source.found and one.wording.status != ItemStatus.RETIRED
        if standing and literal.alike(words.text, one.wording.text):
            name = source.row.name
            raise LitreviewError(
                f"these are the words of item {one.item.id}, of {name!r}",
                why="taken as they are, they need that instrument's permission",
                fix=f"give --origin verbatim --from {name!r}; or change the words",
            )
