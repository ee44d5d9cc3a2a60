"""What two versions of the criteria say differently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.amendments import Kind, Part, compare, touching
from litreview.protocol import (
    STARTER_CRITERIA,
    Criteria,
    Criterion,
    Reason,
    Stream,
    parse_criteria,
)
from litreview.vocabulary import Stage
from litreview.yamlfile import parse

TA, FT = Stage.TITLE_ABSTRACT, Stage.FULL_TEXT


def criteria(text: str = STARTER_CRITERIA) -> Criteria:
    """Read criteria."""
    return parse_criteria(parse(text, "screening/criteria.yaml"))


def changes(old: str, new: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Replace a text of the starter's criteria; return part, id, kind and stages."""
    assert old in STARTER_CRITERIA
    found = compare(criteria(), criteria(STARTER_CRITERIA.replace(old, new)))
    return [(one.part, one.id, one.kind, one.stages) for one in found]


BOTH = (TA, FT)
I2 = '  - {id: I2, facet: concept, text: "Say what it must deal with."}\n'
BOTH_STAGES = "stages: [title_abstract, full_text]"
X_DESIGN = f"  - {{key: X-DESIGN, label: Wrong study design, {BOTH_STAGES}}}\n"
NOTED = "label: Another reason (say it in the note), stages: [full_text]"
X_OTHER = f"  - {{key: X-OTHER, {NOTED}}}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (I2, "", ("criterion", "I2", "removed", BOTH)),
        (
            I2,
            I2 + "  - {id: I3, facet: level, text: Schools.}\n",
            ("criterion", "I3", "added", BOTH),
        ),
        ("what it must deal with", "more", ("criterion", "I2", "changed", BOTH)),
        ("facet: concept", "facet: idea", ("criterion", "I2", "changed", BOTH)),
        ("Wrong population", "No teachers", ("reason", "X-POP", "changed", BOTH)),
        (X_DESIGN, "", ("reason", "X-DESIGN", "removed", BOTH)),
        (X_OTHER, "", ("reason", "X-OTHER", "removed", (FT,))),
        (
            "(say it in the note), stages: [full_text]",
            "(say it in the note), stages: [full_text, title_abstract]",
            ("reason", "X-OTHER", "changed", (TA,)),
        ),
        (
            "Develops or validates a survey or scale",
            "Validates",
            ("stream", "validates_instrument", "changed", BOTH),
        ),
        (
            "verdicts: [include, exclude]\n    reason_required: true",
            "verdicts: [include, exclude]\n    reason_required: false",
            ("rule", "full_text", "changed", (FT,)),
        ),
        (
            "verdicts: [include, exclude, maybe]",
            "verdicts: [include, exclude]",
            ("rule", "title_abstract", "changed", (TA,)),
        ),
    ],
)
def test_one_change_is_told_as_one(
    old: str, new: str, told: tuple[str, str, str, tuple[str, ...]]
) -> None:
    """By its id, with the stages whose votes rest on it."""
    assert changes(old, new) == [told]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Eligibility criteria", "title: Another title"),
        ('version: "1"', 'version: "2"'),
        ("# In order of priority", "# A comment"),
        ("verdicts: [include, exclude, maybe]", "verdicts: [maybe, include, exclude]"),
        (
            "stages: [title_abstract, full_text]}",
            "stages: [full_text, title_abstract]}",
        ),
    ],
)
def test_what_no_vote_rests_on_is_no_change(old: str, new: str) -> None:
    """Titles, comments, and the order of words in a list of words."""
    assert changes(old, new) == []


def test_the_order_of_reasons_is_a_change_of_its_own() -> None:
    """PRISMA counts the first that applies; a reason added between moves nothing."""
    old = criteria()
    first, second, *rest = old.exclusion
    new = replace(old, exclusion=(second, first, *rest))
    [change] = compare(old, new)
    assert (change.part, change.kind, change.stages) == (Part.ORDER, Kind.CHANGED, BOTH)
    assert change.before.startswith("X-LANG, X-DATE")
    assert change.after.startswith("X-DATE, X-LANG")
    between = Reason("X-NEW", "New", (TA,), 2)
    more = replace(old, exclusion=(first, between, second, *rest))
    assert [one.part for one in compare(old, more)] == [Part.REASON]


def test_guidance_is_compared_line_by_line() -> None:
    """Advice that comes or goes is told with its words."""
    old = criteria()
    new = replace(old, guidance=("Read the methods.",))
    removed, added = map(str, compare(old, new))
    assert removed.startswith("guidance removed: If in doubt at title and abstract")
    assert added == "guidance added: Read the methods."


def test_a_change_is_told_in_one_line() -> None:
    """What it was and what it is."""
    new = criteria(STARTER_CRITERIA.replace("Wrong population", "No teachers"))
    [change] = compare(criteria(), new)
    assert str(change) == (
        "reason X-POP changed: 'Wrong population' becomes 'No teachers'"
    )


def test_changes_are_narrowed_to_a_stage() -> None:
    """A reason that only full texts have leaves the titles alone."""
    new = criteria(STARTER_CRITERIA.replace(X_OTHER, ""))
    found = compare(criteria(), new)
    assert touching(found, TA) == []
    assert touching(found, FT) == found


# -- any two versions ------------------------------------------------------------------

IDS = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)
WORDS = st.sampled_from(("one", "two"))
PLACES = st.sampled_from(((TA,), (FT,), (TA, FT)))


@st.composite
def versions(draw: st.DrawFn) -> Criteria:
    """Draw criteria of a few ids and words."""
    keys = draw(IDS)
    return replace(
        criteria(),
        streams=tuple(Stream(key, draw(WORDS)) for key in draw(IDS)),
        inclusion=tuple(Criterion(key, draw(WORDS), "text") for key in draw(IDS)),
        exclusion=tuple(
            Reason(key, draw(WORDS), draw(PLACES), place)
            for place, key in enumerate(keys, start=1)
        ),
        guidance=tuple(draw(IDS)),
    )


@given(versions(), versions())
def test_a_comparison_is_complete_and_turns_around(
    old: Criteria, new: Criteria
) -> None:
    """Nothing differs from itself; what is added one way is removed the other way."""
    assert compare(old, old) == []
    there, back = compare(old, new), compare(new, old)
    turned = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}
    assert {(c.part, c.id, c.kind, c.before, c.after, c.stages) for c in there} == {
        (c.part, c.id, turned.get(c.kind, c.kind), c.after, c.before, c.stages)
        for c in back
    }
    for name in ("streams", "inclusion"):
        if set(getattr(old, name)) != set(getattr(new, name)):
            assert there
    for stage in Stage:
        words = [(one.key, one.label) for one in old.reasons(stage)]
        if words != [(one.key, one.label) for one in new.reasons(stage)]:
            assert touching(there, stage)
