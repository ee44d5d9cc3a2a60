"""code finish, reopen-report, open, agreement, conflicts, settle: two coders."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_json, show_rows
from litreview.cli.several import Several

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.statistic import Statistic

# How figures are shown to people.
DIGITS = 2


@click.command()
@click.argument("record_id", metavar="RECORD", type=ID)
@pass_app
def finish(app: App, record_id: int) -> None:
    """Say that you have read a report to its end.

    From then on a construct that you have not coded there counts as absent for you.
    When a second coder has finished it too, both see each other's passages.

    \b
    Example:
      litreview code finish 12
    """
    from litreview import coders, doublecoding, lookup

    def work(session: Session) -> bool:
        doublecoding.finish(session, record_id, by=app.handle)
        cluster = lookup.record(session, record_id).cluster_id or record_id
        return coders.shows(session, lookup.person(session, app.handle), cluster)

    shown = app.write(work)
    show(f"recorded: {app.handle} has finished record {record_id}")
    say(
        f"`litreview code list --record {record_id}` shows what the others coded"
        if shown
        else "the others' passages are shown when a second coder has finished it"
    )


@click.command("reopen-report")
@click.argument("record_id", metavar="RECORD", type=ID)
@pass_app
def reopen_report(app: App, record_id: int) -> None:
    """Go on coding a report that you had finished.

    Others' passages are hidden again until you finish it. What you change after you
    could see them does not go into the figures of agreement.

    \b
    Example:
      litreview code reopen-report 12
    """
    from litreview import doublecoding

    app.write(lambda session: doublecoding.reopen(session, record_id, by=app.handle))
    show(f"recorded: {app.handle} goes on coding record {record_id}")


@click.command("open")
@click.argument("record_ids", metavar="RECORD...", type=ID, nargs=-1, required=True)
@click.option("--why", required=True, help="Why one coder is enough.")
@pass_app
def open_(app: App, record_ids: tuple[int, ...], *, why: str) -> None:
    """Show everybody what is coded in reports that one person codes; for leads.

    Whoever begins to code such a report afterwards is no independent second coder:
    their passages count, but not in the figures of agreement.

    \b
    Example:
      litreview code open 12 14 --why "only a fifth of the reports is coded twice"
    """
    from litreview import doublecoding

    app.write(
        lambda session: doublecoding.open_reports(
            session, record_ids, by=app.handle, why=why
        )
    )
    show(f"opened: {', '.join(map(str, record_ids))}")


@click.command()
@click.option("--construct", default="", help="Only this, or all below a group.")
@json_option
@pass_app
def agreement(app: App, *, construct: str, as_json: bool) -> None:
    """Show how far coders agree on which studies have which construct.

    A unit is a study that two coders or more have finished, each on their own; a
    construct is present for a coder who coded a passage with it, else absent. Told
    are the percent of agreeing pairs and Krippendorff's alpha (nominal) with its
    95 % interval; the last line takes every study and construct as a unit.

    \b
    Example:
      litreview code agreement --construct coherence
    """
    from dataclasses import asdict

    from litreview import doublecoding

    found = app.read(
        lambda session: doublecoding.agreement(session, construct=construct)
    )
    if as_json:
        show_json([{"unit": "study", **asdict(one)} for one in found])
        return
    rows = [
        {
            "construct": one.construct or "(all)",
            "label": one.label,
            "studies": one.studies,
            "present": one.present,
            "percent": _figure(one.percent),
            "alpha": _figure(one.alpha),
        }
        for one in found
    ]
    columns = ["construct", "label", "studies", "present", "percent", "alpha"]
    empty = "no study has been finished by two coders who found anything"
    show_rows(rows, columns, as_json=False, empty=empty)


def _figure(one: Statistic) -> str:
    if one.value is None:
        return one.note
    low, high = one.low, one.high
    interval = (
        f" [{low:.{DIGITS}f}, {high:.{DIGITS}f}]"
        if low is not None and high is not None
        else ""
    )
    return f"{one.value:.{DIGITS}f}{interval}"


@click.command()
@click.option("--settled", is_flag=True, help="List those too that are settled.")
@json_option
@pass_app
def conflicts(app: App, *, settled: bool, as_json: bool) -> None:
    """List on which constructs the coders of a report differ.

    A report that you are still coding is left out.

    \b
    Example:
      litreview code conflicts
    """
    from dataclasses import asdict

    from litreview import adjudication

    found = app.read(
        lambda session: adjudication.conflicts(
            session, handle=app.handle, settled=settled
        )
    )
    rows = [asdict(one) for one in found]
    columns = ["record_id", "construct", "label", "present", "absent", "codes"]
    columns += ["settled"] if settled else []
    show_rows(rows, columns, as_json=as_json, empty="no coders differ")


@click.command(cls=Several)
@click.argument("record_id", metavar="RECORD", type=ID)
@click.argument("construct")
@click.argument("verdict", type=click.Choice(["present", "absent"]))
@click.option("--why", required=True, help="What decided it.")
@click.option(
    "--with",
    "names",
    metavar="HANDLE...",
    multiple=True,
    help="All who coded the report, where they agreed on it together.",
)
@json_option
@pass_app
def settle(  # noqa: PLR0913 - one parameter for each option
    app: App,
    record_id: int,
    construct: str,
    verdict: str,
    *,
    why: str,
    names: tuple[str, ...],
    as_json: bool,
) -> None:
    """Settle whether a report has a construct on which its coders differ.

    A lead or an arbiter who did not code the report decides alone; its coders decide
    together, all named with --with. It holds until one of them changes something.

    \b
    Example:
      litreview code settle 12 coh.internal present --why "p. 7 says so" --with ann bob
    """
    from litreview import adjudication

    present = verdict == "present"
    uid = uuid.uuid4().hex  # made once: a repeated unit of work stores it once
    ruling = adjudication.Ruling(record_id, construct, present, why, names, uid)
    row = app.write(lambda session: adjudication.settle(session, ruling, by=app.handle))
    if as_json:
        show_json({"adjudication_id": row.id, "present": row.present})
        return
    show(f"settled: {construct} is {verdict} in record {record_id}")
