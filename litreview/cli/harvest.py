"""`litreview harvest`: the saved searches, run on the services."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import (
    bullet_list,
    counted,
    json_option,
    say,
    show,
    show_rows,
)
from litreview.cli.progress import pages

if TYPE_CHECKING:
    from litreview.changes import Change
    from litreview.harvest import Bill, Forecast
    from litreview.runs import Result
    from litreview.searches import Search
    from litreview.sources.page import Settings

SOURCES = ("openalex", "crossref")
ASK_ABOVE = 20_000  # records; more are not fetched without asking
LAST = "last"  # what --since takes in place of a day
CREDENTIALS = "litreview/credentials in your configuration folder, as lines NAME=value"


class HarvestWords(TypedDict):
    """The options of `harvest`."""

    source: str | None
    since: str | None
    limit: int | None
    dry_run: bool
    wait: bool
    yes: bool
    as_json: bool


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--source", type=click.Choice(SOURCES), help="Only this source; default: both."
)
@click.option(
    "--since",
    metavar="DATE|last",
    help="Only what the service holds new or changed since that day.",
)
@click.option("--limit", type=int, metavar="N", help="At most N records per search.")
@click.option("--dry-run", is_flag=True, help="Only tell how many there are.")
@click.option("--wait", is_flag=True, help="Where a day's budget is spent, sleep on.")
@click.option("--yes", is_flag=True, help=f"Do not ask above {ASK_ABOVE:,} records.")
@json_option
@pass_app
def harvest(app: App, names: tuple[str, ...], **words: Unpack[HarvestWords]) -> None:
    """Run the saved searches on OpenAlex and Crossref.

    Each page is stored as it comes. Stop it at any time; the same command goes on
    where it stopped, and the exit status is 3 as long as something is missing. Once
    all are finished, it runs them anew and adds only what is new; what was added,
    changed and gone against the run before is told at the end.

    --since asks only for what is new or changed; `last` is the day on which each
    search was last begun and then finished. Only a whole run can tell what is gone.

    \b
    Example:
      litreview harvest --dry-run
      litreview harvest q3-coherence --source openalex --limit 200
      litreview harvest --since last
    """
    from litreview import harvest as service
    from litreview import lookup
    from litreview.records import WORKERS
    from litreview.sources.page import settings_from

    settings = {source: settings_from(os.environ, source) for source in SOURCES}
    plan = _planned(app, names, words)
    _warn({search.source for search in plan}, settings)
    plan = _pending(app, _since_or_whole(plan, settings))
    if words["dry_run"]:
        forecasts = service.forecast(plan, settings)
        _show_forecasts(forecasts, settings, as_json=words["as_json"])
        return
    app.read(lambda s: lookup.actor(s, app.handle, roles=WORKERS))
    _warn_of_the_end(app)
    results = _run(app, plan, settings, words)
    if not results:
        return
    _show_results(app, results, as_json=words["as_json"])
    _fail_if_incomplete(results)


# -- what to ask ---------------------------------------------------------------------


def _planned(app: App, names: tuple[str, ...], words: HarvestWords) -> list[Search]:
    """Return what is asked: the saved searches, narrowed as the options say."""
    from litreview import changes, searches

    sources = [words["source"]] if words["source"] else []
    plan = searches.plan(app.workspace, names, sources=sources)
    if words["since"] is not None:
        day = _day(words["since"])
        plan = app.read(lambda s: [changes.since(s, each, day) for each in plan])
        for search in plan:
            if searches.SINCE not in search.facts:
                say(_told(search, "no whole run to start from yet, so it is whole"))
    return [searches.limited(search, words["limit"]) for search in plan]


def _warn_of_the_end(app: App) -> None:
    """Say that the protocol's searches have ended, where a plan gives the day."""
    from litreview import materials

    end = app.read(materials.plan).search_end
    if end is not None and datetime.now(UTC).date() > end:
        say(
            f"the protocol's searches ended on {end} (screening/plan.yaml); this one "
            "is outside it, and the search report will show its day"
        )


def _day(text: str) -> date | None:
    """Return the day meant; None for the last time. Raises `UsageError`."""
    from litreview.errors import UsageError

    if text == LAST:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no day", fix=f"write it as 2026-01-31, or {LAST}"
        ) from error
    if day > datetime.now(UTC).date():
        raise UsageError(f"{text} is still to come", fix="give a day that is past")
    return day


