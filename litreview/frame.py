"""Rows as a pandas table whose columns, their order and their types are fixed.

Whoever reads an export may rely on its columns: they are declared next to the
query, and they stand there with their types where there are no rows at all. A
`list` column holds tuples; an export decides how to write them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import pandas as pd

Kind: TypeAlias = Literal["int", "number", "text", "flag", "moment", "list"]
Columns: TypeAlias = Mapping[str, Kind]

DTYPES: Mapping[Kind, str] = {
    "int": "Int64",
    "number": "float64",
    "text": "string",
    "flag": "bool",
    "moment": "datetime64[us, UTC]",
    "list": "object",
}


def frame(
    columns: Columns, rows: Iterable[Sequence[object]], *, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Return rows as a table of these columns, sorted ascending by some of them.

    Each row holds its values in the order of `columns`. Sorted here and not in the
    database, since two databases order text differently. Without `by` the order of
    the rows is kept.
    """
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    table = pd.DataFrame(
        {
            name: pd.Series(list(column), dtype=DTYPES[kind])
            for (name, kind), column in zip(columns.items(), values, strict=True)
        },
        columns=list(columns),
    )
    if by:
        table = table.sort_values(list(by), kind="stable", ignore_index=True)
    return table
