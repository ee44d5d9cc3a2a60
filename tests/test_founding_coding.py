"""What the founding documents ask of coding, row by row (F06 to F44)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from litreview import yamlfile
from litreview.codebook import Codebook, Construct, Level, Scoring, parse_codebook
from litreview.errors import LitreviewError
from litreview.vocabulary import CmoRole

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "screening" / "codebooks" / "coherent-offer.yaml"


@pytest.fixture(scope="module")
def book() -> Codebook:
    """Return the founding codebook."""
    node = yamlfile.parse(FILE.read_text("utf-8"), FILE)
    return parse_codebook(node, name="coherent-offer")


def test_f06_coherence_only_through_its_facets(book: Codebook) -> None:
    """Bare "coherence" is refused; process is a mechanism, the end state an outcome."""
    with pytest.raises(LitreviewError, match="cannot be applied") as caught:
        book.choose("coherence")
    for facet in ("coh.offer_design", "coh.external", "coh.internal", "coh.end_state"):
        assert facet in caught.value.fix
    with pytest.raises(LitreviewError, match="cannot be applied"):
        book.choose("coh.creating")
    assert book.choose("coh.process_people").cmo_role == CmoRole.MECHANISM
    assert book.choose("coh.end_state").cmo_role == CmoRole.OUTCOME


def test_f18_fourteen_mechanisms_in_four_groups(book: Codebook) -> None:
    """They stand in groups of 2, 3, 5 and 4, and all can be applied."""
    numbered = [f"eef.m{number:02}" for number in range(1, 15)]
    sizes = Counter(book.choose(name).group for name in numbered)
    assert list(sizes.values()) == [2, 3, 5, 4]


def test_f20_a_contested_construct_names_who_disputes_it(book: Codebook) -> None:
    """Both sides are works of the codebook."""
    contested = [construct for construct in book.constructs if construct.contested]
    works = {reference.id for reference in book.references}
    assert contested
    for construct in contested:
        assert construct.sources
        assert set(construct.contested_by) <= works


def test_f21_trust_level_codes(book: Codebook) -> None:
    """Some constructs describe a trust."""
    assert [c for c in book.constructs if c.level == Level.TRUST]


def test_f24_lethal_mutations_have_a_code(book: Codebook) -> None:
    """Fidelity and its loss can be coded."""
    fidelity = book.choose("eef.fidelity")
    assert fidelity.label == "Fidelity and adaptation"
    assert "harmful change" in fidelity.definition


def test_f26_two_poles_of_one_scale(book: Codebook) -> None:
    """Vision-led and reactive share a scale; one of them is scored in reverse."""
    scales: dict[str, list[Construct]] = {}
    for construct in book.constructs:
        if construct.pole_of:
            scales.setdefault(construct.pole_of, []).append(construct)
    assert scales
    for poles in scales.values():
        assert len(poles) == 2
        assert {pole.scoring for pole in poles} == {Scoring.FORWARD, Scoring.REVERSE}


def test_f27_drivers_have_codes(book: Codebook) -> None:
    """Development driven from outside and from inside are told apart."""
    drivers = [book.choose(f"strat.driver_{side}") for side in ("external", "internal")]
    assert drivers[0].definition != drivers[1].definition


def test_f28_the_lead_has_four_duties(book: Codebook) -> None:
    """The parent is refused and lists its four facets."""
    facets = [facet.id for facet in book.facets("lead.pd_lead")]
    duties = ("select", "rationale", "coordinate", "embed")
    assert facets == [f"lead.pd_{duty}" for duty in duties]
    with pytest.raises(LitreviewError, match="cannot be applied"):
        book.choose("lead.pd_lead")


def test_f44_the_research_mentor_has_a_code(book: Codebook) -> None:
    """The specialist leader of education as research mentor."""
    assert "mentor" in book.choose("res.mentor_role").label.lower()
