"""Print what finding duplicates costs against a crude columnar pass and other tools.

    python tests/benchmarks/dedupe_scale.py [RECORDS...] [--add N] [--no-database]

RECORDS (100,000 and 1,000,000) are made from the set s100k of the shared folder, as
often as needed with other titles, people, pages and DOIs in the same proportions, or
made up where that folder is absent. For each number, in processes of their own:

* matching: reading the fields, meeting, comparing and judging, without a database;
* the floor: titles normalised by polars, blocking joins, one cpdist, components; a
  bound for the speed with a rule too crude to use;
* bib-dedupe and ASReview, where they are installed (and up to 100,000 records);
* `dedupe find` on SQLite: from the first pass over everything, and then N (1,000)
  more records; what reading, matching and storing take is told apart.

CPU seconds and the largest resident memory are those of the process alone. The
promise: 100,000 within 3 s of matching, 1,000,000 within 40 s and 3 GB, and 1,000
more on 1,000,000 within 5 s all in.
"""

from __future__ import annotations

import importlib
import itertools
import multiprocessing
import os
import random
import re
import resource
import string
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from rapidfuzz import fuzz, process
from sqlalchemy import insert, text

from litreview import db, dedupe
from litreview.blocking import keys_of, meetings
from litreview.columns import SCHEMA, read_columns
from litreview.matching import Link, components, match
from litreview.models import Person, Record
from litreview.vocabulary import Found, Role

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LITREVIEW_SHARED", ROOT.parent / "shared"))
LABELLED = SHARED / "data" / "dedup" / "s100k.csv.gz"
SOME, MANY = 100_000, 1_000_000
PEER_RECORDS = 100_000  # the most that other tools are given
FLOOR_CAP, FLOOR_RATIO = 100, 90.0
Figures = dict[str, Any]


# -- records ---------------------------------------------------------------------------


