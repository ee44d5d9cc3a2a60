"""The search report's items on where and how was searched: 1 to 7, 10, 11 and 14.

Databases, registries, finds by hand and citation searches are told from what is on
record. The rest only people know: it is what they wrote under `prisma_s` in the
files of the strategies, and an item of which nobody wrote anything is missing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from litreview.document import (
    Block,
    Code,
    Mono,
    Parts,
    Table,
    points,
    say,
)
from litreview.prisma_s import Item
from litreview.searched import Find, Log, Run, label
from litreview.vocabulary import Found, RunKind

# Whose each service is, what of it is asked, and where it is for everybody.
SERVICES = {
    "openalex": (
        "OpenAlex (OurResearch), list of works of its API",
        "api.openalex.org",
    ),
    "crossref": ("Crossref, list of works of its REST API", "api.crossref.org"),
}
# What belongs to each query; the rest is told of the review, in whichever file.
OF_EACH = frozenset({"search_filters", "prior_work", "peer_review"})
NO_SEARCH: Parts = ("no search is on record; run ", Mono("litreview harvest"), ".")


# -- what people wrote -----------------------------------------------------------------


def people_said(log: Log, field: str) -> list[Block]:
    """Return what was written in a field of `prisma_s`, the same text once."""
    names: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for name in log.names:
        later = log.later.get(name, {}).get(field)
        text = later if later is not None else log.written[name].get(field, "")
        if text.strip():
            names[text, later is not None].append(name)
    return [_quoted(log, text, some, later=now) for (text, now), some in names.items()]


def _quoted(log: Log, text: str, names: Sequence[str], *, later: bool) -> Block:
    about = "All queries" if len(names) == len(log.names) else ", ".join(names)
    after = " (written after the search was run)" if later else ""
    return say(f"{about}{after}: {text}")


def silent(log: Log, field: str) -> list[str]:
    """Return the queries of which nobody wrote anything in this field."""
    return [
        name
        for name in log.names
        if not (log.later.get(name, {}).get(field) or log.written[name].get(field))
    ]


def advice(field: str, names: Sequence[str]) -> Parts:
    """Return where to write what is missing."""
    file = f"queries/{names[0]}.yaml" if len(names) == 1 else "queries/NAME.yaml"
    return ("write ", Mono(f"prisma_s: {field}"), " in ", Mono(file), ".")


def from_people(
    log: Log, number: int, field: str, *, first: Iterable[Block] = ()
) -> Item:
    """Return an item that people write, below what is on record (`first`).

    Of what belongs to each query, it is a gap if only some say something.
    """
    told = people_said(log, field)
    blocks = (*first, *told)
    names = silent(log, field)
    if not blocks:
        return Item(number, (), (advice(field, names),))
    if told and names and field in OF_EACH:
        gap: Parts = (f"Nothing is said of {', '.join(names)}: ", *advice(field, names))
        return Item(number, blocks, (gap,))
    return Item(number, blocks)


def methods(log: Log) -> dict[int, Item]:
    """Return these items by number."""
    made = [
        databases(log),
        platforms(log),
        registries(log),
        browsing(log),
        citations(log),
        from_people(log, 6, "contacts"),
        from_people(log, 7, "other_methods"),
        from_people(log, 10, "search_filters"),
        from_people(log, 11, "prior_work"),
        from_people(log, 14, "peer_review"),
    ]
    return {item.number: item for item in made}


# -- databases and registries ----------------------------------------------------------


def databases(log: Log) -> Item:
    """Item 1: each database with its platform and interface."""
    services = sorted({run.source for run in log.of(RunKind.SEARCH)})
    files = [run for run in log.of(RunKind.FILE) if Found.REGISTER not in run.ways]
    blocks: list[Block] = []
    if services:
        blocks += [
            say("These databases were searched through their own interfaces:"),
            Table(
                (
                    "Database",
                    "Platform and interface",
                    "Client",
                    "Version of the service",
                ),
                tuple(_service(log, source) for source in services),
            ),
        ]
        blocks += _elsewhere(log)
    if files:
        blocks += [
            say(
                "These databases were searched elsewhere, and what they found "
                "was imported from files:"
            ),
            _files(files),
        ]
    reasons = _not_searched(log)
    if reasons:
        blocks += [say("Left out, with the reason:"), points(*reasons)]
    return Item(1, tuple(blocks), () if blocks else (NO_SEARCH,))


def _service(log: Log, source: str) -> tuple[str, ...]:
    runs = [run for run in log.of(RunKind.SEARCH) if run.source == source]
    return (
        label(source),
        SERVICES[source][0] if source in SERVICES else source,
        _each(run.client for run in runs) or "not on record",
        _each(run.service for run in runs) or "none told",
    )


def _each(words: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(word for word in words if word))


def _elsewhere(log: Log) -> Iterator[Block]:
    """Yield a word on each service that was asked at another address than its own."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for run in log.of(RunKind.SEARCH, RunKind.CITATION):
        parts = urlsplit(run.address)
        if parts.hostname and parts.hostname != SERVICES.get(run.source, ("", ""))[1]:
            hosts[run.source].append(f"{parts.scheme}://{parts.netloc}")
    for source, some in sorted(hosts.items()):
        yield say(
            f"{label(source)} was not asked at its public address but at "
            f"{_each(some)}: a local copy or a proxy. What it answered may differ from "
            "the public service."
        )


def _files(runs: Iterable[Run]) -> Table:
    rows = tuple(
        (
            label(run.source),
            str(run.request.get("format") or "not on record"),
            str(run.request.get("file") or "not on record"),
            Mono(str(run.request.get("sha256") or "")),
            number(run.expected),
            f"{run.stored:,}",
        )
        for run in runs
    )
    head = ("Source", "Format", "File", "SHA-256 of the file", "Entries", "Records")
    return Table(head, rows, frozenset({4, 5}))


