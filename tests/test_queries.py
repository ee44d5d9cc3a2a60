"""Strategies mean what they say, and each source is sent just that."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from litreview import yamlfile
from litreview.errors import InputFileError
from litreview.queries import (
    Request,
    StrategyError,
    block_request,
    compile_request,
    matches,
    narrowed,
    problems,
    spans,
)
from litreview.strategy import SOURCES, TYPES, Strategy, parse_strategy

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = [
    *sorted((ROOT / "queries").glob("*.yaml")),
    ROOT / "litreview" / "demo" / "school-leadership.yaml",
]
LEADERSHIP = SHIPPED[-1]

PLAIN = """\
title: Trust
purpose: Find trust.
research_questions: [RQ1]
sources: [openalex, crossref]
published: {from: 2000-01-01, to: 2026-06-30, why: a reason}
languages: {only: [en], why: a reason}
blocks:
  population: [teacher, school leader]
  trust: [relational trust]
crossref: {query: teacher trust, keep: {rows: 60, why: a reason}}
"""


def read(text: str) -> Strategy:
    """Return the strategy in a text."""
    return parse_strategy(yamlfile.parse(text, "trust.yaml"), name="trust")


def load(path: Path) -> Strategy:
    """Return the strategy in a file."""
    node = yamlfile.parse(path.read_text(encoding="utf-8"), path)
    return parse_strategy(node, name=path.stem)


def complaints(text: str) -> list[tuple[int | None, str, str]]:
    """Return line, severity and sentence of each problem of a strategy."""
    return [
        (found.line, found.severity, str(found).partition(": ")[2])
        for found in problems(read(text))
    ]


def with_term(term: str) -> str:
    """Return a strategy whose ninth line is one more term."""
    return PLAIN.replace("  trust: [relational trust]", f"  trust: [{term}]")


def with_expression(text: str) -> str:
    """Return a strategy whose line 12 is a hand-written expression."""
    section = f"openalex:\n  expression: {{text: '{text}', why: a reason}}\n"
    return PLAIN + section


def decoded(request: Request) -> dict[str, str]:
    """Return the parameters that stand in a request's address."""
    return dict(parse_qsl(urlsplit(request.url("https://api.example.org")).query))


# --- the shipped strategies --------------------------------------------------


