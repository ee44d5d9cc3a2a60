"""What the simulated screeners promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.demo.generator import demo_works
from litreview.demo.records import abstract_text, openalex_id, text
from litreview.demo.votes import (
    STREAMS,
    Vote,
    simulated_arbiter,
    simulated_retrieval,
    simulated_vote,
)

ON_TITLE = "Measuring teacher collaboration in schools"
ON_ABSTRACT = "A questionnaire on professional learning of teachers was validated."
MANY = 1500


def votes(*, seed: int, screener: str, stage: str = "title_abstract") -> list[Vote]:
    """Let one screener vote on many records that clearly belong."""
    return [
        simulated_vote(
            seed=seed,
            screener=screener,
            stage=stage,
            source="openalex",
            source_id=f"W{number}",
            title=ON_TITLE,
            abstract=ON_ABSTRACT,
        )
        for number in range(MANY)
    ]


def test_the_same_key_gives_the_same_vote() -> None:
    """A rehearsal can be repeated to the last vote."""
    assert votes(seed=1, screener="ana") == votes(seed=1, screener="ana")


def test_another_seed_gives_other_conflicts() -> None:
    """Where two screeners differ depends on the seed."""

    def conflicts(seed: int) -> set[int]:
        pairs = zip(
            votes(seed=seed, screener="ana"),
            votes(seed=seed, screener="ben"),
            strict=True,
        )
        return {
            n
            for n, (a, b) in enumerate(pairs)
            if (a.verdict == "exclude") != (b.verdict == "exclude")
        }

    first, second = conflicts(1), conflicts(2)
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize("stage", ["title_abstract", "full_text"])
def test_a_screener_errs_on_a_small_share(stage: str) -> None:
    """Of records that clearly belong, some 8 per cent are excluded by mistake."""
    wrong = sum(
        vote.verdict == "exclude" for vote in votes(seed=3, screener="ana", stage=stage)
    )
    assert 0.05 < wrong / MANY < 0.11


def test_maybe_belongs_to_title_and_abstract_alone() -> None:
    """There are some maybe verdicts by title and abstract and none at full text."""
    assert any(vote.verdict == "maybe" for vote in votes(seed=1, screener="ana"))
    full = votes(seed=1, screener="ana", stage="full_text")
    assert not any(vote.verdict == "maybe" for vote in full)


@pytest.mark.parametrize(
    ("title", "abstract", "reason"),
    [
        (
            "Book review: Learning to lead schools",
            "On teachers and coaching.",
            "X-TYPE",
        ),
        ("Erratum: Teacher coaching", "", "X-TYPE"),
        ("Nurse teachers on the ward", "Professional development of nurses.", "X-POP"),
        ("Kindergarten teachers and coaching", "", "X-POP"),
        ("Ceramic coatings", "The apparatus is described.", "X-POP"),
        ("La formation des enseignants et le climat", "", "X-LANG"),
        ("Voice strain among teachers", "Symptoms at work.", "X-CONCEPT"),
        ("Teacher coaching", "Archive papers on professional development.", "X-STREAM"),
        ("Teacher coaching", "A questionnaire not yet tested.", "X-INSTR"),
        ("A National Professional Qualification in Kenya", "Fees.", "X-COUNTRY"),
        (
            "RETRACTED: Effects of teacher coaching",
            "A trial in schools.",
            "X-RETRACTED",
        ),
    ],
)
def test_the_arbiter_names_the_first_reason_that_applies(
    title: str, abstract: str, reason: str
) -> None:
    """Each exclusion reason of the criteria has works that it is meant for."""
    vote = simulated_arbiter(stage="full_text", title=title, abstract=abstract)
    assert (vote.verdict, vote.reason) == ("exclude", reason)


def test_the_arbiter_includes_what_belongs() -> None:
    """A validated questionnaire about teachers' learning is in, with its stream."""
    vote = simulated_arbiter(stage="full_text", title=ON_TITLE, abstract=ON_ABSTRACT)
    assert vote == Vote(vote.verdict, None, ("validates_instrument",))
    assert vote.verdict == "include"


def test_a_record_without_a_title_is_never_excluded_unseen() -> None:
    """With nothing to read the arbiter keeps the record in by title and abstract."""
    vote = simulated_arbiter(stage="title_abstract", title="", abstract="")
    assert vote.verdict == "include"


def test_some_full_texts_cannot_be_had() -> None:
    """About one in twenty is not retrieved, and the same ones each time."""
    had = [
        simulated_retrieval(seed=5, source="crossref", source_id=f"10.5555/{n}")
        for n in range(MANY)
    ]
    assert 0.9 < sum(had) / MANY < 0.98


def test_the_careful_opinion_fits_the_invented_works() -> None:
    """The arbiter agrees with what nine in ten invented works were made to be."""
    openalex, _, truth = demo_works([], seed=4)
    right, reasons = 0, set()
    for work in openalex:
        vote = simulated_arbiter(
            stage="full_text", title=text(work["title"]), abstract=abstract_text(work)
        )
        topic = truth.topics[truth.works["openalex", openalex_id(work)]]
        right += topic == {"include": "on"}.get(vote.verdict, vote.reason)
        reasons.add(vote.reason)
    assert right / len(openalex) > 0.9
    assert {"X-TYPE", "X-POP", "X-CONCEPT", "X-STREAM", "X-INSTR"} < reasons


@given(
    st.sampled_from(["title_abstract", "full_text"]),
    st.sampled_from([ON_TITLE, "Nurses", "", "RETRACTED: x"]) | st.text(max_size=40),
    st.sampled_from([ON_ABSTRACT, ""]) | st.text(max_size=80),
    st.integers(0, 500),
)
def test_every_vote_is_one_that_screening_accepts(
    stage: str, title: str, abstract: str, seed: int
) -> None:
    """Exclusions have a reason, full-text inclusions a stream; never X-DUP."""
    vote = simulated_vote(
        seed=seed,
        screener="ana",
        stage=stage,
        source="crossref",
        source_id="10.5555/x",
        title=title,
        abstract=abstract,
    )
    assert (vote.reason is not None) == (vote.verdict == "exclude")
    assert vote.reason != "X-DUP"
    assert set(vote.streams) <= set(STREAMS)
    assert bool(vote.streams) == (stage == "full_text" and vote.verdict == "include")
    assert vote.verdict != "maybe" or stage == "title_abstract"
