"""The flow diagram and the Markdown table: every number, legible, in its box."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from litreview.chart import BODY, INDENT, PADDING, measure
from litreview.diagram import (
    CELLS,
    OPEN_WORDS,
    OTHER_CELLS,
    open_work,
    to_markdown,
    to_svg,
)
from litreview.prisma import BOXES, OPEN_BOXES, OPEN_WORK, SINGLE_BOXES, Flow, count

SVG = "{http://www.w3.org/2000/svg}"
# No two numbers are equal, so that each can be looked for.
NUMBERS = {
    box.id: 1_000_001 + 1_111 * place
    for place, box in enumerate(BOXES.values())
    if box.column != "updated" and box.id not in (*OPEN_BOXES, *SINGLE_BOXES)
}
LARGE = Flow(
    NUMBERS,
    per_source={"openalex": 2_000_001, "crossref": 2_000_002},
    register_per_source={"isrctn": 2_000_003},
    dbr_excluded={f"X-{n}": 3_000_001 + n for n in range(12)},
    other_excluded={f"X-{n}": 4_000_001 + n for n in range(12)},
)
LABELS = {
    "openalex": "OpenAlex",
    "X-1": "No construct, mechanism or instrument that an item could be drawn from, "
    "or only as a side remark in the discussion of something else altogether",
    "X-2": "Behaviour < 5 & \"other\" <script>alert('x')</script>",
    "X-3": "a_label_without_any_space_that_is_far_longer_than_its_box_is_wide_01234",
    "X-4": "\u00dcberpr\u00fcfung der Fortbildungswirksamkeit in beruflichen Schulen",
    "X-5": "\u6559\u5e08\u4e13\u4e1a\u53d1\u5c55" * 8,
    "X-6": "control\x0b\x00characters\nand lines",
}


def svg(flow: Flow, title: str = "A review", note: str = "") -> ET.Element:
    """Draw and parse."""
    text = to_svg(flow, title=title, labels=LABELS, note=note)
    return ET.fromstring(text)  # noqa: S314 (our own output)


def texts(root: ET.Element, kind: str) -> dict[str, str]:
    """Return the text of each group of a kind, by its id."""
    groups = [g for g in root.iter(f"{SVG}g") if g.get("class") == kind]
    return {
        group.get("id", ""): " ".join(t.text or "" for t in group.iter(f"{SVG}text"))
        for group in groups
    }


def databases_only() -> Flow:
    """Return the numbers without the other-methods column."""
    kept = {box: n for box, n in NUMBERS.items() if BOXES[box].column != "other"}
    return replace(LARGE, counts=kept, other_excluded={})


@pytest.mark.parametrize("flow", [LARGE, databases_only()])
def test_every_number_is_drawn(flow: Flow) -> None:
    """Each box, source and reason stands in the picture with its count."""
    root = svg(flow)
    drawn = " ".join(t.text or "" for t in root.iter(f"{SVG}text"))
    parts = (flow.per_source, flow.register_per_source, flow.dbr_excluded)
    numbers = [count(flow, box) for box in flow.counts]
    numbers += [n for one in (*parts, flow.other_excluded) for n in one.values()]
    assert [n for n in numbers if f"n = {n:,})" not in drawn] == []


def test_numbers_stand_in_their_own_box() -> None:
    """The counts of a panel are those of its boxes, with the words beside them."""
    panels = texts(svg(LARGE), "panel")
    assert (
        panels["screened"] == f"Records screened (n = {NUMBERS['records_screened']:,})"
    )
    for key, cell in {**CELLS, **OTHER_CELLS}.items():
        for words, box in cell.entries:
            assert f"{words} (n = {NUMBERS[box]:,})" in panels[key]
    assert "OpenAlex (n = 2,000,001) crossref (n = 2,000,002)" in panels["identified"]


@pytest.mark.parametrize("flow", [LARGE, databases_only()])
def test_lines_fit_in_their_boxes(flow: Flow) -> None:
    """No line is wider than its box or lies outside it, however long the labels."""
    root = svg(replace(flow, counts={**flow.counts, "ta_conflict": 1_234_567}))
    seen = 0
    for group in root.iter(f"{SVG}g"):
        if group.get("class") not in ("panel", "header", "banner"):
            continue
        (box,) = group.findall(f"{SVG}rect")
        left, top = float(box.get("x", "")), float(box.get("y", ""))
        right = left + float(box.get("width", ""))
        bottom = top + float(box.get("height", ""))
        for line in group.iter(f"{SVG}text"):
            x, y = float(line.get("x", "")), float(line.get("y", ""))
            bold = line.get("font-weight") == "bold"
            wide = measure(line.text or "", BODY, bold=bold)
            assert x >= left + PADDING - 0.1, line.text
            assert x + wide <= right - PADDING + 0.2, line.text
            assert top + BODY / 2 < y < bottom - PADDING / 2, line.text
            seen += 1
    assert seen > 30


@pytest.mark.parametrize("flow", [LARGE, databases_only()])
def test_boxes_stand_apart_and_on_the_page(flow: Flow) -> None:
    """No two boxes overlap and none leaves the page."""
    root = svg(flow, title="Long title " * 30, note="Long note " * 60)
    _, _, wide, high = (float(n) for n in root.get("viewBox", "").split())
    rects = [
        tuple(float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
        for group in root.iter(f"{SVG}g")
        for rect in group.findall(f"{SVG}rect")
    ]
    for number, (x, y, w, h) in enumerate(rects):
        assert x >= 0
        assert x + w <= wide
        assert y + h <= high
        for x2, y2, w2, h2 in rects[number + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
    assert max(float(t.get("y", "")) for t in root.iter(f"{SVG}text")) < high


def test_each_reason_starts_a_line_in_the_given_order() -> None:
    """Reasons are listed one below the other, as the flow orders them."""
    root = svg(replace(LARGE, dbr_excluded={"X-b": 2, "X-a": 1}))
    (group,) = (g for g in root.iter(f"{SVG}g") if g.get("id") == "ineligible")
    (box,) = group.findall(f"{SVG}rect")
    start = float(box.get("x", "")) + PADDING + INDENT
    lines = [
        t.text for t in group.iter(f"{SVG}text") if float(t.get("x", "")) > start - 1
    ]
    assert lines == ["X-b (n = 2)", "X-a (n = 1)"]


def test_label_text_is_escaped_and_cleaned() -> None:
    """Markup in a label is shown, not obeyed; what XML cannot hold is dropped."""
    text = to_svg(LARGE, title="<b>&", labels=LABELS, note="a < b")
    assert "<script" not in text
    assert "&lt;b&gt;&amp;</title>" in text
    said = texts(ET.fromstring(text), "panel")["ineligible"]  # noqa: S314
    assert 'Behaviour < 5 & "other"' in said
    assert "control characters and lines (n = 3,000,007)" in said


def test_other_column_is_drawn_only_when_used() -> None:
    """A review of databases alone has two columns and eight arrows."""
    narrow, whole = svg(databases_only()), svg(LARGE)
    assert set(texts(narrow, "panel")) == set(CELLS)
    assert set(texts(whole, "panel")) == {*CELLS, *OTHER_CELLS}
    arrows = [
        sum(g.get("class") == "arrow" for g in root.iter(f"{SVG}g"))
        for root in (narrow, whole)
    ]
    assert arrows == [8, 13]


def test_three_phases_are_named() -> None:
    """The bands at the left say Identification, Screening and Included."""
    turned = [t.text for t in svg(LARGE).iter(f"{SVG}text") if t.get("transform")]
    assert turned == ["Identification", "Screening", "Included"]


def test_picture_is_described_for_those_who_do_not_see_it() -> None:
    """Title and description are there, labelled, and tell the numbers in words."""
    root = svg(LARGE, title="Coherent Offer")
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert title.text == "Coherent Offer"
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert f"Records screened (n = {NUMBERS['records_screened']:,})." in (
        desc.text or ""
    )


@pytest.mark.parametrize("box", OPEN_BOXES)
def test_open_work_is_announced(box: str) -> None:
    """Any open box puts INTERIM, its column and its count above the picture."""
    flow = replace(LARGE, counts={**NUMBERS, box: 4_321})
    column = "Other methods" if box.startswith("other_") else "Databases and registers"
    words = OPEN_WORDS[box.removeprefix("other_")]
    assert open_work(flow) == [f"{column}: 4,321 {words}."]
    (banner,) = texts(svg(flow), "banner").values()
    assert banner.startswith("INTERIM")
    assert f"{column}: 4,321 {words}." in banner
    assert f"> - {column}: 4,321 {words}." in to_markdown(flow)


def test_settled_work_is_not_interim() -> None:
    """With every open box at zero nothing says INTERIM, in any form."""
    flow = replace(LARGE, counts={**NUMBERS, **dict.fromkeys(OPEN_BOXES, 0)})
    assert "INTERIM" not in to_svg(flow, title="T", labels={}, note="")
    assert "INTERIM" not in to_markdown(flow)
    assert set(OPEN_WORDS) == set(OPEN_WORK)


def test_what_other_methods_left_out_is_told_below() -> None:
    """The two boxes that the template lacks are in the notes, if above zero."""
    none = replace(
        LARGE, counts={**NUMBERS, "other_duplicates": 0, "other_records_excluded": 0}
    )
    said = to_svg(LARGE, title="T", labels={}, note="Counted in June.")
    assert "Other methods, not sought: duplicate records" in said
    assert "Counted in June." in said
    assert "not sought:" not in to_svg(none, title="T", labels={}, note="")


def test_picture_is_self_contained_and_stable() -> None:
    """No font, picture or script is fetched, and the same flow draws the same."""
    text = to_svg(LARGE, title="T", labels=LABELS, note="")
    assert re.findall(r"(?:href=|src=|url\(|@import|<style)", text) == []
    assert text == to_svg(LARGE, title="T", labels=LABELS, note="")


def test_markdown_lists_every_box_and_part() -> None:
    """Each box has a row with its count, each source and reason one below it."""
    lines = to_markdown(LARGE, {**LABELS, "X-1": "one | two"}).splitlines()
    for box, number in NUMBERS.items():
        (row,) = (line for line in lines if line.startswith(f"| `{box}` |"))
        assert row.endswith(f"| {number:,} |")
    assert "| | | of these: OpenAlex | record | 2,000,001 |" in lines
    assert "| | | of these: one \\| two | report | 3,000,002 |" in lines
    table = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {6}
