"""Recall: which known works a search finds, and what keeps out the others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from harvesting import Work, crossref_work, openalex_work, settings, workspace
from hypothesis import given
from hypothesis import strategies as st
from labelled import REVIEWS, judge, read_labels, read_strategy, run, yields

from litreview import cli, recall, searches, yamlfile
from litreview.demo.server import Fault, Server, load_records, serve
from litreview.errors import ServiceError
from litreview.ranking import Place, Ranking
from litreview.recall import Finding, Report, Standing
from litreview.strategy import parse_strategy

STRATEGY = """\
title: Trust in schools
purpose: A search made for a test.
research_questions: [RQ1]
sources: [openalex, crossref]
published: {from: 2000-01-01, to: 2026-06-30, why: a test}
languages: {only: [en], why: a test}
blocks:
  people: [teacher]
  idea: [trust]
openalex:
  types: {only: [article], why: a test}
crossref:
  query: teacher trust
  keep: {rows: 5, why: a test}
"""
PEOPLE = "The lives of teachers"


def index(text: str) -> dict[str, list[int]]:
    """Return an abstract as OpenAlex tells it."""
    return {word: [place] for place, word in enumerate(text.split())}


WORKS: list[Work] = [
    openalex_work(1),
    openalex_work(2, title=PEOPLE, abstract_inverted_index=index("all is well")),
    openalex_work(3, title=PEOPLE),
    openalex_work(4, publication_date="1999-03-01", language=None, type="letter"),
    openalex_work(5, doi=None, title="Teachers and trust, once more"),
    openalex_work(6, doi="https://doi.org/10.5555/a,b|c"),
    openalex_work(7, title=PEOPLE, abstract_inverted_index=index("two meta-analyses")),
    openalex_work(8, title="Teachers in trustful schools"),
]
# Known items by the number of their work, in the words of a strategy's file.
DOIS = {number: f"title: T{number}, doi: 10.5555/oa.{number}" for number in range(1, 9)}


def with_items(*items: str, text: str = STRATEGY) -> str:
    """Return a strategy with these known items."""
    return text + "known_items:\n" + "".join(f"  - {{{item}}}\n" for item in items)


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server with a few works of each kind."""
    with serve(WORKS, [crossref_work(number) for number in range(1, 21)]) as server:
        yield server


def measured(root: Path, server: Server, **texts: str) -> Report:
    """Measure strategies that were never harvested."""
    space = workspace(root, **texts)
    saved = [searches.read(space, name).strategy for name in searches.names(space)]
    return recall.measure(saved, {}, settings(server)["openalex"])


def by_key(report: Report, strategy: str = "trust") -> dict[str, Finding]:
    """Return a strategy's findings by their items."""
    return {finding.known.key: finding for finding in report.of(strategy)}


# --- OpenAlex ------------------------------------------------------------------


def test_items_are_found_by_doi_id_or_title(tmp_path: Path, server: Server) -> None:
    """What the service returns for the narrowed request is found."""
    items = (
        DOIS[1],
        "title: any words, openalex: W1",
        "title: 'Teachers and Trust: once more', year: 2006",
    )
    report = measured(tmp_path, server, trust=with_items(items[0], items[2]))
    assert [f.openalex for f in report.findings] == [Standing.FOUND] * 2
    assert [f.known.ids for f in report.findings] == [("W1",), ("W5",)]
    report = measured(tmp_path, server, trust=with_items(items[1]))
    assert [f.openalex for f in report.findings] == [Standing.FOUND]


@pytest.mark.parametrize(
    "item",
    [
        "title: 'Teachers and trust, once more', year: 2009",
        "title: 'Teachers and trust', year: 2006",
        "title: Of it, note: nothing but stop words",
        "title: T, doi: 10.5555/nowhere",
        "title: T, openalex: W99",
    ],
)
def test_what_openalex_lacks_is_said(tmp_path: Path, server: Server, item: str) -> None:
    """Another year, another title, an unknown DOI or id: no work of OpenAlex."""
    (finding,) = measured(tmp_path, server, trust=with_items(item)).findings
    assert finding.openalex is Standing.ABSENT
    assert not finding.found


def test_a_doi_that_no_filter_can_hold_is_asked_alone(
    tmp_path: Path, server: Server
) -> None:
    """A comma or a pipe would end the filter; the single work costs nothing."""
    text = with_items("title: T, doi: '10.5555/a,b|c'")
    report = measured(tmp_path, server, trust=text)
    assert [f.openalex for f in report.findings] == [Standing.FOUND]
    assert report.credits == 10
    assert [r.path for r in server.requests[:1]] == [
        "/works/https%3A%2F%2Fdoi.org%2F10.5555%2Fa%2Cb%7Cc"
    ]


