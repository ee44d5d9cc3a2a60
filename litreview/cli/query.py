"""`litreview query`: look at saved search strategies before they are sent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from litreview.cli import history
from litreview.cli.app import App, pass_app
from litreview.cli.output import (
    counted,
    json_option,
    say,
    show,
    show_json,
    show_rows,
)
from litreview.cli.recall import show_recall

if TYPE_CHECKING:
    from litreview.errors import InputFileError
    from litreview.recall import Report

SOURCES = ("openalex", "crossref")


@click.group()
def query() -> None:
    """Look at saved search strategies before they are sent.

    A strategy is a file in queries/; queries/README.md says how to write one.

    \b
    Example:
      litreview query list
      litreview query check
      litreview query history
    """


query.add_command(history.history)
query.add_command(history.gone)


@query.command("list")
@json_option
@pass_app
def list_(app: App, *, as_json: bool) -> None:
    """List the saved searches.

    Errors and warnings are those of `query check`.

    \b
    Example:
      litreview query list
    """
    from litreview import searches

    rows = [_row(app, name) for name in searches.names(app.workspace)]
    columns = ["name", "title", "sources", "errors", "warnings"]
    show_rows(rows, columns, as_json=as_json)
    for file in searches.misnamed(app.workspace):
        say(f"{file} is not read: {searches.RENAME}")


def _row(app: App, name: str) -> dict[str, object]:
    from litreview import searches
    from litreview.errors import InputFileError
    from litreview.queries import problems

    row: dict[str, object] = {"name": name, "file": f"queries/{name}.yaml"}
    try:
        strategy = searches.read(app.workspace, name).strategy
    except InputFileError as error:
        return {**row, "title": error.what, "sources": [], "errors": 1, "warnings": 0}
    found = [problem.severity for problem in problems(strategy)]
    return {
        **row,
        "title": strategy.title,
        "stream": strategy.stream,
        "sources": list(strategy.sources),
        "errors": found.count("error"),
        "warnings": found.count("warning"),
    }


@query.command()
@click.argument("name", required=False)
@click.option(
    "--recall",
    is_flag=True,
    help="Ask which of the known items are found, and why not.",
)
@json_option
@pass_app
def check(app: App, name: str | None, *, recall: bool, as_json: bool) -> None:
    """Say what a source would drop or misread, with the line.

    A warning is about recall or precision. An error means that a source would
    search for something else, or find far too much; the exit status is 1 then, and
    no such strategy is ever sent.

    With --recall, OpenAlex is asked which of the known items each strategy finds,
    and which block or limit keeps out the others; for Crossref the last harvest is
    looked at. Nothing is stored.

    \b
    Example:
      litreview query check q3-coherence
      litreview query check --recall
    """
    from litreview import searches
    from litreview.errors import LitreviewError

    names = searches.names(app.workspace, [name] if name else [])
    found = [problem for each in names for problem in _problems(app, each)]
    found += [] if name else _misnamed(app)
    errors = [problem for problem in found if problem["severity"] == "error"]
    if as_json and (errors or not recall):
        show_json(found)
    for problem in found if not as_json else ():
        show(f"{problem['severity']}: {problem['what']}")
        for part in ("why", "fix"):
            if problem[part]:
                show(f"  {part}: {problem[part]}")
    if errors:
        faulty = len({each["name"] for each in errors})
        raise LitreviewError(
            f"{counted(len(errors), 'error')} in {faulty} of "
            f"{counted(len(names), 'strategy', 'strategies')}",
            fix="correct the lines named above",
        )
    if not as_json:
        sent = counted(len(names), "strategy", "strategies")
        say(f"{sent} can be sent; {counted(len(found), 'warning')}")
    if recall:
        show_recall(_measured(app, names), found, as_json=as_json)


def _measured(app: App, names: Sequence[str]) -> Report:
    """Ask for the known items of these strategies; a database need not be there."""
    from litreview import ranking, recall, searches
    from litreview.sources.page import settings_from

    saved = [searches.read(app.workspace, name) for name in names]
    ranked: dict[str, ranking.Ranking] = {}
    if not app.database_is_new():
        ranked = app.read(lambda session: ranking.rankings(session, saved))
    settings = settings_from(os.environ, "openalex")
    return recall.measure([each.strategy for each in saved], ranked, settings)


def _problems(app: App, name: str) -> list[dict[str, object]]:
    """Return the problems of one strategy; an unreadable one is an error."""
    from litreview import searches
    from litreview.errors import InputFileError
    from litreview.queries import problems

    found: list[tuple[str, InputFileError]]
    try:
        strategy = searches.read(app.workspace, name).strategy
        found = [(problem.severity, problem) for problem in problems(strategy)]
    except InputFileError as error:
        found = [("error", error)]
    return [_told(name, severity, problem) for severity, problem in found]


def _misnamed(app: App) -> list[dict[str, object]]:
    """Return a warning for each file that only its ending keeps from being read."""
    from litreview import searches
    from litreview.errors import InputFileError

    why, fix = searches.ENDING, searches.RENAME
    return [
        _told(
            path.stem,
            "warning",
            InputFileError(path, None, "is not read", why=why, fix=fix),
        )
        for path in searches.misnamed(app.workspace)
    ]


def _told(name: str, severity: str, problem: InputFileError) -> dict[str, object]:
    return {
        "name": name,
        "severity": severity,
        "file": str(problem.path),
        "line": problem.line,
        "what": problem.what,
        "why": problem.why,
        "fix": problem.fix,
    }


@query.command("show")
@click.argument("name")
@click.option(
    "--source", type=click.Choice(SOURCES), required=True, help="The source asked."
)
@json_option
@pass_app
def show_(app: App, name: str, *, source: str, as_json: bool) -> None:
    """Show exactly what a source will be sent.

    The parameters and the whole address, without key, mail address and cursor.

    \b
    Example:
      litreview query show q3-coherence --source openalex
    """
    from litreview import searches
    from litreview.harvest import PUBLIC
    from litreview.queries import compile_request
    from litreview.sources.page import settings_from

    searches.names(app.workspace, [name])
    strategy = searches.read(app.workspace, name).strategy
    request = compile_request(strategy, source)
    base = settings_from(os.environ, source).base_url or PUBLIC[source]
    if as_json:
        asked = {"params": request.params, "page_size": request.page_size}
        told = {"strategy": name, "source": source, **asked, "keep": request.keep}
        show_json({**told, "url": request.url(base)})
        return
    for key, value in request.params.items():
        show(f"{key}: {value}")
    show(f"kept: {_kept(request.keep)}, {request.page_size} a page")
    if request.keep is not None:
        show(
            "limit: Crossref ranks, and what stands below is not seen; the score of the"
        )
        show("  last row kept is recorded with each run")
    show(request.url(base))


def _kept(keep: int | None) -> str:
    return "all" if keep is None else f"the best {keep:,} of a ranking"
