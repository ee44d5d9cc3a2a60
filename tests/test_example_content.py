"""Tests of what the repository's own review holds in screening/."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from litreview import yamlfile
from litreview.codebook import Codebook, Level, parse_codebook
from litreview.looseends import problems
from litreview.protocol import parse_criteria, parse_review
from litreview.vocabulary import (
    CmoRole,
    CmoStatus,
    EvidenceType,
    Found,
    Polarity,
    Relation,
    Stage,
    Verdict,
)

SCREENING = Path(__file__).resolve().parent.parent / "screening"
# Short quotations are citation; longer ones would be copying.
MAX_QUOTE_WORDS = 25

GROUP_SIZES = {
    "coherence": 10,
    "eef_build_knowledge": 2,
    "eef_motivate": 3,
    "eef_technique": 7,
    "eef_embed": 5,
    "consensus": 6,
    "cst": 8,
    "tdt": 8,
    "strategy": 6,
    "leadership": 9,
    "community": 7,
    "enabler_barrier": 11,
    "research_engagement": 6,
    "nine_claims": 9,
    "offer": 7,
    "school_context": 6,
    "outcomes": 8,
}

REFERENT_OF_LEVEL = {
    Level.TEACHER: "I",
    Level.TEAM: "my team",
    Level.SCHOOL: "my school",
    Level.TRUST: "my trust",
}

# The rules of an item lint that a pattern can see; each list of words is ours.
LINT = {
    "double-barrelled": r"(?i)\b(and|or)\b|/",
    "negation": r"(?i)\b(not|never|no|none|without|cannot)\b|n't\b",
    "leading": r"(?i)\b(obviously|clearly|of course|surely|naturally)\b",
    "absolute": r"(?i)\b(always|all|every|everyone|completely|only)\b",
    "vague quantifier": r"(?i)\b(often|sometimes|usually|frequently|most|many)\b",
    "acronym": r"\b[A-Z]{2,}[a-z]?\b",
    "presupposition or frequency": r"^(How|Why|What)\b",
}


def load(name: str) -> Any:
    """Return a file of the example without its lines."""
    path = SCREENING / "example" / name
    return yamlfile.parse(path.read_text("utf-8"), path).plain()


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    """Return the codebook of the founding review."""
    path = SCREENING / "codebooks" / "coherent-offer.yaml"
    return parse_codebook(
        yamlfile.parse(path.read_text("utf-8"), path), name="coherent-offer"
    )


@pytest.fixture(scope="module")
def records() -> Any:
    """Return the records of the example."""
    return load("records.yaml")


@pytest.fixture(scope="module")
def codes() -> Any:
    """Return the coded passages of the example."""
    return load("coding.yaml")["codes"]


@pytest.fixture(scope="module")
def configurations() -> Any:
    """Return the configurations of the example."""
    return load("cmo.yaml")["configurations"]


@pytest.fixture(scope="module")
def items() -> Any:
    """Return the items of the only instrument."""
    [instrument] = load("instruments.yaml")["instruments"]
    assert instrument["name"] == "School PD coherence and conditions (draft)"
    return instrument["items"]


def plain(text: str) -> str:
    """Take line breaks and markup out of a document, and nothing else."""
    text = re.sub(r"<[^>]+>", " ", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return " ".join(re.sub(r"[*_#\\]", "", text).split())


def test_codebook_has_118_sound_constructs(codebook: Codebook) -> None:
    """All 118 constructs are there, in their groups, and every reference holds."""
    assert problems(codebook) == []
    assert len({construct.id for construct in codebook.constructs}) == 118
    assert Counter(c.group for c in codebook.constructs) == GROUP_SIZES
    assert [group.id for group in codebook.groups] == list(GROUP_SIZES)


def test_every_construct_says_what_the_tables_need(codebook: Codebook) -> None:
    """Each construct has a definition of its own, a role, a level and a source."""
    definitions = Counter(construct.definition for construct in codebook.constructs)
    assert max(definitions.values()) == 1
    for construct in codebook.constructs:
        assert len(construct.definition.split()) >= 5, construct.id
        assert construct.sources, construct.id


def test_the_fourteen_mechanisms_stand_in_their_groups(codebook: Codebook) -> None:
    """Mechanisms 1 to 14 of the EEF are split 2, 3, 5 and 4, in this order."""
    mechanisms = [c for c in codebook.constructs if c.id.startswith("eef.m")]
    assert [c.number for c in mechanisms] == list(range(1, 15))
    assert {c.cmo_role for c in mechanisms} == {CmoRole.MECHANISM}
    sizes = Counter(construct.group for construct in mechanisms)
    assert list(sizes.values()) == [2, 3, 5, 4]


def test_coherence_is_coded_through_its_facets(codebook: Codebook) -> None:
    """Process and end state are facets of coherence, with different roles."""
    facets = {construct.id: construct for construct in codebook.facets("coherence")}
    assert "coh.creating" not in facets
    assert facets["coh.process_people"].cmo_role == CmoRole.MECHANISM
    assert facets["coh.end_state"].cmo_role == CmoRole.OUTCOME
    assert not codebook.applicable("coherence")
    assert len(codebook.facets("lead.pd_lead")) == 4


def test_contested_constructs_name_both_sides(codebook: Codebook) -> None:
    """The six consensus characteristics have those who claim and who dispute them."""
    contested = [c for c in codebook.constructs if c.contested]
    assert {c.group for c in contested} == {"consensus"}
    assert len(contested) == 6
    for construct in contested:
        assert not set(construct.sources) & set(construct.contested_by)


def test_what_nobody_checked_is_marked(codebook: Codebook) -> None:
    """The nine claims and three DOIs are marked as from memory."""
    claims = [c for c in codebook.constructs if c.group == "nine_claims"]
    assert {c.checked for c in claims} == {"memory"}
    dois = {r.id for r in codebook.references if r.doi and r.checked == "memory"}
    assert dois == {"sims_fw_2020", "hill_2013", "kraft_papay_2014"}
    assert all(reference.checked for reference in codebook.references)


def test_criteria_have_ordered_reasons_and_five_streams() -> None:
    """Five streams, nine reasons in order, and a duplicate is none of them."""
    path = SCREENING / "criteria.yaml"
    criteria = parse_criteria(yamlfile.parse(path.read_text("utf-8"), path))
    assert [stream.id for stream in criteria.streams] == [
        "validates_instrument",
        "theorises_concept",
        "proxy_indicator",
        "tests_association",
        "offer_evidence",
    ]
    keys = [reason.key for reason in criteria.exclusion]
    assert keys[0] == "X-LANG"
    assert len(keys) == 9
    assert "X-DUP" not in keys
    full_text = criteria.rules(Stage.FULL_TEXT)
    assert full_text.reason_required
    assert full_text.stream_required
    assert Verdict.MAYBE in criteria.rules(Stage.TITLE_ABSTRACT).verdicts


def test_review_asks_for_two_screeners() -> None:
    """The founding review starts without people and with two votes a record."""
    path = SCREENING / "review.yaml"
    review = parse_review(yamlfile.parse(path.read_text("utf-8"), path))
    assert review.people == ()
    assert [plan.per_record for plan in review.stages] == [2, 2]


def test_keys_of_the_example_are_unique(
    records: Any, codes: Any, configurations: Any, items: Any
) -> None:
    """No key stands twice in a file."""
    reports = [r for v in records["versions"] for r in v["reports"] if "key" in r]
    for entries in (
        [*records["founding"], *records["cited"], *reports],
        codes,
        configurations,
        items,
    ):
        counts = Counter(entry["key"] for entry in entries)
        assert [key for key, times in counts.items() if times > 1] == []


def test_records_refer_to_records(records: Any) -> None:
    """Citing documents and versions point at entries of the file."""
    founding = {entry["key"] for entry in records["founding"]}
    cited = {entry["key"] for entry in records["cited"]}
    assert len(founding) == 5
    for entry in records["cited"]:
        assert entry["cited_in"], entry["key"]
        assert set(entry["cited_in"]) <= founding, entry["key"]
    for version in records["versions"]:
        pointers = {r["cited"] for r in version["reports"] if "cited" in r}
        assert pointers <= cited
        assert len(version["reports"]) == 3


def test_records_are_whole(records: Any) -> None:
    """Every record has what its loader needs, and a way it was found."""
    reports = [r for v in records["versions"] for r in v["reports"] if "key" in r]
    for entry in [*records["cited"], *reports]:
        assert entry["title"], entry["key"]
        assert entry["type"], entry["key"]
        for author in entry["authors"]:
            assert ("family" in author) != ("literal" in author), entry["key"]
        assert "checked" in entry or set(entry.get("supplied", [])) <= {"title"}
    for entry in records["founding"]:
        assert entry["organisation"]
        assert Found(entry["found"]) not in {Found.DATABASE, Found.REGISTER}
        assert int(entry["year"]) > 2000


def test_reference_lists_are_complete(records: Any) -> None:
    """The six references of 000 and the twelve of 001 are there, printed DOIs too."""
    by_document = Counter(d for entry in records["cited"] for d in entry["cited_in"])
    assert by_document["F000"] == 6
    assert by_document["F001"] == 12 + 2
    dois = {entry["doi"] for entry in records["cited"] if "doi" in entry}
    assert dois == {
        "10.1177/1356389005053198",
        "10.1080/19415257.2020.1787208",
        "10.1016/j.edurev.2019.03.005",
        "10.4135/9781483348896.n29",
        "10.1002/rev3.3226",
    }


def test_printed_dois_stand_in_the_documents(records: Any, shared: Path) -> None:
    """Each DOI of a cited work is printed in a document that cites it."""
    files = {entry["key"]: entry["file"] for entry in records["founding"]}
    for entry in records["cited"]:
        if "doi" in entry:
            texts = [
                (shared / "founding" / files[key]).read_text("utf-8")
                for key in entry["cited_in"]
            ]
            assert any(entry["doi"] in text for text in texts), entry["key"]


def test_codes_use_the_codebook_and_the_vocabularies(
    codebook: Codebook, codes: Any, records: Any
) -> None:
    """Each code has an applicable construct, known words and a known document."""
    founding = {entry["key"] for entry in records["founding"]}
    for code in codes:
        assert codebook.applicable(code["construct"]), code["key"]
        assert code["document"] in founding, code["key"]
        CmoRole(code["role"])
        Polarity(code["polarity"])
        EvidenceType(code["evidence_type"])
        assert code["at"]
        assert code["speaker"]


def test_coding_is_broad_and_short(codes: Any) -> None:
    """At least 40 codes over 30 constructs and all five documents, no long quotes."""
    assert len(codes) >= 40
    assert len({code["construct"] for code in codes}) >= 30
    assert len({code["document"] for code in codes}) == 5
    for code in codes:
        assert 3 <= len(code["quote"].split()) <= MAX_QUOTE_WORDS, code["key"]


def test_quotes_stand_in_the_documents(codes: Any, records: Any, shared: Path) -> None:
    """Every quote is in its document word for word, line breaks and markup aside."""
    texts = {
        entry["key"]: plain((shared / "founding" / entry["file"]).read_text("utf-8"))
        for entry in records["founding"]
    }
    missing = [
        code["key"]
        for code in codes
        if plain(code["quote"]) not in texts[code["document"]]
    ]
    assert missing == []


def test_quotes_are_compared_without_markup_alone() -> None:
    """Markup and line breaks do not hide a quote; another word does."""
    document = "<li>We **try\n not** to use [it](http://x.org)  \\_here\\_.</li>"
    assert plain("We try not to use it here.") in plain(document)
    assert plain("We try to use it here.") not in plain(document)


def test_configurations_rest_on_codes_of_their_own_constructs(
    codebook: Codebook, codes: Any, configurations: Any
) -> None:
    """Each part of a configuration has evidence, and no other construct has."""
    construct_of = {code["key"]: code["construct"] for code in codes}
    for configuration in configurations:
        CmoStatus(configuration["status"])
        parts = {p for role in CmoRole for p in configuration[role]}
        assert all(codebook.applicable(part) for part in parts)
        for evidence in configuration["evidence"]:
            Relation(evidence["relation"])
        shown = {construct_of[e["code"]] for e in configuration["evidence"]}
        assert shown == parts, configuration["key"]


def test_first_chain_is_that_of_the_founding_document(
    codes: Any, configurations: Any
) -> None:
    """CMO-01 runs from communities and leadership through trust, from document 002."""
    first = configurations[0]
    assert first["context"] == ["comm.plc", "lead.enabling"]
    assert first["mechanism"] == ["comm.trust"]
    assert first["outcome"] == ["comm.peer_support", "comm.risk_taking"]
    documents = {code["key"]: code["document"] for code in codes}
    assert {documents[e["code"]] for e in first["evidence"]} == {"F002"}
    assert len(configurations) >= 4
    assert any(not c["outcome"] for c in configurations)


def test_found_instruments_are_named_by_a_founding_document(
    records: Any, shared: Path
) -> None:
    """F42: "Leuven" is found with its document, whose words are quoted exactly."""
    found = load("instruments.yaml")["found"]
    files = {entry["key"]: entry["file"] for entry in records["founding"]}
    assert "Leuven scales" in {entry["name"] for entry in found}
    for entry in found:
        file = shared / "founding" / files[entry["document"]]
        text = plain(file.read_text("utf-8"))
        assert entry["words"] in text, entry["key"]
        assert entry["at"] in text, entry["key"]
        assert entry["name"] in entry["words"], entry["key"]
        known = {"key", "name", "document", "at", "words", "note"}
        assert set(entry) == known, "what the document does not print is not known"


def test_items_rest_on_codes_of_their_construct(
    codebook: Codebook, codes: Any, items: Any
) -> None:
    """At least 24 items, each with a construct and evidence coded for it."""
    construct_of = {code["key"]: code["construct"] for code in codes}
    assert len(items) >= 24
    for item in items:
        assert codebook.applicable(item["construct"]), item["key"]
        assert item["evidence"], item["key"]
        shown = {construct_of[key] for key in item["evidence"]}
        assert item["construct"] in shown, item["key"]


def test_items_ask_about_the_level_of_their_construct(
    codebook: Codebook, items: Any
) -> None:
    """An item's level is its construct's, and its referent follows from that."""
    for item in items:
        construct = codebook.choose(item["construct"])
        assert item["level"] == construct.level, item["key"]
        assert item["referent"] == REFERENT_OF_LEVEL[construct.level], item["key"]


def test_items_name_a_scale_and_a_direction(items: Any) -> None:
    """Each item has a known response scale, and some are reversed."""
    scales = load("instruments.yaml")["scales"]
    assert {item["scale"] for item in items} <= set(scales)
    assert {item["reverse"] for item in items} == {"true", "false"}


def test_items_pass_the_lint(items: Any) -> None:
    """No item is double-barrelled, negated, leading, absolute, vague or long."""
    for item in items:
        text = item["text"]
        assert len(text.split()) <= 20, text
        fired = [rule for rule, words in LINT.items() if re.search(words, text)]
        assert fired == [], text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("double-barrelled", "My mentor is supportive and knowledgeable."),
        ("negation", "I do not have enough time."),
        ("leading", "This obviously takes time."),
        ("absolute", "Leaders always support me."),
        ("vague quantifier", "I often use research."),
        ("acronym", "Our ECTs have a mentor."),
    ],
)
def test_lint_of_this_file_can_fail(rule: str, text: str) -> None:
    """The patterns used above fire on the faults they are for."""
    assert re.search(LINT[rule], text)
