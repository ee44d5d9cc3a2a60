"""`litreview harvest`: the saved searches, run on the services."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import (
    bullet_list,
    json_option,
    say,
    show,
    show_rows,
)
from litreview.cli.progress import pages

if TYPE_CHECKING:
    from litreview.harvest import Forecast
    from litreview.runs import Result
    from litreview.searches import Search
    from litreview.sources.page import Settings

SOURCES = ("openalex", "crossref")
ASK_ABOVE = 20_000  # records; more are not fetched without asking


class HarvestWords(TypedDict):
    """The options of `harvest`."""

    source: str | None
    limit: int | None
    dry_run: bool
    yes: bool
    as_json: bool


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--source", type=click.Choice(SOURCES), help="Only this source; default: both."
)
@click.option("--limit", type=int, metavar="N", help="At most N records per search.")
@click.option("--dry-run", is_flag=True, help="Only tell how many there are.")
@click.option("--yes", is_flag=True, help=f"Do not ask above {ASK_ABOVE:,} records.")
@json_option
@pass_app
def harvest(app: App, names: tuple[str, ...], **words: Unpack[HarvestWords]) -> None:
    """Run the saved searches on OpenAlex and Crossref.

    Each page is stored as it comes. Stop it at any time; the same command goes on
    where it stopped, and the exit status is 3 as long as something is missing. A
    search that was finished before is run anew and adds only what is new.

    \b
    Example:
      litreview harvest --dry-run
      litreview harvest q3-coherence --source openalex --limit 200
    """
    from litreview import harvest as service
    from litreview import lookup, searches
    from litreview.records import WORKERS
    from litreview.sources.page import settings_from

    sources = [words["source"]] if words["source"] else []
    plan = searches.plan(app.workspace, names, sources=sources, limit=words["limit"])
    settings = {source: settings_from(os.environ, source) for source in SOURCES}
    _warn({search.source for search in plan}, settings)
    if words["dry_run"]:
        _show_forecasts(service.forecast(plan, settings), as_json=words["as_json"])
        return
    app.read(lambda s: lookup.actor(s, app.handle, roles=WORKERS))
    ready, failed = _agreed(plan, settings, yes=words["yes"])
    if not ready and not failed:
        return
    with pages(ready) as tell:
        done = service.harvest(
            app.write, ready, by=app.handle, settings=settings, tell=tell
        )
    order = {id(search): place for place, search in enumerate(plan)}
    results = sorted([*done, *failed], key=lambda result: order[id(result.search)])
    _show_results(results, as_json=words["as_json"])
    _fail_if_incomplete(results)


def _warn(sources: set[str], settings: Mapping[str, Settings]) -> None:
    """Say what a public service asks of its users and is not given."""
    public = {source for source in sources if settings[source].base_url is None}
    if "openalex" in public and settings["openalex"].key is None:
        say(
            "warning: OPENALEX_API_KEY is not set; without a key OpenAlex answers "
            "some 100 pages a day. A key is free: https://openalex.org/settings/api"
        )
    if "crossref" in public and settings["crossref"].mailto is None:
        say(
            "warning: LITREVIEW_MAILTO is not set; Crossref answers people who give "
            "their mail address three times as fast"
        )


def _agreed(
    plan: Sequence[Search], settings: Mapping[str, Settings], *, yes: bool
) -> tuple[list[Search], list[Result]]:
    """Return the searches to run, and those whose service did not even count.

    Only searches without a bound of their own are counted. Raises `UsageError` for
    a large harvest that nobody can be asked about.
    """
    from litreview import harvest as service
    from litreview.errors import UsageError
    from litreview.runs import Result

    if yes:
        return list(plan), []
    unbounded = [search for search in plan if search.request.keep is None]
    counted = service.forecast(unbounded, settings)
    failed = [Result(f.search, error=f.error) for f in counted if f.error]
    total = sum(search.request.keep or 0 for search in plan)
    total += sum(found.to_fetch for found in counted)
    if total > ASK_ABOVE:
        question = f"{total:,} records are to be fetched"
        if not on_terminal():
            raise UsageError(
                f"{question}, and nobody can be asked whether to go on",
                why=f"above {ASK_ABOVE:,} a person has to say yes",
                fix="add --yes, narrow the search, or cap it with --limit N",
            )
        if not click.confirm(f"{question}. Go on?", err=True):
            say("nothing was fetched")
            return [], []
    lost = {id(result.search) for result in failed}
    return [search for search in plan if id(search) not in lost], failed


def on_terminal() -> bool:
    """Tell whether somebody is there to answer."""
    return sys.stdin.isatty()


def _show_forecasts(forecasts: Sequence[Forecast], *, as_json: bool) -> None:
    from litreview.errors import ServiceError

    rows = [
        {
            "strategy": found.search.name,
            "source": found.search.source,
            "reported": found.reported,
            "to_fetch": found.to_fetch,
            "requests": found.requests,
            "dollars": found.dollars,
            "error": str(found.error or ""),
        }
        for found in forecasts
    ]
    columns = ["strategy", "source", "reported", "to_fetch", "requests"]
    show_rows(rows, columns, as_json=as_json)
    if not as_json:
        records = sum(found.to_fetch for found in forecasts)
        dollars = sum(found.dollars for found in forecasts)
        show(f"{records:,} records to fetch; OpenAlex counts ${dollars:.3f} for it")
        say("nothing was stored")
    errors = [found for found in forecasts if found.error]
    if errors:
        raise ServiceError(
            f"{len(errors)} of {len(forecasts)} searches got no answer",
            why="\n" + bullet_list(_told(f.search, f.error) for f in errors),
        )


def _told(search: Search, problem: object) -> str:
    return f"{search.name} on {search.source}: {problem}"


# -- the end -------------------------------------------------------------------------


def _show_results(results: Sequence[Result], *, as_json: bool) -> None:
    rows = [
        {
            "strategy": result.search.name,
            "source": result.search.source,
            "run_id": result.run_id,
            "status": str(result.status) if result.complete else "incomplete",
            "reported": result.reported,
            "expected": result.expected,
            "found": result.found,
            "new": result.new,
            "changed": result.changed,
            "rejected": result.rejected,
            "problem": result.problem or str(result.error or ""),
        }
        for result in results
    ]
    columns = ["strategy", "source", "reported", "found", "new", "changed", "status"]
    show_rows(rows, columns, as_json=as_json)
    for result in results:
        if result.complete and result.problem:
            say(_told(result.search, result.problem))


def _fail_if_incomplete(results: Sequence[Result]) -> None:
    """Tell of every search that is not complete; fail if there is one."""
    from litreview.errors import IncompleteError, ServiceError

    missing = [result for result in results if not result.complete]
    if not missing:
        return
    nothing = all(result.error and not result.pages for result in results)
    kind = ServiceError if nothing else IncompleteError
    raise kind(
        f"{len(missing)} of {len(results)} searches are not complete",
        why="\n" + bullet_list(_told(r.search, r.error or r.problem) for r in missing),
        fix="run the same command again; what is stored stays, and it goes on from "
        "there",
    )