def test_a_miss_names_the_block_that_failed(tmp_path: Path, server: Server) -> None:
    """And says where OpenAlex has no abstract to find it in."""
    text = with_items(DOIS[2], DOIS[3])
    found = by_key(measured(tmp_path, server, trust=text))
    assert {f.openalex for f in found.values()} == {Standing.MISSED}
    assert [f.blocks for f in found.values()] == [("idea",), ("idea",)]
    assert found["10.5555/oa.2"].remark == ""
    assert found["10.5555/oa.3"].remark == "OpenAlex has no abstract of it"


def test_a_miss_names_every_limit_that_failed(tmp_path: Path, server: Server) -> None:
    """Date, language and type, with what the work has instead."""
    report = measured(tmp_path, server, trust=with_items(DOIS[4]))
    (finding,) = report.findings
    assert finding.blocks == ()
    assert finding.limits == (
        "published 1999-03-01",
        "language not known",
        "type letter",
    )


def test_an_unknown_language_passes_where_the_strategy_says_so(
    tmp_path: Path, server: Server
) -> None:
    """The limit is then no cause, and without the other limits the work is found."""
    text = STRATEGY.replace("{only: [en],", "{only: [en], or_unknown: true,")
    (finding,) = measured(
        tmp_path, server, trust=with_items(DOIS[4], text=text)
    ).findings
    assert finding.limits == ("published 1999-03-01", "type letter")
    text = text.replace("2000-01-01", "1990-01-01").replace("[article]", "[letter]")
    report = measured(tmp_path, server, trust=with_items(DOIS[4], text=text))
    assert [f.openalex for f in report.findings] == [Standing.FOUND]


def test_other_stems_are_told_honestly(tmp_path: Path, server: Server) -> None:
    """The service decides; where our own matching finds a plural, both are said."""
    text = STRATEGY.replace("idea: [trust]", "idea: [meta-analysis]")
    report = measured(tmp_path, server, trust=with_items(DOIS[7], text=text))
    (finding,) = report.findings
    assert finding.openalex is Standing.MISSED
    assert finding.blocks == ("idea",)
    assert "words of idea do stand in its title or abstract" in finding.remark


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("filters: {has_abstract: true}", "the filters has_abstract may keep it out"),
        (
            "expression: {text: teacher AND trust NOT part, why: a test}",
            "the hand-written expression may keep it out",
        ),
    ],
)
def test_what_no_block_or_limit_explains_is_not_explained_away(
    tmp_path: Path, server: Server, section: str, words: str
) -> None:
    """Further filters and expressions are named as what may keep a work out."""
    text = STRATEGY.replace("openalex:\n", f"openalex:\n  {section}\n")
    report = measured(tmp_path, server, trust=with_items(DOIS[1], text=text))
    (finding,) = report.findings
    assert (finding.limits, finding.blocks) == ((), ())
    assert "every block and limit holds by itself" in finding.remark
    assert words in finding.remark


def test_the_union_and_the_only_finder_are_told(tmp_path: Path, server: Server) -> None:
    """The benchmark is every strategy's items; each is measured against all of it."""
    people = with_items(DOIS[3], text=STRATEGY.replace("  idea: [trust]\n", ""))
    other = with_items(DOIS[2], DOIS[4], text=STRATEGY.replace("trust]", "hope]"))
    report = measured(
        tmp_path, server, people=people, hope=other, trust=with_items(DOIS[1], DOIS[3])
    )
    assert len(report.benchmark) == 4
    finders = {known.key: report.finders(known) for known in report.benchmark}
    assert finders == {
        "10.5555/oa.1": ["people", "trust"],
        "10.5555/oa.2": ["people"],
        "10.5555/oa.3": ["people"],
        "10.5555/oa.4": [],
    }
    assert [known.key for known in report.only_by("people")] == [
        "10.5555/oa.2",
        "10.5555/oa.3",
    ]
    assert report.only_by("trust") == []
    own = [f.known.key for f in report.of("trust") if f.own]
    assert own == ["10.5555/oa.3", "10.5555/oa.1"]


def test_the_credits_are_those_of_the_requests(tmp_path: Path, server: Server) -> None:
    """A list costs 1, a search 10: payloads, the whole request, two blocks."""
    report = measured(tmp_path, server, trust=with_items(DOIS[1], DOIS[2]))
    assert report.credits == 1 + 10 + 2 * 10
    assert len(server.requests) == 4
    report = measured(tmp_path, server, trust=with_items(DOIS[1]))
    assert report.credits == 1 + 10


