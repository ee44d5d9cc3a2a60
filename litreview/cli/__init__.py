"""The command line: one file per command group, loaded when it is called.

A command parses its input, opens one transaction, calls one use case and prints.
Expected failures are `LitreviewError`; they become a message and an exit status
here and nowhere else. The one-line summaries stand in `COMMANDS`, so that
``litreview --help`` imports nothing of what the commands need; a test compares
them with the commands' own help.
"""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

import litreview
from litreview.cli.app import App
from litreview.errors import LitreviewError, UsageError

INTERRUPTED, TERMINATED = 130, 143

# name -> (module in litreview.cli, summary). The order is that of the work.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("setup", "Make a new review workspace."),
    "status": ("setup", "Show where the review stands and what comes next."),
    "milestones": (
        "setup",
        "List the milestones of screening/plan.yaml and what is overdue today.",
    ),
    "sync": ("setup", "Bring screening/*.yaml into the database."),
    "query": ("query", "Look at saved search strategies before they are sent."),
    "harvest": ("harvest", "Run the saved searches on OpenAlex and Crossref."),
    "snowball": (
        "snowball",
        "Search the citations of the works that matter, on OpenAlex.",
    ),
    "import": ("imports", "Bring in records from files."),
    "add": ("imports", "Add a record found by hand, with where it was found."),
    "record": ("record", "Look at, correct and remove single records."),
    "dedupe": ("dedupe", "Find duplicate records and decide on them."),
    "screen": ("screen", "Screen records twice, blind, and settle conflicts."),
    "fulltext": ("fulltext", "Keep track of full texts."),
    "code": ("code", "Code passages of included reports with constructs."),
    "cmo": ("cmo", "Build context-mechanism-outcome configurations."),
    "instrument": (
        "instrument",
        "Record instruments found in the literature, and permissions to use them.",
    ),
    "item": ("item", "Write survey items that rest on coded passages."),
    "rating": ("rating", "Let experts and staff rate items and rank constructs."),
    "form": ("form", "Read facts, effects and appraisals out of included reports."),
    "indicator": (
        "indicator",
        "Register variables of secondary data that stand for constructs.",
    ),
    "export": ("export", "Write PRISMA counts, tables and records to files."),
    "verify": ("bundle", "Check that a bundle is as it was written."),
    "db": ("database", "Look after the database."),
    "check": ("database", "Check the stored data against the model's promises."),
    "whoami": ("setup", "Show who litreview takes you for."),
    "log": ("record", "Show everything that happened to a record."),
    "demo": ("demo", "Run the main job on demonstration data."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"litreview.cli.{COMMANDS[cmd_name][0]}")
        name = f"{cmd_name}_command" if cmd_name == "import" else cmd_name
        found = getattr(module, name)
        assert isinstance(found, click.Command)  # noqa: S101 - COMMANDS is ours
        return found

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - the signature is click's
        formatter: click.HelpFormatter,
    ) -> None:
        """List the summaries without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, what[1]) for name, what in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "-w",
    "--workspace",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The review's folder; default: the one around the present folder.",
)
@click.option(
    "--database",
    metavar="URL",
    help="The database; default: LITREVIEW_DATABASE, else db/review.sqlite.",
)
@click.option(
    "--as",
    "handle",
    metavar="HANDLE",
    help="Who you are; default: LITREVIEW_USER, else the system's user name.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
@click.version_option(litreview.__version__, prog_name="litreview")
@click.pass_context
def root(
    ctx: click.Context,
    *,
    folder: Path | None,
    database: str | None,
    handle: str | None,
    verbose: bool,
) -> None:
    """Run a literature review from a saved search to traceable survey items.

    \b
    Example:
      litreview init my-review
      cd my-review && litreview status
    """
    ctx.obj = App(folder, database, handle, verbose)
    ctx.call_on_close(ctx.obj.close)


def main() -> NoReturn:
    """Run the command line and leave with the exit status of the design."""
    signal.signal(signal.SIGTERM, _terminate)
    if "_LITREVIEW_COMPLETE" in os.environ:
        root.main(prog_name="litreview")  # the shell asks what could come next
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; every failure is told here."""
    # Not `root.main`: it makes its own of a pipe that was closed.
    try:
        _refuse_unreadable(arguments)
        with root.make_context("litreview", list(arguments)) as ctx:
            root.invoke(ctx)
        if sys.stdout is not None:  # closed by the caller
            sys.stdout.flush()
    except LitreviewError as error:
        _tell(error, verbose="-v" in arguments or "--verbose" in arguments)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; what was acknowledged is stored", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing is wrong with our work.
        _silence()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _silence()
        click.echo("litreview: the output cannot be written: no space left", err=True)
        return 1
    return 0


def _refuse_unreadable(arguments: list[str]) -> None:
    """Refuse an argument whose bytes are no text: it could be stored nowhere."""
    for word in arguments:
        if not word.isascii() and any("\ud800" <= sign <= "\udfff" for sign in word):
            raise UsageError(
                f"an argument is not UTF-8 text: {word!a}",
                fix="set the terminal to UTF-8, or type it again",
            )


def _silence() -> None:
    """Send what is still to be written nowhere, so that leaving is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: LitreviewError, *, verbose: bool) -> None:
    from litreview.text import printable

    click.echo(f"litreview: {printable(error.what, keep_newlines=True)}", err=True)
    if error.why:
        click.echo(f"  why: {printable(error.why, keep_newlines=True)}", err=True)
    if error.fix:
        click.echo(f"  fix: {printable(error.fix, keep_newlines=True)}", err=True)
    if verbose and error.__cause__ is not None:
        cause = "".join(traceback.format_exception(error.__cause__))
        click.echo(printable(cause, keep_newlines=True), err=True)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)
