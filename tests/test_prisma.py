"""PRISMA counts: the sums, what breaks them, and the forms for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from litreview.errors import InvariantError
from litreview.prisma import (
    BOXES,
    IDENTITIES,
    OPEN_BOXES,
    RARE_BOXES,
    SINGLE_BOXES,
    SPLITS,
    Flow,
    check,
    count,
    is_interim,
    refuse_unbalanced,
    single_screened,
    to_csv_rows,
    to_json_object,
    variant,
)

# Numbers of our own, with other methods and nothing open.
SETTLED = Flow(
    {
        "database_results": 300,
        "register_results": 10,
        "duplicates": 60,
        "excluded_automatic": 4,
        "excluded_other": 6,
        "records_screened": 240,
        "records_excluded": 190,
        "dbr_sought_reports": 50,
        "dbr_notretrieved_reports": 5,
        "dbr_assessed": 45,
        "dbr_excluded": 25,
        "website_results": 7,
        "organisation_results": 5,
        "citations_results": 8,
        "other_duplicates": 3,
        "other_records_excluded": 6,
        "other_sought_reports": 11,
        "other_notretrieved_reports": 1,
        "other_assessed": 10,
        "other_excluded": 4,
        "new_studies": 22,
        "new_reports": 26,
    },
    per_source={"openalex": 200, "crossref": 100},
    register_per_source={"clinicaltrials.gov": 10},
    dbr_excluded={"X-POP": 15, "X-CONCEPT": 10},
    other_excluded={"X-POP": 4},
)


def changed(flow: Flow, **counts: int) -> Flow:
    """Return the flow with some boxes counted otherwise."""
    return replace(flow, counts={**flow.counts, **counts})


def without(flow: Flow, *boxes: str) -> Flow:
    """Return the flow with some boxes not counted."""
    kept = {box: n for box, n in flow.counts.items() if box not in boxes}
    return replace(flow, counts=kept)


def fixture_flow(numbers: dict[str, Any]) -> Flow:
    """Read a fixture of the shared folder, whose splits may be left out."""
    counts = {k: v for k, v in numbers.items() if k in BOXES and isinstance(v, int)}
    databases = {"all": numbers.get("database_results", 0)}
    registers = {"all": numbers.get("register_results", 0)}
    return Flow(
        counts,
        per_source=numbers.get("database_specific_results", databases),
        register_per_source=registers,
        dbr_excluded=numbers["dbr_excluded"],
        other_excluded=numbers.get("other_excluded", {}),
    )


def failing(flow: Flow) -> set[str]:
    """Return the identities that fail."""
    return {violation.identity for violation in check(flow)}


def test_settled_numbers_pass() -> None:
    """A flow whose sums hold has no violation and is not refused."""
    assert check(SETTLED) == []
    refuse_unbalanced(SETTLED)


@pytest.mark.parametrize(
    ("identity", "broken"),
    [
        ("P1", replace(SETTLED, per_source={"openalex": 200, "crossref": 99})),
        ("P1", replace(SETTLED, per_source={})),
        ("P2", replace(SETTLED, register_per_source={})),
        ("P3", changed(SETTLED, duplicates=61)),
        ("P4", changed(SETTLED, records_excluded=191)),
        ("P5", changed(SETTLED, dbr_notretrieved_reports=4)),
        ("P6", replace(SETTLED, dbr_excluded={"X-POP": 15})),
        ("P6", replace(SETTLED, other_excluded={"X-POP": 4, "X-CONCEPT": 1})),
        ("P7", changed(SETTLED, other_duplicates=2)),
        (
            "P7",
            changed(
                without(SETTLED, "other_records_excluded", "other_duplicates"),
                website_results=0,
                organisation_results=0,
            ),
        ),
        ("P8", changed(SETTLED, other_notretrieved_reports=2)),
        ("P9", changed(SETTLED, new_reports=27)),
        ("P10", changed(SETTLED, new_studies=27)),
        ("P11", changed(SETTLED, previous_studies=3, total_studies=24)),
        ("P12", changed(SETTLED, previous_reports=3, total_reports=28)),
        ("P13", changed(SETTLED, previous_studies=-1)),
    ],
)
def test_each_identity_fails_alone(identity: str, broken: Flow) -> None:
    """A violation of one identity is reported as that identity and no other."""
    assert failing(broken) == {identity}


def test_every_identity_is_known() -> None:
    """P1 to P12 are data over known boxes; P13 is about all of them."""
    assert {one.id for one in IDENTITIES} == {f"P{n}" for n in range(1, 13)}
    splits = {f"sum({name})" for name in SPLITS.values()}
    for one in IDENTITIES:
        terms = set(f"{one.left} {one.right}".split()) - {"+", "-"}
        assert terms <= set(BOXES) | splits, one.id


@pytest.mark.parametrize("box", OPEN_BOXES)
def test_open_work_is_counted(box: str) -> None:
    """A record that waits is missing from a sum unless its open box is counted."""
    assert check(changed(SETTLED, **{box: 1})) != []
    onward = {
        "ta_unscreened": {"records_screened": 239, "records_excluded": 189},
        "ft_not_yet_sought": {"dbr_sought_reports": 49, "dbr_notretrieved_reports": 4},
        "ft_unassessed": {"dbr_assessed": 44, "new_reports": 25},
        "other_ta_unscreened": {"other_records_excluded": 5},
        "other_ft_not_yet_sought": {"other_records_excluded": 5},
        "other_ft_unassessed": {"other_assessed": 9, "new_reports": 25},
    }
    same = {"ta_in_progress": "ta_unscreened", "ta_conflict": "ta_unscreened"}
    same |= {"ft_conflict": "ft_unassessed"}
    prefix = "other_" if box.startswith("other_") else ""
    bare = box.removeprefix("other_")
    waiting = changed(SETTLED, **{box: 1}, **onward[prefix + same.get(bare, bare)])
    assert check(waiting) == []
    assert is_interim(waiting)
    assert not is_interim(SETTLED)


def test_not_sought_is_bounded_where_causes_were_not_counted() -> None:
    """A published flow without the two explaining boxes only needs `<=` in P7."""
    published = without(SETTLED, "other_records_excluded", "other_duplicates")
    assert check(published) == []
    assert failing(changed(published, other_records_excluded=6)) == {"P7"}


def test_an_update_counts_new_reports_of_old_studies_apart() -> None:
    """A new report of an earlier study adds to all reports, to no new study."""
    update = changed(
        SETTLED,
        previous_studies=5,
        previous_reports=6,
        new_reports=24,
        new_reports_of_previous=2,
        total_studies=27,
        total_reports=32,
    )
    assert check(update) == []
    assert failing(changed(update, new_reports_of_previous=3)) == {"P9", "P12"}


@pytest.mark.parametrize("value", ["12", 1.0, None, True])
def test_a_count_is_a_whole_number(value: Any) -> None:
    """Text, fractions, nothing and truth are no counts, and no sum is tried."""
    (violation,) = check(changed(SETTLED, duplicates=value))
    assert violation.identity == "P13"
    assert repr(value) in violation.text


def test_a_negative_reason_is_named() -> None:
    """A split that only adds up by a negative part is told with that part."""
    odd = replace(SETTLED, dbr_excluded={"X-POP": 26, "X-CONCEPT": -1})
    assert [v.text for v in check(odd)] == [
        "dbr_excluded[X-CONCEPT] is -1, below zero."
    ]


def test_a_misspelt_box_is_refused() -> None:
    """A count under a name that no box has is an error with the nearest name."""
    (violation,) = check(changed(SETTLED, record_screened=1))
    assert "Did you mean 'records_screened'?" in violation.text


@pytest.mark.parametrize("box", ["excluded_automatic", "other_notretrieved_reports"])
def test_a_missing_box_is_refused(box: str) -> None:
    """A box of the template that was not counted is not taken for zero."""
    assert f"{box} was not counted." in [v.text for v in check(without(SETTLED, box))]


def test_refusal_names_boxes_and_numbers() -> None:
    """The refusal tells each failed sum with its boxes and both totals."""
    with pytest.raises(InvariantError) as caught:
        refuse_unbalanced(changed(SETTLED, duplicates=50, new_studies=99))
    assert caught.value.exit_code == 5
    text = str(caught.value)
    assert "records_screened 240 is not database_results 300 + " in text
    assert "- duplicates 50 - excluded_automatic 4 - excluded_other 6 = 250" in text
    assert "new_studies 99 is more than new_reports 26" in text
    assert "ta_unscreened" not in text


def test_published_mistake_is_found(shared: Path) -> None:
    """The filled public template fails P3 alone, told as 2767 against 2765."""
    fixtures = yaml.safe_load((shared / "domain/prisma_boxes.yaml").read_text())
    wrong = fixture_flow(fixtures["fixtures"]["published_but_wrong"])
    (violation,) = check(wrong)
    assert violation.identity == "P3"
    assert "records_screened 2765 is not" in violation.text
    assert "= 2767" in violation.text


def test_consistent_fixture_passes(shared: Path) -> None:
    """The worked flow with other methods has no violation."""
    fixtures = yaml.safe_load((shared / "domain/prisma_boxes.yaml").read_text())
    flow = fixture_flow(fixtures["fixtures"]["consistent_v2"])
    assert check(flow) == []
    assert variant(flow) == "new_v2"


def test_box_ids_and_units_are_those_of_the_standard(shared: Path) -> None:
    """Every box of the shared list exists here with the same unit."""
    listed = yaml.safe_load((shared / "domain/prisma_boxes.yaml").read_text())["boxes"]
    units = {box: facts["unit"] for box, facts in listed.items()}
    assert units == {box: BOXES[box].unit for box in listed}
    ours = set(BOXES) - set(listed) - set(OPEN_BOXES) - set(SINGLE_BOXES)
    explaining = {"other_duplicates", "other_records_excluded"}
    assert ours == explaining | {"new_reports_of_previous", *RARE_BOXES}


def test_same_mistake_without_the_shared_folder() -> None:
    """Screened records that differ from found minus removed by two fail P3."""
    flow = changed(SETTLED, records_screened=238, dbr_sought_reports=48)
    assert "records_screened 238 is not" in check(flow)[0].text
    assert "= 240" in check(flow)[0].text


def test_variant_follows_the_boxes_in_use() -> None:
    """The other-methods column is there if any of its boxes is above zero."""
    others = [box.id for box in BOXES.values() if box.column == "other"]
    plain = replace(without(SETTLED, *others), other_excluded={})
    assert variant(plain) == "new_v1"
    assert variant(changed(plain, website_results=0)) == "new_v1"
    assert variant(changed(plain, other_ta_unscreened=1)) == "new_v2"


def test_json_object_has_integers_and_splits() -> None:
    """Each box is an integer or a split under its own id, open work included."""
    found = json.loads(json.dumps(to_json_object(SETTLED, ids=None)))
    assert found["records_screened"] == 240
    assert found["dbr_excluded"] == {"X-POP": 15, "X-CONCEPT": 10}
    assert found["other_excluded"] == {"X-POP": 4}
    assert found["database_specific_results"] == {"openalex": 200, "crossref": 100}
    assert found["register_specific_results"] == {"clinicaltrials.gov": 10}
    assert found["interim"] is False
    assert {found[box] for box in OPEN_BOXES} == {0}
    assert "records" not in found
    new = {box.id for box in BOXES.values() if box.column != "updated"}
    extra = {"database_specific_results", "register_specific_results", "interim"}
    assert set(found) == (new | extra) - set(RARE_BOXES)


def test_what_a_rule_left_unscreened_is_named_and_checked() -> None:
    """PRISMA's footnote: excluded by automation, by which rule, among the excluded."""
    rules = {"stopping rule: 50 in a row": 40}
    stopped = replace(
        changed(SETTLED, records_excluded_automatic=40), stopping_rules=rules
    )
    assert check(stopped) == []
    found = to_json_object(stopped, ids=None)
    assert found["records_excluded_automatic"] == rules
    assert found["records_excluded"] == 190
    assert failing(replace(stopped, stopping_rules={})) == {"P6"}
    too_many = changed(stopped, records_excluded_automatic=191)
    assert failing(replace(too_many, stopping_rules={"a": 191})) == {"P4"}


