"""Instruments and what is known of them.

A found instrument hangs on the record that tells of it. Each thing learnt is a new
version. Its items may be used word for word only once a permission is recorded with
how we know: a licence, a letter and its date.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from litreview import inventory, lookup, passages, state
from litreview.errors import LitreviewError, UsageError
from litreview.inventory import Known
from litreview.models import Person
from litreview.synthesis import Instrument, InstrumentVersion
from litreview.vocabulary import Permission
from litreview.wording import choice, phrase

# With these, how we know belongs to it.
PROVED = (Permission.GRANTED, Permission.NOT_NEEDED)


@dataclass(frozen=True)
class Facts:
    """What its source says of an instrument; None is what there is, or nothing.

    All are the source's own words: reliability with its coefficient and sample, the
    scale as it is printed, the licence as it is named.
    """

    record_id: int | None = None
    scale: str | None = None
    reliability: str | None = None
    validity: str | None = None
    sample: str | None = None
    country: str | None = None
    year: str | None = None
    licence: str | None = None
    note: str | None = None


TEXTS = (
    *("scale", "reliability", "validity", "sample", "country", "year", "licence"),
    "note",
)


@dataclass(frozen=True)
class Recorded:
    """An instrument with its newest version; `new` is false where nothing was new."""

    instrument: Instrument
    version: InstrumentVersion
    new: bool = True


def add(
    session: Session, *, by: str, name: str, facts: Facts, own: bool = False
) -> Recorded:
    """Record an instrument that was found, with the record that tells of it.

    Any record that is not removed will do: a manual or an excluded report can be the
    one that prints the items, and whether a passage counts is asked of the passage.
    `own` records one of the team's. Recording the very same twice changes nothing.
    """
    person = passages.coder(session, by)
    if own == (facts.record_id is not None):
        raise UsageError(
            "it is not said where the instrument was found"
            if not own
            else "an instrument of our own was not found in a record",
            fix="give --record ID for one that was found, or --own for one of ours",
        )
    passages.take_turns(session)
    line = phrase(name, "instrument's name")
    entry = inventory.find(session, line)
    version = _version(session, None, facts, person)
    version.found = not own
    if entry is not None:
        if entry.version is not None:
            return _again(entry, version)
        _refuse_items(session, entry, found=version.found)
    row = entry.row if entry else Instrument(name=line, person_id=person.id)
    session.add(row)
    session.flush()
    return Recorded(row, _append(session, row, version))


def revise(session: Session, *, by: str, name: str, facts: Facts, why: str) -> Recorded:
    """Record what else is known of an instrument; what is not given stays."""
    person = passages.coder(session, by)
    passages.take_turns(session)
    entry = inventory.named(session, name)
    if entry.version is None or not entry.found:
        _refuse_record(facts)
    version = _version(session, entry.version, facts, person)
    version.why = phrase(why, "reason")
    if entry.version is not None and _said(version) == _said(entry.version):
        raise LitreviewError(
            f"what is known of {entry.row.name!r} would not change",
            fix="give another fact",
        )
    return Recorded(entry.row, _append(session, entry.row, version))


def permit(
    session: Session, *, by: str, name: str, permission: str, evidence: str
) -> Recorded:
    """Record whether an instrument's items may be used word for word.

    Raises `LitreviewError` where it becomes granted or not needed without evidence,
    and for an instrument of our own.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    entry = inventory.named(session, name)
    if entry.version is None or not entry.found:
        raise LitreviewError(
            f"{entry.row.name!r} is an instrument of our own",
            why="nobody need be asked for its words",
            fix="`litreview instrument list` shows those that were found",
        )
    word = choice(Permission, permission, "permission")
    told = phrase(evidence, "evidence", required=False)
    if word in PROVED and not told:
        raise LitreviewError(
            f"a permission does not become {word} without evidence",
            why="somebody will ask how we know",
            fix="give --evidence: the licence and its page, or who wrote and when",
        )
    version = _version(session, entry.version, Facts(), person)
    version.permission, version.permission_evidence = word, told
    if _said(version) == _said(entry.version):
        return Recorded(entry.row, entry.version, new=False)
    return Recorded(entry.row, _append(session, entry.row, version))


def show(session: Session, name: str) -> dict[str, object]:
    """Return an instrument's row with all its versions and its items.

    Keys: those of `inventory.instruments`, versions (oldest first), and items, as
    `inventory.items` gives them.
    """
    entry = inventory.named(session, name)
    [row] = [
        row
        for row in inventory.instruments(session)
        if row["instrument"] == entry.row.name
    ]
    return {
        **row,
        "versions": inventory.versions(session, entry.row.id),
        "items_held": inventory.items(session, instrument=entry.row.name),
    }


# -- versions ------------------------------------------------------------------------


def _version(
    session: Session, old: InstrumentVersion | None, facts: Facts, person: Person
) -> InstrumentVersion:
    """Return a version with what is given, and else with what the old one says."""
    words = {
        name: phrase(given, name, required=False)
        if (given := getattr(facts, name)) is not None
        else (getattr(old, name) if old else "")
        for name in TEXTS
    }
    record_id = old.record_id if old else None
    if facts.record_id is not None:
        record_id = _record(session, facts.record_id)
    return InstrumentVersion(
        found=old.found if old else False,
        record_id=record_id,
        **words,
        permission=old.permission if old else Permission.UNKNOWN,
        permission_evidence=old.permission_evidence if old else "",
        why="",
        person_id=person.id,
    )


def _record(session: Session, record_id: int) -> int:
    """Return the id of a record that is not removed, or refuse."""
    found = lookup.record(session, record_id)
    gone = state.removals(session).get(found.id)
    if gone is None:
        return found.id
    raise LitreviewError(
        f"record {record_id} is removed",
        why=gone.text,
        fix=f"name another, or bring it back: `litreview record restore {record_id}`",
    )


def _append(
    session: Session, row: Instrument, version: InstrumentVersion
) -> InstrumentVersion:
    before = inventory.versions(session, row.id)
    version.instrument_id, version.version = row.id, len(before) + 1
    session.add(version)
    session.flush()
    return version


def _said(version: InstrumentVersion) -> tuple[object, ...]:
    names = ("found", "record_id", *TEXTS, "permission", "permission_evidence")
    return tuple(getattr(version, name) for name in names)


# -- refusals ------------------------------------------------------------------------


def _again(entry: Known, version: InstrumentVersion) -> Recorded:
    """Return what is recorded where it is the very same; refuse other facts."""
    known = entry.version
    if known is not None and (version.found, version.record_id) == (
        known.found,
        known.record_id,
    ):
        told = [name for name in TEXTS if getattr(version, name)]
        if all(getattr(known, name) == getattr(version, name) for name in told):
            return Recorded(entry.row, known, new=False)
    raise LitreviewError(
        f"the instrument {entry.row.name!r} is there already",
        fix=f"add to what is known with `litreview instrument revise "
        f"'{entry.row.name}' --why W`, or give this one another name",
    )


def _refuse_items(session: Session, entry: Known, *, found: bool) -> None:
    """Refuse to call found what holds items that the team wrote."""
    if found and inventory.banked(session, instrument_id=entry.row.id):
        raise LitreviewError(
            f"{entry.row.name!r} holds items that were written here",
            why="the items of a found instrument are its own words",
            fix="record it under another name",
        )


def _refuse_record(facts: Facts) -> None:
    if facts.record_id is not None:
        raise LitreviewError(
            "an instrument of our own was not found in a record",
            fix="leave out --record, or record the found one under its own name",
        )
