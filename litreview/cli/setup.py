"""init, status, sync and whoami: the workspace and who works in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import json_option, say, show, show_json, show_rows

if TYPE_CHECKING:
    from litreview.notices import Told

# The names of `starters.CODEBOOKS`, told here so that help need not read them.
CODEBOOKS = ("first", "cmo", "generic")
MOST_NOTICES = 10  # of reports in play that `status` lists; it lists all of included


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@click.option("--title", default="", help="The review's title.")
@click.option("--question", default="", help="The review's question.")
@click.option("--example", is_flag=True, help="Begin with the worked example's files.")
@click.option(
    "--codebook",
    type=click.Choice(CODEBOOKS),
    default=CODEBOOKS[0],
    show_default=True,
    help="The codebook to begin with: cmo for a realist synthesis, generic for themes.",
)
@pass_app
def init(  # noqa: PLR0913 - one parameter for each option
    app: App,
    folder: Path,
    *,
    title: str,
    question: str,
    example: bool,
    codebook: str,
) -> None:
    """Make a new review workspace.

    Writes the folders queries, screening, db and exports, makes the database, and
    opens a main round of two screeners for each stage. Whoever runs it is the lead.
    In a workspace whose database does not exist yet (a fresh clone), only the
    database is made.

    \b
    Example:
      litreview init coaching --title "Coaching in schools"
    """
    from litreview import db, review, workspace

    app.folder = folder
    fresh_clone = (folder / workspace.MARKER).is_file() and app.database_is_new()
    made: list[Path] = []
    if not fresh_clone:
        title = title or folder.resolve().name
        made = review.plant(
            folder, title=title, question=question, example=example, codebook=codebook
        )
    try:
        space = workspace.at(folder)
        texts = review.read_texts(space, workspace.read_text)
        review.parse(texts)
        (space.root / "db").mkdir(exist_ok=True)
        made += db.files_to_come(app.database_url)
        with db.opened(app.database_url) as engine:
            db.create(engine)
            changes = db.write(
                engine, lambda session: review.sync(session, texts, handle=app.handle)
            )
    except BaseException:
        review.unplant(made)
        raise
    show(f"a review workspace is ready in {space.root}")
    for change in changes:
        show(f"  {change}")
    say("next: `litreview status` there says what comes first")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show the difference.")
@json_option
@pass_app
def sync(app: App, *, dry_run: bool, as_json: bool) -> None:
    """Bring screening/*.yaml into the database.

    People, criteria and codebooks are read from the files, checked as a whole, and
    stored as new versions where they changed. Votes keep the version they were
    cast under.

    \b
    Example:
      litreview sync --dry-run
    """
    from litreview import db, review, workspace

    texts = review.read_texts(app.workspace, workspace.read_text)
    if dry_run:
        with db.transaction(app.engine) as session:
            changes = review.sync(session, texts, handle=app.handle)
            session.rollback()
    else:
        changes = app.write(
            lambda session: review.sync(session, texts, handle=app.handle)
        )
    if as_json:
        show_json({"dry_run": dry_run, "changes": changes})
        return
    for change in changes:
        show(("would: " if dry_run else "") + change)
    if not changes:
        say("the database has what the files say")


@click.command()
@json_option
@pass_app
def status(app: App, *, as_json: bool) -> None:
    """Show where the review stands and what comes next.

    \b
    Example:
      litreview status
    """
    from dataclasses import asdict

    from litreview import argument, review

    known = _strategies(app)
    found = app.read(lambda session: review.status(session, strategies=known))
    late = app.read(lambda session: argument.overdue(session, today=_today()))
    if as_json:
        show_json({**asdict(found), "overdue": late})
        return
    show(found.title)
    sources = ", ".join(f"{name} {number:,}" for name, number in found.records.items())
    show(f"  records       {sum(found.records.values()):,} ({sources or 'none yet'})")
    show(f"  reports       {found.reports:,} after duplicates and removals")
    for stage, counts in found.stages.items():
        told = ", ".join(
            f"{word.replace('_', ' ')} {number:,}" for word, number in counts.items()
        )
        show(f"  {stage.replace('_', ' '):<13} {told}")
    show(f"  included      {found.included:,} reports of {found.studies:,} studies")
    show(f"  coded         {found.codes:,} passages, {found.items:,} survey items")
    if found.incomplete_runs:
        show(f"  incomplete    {', '.join(found.incomplete_runs)}")
    if found.pairs_to_decide:
        show(f"  to decide     {found.pairs_to_decide:,} pairs of possible duplicates")
    for wait in found.waits:
        show(f"  waiting       {wait}")
    for told in late:
        show(f"  overdue       {told}")
    _show_notices(found.notices)
    show("next:")
    for step in found.next_steps:
        show(f"  {step}")


def _today() -> date:
    return datetime.now(UTC).date()


@click.command()
@json_option
@pass_app
def milestones(app: App, *, as_json: bool) -> None:
    """List the milestones of screening/plan.yaml and what is overdue today.

    \b
    Example:
      litreview milestones
    """
    from litreview import argument

    table = app.read(lambda session: argument.milestones(session, today=_today()))
    columns = ["milestone", "label", "begins", "due", "done", "state"]
    empty = "there are none: write them into screening/plan.yaml, then run sync"
    rows = [
        {str(key): cell for key, cell in row.items()}
        for row in table.to_dict("records")
    ]
    show_rows(rows, columns, as_json=as_json, empty=empty)


def _strategies(app: App) -> int | None:
    """Return how many saved searches there are; None without a workspace."""
    from litreview.errors import WorkspaceError

    try:
        return len(app.workspace.strategies())
    except WorkspaceError:
        return None


def _show_notices(told: Sequence[Told]) -> None:
    """Show what was published about included reports, then about those in play."""
    included = [notice for notice in told if notice.standing == "included"]
    in_play = [notice for notice in told if notice.standing != "included"]
    for title, some in (("included reports", included), ("reports in play", in_play)):
        if not some:
            continue
        shown = some if some is included else some[:MOST_NOTICES]
        show(f"later notices on {title}:")
        for notice in shown:
            show(f"  record {notice.record_id:<5} {_notice_words(notice)}")
        if len(shown) < len(some):
            show(f"  and {len(some) - len(shown)} more: `litreview status --json`")


def _notice_words(notice: Told) -> str:
    kind = notice.kind.replace("_", " ")
    where = [notice.doi, notice.published, notice.source]
    return f"{kind} ({', '.join(filter(None, where))}): {notice.title}"


@click.command()
@json_option
@pass_app
def whoami(app: App, *, as_json: bool) -> None:
    """Show who litreview takes you for.

    \b
    Example:
      litreview --as anna whoami
    """
    from litreview import lookup

    person = app.read(lambda session: lookup.person(session, app.handle))
    found = {
        "handle": person.handle,
        "name": person.name,
        "role": person.role,
        "active": person.active,
        "database": app.engine.url.render_as_string(hide_password=True),
    }
    if as_json:
        show_json(found)
        return
    left = "" if person.active else " (has left)"
    show(f"{person.handle}: {person.role}{left}, in {found['database']}")
