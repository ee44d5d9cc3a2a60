"""Each rule of item review fires on what it is for, and on nothing near it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview import itemlint, scales, yamlfile
from litreview.codebook import Level
from litreview.itemlint import Stem, form_notes, item_notes
from litreview.scales import Scale, ScaleKind

SCALES = {
    **scales.parse_scales(yamlfile.parse(scales.STARTER, "scales.yaml")),
    "good4": Scale("good4", ScaleKind.QUALITY, ("Poor", "Fair", "Good", "Very good")),
    "steps3": Scale("steps3", ScaleKind.RUBRIC, ("Emerging", "Secure", "Leading")),
}
NONE = ""

# rule -> texts on which it fires and must not fire, each with the scale's id. The
# first of each are those that the project's notes on the method list.
CASES: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "double-barrelled": (
        [
            ("My mentor is supportive and knowledgeable.", "agree5"),
            ("Leaders set priorities and give time for them.", "agree5"),
            ("PD is relevant as well as practical.", "agree5"),
            ("I can choose my goals or my mentor.", "agree5"),
            ("My school supports new teachers/trainees.", "agree5"),
            ("Do you have a mentor? Do you meet weekly?", "yes_no"),
            ("Someone observes me, then gives me feedback.", "agree5"),
        ],
        [
            ("Teaching and learning policy is clear to me.", "agree5"),
            ("I have read the terms and conditions.", "yes_no"),
            ("Learning and teaching matter here.", "agree5"),
            ("In the last two or three terms I had a mentor.", "yes_no"),
            ("PD (courses, visits and coaching) is well planned.", "agree5"),
            ("Have you taken an NPQ or not?", "yes_no"),
            ("There is trust between teachers and leaders here.", "agree5"),
            ("My handbook explains the standard.", "agree5"),
            ("Parents and carers are welcome here.", "agree5"),
        ],
    ),
    "negation": (
        [
            ("I do not have enough time for PD.", "agree5"),
            ("I don\u2019t have a mentor.", "yes_no"),
            ("There is no plan for PD in my school.", "agree5"),
            ("Nobody checks what PD has changed.", "agree5"),
            ("Leaders cannot explain our priorities.", "agree5"),
            ("I have never had a mentor.", "yes_no"),
        ],
        [
            ("I have enough time for PD.", "agree5"),
            ("I know whether or not a goal is met.", "agree5"),
            ("PD helps not only new teachers.", "agree5"),
            ("My note is kept.", "agree5"),
            ("Please see question no. 5.", NONE),
            ("A notable change has happened here.", "agree5"),
        ],
    ),
    "double-negative": (
        [
            ("It is not uncommon for PD to be cancelled.", "agree5"),
            ("It isn't impossible to find time.", "agree5"),
            ("No PD is without a purpose.", "agree5"),
            ("I never fail to follow up PD.", "agree5"),
            ("I do not dislike our PD.", "agree5"),
            ("There is not a lack of time.", "agree5"),
        ],
        [
            ("It is not uncommon for PD to be cancelled.", "often5"),
            ("It is not uncommon for PD to be cancelled.", NONE),
            ("I do not have enough time for PD.", "agree5"),
            ("It is uncommon for PD to be cancelled.", "agree5"),
            ("Our PD is useful, not only new.", "agree5"),
            ("I understand our priorities.", "agree5"),
        ],
    ),
    "leading": (
        [
            ("Obviously, good PD needs time.", "agree5"),
            ("Clearly, leaders should protect time.", "agree5"),
            ("As everyone knows, PD needs time.", "agree5"),
            ("PD is important, isn't it?", "yes_no"),
            ("Don't you think that PD needs time?", "yes_no"),
            ("Most teachers agree that PD needs time.", "agree5"),
            ("PD, of course, needs time.", "agree5"),
            ("Research shows that PD needs time.", "agree5"),
        ],
        [
            ("Leaders explain clearly why we do PD.", "agree5"),
            ("Leading teachers share their practice.", "agree5"),
            ("It feels natural to ask for help.", "agree5"),
            ("I am sure of my goals.", "agree5"),
            ("Most teachers share the approach.", "agree5"),
            ("Leaders show evidence for a change.", "agree5"),
        ],
    ),
    "absolute": (
        [
            ("Leaders always support me.", "agree5"),
            ("Everyone shares our priorities.", "agree5"),
            ("All staff have a mentor.", "agree5"),
            ("PD completely changed my teaching.", "agree5"),
            ("Every teacher in my school has a goal.", "agree5"),
            ("Nothing is left to chance.", "agree5"),
        ],
        [
            ("Leaders support me.", "agree5"),
            ("I plan with colleagues every week.", "agree5"),
            ("I meet my mentor every two weeks.", "agree5"),
            ("Leaders do not always support me.", "agree5"),
            ("Almost all staff have a mentor.", "agree5"),
            ("I do PD every other half-term.", "agree5"),
            ("Overall, PD here helps.", "agree5"),
        ],
    ),
    "vague-quantifier": (
        [
            ("I often use research.", "agree5"),
            ("I regularly plan with colleagues.", "agree5"),
            ("Many colleagues use research.", "agree5"),
            ("Sometimes PD is cancelled.", "agree5"),
            ("I have had a lot of PD.", "agree5"),
            ("I have recently had PD.", "agree5"),
        ],
        [
            ("How often do you use research?", "often5"),
            ("I often use research.", "often5"),
            ("I often use research.", NONE),
            ("How many colleagues use research?", "agree5"),
            ("I read as often as I can.", "agree5"),
            ("I use research.", "agree5"),
            ("Our regulations are clear.", "agree5"),
        ],
    ),
    "no-reference-period": (
        [
            ("How many hours of PD have you done?", "number"),
            ("How often did you meet your mentor?", "often5"),
            ("How much PD has your school offered?", "number"),
            ("How many colleagues have you observed?", "number"),
            ("Did you receive feedback?", "yes_no"),
            ("Hours of PD that I have done", "number"),
        ],
        [
            ("How many hours of PD have you done in the last 12 months?", "number"),
            ("Since September, how often did you meet your mentor?", "often5"),
            ("How often do you use research?", "often5"),
            ("Have you taken an NPQ?", "yes_no"),
            ("How many years have you taught?", "number"),
            ("Did you receive feedback this term?", "yes_no"),
            ("How many hours of PD did you do in 2024/25?", "number"),
            ("I have enough time for PD.", "agree5"),
        ],
    ),
    "presupposition": (
        [
            ("How has your NPQ improved your teaching?", "text"),
            ("Why do you use research?", "text"),
            ("How useful was your mentoring?", "good4"),
            ("What did you learn in your NPQ?", "text"),
            ("Do you still use what you learned?", "yes_no"),
            ("When did you stop your NPQ?", "text"),
        ],
        [
            ("Have you taken an NPQ?", "yes_no"),
            ("If you have taken an NPQ, how has it changed your teaching?", "text"),
            ("How, if at all, has PD changed your teaching?", "text"),
            ("To what extent has PD changed your teaching?", "good4"),
            ("How many teachers work in your school?", "number"),
            ("How often do you use research?", "often5"),
            ("Leaders explain why we do PD.", "agree5"),
        ],
    ),
    "too-long": (
        [
            (" ".join(["word"] * 21), NONE),
            ("PD " * 30, "agree5"),
            ("I use " + "the " * 19 + "book.", "agree5"),
            (
                f"Leaders use what they have learned {'in part ' * 9}to plan.",
                "agree5",
            ),
            (
                ", ".join(str(number) for number in range(21)),
                NONE,
            ),
        ],
        [
            (" ".join(["word"] * 20), NONE),
            ("", NONE),
            ("Well-planned " * 20, NONE),
            ("I use research.", "agree5"),
            ("- " * 50 + "yes", NONE),
        ],
    ),
    "stem-and-scale": (
        [
            ("How often do you use research?", "agree5"),
            ("How many hours do you plan?", "agree5"),
            ("Have you taken an NPQ?", "agree5"),
            ("I use research.", "often5"),
            ("I have done many hours of PD.", "number"),
            ("How often do you use research?", "good4"),
            ("How often do you use research", "steps3"),
            ("How do you use research?", "yes_no"),
            ("What helps you?", "agree5"),
        ],
        [
            ("How often do you use research?", "often5"),
            ("How often do you use research?", NONE),
            ("To what extent do you agree that PD helps?", "agree5"),
            ("How strongly do you agree that PD helps?", "agree5"),
            ("I use research.", "agree5"),
            ("Talking with colleagues", "often5"),
            ("How many hours do you plan?", "number"),
            ("Have you taken an NPQ?", "yes_no"),
            ("In the last year, have you taken an NPQ?", "yes_no"),
            ("How do you use research?", "text"),
            ("How would you rate PD in your school?", "good4"),
        ],
    ),
    "reading-grade": (
        [
            ("Institutional professionalisation necessitates collaboration.", NONE),
            ("Organisational accountability undermines professional autonomy.", NONE),
            ("Interdisciplinary collaboration facilitates differentiation.", NONE),
            ("Epistemological considerations predominate.", NONE),
            (
                "Curricular decision-making necessitates institutional responsiveness.",
                NONE,
            ),
        ],
        [
            ("The cat sat on the mat.", NONE),
            ("PD priorities in my school are clear to me.", NONE),
            ("", NONE),
            ("?!", NONE),
            ("I have time to plan.", NONE),
            ("Someone gives me feedback.", NONE),
        ],
    ),
}


def rules_of(text: str, scale: str = "", **more: str) -> set[str]:
    """Return the rules that fire on an item."""
    return {note.rule for note in item_notes(text, scale=SCALES.get(scale), **more)}


@pytest.mark.parametrize(
    ("rule", "text", "scale"),
    [(rule, *case) for rule, (fires, _) in CASES.items() for case in fires],
)
def test_a_rule_fires_on_what_it_is_for(rule: str, text: str, scale: str) -> None:
    """The note is there."""
    assert rule in rules_of(text, scale)


@pytest.mark.parametrize(
    ("rule", "text", "scale"),
    [(rule, *case) for rule, (_, others) in CASES.items() for case in others],
)
def test_a_rule_is_silent_on_what_is_near(rule: str, text: str, scale: str) -> None:
    """The note is not there."""
    assert rule not in rules_of(text, scale)


def test_every_rule_has_five_cases_of_its_own_both_ways() -> None:
    """No rule is left untried; two rules depend on more than text and scale."""
    tried = {rule for rule, cases in CASES.items() if min(map(len, cases)) >= 5}
    named = {rule for rule, _reason, _source in itemlint.rules()}
    assert named - tried == {"one-person", "undefined-acronym"}


@pytest.mark.parametrize(
    ("text", "level", "referent", "fires"),
    [
        ("I know our priorities.", "school", "", True),
        ("I\u2019ve a say in decisions.", "trust", "", True),
        ("Leaders support me.", "team", "", True),
        ("The plan is shared.", "school", "I", True),
        ("Priorities are set by people like myself.", "system", "", True),
        ("I know our priorities.", "teacher", "", False),
        ("My school has clear priorities.", "school", "my school", False),
        ("The school where I work has clear priorities.", "school", "", False),
        ("The team in which I teach plans together.", "team", "", False),
        ("The mentors meet weekly.", "school", "", False),
        ("I know our priorities.", "", "", False),
        ("Part I. is easy.", "school", "", False),
    ],
)
def test_one_person_cannot_speak_for_a_school(
    text: str, level: str, referent: str, *, fires: bool
) -> None:
    """`I` on a construct of several people is noted; the place of work is not."""
    said = rules_of(text, level=level, referent=referent)
    assert ("one-person" in said) is fires


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("ECTE mentors get time.", ["ECTE"]),
        ("CPD in my school is planned.", ["CPD"]),
        ("The SLT listens.", ["SLT"]),
        ("How many NPQs are there in KS2?", ["NPQ", "KS2"]),
        ("Our SENDCo listens.", ["SEND"]),
        ("My training (CPD) is planned.", ["CPD"]),
        ("Continuing professional development (CPD) helps, CPD counts.", []),
        ("CPD (continuing professional development) helps.", []),
        ("Special educational needs and disabilities (SEND) come first.", []),
        ("My multi-academy trust (MAT) plans ahead.", []),
        ("PD means any professional learning.", []),
        ("Schools in the UK do this. OK?", []),
        ("I do NOT agree.", []),
        ("WE PLAN PD TOGETHER", []),
        ("A plan I like", []),
    ],
)
def test_an_acronym_wants_its_words(text: str, unknown: list[str]) -> None:
    """Unexplained ones are noted in their order, each once."""
    notes = [n for n in item_notes(text) if n.rule == "undefined-acronym"]
    assert [note.found for note in notes] == unknown


def test_a_gloss_counts_for_the_whole_form() -> None:
    """Explained once, anywhere in the form or its preface; noted at first use only."""
    stems = {
        1: Stem("The SLT plans PD."),
        2: Stem("Professional development (PD) helps the SLT."),
        3: Stem("ECTE mentors get time."),
    }
    found = form_notes(stems, preface="Early career teacher entitlement (ECTE) ...")
    said = {key: [note.found for note in notes] for key, notes in found.items()}
    assert said == {1: ["SLT"], 2: [], 3: []}


def test_a_note_says_rule_words_reason_and_source() -> None:
    """Nothing is left to be looked up."""
    [note] = item_notes("My mentor is supportive and knowledgeable.")
    assert (note.rule, note.found) == (
        "double-barrelled",
        "supportive and knowledgeable",
    )
    assert str(note) == (
        "double-barrelled: it asks two things at once, and one answer cannot tell "
        "which it is about ('supportive and knowledgeable') "
        "[QAS-99 step 4c, double-barrelled]"
    )
    for rule, reason, source in itemlint.rules():
        assert rule
        assert reason[0].islower()
        assert source


def test_a_period_kept_beside_the_words_counts() -> None:
    """The item's own reference period answers the rule."""
    text = "How many hours of PD have you done?"
    number = SCALES["number"]
    assert "no-reference-period" not in {
        note.rule for note in item_notes(text, scale=number, period="last 12 months")
    }


@settings(deadline=None)
@given(
    st.text(max_size=300),
    st.sampled_from([None, *SCALES.values()]),
    st.sampled_from(["", *Level]),
)
def test_any_text_can_be_looked_at(text: str, scale: Scale | None, level: str) -> None:
    """No text breaks a rule's reading, and each note quotes something."""
    for note in item_notes(text, scale=scale, level=level, referent=text):
        assert note.found.strip()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.sampled_from(
            ["how", "not", "and", "or", "every", "I", "PD", "(", ")", "?", "often", ","]
        ),
        max_size=400,
    )
)
def test_words_of_the_rules_in_any_order_are_quick(words: list[str]) -> None:
    """Whatever the rules look for, heaped up, breaks nothing."""
    text = " ".join(words)
    assert item_notes(text, scale=SCALES["agree5"]) == item_notes(
        text, scale=SCALES["agree5"]
    )


@pytest.mark.timeout(20)
@pytest.mark.parametrize("word", ["how has your ", "(PD ", "every other ", "a and b "])
def test_a_text_of_any_length_is_read_in_time(word: str) -> None:
    """A whole chapter pasted by mistake does not hang the writer."""
    assert "too-long" in rules_of(word * 4000, "agree5")
