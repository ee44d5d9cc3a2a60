"""screen: hand out, vote, settle conflicts, see agreement and progress."""

from __future__ import annotations

from pathlib import Path

import click

from litreview.cli.app import App, pass_app
from litreview.cli.choices import (
    VERDICTS,
    any_stage_option,
    reason_option,
    stage_option,
    stream_option,
)
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_json, show_rows
from litreview.cli.screen_agreement import agreement
from litreview.cli.screen_amend import outdated, reopen
from litreview.cli.screen_labels import label, labels, note
from litreview.cli.screen_order import order_option
from litreview.cli.screen_pack import pack, pack_option, unpack
from litreview.cli.screen_pilot import calibration, pilot
from litreview.cli.screen_progress import progress, stop
from litreview.cli.screen_team import assign, board, release

# Votes of a file between two lines on stderr: some seconds' work.
TELL_EVERY = 1_000


@click.group()
def screen() -> None:
    """Screen records twice, blind, and settle conflicts.

    \b
    Example:
      litreview screen assign --seed 1
      litreview screen start
    """


@screen.command()
@click.argument("record_id", metavar="ID", type=ID)
@click.argument("verdict", type=click.Choice(VERDICTS))
@stage_option
@reason_option
@stream_option
@click.option(
    "--note", default="", help="A note, private until the record is complete."
)
@pass_app
def decide(  # noqa: PLR0913 - one parameter for each option
    app: App,
    record_id: int,
    verdict: str,
    *,
    stage: str,
    reason: str,
    streams: tuple[str, ...],
    note: str,
) -> None:
    """Vote on one record; a later vote replaces an earlier one and both are kept.

    \b
    Example:
      litreview screen decide 12 exclude --reason X-POP
    """
    from litreview import lookup, screening

    ballot = screening.Ballot(record_id, stage, verdict, reason, streams, note)
    app.write(
        lambda session: screening.decide(
            session, ballot, screener=lookup.actor(session, app.handle)
        )
    )
    # The answer never depends on what others said.
    say(f"recorded: {app.handle} says {verdict} on record {record_id}")


@screen.command()
@click.argument("record_id", metavar="ID", type=ID)
@stage_option
@pass_app
def withdraw(app: App, record_id: int, *, stage: str) -> None:
    """Take your own vote on a record back; the vote stays in the history.

    \b
    Example:
      litreview screen withdraw 12
    """
    from litreview import lookup, screening

    app.write(
        lambda session: screening.withdraw(
            session,
            record_id,
            stage=stage,
            screener=lookup.actor(session, app.handle),
        )
    )
    say(f"withdrawn: the vote of {app.handle} on record {record_id}")


@screen.command()
@any_stage_option
@json_option
@pass_app
def conflicts(app: App, *, stage: str | None, as_json: bool) -> None:
    """List the records whose votes differ, with the votes.

    \b
    Example:
      litreview screen conflicts
    """
    from dataclasses import asdict

    from litreview import settling

    found = app.read(lambda session: settling.conflicts(session, stage=stage))
    if as_json:
        show_json([asdict(conflict) for conflict in found])
        return
    rows: list[dict[str, object]] = [
        {
            "record": conflict.record_id,
            "stage": conflict.stage,
            "votes": "; ".join(
                " ".join(filter(None, (v["screener"], v["verdict"], v["reason"])))
                for v in conflict.votes
            ),
            "title": conflict.title[:70],
        }
        for conflict in found
    ]
    show_rows(
        rows, ["record", "stage", "votes", "title"], as_json=False, empty="no conflicts"
    )


@screen.command()
@click.argument("record_id", metavar="ID", type=ID)
@click.argument("verdict", type=click.Choice(["include", "exclude"]))
@stage_option
@reason_option
@stream_option
@click.option(
    "--with",
    "names",
    metavar="HANDLE",
    multiple=True,
    help="A voter who agrees; name them all for a consensus.",
)
@click.option("--note", default="", help="Why.")
@click.option(
    "--corrects",
    metavar="N",
    type=ID,
    help="The resolution that this one replaces, where one holds already.",
)
@pass_app
def resolve(  # noqa: PLR0913 - one parameter for each option
    app: App,
    record_id: int,
    verdict: str,
    *,
    stage: str,
    reason: str,
    streams: tuple[str, ...],
    names: tuple[str, ...],
    note: str,
    corrects: int | None,
) -> None:
    """Settle a conflict: by consensus of the voters, or as someone who has not voted.

    The votes stay as they are. The resolution holds for exactly these votes: a new
    one brings the conflict back.

    \b
    Example:
      litreview --as cleo screen resolve 12 include
      litreview --as ann screen resolve 12 exclude --with ann --with bob
    """
    from litreview import lookup, settling

    ruling = settling.Ruling(
        record_id, stage, verdict, reason, streams, names, note, corrects
    )
    done = app.write(
        lambda session: settling.resolve(
            session, ruling, by=lookup.actor(session, app.handle)
        )
    )
    say(f"settled by {done.kind}: {verdict} record {record_id} (resolution {done.id})")


