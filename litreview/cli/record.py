"""`litreview record` and `log`: single records, looked at, corrected, left out."""

from __future__ import annotations

from textwrap import shorten
from typing import Any

import click

from litreview.cli.app import App, pass_app
from litreview.cli.choices import STAGES
from litreview.cli.completion import fill
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_json, show_rows
from litreview.cli.screen_labels import beside
from litreview.vocabulary import RemovalBasis, Stage

COLUMNS = ["record_id", "cluster_id", "source", "title", "year", "doi", "state"]
PLAIN_FIELDS = (
    *("year", "published", "container_title", "volume", "issue", "pages", "publisher"),
    *("doi", "issn", "isbn", "pmid", "url", "type", "genre", "language", "flags"),
)

SHOWN = 120  # characters of a merged value; the record's own fields stand in full


@click.group()
def record() -> None:
    """Look at, correct and remove single records.

    \b
    Example:
      litreview record search "buffering hypothesis"
      litreview record show 12
    """


record.add_command(fill)


@record.command("list")
@click.option("--source", default="", metavar="LABEL", help="Only of this source.")
@click.option(
    "--state",
    default="",
    metavar="STATE",
    help="Only those that are unscreened, in_progress, conflict, included, excluded "
    "or not_eligible.",
)
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default=str(Stage.TITLE_ABSTRACT),
    show_default=True,
    help="The stage that --state is about.",
)
@json_option
@pass_app
def list_(app: App, source: str, state: str, stage: str, *, as_json: bool) -> None:
    """List records with their state at each stage.

    \b
    Example:
      litreview record list --source crossref --state conflict
      litreview record list --json
    """
    from litreview import catalogue
    from litreview.errors import UsageError

    if state and state not in catalogue.STATES:
        raise UsageError(
            f"{state!r} is no state", fix=f"use one of: {', '.join(catalogue.STATES)}"
        )
    wanted = catalogue.Wanted(source, state, stage)
    rows = app.read(lambda session: catalogue.listed(session, wanted))
    show_rows(rows, COLUMNS, as_json=as_json, empty="there are no such records")


@record.command()
@click.argument("text")
@json_option
@pass_app
def search(app: App, text: str, *, as_json: bool) -> None:
    """Find records by words of their title, authors or DOI.

    Every word has to be there, in any order; capitals do not count.

    \b
    Example:
      litreview record search "sims effective professional development"
    """
    from litreview import catalogue

    rows = app.read(lambda session: catalogue.search(session, text))
    show_rows(rows, COLUMNS, as_json=as_json, empty="no record has these words")


@record.command("show")
@click.argument("record_id", metavar="ID", type=ID)
@json_option
@pass_app
def show_(app: App, record_id: int, *, as_json: bool) -> None:
    """Show all that is known of a record, and where it came from.

    Of a report with several records, what they come to together is shown too: the
    best value of each field, the record it is taken from, and why.

    \b
    Example:
      litreview record show 12
      litreview record show 12 --json
    """
    from litreview import catalogue

    found: dict[str, Any] = app.read(lambda s: catalogue.shown(s, record_id))
    found["annotations"] = beside(app, record_id)
    if as_json:
        show_json(found)
        return
    _show_fields(found)
    _show_merged(found)
    for notice in found["notices"]:
        show(f"notice    {_notice_words(notice)}")
    if found["strategies"]:
        show(f"searches  {', '.join(found['strategies'])}")
    for hit in found["provenance"]:
        show(f"found by  {_hit_words(hit)}")
    for version in found["payloads"]:
        show(f"payload   version {version['version']}, sha256 {version['sha256']}")
    for edit in found["edits"]:
        words = f"{edit['field']} to {edit['value']!r} by {edit['person']}"
        show(f"edited    {words}: {edit['why']}")
    for row in found["removals"]:
        word = "removed" if row["removed"] else "restored"
        show(f"{word:<9} by {row['person']}, {row['basis']}: {row['text']}")
    for row in found["annotations"]:
        show(f"{row['kind']:<9} by {row['person']}: {row['text']}")


