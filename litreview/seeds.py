"""Where citation searching starts: the works of OpenAlex behind records.

A start is what a person names: a report, or a known item of a saved search. Its
seeds are the OpenAlex records of that report, all of them, since OpenAlex counts the
citations of each copy apart. A report without one is looked up by its DOI. Each work
is looked up once, which costs nothing: a work may have been deleted or merged since
it was harvested, and then its own DOI may lead on. What leads to no work is told
with the reason, never left out in silence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from litreview import lookup, payloads, searches, state
from litreview.errors import NotFoundError, UsageError
from litreview.models import Hit, RawRecord, Record
from litreview.sources import openalex
from litreview.sources.http import AnswerError
from litreview.sources.page import Settings, as_list
from litreview.strategy import KnownItem
from litreview.text import normalise_doi
from litreview.vocabulary import Direction, Found
from litreview.workspace import Workspace

T = TypeVar("T")

SOURCE = "openalex"
# The words for starts that are not record ids.
INCLUDED, BENCHMARK = "included", "benchmark"
_DIGITS = 18  # more than any id has; a database column holds these
_NAMELESS = "it has neither an OpenAlex id nor a DOI"


@dataclass(frozen=True)
class Seed:
    """A work of OpenAlex to start from.

    `record_id` is the record whose work it is, empty where none is held; `known` is
    then the title in the benchmark. `lengths` are those of its lists as OpenAlex
    tells them with the work, empty where it does not.
    """

    work: str
    record_id: int | None = None
    known: str = ""
    lengths: Mapping[Direction, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Start:
    """What a person names, with the works and DOIs that may stand for it.

    Each work or DOI comes with the record that has it, empty where none is held.
    """

    name: str
    works: tuple[tuple[str, int | None], ...] = ()
    dois: tuple[tuple[str, int | None], ...] = ()
    known: str = ""


@dataclass(frozen=True)
class Resolved:
    """The seeds found, what has none (name -> reason), and what else is to be told."""

    seeds: list[Seed]
    unresolved: dict[str, str]
    remarks: list[str]


def asked(words: Iterable[str]) -> tuple[set[str], list[int]]:
    """Return the words and the record ids among what a person names.

    Raises `UsageError` for anything else, and for nothing at all.
    """
    named, ids = set(), []
    for word in words:
        if word in (INCLUDED, BENCHMARK):
            named.add(word)
        elif word.isascii() and word.isdecimal() and len(word) <= _DIGITS:
            ids.append(int(word))
        else:
            raise UsageError(
                f"{word!r} is nothing to start from",
                fix=f"give {INCLUDED}, {BENCHMARK} or the ids of records",
            )
    if not named and not ids:
        raise UsageError(
            "citation searching needs a start",
            fix=f"give --from {INCLUDED}, --from {BENCHMARK} or --from ID...",
        )
    return named, ids


def known_items(space: Workspace) -> list[KnownItem]:
    """Return the known items of all saved searches; refuse a search with an error."""
    named = [searches.read(space, name).strategy for name in searches.names(space)]
    return [item for strategy in named for item in strategy.known_items]


def starts(
    session: Session,
    named: Collection[str],
    *,
    ids: Iterable[int] = (),
    items: Iterable[KnownItem] = (),
) -> list[Start]:
    """Return all starts that are named, each once: `items` are the benchmark's."""
    found = of_included(session) if INCLUDED in named else []
    if BENCHMARK in named:
        found += of_known_items(session, items)
    return list(dict.fromkeys([*found, *of_records(session, ids)]))


# -- what is held ---------------------------------------------------------------------


def of_included(session: Session) -> list[Start]:
    """Return a start for each report that is included after full text."""
    clusters = state.included(session)
    if not clusters:
        raise NotFoundError(
            "no report is included after full text yet",
            fix=f"start from {BENCHMARK}, or from records by their ids",
        )
    return _of_clusters(session, clusters)


def of_records(session: Session, ids: Iterable[int]) -> list[Start]:
    """Return a start for each report of these records; refuse unknown ids."""
    clusters = {lookup.record(session, number).cluster_id for number in ids}
    return _of_clusters(session, clusters)


def _of_clusters(session: Session, clusters: Collection[int]) -> list[Start]:
    members: dict[int, list[Record]] = defaultdict(list)
    for some in _some(sorted(clusters)):
        query = select(Record).where(Record.cluster_id.in_(some)).order_by(Record.id)
        for record in session.scalars(query):
            members[record.cluster_id].append(record)
    return [_start(members[cluster]) for cluster in sorted(members)]


def _start(members: Sequence[Record]) -> Start:
    first = members[0]
    title = next((record.title for record in members if record.title), "(no title)")
    own = [record for record in members if record.source == SOURCE]
    dois = {record.doi: record.id for record in reversed(members) if record.doi}
    return Start(
        name=f"record {first.id}: {title}",
        works=tuple((record.source_id, record.id) for record in own),
        dois=tuple(reversed(dois.items())),
    )