def test_what_one_person_screened_is_told_and_checked() -> None:
    """A count beside the boxes and a footnote with the protocol's limit."""
    flow = replace(changed(SETTLED, ta_single_screened=40), single_allowed=0.2)
    assert check(flow) == []
    assert to_json_object(flow, ids=None)["ta_single_screened"] == 40
    said = single_screened(flow)
    assert said == (
        "40 of 240 records were screened by one person, as the protocol allows "
        "(up to 20 %)."
    )
    assert failing(changed(flow, ta_single_screened=241)) == {"P4"}
    assert single_screened(SETTLED) == ""
    assert to_json_object(SETTLED, ids=None)["ta_single_screened"] == 0


@pytest.mark.parametrize(
    ("allowed", "end"),
    [
        (1.0, ", as the protocol allows."),
        (0.1, ", where the protocol allows up to 10 %."),
        (0.0, ", which the protocol does not allow."),
        (None, " by one person."),
    ],
)
def test_the_footnote_says_no_more_than_the_protocol(
    allowed: float | None, end: str
) -> None:
    """More than the protocol allows is never said to be allowed."""
    flow = changed(SETTLED, ta_single_screened=40)
    assert single_screened(replace(flow, single_allowed=allowed)).endswith(end)


def test_what_one_person_screened_of_other_methods_is_told_apart() -> None:
    """The other-methods column has no number of screened records to compare with."""
    flow = replace(changed(SETTLED, other_ta_single_screened=3), single_allowed=1.0)
    assert single_screened(flow).endswith("Of those found by other methods, 3 were.")