def test_more_items_than_a_request_holds_are_all_asked(tmp_path: Path) -> None:
    """A hundred and twenty items, in pages smaller than the requests."""
    works = [openalex_work(number) for number in range(1, 121)]
    items = [f"title: T{n}, doi: 10.5555/oa.{n}" for n in range(1, 121)]
    with serve(works, [], openalex_page=15) as server:
        report = measured(tmp_path, server, trust=with_items(*items))
    assert {f.openalex for f in report.findings} == {Standing.FOUND}
    assert len(report.findings) == 120


def test_a_strategy_that_openalex_does_not_see_is_not_asked(
    tmp_path: Path, server: Server
) -> None:
    """Nothing is sent for it, and nothing is claimed."""
    text = STRATEGY.replace("[openalex, crossref]", "[crossref]").replace(
        "openalex:\n  types: {only: [article], why: a test}\n",
        "not_searched: {openalex: a test}\n",
    )
    report = measured(tmp_path, server, trust=with_items(DOIS[1], text=text))
    assert [f.openalex for f in report.findings] == [Standing.UNASKED]
    assert (server.requests, report.credits) == ([], 0)


def test_a_silent_server_is_told(tmp_path: Path, server: Server) -> None:
    """No answer is no recall of nought."""
    server.faults.append(Fault("openalex", 1, status=400))
    with pytest.raises(ServiceError, match="OpenAlex answered 400"):
        measured(tmp_path, server, trust=with_items(DOIS[1]))


# --- Crossref ------------------------------------------------------------------


def test_a_ranking_is_laid_beside_what_openalex_says(
    tmp_path: Path, server: Server
) -> None:
    """Found in either source is found; without a harvest nobody knows."""
    space = workspace(tmp_path, trust=with_items(DOIS[2], DOIS[3]))
    strategy = searches.read(space, "trust").strategy
    places = {"10.5555/oa.2": Place(3, 1.5)}
    ranked = {"trust": Ranking(places, {}, 5, 0.5, outdated=False)}
    asked = settings(server)["openalex"]
    one, other = recall.measure([strategy], ranked, asked).findings
    assert (one.crossref, one.place, one.found) == (
        Standing.FOUND,
        Place(3, 1.5),
        True,
    )
    assert (other.crossref, other.place, other.found) == (Standing.MISSED, None, False)
    assert one.openalex is Standing.MISSED
    findings = recall.measure([strategy], {}, asked).findings
    assert {f.crossref for f in findings} == {Standing.UNKNOWN}


# --- the command ---------------------------------------------------------------