def of_known_items(session: Session, items: Iterable[KnownItem]) -> list[Start]:
    """Return a start for each known item: its report where one is held."""
    found = [_known(session, item) for item in items]
    if not found:
        raise NotFoundError(
            "no saved search names known items",
            fix="add known_items to a file in queries/; queries/README.md shows how",
        )
    return list(dict.fromkeys(found))


def _known(session: Session, item: KnownItem) -> Start:
    own = (Record.source == SOURCE) & (Record.source_id == (item.openalex or ""))
    same = or_(own, Record.doi == item.doi) if item.doi else own
    held = session.scalar(select(Record).where(same).order_by(Record.id).limit(1))
    if held is not None:
        return _start(lookup.members(session, held.id))
    return Start(
        name=f"known item: {item.title}",
        works=((item.openalex, None),) if item.openalex else (),
        dois=((item.doi, None),) if item.doi else (),
        known=item.title,
    )


# -- what OpenAlex knows ---------------------------------------------------------------


def resolve(starts: Iterable[Start], settings: Settings) -> Resolved:
    """Find the works behind these starts, each once; asking for one costs nothing.

    Raises `ServiceError` where OpenAlex gives no answer.
    """
    seeds: dict[str, Seed] = {}
    unresolved: dict[str, str] = {}
    remarks: list[str] = []
    for start in starts:
        found, problems = _works(start, settings)
        for seed in found:
            seeds.setdefault(seed.work, seed)
        if found:
            remarks += [f"{start.name}: {problem}" for problem in problems]
        else:
            unresolved[start.name] = "; ".join(problems) or _NAMELESS
    return Resolved(list(seeds.values()), unresolved, remarks)


def _works(start: Start, settings: Settings) -> tuple[list[Seed], list[str]]:
    """Return a start's seeds, and what stood in the way."""
    seeds: list[Seed] = []
    problems: list[str] = []
    for work, record_id in start.works:
        seed, problem = _looked_up(work, record_id, start, settings)
        seeds += [seed] if seed else []
        problems += [problem] if problem else []
    for doi, record_id in start.dois:
        if seeds:
            break
        seed, problem = _looked_up(doi, record_id, start, settings)
        seeds += [seed] if seed else []
        problems += [problem] if problem else []
    return seeds, problems


def _looked_up(
    name: str, record_id: int | None, start: Start, settings: Settings
) -> tuple[Seed | None, str]:
    """Return the seed that OpenAlex has under an id or DOI, and what is odd."""
    is_doi = bool(normalise_doi(name))
    try:
        payload = openalex.lookup(name, settings)
    except AnswerError as error:
        if not error.permanent or error.status not in _ITS_OWN_FAULT:
            raise
        return None, f"{name}: {error}"
    if payload is None:
        if is_doi:
            return None, f"OpenAlex has no work with the DOI {name}"
        return None, f"OpenAlex no longer has {name}: it was deleted or merged"
    try:
        work = openalex.citation(payload).source_id
    except ValueError as error:
        return None, f"{name}: the answer of OpenAlex is no work: {error}"
    moved = not is_doi and work != name.upper()
    remark = f"{name} is {work} in OpenAlex now" if moved else ""
    return Seed(work, record_id, start.known, lengths_of(payload)), remark


_ITS_OWN_FAULT = frozenset({400})  # a bad request speaks of this one name alone


def lengths_of(payload: Mapping[str, object]) -> dict[Direction, int]:
    """Return the lengths of a work's lists as its payload tells them."""
    found = {}
    citing, cited = payload.get("cited_by_count"), payload.get("referenced_works")
    if isinstance(citing, int):
        found[Direction.FORWARD] = citing
    if cited is not None:
        found[Direction.BACKWARD] = len(as_list(cited))
    return found


# -- the next round --------------------------------------------------------------------


def met_by(
    session: Session, run_ids: Iterable[int], *, but: Collection[str]
) -> list[Seed]:
    """Return as seeds what these runs met and nothing but citations brought.

    Works in `but` are left out, and records that were removed. By record id.
    """
    gone = state.removed(session)
    found: dict[int, str] = {}
    for some in _some(run_ids):
        query = (
            select(Record.id, Record.source_id)
            .join(Hit, Hit.record_id == Record.id)
            .where(
                Hit.run_id.in_(some),
                Record.source == SOURCE,
                Record.found == Found.CITATION,
            )
        )
        found.update(session.execute(query).all())
    ids = [key for key in sorted(found) if found[key] not in but and key not in gone]
    lengths = _lengths(session, ids)
    return [Seed(found[key], key, lengths=lengths[key]) for key in ids]


def _lengths(session: Session, ids: Iterable[int]) -> dict[int, dict[Direction, int]]:
    """Return record id -> the lengths of its lists, by its newest payload."""
    found: dict[int, dict[Direction, int]] = {}
    for some in _some(ids):
        query = select(RawRecord.record_id, RawRecord.payload)
        query = query.where(RawRecord.record_id.in_(some)).order_by(RawRecord.version)
        for record_id, packed in session.execute(query):
            found[record_id] = lengths_of(payloads.unpacked(packed))
    return found


def _some(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield the values in lists that one statement can bind."""
    rest = list(values)
    for start in range(0, len(rest), state.CHUNK):
        yield rest[start : start + state.CHUNK]
