"""`litreview query history` and `query gone`: what each run of a search brought."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import json_option, say, show_json, show_rows

if TYPE_CHECKING:
    from litreview.changes import Change
    from litreview.gone import Lost


@click.command()
@click.argument("name", required=False)
@json_option
@pass_app
def history(app: App, name: str | None, *, as_json: bool) -> None:
    """List all runs of the saved searches, with what each brought.

    Added and gone are told against the whole run before; a run since a day, or
    under a limit, cannot tell what is gone. Changed are records of which a service
    says something else than before, later notices included. The cut-off is the
    lowest score that was kept of a ranking.

    \b
    Example:
      litreview query history
      litreview query history q3-coherence --json
    """
    from dataclasses import asdict

    from litreview import changes

    found = app.read(lambda s: changes.history(s, [name] if name else []))
    if not found:
        _known(app, name)
    if as_json:
        show_json([asdict(change) for change in found])
        return
    columns = ["run", "at", "strategy", "source", "asked", "reported", "found"]
    columns += ["added", "changed", "gone", "cut_off", "status", "client"]
    rows = [_row(change) for change in found]
    show_rows(rows, columns, as_json=False, empty="no search was run yet")
    for change in found:
        if change.problem:
            say(f"run {change.run_id}: {change.problem}")


def _known(app: App, name: str | None) -> None:
    """Refuse a name of which there is neither a run nor a file."""
    from litreview import searches

    if name:
        searches.names(app.workspace, [name])


def _row(change: Change) -> dict[str, object]:
    cut = change.cut_off
    clients = [change.client, change.service]
    return {
        "run": change.run_id,
        "at": f"{change.started_at:%Y-%m-%d %H:%M}",
        "strategy": change.strategy,
        "source": change.source,
        "asked": _asked(change),
        "reported": change.reported,
        "found": change.found,
        "added": _number(change.added),
        "changed": len(change.changed),
        "gone": _number(change.gone),
        "cut_off": "" if cut is None else f"{cut:.2f}",
        "status": change.status,
        "client": ", ".join(part for part in clients if part),
    }


def _number(ids: Sequence[int] | None) -> int | None:
    return None if ids is None else len(ids)


def _asked(change: Change) -> str:
    """Say in a few words how much of the search was asked for."""
    told = f"since {change.since}" if change.since else "whole"
    if change.since_refused:
        told += f" (since {change.since_refused} refused)"
    if change.limit is not None:
        told += f", limit {change.limit}"
    return f"{told}, reworded" if change.reworded else told


@click.command()
@click.argument("name", required=False)
@click.option("--look", is_flag=True, help="Ask the services what became of them.")
@json_option
@pass_app
def gone(app: App, name: str | None, *, look: bool, as_json: bool) -> None:
    """List the records that the newest whole run of a search no longer met.

    They stay in the review. With --look the services are asked for each: OpenAlex
    may have deleted a work, or merged it into another one; else it is still there
    and the search no longer finds it. This costs no credits.

    \b
    Example:
      litreview query gone
      litreview query gone q3-coherence --look
    """
    from dataclasses import asdict

    from litreview import gone as service

    found = app.read(lambda s: service.listed(s, [name] if name else []))
    if not found:
        _known(app, name)
    failed = None
    if look:
        found, failed = _looked_up(app, found)
    rows: list[dict[str, Any]] = [asdict(lost) for lost in found]
    columns = ["strategy", "source", "record_id", "source_id", "title"]
    columns += ["fate", "now", "held"] if look else []
    show_rows(rows, columns, as_json=as_json, empty="nothing is gone")
    if failed is not None:
        raise failed


def _looked_up(app: App, found: Sequence[Lost]) -> tuple[list[Lost], Exception | None]:
    """Ask for each; return them with their fates, and what ended the asking."""
    from litreview import gone as service
    from litreview.errors import ServiceError
    from litreview.sources.page import settings_from

    asked, failed = [], None
    for place, lost in enumerate(found):
        try:
            asked.append(service.look(lost, settings_from(os.environ, lost.source)))
        except ServiceError as error:
            asked, failed = [*asked, *found[place:]], error
            break
    known = app.read(lambda s: [service.held(s, lost) for lost in asked])
    return known, failed