def records(count: int) -> pl.DataFrame:
    """Make so many records: a frame of `SCHEMA` and abstracts."""
    first = labelled() if LABELLED.exists() else made_up(SOME)
    times = -(-count // len(first))
    frames = [first, *(another(first, turn) for turn in range(1, times))]
    told = pl.concat(frames).head(count)
    return told.with_columns(pl.Series("id", np.arange(1, len(told) + 1)))


def labelled() -> pl.DataFrame:
    """Read the labelled set."""
    told = pl.read_csv(LABELLED, infer_schema=False).fill_null("")
    return told.select(
        pl.lit(0).cast(pl.Int64).alias("id"),
        *(name for name in SCHEMA if name not in {"id", "year", "type"}),
        pl.col("year").cast(pl.Int64, strict=False),
        pl.col("entrytype").alias("type"),
        "abstract",
    ).select(*SCHEMA, "abstract")


def made_up(count: int) -> pl.DataFrame:
    """Make records up, a fifth of which are damaged copies of others."""
    draw = random.Random(4)  # noqa: S311 - test data
    words = ["".join(draw.choices(string.ascii_lowercase, k=7)) for _ in range(9_000)]
    rows: list[dict[str, Any]] = []
    for number in range(count):
        if rows and draw.random() < 0.2:
            copy = {**draw.choice(rows), draw.choice(["doi", "pages", "volume"]): ""}
            rows.append(copy)
            continue
        people = "; ".join(f"{draw.choice(words[:2000]).title()}, A" for _ in range(3))
        page = draw.randrange(1, 2_000)
        rows.append(
            dict.fromkeys((*SCHEMA, "abstract"), "")
            | {
                "id": 0,
                "title": " ".join(draw.choices(words, k=9)),
                "authors": people,
                "year": draw.randrange(1990, 2026),
                "container_title": f"Journal of {draw.choice(words[:500])}",
                "volume": str(draw.randrange(1, 120)),
                "pages": f"{page}-{page + 9}",
                "doi": f"10.1000/{number}",
                "abstract": " ".join(draw.choices(words, k=60)),
            }
        )
    return pl.DataFrame(rows, schema={**SCHEMA, "abstract": pl.String})


def another(told: pl.DataFrame, turn: int) -> pl.DataFrame:
    """Make records of other works out of these, in the same proportions."""
    letters = string.ascii_lowercase
    turned = letters[turn:] + letters[:turn]
    shifted = str.maketrans(letters + letters.upper(), turned + turned.upper())
    people = told["authors"].to_list()
    names = Counter(name for team in people for name in families(team))
    order = [name for name, _ in names.most_common()]
    place = {name: at for at, name in enumerate(order)}

    def renamed(team: str) -> str:
        found = [part.partition(",") for part in team.split(";")]
        return ";".join(
            order[(place[family.strip()] + turn) % len(order)] + comma + given
            for family, comma, given in found
        )

    def retitled(title: str) -> str:  # short titles stay: "Editorial"
        return title.translate(shifted) if title.count(" ") > 2 else title

    def repaged(pages: str) -> str:
        return re.sub(r"\d+", lambda number: str(int(number[0]) + 137 * turn), pages)

    def each(name: str, change: Callable[[str], str]) -> pl.Series:
        return pl.Series(name, [change(one) for one in told[name].to_list()], pl.String)

    return told.with_columns(
        each("title", retitled),
        each("authors", renamed),
        each("pages", repaged),
        each("doi", lambda doi: f"{doi}{turn}" if doi else ""),
    )


def families(team: str) -> list[str]:
    """Return the family names of a list of authors."""
    return [part.partition(",")[0].strip() for part in team.split(";")]


# -- what is measured ------------------------------------------------------------------


def matching(count: int) -> Figures:
    """Match without a database."""
    told = records(count)
    texts = dict(zip(told["id"].to_list(), told["abstract"].to_list(), strict=True))
    told = told.drop("abstract")

    def abstracts(ids: Collection[int]) -> Mapping[int, str]:
        return {number: texts[number] for number in ids}

    begun = time.process_time()
    columns = read_columns(told, abstracts)
    read = time.process_time()
    keys = keys_of(columns)
    found = match(columns, meetings(keys))
    done = time.process_time()
    return {"CPU s": done - begun, "of it fields": read - begun, "pairs": len(found)}


def floor(count: int) -> Figures:
    """Do the least that could be called matching, all in columns."""
    told = records(count).select("id", "title", "doi", "year")
    begun = time.process_time()
    plain = told.select(
        row=pl.int_range(pl.len()),
        title=pl.col("title")
        .str.to_lowercase()
        .str.replace_all("[^a-z0-9]+", " ")
        .str.strip_chars(" "),
        doi=pl.col("doi").str.to_lowercase(),
    )
    keys = (
        pl.col("doi"),
        pl.col("title"),
        pl.col("title").str.head(24),
        pl.col("title").str.tail(24),
    )
    met = pl.concat([joined(plain, key) for key in keys]).unique()
    titles = np.array(plain["title"].to_list(), object)
    left, right = met["a"].to_numpy(), met["b"].to_numpy()
    ratios = process.cpdist(
        titles[left].tolist(),
        titles[right].tolist(),
        scorer=fuzz.ratio,
        score_cutoff=FLOOR_RATIO,
    )
    sure = np.flatnonzero(ratios)
    links = [
        Link(a, b, 1.0)
        for a, b in zip(left[sure].tolist(), right[sure].tolist(), strict=True)
    ]
    components((), links, ())
    return {"CPU s": time.process_time() - begun, "pairs": len(sure)}


def joined(plain: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    """Return the pairs of rows that share a key which few have."""
    told = plain.select("row", key=key).filter(pl.col("key") != "")
    size = pl.len().over("key")
    told = told.filter((size > 1) & (size <= FLOOR_CAP))
    pairs = told.join(told, on="key", suffix="_other")
    return pairs.filter(pl.col("row") < pl.col("row_other")).select(
        a="row", b="row_other"
    )


def bib_dedupe(count: int) -> Figures:
    """Ask bib-dedupe for its matches, in this process alone."""
    tool = importlib.import_module("bib_dedupe.bib_dedupe")
    told = for_others(count)
    begun = time.process_time()
    found = tool.match(tool.block(tool.prep(told, cpu=1), cpu=1), cpu=1)
    return {"CPU s": time.process_time() - begun, "pairs": len(found)}


def asreview(count: int) -> Figures:
    """Ask ASReview which records are duplicates; its versions 1 can tell."""
    tool = importlib.import_module("asreview")
    told = for_others(count)
    begun = time.process_time()
    found = tool.ASReviewData(told).duplicated()
    return {"CPU s": time.process_time() - begun, "pairs": int(found.sum())}


def for_others(count: int) -> pd.DataFrame:
    """Return the records as other tools want them."""
    names = {
        "id": "ID",
        "authors": "author",
        "container_title": "journal",
        "issue": "number",
        "type": "ENTRYTYPE",
    }
    told = records(count).rename(names).cast(pl.String).fill_null("")
    return pd.DataFrame(told.to_dict(as_series=False))


def database(count: int, more: int) -> Figures:
    """Find on SQLite: everything, then some more records, then nothing new."""
    told = records(count + more)
    with tempfile.TemporaryDirectory() as folder:
        engine = db.engine_for(f"sqlite:///{folder}/review.sqlite")
        db.create(engine)
        with db.transaction(engine) as session:
            session.add(Person(handle="lead", role=Role.LEAD))
        fill(engine, told.head(count))
        figures = {f"all: {k}": v for k, v in timed(engine).items()}
        fill(engine, told.tail(more))
        del told
        figures |= {f"{more:,} more: {k}": v for k, v in timed(engine).items()}
        figures |= {f"none: {k}": v for k, v in timed(engine).items()}
        engine.dispose()
    return figures


def fill(engine: Any, told: pl.DataFrame) -> None:
    """Store records as a harvest leaves them."""
    for part in told.iter_slices(20_000):
        rows = [
            {**row, "source_id": f"R{row['id']}", "found": Found.DATABASE,
             "cluster_id": row["id"]}
            for row in part.to_dicts()
        ]  # fmt: skip
        with db.transaction(engine) as session:
            session.execute(text("PRAGMA defer_foreign_keys=ON"))
            session.execute(insert(Record), rows)


def timed(engine: Any) -> Figures:
    """Find once; return the CPU seconds of each step."""
    spent: defaultdict[str, float] = defaultdict(float)
    last, at = "reading", time.process_time()

    def tell(step: str, _done: int, _total: int) -> None:
        nonlocal last, at
        now = time.process_time()
        spent[last] += now - at
        last, at = step, now

    begun = time.process_time()
    found = dedupe.find(engine, by="lead", tell=tell)
    tell("", 0, 0)
    return {
        "CPU s": time.process_time() - begun,
        **spent,
        "compared": found.compared,
        "reports": found.reports,
    }


# -- printing --------------------------------------------------------------------------


def measured(work: Callable[..., Figures], *arguments: int) -> Figures | str:
    """Do the work in a process of its own; return its figures, or why not."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        try:
            return pool.apply(in_process, (work, *arguments))
        except (ImportError, AttributeError) as error:
            return f"skipped: {error}"


def in_process(work: Callable[..., Figures], *arguments: int) -> Figures:
    """Add the largest memory to the figures."""
    figures = work(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**figures, "peak MB": peak}


def say(name: str, figures: Figures | str, *others: tuple[str, float]) -> None:
    """Write a line at once: a large set takes a while.

    `others` are names and CPU seconds to compare with.
    """
    if isinstance(figures, str):
        told = figures
    else:
        told = "  ".join(
            f"{key} {value:,.2f}" if isinstance(value, float) else f"{key} {value:,}"
            for key, value in figures.items()
        )
        for other, seconds in others:
            told += f"  = {figures['CPU s'] / seconds:.1f} x {other}"
    sys.stdout.write(f"{name:22}{told}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure each number of records asked for."""
    arguments = sys.argv[1:]
    more = 1_000
    if "--add" in arguments:
        at = arguments.index("--add")
        more = int(arguments[at + 1])
        del arguments[at : at + 2]
    stored = "--no-database" not in arguments
    counts = [int(word.replace(",", "")) for word in arguments if word[0].isdigit()]
    for count in counts or [SOME, MANY]:
        say(f"{count:,} records", "")
        tools = (asreview, bib_dedupe) if count <= PEER_RECORDS else ()
        known: list[tuple[str, float]] = []
        for tool in (floor, matching, *tools):
            name = tool.__name__.replace("_", "-")
            figures = measured(tool, count)
            say(f"  {name}", figures, *known)
            if tool in {floor, matching} and not isinstance(figures, str):
                known.append((name, figures["CPU s"]))
        if stored:
            told = measured(database, count, more)
            if isinstance(told, str):
                say("  database", told)
                continue
            groups = itertools.groupby(
                told.items(), lambda item: item[0].split(": ")[0]
            )
            for name, items in groups:
                say(f"  find, {name}", {key.split(": ")[-1]: v for key, v in items})


if __name__ == "__main__":
    main()
