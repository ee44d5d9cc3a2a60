"""When may screening stop early? The rules that a protocol can name.

A rule looks at what was screened so far, in the order of screening: true for a
relevant record. Three can be named:

    hypergeometric   a test of the claim that the recall wanted is not yet reached
    in_a_row         so many irrelevant records one after another
    share            so large a part of the records is screened

Only the first says how sure it is, and only if records come in an order that does
not put relevant ones last; the others are habits. A review that names no rule
screens every record, which is the default: reviews with few or scattered relevant
records seldom meet what the test assumes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from litreview.errors import UsageError
from litreview.vocabulary import StoppingRule
from litreview.yamlfile import Node

# What a protocol has to say with each rule.
PARAMETERS = {
    StoppingRule.HYPERGEOMETRIC: ("recall", "confidence"),
    StoppingRule.IN_A_ROW: ("records",),
    StoppingRule.SHARE: ("share",),
}
# Records at the end that stand for what is to come, where recall is guessed.
WINDOW = 100
PART = re.compile(r"0?\.[0-9]{1,9}")
# A term this small beside the sum no longer changes it.
NEGLIGIBLE = 1e-17
# Said with the figures.
ASSUMPTIONS = {
    "recall_estimate": "what is unscreened is as rich in relevant records as the last "
    f"{WINDOW} screened",
    "recall_at_least": "what is unscreened is no richer in relevant records than what "
    "was screened last, and the verdicts are right",
}


@dataclass(frozen=True)
class Rule:
    """A stopping rule with its parameters, as a protocol states it.

    `recall` and `confidence` are the test's, `records` is for in_a_row, `share` for
    share; `at_least` is a share of all records that any rule waits for.
    """

    name: StoppingRule
    recall: float = 0.95
    confidence: float = 0.95
    records: int = 50
    share: float = 0.5
    at_least: float = 0.0
    why: str = ""

    def __str__(self) -> str:
        """Say the rule in words, as PRISMA is to name it."""
        told = {
            StoppingRule.HYPERGEOMETRIC: (
                f"hypergeometric test, recall {self.recall:g} with confidence "
                f"{self.confidence:g}"
            ),
            StoppingRule.IN_A_ROW: f"{self.records} irrelevant records in a row",
            StoppingRule.SHARE: f"{self.share:.4g} of the records screened",
        }[self.name]
        after = f", after at least {self.at_least:g} of the records"
        return told + (after if self.at_least else "")


@dataclass(frozen=True)
class Finding:
    """What a rule says of a state of screening, with the figures it rests on.

    `p` is the test's; None for the other rules.
    """

    holds: bool
    total: int
    screened: int
    relevant: int
    in_a_row: int
    p: float | None = None


def parse_rule(node: Node) -> Rule:
    """Read the field `stopping` of review.yaml.

    Raises `InputFileError` for a rule that is none, and a parameter that lacks, is
    no share, or is another rule's.
    """
    name = node.member("rule", StoppingRule)
    node.fields(required={"rule", "why", *PARAMETERS[name]}, optional={"at_least"})
    usual = Rule(name)
    return Rule(
        name,
        recall=_part(node, "recall", usual.recall),
        confidence=_part(node, "confidence", usual.confidence),
        records=_count(node, "records", usual.records),
        share=_part(node, "share", usual.share),
        at_least=_part(node, "at_least", usual.at_least),
        why=node.words("why"),
    )


def _part(node: Node, key: str, usual: float) -> float:
    """Return a field that is a share, more than none and less than all."""
    if key not in node:
        return usual
    word = node[key].text()
    if not PART.fullmatch(word) or not float(word):
        raise node[key].error(
            f"{word!r} is no share", fix="write a number between 0 and 1, such as 0.95"
        )
    return float(word)


def _count(node: Node, key: str, usual: int) -> int:
    if key not in node:
        return usual
    number = node[key].integer()
    if number < 1:
        raise node[key].error(f"{number} records are none", fix="50 is usual")
    return number


def judge(rule: Rule, labels: Sequence[bool], total: int) -> Finding:
    """Say whether a rule lets screening stop after these labels, of `total` records.

    Raises UsageError where there are more labels than records.
    """
    relevant, run = sum(map(bool, labels)), in_a_row(labels)
    p = None
    if rule.name == StoppingRule.HYPERGEOMETRIC:
        p = p_value(labels, total, recall=rule.recall)
        holds = p < _rest(rule.confidence)
    elif rule.name == StoppingRule.IN_A_ROW:
        holds = run >= rule.records
    else:
        holds = len(labels) >= _share(rule.share, total)
    # With nothing left there is nothing to stop.
    enough = len(labels) >= _share(rule.at_least, total) and bool(labels)
    return Finding(holds and enough, total, len(labels), relevant, run, p)


def _share(share: float, total: int) -> Fraction:
    return Fraction(str(share)) * total


def _rest(confidence: float) -> float:
    """Return 1 - confidence without the error of its last bit."""
    return float(1 - Fraction(str(confidence)))


def in_a_row(labels: Sequence[bool]) -> int:
    """Return how many irrelevant records were screened last, one after another."""
    run = 0
    for label in reversed(labels):
        if label:
            break
        run += 1
    return run


def p_value(labels: Sequence[bool], total: int, *, recall: float = 0.95) -> float:
    """Return how likely such a sequence is if the recall wanted were not reached.

    The test of Callaghan and Müller-Hansen 2020 (doi 10.1186/s13643-020-01521-4).
    If the recall were missed, there would be at least K relevant records in all,
    the smallest number of which those seen are less than the share. Look back over
    the last i records screened as if they had been drawn at random from all that
    was unscreened before them: the chance to draw as few relevant ones as were
    seen, of the K less those seen earlier, is a hypergeometric probability. The
    answer is the smallest over all i.

    A window only gains by reaching back over irrelevant records, so that those
    which begin after a relevant one, and the longest, are enough; the smallest over
    these is the smallest over all.

    Raises UsageError where there are more labels than records, or the recall is not
    above 0 and at most 1.
    """
    if len(labels) > total:
        raise UsageError(f"{len(labels)} records screened are more than all, {total}")
    if not 0 < recall <= 1:
        raise UsageError(f"a recall of {recall} cannot be wanted", fix="give 0.95")
    seen = sum(map(bool, labels))
    missed = math.floor(seen / Fraction(str(recall))) + 1 - seen
    return _least(labels, total, missed)


def _least(labels: Sequence[bool], total: int, missed: int) -> float:
    """Return the smallest chance over all windows if so many were still unfound."""
    screened = len(labels)
    left = total - screened
    if missed > left:
        return 0.0
    # Windows by the relevant records in them: each reaches back to the next one.
    ranks = [rank for rank, label in enumerate(labels) if label]
    starts = [rank + 1 for rank in reversed(ranks)] + [0]
    return min(
        _at_most(drawn, left + screened - start, drawn + missed, screened - start)
        for drawn, start in enumerate(starts)
    )


def recall_at_least(
    labels: Sequence[bool], total: int, *, confidence: float = 0.95
) -> float | None:
    """Return the recall that is reached at least, with this confidence.

    It is the largest that the test of `p_value` does not leave in doubt; None before
    the first relevant record.
    """
    seen = sum(map(bool, labels))
    if not seen:
        return None
    low, high = 0, total - len(labels) + 1  # not refuted, refuted
    while high - low > 1:
        middle = (low + high) // 2
        if _least(labels, total, middle) < _rest(confidence):
            high = middle
        else:
            low = middle
    return seen / (seen + low)


def recall_estimate(labels: Sequence[bool], total: int) -> float | None:
    """Return the recall if the rest were as rich in relevant records as the last ones.

    The last ones are the last `WINDOW` records screened, or all of them if fewer. In
    an order that brings relevant records first this is a cautious guess; None before
    the first relevant record.
    """
    seen, last = sum(map(bool, labels)), labels[-WINDOW:]
    if not seen:
        return None
    rate = sum(map(bool, last)) / len(last)
    return seen / (seen + rate * (total - len(labels)))


def _at_most(drawn: int, population: int, relevant: int, sample: int) -> float:
    """Return the chance of at most `drawn` relevant records in a sample.

    The sample is of a population with so many relevant ones (hypergeometric). The
    tail on the side of `drawn` away from the mode is added, so that terms only fall.
    """
    lowest = max(0, sample - (population - relevant))
    highest = min(relevant, sample)
    if not lowest <= drawn < highest:
        return 0.0 if drawn < lowest else 1.0
    others = population - relevant - sample  # undrawn irrelevant, less those drawn
    below = drawn <= (sample + 1) * (relevant + 1) / (population + 2)
    x = drawn if below else drawn + 1
    term = math.exp(
        _log_choose(relevant, x)
        + _log_choose(population - relevant, sample - x)
        - _log_choose(population, sample)
    )
    total = 0.0
    while term > total * NEGLIGIBLE:
        total += term
        if below:
            term *= x * (others + x) / ((relevant - x + 1) * (sample - x + 1))
            x -= 1
        else:
            term *= (relevant - x) * (sample - x) / ((x + 1) * (others + x + 1))
            x += 1
    return min(1.0, total) if below else max(0.0, 1.0 - total)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def first_stop(rule: Rule, labels: Sequence[bool], total: int) -> int | None:
    """Return after how many records a rule first lets screening stop; None if never."""
    return next(
        (
            number
            for number in range(1, len(labels) + 1)
            if judge(rule, labels[:number], total).holds
        ),
        None,
    )
