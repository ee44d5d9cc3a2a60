"""`litreview cmo`: build context-mechanism-outcome configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_json, show_rows
from litreview.cli.several import Several
from litreview.vocabulary import CmoStatus

if TYPE_CHECKING:
    from litreview.configuration import Draft, Written

Command = TypeVar("Command", bound=Callable[..., object])


class Words(TypedDict):
    """The options of `cmo add` and `cmo revise`, named as in `configuration.Draft`."""

    title: str | None
    context: tuple[str, ...]
    mechanism: tuple[str, ...]
    resource: tuple[str, ...]
    reasoning: tuple[str, ...]
    outcome: tuple[str, ...]
    supports: tuple[int, ...]
    refutes: tuple[int, ...]
    refines: tuple[int, ...]


def _draft_options(command: Command) -> Command:
    """Add the options that both writing commands share."""
    options = [
        click.option("--title", help="A short name for it."),
        *(
            click.option(f"--{role}", multiple=True, metavar="C...", help=text)
            for role, text in (
                ("context", "Constructs of the context."),
                ("mechanism", "Constructs of the mechanism."),
                ("resource", "Constructs of the mechanism: what is offered."),
                ("reasoning", "Constructs of the mechanism: what people make of it."),
                ("outcome", "Constructs of the outcome."),
            )
        ),
        *(
            click.option(name, to, multiple=True, type=ID, metavar="CODE...", help=text)
            for name, to, text in (
                ("--evidence", "supports", "Codes of passages that support it."),
                ("--refutes", "refutes", "Codes of passages that speak against it."),
                ("--refines", "refines", "Codes of passages that limit or sharpen it."),
            )
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def cmo() -> None:
    """Build context-mechanism-outcome configurations.

    A configuration may be partial while it is being built. Each change makes a new
    version; its support is the number of distinct studies behind it.

    \b
    Example:
      litreview cmo add --context ctx.disadvantage --mechanism comm.trust --evidence 3 8
      litreview cmo set-status 1 refined
    """


@cmo.command(cls=Several)
@_draft_options
@json_option
@pass_app
def add(app: App, *, as_json: bool, **words: Unpack[Words]) -> None:
    """Store a new candidate configuration.

    At least one part is needed. A construct may stand in another place than its
    usual one.

    \b
    Example:
      litreview cmo add --mechanism comm.trust --outcome out.practice --evidence 3 8
    """
    from litreview import configuration

    draft = _draft(words, keep=False)
    done = app.write(
        lambda session: configuration.add(session, by=app.handle, draft=draft)
    )
    _tell(done, as_json=as_json)


@cmo.command(cls=Several)
@click.argument("number", metavar="ID", type=ID)
@_draft_options
@click.option(
    "--drop", multiple=True, type=ID, metavar="CODE...", help="Codes to leave out."
)
@click.option("--why", default="", help="Why it changes.")
@json_option
@pass_app
def revise(
    app: App,
    number: int,
    drop: tuple[int, ...],
    why: str,
    *,
    as_json: bool,
    **words: Unpack[Words],
) -> None:
    """Store the next version of a configuration and keep the one before.

    A place that is given replaces what stood there; "" empties it. Passages are
    added, --drop takes them out. Retracted ones fall away.

    \b
    Example:
      litreview cmo revise 1 --context ctx.disadvantage --why "reviewers asked for whom"
    """
    from dataclasses import replace

    from litreview import configuration

    draft = replace(_draft(words, keep=True), drop=drop)
    done = app.write(
        lambda session: configuration.revise(
            session, by=app.handle, number=number, draft=draft, why=why
        )
    )
    _tell(done, as_json=as_json)


@cmo.command("set-status")
@click.argument("number", metavar="ID", type=ID)
@click.argument("status", type=click.Choice([word.value for word in CmoStatus]))
@click.option("--why", default="", help="Why it changes.")
@json_option
@pass_app
def set_status(app: App, number: int, status: str, why: str, *, as_json: bool) -> None:
    """Move a configuration on: candidate, refined, consolidated or rejected.

    Consolidating needs a supporting passage that counts and names its page.

    \b
    Example:
      litreview cmo set-status 1 refined --why "agreed in the March meeting"
    """
    from litreview import configuration

    done = app.write(
        lambda session: configuration.set_status(
            session, by=app.handle, number=number, status=status, why=why
        )
    )
    _tell(done, as_json=as_json)


@cmo.command("list")
@json_option
@pass_app
def list_(app: App, *, as_json: bool) -> None:
    """List the configurations as they now stand.

    Support is the number of distinct studies among the supporting passages.

    \b
    Example:
      litreview cmo list --json
    """
    from litreview import configuration

    rows = app.read(configuration.configurations)
    columns = ["cmo_id", "version", "status", "title", "context", "mechanism"]
    columns += ["outcome", "studies", "supports", "refutes", "refines"]
    show_rows(rows, columns, as_json=as_json, empty="there are no configurations yet")


@cmo.command("show")
@click.argument("number", metavar="ID", type=ID)
@json_option
@pass_app
def show_(app: App, number: int, *, as_json: bool) -> None:
    """Show a configuration with its passages and all its versions.

    \b
    Example:
      litreview cmo show 1
    """
    from litreview import configuration

    found = app.read(lambda session: configuration.show(session, number=number))
    if as_json:
        whole = {**found.versions[-1], "passages": found.passages}
        show_json({**whole, "versions": found.versions})
        return
    show(f"configuration {found.number}, {found.title or 'without a title'}")
    show_rows(
        found.passages,
        ["code_id", "relation", "record_id", "construct", "locator", "quote", "counts"],
        as_json=False,
        empty="no passage speaks to it yet",
    )
    show_rows(
        found.versions,
        [
            "version",
            "status",
            "context",
            "mechanism",
            "outcome",
            "studies",
            "why",
            "by",
        ],
        as_json=False,
    )


def _draft(words: Words, *, keep: bool) -> Draft:
    """Return the draft; in a revision (`keep`) a place not given is kept."""
    from litreview.configuration import Draft

    def place(given: tuple[str, ...]) -> tuple[str, ...] | None:
        return None if keep and not given else tuple(name for name in given if name)

    return Draft(
        title=words["title"],
        context=place(words["context"]),
        mechanism=place(words["mechanism"]),
        resource=place(words["resource"]),
        reasoning=place(words["reasoning"]),
        outcome=place(words["outcome"]),
        supports=words["supports"],
        refutes=words["refutes"],
        refines=words["refines"],
    )


def _tell(done: Written, *, as_json: bool) -> None:
    row = done.row
    if not done.new:
        say("this very configuration is there already; nothing was added")
    for note in done.notes:
        say(f"note: {note}")
    if as_json:
        show_json(
            {
                "cmo_id": row.number,
                "version": row.version,
                "status": row.status,
                "new": done.new,
            }
        )
    else:
        show(f"configuration {row.number}, version {row.version}: {row.status}")
