"""screen outdated, reopen: votes that rest on criteria which have changed since."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.choices import any_stage_option, stage_option
from litreview.cli.ids import ID
from litreview.cli.output import counted, json_option, say, show, show_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.outdated import Outdated, Version

MOST_RECORDS = 20  # shown one by one; --json has all


@click.command()
@any_stage_option
@json_option
@pass_app
def outdated(app: App, *, stage: str | None, as_json: bool) -> None:
    """List records whose votes were cast under criteria that have changed since.

    With each earlier version of the protocol stands what the one in force says
    differently, criterion by criterion. Told is how many votes rest on it, never
    what they said.

    \b
    Example:
      litreview screen outdated
      litreview screen outdated --stage full_text --json
    """
    from litreview import lookup
    from litreview import outdated as service

    def work(session: Session) -> tuple[list[Version], list[Outdated]]:
        lookup.actor(session, app.handle)
        known = service.versions(session)
        return known, service.listed(session, known, stage=stage)

    known, found = app.read(work)
    if as_json:
        show_json(
            {
                "versions": [asdict(version) for version in known],
                "records": [asdict(one) for one in found],
            }
        )
        return
    for version in known[:-1]:
        by = f" by {version.by}" if version.by else ""
        show(f"version {version.id}, {version.at:%Y-%m-%d}{by}; since then:")
        for change in version.changes:
            show(f"  {change}")
        if not version.changes:
            show("  the criteria are the same")
    if not found:
        say("no vote rests on criteria that have changed")
        return
    for one in found[:MOST_RECORDS]:
        under = " and ".join(map(str, one.versions))
        show(
            f"{one.stage}: record {one.record_id}, {counted(one.votes, 'vote')} under "
            f"version {under}: {one.title[:60]}"
        )
    if len(found) > MOST_RECORDS:
        show(f"and {len(found) - MOST_RECORDS:,} more: `--json` lists all")
    say("`litreview screen reopen` has them screened again")


@click.command()
@click.argument("record_ids", metavar="[ID]...", nargs=-1, type=ID)
@stage_option
@click.option(
    "--since",
    metavar="VERSION",
    type=ID,
    help="Votes cast under this version of the protocol or a later one.",
)
@click.option(
    "--reason",
    metavar="KEY",
    default="",
    help="Finished records with an outdated vote that excludes for this reason.",
)
@click.option("--why", required=True, help="The reason, for the record.")
@json_option
@pass_app
def reopen(  # noqa: PLR0913 - one parameter for each option
    app: App,
    record_ids: tuple[int, ...],
    *,
    stage: str,
    since: int | None,
    reason: str,
    why: str,
    as_json: bool,
) -> None:
    """Have records screened again whose votes rest on criteria that have changed.

    For a lead. The outdated votes are set aside: they stay in the history and count
    no more. The records go back to the people who voted, where they are there, and
    PRISMA moves them back; votes on their full texts wait until the titles are
    included again. This cannot be taken back: whoever still means the same votes
    again. Only votes that `screen outdated` lists are touched.

    \b
    Example:
      litreview screen reopen --since 1 --why "I3 was added"
      litreview screen reopen 12 40 --stage full_text --why "X-POP reads differently"
    """
    from litreview import lookup, reopening

    wish = reopening.Wish(stage, since, reason, record_ids)
    done = app.write(
        lambda session: reopening.reopen(
            session, wish, why=why, by=lookup.actor(session, app.handle)
        )
    )
    if as_json:
        show_json(asdict(done))
        return
    show(
        f"{counted(len(done.records), 'record')} reopened at {done.stage}: "
        f"{counted(done.votes, 'vote')} set aside"
    )
    for handle, number in done.handed.items():
        show(f"  {handle}: {number:,} to screen again")
    if done.others:
        say(
            f"{counted(done.others, 'vote')} not asked of the same people again: "
            f"`litreview screen assign --stage {done.stage} --seed 1` asks others"
        )
    if done.unseen:
        say(
            f"{counted(done.unseen, 'record')} with outdated votes still wait for "
            "votes; nobody looks there for a reason: give their ids, or --since"
        )
    say("this cannot be taken back but by voting again")