def test_json_object_keeps_record_ids_under_one_key() -> None:
    """The ids behind the boxes do not stand among the boxes."""
    waiting = changed(SETTLED, ft_conflict=1)
    found = to_json_object(waiting, ids={"ft_conflict": [7], "duplicates": [2, 3]})
    assert found["records"] == {"ft_conflict": [7], "duplicates": [2, 3]}
    assert found["ft_conflict"] == 1
    assert found["interim"] is True


def test_json_object_does_not_invent_boxes() -> None:
    """Boxes of an update and the explaining ones appear only if counted."""
    published = without(SETTLED, "other_records_excluded", "other_duplicates")
    assert "other_records_excluded" not in to_json_object(published, ids=None)
    assert "total_studies" not in to_json_object(SETTLED, ids=None)
    update = changed(SETTLED, previous_studies=0, total_studies=22)
    assert to_json_object(update, ids=None)["total_studies"] == 22


def test_csv_rows_put_parts_after_their_box() -> None:
    """A box's row is followed by its parts, with the same columns."""
    rows = to_csv_rows(SETTLED)
    assert {tuple(row) for row in rows} == {
        ("box", "detail", "unit", "column", "count", "meaning")
    }
    excluded = [row for row in rows if row["box"] == "dbr_excluded"]
    assert [(row["detail"], row["count"]) for row in excluded] == [
        ("", 25),
        ("X-POP", 15),
        ("X-CONCEPT", 10),
    ]


