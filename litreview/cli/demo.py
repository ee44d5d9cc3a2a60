"""demo: the main job on demonstration data, and the local services alone."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import say, show

# What a newcomer sees first: where it stands, where an item comes from, how far
# the screeners agree.
TRY_NEXT = ("status", "item trace 1", "screen agreement")


class DemoGroup(click.Group):
    """`demo [DIR]` runs the rehearsal; `demo serve` only its services."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read anything but a subcommand's name as a call of `demo run`."""
        known = {*self.commands, "-h", "--help"}
        if not args or args[0] not in known:
            args = ["run", *args]
        return super().parse_args(ctx, args)


records_option = click.option(
    "--records",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Serve the works below DIR/openalex and DIR/crossref (JSON lines) instead.",
)


@click.group(cls=DemoGroup)
def demo() -> None:
    """Run the main job on demonstration data.

    `litreview demo [DIR]` makes a workspace in DIR (default: demo) and works from
    the searches to the exports, without the internet. The screeners are simulated;
    most records are invented and marked so.

    \b
    Example:
      litreview demo
      litreview demo trial --seed 11
      litreview demo real --records ../shared/data
      litreview demo serve
    """


@demo.command()
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(path_type=Path), default="demo"
)
@records_option
@click.option("--seed", type=int, default=7, show_default=True, help="Other votes.")
@click.option(
    "--again",
    is_flag=True,
    help="Make an earlier one anew, even if somebody has worked in it.",
)
@pass_app
def run(
    app: App, folder: Path, *, records: Path | None, seed: int, again: bool
) -> None:
    """Work the main job, from the searches to the exports.

    \b
    Example:
      litreview demo run trial --again
    """
    from litreview.demo.run import Plan
    from litreview.demo.run import run as rehearse

    begun = time.monotonic()
    plan = Plan(folder, app.handle, records, seed, again)
    exported = rehearse(plan, lambda line: say(f"  {line}"))
    seconds = time.monotonic() - begun
    show(
        f"Done in {seconds:.0f} seconds. The workspace is {folder}, its exports are in"
    )
    show(f"{exported}: look at prisma.svg, prisma.md and constructs.md.")
    show("Try next:")
    for command in (f"cd {shlex.quote(str(folder))}", *next_commands()):
        show(f"  {command}")


def next_commands() -> list[str]:
    """Return what to try, as it can be pasted where litreview is not on the path."""
    program = "litreview"
    if shutil.which(program) is None:
        program = f"{shlex.quote(str(Path(sys.executable).absolute()))} -m litreview"
        beside = Path(sys.executable).absolute().with_name("litreview")
        if beside.is_file():
            program = shlex.quote(str(beside))
    return [f"{program} {words}" for words in TRY_NEXT]


@demo.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Its port on this machine; 0 takes any that is free.",
)
@records_option
@pass_app
def serve(app: App, *, port: int, records: Path | None) -> None:
    """Serve the demonstration's OpenAlex and Crossref on this machine until Ctrl-C.

    \b
    Example:
      litreview demo serve --port 8765
    """
    from litreview.demo.run import Plan, services

    with services(Plan(Path(), app.handle, records), port=port) as server:
        show(f"export LITREVIEW_OPENALEX_URL={server.openalex_url}")
        show(f"export LITREVIEW_CROSSREF_URL={server.crossref_url}")
        say("serving; Ctrl-C ends it")
        while True:
            time.sleep(3600)