def _show_fields(found: dict[str, Any]) -> None:
    names = [
        f"{a['family']}, {a['given']}".strip(", ") if a["family"] else a["literal"]
        for a in found["authors"]
    ]
    others = [
        f"{m['record_id']} ({m['source']} {m['source_id']})"
        for m in found["members"]
        if m["record_id"] != found["record_id"]
    ]
    show(f"record    {found['record_id']}: {found['title'] or '(no title)'}")
    show(f"source    {found['source']} {found['source_id']}, found by {found['found']}")
    show(f"report    {found['cluster_id']}")
    if others:
        show(f"same as   {', '.join(others)}")
    if names:
        show(f"authors   {'; '.join(names)}")
    for name in PLAIN_FIELDS:
        value = found[name]
        if value:
            words = " ".join(value) if isinstance(value, list) else value
            show(f"{name.split('_')[0]:<9} {words}")
    if found["retracted"]:
        show("retracted yes")
    for stage, word in found["state"].items():
        show(f"state     {stage.replace('_', ' ')}: {word.replace('_', ' ')}")
    if found["abstract"]:
        show(f"abstract  {found['abstract']}")


def _show_merged(found: dict[str, Any]) -> None:
    """Show what the records of a report come to, each field with whose it is."""
    source = {
        m["record_id"]: f"{m['source']} {m['source_id']}" for m in found["members"]
    }
    if len(source) == 1:
        return
    show(f"merged    {len(source)} records as one report:")
    for name, choice in found["merged"].items():
        whose = choice["record_id"]
        value = shorten(_plain(choice["value"]), SHOWN, placeholder=" ...")
        why = ", ".join(choice["why"])
        show(f"  {name}: {value} [{source[whose]}, record {whose}: {why}]")


def _notice_words(notice: dict[str, Any]) -> str:
    """Say in one line what was published about a record later, and who told it."""
    told = [notice["doi"], notice["published"], f"told by {notice['source']}"]
    return f"{notice['kind'].replace('_', ' ')}, {', '.join(filter(None, told))}"


def _hit_words(hit: dict[str, Any]) -> str:
    """Say in one line which run found a record, and at what place."""
    request = hit["request"]
    at = f"{hit['at']:%Y-%m-%d}"
    if hit["kind"] == "file":
        return f"run {hit['run_id']}, {at}: file {request['file']}, line {hit['rank']}"
    if hit["kind"] == "manual":
        where = f"{request['url']} on {request['accessed']}"
        return f"run {hit['run_id']}, {at}: {hit['person']} at {where}"
    if hit["kind"] == "citation":
        return f"run {hit['run_id']}, {at}: {_citation_words(hit)}"
    score = "" if hit["score"] is None else f", score {hit['score']:.3f}"
    what = f"search {hit['strategy']} on {request.get('source', '')}"
    return f"run {hit['run_id']}, {at}: {what}, rank {hit['rank']}{score}"


def _citation_words(hit: dict[str, Any]) -> str:
    """Say which work's citations led to a record, in which round."""
    request = hit["request"]
    word = "cites" if request.get("direction") == "forward" else "cited by"
    seed = request.get("seed", "")
    if hit["seed_id"] is not None:
        seed = f"record {hit['seed_id']} ({seed})"
    elif "known_item" in request:
        seed = f"{seed} (known item: {request['known_item']})"
    return f"{word} {seed}, round {request.get('round', 1)} of citation searching"