def test_a_total_left_out_is_its_split() -> None:
    """Where only the parts of a box were counted, the box is their sum."""
    partly = without(SETTLED, "database_results", "dbr_excluded")
    assert check(partly) == []
    assert count(partly, "database_results") == 300
    assert to_json_object(partly, ids=None)["database_results"] == 300


@st.composite
def flows(draw: Callable[[st.SearchStrategy[int]], int]) -> Flow:
    """Draw a consistent flow, from its end to its beginning."""
    parts = {
        box.id: draw(st.integers(0, 500))
        for box in BOXES.values()
        if box.column in ("databases", "other")
    }
    both = {"dbr": {"r1": 0, "r2": 0}, "other": {"r1": 0, "r2": 0}}
    included = {"dbr": draw(st.integers(0, 50)), "other": draw(st.integers(0, 50))}
    for column, reasons in both.items():
        opened = "" if column == "dbr" else "other_"
        for reason in reasons:
            reasons[reason] = draw(st.integers(0, 50))
        parts[f"{column}_excluded"] = sum(reasons.values())
        parts[f"{column}_assessed"] = included[column] + sum(reasons.values())
        parts[f"{column}_sought_reports"] = (
            parts[f"{column}_assessed"]
            + parts[f"{column}_notretrieved_reports"]
            + parts[f"{opened}ft_unassessed"]
            + parts[f"{opened}ft_conflict"]
        )
    waiting = ("ta_unscreened", "ta_in_progress", "ta_conflict")
    parts["records_screened"] = (
        parts["dbr_sought_reports"]
        + parts["ft_not_yet_sought"]
        + parts["records_excluded"]
    )
    removed = ("duplicates", "excluded_automatic", "excluded_other")
    found = sum(parts[box] for box in ("records_screened", *waiting, *removed))
    parts["register_results"] = draw(st.integers(0, found))
    parts["database_results"] = found - parts["register_results"]
    one = draw(st.integers(0, parts["database_results"]))
    left = (
        *(f"other_{box}" for box in (*waiting, "duplicates", "records_excluded")),
        "other_ft_not_yet_sought",
        "other_sought_reports",
    )
    other = sum(parts[box] for box in left)
    parts["website_results"] = draw(st.integers(0, other))
    parts["organisation_results"] = draw(
        st.integers(0, other - parts["website_results"])
    )
    parts["citations_results"] = (
        other - parts["website_results"] - parts["organisation_results"]
    )
    parts["new_reports"] = included["dbr"] + included["other"]
    parts["new_studies"] = draw(st.integers(0, parts["new_reports"]))
    parts["records_excluded_automatic"] = draw(
        st.integers(0, parts["records_excluded"])
    )
    people = parts["records_screened"] - parts["records_excluded_automatic"]
    parts["ta_single_screened"] = draw(st.integers(0, people))
    return Flow(
        parts,
        {"a": one, "b": parts["database_results"] - one},
        {"r": parts["register_results"]},
        both["dbr"],
        both["other"],
        {"rule": parts["records_excluded_automatic"]},
    )