def test_the_founding_review_has_its_nine_strategies() -> None:
    """Each strategy of the review is there under its number."""
    numbers = [path.stem.partition("-")[0] for path in SHIPPED[:-1]]
    assert numbers == ["q1", "q2", "q3", "q4", "q5", "q6", "q6b", "q7", "q8"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_strategies_are_sound(path: Path) -> None:
    """Each shipped strategy compiles for its sources without any complaint."""
    strategy = load(path)
    assert [str(problem) for problem in problems(strategy)] == []
    for source in strategy.sources:
        request = compile_request(strategy, source)
        assert decoded(request).items() > request.params.items()
    assert set(strategy.sources) | set(strategy.not_searched) == set(SOURCES)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_strategies_spell_both_ways(path: Path) -> None:
    """A British spelling never stands in a block without its American twin."""
    twins = [("organisational", "organizational"), ("programme", "program")]
    twins += [("randomised", "randomized")]
    for block in load(path).blocks:
        words = " ".join(term.text for term in block.terms).split()
        for british, american in twins:
            assert (british in words) <= (american in words), (block.name, british)


def test_known_items_are_found_by_their_titles() -> None:
    """The works that a strategy must find match its blocks as far as titles tell."""
    missed = [
        (path.stem, item.title, block)
        for path in SHIPPED
        for item in load(path).known_items
        for block, found in matches(load(path), item.title, "").items()
        if not found
    ]
    # The outcome of this study stands in its abstract only.
    title = "Can Professional Environments in Schools Promote Teacher Development?"
    assert missed == [("q4-conditions-outcomes", title, "outcomes")]


def test_one_strategy_in_full_for_openalex() -> None:
    """The whole of what OpenAlex is sent for Q3, parameter by parameter."""
    strategy = load(ROOT / "queries" / "q3-coherence.yaml")
    assert compile_request(strategy, "openalex") == Request(
        source="openalex",
        strategy="q3-coherence",
        params={
            "filter": (
                "title_and_abstract.search:"
                '(teacher OR headteacher OR "head teacher" OR "school leader" OR '
                '"school leadership" OR "school principal" OR "school staff") AND '
                '("professional development" OR "professional learning" OR CPD OR '
                '"teacher development" OR "teacher learning" OR "staff development" '
                'OR "in-service training" OR "instructional coaching" OR '
                '"teacher mentoring" OR "teacher induction" OR "lesson study") AND '
                '(coherence OR coherent OR "shared vision" OR "internal alignment" '
                'OR "goal alignment" OR "instructional alignment")'
                ",from_publication_date:2000-01-01,to_publication_date:2026-06-30"
                ",language:en|null,type:article|review|book|book-chapter|report|"
                "dissertation|preprint|conference-paper"
            ),
            "sort": "publication_date:asc",
        },
        keep=None,
        page_size=100,
    )


def test_one_strategy_in_full_for_crossref() -> None:
    """The whole of what Crossref is sent for Q3, parameter by parameter."""
    strategy = load(ROOT / "queries" / "q3-coherence.yaml")
    assert compile_request(strategy, "crossref") == Request(
        source="crossref",
        strategy="q3-coherence",
        params={
            "query.bibliographic": (
                "coherence alignment teacher professional development program programme"
            ),
            "filter": (
                "from-pub-date:2000-01-01,until-pub-date:2026-06-30,"
                "type:journal-article,type:book,type:monograph,type:edited-book,"
                "type:book-chapter,type:report,type:dissertation,type:posted-content,"
                "type:proceedings-article"
            ),
            "sort": "score",
            "order": "desc",
        },
        keep=200,
        page_size=100,
    )


def test_the_example_in_the_readme_is_a_sound_strategy() -> None:
    """The documented example parses, compiles and draws no complaint."""
    text = (ROOT / "queries" / "README.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    strategy = read(example)
    assert problems(strategy) == []
    assert strategy.sources == ("openalex",)
    title = strategy.known_items[0].title
    assert all(matches(strategy, title, "for teachers").values())


def _searched(work: dict[str, Any]) -> tuple[str, str]:
    """Return title and abstract of an OpenAlex work, titles of a Crossref work."""
    if "DOI" in work:
        return " ".join(work["title"] + work.get("subtitle", [])), ""
    index = (work["abstract_inverted_index"] or {}).items()
    tokens = sorted((place, token) for token, places in index for place in places)
    return work["title"] or "", " ".join(token for _, token in tokens)


@pytest.mark.shared
def test_school_leadership_finds_several_hundred_real_works(shared: Path) -> None:
    """The demonstration's strategy finds 250 to 1,000 works in each recorded set."""
    strategy = load(LEADERSHIP)
    for source in SOURCES:
        path = shared / "data" / source / "education.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            works = [json.loads(line) for line in lines]
        found = sum(
            matches(strategy, *_searched(work))["school_leadership"] for work in works
        )
        assert 250 <= found <= 1000, (source, found)
    assert compile_request(strategy, "crossref").keep == 400


# --- the request -------------------------------------------------------------


def test_the_address_is_the_one_sent() -> None:
    """The address has the parameters and page size, encoded, and no secrets."""
    request = compile_request(read(PLAIN), "crossref")
    assert request.url("http://127.0.0.1:8/") == (
        "http://127.0.0.1:8/works?query.bibliographic=teacher+trust"
        "&filter=from-pub-date%3A2000-01-01%2Cuntil-pub-date%3A2026-06-30"
        "&sort=score&order=desc&rows=60"
    )


@pytest.mark.parametrize(("keep", "page"), [(1, 1), (60, 60), (100, 100), (400, 100)])
def test_pages_are_never_larger_than_what_is_kept(keep: int, page: int) -> None:
    """Crossref is asked for pages of at most 100 rows and at most those kept."""
    request = compile_request(read(PLAIN.replace("60", str(keep))), "crossref")
    assert (request.keep, request.page_size) == (keep, page)


@pytest.mark.parametrize("term", ["school climate", "meta-analysis", "teachers'"])
def test_all_but_plain_words_are_quoted(term: str) -> None:
    """A hyphen or an apostrophe would fall apart outside a phrase."""
    sent = compile_request(read(with_term(term)), "openalex").params["filter"]
    assert f') AND ("{term}"),' in sent


def test_an_expression_replaces_the_blocks() -> None:
    """A hand-written expression is sent as it stands."""
    text = '"head trust"~3 NOT (c OR d)'
    request = compile_request(read(with_expression(text)), "openalex")
    assert request.params["filter"].startswith(
        f"title_and_abstract.search:{text},from_publication_date:"
    )


def test_further_filters_are_added() -> None:
    """A source's own filters come after the compiled ones."""
    text = PLAIN + "openalex: {filters: {has_abstract: true}}\n"
    sent = compile_request(read(text), "openalex").params["filter"]
    assert sent.endswith(",language:en,has_abstract:true")


def test_a_strategy_with_an_error_is_never_compiled() -> None:
    """What a source would misread is not sent."""
    with pytest.raises(StrategyError, match=r"trust\.yaml:9: the character \* stands"):
        compile_request(read(with_term("trust*")), "openalex")


def test_a_source_that_is_not_searched_is_not_compiled() -> None:
    """The refusal repeats the reason in the file."""
    text = PLAIN[: PLAIN.index("crossref: {")].replace(
        "sources: [openalex, crossref]",
        "sources: [openalex]\nnot_searched: {crossref: it sees titles only}",
    )
    assert read(text).sources == ("openalex",)
    with pytest.raises(InputFileError, match="it sees titles only"):
        compile_request(read(text), "crossref")


# --- refusals of the file ----------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "title: Trust",
            "titlex: Trust",
            r":1: unknown field 'titlex': Did you mean 'ti",
        ),
        ("purpose: Find trust.\n", "", r":1: the field 'purpose' is missing"),
        ("[openalex, crossref]", "[openalix]", r":4: 'openalix' is not .*'openalex'"),
        ("[openalex, crossref]", "[openalex]", r":4: crossref is not searched and no"),
        ("[openalex, crossref]", "[]", r":4: no source is searched"),
        (
            "[openalex, crossref]",
            "[openalex]\nnot_searched: {crossref: x}",
            r":11: this is for crossref, which is not searched",
        ),
        (
            "[openalex, crossref]",
            "[openalex, crossref]\nnot_searched: {crossref: x}",
            r":4: crossref is searched and not searched",
        ),
        ("2000-01-01", "2000", r":5: '2000' is not a date"),
        ("2000-01-01", "2027-01-01", r":5: 2027-01-01 is later than the end"),
        (", why: a reason}\nlang", "}\nlang", r":5: the field 'why' is missing"),
        ("only: [en]", "only: []", r":6: the list is empty"),
        ("only: [en]", "only: [EN]", r":6: 'EN' is not a lower-case word"),
        ("only: [en]", "only: ['en,type:x']", r":6: .* is not a lower-case word"),
        ("[relational trust]", "[]", r":9: the block 'trust' has no terms"),
        ("[relational trust]", "['--']", r":9: there is no word here"),
        ("[relational trust]", "[~]", r":9: expected text here, found nothing"),
        ("[relational trust]", "[{term: trust}]", r":9: the field 'why' is missing"),
        ("[relational trust]", "[{word: x}]", r":9: unknown field 'word'"),
        (
            "[relational trust]",
            "[{term: trust, why: ' '}]",
            r":9: the field 'why' is empty",
        ),
        (", why: a reason}\nlang", ", why: ''}\nlang", r":5: the field 'why' is empty"),
        ("only: [en], why: a reason", "any: yes, why: ''", r":6: the field 'why' is e"),
        ("60, why: a reason", '60, why: ""', r":10: the field 'why' is empty"),
        ("rows: 60", "rows: 0", r":10: at least one row must be kept"),
        ("rows: 60", "rows: many", r":10: expected a whole number"),
        ("keep: {rows: 60, why: a reason}", "keep: 60", r":10: expected a mapping"),
        ("{query: teacher trust, ", "{", r":10: the field 'query' is missing"),
    ],
)
def test_unusable_files_are_refused_with_their_line(
    old: str, new: str, message: str
) -> None:
    """Each mistake in a field names file, line and what is wrong."""
    assert PLAIN.count(old) == 1
    with pytest.raises(InputFileError, match=r"^trust\.yaml" + message):
        read(PLAIN.replace(old, new))


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("prisma_s: {peer_revue: x}", ":11: unknown field 'peer_revue': Did you mean"),
        ("known_items: [{doi: 10.1/x}]", ":11: the field 'title' is missing"),
        ("openalex: {filters: {type: x}}", ":11: the filter 'type' is made from"),
        ("openalex: {filters: {a: 'x,y:z'}}", ":11: 'a': 'x,y:z' is not one filter"),
        ("openalex: {expression: a OR b}", ":11: expected a mapping"),
        ("openalex: {types: {only: [book], why: ''}}", ":11: the field 'why' is e"),
        ("openalex: {expression: {text: a, why: ''}}", ":11: the field 'why' is e"),
        (
            "openalex: {expression: {text: a, why: x, accepted: {in: ''}}}",
            ":11: the field 'in' is empty",
        ),
        ("openalex: {keep: 3}", ":11: unknown field 'keep'"),
    ],
)
def test_unusable_sections_are_refused_with_their_line(
    added: str, message: str
) -> None:
    """Each mistake in an optional part names file, line and what is wrong."""
    with pytest.raises(InputFileError) as caught:
        read(PLAIN + added + "\n")
    assert str(caught.value).startswith("trust.yaml" + message)


