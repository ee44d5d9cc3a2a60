"""Another tool's groups of duplicates, taken over as a person's word.

A group says that its records are one report. It is stored as a star: its smallest
record is a duplicate of each other one, in the name of whoever brings the file, with
the file's name and hash as the reason. What is so said already is not said again, so
a file can be brought in twice. A group that would join records which a person holds
apart is left out whole and told: no file overrules anybody. That records stand in
different groups says nothing; the machine and people go on deciding that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import grouping, lookup, pairs
from litreview.errors import InputFileError
from litreview.grouping import Change, Says, Standing
from litreview.models import Record
from litreview.pairs import Pair, PairRuling
from litreview.vocabulary import PairVerdict, Role

# Who may say that records are the same, besides a lead.
DECIDERS = (Role.SCREENER, Role.ARBITER)


@dataclass(frozen=True)
class GroupRow:
    """A line of a groups file; `record_id` or `source_id` names the record."""

    line: int
    group: str
    record_id: int | None = None
    source_id: str = ""
    source: str = ""


@dataclass(frozen=True)
class GroupsFile:
    """A groups file: its name, the hash of its content, and its lines."""

    name: str
    sha256: str
    rows: Sequence[GroupRow]


@dataclass(frozen=True)
class Conflict:
    """A group that was left out, and the people's verdicts that stand against it."""

    group: str
    record_ids: tuple[int, ...]
    against: tuple[PairRuling, ...]


@dataclass(frozen=True)
class Taken:
    """What came of a file: its groups of several records, and the pairs stored.

    `change` is what the pairs did to the clusters, None where none was stored.
    """

    groups: int
    stored: int
    already_there: int
    conflicts: tuple[Conflict, ...]
    change: Change | None


def take(session: Session, file: GroupsFile, *, by: str) -> Taken:
    """Store a file's groups as this person's duplicates; return what came of it.

    Raises `InputFileError` with the line for a record that nobody knows, that is not
    named clearly, or that stands in two groups; nothing is stored then.
    """
    person = lookup.actor(session, by, roles=DECIDERS)
    found = _groups(session, file)
    before = grouping.locked(session, {one for ids in found.values() for one in ids})
    conflicts = _conflicts(before, found)
    refused = {conflict.group for conflict in conflicts}
    wanted = [
        (ids[0], other)
        for group, ids in found.items()
        if group not in refused
        for other in ids[1:]
    ]
    new = [pair for pair in wanted if not _is_said(before, pair)]
    change = None
    if new:
        says = Says(person, f"from {file.name}, sha256 {file.sha256}")
        change = grouping.say(session, before, new, PairVerdict.DUPLICATE, says)
    return Taken(len(found), len(new), len(wanted) - len(new), tuple(conflicts), change)


def _is_said(before: Standing, pair: Pair) -> bool:
    """Tell whether a person says so already."""
    ruling = before.verdicts.get(pair)
    return (
        ruling is not None
        and ruling.by_person
        and ruling.verdict == PairVerdict.DUPLICATE
    )


# -- what stands against it ----------------------------------------------------------


def _conflicts(before: Standing, found: Mapping[str, Sequence[int]]) -> list[Conflict]:
    """Return the groups that cannot be taken over, in the order of the file.

    A group joins whole reports, so it fails on any two of their records that a
    person holds apart; groups before it in the file count as joined.
    """
    parts: dict[int, set[int]] = defaultdict(set)
    for record_id, cluster in before.home.items():
        parts[cluster].add(record_id)
    home = dict(before.home)
    apart = pairs.cannot_links(
        before.verdicts, PairVerdict.DIFFERENT, PairVerdict.SAME_STUDY
    )
    foes: dict[int, set[int]] = defaultdict(set)
    for a, b in apart:
        foes[a].add(b)
        foes[b].add(a)
    conflicts = []
    for group, ids in found.items():
        clusters = {home[one] for one in ids}
        together = {one for cluster in clusters for one in parts[cluster]}
        walls = sorted(
            {
                (min(one, foe), max(one, foe))
                for one in together
                for foe in foes[one] & together
            }
        )
        if walls:
            against = tuple(before.verdicts[wall] for wall in walls)
            conflicts.append(Conflict(group, tuple(ids), against))
            continue
        first = min(clusters)
        parts[first] = together
        home.update(dict.fromkeys(together, first))
    return conflicts


# -- which records are meant ---------------------------------------------------------


def _groups(session: Session, file: GroupsFile) -> dict[str, list[int]]:
    """Return group -> its records by id, of groups with several records."""
    named = _named(session, file)
    home: dict[int, GroupRow] = {}
    found: dict[str, set[int]] = defaultdict(set)
    for row in file.rows:
        if not row.group:
            continue
        record_id = _meant(row, named, file.name)
        other = home.setdefault(record_id, row)
        if other.group != row.group:
            raise InputFileError(
                file.name,
                row.line,
                f"record {record_id} is in group {row.group!r} and, on line "
                f"{other.line}, in {other.group!r}",
                fix="give the two groups one name, or take the record out of one",
            )
        found[row.group].add(record_id)
    return {group: sorted(ids) for group, ids in found.items() if len(ids) > 1}


@dataclass(frozen=True)
class _Names:
    """How records may be named: their ids, and (source, name there) -> ids."""

    ids: set[int]
    by_source: Mapping[tuple[str, str], list[int]]


def _named(session: Session, file: GroupsFile) -> _Names:
    by_source: dict[tuple[str, str], list[int]] = defaultdict(list)
    ids = set()
    query = select(Record.id, Record.source, Record.source_id).order_by(Record.id)
    wanted = {row.source_id for row in file.rows}
    for record_id, source, source_id in session.execute(query):
        ids.add(record_id)
        if source_id in wanted:
            by_source[source, source_id].append(record_id)
            by_source["", source_id].append(record_id)
    return _Names(ids, by_source)


def _meant(row: GroupRow, named: _Names, name: str) -> int:
    if row.record_id is not None:
        if row.record_id in named.ids:
            return row.record_id
        raise _unknown(name, row.line, f"there is no record {row.record_id}")
    ids = named.by_source.get((row.source, row.source_id), [])
    where = f" in {row.source}" if row.source else ""
    if not ids:
        raise _unknown(name, row.line, f"no record is called {row.source_id!r}{where}")
    if len(ids) > 1:
        raise InputFileError(
            name,
            row.line,
            f"{row.source_id!r}{where} names the records {_list(ids)}",
            fix="give a column source, or name the record by its record_id",
        )
    return ids[0]


def _unknown(name: str, line: int, what: str) -> InputFileError:
    fix = "`litreview export groups` writes the records with all their names"
    return InputFileError(name, line, what, fix=fix)


def _list(ids: Iterable[int]) -> str:
    return ", ".join(map(str, ids))
