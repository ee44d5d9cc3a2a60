"""Weigh all fields of pairs of records, the cheap ones first.

A pair is dropped as soon as nothing that is still to be compared can lift it to
`UNSURE` nor make it two versions of a work: of a million pairs that meet, few have
their authors or abstracts compared.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from litreview.columns import Columns, Ints
from litreview.comparison import (
    abstract_levels,
    author_levels,
    container_levels,
    doi_levels,
    form_levels,
    notice_levels,
    page_levels,
    title_levels,
    title_ratios,
    volume_levels,
    wording_levels,
    year_levels,
)
from litreview.evidence import Evidence, Flags, Levels
from litreview.levels import (
    Abstract,
    Authors,
    Container,
    Doi,
    Form,
    Issue,
    Level,
    Notice,
    Pages,
    Title,
    Volume,
    Wording,
    Year,
)
from litreview.titles import HOPELESS_RATIO, NEAR_RATIO

VERSION_RATIO = 60.0  # per cent; a version's title without its subtitle
Step = tuple[
    tuple[type[Level], ...],
    Callable[[Columns, Evidence], Levels | tuple[Levels, ...]],
]
NUMBERS: tuple[Step, ...] = (
    ((Year,), year_levels),
    ((Volume,), volume_levels),
    ((Pages, Issue), page_levels),
    ((Notice,), notice_levels),
    ((Form,), form_levels),
)
WORDS: tuple[Step, ...] = (
    ((Doi,), doi_levels),
    ((Title,), title_levels),
    ((Authors,), author_levels),
    ((Wording,), wording_levels),
    ((Container,), container_levels),
    ((Abstract,), abstract_levels),
)


def weigh(
    columns: Columns, left: Ints, right: Ints, *, keep_all: bool = False
) -> Evidence:
    """Compare pairs of rows field by field; `keep_all` drops none of them."""
    evidence = Evidence(left, right, {}, keep_all)
    for fields, levels_of in NUMBERS:
        _add(evidence, fields, levels_of(columns, evidence))
    evidence = evidence.keep(_likely(columns, evidence))
    for fields, levels_of in WORDS:
        _add(evidence, fields, levels_of(columns, evidence))
        evidence = evidence.keep(evidence.may_be_one() | evidence.may_be_versions())
    return evidence


def _add(
    evidence: Evidence,
    fields: tuple[type[Level], ...],
    found: Levels | tuple[Levels, ...],
) -> None:
    arrays = found if isinstance(found, tuple) else (found,)
    evidence.levels.update(zip(fields, arrays, strict=True))


def _likely(columns: Columns, evidence: Evidence) -> Flags:
    """Flag the pairs whose numbers and titles at a glance allow for anything."""
    left, right = evidence.left, evidence.right
    doi = (columns.doi[left] == columns.doi[right]) & (columns.doi[left] > 0)
    without = np.where(doi, 0.0, Doi.MISSING.weight - Doi.SAME.weight)
    possible = evidence.may_be_one(without)
    lead = (columns.lead[left] == columns.lead[right]) & (columns.lead[left] > 0)
    # The less a pair may be, the sooner the comparison of its titles may give up.
    ratios = np.zeros(len(left), np.float32)
    for flags, least in (
        (possible, HOPELESS_RATIO),
        (~possible & lead, VERSION_RATIO),
        (~possible & ~lead, NEAR_RATIO),
    ):
        ratios[flags] = title_ratios(columns, left[flags], right[flags], least)
    titled = (columns.title[left] > 0) & (columns.title[right] > 0)
    best = np.select(
        [~titled | (ratios >= NEAR_RATIO), ratios > 0],
        [Title.SAME.weight, Title.CONTINUED.weight],
        Title.TRANSLATED.weight,
    )
    one = evidence.may_be_one(best - Title.SAME.weight + without)
    version = (lead & (ratios >= VERSION_RATIO)) | (ratios >= NEAR_RATIO)
    return np.asarray((possible & one) | version, np.bool_)