def _since_or_whole(
    plan: list[Search], settings: Mapping[str, Settings]
) -> list[Search]:
    """Return what can be asked, and tell where it is more than what was wanted."""
    from litreview import harvest as service

    plan, refusal = service.since_or_whole(plan, settings)
    if refusal is not None:
        say(
            "OpenAlex gives changes only to paid plans; its searches are asked whole "
            f"instead. {refusal.what} {refusal.why}".rstrip()
        )
    return plan


def _pending(app: App, plan: list[Search]) -> list[Search]:
    """Return what is to be asked now, and tell what waits till that is finished."""
    from litreview import changes

    now = datetime.now(UTC)
    plan, waiting = app.read(lambda s: changes.pending(s, plan, now=now))
    if waiting:
        told = ", ".join(f"{each.name} on {each.source}" for each in waiting)
        say(
            f"finished before, and left until the others are: {told}. To ask them "
            "now, name them without the others"
        )
    return plan


def _warn(sources: set[str], settings: Mapping[str, Settings]) -> None:
    """Say what a public service asks of its users and is not given."""
    public = {source for source in sources if settings[source].base_url is None}
    told = []
    if "openalex" in public and settings["openalex"].key is None:
        told.append(
            "warning: OPENALEX_API_KEY is not set; without a key OpenAlex answers "
            "some 100 pages a day, with one 1,000. A key is free: "
            "https://openalex.org/settings/api"
        )
    if "crossref" in public and settings["crossref"].mailto is None:
        told.append(
            "warning: LITREVIEW_MAILTO is not set; Crossref answers people who give "
            "their mail address three times as fast"
        )
    if told:
        told.append(f"set such names in the environment, or keep them in {CREDENTIALS}")
    for line in told:
        say(line)


# -- the runs ------------------------------------------------------------------------


def _run(
    app: App,
    plan: Sequence[Search],
    settings: Mapping[str, Settings],
    words: HarvestWords,
) -> list[Result]:
    """Run the searches, and with --wait those again that a spent budget stopped."""
    from litreview import harvest as service

    results: dict[int, Result] = {}
    ready, failed = _agreed(plan, settings, yes=words["yes"])
    while ready or failed:
        with pages(ready) as tell:
            done = service.harvest(
                app.write, ready, by=app.handle, settings=settings, tell=tell
            )
        results |= {id(result.search): result for result in [*done, *failed]}
        until = service.resume_at(results.values())
        if until is None or not words["wait"]:
            break
        service.wait(until, settings["openalex"], _say_when)
        ready = [each for each in plan if not results[id(each)].complete]
        failed = []
    return [results[id(search)] for search in plan if id(search) in results]


def _say_when(until: datetime, left: timedelta) -> None:
    say(
        f"the day's budget is spent; going on at {_moment(until)}, in "
        f"{_duration(left.total_seconds())}. Stop it at any time: what is stored stays"
    )


def _moment(when: datetime) -> str:
    """Return a moment to the minute, never too early."""
    return f"{when + timedelta(seconds=59):%Y-%m-%d %H:%M} UTC"


def _duration(seconds: float) -> str:
    """Return a length of time in the words that fit it."""
    minutes = seconds / 60
    if minutes < 1.5:  # up to there seconds say more
        return counted(max(1, round(seconds)), "second")
    if minutes < 90:
        return f"{round(minutes)} minutes"
    return f"{minutes / 60:.1f} hours"


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
    bounded = [each for each in plan if each.request.keep is not None]
    counted += [service.estimate(each, settings[each.source]) for each in bounded]
    bill = service.bill(counted, settings)
    say(bill_words(bill))
    if bill.records > ASK_ABOVE:
        question = f"{bill.records:,} records are to be fetched"
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


def bill_words(bill: Bill) -> str:
    """Say in one sentence what searches will take."""
    searches = counted(bill.searches, "search", "searches")
    told = [f"{searches}: about {counted(bill.pages, 'page')}"]
    if bill.credits:
        key = "with a free key" if bill.with_key else "without a key"
        told.append(
            f"{bill.credits:,} of OpenAlex's {bill.budget:,} credits a day {key}"
        )
    told.append(f"some {_duration(bill.seconds)}")
    words = ", ".join(told)
    if bill.days > 1:
        words += f"; the credits last for a part of it: {bill.days} days in all"
    return words


