"""The search report's items on what was asked: 8, 9, 12 and 13.

Everything here is told from the runs: the parameters as they were sent, the strategy
as its file stood that day, and the moments on record. A strategy that was changed
and run again is told in each of its versions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from litreview.changes import Change
from litreview.document import (
    Block,
    Code,
    Heading,
    Mono,
    Part,
    Parts,
    Table,
    points,
    say,
    warn,
)
from litreview.prisma_s import Item
from litreview.searched import Log, QueryCount, Run, label
from litreview.searchmethods import NO_SEARCH, number
from litreview.strategy import Block as Concept
from litreview.strategy import Limit, Strategy, Term
from litreview.vocabulary import RunKind

RANKED = "crossref"  # the source that ranks, and never says that it is done
CUT_OFF = "cut_off_score"  # key of a run's request: the lowest score that was kept


def as_run(log: Log) -> dict[int, Item]:
    """Return these items by number."""
    made = [strategies(log), limits(log), updates(log), dates(log)]
    return {item.number: item for item in made}


def day(moment: datetime) -> str:
    """Return a moment's day in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def minute(moment: datetime) -> str:
    """Return a moment to the minute, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


# -- full strategies -------------------------------------------------------------------


def strategies(log: Log) -> Item:
    """Item 8: every query as it was sent, version by version, source by source."""
    blocks: list[Block] = []
    runs = log.of(RunKind.SEARCH)
    for _name, some in groupby(sorted(runs, key=_version), key=_version):
        blocks += _strategy(list(some))
    if blocks:
        blocks.insert(
            0,
            say(
                "Each query in the words of the team, and then exactly as it was sent. "
                "Terms of a concept stand in OR, concepts in AND."
            ),
        )
    if log.of(RunKind.CITATION):
        blocks.append(say("What was asked in citation searching stands under item 5."))
    gaps: list[Parts] = []
    if files := _files(log):
        text = (
            f"The strategies behind {files} are not on record, only what they brought"
        )
        gaps.append((f"{text}: give them here as they were typed there.",))
    if not (blocks or gaps):
        gaps.append(NO_SEARCH)
    if log.unrun:
        gaps.append(_unrun(log.unrun))
    return Item(8, tuple(blocks), tuple(gaps))


def _unrun(names: Sequence[str]) -> Parts:
    """Tell of saved queries of which nothing else in the report speaks."""
    return (
        f"Saved, not run: {', '.join(names)}; run ",
        Mono("litreview harvest"),
        ", or take the file out of ",
        Mono("queries/"),
        ".",
    )


def _version(run: Run) -> tuple[str, int]:
    return run.query, 0 if run.asked is None else run.asked.id


def _strategy(runs: Sequence[Run]) -> Iterator[Block]:
    """Yield one version of one strategy: what is meant, and what was sent."""
    asked = runs[0].asked
    if asked is None:
        return
    strategy = asked.strategy
    title = f": {strategy.title}" if strategy else ""
    yield Heading(f"{asked.name}{title}", 3)
    if strategy is None:
        yield warn(
            "The file of this strategy cannot be read any more in the form in which it "
            "was stored. It said:"
        )
        yield Code(asked.text)
    else:
        yield from _meant(strategy)
    yield say(
        f"The file of this strategy as it was run, stored {day(asked.at)}, has the "
        "SHA-256 ",
        Mono(asked.sha256),
        ".",
    )
    order = sorted(runs, key=lambda run: (run.source, run.id))
    for source, some in groupby(order, key=lambda run: run.source):
        yield from _sent(source, list(some))


def _meant(strategy: Strategy) -> Iterator[Block]:
    yield say(strategy.purpose)
    yield points(*(_concept(block) for block in strategy.blocks))
    expression = strategy.openalex.expression if strategy.openalex else None
    if expression is not None:
        yield say(
            "OpenAlex was sent an expression in place of the concepts, because: "
            f"{expression.why}"
        )
    kept = [term for block in strategy.blocks for term in block.terms if term.why]
    if kept:
        yield say("Terms that stay although a source reads them otherwise:")
        yield points(*(_reason(term) for term in kept))


def _concept(block: Concept) -> str:
    return f"{block.name.replace('_', ' ')}: " + " OR ".join(
        f'"{term.text}"' if " " in term.text else term.text for term in block.terms
    )


def _reason(term: Term) -> str:
    return f'"{term.text}": {term.why}'


def _sent(source: str, runs: Sequence[Run]) -> Iterator[Block]:
    """Yield what one source was sent; the same parameters once for all their runs."""
    same: dict[tuple[tuple[tuple[str, str], ...], int | None], list[Run]] = {}
    for run in runs:
        same.setdefault((tuple(run.params.items()), run.keep), []).append(run)
    for (params, keep), some in same.items():
        when = ", ".join(f"run {run.id} on {day(run.started)}" for run in some)
        yield say(f"{label(source)} ({when}), parameters as sent:")
        yield Code("\n".join(f"{key}={value}" for key, value in params))
        if keep is not None:
            yield say(f"Of the ranked answer at most the first {keep:,} are kept.")
        if some[0].address:
            yield say("The address of the first page:")
            yield Code(some[0].address)
        else:
            yield warn("No page of this search is on record: it brought nothing.")


# -- limits --------------------------------------------------------------------------


def limits(log: Log) -> Item:
    """Item 9: dates, languages, types and ranks, each with its reason."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    unread = []
    for name, asked in sorted(log.newest.items()):
        if asked.strategy is None:
            unread.append(name)
            continue
        for limit in _limits(asked.strategy):
            found[limit].append(name)
    blocks: list[Block] = []
    if found:
        rows = tuple(
            (what, value, why, _queries(log, names))
            for (what, value, why), names in found.items()
        )
        blocks += [
            say("What the queries were limited to, and why:"),
            Table(("Limit", "Searched", "Reason", "Queries"), rows),
        ]
    blocks += _ranked(log)
    cut = [run for run in log.of(RunKind.SEARCH, RunKind.CITATION) if run.limit]
    if cut:
        blocks += [
            warn("These runs were cut short on purpose by --limit:"),
            points(*(f"{called(run)}: the first {run.limit:,}" for run in cut)),
        ]
    gaps: tuple[Parts, ...] = ()
    if unread:
        gaps = (
            (f"The limits of {', '.join(unread)} stand in the text under item 8.",),
        )
    return Item(9, tuple(blocks), gaps if blocks or gaps else (NO_SEARCH,))


