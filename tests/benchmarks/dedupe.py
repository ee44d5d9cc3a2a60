"""Print how accurate and how fast duplicates are found on the labelled sets.

    python tests/benchmarks/dedupe.py [FOLDER] [SET...]

FOLDER holds `<set>.csv.gz` and, where only pairs are labelled, `<set>.pairs.csv`;
by default it is `data/dedup` of the shared folder. F1 is that of the records to
remove (of every group all but one) or of the labelled pairs, in per cent. No label
is read before the groups stand. CPU seconds are those of matching alone;
`dedupe_scale.py` has more of them.
"""

from __future__ import annotations

import csv
import gzip
import os
import resource
import sys
import time
from collections import defaultdict
from pathlib import Path

from litreview.matching import (
    Entry,
    Link,
    Pair,
    components,
    find_pairs,
    open_questions,
)

REVIEWS = ("respiratory", "stroke", "diabetes", "tafenoquine", "digital_work_a")
OTHERS = ("fuzzycat_pairs_a", "dblp_scholar_pairs_a", "cora", "special_cases")
SYNTHETIC = ("s10k", "s100k")
FIELDS = (
    "title", "authors", "container_title", "volume", "issue", "pages", "doi",
    "abstract", "source",
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file, packed or not."""
    csv.field_size_limit(sys.maxsize)
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_entries(rows: list[dict[str, str]]) -> list[Entry]:
    """Turn rows into entries whose ids are the row numbers."""
    return [
        Entry(
            number,
            year=int(row["year"]) if row["year"].isdigit() else None,
            type=row["entrytype"],
            **{field: row[field] for field in FIELDS},
        )
        for number, row in enumerate(rows)
    ]


def group(count: int, pairs: list[Pair], verdicts: set[str]) -> dict[int, int]:
    """Return each row's group over the pairs with these verdicts."""
    links = [Link(p.a, p.b, p.score) for p in pairs if p.verdict in verdicts]
    return components(range(count), links, ()).of


def count_removals(of: dict[int, int], truth: list[str]) -> tuple[int, int, int]:
    """Count records removed rightly, wrongly and not: keep the first of a group."""
    kept = {min(members) for members in _invert(of).values()}
    entities = defaultdict(list)
    for row, entity in enumerate(truth):
        entities[entity].append(row in kept)
    right = sum(len(k) - max(1, sum(k)) for k in entities.values())
    wrong = sum(not any(k) for k in entities.values())
    missed = sum(max(0, sum(k) - 1) for k in entities.values())
    return right, wrong, missed


def _invert(of: dict[int, int]) -> dict[int, list[int]]:
    members = defaultdict(list)
    for row, name in of.items():
        members[name].append(row)
    return members


def count_group_pairs(of: dict[int, int], truth: list[str]) -> tuple[int, int, int]:
    """Count pairs that are together in both, in the groups only, in truth only."""
    cells: dict[tuple[int, str], int] = defaultdict(int)
    groups: dict[int, int] = defaultdict(int)
    entities: dict[str, int] = defaultdict(int)
    for row, entity in enumerate(truth):
        cells[of[row], entity] += 1
        groups[of[row]] += 1
        entities[entity] += 1
    both, found, true = (
        sum(n * (n - 1) // 2 for n in counts)
        for counts in (cells.values(), groups.values(), entities.values())
    )
    return both, found - both, true - both


def count_labelled(
    of: dict[int, int], rows: list[dict[str, str]], labels: list[dict[str, str]]
) -> tuple[int, int, int]:
    """Count labelled pairs joined rightly, wrongly and not; -1 is no label."""
    row = {record["record_id"]: number for number, record in enumerate(rows)}
    told = [
        (of[row[pair["id1"]]] == of[row[pair["id2"]]], pair["match"])
        for pair in labels
        if pair["match"] in {"0", "1"}
    ]
    return told.count((True, "1")), told.count((True, "0")), told.count((False, "1"))


def f1(right: int, wrong: int, missed: int) -> str:
    """Write F1 in per cent with (false / missed)."""
    value = 200 * right / max(1, 2 * right + wrong + missed)
    return f"{value:6.2f} ({wrong}/{missed})"


def say(line: str) -> None:
    """Write a line at once: a large set takes a while."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(folder: Path, name: str) -> tuple[int, int, int]:
    """Print one set's line; return its counts of records to remove."""
    rows = read_rows(folder / f"{name}.csv.gz")
    entries = read_entries(rows)
    start = time.process_time()
    pairs = find_pairs(entries)
    seconds = time.process_time() - start
    clusters = group(len(rows), pairs, {"duplicate"})
    asked = len(open_questions(pairs)) / len(rows)
    line = f"{name:22}{len(rows):8}{seconds:8.2f} s  asked {asked:6.2%}  "
    labels = folder / f"{name}.pairs.csv"
    if labels.exists():
        studies = group(len(rows), pairs, {"duplicate", "same_study"})
        told = read_rows(labels)
        record = count_labelled(clusters, rows, told)
        work = count_labelled(studies, rows, told)
        say(f"{line}same record {f1(*record)}  same work {f1(*work)}")
        return 0, 0, 0
    truth = [row["cluster_id"] for row in rows]
    removals = count_removals(clusters, truth)
    both, false, lost = count_group_pairs(clusters, truth)
    precision, recall = both / max(1, both + false), both / max(1, both + lost)
    say(f"{line}to remove {f1(*removals)}  pairs P {precision:.2%} R {recall:.2%}")
    return removals


def main() -> None:
    """Run the sets asked for, all by default, and the reviews pooled."""
    arguments = sys.argv[1:]
    shared = Path(os.environ.get("LITREVIEW_SHARED", ROOT.parent / "shared"))
    folder = shared / "data" / "dedup"
    if arguments and Path(arguments[0]).is_dir():
        folder = Path(arguments.pop(0))
    names = arguments or [*REVIEWS, *OTHERS, *SYNTHETIC]
    counts = {name: run(folder, name) for name in names}
    pooled = [
        sum(counts[name][k] for name in REVIEWS if name in counts) for k in (0, 1, 2)
    ]
    if any(pooled):
        say(f"reviews pooled: to remove {f1(*pooled)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    say(f"peak memory {peak} MB, with the sets themselves")


if __name__ == "__main__":
    main()
