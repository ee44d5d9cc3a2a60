"""`litreview query`: look at saved search strategies before they are sent."""

from __future__ import annotations

import os

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import json_option, say, show, show_json, show_rows

SOURCES = ("openalex", "crossref")


@click.group()
def query() -> None:
    """Look at saved search strategies before they are sent.

    A strategy is a file in queries/; queries/README.md says how to write one.

    \b
    Example:
      litreview query list
      litreview query check
    """


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
@json_option
@pass_app
def check(app: App, name: str | None, *, as_json: bool) -> None:
    """Say what a source would drop or misread, with the line.

    A warning is about recall or precision. An error means that a source would
    search for something else; the exit status is 1 then, and no such strategy is
    ever sent.

    \b
    Example:
      litreview query check q3-coherence
    """
    from litreview import searches
    from litreview.errors import LitreviewError

    names = searches.names(app.workspace, [name] if name else [])
    found = [problem for each in names for problem in _problems(app, each)]
    errors = [problem for problem in found if problem["severity"] == "error"]
    if as_json:
        show_json(found)
    for problem in found if not as_json else ():
        show(f"{problem['severity']}: {problem['what']}")
        for part in ("why", "fix"):
            if problem[part]:
                show(f"  {part}: {problem[part]}")
    if errors:
        faulty = len({each["name"] for each in errors})
        raise LitreviewError(
            f"{_count(len(errors), 'error')} in {faulty} of "
            f"{_count(len(names), 'strategy', 'strategies')}",
            fix="correct the lines named above",
        )
    if not as_json:
        sent = _count(len(names), "strategy", "strategies")
        say(f"{sent} can be sent; {_count(len(found), 'warning')}")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


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
    return [
        {
            "name": name,
            "severity": severity,
            "file": str(problem.path),
            "line": problem.line,
            "what": problem.what,
            "why": problem.why,
            "fix": problem.fix,
        }
        for severity, problem in found
    ]


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
    kept = "all" if request.keep is None else f"the best {request.keep:,}"
    show(f"kept: {kept}, {request.page_size} a page")
    show(request.url(base))
