"""screen pack, unpack: screen where the review's database is out of reach."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import click
from click.core import ParameterSource

from litreview.cli.app import App, pass_app
from litreview.cli.choices import stage_option
from litreview.cli.output import json_option, say, show, show_json

# Records named in one line of what was brought back.
SHOWN = 10


def pack_option(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command with a stage work in a pack, as the person it was made for."""

    @click.option(
        "--pack",
        "file",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Screen in a pack, without the review's database.",
    )
    @click.pass_context
    @functools.wraps(command)
    def opened(ctx: click.Context, /, *, file: Path | None, **given: object) -> None:
        if file is not None:
            stage = _open(ctx.ensure_object(App), file)
            if ctx.get_parameter_source("stage") == ParameterSource.DEFAULT:
                given["stage"] = stage
        command(**given)

    return opened


def _open(app: App, file: Path) -> str:
    """Make a pack the database of this call; return its stage."""
    from litreview import packfile
    from litreview.errors import NotAllowedError

    told = packfile.manifest(file)
    if app.handle_chosen not in (None, told.screener):
        raise NotAllowedError(
            f"this pack is not for {app.handle_chosen}",
            why=f"it holds what waits for {told.screener}",
            fix="make one's own: `litreview screen pack`",
        )
    app.handle_given = told.screener
    app.database = f"sqlite:///{file.resolve()}"
    return told.stage


@click.command()
@click.option("--screener", metavar="HANDLE", help="Whose records; default: yours.")
@stage_option
@click.option(
    "--to",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The new file.",
)
@pass_app
def pack(app: App, *, screener: str | None, stage: str, to: Path) -> None:
    """Put one screener's open records and the protocol into one file.

    The file holds nothing that others said. Votes cast in it are stored in it;
    `screen unpack` brings them back. For yourself; a lead may pack for others.

    \b
    Example:
      litreview screen pack --to train.litpack
      litreview screen start --pack train.litpack
      litreview screen unpack train.litpack
    """
    from litreview import lookup, packfile, packs

    packfile.require_new(to)
    content = app.write(
        lambda session: packs.make(
            session,
            screener=lookup.person(session, screener or app.handle),
            stage=stage,
            by=lookup.actor(session, app.handle),
        )
    )
    packfile.write(content, to)
    told = content.manifest
    say(f"{told.records:,} records packed for {told.screener} at {stage}: {to}")
    say(f"screen with `litreview screen start --pack {to}`")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@pass_app
def unpack(app: App, file: Path, *, as_json: bool) -> None:
    """Bring the votes and notes of a pack back, each once, as often as you like.

    A vote stays on the record, the wording and the protocol that it was cast on, and
    what has changed meanwhile is told. Packs come back in any order: where somebody
    voted twice, the later vote counts. For the screener or a lead.

    \b
    Example:
      litreview screen unpack train.litpack
    """
    from dataclasses import asdict

    from litreview import lookup, packfile, unpacking
    from litreview.errors import IncompleteError

    found = packfile.read(file)
    back = app.write(
        lambda session: unpacking.bring_back(
            session, found, by=lookup.actor(session, app.handle)
        )
    )
    if as_json:
        show_json(asdict(back))
    else:
        show(
            f"{back.screener}, {back.stage}: {back.stored:,} votes and withdrawals "
            f"stored, {back.already_there:,} were there already"
        )
        if back.notes:
            show(f"{back.notes:,} notes and labels stored")
        _tell_changes(back)
    if back.waiting:
        for line in back.waiting[:SHOWN]:
            say(f"  {line}")
        raise IncompleteError(
            f"the votes on {len(back.waiting):,} records wait",
            why="they cannot be stored as things are now",
            fix="put right what the lines above say, then unpack the file again",
        )


def _tell_changes(back: object) -> None:
    told = {
        "later": "a later vote of theirs stands",
        "changed": "changed at its source since; the vote is on what was read",
        "regrouped": "merged or split since; the vote is on the record that was read",
        "elsewhere": "no longer handed to them; the vote counts all the same",
    }
    for name, words in told.items():
        ids = getattr(back, name)
        if ids:
            some = ", ".join(map(str, ids[:SHOWN])) + (" ..." * (len(ids) > SHOWN))
            say(f"  {len(ids):,} records {some}: {words}")
    if getattr(back, "old_protocol", False):
        say("  the protocol has changed since; the votes are stored under the earlier")