def test_not_searching_a_source_needs_words() -> None:
    """An empty text is no reason for leaving a source out."""
    alone = PLAIN.replace("[openalex, crossref]", "[openalex]")
    alone = alone[: alone.index("crossref: {")] + "not_searched: {crossref: ''}\n"
    with pytest.raises(InputFileError, match=r":10: the field 'crossref' is empty"):
        read(alone)


def test_crossref_needs_its_own_query() -> None:
    """The blocks cannot be sent to Crossref, so its section must be there."""
    with pytest.raises(InputFileError, match=r":4: .* the section crossref is missing"):
        read(PLAIN[: PLAIN.index("crossref: {")])


# --- what a source would misread ---------------------------------------------


def test_a_sound_strategy_has_no_problems() -> None:
    """No complaint is made without a cause."""
    assert complaints(PLAIN) == []


@pytest.mark.parametrize(
    ("term", "severity", "what"),
    [
        ("teach*", "error", "the character * stands"),
        ("'organi?ational'", "error", "the character ? stands"),
        ("trust~", "error", "the character ~ stands"),
        ("'trust, respect'", "error", "the character , stands"),
        ("'trust|respect'", "error", "the character | stands"),
        ("'!trust'", "error", "the character ! stands"),
        ("\u201ctrust\u201d", "error", "the character \u201c stands"),
        ("'\"relational trust'", "error", "a quote or a parenthesis stands"),
        ("(trust)", "error", "a quote or a parenthesis stands"),
        ("trust OR respect", "error", "an operator stands"),
        ("or", "error", "an operator stands"),
        ("teacher buy-in", "error", "'teacher buy-in' may be searched as 'teacher b"),
        ("Principal", "error", "the bare word 'Principal' is too broad"),
        ("English", "error", "the bare word 'English' is too broad"),
        ("'title:teacher'", "error", "'title:' is no field but a word to find"),
        ("trust, Trust", "warning", "'Trust' stands in this block already, on line 9"),
    ],
)
def test_terms_that_are_misread_are_told(term: str, severity: str, what: str) -> None:
    """Each kind of misread term is told with its line and severity."""
    line, told, sentence = complaints(with_term(term))[0]
    assert (line, told) == (9, severity)
    assert sentence.startswith(what)