def _queries(log: Log, names: Sequence[str]) -> str:
    return "all" if len(names) == len(log.names) else ", ".join(names)


def _limits(strategy: Strategy) -> Iterator[tuple[str, str, str]]:
    """Yield what a strategy is limited to: what, the values, and the reason."""
    period = strategy.published
    yield "Published", f"{period.first} to {period.last}", period.why
    yield _language(strategy)
    for source in strategy.sources:
        part = getattr(strategy, source)
        types: Limit | None = part.types
        if types is not None:
            yield f"Types, {label(source)}", ", ".join(types.only), types.why
        filters: Mapping[str, str] = part.filters
        for key, value in filters.items():
            yield f"Filter {key}, {label(source)}", value, "no reason on record"


def _language(strategy: Strategy) -> tuple[str, str, str]:
    languages = strategy.languages
    if not languages.only:
        return "Languages", "any", languages.why
    values = ", ".join(languages.only)
    if languages.or_unknown:
        values += ", or not known to the source"
    why = languages.why
    if strategy.crossref is not None:
        why += " Crossref cannot limit by language; screening does."
    return "Languages", values, why


def _ranked(log: Log) -> list[Block]:
    """Tell of rankings that were cut: what was not looked at is a limit."""
    counts = [
        one
        for one in log.queries
        if one.source == RANKED and one.newest.keep and not one.newest.limit
    ]
    if not counts:
        return []
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, asked in sorted(log.newest.items()):
        if asked.strategy is not None and asked.strategy.crossref is not None:
            reasons[asked.strategy.crossref.keep_why].append(name)
    return [
        say(
            "Crossref ranks what it finds by the words of the query and its answer has "
            "no natural end, so a stated number was kept from the top. What ranked "
            "lower was not looked at: this is a limit of the search."
        ),
        Table(
            (
                "Query",
                "Reported",
                "Kept at most",
                "Cut off after rank",
                "Score at the cut-off",
            ),
            tuple(_cut(one) for one in counts),
            frozenset({1, 2, 3, 4}),
        ),
        say("Why so many are kept:"),
        points(*(f"{_queries(log, some)}: {why}" for why, some in reasons.items())),
    ]