@screen.command("set-aside")
@click.argument("handle", metavar="HANDLE")
@click.argument("record_id", metavar="ID", type=ID)
@click.option("--why", required=True, help="The reason, for the record.")
@pass_app
def set_aside(app: App, handle: str, record_id: int, *, why: str) -> None:
    """Set a departed person's votes on a record aside, so that it is screened again.

    \b
    Example:
      litreview screen set-aside dan 12 --why "left with an open question"
    """
    from litreview import lookup, settling

    ids = app.write(
        lambda session: settling.set_aside(
            session,
            record_id,
            screener=lookup.person(session, handle),
            by=lookup.actor(session, app.handle),
            why=why,
        )
    )
    say(f"set aside: {len(ids)} vote(s) of {handle} on record {record_id}")


@screen.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@pass_app
def import_votes(app: App, file: Path, *, as_json: bool) -> None:
    """Bring in votes that were cast elsewhere, from a CSV file.

    Columns: record_id, or source_id (with source where it is ambiguous); screener,
    stage, verdict; and, where there are any, reason, streams (separated by ;), note
    and at. For the lead. Unknown screeners join the team. The same file again adds
    nothing.

    \b
    Example:
      litreview screen import votes.csv
    """
    from dataclasses import asdict

    from litreview import ballots, lookup
    from litreview.cli.votes_file import read_votes
    from litreview.errors import IncompleteError

    rows, digest = read_votes(file)

    def tell(number: int) -> None:
        if number % TELL_EVERY == 0:
            say(f"{number:,} of {len(rows):,} votes")

    done = app.write(
        lambda session: ballots.import_votes(
            session,
            rows,
            file_hash=digest,
            by=lookup.actor(session, app.handle),
            tell=tell,
        )
    )
    if as_json:
        show_json(asdict(done))
    else:
        for handle in done.new_people:
            show(f"{handle} joins as screener")
        show(f"{done.stored:,} votes stored, {done.already_there:,} were there already")
    if done.waiting:
        for line in done.waiting[:20]:
            say(f"  {line}")
        raise IncompleteError(
            f"{len(done.waiting):,} full-text votes wait",
            why="their records are not included on title and abstract yet",
            fix="settle the conflicts, then bring the same file in again",
        )


@screen.command()
@stage_option
@order_option
@pack_option
@click.option(
    "--plain", is_flag=True, help="Line by line, for screen readers and slow lines."
)
@pass_app
def start(app: App, *, stage: str, order: str | None, plain: bool) -> None:
    """Screen what was handed to you, one key a record.

    i include, e exclude, m maybe, r exclude with a reason, s skip, u undo, n note, l
    labels, d duplicate of another record, c criteria, o open the DOI, t open the open
    full text, ? help, q quit. A vote is stored before the next record shows. Keys typed
    ahead are thrown away.

    On a terminal the card fills the screen; with --plain, TERM=dumb, or where input or
    output is no terminal, it is written line by line.

    The order is by lot, by date (newest) or learnt from your own votes and from
    finished records (relevance), as far as the protocol allows it.

    \b
    Example:
      litreview --as ann screen start
      litreview --as ann screen start --order relevance
    """
    from litreview.cli.screen_start import sit

    sit(app, stage, order, plain=plain)


screen.add_command(assign)
screen.add_command(release)
screen.add_command(board)
screen.add_command(outdated)
screen.add_command(reopen)
screen.add_command(pack)
screen.add_command(unpack)
screen.add_command(pilot)
screen.add_command(calibration)
screen.add_command(progress)
screen.add_command(stop)
screen.add_command(agreement)
screen.add_command(note)
screen.add_command(label)
screen.add_command(labels)