def _show_forecasts(
    forecasts: Sequence[Forecast], settings: Mapping[str, Settings], *, as_json: bool
) -> None:
    from litreview import harvest as service
    from litreview.errors import ServiceError

    rows = [
        {
            "strategy": found.search.name,
            "source": found.search.source,
            "reported": found.reported,
            "to_fetch": found.to_fetch,
            "requests": found.requests,
            "credits": found.credits,
            "dollars": found.dollars,
            "seconds": round(found.seconds),
            "error": str(found.error or ""),
        }
        for found in forecasts
    ]
    columns = ["strategy", "source", "reported", "to_fetch", "requests"]
    show_rows(rows, [*columns, "credits", "seconds"], as_json=as_json)
    if not as_json:
        bill = service.bill(forecasts, settings)
        dollars = sum(found.dollars for found in forecasts)
        show(
            f"{counted(bill.records, 'record')} to fetch; OpenAlex counts "
            f"${dollars:.3f} for it"
        )
        show(bill_words(bill))
        say("nothing was stored")
    errors = [found for found in forecasts if found.error]
    if errors:
        raise ServiceError(
            f"{len(errors)} of {counted(len(forecasts), 'search', 'searches')} got no "
            "answer",
            why="\n" + bullet_list(_told(f.search, f.error) for f in errors),
        )


def _told(search: Search, problem: object) -> str:
    return f"{search.name} on {search.source}: {problem}"


# -- the end -------------------------------------------------------------------------


def _show_results(app: App, results: Sequence[Result], *, as_json: bool) -> None:
    from litreview import changes

    ids = {result.run_id for result in results if result.run_id is not None}
    names = sorted({result.search.name for result in results})
    told = app.read(lambda s: changes.history(s, names, ids))
    by_run = {change.run_id: change for change in told}
    rows = [_row(result, by_run.get(result.run_id or 0)) for result in results]
    columns = ["strategy", "source", "reported", "found", "new", "added", "changed"]
    show_rows(rows, [*columns, "gone", "status"], as_json=as_json)
    for result in results:
        if result.complete and result.problem:
            say(_told(result.search, result.problem))
    for change in told:
        if change.reworded and change.gone is not None:
            say(
                f"{change.strategy} on {change.source}: the search itself is another "
                f"one than in run {change.against}, which is compared with it"
            )


def _row(result: Result, change: Change | None) -> dict[str, object]:
    """Return what is told of one search at the end."""
    added = change.added if change else None
    changed = change.changed if change else []
    gone = change.gone if change else None
    return {
        "strategy": result.search.name,
        "source": result.search.source,
        "run_id": result.run_id,
        "status": str(result.status) if result.complete else "incomplete",
        "since": change.since if change else "",
        "since_refused": change.since_refused if change else "",
        "reported": result.reported,
        "expected": result.expected,
        "found": result.found,
        "new": result.new,
        "added": None if added is None else len(added),
        "changed": len(changed),
        "gone": None if gone is None else len(gone),
        "versions": change.versions if change else 0,
        "added_ids": added,
        "changed_ids": changed,
        "gone_ids": gone,
        "against": change.against if change else None,
        "rejected": result.rejected,
        "problem": result.problem or str(result.error or ""),
    }


def _fail_if_incomplete(results: Sequence[Result]) -> None:
    """Tell of every search that is not complete; fail if there is one."""
    from litreview.errors import IncompleteError, ServiceError
    from litreview.harvest import resume_at
    from litreview.sources.http import AnswerError

    missing = [result for result in results if not result.complete]
    if not missing:
        return
    until = resume_at(missing)
    nothing = all(result.error and not result.pages for result in results)
    kind = ServiceError if nothing and until is None else IncompleteError
    when = f"after {_moment(until)}, or now with --wait" if until else "again"
    fix = (
        f"run the same command {when}; what is stored stays, and it goes on from there"
    )
    lasting = [isinstance(r.error, AnswerError) and r.error.permanent for r in missing]
    if until is None and all(lasting):
        fix = "do what is said above first; then the same command goes on from there"
    searches = counted(len(results), "search", "searches")
    verb = "is" if len(results) == 1 else "are"
    raise kind(
        f"{len(missing)} of {searches} {verb} not complete",
        why="\n" + bullet_list(_told(r.search, r.error or r.problem) for r in missing),
        fix=fix,
    )
