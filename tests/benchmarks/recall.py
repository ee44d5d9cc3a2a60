"""Print how much strategies find of real works, measured by the labels of reviews.

    python tests/benchmarks/recall.py [FOLDER]

FOLDER holds `openalex/*.jsonl.gz`, `crossref/*.jsonl.gz` and
`openalex/synergy_labels.csv`; by default it is `data` of the shared folder. The
strategies in `tests/strategies/` are harvested from a local server into a temporary
database, as a team would. Recall is the share of the works that the review included;
precision counts what was found of that review's own candidates, since the other
works have no label for it. A block's yield is the number of works that have it, and
the number that the other blocks find and this one takes away.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from labelled import REVIEWS, Place, judge, read_labels, read_strategy, run, yields

from litreview.demo.server import Server, load_records, serve
from litreview.queries import Strategy, matches

ROOT = Path(__file__).resolve().parents[2]
LEADERSHIP = "school-leadership"
STEP = 100  # ranks of a ranking that are judged together


def say(line: str) -> None:
    """Write a line at once: the harvest takes a while."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def show_blocks(strategy: Strategy, server: Server, relevant: set[str]) -> None:
    """Print what each block of a strategy brings and takes."""
    for each in yields(strategy, server, relevant):
        of_these = f", {each.relevant_lost} of them included" if relevant else ""
        line = f"{each.alone:7} have it{each.lost:7} lost by it{of_these}"
        say(f"    {each.block:18}{line}")


def show_ranking(strategy: Strategy, places: list[Place], exact: set[str]) -> None:
    """Print how the worth of a ranking falls: titles that match, works in OpenAlex."""
    for at in range(0, len(places), STEP):
        some = places[at : at + STEP]
        named = sum(
            matches(strategy, place.title, "")[strategy.blocks[0].name]
            for place in some
        )
        both = sum(place.source_id in exact for place in some)
        low = some[-1].score or 0.0
        say(
            f"    ranks {at + 1:4}-{at + len(some):4}  score down to {low:6.2f}"
            f"  {strategy.blocks[0].name} in the title {named / len(some):4.0%}"
            f"  found by OpenAlex too {both / len(some):4.0%}"
        )


def main() -> None:
    """Harvest all strategies over the recorded works and print what they find."""
    shared = Path(os.environ.get("LITREVIEW_SHARED", ROOT.parent / "shared"))
    folder = Path(sys.argv[1]) if sys.argv[1:] else shared / "data"
    labels = read_labels(folder / "openalex" / "synergy_labels.csv")
    openalex_works, crossref_works = load_records(folder)
    doi_of = {
        str(work["id"]).rpartition("/")[2]: str(work.get("doi") or "").lower()[16:]
        for work in openalex_works
    }
    say(f"{len(openalex_works)} works at OpenAlex, {len(crossref_works)} at Crossref")
    with (
        serve(openalex_works, crossref_works) as server,
        tempfile.TemporaryDirectory() as root,
    ):
        found = run(Path(root), server, [*REVIEWS.values(), LEADERSHIP])
        for review, name in REVIEWS.items():
            ids = [place.source_id for place in found[f"{name} openalex"]]
            told = judge(ids, labels[review])
            say(
                f"{review:20}{len(ids):6} found  recall {told.hit}/{told.relevant} "
                f"{told.recall:6.1%}  precision {told.hit}/{told.among} "
                f"{told.precision:6.1%} of {len(labels[review])} candidates"
            )
            relevant = {work for work, kept in labels[review].items() if kept}
            show_blocks(read_strategy(name), server, relevant)
        strategy = read_strategy(LEADERSHIP)
        places = found[f"{LEADERSHIP} openalex"]
        say(f"{LEADERSHIP:20}{len(places):6} found at OpenAlex")
        show_blocks(strategy, server, set())
        ranked = found[f"{LEADERSHIP} crossref"]
        say(f"{LEADERSHIP:20}{len(ranked):6} kept of Crossref's ranking")
        exact = {doi_of.get(place.source_id, "") for place in places}
        show_ranking(strategy, ranked, exact)


if __name__ == "__main__":
    main()
