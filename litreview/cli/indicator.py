"""`litreview indicator`: variables of secondary data that stand for constructs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show, show_json, show_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from litreview.indicators import Variable
    from litreview.synthesis import Indicator

Command = TypeVar("Command", bound=Callable[..., object])
COLUMNS = ["number", "construct", "role", "dataset", "variable", "level", "join_key"]


class Words(TypedDict):
    """The options of `add` and `revise`, named as in `indicators.Variable`."""

    dataset: str | None
    variable: str | None
    role: str | None
    level: str | None
    join_key: str | None
    years: str | None
    access: str | None
    quality: str | None
    formula: str | None
    source: str | None
    code_id: int | None
    cut_off: str | None
    cut_off_source: str | None


HELP = {
    "--dataset": "Where it is found, as the codebook calls it: GIAS, SWC.",
    "--variable": "Its name there.",
    "--role": "context, mechanism or outcome; default: the construct's own.",
    "--level": "The unit that the dataset has a row for: school, teacher, trust.",
    "--join-key": "What ties a row to a school: URN, LAESTAB; none if nothing does.",
    "--years": "The years there are, as 2015-2024.",
    "--access": "Who may have it: open, by application.",
    "--quality": "How well it stands for the construct: direct, partial, weak.",
    "--formula": "How it is worked out from the columns of the dataset.",
    "--source": "The work or page that says so.",
    "--cut-off": "A value that divides schools for sampling.",
    "--cut-off-source": "The work that justifies the cut-off.",
}


def _options(command: Command) -> Command:
    """Add the options that both writing commands share."""
    command = click.option(
        "--evidence", "code_id", type=ID, help="The code of a passage that uses it."
    )(command)
    for name, told in reversed(HELP.items()):
        command = click.option(name, help=told)(command)
    return command


@click.group()
def indicator() -> None:
    """Register variables of secondary data that stand for constructs.

    What the codebook knows of a dataset (unit, key, access) need not be given. An
    indicator without level and join key stays a candidate.

    \b
    Example:
      litreview indicator add ctx.disadvantage --dataset GIAS --variable PercentageFSM
      litreview indicator set-status 1 usable
      litreview export proxies
    """


@indicator.command()
@click.argument("construct")
@_options
@json_option
@pass_app
def add(app: App, construct: str, *, as_json: bool, **words: Unpack[Words]) -> None:
    """Register a candidate for a construct.

    \b
    Example:
      litreview indicator add ctx.disadvantage --dataset GIAS --variable PercentageFSM
    """
    from litreview import indicators as service

    def work(session: Session) -> Indicator:
        return service.add(
            session, by=app.handle, construct=construct, said=_said(words)
        )

    _tell(app.write(work), as_json=as_json)


@indicator.command()
@json_option
@pass_app
def seed(app: App, *, as_json: bool) -> None:
    """Register the proxies that the codebooks name, as candidates.

    Done again, it registers only what is new.

    \b
    Example:
      litreview indicator seed
    """
    from litreview import indicators as service

    made = app.write(lambda session: service.seed(session, by=app.handle))
    if as_json:
        show_json([row.number for row in made])
        return
    show(f"{len(made)} indicators registered as candidates")


@indicator.command()
@click.argument("number", type=ID)
@click.option("--why", default="", help="Why it changes.")
@_options
@json_option
@pass_app
def revise(
    app: App, number: int, why: str, *, as_json: bool, **words: Unpack[Words]
) -> None:
    """Write the next version of an indicator; what is not given stays.

    \b
    Example:
      litreview indicator revise 1 --cut-off "30 %" --cut-off-source "10.1000/182"
    """
    from litreview import indicators as service

    def work(session: Session) -> Indicator:
        return service.revise(
            session, by=app.handle, number=number, said=_said(words), why=why
        )

    _tell(app.write(work), as_json=as_json)


@indicator.command("set-status")
@click.argument("number", type=ID)
@click.argument("status", metavar="candidate|usable|rejected")
@click.option("--why", default="", help="Why; needed to reject.")
@json_option
@pass_app
def set_status(app: App, number: int, status: str, why: str, *, as_json: bool) -> None:
    """Say whether an indicator can be used; usable needs a level and a join key.

    \b
    Example:
      litreview indicator set-status 1 usable
    """
    from litreview import indicators as service

    def work(session: Session) -> Indicator:
        return service.set_status(
            session, by=app.handle, number=number, status=status, why=why
        )

    _tell(app.write(work), as_json=as_json)


@indicator.command("list")
@click.option("--construct", default="", help="Only those of this construct.")
@json_option
@pass_app
def list_(app: App, construct: str, *, as_json: bool) -> None:
    """List indicators in their newest version, rejected ones too.

    \b
    Example:
      litreview indicator list
    """
    from litreview import indicators as service

    rows = app.read(lambda session: service.indicators(session, construct=construct))
    columns = [*COLUMNS, "quality", "status", "lacks"]
    show_rows(rows, columns, as_json=as_json, empty="there are no indicators yet")


@indicator.command("show")
@click.argument("number", type=ID)
@json_option
@pass_app
def show_(app: App, number: int, *, as_json: bool) -> None:
    """Show an indicator with all its versions.

    \b
    Example:
      litreview indicator show 1
    """
    from litreview import indicators as service

    rows = app.read(lambda session: service.versions(session, number))
    columns = ["version", *COLUMNS[1:], "cut_off", "status", "why", "by", "at"]
    show_rows(rows, columns, as_json=as_json)


def _said(words: Words) -> Variable:
    from litreview.indicators import Variable

    return Variable(**words)


def _tell(row: Indicator, *, as_json: bool) -> None:
    from litreview.indicators import lacks

    missing = lacks(row)
    if as_json:
        told = {"number": row.number, "version": row.version, "status": row.status}
        show_json({**told, "lacks": missing})
        return
    show(
        f"indicator {row.number} version {row.version}: {row.dataset}: "
        f"{row.variable} for {row.construct} ({row.role}), {row.status}"
    )
    if missing:
        say(f"it cannot be usable yet: it lacks {' and '.join(missing)}")