def test_broad_words_and_stop_words_are_told_only_where_they_harm() -> None:
    """A broad word inside a phrase, and a phrase without stop words, are fine."""
    assert (
        complaints(with_term("school principal, English school, meta-analysis")) == []
    )


def test_a_reason_keeps_a_word_but_no_wildcard() -> None:
    """A reason excuses what is dropped or broad, never what means something else."""
    assert complaints(with_term("{term: teacher buy-in, why: few}")) == []
    assert complaints(with_term("{term: principal, why: few}")) == []
    assert complaints(with_term("{term: 'PRISMA:2020', why: a name}")) == []
    told = complaints(with_term("{term: teach*, why: I like it}"))
    assert [severity for _, severity, _ in told] == ["error"]


@pytest.mark.parametrize(
    ("expression", "severity", "what"),
    [
        ("(trust or respect)", "error", "'or' is searched as a word"),
        ("trust and respect", "error", "'and' is searched as a word"),
        ("trust AND title:respect", "error", "'title:' is no field but a word"),
        ("trust AND not doubt", "error", "'not' is searched as a word"),
        ("trust, OR respect", "error", "the character , stands"),
        ("teach* AND trust", "error", "the character * stands"),
        ("trust~2", "error", "the character ~ stands"),
        ('"trust AND respect', "error", "a double quote is not closed"),
        ("(trust AND respect", "error", "the parentheses do not match"),
        ("trust) AND (respect", "error", "the parentheses do not match"),
        ("trust AND OR respect", "error", "nothing stands between 'AND' and 'OR'"),
        ("trust AND", "error", "nothing stands between 'AND' and ')'"),
        ("trust AND ()", "error", "nothing stands between '(' and ')'"),
        ("trust Or respect", "error", "'Or' is searched as a word"),
        ("NOT trust", "error", "the expression finds nearly everything"),
        ("trust OR NOT doubt", "error", "the expression finds nearly everything"),
        ("NOT (trust AND doubt)", "error", "the expression finds nearly everything"),
        ("NOT (trust OR (a1 AND b1))", "error", "the expression finds nearly"),
        ("(a1 AND b1 OR c1) AND d1", "error", "AND and OR are mixed without"),
        ("trust respect", "warning", "there is no operator between trust and respect"),
        ("a1 AND b1 OR c1", "error", "AND and OR are mixed without parentheses"),
        ('"buy in" AND trust', "error", "'buy in' may be searched as 'buy'"),
        ("principal AND trust", "error", "the bare word 'principal' is too broad"),
    ],
)
def test_expressions_that_are_misread_are_told(
    expression: str, severity: str, what: str
) -> None:
    """Each kind of misread expression is told with its line and severity."""
    told = complaints(with_expression(expression))
    assert any(
        line == 12 and found == severity and sentence.startswith(what)
        for line, found, sentence in told
    ), told


