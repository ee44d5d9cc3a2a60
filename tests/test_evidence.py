"""Evidence: scores that are the share of duplicates among pairs of that score."""

from __future__ import annotations

import csv
import gzip
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.evidence import SHARES, calibrated
from litreview.matching import Entry, Pair, find_pairs

# Pairs that a person is asked about; those merged with some doubt; the rest.
BINS = ((0.5, 0.8), (0.8, 0.97), (0.97, 1.01))
TOLERANCE = 0.12  # of the share of duplicates around the mean score of a bin
LEAST_PAIRS = 50  # fewer show no share

SETS = ("respiratory", "stroke", "diabetes", "tafenoquine", "digital_work_a",
        "s10k", "cora")  # fmt: skip
TEXTS = ("title", "authors", "container_title", "volume", "issue", "pages", "doi",
         "abstract", "source")  # fmt: skip
WORDS = (
    *("school", "coaching", "maths", "tides", "boats", "reading", "meals", "trust"),
    *("leaders", "pupils", "coastal", "rural", "teacher", "wellbeing", "feedback"),
    *("spelling", "attendance", "mentoring", "transition", "homework", "outdoor"),
)
PEOPLE = ("Ito", "Marsh", "Okafor", "Bergman", "Vik", "Zhao", "Novak", "Silva", "Umar")


# -- the curve ------------------------------------------------------------------------


@given(st.floats(0, 1), st.floats(0, 1))
def test_calibrating_keeps_the_order(one: float, two: float) -> None:
    """A score stays between 0 and 1, and no two change places."""
    low, high = calibrated(np.array(sorted((one, two)))).tolist()
    assert 0 <= low <= high <= 1


def test_the_curve_is_what_its_table_says() -> None:
    """Its points, and the scores at and beyond its ends."""
    totals, shares = np.array(SHARES).T
    assert (np.diff(totals) > 0).all()
    assert (np.diff(shares) > 0).all()
    odds = 1 / (1 + np.exp(-np.array([totals, shares])))
    assert calibrated(odds[0]) == pytest.approx(odds[1])
    ends = [0.0, 0.001, 0.05, 0.995, 0.9999, 1.0]
    assert calibrated(np.array(ends)) == pytest.approx(ends)
    assert calibrated(np.array([0.7])) == pytest.approx(0.917, abs=0.001)


# -- labelled pairs -------------------------------------------------------------------


def article(draw: random.Random, number: int) -> Entry:
    """Make an article up."""
    first = draw.randrange(1, 900)
    names = draw.sample(PEOPLE, draw.randrange(1, 4))
    return Entry(
        number,
        " ".join(draw.sample(WORDS, 6)),
        "; ".join(f"{name}, {draw.choice('ABC')}" for name in names),
        draw.randrange(1995, 2022),
        f"Journal of {draw.choice(WORDS)} research",
        str(draw.randrange(1, 40)),
        str(draw.randrange(1, 5)),
        f"{first}-{first + 9}",
        f"10.1000/{number}",
    )


def retold(draw: random.Random, one: Entry, number: int) -> Entry:
    """Tell the same as a poorer source does."""
    told = replace(one, id=number)
    for field in ("doi", "pages", "volume", "issue", "container_title"):
        if draw.random() < 0.45:
            told = replace(told, **{field: ""})  # type: ignore[arg-type]
    if draw.random() < 0.3:
        told = replace(told, title=f"{told.title}: a mixed methods study")
    if draw.random() < 0.2:
        told = replace(told, title=told.title[1:])
    if draw.random() < 0.25:
        told = replace(told, year=(one.year or 0) + 1)
    if draw.random() < 0.3:
        told = replace(told, authors=one.authors.split(";")[0])
    return told


def another(draw: random.Random, one: Entry, number: int) -> Entry:
    """Make another text of the same people, much like it."""
    first = draw.randrange(1, 900)
    title = draw.choice(
        (one.title, f"{one.title} {draw.choice(WORDS)}", f"Comment on {one.title}")
    )
    return replace(
        one,
        id=number,
        title=title,
        doi=draw.choice(("", f"10.1000/{number}")),
        pages=draw.choice(("", f"{first}-{first + 3}")),
        volume=draw.choice(("", one.volume, str(draw.randrange(1, 40)))),
        issue="",
        year=(one.year or 0) + draw.choice((0, 0, 1, 3)),
    )


def made_up(seed: int, count: int) -> tuple[list[Entry], list[str]]:
    """Make articles up, and tell what each record is.

    A poorer source tells half of them again; one in 25 has a text much like it.
    """
    draw = random.Random(seed)  # noqa: S311 - test data
    entries: list[Entry] = []
    truth: list[str] = []
    for number in range(count):
        one = article(draw, len(entries))
        entries.append(one)
        truth.append(f"article {number}")
        if draw.random() < 0.5:
            entries.append(retold(draw, one, len(entries)))
            truth.append(f"article {number}")
        if draw.random() < 0.04:
            entries.append(another(draw, one, len(entries)))
            truth.append(f"another {number}")
    return entries, truth


def load(path: Path) -> tuple[list[Entry], list[str]]:
    """Read a labelled set: its records, and the true group of each."""
    csv.field_size_limit(sys.maxsize)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    entries = [
        Entry(
            number,
            year=int(row["year"]) if row["year"].isdigit() else None,
            type=row["entrytype"],
            **{field: row[field] for field in TEXTS},
        )
        for number, row in enumerate(rows)
    ]
    return entries, [row["cluster_id"] for row in rows]


def judged(pairs: Sequence[Pair], truth: Sequence[str]) -> list[tuple[float, bool]]:
    """Return score and truth of the pairs; versions of one work are told apart."""
    return [
        (pair.score, truth[pair.a] == truth[pair.b])
        for pair in pairs
        if pair.verdict != "same_study"
    ]


def gaps(told: Sequence[tuple[float, bool]]) -> list[float]:
    """Return for each of `BINS` how far the share of duplicates is from the score."""
    scores, same = np.array(told).T
    found = []
    for low, high in BINS:
        inside = (scores >= low) & (scores < high)
        assert inside.sum() >= LEAST_PAIRS
        found.append(float(abs(same[inside].mean() - scores[inside].mean())))
    return found


def test_scores_are_shares_on_records_made_up() -> None:
    """Of the pairs of a score about that share are duplicates, within `TOLERANCE`."""
    entries, truth = made_up(4, 4_000)
    assert max(gaps(judged(find_pairs(entries), truth))) <= TOLERANCE


@pytest.mark.shared
def test_scores_are_shares_on_labelled_sets(shared: Path) -> None:
    """The same on sets that others labelled, put together."""
    told = []
    for name in SETS:
        entries, truth = load(shared / "data" / "dedup" / f"{name}.csv.gz")
        told += judged(find_pairs(entries), truth)
    assert max(gaps(told)) <= TOLERANCE
