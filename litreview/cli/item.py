"""`litreview item`: write survey items that rest on coded passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.item_review import lint
from litreview.cli.item_sheet import draft, import_
from litreview.cli.output import json_option, say, show, show_json, show_rows
from litreview.cli.several import Several
from litreview.vocabulary import ItemOrigin

if TYPE_CHECKING:
    from litreview.bank import Written
    from litreview.phrasing import Question
    from litreview.provenance import Source

Command = TypeVar("Command", bound=Callable[..., object])


class Words(TypedDict):
    """What `item add` and `item revise` share: passages, properties, output."""

    evidence: tuple[int, ...]
    referent: str | None
    level: str | None
    scale: str | None
    reverse: bool | None
    period: str | None
    respondent: str | None
    status: str | None
    origin: str | None
    source: str | None
    number: str | None
    page: str | None
    adaptation: str | None
    as_json: bool


def _property_options(command: Command) -> Command:
    """Add the options that both writing commands share."""
    options = [
        click.option(
            "--referent", help='Whom it speaks of: "I", "my team", "my school".'
        ),
        click.option(
            "--level", help="Whom it describes; default: the construct's level."
        ),
        click.option("--scale", help="Its response scale, of screening/scales.yaml."),
        click.option(
            "--reverse/--forward",
            default=None,
            help="Whether agreeing means less of it; default: the construct's scoring.",
        ),
        click.option("--period", help='The time it asks about: "in the last year".'),
        click.option("--respondent", help="The role of those who answer."),
        click.option("--status", help="draft, reviewed or kept."),
        click.option(
            "--origin",
            type=click.Choice([str(origin) for origin in ItemOrigin]),
            help="Whether its words are new, adapted, or taken as they are.",
        ),
        click.option(
            "--from",
            "source",
            metavar="INSTRUMENT",
            help="The found instrument whose words it has or adapts.",
        ),
        click.option("--number", help="The item's number there."),
        click.option("--page", help="The page on which it stands there."),
        click.option("--adaptation", help="What was changed in its words, and why."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def item() -> None:
    """Write survey items that rest on coded passages.

    Each item can be traced back: to the passages, their page, the record, and the
    query, file or person that found it.

    \b
    Example:
      litreview item add staff-survey coh.internal "PD sessions link up." --evidence 3 8
      litreview item trace 1
    """


item.add_command(draft)
item.add_command(import_)
item.add_command(lint)


@item.command(cls=Several)
@click.argument("instrument")
@click.argument("construct")
@click.argument("text")
@click.option(
    "--evidence",
    multiple=True,
    required=True,
    type=ID,
    metavar="CODE...",
    help="Codes of the passages that it rests on.",
)
@_property_options
@json_option
@pass_app
def add(
    app: App,
    instrument: str,
    construct: str,
    text: str,
    **words: Unpack[Words],
) -> None:
    """Write an item for a construct; the first one makes its instrument.

    At least one passage that is not retracted is needed. A passage about another
    construct is allowed and said. An item of a found instrument has to stand word
    for word in one of its passages; so has one taken over from there.

    \b
    Example:
      litreview item add staff-survey coh.internal "PD sessions link up." --evidence 3 8
    """
    from litreview import bank as service

    place = service.Place(instrument, construct)
    done = app.write(
        lambda session: service.add(
            session,
            by=app.handle,
            place=place,
            question=_question(text, words),
            evidence=words["evidence"],
        )
    )
    if done.new_instrument:
        say(f"made the instrument {instrument!r}")
    _tell(done, as_json=words["as_json"])


@item.command("list")
@click.option("--instrument", default="", help="Only the items of this instrument.")
@json_option
@pass_app
def list_(app: App, instrument: str, *, as_json: bool) -> None:
    """List items in their newest version, retired ones too.

    With --json each item also tells what is known of the instrument that its words
    come from.

    \b
    Example:
      litreview item list --instrument staff-survey --json
    """
    from litreview import inventory

    rows = app.read(lambda session: inventory.items(session, instrument=instrument))
    columns = ["item_id", "instrument", "construct", "text", "version", "status"]
    columns += ["scale", "reverse", "origin", "permission", "evidence", "studies"]
    show_rows(rows, columns, as_json=as_json, empty="there are no items yet")


@item.command(cls=Several)
@click.argument("item_id", metavar="ID", type=ID)
@click.argument("text")
@click.option("--why", required=True, help="Why it changes.")
@click.option(
    "--evidence",
    multiple=True,
    type=ID,
    metavar="CODE...",
    help="Codes of more passages that it rests on.",
)
@_property_options
@json_option
@pass_app
def revise(
    app: App,
    item_id: int,
    text: str,
    why: str,
    **words: Unpack[Words],
) -> None:
    """Write the next version of an item and keep the one before.

    Properties that are not given stay as they are.

    \b
    Example:
      litreview item revise 1 "Our PD sessions build on one another." --why "pilot"
    """
    from litreview import bank as service

    change = service.Change(_question(text, words), why, words["evidence"])
    done = app.write(
        lambda session: service.revise(
            session, by=app.handle, item_id=item_id, change=change
        )
    )
    _tell(done, as_json=words["as_json"])


@item.command()
@click.argument("item_id", metavar="ID", type=ID)
@click.option("--why", required=True, help="Why it goes.")
@pass_app
def retire(app: App, item_id: int, why: str) -> None:
    """Take an item out of its instrument; its versions stay.

    \b
    Example:
      litreview item retire 1 --why "says the same as item 4"
    """
    from litreview import bank as service

    done = app.write(
        lambda session: service.retire(session, by=app.handle, item_id=item_id, why=why)
    )
    _tell(done, as_json=False)


@item.command()
@click.argument("item_id", metavar="ID", type=ID)
@click.option(
    "--html", "page", metavar="FILE|-", help="Write it as one page of HTML instead."
)
@json_option
@pass_app
def trace(app: App, item_id: int, page: str | None, *, as_json: bool) -> None:
    """Trace an item back to the query, file or person behind it.

    Every link is checked, hashes by computing them again. A missing or broken link
    is named, and the exit status is 5. The page of --html needs nothing beside it.

    \b
    Example:
      litreview item trace 1
      litreview item trace 1 --html item-1.html
    """
    from litreview import trace as service

    tree = app.read(lambda session: service.item(session, item_id))
    if page is not None:
        _write_page(tree, page)
        return
    if as_json:
        show_json(tree)
        return
    for line in _outline(tree):
        show(line)
    show("the trace is whole")


def _write_page(tree: Mapping[str, object], page: str) -> None:
    from pathlib import Path

    from litreview import delivery, tracepage
    from litreview.cli.exporting import print_content

    content = tracepage.to_html(tree).encode()
    if page == "-":
        print_content(content)
    else:
        delivery.write_file(Path(page), content)
        say(f"wrote {page}")


def _question(text: str, words: Words) -> Question:
    from litreview.phrasing import Question

    return Question(
        text,
        referent=words["referent"],
        level=words["level"],
        scale=words["scale"],
        reverse=words["reverse"],
        status=words["status"],
        period=words["period"],
        respondent=words["respondent"],
        source=_source(words),
    )


def _source(words: Words) -> Source | None:
    """Return what the options say of the words' source, None where nothing."""
    from litreview.provenance import Source

    told = Source(
        words["origin"],
        words["source"],
        words["number"],
        words["page"],
        words["adaptation"],
    )
    return None if told == Source() else told


def _outline(node: Mapping[str, object], depth: int = 0) -> Iterator[str]:
    """Yield a tree as indented lines, its plain values before its branches."""
    blank = "  " * depth
    for name, value in node.items():
        if not isinstance(value, Mapping | list) and value not in ("", None):
            head, *more = str(value).splitlines() or [""]
            yield f"{blank}{name}: {head}"
            yield from (f"{blank}  {line}" for line in more)
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield f"{blank}{name}"
            yield from _outline(value, depth + 1)
        elif isinstance(value, list):
            for number, entry in enumerate(value, start=1):
                yield f"{blank}{name} {number} of {len(value)}"
                branch = entry if isinstance(entry, Mapping) else {"": entry}
                yield from _outline(branch, depth + 1)


def _tell(done: Written, *, as_json: bool) -> None:
    row, version = done.item, done.version
    if not done.new:
        say("this very item is there already; nothing was added")
    for note in done.notes:
        say(f"note: {note}")
    if as_json:
        show_json(
            {
                "item_id": row.id,
                "version": version.version,
                "status": version.status,
                "new": done.new,
            }
        )
    else:
        where = f"item {row.id}, version {version.version} ({version.status})"
        show(f"{where}: {version.text}")
