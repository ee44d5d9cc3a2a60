"""Chains of configurations and the evidence map, as SVG and DOT."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from coded import Coded, begin
from hypothesis import given
from hypothesis import strategies as st
from making import Maker
from sqlalchemy.orm import Session

from litreview import bubbles, chains, pictures
from litreview.bubbles import Row
from litreview.chains import Chain, Link, Node
from litreview.synthesis import CmoConfiguration, CmoEvidence, CmoPart
from litreview.vocabulary import CmoRole, EvidenceType

SVG = "{http://www.w3.org/2000/svg}"
KINDS = [kind.value for kind in EvidenceType]
CONTEXT, MECHANISM, OUTCOME = CmoRole


def texts(svg: str) -> list[str]:
    """Return the lines of text in a picture."""
    root = ET.fromstring(svg.encode())  # noqa: S314 - our own picture
    return [str(one.text) for one in root.iter(f"{SVG}text")]


def store(coded: Coded, status: str = "candidate") -> None:
    """Store a configuration: trust in a fitting plan leads to its end.

    Two studies speak of need, one of these also of trust; nobody of both ends.
    """
    row = CmoConfiguration(
        number=1,
        version=1,
        title='A "title" <1>',
        status=status,
        codebook_id=1,
        person_id=coded.lead.id,
    )
    coded.session.add(row)
    coded.session.flush()
    for place, (role, construct, aspect) in enumerate(
        [
            (CONTEXT, "people.need", None),
            (MECHANISM, "people.trust", "reasoning"),
            (OUTCOME, "fit.end", None),
        ]
    ):
        coded.session.add(
            CmoPart(
                cmo_id=row.id,
                role=role,
                construct=construct,
                position=place,
                aspect=aspect,
            )
        )
    one, two, three, _four = coded.reports
    passages = [
        coded.code(one, "people.need"),
        coded.code(one, "people.trust"),
        coded.code(two, "people.need"),
        coded.code(three, "fit.end"),
    ]
    for code in passages:
        coded.session.add(
            CmoEvidence(cmo_id=row.id, code_id=code.id, relation="supports")
        )
    coded.session.flush()


@pytest.fixture
def coded(session: Session, make: Maker) -> Coded:
    """Return a review with four included reports."""
    return begin(session, make)


def test_a_link_counts_the_studies_of_both_its_ends(coded: Coded) -> None:
    """Distinct studies with a supporting passage for each of the two constructs."""
    store(coded)
    (chain,) = pictures.chain(coded.session)
    assert chain.links == (
        Link(CONTEXT, "people.need", "people.trust", 1),
        Link(MECHANISM, "people.trust", "fit.end", 0),
    )
    assert chain.studies == 3
    assert chain.places[MECHANISM] == (Node("people.trust", "Trust", "reasoning"),)


def test_the_chain_is_drawn_with_its_words_and_numbers(coded: Coded) -> None:
    """Names, the aspect of the mechanism, and each link's number stand there."""
    store(coded)
    svg = pictures.chains_svg(coded.session).decode()
    told = texts(svg)
    assert {"Need", "Trust (reasoning)", "End state", "1", "0"} <= set(told)
    assert any('CMO 1 (candidate): A "title" <1>' in line for line in told)
    assert svg == pictures.chains_svg(coded.session).decode()


def test_the_graph_has_the_same_links(coded: Coded) -> None:
    """DOT names the nodes by configuration, place and construct; quotes survive."""
    store(coded)
    dot = pictures.chains_dot(coded.session).decode()
    assert '"1/context/people.need" -> "1/mechanism/people.trust" [label="1"];' in dot
    assert (
        '"1/mechanism/people.trust" -> "1/outcome/fit.end" [label="0", style=dashed];'
        in dot
    )
    assert r"A \"title\" <1>" in dot


def test_a_rejected_configuration_is_not_drawn(coded: Coded) -> None:
    """Nor does an empty review fail: the picture says that there is none."""
    store(coded, status="rejected")
    assert pictures.chain(coded.session) == []
    svg = pictures.chains_svg(coded.session).decode()
    assert "There is no configuration yet." in texts(svg)


def test_the_map_draws_each_construct_with_a_study(coded: Coded) -> None:
    """The numbers are those of the table; constructs without a study stay out."""
    one, two = coded.reports[:2]
    coded.code(one, "fit.end", "tests")
    coded.code(two, "fit.end", "tests")
    coded.code(two, "people.trust", "theorises")
    told = texts(pictures.map_svg(coded.session).decode())
    assert {"End state", "Trust", "2", "1", *KINDS} <= set(told)
    assert "Need" not in told


def test_an_empty_map_says_so(session: Session) -> None:
    """Before anything is coded the picture is valid and says why it is empty."""
    assert "Nothing has been coded yet." in texts(pictures.map_svg(session).decode())


@given(st.integers(1, 500), st.integers(1, 500))
def test_a_larger_count_is_no_smaller_circle(one: int, two: int) -> None:
    """Area follows the count, within what can be seen and what has room."""
    largest = max(one, two)
    small, large = sorted((one, two))
    assert bubbles.radius(small, largest) <= bubbles.radius(large, largest)
    assert bubbles.SMALLEST <= bubbles.radius(one, largest) <= bubbles.LARGEST
    assert bubbles.radius(0, largest) == 0


WORDS = st.text(max_size=200)


@given(st.lists(st.tuples(WORDS, WORDS, st.integers(0, 9)), max_size=4), WORDS)
def test_any_words_make_a_valid_map(
    rows: list[tuple[str, str, int]], title: str
) -> None:
    """Whatever the labels hold, the picture is well-formed and tells the counts."""
    drawn = [Row(label, group, {KINDS[0]: number}) for label, group, number in rows]
    told = texts(bubbles.draw(title, KINDS, drawn))
    for row in drawn:
        assert row.counts[KINDS[0]] == 0 or str(row.counts[KINDS[0]]) in told


@given(WORDS, WORDS, st.integers(0, 99))
def test_any_words_make_valid_chains(title: str, label: str, number: int) -> None:
    """Whatever a title or a label holds, both forms are well-formed."""
    chain = Chain(
        number,
        title,
        "candidate",
        {CONTEXT: (Node("a", label),), MECHANISM: (), OUTCOME: ()},
        (),
        number,
    )
    assert "nothing yet" in texts(chains.to_svg(title, [chain]))
    dot = chains.to_dot(title, [chain])
    unescaped = re.sub(r"\\.", "", dot)
    assert unescaped.count('"') % 2 == 0
    assert dot.endswith("}\n")
