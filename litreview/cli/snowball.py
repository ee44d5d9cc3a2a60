"""`litreview snowball`: citation searching, from works that matter to their kin."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.harvest import on_terminal
from litreview.cli.output import (
    bullet_list,
    json_option,
    say,
    show,
    show_json,
    show_rows,
)
from litreview.vocabulary import Direction

if TYPE_CHECKING:
    from litreview.errors import UsageError
    from litreview.runs import Result
    from litreview.searches import Search
    from litreview.seeds import Resolved, Seed
    from litreview.snowball import Ask, Call, Forecast
    from litreview.sources.page import Settings
    from litreview.walks import Tell

ASK_ABOVE = 20_000  # records of a round; more are not fetched without asking
BOTH = "both"
LINE_SECONDS = 2.0  # between two lines of progress
TOLD = 10  # failed lists that are told one by one


class SnowballWords(TypedDict):
    """The options of `snowball`."""

    start: tuple[str, ...]
    direction: str
    rounds: int
    limit: int | None
    from_year: int | None
    to_year: int | None
    dry_run: bool
    yes: bool
    as_json: bool


@click.command()
@click.argument("more", metavar="[ID]...", nargs=-1)
@click.option(
    "--from",
    "start",
    multiple=True,
    metavar="START",
    help="Start from: included, benchmark, or the ids of records.",
)
@click.option(
    "--direction",
    type=click.Choice([*map(str, Direction), BOTH]),
    default=BOTH,
    show_default=True,
    help="forward: what cites them; backward: what they cite.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How often to go on from what was found.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="At most the N newest works of each list.",
)
@click.option(
    "--from-year", type=click.IntRange(1000, 9999), help="Only works of this year on."
)
@click.option(
    "--to-year", type=click.IntRange(1000, 9999), help="Only works up to this year."
)
@click.option("--dry-run", is_flag=True, help="Only tell how long the lists are.")
@click.option("--yes", is_flag=True, help=f"Do not ask above {ASK_ABOVE:,} records.")
@json_option
@pass_app
def snowball(app: App, more: tuple[str, ...], **words: Unpack[SnowballWords]) -> None:
    """Search the citations of the works that matter, on OpenAlex.

    included are the reports in the review after full text, benchmark the known
    items of the saved searches. The limits of the saved searches (dates,
    languages, types) do not hold here. The next round starts from the records
    that this one added. PRISMA counts what only citations bring under "citation
    searching". Each page is stored as it comes: stopped at any time, the same
    command goes on where it stopped, and the exit status is 3 as long as something
    is missing. Once finished it may be run again for works that are new by then.

    \b
    Example:
      litreview snowball --from included --dry-run
      litreview snowball --from benchmark --direction backward
      litreview snowball --from 12 40 --direction forward --rounds 2
    """
    from litreview import lookup
    from litreview import snowball as service
    from litreview.records import WORKERS
    from litreview.sources.page import settings_from

    named = [*words["start"], *more]
    settings = settings_from(os.environ, "openalex")
    if not words["dry_run"]:
        app.read(lambda s: lookup.actor(s, app.handle, roles=WORKERS))
    ask = _ask(words)
    found = _resolved(app, named, settings)
    if words["dry_run"]:
        searches = service.searches_of(found.seeds, ask, number=1)
        told = service.forecast(searches, settings)
        _show_forecasts(told, found, as_json=words["as_json"])
        return
    walk = _Walk(app, ask, settings, words["yes"])
    done = _through(walk, named, found.seeds, rounds=words["rounds"])
    if done.results:
        _show_results(done, found, as_json=words["as_json"])
    _fail_if_incomplete(done.results)
    if done.refusal:
        raise done.refusal


@dataclass(frozen=True)
class _Walk:
    """What every round of a call needs."""

    app: App
    ask: Ask
    settings: Settings
    yes: bool


def _ask(words: SnowballWords) -> Ask:
    from litreview import snowball as service
    from litreview.errors import UsageError

    first, last = words["from_year"], words["to_year"]
    if first is not None and last is not None and first > last:
        raise UsageError(f"no work is of {first} or later and of {last} or earlier")
    both = words["direction"] == BOTH
    directions = tuple(Direction) if both else (Direction(words["direction"]),)
    return service.Ask(directions, words["limit"], first, last)


def _warn(settings: Settings) -> None:
    """Say what OpenAlex asks of its users and is not given."""
    if settings.base_url is None and settings.key is None:
        say(
            "warning: OPENALEX_API_KEY is not set; without a key OpenAlex answers "
            "some 1,000 lists a day. A key is free: https://openalex.org/settings/api"
        )


def _resolved(app: App, named: Sequence[str], settings: Settings) -> Resolved:
    """Find the works to start from; tell what has none, and refuse if all have none."""
    from litreview import seeds
    from litreview.errors import NotFoundError

    words, ids = seeds.asked(named)
    _warn(settings)
    items = seeds.known_items(app.workspace) if seeds.BENCHMARK in words else []
    starts = app.read(lambda s: seeds.starts(s, words, ids=ids, items=items))
    found = seeds.resolve(starts, settings)
    for remark in found.remarks:
        say(remark)
    lost = [f"{name}: {why}" for name, why in found.unresolved.items()]
    if not found.seeds:
        raise NotFoundError(
            "nothing here leads to a work in OpenAlex", why="\n" + bullet_list(lost)
        )
    if lost:
        say(f"{len(lost)} of {len(starts)} lead to no work in OpenAlex:")
        say(bullet_list(lost))
    return found


# -- the rounds ------------------------------------------------------------------------


@dataclass
class _Done:
    """What became of all lists, by whose seeds, and why a round was not begun."""

    results: list[Result] = field(default_factory=list)
    seeds: dict[str, Seed] = field(default_factory=dict)
    refusal: UsageError | None = None


def _through(
    walk: _Walk, named: Sequence[str], seeds: Sequence[Seed], *, rounds: int
) -> _Done:
    """Go through the rounds, as far as each is complete and agreed to."""
    from litreview.errors import UsageError

    done = _Done()
    call = None
    for number in range(1, rounds + 1):
        try:
            if not _agreed(walk, seeds, number):
                return done
        except UsageError as refusal:
            done.refusal = refusal
            return done
        call = call or _begun(walk, named)
        results = _round(walk, call, seeds, number)
        done.results += results
        done.seeds |= {seed.work: seed for seed in seeds}
        if not all(result.complete for result in results):
            return done
        seeds = _following(walk.app, results, set(done.seeds))
        if not seeds:
            break
    if call is not None:
        _ended(walk.app, call, number)
    return done


def _ended(app: App, call: Call, rounds: int) -> None:
    from litreview import snowball as service

    app.write(lambda session: service.end(session, call, rounds=rounds))


def _agreed(walk: _Walk, seeds: Sequence[Seed], number: int) -> bool:
    """Tell whether a round may begin; a person is asked about a large one.

    Raises `UsageError` for a large round that nobody can be asked about.
    """
    from litreview import snowball as service
    from litreview.errors import UsageError

    most = len(seeds) * len(walk.ask.directions) * (walk.ask.limit or ASK_ABOVE + 1)
    if walk.yes or most <= ASK_ABOVE:
        return True
    total = service.expected(seeds, walk.ask, walk.settings)
    if total <= ASK_ABOVE:
        return True
    question = f"round {number}: some {total:,} records are to be fetched"
    if not on_terminal():
        raise UsageError(
            f"{question}, and nobody can be asked whether to go on",
            why=f"above {ASK_ABOVE:,} a person has to say yes",
            fix="add --yes, start from fewer works, or cap each list with --limit N",
        )
    if click.confirm(f"{question}. Go on?", err=True):
        return True
    say("nothing more was fetched")
    return False


def _begun(walk: _Walk, named: Sequence[str]) -> Call:
    from litreview import snowball as service

    app = walk.app
    call = app.write(lambda s: service.begin(s, named, walk.ask, by=app.handle))
    if call.resumed:
        say(
            f"going on with the citation search of {call.at:%Y-%m-%d}, which did not "
            "end: what it holds is not fetched again"
        )
    return call


def _round(walk: _Walk, call: Call, seeds: Sequence[Seed], number: int) -> list[Result]:
    from litreview import snowball as service

    searches = service.searches_of(seeds, walk.ask, number=number)
    say(f"round {number}: {len(seeds)} works to start from, {len(searches)} lists")
    tell = _lines(len(searches))
    done = service.run(
        walk.app.write, searches, call=call, settings=walk.settings, tell=tell
    )
    say(f"round {number}: {sum(result.new for result in done)} new records")
    return done


def _following(app: App, done: Sequence[Result], before: set[str]) -> list[Seed]:
    from litreview import snowball as service

    return app.read(lambda session: service.following(session, done, before))


def _lines(lists: int) -> Tell:
    """Return a function that says now and then which list is in hand."""
    met: dict[int, None] = {}
    last = time.monotonic()

    def tell(search: Search, got: int, expected: int | None) -> None:
        nonlocal last
        met[id(search)] = None
        if time.monotonic() - last < LINE_SECONDS:
            return
        last = time.monotonic()
        total = "?" if expected is None else f"{expected:,}"
        say(f"list {len(met)} of {lists}, {search.name}: {got:,} of {total}")

    return tell


# -- the end ---------------------------------------------------------------------------


def _row(search: Search) -> dict[str, object]:
    facts = search.facts
    return {
        "round": facts["round"],
        "seed": facts["seed"],
        "record_id": search.seed_id,
        "known_item": facts.get("known_item", ""),
        "direction": facts["direction"],
    }


def _show(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    found: Resolved,
    *,
    as_json: bool,
) -> None:
    """Print the lists as a table, or with what led to no work as one JSON object."""
    if not as_json:
        show_rows(rows, columns, as_json=False)
        return
    lost = [{"start": name, "why": why} for name, why in found.unresolved.items()]
    show_json({"lists": list(rows), "unresolved": lost, "remarks": found.remarks})


def _show_forecasts(
    forecasts: Sequence[Forecast], found: Resolved, *, as_json: bool
) -> None:
    from litreview.errors import ServiceError
    from litreview.snowball import CREDIT_DOLLARS

    rows = [
        {
            **_row(one.search),
            "reported": one.reported,
            "to_fetch": one.to_fetch,
            "credits": one.credits,
            "error": str(one.error or ""),
        }
        for one in forecasts
    ]
    columns = ["seed", "record_id", "direction", "reported", "to_fetch", "credits"]
    _show(rows, columns, found, as_json=as_json)
    if not as_json:
        records = sum(one.to_fetch for one in forecasts)
        price = sum(one.credits for one in forecasts)
        show(
            f"{records:,} records to fetch in round 1; OpenAlex counts {price:,} "
            f"credits (${price * CREDIT_DOLLARS:.4f}) for it"
        )
        say("nothing was stored")
    failed = [one for one in forecasts if one.error]
    if failed:
        raise ServiceError(
            f"{len(failed)} of {len(forecasts)} lists got no answer",
            why=_some(f"{one.search.name}: {one.error}" for one in failed),
        )


def _show_results(done: _Done, found: Resolved, *, as_json: bool) -> None:
    from litreview.snowball import remark

    rows = [
        {
            **_row(result.search),
            "run_id": result.run_id,
            "reported": result.reported,
            "found": result.found,
            "new": result.new,
            "changed": result.changed,
            "rejected": result.rejected,
            "status": str(result.status) if result.complete else "incomplete",
            "note": remark(result, done.seeds[str(result.search.facts["seed"])]),
        }
        for result in done.results
    ]
    columns = ["round", "seed", "record_id", "direction", "reported", "new", "status"]
    _show(rows, [*columns, "note"], found, as_json=as_json)


def _some(lines: Iterable[str]) -> str:
    """Return lines as a list, the first of them if there are many."""
    every = list(lines)
    more = [f"and {len(every) - TOLD} more"] if len(every) > TOLD else []
    return "\n" + bullet_list([*every[:TOLD], *more])


def _fail_if_incomplete(results: Sequence[Result]) -> None:
    """Tell of the lists that are not complete; fail if there is one."""
    from litreview.errors import IncompleteError, ServiceError

    missing = [result for result in results if not result.complete]
    if not missing:
        return
    nothing = not any(result.complete or result.pages for result in results)
    kind = ServiceError if nothing else IncompleteError
    raise kind(
        f"{len(missing)} of {len(results)} lists are not complete",
        why=_some(f"{one.search.name}: {one.error or one.problem}" for one in missing),
        fix="run the same command again; what is stored stays, and it goes on from "
        "there",
    )
