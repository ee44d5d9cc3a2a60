"""The search report's items on what was found: 15 and 16, and how it overlaps.

Every count is of records, each once; reports are the clusters of records that are
one. The numbers by source and the duplicates are those of the PRISMA flow diagram.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from litreview.document import Block, Mono, Parts, Picture, Table, points, say, warn
from litreview.matching import SURE
from litreview.prisma_s import Item
from litreview.searchasrun import called, minute
from litreview.searched import WAYS, Dedupe, Log, QueryCount, Run, label
from litreview.searchmethods import NO_SEARCH, number
from litreview.upset import Overlap, Panel, in_words
from litreview.vocabulary import Found

PICTURE = "search-overlap.svg"
COMBINATIONS = 25  # the most that a table of the report lists; the rest is one row
HOW = {
    Found.DATABASE: "database",
    Found.REGISTER: "study registry",
    Found.WEBSITE: "other methods",
    Found.ORGANISATION: "other methods",
    Found.CITATION: "other methods",
}
VERDICTS = {
    "duplicate": "one report",
    "same_study": "two reports of one study",
    "different": "different",
}
WHO = {"machine": "the program", "person": "people"}


def counts(log: Log) -> dict[int, Item]:
    """Return these items by number."""
    return {15: totals(log), 16: deduplication(log)}


# -- totals ----------------------------------------------------------------------------


def totals(log: Log) -> Item:
    """Item 15: records by source and by query, with what is missing of them."""
    if not log.runs:
        return Item(15, (), (NO_SEARCH,))
    blocks: list[Block] = [
        say(
            "Records by source, each counted once however many queries found it. These "
            "are the numbers of the PRISMA flow diagram."
        ),
        _sources(log.sources),
    ]
    if log.queries:
        blocks += [
            say(
                "Records by query. Reported is the total that the source told last, "
                "expected the same or what the query keeps of a ranking; stored are "
                "the records of all its runs, and of these, only here are those that "
                "no other query found in the same source. One record may stand in "
                "several rows, so the rows do not add up to the totals above."
            ),
            _queries(log.queries),
        ]
    blocks += _set_aside(log)
    blocks += [warn(*gap) for gap in incomplete(log)]
    return Item(15, tuple(blocks))


def _sources(sources: Mapping[str, Mapping[str, int]]) -> Table:
    rows = [
        (WAYS.get(Found(way), where), HOW[Found(way)], number)
        for way, parts in sources.items()
        for where, number in _merged(way, parts)
    ]
    written = [(where, how, f"{number:,}") for where, how, number in rows]
    total = sum(number for _where, _how, number in rows)
    written.append(("All records", "", f"{total:,}"))
    return Table(("Source", "How", "Records"), tuple(written), frozenset({2}))


def _merged(way: str, parts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the parts of a way; other methods are not divided by source."""
    if Found(way) in WAYS:
        return [("", sum(parts.values()))] if parts else []
    return list(parts.items())


def _queries(found: Iterable[QueryCount]) -> Table:
    head = (
        "Query",
        "Source",
        "Runs",
        "Reported",
        "Expected",
        "Stored",
        "Only here",
        "Set aside",
        "State",
    )
    rows = tuple(
        (
            one.query,
            label(one.source),
            f"{len(one.runs):,}",
            number(one.newest.reported),
            number(one.newest.expected),
            f"{one.stored:,}",
            f"{one.unique:,}",
            f"{sum(sum(run.rejected.values()) for run in one.runs):,}",
            "complete" if one.newest.complete else "INCOMPLETE",
        )
        for one in found
    )
    return Table(head, rows, frozenset({2, 3, 4, 5, 6, 7}))


def _set_aside(log: Log) -> list[Block]:
    """Tell of items that could not be read as records."""
    told = [
        f"{called(run)}: {number:,}, {problem}"
        for run in log.runs
        for problem, number in run.rejected.items()
    ]
    if not told:
        return []
    text = "Items that could not be read as records are kept aside as they came:"
    return [say(text), points(*told)]


def incomplete(log: Log) -> list[Parts]:
    """Return a sentence on each run that is not complete."""
    return [_short(run) for run in log.runs if not run.complete]


def _short(run: Run) -> Parts:
    name = called(run)
    what = f"{name[0].upper()}{name[1:]} is INCOMPLETE: "
    if run.expected is None:
        what += "no page of it came, so nothing is known of its size."
    else:
        what += f"{run.stored:,} of {run.expected:,} expected records are stored."
    if run.trouble:
        what += f" {run.trouble.rstrip('.')}."
    return (what, " Run ", Mono("litreview harvest"), " to go on with it.")


# -- duplicates ------------------------------------------------------------------------