@pytest.mark.parametrize(
    "expression",
    [
        '("school climate" OR ethos) AND NOT hospital',
        'NOT hospital AND "teacher trust"~3',
        "(a1 AND b1) OR (c1 AND d1)",
        '"rules and regulations" OR "x"'.replace(" and ", " "),
        "trust AND NOT (doubt OR NOT respect)",
        "NOT (NOT trust)",
        "(trust OR respect) NOT (doubt OR fear)",
    ],
)
def test_sound_expressions_are_left_alone(expression: str) -> None:
    """Negation, proximity and nesting draw no complaint."""
    assert complaints(with_expression(expression)) == []


def test_words_of_an_expression_can_be_accepted_with_a_reason() -> None:
    """The reason excuses that phrase and no other."""
    reasons = "why: a reason, accepted: {buy in: few}"
    text = PLAIN + (
        f'openalex:\n  expression: {{text: \'"buy in" OR "opt in"\', {reasons}}}\n'
    )
    told = [what for _, _, what in complaints(text)]
    assert len(told) == 1
    assert told[0].startswith("'opt in' may be searched as 'opt'")


def test_a_filter_holds_a_hundred_values() -> None:
    """OpenAlex refuses more values in one filter; so do we, with the line."""
    values = "|".join(f"v{number}" for number in range(100))
    text = PLAIN + f"openalex: {{filters: {{funders.id: {values}}}}}\n"
    assert complaints(text) == []
    ((line, severity, what),) = complaints(text.replace(values, f"{values}|v100"))
    assert (line, severity) == (11, "error")
    assert what.startswith("the filter has 101 values")


# --- languages ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("languages", "sent"),
    [
        ("{only: [en, fr], why: x}", ",language:en|fr"),
        ("{only: [en], or_unknown: true, why: x}", ",language:en|null"),
        ("{only: [en], or_unknown: false, why: x}", ",language:en"),
        ("{any: true, why: x}", ""),
        ("{any: false, only: [en], why: x}", ",language:en"),
    ],
)
def test_languages_are_limited_as_the_file_says(languages: str, sent: str) -> None:
    """Only some, these and the unknown, or any; the reason is always asked for."""
    text = PLAIN.replace("{only: [en], why: a reason}", languages)
    told = compile_request(read(text), "openalex").params["filter"]
    assert told.endswith(f",to_publication_date:2026-06-30{sent}")


