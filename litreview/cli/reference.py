"""The list of commands in README.md, made from the commands themselves.

``make docs`` writes the list between two comments of the README; a test compares
them. `walk` gives every command of the tree, so that a test which covers it covers
tomorrow's commands too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from litreview.cli import root

BEGIN, END = "<!-- commands -->", "<!-- /commands -->"


def root_context() -> click.Context:
    """Return the context that every command's own begins from."""
    return click.Context(root, info_name="litreview", **root.context_settings)


def walk() -> Iterator[tuple[str, click.Command]]:
    """Yield every command as (its words after ``litreview``, the command)."""
    context = root_context()
    for name in root.list_commands(context):
        found = root.get_command(context, name)
        if found is not None:
            yield from _below(name, found)


def _below(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _below(f"{words} {name}", below)


def usage(words: str, command: click.Command) -> str:
    """Return how a command is called, as its help shows it."""
    context = click.Context(command, info_name=words, parent=root_context())
    pieces = [piece for piece in command.collect_usage_pieces(context) if piece]
    return " ".join([words, *(piece for piece in pieces if piece != "[OPTIONS]")])


def summary(command: click.Command) -> str:
    """Return the first sentence of a command's help."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def table() -> str:
    """Return the list of commands as a Markdown table; groups are left out."""
    rows = [
        f"| `litreview {_escaped(usage(words, command))}` | {summary(command)} |"
        for words, command in walk()
        if not isinstance(command, click.Group)
    ]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def _escaped(text: str) -> str:
    """Return text that is no end of a cell in a Markdown table."""
    return text.replace("|", "\\|")


def filled(readme: str) -> str:
    """Return a README with the present list between its two comments."""
    before, rest = readme.split(BEGIN)
    _old, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    path = Path(__file__).parents[2] / "README.md"
    path.write_text(filled(path.read_text("utf-8")), "utf-8")
