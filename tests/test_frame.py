"""Rows as tables of declared columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest

from litreview.frame import DTYPES, Columns, frame

COLUMNS: Columns = {
    "n": "int",
    "x": "number",
    "title": "text",
    "yes": "flag",
    "at": "moment",
    "parts": "list",
}
MOMENT = datetime(2024, 2, 3, 6, 5, 6, 7, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize("rows", [[], [(1, 0.5, "T", True, MOMENT, (1, 2))]])
def test_types_do_not_depend_on_the_rows(rows: list[tuple[object, ...]]) -> None:
    """Columns, their order and types are the declared ones, rows or none."""
    found = frame(COLUMNS, rows)
    assert list(found.columns) == list(COLUMNS)
    assert [str(kind) for kind in found.dtypes] == [
        str(pd.Series([], dtype=DTYPES[kind]).dtype) for kind in COLUMNS.values()
    ]
    assert len(found) == len(rows)


def test_what_is_missing_stays_missing_and_numbers_stay_whole() -> None:
    """A missing year does not turn the other years into fractions."""
    found = frame({"year": "int", "at": "moment"}, [(2024, MOMENT), (None, None)])
    assert found["year"][0] == 2024
    assert str(found["year"][0]) == "2024"
    assert found["year"].isna().tolist() == [False, True]
    assert found["at"][0] == MOMENT.astimezone(UTC)
    assert found["at"].isna().tolist() == [False, True]


def test_rows_are_sorted_where_asked_and_kept_otherwise() -> None:
    """Equal keys keep their order, and the index starts from nought."""
    rows = [(2, "b"), (1, "z"), (1, "a")]
    columns: Columns = {"n": "int", "t": "text"}
    assert list(frame(columns, rows)["t"]) == ["b", "z", "a"]
    ordered = frame(columns, rows, by=["n"])
    assert list(ordered["t"]) == ["z", "a", "b"]
    assert list(ordered.index) == [0, 1, 2]


@pytest.mark.parametrize("rows", [[(1,)], [(1, 2, 3)], [(1, 2), (1,)]])
def test_a_row_of_another_length_is_refused(rows: list[tuple[object, ...]]) -> None:
    """A row that does not fit the columns is our bug and stops at once."""
    with pytest.raises(ValueError, match="argument"):
        frame({"a": "int", "b": "int"}, rows)
