"""Read what was searched: runs, strategies as run, counts, overlaps.

Everything is asked of the tables in one go, no query for each record. How sources
and queries overlap is told of reports, the clusters of records that are one; all
else counts records. The moments are those on record: nothing here depends on when it
is asked. No key or mail address is told, should one ever have come into an address.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import changes, flow, pairs, yamlfile
from litreview.errors import InputFileError
from litreview.models import (
    DedupeRun,
    HarvestPage,
    HarvestRun,
    Hit,
    PairDecision,
    RawRecord,
    Record,
    RejectedItem,
    SearchStrategy,
)
from litreview.searched import (
    Asked,
    Dedupe,
    Find,
    Log,
    QueryCount,
    Run,
    label,
    where,
)
from litreview.strategy import Strategy, parse_strategy
from litreview.upset import overlap
from litreview.vocabulary import Found, RunKind

# Parts of an address that name or admit a person; none should ever be stored.
PRIVATE = frozenset({"api_key", "apikey", "key", "token", "mailto", "email"})


def read(session: Session, today: Mapping[str, Mapping[str, str]] | None = None) -> Log:
    """Return what was searched; `today` is query -> what its file's `prisma_s` says."""
    runs = tuple(_runs(session))
    hits = _hits(session)
    by_id = {run.id: run for run in runs}
    box = flow.place(session)
    found = box.flow()
    newest = {run.query: run.asked for run in runs if run.asked is not None}
    written = {name: _prisma_s(asked) for name, asked in sorted(newest.items())}
    return Log(
        runs=runs,
        finds=tuple(_finds(session)),
        sources=_sources(session),
        queries=tuple(_queries(runs, hits)),
        by_source=overlap(_by_source(hits, by_id), _labels(runs)),
        by_query=overlap(_by_query(hits, by_id), newest),
        changes=tuple(changes.history(session)),
        dedupe=_dedupe(session, found.counts),
        seeds=_seeds(session, runs),
        records=session.scalar(select(func.count(Record.id))) or 0,
        removed=len(box.ids["excluded_automatic"]) + len(box.ids["excluded_other"]),
        prisma=found,
        written=written,
        later=_later(written, today or {}),
        unrun=tuple(sorted(set(today or {}) - written.keys())),
    )


# -- strategies and runs -----------------------------------------------------------


def _asked(session: Session) -> dict[int, Asked]:
    """Return the strategies that were run, by id."""
    return {
        row.id: Asked(
            row.id, row.name, row.sha256, row.text, row.at, _parsed(row.name, row.text)
        )
        for row in session.scalars(select(SearchStrategy))
    }


def _parsed(name: str, text: str) -> Strategy | None:
    """Return a strategy, unless its text is of a form that is read no more."""
    try:
        return parse_strategy(yamlfile.parse(text, f"queries/{name}.yaml"), name=name)
    except InputFileError:
        return None


def _prisma_s(asked: Asked) -> dict[str, str]:
    return {} if asked.strategy is None else dict(asked.strategy.prisma_s)


def _later(
    written: Mapping[str, Mapping[str, str]], today: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return what today's files say otherwise, of the queries that were run."""
    return {
        name: {k: v for k, v in today.get(name, {}).items() if said.get(k) != v}
        for name, said in written.items()
    }


def _runs(session: Session) -> Iterator[Run]:
    """Yield all runs, by id, with what each brought."""
    asked = _asked(session)
    pages = _pages(session)
    addresses = _addresses(session)
    ways, new, rejected = _ways(session), _new(session), _rejected(session)
    for row in session.scalars(select(HarvestRun).order_by(HarvestRun.id)):
        found = ways.get(row.id, {})
        yield Run(
            id=row.id,
            kind=row.kind,
            source=row.source,
            asked=asked.get(row.strategy_id or 0),
            request=dict(row.request),
            client=row.client,
            service=row.service or "",
            status=row.status,
            reported=row.reported,
            expected=row.expected,
            problem=row.problem,
            started=row.started_at,
            finished=row.finished_at,
            pages=pages.get(row.id, 0),
            walks=row.walk,
            address=without_secrets(addresses.get(row.id, "")),
            stored=sum(found.values()),
            new=new.get(row.id, 0),
            ways=found,
            rejected=rejected.get(row.id, {}),
        )


def _pages(session: Session) -> dict[int, int]:
    query = select(HarvestPage.run_id, func.count()).group_by(HarvestPage.run_id)
    return dict(session.execute(query).all())


def _addresses(session: Session) -> dict[int, str]:
    """Return run id -> the address of its first page."""
    query = select(HarvestPage.run_id, HarvestPage.url)
    return dict(
        session.execute(
            query.where(HarvestPage.walk == 1, HarvestPage.number == 1)
        ).all()
    )


def _ways(session: Session) -> dict[int, dict[str, int]]:
    """Return run id -> how its records count in PRISMA -> how many."""
    query = select(Hit.run_id, Record.found, func.count())
    query = query.join(Record, Record.id == Hit.record_id)
    rows = session.execute(query.group_by(Hit.run_id, Record.found))
    return _nested((run, str(way), number) for run, way, number in rows)


def _new(session: Session) -> dict[int, int]:
    """Return run id -> the records that came in with it."""
    query = select(RawRecord.run_id, func.count()).where(RawRecord.version == 1)
    return dict(session.execute(query.group_by(RawRecord.run_id)).all())


def _rejected(session: Session) -> dict[int, dict[str, int]]:
    query = select(RejectedItem.run_id, RejectedItem.problem, func.count())
    rows = session.execute(query.group_by(RejectedItem.run_id, RejectedItem.problem))
    return _nested((run, problem, number) for run, problem, number in rows)


def _nested(rows: Iterable[tuple[int, str, int]]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for key, part, number in sorted(rows):
        found[key][part] = number
    return found


def without_secrets(address: str) -> str:
    """Return an address without credentials, keys and mail addresses."""
    parts = urlsplit(address)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    if "@" not in parts.netloc and not any(k.lower() in PRIVATE for k, _ in asked):
        return address
    kept = [(key, value) for key, value in asked if key.lower() not in PRIVATE]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host, query=urlencode(kept)))


