"""How commands speak: data on stdout, messages and progress on stderr.

Text from outside (titles, names, notes) passes through `text.printable`, so no
escape sequence in a record reaches the terminal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from litreview.text import printable

if TYPE_CHECKING:
    from rich.console import Console

# Control characters that JSON allows raw, and signs that turn text around: in JSON
# they are written as escapes, so that none reaches a terminal.
UNSEEN = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON on stdout and nothing else."
)


def show_json(value: object) -> None:
    """Print one JSON value on stdout."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    click.echo(UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def say(message: str) -> None:
    """Print a message for the person, on stderr."""
    click.echo(printable(message, keep_newlines=True), err=True)


def show(message: str) -> None:
    """Print a line of data on stdout."""
    click.echo(printable(message, keep_newlines=True))


def show_rows(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    *,
    as_json: bool,
    empty: str = "nothing to show",
) -> None:
    """Print rows as a table with these columns, or as a JSON array of all keys."""
    if as_json:
        show_json(list(rows))
        return
    if not rows:
        say(empty)
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        numeric = all(isinstance(row.get(column), int | None) for row in rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    console().print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple | set):
        return ", ".join(_cell(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_cell(item)}" for key, item in value.items())
    return printable(str(value))


def console(*, stderr: bool = False) -> Console:
    """Return a rich console; it honours NO_COLOR and TERM=dumb itself."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 200
    return Console(
        stderr=stderr, width=width, highlight=False, markup=False, emoji=False
    )


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with what is counted; `many` is by default `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def bullet_list(lines: Iterable[str]) -> str:
    """Return lines as an indented list for a message."""
    return "\n".join(f"  - {line}" for line in lines)
