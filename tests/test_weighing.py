"""Weighing: the cheap fields first, and no pair lost that might be one record."""

from __future__ import annotations

import numpy as np

from litreview.columns import Entry, columns_of
from litreview.levels import Authors
from litreview.matching import compare
from litreview.weighing import weigh

LONG = "Coaching for head teachers in coastal schools"


def test_dropping_hopeless_pairs_early_loses_no_other() -> None:
    """What is dropped on the way could not have been kept in the end."""
    entries = [
        Entry(
            n, f"{LONG} {word}", f"{name}, A", 2000 + n % 3, "J", pages=f"{n}-{n + 5}"
        )
        for n, (word, name) in enumerate(
            (word, name)
            for word in ("", "again", "in 2 towns", "and by other means")
            for name in ("Ito", "Marsh", "Vik")
        )
    ]
    columns = columns_of(entries)
    left, right = np.triu_indices(len(entries), 1)
    full = weigh(columns, left, right, keep_all=True)
    hopeful = full.may_be_one()
    kept = weigh(columns, left, right)
    pairs = set(zip(kept.left.tolist(), kept.right.tolist(), strict=True))
    wanted = zip(full.left[hopeful].tolist(), full.right[hopeful].tolist(), strict=True)
    assert set(wanted) <= pairs
    assert len(pairs) < len(left)


def test_all_that_is_known_of_a_pair_can_be_asked() -> None:
    """Swapped names are seen also where the pair is lost in any case."""
    one = Entry(1, LONG, "Ito, Okafor", 1990, volume="1", pages="3-9")
    two = Entry(2, f"{LONG} again", "Okafor, Ito", 2010, volume="7", pages="80-90")
    found = weigh(columns_of([one, two]), *np.array([[0], [1]]), keep_all=True)
    assert found.levels[Authors].tolist() == [Authors.SOME]
    assert "some authors the same" in compare(one, two).reasons
    assert not len(weigh(columns_of([one, two]), *np.array([[0], [1]])).left)
