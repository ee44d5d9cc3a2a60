"""Published examples, reproduced by the public functions and by the commands.

The votes of all tables of two screeners with two or three categories are brought in
as one votes file, each table by a pair of its own, and read from `litreview screen
agreement --json`; sequences of verdicts are read from `screen progress --json`.
Tables with more categories, and ratings that are no verdicts, are left to the public
functions. What is published stands here; the project's own table of examples, where
it is at hand, is gone through number by number, to the digits printed there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from making import REVIEW, Maker
from sqlalchemy import insert
from sqlalchemy.orm import Session
from team import TA

from litreview import cli, db, metrics, stopping
from litreview.agreement import (
    Errors,
    Table,
    cohen_kappa,
    expected_agreement,
    kappa_errors,
    percent_agreement,
    weighted_kappa,
)
from litreview.models import Record
from litreview.raters import (
    Level,
    conger_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    many_ac1,
    many_brennan_prediger,
    many_percent,
)
from litreview.statistic import Z95, student
from litreview.vocabulary import Found, StoppingRule

# Verdicts in the order of a table's rows and columns, by their number.
WORDS = {2: ("include", "exclude"), 3: ("include", "maybe", "exclude")}
# Published tables, a row for each category of the first rater: grant proposals and
# two tables of the same agreement (the usual examples of Cohen's kappa), a table that
# SAS prints, Fleiss, Cohen and Everitt 1969, and two observers of Krippendorff 2011.
TABLES = {
    "grants": [[20, 5], [10, 15]],
    "even": [[45, 15], [25, 15]],
    "uneven": [[25, 35], [5, 35]],
    "sas": [[0, 4, 1], [0, 8, 0], [0, 1, 5]],
    "fleiss": [[106, 10, 4], [22, 28, 10], [2, 12, 6]],
    "observers": [[5, 1], [3, 1]],
    "nobody": [[0, 0], [0, 10]],
}
# Six psychiatrists on thirty patients, five diagnoses (Fleiss 1971): how many chose
# each.
DIAGNOSES = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006
10050 11040 03300 10050 02031 00501 30012 51000 02040 10203
00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
# Gwet's example of four raters with gaps, by rater.
GAP = None
GWET = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, GAP],
    [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 3],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
]

Entry = dict[str, Any]


@dataclass
class Space:
    """A workspace with records, and a lead who brings votes in."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "lead") -> str:
        """Run a command that must succeed; return its output."""
        self.capture.readouterr()
        status = cli.run(["-w", str(self.root), "--as", by, "screen", *words])
        said = self.capture.readouterr()
        assert status == 0, said.err
        return said.out

    def bring(self, votes: Sequence[tuple[int, str, str]]) -> None:
        """Bring votes (record, screener, verdict) in from a file."""
        file = self.root / "votes.csv"
        lines = [f"{record},{who},{TA},{said}\n" for record, who, said in votes]
        file.write_text("".join(["record_id,screener,stage,verdict\n", *lines]))
        self.run("import", str(file))

    def own(self, who: str) -> Entry:
        """Return the course of somebody's own votes."""
        told = json.loads(self.run("progress", "--json", by=who))
        course: Entry = told[TA]["course"]["own"]
        return course