def test_a_language_is_told_by_its_code() -> None:
    """Its name would be sent as it stands, and find nothing."""
    with pytest.raises(
        InputFileError, match=r"^trust\.yaml:6: 'english' is not the two"
    ):
        read(PLAIN.replace("[en]", "[english]"))
    read(PLAIN.replace("[en]", "[en, zh-cn]"))


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        ("{why: x}", "the field 'only' is missing"),
        ("{any: true}", "the field 'why' is missing"),
        ("{any: false, why: x}", "the field 'only' is missing"),
        ("{any: true, only: [en], why: x}", "'only' limits what 'any' leaves open"),
        ("{any: perhaps, why: x}", "expected true or false"),
        ("{any: true, or_unknown: true, why: x}", "'or_unknown' limits what"),
    ],
)
def test_languages_that_contradict_are_refused(languages: str, message: str) -> None:
    """Line and reason are told."""
    text = PLAIN.replace("{only: [en], why: a reason}", languages)
    with pytest.raises(InputFileError, match=rf"^trust\.yaml:6: {message}"):
        read(text)


# --- known items -------------------------------------------------------------


def known(*items: str) -> str:
    """Return a strategy whose line 12 begins its known items."""
    return PLAIN + "known_items:\n" + "".join(f"  - {{{item}}}\n" for item in items)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("doi: https://doi.org/10.1002/REV3.3304", ("10.1002/rev3.3304", None)),
        ("openalex: https://openalex.org/works/w27", (None, "W27")),
        ("openalex: W27, doi: 10.1/X", (None, None)),
    ],
)
def test_known_items_are_named_by_doi_or_openalex_id(
    field: str, value: tuple[str | None, str | None]
) -> None:
    """Either is read in its usual spellings; what is neither is refused."""
    if value == (None, None):
        with pytest.raises(InputFileError, match=r":12: '10\.1/X' is not a DOI"):
            read(known(f"title: T, {field}"))
        with pytest.raises(InputFileError, match=r":12: 'A27' is not an OpenAlex work"):
            read(known("title: T, openalex: A27"))
        return
    (item,) = read(known(f"title: T, {field}")).known_items
    assert (item.doi, item.openalex) == value


def test_an_item_with_a_title_alone_is_told() -> None:
    """It is looked for by its title, unless a note says why."""
    text = known("title: Trust", "title: Hope, note: a report")
    assert [(line, how) for line, how, _ in complaints(text)] == [(12, "warning")]
    assert "is looked for by its title" in complaints(text)[0][2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("title: A, doi: 10.1000/x", "title: B, doi: 'doi:10.1000/X'"),
        ("title: A, openalex: W1", "title: B, openalex: w1"),
        (
            "title: 'One, two', year: 2001, doi: 10.1000/x",
            "title: one two, year: 2001, openalex: W3",
        ),
    ],
)
def test_an_item_that_stands_twice_is_told(one: str, other: str) -> None:
    """By DOI, by id, or by title and year; the first line is named."""
    ((line, severity, what),) = complaints(known(one, other))
    assert (line, severity) == (13, "warning")
    assert "is known already, from line 12" in what
    assert complaints(known(one, "title: C, doi: 10.1000/c")) == []


# --- one block, and some works -----------------------------------------------


def test_a_request_is_narrowed_to_works_within_the_request_line() -> None:
    """Every id stands in exactly one request, and none is longer than allowed."""
    ids = [f"W{number}" for number in range(4_000_000_000, 4_000_000_120)]
    words = ", ".join(f"relational trust {number}" for number in range(238))
    short, long = read(PLAIN), read(with_term(words))
    for strategy, most in ((short, 50), (long, 48)):
        whole = compile_request(strategy, "openalex")
        parts = narrowed(whole, ids)
        asked = [part.params["filter"].rpartition(",openalex:") for part in parts]
        assert [work for _, _, some in asked for work in some.split("|")] == ids
        assert {before for before, _, _ in asked} == {whole.params["filter"]}
        assert max(len(some.split("|")) for _, _, some in asked) == most
        assert all(len(f"GET {part.url('')} HTTP/1.1") < 8190 for part in parts)
    assert narrowed(compile_request(short, "openalex"), []) == []


def test_one_block_is_asked_without_any_limit() -> None:
    """What a block matches alone does not depend on dates, types or languages."""
    strategy = read(PLAIN)
    assert block_request(strategy, strategy.blocks[0]).params == {
        "filter": 'title_and_abstract.search:(teacher OR "school leader")'
    }


