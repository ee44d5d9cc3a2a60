"""Print after how many records orders find 95 % of the relevant ones, ASReview's too.

    python tests/benchmarks/relevance.py [--peer PYTHON] [--seeds N] [--every N] [DIR]

DIR holds labelled sets; by default it is `data` of the shared folder: the four
reviews of `openalex/synergy_labels.csv` with the works of `openalex/synergy.jsonl.gz`
and the screening decisions of `screening/Depression_Overview_Search_Data.xlsx`
(titles only). A simulation begins with one relevant and one irrelevant record drawn
by the seed, ranks the rest, screens the first `--every` of them, and learns again.

PYTHON is an interpreter with ASReview 2 or later. It is given the same texts, labels
and first records, and simulates its own default model (the one that it calls ultra)
with as many records between two trainings. Figures are means over the seeds:

    records    screened when 95 % are found, the two first ones included
    WSS@95     work saved over sampling, Cohen's formula
    ATD        mean rank of the relevant records found by then
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import pandas as pd

from litreview import metrics, relevance

ROOT = Path(__file__).resolve().parents[2]
TARGET = metrics.USUAL_RECALL

# Run by the peer's interpreter: reads sets and first records, writes orders.
PEER = """
import json, sys, warnings
import pandas as pd
warnings.filterwarnings("ignore")
import asreview
from asreview.learner import ActiveLearningCycle
from asreview.models.models import get_ai_config
from asreview.simulation.simulate import Simulate

asked = json.load(open(sys.argv[1]))

class Enough:
    def __init__(self, wanted):
        self.wanted = wanted
    def stop(self, results, _data):
        return results["label"].sum() >= self.wanted

told = {"version": asreview.__version__, "model": get_ai_config()["name"]}
orders = []
for one in asked:
    texts = pd.DataFrame(one["texts"], columns=["title", "abstract"])
    for first in one["first"]:
        cycle = ActiveLearningCycle.from_meta(get_ai_config()["value"])
        cycle.n_query = one["every"]
        run = Simulate(texts, pd.Series(one["labels"]), cycle,
            stopper=Enough(one["wanted"]), print_progress=False)
        run.label(first)
        run.review()
        orders.append([int(number) for number in run._results["record_id"]])
told["orders"] = orders
json.dump(told, open(sys.argv[2], "w"))
"""


@dataclass(frozen=True)
class Labelled:
    """A labelled set: a title, an abstract and a label for each record."""

    name: str
    texts: Sequence[relevance.Text]
    labels: Sequence[bool]


def say(line: str) -> None:
    """Write a line at once: the simulations take a while."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# -- the sets ----------------------------------------------------------------------


def sets(folder: Path) -> Iterator[Labelled]:
    """Yield the labelled sets of the folder."""
    if (folder / "openalex" / "synergy_labels.csv").exists():
        yield from synergy(folder / "openalex")
    workbook = folder / "screening" / "Depression_Overview_Search_Data.xlsx"
    if workbook.exists():
        yield depression(workbook)