def deduplication(log: Log) -> Item:
    """Item 16: how duplicates were found, by whom, and how many left."""
    told = log.dedupe
    if not told.passes and not told.decided:
        text = "no duplicates were looked for; run "
        return Item(16, (), ((text, Mono("litreview dedupe find"), "."),))
    blocks: list[Block] = []
    if told.passes:
        blocks += _method(told)
    if told.verdicts:
        blocks += _verdicts(told)
    blocks.append(say(_removed(log)))
    return Item(16, tuple(blocks), tuple(_gaps(log)))


def _method(told: Dedupe) -> Iterator[Block]:
    yield say(
        "litreview compares records that share a DOI, a title or a telling part of it, "
        "a first page in a volume, or a first author in a year. Each field that agrees "
        "or differs (title, authors, year, container, volume, issue, pages, DOI, "
        "abstract) adds a fixed weight for or against, after Fellegi and Sunter "
        "(1969); the sum gives the probability that two records are one report. "
        f"Pairs from {SURE:g} upwards are merged unless a threshold was given; part "
        "numbers, errata and other signs of another work hold a pair apart; unsure "
        "pairs wait for a person. A person's verdict beats the program's."
    )
    rows = tuple(
        (minute(at), f"{records:,}", _threshold(said), str(said.get("version") or ""))
        for at, records, said in told.passes
    )
    head = ("Pass (UTC)", "Records compared", "Merged from", "litreview")
    yield Table(head, rows, frozenset({1}))


def _threshold(said: Mapping[str, object]) -> str:
    value = said.get("threshold")
    return f"{value:g}" if isinstance(value, int | float) else "the default"


def _verdicts(told: Dedupe) -> Iterator[Block]:
    yield say("Verdicts in force on pairs of records:")
    rows = tuple(
        (WHO[who], VERDICTS.get(verdict, verdict), f"{number:,}")
        for (who, verdict), number in told.verdicts.items()
    )
    yield Table(("Said by", "The two records are", "Pairs"), rows, frozenset({2}))


def _removed(log: Log) -> str:
    reports = log.by_source.total
    text = (
        f"Records removed as duplicates before screening: {log.dedupe.removed:,}, as "
        "in the PRISMA flow diagram"
    )
    if log.dedupe.other_removed:
        text += f", and {log.dedupe.other_removed:,} among those of other methods"
    text += f". The {log.records:,} records are {reports:,} reports"
    if log.removed:
        text += (
            f"; {log.removed:,} records that were removed before screening for another "
            "reason count as no duplicates"
        )
    return f"{text}."


def _gaps(log: Log) -> Iterator[Parts]:
    told = log.dedupe
    newest = told.passes[-1][1] if told.passes else 0
    if told.passes and newest < log.records:
        late = log.records - newest
        yield (
            f"Records that came in since the last pass, not compared: {late:,}; run ",
            Mono("litreview dedupe find"),
            ".",
        )
    if told.waiting:
        yield (
            f"Unsure pairs that wait for a person: {told.waiting:,}; run ",
            Mono("litreview dedupe review"),
            ".",
        )


# -- overlap ---------------------------------------------------------------------------


def panels(log: Log) -> list[Panel]:
    """Return what the picture shows: reports by sources, and by queries."""
    return [
        Panel("Reports by the sources that found them", "reports", log.by_source),
        Panel("Reports by the queries that found them", "reports", log.by_query),
    ]


def overlaps(log: Log) -> list[Block]:
    """Return how sources and queries overlap: the picture, and it as tables."""
    sources, queries = panels(log)
    blocks: list[Block] = [
        say(
            "A report is found by exactly a combination of sources if its records came "
            "from all of them and from no other. All reports that were identified are "
            "counted, also those removed before screening."
        ),
        Picture(PICTURE, in_words(sources)),
        _combinations("Sources", log.by_source),
    ]
    if log.queries:
        blocks += [
            say(
                f"{queries.heading}. {queries.overlap.total:,} reports were found by "
                "saved searches:"
            ),
            _sizes(log.by_query),
            say("Of these, by exactly:"),
            _combinations("Queries", log.by_query),
        ]
    return blocks


def _sizes(found: Overlap) -> Table:
    alone = {names[0]: n for names, n in found.shared if len(names) == 1}
    rows = tuple(
        (name, f"{number:,}", f"{alone.get(name, 0):,}")
        for name, number in found.sets.items()
    )
    head = ("Query", "Reports", "By this query alone")
    return Table(head, rows, frozenset({1, 2}))


def _combinations(what: str, found: Overlap) -> Table:
    """Return the combinations with their sum; beyond a length the rest is one row."""
    shown, rest = found.shared[:COMBINATIONS], found.shared[COMBINATIONS:]
    rows = [(", ".join(names), f"{number:,}") for names, number in shown]
    if rest:
        number = sum(number for _names, number in rest)
        rows.append((f"{len(rest):,} further combinations", f"{number:,}"))
    rows.append(("All", f"{found.total:,}"))
    return Table((what, "Reports"), tuple(rows), frozenset({1}))