# -- counts ------------------------------------------------------------------------

# (run, record, cluster, how it counts)
HitRow = tuple[int, int, int, str]


def _hits(session: Session) -> list[HitRow]:
    query = select(Hit.run_id, Record.id, Record.cluster_id, Record.found)
    query = query.join(Record, Record.id == Hit.record_id)
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(query)]


def _sources(session: Session) -> dict[str, dict[str, int]]:
    """Return how records were found -> where -> how many, each record once."""
    query = select(Record.found, Record.source, func.count())
    found: dict[str, dict[str, int]] = {str(way): {} for way in Found}
    rows = session.execute(query.group_by(Record.found, Record.source)).all()
    for way, source, number in sorted((w, label(s), n) for w, s, n in rows):
        found[way][source] = found[way].get(source, 0) + number
    return found


def _labels(runs: Iterable[Run]) -> list[str]:
    """Return every place that was asked, also those that gave nothing."""
    services = [run for run in runs if run.kind in (RunKind.SEARCH, RunKind.FILE)]
    return [label(run.source) for run in services]


def _by_source(hits: Iterable[HitRow], runs: Mapping[int, Run]) -> list[set[str]]:
    """Return for each report the sources in which it was found."""
    found: dict[int, set[str]] = defaultdict(set)
    for run, _record, cluster, way in hits:
        found[cluster].add(where(runs[run], way))
    return list(found.values())


def _by_query(hits: Iterable[HitRow], runs: Mapping[int, Run]) -> list[set[str]]:
    """Return for each report the saved searches that found it."""
    found: dict[int, set[str]] = defaultdict(set)
    for run, _record, cluster, _way in hits:
        if runs[run].query:
            found[cluster].add(runs[run].query)
    return list(found.values())


def _queries(runs: Iterable[Run], hits: Iterable[HitRow]) -> Iterator[QueryCount]:
    """Yield what each query met at each source, by query and source."""
    of: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        if run.kind == RunKind.SEARCH:
            of[run.query, run.source].append(run)
    query_of = {run.id: key for key, some in of.items() for run in some}
    met: dict[int, set[str]] = defaultdict(set)
    stored: dict[tuple[str, str], set[int]] = defaultdict(set)
    for run_id, record, _cluster, _way in hits:
        if run_id in query_of:
            met[record].add(query_of[run_id][0])
            stored[query_of[run_id]].add(record)
    for (query, source), some in sorted(of.items()):
        records = stored[query, source]
        unique = sum(met[record] == {query} for record in records)
        yield QueryCount(query, source, tuple(some), len(records), unique)


def _finds(session: Session) -> Iterator[Find]:
    """Yield what people found by hand, each record once, as it was said last."""
    query = (
        select(Record, HarvestRun.request)
        .join(Hit, Hit.record_id == Record.id)
        .join(HarvestRun, HarvestRun.id == Hit.run_id)
        .where(HarvestRun.kind == RunKind.MANUAL)
        .order_by(HarvestRun.id)
    )
    told: dict[int, Find] = {}
    for record, request in session.execute(query):
        said = dict(request)
        told[record.id] = Find(
            record.id,
            record.title,
            str(said.get("organisation") or record.publisher),
            without_secrets(str(said.get("url") or record.url)),
            str(said.get("accessed") or ""),
            record.found,
        )
    yield from (told[number] for number in sorted(told))


def _seeds(session: Session, runs: Iterable[Run]) -> dict[str, str]:
    """Return the works from which citations were followed -> their titles."""
    named = {
        str(run.request.get("seed")): str(run.request.get("known_item") or "")
        for run in runs
        if run.kind == RunKind.CITATION
    }
    query = select(Record.source_id, Record.title).where(Record.source == "openalex")
    titles = dict(session.execute(query).all()) if named else {}
    return {seed: titles.get(seed, "") or said for seed, said in sorted(named.items())}


def _dedupe(session: Session, boxes: Mapping[str, int]) -> Dedupe:
    """Return how duplicates were found, and what came of it."""
    passes = session.scalars(select(DedupeRun).order_by(DedupeRun.id))
    in_force = Counter(
        ("person" if ruling.by_person else "machine", ruling.verdict)
        for ruling in pairs.rulings(session).values()
    )
    by_person = PairDecision.person_id.is_not(None)
    rows = session.execute(select(by_person, func.count()).group_by(by_person))
    return Dedupe(
        passes=tuple((row.at, row.records, dict(row.parameters)) for row in passes),
        verdicts=dict(sorted(in_force.items())),
        decided={"person" if who else "machine": number for who, number in rows},
        waiting=len(pairs.undecided(session)),
        removed=boxes["duplicates"],
        other_removed=boxes["other_duplicates"],
    )