def test_the_command_needs_no_database(
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It prints items, strategies and the union, as tables or as JSON, and exits 0."""
    workspace(tmp_path, trust=with_items(DOIS[1], DOIS[3]))
    monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
    words = ["-w", str(tmp_path), "query", "check", "--recall"]
    assert cli.run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["credits"] == 31
    assert told["union"]["openalex"] == {"found": 1, "of": 2, "note": ""}
    nothing = {"found": None, "of": 2, "note": "not harvested yet"}
    assert told["union"]["crossref"] == nothing
    assert told["strategies"][0]["own"] == {"found": 1, "of": 2, "note": ""}
    assert told["not_found"] == ["10.5555/oa.3"]
    assert told["strategies"][0]["only here"] == ["10.5555/oa.1"]
    one, other = told["items"]
    assert (one["openalex"], one["crossref"]) == ("found", "not harvested yet")
    assert (other["openalex"], other["failed_blocks"]) == ("missed", ["idea"])
    assert told["problems"] == []
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.run(words) == 0
    said = capsys.readouterr()
    assert "block idea; OpenAlex has no abstract of it" in said.out
    assert "together" in said.out
    assert "OpenAlex counts 31 credits for this" in said.err
    assert not (tmp_path / "db" / "review.sqlite").exists()


def test_the_command_counts_nothing_where_a_source_is_not_searched(
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also for a strategy without items of its own, and for all together."""
    alone = STRATEGY.replace("[openalex, crossref]", "[openalex]")
    alone = alone[: alone.index("crossref:")] + "not_searched: {crossref: a test}\n"
    workspace(tmp_path, bare=alone, full=with_items(DOIS[1], text=alone))
    monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
    words = ["-w", str(tmp_path), "query", "check", "--recall"]
    assert cli.run(words) == 0
    table = capsys.readouterr().out.partition("only here")[2]
    assert table.count("not searched") == 3
    assert cli.run([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    bare, full = (row["crossref"] for row in told["strategies"])
    assert bare == {"found": None, "of": 0, "note": "not searched"}
    assert full == {"found": None, "of": 1, "note": "not searched"}
    assert told["union"]["crossref"] == full
    assert told["union"]["openalex"] == {"found": 1, "of": 1, "note": ""}


def test_the_command_says_where_it_cannot_tell(
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No known items, a strategy with an error, and a server that is not there."""
    workspace(tmp_path, trust=STRATEGY)
    monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
    words = ["-w", str(tmp_path), "query", "check", "--recall"]
    assert cli.run(words) == 0
    assert "no strategy names known items" in capsys.readouterr().err
    wrong = with_items(DOIS[1]).replace("[teacher]", '["teach*"]')
    (tmp_path / "queries" / "trust.yaml").write_text(wrong, "utf-8")
    assert cli.run([*words, "--json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)
    assert (problem["severity"], problem["line"]) == ("error", 8)
    assert server.requests == []
    (tmp_path / "queries" / "trust.yaml").write_text(with_items(DOIS[1]), "utf-8")
    server.faults.append(Fault("openalex", 1, status=401))
    assert cli.run(words) == 1
    assert "OpenAlex answered 401" in capsys.readouterr().err


# --- the property --------------------------------------------------------------


@given(st.lists(st.sampled_from(range(1, 9)), min_size=1, max_size=6))
def test_each_item_counts_once_however_often_it_is_named(numbers: list[int]) -> None:
    """The benchmark holds each work once, with all the strategies that name it."""
    text = with_items(*(DOIS[number] for number in numbers))
    strategies = [
        parse_strategy(yamlfile.parse(text, "a.yaml"), name=name) for name in "ab"
    ]
    found = recall.benchmark(strategies)
    assert sorted(known.key for known in found) == sorted(
        {f"10.5555/oa.{number}" for number in numbers}
    )
    assert {known.named_by for known in found} == {frozenset("ab")}


# --- labelled works ------------------------------------------------------------


def leadership_works() -> Mapping[bool, list[Work]]:
    """Make works that the strategy on school leadership must find, and must not."""
    wanted = [
        openalex_work(n, title=f"School principals and pupils' achievement {n}")
        for n in range(1, 41)
    ]
    hidden = [
        openalex_work(n, title=f"Heads and their schools {n}") for n in range(41, 46)
    ]
    other = [
        openalex_work(n, title=f"Principal component analysis, its effect {n}")
        for n in range(50, 80)
    ]
    return {True: wanted + hidden, False: other}


def test_recall_precision_and_yield_are_counted(tmp_path: Path) -> None:
    """On works made for it, the real harvest gives the figures that must come."""
    works = leadership_works()
    labels = {
        f"W{str(work['id']).rpartition('W')[2]}": included
        for included, some in works.items()
        for work in some
    }
    ranked = [crossref_work(number, title=["School leadership"]) for number in (1, 2)]
    with serve([*works[True], *works[False]], ranked) as server:
        found = run(tmp_path, server, ["school-leadership"])
        told = judge(
            [place.source_id for place in found["school-leadership openalex"]], labels
        )
        relevant = {name for name, included in labels.items() if included}
        blocks = yields(read_strategy("school-leadership"), server, relevant)
    assert (told.hit, told.relevant, told.among) == (40, 45, 40)
    assert (told.precision, round(told.recall, 3)) == (1.0, 0.889)
    assert [(y.block, y.alone, y.lost, y.relevant_lost) for y in blocks] == [
        ("leader", 40, 0, 0),
        ("school", 45, 0, 0),
        ("effect", 70, 0, 0),
    ]
    assert len(found["school-leadership crossref"]) == 2


@pytest.mark.shared
def test_strategies_for_labelled_reviews_find_what_was_included(
    shared: Path, tmp_path: Path
) -> None:
    """Written from the topics alone, three of four find at least four fifths."""
    labels = read_labels(shared / "data" / "openalex" / "synergy_labels.csv")
    folder = tmp_path / "records"
    folder.mkdir()
    shutil.copy(shared / "data" / "openalex" / "synergy.jsonl.gz", folder)
    works, _ = load_records(folder)
    with serve(works, []) as server:
        found = run(tmp_path, server, list(REVIEWS.values()))
        told = {
            review: judge(
                [place.source_id for place in found[f"{name} openalex"]], labels[review]
            )
            for review, name in REVIEWS.items()
        }
        relevant = {w for w, kept in labels["van_der_Valk_2021"].items() if kept}
        blocks = yields(read_strategy("van-der-valk-2021"), server, relevant)
    assert sum(each.recall >= 0.8 for each in told.values()) >= 3, told
    for review, each in told.items():
        assert each.recall >= 0.6, review
        # The candidates came from the review's own search; fewer of them are read.
        assert each.precision > 1.1 * each.relevant / len(labels[review]), review
        assert len(each.found) < len(works) / 3, review
    # What this review looked for stands in full texts: its last block costs recall.
    lost = {each.block: each.relevant_lost for each in blocks}
    assert lost["body"] > 20
    assert lost["hair"] + lost["glucocorticoid"] <= 2