# Inequalities alone hold these boxes, so one more or fewer may still be right.
UNBOUND = ("new_studies", *SINGLE_BOXES)


@given(flow=flows(), data=st.data())
def test_no_number_can_be_off_by_one(flow: Flow, data: st.DataObject) -> None:
    """Consistent flows pass; with any one box off by one, some identity fails."""
    assert check(flow) == []
    box = data.draw(st.sampled_from(sorted(flow.counts)))
    off = flow.counts[box] + data.draw(st.sampled_from([-1, 1]))
    people = flow.counts["records_screened"] - flow.counts["records_excluded_automatic"]
    most = {"new_studies": flow.counts["new_reports"], "ta_single_screened": people}
    if box not in UNBOUND or not 0 <= off <= most.get(box, off):
        assert check(changed(flow, **{box: off})) != []
    name = data.draw(st.sampled_from(sorted(SPLITS.values())))
    parts = dict(getattr(flow, name))
    part = data.draw(st.sampled_from(sorted(parts)))
    odd: dict[str, Any] = {
        "per_source": flow.per_source,
        "register_per_source": flow.register_per_source,
        "dbr_excluded": flow.dbr_excluded,
        "other_excluded": flow.other_excluded,
        "stopping_rules": flow.stopping_rules,
        name: {**parts, part: parts[part] + 1},
    }
    assert check(Flow(flow.counts, **odd)) != []