def make_space(root: Path, capture: pytest.CaptureFixture[str], records: int) -> Space:
    """Make a workspace with so many records, and the screeners ann and bob."""
    for folder in ("screening", "db"):
        (root / folder).mkdir(parents=True)
    (root / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    engine = db.engine_for(f"sqlite:///{root / 'db' / 'review.sqlite'}")
    db.create(engine)

    def fill(session: Session) -> None:
        make = Maker(session)
        make.review()
        rows = [
            {
                "id": number,
                "source": "made",
                "source_id": str(number),
                "found": Found.DATABASE,
                "cluster_id": number,
            }
            for number in range(1, records + 1)
        ]
        session.execute(insert(Record), rows)

    db.write(engine, fill)
    engine.dispose()
    return Space(root, capture)


def agreements(
    root: Path,
    capture: pytest.CaptureFixture[str],
    tables: Mapping[str, Sequence[Sequence[int]]],
) -> dict[str, Entry]:
    """Bring tables in as votes; return what is told of each, on all its categories."""
    votes: list[tuple[int, str, str]] = []
    record = 0
    for name, table in tables.items():
        for a, b in pairs(table):
            record += 1
            votes += [(record, f"{name}-a", a), (record, f"{name}-b", b)]
    space = make_space(root, capture, record)
    space.bring(votes)
    found = {}
    for entry in json.loads(space.run("agreement", "--json")):
        name = entry["screeners"][0][:-2]
        both = entry["screeners"] == [f"{name}-a", f"{name}-b"]
        if both and len(entry["categories"]) == len(tables[name]):
            found[name] = entry
    return found


def pairs(table: Sequence[Sequence[int]]) -> Iterator[tuple[str, str]]:
    """Yield the verdicts of two screeners that make this table."""
    words = WORDS[len(table)]
    for a, row in zip(words, table, strict=True):
        for b, count in zip(words, row, strict=True):
            yield from [(a, b)] * count


def units(counts: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return one list of values per record from how often each was chosen."""
    return [
        list(chain.from_iterable([k] * often for k, often in enumerate(row)))
        for row in counts
    ]


# -- what is published -----------------------------------------------------------------


def test_published_tables_come_back_from_a_votes_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kappa, its interval, weighted kappa and alpha are those in print."""
    found = agreements(tmp_path, capsys, TABLES)
    kappa = {
        name: entry["statistics"]["cohen_kappa"]["value"]
        for name, entry in found.items()
    }
    assert kappa == {
        "grants": pytest.approx(0.40, abs=1e-9),
        "even": pytest.approx(0.1304, abs=5e-5),
        "uneven": pytest.approx(0.2593, abs=5e-5),
        "sas": pytest.approx(0.4842, abs=5e-5),
        "fleiss": pytest.approx(0.429, abs=5e-4),
        "observers": pytest.approx(2 / 22, abs=1e-9),
        "nobody": None,
    }
    sas = found["sas"]["statistics"]
    assert sas["cohen_kappa"]["interval"] == pytest.approx([0.2137, 0.7547], abs=5e-5)
    weighted = sas["linear_weighted_kappa"]
    assert weighted["value"] == pytest.approx(0.4701, abs=5e-5)
    assert weighted["interval"] == pytest.approx([0.1845, 0.7558], abs=5e-5)
    alpha = found["observers"]["statistics"]["krippendorff_alpha_nominal"]
    assert alpha["value"] == pytest.approx(0.095, abs=5e-4)
    nothing = found["nobody"]["statistics"]
    assert nothing["percent_agreement"]["value"] == 1
    note = nothing["cohen_kappa"]["note"]
    assert note == "undefined: both screeners used one verdict only; 100 % agreement"
    assert nothing["krippendorff_alpha_nominal"]["value"] is None
    for name, entry in found.items():
        assert entry["table"] == TABLES[name]
        assert {one["n"] for one in entry["statistics"].values()} == {
            sum(map(sum, TABLES[name]))
        }
    assert found.keys() == TABLES.keys()


def test_published_figures_of_many_raters() -> None:
    """Fleiss 1971 on five diagnoses; Gwet's coefficients with gaps."""
    counts = [[int(digit) for digit in word] for word in DIAGNOSES.split()]
    assert fleiss_kappa(units(counts)).value == pytest.approx(0.430, abs=5e-4)
    gwet = list(zip(*GWET, strict=True))
    assert conger_kappa(gwet).value == pytest.approx(0.76282, abs=5e-6)
    assert fleiss_kappa(gwet).value == pytest.approx(0.76117, abs=5e-6)


def test_a_published_table_of_four_categories() -> None:
    """Stata's xeromammograms: kappa 0.4728, z 6.81, weighted 0.5684 and 0.6714."""
    rows = ((21, 12, 0, 0), (4, 17, 1, 0), (3, 9, 15, 2), (0, 0, 0, 1))
    table = Table(("1", "2", "3", "4"), rows)
    kappa, errors = cohen_kappa(table).value, kappa_errors(table)
    assert kappa == pytest.approx(0.4728, abs=5e-5)
    assert errors is not None
    assert errors.z(kappa or 0) == pytest.approx(6.81, abs=5e-3)
    assert weighted_kappa(table, "linear").value == pytest.approx(0.5684, abs=5e-5)
    assert weighted_kappa(table, "quadratic").value == pytest.approx(0.6714, abs=5e-5)


def test_the_stopping_test_comes_back_from_a_votes_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 100 records ten relevant ones and fifty others: p is 4/9, as by hand."""
    space = make_space(tmp_path, capsys, 100)
    space.run("assign", "--seed", "1", by="lead")
    space.bring(sequence("ann", [True] * 10 + [False] * 50))
    told = space.own("ann")
    assert (told["total"], told["screened"], told["relevant"]) == (100, 60, 10)
    assert told["p"] == pytest.approx(1 - 50 / 90)


def sequence(
    who: str, labels: Sequence[bool], first: int = 1
) -> list[tuple[int, str, str]]:
    """Return the votes of one screener in this order."""
    return [
        (record, who, "include" if label else "exclude")
        for record, label in enumerate(labels, start=first)
    ]


# -- the project's table of examples ---------------------------------------------------

# Where each number of a table is found among the figures.
FIGURES = {
    "po": "percent_agreement",
    "pe": "expected_agreement",
    "kappa": "cohen_kappa",
    "scott_pi": "scott_pi",
    "ac1": "gwet_ac1",
    "pabak": "pabak",
    "kripp_alpha": "krippendorff_alpha_nominal",
    "prevalence_index": "prevalence_index",
    "positive_agreement": "positive_agreement",
    "negative_agreement": "negative_agreement",
    "linear_weighted": "linear_weighted_kappa",
    "quadratic_weighted": "quadratic_weighted_kappa",
}
INTERVALS = {"ci95_fce", "ci95"}
ERRORS = {
    "se_fce": "large", "ase": "large", "se_simple": "simple",
    "ase_h0": "chance", "se_h0": "chance",
}  # fmt: skip
WORDED = {"id", "name", "table", "note", "published", "oracle"}


@pytest.fixture(scope="module")
def examples(shared: Path) -> dict[str, Any]:
    """Return the table of examples, its numbers as they are printed."""
    text = (shared / "domain" / "worked_examples.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - words only
    return found


def near(printed: str) -> Any:
    """Return what a number is that is printed with these digits."""
    digits = len(printed.partition(".")[2])
    return pytest.approx(float(printed), abs=0.51 * 10**-digits)


def numbers(table: Sequence[Sequence[str]]) -> list[list[int]]:
    """Return a table of printed numbers."""
    return [[int(number) for number in row] for row in table]


def wrong(example: Entry, entry: Entry) -> list[str]:
    """Compare the numbers of an example with what is told; return what differs."""
    errors = kappa_errors(counted(numbers(example["table"])))
    return [
        f"{example['id']} {key} {printed}"
        for key, printed in example.items()
        if key not in WORDED and not fits(key, printed, entry, errors)
    ]


def fits(key: str, printed: Any, entry: Entry, errors: Errors | None) -> bool:
    """Compare one number, or the two ends of an interval."""
    figures = entry["statistics"]
    if key == "n":
        return bool(entry["n"] == int(printed))
    if printed == "undefined":
        figure = figures[FIGURES[key]]
        return bool(figure["value"] is None and "100 % agreement" in figure["note"])
    if key in FIGURES:
        return bool(figures[FIGURES[key]]["value"] == near(printed))
    if key in INTERVALS:
        ends = [near(end) for end in printed]
        return bool(figures["cohen_kappa"]["interval"] == ends)
    if key == "weighted_linear":
        return fits_weighted(figures["linear_weighted_kappa"], printed)
    assert errors is not None
    return fits_error(key, printed, figures["cohen_kappa"]["value"], errors)


def fits_error(key: str, printed: Any, kappa: float, errors: Errors) -> bool:
    """Compare a standard error of kappa, or what is made of one."""
    if key == "z":
        return bool(errors.z(kappa) == near(printed))
    if key == "ci95_simple":
        half = Z95 * errors.simple
        return [kappa - half, kappa + half] == [near(end) for end in printed]
    return bool(getattr(errors, ERRORS[key]) == near(printed))


def fits_weighted(figure: Entry, printed: Entry) -> bool:
    """Compare a weighted kappa, its error and its interval."""
    low, high = figure["interval"]
    return bool(
        figure["value"] == near(printed["kappa"])
        and (high - low) / 2 / Z95 == near(printed["ase"])
        and [low, high] == [near(end) for end in printed["ci95"]]
    )


def counted(table: Sequence[Sequence[int]]) -> Table:
    """Return a table of two raters, its categories numbered."""
    names = tuple(str(number) for number in range(len(table)))
    return Table(names, tuple(map(tuple, table)))


@pytest.mark.shared
def test_every_table_of_two_raters(
    examples: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A1 to A9 from a votes file, but A6: four categories take the functions alone."""
    cases = {case["id"]: case for case in examples["agreement_two_raters"]}
    votes = {
        name: numbers(case["table"])
        for name, case in cases.items()
        if len(case["table"]) in WORDS
    }
    assert cases.keys() - votes.keys() == {"A6"}
    found = agreements(tmp_path, capsys, votes)
    table = counted(numbers(cases["A6"]["table"]))
    figures = [
        percent_agreement(table),
        expected_agreement(table),
        cohen_kappa(table),
        weighted_kappa(table, "linear"),
        weighted_kappa(table, "quadratic"),
    ]
    found["A6"] = {
        "n": table.n,
        "statistics": {one.name: {"value": one.value} for one in figures},
    }
    assert [told for name in cases for told in wrong(cases[name], found[name])] == []


@pytest.mark.shared
def test_every_example_of_many_raters(
    examples: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """B4 from a votes file too; B1 to B3 and B5 have five values, which no vote has."""
    cases = {case["id"]: case for case in examples["agreement_many_raters"]}
    assert list(cases) == ["B1", "B2", "B3", "B4", "B5"]
    one = units(numbers(cases["B1"]["counts"]))
    po, kappa = many_percent(one).value, fleiss_kappa(one).value
    assert po is not None
    assert kappa is not None
    assert po == near(cases["B1"]["p_bar"])
    assert (po - kappa) / (1 - kappa) == near(cases["B1"]["pe"])
    assert kappa == near(cases["B1"]["fleiss_kappa"])
    two = [[int(digit) for digit in word] for word in DIAGNOSES.split()]
    assert fleiss_kappa(units(two)).value == near(cases["B2"]["fleiss_kappa"])
    three = [
        [None if word == "null" else int(word) for word in unit]
        for unit in zip(*cases["B3"]["data"], strict=True)
    ]
    for level in get_args(Level):
        alpha = krippendorff_alpha(three, level=level, resamples=0)
        assert alpha.value == near(cases["B3"]["alpha"][level])
    a, b = (list(map(int, row)) for row in cases["B4"]["data"])
    alpha = krippendorff_alpha(list(zip(a, b, strict=True)), resamples=0)
    assert alpha.value == near(cases["B4"]["alpha_nominal"])
    table = [[0, 0], [0, 0]]
    for row, column in zip(a, b, strict=True):
        table[row][column] += 1
    [entry] = agreements(tmp_path, capsys, {"B4": table}).values()
    told = entry["statistics"]["krippendorff_alpha_nominal"]["value"]
    assert told == near(cases["B4"]["alpha_nominal"])
    gwet, five = list(zip(*GWET, strict=True)), cases["B5"]
    ac1 = many_ac1(gwet, [1, 2, 3, 4, 5])
    assert [ac1.value, ac1.low, ac1.high] == [
        near(five["ac1"]["est"]), *map(near, five["ac1"]["ci95"]),
    ]  # fmt: skip
    assert ac1.value is not None
    assert ac1.low is not None
    # Student's t is an expansion here, good to a thousandth.
    error = (ac1.value - ac1.low) / student(len(gwet) - 1)
    assert error == pytest.approx(float(five["ac1"]["se"]), rel=1e-3)
    assert fleiss_kappa(gwet).value == near(five["fleiss"])
    assert conger_kappa(gwet).value == near(five["conger"])
    offered = many_brennan_prediger(gwet, [1, 2, 3, 4, 5])
    assert offered.value == near(five["brennan_prediger"])
    alpha = krippendorff_alpha(gwet, resamples=0)
    assert alpha.value == near(five["kripp_alpha"])


@pytest.mark.shared
def test_every_screening_metric(
    examples: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """M1 from a votes file too, but what needs 95 % recall of a finished set."""
    cases = {case.get("id", "trap"): case for case in examples["screening_metrics"]}
    one, published, tests = cases["M1"], cases["M2"], cases["M3"]
    labels = [label == "1" for label in one["labels"]]
    cut = metrics.cut_at(labels)
    assert cut is not None
    assert (cut.total, cut.relevant) == (int(one["n"]), int(one["relevant"]))
    assert cut.screened == int(one["position_95"])
    assert metrics.recall_at(labels, 5) == near(one["recall_at_5"])
    assert metrics.wss(labels) == near(one["wss_95"])
    assert metrics.wss(labels) == near(cases["M4"]["m1_by_formula_wss_95"])
    times = metrics.times_to_discovery(labels)
    assert times == list(map(int, one["time_to_discovery"]))
    mean = metrics.average_time(labels)
    assert mean == near(one["atd_records"])
    assert mean is not None
    assert mean / len(labels) == near(one["atd_fraction"])
    assert metrics.normalised_loss(labels) == near(one["normalised_loss"])
    whole = metrics.Cut(
        *(int(published[key]) for key in ("total", "relevant", "reviewed_at_95", "tp"))
    )
    parts = [whole.false_positives, whole.true_negatives, whole.false_negatives]
    assert parts == [int(published[key]) for key in ("fp", "tn", "fn")]
    assert whole.specificity == near(published["tnr_95"])
    assert whole.wss(0.95) == near(published["wss_95"])
    for order, loss in tests["loss"].items():
        found = metrics.normalised_loss([bool(label) for label in json.loads(order)])
        assert found == near(loss)
    recall = tests["recall"]
    order = [label == "1" for label in recall["labels"]]
    assert metrics.recall_at(order, len(order) // 2) == near(recall["at_0.5"])
    order = [label == "1" for label in tests["td"]["labels"]]
    assert metrics.times_to_discovery(order) == list(map(int, tests["td"]["positions"]))
    space = make_space(tmp_path, capsys, len(labels))
    space.run("assign", "--seed", "1", by="lead")
    space.bring(sequence("ann", labels))
    told = space.own("ann")
    assert told["atd"] == near(one["atd_records"])
    assert (told["total"], told["relevant"]) == (cut.total, cut.relevant)


@pytest.mark.shared
def test_every_stopping_case(
    examples: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """S1 to S3, each by the function and from a votes file that grows."""
    one, two, three = examples["stopping_cases"]
    assert [case["id"] for case in (one, two, three)] == ["S1", "S2", "S3"]
    small = make_space(tmp_path / "small", capsys, int(one["n_total"]))
    small.run("assign", "--seed", "1")
    labels = [True] * 10 + [False] * 50
    assert stopping.p_value(labels, 100, recall=float(one["tau"])) == near(one["p"])
    small.bring(sequence("ann", labels))
    assert small.own("ann")["p"] == near(one["p"])
    big = make_space(tmp_path / "big", capsys, int(two["n_total"]))
    big.run("assign", "--seed", "1")
    wanted = {int(n): p for n, p in two["p_by_n"].items()} | {649: two["p_649"]}
    done = 0
    for number, p in sorted(wanted.items()):
        labels = [True] * 50 + [False] * (number - 50)
        assert stopping.p_value(labels, 1000) == near(p)
        big.bring(sequence("ann", labels[done:], first=done + 1))
        done = number
        assert big.own("ann")["p"] == near(p)
    rule = stopping.Rule(StoppingRule.HYPERGEOMETRIC)
    labels = [True] * 50 + [False] * 900
    first = stopping.first_stop(rule, labels, 1000)
    assert first == int(two["first_stop_at_95pct"])
    assert stopping.p_value(labels, 1000) == near(three["p"])
    big.bring(sequence("bob", labels))
    assert big.own("bob")["p"] == near(three["p"])
