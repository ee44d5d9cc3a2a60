"""What the invented works promise."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from litreview.demo.crossref_api import Crossref
from litreview.demo.generator import Truth, demo_works
from litreview.demo.openalex_api import OpenAlex
from litreview.demo.records import Work, abstract_text, crossref_id, openalex_id, text
from litreview.demo.server import DEMO_CROSSREF_PAGE, DEMO_OPENALEX_PAGE
from litreview.errors import LitreviewError
from litreview.queries import compile_request
from litreview.strategy import parse_strategy
from litreview.yamlfile import parse

CITED: list[dict[str, object]] = [
    {
        "key": "alder-2019",
        "type": "article-journal",
        "title": "Coherence and professional development of teachers",
        "subtitle": "A systematic review",
        "authors": [{"family": "Alder", "given": "J."}, {"literal": "A Group"}],
        "year": 2019,
        "container_title": "A Journal",
        "volume": "27",
        "pages": "140\u2013154",
        "doi": "10.1016/j.a.2019.03.005",
    },
    {
        "key": "trust-2011",
        "type": "report",
        "title": "Improving the impact of teachers",
        "authors": [{"literal": "A Trust"}],
    },
    {
        "key": "kraal-2014",
        "type": "article-journal",
        "authors": [{"family": "Kraal"}],
        "supplied": {"title": "Professional environments in schools"},
        "study": "kraal",
    },
]

ROOT = Path(__file__).resolve().parent.parent
STRATEGIES = sorted(ROOT.glob("queries/*.yaml"))


@pytest.fixture(scope="module")
def made() -> tuple[list[Work], list[Work], Truth]:
    """Make the works once for all tests that only look at them."""
    return demo_works(CITED, seed=11)


Made = tuple[list[Work], list[Work], Truth]


def invented(made: Made) -> list[tuple[str, Work]]:
    """List (service, work) of what is not cited."""
    openalex, crossref, truth = made
    both = [("openalex", work, openalex_id(work)) for work in openalex]
    both += [("crossref", work, crossref_id(work)) for work in crossref]
    return [
        (service, work)
        for service, work, key in both
        if truth.topics[truth.works[service, key]] != "cited"
    ]


def ask(made: Made, path: Path, source: str) -> tuple[int, list[str]]:
    """Send a founding strategy; return the total and the topics of 100 answers."""
    strategy = parse_strategy(parse(path.read_text(), path), name=path.stem)
    params = compile_request(strategy, source).params
    openalex, crossref, truth = made
    if source == "openalex":
        query = urlencode({**params, "per-page": 100})
        answer = OpenAlex(tuple(openalex)).answer("/works", query)
        content: Any = json.loads(answer.body)
        total, keys = content["meta"]["count"], map(openalex_id, content["results"])
    else:
        answer = Crossref(tuple(crossref)).answer(
            "/works", urlencode({**params, "rows": 100})
        )
        content = json.loads(answer.body)["message"]
        total, keys = content["total-results"], map(crossref_id, content["items"])
    return total, [truth.topics[truth.works[source, key]] for key in keys]


def test_the_same_seed_makes_the_same_works(made: Made) -> None:
    """A demonstration can be repeated byte for byte; another seed is another one."""
    again = demo_works(CITED, seed=11)
    assert json.dumps(again[:2]) == json.dumps(made[:2])
    assert json.dumps(demo_works(CITED, seed=12)[0]) != json.dumps(made[0])


def test_invented_works_are_marked(made: Made) -> None:
    """DOI prefix 10.5555 and the word demonstration stand in every invented work."""
    for service, work in invented(made):
        doi = text(work.get("doi") if service == "openalex" else work.get("DOI"))
        assert not doi or "10.5555/" in doi
        assert "demonstration" in json.dumps(work).lower()
    assert 330 <= len(set(made[2].topics)) <= 420


def test_cited_works_come_as_printed(made: Made) -> None:
    """Cited works keep their facts and get no abstract; without DOI only OpenAlex."""
    openalex, crossref, truth = made
    by_key = {truth.works["openalex", openalex_id(work)]: work for work in openalex}
    alder = by_key["alder-2019"]
    assert (
        alder["title"]
        == "Coherence and professional development of teachers: A systematic review"
    )
    assert alder["publication_date"] == "2019-01-01"
    assert alder["abstract_inverted_index"] is None
    assert alder["biblio"] == {
        "volume": "27",
        "issue": None,
        "first_page": "140",
        "last_page": "154",
    }
    assert by_key["trust-2011"]["publication_year"] is None
    assert by_key["kraal-2014"]["title"] == "Professional environments in schools"
    in_crossref = [
        work for work in crossref if not text(work["DOI"]).startswith("10.5555")
    ]
    assert [work["DOI"] for work in in_crossref] == ["10.1016/j.a.2019.03.005"]
    assert in_crossref[0]["subtitle"] == ["A systematic review"]
    assert in_crossref[0]["author"] == [
        {"family": "Alder", "given": "J.", "sequence": "first", "affiliation": []},
        {"name": "A Group", "sequence": "additional", "affiliation": []},
    ]
    assert "kraal" in truth.studies.values()


@pytest.mark.parametrize("cited", [0, 3, 43])
@pytest.mark.parametrize("seed", [1, 2])
def test_half_of_the_duplicates_share_no_doi(cited: int, seed: int) -> None:
    """However many cited works share theirs, most pairs across services do not."""
    extra: list[dict[str, object]] = [
        {**CITED[0], "key": f"more-{n}", "doi": f"10.1016/{n}"} for n in range(40)
    ]
    openalex, _, truth = demo_works([*CITED, *extra][:cited], seed=seed)
    dois = {openalex_id(work): text(work["doi"]) for work in openalex}
    pairs = [
        (dois[second[1]].removeprefix("https://doi.org/"), first[1])
        for first, second in truth.duplicates()
        if first[0] != second[0]
    ]
    assert len(pairs) > 120
    assert sum(left == right for left, right in pairs) <= len(pairs) / 2


def test_identities_are_unique(made: Made) -> None:
    """No id stands twice in a service, and every record has its truth."""
    openalex, crossref, truth = made
    ids = [("openalex", openalex_id(work)) for work in openalex]
    ids += [("crossref", crossref_id(work)) for work in crossref]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(truth.works) == set(truth.studies)


def records(made: Made, key: str) -> list[tuple[str, str]]:
    """List the records of one work."""
    return [record for record, work in made[2].works.items() if work == key]


@pytest.mark.parametrize(
    ("keys", "same_study"),
    [
        (("preprint", "preprinted"), True),
        (("report-1", "report-2", "report-3"), True),
        (("presented", "conference-abstract"), True),
        (("corrected", "erratum"), True),
        (("part-I", "part-II"), False),
        (("editorial-1", "editorial-2", "editorial-3"), False),
        (("commented", "comment"), False),
        (("same-title-1", "same-title-2"), False),
    ],
)
def test_look_alikes_are_different_works(
    made: Made, *, keys: tuple[str, ...], same_study: bool
) -> None:
    """Versions share a study and are no duplicates; twins share not even that."""
    studies = [{made[2].studies[r] for r in records(made, key)} for key in keys]
    assert all(len(study) == 1 for study in studies)
    assert (len(set.union(*studies)) == 1) is same_study


def test_the_differences_of_real_answers_occur(made: Made) -> None:
    """Capitals, gaps, markup, groups, initials, retractions and notices are there."""
    openalex, crossref, _ = made
    assert any(text(work["DOI"]).isupper() for work in crossref)
    assert any("&amp;" in text(title) for work in crossref for title in titles(work))
    assert any("<i>" in text(title) for work in crossref for title in titles(work))
    assert any(text(title).isupper() for work in crossref for title in titles(work))
    assert any(not titles(work) for work in crossref)
    assert any(work["title"] is None for work in openalex)
    assert any("abstract" not in work for work in crossref)
    assert any("page" not in work for work in crossref)
    assert any("author" not in work for work in crossref)
    assert any("update-to" in work for work in crossref)
    assert any("updated-by" in work for work in crossref)
    assert any(work["is_retracted"] for work in openalex)
    assert any('"name"' in json.dumps(work.get("author")) for work in crossref)


def titles(work: Work) -> list[object]:
    """Return the titles of a Crossref work."""
    found = work["title"]
    assert isinstance(found, list)
    return found


def test_years_differ_by_one_at_most(made: Made) -> None:
    """An online-first year is one off; some pairs have one."""
    openalex, crossref, truth = made
    years: dict[tuple[str, str], object] = {
        ("openalex", openalex_id(work)): work["publication_year"] for work in openalex
    }
    for work in crossref:
        years["crossref", crossref_id(work)] = json.loads(json.dumps(work))["issued"][
            "date-parts"
        ][0][0]
    gaps = Counter(
        abs(left - right)
        for first, second in truth.duplicates()
        if isinstance(left := years[first], int)
        and isinstance(right := years[second], int)
    )
    assert set(gaps) == {0, 1}


def test_abstracts_are_of_real_length(made: Made) -> None:
    """Most invented works have an abstract of 60 to 250 words, some have none."""
    lengths = [
        len(abstract_text(work).split())
        for service, work in invented(made)
        if service == "openalex"
    ]
    assert sum(60 <= length <= 250 for length in lengths) > len(lengths) * 0.7
    assert 0 in lengths


def test_the_larger_strategies_take_three_pages(made: Made) -> None:
    """At the demonstration's page sizes both services answer in several pages."""
    totals = [ask(made, path, "openalex")[0] for path in STRATEGIES]
    assert sum(total > 2 * DEMO_OPENALEX_PAGE for total in totals) >= 3
    for path in STRATEGIES:
        assert ask(made, path, "crossref")[0] > 2 * DEMO_CROSSREF_PAGE


