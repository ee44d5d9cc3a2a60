"""screen note, label, labels: what a person puts beside records, for themself first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from litreview.cli.app import App, pass_app
from litreview.cli.ids import ID
from litreview.cli.output import json_option, say, show_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.command()
@click.argument("record_id", metavar="ID", type=ID)
@click.argument("text")
@pass_app
def note(app: App, record_id: int, text: str) -> None:
    """Put a note beside a record; others see it when the record has its votes.

    A note that goes with a vote is given with `screen decide --note`.

    \b
    Example:
      litreview screen note 12 "the same sample as record 40?"
    """
    import uuid

    from litreview import annotations, lookup

    uid = uuid.uuid4().hex
    app.write(
        lambda session: annotations.note(
            session, record_id, text, by=lookup.actor(session, app.handle), uid=uid
        )
    )
    say(f"noted beside record {record_id}")


@click.command()
@click.argument("record_id", metavar="ID", type=ID)
@click.argument("text", metavar="LABEL")
@click.option("--remove", is_flag=True, help="Take your label off again.")
@pass_app
def label(app: App, record_id: int, text: str, *, remove: bool) -> None:
    """Put a label on a record; others see it when the record has its votes.

    A label is a word of your own to sort by. It decides nothing.

    \b
    Example:
      litreview screen label 12 background
      litreview screen label 12 background --remove
    """
    from litreview import annotations, lookup

    if remove:
        app.write(
            lambda session: annotations.unlabel(
                session, record_id, text, by=lookup.actor(session, app.handle)
            )
        )
        say(f"label {text!r} taken off record {record_id}")
        return
    made = app.write(
        lambda session: annotations.label(
            session, record_id, text, by=lookup.actor(session, app.handle)
        )
    )
    say(
        f"record {record_id} has your label {text!r} already"
        if made is None
        else f"label {made.text!r} put on record {record_id}"
    )


@click.command()
@json_option
@pass_app
def labels(app: App, *, as_json: bool) -> None:
    """List the labels with how many reports have them.

    Counted are your own, and everybody's on records that have their votes. With
    --json the records are told too.

    \b
    Example:
      litreview screen labels
    """
    from dataclasses import asdict

    from litreview import annotations, lookup

    found = app.read(
        lambda session: annotations.labels(
            session, by=lookup.actor(session, app.handle)
        )
    )
    show_rows(
        [asdict(one) for one in found],
        ["label", "own", "everybody"],
        as_json=as_json,
        empty="no labels yet; `litreview screen label ID LABEL` puts one on",
    )


def beside(app: App, record_id: int) -> list[dict[str, Any]]:
    """Return the notes and labels on a record that the asker may see."""
    from dataclasses import asdict

    from litreview import annotations, lookup
    from litreview.errors import LitreviewError

    def look(session: Session) -> list[dict[str, Any]]:
        try:
            by = lookup.person(session, app.handle)
        except LitreviewError:
            return []  # a record is shown to whoever has the database
        found = annotations.visible(session, record_id, by=by)
        return [asdict(one) for one in found]

    return app.read(look)