@pytest.mark.parametrize(
    "query", ["trust AND hope", '"a b"', "trust*", "(trust)", "title:a"]
)
def test_crossref_takes_only_words(query: str) -> None:
    """Boolean, phrase and wildcard syntax is refused in Crossref's query."""
    told = complaints(PLAIN.replace("query: teacher trust", f"query: '{query}'"))
    assert [(line, severity) for line, severity, _ in told] == [(10, "error")]
    assert "Crossref does not understand" in told[0][2]


@pytest.mark.parametrize(
    ("source", "word", "hint"),
    [
        ("openalex", "journal-article", ""),
        ("openalex", "reviewz", "'review'"),
        ("crossref", "article", "'journal-article'"),
    ],
)
def test_unknown_types_are_told(source: str, word: str, hint: str) -> None:
    """A type of the other source, or a misspelt one, would find nothing."""
    section = f"types:\n    only:\n      - {word}\n    why: x"
    if source == "openalex":
        text = PLAIN + f"openalex:\n  {section}\n"
    else:
        text = PLAIN[: PLAIN.index("crossref: {")]
        text += f"crossref:\n  query: trust\n  keep: {{rows: 9, why: x}}\n  {section}\n"
    line = text.splitlines().index(f"      - {word}") + 1
    (told,) = complaints(text)
    assert told[:2] == (line, "warning")
    assert f"{word!r} is not known as a type of {source}" in told[2]
    assert hint in told[2]


@pytest.mark.parametrize(
    ("source", "name", "severity", "hint"),
    [
        ("openalex", "banana", "warning", "may refuse the whole search"),
        ("openalex", "has_abstrct", "error", "Did you mean 'has_abstract'?"),
        ("crossref", "has_abstract", "error", "Did you mean 'has-abstract'?"),
        ("crossref", "language", "warning", "may refuse the whole search"),
    ],
)
def test_unknown_filters_are_told(
    source: str, name: str, severity: str, hint: str
) -> None:
    """A slip is refused before the service does; a strange name draws a warning."""
    section = f"filters: {{{name}: 2}}"
    if source == "openalex":
        text, line = PLAIN + f"openalex:\n  {section}\n", 12
    else:
        text, line = PLAIN.replace("{query: teach", f"{{{section}, query: teach"), 10
    (told,) = complaints(text)
    assert told[:2] == (line, severity)
    assert f"{name!r} is not known as a filter of {source}" in told[2]
    assert hint in told[2]


def test_known_filters_of_any_spelling_pass() -> None:
    """Digits, dots and hyphens stand in names that OpenAlex takes."""
    top = "citation_normalized_percentile.is_in_top_10_percent"
    text = PLAIN + f"openalex: {{filters: {{{top}: true, has-doi: true}}}}\n"
    assert complaints(text) == []


def test_filtering_out_retractions_is_told() -> None:
    """A retraction must be seen, so the filter that hides it draws a warning."""
    told = complaints(PLAIN + "openalex: {filters: {is_retracted: false}}\n")
    assert [(line, severity) for line, severity, _ in told] == [(11, "warning")]


def test_long_expressions_warn_and_longer_ones_are_refused() -> None:
    """Above 1,500 characters comes a warning, above the request line an error."""
    words = ", ".join(f"relational trust {number}" for number in range(70))
    ((line, severity, what),) = complaints(with_term(words))
    assert (line, severity) == (8, "warning")
    assert "characters" in what
    words = ", ".join(f"relational trust {number}" for number in range(400))
    ((line, severity, what),) = complaints(with_term(words))
    assert (line, severity) == (8, "error")
    assert "the request to openalex is too long" in what


def test_the_length_counts_bytes_as_sent() -> None:
    """Letters outside ASCII take up to six bytes each once encoded."""
    ascii_words = ", ".join(f"{'e' * 20}{number}" for number in range(60))
    accented = ascii_words.replace("e", "\u00e9")
    assert [row[1] for row in complaints(with_term(ascii_words))] == ["warning"]
    assert [row[1] for row in complaints(with_term(accented))] == ["error"]


def test_problems_come_in_the_order_of_the_lines() -> None:
    """A person can work through the list from the top of the file."""
    *rows, crossref = PLAIN.replace("[teacher,", "[teach*,").splitlines()
    rows.insert(3, crossref.replace("teacher trust", "a OR b"))
    assert [line for line, _, _ in complaints("\n".join(rows))] == [4, 9]