@record.command()
@click.argument("record_id", metavar="ID", type=ID)
@click.argument("field")
@click.argument("value")
@click.option("--why", required=True, help="Why the source is wrong.")
@json_option
@pass_app
def edit(  # noqa: PLR0913 - click hands over each option by name
    app: App, record_id: int, field: str, value: str, *, why: str, as_json: bool
) -> None:
    """Correct one field of a record.

    The payload stays as it came; the correction is laid on top, also of later
    payloads. Authors are written "Family, Given; Family, Given", retracted yes or
    no; an empty VALUE empties the field.

    \b
    Example:
      litreview record edit 12 year 2019 --why "2020 is the print issue"
    """
    from litreview import records

    done = app.write(
        lambda session: records.edit(
            session, record_id, change=(field, value), why=why, by=app.handle
        )
    )
    if as_json:
        told = {"field": done.field, "before": done.before, "after": done.after}
        show_json({"record_id": record_id, **told})
    else:
        show(f"record {record_id}: {field} was {done.before!r}, is {done.after!r}")


@record.command()
@click.argument("record_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@click.option("--rule", default="", help="The automatic rule that takes them out.")
@click.option("--reason", default="", help="A person's reason to take them out.")
@json_option
@pass_app
def remove(
    app: App, record_ids: tuple[int, ...], *, rule: str, reason: str, as_json: bool
) -> None:
    """Remove records before screening, by a rule or for a reason.

    PRISMA counts the two apart. It is refused where a record's report has votes;
    `record restore` brings a record back. For the lead.

    \b
    Example:
      litreview record remove 4 9 --rule "published before 2000"
      litreview record remove 12 --reason "a teaching file, no report"
    """
    from litreview import removal
    from litreview.errors import UsageError

    if bool(rule) == bool(reason):
        raise UsageError(
            "a removal has either a rule or a reason",
            fix="give --rule for what a machine could tell, else --reason",
        )
    basis = RemovalBasis.RULE if rule else RemovalBasis.REASON
    gone = app.write(
        lambda session: removal.remove(
            session, record_ids, basis=basis, text=rule or reason, by=app.handle
        )
    )
    if as_json:
        show_json({"removed": gone})
        return
    show(f"removed {len(gone)} records: {', '.join(map(str, gone)) or 'none'}")
    before = sorted(set(record_ids) - set(gone))
    if before:
        say(f"removed before: {', '.join(map(str, before))}")


@record.command()
@click.argument("record_id", metavar="ID", type=ID)
@click.option("--why", default="", help="Why it comes back.")
@pass_app
def restore(app: App, record_id: int, *, why: str) -> None:
    """Bring a removed record back.

    \b
    Example:
      litreview record restore 12
    """
    from litreview import removal

    app.write(lambda s: removal.restore(s, record_id, by=app.handle, why=why))
    show(f"record {record_id} is back")


@click.command()
@click.argument("record_id", metavar="RECORD", type=ID)
@json_option
@pass_app
def log(app: App, record_id: int, *, as_json: bool) -> None:
    """Show everything that happened to a record.

    The records of one report share their log. Others' votes are shown once the
    report has the votes that its round asks for; your own always are.

    \b
    Example:
      litreview log 12
    """
    from litreview import logbook

    found = app.read(lambda s: logbook.log(s, record_id, handle=app.handle))
    if as_json:
        show_json(found.events)
        return
    for event in found.events:
        show(_event_words(event))
    if found.blind:
        stages = " and ".join(stage.replace("_", " ") for stage in found.blind)
        say(f"others' votes on {stages} are shown once the report has its votes")


def _event_words(event: dict[str, Any]) -> str:
    """Write an event in one line: when, which record, what, who, and its details."""
    rest = dict(event)
    at, kind = rest.pop("at"), rest.pop("kind")
    number, person = rest.pop("record_id"), rest.pop("person")
    told = ", ".join(
        f"{key.replace('_', ' ')} {_plain(value)}"
        for key, value in rest.items()
        if value not in ("", None, [], False)
    )
    who = f" by {person}" if person else ""
    return f"{at:%Y-%m-%d %H:%M:%S}  {number:>5}  {kind}{who}: {told}"


def _plain(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "yes" if value is True else str(value)
