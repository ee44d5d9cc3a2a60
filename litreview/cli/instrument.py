"""`litreview instrument`: instruments found in the literature, and permissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import (
    json_option,
    say,
    show,
    show_json,
    show_rows,
)
from litreview.vocabulary import Permission

if TYPE_CHECKING:
    from litreview.instrument import Facts, Recorded

Command = TypeVar("Command", bound=Callable[..., object])

# The facts that `show` prints, in this order, with the words in front of them.
FACTS = {
    "record_id": "record",
    "title": "title",
    "year": "year",
    "country": "country",
    "sample": "sample",
    "scale": "response scale",
    "reliability": "reliability",
    "validity": "validity",
    "licence": "licence",
    "permission": "permission",
    "permission_evidence": "how we know",
    "note": "note",
}


class Told(TypedDict):
    """The options of `add` and `revise`, named as in `instrument.Facts`."""

    record_id: int | None
    scale: str | None
    reliability: str | None
    validity: str | None
    sample: str | None
    country: str | None
    year: str | None
    licence: str | None
    note: str | None


def _fact_options(command: Command) -> Command:
    """Add the options that both recording commands share."""
    options = [
        click.option(
            "--record", "record_id", type=ID, help="The record that tells of it."
        ),
        click.option("--scale", help="Its response scale, as it is printed."),
        click.option("--reliability", help='For example "alpha .87, n = 412, p. 9".'),
        click.option("--validity", help="What speaks for its validity, with the page."),
        click.option("--sample", help="Whom it was tried with."),
        click.option("--country", help="Where."),
        click.option("--year", help="When it was published or tried."),
        click.option("--licence", help="The licence, as it is named."),
        click.option("--note", help="Anything else."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def instrument() -> None:
    """Record instruments found in the literature, and permissions to use them.

    The items of a found instrument are written with `litreview item add` under its
    name, word for word. No survey goes out with them until a permission is recorded.

    \b
    Example:
      litreview instrument add "Trust scale" --record 12 --reliability "alpha .87, p. 9"
      litreview instrument permit "Trust scale" granted --evidence "e-mail, 2026-03-02"
    """


@instrument.command()
@click.argument("instrument_name", metavar="NAME")
@click.option("--own", is_flag=True, help="It is one of the team's own.")
@_fact_options
@json_option
@pass_app
def add(
    app: App, instrument_name: str, *, own: bool, as_json: bool, **told: Unpack[Told]
) -> None:
    """Record an instrument that a record tells of.

    Any record that is not removed will do, also one that was excluded: a manual can
    be the one that prints the items. Whether a passage counts is another question.

    \b
    Example:
      litreview instrument add "Trust scale" --record 12 --year 2014 --country England
    """
    from litreview import instrument as service

    done = app.write(
        lambda session: service.add(
            session, by=app.handle, name=instrument_name, facts=_facts(told), own=own
        )
    )
    _tell(done, as_json=as_json)


@instrument.command("list")
@click.option("--found", is_flag=True, help="Only those found in the literature.")
@json_option
@pass_app
def list_(app: App, *, found: bool, as_json: bool) -> None:
    """List instruments with what is known of them.

    \b
    Example:
      litreview instrument list --found
    """
    from litreview import inventory

    rows = app.read(inventory.instruments)
    shown = [row for row in rows if row["found"] or not found]
    columns = ["instrument", "found", "record_id", "items", "scale", "permission"]
    show_rows(shown, columns, as_json=as_json, empty="there are no instruments yet")


@instrument.command("show")
@click.argument("instrument_name", metavar="NAME")
@json_option
@pass_app
def show_(app: App, instrument_name: str, *, as_json: bool) -> None:
    """Show what is known of an instrument, its items, and every version of it.

    \b
    Example:
      litreview instrument show "Trust scale"
    """
    from litreview import instrument as service

    found = app.read(lambda session: service.show(session, instrument_name))
    if as_json:
        show_json(found)
        return
    show(str(found["instrument"]) + ("" if found["found"] else " (our own)"))
    for name, words in FACTS.items():
        if found[name] not in ("", None):
            show(f"  {words}: {found[name]}")
    items, versions = _rows(found["items_held"]), _rows(found["versions"])
    for item in items:
        number = f"{item['source_number']}. " if item["source_number"] else ""
        page = f", {item['source_page']}" if item["source_page"] else ""
        show(
            f"  item {item['item_id']}: {number}{item['text']} ({item['status']}{page})"
        )
    for version in versions:
        why = f": {version['why']}" if version["why"] else ""
        show(f"  version {version['version']} by {version['by']}{why}")


@instrument.command()
@click.argument("instrument_name", metavar="NAME")
@click.option("--why", required=True, help="Why it changes.")
@_fact_options
@json_option
@pass_app
def revise(
    app: App, instrument_name: str, why: str, *, as_json: bool, **told: Unpack[Told]
) -> None:
    """Record what else is known of an instrument; what is not given stays.

    \b
    Example:
      litreview instrument revise "Trust scale" --licence "CC BY 4.0" --why "p. 2"
    """
    from litreview import instrument as service

    done = app.write(
        lambda session: service.revise(
            session, by=app.handle, name=instrument_name, facts=_facts(told), why=why
        )
    )
    _tell(done, as_json=as_json)


@instrument.command()
@click.argument("instrument_name", metavar="NAME")
@click.argument("permission", type=click.Choice([str(word) for word in Permission]))
@click.option(
    "--evidence", "how", default="", help="How we know: a licence, a letter, its date."
)
@json_option
@pass_app
def permit(
    app: App, instrument_name: str, permission: str, how: str, *, as_json: bool
) -> None:
    """Record whether an instrument's items may be used word for word.

    It does not become granted or not-needed without --evidence.

    \b
    Example:
      litreview instrument permit "Trust scale" not-needed --evidence "CC BY 4.0, p. 2"
    """
    from litreview import instrument as service

    done = app.write(
        lambda session: service.permit(
            session,
            by=app.handle,
            name=instrument_name,
            permission=permission,
            evidence=how,
        )
    )
    _tell(done, as_json=as_json)


def _facts(told: Told) -> Facts:
    from litreview.instrument import Facts

    return Facts(**told)


def _rows(value: object) -> Sequence[Mapping[str, object]]:
    return value if isinstance(value, list) else []


def _tell(done: Recorded, *, as_json: bool) -> None:
    version = done.version
    if not done.new:
        say("this is recorded already; nothing was added")
    if as_json:
        show_json(
            {
                "instrument": done.instrument.name,
                "version": version.version,
                "found": version.found,
                "record_id": version.record_id,
                "permission": version.permission,
                "new": done.new,
            }
        )
        return
    where = f" in record {version.record_id}" if version.found else ", our own"
    show(
        f"instrument {done.instrument.name!r}{where}, version {version.version}: "
        f"permission {version.permission}"
    )
