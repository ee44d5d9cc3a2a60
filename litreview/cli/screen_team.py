"""screen assign, release, board: who has what in hand, and who waits on whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.choices import stage_option
from litreview.cli.output import counted, json_option, say, show, show_json, show_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.rounds import HandedOut
    from litreview.waiting import Wait


@click.command()
@stage_option
@click.option(
    "--per-record",
    metavar="N",
    type=click.IntRange(min=1),
    help="Votes per record; default: the present round's number.",
)
@click.option(
    "--share",
    metavar="PART",
    type=float,
    help="With --per-record 1: the part of the records that one person screens.",
)
@click.option(
    "--overlap",
    metavar="N",
    type=click.IntRange(min=1),
    help="Draw N records for everybody instead; their votes count.",
)
@click.option("--round", "round_name", metavar="NAME", help="The round; default: main.")
@click.option("--seed", type=int, required=True, help="Any number; repeats the draw.")
@click.option("--with-leads", is_flag=True, help="Hand records to leads as well.")
@json_option
@pass_app
def assign(  # noqa: PLR0913 - one parameter for each option
    app: App,
    *,
    stage: str,
    per_record: int | None,
    share: float | None,
    overlap: int | None,
    round_name: str | None,
    seed: int,
    with_leads: bool,
    as_json: bool,
) -> None:
    """Hand out the records that lack screeners, by everybody's share and by lot.

    A round keeps its number of votes for good: another --per-record opens a new
    round for the records that nobody has yet. Who is paused gets nothing new.

    --overlap draws a sample that everybody screens, for agreement. --share leaves a
    part of the titles to one person each, up to what the protocol allows
    (`single_screened` in review.yaml); draw it before the main hand-out. PRISMA says
    how many records that were.

    \b
    Example:
      litreview screen assign --seed 20261121
      litreview screen assign --overlap 50 --seed 20261121
      litreview screen assign --per-record 1 --share 0.2 --seed 20261121
    """
    from litreview import draws, lookup, rounds, waiting

    _refuse_mixed(per_record, share, overlap, round_name)

    def work(session: Session) -> tuple[HandedOut, list[Wait]]:
        by = lookup.actor(session, app.handle)
        if overlap is not None:
            sample = draws.Overlap(stage, overlap, seed, with_leads)
            done = draws.overlap(session, sample, by=by)
        elif share is not None:
            part = draws.Part(stage, share, seed, with_leads)
            done = draws.single(session, part, by=by)
        else:
            plan = rounds.Plan(stage, seed, per_record, round_name, with_leads)
            done = rounds.assign(session, plan, by=by)
        return done, waiting.waits(session, stage)

    done, waits = app.write(work)
    if as_json:
        show_json(
            {
                "round": done.round_name,
                "per_record": done.per_record,
                "records": done.records,
                "new": done.new,
                "short": done.short,
                "waits": [_wait(wait) for wait in waits],
            }
        )
        return
    show(
        f"{counted(done.records, 'record')} handed out in the round "
        f"{done.round_name!r} ({counted(done.per_record, 'vote')} each)"
    )
    for handle, number in done.new.items():
        show(f"  {handle}: {number:,}")
    if done.short:
        say(
            f"{counted(done.short, 'record')} left as they are: they ask for more "
            "people than there are"
        )
    for wait in waits:
        say(str(wait))


def _refuse_mixed(
    per_record: int | None,
    share: float | None,
    overlap: int | None,
    round_name: str | None,
) -> None:
    from litreview.errors import UsageError

    if share is not None and per_record != 1:
        raise UsageError(
            "--share is the part of the records that one person screens",
            fix="give --per-record 1 with it",
        )
    if share is not None and (overlap is not None or round_name is not None):
        raise UsageError(
            "--share draws a part of its own", fix="leave --overlap and --round out"
        )
    if overlap is not None and (per_record is not None or round_name is not None):
        raise UsageError(
            "an overlap is screened by everybody, in a round of its own",
            fix="leave --per-record and --round out",
        )


def _wait(wait: Wait) -> dict[str, object]:
    """Return a wait as JSON has it."""
    return {
        "stage": wait.stage,
        "why": wait.why,
        "handle": wait.handle,
        "records": len(wait.records),
        "told": str(wait),
    }


@click.command()
@click.argument("handle", metavar="HANDLE")
@json_option
@pass_app
def release(app: App, handle: str, *, as_json: bool) -> None:
    """Take back what somebody paused has not voted on, so that others get it.

    For a lead. The votes stay; `screen assign` hands the records out again.

    \b
    Example:
      litreview screen release dan
      litreview screen assign --seed 2
    """
    from litreview import lookup, rounds

    number = app.write(
        lambda session: rounds.release(
            session, handle, by=lookup.actor(session, app.handle)
        )
    )
    if as_json:
        show_json({"handle": handle, "released": number})
        return
    show(f"{counted(number, 'record')} taken back from {handle}")
    if number:
        say("`litreview screen assign --seed N` hands them to others")


@click.command()
@json_option
@pass_app
def board(app: App, *, as_json: bool) -> None:
    """Show the lead who waits on whom: counts only, never what anybody said.

    Open are records that wait for this person's vote, second those of them on which
    somebody else has voted. To settle are conflicts that this person could decide as
    one who has not voted.

    \b
    Example:
      litreview screen board
      litreview screen board --json
    """
    from litreview import board as service

    found = app.read(lambda session: service.board(session, handle=app.handle))
    if as_json:
        show_json(
            {
                "people": [asdict(line) for line in found.lines],
                "stages": found.stages,
                "waits": [_wait(wait) for wait in found.waits],
            }
        )
        return
    rows: list[dict[str, object]] = [
        {
            "stage": line.stage,
            "person": line.handle,
            "": "" if line.standing == "active" else line.standing,
            "assigned": line.assigned,
            "done": line.done,
            "open": line.open,
            "second": line.second,
            "conflicts": line.conflicts,
            "to settle": line.to_settle,
            "oldest, days": line.waiting_days,
            "last vote": line.last_vote,
        }
        for line in found.lines
    ]
    columns = list(rows[0]) if rows else []
    show_rows(rows, columns, as_json=False, empty="nobody has anything in hand yet")
    for stage, counts in found.stages.items():
        told = ", ".join(
            f"{word.replace('_', ' ')} {number:,}" for word, number in counts.items()
        )
        show(f"{stage}: {told}")
    for wait in found.waits:
        show(str(wait))