def _cut(one: QueryCount) -> tuple[str, ...]:
    run = one.newest
    reported, keep = run.reported, run.keep or 0
    was_cut = reported is not None and reported > keep
    score = run.request.get(CUT_OFF)
    return (
        one.query,
        number(reported),
        f"{keep:,}",
        f"{keep:,}" if was_cut else "not reached",
        f"{score:.4g}" if was_cut and isinstance(score, int | float) else "\u2013",
    )


# -- updates and dates ----------------------------------------------------------------


def updates(log: Log) -> Item:
    """Item 12: which searches were run again, and what that brought."""
    if not log.of(RunKind.SEARCH):
        return Item(12, (), (NO_SEARCH,))
    again = {(one.query, one.source) for one in log.queries if len(one.runs) > 1}
    if not again:
        text = "Every search was run once; none has been run again so far."
        return Item(12, (say(text),))
    told = [one for one in log.changes if (one.strategy, one.source) in again]
    head = (
        "Query",
        "Source",
        "Run",
        "Date",
        "Asked for",
        "Met",
        "Added",
        "Changed",
        "Gone",
    )
    blocks: list[Block] = [
        say(
            "These searches were run more than once. Added, changed and gone compare a "
            "run with the whole run of the same search before it; a dash stands where "
            "a run cannot tell."
        ),
        Table(head, tuple(map(_change, told)), frozenset({2, 5, 6, 7, 8})),
    ]
    if reworded := [one for one in told if one.reworded]:
        blocks += [
            say(
                "Between these runs and the ones before, the query itself was changed:"
            ),
            points(
                *(
                    f"run {one.run_id}, {one.strategy}, {label(one.source)}"
                    for one in reworded
                )
            ),
        ]
    return Item(12, tuple(blocks))


def _change(one: Change) -> tuple[str, ...]:
    return (
        one.strategy,
        label(one.source),
        str(one.run_id),
        day(one.started_at),
        _scope(one),
        f"{one.found:,}",
        _size(one.added),
        f"{len(one.changed):,}",
        _size(one.gone),
    )


def _scope(one: Change) -> str:
    """Say how much of the search a run asked for."""
    told = f"new or changed since {one.since}" if one.since else "everything"
    return told if one.limit is None else f"{told}, the first {one.limit:,} of it"


def _size(records: Sequence[int] | None) -> str:
    return "\u2013" if records is None else f"{len(records):,}"


def dates(log: Log) -> Item:
    """Item 13: when each source was searched first and last, and every run."""
    runs = log.of(RunKind.SEARCH, RunKind.FILE, RunKind.CITATION)
    places: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        places[_WHAT[run.kind], label(run.source)].append(run)
    if not runs:
        return Item(13, (), (NO_SEARCH,))
    rows = tuple(
        (source, what, day(some[0].started), day(some[-1].started), f"{len(some):,}")
        for (what, source), some in sorted(places.items())
    )
    searches = log.of(RunKind.SEARCH)
    blocks: list[Block] = [
        say("First and last day on which each source was asked (UTC):"),
        Table(("Source", "How", "First", "Last", "Runs"), rows, frozenset({4})),
    ]
    if searches:
        blocks += [
            say("Every search, with its beginning and end (UTC):"),
            _log(searches),
        ]
    gaps: tuple[Parts, ...] = ()
    if files := _files(log):
        text = f"For {files} the day of the import is on record, not that of the search"
        gaps = ((f"{text}: give it here.",),)
    return Item(13, tuple(blocks), gaps)


def _files(log: Log) -> str:
    return ", ".join(sorted({label(run.source) for run in log.of(RunKind.FILE)}))


_WHAT: Mapping[str, str] = {
    RunKind.SEARCH: "searched",
    RunKind.CITATION: "citations followed",
    RunKind.FILE: "imported from a file",
}


def _log(runs: Iterable[Run]) -> Table:
    rows: list[tuple[Part, ...]] = [
        (
            str(run.id),
            run.query,
            label(run.source),
            minute(run.started),
            minute(run.finished) if run.finished else "not ended",
            f"{run.pages:,}",
            "complete" if run.complete else "INCOMPLETE",
        )
        for run in runs
    ]
    head = ("Run", "Query", "Source", "Begun", "Ended", "Pages", "State")
    return Table(head, tuple(rows), frozenset({0, 5}))


def called(run: Run) -> str:
    """Return a run as a reader knows it."""
    about = run.query or str(run.request.get("seed") or run.request.get("file") or "")
    return f"run {run.id} ({', '.join(x for x in (about, label(run.source)) if x)})"
