"""code outdated, carry, reopen: passages coded under an older codebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import counted, json_option, say, show, show_json

if TYPE_CHECKING:
    from litreview.recoding import Outdated
    from litreview.redefinition import Change


@click.command()
@json_option
@pass_app
def outdated(app: App, *, as_json: bool) -> None:
    """List passages whose construct means something else in the newest codebook.

    Told is what changed: the definition, the rules of use, its facets, or that it is
    gone or has facets now. Labels, sources and notes change no meaning.

    \b
    Example:
      litreview code outdated
    """
    from dataclasses import asdict

    from litreview import recoding

    found = app.read(lambda session: recoding.outdated(session, handle=app.handle))
    if as_json:
        show_json([{**asdict(one), "carries": one.carries} for one in found])
        return
    for one in found:
        _tell(one)
    say(
        f"{counted(len(found), 'passage')}: carry over what still holds (`litreview "
        "code carry ID... --why W`), reopen the rest (`litreview code reopen ID`)"
        if found
        else "no passage is outdated"
    )


def _tell(one: Outdated) -> None:
    show(
        f"code {one.code_id}  {one.construct} ({one.label})  record {one.record_id}, "
        f"by {one.coder} under {one.codebook} {one.since}, now {one.now}"
    )
    show(f"    {' '.join(one.quote.split())}")
    for change in one.changes:
        show(f"    {_changed(change)}")


def _changed(change: Change) -> str:
    from litreview.redefinition import FACETS, GONE, WIDE

    if change.field == GONE:
        return "the construct was removed"
    if change.field == WIDE:
        return f"it has facets now: {change.new}"
    if change.field == FACETS:
        return f"the facets beside it: {change.old} -> {change.new}"
    return f"{change.field}: {change.old or '(nothing)'} -> {change.new or '(nothing)'}"


@click.command()
@click.argument("code_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@click.option("--why", required=True, help="Why the passages still show it.")
@pass_app
def carry(app: App, code_ids: tuple[int, ...], *, why: str) -> None:
    """Say that outdated passages hold under the newest codebook as well.

    The codes stay as they are, and so does what rests on them.

    \b
    Example:
      litreview code carry 7 8 --why "only the wording of the definition changed"
    """
    from litreview import recoding

    done = app.write(
        lambda session: recoding.carry(session, code_ids, by=app.handle, why=why)
    )
    for one in done:
        show(f"code {one.code_id} is carried over to {one.codebook} {one.now}")


@click.command()
@click.argument("code_id", metavar="ID", type=ID)
@click.option("--why", required=True, help="What no longer fits.")
@pass_app
def reopen(app: App, code_id: int, *, why: str) -> None:
    """Take an outdated passage back, to be coded anew.

    It counts nowhere from then on, and its report waits for its coder again.

    \b
    Example:
      litreview code reopen 7 --why "the new definition is about teams only"
    """
    from litreview import recoding
    from litreview.cli.code_resting import tell_resting

    done = app.write(
        lambda session: recoding.reopen(session, code_id, by=app.handle, why=why)
    )
    show(f"code {code_id} is reopened: it is taken back, and to be coded anew")
    if done.report:
        say(f"record {done.code.record_id} waits for its coder again")
    tell_resting(code_id, done.resting)
