"""The exports that are a table and nothing else: one line of `TABLE_EXPORTS` each.

The tables themselves are registered in `litreview.exports.TABLES`; their names,
formats and help stand here so that ``litreview export --help`` loads none of them. A
test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from litreview.cli.app import App, pass_app
from litreview.cli.exporting import options, table


@dataclass(frozen=True)
class TableExport:
    """What ``litreview export NAME`` says of itself, and the formats it has.

    `tells` is the first line of its help, `more` what follows it.
    """

    formats: tuple[str, ...]
    tells: str
    more: str = ""


# In the order of `litreview export --help`.
TABLE_EXPORTS: dict[str, TableExport] = {}


def commands() -> list[click.Command]:
    """Return a command for each of the tables."""
    return [_command(name, told) for name, told in TABLE_EXPORTS.items()]


def _command(name: str, told: TableExport) -> click.Command:
    def write(app: App, kind: str | None, to: str | None) -> None:
        table(app, name, (kind, to))

    example = f"\b\nExample:\n  litreview export {name} --format {told.formats[0]}"
    parts = [told.tells, told.more, example] if told.more else [told.tells, example]
    callback: Callable[..., None] = options(*told.formats)(pass_app(write))
    return click.command(name, help="\n\n".join(parts))(callback)