# --- matching on this side ---------------------------------------------------


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("teacher", "Teachers' lives"),
        ("teacher", "each teacher\u2019s day"),
        ("professional learning community", "Professional learning communities work"),
        ("working conditions", "the working condition of staff"),
        ("buy-in", "staff buy in to change"),
        ("head teacher", "Head-teachers lead"),
        ("meta-analysis", "two meta-analyses"),
        ("factor analysis", "confirmatory factor\nanalysis"),
        ("school climate", "'School Climate'"),
        ("studies", "a study"),
        ("process", "processes"),
        ("TALIS", "talis 2018"),
    ],
)
def test_terms_are_found_in_their_forms(term: str, text: str) -> None:
    """Case, hyphens, plurals and possessives do not hide a term."""
    assert matches(read(with_term(term)), "", text)["trust"]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("teacher", "teaching"),
        ("head teacher", "the head of a teacher"),
        ("UK", "Ukraine"),
        ("version", "conversion"),
        ("school climate", "school. The climate"),
        ("scale", "upscale"),
    ],
)
def test_other_words_are_not_taken_for_a_term(term: str, text: str) -> None:
    """A longer word, or words in between, are not the term."""
    if text == "school. The climate":
        assert not matches(read(with_term(term)), text, "")["trust"]
    assert not matches(read(with_term(term)), "", text)["trust"]


def test_matches_are_told_by_block() -> None:
    """Each block is told apart, over title and abstract, and never across both."""
    strategy = read(PLAIN)
    title, abstract = "School leaders build relational", "trust in schools"
    assert matches(strategy, title, abstract) == {"population": True, "trust": False}


def test_spans_point_at_the_words() -> None:
    """The places of a block's terms can be highlighted."""
    text = "Teachers and school leaders"
    found = [text[start:end] for start, end in spans(read(PLAIN).blocks[0], text)]
    assert found == ["Teachers", "school leaders"]


# --- the property ------------------------------------------------------------

words = st.text(
    st.characters(categories=["Ll", "Lu", "Nd"], codec="utf-8"), min_size=1, max_size=8
)
terms = st.lists(words, min_size=1, max_size=3).map(" ".join)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat)


@st.composite
def strategies(draw: st.DrawFn) -> dict[str, object]:
    """Draw a strategy as the plain content of its file."""
    reason = {"why": draw(terms)}
    types = {
        source: reason
        | {"only": draw(st.lists(st.sampled_from(sorted(known)), min_size=1))}
        for source, known in TYPES.items()
    }
    first, last = sorted([draw(days), draw(days)])
    blocks = st.dictionaries(words, st.lists(terms, min_size=1, max_size=4), min_size=1)
    return {
        "title": draw(terms),
        "purpose": draw(terms),
        "research_questions": draw(st.lists(words)),
        "sources": list(SOURCES),
        "published": reason | {"from": first, "to": last},
        "languages": reason | {"only": ["en", "fr"]},
        "blocks": draw(blocks),
        "openalex": {"types": types["openalex"]},
        "crossref": {
            "query": draw(terms),
            "keep": reason | {"rows": str(draw(st.integers(1, 5000)))},
            "types": types["crossref"],
        },
    }


@given(strategies())
def test_the_address_says_all_that_is_meant(content: dict[str, object]) -> None:
    """What stands in a file can be read back from the address that is sent."""
    strategy = read(yaml.safe_dump(content, allow_unicode=True))
    if any(problem.severity == "error" for problem in problems(strategy)):
        with pytest.raises(StrategyError):
            compile_request(strategy, "openalex")
        return
    openalex, crossref = (compile_request(strategy, source) for source in SOURCES)
    assert decoded(openalex) == openalex.params | {"per-page": "100"}
    assert decoded(crossref) == crossref.params | {"rows": str(crossref.page_size)}
    fields = dict(part.split(":", 1) for part in decoded(openalex)["filter"].split(","))
    blocks = fields["title_and_abstract.search"][1:-1].split(") AND (")
    assert [[word.strip('"') for word in block.split(" OR ")] for block in blocks] == [
        [term.text for term in block.terms] for block in strategy.blocks
    ]
    assert fields["from_publication_date"] == strategy.published.first.isoformat()
    assert fields["language"] == "en|fr"
    assert crossref.page_size <= min(100, crossref.keep or 0)