def number(value: int | None) -> str:
    """Return a count for a reader; nothing on record is told in words."""
    return "not known" if value is None else f"{value:,}"


def _not_searched(log: Log) -> list[str]:
    """Return which query left out which service, and why, the same reason once."""
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, asked in sorted(log.newest.items()):
        if asked.strategy is not None:
            for source, why in asked.strategy.not_searched.items():
                names[source, why].append(name)
    return [
        f"{label(source)}, for {', '.join(some)}: {why}"
        for (source, why), some in names.items()
    ]


def platforms(log: Log) -> Item:
    """Item 2: whether one platform searched several databases at once."""
    services = sorted({label(run.source) for run in log.of(RunKind.SEARCH)})
    files = sorted({label(run.source) for run in log.of(RunKind.FILE)})
    blocks: list[Block] = []
    if services:
        blocks.append(
            say(
                f"{' and '.join(services)}: each was searched by itself. No platform "
                "that searches several databases at once stood in between."
            )
        )
    gaps: list[Parts] = []
    if files and not people_said(log, "other_methods"):
        blocks.append(say(f"Imported from files: {', '.join(files)}."))
        gaps.append(
            (
                "A file does not tell whether it comes from several databases; ",
                *advice("other_methods", log.names),
            )
        )
    elif files:
        blocks.append(say(f"Imported from files: {', '.join(files)}; see item 7."))
    return Item(2, tuple(blocks), tuple(gaps) if blocks else (NO_SEARCH,))


def registries(log: Log) -> Item:
    """Item 3: study registries, by their files and in people's words."""
    files = [run for run in log.of(RunKind.FILE) if Found.REGISTER in run.ways]
    first: list[Block] = []
    if files:
        first = [say("Imported from study registries:"), _files(files)]
    return from_people(log, 3, "study_registries", first=first)


# -- finds by hand and citations -------------------------------------------------------


def browsing(log: Log) -> Item:
    """Item 4: what was found on websites and through organisations."""
    ways = (Found.WEBSITE, Found.ORGANISATION)
    finds = [find for find in log.finds if find.found in ways]
    first: list[Block] = []
    if finds:
        first = [
            say(
                "Found on websites and through organisations, with the day on which "
                "each address was opened:"
            ),
            _finds(finds),
        ]
    return from_people(log, 4, "online_browsing", first=first)


def _finds(finds: Iterable[Find]) -> Table:
    rows = tuple(
        (one.organisation, one.title, one.url, one.accessed, one.found) for one in finds
    )
    return Table(("Organisation", "Title", "Address", "Accessed", "Found by"), rows)


def citations(log: Log) -> Item:
    """Item 5: from which works citations were followed, which way and how far."""
    field = "citation_searching"
    runs = log.of(RunKind.CITATION)
    blocks: list[Block] = []
    if runs:
        blocks += _followed(log, runs)
    finds = [find for find in log.finds if find.found == Found.CITATION]
    if finds:
        blocks += [say("Found by people who followed references:"), _finds(finds)]
    gap: Parts = (
        "no citation search is on record; run ",
        Mono("litreview snowball"),
        ", add what people found with ",
        Mono("litreview add --found citation"),
        ", or ",
        *advice(field, log.names),
    )
    item = from_people(log, 5, field, first=blocks)
    return item if item.blocks else Item(5, (), (gap,))


def _followed(log: Log, runs: Sequence[Run]) -> Iterator[Block]:
    yield say(
        "Citations were followed in OpenAlex: backward to the works that a work cites, "
        "forward to those that cite it. A record that a search had found already stays "
        "counted there."
    )
    rounds: dict[tuple[int, str], list[Run]] = defaultdict(list)
    for run in runs:
        place = run.request.get("round")
        way = str(run.request.get("direction") or "not on record")
        rounds[place if isinstance(place, int) else 1, way].append(run)
    head = (
        "Round",
        "Direction",
        "Works started from",
        "Lists complete",
        "Works listed",
        "Works met",
        "New records",
    )
    yield Table(
        head,
        tuple(_round(*key, some) for key, some in sorted(rounds.items())),
        frozenset({0, 2, 3, 4, 5, 6}),
    )
    first = min(place for place, _way in rounds)
    yield say(f"The works that round {first} started from:")
    seeds = dict.fromkeys(
        str(run.request.get("seed"))
        for key, some in sorted(rounds.items())
        for run in some
        if key[0] == first
    )
    yield Table(
        ("OpenAlex", "Title"),
        tuple((Mono(seed), log.seeds.get(seed) or "not on record") for seed in seeds),
    )
    yield say("What was asked for each list, as it was sent, with SEED for the work:")
    yield from (Code(text) for text in _templates(runs))


def _round(place: int, way: str, runs: Sequence[Run]) -> tuple[str, ...]:
    return (
        str(place),
        way,
        f"{len({str(run.request.get('seed')) for run in runs}):,}",
        f"{sum(run.complete for run in runs):,} of {len(runs):,}",
        f"{sum(run.reported or 0 for run in runs):,}",
        f"{sum(run.stored for run in runs):,}",
        f"{sum(run.new for run in runs):,}",
    )


def _templates(runs: Iterable[Run]) -> list[str]:
    """Return the different requests, with SEED in place of the work."""
    found: dict[str, None] = {}
    for run in runs:
        seed = str(run.request.get("seed"))
        text = "\n".join(f"{key}={value}" for key, value in run.params.items())
        if run.keep is not None:
            text += f"\n(the first {run.keep:,} of the list are kept)"
        found[re.sub(rf"\b{re.escape(seed)}\b", "SEED", text)] = None
    return list(found)