@pytest.mark.parametrize("source", ["openalex", "crossref"])
@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_every_founding_strategy_finds_works_on_topic(
    made: Made, path: Path, source: str
) -> None:
    """Each founding strategy finds mostly what belongs, in both services."""
    _, topics = ask(made, path, source)
    assert topics.count("on") >= 8
    assert topics.count("on") > len(topics) / 2


def test_strategies_also_find_what_is_to_be_excluded(made: Made) -> None:
    """Most reasons for exclusion stand among the answers of either service."""
    for source in ("openalex", "crossref"):
        found = {topic for path in STRATEGIES for topic in ask(made, path, source)[1]}
        assert {"on", "X-POP", "X-CONCEPT", "X-STREAM", "X-INSTR", "X-COUNTRY"} <= found
    assert {"X-TYPE", "X-LANG", "off"} <= found


@pytest.mark.parametrize(
    "cited",
    [[{"key": "a", "title": ""}], [{"title": "A"}], [{"key": "a", "title": "A"}] * 2],
)
def test_unusable_cited_works_are_refused(cited: list[dict[str, object]]) -> None:
    """A cited work needs a title and a key of its own."""
    with pytest.raises(LitreviewError, match="cannot be served"):
        demo_works(cited, seed=1)


def test_invented_works_cite_older_ones(
    made: tuple[list[Work], list[Work], Truth],
) -> None:
    """Each work that is cited is there, is older, and says how often it is cited."""
    openalex, crossref, truth = made
    works = {str(work["id"]): work for work in openalex}
    times: Counter[str] = Counter()
    for work in openalex:
        cited: Any = work["referenced_works"]
        assert len(cited) == len(set(cited))
        times.update(cited)
        for key in cited:
            if truth.topics[truth.works["openalex", key.rpartition("/")[2]]] != "cited":
                years: Any = (works[key]["publication_year"], work["publication_year"])
                assert years[0] < years[1]
    assert times.keys() <= works.keys()
    assert {key: work["cited_by_count"] for key, work in works.items()} == {
        key: times[key] for key in works
    }
    citing = [work for work in openalex if work["referenced_works"]]
    assert len(citing) > len(openalex) / 2
    assert any("reference" in work for work in crossref)
