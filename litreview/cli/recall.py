"""What `litreview query check --recall` prints: a table of items, and of strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from litreview.cli.output import say, show_json, show_rows

if TYPE_CHECKING:
    from litreview.recall import Finding, Known, Report

TITLE_CHARACTERS = 60  # of an item's title in the table


@dataclass(frozen=True)
class Count:
    """Known items found, of how many; `silence` says why there is nothing to tell."""

    found: int
    known: int
    silence: str = ""

    def __str__(self) -> str:
        """Return "1/2", or the reason that there is no such number."""
        return self.silence or f"{self.found}/{self.known}"

    def numbers(self) -> dict[str, object]:
        """Return the same for JSON; what cannot be told has no found."""
        found = None if self.silence else self.found
        return {"found": found, "of": self.known, "note": self.silence}


def show_recall(
    report: Report, problems: Sequence[dict[str, object]], *, as_json: bool
) -> None:
    """Print how the strategies do on their known items, or the same as JSON."""
    if as_json:
        show_json({**_as_json(report), "problems": list(problems)})
        return
    if not report.benchmark:
        say("no strategy names known items; write them below known_items")
        return
    rows = [_row(report, f) for name in report.strategies for f in report.of(name)]
    columns = ["strategy", "known item", "openalex", "crossref", "why missed"]
    show_rows([row for row in rows if row["own"]], columns, as_json=False)
    columns = ["strategy", "own", "openalex", "crossref", "all", "only here"]
    totals = [_total(report, name) for name in report.strategies]
    show_rows([*totals, _union(report)], columns, as_json=False)
    say("own: known items of the strategy that it finds; all: of the whole benchmark")
    say(f"OpenAlex counts {report.credits:,} credits for this; nothing was stored")


def _row(report: Report, finding: Finding) -> dict[str, object]:
    """Return a line of the items' table, and all that is known for JSON."""
    item = finding.known.item
    year = f" ({item.year})" if item.year else ""
    title = item.title[:TITLE_CHARACTERS]
    title += "" if title == item.title else "…"
    place = finding.place
    return {
        "strategy": finding.strategy,
        "key": finding.known.key,
        "title": item.title,
        "year": item.year,
        "own": finding.own,
        "known item": f"{title}{year}",
        "openalex": str(finding.openalex),
        "openalex_ids": list(finding.known.ids),
        "crossref": _crossref(report, finding),
        "crossref_standing": str(finding.crossref),
        "rank": place.rank if place else None,
        "score": place.score if place else None,
        "failed_limits": list(finding.limits),
        "failed_blocks": list(finding.blocks),
        "remark": finding.remark,
        "why missed": _why(finding),
    }


def _crossref(report: Report, finding: Finding) -> str:
    """Say where an item stands in the ranking, or that it is not among the best."""
    ranking = report.rankings.get(finding.strategy)
    if finding.place is not None:
        score = finding.place.score
        told = f"rank {finding.place.rank}"
        told += "" if score is None else f", score {score:.4g}"
    elif ranking is not None and finding.crossref == "missed":
        told = f"not in the best {ranking.kept:,}"
        told += "" if ranking.cut_off is None else f", cut at {ranking.cut_off:.4g}"
    else:
        told = str(finding.crossref)
    changed = ranking is not None and ranking.outdated
    return f"{told}; the strategy has changed since" if changed else told


def _why(finding: Finding) -> str:
    told = []
    if finding.blocks:
        told.append(f"block {', '.join(finding.blocks)}")
    if finding.limits:
        told.append(f"limit {', '.join(finding.limits)}")
    if finding.remark:
        told.append(finding.remark)
    return "; ".join(told)


def _total(report: Report, name: str) -> dict[str, object]:
    """Return a strategy's relative recall, as found of known."""
    everything = report.of(name)
    own = [finding for finding in everything if finding.own]

    def at(source: str) -> Count:
        found = sum(getattr(f, source) == "found" for f in own)
        return Count(found, len(own), _silence(everything, source))

    return {
        "strategy": name,
        "own": Count(sum(f.found for f in own), len(own)),
        "openalex": at("openalex"),
        "crossref": at("crossref"),
        "all": Count(sum(f.found for f in everything), len(everything)),
        "only here": len(report.only_by(name)),
    }


def _union(report: Report) -> dict[str, object]:
    """Return what all the strategies find together."""
    count = len(report.benchmark)

    def at(source: str) -> Count:
        found = sum(
            any(f.known is k and getattr(f, source) == "found" for f in report.findings)
            for k in report.benchmark
        )
        return Count(found, count, _silence(report.findings, source))

    whole = Count(sum(map(bool, map(report.finders, report.benchmark))), count)
    return {
        "strategy": "together",
        "own": whole,
        "openalex": at("openalex"),
        "crossref": at("crossref"),
        "all": whole,
        "only here": None,
    }


def _silence(findings: Sequence[Finding], source: str) -> str:
    """Say why nothing can be counted at a source; empty where something can."""
    told = {str(getattr(finding, source)) for finding in findings}
    if told <= {"not searched"}:
        return "not searched"
    return "not harvested yet" if told <= {"not searched", "not harvested yet"} else ""


def _with_numbers(row: dict[str, object]) -> dict[str, object]:
    """Return a line of the strategies' table with its counts as numbers."""
    return {k: v.numbers() if isinstance(v, Count) else v for k, v in row.items()}


def _as_json(report: Report) -> dict[str, object]:
    hidden = {"known item", "why missed", "crossref", "crossref_standing"}
    items = []
    for name in report.strategies:
        for finding in report.of(name):
            row = _row(report, finding)
            told = {key: value for key, value in row.items() if key not in hidden}
            items.append({**told, "crossref": row["crossref_standing"]})
    return {
        "items": items,
        "strategies": [
            {
                **_with_numbers(_total(report, name)),
                "only here": _keys(report.only_by(name)),
            }
            for name in report.strategies
        ],
        "union": _with_numbers(_union(report)),
        "not_found": _keys([k for k in report.benchmark if not report.finders(k)]),
        "credits": report.credits,
    }


def _keys(known: Sequence[Known]) -> list[str]:
    return [each.key for each in known]