def synergy(folder: Path) -> Iterator[Labelled]:
    """Yield reviews whose labels name works of OpenAlex, without works not there."""
    works = {}
    with gzip.open(folder / "synergy.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            work = json.loads(line)
            placed = [
                (place, word)
                for word, places in (work["abstract_inverted_index"] or {}).items()
                for place in places
            ]
            abstract = " ".join(word for _place, word in sorted(placed))
            works[short(work["id"])] = (work["title"] or "", abstract)
    found: dict[str, list[tuple[relevance.Text, bool]]] = defaultdict(list)
    with (folder / "synergy_labels.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            work_id = short(row["openalex_id"])
            if work_id in works:
                label = row["label_included"] == "1"
                found[row["dataset"]].append((works[work_id], label))
    for name, rows in sorted(found.items()):
        yield Labelled(name, [text for text, _ in rows], [label for _, label in rows])


def short(work_id: str) -> str:
    """Return an OpenAlex id without its address."""
    return work_id.rpartition("/")[2]


def depression(workbook: Path) -> Labelled:
    """Return the overview's references, labelled by the consensus on abstracts.

    There is a citation for each; what follows the year, up to the journal, is taken
    for the title.
    """
    rows = pd.read_excel(workbook, sheet_name="reference_level")
    texts = []
    for citation in rows["citation"].astype(str):
        after = re.split(r"\(\d{4}\w?\)\. ?", citation, maxsplit=1)[-1]
        texts.append((after.split(";")[0], ""))
    kept = rows["screening_consensus"].str.startswith("1")
    return Labelled("Depression overview", texts, kept.tolist())


# -- simulations -------------------------------------------------------------------


def first_records(one: Labelled, seed: int) -> list[int]:
    """Draw the two records that a simulation begins with."""
    draw = random.Random(seed)  # noqa: S311 - a draw to repeat
    relevant = [place for place, label in enumerate(one.labels) if label]
    others = [place for place, label in enumerate(one.labels) if not label]
    return [draw.choice(relevant), draw.choice(others)]


def simulate(
    one: Labelled, known: relevance.Corpus, first: Sequence[int], every: int
) -> list[int]:
    """Return records in the order of screening, until enough are found."""
    order = list(first)
    waiting = [place for place in range(len(one.labels)) if place not in first]
    wanted = metrics.wanted(sum(one.labels), TARGET)
    while sum(one.labels[place] for place in order) < wanted:
        taught = {place: one.labels[place] for place in order}
        ranked = relevance.ranked(known, taught, waiting)
        order += ranked[:every]
        gone = set(ranked[:every])
        waiting = [place for place in waiting if place not in gone]
    return order


def figures(one: Labelled, order: Sequence[int]) -> tuple[float, float, float]:
    """Return records until enough are found, WSS and ATD of one order."""
    rest = sorted(set(range(len(one.labels))) - set(order), key=lambda p: one.labels[p])
    cut = metrics.cut_at([one.labels[place] for place in (*order, *rest)], TARGET)
    assert cut is not None
    found = [one.labels[place] for place in order[: cut.screened]]
    return cut.screened, cut.wss(TARGET), metrics.average_time(found) or 0.0


def line(who: str, told: Sequence[tuple[float, float, float]], note: str) -> str:
    """Return one line of the table: means over the seeds."""
    records, saved, average = (mean(column) for column in zip(*told, strict=True))
    return (
        f"  {who:20}{records:9.1f} records{saved:9.1%} WSS@95{average:9.1f} ATD{note}"
    )


def peers_orders(
    python: str,
    all_of: Sequence[Labelled],
    firsts: Sequence[list[list[int]]],
    every: int,
) -> tuple[str, list[list[int]]]:
    """Return who the peer is, and its orders, set after set and seed after seed."""
    asked = [
        {
            "texts": one.texts,
            "labels": [int(label) for label in one.labels],
            "wanted": metrics.wanted(sum(one.labels), TARGET),
            "first": first,
            "every": every,
        }
        for one, first in zip(all_of, firsts, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "question.json"), Path(folder, "answer.json")
        question.write_text(json.dumps(asked), "utf-8")
        words = [python, "-c", PEER, str(question), str(answer)]
        subprocess.run(words, check=True, cwd=folder)
        told = json.loads(answer.read_text("utf-8"))
    return f"ASReview {told['version']} {told['model']}", told["orders"]


def main() -> None:
    """Simulate on every set and print both figures."""
    reader = argparse.ArgumentParser(description="Compare orders of screening.")
    reader.add_argument("folder", nargs="?", type=Path)
    reader.add_argument("--peer", metavar="PYTHON", help="with asreview installed")
    reader.add_argument("--seeds", type=int, default=5)
    reader.add_argument("--every", type=int, default=1, help="records per training")
    given = reader.parse_args()
    shared = Path(os.environ.get("LITREVIEW_SHARED", ROOT.parent / "shared"))
    all_of = list(sets(given.folder or shared / "data"))
    firsts = [
        [first_records(one, seed) for seed in range(given.seeds)] for one in all_of
    ]
    ours, spent = [], []
    for one, first in zip(all_of, firsts, strict=True):
        began = time.perf_counter()
        known = relevance.corpus(dict(enumerate(one.texts)))
        assert known is not None
        ours.append([simulate(one, known, each, given.every) for each in first])
        spent.append((time.perf_counter() - began) / given.seeds)
    peer = ""
    orders: list[list[int]] = []
    if given.peer:
        peer, orders = peers_orders(given.peer, all_of, firsts, given.every)
    for place, one in enumerate(all_of):
        say(f"{one.name}: {len(one.labels):,} records, {sum(one.labels):,} relevant")
        note = f"   {spent[place]:.1f} s a simulation"
        say(line("litreview", [figures(one, order) for order in ours[place]], note))
        if peer:
            theirs = orders[place * given.seeds : (place + 1) * given.seeds]
            say(line(peer, [figures(one, order) for order in theirs], ""))
        lot = metrics.random_rank(len(one.labels), sum(one.labels), TARGET)
        say(f"  {'by lot':20}{lot:9.1f} records")


if __name__ == "__main__":
    main()
