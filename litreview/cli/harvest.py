"""harvest, import and add: the three ways in which records come."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import (
    bullet_list,
    json_option,
    say,
    show,
    show_json,
    show_rows,
)
from litreview.cli.progress import pages
from litreview.cli.several import Several
from litreview.vocabulary import Found

if TYPE_CHECKING:
    from litreview.harvest import Forecast
    from litreview.intake import File
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


# -- files ---------------------------------------------------------------------------


class ImportWords(TypedDict):
    """The options of `import`."""

    form: str | None
    label: str
    columns: tuple[str, ...]
    register: bool
    as_json: bool


@click.command("import", cls=Several)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv"]),
    help="Default: told by the file's ending.",
)
@click.option(
    "--source",
    "label",
    default="",
    metavar="LABEL",
    help="What the database is called; default: the file's name.",
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COL=FIELD",
    help="A column that holds a field under another name.",
)
@click.option("--register", is_flag=True, help="The source is a register.")
@json_option
@pass_app
def import_command(
    app: App, files: tuple[Path, ...], **words: Unpack[ImportWords]
) -> None:
    """Bring in records from files.

    Columns known without --map: record_id, title, authors ("Family, Given; ..."),
    year, container_title, volume, issue, pages, doi, abstract, entrytype. All files
    are read and checked before the first is stored; the same file again adds nothing.

    \b
    Example:
      litreview import queries/imports/eric-2026-03-14.csv --source ERIC
      litreview import list.csv --map "Article Title=title" "Publication Year=year"
    """
    from litreview import intake

    mapping = _mapping(words["columns"])
    read = [
        intake.read_file(
            path,
            form=words["form"] or "",
            label=words["label"],
            mapping=mapping,
            register=words["register"],
        )
        for path in files
    ]
    rows = [_import_one(app, file) for file in read]
    if words["as_json"]:
        show_json(rows)
        return
    for row in rows:
        if row["again"]:
            show(f"{row['file']}: this very file is in already; nothing was added")
        else:
            show(f"{row['file']}: {row['new']:,} records as {row['source']!r}")


def _import_one(app: App, file: File) -> dict[str, object]:
    from litreview import intake

    done = app.write(lambda s: intake.import_file(s, file, by=app.handle))
    return {
        "file": file.name,
        "source": file.label,
        "run_id": done.run_id,
        "rows": done.rows,
        "new": done.stored.new,
        "again": done.again,
    }


def _mapping(columns: Sequence[str]) -> dict[str, str]:
    """Read COL=FIELD; the last equals sign parts them, as names may hold one."""
    from litreview.errors import UsageError

    mapping = {}
    for text in columns:
        column, equals, field = text.rpartition("=")
        if not equals or not column or not field:
            raise UsageError(
                f"--map {text!r} names no field", fix="write it as COLUMN=field"
            )
        mapping[column] = field
    return mapping


# -- by hand -------------------------------------------------------------------------


class FindWords(TypedDict):
    """The options of `add` that are stored as they are."""

    organisation: str
    year: str
    url: str
    found: str
    doi: str
    abstract: str


@click.command()
@click.argument("title")
@click.option("--organisation", required=True, help="Who published it.")
@click.option("--year", required=True, help="The year of publication.")
@click.option("--url", required=True, help="The address at which it was found.")
@click.option(
    "--accessed",
    required=True,
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which it was found there.",
)
@click.option(
    "--found",
    required=True,
    type=click.Choice(
        [Found.WEBSITE.value, Found.ORGANISATION.value, Found.CITATION.value]
    ),
    help="How it was found.",
)
@click.option(
    "--author",
    "authors",
    multiple=True,
    metavar='"FAMILY, GIVEN"',
    help="An author; may be given more than once.",
)
@click.option("--doi", default="", help="Its DOI, if it has one.")
@click.option("--abstract", default="", help="Its abstract or summary.")
@json_option
@pass_app
def add(
    app: App,
    title: str,
    *,
    accessed: datetime,
    authors: tuple[str, ...],
    as_json: bool,
    **words: Unpack[FindWords],
) -> None:
    """Add a record found by hand, with where it was found.

    It counts among PRISMA's other methods. The same record again is stored once.

    \b
    Example:
      litreview add "Early career framework" --organisation DfE --year 2019 \\
        --url https://www.gov.uk/ecf --accessed 2026-03-14 --found website
    """
    from litreview import intake

    find = intake.Find(
        title, accessed=accessed.date(), authors="; ".join(authors), **words
    )
    done = app.write(lambda session: intake.add(session, find, by=app.handle))
    record = done.record
    if as_json:
        told = {"new": done.new, "changed": done.changed}
        show_json({"record_id": record.id, "source_id": record.source_id, **told})
    elif done.new:
        show(f"record {record.id}: {record.title}")
    elif done.changed:
        show(f"record {record.id} was there; it has a new version now")
    else:
        show(f"record {record.id} says this already; nothing was added")
